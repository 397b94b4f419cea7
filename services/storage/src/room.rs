//! How much fits into a pool, before and after a change. Pure.

use croft_disks::{Group, Seen, SeenMember, Target, Usage};
use croft_model::{Bytes, PoolRoom, Protection};

use crate::plan::{off, wanted};

/// Bytes of each disk that stay given to nothing: a repair of a pool that is given out to the last byte cannot even begin …
const RESERVE: u64 = 2 << 30;
/// … but on small disks no more than this part of them.
const RESERVE_PART: u64 = 20;
/// Room is given out in such pieces at most, and in tenths of a small pool (`btrfs(5)`).
const PIECE: u64 = 1 << 30;
const PIECE_PART: u64 = 10;
/// What the partition table of a disk takes, which ends at a page.
const TABLE: u64 = (1 << 20) + 5 * PAGE;
const PAGE: u64 = 4096;
/// What a repair needs on the disks that are left, to note what it does.
const REPAIR: u64 = 128 << 20;

/// What a pool holds, a copy counted once.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Held {
    /// Contents of files.
    pub(crate) data: u64,
    /// Everything else.
    pub(crate) metadata: u64,
}

impl Held {
    pub(crate) fn of(seen: &Seen) -> Self {
        let of = |wanted: fn(&Group) -> bool| seen.groups.iter().filter(|group| wanted(group)).map(|group| group.used.0).sum();
        Self { data: of(|group| group.usage == Usage::Data), metadata: of(|group| group.usage != Usage::Data) }
    }
}

/// What stays given to nothing of a disk of this size.
pub(crate) const fn reserve(size: Bytes) -> u64 {
    let part = size.0 / RESERVE_PART;
    if part < RESERVE { part } else { RESERVE }
}

/// The disks that are there, with what was written last.
pub(crate) fn present(seen: &Seen) -> impl Iterator<Item = &SeenMember> {
    seen.members.iter().filter(|member| is_present(member))
}

/// Whether a disk is there, with what was written last.
pub(crate) const fn is_present(member: &SeenMember) -> bool {
    member.disk.is_some() && !member.stale
}

/// What a disk of this size has for a pool: the rest is its partition table.
pub(crate) const fn of_disk(size: Bytes) -> Bytes {
    let room = size.0.saturating_sub(TABLE);
    Bytes(room - room % PAGE)
}

/// What a disk has that is given to nothing.
pub(crate) const fn left(member: &SeenMember) -> u64 {
    member.size.0.saturating_sub(member.used.0)
}

/// How a pool with this protection keeps everything on so many disks: what leads to the files is kept as safe as the disks allow, since it is little.
pub(crate) fn target(protection: Protection, disks: usize) -> Target {
    let metadata = match disks {
        0 | 1 => Protection::Single,
        2 => Protection::Mirror,
        _ => Protection::Triple,
    };
    Target { data: protection, metadata }
}

/// How many bytes are missing until disks of these sizes hold `held` as `target` says, with something to spare on each of them; zero where it fits.
pub(crate) fn lacks(held: Held, target: Target, sizes: &[Bytes]) -> u64 {
    let mut rest: Vec<Bytes> = sizes.iter().map(|size| Bytes(size.0 - reserve(*size))).collect();
    rest.sort_unstable_by(|a, b| b.cmp(a));
    // Two copies on the one disk that there is.
    let (disks, copies) = if target.metadata == Protection::Single { (1, 2) } else { (target.metadata.copies(), 1) };
    if rest.len() < disks {
        return held.data + held.metadata;
    }
    let needed = held.metadata.saturating_mul(copies);
    let missing = rest.iter().take(disks).map(|rest| needed.saturating_sub(rest.0)).max().unwrap_or_default();
    rest.iter_mut().take(disks).for_each(|rest| rest.0 = rest.0.saturating_sub(needed));
    missing.max(held.data.saturating_sub(target.data.usable(&rest).0))
}

/// The greatest piece in which room of this pool is given out.
fn piece(seen: &Seen) -> u64 {
    let all: u64 = seen.members.iter().map(|member| member.size.0).fold(0, u64::saturating_add);
    PIECE.min(all / PIECE_PART)
}

/// Whether there is room for the first piece of all that is not kept as `target` says.
pub(crate) fn can_begin(seen: &Seen, target: Target) -> bool {
    off(seen, target).all(|group| {
        let (first, kept) = (piece(seen).min(group.total.0), wanted(target, group.usage).unwrap_or(Protection::Single));
        present(seen).filter(|member| left(member) >= first).count() >= kept.copies()
    })
}

/// Whether what lies on a disk finds a place on the others as they are now: each piece is written anew in all its copies before the old one is given
/// back, and what lies on the others stays where it is. Of metadata it counts all,
/// so it errs on the safe side.
pub(crate) fn can_leave(seen: &Seen, leaves: &SeenMember, protection: Protection) -> bool {
    let data = seen.groups.iter().filter(|group| group.usage == Usage::Data);
    let (total, used) = data.fold((0, 0), |(total, used), group| (total + group.total.0, used + group.used.0));
    let moved = (u128::from(leaves.used.0) * u128::from(used)).div_ceil(u128::from(total.max(1)));
    let others = present(seen).filter(|member| member.number != leaves.number);
    let lefts: Vec<Bytes> = others.map(|member| Bytes(left(member).saturating_sub(Held::of(seen).metadata))).collect();
    u128::from(protection.usable(&lefts).0) >= moved
}

/// Whether a disk that is gone could be rebuilt on another one.
pub(crate) fn can_be_repaired(seen: &Seen) -> bool {
    present(seen).map(left).sum::<u64>() >= REPAIR
}

/// Whether so many disks have their reserve that metadata can go on growing, and a repair has room.
pub(crate) fn has_reserve(seen: &Seen, protection: Protection) -> bool {
    let there = present(seen).count();
    let with = present(seen).filter(|member| left(member) >= reserve(member.size)).count();
    with >= target(protection, there).metadata.copies()
}

/// Bytes of files that do not fit only because they would have to lie on disks that are full: moving some to the others makes room for them.
pub(crate) fn lost_to_unevenness(seen: &Seen, protection: Protection) -> u64 {
    let sizes: Vec<Bytes> = present(seen).map(|member| member.size).collect();
    let lefts: Vec<Bytes> = present(seen).map(|member| Bytes(left(member))).collect();
    let copies = |group: &Group| group.copies.map_or(2, Protection::copies) as u64;
    let others: u64 = seen.groups.iter().filter(|group| group.usage != Usage::Data).map(|group| group.total.0 * copies(group)).sum();
    let data: u64 = seen.groups.iter().filter(|group| group.usage == Usage::Data).map(|group| group.total.0).sum();
    let could = protection.usable(&sizes).0.saturating_sub(others.div_ceil(protection.copies() as u64));
    could.saturating_sub(data + protection.usable(&lefts).0)
}

/// Whether so much is lost to unevenness that it is worth moving data.
pub(crate) fn is_uneven(seen: &Seen, protection: Protection) -> bool {
    let sizes: Vec<Bytes> = present(seen).map(|member| member.size).collect();
    lost_to_unevenness(seen, protection) > (2 * piece(seen)).max(protection.usable(&sizes).0 / RESERVE_PART)
}

/// The room of a pool that keeps its files so.
pub(crate) fn room(seen: &Seen, protection: Protection) -> PoolRoom {
    let sizes: Vec<Bytes> = seen.members.iter().map(|member| member.size).collect();
    let lefts: Vec<Bytes> = present(seen).map(|member| Bytes(left(member))).collect();
    let held = Held::of(seen);
    let used = held.data + held.metadata;
    // With a disk missing, what is new is kept as safe as the others allow.
    let kept =
        Protection::ALL.into_iter().rev().find(|kept| *kept <= protection && kept.copies() <= lefts.len()).unwrap_or(Protection::Single);
    let given: u64 =
        seen.groups.iter().filter(|group| group.usage == Usage::Data).map(|group| group.total.0 - group.used.0.min(group.total.0)).sum();
    let usable = protection.usable(&sizes).0;
    let free = given.saturating_add(kept.usable(&lefts).0).min(usable.saturating_sub(used));
    let unallocated = lefts.iter().map(|left| left.0).fold(0, u64::saturating_add);
    PoolRoom { usable: Bytes(usable), used: Bytes(used), free: Bytes(free), unallocated: Bytes(unallocated) }
}

#[cfg(test)]
mod tests {
    use croft_model::{DiskId, MemberErrors};

    use super::*;

    const GIB: u64 = 1 << 30;

    /// A pool whose disks have these sizes and given bytes in GiB, with all files kept as `data` says.
    fn seen(disks: &[(u64, u64)], data: Protection, total: u64) -> Seen {
        let member = |(number, (size, used)): (u64, &(u64, u64))| SeenMember {
            number,
            disk: Some(DiskId::of_hash(&[u8::try_from(number).unwrap(); 32])),
            stale: false,
            size: Bytes(size * GIB),
            used: Bytes(used * GIB),
            alone: Bytes(0),
            haunts: false,
            errors: MemberErrors::default(),
        };
        let group = Group { usage: Usage::Data, copies: Some(data), total: Bytes(total * GIB), used: Bytes(total * GIB) };
        Seen { uuid: "u".into(), members: (1..).zip(disks).map(member).collect(), groups: vec![group], busy: None, read_only: false }
    }

    #[test]
    fn what_fits_leaves_something_on_each_disk() {
        let check = |data: u64, metadata: u64, protection: Protection, sizes: &[u64], expected: u64| {
            let held = Held { data: data * GIB, metadata: metadata * GIB };
            let sizes: Vec<Bytes> = sizes.iter().map(|size| Bytes(size * GIB)).collect();
            assert_eq!(lacks(held, target(protection, sizes.len()), &sizes) / GIB, expected, "{held:?} {protection:?} {sizes:?}");
        };
        check(98, 0, Protection::Single, &[100], 0);
        check(99, 0, Protection::Single, &[100], 1);
        check(96, 1, Protection::Single, &[100], 0);
        check(97, 1, Protection::Single, &[100], 1);
        check(97, 1, Protection::Mirror, &[100, 100], 0);
        check(98, 1, Protection::Mirror, &[100, 100], 1);
        check(48, 0, Protection::Mirror, &[100, 50], 0);
        check(49, 0, Protection::Mirror, &[100, 50], 1);
        check(10, 1, Protection::Mirror, &[100], 10);
        check(19, 0, Protection::Single, &[20], 0);
        check(20, 0, Protection::Single, &[20], 1);
        check(97, 1, Protection::Triple, &[100, 100, 100], 0);
    }

    #[test]
    fn room_that_only_one_disk_has_is_found() {
        let check = |disks: &[(u64, u64)], protection: Protection, total: u64, lost: u64, uneven: bool| {
            let seen = seen(disks, protection, total);
            assert_eq!((lost_to_unevenness(&seen, protection) / GIB, is_uneven(&seen, protection)), (lost, uneven), "{disks:?}");
        };
        check(&[(400, 398), (400, 398), (400, 0)], Protection::Mirror, 398, 198, true);
        check(&[(400, 266), (400, 265), (400, 265)], Protection::Mirror, 398, 0, false);
        check(&[(400, 398), (400, 0)], Protection::Single, 398, 0, false);
        check(&[(400, 100), (100, 100)], Protection::Mirror, 100, 0, false);
        check(&[(400, 10), (400, 10)], Protection::Mirror, 10, 0, false);
    }

    #[test]
    fn the_room_is_what_files_can_take() {
        let check = |disks: &[(u64, u64)], protection: Protection, total: u64, expected: (u64, u64)| {
            let room = room(&seen(disks, protection, total), protection);
            assert_eq!((room.usable.0 / GIB, room.free.0 / GIB), expected, "{disks:?}");
        };
        check(&[(400, 100)], Protection::Single, 100, (400, 300));
        check(&[(400, 100), (400, 100)], Protection::Mirror, 100, (400, 300));
        check(&[(400, 398), (400, 398), (400, 0)], Protection::Mirror, 398, (600, 4));
        let mut gone = seen(&[(400, 100), (400, 100)], Protection::Mirror, 100);
        gone.members[1].disk = None;
        assert_eq!(room(&gone, Protection::Mirror).free.0 / GIB, 300);
    }

    #[test]
    fn a_change_wants_room_to_begin() {
        let check = |disks: &[(u64, u64)], protection: Protection, expected: (bool, bool)| {
            let seen = seen(disks, Protection::Single, 1);
            assert_eq!((can_begin(&seen, target(protection, disks.len())), has_reserve(&seen, protection)), expected, "{disks:?}");
        };
        check(&[(400, 100), (400, 0)], Protection::Mirror, (true, true));
        check(&[(400, 400), (400, 0)], Protection::Mirror, (false, false));
        check(&[(400, 399), (400, 0)], Protection::Mirror, (true, false));
        check(&[(400, 399)], Protection::Single, (true, false));
    }
}
