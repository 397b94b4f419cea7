//! `cargo xtask fuzz`: hours of looking for inputs of which a property of a fuzz target does not hold.
//!
//! A target is a test that has a folder `fuzz/<its name>/` in its crate (`tests/fuzz` says how). It is built with libFuzzer and the counters of coverage,
//! in a folder of its own, and run for as long as one likes. What reaches new code goes into its corpus, the least of it that does; what breaks the
//! property as well, so that every run of the tests judges it from then on.

use std::{
    collections::{BTreeMap, BTreeSet},
    fs::{self, File},
    os::unix::fs::symlink,
    path::{Path, PathBuf},
    process::Stdio,
};

use clap::Args;
use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, tree::Tree};

/// What makes the compiler count where an input leads, and the library of the targets run them by libFuzzer. A stable compiler does.
const FLAGS: &str = "--cfg fuzzing --cfg fuzzing_libfuzzer -Cpasses=sancov-module -Cllvm-args=-sanitizer-coverage-level=4 \
    -Cllvm-args=-sanitizer-coverage-inline-8bit-counters -Cllvm-args=-sanitizer-coverage-pc-table -Cllvm-args=-sanitizer-coverage-trace-compares";
/// The longest input: what a small body may have.
const LONGEST_BYTES: u32 = 64 * 1024;
/// One input may take so long on a machine that has other work, too; one that takes longer is a finding.
const SLOW_SECONDS: u32 = 5;
/// Memory of a target.
const MEMORY_MEBIBYTES: u32 = 1024;

/// Arguments of `fuzz`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// Minutes for each target.
    #[arg(long, default_value_t = 5)]
    minutes: u32,
    /// Targets by name; all without one.
    targets: Vec<String>,
}

/// A test that has a corpus.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
struct Target {
    name: String,
    /// The folder of its crate.
    within: String,
}

/// What came of a run.
struct Ran {
    executions: u64,
    /// Inputs that the corpus has more.
    kept: usize,
    /// Files in the corpus that break the property.
    found: Vec<PathBuf>,
}

/// Runs the targets one after another.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    let all = targets(&tree.files()?, |within| tree.path(within).join("Cargo.toml").is_file());
    if let Some(unknown) = arguments.targets.iter().find(|name| all.iter().all(|target| target.name != **name)) {
        let names: Vec<&str> = all.iter().map(|target| target.name.as_str()).collect();
        return Err(miette::miette!(help = format!("there are {}", names.join(", ")), "there is no fuzz target {unknown}"));
    }
    let wanted = |target: &&Target| arguments.targets.is_empty() || arguments.targets.contains(&target.name);
    let wanted: Vec<&Target> = all.iter().filter(wanted).collect();
    let programs = build(tree, &wanted)?;
    let mut broken = Vec::new();
    for target in wanted {
        let program = programs.get(&target.within).ok_or_else(|| miette::miette!("{} has no tests", target.within))?;
        let ran = look(tree, target, program, arguments.minutes)?;
        say::line(&format!("{:<20} {:>12} executions, {:>3} inputs more in the corpus", target.name, ran.executions, ran.kept));
        broken.extend(ran.found);
    }
    for path in &broken {
        say::line(&format!("breaks its property: {}", path.display()));
    }
    if broken.is_empty() {
        Ok(())
    } else {
        Err(miette::miette!(help = "run the tests: they judge it, too", "{} inputs were found", broken.len()))
    }
}

/// The targets whose corpora are among `files`; `is_crate` tells the folder of a crate.
fn targets(files: &[String], is_crate: impl Fn(&str) -> bool) -> Vec<Target> {
    let of_file = |file: &String| {
        let (within, rest) = file.split_once("/fuzz/")?;
        let (name, _) = rest.split_once('/')?;
        is_crate(within).then(|| Target { name: name.to_owned(), within: within.to_owned() })
    };
    files.iter().filter_map(of_file).collect::<BTreeSet<_>>().into_iter().collect()
}

/// Builds the tests of the crates that have `targets`; gives each crate's program by the crate's folder.
fn build(tree: &Tree, targets: &[&Target]) -> miette::Result<BTreeMap<String, PathBuf>> {
    say::line("building the targets, in a folder of their own");
    let about = run::output(tree, "rustc", &["-vV"])?;
    let host = about.lines().find_map(|line| line.strip_prefix("host: ")).ok_or_else(|| miette::miette!("rustc does not name its host"))?;
    let mut cargo = run::program(tree, "cargo");
    // With a target that is named, the flags are for what runs on it alone, and not for what builds it.
    cargo
        .args(["test", "--lib", "--no-run", "--locked", "--message-format=json-render-diagnostics", "--target", host])
        .arg("--target-dir")
        .arg(folder(tree));
    let folders: BTreeSet<&str> = targets.iter().map(|target| target.within.as_str()).collect();
    for within in &folders {
        cargo.args(["--package", &package(tree, within)?]);
    }
    cargo.env("RUSTFLAGS", FLAGS).env("CARGO_PROFILE_DEV_OPT_LEVEL", "3").env("CARGO_PROFILE_DEV_CODEGEN_UNITS", "1");
    let output = cargo.stdin(Stdio::null()).stderr(Stdio::inherit()).output().into_diagnostic().wrap_err("cannot start cargo")?;
    if !output.status.success() {
        return Err(miette::miette!("the targets do not build"));
    }
    let mut programs = BTreeMap::new();
    for line in String::from_utf8_lossy(&output.stdout).lines() {
        let message: serde_json::Value = serde_json::from_str(line).into_diagnostic().wrap_err("what cargo says")?;
        let (Some(program), Some(manifest)) = (message["executable"].as_str(), message["manifest_path"].as_str()) else { continue };
        let within = Path::new(manifest).parent().and_then(|within| within.strip_prefix(tree.root()).ok());
        programs.extend(within.map(|within| (within.to_string_lossy().into_owned(), PathBuf::from(program))));
    }
    Ok(programs)
}

/// The name of the crate in the folder `within`.
fn package(tree: &Tree, within: &str) -> miette::Result<String> {
    let manifest: toml::Table = tree.read(&format!("{within}/Cargo.toml"))?.parse().into_diagnostic()?;
    let name = manifest.get("package").and_then(|package| package.get("name")?.as_str());
    name.map(str::to_owned).ok_or_else(|| miette::miette!("the crate in {within} has no name"))
}

fn folder(tree: &Tree) -> PathBuf {
    tree.target().join("fuzz")
}

/// Runs one target for some minutes, and keeps what it found.
fn look(tree: &Tree, target: &Target, program: &Path, minutes: u32) -> miette::Result<Ran> {
    let (place, corpus) = (folder(tree).join("runs").join(&target.name), tree.path(&format!("{}/fuzz/{}", target.within, target.name)));
    prepare(&place, &corpus).into_diagnostic().wrap_err_with(|| format!("cannot prepare {}", place.display()))?;
    let tests = run::output(tree, &program.to_string_lossy(), &["--list", "--format", "terse"])?;
    let test = test_of(&tests, &target.name).ok_or_else(|| miette::miette!("{} has a corpus and no test", target.name))?;
    let limits = format!("-timeout={SLOW_SECONDS} -rss_limit_mb={MEMORY_MEBIBYTES} -max_len={LONGEST_BYTES}");
    let before = listed(&corpus)?;
    let looked = fuzzer(
        &place,
        program,
        test,
        &format!("new kept {limits} -artifact_prefix=found/ -print_final_stats=1 -max_total_time={}", minutes * 60),
    )?;
    let found = keep_found(&place.join("found"), &corpus)?;
    // Of all that was tried, what leads where nothing in the corpus does.
    fuzzer(&place, program, test, &format!("-merge=1 {limits} -use_counters=0 kept new"))?;
    let kept = listed(&corpus)?.difference(&before).filter(|path| !found.contains(path)).count();
    Ok(Ran { executions: executions(&looked), kept, found })
}

/// A folder with `new`, what was tried and led somewhere, `found`, what broke the property, and the corpus as `kept`: names without a blank, whatever
/// the tree is called.
fn prepare(place: &Path, corpus: &Path) -> std::io::Result<()> {
    for name in ["new", "found"] {
        fs::create_dir_all(place.join(name))?;
    }
    for found in fs::read_dir(place.join("found"))? {
        fs::remove_file(found?.path())?;
    }
    if fs::read_link(place.join("kept")).is_ok() {
        fs::remove_file(place.join("kept"))?;
    }
    symlink(corpus, place.join("kept"))
}

/// Runs libFuzzer with `arguments`; gives what it says. A property that is broken ends it, which is no error here.
fn fuzzer(place: &Path, program: &Path, test: &str, arguments: &str) -> miette::Result<String> {
    let log = place.join("log");
    let out = File::create(&log).into_diagnostic()?;
    let err = out.try_clone().into_diagnostic()?;
    let mut fuzzer = std::process::Command::new(program);
    fuzzer.current_dir(place).args([test, "--exact", "--nocapture", "--quiet", "--test-threads=1"]);
    let name = test.rsplit("::").next().unwrap_or(test);
    let run = fuzzer.env("CROFT_FUZZ", name).env("BOLERO_LIBFUZZER_ARGS", arguments).stdin(Stdio::null()).stdout(out).stderr(err).status();
    run.into_diagnostic().wrap_err_with(|| format!("cannot start {}", program.display()))?;
    let said = String::from_utf8_lossy(&fs::read(&log).into_diagnostic()?).into_owned();
    if said.contains("INFO: Seed:") || said.contains("MERGE-OUTER") {
        return Ok(said);
    }
    Err(miette::miette!("libFuzzer did not begin:\n{}", said.trim_end()))
}

/// Copies what broke a property into the corpus; says where it is there.
fn keep_found(found: &Path, corpus: &Path) -> miette::Result<Vec<PathBuf>> {
    let mut kept = Vec::new();
    for path in listed(found)? {
        let to = corpus.join(path.file_name().unwrap_or_default());
        fs::copy(&path, &to).into_diagnostic().wrap_err_with(|| format!("cannot write {}", to.display()))?;
        kept.push(to);
    }
    Ok(kept)
}

fn listed(folder: &Path) -> miette::Result<BTreeSet<PathBuf>> {
    let entries = fs::read_dir(folder).into_diagnostic().wrap_err_with(|| format!("cannot list {}", folder.display()))?;
    entries.map(|entry| Ok(entry.into_diagnostic()?.path())).collect()
}

/// The whole name of the test `name` in the list of a program's tests.
fn test_of<'a>(tests: &'a str, name: &str) -> Option<&'a str> {
    let named = |test: &&str| test.rsplit("::").next() == Some(name);
    tests.lines().filter_map(|line| line.strip_suffix(": test")).find(named)
}

/// How many inputs libFuzzer says it tried: at its end, or where it stopped.
fn executions(said: &str) -> u64 {
    let at_end = |line: &str| line.strip_prefix("stat::number_of_executed_units:")?.trim().parse().ok();
    let on_the_way = |line: &str| line.strip_prefix('#')?.split_whitespace().next()?.parse().ok();
    said.lines().filter_map(|line| at_end(line).or_else(|| on_the_way(line))).max().unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn targets_are_what_crates_have_corpora_for() {
        let files =
            ["a/b/fuzz/one/seed", "a/b/fuzz/one/other", "a/c/fuzz/two/seed", "tests/fuzz/src/lib.rs", "a/b/src/fuzz.rs"].map(str::to_owned);
        let found = targets(&files, |within| within.starts_with("a/"));
        let named: Vec<_> = found.iter().map(|target| (target.name.as_str(), target.within.as_str())).collect();
        assert_eq!(named, [("one", "a/b"), ("two", "a/c")]);
    }

    #[test]
    fn what_a_run_says_is_read() {
        let tests = "xml::tests::documents: test\nxml::tests::no_documents: test\nbench: benchmark\n";
        assert_eq!(test_of(tests, "documents"), Some("xml::tests::documents"));
        assert_eq!(test_of(tests, "bench"), None);
        let ended = "#2\tINITED cov: 5\n#64\tpulse  cov: 6\nstat::number_of_executed_units: 81\nstat::peak_rss_mb: 40\n";
        assert_eq!(executions(ended), 81);
        assert_eq!(executions("#2\tINITED cov: 5\n#64\tNEW cov: 6\n==1== ERROR: libFuzzer: deadly signal\n"), 64);
    }

    #[test]
    fn what_broke_a_property_comes_into_the_corpus() {
        let dir = tempfile::tempdir().unwrap();
        let (place, corpus) = (dir.path().join("run"), dir.path().join("a corpus"));
        fs::create_dir(&corpus).unwrap();
        prepare(&place, &corpus).unwrap();
        fs::write(place.join("found/crash-1"), "x").unwrap();
        assert_eq!(keep_found(&place.join("found"), &corpus).unwrap(), [corpus.join("crash-1")]);
        assert_eq!(fs::read(place.join("kept/crash-1")).unwrap(), b"x");
        prepare(&place, &corpus).unwrap();
        assert_eq!(listed(&place.join("found")).unwrap(), BTreeSet::new());
    }
}
