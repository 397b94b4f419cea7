//! A store from outside: what it keeps, what it refuses, and that a refusal changes nothing.
#![cfg(test)]

use std::{fs::File, os::unix::fs::FileExt};

use croft_store::{Options, Order, Record, Store, StoreError, Table, Trouble, first_version};
use serde::{Deserialize, Serialize};

#[derive(Serialize, Deserialize, PartialEq, Debug, Clone)]
struct Note {
    text: String,
}
first_version!(Note);

const NOTES: Table<(u64, String), Note> = Table::new("notes");

fn note(text: &str) -> Note {
    Note { text: text.into() }
}

/// A file of its own description each time, as a new process has it.
fn reopened(path: &std::path::Path) -> File {
    File::options().read(true).write(true).create(true).truncate(false).open(path).unwrap()
}

fn open(path: &std::path::Path) -> Result<Store, StoreError> {
    Store::open(reopened(path), Options::new("test"))
}

fn fill(path: &std::path::Path, count: u64) {
    let store = open(path).unwrap();
    let mut write = store.write().unwrap();
    for number in 0..count {
        write.put(&NOTES, &(number, "n".into()), &note(&"long enough to fill pages ".repeat(20))).unwrap();
    }
    write.commit().unwrap();
}

#[test]
fn what_is_committed_is_there_again_and_what_is_not_is_not() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.redb");
    {
        let store = open(&path).unwrap();
        assert_eq!(store.read().unwrap().get(&NOTES, &(1, "a".into())).unwrap(), None);
        let mut write = store.write().unwrap();
        for (number, name) in [(1, "b"), (1, "a"), (2, "a"), (3, "z")] {
            write.put(&NOTES, &(number, name.into()), &note(name)).unwrap();
        }
        assert!(write.remove(&NOTES, &(3, "z".into())).unwrap());
        assert!(!write.remove(&NOTES, &(3, "z".into())).unwrap());
        write.commit().unwrap();
        let mut dropped = store.write().unwrap();
        dropped.put(&NOTES, &(9, "x".into()), &note("never")).unwrap();
        assert_eq!(dropped.get(&NOTES, &(9, "x".into())).unwrap(), Some(note("never")));
    }
    let read = open(&path).unwrap().read().unwrap();
    let keys = |range: Vec<((u64, String), Note)>| range.into_iter().map(|(key, _)| key).collect::<Vec<_>>();
    let all = keys(read.range(&NOTES, .., Order::Ascending, 10).unwrap());
    assert_eq!(all, [(1, "a".into()), (1, "b".into()), (2, "a".into())]);
    let last = keys(read.range(&NOTES, ..(2, String::new()), Order::Descending, 1).unwrap());
    assert_eq!(last, [(1, "b".into())]);
    assert_eq!(read.count(&NOTES).unwrap(), 3);
}

#[test]
fn a_second_opener_is_locked_out_until_the_first_is_gone() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.redb");
    let first = open(&path).unwrap();
    let error = open(&path).unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Locked), "{error:?}");
    assert_eq!(error.code(), "store-locked");
    drop(first);
    open(&path).unwrap();
}

#[test]
fn a_store_of_another_kind_is_refused() {
    let folder = tempfile::tempdir().unwrap();
    let path = folder.path().join("test.redb");
    drop(open(&path).unwrap());
    let error = Store::open(reopened(&path), Options::new("identity")).unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Foreign(kind) if kind == "test"), "{error:?}");
}

#[test]
fn a_torn_file_is_refused_with_what_to_do_and_left_as_it_is() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.redb");
    fill(&whole, 2000);
    let bytes = std::fs::read(&whole).unwrap();
    let torn = folder.path().join("torn.redb");
    let check = |what: &str, bytes: &[u8]| {
        std::fs::write(&torn, bytes).unwrap();
        let error = open(&torn).err().unwrap_or_else(|| panic!("{what} was opened"));
        assert!(matches!(error.trouble(), Trouble::Torn(_)), "{what}: {error:?}");
        assert!(error.hint().contains("Restore") && error.hint().contains("set it aside"));
    };
    check("half a file", &bytes[..bytes.len() / 2]);
    check("a few bytes", &bytes[..5]);
    check("somebody's text", b"this was never a store");
    let record = bytes.windows(11).position(|window| window == b"long enough").unwrap();
    let mut flipped = bytes.clone();
    flipped[record] ^= 1;
    check("one flipped bit in a record", &flipped);
}

#[test]
fn a_flipped_bit_anywhere_never_gives_wrong_data() {
    let folder = tempfile::tempdir().unwrap();
    let whole = folder.path().join("whole.redb");
    fill(&whole, 60);
    let bytes = std::fs::read(&whole).unwrap();
    let expected = open(&whole).unwrap().read().unwrap().range(&NOTES, .., Order::Ascending, 100).unwrap();
    let path = folder.path().join("flipped.redb");
    // A prime stride meets header, tree and data pages at ever other offsets.
    for at in (0..bytes.len()).step_by(10_007) {
        std::fs::write(&path, &bytes).unwrap();
        reopened(&path).write_all_at(&[bytes[at] ^ 0x10], at as u64).unwrap();
        if let Ok(store) = open(&path) {
            let found = store.read().unwrap().range(&NOTES, .., Order::Ascending, 100).unwrap();
            assert_eq!(found, expected, "flipped at {at}");
        }
    }
}

#[test]
fn a_record_from_the_future_says_so() {
    #[derive(Serialize, Deserialize)]
    struct Later {
        text: String,
    }
    impl Record for Later {
        const VERSION: u16 = 2;
        type Previous = Note;
        fn upgrade(previous: Note) -> Self {
            Self { text: previous.text }
        }
    }
    const LATER: Table<(u64, String), Later> = Table::new("notes");
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("test.redb")).unwrap();
    let mut write = store.write().unwrap();
    write.put(&NOTES, &(1, "old".into()), &note("old")).unwrap();
    write.put(&LATER, &(2, "new".into()), &Later { text: "new".into() }).unwrap();
    write.commit().unwrap();
    let read = store.read().unwrap();
    assert_eq!(read.get(&LATER, &(1, "old".into())).unwrap().map(|later| later.text), Some("old".into()));
    let error = read.get(&NOTES, &(2, "new".into())).unwrap_err();
    assert!(matches!(error.trouble(), Trouble::Future { found: 2, known: 1 }), "{error:?}");
    assert_eq!(error.code(), "store-future");
}

#[test]
fn limits_are_kept() {
    let folder = tempfile::tempdir().unwrap();
    let store = open(&folder.path().join("test.redb")).unwrap();
    let mut write = store.write().unwrap();
    let error = write.put(&NOTES, &(1, "k".repeat(5000)), &note("")).unwrap_err();
    assert_eq!(error.code(), "record-too-large");
    let error = write.put(&NOTES, &(1, "k".into()), &note(&"v".repeat(9 << 20))).unwrap_err();
    assert_eq!(error.code(), "record-too-large");
}
