//! Checksums as `rclone` compares them: it sends them with what it uploads, and reads them back instead of the files.
#![cfg(test)]

use std::{fs, process::Command};

use croft_box_tests::{Claimed, TestBox};

/// rclone against ana's files on a box.
struct Rclone<'a> {
    test_box: &'a TestBox,
    /// As rclone wants passwords in its options.
    password: String,
}

impl Rclone<'_> {
    fn run(&self, arguments: &[&str]) -> (bool, String) {
        let output = Command::new("rclone")
            .args(arguments)
            .arg("--ca-cert")
            .arg(self.test_box.path("ca.pem"))
            .args(["--config", "/dev/null", "--webdav-vendor", "nextcloud", "--webdav-user", "ana", "--webdav-pass", &self.password])
            .args(["--webdav-url", &format!("{}/remote.php/dav/files/ana", self.test_box.origin), "--retries", "1"])
            .output()
            .expect("rclone is installed");
        let text = [output.stdout, output.stderr].map(|text| String::from_utf8(text).expect("text")).concat();
        (output.status.success(), text)
    }
}

#[tokio::test]
async fn rclone_compares_by_checksum() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "rclone"]).expect("an app password");
    let obscured = Command::new("rclone").args(["obscure", password.trim()]).output().expect("rclone is installed");
    let rclone = Rclone { test_box: &test_box, password: String::from_utf8(obscured.stdout).expect("text").trim().to_owned() };
    let photos = tempfile::tempdir().expect("a folder");
    for (name, content) in [("one.jpg", "the first photo"), ("two.jpg", "another photo")] {
        fs::write(photos.path().join(name), content).expect("written");
    }
    let here = photos.path().to_str().expect("text");
    let (good, said) = rclone.run(&["copy", here, ":webdav:photos"]);
    assert!(good, "{said}");
    let (good, said) = rclone.run(&["hashsum", "SHA1", ":webdav:photos"]);
    let expected = hex::encode(aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA1_FOR_LEGACY_USE_ONLY, b"the first photo"));
    assert!(good && said.contains(&format!("{expected}  one.jpg")), "{said}");
    let (good, said) = rclone.run(&["check", here, ":webdav:photos"]);
    assert!(good && said.contains("0 differences found") && !said.contains("hashes could not be checked"), "{said}");

    // As long and as old as before: only a checksum finds the difference.
    let file = photos.path().join("one.jpg");
    let time = fs::metadata(&file).expect("there").modified().expect("a time");
    fs::write(&file, "the first phot0").expect("written");
    fs::File::options().write(true).open(&file).expect("opened").set_modified(time).expect("set");
    let (good, said) = rclone.run(&["check", here, ":webdav:photos"]);
    assert!(!good && said.contains("one.jpg") && said.contains("1 differences found"), "{said}");
}
