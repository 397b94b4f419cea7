//! The command line and the API use the same words, over the Unix sockets and over HTTPS.

use std::process::Command;

use croft_box_tests::{Claimed, TestBox, binary};
use serde_json::Value;

#[test]
fn the_command_line_does_what_it_says() {
    let test_box = TestBox::start(Claimed::ByAna);
    let croft = |arguments: &[&str]| test_box.croft(arguments).expect("the command succeeds");
    let json = |arguments: &[&str]| -> Value { serde_json::from_str(&croft(arguments)).expect("JSON") };
    // How full the disk of this machine is, is its own business; anything else is the box's.
    let warnings = json(&["--json", "health"]);
    let warnings = warnings.as_array().expect("a list");
    assert!(warnings.iter().all(|warning| warning["code"] == "pool-nearly-full"), "{warnings:?}");
    for command in ["status", "health"] {
        assert_eq!(croft(&[command]).contains("All is well"), warnings.is_empty(), "{}", croft(&[command]));
    }

    croft(&["settings", "set", "box.name", "Hollyhock", "--why", "a name for the house"]);
    assert_eq!(croft(&["settings", "show", "box.name"]).trim(), "Hollyhock");
    let generation = json(&["--json", "settings", "history"])["items"][0]["generation"].as_u64().expect("a generation");
    assert!(croft(&["settings", "history"]).contains("a name for the house"));
    let (from, at) = ((generation - 1).to_string(), generation.to_string());
    assert!(croft(&["settings", "diff", &from, &at]).contains("box.name"));
    croft(&["settings", "revert", &at]);
    assert_ne!(croft(&["settings", "show", "box.name"]).trim(), "Hollyhock");
    let again = test_box.croft(&["settings", "revert", &at]).expect_err("it is taken back already");
    assert!(again.contains("box.name"), "{again}");

    let added = json(&["--json", "person", "add", "ben", "--display-name", "Ben"]);
    assert!(added["invitation"]["code"].as_str().is_some_and(|code| code.len() >= 16), "{added}");
    assert!(croft(&["person", "list"]).contains("Ben"));
    assert!(test_box.croft(&["person", "remove", "ben", "--confirm", "bean"]).is_err());
    croft(&["person", "remove", "ben", "--confirm", "ben"]);
    assert!(!croft(&["person", "list"]).contains("Ben"));
    let last = test_box.croft(&["person", "remove", "ana", "--confirm", "ana"]).expect_err("the last owner stays");
    assert!(last.contains("owner"), "{last}");

    let secret = croft(&["token", "new", "ana", "--name", "old laptop"]);
    let tokens = json(&["--json", "token", "list", "ana"]);
    let id = tokens[0]["id"].as_str().expect("an id").to_owned();
    assert!(croft(&["token", "list", "ana"]).contains(&id));
    let elsewhere = |secret: &str| {
        let mut command = Command::new(binary("croft"));
        command
            .args(["--box", &test_box.origin, "token", "list", "ana"])
            .env("CROFT_TOKEN", secret.trim())
            .env("CROFT_CA", test_box.path("ca.pem"));
        String::from_utf8_lossy(&command.output().expect("croft runs").stderr).into_owned()
    };
    assert!(!elsewhere(&secret).contains("app-password-wrong"), "{}", elsewhere(&secret));
    assert!(croft(&["token", "revoke", "ana", &id]).contains("shut out"));
    assert_eq!(json(&["--json", "token", "list", "ana"]), serde_json::json!([]));
    assert!(elsewhere(&secret).contains("app-password-wrong"), "{}", elsewhere(&secret));
    let again = test_box.croft(&["token", "revoke", "ana", &id]).expect_err("it is revoked already");
    assert!(again.contains("no-such-app-password"), "{again}");

    let made = json(&["--json", "space", "add", "Garden club", "--member", "ana=manage"]);
    let space = made["id"].as_str().expect("an id").to_owned();
    std::fs::create_dir_all(test_box.path(&format!("spaces/{space}/files"))).expect("a folder");
    std::fs::write(test_box.path(&format!("spaces/{space}/files/seeds.txt")), "beans").expect("written");
    assert!(test_box.croft(&["space", "put-away", "Garden club", "--confirm", "Garden"]).is_err());
    assert!(croft(&["space", "put-away", "Garden club", "--confirm", "Garden club"]).contains("30 days"));
    let is_away = || croft(&["space", "list"]).lines().any(|line| line.contains("Garden club") && line.contains("put away"));
    assert!(is_away());
    assert!(test_box.path(&format!("spaces/{space}/files/seeds.txt")).is_file(), "the files are kept");
    let again = test_box.croft(&["space", "put-away", "Garden club", "--confirm", "Garden club"]).expect_err("it is put away already");
    assert!(again.contains("no shared space"), "{again}");
    croft(&["settings", "set", &format!("spaces.{space}.archived_at"), "null"]);
    assert!(!is_away());

    let exported = test_box.path("settings.toml");
    std::fs::write(&exported, croft(&["settings", "export"])).expect("written");
    let file = exported.to_str().expect("text");
    assert!(croft(&["settings", "import", file]).contains("nothing changed"));
    let changed = std::fs::read_to_string(&exported).expect("read").replace("session_idle_days = 30", "session_idle_days = 7");
    std::fs::write(&exported, changed).expect("written");
    assert!(croft(&["settings", "import", file, "--dry-run"]).contains("Would change"));
    croft(&["settings", "import", file]);
    assert_eq!(croft(&["settings", "show", "door.session_idle_days"]).trim(), "7");
    assert!(!croft(&["logs", "--lines", "50"]).is_empty());
    assert!(croft(&["activity"]).contains("console"));
}

#[test]
fn the_command_line_works_from_elsewhere_with_a_token() {
    let test_box = TestBox::start(Claimed::ByAna);
    let token = test_box.croft(&["token", "new", "ana", "--name", "desk", "--scope", "account", "--scope", "manage"]).expect("a token");
    let remote = |token: &str| {
        Command::new(binary("croft"))
            .args(["--box", &test_box.origin, "status"])
            .env("CROFT_TOKEN", token)
            .env("CROFT_CA", test_box.path("ca.pem"))
            .output()
            .expect("croft runs")
    };
    let good = remote(token.trim());
    assert!(good.status.success(), "{}", String::from_utf8_lossy(&good.stderr));
    let bad = remote("0000-0000-0000-0000-0000-0000-0000");
    assert!(!bad.status.success());
    let files = test_box.croft(&["token", "new", "ana", "--name", "files only"]).expect("a token");
    let narrow = remote(files.trim());
    assert!(String::from_utf8_lossy(&narrow.stderr).contains("app password"), "{}", String::from_utf8_lossy(&narrow.stderr));
}
