//! What is refused and why, and what a plan says, by pools of which each differs from a good one in one thing.

use std::collections::BTreeMap;

use croft_disks::{Group, Holder, Usage};
use croft_model::{Bus, DiskId, Holds, Part, PartKind};
use jiff::Timestamp;

use super::*;
use crate::records::{Doubt, MemberRecord, Why};

const TB: u64 = 1_000_000_000_000;

fn id(number: u8) -> DiskId {
    DiskId::of_hash(&[number; 32])
}

fn disk(number: u8, size: u64) -> Disk {
    Disk {
        id: id(number),
        name: "Disk".into(),
        serial: number.to_string(),
        size: Bytes(size),
        bus: Bus::Sata,
        removable: false,
        runs_from: false,
        holds: Holds::Nothing,
        label: None,
        contents: "c".into(),
        half_installed: false,
        plug: croft_model::Plug::Unknown,
        several: None,
        unfit: None,
    }
}

fn new(number: u8) -> NewDisk {
    NewDisk { id: id(number), contents: "c".into(), label: None }
}

/// What a change is judged by.
#[derive(Debug, Clone)]
struct World {
    record: PoolRecord,
    seen: Seen,
    disks: Vec<Disk>,
}

impl World {
    /// A pool on disks of 4 TB that keeps so much data; and beside it 8: 4 TB, 9: 2 TB.
    fn new(members: u8, protection: Protection, data: u64) -> Self {
        let disks: Vec<Disk> = (1..=members).map(|number| disk(number, 4 * TB)).chain([disk(8, 4 * TB), disk(9, 2 * TB)]).collect();
        let kept = target(protection, usize::from(members));
        let each = data * protection.copies() as u64 / u64::from(members);
        let seen = (1..=members).map(|number| SeenMember {
            number: u64::from(number),
            disk: Some(id(number)),
            stale: false,
            size: room::of_disk(Bytes(4 * TB)),
            used: Bytes(each),
            alone: Bytes(if protection == Protection::Single { each } else { 0 }),
            haunts: false,
            errors: MemberErrors::default(),
        });
        let group = |usage, copies, used: u64| Group { usage, copies, total: Bytes(used), used: Bytes(used) };
        let metadata = Some(kept.metadata).filter(|metadata| *metadata != Protection::Single);
        let groups = vec![group(Usage::Data, Some(protection), data), group(Usage::Metadata, metadata, data / 1000)];
        let seen = Seen { uuid: "u".into(), members: seen.collect(), groups, busy: None, read_only: false };
        let record = PoolRecord {
            uuid: "u".into(),
            protection,
            known_since: Timestamp::UNIX_EPOCH,
            next: 1,
            change: None,
            ended: None,
            checked: None,
            members: BTreeMap::new(),
            rests: BTreeMap::new(),
        };
        Self { record, seen, disks }
    }

    fn with(mut self, change: impl FnOnce(&mut Self)) -> Self {
        change(&mut self);
        self
    }

    fn doubt(&mut self, member: u64) {
        let doubt = Doubt { why: Why::Errors, since: Timestamp::UNIX_EPOCH, tries: 0, tried: None };
        self.record.members.insert(member, MemberRecord { name: String::new(), disk: None, back: None, doubt: Some(doubt) });
    }

    fn judge(&self, change: &PoolChange) -> Result<Judged, Problem> {
        Case { record: &self.record, seen: &self.seen, disks: &self.disks }.judge(change)
    }

    fn refuses(&self, change: &PoolChange, expected: Option<&str>) {
        let code = self.judge(change).err().map(|problem| {
            assert!(problem.hint.is_some(), "{problem:?} says what to do");
            problem.code
        });
        assert_eq!(code.as_deref(), expected, "{change:?} of {self:?}");
    }
}

fn grow(disk: u8, protection: Option<Protection>) -> PoolChange {
    PoolChange::Grow { disk: new(disk), protection }
}

fn replace(member: u64, disk: u8) -> PoolChange {
    PoolChange::Replace { member, disk: new(disk) }
}

const fn protect(protection: Protection) -> PoolChange {
    PoolChange::Protect { protection }
}

const fn remove(member: u64) -> PoolChange {
    PoolChange::Remove { member }
}

fn begun(by: Actor) -> ChangeRecord {
    ChangeRecord {
        number: 1,
        change: PoolChange::Scrub,
        protection: Protection::Mirror,
        disks: 2,
        by,
        since: Timestamp::UNIX_EPOCH,
        emptied: false,
        leveled: false,
        compared: false,
        cancelling: false,
    }
}

#[test]
fn one_change_at_a_time_and_none_of_a_pool_that_cannot_be_written() {
    let pool = || World::new(2, Protection::Mirror, TB);
    for change in [grow(8, None), protect(Protection::Single), replace(2, 8), PoolChange::Scrub] {
        pool().refuses(&change, None);
        pool().with(|world| world.seen.read_only = true).refuses(&change, Some("pool-read-only"));
        pool().with(|world| world.seen.busy = Some(Holder::Balance)).refuses(&change, Some("pool-change-under-way"));
        pool().with(|world| world.record.change = Some(begun(Actor::Console))).refuses(&change, Some("pool-change-under-way"));
        // What the box began by itself gives way, also what the kernel does for it.
        let own = |world: &mut World| {
            world.record.change = Some(begun(Actor::Role { name: "storage".into() }));
            world.seen.busy = Some(Holder::Balance);
        };
        pool().with(own).refuses(&change, None);
    }
}

#[test]
fn what_is_overwritten_is_what_was_shown_and_no_disk_of_the_pool() {
    let pool = || World::new(2, Protection::Mirror, TB);
    for change in [|disk| grow(disk, None), |disk| replace(2, disk)] {
        let unfit = |unfit| move |world: &mut World| world.disks[2].unfit = Some(unfit);
        pool().refuses(&change(7), Some("disk-unknown"));
        pool().refuses(&change(1), Some("disk-unfit"));
        pool().with(unfit(Unfit::InUse)).refuses(&change(8), Some("disk-unfit"));
        pool().with(unfit(Unfit::RunsFrom)).refuses(&change(8), Some("disk-unfit"));
        // That is said of installing.
        pool().with(unfit(Unfit::TooSmall)).refuses(&change(8), None);
        pool().with(|world| world.disks[2].contents = "other".into()).refuses(&change(8), Some("disk-changed"));
        pool().with(|world| world.disks[2].size = Bytes(1 << 29)).refuses(&change(8), Some("disk-too-small"));
    }
    // The plan says which label is to be typed.
    let labelled = pool().with(|world| world.disks[2].label = Some("Photos".into()));
    let plan = labelled.judge(&grow(8, None)).unwrap().plan;
    assert_eq!((plan.label.as_deref(), plan.overwrites), (Some("Photos"), Some(id(8))));
}

#[test]
fn the_second_disk_keeps_everything_twice_unless_only_room_is_wanted() {
    let check = |pool: World, change: PoolChange, after: Protection, usable: [u64; 2]| {
        let judged = pool.judge(&change).unwrap();
        let found = [judged.plan.usable_before.0, judged.plan.usable_after.0].map(|bytes| (bytes + TB / 2) / TB);
        assert_eq!((judged.plan.protection_after, found, judged.disks), (after, usable, pool.seen.members.len() + 1), "{change:?}");
        assert_eq!(judged.plan.steps, [PoolStep::Join, PoolStep::Spread]);
    };
    check(World::new(1, Protection::Single, TB), grow(8, None), Protection::Mirror, [4, 4]);
    check(World::new(1, Protection::Single, TB), grow(8, Some(Protection::Single)), Protection::Single, [4, 8]);
    check(World::new(1, Protection::Single, TB), grow(9, None), Protection::Mirror, [4, 2]);
    check(World::new(2, Protection::Single, TB), grow(8, None), Protection::Single, [8, 12]);
    check(World::new(2, Protection::Mirror, TB), grow(8, None), Protection::Mirror, [4, 6]);
    check(World::new(2, Protection::Mirror, TB), grow(8, Some(Protection::Triple)), Protection::Triple, [4, 4]);
    // Three terabytes do not fit twice onto four and two; more room they give.
    let full = World::new(1, Protection::Single, 3 * TB);
    let refused = full.judge(&grow(9, None)).unwrap_err();
    assert_eq!(refused.code, "pool-no-room");
    assert!(refused.hint.unwrap().contains("--protection single"));
    full.refuses(&grow(9, Some(Protection::Single)), None);
    full.refuses(&grow(8, Some(Protection::Triple)), Some("pool-too-few-disks"));
    World::new(8, Protection::Mirror, TB)
        .with(|world| world.disks.push(disk(20, 4 * TB)))
        .refuses(&grow(20, None), Some("pool-too-many-disks"));
}

#[test]
fn a_full_disk_has_no_room_to_begin_with() {
    let full = |world: &mut World| world.seen.members[0].used = world.seen.members[0].size;
    World::new(1, Protection::Single, TB).with(full).refuses(&grow(8, None), Some("pool-no-room"));
    World::new(2, Protection::Single, TB).with(full).refuses(&protect(Protection::Mirror), Some("pool-no-room"));
    let all = |world: &mut World| world.seen.members.iter_mut().for_each(|member| member.used = member.size);
    World::new(2, Protection::Mirror, TB).with(all).refuses(&replace(2, 8), Some("pool-no-room"));
}

#[test]
fn as_many_copies_as_disks_and_as_fit() {
    World::new(2, Protection::Single, TB).refuses(&protect(Protection::Mirror), None);
    World::new(1, Protection::Single, TB).refuses(&protect(Protection::Mirror), Some("pool-too-few-disks"));
    World::new(2, Protection::Mirror, TB).refuses(&protect(Protection::Triple), Some("pool-too-few-disks"));
    World::new(2, Protection::Single, 5 * TB).refuses(&protect(Protection::Mirror), Some("pool-no-room"));
    // What is kept so already has its room, also where nothing is left to spare.
    let full = |world: &mut World| world.seen.groups[0].used = Bytes(4 * TB - 1);
    let lacks = |world: &mut World| world.seen.groups[1].copies = Some(Protection::Single);
    World::new(2, Protection::Mirror, TB).with(full).with(lacks).refuses(&protect(Protection::Mirror), None);
    World::new(2, Protection::Mirror, TB).refuses(&protect(Protection::Mirror), Some("pool-nothing-to-do"));
    World::new(2, Protection::Mirror, TB).refuses(&protect(Protection::Single), None);
    let lacking = |world: &mut World| world.seen.groups[0].copies = Some(Protection::Single);
    World::new(2, Protection::Mirror, TB).with(lacking).refuses(&protect(Protection::Mirror), None);
}

#[test]
fn a_disk_goes_only_where_what_it_holds_has_a_place() {
    World::new(3, Protection::Mirror, TB).refuses(&remove(2), None);
    World::new(3, Protection::Mirror, TB).refuses(&remove(7), Some("pool-no-such-disk"));
    World::new(1, Protection::Single, TB).refuses(&remove(1), Some("pool-last-disk"));
    World::new(2, Protection::Mirror, TB).refuses(&remove(2), Some("pool-too-few-disks"));
    World::new(3, Protection::Mirror, 5 * TB).refuses(&remove(2), Some("pool-no-room"));
    World::new(2, Protection::Single, TB).refuses(&remove(2), None);
    // Three copies of what leads to the files need three disks: they become two first.
    let steps = |members: u8| World::new(members, Protection::Mirror, TB).judge(&remove(2)).unwrap().plan.steps;
    assert_eq!(steps(3), [PoolStep::Spread, PoolStep::Leave]);
    assert_eq!(steps(4), [PoolStep::Leave]);
    // A smaller disk does not take the place of a larger one, and the one that the box starts from stays.
    World::new(2, Protection::Mirror, TB).refuses(&replace(2, 9), Some("disk-too-small"));
    let starts = |world: &mut World| world.disks[1].runs_from = true;
    World::new(3, Protection::Mirror, TB).with(starts).refuses(&remove(2), Some("pool-boot-disk"));
    World::new(3, Protection::Mirror, TB).with(starts).refuses(&replace(2, 8), Some("pool-boot-disk"));
    World::new(3, Protection::Mirror, TB).with(starts).refuses(&remove(3), None);
}

#[test]
fn with_a_disk_missing_only_what_mends_is_begun() {
    let gone = |members: u8, protection| World::new(members, protection, TB).with(|world| world.seen.members[1].disk = None);
    gone(3, Protection::Mirror).refuses(&grow(8, None), Some("pool-disk-missing"));
    gone(3, Protection::Mirror).refuses(&protect(Protection::Triple), Some("pool-disk-missing"));
    gone(3, Protection::Mirror).refuses(&replace(3, 8), Some("pool-disk-missing"));
    gone(3, Protection::Mirror).refuses(&remove(3), Some("pool-disk-missing"));
    gone(3, Protection::Mirror).refuses(&replace(2, 8), None);
    gone(3, Protection::Mirror).refuses(&remove(2), None);
    gone(3, Protection::Mirror).refuses(&PoolChange::Scrub, None);
    // To go on with one disk of two: each file once, and then the missing one leaves.
    gone(2, Protection::Mirror).refuses(&remove(2), Some("pool-too-few-disks"));
    gone(2, Protection::Mirror).refuses(&protect(Protection::Single), None);
    assert_eq!(gone(2, Protection::Mirror).judge(&protect(Protection::Single)).unwrap().disks, 1);
    // What lay on it alone is not given up.
    gone(2, Protection::Single).refuses(&remove(2), Some("pool-disk-missing"));
    gone(2, Protection::Single).refuses(&replace(2, 8), Some("pool-disk-missing"));
    gone(2, Protection::Single).with(|world| world.seen.members[1].alone = Bytes(0)).refuses(&remove(2), None);
    // How safe files are to lie says nothing of where they lie, while that is being changed.
    let half = |world: &mut World| world.seen.members[1].alone = Bytes(TB);
    for change in [remove(2), replace(2, 8), protect(Protection::Single)] {
        gone(3, Protection::Mirror).with(half).refuses(&change, Some("pool-disk-missing"));
    }
    // Until the next start the kernel gives room on a disk that was pulled out.
    let haunts = |world: &mut World| world.seen.members[1].haunts = true;
    gone(2, Protection::Mirror).with(haunts).refuses(&protect(Protection::Single), Some("pool-disk-missing"));
    gone(3, Protection::Mirror).with(haunts).refuses(&remove(2), Some("pool-disk-missing"));
    gone(4, Protection::Mirror).with(haunts).refuses(&remove(2), None);
    gone(2, Protection::Mirror).with(haunts).refuses(&replace(2, 8), None);
    // One that came back comes into its own place only.
    let stale = || World::new(3, Protection::Mirror, TB).with(|world| world.seen.members[1].stale = true);
    stale().refuses(&replace(2, 2), None);
    stale().refuses(&replace(2, 8), None);
    stale().refuses(&replace(3, 2), Some("disk-unfit"));
    stale().with(|world| world.seen.members[1].alone = Bytes(TB)).refuses(&replace(2, 2), Some("pool-disk-missing"));
    // The one that the box started from, say: whether it did cannot be seen any more.
    let parts = |world: &mut World| {
        let part = |kind| Part { kind, name: String::new(), file_system: String::new(), size: Bytes(1), used: None };
        world.disks[1].holds = Holds::Parts { parts: vec![part(PartKind::Boot), part(PartKind::Croft)] };
    };
    stale().with(parts).refuses(&replace(2, 2), Some("pool-boot-disk"));
    stale().refuses(&grow(8, None), Some("pool-doubtful"));
    World::new(3, Protection::Mirror, TB).refuses(&replace(2, 2), Some("disk-unfit"));
}

#[test]
fn with_a_disk_in_doubt_no_copy_is_given_up() {
    let doubt = |members, protection| World::new(members, protection, TB).with(|world| world.doubt(2));
    doubt(3, Protection::Mirror).refuses(&protect(Protection::Single), Some("pool-doubtful"));
    doubt(3, Protection::Mirror).refuses(&remove(3), Some("pool-doubtful"));
    doubt(3, Protection::Mirror).refuses(&replace(3, 8), Some("pool-doubtful"));
    doubt(3, Protection::Mirror).refuses(&grow(8, Some(Protection::Single)), Some("pool-doubtful"));
    // What takes the doubtful one away, or makes copies, is what helps.
    doubt(3, Protection::Mirror).refuses(&remove(2), None);
    doubt(3, Protection::Mirror).refuses(&replace(2, 8), None);
    doubt(3, Protection::Mirror).refuses(&protect(Protection::Triple), None);
    doubt(2, Protection::Mirror).refuses(&grow(8, None), None);
    // Errors count before they are remembered.
    let errors = |world: &mut World| world.seen.members[1].errors.read = 1;
    World::new(3, Protection::Mirror, TB).with(errors).refuses(&remove(3), Some("pool-doubtful"));
}

#[test]
fn how_long_it_takes_depends_on_what_is_moved_and_on_the_slowest_disk() {
    let hours = |pool: World, change: PoolChange| (pool.judge(&change).unwrap().plan.seconds + 1800) / 3600;
    let usb = |world: &mut World| world.disks.iter_mut().for_each(|disk| disk.bus = Bus::Usb);
    let nvme = |world: &mut World| world.disks.iter_mut().for_each(|disk| disk.bus = Bus::Nvme);
    assert_eq!(hours(World::new(1, Protection::Single, TB), grow(8, None)), 5);
    assert_eq!(hours(World::new(1, Protection::Single, TB).with(usb), grow(8, None)), 6);
    assert_eq!(hours(World::new(1, Protection::Single, TB).with(nvme), grow(8, None)), 1);
    assert_eq!(hours(World::new(2, Protection::Mirror, 3 * TB), PoolChange::Scrub), 8);
    // What is read to write the new disk is read once more to compare.
    assert_eq!(hours(World::new(2, Protection::Mirror, 3 * TB), replace(2, 8)), 15);
    assert_eq!(hours(World::new(3, Protection::Single, 3 * TB), remove(2)), 5);
    // Nothing is moved.
    assert_eq!(World::new(2, Protection::Mirror, TB).judge(&grow(8, None)).unwrap().plan.seconds / 60, 0);
}
