//! The image in an emulator: what a person does with a new box, a pulled plug, and a disk that belongs to somebody else.
#![cfg(test)]

use std::{fs, io::Write};

use croft_box_tests::{Machine, PASSPHRASE, fingerprint};
use reqwest::{Method, StatusCode};

const MIB: usize = 1024 * 1024;

/// A disk with somebody's data on it.
fn foreign_disk(machine: &Machine) -> Vec<u8> {
    let bytes: Vec<u8> = (0..=250_u8).cycle().take(16 * MIB).collect();
    fs::File::create(machine.path("other.raw")).and_then(|mut file| file.write_all(&bytes)).expect("written");
    bytes
}

#[tokio::test]
async fn a_box_is_flashed_claimed_and_keeps_what_it_acknowledged() {
    let mut machine = Machine::new(&["--other-disk", "other.raw"]);
    let foreign = foreign_disk(&machine);
    machine.boot();
    let ana = machine.claim().await;
    let certificate = reqwest::get(format!("{}/ca.crt", machine.plain)).await.expect("an answer").bytes().await.expect("a certificate");
    let shown = machine.console("fingerprint").expect("on the console").replace(':', "");
    assert_eq!(shown, fingerprint(&certificate), "the console shows the certificate that the plain port hands out");

    let status = ana.get("/api/v1/status").await;
    assert_eq!((&status["pool"]["file_system"], &status["one_user"]), (&"btrfs".into(), &false.into()), "{status}");
    assert!(
        status["roles"].as_array().expect("roles").iter().all(|role| role["state"] == "ready" || role["state"] == "waiting"),
        "{status}"
    );

    let content: Vec<u8> = (0..=252_u8).rev().cycle().take(3 * MIB).collect();
    let answer = ana.request(Method::PUT, "/dav/files/ana/photo.raw").body(content.clone()).send().await.expect("an answer");
    machine.pull_the_plug();
    assert_eq!(answer.status(), StatusCode::CREATED, "{:?}", answer.text().await);

    machine.boot();
    let mut ana = machine.visitor().await;
    assert!(ana.sign_in("ana", PASSPHRASE).await.status().is_success());
    let answer = ana.request(Method::GET, "/dav/files/ana/photo.raw").send().await.expect("an answer");
    assert!(answer.bytes().await.expect("a body") == content, "other bytes than were acknowledged");
    assert_eq!(ana.get("/api/v1/status").await["box_name"], "Hollyhock");

    tokio::task::spawn_blocking(move || {
        machine.shut_down();
        assert!(fs::read(machine.path("other.raw")).expect("there") == foreign, "somebody else's disk is as it was");
    })
    .await
    .expect("shut down");
}
