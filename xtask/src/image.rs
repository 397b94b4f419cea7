//! `cargo xtask image`: the appliance as a file to flash, by mkosi in the tools root.
//!
//! The layout is `image-build/`; here it is put together with what was built: executables, units, and the mirror of this machine's own apt.

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
    let raw = make(tree, arguments.board, arguments.quick_build)?;
    if arguments.quick_build {
        say::line(&raw.display().to_string());
        return Ok(());
    }
    let out = arguments.out.clone().unwrap_or_else(|| tree.target().join("image"));
    fs::create_dir_all(&out).into_diagnostic().wrap_err_with(|| format!("cannot make {}", out.display()))?;
    let name = format!("croft-{}-{}", env!("CARGO_PKG_VERSION"), arguments.board.name());
    say::line("pressing the image");
    let pressed = out.join(format!("{name}.img.zst"));
    run::read(run::program(tree, "zstd").args(["--quiet", "--force", "-T0", "-15"]).arg(&raw).arg("-o").arg(&pressed))?;
    fs::copy(raw.with_extension("manifest"), out.join(format!("{name}.manifest.json"))).into_diagnostic()?;
    let sum = run::read(run::program(tree, "sha256sum").current_dir(&out).arg(format!("{name}.img.zst")))?;
    fs::write(out.join(format!("{name}.sha256")), &sum).into_diagnostic()?;
    let size = fs::metadata(&pressed).into_diagnostic()?.len();
    say::line(&format!("{} ({} MB)", pressed.display(), size / 1_000_000));
    Ok(())
}

/// Builds everything and gives the whole disk as a file.
fn make(tree: &Tree, board: Board, quick: bool) -> miette::Result<PathBuf> {
    if !nix::unistd::geteuid().is_root() {
        return Err(miette::miette!(
            help = "run it as root, or in a virtual machine",
            "making an image takes root: it mounts and owns files of others"
        ));
    }
    let tools = tools_root::make(tree)?;
    setup::to_run(tree)?;
    setup::debian(tree, &setup::FOR_IMAGE)?;
    web::build(tree)?;
    let mut cargo = run::program(tree, "cargo");
    cargo.args(["build", "--workspace"]).args((!quick).then_some("--release"));
    run::shown(&mut cargo)?;
    let built = tree.target().join(if quick { "debug" } else { "release" });

    let work = tree.target().join("image-build").join(board.name());
    put_together(tree, &built, &work)?;
    say::line("making the image");
    let mkosi = ["mkosi", "--force", "--image-version", env!("CARGO_PKG_VERSION"), "--output-dir", "out"];
    let kept = ["--cache-dir", "cache", "--package-cache-dir", "packages", "--incremental=yes", "build"];
    let log = work.join("mkosi.log");
    let made = ToolsRoot::new(tools).run(&work, &[&mkosi[..], &kept].concat(), &log);
    made.wrap_err_with(|| format!("mkosi failed; its lines are in {}", log.display()))?;
    Ok(work.join(format!("out/croft_{}.raw", env!("CARGO_PKG_VERSION"))))
}

/// The layout with what was built, in `work`. What mkosi keeps there from other times stays.
fn put_together(tree: &Tree, built: &Path, work: &Path) -> miette::Result<()> {
    for kept in ["cache", "packages", "out", "mkosi.sandbox/etc/apt/sources.list.d"] {
        fs::create_dir_all(work.join(kept)).into_diagnostic()?;
    }
    for old in ["root", "mkosi.repart"] {
        let _ = fs::remove_dir_all(work.join(old));
    }
    run::read(run::program(tree, "cp").arg("-a").arg(tree.path("image-build/.")).arg(work))?;
    // apt and systemd refuse what others could have written.
    run::read(run::program(tree, "chown").args(["-R", "root:root"]).arg(work.join("root")))?;
    run::read(run::program(tree, "chmod").args(["-R", "u=rwX,go=rX"]).arg(work.join("root")))?;
    let programs = work.join("root/usr/bin");
    fs::create_dir_all(&programs).into_diagnostic()?;
    for program in ["croftd", "croft"] {
        let strip = ["--strip-all", "-o"];
        run::read(run::program(tree, "strip").args(strip).arg(programs.join(program)).arg(built.join(program)))?;
    }
    run::read(run::program(tree, built.join("croftd")).arg("units").arg(work.join("root/usr/lib/systemd/system")))?;
    // Exactly this name: mkosi then leaves out its own list, which names suites that a mirror may not have.
    fs::write(work.join("mkosi.sandbox/etc/apt/sources.list.d/mkosi.sources"), sources(&tools_root::mirrors(tree)?)).into_diagnostic()
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
