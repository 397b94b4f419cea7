//! What people and roles see and tell: events, projections, reports, warnings, tasks, status.

use http::Method;
use http_body_util::BodyExt;
use serde_json::{Value, json};

use super::{As, TestBox};

/// The process of this test, which the pretended units are said to be.
fn own_pid() -> i32 {
    std::process::id().cast_signed()
}

/// Reads a stream up to and with `end`.
async fn read_until(body: &mut hyper::body::Incoming, end: &str) -> String {
    let mut text = String::new();
    let read = async {
        while !text.ends_with(end) {
            let frame = body.frame().await.expect("more").expect("a frame");
            text.push_str(&String::from_utf8_lossy(frame.data_ref().expect("data")));
        }
    };
    tokio::time::timeout(std::time::Duration::from_secs(30), read).await.expect("in time");
    text
}

#[tokio::test]
async fn events_reach_those_who_may_hear_them() {
    let croft = TestBox::claimed().await;
    croft.post("/api/v1/people", json!({ "name": "bea", "role": "member" })).await.expect(201);
    let (mut owner, mut member) = (croft.stream(As::Ana, "/api/v1/events").await, croft.stream(As::Member, "/api/v1/events").await);
    croft.patch("box", json!({ "name": "Cabin" })).await.expect(200);
    let settings = "event: settings\ndata: {\"kind\":\"settings\",\"generation\":3,\"sections\":[\"box\"]}\n\n";
    assert_eq!(read_until(&mut owner, "\n\n").await, settings);
    assert!(read_until(&mut owner, "\n\n").await.starts_with("event: activity\n"));
    assert_eq!(read_until(&mut member, "\n\n").await, settings);
    // The member is removed: the stream ends without a word about it.
    croft.ask(As::Ana, Method::DELETE, "/api/v1/people/p2", Value::Null).await.expect(200);
    assert!(member.frame().await.is_none());
    croft.croft.stop.cancel();
    while let Some(frame) = owner.frame().await {
        frame.expect("whole to the end");
    }
}

#[tokio::test]
async fn a_role_follows_its_part_of_the_settings() {
    let croft = TestBox::claimed().await;
    croft.units.pose("sync@s1", own_pid());
    croft.post("/api/v1/people", json!({ "name": "bea", "role": "member" })).await.expect(201);
    let mut stream = croft.stream(As::Nobody, "/internal/v1/projection").await;
    let line: Value = serde_json::from_str(&read_until(&mut stream, "\n").await).expect("JSON");
    assert_eq!(line["spaces"].as_object().map(|spaces| spaces.keys().cloned().collect::<Vec<_>>()), Some(vec!["s1".to_owned()]));
    assert_eq!(line["people"].as_object().map(|people| people.keys().cloned().collect::<Vec<_>>()), Some(vec!["p1".to_owned()]));
    assert_eq!(
        (&line["generation"], &line["box"], &line["door"], &line["one_user"]),
        (&json!(2), &Value::Null, &Value::Null, &json!(true))
    );
    croft.patch("people", json!({ "p1": { "display_name": "Anna" } })).await.expect(200);
    let line: Value = serde_json::from_str(&read_until(&mut stream, "\n").await).expect("JSON");
    assert_eq!((&line["generation"], &line["people"]["p1"]["display_name"]), (&json!(3), &json!("Anna")));
}

#[tokio::test]
async fn only_roles_that_were_started_here_are_listened_to() {
    let croft = TestBox::claimed().await;
    let line =
        json!({ "who": { "kind": "stranger", "address": "192.0.2.7" }, "action": "session.refused", "sentence": "Wrong\npassphrase." });
    for (method, path, body) in [
        (Method::GET, "/internal/v1/projection", Value::Null),
        (Method::PUT, "/internal/v1/report", json!({ "generation": 1 })),
        (Method::POST, "/internal/v1/audit", line.clone()),
    ] {
        croft.ask(As::Console, method, path, body).await.refused(403, "peer-refused");
    }
    croft.units.pose("identity", own_pid());
    croft.ask(As::Nobody, Method::POST, "/internal/v1/audit", line.clone()).await.expect(204);
    let entry = croft.get("/api/v1/activity?limit=1").await.expect(200)["items"][0].clone();
    assert_eq!((&entry["sentence"], &entry["who"]["address"]), (&json!("Wrong passphrase."), &json!("192.0.2.7")));
    // Another role speaks for itself alone.
    croft.units.pose("gateway", own_pid());
    croft.ask(As::Nobody, Method::POST, "/internal/v1/audit", line.clone()).await.expect(204);
    let entry = croft.get("/api/v1/activity?limit=1").await.expect(200)["items"][0].clone();
    assert_eq!(entry["who"], json!({ "kind": "role", "name": "gateway" }));
    let mut odd = line;
    odd["action"] = "Session Refused".into();
    croft.ask(As::Nobody, Method::POST, "/internal/v1/audit", odd).await.refused(422, "body-invalid");
}

#[tokio::test]
async fn reports_become_warnings_and_tasks() {
    let croft = TestBox::claimed().await;
    croft.units.pose("gateway", own_pid());
    let report = |state: Value| {
        json!({ "generation": 1,
            "warnings": [{ "code": "slow", "severity": "notice", "title": "Slow", "meaning": "-", "action": "-", "lines": ["secret path"], "since": "2026-01-01T00:00:00Z" }],
            "tasks": [{ "id": "t40", "kind": "x.y", "title": "X", "who": { "kind": "console" }, "state": state, "started": "2026-01-01T00:00:00Z", "updated": "2026-01-01T00:00:00Z" }] })
    };
    croft.ask(As::Nobody, Method::PUT, "/internal/v1/report", report(json!({ "is": "running" }))).await.expect(204);
    let warnings = croft.get("/api/v1/warnings").await.expect(200);
    assert_eq!((&warnings[0]["code"], &warnings[0]["lines"]), (&json!("slow"), &json!(["secret path"])));
    let warnings = croft.ask(As::Member, Method::GET, "/api/v1/warnings", Value::Null).await.expect(200);
    assert_eq!(warnings[0]["lines"], json!([]), "lines of logs are for owners");
    let status = croft.get("/api/v1/status").await.expect(200);
    assert_eq!((&status["warnings"], &status["gravest"], &status["people"]), (&json!(1), &json!("notice"), &json!(1)));
    let tasks = croft.get("/api/v1/tasks").await.expect(200);
    assert_eq!((&tasks[0]["id"], &tasks[0]["state"]["is"]), (&json!("t1"), &json!("running")));
    assert_eq!(
        croft.ask(As::Member, Method::GET, "/api/v1/tasks", Value::Null).await.expect(200),
        json!([]),
        "a member sees own tasks only"
    );
    croft.ask(As::Ana, Method::DELETE, "/api/v1/tasks/t1", Value::Null).await.refused(409, "task-not-here");
    croft.ask(As::Nobody, Method::PUT, "/internal/v1/report", report(json!({ "is": "done" }))).await.expect(204);
    let tasks = croft.get("/api/v1/tasks").await.expect(200);
    assert_eq!((tasks.as_array().map(Vec::len), &tasks[0]["state"]["is"]), (Some(1), &json!("done")));
    croft.ask(As::Ana, Method::DELETE, "/api/v1/tasks/t1", Value::Null).await.refused(409, "task-ended");
    croft.ask(As::Ana, Method::DELETE, "/api/v1/tasks/t9", Value::Null).await.refused(404, "no-such-task");
}

#[tokio::test]
async fn the_notifier_follows_the_warnings_and_nobody_else_does() {
    let croft = TestBox::claimed().await;
    let report = |code: &str| {
        let warning = json!({ "code": code, "severity": "notice", "title": "-", "meaning": "-", "action": "-", "lines": ["secret path"], "since": "2026-01-01T00:00:00Z" });
        json!({ "generation": 1, "warnings": [warning] })
    };
    croft.units.pose("sync@s1", own_pid());
    croft.ask(As::Nobody, Method::GET, "/internal/v1/warnings", Value::Null).await.refused(403, "peer-refused");
    croft.ask(As::Nobody, Method::PUT, "/internal/v1/report", report("slow")).await.expect(204);
    croft.units.pose("notifier", own_pid());
    let mut stream = croft.stream(As::Nobody, "/internal/v1/warnings").await;
    let line: Value = serde_json::from_str(&read_until(&mut stream, "\n").await).expect("JSON");
    assert_eq!((&line["warnings"][0]["code"], line["started"].is_string()), (&json!("slow"), true));
    assert!(!line.to_string().contains("secret path"), "who has a network gets no lines of logs: {line}");
    croft.ask(As::Nobody, Method::PUT, "/internal/v1/report", report("slower")).await.expect(204);
    let line: Value = serde_json::from_str(&read_until(&mut stream, "\n").await).expect("JSON");
    assert_eq!(line["warnings"].as_array().map(Vec::len), Some(2));
}

#[tokio::test]
async fn tasks_are_parked_by_an_orderly_stop_and_failed_by_another() {
    use croft_model::{Actor, TaskState};
    let croft = TestBox::claimed().await;
    let begin = |title: &str| croft.croft.tasks.begin("a.b", title.into(), Actor::Console).expect("begun");
    let (parked, cancelled) = (begin("parked"), begin("cancelled"));
    croft.ask(As::Ana, Method::DELETE, "/api/v1/tasks/t2", Value::Null).await.expect(204);
    assert!(cancelled.cancelled().is_cancelled() && !parked.cancelled().is_cancelled());
    cancelled.end(TaskState::Cancelled).expect("ended");
    croft.croft.tasks.park().expect("parked");
    drop(parked);
    let killed = begin("killed");
    let again = TestBox::on(croft.disk.after_the_crash()).await;
    drop(killed);
    let states: Vec<Value> =
        again.get("/api/v1/tasks").await.expect(200).as_array().expect("a list").iter().map(|task| task["state"]["is"].clone()).collect();
    assert_eq!(states, [json!("failed"), json!("cancelled"), json!("parked")]);
    again.ask(As::Ana, Method::DELETE, "/api/v1/tasks/t1", Value::Null).await.expect(204);
}

#[tokio::test]
async fn what_a_role_does_goes_on_as_the_same_task_after_a_restart() {
    use croft_model::{Actor, Progress, Task, TaskId, TaskState};
    let at = "2026-01-01T00:00:00Z".parse().expect("a time");
    let task = |state| Task {
        id: TaskId::from_number(40),
        kind: "pool.scrub".into(),
        title: "Checking all files".into(),
        who: Actor::Console,
        state,
        progress: Some(Progress { done: 1, total: 2 }),
        started: at,
        updated: at,
    };
    let states = async |croft: &TestBox| -> Vec<Value> {
        let tasks = croft.get("/api/v1/tasks").await.expect(200);
        tasks.as_array().expect("a list").iter().map(|task| json!([task["id"], task["state"]["is"]])).collect()
    };
    let mut croft = TestBox::claimed().await;
    croft.croft.tasks.reported("storage", vec![task(TaskState::Running)]).expect("kept");
    // Killed, and then stopped in order.
    for orderly in [false, true] {
        if orderly {
            croft.croft.tasks.park().expect("parked");
        }
        croft = TestBox::on(croft.disk.after_the_crash()).await;
        assert_eq!(states(&croft).await, [json!(["t1", "parked"])]);
        croft.ask(As::Ana, Method::DELETE, "/api/v1/tasks/t1", Value::Null).await.refused(409, "task-not-here");
        croft.croft.tasks.reported("storage", vec![task(TaskState::Running)]).expect("kept");
        assert_eq!(states(&croft).await, [json!(["t1", "running"])]);
    }
    // Another role has numbers of its own.
    croft.croft.tasks.reported("backup", vec![task(TaskState::Running)]).expect("kept");
    croft.croft.tasks.reported("storage", vec![task(TaskState::Done)]).expect("kept");
    assert_eq!(states(&croft).await, [json!(["t2", "running"]), json!(["t1", "done"])]);
}
