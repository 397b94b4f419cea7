//! Whether a change of the pool is safe, and what it would do. Pure.

use croft_disks::{Seen, SeenMember};
use croft_model::{Actor, Bytes, Disk, MemberErrors, NewDisk, PoolChange, PoolPlan, PoolStep, Problem, Protection, Unfit};

use crate::{
    judge,
    pace::Work,
    plan::{is_lacking, is_off},
    proof,
    records::{ChangeRecord, PoolRecord},
    room::{self, Held, present, target},
};

/// Disks of a pool: a home server has room for so many, and each that is added is one more that can die.
const MAX_DISKS: usize = 8;
/// Below this a disk is not worth its socket, and most of it would be set aside for repairs.
const MIN_SIZE: u64 = 1 << 30;

/// A change that may be begun.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct Judged {
    /// What it would do.
    pub(crate) plan: PoolPlan,
    /// On how many disks the pool lies at its end.
    pub(crate) disks: usize,
}

/// Everything that a change is judged by.
#[derive(Clone, Copy)]
pub(crate) struct Case<'a> {
    pub(crate) record: &'a PoolRecord,
    pub(crate) seen: &'a Seen,
    pub(crate) disks: &'a [Disk],
}

/// Whether the box began this by itself: somebody's wish goes before, and it is begun again later.
pub(crate) const fn gives_way(change: &ChangeRecord) -> bool {
    // The disk that is written anew has nothing on it any more, so that is never given up for something else.
    matches!(change.by, Actor::Role { .. }) && !matches!(change.change, PoolChange::Replace { .. })
}

impl<'a> Case<'a> {
    /// What `change` would do, if it is safe. The label of a disk is not asked for yet: see [`judge::typed`].
    ///
    /// # Errors
    /// It is not, and why.
    pub(crate) fn judge(self, change: &PoolChange) -> Result<Judged, Problem> {
        let under_way = self.record.change.as_ref();
        if under_way.is_some_and(|change| !gives_way(change)) || (under_way.is_none() && self.seen.busy.is_some()) {
            return Err(Problem::new(409, "pool-change-under-way", "Something is being done to the pool already.")
                .hint("Wait for it, or give it up: `croft pool cancel`."));
        }
        if self.seen.read_only {
            return Err(Problem::new(409, "pool-read-only", "Nothing can be written to the pool, so it cannot be changed.")
                .hint("Restart the box. If it stays so, look at `croft health`."));
        }
        let mut judged = match change {
            PoolChange::Grow { disk, protection } => self.grow(disk, *protection),
            PoolChange::Protect { protection } => self.protect(*protection),
            PoolChange::Replace { member, disk } => self.replace(*member, disk),
            PoolChange::Remove { member } => self.remove(*member),
            PoolChange::Scrub => Ok(self.judged(&[PoolStep::Compare], self.record.protection, &self.sizes(None), None)),
        }?;
        judged.plan.proof = proof::wanted(change, self.record.protection);
        Ok(judged)
    }

    fn grow(self, new: &NewDisk, protection: Option<Protection>) -> Result<Judged, Problem> {
        let disk = self.new_disk(new, None)?;
        if self.seen.members.len() >= MAX_DISKS {
            return Err(Problem::new(409, "pool-too-many-disks", format!("A pool has {MAX_DISKS} disks at most."))
                .hint("Replace a small disk by this one instead."));
        }
        self.needs_all(None)?;
        let before = self.record.protection;
        // Who puts a second disk into a home server wants nothing to be lost when one dies; only more room is what they can ask for.
        let usual = if self.seen.members.len() == 1 { before.max(Protection::Mirror) } else { before };
        let protection = protection.unwrap_or(usual);
        if protection < before {
            self.needs_no_doubt(None)?;
        }
        let joined = self.joined(disk);
        let after = Case { seen: &joined, ..self };
        let sizes = after.sizes(None);
        after.fits(protection, &sizes).map_err(|problem| match problem.code.as_str() {
            "pool-no-room" if before == Protection::Single && protection > before => {
                problem.hint("Choose a larger disk, or take this one for more room alone: `--protection single`.")
            }
            _ => problem,
        })?;
        after.begins(protection)?;
        let mut judged = after.judged(&[PoolStep::Join, PoolStep::Spread], protection, &sizes, None);
        judged.plan.usable_before = self.usable();
        Ok(judged.overwriting(disk))
    }

    fn protect(self, protection: Protection) -> Result<Judged, Problem> {
        let before = self.record.protection;
        let sizes = self.sizes(None);
        if protection == before && !is_lacking(self.seen, protection) && !is_off(self.seen, target(protection, sizes.len())) {
            return Err(Problem::new(409, "pool-nothing-to-do", "The pool keeps everything so already.").hint("Nothing has to be done."));
        }
        if protection < before {
            // With a disk missing for good, this is the way to go on with those that are left.
            self.needs_no_doubt(None)?;
            if let Some(gone) = self.seen.members.iter().find(|member| !room::is_present(member) && member.alone.0 > 0) {
                return Err(gone_with_files(gone));
            }
            self.needs_no_ghost()?;
        } else {
            self.needs_all(None)?;
        }
        if protection != before {
            self.fits(protection, &sizes)?;
        }
        self.begins(protection)?;
        Ok(self.judged(&[PoolStep::Spread], protection, &sizes, None))
    }

    fn replace(self, member: u64, new: &NewDisk) -> Result<Judged, Problem> {
        let old = self.member(member)?;
        let disk = self.new_disk(new, old.stale.then_some(old))?;
        self.needs_all(Some(member))?;
        self.needs_no_doubt(Some(member))?;
        if !room::is_present(old) && old.alone.0 > 0 {
            return Err(gone_with_files(old));
        }
        if room::of_disk(disk.size) < old.size {
            let sentence = format!("The new disk has {}, and the one in the pool {}.", disk.size, old.size);
            return Err(Problem::new(409, "disk-too-small", sentence)
                .hint("Choose one that is at least as large. Or add this one, and remove the other one afterwards.")
                .key("disk"));
        }
        if !room::can_be_repaired(self.seen) {
            return Err(no_room("The disks are given out to the last piece, so a repair could not even note what it does."));
        }
        let sizes: Vec<Bytes> = self.sizes(Some(member)).into_iter().chain([room::of_disk(disk.size)]).collect();
        // What was written meanwhile may find no place for its other copy. Everything else has two again then, so it is begun all the same.
        let steps = [PoolStep::Rebuild, PoolStep::Spread, PoolStep::Compare];
        Ok(self.judged(&steps, self.record.protection, &sizes, Some(member)).overwriting(disk))
    }

    fn remove(self, member: u64) -> Result<Judged, Problem> {
        let old = self.member(member)?;
        let (protection, sizes) = (self.record.protection, self.sizes(Some(member)));
        if self.seen.members.len() == 1 {
            return Err(Problem::new(409, "pool-last-disk", "All data lies on this disk alone.")
                .hint("Add another disk first, or replace this one.")
                .key("member"));
        }
        self.needs_all(Some(member))?;
        self.needs_no_doubt(Some(member))?;
        if !room::is_present(old) && old.alone.0 > 0 {
            return Err(gone_with_files(old));
        }
        self.fits(protection, &sizes)?;
        if !room::can_leave(self.seen, old, protection) {
            return Err(no_room("What lies on this disk finds no place on the others, which are too full or of too different sizes."));
        }
        let spreads = is_off(self.seen, target(protection, sizes.len()));
        if spreads {
            self.needs_no_ghost()?;
        }
        let steps: &[PoolStep] = if spreads { &[PoolStep::Spread, PoolStep::Leave] } else { &[PoolStep::Leave] };
        Ok(self.judged(steps, protection, &sizes, Some(member)))
    }

    fn judged(self, steps: &[PoolStep], protection: Protection, sizes: &[Bytes], member: Option<u64>) -> Judged {
        let work = Work { seen: self.seen, disks: self.disks, target: target(protection, sizes.len()), member };
        let plan = PoolPlan {
            steps: steps.to_vec(),
            protection_before: self.record.protection,
            protection_after: protection,
            usable_before: self.usable(),
            usable_after: protection.usable(sizes),
            seconds: steps.iter().map(|step| work.seconds(*step)).fold(0, u64::saturating_add),
            overwrites: None,
            label: None,
            can_be_cancelled: true,
            proof: None,
        };
        Judged { plan, disks: sizes.len() }
    }

    fn usable(self) -> Bytes {
        let sizes: Vec<Bytes> = self.seen.members.iter().map(|member| member.size).collect();
        self.record.protection.usable(&sizes)
    }

    /// The disk that comes in, if it may be overwritten. One of the pool may come into its own place, when it was away.
    fn new_disk(self, new: &NewDisk, own: Option<&SeenMember>) -> Result<&'a Disk, Problem> {
        let has = |member: &&SeenMember| member.disk.as_ref() == Some(&new.id);
        if self.seen.members.iter().find(has).is_some_and(|found| own.is_none_or(|own| own.number != found.number)) {
            return Err(Problem::new(409, "disk-unfit", "This disk is in the pool already.").hint("Choose another disk.").key("disk"));
        }
        let disk = judge::as_shown(self.disks, &new.id, &new.contents, &[Unfit::TooSmall])?;
        if own.is_some_and(|own| own.disk.as_ref() == Some(&disk.id)) && judge::holds_more(&disk.holds) {
            // After it was pulled out and put back, nothing tells any more that the box runs from it.
            return Err(Problem::new(
                409,
                "pool-boot-disk",
                "This disk holds more than its part of the pool: the box may have started from it.",
            )
            .hint("Restart the box: then it is used as before.")
            .key("disk"));
        }
        if disk.size.0 < MIN_SIZE {
            return Err(Problem::new(409, "disk-too-small", "This disk is too small to be of use in a pool.")
                .hint("Choose another disk.")
                .key("disk"));
        }
        Ok(disk)
    }

    /// A disk of the pool that may go.
    fn member(self, number: u64) -> Result<&'a SeenMember, Problem> {
        let unknown = || {
            Problem::new(404, "pool-no-such-disk", format!("The pool has no disk {number}."))
                .hint("`croft pool status` lists them.")
                .key("member")
        };
        let member = self.seen.members.iter().find(|member| member.number == number).ok_or_else(unknown)?;
        if self.disks.iter().any(|disk| disk.runs_from && Some(&disk.id) == member.disk.as_ref()) {
            return Err(Problem::new(409, "pool-boot-disk", "The box starts from this disk, so its part of the pool stays.")
                .hint("Add another disk and keep everything twice; then nothing is lost when this one dies.")
                .key("member"));
        }
        Ok(member)
    }

    /// Sizes of the disks that are there, but for this one.
    fn sizes(self, except: Option<u64>) -> Vec<Bytes> {
        present(self.seen).filter(|member| Some(member.number) != except).map(|member| member.size).collect()
    }

    /// Every disk is there, but for this one.
    fn needs_all(self, except: Option<u64>) -> Result<(), Problem> {
        match self.seen.members.iter().find(|member| !room::is_present(member) && Some(member.number) != except) {
            None => Ok(()),
            Some(back) if back.stale => {
                let sentence = format!("{} came back, and has not got yet what was written meanwhile.", self.record.name(back.number));
                Err(Problem::new(409, "pool-doubtful", sentence).hint("Wait until it has, or replace it first."))
            }
            Some(gone) => Err(Problem::new(409, "pool-disk-missing", format!("{} is missing.", self.record.name(gone.number)))
                .hint("Connect it again, or replace it first.")),
        }
    }

    /// The kernel gives no room on a disk that is gone.
    fn needs_no_ghost(self) -> Result<(), Problem> {
        match self.seen.members.iter().find(|member| member.haunts) {
            None => Ok(()),
            Some(gone) => {
                let sentence = format!(
                    "{} was pulled out while the box ran, and until it starts again, data would be moved to it in vain.",
                    self.record.name(gone.number)
                );
                Err(Problem::new(409, "pool-disk-missing", sentence).hint("Restart the box first."))
            }
        }
    }

    /// Every disk is trusted, but for this one.
    fn needs_no_doubt(self, except: Option<u64>) -> Result<(), Problem> {
        let doubted = |member: &&SeenMember| {
            let known = self.record.members.get(&member.number).is_some_and(|known| known.doubt.is_some());
            room::is_present(member) && Some(member.number) != except && (known || !member.errors.none())
        };
        match self.seen.members.iter().find(doubted) {
            None => Ok(()),
            Some(member) => {
                let sentence =
                    format!("What lies on {} was not compared since it made errors or was away.", self.record.name(member.number));
                Err(Problem::new(409, "pool-doubtful", sentence)
                    .hint("Wait until the pool was compared (`croft pool scrub`), or replace that disk first."))
            }
        }
    }

    /// What the pool holds fits onto disks of these sizes.
    fn fits(self, protection: Protection, sizes: &[Bytes]) -> Result<(), Problem> {
        if sizes.len() < protection.copies() {
            let sentence = format!("{} copies of everything need as many disks, and there would be {}.", protection.copies(), sizes.len());
            return Err(
                Problem::new(409, "pool-too-few-disks", sentence).hint("Add a disk first, or keep fewer copies (`croft pool protect`).")
            );
        }
        match room::lacks(Held::of(self.seen), target(protection, sizes.len()), sizes) {
            0 => Ok(()),
            missing => Err(no_room(&format!("What the pool holds would not fit: {} are missing.", Bytes(missing)))),
        }
    }

    /// There is room for the first step of moving data.
    fn begins(self, protection: Protection) -> Result<(), Problem> {
        let target = target(protection, present(self.seen).count());
        if !is_off(self.seen, target) || room::can_begin(self.seen, target) {
            return Ok(());
        }
        Err(no_room("The disks are given out to the last piece, so there is no place to move anything to."))
    }

    /// The pool with one more disk.
    fn joined(self, disk: &Disk) -> Seen {
        let number = self.seen.members.iter().map(|member| member.number).max().map_or(1, |number| number + 1);
        let mut seen = self.seen.clone();
        seen.members.push(SeenMember {
            number,
            disk: Some(disk.id.clone()),
            stale: false,
            size: room::of_disk(disk.size),
            used: Bytes(0),
            alone: Bytes(0),
            haunts: false,
            errors: MemberErrors::default(),
        });
        seen
    }
}

impl Judged {
    fn overwriting(mut self, disk: &Disk) -> Self {
        self.plan.overwrites = Some(disk.id.clone());
        self.plan.label.clone_from(&disk.label);
        self
    }
}

fn gone_with_files(gone: &SeenMember) -> Problem {
    let (sentence, hint) = match gone.disk {
        None => ("Files lie on this disk alone, and it is missing.", "Connect it again."),
        Some(_) => ("Files lie on this disk alone, which is back and not used yet.", "Restart the box: then it is used as before."),
    };
    Problem::new(409, "pool-disk-missing", sentence).hint(hint).key("member")
}

fn no_room(sentence: &str) -> Problem {
    Problem::new(409, "pool-no-room", sentence).hint("Delete what nobody needs, or use a larger disk.")
}

#[cfg(test)]
#[path = "change_tests.rs"]
mod tests;
