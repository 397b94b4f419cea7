//! A real pool on loop devices of its own, and what tests do to it behind the kernel's back. It takes root.
#![expect(dead_code, reason = "each file of tests uses a part of it")]

use std::{
    fs::{self, File},
    io::Read,
    os::{fd::AsRawFd, unix::fs::FileExt},
    path::{Path, PathBuf},
    process::{Command, Output},
    sync::Arc,
    time::{Duration, Instant},
};

use croft_disks::{Disks, Group, LinuxDisks, LinuxPool, Pool, PoolError, Seen, SeenMember, Target, Usage};
use croft_model::{Disk, DiskId, Progress, Protection};
use nix::fcntl::{PosixFadviseAdvice, posix_fadvise};
use tokio::sync::watch;
use tokio_util::sync::CancellationToken;

pub(crate) const MIB: u64 = 1024 * 1024;
/// Bytes of a block of the file system.
pub(crate) const BLOCK: usize = 4096;
/// More than anything here takes on a busy machine.
pub(crate) const PATIENCE: Duration = Duration::from_secs(60);
/// Size of a disk unless the test says another one.
pub(crate) const SIZE: u64 = 384 * MIB;
/// Size of a disk that shall have room for each change, though btrfs gives away a tenth of a pool at once.
pub(crate) const LARGE: u64 = 1024 * MIB;
/// Size of a disk of a mirror in which a disk is replaced. While it copies a piece, the kernel lets nobody write to it and, where the others have no room
/// for what it holds, makes a new one first. A piece is a tenth of the pool: of mirrored disks of 1 GiB one piece alone stays free, which does not
/// suffice for data and metadata. A piece is never more than 1 GiB, so of these five stay free. They are holes in files.
pub(crate) const ROOMY: u64 = 8 * LARGE;

/// `loop_info64` of `linux/loop.h`.
#[repr(C)]
struct Status {
    before: [u64; 3],
    offset: u64,
    limit: u64,
    between: [u32; 3],
    flags: u32,
    rest: [u64; 22],
}

nix::ioctl_write_ptr_bad!(loop_set_status, 0x4c04, Status);
nix::ioctl_read_bad!(loop_get_status, 0x4c05, Status);

/// Files as disks, the first of them formatted and mounted. Dropped, all is unmounted and detached, also when the test fails.
pub(crate) struct Loops {
    folder: tempfile::TempDir,
}

impl Loops {
    /// So many disks of so many bytes.
    pub(crate) fn new(sizes: &[u64]) -> Self {
        let this = Self { folder: tempfile::tempdir().unwrap() };
        for folder in ["disks", "pool", "aside"] {
            fs::create_dir(this.folder.path().join(folder)).unwrap();
        }
        for (number, size) in (1..).zip(sizes) {
            File::create(this.image(number)).unwrap().set_len(*size).unwrap();
            this.attach(number);
        }
        run("mkfs.btrfs", &["-q", &this.device(1)]);
        this.mount(&[1], "");
        this
    }

    /// So many disks of the usual size.
    pub(crate) fn with(count: usize) -> Self {
        Self::new(&vec![SIZE; count])
    }

    /// A mirror of the first two disks, and the others empty.
    pub(crate) async fn mirror(count: usize) -> Self {
        Self::mirror_of(count, SIZE).await
    }

    /// The same with disks of so many bytes.
    pub(crate) async fn mirror_of(count: usize, size: u64) -> Self {
        let this = Self::new(&vec![size; count]);
        this.add(2).await.unwrap();
        this.convert(Protection::Mirror, Protection::Mirror).await.unwrap();
        this
    }

    pub(crate) fn home(&self) -> &Path {
        self.folder.path()
    }

    /// Where the pool is mounted.
    pub(crate) fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("pool").join(path)
    }

    pub(crate) fn image(&self, number: u64) -> PathBuf {
        self.folder.path().join(format!("disks/{number}.img"))
    }

    pub(crate) fn aside(&self) -> Arc<std::os::fd::OwnedFd> {
        Arc::new(File::open(self.folder.path().join("aside")).unwrap().into())
    }

    pub(crate) fn disks(&self) -> LinuxDisks {
        LinuxDisks::of_loops(&self.folder.path().join("disks"))
    }

    pub(crate) fn pool(&self) -> LinuxPool {
        let aside = File::open(self.folder.path().join("aside")).unwrap();
        LinuxPool::new(File::open(self.at("")).unwrap().into(), aside.into(), self.disks())
    }

    /// A disk as people see it.
    pub(crate) async fn disk(&self, number: u64) -> Disk {
        let disks = self.disks().look().await.unwrap();
        let name = format!("Loop disk {number}");
        disks.into_iter().find(|disk| disk.name == name).unwrap_or_else(|| panic!("{name} is not there"))
    }

    pub(crate) async fn id(&self, number: u64) -> DiskId {
        self.disk(number).await.id
    }

    pub(crate) async fn look(&self) -> Seen {
        self.pool().look().await.unwrap().expect("a pool")
    }

    pub(crate) async fn member(&self, number: u64) -> SeenMember {
        let members = self.look().await.members;
        members.into_iter().find(|member| member.number == number).unwrap_or_else(|| panic!("no member {number}"))
    }

    pub(crate) async fn add(&self, number: u64) -> Result<u64, PoolError> {
        let disk = self.disk(number).await;
        self.pool().add(&disk.id, &disk.contents).await
    }

    pub(crate) async fn convert(&self, data: Protection, metadata: Protection) -> Result<Progress, PoolError> {
        let (progress, told) = progress();
        self.pool().convert(Target { data, metadata }, progress, CancellationToken::new()).await?;
        Ok(*told.borrow())
    }

    pub(crate) async fn replace(&self, member: u64, by: u64) -> Result<Progress, PoolError> {
        let disk = self.disk(by).await;
        let (progress, told) = progress();
        self.pool().replace(member, &disk.id, &disk.contents, progress, CancellationToken::new()).await?;
        Ok(*told.borrow())
    }

    pub(crate) async fn scrub(&self) -> Result<croft_disks::Scrubbed, PoolError> {
        self.pool().scrub(progress().0, CancellationToken::new()).await
    }

    /// Attaches the file of a disk.
    pub(crate) fn attach(&self, number: u64) {
        let said = run("losetup", &["--find", "--show", "--partscan", text(&self.image(number))]);
        // Some kernels read no partition tables by themselves; a disk may have none.
        let _ = Command::new("partx").args(["--add", said.trim()]).output().unwrap();
    }

    /// The device of an attached disk. One that was pulled out has no bytes.
    fn loop_device(&self, number: u64) -> String {
        let said = run("losetup", &["--noheadings", "--output", "NAME", "--associated", text(&self.image(number))]);
        let has_bytes = |device: &&str| {
            let size = Path::new("/sys/class/block").join(device.trim_start_matches("/dev/")).join("size");
            fs::read_to_string(size).is_ok_and(|size| size.trim() != "0")
        };
        said.lines().map(str::trim).find(has_bytes).unwrap_or_else(|| panic!("disk {number} is not attached")).to_owned()
    }

    /// What carries its data: the partition where it has one.
    pub(crate) fn device(&self, number: u64) -> String {
        let device = self.loop_device(number);
        let partition = format!("{device}p1");
        if Path::new(&partition).exists() { partition } else { device }
    }

    /// Mounts what lies on these disks and on no others.
    pub(crate) fn mount(&self, numbers: &[u64], options: &str) {
        let devices: Vec<String> = numbers.iter().map(|number| self.device(*number)).collect();
        let named: Vec<String> = devices.iter().map(|device| format!("device={device}")).collect();
        let options = [named.join(","), "noatime".into(), options.into()].join(",");
        run("mount", &["-t", "btrfs", "-o", options.trim_end_matches(','), &devices[0], text(&self.at(""))]);
    }

    /// Unmounts the pool; the kernel forgets its disks.
    pub(crate) fn unmount(&self) {
        let begun = Instant::now();
        while !said("umount", &[text(&self.at(""))]).status.success() {
            assert!(begun.elapsed() < PATIENCE, "the pool stays in use");
            std::thread::sleep(Duration::from_millis(50)); // waits: for a program that looks at the disks, by polling
        }
        for device in self.attached() {
            for name in [device.clone(), format!("{device}p1")] {
                let _ = Command::new("btrfs").args(["device", "scan", "--forget", &name]).output().unwrap();
            }
        }
    }

    /// Pulls a disk out of the running machine: the kernel still has it, but it has no bytes, and takes none.
    #[expect(unsafe_code, reason = "losetup cannot do this to a device that is in use")]
    pub(crate) fn pull(&self, number: u64) {
        let device = File::open(self.loop_device(number)).unwrap();
        let mut status = Status { before: [0; 3], offset: 0, limit: 0, between: [0; 3], flags: 0, rest: [0; 22] };
        // SAFETY: the argument is the struct of this call (loop_info64), which the kernel fills.
        unsafe { loop_get_status(device.as_raw_fd(), &raw mut status) }.unwrap();
        // Far behind the largest file that any file system can have.
        status.offset = 1 << 62;
        // SAFETY: the argument is the struct of this call, which the kernel only reads.
        unsafe { loop_set_status(device.as_raw_fd(), &raw const status) }.unwrap();
    }

    /// Puts it back as it was then, in another socket.
    pub(crate) fn insert(&self, number: u64) {
        self.attach(number);
    }

    /// Writes a file of so many blocks, of which each is like no other.
    pub(crate) fn write(&self, name: &str, blocks: usize) {
        let path = self.at(name);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(path, contents(name, blocks)).unwrap();
    }

    /// Whether a file is as it was written, read from the disks and not from memory.
    pub(crate) fn reads(&self, name: &str, blocks: usize) -> bool {
        let Ok(mut file) = File::open(self.at(name)) else { return false };
        self.sync();
        posix_fadvise(&file, 0, 0, PosixFadviseAdvice::POSIX_FADV_DONTNEED).unwrap();
        let mut found = Vec::new();
        file.read_to_end(&mut found).is_ok() && found == contents(name, blocks)
    }

    /// Makes durable what was written to the pool.
    pub(crate) fn sync(&self) {
        run("sync", &["--file-system", text(&self.at(""))]);
    }

    /// Overwrites blocks of a file on a disk, below the file system. Gives how many there were.
    pub(crate) fn corrupt(&self, number: u64, name: &str, blocks: std::ops::Range<usize>) -> usize {
        let image = fs::OpenOptions::new().read(true).write(true).open(self.image(number)).unwrap();
        let wanted: Vec<Vec<u8>> = blocks.map(|index| block(name, index)).collect();
        let whole = fs::read(self.image(number)).unwrap();
        let places = whole.chunks(BLOCK).zip(0_u64..).filter(|(bytes, _)| wanted.iter().any(|block| block == bytes));
        let places: Vec<u64> = places.map(|(_, index)| index * BLOCK as u64).collect();
        places.iter().for_each(|at| image.write_all_at(&[0xff; 64], *at).unwrap());
        places.len()
    }

    /// Waits until the kernel does this to the pool (`exclusive_operation` of sysfs).
    pub(crate) async fn until(&self, uuid: &str, operation: &str) {
        let place = format!("/sys/fs/btrfs/{uuid}/exclusive_operation");
        let begun = Instant::now();
        while fs::read_to_string(&place).unwrap().trim() != operation {
            assert!(begun.elapsed() < PATIENCE, "the kernel never begins: {operation}");
            tokio::task::yield_now().await;
        }
    }

    /// Lets comparisons and replacements read so many bytes of a disk in a second; nothing is said of them for 0.
    pub(crate) async fn slow(&self, member: u64, bytes: u64) {
        let uuid = self.look().await.uuid;
        fs::write(format!("/sys/fs/btrfs/{uuid}/devinfo/{member}/scrub_speed_max"), bytes.to_string()).unwrap();
    }

    fn attached(&self) -> Vec<String> {
        let folder = text(&self.folder.path().join("disks")).to_owned();
        let list = Command::new("losetup").args(["--noheadings", "--list", "--output", "NAME,BACK-FILE"]).output().unwrap();
        let list = String::from_utf8_lossy(&list.stdout).into_owned();
        list.lines().filter(|line| line.contains(&folder)).filter_map(|line| line.split_whitespace().next().map(str::to_owned)).collect()
    }
}

impl Drop for Loops {
    fn drop(&mut self) {
        let quietly =
            |program: &str, arguments: &[&str]| Command::new(program).args(arguments).output().is_ok_and(|said| said.status.success());
        let at = self.at("");
        if !quietly("umount", &[text(&at)]) {
            quietly("umount", &["--lazy", text(&at)]);
        }
        for device in self.attached() {
            for name in [device.clone(), format!("{device}p1")] {
                quietly("btrfs", &["device", "scan", "--forget", &name]);
            }
            quietly("losetup", &["--detach", &device]);
        }
    }
}

/// A channel for how far something is.
pub(crate) fn progress() -> (watch::Sender<Progress>, watch::Receiver<Progress>) {
    watch::channel(Progress { done: 0, total: 0 })
}

/// How something is kept, in a word each.
pub(crate) fn kept(seen: &Seen, usage: Usage) -> Vec<Option<Protection>> {
    let of = |group: &&Group| group.usage == usage;
    seen.groups.iter().filter(of).map(|group| group.copies).collect()
}

pub(crate) fn contents(name: &str, blocks: usize) -> Vec<u8> {
    let mut contents = Vec::with_capacity(blocks * BLOCK);
    (0..blocks).for_each(|index| contents.extend_from_slice(&block(name, index)));
    contents
}

fn block(name: &str, index: usize) -> Vec<u8> {
    let mut block = format!("block {index} of {name}\n").into_bytes();
    block.resize(BLOCK, u8::try_from(index % 251).unwrap());
    block
}

pub(crate) fn text(path: &Path) -> &str {
    path.to_str().unwrap()
}

/// Runs a program; gives what it says.
pub(crate) fn run(program: &str, arguments: &[&str]) -> String {
    let output = said(program, arguments);
    assert!(output.status.success(), "{program} {arguments:?}: {}", String::from_utf8_lossy(&output.stderr));
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub(crate) fn said(program: &str, arguments: &[&str]) -> Output {
    Command::new(program).args(arguments).output().unwrap_or_else(|error| panic!("{program}: {error}"))
}
