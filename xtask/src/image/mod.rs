//! `cargo xtask image`: the appliance as a file to flash, by mkosi in the tools root.
//!
//! The layout is `image-build/`; here it is put together with what was built: executables, units, and the mirror of this machine's own apt.

mod contents;
mod gate;
mod lock;
mod manifest;
mod sbom;

use std::{
    fs,
    path::{Path, PathBuf},
};

use clap::{Args, ValueEnum};
use miette::{IntoDiagnostic, WrapErr};

use crate::{
    run, say, setup,
    tools_root::{self, ToolsRoot},
    tree::Tree,
    web,
};

/// Arguments of `image`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// What it shall boot on.
    #[arg(long)]
    board: Board,
    /// Where the image goes; `target/image` without it.
    #[arg(long, value_name = "DIR")]
    out: Option<PathBuf>,
    /// With the build of the tests instead of an optimised one, and without pressing it: for `vm`, not for people.
    #[arg(long)]
    quick_build: bool,
    /// Fails unless the packages are exactly those of image-build/packages.lock.
    #[arg(long, conflicts_with = "refresh_lock")]
    locked: bool,
    /// Writes image-build/packages.lock anew from what the mirror has today.
    #[arg(long)]
    refresh_lock: bool,
    /// Makes it twice, each time without what mkosi kept, and fails unless the bytes are the same.
    #[arg(long)]
    twice: bool,
}

/// An image as mkosi leaves it.
pub(crate) struct Made {
    /// Where mkosi worked.
    work: PathBuf,
}

impl Made {
    fn of(tree: &Tree, board: Board) -> Self {
        Self { work: tree.target().join("image-build").join(board.name()) }
    }

    /// One of its files: the whole disk as `raw`, a part of it as `esp.raw`, `root.raw`, `verity.raw`, the kernel image as `efi`.
    pub(crate) fn file(&self, part: &str) -> PathBuf {
        self.work.join(format!("out/croft_{}.{part}", env!("CARGO_PKG_VERSION")))
    }

    fn packages(&self) -> miette::Result<Vec<contents::Package>> {
        contents::packages(&self.file("manifest"), &self.work.join("packages/lib/apt/lists"))
    }
}

#[derive(Clone, Copy, ValueEnum)]
pub(crate) enum Board {
    /// Mini PCs: x86-64 with UEFI.
    Pc,
}

impl Board {
    fn name(self) -> &'static str {
        match self {
            Self::Pc => "pc",
        }
    }
}

/// Makes the image and says where it is.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    let board = arguments.board;
    let built = build(tree, arguments.quick_build)?;
    let made = Made::of(tree, board);
    if arguments.twice {
        return make_twice(tree, &built, &made);
    }
    make(tree, &built, &made.work, Keep::Between)?;
    let packages = made.packages()?;
    if arguments.refresh_lock {
        lock::refresh(tree, &packages)?;
    }
    let differences = lock::differences(tree, &packages)?;
    if arguments.locked && !differences.is_empty() {
        let help = "look at what changed, then: cargo xtask image --board pc --refresh-lock";
        return Err(miette::miette!(help = help, "the packages are not those of the lock:\n{}", differences.join("\n")));
    }
    differences.iter().for_each(|line| say::line(&format!("not as in packages.lock: {line}")));
    if arguments.quick_build {
        say::line(&made.file("raw").display().to_string());
        return Ok(());
    }
    press(tree, &made, board, arguments.out.as_deref(), &packages)
}

/// The image for mini PCs out of what is here, unpressed: for measuring.
pub(crate) fn make_for_pc(tree: &Tree, quick: bool) -> miette::Result<Made> {
    let built = build(tree, quick)?;
    let made = Made::of(tree, Board::Pc);
    make(tree, &built, &made.work, Keep::Between)?;
    Ok(made)
}

/// The image as people get it: pressed, with its manifest, its bill of materials and their checksums.
fn press(tree: &Tree, made: &Made, board: Board, out: Option<&Path>, packages: &[contents::Package]) -> miette::Result<()> {
    let out = out.map_or_else(|| tree.target().join("image"), Path::to_path_buf);
    fs::create_dir_all(&out).into_diagnostic().wrap_err_with(|| format!("cannot make {}", out.display()))?;
    let version = env!("CARGO_PKG_VERSION");
    let name = format!("croft-{version}-{}", board.name());
    let write = |ending: &str, value: &serde_json::Value| {
        let text = serde_json::to_string_pretty(value).into_diagnostic()? + "\n";
        fs::write(out.join(format!("{name}.{ending}")), text).into_diagnostic().wrap_err_with(|| format!("cannot write {name}.{ending}"))
    };
    say::line("pressing the image");
    let pressed = out.join(format!("{name}.img.zst"));
    run::read(run::program(tree, "zstd").args(["--quiet", "--force", "-T0", "-15"]).arg(made.file("raw")).arg("-o").arg(&pressed))?;
    write("sbom.cdx.json", &sbom::document(&name, version, packages, &contents::libraries(tree)?))?;
    write("manifest.json", &manifest::of(tree, made, &name, &pressed, packages)?)?;
    let files = ["img.zst", "manifest.json", "sbom.cdx.json"].map(|ending| format!("{name}.{ending}"));
    let sums = run::read(run::program(tree, "sha256sum").current_dir(&out).args(files))?;
    fs::write(out.join(format!("{name}.sha256")), &sums).into_diagnostic()?;
    let size = fs::metadata(&pressed).into_diagnostic()?.len();
    say::line(&format!("{} ({} MB)", pressed.display(), size / 1_000_000));
    Ok(())
}

/// Builds the programs and gives the folder that they lie in.
fn build(tree: &Tree, quick: bool) -> miette::Result<PathBuf> {
    if !nix::unistd::geteuid().is_root() {
        return Err(miette::miette!(
            help = "run it as root, or in a virtual machine",
            "making an image takes root: it mounts and owns files of others"
        ));
    }
    setup::to_run(tree)?;
    setup::debian(tree, &setup::FOR_IMAGE)?;
    web::build(tree)?;
    let mut cargo = run::program(tree, "cargo");
    cargo.args(["build", "--workspace"]).args((!quick).then_some("--release"));
    run::shown(&mut cargo)?;
    Ok(tree.target().join(if quick { "debug" } else { "release" }))
}

/// What mkosi keeps from one image to the next.
#[derive(Clone, Copy, PartialEq)]
enum Keep {
    /// The system before our part comes to it.
    Between,
    /// Nothing but packages.
    Nothing,
}

/// Makes the whole disk in `work`.
fn make(tree: &Tree, built: &Path, work: &Path, keep: Keep) -> miette::Result<()> {
    let tools = ToolsRoot::new(tools_root::make(tree)?);
    put_together(tree, built, work)?;
    gate::check(tree, built, work, &tools)?;
    say::line("making the image");
    let incremental = if keep == Keep::Between { "--incremental=yes" } else { "--incremental=no" };
    mkosi(tree, &tools, work, &["--image-version", env!("CARGO_PKG_VERSION"), incremental])
}

/// Runs mkosi over what lies in `work`; the packages come from this machine's own mirrors, and what it makes goes to `out`.
pub(crate) fn mkosi(tree: &Tree, tools: &ToolsRoot, work: &Path, words: &[&str]) -> miette::Result<()> {
    for kept in ["cache", "packages", "out", "mkosi.sandbox/etc/apt/sources.list.d"] {
        fs::create_dir_all(work.join(kept)).into_diagnostic()?;
    }
    // Exactly this name: mkosi then leaves out its own list, which names suites that a mirror may not have.
    let list = work.join("mkosi.sandbox/etc/apt/sources.list.d/mkosi.sources");
    fs::write(list, sources(&tools_root::mirrors(tree)?)).into_diagnostic()?;
    let places = ["mkosi", "--force", "--output-dir", "out", "--cache-dir", "cache", "--package-cache-dir", "packages"];
    let log = work.join("mkosi.log");
    let made = tools.run(work, &[&places[..], words, &["build"]].concat(), &log);
    made.wrap_err_with(|| format!("mkosi failed; its lines are in {}", log.display()))
}

/// The same inputs twice: fails where the bytes differ, with the names of the parts that do.
fn make_twice(tree: &Tree, built: &Path, first: &Made) -> miette::Result<()> {
    let second = Made { work: first.work.with_extension("again") };
    let packages = second.work.join("packages");
    for made in [first, &second] {
        make(tree, built, &made.work, Keep::Nothing)?;
        if !packages.is_dir() {
            fs::create_dir_all(&second.work).into_diagnostic()?;
            run::read(run::program(tree, "cp").arg("-a").arg(first.work.join("packages")).arg(&packages))?;
        }
    }
    let mut differ = Vec::new();
    for part in ["efi", "esp.raw", "root.raw", "verity.raw", "raw"] {
        if manifest::sha256(tree, &first.file(part))? != manifest::sha256(tree, &second.file(part))? {
            differ.push(part);
        }
    }
    if differ.is_empty() {
        say::line("made twice: the same bytes");
        return fs::remove_dir_all(&second.work).into_diagnostic();
    }
    Err(miette::miette!(help = format!("compare with {}", second.work.display()), "made twice, and these differ: {}", differ.join(", ")))
}

/// The layout with what was built, in `work`. What mkosi keeps there from other times stays.
fn put_together(tree: &Tree, built: &Path, work: &Path) -> miette::Result<()> {
    fs::create_dir_all(work).into_diagnostic()?;
    for old in ["root", "mkosi.repart", "mkosi.images"] {
        let _ = fs::remove_dir_all(work.join(old));
    }
    run::read(run::program(tree, "cp").arg("-a").arg(tree.path("image-build/.")).arg(work))?;
    // apt and systemd refuse what others could have written.
    for trees in ["root", "mkosi.images"] {
        run::read(run::program(tree, "chown").args(["-R", "root:root"]).arg(work.join(trees)))?;
        run::read(run::program(tree, "chmod").args(["-R", "u=rwX,go=rX"]).arg(work.join(trees)))?;
    }
    let programs = work.join("root/usr/bin");
    fs::create_dir_all(&programs).into_diagnostic()?;
    for program in ["croftd", "croft"] {
        let strip = ["--strip-all", "-o"];
        run::read(run::program(tree, "strip").args(strip).arg(programs.join(program)).arg(built.join(program)))?;
    }
    run::read(run::program(tree, built.join("croftd")).arg("units").arg(work.join("root/usr/lib/systemd/system"))).map(drop)
}

/// Where packages come from: the mirror of the main archive, and that of security where this machine knows one.
fn sources((main, security): &(String, Option<String>)) -> String {
    let entry = |address: &str, suites: &str| {
        format!(
            "Types: deb\nURIs: {address}\nSuites: {suites}\nComponents: main non-free-firmware\nSigned-By: /usr/share/keyrings/debian-archive-keyring.gpg\n\n"
        )
    };
    let suite = tools_root::SUITE;
    let security = security.as_ref().map(|address| entry(address, &format!("{suite}-security")));
    entry(main, &format!("{suite} {suite}-updates")) + &security.unwrap_or_default()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packages_come_from_the_machines_own_mirrors() {
        let text = sources(&("http://mirror.example/debian/".into(), Some("http://mirror.example/security/".into())));
        assert!(text.contains("URIs: http://mirror.example/debian/\nSuites: trixie trixie-updates\n"), "{text}");
        assert!(text.contains("URIs: http://mirror.example/security/\nSuites: trixie-security\n"), "{text}");
        assert!(!sources(&("http://mirror.example/debian/".into(), None)).contains("security"));
    }
}
