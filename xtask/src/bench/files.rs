//! Files through the whole stack beside other servers of files, in turn within one run; and what an operation costs in a space of few and of many files.

use std::{
    fmt::Write as _,
    fs,
    os::unix::fs::{MetadataExt, chown},
    path::{Path, PathBuf},
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    thread::{self, JoinHandle},
    time::Duration,
};

use miette::IntoDiagnostic;

use super::{
    PERSON,
    load::{self, Load, Way},
    peer::{Kind, Peer},
    processes::{self, below, processor_seconds},
    report::{self, Spread},
    servers::Server,
};
use crate::{run, say, setup, tree::Tree, up::Running};

/// Rounds of each measure; they alternate, so that a slow minute of the machine hits all.
const ROUNDS: usize = 5;
/// Files in the space of each row of the table of costs; the last only where it is asked for.
const SPACES: [u32; 3] = [1_000, 100_000, 1_000_000];
/// Files of one folder of those.
const IN_FOLDER: u32 = 500;
/// Folders and files of the tree that a sync client keeps.
const TREE: (u32, u32) = (50, 10);
/// Between two looks at memory under load.
const LOOK: Duration = Duration::from_millis(500);
const MIB: f64 = 1024.0 * 1024.0;

/// What one round gave.
struct Sample {
    rate: f64,
    /// Processor time of the server for one request, in milliseconds.
    cost_ms: f64,
    /// Memory of the server at most, in bytes.
    memory: u64,
}

/// Measures the box and its peers, and publishes their figures and ratios. `million` adds the largest space.
pub(super) fn run(tree: &Tree, measured: &Running, credentials: &str, (on, million): (&Path, bool)) -> miette::Result<()> {
    setup::debian(tree, &setup::TO_BENCH)?;
    let folder = Folder(on.join("bench"));
    let work = folder.0.clone();
    fs::create_dir_all(&work).into_diagnostic()?;
    load::make_files(&work)?;
    let files = measured.home().join("spaces/s1/files");
    let own = Server {
        name: "croft",
        url: format!("{}/dav/files/{PERSON}/", measured.url()),
        certificate: measured.home().join("ca.pem"),
        credentials: credentials.to_owned(),
        pid: measured.pid(),
    };
    report::publish(tree, "files-sync", &second_sync(tree, measured, &own, (&files, &work))?)?;
    let peers = [("nginx", Kind::Nginx), ("apache", Kind::Apache)].map(|(name, kind)| (name, Peer::start(tree, kind, &work.join(name))));
    let mut servers = vec![own];
    for (name, peer) in &peers {
        let peer = peer.as_ref().map_err(|error| miette::miette!("{name}: {error}"))?;
        let (url, certificate, pid) = (peer.url(), peer.certificate(), peer.pid());
        servers.push(Server { name, url, certificate, credentials: credentials.to_owned(), pid });
    }
    for server in &servers {
        load::fill(tree, server, &work)?;
    }
    let mut table = "| what | server | min | median | max | server's CPU ms a request | memory at most, MiB | median, of nginx's |\n\
                     |---|---|---|---|---|---|---|---|\n"
        .to_owned();
    for measure in load::ALL {
        say::line(&format!("measuring {}", measure.title()));
        table.push_str(&rows(&measure.title(), &servers, rounds(tree, &servers, &work, measure)?));
    }
    report::publish(tree, "files", &table)?;
    let sizes = &SPACES[..if million { 3 } else { 2 }];
    report::publish(tree, "files-cost", &costs(tree, &servers[0], (&files, &work), sizes)?)
}

/// The folder of the measured files, gone with the measurement also when that fails.
pub(super) struct Folder(pub(super) PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = fs::remove_dir_all(&self.0);
    }
}

/// Looks at the memory of a server until it is asked what was the most.
struct Memory {
    over: Arc<AtomicBool>,
    most: JoinHandle<u64>,
}

impl Memory {
    fn watch(pid: u32) -> Self {
        let over = Arc::new(AtomicBool::new(false));
        let ended = Arc::clone(&over);
        let most = thread::spawn(move || {
            let mut most = 0;
            loop {
                most = most.max(memory(pid, None));
                if ended.load(Ordering::Relaxed) {
                    return most;
                }
                thread::sleep(LOOK);
            }
        });
        Self { over, most }
    }

    fn most(self) -> u64 {
        self.over.store(true, Ordering::Relaxed);
        self.most.join().unwrap_or(0)
    }
}

/// Bytes of the processes of the server `pid`, or of those with this role.
fn memory(pid: u32, role: Option<&str>) -> u64 {
    // Of a box, what starts it is no part; a peer's first process is one.
    let own = processes::itself(pid).into_iter().filter(|process| process.role != "up");
    let all = below(pid).into_iter().chain(own).filter(|process| role.is_none_or(|role| process.role == role));
    all.map(|process| process.proportional_bytes()).sum()
}

fn rounds(tree: &Tree, servers: &[Server], work: &Path, measure: Load) -> miette::Result<Vec<Vec<Sample>>> {
    let mut samples: Vec<Vec<Sample>> = servers.iter().map(|_| Vec::new()).collect();
    for _ in 0..ROUNDS {
        for (server, samples) in servers.iter().zip(&mut samples) {
            samples.push(sample(tree, server, work, measure)?);
        }
    }
    Ok(samples)
}

fn sample(tree: &Tree, server: &Server, work: &Path, measure: Load) -> miette::Result<Sample> {
    let (watched, before) = (Memory::watch(server.pid), processor_seconds(&below(server.pid)));
    let done = measure.run(tree, server, work);
    let (seconds, memory) = (processor_seconds(&below(server.pid)) - before, watched.most());
    let done = done?;
    Ok(Sample { rate: done.rate, cost_ms: seconds * 1000.0 / done.count, memory })
}

fn rows(title: &str, servers: &[Server], samples: Vec<Vec<Sample>>) -> String {
    let medians: Vec<_> = samples
        .into_iter()
        .map(|samples| {
            let most = samples.iter().map(|sample| sample.memory).max().unwrap_or(0);
            let cost = Spread::of(samples.iter().map(|sample| sample.cost_ms).collect()).median;
            (Spread::of(samples.into_iter().map(|sample| sample.rate).collect()), cost, most)
        })
        .collect();
    let nginx = medians.get(1).map_or(0.0, |(rate, ..)| rate.median);
    let mut rows = String::new();
    for (server, (rate, cost, most)) in servers.iter().zip(&medians) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            rows,
            "| {title} | {} | {:.0} | {:.0} | {:.0} | {cost:.3} | {:.1} | {:.2} |",
            server.name,
            rate.min,
            rate.median,
            rate.max,
            mebibytes(*most),
            rate.median / nginx
        );
    }
    rows
}

/// What small files cost while the space holds few and many others.
fn costs(tree: &Tree, own: &Server, (files, work): (&Path, &Path), sizes: &[u32]) -> miette::Result<String> {
    let mut table = "| files beside | up, CPU ms | down, CPU ms | PROPFIND of 10000, CPU ms | worker's memory at rest, MiB |\n\
                     |---|---|---|---|---|\n"
        .to_owned();
    let mut there = 0;
    for size in sizes {
        say::line(&format!("measuring among {size} files"));
        plant(&files.join("many"), there..*size)?;
        there = *size;
        rest(own);
        let costs = [Load::Small(Way::Up, 8), Load::Small(Way::Down, 8), Load::List].map(|load| sample(tree, own, work, load));
        rest(own);
        let mut row = format!("| {size} |");
        for cost in costs {
            let _ = write!(row, " {:.3} |", cost?.cost_ms);
        }
        let _ = writeln!(table, "{row} {:.1} |", mebibytes(memory(own.pid, Some("sync"))));
    }
    Ok(table)
}

/// Puts empty files with these numbers below `folder`, behind the box's back, as whoever owns the folder above it.
pub(super) fn plant(folder: &Path, numbers: std::ops::Range<u32>) -> miette::Result<()> {
    let owner = fs::metadata(folder.parent().unwrap_or(folder)).into_diagnostic()?;
    let own = |path: &Path| chown(path, Some(owner.uid()), Some(owner.gid())).into_diagnostic();
    if !folder.exists() {
        fs::create_dir(folder).into_diagnostic()?;
        own(folder)?;
    }
    for number in numbers {
        let part = folder.join(format!("{:04}", number / IN_FOLDER));
        if !part.exists() {
            fs::create_dir(&part).into_diagnostic()?;
            own(&part)?;
        }
        let file = part.join(format!("{number:07}.txt"));
        fs::write(&file, format!("{number}\n")).into_diagnostic()?;
        own(&file)?;
    }
    Ok(())
}

/// Waits until the server has nothing to do, for ten minutes at most: then it is measured as it is.
fn rest(server: &Server) {
    let mut before = processor_seconds(&below(server.pid));
    let mut quiet = 0;
    for _ in 0..300 {
        // waits: a pass begins up to a minute after the last one, and its end can only be seen by its rest
        thread::sleep(Duration::from_secs(2));
        let now = processor_seconds(&below(server.pid));
        quiet = if now - before < 0.05 { quiet + 1 } else { 0 };
        before = now;
        if quiet >= 5 {
            return;
        }
    }
}

/// The requests of a stock sync client whose folder and the box are the same already, after its first sync of a tree.
fn second_sync(tree: &Tree, measured: &Running, own: &Server, (files, work): (&Path, &Path)) -> miette::Result<String> {
    say::line("measuring a second sync");
    let (folders, of_each) = TREE;
    fs::create_dir_all(files).into_diagnostic()?;
    plant(&files.join("tree"), 0..folders * of_each)?;
    let home = work.join("computer");
    fs::create_dir_all(home.join("Croft")).into_diagnostic()?;
    let (name, password) = own.credentials.split_once(':').unwrap_or_default();
    let sync = || -> miette::Result<usize> {
        let mut client = run::program(tree, "nextcloudcmd");
        client.env("HOME", &home).args(["--non-interactive", "--trust", "--user", name, "--password", password]);
        let output = client.arg(home.join("Croft")).arg(measured.url()).output().into_diagnostic()?;
        let said = String::from_utf8_lossy(&output.stderr).into_owned() + &String::from_utf8_lossy(&output.stdout);
        if !output.status.success() {
            return Err(miette::miette!("the sync client is not content:\n{said}"));
        }
        // One line of its log for each.
        Ok(said.lines().filter(|line| line.contains("accessmanager")).count())
    };
    let (first, second) = (sync()?, sync()?);
    Ok(format!(
        "| requests of nextcloudcmd with {} files | count |\n|---|---|\n| first sync | {first} |\n| second, nothing changed | {second} |\n",
        folders * of_each
    ))
}

#[expect(clippy::cast_precision_loss, reason = "memory of a process is far below 2^52 bytes")]
fn mebibytes(bytes: u64) -> f64 {
    bytes as f64 / MIB
}
