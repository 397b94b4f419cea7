//! `cargo xtask tools-root`: a Debian root with newer tools than this machine has, cached by its list of packages.
//!
//! The mirror is this machine's own, read from its apt; nothing about it is written down.

use std::{
    fs,
    os::unix::process::CommandExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use clap::Args;
use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, setup, tree::Tree, web};

/// The Debian of the root.
pub(crate) const SUITE: &str = "trixie";
const LIST: &str = "xtask/tools-root.packages";

/// Arguments of `tools-root`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The folder that the program sees as `/work`, where it starts.
    #[arg(long, default_value = ".")]
    work: PathBuf,
    /// A program of the root with its arguments; the root must be there. Without one the root is made.
    #[arg(trailing_var_arg = true, allow_hyphen_values = true)]
    words: Vec<String>,
}

/// Makes the root, or runs a program in it and ends as that does.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    if arguments.words.is_empty() {
        return make(tree).map(|root| say::line(&root.display().to_string()));
    }
    let root = place(tree)?;
    if !root.is_dir() {
        return Err(miette::miette!(help = "make it by `cargo xtask tools-root`", "the root of {SUITE} is not there"));
    }
    let work = std::path::absolute(&arguments.work).into_diagnostic()?;
    let words: Vec<&str> = arguments.words.iter().map(String::as_str).collect();
    // In place of this process, so that whoever ends it ends the program.
    Err(ToolsRoot::new(root).command(&work, &words).exec()).into_diagnostic()
}

/// Where the root of the present list is.
fn place(tree: &Tree) -> miette::Result<PathBuf> {
    Ok(tree.target().join("tools-root").join(web::fingerprint(tree, &[LIST.to_owned()])?))
}

/// Makes the root when its list changed, and says where it is.
pub(crate) fn make(tree: &Tree) -> miette::Result<PathBuf> {
    let root = place(tree)?;
    if root.is_dir() {
        return Ok(root);
    }
    setup::debian(tree, &setup::FOR_TOOLS_ROOT)?;
    let packages = packages(&tree.read(LIST)?);
    say::line(&format!("making a root of {SUITE} with {}", packages.join(" ")));
    let parent = tree.target().join("tools-root");
    clear(tree, &parent)?;
    fs::create_dir_all(&parent).into_diagnostic()?;
    let growing = parent.join("growing");
    let is_root = nix::unistd::geteuid().is_root();
    let mode = if is_root { "root" } else { "unshare" };
    let mut mmdebstrap = run::program(tree, "mmdebstrap");
    mmdebstrap.args(["--quiet", "--variant=minbase", "--format=directory", "--mode", mode]);
    // The root serves its programs only; what is for people can stay away.
    mmdebstrap.args(["--dpkgopt=path-exclude=/usr/share/doc/*", "--dpkgopt=path-exclude=/usr/share/locale/*"]);
    mmdebstrap.arg(format!("--include={}", packages.join(","))).arg(SUITE).arg(&growing).arg(mirror(tree)?);
    run::read(&mut mmdebstrap).map_err(|error| {
        let help = if is_root {
            "look at the machine's apt configuration"
        } else {
            "an ordinary user needs subordinate ids (/etc/subuid) for this; or run it as root"
        };
        miette::miette!(help = help, "the root could not be made: {error}")
    })?;
    fs::rename(&growing, &root).into_diagnostic().wrap_err("cannot put the root in its place")?;
    Ok(root)
}

/// Removes roots of older lists. Files of an ordinary user's root belong to subordinate ids, so that takes the same way in.
fn clear(tree: &Tree, parent: &Path) -> miette::Result<()> {
    if !parent.exists() || fs::remove_dir_all(parent).is_ok() {
        return Ok(());
    }
    run::read(run::program(tree, "unshare").args(["--map-root-user", "--map-auto", "rm", "-rf"]).arg(parent)).map(|_| ())
}

/// The packages of the list: the first word of each line that is no comment.
fn packages(list: &str) -> Vec<String> {
    let words = list.lines().filter_map(|line| line.split('#').next()?.split_whitespace().next());
    words.map(str::to_owned).collect()
}

/// A line for sources.list with the mirror that this machine uses.
fn mirror(tree: &Tree) -> miette::Result<String> {
    Ok(format!("deb {} {SUITE} main", mirrors(tree)?.0))
}

/// This machine's mirrors of Debian: of the main archive, and of security if it knows one.
pub(crate) fn mirrors(tree: &Tree) -> miette::Result<(String, Option<String>)> {
    let known = run::output(tree, "apt-get", &["indextargets", "--format", "$(REPO_URI) $(ORIGIN) $(COMPONENT)", "Created-By: Packages"])?;
    let find = |security: bool| known.lines().find_map(|line| archive(line, security)).map(str::to_owned);
    let main = find(false)
        .ok_or_else(|| miette::miette!(help = "run `apt-get update` as root", "this machine's apt knows no mirror of Debian"))?;
    Ok((main, find(true)))
}

/// The address in a line of apt's targets, when it is of Debian's main archive, or of its security's (and not of somebody else).
fn archive(line: &str, security: bool) -> Option<&str> {
    let mut words = line.split_whitespace();
    let address = words.next()?;
    let is_debian = words.next()? == "Debian" && words.next()? == "main";
    (is_debian && address.trim_end_matches('/').ends_with("-security") == security).then_some(address)
}

/// The root as a place to run programs in: with this machine's devices and network, and one folder of ours at `/work`.
pub(crate) struct ToolsRoot(PathBuf);

/// Mounts what programs need in a namespace that ends with them, then runs them. `$1` is the root, `$2` the folder.
const ENTER: &str = "
set -e
root=$1 work=$2; shift 2
mount --bind $root $root
mount -t proc proc $root/proc; mount --rbind /sys $root/sys; mount --rbind /dev $root/dev
mkdir -p $root/work; mount --bind $work $root/work
mount -t tmpfs tmpfs $root/run; mount -t tmpfs tmpfs $root/tmp
cp /etc/resolv.conf $root/etc/ 2>/dev/null || :
touch $root/etc/hosts; mount --bind /etc/hosts $root/etc/hosts
exec chroot $root env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 sh -c 'cd /work && exec \"$@\"' _ \"$@\"";

impl ToolsRoot {
    pub(crate) fn new(root: PathBuf) -> Self {
        Self(root)
    }

    /// A command that runs `words` in the root, with `work` as its folder `/work`. Takes root.
    pub(crate) fn command(&self, work: &Path, words: &[&str]) -> Command {
        let mut command = Command::new("unshare");
        command.args(["--mount", "--propagation", "private", "sh", "-c", ENTER, "tools-root"]).arg(&self.0).arg(work).args(words);
        command
    }

    /// Runs `words` to their end with their output in `log`.
    pub(crate) fn run(&self, work: &Path, words: &[&str], log: &Path) -> miette::Result<()> {
        let out = fs::File::create(log).into_diagnostic()?;
        let err = out.try_clone().into_diagnostic()?;
        run::shown(self.command(work, words).stdin(Stdio::null()).stdout(out).stderr(err))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_list_is_words_without_reasons() {
        assert_eq!(packages("# why\nsystemd  # units\n\nqemu-utils\n"), ["systemd", "qemu-utils"]);
    }

    #[test]
    fn only_debians_own_archive_is_a_mirror() {
        let check = |line: &str, security: bool, expected: Option<&str>| assert_eq!(archive(line, security), expected, "{line}");
        check("http://mirror.example/debian/ Debian main", false, Some("http://mirror.example/debian/"));
        check("http://mirror.example/debian/ Debian main", true, None);
        check("http://mirror.example/debian-security/ Debian main", false, None);
        check("http://mirror.example/debian-security/ Debian main", true, Some("http://mirror.example/debian-security/"));
        check("http://node.example/ . nodistro", false, None);
        check("http://mirror.example/debian/ Debian contrib", false, None);
    }
}
