//! What has to be proved before a change that takes something away: that somebody is signed in does not say that they sit there now.

use croft_model::{PoolChange, Protection, ToProve};

/// What has to be proved before a change of a pool whose files lie as safe as `before`; none for one that takes nothing away.
pub(crate) fn wanted(change: &PoolChange, before: Protection) -> Option<ToProve> {
    let operation = format!("pool.{}", change.word());
    let target = match change {
        PoolChange::Grow { disk, protection: None } => format!("{} {}", disk.id, disk.contents),
        PoolChange::Grow { disk, protection: Some(protection) } => format!("{} {} {} copies", disk.id, disk.contents, protection.copies()),
        PoolChange::Replace { member, disk } => format!("{member} {} {}", disk.id, disk.contents),
        PoolChange::Remove { member } => member.to_string(),
        PoolChange::Protect { protection } if *protection < before => {
            format!("{} copies", protection.copies())
        }
        PoolChange::Protect { .. } | PoolChange::Scrub => return None,
    };
    Some(ToProve { operation, target })
}

#[cfg(test)]
mod tests {
    use croft_model::{DiskId, MAX_PROVED, NewDisk};

    use super::*;

    #[test]
    fn only_what_takes_something_away_is_proved() {
        let disk = NewDisk { id: DiskId::of_hash(&[7; 32]), contents: "c".repeat(64), label: None };
        let check = |change: PoolChange, expected: Option<(&str, &str)>| {
            let wanted = wanted(&change, Protection::Mirror);
            assert_eq!(wanted.as_ref().map(|wanted| (wanted.operation.as_str(), wanted.target.as_str())), expected);
            assert!(wanted.is_none_or(|wanted| (1..=MAX_PROVED).contains(&wanted.target.len()) && wanted.operation.len() <= MAX_PROVED));
        };
        let whole = format!("disk-0707070707070707 {}", "c".repeat(64));
        check(PoolChange::Grow { disk: disk.clone(), protection: None }, Some(("pool.grow", &whole)));
        let twice = PoolChange::Grow { disk: disk.clone(), protection: Some(Protection::Mirror) };
        check(twice, Some(("pool.grow", &format!("{whole} 2 copies"))));
        let placed = format!("{} {whole}", u64::MAX);
        check(PoolChange::Replace { member: u64::MAX, disk }, Some(("pool.replace", &placed)));
        check(PoolChange::Remove { member: 3 }, Some(("pool.remove", "3")));
        check(PoolChange::Protect { protection: Protection::Single }, Some(("pool.protect", "1 copies")));
        check(PoolChange::Protect { protection: Protection::Triple }, None);
        check(PoolChange::Scrub, None);
    }
}
