//! The image in an emulator, moved to another address: what becomes of it when nobody confirms, when the plug is pulled, and when somebody does.
//! Then its name, its clock and its wireless networks.
//!
//! In the network of the emulator the router gives 10.0.2.15; `10.0.2.50` is the address that the owner chooses. Both are forwarded to ports here.
#![cfg(test)]

use std::{
    net::{Ipv4Addr, SocketAddr},
    time::{Duration, Instant},
};

use croft_box_tests::{Machine, PASSPHRASE, Visitor, free_port};
use reqwest::Method;
use serde_json::{Value, json};

/// The address that the router gives.
const GIVEN: &str = "10.0.2.15/24";
/// The address that the owner chooses.
const CHOSEN: &str = "10.0.2.50/24";
/// Time for the box to move under emulation, and for a trial of three minutes to end.
const PATIENCE: Duration = Duration::from_secs(360);
/// How often it is looked.
const LOOK: Duration = Duration::from_secs(1);

/// A box that may be at either address.
struct Wanderer {
    machine: Machine,
    certificate: Vec<u8>,
    other_port: u16,
}

impl Wanderer {
    /// Ana, once the box answers at the port of one address and lets her in.
    async fn ana_at(&self, origin: &str) -> Visitor {
        let begun = Instant::now();
        loop {
            let mut ana = Visitor::trusting(origin, &self.certificate);
            let answers = ana.request(Method::GET, "/healthz").timeout(Duration::from_secs(5)).send().await;
            if answers.is_ok_and(|answer| answer.status().is_success()) {
                assert!(ana.sign_in("ana", PASSPHRASE).await.status().is_success());
                return ana;
            }
            assert!(begun.elapsed() < PATIENCE, "nobody answers at {origin}");
            tokio::time::sleep(LOOK).await; // waits: for an emulated machine to move, by polling
        }
    }

    fn chosen(&self) -> String {
        format!("https://localhost:{}", self.other_port)
    }

    /// What a command says to root inside the machine.
    fn inside(&self, command: &str) -> String {
        self.machine.shell(command).trim_end().to_owned()
    }

    /// Waits until a line says this to root inside the machine.
    async fn until_inside(&self, line: &str, expected: &str) {
        let begun = Instant::now();
        loop {
            let said = self.inside(line);
            if said == expected {
                return;
            }
            assert!(begun.elapsed() < PATIENCE, "{line}: {said}");
            tokio::time::sleep(LOOK).await; // waits: for an emulated machine, by polling
        }
    }
}

async fn patch(ana: &Visitor, section: &str, patch: &Value) -> Value {
    let request = ana.request(Method::PATCH, &format!("/api/v1/settings/{section}")).header("if-match", "*").json(patch);
    let answer = request.send().await.expect("an answer");
    let (status, text) = (answer.status(), answer.text().await.expect("a body"));
    assert!(status.is_success(), "{status} {text}");
    serde_json::from_str(&text).expect("JSON")
}

/// The address of the cable, and whether it is on trial.
async fn address(ana: &Visitor) -> (Value, bool) {
    let network = ana.get("/api/v1/network").await;
    let wired =
        network["interfaces"].as_array().expect("interfaces").iter().find(|one| one["kind"] == "ethernet").expect("a cable").clone();
    // The router of the emulator, which lets nobody out, names no way out.
    let gateway = if wired["addresses"][0] == CHOSEN { json!("10.0.2.2") } else { Value::Null };
    assert_eq!((&network["managed"], &wired["carrier"], &wired["gateway"]), (&json!(true), &json!(true), &gateway), "{network}");
    (wired["addresses"][0].clone(), !network["trial"].is_null())
}

fn fixed() -> Value {
    json!({ "static": { "address": CHOSEN, "gateway": "10.0.2.2", "dns": ["10.0.2.3"] } })
}

#[tokio::test]
async fn an_address_goes_back_by_itself_or_stays_when_it_is_confirmed() {
    let other_port = free_port();
    let port = other_port.to_string();
    let mut machine = Machine::new(&["--probe", "--other-address", "10.0.2.50", "--other-port", &port]);
    machine.boot();
    let ana = machine.claim().await;
    let certificate = reqwest::get(format!("{}/ca.crt", machine.plain)).await.expect("an answer").bytes().await.expect("a certificate");
    let given = machine.origin.clone();
    let mut wanderer = Wanderer { machine, certificate: certificate.to_vec(), other_port };
    assert_eq!(address(&ana).await, (json!(GIVEN), false));

    // Nobody confirms.
    patch(&ana, "network", &fixed()).await;
    let there = wanderer.ana_at(&wanderer.chosen()).await;
    assert_eq!(address(&there).await, (json!(CHOSEN), true));
    let ana = wanderer.ana_at(&given).await;
    assert_eq!(address(&ana).await, (json!(GIVEN), false));
    assert_eq!(ana.get("/api/v1/settings/network").await, json!({}));
    let line = ana.get("/api/v1/activity?limit=5").await["items"]
        .as_array()
        .and_then(|lines| lines.iter().find(|line| line["action"] == "network.rolled-back").cloned())
        .expect("a line about the way back");
    assert_eq!(line["who"], json!({ "kind": "role", "name": "supervisor" }));

    // The plug is pulled in the middle of a trial.
    patch(&ana, "network", &fixed()).await;
    assert_eq!(address(&wanderer.ana_at(&wanderer.chosen()).await).await, (json!(CHOSEN), true));
    wanderer.machine.pull_the_plug();
    wanderer.machine.boot();
    let ana = wanderer.ana_at(&given).await;
    assert_eq!(address(&ana).await, (json!(GIVEN), false));
    assert_eq!(ana.get("/api/v1/settings/network").await, json!({}));

    // Somebody confirms, at the new address; it outlasts a restart.
    patch(&ana, "network", &fixed()).await;
    let there = wanderer.ana_at(&wanderer.chosen()).await;
    let (status, kept) = there.send(Method::POST, "/api/v1/network/confirm", &Value::Null).await;
    assert_eq!((status, &kept["trial"]), (200, &Value::Null), "{kept}");
    let mut wanderer = tokio::task::spawn_blocking(move || {
        wanderer.machine.shut_down();
        wanderer.machine.boot();
        wanderer
    })
    .await
    .expect("started again");
    let ana = wanderer.ana_at(&wanderer.chosen()).await;
    assert_eq!(address(&ana).await, (json!(CHOSEN), false));

    name_and_clock_follow(&wanderer, &ana).await;
    a_wireless_network_is_joined_and_forgotten(&wanderer, &ana).await;

    // Who stands at the box itself lets the router give the address again.
    wanderer.inside("croft network reset --why 'lost it'");
    let ana = wanderer.ana_at(&given).await;
    assert_eq!(address(&ana).await, (json!(GIVEN), false));
    tokio::task::spawn_blocking(move || wanderer.machine.shut_down()).await.expect("shut down");
}

async fn name_and_clock_follow(wanderer: &Wanderer, ana: &Visitor) {
    const NAME: &str =
        "busctl get-property org.freedesktop.resolve1 /org/freedesktop/resolve1 org.freedesktop.resolve1.Manager LLMNRHostname";
    wanderer.until_inside(NAME, "s \"croft\"").await;
    patch(ana, "box", &json!({ "host": "hollyhock" })).await;
    wanderer.until_inside(NAME, "s \"hollyhock\"").await;
    assert_eq!(wanderer.inside("cat /proc/sys/kernel/hostname"), "hollyhock");
    let told = wanderer.inside("cat /run/systemd/dnssd/croft.dnssd");
    assert!(told.contains("Type=_croft._tcp") && told.contains("claimed=1"), "{told}");
    // A browser that knows the household's certificate opens the new name without a word.
    let client = reqwest::Client::builder()
        .tls_certs_only([reqwest::Certificate::from_pem(&wanderer.certificate).expect("a certificate")])
        .resolve("hollyhock.local", SocketAddr::from((Ipv4Addr::LOCALHOST, wanderer.other_port)))
        .build()
        .expect("a client");
    let begun = Instant::now();
    while client.get(format!("https://hollyhock.local:{}/healthz", wanderer.other_port)).send().await.is_err() {
        assert!(begun.elapsed() < PATIENCE, "the certificate does not follow the name");
        tokio::time::sleep(LOOK).await; // waits: for a certificate with the new name, by polling
    }

    const ASKED: &str =
        "systemctl show -P ActiveState systemd-timesyncd; cat /run/systemd/timesyncd.conf.d/60-croft.conf 2>/dev/null | grep NTP; true";
    wanderer
        .until_inside(ASKED, "active\nFallbackNTP=0.debian.pool.ntp.org 1.debian.pool.ntp.org 2.debian.pool.ntp.org 3.debian.pool.ntp.org")
        .await;
    patch(ana, "time", &json!({ "zone": "Europe/Berlin", "ntp": "off" })).await;
    wanderer.until_inside(ASKED, "active").await;
    wanderer.until_inside("readlink /run/croft/localtime", "/usr/share/zoneinfo/Europe/Berlin").await;
    let zone = wanderer.inside("date +%Z");
    assert!(["CET", "CEST"].contains(&zone.as_str()), "{zone}");
    // Asking nobody, it still saves the time, for machines without a clock.
    wanderer.inside("touch -d '1 day ago' /var/lib/systemd/timesync/clock");
    wanderer.until_inside("test -n \"$(find /var/lib/systemd/timesync/clock -mmin -60)\" && echo saved; true", "saved").await;
}

/// With two pretended radios of the kernel: iwd makes one of them an access point, and the box joins it with the other.
async fn a_wireless_network_is_joined_and_forgotten(wanderer: &Wanderer, ana: &Visitor) {
    const RADIOS: &str = "busctl --list tree net.connman.iwd | grep -E '^/net/connman/iwd/[0-9]+/[0-9]+$'";
    const KEPT: &str = "find /var/lib/iwd -name '*.psk' -printf '%p %m %u\\n'";
    assert_eq!(ana.get("/api/v1/network/wifi").await, json!({ "available": false, "networks": [] }));
    wanderer.inside("modprobe mac80211_hwsim radios=2");
    wanderer.until_inside(&format!("{RADIOS} | wc -l"), "2").await;
    let radio = wanderer.inside(&format!("{RADIOS} | tail -n 1"));
    wanderer.inside(&format!("busctl set-property net.connman.iwd {radio} net.connman.iwd.Device Mode s ap"));
    let start = format!(
        "busctl call net.connman.iwd {radio} net.connman.iwd.AccessPoint Start ss Hedge 'otters and hares' >&2 && echo started; true"
    );
    wanderer.until_inside(&start, "started").await;
    let network = async || {
        let seen = ana.get("/api/v1/network/wifi").await;
        seen["networks"].as_array().and_then(|networks| networks.iter().find(|network| network["ssid"] == "Hedge").cloned())
    };
    let begun = Instant::now();
    let found = loop {
        match network().await {
            Some(found) => break found,
            None => assert!(begun.elapsed() < PATIENCE, "the network is not found"),
        }
        tokio::time::sleep(LOOK).await; // waits: for an emulated radio to find a network, by polling
    };
    assert_eq!((&found["secured"], &found["known"], &found["joined"]), (&json!(true), &json!(false), &json!(false)), "{found}");
    let join = async |passphrase: &str| {
        ana.send(Method::POST, "/api/v1/network/wifi/join", &json!({ "ssid": "Hedge", "passphrase": passphrase })).await
    };
    let (status, refused) = join("wolves and bears").await;
    assert_eq!((status, &refused["code"]), (422, &json!("wifi-passphrase")), "{refused}");
    assert_eq!(wanderer.inside(KEPT), "", "a wrong passphrase is not kept");
    let (status, joined) = join("otters and hares").await;
    assert_eq!(status, 200, "{joined}");
    let joined = network().await.expect("in reach");
    assert_eq!((&joined["known"], &joined["joined"]), (&json!(true), &json!(true)), "{joined}");
    assert_eq!(wanderer.inside(KEPT), "/var/lib/iwd/Hedge.psk 600 root");
    let carried = wanderer.inside("grep -rl 'otters and hares' /var/lib/croft/state /var/log/journal 2>/dev/null; true");
    assert_eq!(carried, "", "the passphrase is nowhere else");
    let (status, left) = ana.send(Method::POST, "/api/v1/network/wifi/forget", &json!({ "ssid": "Hedge" })).await;
    assert_eq!(status, 200, "{left}");
    wanderer.until_inside(KEPT, "").await;
}
