//! A role that is killed at every point of every change, and another one that goes on with what it left.

use croft_disks::FakePool;
use croft_model::{Actor, MemberErrors, NewDisk, PoolChange, PoolEnd, PoolState, PoolView, Protection};
use jiff::SignedDuration;
use tokio::task::JoinHandle;

use super::{pool::disks_and_pool, *};

const GB: u64 = 1_000_000_000;

/// What lasts while roles come and go: the disks, the pool, and the folder of the store.
struct Machine {
    folder: tempfile::TempDir,
    disks: FakeDisks,
    pool: FakePool,
}

/// A role that runs.
struct Life {
    keeper: Arc<Keeper>,
    running: JoinHandle<()>,
    stop: CancellationToken,
}

impl Machine {
    fn new(disks: u8, members: u8, protection: Protection) -> Self {
        let (disks, pool) = disks_and_pool(disks, members, protection, GB);
        Self { folder: tempfile::tempdir().unwrap(), disks, pool }
    }

    /// Opens the store, which the one before may hold for a moment longer.
    async fn records(&self) -> Records {
        loop {
            match Records::open(&std::fs::File::open(self.folder.path()).unwrap().into()) {
                Ok(records) => return records,
                Err(_) => tokio::task::yield_now().await,
            }
        }
    }

    async fn start(&self) -> Life {
        let stop = CancellationToken::new();
        let (_, household) = watch::channel(Some(Projection::default()));
        let adoption = Arc::new(Adoption::new(Arc::new(FakeCare::new(self.disks.clone())), household.clone()));
        let installer = Arc::new(Installer::new(Arc::new(self.disks.clone()), Arc::new(FakeBoot::new()), adoption, stop.clone()));
        let pool: Arc<dyn Pool> = Arc::new(self.pool.clone());
        let keeper = Arc::new(Keeper::new(Ok(pool), installer, self.records().await, household, LOOK, stop.clone()).unwrap());
        Life { running: tokio::spawn(Arc::clone(&keeper).run()), keeper, stop }
    }
}

impl Life {
    /// Waits until `fits` is true of the pool.
    async fn until(&self, what: &str, fits: impl Fn(&croft_model::Pool) -> bool) -> croft_model::Pool {
        let waiting = async {
            loop {
                if let Ok(PoolView::Present(pool)) = self.keeper.view()
                    && fits(&pool)
                {
                    return pool;
                }
                tokio::task::yield_now().await;
            }
        };
        tokio::time::timeout(Duration::from_secs(20), waiting)
            .await
            .unwrap_or_else(|_| panic!("{what} does not come: {:?}", self.keeper.view()))
    }

    /// Ends as by SIGKILL.
    async fn kill(self) {
        self.running.abort();
        let _ = self.running.await;
    }

    /// Ends in order.
    async fn end(self) {
        self.stop.cancel();
        self.running.await.unwrap();
    }
}

fn new(number: u8) -> NewDisk {
    NewDisk { id: id(number), contents: format!("contents {number}"), label: None }
}

/// How the role ends in the middle.
#[derive(Debug, Clone, Copy)]
enum Ending {
    /// Killed, and the kernel goes on with what it did, or keeps it for later.
    Killed,
    /// Killed, and the kernel has given it up.
    KilledAndGivenUp,
    /// In order.
    InOrder,
}

/// Ends the role after so many points of a change, and goes on with another; false when the change had ended before.
async fn cut(machine: &Machine, change: &PoolChange, points: u64, ending: Ending) -> bool {
    let life = machine.start().await;
    life.until("the pool", |pool| pool.work.is_none()).await;
    machine.pool.pass(points);
    life.keeper.begin(change.clone(), Actor::Console, |_| Ok(())).await.unwrap();
    let over = |pool: &croft_model::Pool| pool.work.is_none() || machine.pool.stands();
    let cut = life.until("a point", over).await.work.is_some();
    match ending {
        Ending::Killed => life.kill().await,
        Ending::KilledAndGivenUp => {
            life.kill().await;
            machine.pool.given_up();
        }
        Ending::InOrder => {
            // What has no way to be given up goes on meanwhile.
            machine.pool.pass(u64::MAX);
            life.end().await;
        }
    }
    machine.pool.pass(u64::MAX);
    let life = machine.start().await;
    let pool = life.until("an end", |pool| pool.work.is_none() && pool.last.is_some()).await;
    assert_eq!(pool.last.as_ref().map(|last| &last.how), Some(&PoolEnd::Done), "{change:?} after {points} points, {ending:?}");
    assert!(machine.pool.is_whole(), "{change:?} after {points} points, {ending:?}");
    life.end().await;
    cut
}

/// Ends the role at every point of a change, in every way; at the end the pool is as `check` says.
async fn everywhere(machine: impl Fn() -> Machine, change: PoolChange, check: impl Fn(&Machine)) {
    for ending in [Ending::Killed, Ending::KilledAndGivenUp, Ending::InOrder] {
        let mut points = 0;
        loop {
            let machine = machine();
            let cut = cut(&machine, &change, points, ending).await;
            check(&machine);
            if !cut {
                break;
            }
            points += 1;
        }
        assert!(points > 1, "{change:?} has points to be ended at");
    }
}

#[tokio::test]
async fn a_disk_is_taken_in_whatever_happens_meanwhile() {
    let machine = || Machine::new(2, 1, Protection::Single);
    let change = PoolChange::Grow { disk: new(2), protection: None };
    everywhere(machine, change, |machine| assert_eq!(machine.pool.bears(), 1)).await;
}

#[tokio::test]
async fn copies_are_made_whatever_happens_meanwhile() {
    let change = PoolChange::Protect { protection: Protection::Triple };
    everywhere(|| Machine::new(3, 3, Protection::Mirror), change, |machine| assert_eq!(machine.pool.bears(), 2)).await;
    let change = PoolChange::Protect { protection: Protection::Single };
    everywhere(|| Machine::new(2, 2, Protection::Mirror), change, |machine| assert_eq!(machine.pool.bears(), 0)).await;
}

#[tokio::test]
async fn a_disk_is_replaced_whatever_happens_meanwhile() {
    let change = PoolChange::Replace { member: 2, disk: new(3) };
    everywhere(|| Machine::new(3, 2, Protection::Mirror), change.clone(), |machine| assert_eq!(machine.pool.bears(), 1)).await;
    let dead = || {
        let machine = Machine::new(3, 2, Protection::Mirror);
        machine.pool.vanish(2);
        machine.pool.write(Bytes(GB));
        machine
    };
    everywhere(dead, change, |machine| assert_eq!(machine.pool.bears(), 1)).await;
}

#[tokio::test]
async fn a_disk_leaves_whatever_happens_meanwhile() {
    let change = PoolChange::Remove { member: 2 };
    everywhere(|| Machine::new(3, 3, Protection::Mirror), change, |machine| assert_eq!(machine.pool.bears(), 1)).await;
}

#[tokio::test]
async fn all_is_compared_whatever_happens_meanwhile() {
    let bad = || {
        let machine = Machine::new(2, 2, Protection::Mirror);
        machine.pool.spoil(1);
        machine
    };
    everywhere(bad, PoolChange::Scrub, |machine| assert_eq!(machine.pool.bears(), 1)).await;
}

#[tokio::test]
async fn what_was_given_up_is_given_up_also_by_the_next_role() {
    for points in 0..9 {
        let machine = Machine::new(3, 2, Protection::Mirror);
        let life = machine.start().await;
        life.until("the pool", |pool| pool.work.is_none()).await;
        machine.pool.pass(points);
        let change = PoolChange::Replace { member: 2, disk: new(3) };
        life.keeper.begin(change, Actor::Console, |_| Ok(())).await.unwrap();
        life.until("a point", |_| machine.pool.stands()).await;
        // Wished, kept, and killed before anything came of it.
        let mut record = super::pool::kept_by(&life.keeper);
        record.change.as_mut().unwrap().cancelling = true;
        life.kill().await;
        machine.records().await.keep(record).await.unwrap();
        machine.pool.pass(u64::MAX);
        let life = machine.start().await;
        let pool = life.until("an end", |pool| pool.work.is_none() && pool.last.is_some()).await;
        let how = pool.last.map(|last| last.how);
        assert!(how == Some(PoolEnd::Cancelled) || (how == Some(PoolEnd::Done) && points > 6), "{how:?} after {points}");
        life.until("safety", |pool| pool.state == PoolState::Protected).await;
        assert_eq!((machine.pool.bears(), machine.pool.is_whole()), (1, true), "after {points}");
        life.end().await;
    }
}

/// Lets so much time go by for what is kept.
async fn later(machine: &Machine, by: SignedDuration) {
    let records = machine.records().await;
    let mut record = records.read().unwrap().unwrap();
    record.known_since -= by;
    record.rests.values_mut().for_each(|until| *until -= by);
    record.checked.iter_mut().for_each(|checked| checked.at -= by);
    record.members.values_mut().filter_map(|member| member.back.as_mut()).for_each(|back| *back -= by);
    record.members.values_mut().filter_map(|member| member.doubt.as_mut()).for_each(|doubt| {
        doubt.since -= by;
        doubt.tried = doubt.tried.map(|tried| tried - by);
    });
    records.keep(record).await.unwrap();
}

#[tokio::test]
async fn everything_is_compared_once_a_month() {
    let machine = Machine::new(2, 2, Protection::Mirror);
    let life = machine.start().await;
    life.until("the pool", |pool| pool.work.is_none()).await;
    life.end().await;
    for (days, checks) in [(29, 0), (1, 1), (29, 1), (1, 2)] {
        later(&machine, SignedDuration::from_hours(24 * days)).await;
        let life = machine.start().await;
        let scrubs = || machine.pool.calls().iter().filter(|call| **call == croft_disks::FakeCall::Scrub).count();
        life.until("rest", |pool| pool.work.is_none() && scrubs() == checks && pool.checked.is_some() == (checks > 0)).await;
        life.end().await;
        assert_eq!(scrubs(), checks, "{days}");
    }
}

#[tokio::test]
async fn a_disk_that_came_back_counts_only_after_it_got_what_it_missed() {
    use croft_disks::FakeCall::{Replace, Scrub};
    let machine = Machine::new(2, 2, Protection::Mirror);
    let life = machine.start().await;
    life.until("the pool", |pool| pool.state == PoolState::Protected).await;
    machine.pool.vanish(2);
    life.until("that it is missed", |pool| pool.state == PoolState::DiskMissing).await;
    machine.pool.write(Bytes(GB));
    machine.pool.come_back(2);
    life.until("that it is back", |pool| pool.state == PoolState::Doubtful).await;
    life.end().await;
    assert!(machine.pool.calls().is_empty(), "a loose plug comes and goes");
    later(&machine, SignedDuration::from_secs(60)).await;
    let life = machine.start().await;
    life.until("protection", |pool| pool.state == PoolState::Protected && pool.work.is_none()).await;
    assert_eq!((machine.pool.bears(), machine.pool.is_whole()), (1, true));
    assert!(machine.pool.calls().contains(&Replace) && machine.pool.calls().contains(&Scrub), "{:?}", machine.pool.calls());
    life.end().await;
}

#[tokio::test]
async fn a_disk_that_does_not_answer_while_all_is_compared_is_not_trusted() {
    let machine = Machine::new(2, 2, Protection::Mirror);
    machine.pool.errors(2, MemberErrors { read: 1, ..MemberErrors::default() });
    machine.pool.is_silent(2, true);
    let life = machine.start().await;
    let failed = |pool: &croft_model::Pool| matches!(pool.last.as_ref().map(|last| &last.how), Some(PoolEnd::Failed { .. }));
    let pool = life.until("an end", |pool| failed(pool) && pool.work.is_none()).await;
    assert_eq!((pool.state, pool.checked), (PoolState::Doubtful, None));
    machine.pool.is_silent(2, false);
    life.end().await;
    later(&machine, SignedDuration::from_hours(24)).await;
    let life = machine.start().await;
    let pool = life.until("protection", |pool| pool.state == PoolState::Protected && pool.work.is_none()).await;
    assert!(pool.checked.is_some() && pool.members[1].errors.none());
    life.end().await;
}

#[tokio::test]
async fn what_a_wish_cannot_end_is_ended_and_begun_again() {
    let machine = Machine::new(2, 2, Protection::Mirror);
    let life = machine.start().await;
    life.until("the pool", |pool| pool.state == PoolState::Protected).await;
    machine.pool.vanish(2);
    life.until("that it is missed", |pool| pool.state == PoolState::DiskMissing).await;
    machine.pool.write(Bytes(GB));
    machine.pool.come_back(2);
    life.until("that it is back", |pool| pool.state == PoolState::Doubtful).await;
    life.end().await;
    later(&machine, SignedDuration::from_secs(60)).await;
    machine.pool.pass(2);
    let life = machine.start().await;
    life.until("a rebuild", |pool| pool.work.is_some() && machine.pool.stands()).await;
    let refused = life.keeper.begin(PoolChange::Scrub, Actor::Console, |_| Ok(())).await.unwrap_err();
    assert_eq!(refused.code, "pool-change-under-way", "nothing is on the disk any more, so it is written to the end");
    machine.pool.pass(u64::MAX);
    life.until("protection", |pool| pool.state == PoolState::Protected && pool.work.is_none()).await;
    assert_eq!((machine.pool.bears(), machine.pool.is_whole()), (1, true));
    life.end().await;
}

#[tokio::test]
async fn a_disk_that_came_back_unseen_is_compared() {
    let machine = Machine::new(2, 2, Protection::Mirror);
    let life = machine.start().await;
    life.until("the pool", |pool| pool.state == PoolState::Protected).await;
    machine.pool.vanish(2);
    life.until("that it is missed", |pool| pool.state == PoolState::DiskMissing).await;
    machine.pool.write(Bytes(GB));
    life.end().await;
    // It is put in while the box is off: the kernel takes it as if nothing had been.
    machine.pool.come_back(2);
    machine.pool.restart();
    let life = machine.start().await;
    let pool = life.until("the pool", |_| true).await;
    assert_ne!(pool.state, PoolState::Protected);
    life.until("protection", |pool| pool.state == PoolState::Protected && pool.work.is_none()).await;
    assert_eq!((machine.pool.bears(), machine.pool.is_whole()), (1, true));
    life.end().await;
}
