//! Ending the machine: who may, what is noted, and what happens when the system does not do it.

use std::time::Duration;

use croft_model::{Event, Power};
use http::Method;
use serde_json::json;

use super::{As, TestBox, heard};

const PATH: &str = "/api/v1/power";

/// Waits until the pretended machine was told `count` times.
async fn told(croft: &TestBox, count: usize) -> Vec<Power> {
    let wait = async {
        while croft.boot.ended().len() < count {
            tokio::time::sleep(Duration::from_millis(10)).await; // waits: for the moment after the answer, by polling
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("in time");
    croft.boot.ended()
}

#[tokio::test]
async fn an_order_is_answered_noted_and_then_carried_out() {
    for (who, order, how, sentence, name) in [
        (As::Ana, "restart", Power::Restart, "The box restarts.", "person"),
        (As::Console, "shut-down", Power::ShutDown, "The box shuts down.", "console"),
    ] {
        let croft = TestBox::claimed().await;
        let answer = croft.ask(who, Method::POST, PATH, json!({ "do": order })).await.expect(202);
        assert_eq!(answer, json!({ "do": order, "in_seconds": 1 }));
        assert!(croft.boot.ended().is_empty(), "the answer comes first");
        let line = croft.get("/api/v1/activity?limit=1").await.expect(200)["items"][0].clone();
        assert_eq!(
            (&line["sentence"], &line["action"], &line["who"]["kind"]),
            (&json!(sentence), &json!(format!("power.{order}")), &json!(name))
        );
        assert_eq!(told(&croft, 1).await, [how]);
    }
}

#[tokio::test]
async fn a_second_order_is_refused_while_the_first_is_under_way() {
    let croft = TestBox::claimed().await;
    croft.post(PATH, json!({ "do": "restart" })).await.expect(202);
    let problem = croft.post(PATH, json!({ "do": "shut-down" })).await.refused(409, "power-under-way");
    assert_eq!(problem.detail, "The box is about to restart already.");
    assert_eq!(told(&croft, 1).await, [Power::Restart]);
}

#[tokio::test]
async fn only_owners_and_only_what_is_known() {
    let croft = TestBox::claimed().await;
    croft.ask(As::Member, Method::POST, PATH, json!({ "do": "restart" })).await.refused(403, "not-allowed");
    croft.ask(As::Nobody, Method::POST, PATH, json!({ "do": "restart" })).await.refused(401, "capability-refused");
    for body in [json!({ "do": "explode" }), json!({}), json!({ "do": "restart", "now": true }), json!("restart")] {
        croft.post(PATH, body).await.refused(400, "body-invalid");
    }
    let line = croft.get("/api/v1/activity?limit=1").await.expect(200)["items"][0]["action"].clone();
    assert!(!line.as_str().expect("a code").starts_with("power."), "nothing was noted: {line}");
    assert!(croft.boot.ended().is_empty());
}

#[tokio::test]
async fn a_machine_that_is_somebody_elses_is_not_ended() {
    let croft = TestBox::claimed().await;
    croft.boot.disown();
    let problem = croft.post(PATH, json!({ "do": "restart" })).await.refused(409, "power-not-ours");
    assert!(problem.detail.contains("somebody's machine"), "{problem:?}");
    assert!(croft.boot.ended().is_empty());
}

#[tokio::test]
async fn a_system_that_does_not_do_it_is_a_warning_and_the_next_order_is_taken() {
    let croft = TestBox::claimed().await;
    croft.boot.refuse(Some("the bus is gone"));
    let mut listener = croft.listen();
    croft.post(PATH, json!({ "do": "restart" })).await.expect(202);
    let standing = heard(&mut listener, |event| match event {
        Event::Warnings { warnings } => warnings.iter().find(|warning| warning.code == "power-refused").cloned(),
        _ => None,
    });
    let warning = standing.await;
    assert_eq!(warning.title, "The box was told to restart and could not.");
    assert!(warning.lines.iter().any(|line| line.contains("the bus is gone")), "{warning:?}");
    croft.boot.refuse(None);
    let wait = async {
        // The warning stands a moment before the next order is taken.
        while croft.post(PATH, json!({ "do": "restart" })).await.status != 202 {
            tokio::time::sleep(Duration::from_millis(10)).await; // waits: for the refused order to be forgotten, by polling
        }
    };
    tokio::time::timeout(Duration::from_secs(30), wait).await.expect("taken");
    assert_eq!(told(&croft, 1).await, [Power::Restart]);
    assert_eq!(croft.get("/api/v1/warnings").await.expect(200), json!([]), "it worked, so the warning is gone");
}
