//! The image in an emulator as a USB stick, and what a person does with it: install to an empty disk, pull the stick out, claim the new box.
#![cfg(test)]

use std::{
    fs::{self, File},
    io::Read,
    os::unix::fs::{FileExt, MetadataExt},
    time::{Duration, Instant},
};

use croft_box_tests::{Machine, PASSPHRASE, Visitor};
use reqwest::{Method, StatusCode};
use serde_json::{Value, json};

const GIB: u64 = 1024 * 1024 * 1024;
const MIB: usize = 1024 * 1024;
/// Time for an installation under emulation on a busy machine.
const INSTALL: Duration = Duration::from_secs(900);
/// An empty disk, and one with somebody's data.
const DISKS: [&str; 4] = ["--other-disk", "empty.raw", "--other-disk", "photos.raw"];

/// What lies on a disk: its first bytes, and how much of it was ever written.
fn on_disk(machine: &Machine, name: &str) -> (Vec<u8>, u64) {
    let mut file = File::open(machine.path(name)).expect("there");
    let mut bytes = vec![0; 16 * MIB];
    file.read_exact(&mut bytes).expect("read");
    (bytes, file.metadata().expect("there").blocks())
}

/// A request of whoever holds the ticket.
async fn ask(visitor: &Visitor, method: Method, path: &str, ticket: &str, body: Option<&Value>) -> (StatusCode, Value) {
    let mut request = visitor.request(method, path).bearer_auth(ticket);
    if let Some(body) = body {
        request = request.json(body);
    }
    let answer = request.send().await.expect("an answer");
    (answer.status(), answer.json().await.unwrap_or_default())
}

async fn refused(visitor: &Visitor, ticket: &str, body: Value, status: u16, code: &str) {
    let (found, answer) = ask(visitor, Method::POST, "/api/v1/install", ticket, Some(&body)).await;
    assert_eq!((found.as_u16(), &answer["code"]), (status, &code.into()), "{body}: {answer}");
}

#[tokio::test]
async fn a_stick_installs_to_an_empty_disk_which_is_then_a_box_of_its_own() {
    let mut machine = Machine::new(&[&["--stick"][..], &DISKS].concat());
    File::create(machine.path("empty.raw")).and_then(|file| file.set_len(8 * GIB)).expect("made");
    let photos: Vec<u8> = (1..=250_u8).cycle().take(16 * MIB).collect();
    let file = File::create(machine.path("photos.raw")).expect("made");
    file.set_len(6 * GIB).and_then(|()| file.write_all_at(&photos, 0)).expect("written");
    let before = on_disk(&machine, "photos.raw");
    machine.boot();

    let visitor = machine.visitor().await;
    let code = machine.pairing_code().await;
    let ticket = machine.ticket(&visitor).await;
    for stranger in ["", "x", &"A".repeat(43)] {
        let (status, answer) = ask(&visitor, Method::GET, "/api/v1/install", stranger, None).await;
        assert_eq!(status, StatusCode::UNAUTHORIZED, "{stranger}: {answer}");
    }
    let (status, offer) = ask(&visitor, Method::GET, "/api/v1/install", &ticket, None).await;
    assert_eq!((status.as_u16(), &offer["offered"]), (200, &true.into()), "{offer}");
    let disks = offer["disks"].as_array().expect("disks");
    let with_serial = |serial: &str| disks.iter().find(|disk| disk["serial"] == serial).unwrap_or_else(|| panic!("{serial} in {offer}"));
    let (stick, empty, full) = (with_serial("STICK"), with_serial("emptyraw"), with_serial("photosraw"));
    assert_eq!((&stick["runs_from"], &stick["bus"], &stick["unfit"]), (&true.into(), &"usb".into(), &"runs_from".into()), "{stick}");
    assert_eq!((&empty["holds"]["is"], &empty["label"], &empty["unfit"]), (&"nothing".into(), &Value::Null, &Value::Null), "{empty}");
    assert_eq!((&full["holds"]["is"], &full["label"]), (&"bytes".into(), &"Disk sraw".into()), "{full}");

    let wanted = |disk: &Value| json!({ "disk": disk["id"], "contents": disk["contents"] });
    refused(&visitor, &ticket, wanted(full), 422, "label-wrong").await;
    refused(&visitor, &ticket, json!({ "disk": full["id"], "contents": full["contents"], "label": "disk sraw" }), 422, "label-wrong").await;
    refused(&visitor, &ticket, json!({ "disk": empty["id"], "contents": full["contents"] }), 409, "disk-changed").await;
    refused(&visitor, &ticket, wanted(stick), 409, "disk-unfit").await;
    refused(&visitor, &ticket, json!({ "disk": "disk-0000000000000000", "contents": "" }), 404, "disk-unknown").await;

    let (status, answer) = ask(&visitor, Method::POST, "/api/v1/install", &ticket, Some(&wanted(empty))).await;
    assert_eq!(status, StatusCode::ACCEPTED, "{answer}");
    refused(&visitor, &ticket, wanted(empty), 409, "install-under-way").await;
    let (begun, mut moved) = (Instant::now(), false);
    loop {
        let (_, now) = ask(&visitor, Method::GET, "/api/v1/install/progress", &ticket, None).await;
        moved |= now["progress"]["done"].as_u64().is_some_and(|done| done > 0);
        match now["is"].as_str() {
            Some("copying" | "checking") => assert!(begun.elapsed() < INSTALL, "{now}"),
            _ => {
                assert_eq!(now, json!({ "is": "done", "disk": empty["id"] }));
                break;
            }
        }
        tokio::time::sleep(Duration::from_secs(1)).await; // waits: for an installation, by polling as the page does
    }
    assert!(moved, "its progress could be watched");
    let (status, answer) = ask(&visitor, Method::POST, "/api/v1/install/end", &ticket, Some(&json!({ "how": "shut-down" }))).await;
    assert_eq!(status, StatusCode::NO_CONTENT, "{answer}");

    let mut machine = tokio::task::spawn_blocking(move || {
        machine.wait_until_off();
        assert!(fs::metadata(machine.path("empty.raw")).expect("there").blocks() > 0);
        machine.boot();
        machine
    })
    .await
    .expect("the stick starts again");
    // The disk beside it has the same roots, UUIDs included: who was started from the stick is on the stick.
    let visitor = machine.visitor().await;
    let ticket = machine.ticket(&visitor).await;
    let (_, offer) = ask(&visitor, Method::GET, "/api/v1/install", &ticket, None).await;
    let own = offer["disks"].as_array().expect("disks").iter().find(|disk| disk["runs_from"] == true).expect("one");
    assert_eq!(&own["serial"], "STICK", "{offer}");

    let mut machine = tokio::task::spawn_blocking(move || {
        machine.shut_down();
        machine.rebuild(&[&["--without-image"][..], &DISKS].concat());
        machine.boot();
        machine
    })
    .await
    .expect("the installed box starts");

    assert_ne!(machine.pairing_code().await, code, "it is a box of its own");
    let ana = machine.claim().await;
    let (status, answer) = ask(&ana, Method::GET, "/api/v1/install", &ticket, None).await;
    assert_eq!(status, StatusCode::UNAUTHORIZED, "{answer}");
    let status = ana.get("/api/v1/status").await;
    assert_eq!(&status["pool"]["file_system"], "btrfs", "{status}");
    let disks = ana.get("/api/v1/disks").await;
    let own = disks.as_array().expect("disks").iter().find(|disk| disk["runs_from"] == true).expect("one");
    assert_eq!(&own["serial"], "emptyraw", "{disks}");
    let content: Vec<u8> = (0..=252_u8).cycle().take(MIB).collect();
    let answer = ana.request(Method::PUT, "/dav/files/ana/photo.raw").body(content.clone()).send().await.expect("an answer");
    assert_eq!(answer.status(), StatusCode::CREATED);

    let mut again = tokio::task::spawn_blocking(move || {
        machine.shut_down();
        machine.boot();
        machine
    })
    .await
    .expect("it starts again");
    let mut ana = again.visitor().await;
    assert!(ana.sign_in("ana", PASSPHRASE).await.status().is_success());
    let answer = ana.request(Method::GET, "/dav/files/ana/photo.raw").send().await.expect("an answer");
    assert!(answer.bytes().await.expect("a body") == content, "other bytes than were acknowledged");
    tokio::task::spawn_blocking(move || {
        again.shut_down();
        assert!(on_disk(&again, "photos.raw") == before, "somebody else's disk is as it was");
    })
    .await
    .expect("shut down");
}
