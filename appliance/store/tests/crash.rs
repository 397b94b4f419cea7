//! Committed data survives a power cut at any write, whatever the disk did with the writes that were never synced.
#![cfg(test)]

use croft_store::{Options, Order, Store, Table, crash::Disk, first_version};
use proptest::prelude::*;
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize)]
struct Row {
    commit: u64,
    padding: String,
}
first_version!(Row);

const ROWS: Table<u64, Row> = Table::new("rows");

/// Rows a commit writes: several pages, so that a commit can be torn between them.
const ROWS_A_COMMIT: u64 = 12;

/// Power cuts that are tried.
fn cases() -> u32 {
    if std::env::var_os("CROFT_LONG").is_some() { 5000 } else { 48 }
}

/// Commits until the power goes; says how many commits were acknowledged.
fn work(disk: &Disk, commits: u64) -> u64 {
    let Ok(store) = Store::open_on(disk, Options::new("test")) else { return 0 };
    (1..=commits).find(|commit| change(&store, *commit).is_err()).map_or(commits, |failed| failed - 1)
}

fn change(store: &Store, commit: u64) -> Result<(), croft_store::StoreError> {
    let mut write = store.write()?;
    for key in 0..ROWS_A_COMMIT {
        write.put(&ROWS, &key, &Row { commit, padding: "x".repeat(700) })?;
    }
    write.commit()
}

/// The state after a crash is that of one whole commit: the last acknowledged or, when it was under way, the next.
fn check_whole(disk: &Disk, acknowledged: u64) -> Result<(), TestCaseError> {
    let store = Store::open_on(disk, Options::new("test")).map_err(|error| TestCaseError::fail(format!("{error:?}")))?;
    let rows = store.read().unwrap().range(&ROWS, .., Order::Ascending, 100).unwrap();
    let found = rows.first().map_or(0, |(_, row)| row.commit);
    prop_assert!(found == acknowledged || found == acknowledged + 1, "{found} after {acknowledged} acknowledged");
    prop_assert!(rows.iter().all(|(_, row)| row.commit == found && row.padding.len() == 700));
    prop_assert!(found == 0 || rows.len() as u64 == ROWS_A_COMMIT);
    // And the box goes on from there.
    change(&store, found + 1).map_err(|error| TestCaseError::fail(format!("{error:?}")))
}

proptest! {
    #![proptest_config(ProptestConfig { cases: cases(), failure_persistence: None, ..ProptestConfig::default() })]
    #[test]
    fn what_was_acknowledged_is_there(cut in 0.0_f64..1.0, done in any::<u64>(), commits in 1_u64..6) {
        // The disk is born with an empty store: creation itself is `unfinished`'s business.
        let disk = Disk::new();
        drop(Store::open_on(&disk, Options::new("test")).unwrap());
        let dry = disk.after_the_crash();
        work(&dry, commits);
        let crashing = disk.after_the_crash();
        #[expect(clippy::cast_possible_truncation, clippy::cast_sign_loss, clippy::cast_precision_loss, reason = "a share of a small count")]
        crashing.cut_power_after((dry.operations() as f64 * cut) as u64);
        let acknowledged = work(&crashing, commits);
        check_whole(&crashing.after_the_crash(), acknowledged)?;
        check_whole(&crashing.after_the_crash_with(|order| done >> (order % 64) & 1 == 1), acknowledged)?;
    }
}

#[test]
fn a_disk_that_forgets_is_noticed() {
    // The check itself must be able to fail: a commit that was acknowledged and then lost.
    let disk = Disk::new();
    drop(Store::open_on(&disk, Options::new("test")).unwrap());
    let before = disk.after_the_crash();
    let acknowledged = work(&disk, 3);
    assert_eq!(acknowledged, 3);
    assert!(check_whole(&before, acknowledged).is_err());
}

#[test]
fn a_store_goes_on_when_there_is_room_again() {
    for room in 0..40 {
        let disk = Disk::new();
        let store = Store::open_on(&disk, Options::new("test")).unwrap();
        change(&store, 1).unwrap();
        disk.cut_power_after(room);
        let Err(_) = change(&store, 2) else { continue };
        assert!(change(&store, 2).is_err(), "there is still no room");
        disk.cut_power_after(u64::MAX);
        change(&store, 3).unwrap();
        let rows = store.read().unwrap().range(&ROWS, .., Order::Ascending, 100).unwrap();
        assert!(rows.iter().all(|(_, row)| row.commit == 3), "after {room} writes");
    }
}
