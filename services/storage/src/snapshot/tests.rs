//! The keeper of snapshots behind the role's socket, with pretended spaces and a clock that is set.

use std::{
    sync::{
        Arc,
        atomic::{AtomicI64, Ordering},
    },
    time::Duration,
};

use croft_disks::{FakeDisks, FakeSnapshots, Pool, Snapshots};
use croft_model::{Bytes, PersonId, PersonRole, PoolAbsent, Principal, Projection, Proof, Protection, Scope, SnapshotName, SpaceId};
use http::Method;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::sync::watch;

use crate::{
    snapshot::records::{SnapshotRecord, SpaceRecord},
    tell,
    tests::{House, SEED, Spaces, pool::disks_and_pool},
};

const BEGIN: i64 = 1_796_089_416;
const HOUR: i64 = 3600;
const MB: u64 = 1_000_000;

struct Home {
    house: House,
    volumes: FakeSnapshots,
    now: Arc<AtomicI64>,
    settings: watch::Sender<Option<Projection>>,
}

fn s(number: u16) -> SpaceId {
    SpaceId::from_number(number)
}

fn name(second: i64) -> SnapshotName {
    SnapshotName::at(Timestamp::from_second(second).unwrap())
}

/// Ana's own space, and the photos, which Ben may change and Eva may see.
fn household(change: impl FnOnce(&mut Value)) -> Projection {
    let mut document = json!({
        "generation": 1, "one_user": false,
        "people": { "p1": { "name": "ana", "display_name": "Ana", "role": "owner", "space": "s1" } },
        "spaces": {
            "s1": { "number": 1, "name": "ana", "kind": "personal", "members": { "p1": "manage" } },
            "s2": { "number": 2, "name": "Photos", "kind": "shared", "members": { "p2": "write", "p3": "read" } },
        },
        "time": { "zone": "Europe/Berlin" },
        "snapshots": {},
    });
    change(&mut document);
    serde_json::from_value(document).unwrap()
}

impl Home {
    fn new() -> Self {
        Self::with(FakeSnapshots::new(&[s(1), s(2)]), household(|_| {}))
    }

    fn with(volumes: FakeSnapshots, household: Projection) -> Self {
        Self::on(FakeDisks::new(Vec::new()), Err(PoolAbsent::OtherFileSystem), volumes, household)
    }

    fn on(disks: FakeDisks, pool: Result<Arc<dyn Pool>, PoolAbsent>, volumes: FakeSnapshots, household: Projection) -> Self {
        let now = Arc::new(AtomicI64::new(BEGIN));
        let (settings, household) = watch::channel(Some(household));
        let clock = {
            let now = Arc::clone(&now);
            Arc::new(move || Timestamp::from_second(now.load(Ordering::Relaxed)).unwrap())
        };
        let spaces = Spaces { volumes: Some(Arc::new(volumes.clone())), household, clock };
        let house = House::whole(disks, pool, spaces);
        Self { house, volumes, now, settings }
    }

    fn change(&self, change: impl FnOnce(&mut Value)) {
        self.settings.send_replace(Some(household(change)));
    }

    fn later(&self, seconds: i64) {
        self.now.fetch_add(seconds, Ordering::Relaxed);
    }

    async fn names(&self, space: SpaceId) -> Vec<i64> {
        let seen = self.volumes.look(space).await.unwrap().unwrap();
        seen.snapshots.iter().map(|snapshot| snapshot.name.time().as_second() - BEGIN).collect()
    }

    /// Waits until the space has snapshots of these seconds.
    async fn until(&self, space: SpaceId, expected: &[i64]) {
        let waiting = async {
            while self.names(space).await != expected {
                tokio::time::sleep(Duration::from_millis(5)).await; // waits: for the keeper, which looks by the clock
            }
        };
        let ended = tokio::time::timeout(Duration::from_secs(20), waiting).await;
        assert!(ended.is_ok(), "{:?} never becomes {expected:?}", self.names(space).await);
    }

    /// Two whole turns from now on.
    async fn turns(&self) {
        for _ in 0..2 {
            self.house.snapshots.turn().await;
        }
    }

    async fn ask(&self, person: u32, proof: Option<&str>, method: Method, path: &str, body: Value) -> (u16, Value) {
        let (who, scopes): (_, &[Scope]) = match person {
            0 => (Principal::Console, &[Scope::Account, Scope::Manage]),
            1 => (who(1, PersonRole::Owner), &[Scope::Account, Scope::Files, Scope::Manage]),
            _ => (who(person, PersonRole::Member), &[Scope::Account, Scope::Files]),
        };
        self.house.ask_who(who, scopes, proof, method, path, body).await
    }

    async fn list(&self, space: &str) -> Value {
        let (status, list) = self.ask(0, None, Method::GET, &format!("/api/v1/snapshots/{space}"), Value::Null).await;
        assert_eq!(status, 200, "{list}");
        list
    }

    fn warnings(&self) -> Vec<String> {
        let warnings = tell::report(&self.house.keeper, &self.house.doctor, Timestamp::now()).warnings;
        warnings.into_iter().map(|warning| format!("{} {}", warning.code, warning.subject)).collect()
    }
}

fn who(person: u32, role: PersonRole) -> Principal {
    Principal::Person { id: PersonId::from_number(person), name: format!("p{person}"), role }
}

#[tokio::test]
async fn what_changed_is_kept_once_an_hour_and_what_did_not_is_not_kept_again() {
    let home = Home::new();
    home.until(s(1), &[0]).await;
    home.later(HOUR);
    home.turns().await;
    assert_eq!(home.names(s(1)).await, [0], "nothing has changed");
    let _ = home.volumes.write(s(1), MB);
    home.until(s(1), &[0, HOUR]).await;
    let _ = home.volumes.write(s(1), MB);
    home.later(60);
    home.turns().await;
    assert_eq!(home.names(s(1)).await, [0, HOUR], "this hour has one");
    // Back by an hour and forth again: both have theirs.
    home.later(-HOUR);
    home.turns().await;
    assert_eq!(home.names(s(1)).await, [0, HOUR]);
    home.later(2 * HOUR);
    home.until(s(1), &[0, HOUR, 2 * HOUR + 60]).await;
    assert_eq!(home.names(s(2)).await, [0], "another space is another story");
    let list = home.list("s1").await;
    assert_eq!((list["snapshots"][0]["why"].as_str(), list["snapshots"].as_array().map(Vec::len)), (Some("schedule"), Some(3)), "{list}");
    assert_eq!((&list["schedule"], &list["impossible"]), (&"on".into(), &Value::Null));
}

#[tokio::test]
async fn the_schedule_thins_and_can_be_off_for_all_or_for_one() {
    let home = Home::new();
    for _ in 0..60 {
        let _ = home.volumes.write(s(1), MB);
        home.turns().await;
        home.later(HOUR);
    }
    let kept = home.names(s(1)).await;
    assert_eq!(kept.len(), 24 + 1, "the hours, and the end of the day before them: {kept:?}");
    home.change(|settings| settings["snapshots"] = json!({ "hourly": 3, "daily": 0, "weekly": 0, "monthly": 0 }));
    home.until(s(1), &kept[22..]).await;
    home.change(|settings| settings["snapshots"] = json!({ "hourly": 0, "daily": 0, "weekly": 0, "monthly": 0 }));
    let _ = home.volumes.write(s(1), MB);
    home.turns().await;
    assert_eq!(home.names(s(1)).await, kept[22..], "off: none comes, none goes");
    home.change(|settings| settings["spaces"]["s1"]["snapshots"] = "off".into());
    home.turns().await;
    assert_eq!(home.names(s(1)).await, kept[22..]);
    home.change(|settings| settings["spaces"]["s1"]["archived_at"] = "2026-12-01T00:00:00Z".into());
    home.turns().await;
    assert_eq!(home.names(s(1)).await, kept[22..], "what was put away stays as it is");
}

#[tokio::test]
async fn what_somebody_wants_is_taken_and_stays() {
    let home = Home::new();
    home.change(|settings| settings["snapshots"] = json!({ "hourly": 1, "daily": 0, "weekly": 0, "monthly": 0 }));
    home.turns().await;
    let body = json!({ "why": "by-hand", "note": " before the move " });
    let (status, would) = home.ask(2, None, Method::POST, "/api/v1/snapshots/s2?dry_run=true", body.clone()).await;
    assert_eq!((status, &would["name"], home.names(s(2)).await.len()), (200, &"@GMT-2026.12.01-01.43.37".into(), 1), "{would}");
    let (status, taken) = home.ask(2, None, Method::POST, "/api/v1/snapshots/s2", body).await;
    assert_eq!((status, &taken["note"], &taken["by"]["name"]), (201, &"before the move".into(), &"p2".into()), "{taken}");
    let (status, taken) = home.ask(1, None, Method::POST, "/api/v1/snapshots/s2", json!({ "why": "before-restore" })).await;
    assert_eq!((status, &taken["until"]), (201, &"2026-12-31T01:43:38Z".into()), "{taken}");
    for hours in 1..40 * 24 {
        home.now.store(BEGIN + hours * HOUR, Ordering::Relaxed);
        if hours % 24 == 0 {
            let _ = home.volumes.write(s(2), MB);
            home.turns().await;
        }
    }
    let kept = home.names(s(2)).await;
    assert_eq!((kept.len(), kept[0]), (2, 1), "what was wanted, and the last hour; the one before a restore had its 30 days: {kept:?}");
    assert!(home.house.keeper.state().lines.iter().any(|line| line.sentence == "p2 kept how Photos is now."));
}

#[tokio::test]
async fn who_may_do_what_is_said_by_the_right_in_the_space() {
    let home = Home::new();
    home.turns().await;
    let check = async |person: u32, method: Method, path: &str, expected: (u16, &str)| {
        let body = if method == Method::POST { json!({ "why": "by-hand" }) } else { Value::Null };
        let (status, answer) = home.ask(person, None, method.clone(), path, body).await;
        assert_eq!((status, answer["code"].as_str().unwrap_or_default()), expected, "p{person} {method} {path}: {answer}");
    };
    let (list, unknown) = ("/api/v1/snapshots/s2", (404, "no-such-space"));
    check(3, Method::GET, list, (200, "")).await;
    check(3, Method::GET, "/api/v1/usage/s2", (200, "")).await;
    check(3, Method::POST, list, (403, "not-allowed")).await;
    check(4, Method::GET, list, unknown).await;
    check(2, Method::GET, "/api/v1/snapshots/s1", unknown).await;
    check(2, Method::GET, "/api/v1/usage/s1", unknown).await;
    check(1, Method::GET, "/api/v1/snapshots/s9", unknown).await;
    check(1, Method::POST, list, (201, "")).await;
    let one = format!("{list}/{}", name(BEGIN + 1));
    check(2, Method::DELETE, &one, (403, "not-allowed")).await;
    check(1, Method::DELETE, &one, (403, "proof-missing")).await;
    check(1, Method::DELETE, &format!("{one}?dry_run=true"), (200, "")).await;
    check(1, Method::DELETE, &format!("{list}/{}", name(BEGIN + 9)), (404, "no-such-snapshot")).await;
    for wrong in ["..", "@GMT-2026.12.01-01.43.61", "%2e%2e%2fs1", "s1"] {
        check(1, Method::DELETE, &format!("{list}/{wrong}"), (404, "no-such-thing")).await;
    }
    check(1, Method::GET, "/api/v1/snapshots/s02", (404, "no-such-thing")).await;
    for body in [json!({}), json!({ "why": "schedule" }), json!({ "why": "by-hand", "path": "/" })] {
        assert_eq!(home.ask(1, None, Method::POST, list, body).await.1["code"], "body-invalid");
    }
    for note in ["x".repeat(201), "a\nb".into()] {
        assert_eq!(home.ask(1, None, Method::POST, list, json!({ "why": "by-hand", "note": note })).await.1["code"], "note-invalid");
    }
    assert_eq!(home.names(s(2)).await.len(), 2);
}

#[tokio::test]
async fn one_is_removed_with_a_proof_of_this_very_one() {
    let home = Home::new();
    home.turns().await;
    assert_eq!(home.ask(1, None, Method::POST, "/api/v1/snapshots/s2", json!({ "why": "by-hand" })).await.0, 201);
    let one = format!("/api/v1/snapshots/s2/{}", name(BEGIN + 1));
    let proof = |target: &str| {
        let (person, expires) = (PersonId::from_number(1), Timestamp::now().as_second() + 50);
        let proof = Proof { person, operation: "snapshot.remove".into(), target: target.into(), expires };
        croft_api::capability::Minter::from_seed(&SEED).unwrap().prove(&proof)
    };
    let other = proof(&format!("s2 {}", name(BEGIN)));
    assert_eq!(home.ask(1, Some(&other), Method::DELETE, &one, Value::Null).await.1["code"], "proof-refused");
    let this = proof(&format!("s2 {}", name(BEGIN + 1)));
    assert_eq!(home.ask(1, Some(&this), Method::DELETE, &one, Value::Null).await.0, 200);
    assert_eq!(home.names(s(2)).await, [0]);
    assert_eq!(home.ask(1, Some(&this), Method::DELETE, &one, Value::Null).await.1["code"], "no-such-snapshot");
}

#[tokio::test]
async fn what_somebody_began_who_was_killed_comes_to_its_end() {
    let volumes = FakeSnapshots::new(&[s(1), s(2)]);
    for second in [-300, -200, -100] {
        volumes.take(s(1), name(BEGIN + second)).await.unwrap();
    }
    let home =
        Home::with(volumes, household(|settings| settings["snapshots"] = json!({ "hourly": 0, "daily": 0, "weekly": 0, "monthly": 0 })));
    // Another process had kept this: one that it was about to take, one that it had taken, and one that it was removing.
    let record = |why, removing| SnapshotRecord { removing, ..SnapshotRecord::new(why) };
    {
        let _one = home.house.snapshots.working.lock().await;
        let kept = SpaceRecord {
            snapshots: [
                (name(BEGIN - 400), record(croft_model::SnapshotWhy::ByHand, false)),
                (name(BEGIN - 300), record(croft_model::SnapshotWhy::ByHand, false)),
                (name(BEGIN - 200), record(croft_model::SnapshotWhy::ByHand, true)),
                (name(BEGIN - 150), record(croft_model::SnapshotWhy::Schedule, true)),
            ]
            .into(),
        };
        home.house.snapshots.records.keep(s(1), kept.clone()).await.unwrap();
        home.house.snapshots.state().records.insert(s(1), kept);
    }
    home.until(s(1), &[-300, -100]).await;
    home.turns().await;
    let whys: Vec<Value> = home.list("s1").await["snapshots"].as_array().unwrap().iter().map(|shown| shown["why"].clone()).collect();
    assert_eq!(whys, ["found", "by-hand"], "what nobody knows is taken over, and never thinned");
    assert_eq!(home.house.snapshots.records.read().unwrap()[&s(1)].snapshots.len(), 2);
}

#[tokio::test]
async fn a_space_at_its_quota_loses_its_oldest_states_first_and_no_more_than_it_takes() {
    let home = Home::new();
    home.change(|settings| settings["spaces"]["s1"]["quota"] = (1000 * MB).into());
    let mut files = Vec::new();
    for _ in 0..4 {
        files.push(home.volumes.write(s(1), 200 * MB));
        home.turns().await;
        home.later(HOUR);
    }
    // One that is only in what the clock took.
    home.volumes.delete(s(1), files.remove(0));
    assert_eq!(home.volumes.look(s(1)).await.unwrap().unwrap().limit, Some(Bytes(1000 * MB + (64 << 20))));
    assert_eq!(home.volumes.left(s(1)), Some(Bytes(200 * MB)));
    assert_eq!(home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await.0, 201);
    assert_eq!(home.names(s(1)).await, [0, HOUR, 2 * HOUR, 3 * HOUR, 4 * HOUR]);
    assert_eq!(home.warnings(), Vec::<String>::new());

    // 600 are there, the snapshots hold 200 more; now they are deleted, and others come.
    home.volumes.clean_late();
    files.iter().for_each(|file| home.volumes.delete(s(1), *file));
    home.later(60);
    let _ = home.volumes.write(s(1), 170 * MB);
    let turning = {
        let snapshots = Arc::clone(&home.house.snapshots);
        tokio::spawn(async move { snapshots.turn().await })
    };
    // Near its quota. Four states hold what nothing else does: it becomes free with the last of them.
    let cleaning = async {
        loop {
            home.volumes.clean();
            tokio::time::sleep(Duration::from_millis(20)).await; // waits: as the kernel's cleaner, which comes by now and then
        }
    };
    tokio::select! {
        ended = turning => ended.unwrap(),
        () = cleaning => {}
    }
    let kept = home.names(s(1)).await;
    assert_eq!(kept, [4 * HOUR, 4 * HOUR + 60], "the one that somebody wanted, and the last one");
    assert_eq!(home.warnings(), Vec::<String>::new());
    assert_eq!(home.volumes.left(s(1)), Some(Bytes(230 * MB)), "its worker knows");
    assert!(home.house.keeper.state().lines.iter().any(|line| line.sentence.ends_with("of Ana made room before their time.")));

    let list = home.list("s1").await;
    let alone: Vec<&Value> = list["snapshots"].as_array().unwrap().iter().map(|shown| &shown["exclusive"]).collect();
    assert_eq!(alone, [&json!(0), &json!(600 * MB)]);
    let usage = home.ask(1, None, Method::GET, "/api/v1/usage/s1", Value::Null).await.1;
    let expected = json!({
        "space": "s1", "files": 170 * MB, "versions": 0, "snapshots": 600 * MB, "charged": 770 * MB,
        "quota": { "limit": 1000 * MB, "enforced": true },
    });
    assert_eq!(usage, expected);
    home.change(|_| {});
    home.turns().await;
    assert_eq!(home.volumes.look(s(1)).await.unwrap().unwrap().limit, None);
    assert_eq!((home.warnings(), home.volumes.left(s(1))), (Vec::<String>::new(), None));
}

#[tokio::test]
async fn what_frees_nothing_and_the_last_state_of_each_day_of_a_week_stay_in_a_full_space() {
    let home = Home::new();
    home.change(|settings| settings["spaces"]["s1"]["quota"] = (1000 * MB).into());
    let _all_the_time = home.volumes.write(s(1), 100 * MB);
    let mut expected = Vec::new();
    for day in 0..9 {
        // Two states a day; the first one of each alone holds a megabyte from the third day on.
        for hour in [0, HOUR] {
            home.now.store(BEGIN + day * 24 * HOUR + hour, Ordering::Relaxed);
            let file = home.volumes.write(s(1), MB);
            home.turns().await;
            home.volumes.delete(s(1), file);
        }
        if day >= 2 {
            expected.push(day * 24 * HOUR + HOUR);
        }
    }
    assert_eq!(home.names(s(1)).await.len(), 18);
    // Somebody fills it.
    let filled = home.volumes.write(s(1), 880 * MB);
    home.later(60);
    home.turns().await;
    assert_eq!(home.warnings(), ["space-nearly-full s1"]);
    assert_eq!(home.names(s(1)).await, expected, "a week of days is left");
    home.volumes.delete(s(1), filled);
    home.turns().await;

    let quiet = Home::new();
    quiet.change(|settings| settings["spaces"]["s1"]["quota"] = (1000 * MB).into());
    for _ in 0..4 {
        let _ = quiet.volumes.write(s(1), 240 * MB);
        quiet.turns().await;
        quiet.later(HOUR);
    }
    quiet.turns().await;
    assert_eq!(quiet.warnings(), ["space-nearly-full s1"]);
    assert_eq!(quiet.names(s(1)).await.len(), 4, "all that they hold is there still: nothing would become free");
}

#[tokio::test]
async fn a_removed_state_that_somebody_has_open_does_not_hold_up_all_others_for_ever() {
    let home = Home::new();
    home.change(|settings| settings["spaces"]["s1"]["quota"] = (1000 * MB).into());
    for _ in 0..6 {
        let file = home.volumes.write(s(1), 100 * MB);
        home.turns().await;
        home.volumes.delete(s(1), file);
        home.later(HOUR);
    }
    home.volumes.clean_late();
    let _ = home.volumes.write(s(1), 350 * MB);
    home.turns().await;
    let left = home.names(s(1)).await.len();
    assert!((1..=4).contains(&left), "a few go in each turn, whatever is not cleaned away: {left}");
}

#[tokio::test]
async fn a_pool_at_its_end_takes_the_oldest_states_of_all_spaces() {
    let off = |settings: &mut Value| settings["snapshots"] = json!({ "hourly": 0, "daily": 0, "weekly": 0, "monthly": 0 });
    let check = async |data: u64, expected: [usize; 2]| {
        let (disks, pool) = disks_and_pool(1, 1, Protection::Single, data);
        let volumes = FakeSnapshots::new(&[s(1), s(2)]);
        let home = Home::on(disks, Ok(Arc::new(pool.clone())), volumes, household(off));
        // None is taken before it is known how full the pool is.
        home.house.keeper.look().await;
        home.change(|_| {});
        let mut files = Vec::new();
        for _ in 0..3 {
            files.drain(..).for_each(|(space, file)| home.volumes.delete(space, file));
            files.extend([1, 2].map(|number| (s(number), home.volumes.write(s(number), MB))));
            home.turns().await;
            home.later(HOUR);
        }
        assert_eq!(home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await.0, 201);
        home.turns().await;
        assert_eq!([home.names(s(1)).await.len(), home.names(s(2)).await.len()], expected, "{data}");
    };
    // Of 64 GB.
    check(50_000 * MB, [4, 3]).await;
    check(60_300 * MB, [2, 1]).await;
    check(63_500 * MB, [1, 0]).await;
}

#[tokio::test]
async fn what_is_not_possible_is_said() {
    let volumes = FakeSnapshots::new(&[s(1)]);
    volumes.make_folder(s(1));
    volumes.cannot_count();
    let home = Home::with(volumes, household(|settings| settings["spaces"]["s1"]["quota"] = (1000 * MB).into()));
    home.turns().await;
    let list = home.list("s1").await;
    assert_eq!(list["impossible"]["reason"], "folder", "{list}");
    let (status, answer) = home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await;
    assert_eq!((status, &answer["code"], &answer["detail"]), (409, &"snapshots-impossible".into(), &list["impossible"]["sentence"]));
    assert_eq!(home.list("s2").await["impossible"]["reason"], "missing");
    assert_eq!(home.ask(1, None, Method::GET, "/api/v1/usage/s1", Value::Null).await.1["quota"]["enforced"], false);
    assert_eq!(home.warnings(), ["snapshots-impossible s1"]);

    let home = Home::with(FakeSnapshots::elsewhere(), household(|_| {}));
    home.turns().await;
    assert_eq!(home.list("s1").await["impossible"]["reason"], "other-file-system");
    assert_eq!(home.warnings(), Vec::<String>::new());
}

#[tokio::test]
async fn a_disk_that_refuses_is_told_until_it_no_longer_does() {
    let home = Home::new();
    home.turns().await;
    home.volumes.fail(true);
    home.turns().await;
    assert_eq!(home.warnings(), ["snapshots-failing s1", "snapshots-failing s2"]);
    let (status, answer) = home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await;
    assert_eq!((status, &answer["code"]), (503, &"snapshots-unreadable".into()));
    home.volumes.fail(false);
    home.turns().await;
    assert_eq!((home.warnings(), home.names(s(1)).await.len()), (Vec::<String>::new(), 1));
}

#[tokio::test]
async fn a_hundred_that_somebody_wanted_are_enough() {
    let home = Home::new();
    for _ in 0..super::plan::MAX_WANTED {
        assert_eq!(home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await.0, 201);
        home.later(1);
    }
    let (status, answer) = home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await;
    assert_eq!((status, &answer["code"]), (409, &"snapshots-too-many".into()));
}

#[tokio::test]
async fn of_a_hundred_before_a_restore_the_oldest_makes_room() {
    let home = Home::new();
    home.turns().await;
    for _ in 0..super::plan::MAX_BEFORE_RESTORE + 2 {
        home.later(1);
        assert_eq!(home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "before-restore" })).await.0, 201);
    }
    let names = home.names(s(1)).await;
    assert_eq!((names.len(), &names[..2]), (101, &[0, 3][..]), "the one by the clock, and the latest hundred");
    assert_eq!(home.ask(1, None, Method::POST, "/api/v1/snapshots/s1", json!({ "why": "by-hand" })).await.0, 201);
}

#[tokio::test]
async fn one_that_cannot_be_removed_holds_up_nothing_else() {
    let home = Home::new();
    home.change(|settings| settings["snapshots"] = json!({ "hourly": 1, "daily": 0, "weekly": 0, "monthly": 0 }));
    home.turns().await;
    home.volumes.hold(name(BEGIN), true);
    for _ in 0..2 {
        let _ = home.volumes.write(s(1), MB);
        home.later(HOUR);
        home.turns().await;
    }
    assert_eq!(home.names(s(1)).await, [0, 2 * HOUR], "others come and go");
    let shown = home.list("s1").await;
    assert_eq!(shown["snapshots"].as_array().map(Vec::len), Some(1), "what is to go is shown no more: {shown}");
    home.volumes.hold(name(BEGIN), false);
    home.turns().await;
    assert_eq!(home.names(s(1)).await, [2 * HOUR]);
}

#[tokio::test]
async fn the_pool_counts_from_the_first_quota_on_and_a_quota_below_what_is_there_leaves_room_to_delete() {
    let home = Home::new();
    let _ = home.volumes.write(s(1), 1000 * MB);
    home.turns().await;
    assert!(!home.volumes.is_counting().await.unwrap());
    let usage = home.ask(1, None, Method::GET, "/api/v1/usage/s1", Value::Null).await.1;
    assert_eq!(usage, json!({ "space": "s1", "files": 1000 * MB, "versions": 0 }), "nothing is said that nobody counts");
    home.change(|settings| settings["spaces"]["s1"]["quota"] = (400 * MB).into());
    home.turns().await;
    home.turns().await;
    assert!(home.volumes.is_counting().await.unwrap());
    let limit = home.volumes.look(s(1)).await.unwrap().unwrap().limit;
    assert_eq!((limit, home.volumes.left(s(1))), (Some(Bytes(1000 * MB + (64 << 20))), Some(Bytes(0))));
}

#[tokio::test]
async fn rooms_for_backups_are_kept_to_what_the_owner_gave_while_they_are_served() {
    let home = Home::new();
    let ana = PersonId::from_number(1);
    home.volumes.make_room(ana, Bytes(10 * MB));
    home.turns().await;
    assert_eq!(home.volumes.limit_of_room(ana), None);
    let rooms = |gib: u64| json!({ "serve": "on", "time_machine": { "p1": { "quota_gib": gib }, "p2": { "quota_gib": 16 } } });
    home.change(|settings| settings["shares"] = rooms(100));
    home.turns().await;
    let most = home.volumes.limit_of_room(ana).unwrap().0;
    assert!((100 << 30..101 << 30).contains(&most), "{most}");
    // A smaller room is never smaller than what lies in it: deletions write a little, too.
    home.volumes.make_room(ana, Bytes(20 << 30));
    home.change(|settings| settings["shares"] = rooms(16));
    home.turns().await;
    assert!(home.volumes.limit_of_room(ana).unwrap().0 > 20 << 30);
}
