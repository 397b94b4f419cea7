//! What the box does to its disks beside what btrfs-progs do to the same bytes on disks like them; the box among a thousand snapshots; and its cold start
//! with eight disks full of files.

use std::{
    fmt::Write as _,
    fs::{self, File},
    io::{self, BufReader, BufWriter, Write as _},
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    time::Instant,
};

use miette::{IntoDiagnostic, WrapErr};

use super::{
    CLAIM, PERSON, app_password,
    files::{self, plant},
    load::{self, Load, Way},
    report::{self, Spread},
    servers::Server,
};
use crate::{
    run, say, setup,
    tree::Tree,
    up::{Running, Wanted},
};

/// Disks of the box.
pub(super) const DISKS: &str = "8x2G";
const COUNT: u32 = 8;
const BYTES: u64 = 2 << 30;
/// The disk that is replaced, as the box and btrfs number it.
const REPLACED: u32 = 8;
/// Large files that the disks hold, of a GiB each.
const LARGE: u32 = 3;
/// Times that everything is compared, in turn.
const ROUNDS: usize = 3;
/// Snapshots of a space.
const SNAPSHOTS: u32 = 1000;
/// Small files among which the box starts; the last only where it is asked for.
const SPACES: [u32; 3] = [0, 100_000, 1_000_000];

/// Measures a box with disks of its own, which lie below `on`.
pub(super) fn run(tree: &Tree, on: &Path, release: bool, million: bool) -> miette::Result<()> {
    setup::debian(tree, &setup::TO_BENCH)?;
    let log = tree.target().join("bench.log");
    let disks = Some(DISKS.to_owned());
    let wanted = Wanted { claim: Some(CLAIM.to_owned()), release, log: Some(log), on: Some(on.to_owned()), disks };
    let mut measured = Running::start(tree, &wanted)?;
    let own = Own { croft: tree.target().join(if release { "release" } else { "debug" }).join("croft"), home: measured.home().to_owned() };
    let folder = files::Folder(on.join("bench"));
    fs::create_dir_all(&folder.0).into_diagnostic()?;
    load::make_files(&folder.0)?;
    let credentials = format!("{PERSON}:{}", app_password(tree, &measured, release)?);

    for disk in own.spare(tree)? {
        own.croft(tree, &["pool", "grow", &disk])?;
    }
    let raw = Raw::new(tree, &on.join("raw"))?;
    for number in 0..LARGE {
        for place in [measured.home().join("spaces/s1/files"), raw.mounted.clone()] {
            fs::create_dir_all(&place).into_diagnostic()?;
            give(&folder.0.join("large"), &place.join(format!("large-{number}.bin")))?;
        }
    }
    program(tree, "sync", &[])?;
    report::publish(tree, "storage", &work_on_disks(tree, &own, &raw)?)?;
    drop(raw);

    let server = |measured: &Running| Server {
        name: "croft",
        url: format!("{}/dav/files/{PERSON}/", measured.url()),
        certificate: measured.home().join("ca.pem"),
        credentials: credentials.clone(),
        pid: measured.pid(),
    };
    report::publish(tree, "storage-snapshots", &among_snapshots(tree, &server(&measured), measured.home(), &folder.0)?)?;

    let mut table =
        "| small files on eight disks | from the start of the program to the list of a folder, s | of an empty box's |\n|---|---|---|\n"
            .to_owned();
    let (mut there, mut empty) = (0, 0.0);
    for size in &SPACES[..if million { 3 } else { 2 }] {
        say::line(&format!("starting among {size} files"));
        plant(&measured.home().join("spaces/s1/files/many"), there..*size)?;
        there = *size;
        let mut figures = Vec::new();
        for _ in 0..ROUNDS {
            measured.end();
            fs::write("/proc/sys/vm/drop_caches", "3").into_diagnostic().wrap_err("cannot empty the kernel's memory of files")?;
            let begun = Instant::now();
            measured.again(tree, &wanted)?;
            load::look(tree, &server(&measured))?;
            figures.push(begun.elapsed().as_secs_f64());
        }
        let median = Spread::of(figures).median;
        if *size == 0 {
            empty = median;
        }
        let _ = writeln!(table, "| {size} | {median:.2} | {:.2} |", median / empty);
    }
    report::publish(tree, "storage-start", &table)
}

/// Comparing everything, and replacing a disk: the box, and btrfs-progs.
fn work_on_disks(tree: &Tree, own: &Own, raw: &Raw) -> miette::Result<String> {
    let (mut ours, mut theirs) = (Vec::new(), Vec::new());
    for _ in 0..ROUNDS {
        say::line("comparing everything");
        ours.push(timed(|| own.croft(tree, &["pool", "scrub"]))?);
        theirs.push(timed(|| program(tree, "btrfs", &["scrub", "start", "-B", text(&raw.mounted)?]))?);
    }
    let mut table = format!("| {COUNT} disks with {LARGE} GiB | box, s | btrfs-progs, s | box's speed, of theirs |\n|---|---|---|---|\n");
    let mut row = |what: &str, ours: Vec<f64>, theirs: Vec<f64>| {
        let (ours, theirs) = (Spread::of(ours).median, Spread::of(theirs).median);
        // Writing to a String cannot fail.
        let _ = writeln!(table, "| {what} | {ours:.1} | {theirs:.1} | {:.2} |", theirs / ours);
    };
    row("scrub", ours, theirs);
    say::line("replacing a disk");
    own.insert(tree, COUNT + 1)?;
    let spare = own.spare(tree)?;
    let spare = spare.first().ok_or_else(|| miette::miette!("the new disk is not seen"))?;
    let number = REPLACED.to_string();
    let ours = timed(|| own.croft(tree, &["pool", "replace", &number, spare]))?;
    let target = raw.more(tree)?;
    let theirs = timed(|| program(tree, "btrfs", &["replace", "start", "-B", "-f", &number, &target, text(&raw.mounted)?]))?;
    row("replace a disk, with all that the box does around it", vec![ours], vec![theirs]);
    Ok(table)
}

/// What requests cost in a space without snapshots and with many.
fn among_snapshots(tree: &Tree, server: &Server, home: &Path, work: &Path) -> miette::Result<String> {
    load::fill(tree, server, work)?;
    let loads = [Load::Small(Way::Up, 8), Load::Small(Way::Down, 8), Load::List];
    let measure = || -> miette::Result<Vec<f64>> {
        let median = |load: Load| {
            let rates: miette::Result<Vec<f64>> = (0..ROUNDS).map(|_| Ok(load.run(tree, server, work)?.rate)).collect();
            Ok(Spread::of(rates?).median)
        };
        loads.iter().map(|load| median(*load)).collect()
    };
    say::line("measuring without snapshots");
    let without = measure()?;
    let (space, place) = (home.join("spaces/s1"), home.join("snapshots/s1"));
    fs::create_dir_all(&place).into_diagnostic()?;
    let begun = Instant::now();
    for number in 0..SNAPSHOTS {
        let name = format!("@GMT-2020.{:02}.{:02}-00.00.{:02}", 1 + number / 60 / 28, 1 + number / 60 % 28, number % 60);
        program(tree, "btrfs", &["-q", "subvolume", "snapshot", "-r", text(&space)?, text(&place.join(name))?])?;
        // Each has something of its own.
        File::create(space.join("files/listed/file-00000.bin")).and_then(|file| file.set_len(u64::from(number))).into_diagnostic()?;
    }
    let each = begun.elapsed().as_secs_f64() * 1000.0 / f64::from(SNAPSHOTS);
    say::line("measuring among snapshots");
    let among = measure()?;
    let mut table =
        format!("| {SNAPSHOTS} snapshots of a space, made in {each:.0} ms each | without | among them | ratio |\n|---|---|---|---|\n");
    for ((load, without), among) in loads.iter().zip(without).zip(among) {
        let _ = writeln!(table, "| {} | {without:.0} | {among:.0} | {:.2} |", load.title(), among / without);
    }
    Ok(table)
}

/// The box by its command line.
struct Own {
    croft: PathBuf,
    home: PathBuf,
}

impl Own {
    fn croft(&self, tree: &Tree, arguments: &[&str]) -> miette::Result<String> {
        run::read(run::program(tree, &self.croft).arg("--home").arg(&self.home).args(arguments))
    }

    /// Ids of the disks that belong to no pool.
    fn spare(&self, tree: &Tree) -> miette::Result<Vec<String>> {
        let said = self.croft(tree, &["--json", "disk", "list"])?;
        let disks: serde_json::Value = serde_json::from_str(&said).into_diagnostic()?;
        let all = disks.as_array().ok_or_else(|| miette::miette!("no list of disks: {said}"))?;
        let free = all.iter().filter(|disk| disk["holds"]["is"] == "nothing").filter_map(|disk| disk["id"].as_str());
        Ok(free.map(str::to_owned).collect())
    }

    /// Puts in an empty disk.
    fn insert(&self, tree: &Tree, number: u32) -> miette::Result<()> {
        let mut xtask = run::program(tree, tree.xtask());
        xtask.args(["disk", "--home"]).arg(&self.home).args(["new", &number.to_string()]);
        run::read(&mut xtask)?;
        // waits: for the box to see it; the system says nothing of loop devices here
        std::thread::sleep(std::time::Duration::from_secs(3));
        Ok(())
    }
}

/// A pool of disks like the box's, without a box.
struct Raw {
    folder: PathBuf,
    mounted: PathBuf,
}

impl Raw {
    fn new(tree: &Tree, folder: &Path) -> miette::Result<Self> {
        let this = Self { folder: folder.to_owned(), mounted: folder.join("mounted") };
        fs::create_dir_all(&this.mounted).into_diagnostic()?;
        let devices: Vec<String> = (1..=COUNT).map(|number| this.disk(tree, number)).collect::<miette::Result<_>>()?;
        let mut make = vec!["-q", "-d", "raid1", "-m", "raid1c3"];
        make.extend(devices.iter().map(String::as_str));
        program(tree, "mkfs.btrfs", &make)?;
        let first = devices.first().map(String::as_str).unwrap_or_default();
        program(tree, "mount", &["-t", "btrfs", "-o", "noatime,compress=zstd:1", first, text(&this.mounted)?])?;
        Ok(this)
    }

    fn disk(&self, tree: &Tree, number: u32) -> miette::Result<String> {
        let file = self.folder.join(format!("{number}.img"));
        File::create(&file).and_then(|file| file.set_len(BYTES)).into_diagnostic()?;
        Ok(program(tree, "losetup", &["--find", "--show", text(&file)?])?.trim().to_owned())
    }

    /// One disk more.
    fn more(&self, tree: &Tree) -> miette::Result<String> {
        self.disk(tree, COUNT + 1)
    }
}

impl Drop for Raw {
    fn drop(&mut self) {
        let run = |program: &str, arguments: &[&str]| std::process::Command::new(program).args(arguments).output();
        // What is not there any more need not go.
        let _ = run("umount", &[&self.mounted.display().to_string()]);
        for number in 1..=COUNT + 1 {
            let file = self.folder.join(format!("{number}.img")).display().to_string();
            let list = run("losetup", &["--list", "--noheadings", "--output", "NAME", "--associated", &file]);
            let device = list.map(|list| String::from_utf8_lossy(&list.stdout).trim().to_owned()).unwrap_or_default();
            if !device.is_empty() {
                let _ = run("losetup", &["--detach", &device]);
            }
        }
        let _ = fs::remove_dir_all(&self.folder);
    }
}

/// Copies a file, as whoever owns the folder that it comes into.
fn give(from: &Path, to: &Path) -> miette::Result<()> {
    let owner = fs::metadata(to.parent().unwrap_or(to)).into_diagnostic()?;
    // Through this process: a copy that shares its blocks would be no more bytes.
    let mut from = BufReader::with_capacity(1 << 20, File::open(from).into_diagnostic()?);
    let mut into = BufWriter::with_capacity(1 << 20, File::create(to).into_diagnostic()?);
    io::copy(&mut from, &mut into).and_then(|_| into.flush()).into_diagnostic()?;
    chown(to, Some(owner.uid()), Some(owner.gid())).into_diagnostic()
}

fn timed<T>(work: impl FnOnce() -> miette::Result<T>) -> miette::Result<f64> {
    let begun = Instant::now();
    work()?;
    Ok(begun.elapsed().as_secs_f64())
}

fn text(path: &Path) -> miette::Result<&str> {
    path.to_str().ok_or_else(|| miette::miette!("{} is no text", path.display()))
}

fn program(tree: &Tree, name: &str, arguments: &[&str]) -> miette::Result<String> {
    // Administrators' programs are not on everybody's path.
    let path = std::env::var("PATH").unwrap_or_default();
    run::read(run::program(tree, name).args(arguments).env("PATH", format!("{path}:/usr/sbin:/sbin")))
}
