//! `cargo xtask test`: one plan of named steps, each with its minutes; output of a step is shown only when it fails.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    process::{Command, Stdio},
    time::{Duration, Instant},
};

use clap::Args;
use miette::{IntoDiagnostic, WrapErr};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

use crate::{run, say, tree::Tree, up};

/// Lines of a failed step that are shown; the rest is in its log.
const SHOWN_LINES: usize = 150;

/// Arguments of `test`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Leaves out what is slow: the browser, and the look at licences.
    #[arg(long, conflicts_with = "long")]
    quick: bool,
    /// Adds what is too slow for every change: more kills, more crashes.
    #[arg(long)]
    long: bool,
    /// Runs only the steps whose names contain one of these.
    #[arg(long)]
    only: Vec<String>,
}

/// When a step belongs to the plan.
#[derive(Clone, Copy, PartialEq)]
enum When {
    Always,
    NotQuick,
    /// Not quick either, and only root can do it.
    OfRoot,
    Long,
}

struct Step {
    name: &'static str,
    when: When,
    work: fn(&Tree, &mut Log) -> miette::Result<()>,
}

const PLAN: [Step; 16] = [
    Step { name: "setup", when: When::Always, work: |tree, log| log.xtask(tree, &["setup"]) },
    Step { name: "format", when: When::Always, work: |tree, log| log.cargo(tree, &["fmt", "--all", "--check"]) },
    Step { name: "layers", when: When::Always, work: |tree, log| log.xtask(tree, &["layers"]) },
    Step { name: "tidy", when: When::Always, work: |tree, log| log.xtask(tree, &["tidy"]) },
    Step { name: "web", when: When::Always, work: web },
    Step { name: "build", when: When::Always, work: |tree, log| log.cargo(tree, &["build", "--workspace", "--locked"]) },
    Step { name: "openapi", when: When::Always, work: |tree, log| log.xtask(tree, &["openapi", "--check"]) },
    Step {
        name: "clippy",
        when: When::Always,
        work: |tree, log| log.cargo(tree, &["clippy", "--workspace", "--all-targets", "--locked", "--", "-D", "warnings"]),
    },
    Step { name: "deny", when: When::NotQuick, work: |tree, log| log.cargo(tree, &["deny", "check", "bans", "licenses", "sources"]) },
    Step { name: "tests", when: When::Always, work: tests },
    Step {
        name: "examples",
        when: When::NotQuick,
        work: |tree, log| log.cargo(tree, &["test", "--doc", "--workspace", "--locked", "--quiet"]),
    },
    Step { name: "browser", when: When::NotQuick, work: browser },
    Step { name: "image", when: When::OfRoot, work: image },
    Step { name: "machines", when: When::Long, work: machines },
    Step { name: "long", when: When::Long, work: long },
    Step { name: "tools root", when: When::Long, work: |tree, log| log.xtask(tree, &["tools-root"]) },
];

/// How a step ended.
struct Ended {
    name: &'static str,
    took: Duration,
    error: Option<miette::Report>,
    counts: Counts,
}

/// Runs the plan to its end, prints its table, and last of all the number of tests.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    let logs = tree.target().join("test-logs");
    fs::create_dir_all(&logs).into_diagnostic().wrap_err("cannot make the folder of the logs")?;
    let mut ended = Vec::new();
    for step in PLAN.iter().filter(|step| arguments.include(step)) {
        ended.push(take(tree, step, &logs)?);
    }
    say::line("");
    for step in &ended {
        say::line(&row(step));
    }
    let total: Duration = ended.iter().map(|step| step.took).sum();
    say::line(&format!("{:<12} {:>6.1} min", "all", total.as_secs_f64() / 60.0));
    let failed: Vec<&str> = ended.iter().filter(|step| step.error.is_some()).map(|step| step.name).collect();
    if !failed.is_empty() {
        say::line(&format!("failed: {}", failed.join(", ")));
    }
    let counts = ended.iter().fold(Counts::default(), |sum, step| sum.and(step.counts));
    say::line(&format!("tests: {} passed, {} failed, {} skipped", counts.passed, counts.failed, counts.skipped));
    if failed.is_empty() { Ok(()) } else { std::process::exit(1) }
}

impl Arguments {
    fn include(&self, step: &Step) -> bool {
        let planned = match step.when {
            When::Always => true,
            When::NotQuick => !self.quick,
            When::OfRoot => !self.quick && nix::unistd::geteuid().is_root(),
            When::Long => self.long,
        };
        // A step asked for by name runs whatever the plan.
        if self.only.is_empty() { planned } else { self.only.iter().any(|part| step.name.contains(part.as_str())) }
    }
}

fn take(tree: &Tree, step: &Step, logs: &Path) -> miette::Result<Ended> {
    let path = logs.join(format!("{}.log", step.name.replace(' ', "-")));
    let mut log = Log::new(path.clone())?;
    let begun = Instant::now();
    let error = (step.work)(tree, &mut log).err();
    let text = fs::read_to_string(&path).unwrap_or_default();
    let ended = Ended { name: step.name, took: begun.elapsed(), error, counts: Counts::of(&text) };
    if let Some(error) = &ended.error {
        let lines: Vec<&str> = text.lines().collect();
        for line in lines.iter().skip(lines.len().saturating_sub(SHOWN_LINES)) {
            say::line(&format!("  | {line}"));
        }
        say::line(&format!("  | {error:?}\n  | all of it: {}", path.display()));
    }
    say::line(&row(&ended));
    Ok(ended)
}

fn row(step: &Ended) -> String {
    let word = if step.error.is_some() { "FAILED" } else { "ok" };
    format!("{:<12} {:>6.1} min  {word}", step.name, step.took.as_secs_f64() / 60.0)
}

/// The file that takes what a step's programs print.
struct Log {
    path: PathBuf,
}

impl Log {
    fn new(path: PathBuf) -> miette::Result<Self> {
        File::create(&path).into_diagnostic().wrap_err_with(|| format!("cannot write {}", path.display()))?;
        Ok(Self { path })
    }

    /// Runs a program to its end with its output in the log.
    fn run(&mut self, command: &mut Command) -> miette::Result<()> {
        let out = File::options().append(true).open(&self.path).into_diagnostic()?;
        let err = out.try_clone().into_diagnostic()?;
        run::shown(command.env("CARGO_TERM_COLOR", "never").env("NO_COLOR", "1").stdin(Stdio::null()).stdout(out).stderr(err))
    }

    fn cargo(&mut self, tree: &Tree, arguments: &[&str]) -> miette::Result<()> {
        self.run(run::program(tree, "cargo").args(arguments))
    }

    fn npm(&mut self, tree: &Tree, folder: &str, arguments: &[&str]) -> miette::Result<()> {
        self.run(run::program(tree, "npm").current_dir(tree.path(folder)).arg("run").arg("--silent").args(arguments))
    }

    fn xtask(&mut self, tree: &Tree, arguments: &[&str]) -> miette::Result<()> {
        self.run(run::program(tree, tree.xtask()).args(arguments))
    }
}

fn web(tree: &Tree, log: &mut Log) -> miette::Result<()> {
    log.xtask(tree, &["web"])?;
    for script in ["check", "test", "budget"] {
        log.npm(tree, "appliance/web", &[script])?;
    }
    Ok(())
}

/// Tests that mount disks or folders; an ordinary user leaves them out, and they are counted as skipped.
const MOUNTING: &str = "(package(croft-sync) and binary(/^(crash|full)$/)) or (package(croft-units) and binary(subvolume)) \
     or (package(croft-disks) and binary(/^pool/)) or (package(croft-box-tests) and binary(full_disk)) \
     or (package(croft-smb) and binary(shares))";

fn tests(tree: &Tree, log: &mut Log) -> miette::Result<()> {
    log.run(&mut nextest(tree))
}

fn nextest(tree: &Tree) -> Command {
    // As many descriptors as this machine lets its user have: some tests fill a limit of ours, which is above what a shell starts with.
    if let Ok((_, most)) = getrlimit(Resource::RLIMIT_NOFILE) {
        let _ = setrlimit(Resource::RLIMIT_NOFILE, most, most);
    }
    let mut nextest = run::program(tree, "cargo");
    nextest.args(["nextest", "run", "--workspace", "--locked", "--no-fail-fast"]);
    if !nix::unistd::geteuid().is_root() {
        say::line("left out, because only root can mount disks: power cuts and full disks, network drives, the image and its boots");
        nextest.args(["-E", &format!("not ({MOUNTING})")]);
    }
    nextest
}

/// A fresh, unclaimed box of its own, and the tests that drive it through Chromium.
fn browser(tree: &Tree, log: &mut Log) -> miette::Result<()> {
    crate::setup::npm_packages(tree, "tests/browser")?;
    log.npm(tree, "tests/browser", &["check"])?;
    let fresh = up::Running::start(tree, &up::Wanted { claim: None, release: false, log: Some(log.path.clone()), on: None, disks: None })?;
    let mut tests = run::program(tree, "npm");
    tests.current_dir(tree.path("tests/browser")).args(["run", "--silent", "test"]);
    log.run(
        tests
            .env("CROFT_URL", fresh.url())
            .env("CROFT_HTTP_URL", fresh.plain_url())
            .env("CROFT_HOME", fresh.home())
            .env("CROFT_UP_PID", fresh.pid().to_string()),
    )
}

/// The image out of what was built, and its boots in an emulator.
fn image(tree: &Tree, log: &mut Log) -> miette::Result<()> {
    // Its boots are claimed by the browser's tests.
    crate::setup::debian(tree, &crate::setup::TO_BROWSE)?;
    crate::setup::npm_packages(tree, "tests/browser")?;
    log.xtask(tree, &["image", "--board", "pc", "--quick-build"])?;
    log.cargo(tree, &["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--profile", "vm"])
}

/// What takes an emulated machine many minutes: installing from a stick, moving to another address, wireless networks; and the image made twice.
fn machines(tree: &Tree, log: &mut Log) -> miette::Result<()> {
    image(tree, log)?;
    log.cargo(tree, &["nextest", "run", "--workspace", "--locked", "--no-fail-fast", "--profile", "vm-long"])?;
    log.xtask(tree, &["image", "--board", "pc", "--quick-build", "--twice"])
}

/// The same tests with more of everything.
fn long(tree: &Tree, log: &mut Log) -> miette::Result<()> {
    log.run(nextest(tree).args(["--profile", "long"]).env("CROFT_LONG", "1").env("PROPTEST_CASES", "5000"))
}

/// Tests in a runner's closing lines.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
struct Counts {
    passed: u64,
    failed: u64,
    skipped: u64,
}

impl Counts {
    fn and(self, other: Self) -> Self {
        Self { passed: self.passed + other.passed, failed: self.failed + other.failed, skipped: self.skipped + other.skipped }
    }

    /// From the closing lines of nextest, `cargo test`, vitest and Playwright.
    fn of(log: &str) -> Self {
        // Indented, a `test result:` is what a single failed test of nextest printed.
        let closing = |line: &&str| {
            let text = line.trim_start();
            line.starts_with("test result:") || text.starts_with("Summary [") || text.starts_with("Tests  ") || is_playwright(text)
        };
        log.lines().filter(closing).map(Self::of_line).fold(Self::default(), Self::and)
    }

    fn of_line(line: &str) -> Self {
        // Vitest separates by bars, the others by commas, semicolons and brackets.
        let mut counts = Self::default();
        let words: Vec<&str> = line.split([' ', ',', ';', '|', '(', ')', ':']).filter(|word| !word.is_empty()).collect();
        for pair in words.windows(2) {
            let Ok(count) = pair[0].parse::<u64>() else { continue };
            match pair[1] {
                "passed" => counts.passed += count,
                "failed" => counts.failed += count,
                "skipped" | "ignored" => counts.skipped += count,
                _ => {}
            }
        }
        counts
    }
}

/// Playwright ends with lines such as `12 passed (1.2m)` and `1 failed`.
fn is_playwright(line: &str) -> bool {
    let mut words = line.split(' ');
    let counts = words.next().is_some_and(|word| word.parse::<u64>().is_ok());
    counts && matches!(words.next(), Some("passed" | "failed" | "skipped")) && words.next().is_none_or(|word| word.starts_with('('))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn closing_lines_are_counted() {
        let check = |log: &str, passed, failed, skipped| assert_eq!(Counts::of(log), Counts { passed, failed, skipped }, "{log}");
        check("     Summary [   0.246s] 16 tests run: 15 passed, 1 failed, 2 skipped", 15, 1, 2);
        check("     Summary [   9.2s] 16 tests run: 16 passed (1 slow), 0 skipped", 16, 0, 0);
        check("test result: ok. 3 passed; 0 failed; 1 ignored; 0 measured", 3, 0, 1);
        check(" Test Files  2 passed (2)\n      Tests  1 failed | 9 passed (10)", 9, 1, 0);
        check("  1 failed\n    [chromium] a.spec.ts\n  12 passed (1.2m)", 12, 1, 0);
        check("PASS 12 passed over", 0, 0, 0);
        check(
            "    test result: FAILED. 0 passed; 1 failed; 0 ignored\n     Summary [ 1.0s] 2 tests run: 1 passed, 1 failed, 0 skipped",
            1,
            1,
            0,
        );
    }
}
