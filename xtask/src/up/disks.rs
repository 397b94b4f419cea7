//! `up --disks 4x2G`: loop devices as the disks of a box, so that anybody can try what disks do. As root.
//!
//! The files behind them lie beside the box's folder and last, so that a pool lasts, too. What is attached and mounted goes with `up`.

mod members;

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    str::FromStr,
    thread,
    time::{Duration, Instant},
};

use clap::{Args, Subcommand};
use miette::{IntoDiagnostic, WrapErr};
use nix::fcntl::{Flock, FlockArg};

use self::members::Found;
use crate::{run, say, setup, tree::Tree};

/// Names the folder of the files to the role that looks after disks.
pub(super) const VARIABLE: &str = "CROFT_LOOP_DISKS";
/// How the appliance mounts its data.
const OPTIONS: &str = "noatime,compress=zstd:1";
/// The table of partitions of the first disk.
const TABLE: &str = "[Partition]\nType=linux-generic\nLabel=croft-data\n";
/// What the kind of a disk's file is while it is in the machine, and while it is pulled out.
const IN: &str = "img";
const OUT: &str = "out";
/// Most disks; a box is made for eight.
const MOST: u64 = 8;
/// Least size, so that the pool's own tables find room.
const LEAST: u64 = 256 * 1024 * 1024;
/// Time for whoever still uses the pool to end.
const PATIENCE: Duration = Duration::from_secs(10);

/// How many disks of which size.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Wanted {
    count: u64,
    bytes: u64,
}

impl FromStr for Wanted {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, String> {
        let parsed = text.split_once('x').and_then(|(count, size)| Some(Self { count: count.parse().ok()?, bytes: bytes(size)? }));
        match parsed {
            Some(wanted) if (1..=MOST).contains(&wanted.count) && wanted.bytes >= LEAST => Ok(wanted),
            _ => Err(format!("write it as 4x2G: 1 to {MOST} disks of at least 256M")),
        }
    }
}

/// A size like `512M`, `2G` or `1T`.
fn bytes(text: &str) -> Option<u64> {
    let shift = match text.chars().last()? {
        'M' => 20,
        'G' => 30,
        'T' => 40,
        _ => return None,
    };
    text.get(..text.len() - 1)?.parse::<u64>().ok()?.checked_mul(1 << shift)
}

/// The disks of a running box. Dropped, they are unmounted and detached.
pub(super) struct Disks {
    folder: PathBuf,
    home: PathBuf,
    /// Nobody else takes these disks.
    _lock: Flock<File>,
}

impl Disks {
    /// Attaches the disks of the box in `home`, makes those that are not there yet, and mounts the pool that they hold; on fresh ones, makes one.
    pub(super) fn set_up(tree: &Tree, home: &Path, wanted: Wanted) -> miette::Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Err(miette::miette!(help = "run it as root, or without --disks", "only root can attach and mount disks"));
        }
        setup::debian(tree, &setup::TO_CRASH)?;
        let folder = folder(home);
        fs::create_dir_all(&folder).into_diagnostic().wrap_err_with(|| format!("cannot make {}", folder.display()))?;
        let lock = File::create(folder.join(".lock")).into_diagnostic()?;
        let lock = Flock::lock(lock, FlockArg::LockExclusiveNonblock);
        let lock =
            lock.map_err(|_| miette::miette!(help = "stop that box first", "another box runs on the disks in {}", folder.display()))?;
        let this = Self { folder, home: home.to_owned(), _lock: lock };
        // What a box left behind that was killed.
        this.release()?;
        let is_plain = fs::read_dir(home).into_diagnostic()?.next().is_some();
        let is_fresh = files(&this.folder, IN)?.is_empty() && files(&this.folder, OUT)?.is_empty();
        if is_plain && is_fresh {
            return Err(miette::miette!(help = "take another folder: --home DIR", "{} has a box without disks", home.display()));
        }
        for number in 1..=wanted.count {
            make(&this.folder, number, wanted.bytes)?;
        }
        for file in files(&this.folder, IN)? {
            attach(&file)?;
        }
        if is_fresh {
            this.format()?;
        }
        this.mount()?;
        Ok(this)
    }

    /// The folder of the files.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Makes a pool of the first disk, with a partition as every later one gets it: so they can take each other's place.
    fn format(&self) -> miette::Result<()> {
        let first = self.folder.join(format!("1.{IN}"));
        let device = attached(&self.folder)?.into_iter().find(|(_, file)| *file == first).map(|(device, _)| device);
        let device = device.ok_or_else(|| miette::miette!("the first disk is not attached"))?;
        let table = self.folder.join(".table");
        fs::create_dir_all(&table).and_then(|()| fs::write(table.join("10-data.conf"), TABLE)).into_diagnostic()?;
        let definitions = format!("--definitions={}", text(&table)?);
        program("systemd-repart", &["--dry-run=no", "--empty=require", "--seed=random", &definitions, &device])?;
        fs::remove_dir_all(&table).into_diagnostic()?;
        read_table(&device);
        program("mkfs.btrfs", &["--quiet", "--label", "croft-data", &partition(&device)]).map(drop)
    }

    fn mount(&self) -> miette::Result<()> {
        let mut found = Vec::new();
        for (device, file) in attached(&self.folder)? {
            for name in [partition(&device), device] {
                found.extend(Found::on(&name, &file));
            }
        }
        let pool = members::choose(&found).ok_or_else(|| {
            let help = format!("remove {} to begin anew, or put back a disk of the pool: cargo xtask disk insert N", self.folder.display());
            miette::miette!(help = help, "none of the disks is of a pool")
        })?;
        pool.sentences().iter().for_each(|sentence| say::line(sentence));
        for stranger in found.iter().filter(|found| !pool.members.contains(found)) {
            // The kernel would take in whatever it has once seen of a pool. Most of them it has not.
            let _ = program("btrfs", &["device", "scan", "--forget", &stranger.device]);
        }
        let devices = pool.members.iter().map(|member| format!("device={}", member.device));
        let options = [OPTIONS.to_owned()].into_iter().chain(devices).chain(pool.is_degraded().then(|| "degraded".into()));
        let options = options.collect::<Vec<_>>().join(",");
        let first = pool.members.first().map(|member| member.device.as_str()).unwrap_or_default();
        program("mount", &["-t", "btrfs", "-o", &options, first, text(&self.home)?]).map(drop)
    }

    /// Unmounts and detaches whatever is of these disks.
    fn release(&self) -> miette::Result<()> {
        let begun = Instant::now();
        while is_mounted(&self.home)? {
            let unmounted = program("umount", &[text(&self.home)?]);
            if unmounted.is_err() && begun.elapsed() > PATIENCE {
                // It goes when the last who uses it does.
                program("umount", &["--lazy", text(&self.home)?])?;
            }
            thread::sleep(Duration::from_millis(100));
        }
        for (device, _) in attached(&self.folder)? {
            // A disk that was never the kernel's to know is nothing to forget.
            for name in [partition(&device), device.clone()] {
                let _ = program("btrfs", &["device", "scan", "--forget", &name]);
            }
            program("losetup", &["--detach", &device])?;
        }
        Ok(())
    }
}

impl Drop for Disks {
    fn drop(&mut self) {
        if let Err(error) = self.release() {
            say::line(&format!("the disks of the box stay attached: {error}"));
        }
    }
}

/// Arguments of `disk`.
#[derive(Args)]
pub(crate) struct Arguments {
    #[command(subcommand)]
    command: Change,
    /// The box's folder.
    #[arg(long, global = true, default_value = "target/box")]
    home: PathBuf,
}

#[derive(Subcommand)]
enum Change {
    /// Pulls a disk out of the running box.
    Pull {
        /// Its number: 1 for `Loop disk 1`.
        number: u64,
    },
    /// Puts a disk back that was pulled out, as it was then.
    Insert {
        /// Its number.
        number: u64,
    },
    /// Puts in an empty disk.
    New {
        /// A number that no disk has.
        number: u64,
        /// Its size.
        #[arg(long, default_value = "2G", value_parser = |text: &str| bytes(text).ok_or("write it as 2G"))]
        size: u64,
    },
}

/// Changes which disks a running box has.
pub(crate) fn change(arguments: &Arguments) -> miette::Result<()> {
    let home = fs::canonicalize(&arguments.home).into_diagnostic().wrap_err("the box has no folder")?;
    let folder = folder(&home);
    let place = |number: u64, kind: &str| folder.join(format!("{number}.{kind}"));
    match arguments.command {
        Change::Pull { number } => pull(&folder, &place(number, IN), &place(number, OUT)),
        Change::Insert { number } => {
            fs::rename(place(number, OUT), place(number, IN)).into_diagnostic().wrap_err("it was not pulled out")?;
            attach(&place(number, IN))
        }
        Change::New { number, size } => {
            if place(number, IN).exists() || place(number, OUT).exists() {
                return Err(miette::miette!("there is a disk {number} already"));
            }
            make(&folder, number, size)?;
            attach(&place(number, IN))
        }
    }
}

/// A loop device cannot be taken from whoever uses it; but it can lose all its bytes, which is all that a pulled disk is to the kernel.
fn pull(folder: &Path, file: &Path, out: &Path) -> miette::Result<()> {
    let device = attached(folder)?.into_iter().find(|(_, behind)| behind == file).map(|(device, _)| device);
    let device = device.ok_or_else(|| miette::miette!("there is no such disk"))?;
    program("cp", &["--sparse=always", text(file)?, text(out)?])?;
    File::options().write(true).open(file).and_then(|file| file.set_len(0)).into_diagnostic()?;
    program("losetup", &["--set-capacity", &device])?;
    fs::remove_file(file).into_diagnostic()
}

/// `<home>.disks`.
fn folder(home: &Path) -> PathBuf {
    let mut name = home.as_os_str().to_owned();
    name.push(".disks");
    name.into()
}

/// Makes the file of a disk that is not there yet, in or out.
fn make(folder: &Path, number: u64, bytes: u64) -> miette::Result<()> {
    if folder.join(format!("{number}.{OUT}")).exists() {
        return Ok(());
    }
    let file = File::options().write(true).create_new(true).open(folder.join(format!("{number}.{IN}")));
    match file {
        Ok(file) => file.set_len(bytes).into_diagnostic(),
        Err(error) if error.kind() == std::io::ErrorKind::AlreadyExists => Ok(()),
        Err(error) => Err(error).into_diagnostic().wrap_err("cannot make a disk"),
    }
}

/// The files of this kind, in order.
fn files(folder: &Path, kind: &str) -> miette::Result<Vec<PathBuf>> {
    let entries: Result<Vec<_>, _> = fs::read_dir(folder).into_diagnostic()?.map(|entry| entry.map(|entry| entry.path())).collect();
    let mut files = entries.into_diagnostic()?;
    files.retain(|file| file.extension().is_some_and(|found| found == kind));
    files.sort();
    Ok(files)
}

fn attach(file: &Path) -> miette::Result<()> {
    let device = program("losetup", &["--find", "--show", "--partscan", text(file)?])?;
    read_table(device.trim());
    Ok(())
}

/// Some kernels read no tables of partitions by themselves; and a disk may have none.
fn read_table(device: &str) {
    let _ = program("partx", &["--update", device]);
}

/// The loop devices on files of a folder, also on files that were removed.
fn attached(folder: &Path) -> miette::Result<Vec<(String, PathBuf)>> {
    let list = program("losetup", &["--list", "--noheadings", "--raw", "--output", "NAME,BACK-FILE"])?;
    let lines = list.lines().filter_map(|line| line.split_once(' '));
    let all = lines.map(|(device, file)| (device.to_owned(), PathBuf::from(file.trim().replace("\\x20", " "))));
    Ok(all.filter(|(_, file)| file.starts_with(folder)).collect())
}

/// The first partition of a loop device.
fn partition(device: &str) -> String {
    format!("{device}p1")
}

fn is_mounted(home: &Path) -> miette::Result<bool> {
    let mounts = fs::read_to_string("/proc/self/mounts").into_diagnostic()?;
    let home = text(home)?.replace(' ', "\\040");
    Ok(mounts.lines().any(|line| line.split(' ').nth(1) == Some(&home)))
}

fn text(path: &Path) -> miette::Result<&str> {
    path.to_str().ok_or_else(|| miette::miette!("{} is no text", path.display()))
}

fn program(name: &str, arguments: &[&str]) -> miette::Result<String> {
    // Administrators' programs are not on everybody's path.
    let path = std::env::var("PATH").unwrap_or_default();
    run::read(std::process::Command::new(name).args(arguments).env("PATH", format!("{path}:/usr/sbin:/sbin")))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn disks_are_wished_by_count_and_size() {
        let check = |text: &str, expected: Option<(u64, u64)>| {
            assert_eq!(text.parse::<Wanted>().ok().map(|wanted| (wanted.count, wanted.bytes)), expected, "{text}");
        };
        check("4x2G", Some((4, 2 << 30)));
        check("1x512M", Some((1, 512 << 20)));
        check("8x1T", Some((8, 1 << 40)));
        for wrong in ["", "4", "x2G", "0x2G", "9x2G", "4x2", "4x100M", "4xG", "-1x2G", "4x99999999999T"] {
            check(wrong, None);
        }
    }

    #[test]
    fn a_disk_is_made_once() {
        let folder = tempfile::tempdir().unwrap();
        make(folder.path(), 1, 1000).unwrap();
        make(folder.path(), 1, 2000).unwrap();
        assert_eq!(fs::metadata(folder.path().join("1.img")).unwrap().len(), 1000);
        fs::rename(folder.path().join("1.img"), folder.path().join("1.out")).unwrap();
        make(folder.path(), 1, 2000).unwrap();
        assert!(files(folder.path(), IN).unwrap().is_empty(), "it is pulled out");
    }
}
