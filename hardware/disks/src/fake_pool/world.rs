//! What lies where in a pretended pool.

use std::{
    collections::{BTreeMap, BTreeSet},
    io,
};

use croft_model::{Bytes, Disk, DiskId, MemberErrors, Protection};

use super::FakeCall;
use crate::{Group, Holder, PoolError, Seen, SeenMember, Target, Usage};

/// In such pieces room is given out.
pub(super) const PIECE: u64 = 256 << 20;
/// What the partition table of a disk takes, which ends at a page.
const TABLE: u64 = (1 << 20) + 5 * PAGE;
const PAGE: u64 = 4096;

#[derive(Default)]
pub(super) struct World {
    pub(super) members: BTreeMap<u64, Held>,
    pub(super) pieces: Vec<Piece>,
    /// What the kernel was told and has not ended.
    pub(super) busy: Option<Under>,
    pub(super) read_only: bool,
    /// How files are kept that are written now.
    pub(super) kept: Option<Protection>,
    /// Something was written that is not durable yet.
    pub(super) unsynced: bool,
    /// The data lies on another file system.
    pub(super) elsewhere: bool,
    pub(super) fails: BTreeMap<FakeCall, PoolError>,
    /// Members that do not answer while all is compared.
    pub(super) silent: BTreeSet<u64>,
    pub(super) passed: u64,
    pub(super) calls: Vec<FakeCall>,
}

/// A disk of the pool.
pub(super) struct Held {
    pub(super) disk: DiskId,
    /// What it is while it is away.
    pub(super) away: Option<Disk>,
    /// It came back, and the kernel does not use it.
    pub(super) stale: bool,
    /// It was pulled out, and the kernel was not started anew since.
    pub(super) haunts: bool,
    pub(super) size: u64,
    pub(super) errors: MemberErrors,
}

/// What is under way in the kernel.
#[derive(Clone)]
pub(super) enum Under {
    Balance,
    Replace(u64, DiskId),
    Remove,
}

/// A piece of room with its copies.
#[derive(Clone)]
pub(super) struct Piece {
    pub(super) usage: Usage,
    pub(super) copies: Option<Protection>,
    /// The members of its copies; the same one twice where both lie on one disk.
    pub(super) on: Vec<u64>,
    /// Members whose copy is old or wrong.
    pub(super) wrong: BTreeSet<u64>,
    pub(super) used: u64,
}

impl Held {
    pub(super) fn new(disk: DiskId, size: u64) -> Self {
        Self { disk, away: None, stale: false, haunts: false, size: room(size), errors: MemberErrors::default() }
    }

    /// Whether the kernel uses it.
    pub(super) fn there(&self) -> bool {
        self.away.is_none() && !self.stale
    }
}

impl World {
    /// Bytes of a disk that are given to something.
    pub(super) fn given(&self, member: u64) -> u64 {
        self.pieces.iter().flat_map(|piece| &piece.on).filter(|on| **on == member).count() as u64 * PIECE
    }

    /// Bytes of a disk that are given to what lies on no other.
    fn alone(&self, member: u64) -> u64 {
        let alone = self.pieces.iter().filter(|piece| piece.on.iter().all(|on| *on == member));
        alone.map(|piece| piece.on.len() as u64 * PIECE).sum()
    }

    /// What is left of each disk that is there, the emptiest first.
    pub(super) fn left(&self) -> Vec<(u64, u64)> {
        let there = self.members.iter().filter(|(_, held)| held.there());
        let mut left: Vec<(u64, u64)> = there.map(|(number, held)| (held.size.saturating_sub(self.given(*number)), *number)).collect();
        left.sort_unstable_by(|a, b| b.0.cmp(&a.0).then(a.1.cmp(&b.1)));
        left
    }

    /// Disks for the copies of a new piece; none where there is no room.
    pub(super) fn place(&self, copies: Option<Protection>) -> Option<Vec<u64>> {
        let left = self.left();
        match copies {
            None => left.first().filter(|(left, _)| *left >= 2 * PIECE).map(|(_, number)| vec![*number; 2]),
            Some(copies) => {
                let chosen = left.get(..copies.copies())?;
                chosen.iter().all(|(left, _)| *left >= PIECE).then(|| chosen.iter().map(|(_, number)| *number).collect())
            }
        }
    }

    pub(super) fn allocate(&mut self, usage: Usage, copies: Option<Protection>, used: u64) -> bool {
        let Some(on) = self.place(copies) else { return false };
        self.pieces.push(Piece { usage, copies, on, wrong: BTreeSet::new(), used });
        true
    }

    /// The disks that are there and have a right copy.
    pub(super) fn good(&self, piece: &Piece) -> BTreeSet<u64> {
        let good = |number: &&u64| !piece.wrong.contains(number) && self.members.get(number).is_some_and(|held| held.there());
        piece.on.iter().filter(good).copied().collect()
    }

    /// The pieces that are not kept as `target` says.
    pub(super) fn off(&self, target: Target) -> impl Iterator<Item = usize> {
        self.pieces.iter().enumerate().filter(move |(_, piece)| piece.copies != copies_of(target, piece.usage)).map(|(at, _)| at)
    }

    /// Writes a piece anew, kept in another way.
    pub(super) fn rewrite(&mut self, at: usize, copies: Option<Protection>) -> Result<(), PoolError> {
        if self.good(&self.pieces[at]).is_empty() {
            return Err(refused("move data", io::ErrorKind::InvalidData));
        }
        let on = self.place(copies).ok_or_else(|| refused("move data", io::ErrorKind::StorageFull))?;
        let piece = &mut self.pieces[at];
        piece.copies = copies;
        piece.on = on;
        piece.wrong.clear();
        self.unsynced = true;
        Ok(())
    }

    /// Moves what a disk has of a piece to another one.
    pub(super) fn move_off(&mut self, at: usize, member: u64) -> Result<(), PoolError> {
        let piece = self.pieces[at].clone();
        if self.good(&piece).is_empty() {
            return Err(refused("take a disk off", io::ErrorKind::InvalidData));
        }
        let needed = piece.on.iter().filter(|on| **on == member).count() as u64 * PIECE;
        let fits = |(left, number): &(u64, u64)| *number != member && !piece.on.contains(number) && *left >= needed;
        let (_, to) = self.left().into_iter().find(fits).ok_or_else(|| refused("take a disk off", io::ErrorKind::StorageFull))?;
        let piece = &mut self.pieces[at];
        piece.on.iter_mut().filter(|on| **on == member).for_each(|on| *on = to);
        piece.wrong.remove(&member);
        self.unsynced = true;
        Ok(())
    }

    /// A piece of files on the fullest disk that may as well lie on the emptiest.
    pub(super) fn lopsided(&self) -> Option<(usize, u64, u64)> {
        let left = self.left();
        let ((most, to), (least, from)) = (*left.first()?, *left.last()?);
        let may_move = |piece: &Piece| piece.usage == Usage::Data && piece.on.contains(&from) && !piece.on.contains(&to);
        let at = self.pieces.iter().position(may_move)?;
        (most > least + 2 * PIECE).then_some((at, from, to))
    }

    pub(super) fn seen(&self) -> Seen {
        let members = self.members.iter().map(|(number, held)| SeenMember {
            number: *number,
            disk: held.away.is_none().then(|| held.disk.clone()),
            stale: held.stale,
            size: Bytes(held.size),
            used: Bytes(self.given(*number)),
            alone: Bytes(self.alone(*number)),
            haunts: held.haunts,
            errors: held.errors,
        });
        let mut groups: Vec<Group> = Vec::new();
        for piece in &self.pieces {
            let (total, used) = (PIECE, piece.used);
            match groups.iter_mut().find(|group| group.usage == piece.usage && group.copies == piece.copies) {
                Some(group) => (group.total.0, group.used.0) = (group.total.0 + total, group.used.0 + used),
                None => groups.push(Group { usage: piece.usage, copies: piece.copies, total: Bytes(total), used: Bytes(used) }),
            }
        }
        let busy = self.busy.as_ref().map(|under| match under {
            Under::Balance => Holder::Balance,
            Under::Replace(..) => Holder::Replace,
            Under::Remove => Holder::Remove,
        });
        Seen { uuid: "00000000-0000-4000-8000-000000000001".into(), members: members.collect(), groups, busy, read_only: self.read_only }
    }
}

/// How many copies of something `target` wants; none for two on the same disk.
pub(super) fn copies_of(target: Target, usage: Usage) -> Option<Protection> {
    match usage {
        Usage::Data => Some(target.data),
        Usage::Metadata | Usage::System => Some(target.metadata).filter(|metadata| *metadata != Protection::Single),
    }
}

/// What a disk of this size has for a pool: the rest is its partition table.
fn room(size: u64) -> u64 {
    let room = size.saturating_sub(TABLE);
    room - room % PAGE
}

pub(super) fn refused(what: &'static str, kind: io::ErrorKind) -> PoolError {
    PoolError::Refused { what, source: kind.into() }
}
