//! The machine's network from outside: what the settings make of it, and addresses that go back by themselves.

use std::{sync::Arc, time::Duration};

use croft_model::{Actor, Event, WifiNetwork};
use croft_network::{Addressing, Announcement, FakeNetwork, TimeSource};
use croft_store::crash::Disk;
use http::Method;
use jiff::SignedDuration;
use serde_json::{Value, json};

use super::{As, TestBox, heard};
use crate::change::Trials;

/// A trial that nobody waits for.
const SHORT: Trials = Trials::Last(SignedDuration::from_millis(300));
/// A trial that outlasts the test.
const LONG: Trials = Trials::Last(SignedDuration::from_mins(3));
/// Time for the box to do what it does by itself.
const PATIENCE: Duration = Duration::from_secs(30);

/// A claimed box on a machine whose network is kept from now on.
async fn kept(disk: Disk, trials: Trials) -> (TestBox, Arc<FakeNetwork>) {
    let network = Arc::new(FakeNetwork::default());
    let croft = TestBox::with(disk, Some(Arc::clone(&network)), trials).await;
    tokio::spawn(crate::network::keep(Arc::clone(&croft.croft), Arc::clone(&network) as Arc<dyn croft_network::Network>));
    (croft, network)
}

/// Waits until the machine is as `wanted` says.
async fn until(network: &FakeNetwork, wanted: impl Fn(&croft_network::World) -> bool) {
    let search = async {
        while !network.world(|world| wanted(world)) {
            // waits: for the keeper, a task of its own that tells nobody what it did
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    let found = tokio::time::timeout(PATIENCE, search).await;
    assert!(found.is_ok(), "{:?}", network.world(|world| world.clone()));
}

fn address_of(wanted: &Addressing) -> Option<String> {
    wanted.fixed.as_ref().map(|(name, fixed)| format!("{} at {name}", fixed.address))
}

fn is_at(network: &croft_network::World, address: Option<&str>) -> bool {
    network.addressed.last().is_some_and(|wanted| address_of(wanted).as_deref() == address)
}

/// Confirms as soon as the new address is in force.
async fn confirm(croft: &TestBox) -> Value {
    let answer = async {
        loop {
            let answer = croft.post("/api/v1/network/confirm", Value::Null).await;
            if answer.status != 409 {
                return answer.expect(200);
            }
            answer.refused(409, "trial-not-begun");
            // waits: for the keeper, a task of its own that tells nobody what it did
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, answer).await.expect("in time")
}

const NEW: &str = "192.168.1.20/24 at enp1s0";

fn fixed() -> Value {
    json!({ "static": { "address": "192.168.1.20/24", "gateway": "192.168.1.1" } })
}

#[tokio::test]
async fn a_machine_that_looks_after_itself_is_left_alone() {
    let croft = TestBox::claimed().await;
    let seen = croft.get("/api/v1/network").await.expect(200);
    assert_eq!(seen, json!({ "managed": false, "host": "croft", "interfaces": [], "trial": null }));
    croft.patch("network", fixed()).await.expect(200);
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"], Value::Null);
    croft.post("/api/v1/network/confirm", Value::Null).await.refused(409, "no-trial");
}

#[tokio::test]
async fn the_machine_is_as_the_settings_say() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    until(&network, |world| world.host == "croft" && world.zone == "UTC" && world.time == Some(TimeSource::Usual)).await;
    croft.croft.fingerprint.send_replace(Some("AB:CD:EF:01:23:45:67:89:00".into()));
    let told = |claimed| Some(Announcement { id: "abcdef0123456789".into(), claimed, drives: None });
    until(&network, |world| world.announced == told(false)).await;
    let croft = croft.claim().await;
    until(&network, |world| world.announced == told(true)).await;
    croft.patch("box", json!({ "host": "hollyhock" })).await.expect(200);
    croft.patch("time", json!({ "zone": "Europe/Berlin", "ntp_servers": ["192.168.1.1"] })).await.expect(200);
    let servers = Some(TimeSource::Servers(vec!["192.168.1.1".into()]));
    until(&network, |world| world.host == "hollyhock" && world.zone == "Europe/Berlin" && world.time == servers).await;
    croft.patch("time", json!({ "ntp": "off" })).await.expect(200);
    until(&network, |world| world.time == Some(TimeSource::Nobody)).await;
    let seen = croft.get("/api/v1/network").await.expect(200);
    assert_eq!(
        (&seen["managed"], &seen["host"], &seen["interfaces"][0]["addresses"]),
        (&json!(true), &json!("hollyhock"), &json!(["192.168.1.77/24"]))
    );
}

#[tokio::test]
async fn a_new_address_that_is_confirmed_stays() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    croft.patch("network", fixed()).await.expect(200);
    until(&network, |world| is_at(world, Some(NEW))).await;
    let trial = croft.get("/api/v1/network").await.expect(200)["trial"].clone();
    assert_eq!(trial["before"], json!({}), "{trial}");
    assert!(trial["seconds_left"].as_u64().is_some_and(|left| (100..=180).contains(&left)), "{trial}");
    croft.ask(As::Member, Method::POST, "/api/v1/network/confirm", Value::Null).await.refused(403, "not-allowed");
    let after = confirm(&croft).await;
    assert_eq!((&after["trial"], &after["interfaces"][0]["addresses"]), (&Value::Null, &json!(["192.168.1.20/24"])));
    let line = croft.get("/api/v1/activity").await.expect(200)["items"][0].clone();
    assert_eq!((&line["action"], &line["sentence"]), (&json!("network.confirmed"), &json!("Kept the new address 192.168.1.20.")));
    let (again, network) = kept(croft.disk.after_the_crash(), SHORT).await;
    until(&network, |world| is_at(world, Some(NEW))).await;
    assert_eq!(again.get("/api/v1/settings/network").await.expect(200)["static"]["address"], "192.168.1.20/24");
}

#[tokio::test]
async fn an_address_that_cannot_be_in_force_is_not_confirmed() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    until(&network, |world| is_at(world, None)).await;
    network.world(|world| world.broken = true);
    croft.patch("network", fixed()).await.expect(200);
    croft.post("/api/v1/network/confirm", Value::Null).await.refused(409, "trial-not-begun");
    croft.ask(As::Console, Method::POST, "/api/v1/network/reset", Value::Null).await.expect(200);
    croft.post("/api/v1/network/confirm", Value::Null).await.refused(409, "no-trial");
}

#[tokio::test]
async fn a_new_address_that_nobody_confirms_goes_back() {
    let (croft, network) = kept(Disk::new(), SHORT).await;
    let croft = croft.claim().await;
    let mut listener = croft.listen();
    croft.patch("network", fixed()).await.expect(200);
    let entry = heard(&mut listener, |event| match event {
        Event::Activity { entry } if entry.action == "network.rolled-back" => Some(entry.clone()),
        _ => None,
    });
    let entry = entry.await;
    assert_eq!((entry.who, entry.generation), (Actor::Role { name: "supervisor".into() }, Some(3)));
    until(&network, |world| is_at(world, None)).await;
    assert!(network.world(|world| world.addressed.iter().any(|wanted| address_of(wanted).as_deref() == Some(NEW))), "it was tried");
    let history = croft.get("/api/v1/settings/history").await.expect(200)["items"][0].clone();
    assert_eq!(history["changes"]["network"]["patch"], json!({ "static": null }));
    assert_eq!(croft.get("/api/v1/settings/network").await.expect(200), json!({}));
    croft.post("/api/v1/network/confirm", Value::Null).await.refused(409, "no-trial");
}

#[tokio::test]
async fn an_address_whose_answer_was_lost_goes_back_too() {
    let (croft, network) = kept(Disk::new(), SHORT).await;
    let croft = croft.claim().await;
    until(&network, |world| is_at(world, None)).await;
    network.world(|world| world.loses_answer = true);
    croft.patch("network", fixed()).await.expect(200);
    until(&network, |world| world.addressed.iter().any(|wanted| address_of(wanted).as_deref() == Some(NEW))).await;
    until(&network, |world| is_at(world, None)).await;
    assert_eq!(croft.get("/api/v1/settings/network").await.expect(200), json!({}));
}

#[tokio::test]
async fn an_address_for_an_interface_that_is_not_there_is_not_confirmed() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    until(&network, |world| is_at(world, None)).await;
    let mut wanted = fixed();
    wanted["static"]["interface"] = json!("enp9s0");
    croft.patch("network", wanted).await.expect(200);
    until(&network, |world| is_at(world, None)).await;
    croft.post("/api/v1/network/confirm", Value::Null).await.refused(409, "trial-not-begun");
}

#[tokio::test]
async fn a_trial_does_not_outlive_the_process() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    croft.patch("network", fixed()).await.expect(200);
    until(&network, |world| is_at(world, Some(NEW))).await;
    let (again, network) = kept(croft.disk.after_the_crash(), LONG).await;
    let mut listener = again.listen();
    until(&network, |world| is_at(world, None)).await;
    if again.croft.desired.now().trial.is_some() {
        heard(&mut listener, |event| matches!(event, Event::Settings { .. }).then_some(())).await;
    }
    assert_eq!(again.get("/api/v1/settings/network").await.expect(200), json!({}));
    assert!(network.world(|world| world.addressed.iter().all(|wanted| wanted.fixed.is_none())), "it was never in force again");
    // And it is really over: the next start finds none.
    let (third, network) = kept(again.disk.after_the_crash(), LONG).await;
    until(&network, |world| is_at(world, None)).await;
    assert_eq!(third.croft.desired.now().generation, 3);
}

#[tokio::test]
async fn a_disk_that_fails_does_not_hold_up_the_way_back() {
    let (croft, network) = kept(Disk::new(), SHORT).await;
    let croft = croft.claim().await;
    croft.patch("network", fixed()).await.expect(200);
    croft.disk.cut_power_after(0);
    until(&network, |world| is_at(world, Some(NEW))).await;
    until(&network, |world| is_at(world, None)).await;
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"], Value::Null);
    croft.post("/api/v1/network/confirm", Value::Null).await.refused(409, "no-trial");
}

#[tokio::test]
async fn changes_during_a_trial_go_back_to_what_was_proved() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    croft.patch("network", fixed()).await.expect(200);
    croft.patch("network", json!({ "static": { "address": "192.168.1.21/24" } })).await.expect(200);
    until(&network, |world| is_at(world, Some("192.168.1.21/24 at enp1s0"))).await;
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"]["before"], json!({}));
    // Back by hand is back: nothing is left to be confirmed.
    croft.patch("network", json!({ "static": null })).await.expect(200);
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"], Value::Null);
    until(&network, |world| is_at(world, None)).await;
}

#[tokio::test]
async fn a_reset_asks_nobody() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    croft.patch("network", fixed()).await.expect(200);
    confirm(&croft).await;
    croft.ask(As::Member, Method::POST, "/api/v1/network/reset", Value::Null).await.refused(403, "not-allowed");
    // The router's address on trial, and then for good.
    croft.patch("network", json!({ "static": null })).await.expect(200);
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"]["before"], fixed_as_stored());
    croft.ask(As::Console, Method::POST, "/api/v1/network/reset", Value::Null).await.expect(200);
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"], Value::Null);
    until(&network, |world| is_at(world, None)).await;
    croft.patch("network", fixed()).await.expect(200);
    croft.ask(As::Console, Method::POST, "/api/v1/network/reset?why=moved", Value::Null).await.expect(200);
    assert_eq!(croft.get("/api/v1/settings/network").await.expect(200), json!({}));
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"], Value::Null);
}

fn fixed_as_stored() -> Value {
    json!({ "static": { "address": "192.168.1.20/24", "gateway": "192.168.1.1", "dns": [] } })
}

#[tokio::test]
async fn a_wireless_network_is_joined_and_its_passphrase_is_nowhere() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    let join = async |ssid: &str, passphrase: &str| {
        croft.post("/api/v1/network/wifi/join", json!({ "ssid": ssid, "passphrase": passphrase })).await
    };
    assert_eq!(croft.get("/api/v1/network/wifi").await.expect(200), json!({ "available": false, "networks": [] }));
    join("Home", FakeNetwork::PASSPHRASE).await.refused(409, "wifi-missing");
    let near = WifiNetwork { ssid: "Home".into(), strength_percent: Some(70), secured: true, known: false, joined: false };
    network.world(|world| world.wifi = Some(near));
    join("Elsewhere", FakeNetwork::PASSPHRASE).await.refused(404, "wifi-not-in-reach");
    join("Home", "wrong and long").await.refused(422, "wifi-passphrase");
    join("Home", "").await.refused(422, "wifi-passphrase");
    join("", FakeNetwork::PASSPHRASE).await.refused(422, "body-invalid");
    join(&"x".repeat(33), FakeNetwork::PASSPHRASE).await.refused(422, "body-invalid");
    let joined = join("Home", FakeNetwork::PASSPHRASE).await.expect(200);
    assert_eq!((&joined["networks"][0]["joined"], &joined["networks"][0]["known"]), (&json!(true), &json!(true)));
    let seen = [joined, croft.get("/api/v1/activity").await.expect(200), croft.get("/api/v1/settings").await.expect(200)];
    assert!(seen[1].to_string().contains("Joined the wireless network Home.") && !format!("{seen:?}").contains(FakeNetwork::PASSPHRASE));
    croft.ask(As::Member, Method::GET, "/api/v1/network/wifi", Value::Null).await.refused(403, "not-allowed");
    let left = croft.post("/api/v1/network/wifi/forget", json!({ "ssid": "Home" })).await.expect(200);
    assert_eq!((&left["networks"][0]["joined"], &left["networks"][0]["known"]), (&json!(false), &json!(false)));
}

#[tokio::test]
async fn what_cannot_be_is_refused_or_said() {
    let (croft, network) = kept(Disk::new(), LONG).await;
    let croft = croft.claim().await;
    let check = async |section: &str, patch: Value, key: &str| {
        let problem = croft.patch(section, patch.clone()).await.refused(422, "settings-invalid");
        assert_eq!(problem.key.as_deref(), Some(key), "{patch}: {problem:?}");
    };
    check("network", json!({ "static": { "address": "192.168.1.0/24" } }), "network.static.address").await;
    check("network", json!({ "static": { "address": "10.0.0.1/24", "gateway": "10.0.1.1" } }), "network.static.gateway").await;
    check("network", json!({ "bridge": true }), "network.bridge").await;
    check("time", json!({ "zone": "../../etc/shadow" }), "time.zone").await;
    check("time", json!({ "ntp": true }), "time.ntp").await;
    assert_eq!(croft.get("/api/v1/network").await.expect(200)["trial"], Value::Null);

    let mut listener = croft.listen();
    network.world(|world| world.broken = true);
    croft.patch("box", json!({ "host": "hollyhock" })).await.expect(200);
    let codes = heard(&mut listener, |event| match event {
        Event::Warnings { warnings } => Some(warnings.iter().map(|w| (w.code.clone(), w.subject.clone())).collect::<Vec<_>>()),
        _ => None,
    });
    assert!(codes.await.contains(&("network-not-applied".into(), "name".into())));
    croft.get("/api/v1/network").await.refused(500, "internal");
    // The machine comes round, and the box notices.
    network.world(|world| world.broken = false);
    croft.patch("box", json!({ "name": "Cabin" })).await.expect(200);
    until(&network, |world| world.host == "hollyhock").await;
    heard(&mut listener, |event| matches!(event, Event::Warnings { warnings } if warnings.is_empty()).then_some(())).await;
}
