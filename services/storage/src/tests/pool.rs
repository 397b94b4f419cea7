//! The pool behind the role's socket.

use croft_disks::{FakeCall, FakePool, PoolError};
use croft_model::{MemberErrors, PersonId, PersonRole, PoolEnd, PoolView, Proof, Protection, Severity, TaskState};
use jiff::SignedDuration;

use super::*;
use crate::{records::PoolRecord, tell};

const GB: u64 = 1_000_000_000;

/// A box with a pool.
pub(super) struct Pooled {
    pub(super) house: House,
    pub(super) pool: FakePool,
}

/// So many empty disks of 64 GB, with a pool of the first `members`.
pub(crate) fn disks_and_pool(disks: u8, members: u8, protection: Protection, data: u64) -> (FakeDisks, FakePool) {
    let fake = FakeDisks::new((1..=disks).map(|number| disk(number, Holds::Nothing, None)).collect());
    let on: Vec<DiskId> = (1..=members).map(id).collect();
    let pool = FakePool::new(&fake, &on, crate::room::target(protection, usize::from(members)), Bytes(data));
    (fake, pool)
}

impl Pooled {
    fn new(disks: u8, members: u8, protection: Protection) -> Self {
        let (disks, pool) = disks_and_pool(disks, members, protection, 2 * GB);
        Self { house: House::with(disks, Ok(Arc::new(pool.clone()))), pool }
    }

    async fn console(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.house.ask_who(Principal::Console, &[Scope::Manage], None, method, path, body).await
    }

    async fn ana(&self, proof: Option<&str>, body: Value) -> (u16, Value) {
        let ana = Principal::Person { id: PersonId::from_number(1), name: "ana".into(), role: PersonRole::Owner };
        self.house.ask_who(ana, &[Scope::Manage], proof, Method::POST, "/api/v1/pool/changes", body).await
    }

    async fn begin(&self, body: Value) -> Value {
        let (status, answer) = self.console(Method::POST, "/api/v1/pool/changes", body).await;
        assert_eq!(status, 202, "{answer}");
        answer
    }

    /// The pool, once `fits` is true of it.
    async fn until(&self, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let (_, pool) = self.console(Method::GET, "/api/v1/pool", Value::Null).await;
                if fits(&pool) {
                    return pool;
                }
                // waits: for the keeper, which looks by the clock.
                tokio::time::sleep(LOOK / 2).await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("{what} does not come"))
    }

    /// The pool, once nothing is done to it.
    async fn settled(&self) -> Value {
        self.until("an end", |pool| pool["is"] == "present" && pool["work"].is_null()).await
    }

    async fn settled_as(&self, state: &str) -> Value {
        self.until(state, |pool| pool["work"].is_null() && pool["state"] == state).await
    }

    fn codes(&self) -> Vec<String> {
        tell::report(&self.house.keeper, &self.house.doctor, Timestamp::now()).warnings.into_iter().map(|warning| warning.code).collect()
    }
}

pub(super) fn new_disk(number: u8) -> Value {
    json!({ "id": id(number), "contents": format!("contents {number}") })
}

#[tokio::test]
async fn a_box_without_a_pool_says_why() {
    let house = House::new();
    let manage = async |method, path, body| house.ask_who(Principal::Console, &[Scope::Manage], None, method, path, body).await;
    let mut view = Value::Null;
    while view["is"] != "absent" {
        view = manage(Method::GET, "/api/v1/pool", Value::Null).await.1;
    }
    assert_eq!(view, json!({ "is": "absent", "reason": "other-file-system" }));
    let (status, refused) = manage(Method::POST, "/api/v1/pool/changes", json!({ "do": "scrub" })).await;
    assert_eq!((status, &refused["code"]), (409, &"pool-absent".into()));
    let (status, refused) = manage(Method::DELETE, "/api/v1/pool/changes", Value::Null).await;
    assert_eq!((status, &refused["code"]), (409, &"nothing-to-cancel".into()));
    let report = tell::report(&house.keeper, &house.doctor, Timestamp::now());
    assert!(report.warnings.is_empty() && report.tasks.is_empty());
}

#[tokio::test]
async fn a_second_disk_makes_a_mirror() {
    let pooled = Pooled::new(2, 1, Protection::Single);
    let before = pooled.settled().await;
    assert_eq!(
        (&before["state"], &before["protection"], &before["members"][0]["state"]),
        (&"unprotected".into(), &"single".into(), &"well".into())
    );
    // The other disk is empty, so it is said that it could protect.
    assert_eq!(pooled.codes(), ["pool-not-protected"]);
    let change = json!({ "do": "grow", "disk": new_disk(2) });
    let (status, plan) = pooled.console(Method::POST, "/api/v1/pool/plan", change.clone()).await;
    assert_eq!((status, &plan["steps"], &plan["protection_after"]), (200, &json!(["join", "spread"]), &"mirror".into()), "{plan}");
    assert!(pooled.pool.calls().is_empty(), "a plan changes nothing");
    let begun = pooled.begin(change).await;
    assert_eq!((&begun["work"]["change"]["do"], &begun["work"]["cancelling"]), (&"grow".into(), &false.into()));
    let pool = pooled.settled_as("protected").await;
    assert_eq!(
        (&pool["protection"], &pool["last"]["how"]["is"], pool["members"].as_array().map(Vec::len)),
        (&"mirror".into(), &"done".into(), Some(2))
    );
    assert_eq!(pooled.pool.calls(), [FakeCall::Add, FakeCall::Convert]);
    assert_eq!((pooled.pool.bears(), pooled.pool.is_whole()), (1, true));
    let report = tell::report(&pooled.house.keeper, &pooled.house.doctor, Timestamp::now());
    assert_eq!((report.warnings.len(), report.tasks.len()), (0, 1));
    assert_eq!(
        (report.tasks[0].kind.as_str(), &report.tasks[0].state, report.tasks[0].title.as_str()),
        ("pool.grow", &TaskState::Done, "Taking Disk 2 into the pool")
    );
    let lines: Vec<String> = pooled.house.keeper.state().lines.iter().map(|line| line.sentence.clone()).collect();
    assert_eq!(lines, ["console began: taking Disk 2 into the pool.", "Done: taking Disk 2 into the pool."]);
}

#[tokio::test]
async fn what_takes_something_away_wants_a_proof_and_a_label() {
    let (disks, pool) = disks_and_pool(2, 1, Protection::Single, GB);
    disks.change(vec![disk(2, Holds::Bytes, Some("Photos"))]);
    let pooled = Pooled { house: House::with(disks, Ok(Arc::new(pool.clone()))), pool };
    pooled.settled().await;
    let mut body = json!({ "do": "grow", "disk": new_disk(2) });
    // What would be refused anyhow asks for no passphrase.
    assert_eq!(pooled.ana(None, body.clone()).await.1["code"], "label-wrong");
    body["disk"]["label"] = "photos".into();
    assert_eq!(pooled.ana(None, body.clone()).await.1["code"], "label-wrong");
    body["disk"]["label"] = "Photos".into();
    let (status, refused) = pooled.ana(None, body.clone()).await;
    let target = format!("{} contents 2", id(2));
    let (_, plan) = pooled.console(Method::POST, "/api/v1/pool/plan", body.clone()).await;
    assert_eq!(plan["proof"], json!({ "operation": "pool.grow", "target": target }));
    assert_eq!((status, &refused["code"]), (403, &"proof-missing".into()));
    assert!(refused["hint"].as_str().unwrap().starts_with(&format!("Prove `pool.grow` of `{target}`")), "{refused}");
    let prove = |operation: &str, target: &str| {
        let proof = Proof {
            person: PersonId::from_number(1),
            operation: operation.into(),
            target: target.into(),
            expires: Timestamp::now().as_second() + 100,
        };
        Minter::from_seed(&SEED).unwrap().prove(&proof)
    };
    for (operation, target) in [("pool.replace", target.as_str()), ("pool.grow", "disk-1 c")] {
        assert_eq!(pooled.ana(Some(&prove(operation, target)), body.clone()).await.1["code"], "proof-refused", "{operation} {target}");
    }
    assert!(pooled.pool.calls().is_empty());
    assert_eq!(pooled.ana(Some(&prove("pool.grow", &target)), body).await.0, 202);
    pooled.settled_as("protected").await;
    // What takes nothing away wants none; fewer copies do.
    assert_eq!(pooled.ana(None, json!({ "do": "scrub" })).await.0, 202);
    pooled.settled_as("protected").await;
    assert_eq!(pooled.ana(None, json!({ "do": "protect", "protection": "single" })).await.1["code"], "proof-missing");
}

#[tokio::test]
async fn there_is_one_at_a_time_and_it_can_be_given_up() {
    let pooled = Pooled::new(4, 2, Protection::Mirror);
    pooled.settled().await;
    pooled.pool.pass(3);
    pooled.begin(json!({ "do": "replace", "member": 2, "disk": new_disk(3) })).await;
    let pool = pooled.until("the copy", |pool| pool["work"]["progress"]["total"].as_u64() > Some(0)).await;
    assert_eq!((&pool["work"]["step"], &pool["work"]["change"]["member"]), (&"rebuild".into(), &2.into()));
    let (status, refused) = pooled.console(Method::POST, "/api/v1/pool/changes", json!({ "do": "scrub" })).await;
    assert_eq!((status, &refused["code"]), (409, &"pool-change-under-way".into()));
    let report = tell::report(&pooled.house.keeper, &pooled.house.doctor, Timestamp::now());
    assert_eq!((report.tasks[0].state.clone(), report.tasks[0].progress.is_some()), (TaskState::Running, true));
    assert_eq!(report.tasks[0].title, "Putting Disk 3 in the place of disk 2: copying to the new disk");
    assert_eq!(pooled.console(Method::DELETE, "/api/v1/pool/changes", Value::Null).await.0, 202);
    pooled.pool.pass(u64::MAX);
    let pool = pooled.settled_as("protected").await;
    assert_eq!((&pool["last"]["how"]["is"], &pool["members"][1]["disk"]), (&"cancelled".into(), &json!(id(2))));
    assert_eq!(pooled.console(Method::DELETE, "/api/v1/pool/changes", Value::Null).await.1["code"], "nothing-to-cancel");
    // The disk is free again, and may be chosen again: it is not as it was.
    let replace = json!({ "do": "replace", "member": 2, "disk": new_disk(3) });
    assert_eq!(pooled.console(Method::POST, "/api/v1/pool/plan", replace).await.1["code"], "disk-changed");
}

#[tokio::test]
async fn a_failure_says_what_happened_and_leaves_the_pool_as_safe_as_it_was() {
    let pooled = Pooled::new(3, 2, Protection::Mirror);
    pooled.settled().await;
    let refused = |kind: std::io::ErrorKind| PoolError::Refused { what: "move data", source: kind.into() };
    pooled.pool.fail(FakeCall::Convert, refused(std::io::ErrorKind::StorageFull));
    pooled.begin(json!({ "do": "grow", "disk": new_disk(3), "protection": "triple" })).await;
    let pool = pooled.settled_as("protected").await;
    assert_eq!(pool["last"]["how"], json!({ "is": "failed", "reason": "There was not enough room to move data." }));
    // The disk is in the pool, and files lie as they did; what is left of the wish is another change.
    assert_eq!((pool["members"].as_array().map(Vec::len), &pool["protection"]), (Some(3), &"mirror".into()));
    pooled.begin(json!({ "do": "protect", "protection": "triple" })).await;
    let pool = pooled.until("three copies", |pool| pool["work"].is_null() && pool["protection"] == "triple").await;
    assert_eq!((&pool["state"], pooled.pool.bears()), (&"protected".into(), 2));
}

#[tokio::test]
async fn errors_are_compared_and_forgotten_only_when_nothing_was_wrong() {
    let pooled = Pooled::new(2, 2, Protection::Mirror);
    pooled.settled().await;
    assert!(pooled.pool.calls().is_empty());
    pooled.pool.errors(2, MemberErrors { write: 3, ..MemberErrors::default() });
    pooled.pool.write(Bytes(GB));
    let settled = |pool: &Value| pool["state"] == "protected" && pool["checked"].is_object();
    let pool = pooled.until("a comparison", settled).await;
    assert_eq!((&pool["checked"]["mended"], &pool["members"][1]["errors"]["write"]), (&0.into(), &0.into()));
    // What is not durable is not compared, so that comes first.
    assert_eq!(pooled.pool.calls(), [FakeCall::Sync, FakeCall::Scrub, FakeCall::Forget]);
    // One that mends something proves nothing: once more, and only then it is well.
    pooled.pool.spoil(2);
    pooled.begin(json!({ "do": "scrub" })).await;
    let mended = |pool: &Value| pool["state"] == "protected" && pool["work"].is_null() && pooled.pool.calls().len() > 5;
    let pool = pooled.until("a second comparison", mended).await;
    assert_eq!(pool["checked"]["mended"], 0);
    let calls = [FakeCall::Sync, FakeCall::Scrub, FakeCall::Sync, FakeCall::Scrub, FakeCall::Forget];
    assert_eq!(pooled.pool.calls().get(3..), Some(calls.as_slice()));
    assert!(pooled.codes().is_empty());
}

#[tokio::test]
async fn what_is_wrong_in_every_copy_is_named_by_file() {
    let pooled = Pooled::new(2, 2, Protection::Mirror);
    pooled.settled().await;
    pooled.pool.spoil(1);
    pooled.pool.spoil(2);
    pooled.begin(json!({ "do": "scrub" })).await;
    // Compared twice, and then left until the next week.
    let compared = || pooled.pool.calls().iter().filter(|call| **call == FakeCall::Scrub).count();
    pooled.until("two comparisons", |_| compared() == 2).await;
    let pool = pooled.settled().await;
    assert_eq!(pooled.pool.calls().len(), 4);
    assert_eq!((&pool["state"], &pool["checked"]["files"]), (&"doubtful".into(), &json!(["the box's own spaces/s1/files/2.jpg"])));
    let report = tell::report(&pooled.house.keeper, &pooled.house.doctor, Timestamp::now());
    let found: Vec<_> = report.warnings.iter().map(|warning| (warning.code.as_str(), warning.subject.as_str(), warning.severity)).collect();
    assert!(
        found.contains(&("pool-damaged-files", "", Severity::Critical)) && found.contains(&("pool-disk-failing", "1", Severity::Critical)),
        "{found:?}"
    );
    assert_eq!(pooled.pool.calls().iter().filter(|call| **call == FakeCall::Forget).count(), 0);
}

#[tokio::test]
async fn a_dead_disk_is_replaced_and_counts_after_all_was_compared() {
    let pooled = Pooled::new(3, 2, Protection::Mirror);
    pooled.settled().await;
    pooled.pool.vanish(2);
    let pool = pooled.settled_as("disk-missing").await;
    assert_eq!((&pool["members"][1]["state"], pool["members"][1].get("disk")), (&"missing".into(), None));
    pooled.pool.write(Bytes(GB));
    assert_eq!(pooled.pool.bears(), 0);
    pooled.begin(json!({ "do": "replace", "member": 2, "disk": new_disk(3) })).await;
    let pool = pooled.settled_as("protected").await;
    assert_eq!((&pool["members"][1]["disk"], &pool["checked"]["lost"]), (&json!(id(3)), &0.into()));
    let calls = pooled.pool.calls();
    // What was written meanwhile had one copy; that is not left so.
    use FakeCall::{Convert, Replace, Scrub, Sync};
    // The second replacement finds the disk in its place, and gives the pool all of its room.
    assert_eq!(calls.get(..5), Some([Replace, Convert, Replace, Sync, Scrub].as_slice()), "{calls:?}");
    assert_eq!((pooled.pool.bears(), pooled.pool.is_whole()), (1, true));
}

#[tokio::test]
async fn a_wish_goes_before_what_the_box_began_by_itself() {
    let pooled = Pooled::new(3, 2, Protection::Mirror);
    pooled.settled().await;
    pooled.pool.pass(1);
    pooled.pool.errors(2, MemberErrors { read: 1, ..MemberErrors::default() });
    pooled.until("a comparison", |pool| pool["work"]["change"]["do"] == "scrub").await;
    pooled.begin(json!({ "do": "replace", "member": 2, "disk": new_disk(3) })).await;
    pooled.pool.pass(u64::MAX);
    let pool = pooled.settled_as("protected").await;
    assert_eq!((&pool["last"]["change"]["do"], &pool["members"][1]["disk"]), (&"replace".into(), &json!(id(3))));
}

#[tokio::test]
async fn what_the_box_begins_and_somebody_gives_up_rests() {
    let pooled = Pooled::new(2, 2, Protection::Mirror);
    pooled.settled().await;
    pooled.pool.pass(1);
    pooled.pool.errors(2, MemberErrors { read: 1, ..MemberErrors::default() });
    pooled.until("a comparison", |pool| pool["work"]["change"]["do"] == "scrub").await;
    assert_eq!(pooled.console(Method::DELETE, "/api/v1/pool/changes", Value::Null).await.0, 202);
    pooled.pool.pass(u64::MAX);
    let pool = pooled.settled_as("doubtful").await;
    assert_eq!(pool["last"]["how"]["is"], "cancelled");
    let rests = pooled.house.keeper.state().record.as_ref().unwrap().rests["scrub"];
    assert!(rests > Timestamp::now() + SignedDuration::from_hours(23));
    assert_eq!(pooled.codes(), ["pool-disk-failing"]);
}

#[tokio::test]
async fn a_pool_that_cannot_be_looked_at_is_said_so() {
    let (disks, pool) = disks_and_pool(1, 1, Protection::Single, GB);
    pool.fail(FakeCall::Look, PoolError::Refused { what: "look", source: std::io::ErrorKind::Other.into() });
    let house = House::with(disks, Ok(Arc::new(pool.clone())));
    let pooled = Pooled { house, pool };
    // At the next look it can.
    pooled.settled().await;
    pooled.pool.gives_up_writing();
    pooled.settled_as("read-only").await;
    assert_eq!(pooled.codes(), ["pool-read-only"]);
    let (_, refused) = pooled.console(Method::POST, "/api/v1/pool/changes", json!({ "do": "scrub" })).await;
    assert_eq!(refused["code"], "pool-read-only");
    pooled.pool.lies_elsewhere();
    pooled.until("another file system", |pool| pool["is"] == "absent").await;
}

#[tokio::test]
async fn eight_disks_in_the_states_that_matter() {
    let (disks, pool) = FakePool::of_eight();
    pool.pass(0);
    let pooled = Pooled { house: House::with(disks, Ok(Arc::new(pool.clone()))), pool };
    let pool = pooled.until("the pool", |pool| pool["is"] == "present").await;
    let states: Vec<&str> = pool["members"].as_array().unwrap().iter().filter_map(|member| member["state"].as_str()).collect();
    assert_eq!((states.as_slice(), &pool["state"]), (["well", "well", "doubtful", "missing"].as_slice(), &"disk-missing".into()));
    let plan = async |change: Value| pooled.console(Method::POST, "/api/v1/pool/plan", change).await.1["code"].as_str().map(str::to_owned);
    let replace = |member: u64, number: u8| json!({ "do": "replace", "member": member, "disk": new_disk(number) });
    for (change, expected) in [
        (replace(4, 5), Some("pool-doubtful")),
        (replace(4, 6), Some("pool-doubtful")),
        (replace(1, 5), Some("pool-boot-disk")),
        (replace(4, 7), Some("disk-too-small")),
        (replace(4, 8), Some("disk-unfit")),
        (json!({ "do": "grow", "disk": new_disk(5) }), Some("pool-disk-missing")),
        (json!({ "do": "remove", "member": 9 }), Some("pool-no-such-disk")),
        (json!({ "do": "scrub" }), None),
    ] {
        assert_eq!(plan(change.clone()).await.as_deref(), expected, "{change}");
    }
}

/// What is kept.
pub(super) fn kept_by(keeper: &Keeper) -> PoolRecord {
    keeper.state().record.clone().expect("something is kept")
}

#[tokio::test]
async fn how_a_change_ended_is_known_after_a_restart() {
    let pooled = Pooled::new(2, 1, Protection::Single);
    pooled.settled().await;
    pooled.begin(json!({ "do": "grow", "disk": new_disk(2) })).await;
    pooled.settled_as("protected").await;
    let record = kept_by(&pooled.house.keeper);
    assert_eq!((record.protection, record.next, record.ended.map(|ended| ended.how)), (Protection::Mirror, 2, Some(PoolEnd::Done)));
    assert!(matches!(pooled.house.keeper.view(), Ok(PoolView::Present(_))));
}
