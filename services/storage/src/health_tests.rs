//! Every warning about a pool, as people read it.

use std::collections::BTreeMap;

use croft_disks::{FakePool, Pool};
use croft_model::{Actor, Checked, MemberErrors, NewDisk, PoolChange, Protection};
use futures_util::FutureExt;

use super::*;
use crate::{
    plan::remember,
    records::{ChangeRecord, MemberRecord},
};

/// The pool of eight disks after a good night: each disk of it is there and well.
struct World {
    record: PoolRecord,
    seen: Seen,
    disks: Vec<Disk>,
}

fn now(seconds: i64) -> Timestamp {
    Timestamp::from_second(seconds).unwrap()
}

impl World {
    fn new() -> Self {
        let (disks, pool) = FakePool::of_eight();
        pool.come_back(4);
        pool.restart();
        pool.errors(3, MemberErrors::default());
        pool.errors(4, MemberErrors::default());
        let seen = pool.look().now_or_never().unwrap().unwrap().unwrap();
        let disks = croft_disks::Disks::look(&disks).now_or_never().unwrap().unwrap();
        let record = PoolRecord {
            uuid: seen.uuid.clone(),
            protection: Protection::Mirror,
            known_since: now(0),
            next: 1,
            change: None,
            ended: None,
            checked: None,
            members: remember(&BTreeMap::new(), &seen, &observe::names(&disks), now(0)),
            rests: BTreeMap::new(),
        };
        Self { record, seen, disks }
    }

    fn doubt(&mut self, member: u64, why: Why, tries: u32) {
        let doubt = Some(Doubt { why, since: now(100), tries, tried: None });
        self.record.members.insert(member, MemberRecord { name: "Fast Disk 12AB".into(), disk: None, back: None, doubt });
    }

    fn warnings(&self, seconds: i64) -> Vec<Warning> {
        let known = Known { record: &self.record, seen: &self.seen, disks: &self.disks, now: now(seconds) };
        warnings(&known, |file| format!("Photos/{file}"))
    }
}

fn codes(change: impl FnOnce(&mut World), seconds: i64) -> Vec<String> {
    let mut world = World::new();
    change(&mut world);
    world.warnings(seconds).into_iter().map(|warning| warning.code).collect()
}

#[test]
fn warnings_stand_only_while_the_state_lasts() {
    let check = |change: &dyn Fn(&mut World), seconds: i64, expected: &[&str]| assert_eq!(codes(|world| change(world), seconds), expected);
    check(&|_| {}, 1000, &[]);
    // A disk that is gone is missed after a minute.
    let gone = |world: &mut World| {
        world.seen.members[1].disk = None;
        world.doubt(2, Why::Away, 0);
    };
    check(&gone, 159, &[]);
    check(&gone, 160, &["pool-disk-missing"]);
    let back = |world: &mut World| (gone(world), world.seen.members[1].disk = Some(croft_model::DiskId::of_hash(&[2; 32]))).1;
    check(&back, 160, &[]);
    check(&|world| (back(world), world.seen.members[1].stale = true).1, 160, &["pool-disk-missing"]);
    check(&|world| world.doubt(2, Why::Errors, 0), 100, &["pool-disk-failing"]);
    check(&|world| world.doubt(2, Why::Away, 2), 100, &["pool-disk-failing"]);
    check(&|world| world.seen.read_only = true, 100, &["pool-read-only"]);
    let lacking = |world: &mut World| world.seen.groups.iter_mut().for_each(|group| group.copies = Some(Protection::Single));
    check(&lacking, 100, &["pool-not-protected"]);
    check(&|world| (lacking(world), world.record.protection = Protection::Single).1, 100, &["pool-not-protected"]);
    let at_work = |world: &mut World| {
        let change = PoolChange::Protect { protection: Protection::Mirror };
        world.record.change = Some(begun(change));
    };
    check(&|world| (lacking(world), at_work(world)).1, 100, &[]);
    let fill = |world: &mut World, part: u64| world.seen.members.iter_mut().for_each(|member| member.used.0 = member.size.0 / 100 * part);
    check(&|world| fill(world, 85), 100, &[]);
    check(&|world| fill(world, 94), 100, &["pool-nearly-full"]);
    check(&|world| fill(world, 98), 100, &["pool-nearly-full", "pool-needs-room"]);
    let checked = |lost| Checked { at: now(50), read: Bytes(1), mended: 0, lost, files: vec!["a.jpg".into()] };
    check(&|world| world.record.checked = Some(checked(0)), 100, &[]);
    check(&|world| world.record.checked = Some(checked(1)), 100, &["pool-damaged-files"]);
}

fn begun(change: PoolChange) -> ChangeRecord {
    ChangeRecord {
        number: 1,
        change,
        protection: Protection::Mirror,
        disks: 4,
        by: Actor::Console,
        since: now(0),
        emptied: false,
        leveled: false,
        compared: false,
        cancelling: false,
    }
}

#[test]
fn a_single_disk_is_told_of_another_that_could_protect() {
    let single = |world: &mut World| {
        world.seen.members.truncate(1);
        world.record.protection = Protection::Single;
        world.seen.groups.iter_mut().for_each(|group| group.copies = Some(Protection::Single));
    };
    assert_eq!(codes(single, 100), ["pool-not-protected"]);
    // What holds something, is made to be pulled out or cannot be used is not offered.
    let alone = |world: &mut World| {
        single(world);
        world.disks.retain(|disk| disk.holds != Holds::Nothing || disk.removable || disk.unfit.is_some());
    };
    assert_eq!(codes(alone, 100), Vec::<String>::new());
}

#[test]
fn every_warning_says_what_it_means_and_what_to_do() {
    let mut told = String::new();
    let mut tell = |change: &dyn Fn(&mut World)| {
        let mut world = World::new();
        change(&mut world);
        for warning in world.warnings(1000) {
            let Warning { code, subject, severity, title, meaning, action, lines, .. } = warning;
            told += &format!("{code} {subject} ({severity:?})\n  {title}\n  {meaning}\n  {action}\n");
            lines.iter().for_each(|line| told += &format!("  | {line}\n"));
        }
    };
    tell(&|world| (world.doubt(2, Why::Away, 0), world.seen.members[1].disk = None).1);
    tell(&|world| {
        world.doubt(2, Why::Away, 0);
        (world.seen.members[1].disk, world.record.protection) = (None, Protection::Single);
        world.seen.members[1].alone = Bytes(1);
        world.seen.groups.iter_mut().for_each(|group| group.copies = Some(Protection::Single));
    });
    tell(&|world| (world.doubt(2, Why::Away, 0), world.seen.members[1].stale = true).1);
    tell(&|world| world.doubt(3, Why::Errors, 0));
    tell(&|world| world.doubt(3, Why::Errors, 2));
    tell(&|world| world.seen.read_only = true);
    tell(&|world| world.seen.groups.iter_mut().for_each(|group| group.copies = Some(Protection::Single)));
    tell(&|world| {
        world.record.protection = Protection::Single;
        world.seen.groups.iter_mut().for_each(|group| group.copies = Some(Protection::Single));
    });
    tell(&|world| {
        world.seen.members.truncate(1);
        world.record.protection = Protection::Single;
        world.seen.groups.iter_mut().for_each(|group| group.copies = Some(Protection::Single));
    });
    tell(&|world| world.seen.members.iter_mut().for_each(|member| member.used.0 = member.size.0 / 100 * 98));
    tell(&|world| {
        let disk = NewDisk { id: croft_model::DiskId::of_hash(&[77; 32]), contents: String::new(), label: None };
        world.record.change = Some(begun(PoolChange::Grow { disk, protection: None }));
    });
    let files: Vec<String> = (0..42).map(|at| format!("{at}.jpg")).collect();
    tell(&|world| world.record.checked = Some(Checked { at: now(1), read: Bytes(1), mended: 0, lost: 50, files: files.clone() }));
    tell(&|world| world.record.checked = Some(Checked { at: now(1), read: Bytes(1), mended: 0, lost: 50, files: Vec::new() }));
    insta::assert_snapshot!(told);
}
