//! What comes next, in tables; and changes of simulated pools, which end as they should whatever the pool.

use croft_disks::{Disks, FakeDisks, FakePool, Holder, Pool, SeenMember};
use croft_model::{Actor, Bus, Bytes, Holds, MemberErrors, Part, PartKind};
use futures_util::FutureExt;
use proptest::prelude::*;
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

use super::*;
use crate::{apply::apply, change::Case};

const GIB: u64 = 1 << 30;
const SINGLE: Option<Protection> = Some(Protection::Single);
const MIRROR: Option<Protection> = Some(Protection::Mirror);
const TRIPLE: Option<Protection> = Some(Protection::Triple);

fn id(number: u8) -> DiskId {
    DiskId::of_hash(&[number; 32])
}

fn new(number: u8) -> NewDisk {
    NewDisk { id: id(number), contents: format!("contents {number}"), label: None }
}

fn now(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

/// A pool whose members carry these disks, with a little of data and metadata that is kept so.
fn seen(members: &[(u64, Option<u8>)], data: &[Option<Protection>], metadata: Option<Protection>) -> Seen {
    let member = |(number, disk): &(u64, Option<u8>)| SeenMember {
        number: *number,
        disk: disk.map(id),
        stale: false,
        size: Bytes(100 * GIB),
        used: Bytes(3 * GIB),
        alone: Bytes(0),
        haunts: false,
        errors: MemberErrors::default(),
    };
    let group = |usage, copies| Group { usage, copies, total: Bytes(GIB), used: Bytes(GIB) };
    let mut groups: Vec<Group> = data.iter().map(|copies| group(Usage::Data, *copies)).collect();
    groups.extend([group(Usage::Metadata, metadata), group(Usage::System, metadata)]);
    Seen { uuid: "u".into(), members: members.iter().map(member).collect(), groups, busy: None, read_only: false }
}

fn begun(change: PoolChange, protection: Protection, disks: usize) -> ChangeRecord {
    ChangeRecord {
        number: 1,
        change,
        protection,
        disks,
        by: Actor::Console,
        since: now(0),
        emptied: false,
        leveled: false,
        compared: false,
        cancelling: false,
    }
}

fn pool_record(protection: Protection) -> PoolRecord {
    PoolRecord {
        uuid: "u".into(),
        protection,
        known_since: now(0),
        next: 1,
        change: None,
        ended: None,
        checked: None,
        members: BTreeMap::new(),
        rests: BTreeMap::new(),
    }
}

#[test]
fn a_disk_is_taken_in_and_then_everything_gets_its_copies() {
    let grow = begun(PoolChange::Grow { disk: new(2), protection: None }, Protection::Mirror, 2);
    let check = |seen: Seen, expected: Next| assert_eq!(next(&grow, &seen), expected, "{seen:?}");
    let mirror = Target { data: Protection::Mirror, metadata: Protection::Mirror };
    check(seen(&[(1, Some(1))], &[SINGLE], None), Next::Join);
    check(seen(&[(1, Some(1)), (2, Some(2))], &[SINGLE], None), Next::Spread(mirror));
    check(seen(&[(1, Some(1)), (2, Some(2))], &[SINGLE, MIRROR], MIRROR), Next::Spread(mirror));
    check(seen(&[(1, Some(1)), (2, Some(2))], &[MIRROR], None), Next::Spread(mirror));
    check(seen(&[(1, Some(1)), (2, Some(2))], &[MIRROR], MIRROR), Next::Done);
    check(seen(&[(1, Some(1)), (2, Some(2))], &[], MIRROR), Next::Done);
    // The old disk has gone meanwhile: nothing is moved to where there is no second place.
    check(seen(&[(1, None), (2, Some(2))], &[SINGLE], None), Next::Wait(PoolStep::Spread));
    check(seen(&[(1, None), (2, Some(2))], &[MIRROR], MIRROR), Next::Done);
}

#[test]
fn a_disk_that_comes_in_the_place_of_another_is_compared_before_it_counts() {
    let replace = begun(PoolChange::Replace { member: 2, disk: new(9) }, Protection::Mirror, 3);
    let compared = ChangeRecord { compared: true, ..replace.clone() };
    let three =
        |second: Option<u8>, data: &[Option<Protection>], metadata| seen(&[(1, Some(1)), (2, second), (3, Some(3))], data, metadata);
    let check = |record: &ChangeRecord, seen: Seen, expected: Next| assert_eq!(next(record, &seen), expected, "{seen:?}");
    let target = Target { data: Protection::Mirror, metadata: Protection::Triple };
    check(&replace, three(Some(2), &[MIRROR], TRIPLE), Next::Rebuild(2));
    check(&replace, three(None, &[MIRROR], TRIPLE), Next::Rebuild(2));
    // What was written while a disk was missing has one copy: the trap after which a second disk's death loses data.
    check(&replace, three(Some(9), &[MIRROR, SINGLE], TRIPLE), Next::Spread(target));
    check(&replace, three(Some(9), &[MIRROR], MIRROR), Next::Spread(target));
    check(&replace, three(Some(9), &[MIRROR], TRIPLE), Next::Compare);
    check(&compared, three(Some(9), &[MIRROR], TRIPLE), Next::Done);
    check(&replace, seen(&[(1, Some(1)), (3, Some(3))], &[MIRROR], MIRROR), Next::Lost);
    // One that came back is written to as if it were new.
    let back = begun(PoolChange::Replace { member: 2, disk: new(2) }, Protection::Mirror, 3);
    let mut stale = three(Some(2), &[MIRROR], TRIPLE);
    stale.members[1].stale = true;
    check(&back, stale, Next::Rebuild(2));
    check(&back, three(Some(2), &[MIRROR], TRIPLE), Next::Compare);
}

#[test]
fn a_disk_leaves_after_the_copies_that_need_it() {
    let remove = begun(PoolChange::Remove { member: 2 }, Protection::Mirror, 2);
    let check = |seen: Seen, expected: Next| assert_eq!(next(&remove, &seen), expected, "{seen:?}");
    let three = |second: Option<u8>, metadata| seen(&[(1, Some(1)), (2, second), (3, Some(3))], &[MIRROR], metadata);
    let mirror = Target { data: Protection::Mirror, metadata: Protection::Mirror };
    check(three(Some(2), TRIPLE), Next::Spread(mirror));
    check(three(Some(2), MIRROR), Next::Leave(2));
    check(three(None, TRIPLE), Next::Spread(mirror));
    check(three(None, MIRROR), Next::Leave(2));
    check(seen(&[(1, Some(1)), (3, Some(3))], &[MIRROR], MIRROR), Next::Done);
    check(seen(&[(1, None), (2, Some(2)), (3, Some(3))], &[MIRROR], MIRROR), Next::Wait(PoolStep::Leave));
    check(seen(&[(1, None), (2, Some(2)), (3, Some(3))], &[MIRROR], TRIPLE), Next::Wait(PoolStep::Spread));
}

#[test]
fn data_is_moved_from_full_disks_where_the_new_one_could_not_be_used_else() {
    let grow = begun(PoolChange::Grow { disk: new(3), protection: None }, Protection::Mirror, 3);
    let mut uneven = seen(&[(1, Some(1)), (2, Some(2)), (3, Some(3))], &[MIRROR], TRIPLE);
    uneven.groups[0] = Group { total: Bytes(98 * GIB), used: Bytes(98 * GIB), ..uneven.groups[0] };
    (uneven.members[0].used, uneven.members[1].used, uneven.members[2].used) = (Bytes(98 * GIB), Bytes(98 * GIB), Bytes(0));
    assert_eq!(next(&grow, &uneven), Next::Level);
    assert_eq!(next(&ChangeRecord { leveled: true, ..grow }, &uneven), Next::Done);
}

#[test]
fn what_mends_is_begun_by_itself() {
    let day = DAY;
    let doubt = |why, since, tries, tried: Option<i64>| MemberRecord {
        name: String::new(),
        disk: Some(id(2)),
        back: None,
        doubt: Some(Doubt { why, since: now(since), tries, tried: tried.map(now) }),
    };
    let two = || seen(&[(1, Some(1)), (2, Some(2))], &[MIRROR], MIRROR);
    let check = |change: &dyn Fn(&mut PoolRecord, &mut Seen), at: i64, expected: Option<&str>| {
        let (mut record, mut seen) = (pool_record(Protection::Mirror), two());
        change(&mut record, &mut seen);
        let found = due(&record, &seen, &[disk(2, 100)], now(at));
        assert_eq!(found.first().map(PoolChange::word), expected, "{record:?} {seen:?} at {at}");
    };
    check(&|_, _| {}, 0, None);
    // Once a month.
    check(&|_, _| {}, 30 * day - 1, None);
    check(&|_, _| {}, 30 * day, Some("scrub"));
    let checked = |at| Checked { at: now(at), read: Bytes(1), mended: 0, lost: 0, files: Vec::new() };
    check(&|record, _| record.checked = Some(checked(20 * day)), 40 * day, None);
    check(&|record, _| record.checked = Some(checked(20 * day)), 50 * day, Some("scrub"));
    // A doubt: twice at once, then once a week.
    let doubts =
        |tries, tried| move |record: &mut PoolRecord, _: &mut Seen| drop(record.members.insert(1, doubt(Why::Errors, 0, tries, tried)));
    check(&doubts(0, None), 5, Some("scrub"));
    check(&doubts(1, Some(4)), 5, Some("scrub"));
    check(&doubts(2, Some(4)), 5, None);
    check(&doubts(2, Some(4)), 7 * day + 4, Some("scrub"));
    // A copy too few.
    let single = |record: &mut PoolRecord, seen: &mut Seen| {
        seen.groups[0].copies = SINGLE;
        record.members.insert(1, doubt(Why::Errors, 0, 0, None));
    };
    check(&single, 5, Some("protect"));
    // A disk that came back, but not at once.
    let back = |record: &mut PoolRecord, seen: &mut Seen| {
        seen.members[1].stale = true;
        record.members.insert(2, MemberRecord { back: Some(now(100)), ..doubt(Why::Away, 5, 0, None) });
    };
    check(&back, 159, None);
    check(&back, 160, Some("replace"));
    // The clock was set back.
    check(&back, 90, Some("replace"));
    check(&|record, seen| (back(record, seen), seen.members[1].alone = Bytes(1)).1, 160, None);
    // It was emptied, and then that was given up.
    let emptied = |record: &mut PoolRecord, seen: &mut Seen| {
        seen.members[1].disk = None;
        record.members.insert(2, doubt(Why::Away, 100, 0, None));
    };
    check(&emptied, 160, None);
    let part = |kind, file_system: &str| Part { kind, name: String::new(), file_system: file_system.into(), size: Bytes(1), used: None };
    let ready = |parts: Vec<Part>| Disk { holds: Holds::Parts { parts }, ..disk(2, 100) };
    for (parts, expected) in [
        (vec![part(PartKind::Croft, "")], Some("replace")),
        (vec![part(PartKind::Croft, "btrfs")], None),
        (vec![part(PartKind::Files, "")], None),
        (vec![part(PartKind::Croft, ""), part(PartKind::Boot, "")], None),
    ] {
        let (mut record, mut seen) = (pool_record(Protection::Mirror), two());
        emptied(&mut record, &mut seen);
        assert_eq!(due(&record, &seen, &[ready(parts.clone())], now(160)).first().map(PoolChange::word), expected, "{parts:?}");
    }
    // Nothing of all that while somebody is at work, or could not be, or has wished it away.
    check(&|record, seen| (single(record, seen), record.change = Some(begun(PoolChange::Scrub, Protection::Mirror, 2))).1, 5, None);
    check(&|record, seen| (single(record, seen), seen.busy = Some(Holder::Balance)).1, 5, None);
    check(&|record, seen| (single(record, seen), seen.read_only = true).1, 5, None);
    check(&|record, seen| (single(record, seen), seen.members[1].disk = None).1, 5, None);
    // What did not come to its end rests, and only that.
    let rests = |record: &mut PoolRecord, word: &str| record.rests.extend([(word.to_owned(), now(6))]);
    check(&|record, seen| (single(record, seen), rests(record, "protect")).1, 5, Some("scrub"));
    check(&|record, seen| (single(record, seen), rests(record, "protect")).1, 6, Some("protect"));
    check(&|record, seen| (single(record, seen), rests(record, "protect"), rests(record, "scrub")).1, 5, None);
    check(&|record, seen| (back(record, seen), record.rests.extend([("replace".to_owned(), now(161))])).1, 160, None);
    check(&|record, seen| (back(record, seen), seen.members[0].disk = None).1, 160, None);
}

#[test]
fn a_disk_is_trusted_again_only_when_nothing_at_all_was_wrong() {
    let errors = |write| MemberErrors { write, ..MemberErrors::default() };
    let with = |first: u64, second: u64| {
        let mut seen = seen(&[(1, Some(1)), (2, Some(2))], &[MIRROR], MIRROR);
        (seen.members[0].errors, seen.members[1].errors) = (errors(first), errors(second));
        seen
    };
    let judged = |compared: &[u64], before: Seen, after: Seen, mended: u64, lost: u64, forget: &[u64], tries: [Option<u32>; 2]| {
        let known = remember(&BTreeMap::new(), &before, &BTreeMap::new(), now(1));
        let found = Scrubbed { compared: compared.to_vec(), read: Bytes(1), mended, lost, files: Vec::new() };
        let verdict = verdict(&known, found, &before, &after, now(9));
        let tried: Vec<Option<u32>> = verdict.members.values().map(|member| member.doubt.map(|doubt| doubt.tries)).collect();
        assert_eq!((verdict.forget.as_slice(), tried.as_slice()), (forget, tries.as_slice()), "{before:?} {after:?} {mended} {lost}");
    };
    let check = |before: Seen, after: Seen, mended: u64, lost: u64, forget: &[u64], tries: [Option<u32>; 2]| {
        judged(&[1, 2], before, after, mended, lost, forget, tries);
    };
    check(with(0, 0), with(0, 0), 0, 0, &[], [None, None]);
    // It was not among those that answered.
    judged(&[2], with(3, 0), with(3, 0), 0, 0, &[], [Some(1), None]);
    check(with(3, 0), with(3, 0), 0, 0, &[1], [None, None]);
    check(with(3, 1), with(3, 1), 0, 0, &[1, 2], [None, None]);
    check(with(3, 0), with(3, 0), 5, 0, &[], [Some(1), None]);
    check(with(3, 0), with(3, 0), 0, 1, &[], [Some(1), None]);
    // One more error while all was compared; and one on a disk that had none.
    check(with(3, 0), with(4, 0), 0, 0, &[], [Some(1), None]);
    check(with(0, 0), with(0, 1), 0, 0, &[], [None, Some(1)]);
    let mut gone = with(3, 0);
    gone.members[0].disk = None;
    check(with(3, 0), gone, 0, 0, &[], [Some(1), None]);
}

#[test]
fn a_doubt_lasts_until_it_is_settled() {
    let names = BTreeMap::from([(id(1), "One".to_owned()), (id(2), "Two".to_owned())]);
    let mut pool = seen(&[(1, Some(1)), (2, None)], &[MIRROR], MIRROR);
    let first = remember(&BTreeMap::new(), &pool, &names, now(5));
    assert_eq!(
        (first[&1].name.as_str(), first[&1].doubt, first[&2].doubt.map(|doubt| (doubt.why, doubt.since))),
        ("One", None, Some((Why::Away, now(5))))
    );
    // It is back, and looks like any other.
    pool.members[1].disk = Some(id(2));
    let second = remember(&first, &pool, &names, now(9));
    assert_eq!((second[&2].name.as_str(), second[&2].doubt), ("Two", first[&2].doubt));
    assert!(stays(&Doubt { tries: 2, ..second[&2].doubt.unwrap() }) && !stays(&second[&2].doubt.unwrap()));
    // It is known by its name also when it is gone, and no longer when it has left.
    pool.members[0].disk = None;
    assert_eq!(remember(&second, &pool, &BTreeMap::new(), now(9))[&1].name, "One");
    pool.members.remove(0);
    assert_eq!(remember(&second, &pool, &names, now(9)).keys().copied().collect::<Vec<_>>(), [2]);
}

#[test]
fn how_a_pool_is_kept_is_seen() {
    let check = |data: &[Option<Protection>], metadata, expected: Protection| {
        assert_eq!(protection_of(&seen(&[(1, Some(1)), (2, Some(2)), (3, Some(3))], data, metadata)), expected, "{data:?} {metadata:?}");
    };
    check(&[SINGLE], None, Protection::Single);
    check(&[MIRROR], TRIPLE, Protection::Mirror);
    check(&[MIRROR, SINGLE], MIRROR, Protection::Mirror);
    check(&[], MIRROR, Protection::Mirror);
    check(&[], None, Protection::Single);
}

fn disk(number: u8, gib: u64) -> Disk {
    Disk {
        id: id(number),
        name: "Disk".into(),
        serial: number.to_string(),
        size: Bytes(gib * GIB),
        bus: Bus::Sata,
        removable: false,
        runs_from: false,
        holds: Holds::Nothing,
        label: None,
        contents: format!("contents {number}"),
        half_installed: false,
        plug: croft_model::Plug::Unknown,
        several: None,
        unfit: None,
    }
}

/// Something that pretended things answer at once.
fn at_once<T>(answer: impl Future<Output = T>) -> T {
    answer.now_or_never().expect("nothing holds it")
}

/// Does a change to its end, and tells `each` after each step.
///
/// # Errors
/// A step fails; which, and the pool then.
fn do_it(pool: &FakePool, disks: &FakeDisks, mut record: ChangeRecord, each: impl Fn(&FakePool)) -> Result<Vec<Next>, (Next, Seen)> {
    let mut done = Vec::new();
    loop {
        let seen = at_once(pool.look()).unwrap().unwrap();
        let next = next(&record, &seen);
        if next == Next::Done {
            return Ok(done);
        }
        assert!(done.len() < 9, "it does not come to an end: {done:?}");
        let new = record.change.overwrites().and_then(|new| at_once(disks.look()).unwrap().into_iter().find(|disk| disk.id == new.id));
        let contents = new.map(|disk| disk.contents).unwrap_or_default();
        let (progress, _told) = watch::channel(croft_model::Progress { done: 0, total: 0 });
        if at_once(apply(pool, next, &record, &contents, progress, CancellationToken::new())).is_err() {
            return Err((next, seen));
        }
        record.leveled |= next == Next::Level;
        record.compared |= next == Next::Compare;
        each(pool);
        done.push(next);
    }
}

/// A change of a pool with so many disks.
fn changes(disks: u8) -> impl Strategy<Value = PoolChange> {
    let protection = (0..3_usize).prop_map(|at| Protection::ALL[at]);
    let member = 1..=u64::from(disks);
    let into = disks + 1..=disks + 2;
    prop_oneof![
        (into.clone(), proptest::option::of(protection.clone()))
            .prop_map(|(disk, protection)| PoolChange::Grow { disk: new(disk), protection }),
        protection.prop_map(|protection| PoolChange::Protect { protection }),
        (member.clone(), into).prop_map(|(member, disk)| PoolChange::Replace { member, disk: new(disk) }),
        member.prop_map(|member| PoolChange::Remove { member }),
        Just(PoolChange::Scrub),
    ]
}

/// Sizes of the disks of a pool in GiB and of two more, how safe it keeps files, how full it is in percent, the change, and which disk is gone.
fn pools() -> impl Strategy<Value = (Vec<u64>, usize, u64, PoolChange, Option<u64>)> {
    (1..6_u8).prop_flat_map(|disks| {
        let sizes = proptest::collection::vec(20..80_u64, usize::from(disks) + 2);
        let gone = proptest::option::weighted(0.3, 1..=u64::from(disks));
        (sizes, 0..3_usize, 0..100_u64, changes(disks), gone)
    })
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 512, ..ProptestConfig::default() })]

    /// Whatever the pool: what is judged safe comes to its end without a failure, everything can be read after each step, no file is ever less safe than
    /// before or than wanted, and at the end it lies as was promised, with something to spare. One thing may fail: after a disk was replaced, what was
    /// written without it may find no room for its other copy.
    #[test]
    fn what_is_judged_safe_ends_well((sizes, kept, full, change, gone) in pools()) {
        let count = sizes.len() - 2;
        let protection = Protection::ALL[kept.min(count - 1)];
        let disks = FakeDisks::new((1..).zip(&sizes).map(|(number, gib)| disk(number, *gib)).collect());
        let on: Vec<DiskId> = (1..=u8::try_from(count).unwrap()).map(id).collect();
        let room = protection.usable(&sizes[..count].iter().map(|gib| Bytes(gib * GIB)).collect::<Vec<_>>());
        let pool = FakePool::new(&disks, &on, target(protection, count), Bytes(room.0 / 100 * full));
        let mut record = pool_record(protection);
        if let Some(gone) = gone.filter(|_| protection > Protection::Single) {
            pool.vanish(gone);
            pool.write(Bytes(GIB));
        }
        let seen = at_once(pool.look()).unwrap().unwrap();
        record.members = remember(&record.members, &seen, &BTreeMap::new(), now(0));
        let list = at_once(disks.look()).unwrap();
        let Ok(judged) = (Case { record: &record, seen: &seen, disks: &list }).judge(&change) else { return Ok(()) };
        let plan = judged.plan;
        let wanted = ChangeRecord { disks: judged.disks, ..begun(change.clone(), plan.protection_after, 0) };
        let least = pool.bears().min(plan.protection_after.copies() - 1);
        let done = match do_it(&pool, &disks, wanted.clone(), |pool| {
            assert!(pool.is_whole() && pool.bears() >= least, "less safe than before");
        }) {
            Ok(done) => done,
            Err((next, seen)) => {
                prop_assert!(matches!((&change, next), (PoolChange::Replace { .. }, Next::Spread(target)) if !room::can_begin(&seen, target)), "{:?} failed", next);
                return Ok(());
            }
        };
        let after = at_once(pool.look()).unwrap().unwrap();
        prop_assert_eq!(next(&ChangeRecord { leveled: true, compared: true, ..wanted.clone() }, &after), Next::Done);
        if !matches!(change, PoolChange::Scrub) {
            prop_assert!(pool.bears() + 1 >= plan.protection_after.copies() || room::present(&after).count() < after.members.len());
            prop_assert!(!is_off(&after, target(plan.protection_after, judged.disks)));
        }
        // The steps are those that were promised, in their order; one that is not needed is left out.
        let mut promised = plan.steps.iter();
        for next in done.iter().filter(|next| **next != Next::Level) {
            let step = next.step().unwrap();
            prop_assert!(promised.any(|promised| *promised == step), "{:?} of {:?}", done, plan.steps);
        }
    }
}
