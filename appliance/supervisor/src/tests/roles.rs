//! The life of the roles, with pretended units.

use std::time::{Duration, Instant};

use croft_model::{Event, RoleState};
use croft_reconcile::Reconcile;
use croft_units::{Exit, Fate};
use serde_json::json;

use super::{TestBox, heard};

#[tokio::test]
async fn roles_start_in_order_and_end_in_the_opposite_one() {
    let mut croft = TestBox::claimed().await;
    let mut news = croft.listen();
    let kept = croft.keep_roles();
    let ready = |event: &Event| match event {
        Event::Role { role } if role.state == RoleState::Ready => Some(role.name.clone()),
        _ => None,
    };
    assert_eq!(heard(&mut news, ready).await, "identity");
    assert_eq!(heard(&mut news, ready).await, "storage");
    assert_eq!(heard(&mut news, ready).await, "notifier");
    assert_eq!(heard(&mut news, ready).await, "apps");
    assert_eq!(heard(&mut news, ready).await, "gateway");
    // Somebody connects to the worker's socket.
    let socket = croft.croft.home.path().join("run/sync/s1.sock");
    let waiting = |event: &Event| matches!(event, Event::Role { role } if role.name == "sync@s1").then_some(());
    croft.inbox.call("sync@s1");
    heard(&mut news, waiting).await;
    assert!(socket.exists());
    heard(&mut news, |event| ready(event).filter(|name| name == "sync@s1")).await;
    assert_eq!(croft.units.started(), ["identity", "storage", "notifier", "apps", "gateway", "sync@s1"]);
    // A person more is a worker more, waiting.
    croft.post("/api/v1/people", json!({ "name": "bea", "role": "member" })).await.expect(201);
    croft.inbox.news.notify_one();
    heard(&mut news, |event| {
        matches!(event, Event::Role { role } if role.name == "sync@s2" && role.state == RoleState::Waiting).then_some(())
    })
    .await;
    croft.ending.cancel();
    croft.inbox.news.notify_one();
    tokio::time::timeout(Duration::from_secs(30), kept).await.expect("in time").expect("ended");
    assert_eq!(croft.units.stopped(), ["gateway", "sync@s1", "apps", "notifier", "storage", "identity"]);
}

#[tokio::test]
async fn a_real_connection_wakes_a_worker() {
    let mut croft = TestBox::claimed().await;
    let mut news = croft.listen();
    let kept = croft.keep_roles();
    let socket = croft.croft.home.path().join("run/sync/s1.sock");
    heard(&mut news, |event| {
        matches!(event, Event::Role { role } if role.name == "gateway" && role.state == RoleState::Ready).then_some(())
    })
    .await;
    assert!(socket.exists());
    assert!(!croft.units.started().contains(&"sync@s1".to_owned()));
    let _client = tokio_seqpacket::UnixSeqpacket::connect(&socket).await.expect("connected");
    heard(&mut news, |event| {
        matches!(event, Event::Role { role } if role.name == "sync@s1" && role.state == RoleState::Ready).then_some(())
    })
    .await;
    kept.abort();
}

#[tokio::test]
async fn five_quick_ends_become_a_warning_that_goes_when_it_settles() {
    let mut croft = TestBox::claimed().await;
    let mut now = Instant::now();
    croft.units.fate("identity", Fate::Fail(Exit::Fault("ended with code 1".into())));
    for faults in 1..=5 {
        now += Duration::from_secs(9);
        round(&mut croft, now).await;
        assert_eq!(starts_of(&croft, "identity"), faults);
        // Its end is heard, and the fifth one told.
        round(&mut croft, now).await;
        assert_eq!(croft.croft.warnings.list().len(), usize::from(faults == 5), "after {faults}");
    }
    let warning = croft.croft.warnings.list().remove(0);
    assert_eq!((warning.code.as_str(), warning.subject.as_str()), ("role-crash-loop", "identity"));
    assert!(warning.title.contains("ended with code 1"), "{}", warning.title);
    assert_eq!(state(&croft, "identity"), RoleState::Looping);
    // A try a minute, for ever, until one holds.
    for tries in 6..=8 {
        if tries == 8 {
            croft.units.fate("identity", Fate::Serve);
        }
        round(&mut croft, now + Duration::from_secs(59)).await;
        assert_eq!(starts_of(&croft, "identity"), tries - 1);
        now += Duration::from_secs(60);
        round(&mut croft, now).await;
        assert_eq!(starts_of(&croft, "identity"), tries);
        round(&mut croft, now).await;
    }
    assert_eq!(state(&croft, "identity"), RoleState::Ready);
    assert_eq!(croft.croft.warnings.list().len(), 1, "not before it has stayed ready for a minute");
    let minute = now + Duration::from_secs(60);
    let settled = super::Roles::plan(minute, &croft.roles.as_mut().expect("here").observe(minute)).steps;
    assert!(settled.contains(&crate::plan::Step::Settle("identity".into())), "{settled:?}");
}

#[tokio::test]
async fn ends_from_outside_do_not_count() {
    let mut croft = TestBox::claimed().await;
    let now = Instant::now();
    round(&mut croft, now).await;
    round(&mut croft, now).await;
    for kill in 1..=20 {
        croft.units.end("identity", Exit::Outside(9));
        round(&mut croft, now).await;
        round(&mut croft, now).await;
        assert_eq!((starts_of(&croft, "identity"), state(&croft, "identity")), (kill + 1, RoleState::Ready));
    }
    assert!(croft.croft.warnings.list().is_empty());
}

/// How often a unit was started.
fn starts_of(croft: &TestBox, unit: &str) -> usize {
    croft.units.started().iter().filter(|started| *started == unit).count()
}

/// One round of observing, planning and applying at `now`, and the events that it caused put into the inbox.
async fn round(croft: &mut TestBox, now: Instant) {
    croft.pass_on_events();
    let roles = croft.roles.as_mut().expect("not kept by a task");
    let observed = roles.observe(now);
    let plan = super::Roles::plan(now, &observed);
    roles.apply(plan).await;
}

fn state(croft: &TestBox, unit: &str) -> RoleState {
    croft.croft.roles.borrow().iter().find(|role| role.name == unit).expect("known").state
}
