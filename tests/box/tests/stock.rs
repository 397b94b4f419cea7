//! Clients of WebDAV that others made, beside litmus and the sync clients: rclone and cadaver against a whole box.
#![cfg(test)]

use std::{fs, path::Path};

use croft_box_tests::{Claimed, Rclone, TestBox, cadaver, tree};

fn write(root: &Path, file: &str, content: &[u8]) {
    fs::create_dir_all(root.join(file).parent().expect("a folder")).expect("made");
    fs::write(root.join(file), content).expect("written");
}

#[test]
fn rclone_copies_compares_and_keeps_two_folders_the_same() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "rclone"]).expect("an app password");
    for (vendor, folder) in [("nextcloud", "cloud"), ("other", "plain")] {
        let rclone = Rclone::new(&test_box, password.trim(), vendor);
        let here = rclone.home().join("here");
        write(&here, "a.txt", b"a file");
        write(&here, "B\u{fc}ro/50% #1 \u{1f98a}.txt", b"odd names");
        write(&here, "deep/a/b/c.bin", &vec![7; 12_000_000]);
        write(&here, "empty", b"");
        let (local, remote) = (here.to_str().expect("text"), format!("box:{folder}"));
        let on_box = || tree(&test_box.path(&format!("spaces/s1/files/{folder}")));
        rclone.run(&["copy", local, &remote]);
        rclone.run(&["check", "--download", local, &remote]);
        assert_eq!(on_box(), tree(&here), "{vendor}");
        rclone.run(&["moveto", &format!("{remote}/deep/a"), &format!("{remote}/flat")]);
        rclone.run(&["copyto", &format!("{remote}/a.txt"), &format!("{remote}/copy.txt")]);
        assert!(on_box().contains_key("flat/b/c.bin") && !on_box().contains_key("deep/a"), "{vendor}: {:?}", on_box().keys());
        rclone.run(&["sync", &remote, local]);
        assert_eq!(tree(&here)["copy.txt"].as_deref(), Some(&b"a file"[..]));
        assert!(rclone.run(&["lsf", &remote]).lines().any(|line| line == "flat/"), "{vendor}");
        assert!(rclone.run(&["about", "box:"]).contains("Free"), "{vendor}");
        rclone.run(&["delete", &format!("{remote}/flat")]);
        assert!(!on_box().contains_key("flat/b/c.bin"));

        if vendor == "other" {
            // Plain WebDAV has no times that a client could set, and without them it keeps nothing the same on both sides.
            continue;
        }
        let both = rclone.home().join("both");
        write(&both, "of here.txt", b"here");
        let (local, remote) = (both.to_str().expect("text"), format!("box:{folder} both ways"));
        rclone.run(&["mkdir", &remote]);
        let shared = test_box.path(&format!("spaces/s1/files/{folder} both ways"));
        write(&shared, "of there.txt", b"there");
        rclone.run(&["bisync", local, &remote, "--resync"]);
        fs::remove_file(both.join("of there.txt")).expect("removed");
        write(&both, "new.txt", b"new");
        write(&shared, "newer.txt", b"newer");
        rclone.run(&["bisync", local, &remote]);
        assert_eq!(tree(&both), tree(&shared), "{vendor}");
        assert_eq!(tree(&both).into_keys().collect::<Vec<_>>(), ["new.txt", "newer.txt", "of here.txt"], "{vendor}");
    }
    // An address above the files leads there, one beside them says where they are.
    let rclone = Rclone::new(&test_box, password.trim(), "other");
    for (address, listed) in [("/", "dav/"), ("/dav/", "files/"), ("/dav/files/", "ana/")] {
        let (content, said) = rclone.at(address, &["lsf", "box:"]);
        assert!(content && said.lines().any(|line| line == listed), "{address}: {said}");
    }
    let (content, said) = rclone.at("/", &["lsf", "box:dav/files/ana"]);
    assert!(content && said.contains("plain/"), "{said}");
    let (content, said) = rclone.at("/dav/files/ben/", &["lsf", "box:"]);
    assert!(!content, "{said}");
}

#[test]
fn cadaver_does_by_hand_what_people_type() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "cadaver"]).expect("an app password");
    let home = tempfile::tempdir().expect("a folder");
    fs::write(home.path().join("letter.txt"), "Dear box").expect("written");
    let typed = "mkcol Letters\ncd Letters\nput letter.txt\ncopy letter.txt copy.txt\nmove copy.txt moved.txt\nlock moved.txt\ndiscover moved.txt\n\
                 unlock moved.txt\npropset letter.txt mood good\npropget letter.txt mood\nls\nget moved.txt back.txt\ndelete letter.txt\nls\nquit\n";
    let said = cadaver(&test_box, password.trim(), home.path(), typed);
    assert!(!said.contains("failed") && said.matches("succeeded").count() >= 9, "{said}");
    assert!(said.contains("Value of mood is: good"), "{said}");
    assert_eq!(fs::read_to_string(home.path().join("back.txt")).expect("read"), "Dear box");
    let on_box = tree(&test_box.path("spaces/s1/files/Letters"));
    assert_eq!(on_box.into_keys().collect::<Vec<_>>(), ["moved.txt"]);
}
