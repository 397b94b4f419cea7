//! What an installation may be made on, and what it is refused for.

use super::*;

const STICK: &str = include_str!("golden/started-from-a-stick.json");

#[test]
fn the_source_is_the_slot_that_runs() {
    let devices = lsblk::parse(STICK).expect("a list");
    let source = Source::of(&devices[0], "ab".into()).expect("there");
    assert_eq!(source, Source { root_hash: "ab".into(), partitions: 1_073_741_824 + 16_777_216 });
    assert!(matches!(Source::of(&devices[1], "ab".into()), Err(DiskError::NotAnImage)));
}

#[test]
fn the_partitions_of_the_copy_are_found_by_their_types() {
    let devices = || {
        let mut devices = lsblk::parse(STICK).expect("a list");
        devices.iter_mut().zip(1..).for_each(|(device, sequence)| device.sequence = Some(sequence));
        devices
    };
    let number =
        |path: &str| devices().iter().find(|device| device.path == Path::new(path)).and_then(|device| device.sequence).expect("there");
    let copy = Copy::on(number("/dev/sda"), devices()).expect("there");
    let expected = Copy { esp: "/dev/sda1".into(), root: "/dev/sda2".into(), verity: "/dev/sda3".into() };
    assert_eq!(copy, expected);
    assert!(matches!(Copy::on(number("/dev/vda"), devices()), Err(DiskError::Differs(_))));
    assert!(matches!(Copy::on(99, devices()), Err(DiskError::Gone)));
}

#[test]
fn the_kernels_counts_are_read() {
    let stat = "     666        0     9657     1079     1227   265109  2261935    38186        0    14760    39662        6        1 16777216       11       10      384\n";
    assert_eq!(counted_in(stat), Some([9657 * 512, 2_261_935 * 512, 16_777_216 * 512]));
    for wrong in ["", "1 2 3", "a b c d e f g h"] {
        assert_eq!(counted_in(wrong), None, "{wrong}");
    }
}

fn pretended(script: &str) -> Result<Running, DiskError> {
    Running::start("sh", &["-c", script])
}

fn installing(stop: CancellationToken) -> (Installing, watch::Receiver<Stage>) {
    let (stage, stages) = watch::channel(Stage::Copying(Progress { done: 0, total: 0 }));
    let source = Source { root_hash: "ab".into(), partitions: 1 };
    (Installing { source, name: "no-such-disk".into(), path: "/dev/null".into(), sequence: 1, stage, stop }, stages)
}

#[tokio::test]
async fn a_program_is_followed_to_its_end_and_a_wish_ends_it() {
    let stop = CancellationToken::new();
    let (work, stages) = installing(stop.clone());
    work.follow(pretended("exit 0").unwrap(), WRITTEN, 10, Stage::Copying).await.expect("well");
    assert_eq!(*stages.borrow(), Stage::Copying(Progress { done: 0, total: 10 }));
    let failed = work.follow(pretended("sleep 0.7; echo no room >&2; exit 1").unwrap(), WRITTEN, 10, Stage::Copying).await;
    assert!(matches!(&failed, Err(DiskError::Failed { said, .. }) if said == "no room"), "{failed:?}");
    stop.cancel();
    let cancelled = work.follow(pretended("sleep 1000").unwrap(), WRITTEN, 10, Stage::Copying).await;
    assert!(matches!(cancelled, Err(DiskError::Cancelled)), "{cancelled:?}");
}
