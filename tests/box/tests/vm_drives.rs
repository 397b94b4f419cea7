//! The image in an emulator: its network drives, behind the walls of their own unit, and nothing at their port before and after.
#![cfg(test)]

use std::process::Command;

use croft_box_tests::{Machine, free_port};
use reqwest::Method;
use serde_json::json;

/// What listens at the port of SMB inside: lines of the kernel's tables with 445 in hexadecimal.
const LISTENS: &str = "cat /proc/net/tcp /proc/net/tcp6 | grep -c ':01BD 0*:0000 0A'; true";

#[tokio::test]
async fn drives_are_served_behind_walls_while_they_are_wanted() {
    let port = free_port();
    let mut machine = Machine::new(&["--probe", "--smb-port", &port.to_string()]);
    machine.boot();
    let ana = machine.claim().await;
    assert_eq!(machine.shell(LISTENS).trim(), "0", "nothing listens before it is wanted");
    let patch = ana.request(Method::PATCH, "/api/v1/settings/shares").header("if-match", "*");
    assert!(
        patch
            .json(&json!({ "serve": "on", "time_machine": { "p1": { "quota_gib": 16 } } }))
            .send()
            .await
            .expect("an answer")
            .status()
            .is_success()
    );
    let (status, made) = ana.send(Method::POST, "/api/v1/shares/devices", &json!({ "name": "laptop" })).await;
    assert_eq!(status, 201, "{made}");
    let shares = ana.get("/api/v1/shares").await;
    let journal = "journalctl --no-pager -u croft-shares.service | tail -n 30; true";
    assert_eq!(shares["state"], "on", "{shares}\n{}", machine.shell(journal));
    assert_eq!(shares["drives"][0]["windows"], r"\\croft\ana", "{shares}");

    let home = tempfile::tempdir().expect("a folder");
    std::fs::write(home.path().join("letter"), "dear").expect("written");
    let smb = |drive: &str, password: &str, commands: &str| {
        let output = Command::new("smbclient")
            .args([&format!("//127.0.0.1/{drive}"), "-p", &port.to_string(), "-U", &format!("ana-laptop%{password}"), "-m", "SMB3"])
            .args(["-t", "120", "-c", commands])
            .current_dir(home.path())
            .output()
            .expect("smbclient is installed");
        [output.stdout, output.stderr].map(|text| String::from_utf8_lossy(&text).into_owned()).concat()
    };
    let password = made["password"].as_str().expect("text");
    for drive in ["ana", "Time Machine ana"] {
        let said = smb(drive, password, "mkdir post; put letter post\\one; rename post\\one post\\two; ls post\\*");
        assert!(said.contains("two") && !said.contains("NT_STATUS"), "{said}\n{}", machine.shell(journal));
    }
    assert_eq!(machine.shell("stat -c %u:%a /var/lib/croft/spaces/s1/files/post/two").trim(), "400001:600");
    assert!(smb("ana", "wrong", "ls").contains("NT_STATUS_LOGON_FAILURE"));
    // The server sees its own folders and nothing else of the box.
    let inside = |command: &str| {
        machine.shell(&format!("nsenter --mount --target $(systemctl show -P MainPID croft-shares.service) {command} 2>&1; true"))
    };
    assert_eq!(inside("ls /srv").split_whitespace().collect::<Vec<_>>(), ["snapshots", "spaces", "state", "times"]);
    assert_eq!(inside("ls -A /var/lib/croft").trim(), "", "nothing of the box");
    assert_eq!(inside("ls /etc").split_whitespace().collect::<Vec<_>>(), ["group", "nsswitch.conf", "passwd", "samba"]);
    let told = machine.shell("cat /run/systemd/dnssd/croft-smb.dnssd /run/systemd/dnssd/croft-adisk.dnssd");
    assert!(told.contains("_smb._tcp") && told.contains("adVN=Time Machine ana"), "{told}");

    assert_eq!(machine.shell("systemctl is-active croft-discovery.service; true").trim(), "active");
    assert_ne!(machine.shell("grep -c ':0E76 ' /proc/net/udp; true").trim(), "0", "Explorer is answered");

    let id = &made["device"]["id"];
    assert_eq!(ana.send(Method::DELETE, &format!("/api/v1/shares/devices/{id}"), &serde_json::Value::Null).await.0, 204);
    assert!(smb("ana", password, "ls").contains("NT_STATUS_LOGON_FAILURE"));
    let patch = ana.request(Method::PATCH, "/api/v1/settings/shares").header("if-match", "*");
    assert!(patch.json(&json!({ "serve": "off" })).send().await.expect("an answer").status().is_success());
    assert_eq!(ana.get("/api/v1/shares").await["state"], "off");
    assert_eq!(machine.shell(LISTENS).trim(), "0", "nothing listens any more");
    assert_eq!(machine.shell("cat /proc/net/udp /proc/net/udp6 | grep -c ':0E76 '; true").trim(), "0", "nor answers Explorer");
    tokio::task::spawn_blocking(move || machine.shut_down()).await.expect("shut down");
}
