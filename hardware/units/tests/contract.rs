//! What every implementation of `Units` promises, proved for child processes and for the fake; and what only processes can show.

#![cfg(test)]

use std::{
    collections::BTreeMap,
    fs::File,
    io::Read,
    os::{fd::OwnedFd, unix::net::UnixStream},
    path::PathBuf,
    sync::Arc,
    time::Duration,
};

use croft_units::{ChildUnits, Exit, FakeUnits, Fate, Home, Limits, News, UnitError, UnitEvent, UnitSpec, Units};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// More than any step of these tests takes on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

/// The example `role`, which cargo builds beside these tests.
fn program() -> PathBuf {
    let here = std::env::current_exe().expect("this test");
    here.parent().and_then(|deps| deps.parent()).expect("target").join("examples/role")
}

fn spec(name: &str, behaviour: &str) -> UnitSpec {
    UnitSpec {
        name: name.into(),
        arguments: vec![behaviour.into()],
        environment: BTreeMap::new(),
        descriptors: Vec::new(),
        user: None,
        powers: croft_model::Powers::None,
        limits: Limits { descriptors: 64, tasks: 16 },
        start_timeout: PATIENCE,
        watchdog: None,
    }
}

/// Units under test, and how the test hears and ends them.
struct World {
    units: Arc<dyn Units>,
    events: Box<dyn FnMut() -> futures_util::future::BoxFuture<'static, UnitEvent> + Send>,
    end_from_outside: Box<dyn Fn(&str) + Send>,
}

impl World {
    async fn next(&mut self) -> UnitEvent {
        tokio::time::timeout(PATIENCE, (self.events)()).await.expect("an event in time")
    }

    async fn expect(&mut self, unit: &str, news: &[News]) {
        for expected in news {
            assert_eq!(self.next().await, UnitEvent { unit: unit.into(), news: expected.clone() });
        }
    }
}

fn children() -> World {
    let (units, events) = ChildUnits::new(File::open(program()).expect("the example `role` is built")).expect("units");
    let (units, events) = (Arc::new(units), Arc::new(tokio::sync::Mutex::new(events)));
    let known = Arc::clone(&units);
    World {
        units,
        events: Box::new(move || {
            let events = Arc::clone(&events);
            Box::pin(async move { events.lock().await.recv().await.expect("an event") })
        }),
        end_from_outside: Box::new(move |unit| {
            let pid = known.pid(unit).expect("it runs");
            kill(Pid::from_raw(pid), Signal::SIGKILL).expect("killed");
        }),
    }
}

fn fakes() -> World {
    let (units, events) = FakeUnits::new();
    for (behaviour, fate) in [
        ("fail", Fate::Fail(Exit::Fault("ended with code 1".into()))),
        ("abort", Fate::Fail(Exit::Fault("ended by SIGABRT".into()))),
        ("end", Fate::End(Exit::Orderly)),
    ] {
        units.fate(behaviour, fate);
    }
    let (units, events) = (Arc::new(units), Arc::new(tokio::sync::Mutex::new(events)));
    let known = Arc::clone(&units);
    World {
        units,
        events: Box::new(move || {
            let events = Arc::clone(&events);
            Box::pin(async move { events.lock().await.recv().await.expect("an event") })
        }),
        end_from_outside: Box::new(move |unit| known.end(unit, Exit::Outside(Signal::SIGKILL as i32))),
    }
}

/// The contract. In it each unit bears the name of its behaviour.
async fn contract(mut world: World) {
    let fault = |words: &str| News::Exited(Exit::Fault(words.into()));
    let units = Arc::clone(&world.units);

    let pid = units.start(spec("serve", "serve")).await.expect("started");
    world.expect("serve", &[News::Ready]).await;
    assert_eq!((units.pid("serve"), units.unit_of(pid)), (Some(pid), Some("serve".into())));
    assert!(matches!(units.start(spec("serve", "serve")).await, Err(UnitError::Running(name)) if name == "serve"));
    units.stop("serve", PATIENCE).await.expect("stopped");
    assert_eq!((units.pid("serve"), units.unit_of(pid)), (None, None));
    world.expect("serve", &[News::Exited(Exit::Orderly)]).await;
    units.stop("serve", PATIENCE).await.expect("a unit that does not run has been stopped");

    for (behaviour, news) in [
        ("fail", vec![fault("ended with code 1")]),
        ("abort", vec![fault("ended by SIGABRT")]),
        ("end", vec![News::Ready, News::Exited(Exit::Orderly)]),
    ] {
        units.start(spec(behaviour, behaviour)).await.expect("started");
        world.expect(behaviour, &news).await;
        assert_eq!(units.pid(behaviour), None);
    }

    units.start(spec("serve", "serve")).await.expect("started again");
    world.expect("serve", &[News::Ready]).await;
    (world.end_from_outside)("serve");
    world.expect("serve", &[News::Exited(Exit::Outside(Signal::SIGKILL as i32))]).await;
}

#[tokio::test]
async fn children_keep_the_contract() {
    contract(children()).await;
}

#[tokio::test]
async fn fakes_keep_the_contract() {
    contract(fakes()).await;
}

#[tokio::test]
async fn what_is_silent_or_deaf_is_ended() {
    let short = Duration::from_millis(200);
    let mut world = children();
    let check = [
        (
            UnitSpec { start_timeout: short, ..spec("slow", "be-silent") },
            vec![News::WatchdogMissed, News::Exited(Exit::Fault("was not ready in time".into()))],
        ),
        (
            UnitSpec { watchdog: Some(short), ..spec("stuck", "hang-later") },
            vec![
                News::Ready,
                News::Status("for a moment".into()),
                News::WatchdogMissed,
                News::Exited(Exit::Fault("did not say in time that it lives".into())),
            ],
        ),
    ];
    for (spec, news) in check {
        let name = spec.name.clone();
        world.units.start(spec).await.expect("started");
        world.expect(&name, &news).await;
    }
    world.units.start(spec("deaf", "be-deaf")).await.expect("started");
    world.expect("deaf", &[News::Ready]).await;
    world.units.stop("deaf", short).await.expect("stopped");
    world.expect("deaf", &[News::Exited(Exit::Orderly)]).await;
}

#[tokio::test]
async fn a_child_gets_what_it_was_given_and_no_more() {
    let folder = tempfile::tempdir().expect("a folder");
    let path = folder.path().join("seed");
    std::fs::write(&path, "a seed").expect("written");
    let (mut ours, theirs) = UnixStream::pair().expect("a pair");
    let user = Home::has_users().then_some(399_999);
    let given = UnitSpec {
        descriptors: vec![
            ("answer".into(), Arc::new(OwnedFd::from(theirs))),
            ("file".into(), Arc::new(OwnedFd::from(File::open(&path).expect("opened")))),
        ],
        environment: [("GIVEN".to_owned(), "a variable".to_owned())].into(),
        user,
        ..spec("report", "report")
    };
    let mut world = children();
    world.units.start(given).await.expect("started");
    world.expect("report", &[News::Ready, News::Exited(Exit::Orderly)]).await;
    ours.set_nonblocking(true).expect("set");
    let mut answer = String::new();
    // The other end is still held by the test's own copy, so the answer ends with "nothing more for now".
    let _ = ours.read_to_string(&mut answer);
    let lines: Vec<&str> = answer.lines().collect();
    let user = user.unwrap_or_else(Home::user);
    assert_eq!(lines[0], "a seed");
    assert_eq!(lines[1], format!("Uid:\t{user}\t{user}\t{user}\t{user}"));
    if Home::has_users() {
        assert_eq!(lines[2].trim(), "Groups:");
    }
    // Three standard ones, three handed over, one that lists the folder of descriptors.
    assert_eq!(lines[3..], ["NoNewPrivs:\t1", "open 7", "a variable"]);
    let kept = world.units.lines("report", 5).await;
    assert_eq!(kept.iter().map(|line| line.text.as_str()).collect::<Vec<_>>(), ["I am to report"]);
}

#[tokio::test]
async fn a_program_that_cannot_be_executed_says_so() {
    let (units, _events) = ChildUnits::new(File::open("/dev/null").expect("opened")).expect("units");
    match units.start(spec("nothing", "serve")).await {
        Err(UnitError::Start { step, .. }) => assert_eq!(step, "execute the program"),
        other => panic!("{other:?}"),
    }
    assert_eq!(units.pid("nothing"), None);
}

#[tokio::test]
async fn no_child_outlives_its_units() {
    let mut world = children();
    let pid = world.units.start(spec("serve", "serve")).await.expect("started");
    world.expect("serve", &[News::Ready]).await;
    let watched = File::open(format!("/proc/{pid}/stat")).expect("it lives");
    drop(world);
    // The thread of forks ends with the last holder of the units, and the kernel ends its children with it.
    let gone = async {
        while stat_is_readable(&watched) {
            // waits: for the kernel to end the child, which tells nobody but the thread that has just ended
            tokio::time::sleep(Duration::from_millis(5)).await;
        }
    };
    tokio::time::timeout(PATIENCE, gone).await.expect("the child ended");
}

/// A zombie's file can still be read, so its state is looked at; once it is waited for, reading fails.
fn stat_is_readable(mut stat: &File) -> bool {
    use std::io::{Seek, SeekFrom};
    let mut text = String::new();
    stat.seek(SeekFrom::Start(0)).is_ok() && stat.read_to_string(&mut text).is_ok() && !text.contains(") Z ")
}
