//! Single disks behind the role's socket: how they are, erasing, taking back, looking inside.

use croft_disks::{SmartAnswer, SmartWay};
use croft_model::{DiskReading, Event, Inside, PersonId, PersonRole, Proof, Protection, Sectors, Severity, nothing};
use jiff::{SignedDuration, Timestamp};

use super::{pool::disks_and_pool, *};
use crate::tell;

impl House {
    pub(super) async fn console(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.ask_who(Principal::Console, &[Scope::Manage], None, method, path, body).await
    }

    pub(super) async fn list(&self) -> Vec<Value> {
        let (status, disks) = self.console(Method::GET, "/api/v1/disks", Value::Null).await;
        assert_eq!(status, 200, "{disks}");
        disks.as_array().unwrap().clone()
    }

    async fn of(&self, number: u8) -> Value {
        self.list().await.into_iter().find(|disk| disk["id"] == json!(id(number))).unwrap()
    }

    /// The disk, once `fits` is true of it.
    async fn until(&self, number: u8, what: &str, fits: impl Fn(&Value) -> bool) -> Value {
        let waiting = async {
            loop {
                let disk = self.of(number).await;
                if fits(&disk) {
                    return disk;
                }
                tokio::time::sleep(LOOK).await; // waits: for the doctor, which asks one disk after the other
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting).await.unwrap_or_else(|_| panic!("{what} does not come"))
    }

    pub(super) async fn to(&self, number: u8, what: &str, body: Value) -> (u16, Value) {
        self.console(Method::POST, &format!("/api/v1/disks/{}/{what}", id(number)), body).await
    }
}

fn reading(reallocated: u64) -> DiskReading {
    let sectors = Sectors { reallocated: Some(reallocated), ..Sectors::default() };
    DiskReading { passed: Some(true), celsius: Some(31), sectors, ..nothing(Timestamp::now()) }
}

#[tokio::test]
async fn each_disk_says_how_it_is_and_one_that_tells_nothing_is_not_called_well() {
    let house = House::new();
    let quiet = house.until(1, "an answer", |disk| disk["health"]["silence"] == "mute").await;
    assert_eq!(quiet["health"]["verdict"], "unknown");
    // A disk is asked when it comes, and again in the way that worked.
    let came = disk(4, Holds::Nothing, None);
    let worn = DiskReading { worn_percent: Some(93), ..reading(0) };
    house.care.answers(&id(4), SmartAnswer::Told(worn, SmartWay::SntJmicron));
    house.disks.change([three(), vec![came]].concat());
    let before = house.keeper.disks_number();
    house.care.tell();
    let told = house.until(4, "a reading", |disk| disk["health"]["verdict"] == "watch").await;
    assert_eq!(told["health"]["reasons"], json!([{ "is": "worn", "percent": 93 }]));
    assert_eq!(told["health"]["silence"], Value::Null);
    assert!(house.keeper.disks_number() > before, "whoever listens is told");
    let report = tell::report(&house.keeper, &house.doctor, Timestamp::now());
    let said: Vec<_> = report.warnings.iter().map(|warning| (warning.code.as_str(), warning.subject.clone(), warning.severity)).collect();
    assert_eq!(said, [("disk-worn", id(4).to_string(), Severity::Degraded)]);
    assert!(report.disks > before);

    // It is unplugged, and no longer spoken of; it comes back asleep, and what it said last still stands.
    house.disks.change(three());
    house.care.tell();
    let gone = async || {
        while !tell::report(&house.keeper, &house.doctor, Timestamp::now()).warnings.is_empty() {
            tokio::time::sleep(LOOK).await; // waits: for the doctor to list the disks
        }
    };
    tokio::time::timeout(Duration::from_secs(20), gone()).await.unwrap();
    house.care.answers(&id(4), SmartAnswer::Asleep);
    house.disks.change([three(), vec![disk(4, Holds::Nothing, None)]].concat());
    house.care.tell();
    let asleep = house.until(4, "sleep", |disk| disk["health"]["silence"] == "asleep").await;
    assert_eq!((&asleep["health"]["verdict"], &asleep["health"]["reading"]["worn_percent"]), (&"watch".into(), &93.into()));
    let asked: Vec<_> = house.care.asked().into_iter().filter(|(disk, _)| *disk == id(4)).map(|(_, way)| way).collect();
    assert_eq!(asked, [None, Some(SmartWay::SntJmicron)]);
}

#[tokio::test]
async fn what_a_disk_said_is_remembered_over_a_restart_and_compared() {
    let folder = tempfile::tempdir().unwrap();
    let open = || Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap();
    let disks = FakeDisks::new(vec![disk(2, Holds::Nothing, None)]);
    let care = FakeCare::new(disks);
    let mut warnings = Vec::new();
    for (days, reallocated) in [(5, 8), (0, 32)] {
        let at = Timestamp::now() - SignedDuration::from_hours(24 * days);
        care.answers(&id(2), SmartAnswer::Told(DiskReading { at, ..reading(reallocated) }, SmartWay::Sat));
        let stop = CancellationToken::new();
        let doctor = Arc::new(Doctor::new(Arc::new(care.clone()), open(), EVERY, stop.clone()).unwrap());
        let running = tokio::spawn(Arc::clone(&doctor).run());
        while doctor.health(&id(2)).silence.is_some() {
            tokio::time::sleep(LOOK).await; // waits: for the first round
        }
        stop.cancel();
        running.await.unwrap();
        // As before a restart, nobody has the store afterwards.
        warnings = doctor.warnings(Timestamp::now());
    }
    assert_eq!((warnings.len(), warnings[0].code.as_str()), (1, "disk-losing-sectors"));
    assert!(warnings[0].title.starts_with("Disk 2 has written off 24 sectors since "), "{}", warnings[0].title);
}

#[tokio::test]
async fn a_disk_is_erased_only_with_its_label_and_a_proof_and_can_be_taken_back() {
    let house = House::new();
    let seen = json!({ "contents": "contents 3" });
    let (status, plan) = house.to(3, "erase/plan", seen.clone()).await;
    assert_eq!(
        (status, &plan["label"], &plan["lost"]["is"], &plan["proof"]["operation"]),
        (200, &"Photos".into(), &"bytes".into(), &"disk.erase".into())
    );
    let path = format!("/api/v1/disks/{}/erase", id(3));
    let ana = |proof: Option<String>, body: Value| {
        let (who, path) = (Principal::Person { id: PersonId::from_number(1), name: "ana".into(), role: PersonRole::Owner }, path.clone());
        let house = &house;
        async move { house.ask_who(who, &[Scope::Manage], proof.as_deref(), Method::POST, &path, body).await }
    };
    assert_eq!(ana(None, seen.clone()).await.1["code"], "label-wrong");
    assert_eq!(ana(None, json!({ "contents": "contents 3", "label": "photos" })).await.1["code"], "label-wrong");
    let body = json!({ "contents": "contents 3", "label": "Photos" });
    assert_eq!(ana(None, body.clone()).await.1["code"], "proof-missing");
    let prove = |target: String| {
        let proof =
            Proof { person: PersonId::from_number(1), operation: "disk.erase".into(), target, expires: Timestamp::now().as_second() + 60 };
        Minter::from_seed(&SEED).unwrap().prove(&proof)
    };
    assert_eq!(ana(Some(prove(format!("{} contents 2", id(2)))), body.clone()).await.1["code"], "proof-refused");
    assert_eq!(house.of(3).await["holds"]["is"], "bytes", "nothing was done");
    let (status, done) = ana(Some(prove(plan["proof"]["target"].as_str().unwrap().into())), body).await;
    assert_eq!((status, &done), (202, &json!({ "kind": "erase", "end": { "is": "done" } })));
    let erased = house.of(3).await;
    assert_eq!((&erased["holds"]["is"], &erased["label"], &erased["kept"]["untouched"]), (&"nothing".into(), &Value::Null, &true.into()));

    let (status, back) = house.to(3, "restore", json!({ "contents": erased["contents"] })).await;
    assert_eq!((status, &back), (202, &json!({ "kind": "restore", "end": { "is": "done" } })));
    let again = house.of(3).await;
    assert_eq!((&again["holds"]["is"], &again["label"], &again["kept"]), (&"bytes".into(), &"Photos".into(), &Value::Null));
    assert_eq!(house.to(3, "restore", seen).await.1["code"], "disk-nothing-kept");
    let lines: Vec<String> = house.keeper.state().lines.iter().map(|line| line.sentence.clone()).collect();
    assert_eq!(lines.len(), 4, "{lines:?}");
    assert_eq!(lines[0], "ana began to erase Disk 3.");
    assert!(lines[1].starts_with("Disk 3 was erased. It can be taken back until "), "{lines:?}");
    assert_eq!(lines[2..], ["console began to take back what was on Disk 3.", "Disk 3 holds again what was on it."]);
}

#[tokio::test]
async fn what_was_written_to_is_not_taken_back_and_after_a_week_nothing_is() {
    let house = House::new();
    let label = json!({ "contents": "contents 3", "label": "Photos" });
    assert_eq!(house.to(3, "erase", label.clone()).await.0, 202);
    let mut disks = three();
    disks[2].contents = "somebody's new files".into();
    house.disks.change(disks);
    assert_eq!(house.of(3).await["kept"]["untouched"], false);
    let seen = json!({ "contents": "somebody's new files" });
    assert_eq!(house.to(3, "restore", seen.clone()).await.1["code"], "disk-written-since");
    let folder = tempfile::tempdir().unwrap();
    // One after the other, as over restarts.
    let tidy = async |hours: i64| {
        let records = Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap();
        let (care, stop): (Arc<dyn Care>, _) = (Arc::new(house.care.clone()), CancellationToken::new());
        let of_eraser = (Arc::clone(&house.installer), Arc::clone(&house.keeper), Arc::clone(&house.lender), Arc::clone(&house.doctor));
        let eraser = Eraser::new(care, of_eraser, records, stop);
        eraser.unwrap().tidy(Timestamp::now() + SignedDuration::from_hours(hours)).await;
    };
    // The clock jumps to another year, and back.
    for hours in [0, 9_000, 9_001, 1] {
        tidy(hours).await;
    }
    for hours in (7..=162).step_by(6) {
        tidy(hours).await;
    }
    assert!(house.of(3).await["kept"].is_object());
    for hours in [168, 174] {
        tidy(hours).await;
    }
    assert_eq!(house.of(3).await["kept"], Value::Null);
    assert_eq!(house.to(3, "restore", seen).await.1["code"], "disk-nothing-kept");
    // Another one fails, and says so.
    house.disks.change(three());
    house.care.fail(DiskError::Stalled(Duration::from_secs(180)));
    let (_, failed) = house.to(3, "erase", label).await;
    assert_eq!(
        failed["end"],
        json!({ "is": "failed", "reason": "The disk did nothing for 180 seconds. It may be broken, or was pulled out." })
    );
    assert_eq!(house.of(3).await["work"], failed);
    let lines: Vec<String> = house.keeper.state().lines.iter().map(|line| line.sentence.clone()).collect();
    let reason = failed["end"]["reason"].as_str().unwrap();
    assert_eq!(lines[2..], ["console began to erase Disk 3.".to_owned(), format!("Erasing Disk 3 did not work: {reason}")]);
}

#[tokio::test]
async fn what_is_back_is_back_though_what_was_kept_stays() {
    let house = House::new();
    assert_eq!(house.to(3, "erase", json!({ "contents": "contents 3", "label": "Photos" })).await.0, 202);
    house.care.keeps_all();
    let (status, back) = house.to(3, "restore", json!({ "contents": "erased" })).await;
    assert_eq!((status, &back), (202, &json!({ "kind": "restore", "end": { "is": "done" } })));
    assert_eq!(house.of(3).await["label"], "Photos");
}

#[tokio::test]
async fn disks_of_the_box_and_of_the_pool_are_left_alone() {
    let (disks, pool) = disks_and_pool(2, 1, Protection::Single, 1_000_000_000);
    let house = House::with(disks, Ok(Arc::new(pool)));
    let member = house.until(1, "the pool", |disk| disk["member"] == 1).await;
    for what in ["erase/plan", "restore", "look"] {
        let (status, answer) = house.to(1, what, json!({ "contents": member["contents"] })).await;
        assert_eq!((status, &answer["code"]), (409, &"disk-unfit".into()), "{what}");
    }
    assert_eq!(house.to(2, "erase/plan", json!({ "contents": "contents 2" })).await.1["code"], "disk-empty");
    let house = House::new();
    for (number, contents, code) in [(1, "contents 1", "disk-unfit"), (9, "x", "disk-unknown"), (3, "other", "disk-changed")] {
        for what in ["erase/plan", "erase", "restore", "look"] {
            let mut body = json!({ "contents": contents });
            if what == "erase" {
                body["label"] = "Photos".into();
            }
            assert_eq!(house.to(number, what, body).await.1["code"], code, "{what} of {number}");
        }
    }
    let (status, wrong) = house.console(Method::POST, "/api/v1/disks/..%2Fsda/look", json!({ "contents": "" })).await;
    assert_eq!((status, &wrong["code"]), (404, &"disk-unknown".into()));
}

#[tokio::test]
async fn a_disk_is_looked_into() {
    let house = House::new();
    let inside: Inside = serde_json::from_value(json!({ "parts": [{
        "name": "Photos", "file_system": "ext4", "used": 5, "size": 9, "files": 1, "whole": true,
        "top": [{ "path": "a.jpg", "folder": false, "size": 5 }], "newest": [],
    }] }))
    .unwrap();
    house.care.holds(&id(3), inside.clone());
    let (status, seen) = house.to(3, "look", json!({ "contents": "contents 3" })).await;
    assert_eq!((status, serde_json::from_value::<Inside>(seen).unwrap()), (200, inside));
    house.care.fail(DiskError::Stalled(Duration::from_secs(25)));
    assert_eq!(house.to(3, "look", json!({ "contents": "contents 3" })).await.1["code"], "disk-slow");
    assert_eq!(Event::Disks.name(), "disks");
}
