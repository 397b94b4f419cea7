//! Who is let in, and who learns nothing.
#![cfg(test)]

mod harness;

use std::fs;

use croft_api::{
    bulk::{Frame, Hello, Method, encode, limits},
    capability::Minter,
};
use croft_files::Link;
use croft_model::{Principal, Scope, SpaceKind};
use harness::{Body, Running, person};

#[tokio::test(flavor = "multi_thread")]
async fn only_a_capability_for_this_worker_and_this_minute_opens_anything() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    fs::write(worker.file("a"), "secret").unwrap();
    let mut link = worker.link().await;
    let good = link.capability.clone();
    let as_owner = |claims: &mut croft_model::Claims| {
        claims.who = Principal::Person { id: person(1), name: "ana".into(), role: croft_model::PersonRole::Owner };
    };
    let forged = Minter::from_seed(&[8; 32]).unwrap().mint(&croft_model::Claims {
        who: Principal::Person { id: person(1), name: "ana".into(), role: croft_model::PersonRole::Owner },
        session: None,
        scopes: [Scope::Files].into(),
        audience: "sync@s7".into(),
        expires: i64::MAX,
    });
    let with = |change: fn(&mut croft_model::Claims)| {
        worker.mint(|claims| {
            as_owner(claims);
            change(claims);
        })
    };
    let cases = [
        (good.clone(), 200),
        (worker.capability(person(3)), 200),
        (worker.capability(person(4)), 404),
        (worker.mint(|_| {}), 403),
        (with(|claims| claims.scopes = [Scope::Account, Scope::Manage].into()), 403),
        (with(|claims| claims.audience = "sync@s8".into()), 401),
        (with(|claims| claims.audience = "supervisor".into()), 401),
        (with(|claims| claims.expires -= 60), 401),
        (with(|claims| claims.expires += 60), 401),
        (forged, 401),
        (format!("{good}x"), 401),
        (String::new(), 401),
    ];
    for (capability, expected) in cases {
        link.capability = capability;
        for method in [Method::Get, Method::Head, Method::Propfind] {
            let path: &[&str] = if method == Method::Propfind { &[] } else { &["a"] };
            let reply = link.ask(method, path, &[("depth", "1")], Body::of("")).await;
            let status = if method == Method::Propfind && expected == 200 { 207 } else { expected };
            assert_eq!(reply.status, status, "{method:?} with {}", link.capability);
            assert!(expected == 200 || !String::from_utf8_lossy(&reply.body).contains("secret"));
        }
    }
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_right_is_what_the_settings_say_now() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    fs::write(worker.file("a"), "x").unwrap();
    let mut link = worker.link().await;
    for (id, read, write) in [(1, 200, 204), (2, 200, 204), (3, 200, 403), (4, 404, 404)] {
        link.capability = worker.capability(person(id));
        assert_eq!(link.get(&["a"], &[]).await.status, read, "p{id} reads");
        assert_eq!(link.put(&["a"], &[], "x").await.status, write, "p{id} writes");
        let allowed = write == 204;
        for (method, path, status) in [(Method::Mkcol, ["d"], 201), (Method::Delete, ["d"], 204)] {
            let reply = link.ask(method, &path, &[], Body::of("")).await;
            assert_eq!(reply.status, if allowed { status } else { write }, "p{id} {method:?}");
        }
        // To a stranger what is there and what is not look alike.
        let (there, missing) = (link.get(&["a"], &[]).await, link.get(&["none"], &[]).await);
        assert!(id != 4 || there == missing);
    }
    link.capability = worker.capability(person(1));
    worker.projection.send_modify(|projection| {
        let spaces = projection.as_mut().unwrap().spaces.as_mut().unwrap();
        spaces.values_mut().for_each(|space| space.members.clear());
    });
    assert_eq!(link.get(&["a"], &[]).await.status, 404, "taken away while the capability still holds");
    worker.projection.send_replace(None);
    let waiting = link.get(&["a"], &[]).await;
    assert_eq!((waiting.status, waiting.header("retry-after")), (503, "2"));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn letters_follow_the_right_and_the_kind_of_space() {
    for (kind, id, file, folder) in [
        (SpaceKind::Personal, 1, "RGDNVW", "GCK"),
        (SpaceKind::Personal, 3, "G", "G"),
        (SpaceKind::Shared, 2, "MGDNVW", "MGCK"),
        (SpaceKind::Shared, 3, "MG", "MG"),
    ] {
        let home = tempfile::tempdir().unwrap();
        let worker = Running::start_as(home.path(), kind).await.unwrap();
        fs::write(worker.file("a"), "x").unwrap();
        let mut link = worker.link().await;
        link.capability = worker.capability(person(id));
        let body = "<propfind xmlns='DAV:'><prop><permissions xmlns='http://owncloud.org/ns'/></prop></propfind>";
        for (path, letters) in [(&["a"][..], file), (&[], folder)] {
            let reply = link.ask(Method::Propfind, path, &[("depth", "0")], Body::of(body)).await;
            assert!(reply.text().contains(&format!("<oc:permissions>{letters}</oc:permissions>")), "{}", reply.text());
        }
        worker.end().await;
    }
}

#[tokio::test(flavor = "multi_thread")]
async fn a_link_that_breaks_the_format_is_closed() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let hello = |version| encode(&[(0, Frame::Hello(Hello { version, root: None }))]).unwrap();
    let greeting = hello(limits::VERSION);
    let end = encode(&[(1, Frame::End { count: 0 })]).unwrap();
    for packets in [
        vec![hello(limits::VERSION + 1)],
        vec![end.clone()],
        vec![greeting.clone(), end],
        vec![greeting.clone(), vec![9; 20]],
        vec![vec![0]],
    ] {
        let link = Link::connect(&folder.path().join("s")).await.unwrap();
        for packet in &packets {
            // The link may be closed already by the packet before.
            let _ = link.send(packet, None).await;
        }
        let mut buffer = vec![0; limits::MAX_PACKET];
        while let Ok(Some(_)) = link.receive(&mut buffer).await {}
    }
    let mut link = worker.link().await;
    assert_eq!(link.put(&["a"], &[], "x").await.status, 201, "others are served on");
    worker.end().await;
}
