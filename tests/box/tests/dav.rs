//! WebDAV as others judge it: litmus against a whole box.
#![cfg(test)]

use std::process::Command;

use croft_box_tests::{Claimed, Plain, TestBox};

/// All of litmus, with the number of its tests. One that fails lets it leave out others, so the numbers count, too.
const SUITES: [(&str, u32); 5] = [("basic", 16), ("copymove", 13), ("props", 30), ("locks", 41), ("http", 4)];
/// The library below the gateway drops what stands behind a `#` before anybody can see that it was sent, which no client does.
const WARNED: &str = "WARNING: DELETE removed collection resource with Request-URI including fragment; unsafe";

#[tokio::test]
async fn litmus_passes_whole() {
    let test_box = TestBox::start(Claimed::ByAna);
    let password = test_box.croft(&["token", "new", "ana", "--name", "litmus"]).expect("an app password");
    let plain = Plain::of(&test_box);
    let output = Command::new("litmus")
        .arg("-k")
        .arg(format!("http://localhost:{}/dav/files/ana/", plain.port()))
        .args(["ana", password.trim()])
        .env("TESTS", SUITES.map(|(name, _)| name).join(" "))
        .current_dir(test_box.path("."))
        .output()
        .expect("litmus is installed");
    let said = String::from_utf8_lossy(&output.stdout);
    for (name, count) in SUITES {
        let whole = format!("<- summary for `{name}': of {count} tests run: {count} passed, 0 failed. 100.0%");
        assert!(said.contains(&whole), "{name}:\n{said}");
    }
    assert!(!said.replace(WARNED, "").contains("WARNING"), "{said}");
}
