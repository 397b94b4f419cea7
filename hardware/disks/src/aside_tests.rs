//! Keeping what is on a disk aside, on plain files.

use super::*;

const MIB: u64 = 1024 * 1024;

fn id() -> DiskId {
    DiskId::of_hash(&[1; 32])
}

#[test]
fn both_ends_and_what_btrfs_writes_between_are_kept() {
    let check = |size: u64, expected: &[(u64, u64)]| {
        let found: Vec<(u64, u64)> = pieces(size).iter().map(|piece| (piece.from_bytes, piece.length_bytes)).collect();
        assert_eq!(found, expected, "{size}");
    };
    check(0, &[]);
    check(5 * MIB, &[(0, 5 * MIB)]);
    check(12 * MIB, &[(0, 8 * MIB), (8 * MIB, 4 * MIB)]);
    check(66 * MIB, &[(0, 8 * MIB), (58 * MIB, 8 * MIB)]);
    check(70 * MIB, &[(0, 8 * MIB), (62 * MIB, 8 * MIB)]);
    check(75 * MIB, &[(0, 8 * MIB), (64 * MIB, 8 * MIB), (72 * MIB, 3 * MIB)]);
    check(128 * MIB, &[(0, 8 * MIB), (64 * MIB, 8 * MIB), (120 * MIB, 8 * MIB)]);
    let tera = 1024 * 1024 * MIB;
    check(tera, &[(0, 8 * MIB), (64 * MIB, 8 * MIB), (256 * 1024 * MIB, 8 * MIB), (tera - 8 * MIB, 8 * MIB)]);
}

#[test]
fn whether_somebody_wrote_is_seen() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempfile().unwrap());
    let aside: OwnedFd = File::open(folder.path()).unwrap().into();
    let size = 100 * MIB;
    disk.set_len(size).unwrap();
    let write = |at: u64, bytes: &[u8]| disk.write_all_at(bytes, at).unwrap();
    let places = [0, 5 * MIB, 64 * MIB, 70 * MIB, size - MIB];
    places.iter().for_each(|at| write(*at, &[7; 5000]));
    let one = keep(aside.as_fd(), &id(), &disk, size, Timestamp::UNIX_EPOCH).unwrap().unwrap();
    let check = |kept: &Kept, expected: bool, what: &str| assert_eq!(is_untouched(aside.as_fd(), kept, &disk).unwrap(), expected, "{what}");
    check(&one, true, "it is as it was before");
    let zeros = vec![0; 8 << 20];
    write(0, &zeros);
    check(&one, true, "it was wiped half");
    write(size - 8 * MIB, &zeros);
    check(&one, true, "it was wiped");
    write(512, &[9; 600]);
    write(size - 512, &[9; 512]);
    check(&one, false, "a table came");
    note_left(aside.as_fd(), &one, &disk).unwrap();
    let one = kept(aside.as_fd()).unwrap().remove(0);
    check(&one, true, "the table was left by us");
    for at in [100, 2 * MIB, 8 * MIB - 1, 64 * MIB + 7, size - 1] {
        let mut before = [0];
        disk.read_exact_at(&mut before, at).unwrap();
        write(at, &[before[0] ^ 0x55]);
        check(&one, false, &format!("somebody wrote at {at}"));
        write(at, &before);
    }
    check(&one, true, "all is as it was left");
    write_back(aside.as_fd(), &one, &disk).unwrap();
    check(&one, true, "it is as it was before");

    note_used(aside.as_fd(), &DiskId::of_hash(&[2; 32])).unwrap();
    assert!(!kept(aside.as_fd()).unwrap()[0].used, "that was another disk");
    note_used(aside.as_fd(), &id()).unwrap();
    check(&kept(aside.as_fd()).unwrap()[0], false, "somebody has it who writes wherever it pleases");
}

#[test]
fn what_a_power_cut_left_is_removed_and_what_is_whole_stays() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempfile().unwrap());
    let aside: OwnedFd = File::open(folder.path()).unwrap().into();
    disk.set_len(MIB).unwrap();
    disk.write_all_at(&[7], 0).unwrap();
    let whole = keep(aside.as_fd(), &id(), &disk, MIB, Timestamp::UNIX_EPOCH).unwrap().unwrap();
    let alone = Kept { at: Timestamp::from_second(5).unwrap(), ..whole.clone() }.file(BYTES);
    let mut stays = vec![whole.file(BYTES), whole.file(DESCRIPTION), "other".to_owned()];
    for name in [&alone, &whole.file("json.growing"), "other"] {
        std::fs::write(folder.path().join(name), "x").unwrap();
    }
    clear_aside(aside.as_fd()).unwrap();
    let mut names: Vec<String> =
        std::fs::read_dir(folder.path()).unwrap().map(|entry| entry.unwrap().file_name().into_string().unwrap()).collect();
    names.sort();
    stays.sort();
    assert_eq!(names, stays);
    assert_eq!(kept(aside.as_fd()).unwrap(), [whole]);
}

#[test]
fn what_is_forgotten_meanwhile_or_cannot_be_opened_hides_nothing_else() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempfile().unwrap());
    let aside: OwnedFd = File::open(folder.path()).unwrap().into();
    disk.set_len(MIB).unwrap();
    disk.write_all_at(&[7], 0).unwrap();
    let one = keep(aside.as_fd(), &id(), &disk, MIB, Timestamp::UNIX_EPOCH).unwrap().unwrap();
    std::os::unix::fs::symlink("nowhere", folder.path().join("a.json")).unwrap();
    std::fs::create_dir(folder.path().join("b.json")).unwrap();
    assert_eq!(kept(aside.as_fd()).unwrap(), std::slice::from_ref(&one));
    // Listed, and gone when it is opened.
    assert!(description(aside.as_fd(), "gone.json").is_err_and(|error| error.kind() == io::ErrorKind::NotFound));
    let (from, to) = (one.clone(), Kept { at: Timestamp::from_second(9).unwrap(), ..one.clone() });
    let stop = std::sync::atomic::AtomicBool::new(false);
    std::thread::scope(|scope| {
        scope.spawn(|| {
            while !stop.load(std::sync::atomic::Ordering::Relaxed) {
                describe(aside.as_fd(), &to).unwrap();
                remove(aside.as_fd(), &to.file(DESCRIPTION)).unwrap();
            }
        });
        let listed: Vec<_> = (0..200).map(|_| kept(aside.as_fd())).collect();
        stop.store(true, std::sync::atomic::Ordering::Relaxed);
        assert!(listed.into_iter().all(|listed| listed.is_ok_and(|listed| listed.contains(&from))));
    });
}

#[test]
fn what_is_kept_is_listed_written_back_and_forgotten() {
    let (folder, disk) = (tempfile::tempdir().unwrap(), tempfile::tempfile().unwrap());
    let aside: OwnedFd = File::open(folder.path()).unwrap().into();
    let size = 100 * MIB;
    disk.set_len(size).unwrap();
    assert_eq!(keep(aside.as_fd(), &id(), &disk, size, Timestamp::UNIX_EPOCH).unwrap(), None, "there is nothing to keep");
    let marks: Vec<u64> = [0, 8 * MIB - 1, 64 * MIB, size - 1].to_vec();
    let write_marks = |value: u8| marks.iter().for_each(|at| disk.write_all_at(&[value], *at).unwrap());
    write_marks(7);
    let later = Timestamp::from_second(1_000_000).unwrap();
    let one = keep(aside.as_fd(), &id(), &disk, size, later).unwrap().unwrap();
    write_marks(8);
    let two = keep(aside.as_fd(), &id(), &disk, size, Timestamp::UNIX_EPOCH).unwrap().unwrap();
    std::fs::write(folder.path().join("other.json"), "{").unwrap();
    assert_eq!(kept(aside.as_fd()).unwrap(), [two.clone(), one.clone()]);

    write_back(aside.as_fd(), &one, &disk).unwrap();
    let mut byte = [0];
    for at in &marks {
        disk.read_exact_at(&mut byte, *at).unwrap();
        assert_eq!(byte, [7], "{at}");
    }
    forget(aside.as_fd(), &one).unwrap();
    forget(aside.as_fd(), &one).unwrap();
    assert_eq!(kept(aside.as_fd()).unwrap(), std::slice::from_ref(&two));

    std::fs::write(folder.path().join(two.file(BYTES)), "short").unwrap();
    assert_eq!(write_back(aside.as_fd(), &two, &disk).unwrap_err().kind(), io::ErrorKind::InvalidData);
}
