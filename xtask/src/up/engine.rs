//! `up --apps`: an engine of apps for a box on a developer's machine, as root.
//!
//! Podman and all that it starts live out of the root of tools in namespaces of their own (mounts, network, processes), which end with `up` whatever ends it:
//! nothing of the machine's own engine, networks or rules is touched. What it keeps lies in the box's folder.

use std::{
    fs,
    io::Read,
    os::unix::{fs::PermissionsExt, net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    thread,
    time::{Duration, Instant},
};

use clap::Args;
use miette::{IntoDiagnostic, WrapErr};

use super::keeper;
use crate::{say, tools_root, tree::Tree};

/// Names the engine's folder to the role that keeps apps.
pub(super) const VARIABLE: &str = "CROFT_ENGINE";
/// Time for the engine to answer; it takes a second, and on a loaded machine some.
const START: Duration = Duration::from_secs(60);
/// How often it is asked.
const ASK_EVERY: Duration = Duration::from_millis(20);
/// Seconds that containers have to end in order.
const GRACE_SECONDS: &str = "10";
/// Time for all of them, after which they are killed.
const END: Duration = Duration::from_secs(15);
/// Age of an empty group that is nobody's any more.
const LEFT: Duration = Duration::from_secs(60);
/// Where the kernel's groups of processes are.
const GROUPS: &str = "/sys/fs/cgroup";

/// Makes the engine's own world and becomes the engine. `$1` is the root of tools, `$2` the box's folder, `$3` the engine's, which is in it.
///
/// It turns its root instead of changing it, since the kernel gives no users of their own to what is below a changed root. The other side of groups goes,
/// since crun refuses a machine that has both. The box's folder has its own path here, too, so that a mount means the same to both.
const ENTER: &str = r#"
set -e
root=$1 home=$2 engine=$3
# By the machine's count, while its list of processes is still the one that is mounted.
read -r pid rest < /proc/self/stat
umount /sys/fs/cgroup/unified 2>/dev/null || :
mkdir -p "$engine/root"
mount -t tmpfs -o mode=0755 tmpfs "$engine/root"
mkdir "$engine/root/upper" "$engine/root/work" "$engine/root/all"
all=$engine/root/all
mount -t overlay -o "lowerdir=$root,upperdir=$engine/root/upper,workdir=$engine/root/work" overlay "$all"
mount -t proc proc "$all/proc"; mount --rbind /sys "$all/sys"; mount --rbind /dev "$all/dev"
mount -t tmpfs -o mode=0755 tmpfs "$all/run"; mount -t tmpfs -o mode=1777 tmpfs "$all/tmp"
mkdir -p "$all$home"; mount --rbind "$home" "$all$home"
rm -rf "$all/etc/containers"; cp -r "$engine/conf" "$all/etc/containers"
echo containers:2147483647:2147483648 > "$all/etc/subuid"; cp "$all/etc/subuid" "$all/etc/subgid"
: > "$all/etc/resolv.conf"
mkdir "$all/.old"; cd "$all"; pivot_root . .old; umount -l /.old; rmdir /.old
ip link set lo up
ln -s "/proc/$pid" "$engine/process"
exec env -i PATH=/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LANG=C.UTF-8 PODMAN_IGNORE_CGROUPSV1_WARNING=1 \
    podman system service --time=0 "unix://$engine/podman.sock"
"#;

/// Arguments of `engine`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The box's folder.
    #[arg(long, default_value = "target/box")]
    home: PathBuf,
}

/// Runs the engine of a box without the box, until somebody ends it; for tests, and to look at what a box has left.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    let ends = keeper::ends()?;
    let home = fs::create_dir_all(&arguments.home).and_then(|()| fs::canonicalize(&arguments.home)).into_diagnostic()?;
    let mut engine = Engine::start(tree, &home)?;
    say::line(&format!("ready {}", engine.folder().display()));
    while ends.recv_timeout(ASK_EVERY).is_err() {
        engine.look()?;
    }
    Ok(())
}

/// An engine that runs. Dropped, it ends with all that it started. Start it on a thread that lives as long: the kernel ends it with that.
pub(super) struct Engine {
    folder: PathBuf,
    images: PathBuf,
    child: Child,
}

impl Engine {
    /// Starts the engine of the box in `home` and waits until it answers.
    pub(super) fn start(tree: &Tree, home: &Path) -> miette::Result<Self> {
        if !nix::unistd::geteuid().is_root() {
            return Err(miette::miette!(help = "run it as root, or without --apps", "only root can run the engine of apps"));
        }
        let root = tools_root::make(tree)?;
        let (folder, images) = (home.join("run/engine"), home.join("images"));
        let lay = || -> std::io::Result<()> {
            // What an engine left that was killed: nothing of it is needed, and its state would be believed.
            match fs::remove_dir_all(&folder) {
                Err(error) if error.kind() != std::io::ErrorKind::NotFound => return Err(error),
                _ => {}
            }
            fs::create_dir_all(folder.join("conf"))?;
            fs::set_permissions(&folder, fs::Permissions::from_mode(0o700))?;
            fs::create_dir_all(&images)?;
            for (name, text) in configuration(&folder, &images) {
                fs::write(folder.join("conf").join(name), text)?;
            }
            Ok(())
        };
        lay().into_diagnostic().wrap_err_with(|| format!("cannot lay out {}", folder.display()))?;
        clear_groups(&images);
        let mut command = Command::new("setpriv");
        command.args([
            "--pdeathsig",
            "KILL",
            "--",
            "unshare",
            "--mount",
            "--net",
            "--pid",
            "--fork",
            "--kill-child",
            "--propagation",
            "private",
        ]);
        command.args(["sh", "-c", ENTER, "engine"]).arg(root).arg(home).arg(&folder);
        // A group of its own: Ctrl-C is for us.
        command.process_group(0).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::piped());
        let child = command.spawn().into_diagnostic().wrap_err("cannot start the engine (by setpriv and unshare, from util-linux)")?;
        let mut engine = Self { folder, images, child };
        let begun = Instant::now();
        while UnixStream::connect(engine.folder.join("podman.sock")).is_err() {
            engine.look()?;
            if begun.elapsed() > START {
                return Err(miette::miette!("the engine of apps did not answer within {} s", START.as_secs()));
            }
            thread::sleep(ASK_EVERY);
        }
        engine.drain();
        Ok(engine)
    }

    /// Where it is found.
    pub(super) fn folder(&self) -> &Path {
        &self.folder
    }

    /// Fails if it has ended.
    pub(super) fn look(&mut self) -> miette::Result<()> {
        let Some(status) = self.child.try_wait().into_diagnostic()? else { return Ok(()) };
        let mut said = String::new();
        if let Some(pipe) = self.child.stderr.take() {
            let _ = pipe.take(4_096).read_to_string(&mut said);
        }
        Err(miette::miette!(help = said, "the engine of apps ended ({status})"))
    }

    /// What it says later is read, so that it does not block on it; each thing that fails is told by its API as well.
    fn drain(&mut self) {
        if let Some(mut pipe) = self.child.stderr.take() {
            thread::spawn(move || std::io::copy(&mut pipe, &mut std::io::sink()));
        }
    }

    /// Containers end in order, if they want.
    fn stop_containers(&self) {
        let Ok(process) = fs::read_link(self.folder.join("process")) else { return };
        let mut command = Command::new("nsenter");
        command.arg("--target").arg(process.file_name().unwrap_or_default()).args(["--mount", "--net", "--pid", "--root", "--wd"]);
        command.args(["env", "-i", "PATH=/usr/sbin:/usr/bin:/sbin:/bin", "HOME=/root", "PODMAN_IGNORE_CGROUPSV1_WARNING=1"]);
        command.args(["podman", "stop", "--all", "--time", GRACE_SECONDS]).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let Ok(mut child) = command.spawn() else { return };
        let begun = Instant::now();
        while begun.elapsed() < END && matches!(child.try_wait(), Ok(None)) {
            thread::sleep(ASK_EVERY);
        }
        let _ = child.kill();
        let _ = child.wait();
    }
}

impl Drop for Engine {
    fn drop(&mut self) {
        if matches!(self.child.try_wait(), Ok(None)) {
            self.stop_containers();
            // The first of its processes goes with it, and with that all others.
            let _ = self.child.kill();
            let _ = self.child.wait();
        }
        let begun = Instant::now();
        while fs::metadata(self.folder.join("process/ns")).is_ok() && begun.elapsed() < END {
            thread::sleep(ASK_EVERY);
        }
        clear_groups(&self.images);
        if let Err(error) = fs::remove_dir_all(&self.folder) {
            say::line(&format!("{} is left behind: {error}", self.folder.display()));
        }
    }
}

/// The engine's files, of the box alone.
fn configuration(folder: &Path, images: &Path) -> [(&'static str, String); 4] {
    let containers = format!(
        "[engine]\ncgroup_manager = \"cgroupfs\"\nevents_logger = \"file\"\nruntime = \"crun\"\n\
         [network]\nfirewall_driver = \"nftables\"\nnetwork_config_dir = {:?}\n\
         [containers]\nlog_driver = \"k8s-file\"\n",
        images.join("networks"),
    );
    let storage = format!("[storage]\ndriver = \"overlay\"\ngraphroot = {images:?}\nrunroot = {:?}\n", folder.join("storage"));
    // Without encryption on this machine alone, where tests have their registry.
    let registries = "unqualified-search-registries = []\n[[registry]]\nlocation = \"127.0.0.1\"\ninsecure = true\n";
    [
        ("containers.conf", containers),
        ("storage.conf", storage),
        ("registries.conf", registries.into()),
        ("policy.json", "{\"default\":[{\"type\":\"insecureAcceptAnything\"}]}\n".into()),
    ]
}

/// Removes the kernel's groups of containers that this box has, and those that a killed box left a while ago: they are empty, and nobody else's.
fn clear_groups(images: &Path) {
    let list = fs::read_to_string(images.join("overlay-containers/containers.json")).unwrap_or_default();
    let containers: Vec<serde_json::Value> = serde_json::from_str(&list).unwrap_or_default();
    let ids: Vec<&str> = containers.iter().filter_map(|container| container.get("id")?.as_str()).collect();
    let kinds = fs::read_dir(GROUPS).into_iter().flatten().flatten().map(|entry| entry.path());
    for parent in kinds.chain([GROUPS.into()]).map(|kind: PathBuf| kind.join("libpod_parent")).filter(|parent| parent.is_dir()) {
        for group in fs::read_dir(&parent).into_iter().flatten().flatten() {
            let is_ours = ids.iter().any(|id| group.file_name().to_string_lossy().ends_with(id));
            // One that another box has just made is empty for a moment, too.
            let is_old = group.metadata().and_then(|group| group.modified()).is_ok_and(|made| made.elapsed().is_ok_and(|age| age > LEFT));
            if is_ours {
                remove_group(&group.path());
            } else if is_old {
                // Alone: what lives in one keeps those inside of it.
                let _ = fs::remove_dir(group.path());
            }
        }
        // Others' boxes may have theirs in it.
        let _ = fs::remove_dir(parent);
    }
}

/// A group goes after those in it; one that is in use stays.
fn remove_group(group: &Path) {
    let inner = fs::read_dir(group).into_iter().flatten().flatten().filter(|entry| entry.file_type().is_ok_and(|kind| kind.is_dir()));
    inner.for_each(|entry| remove_group(&entry.path()));
    let _ = fs::remove_dir(group);
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_engine_keeps_all_in_the_box_and_speaks_plainly_to_this_machine_alone() {
        let files = configuration(Path::new("/b x/run/engine"), Path::new("/b x/images"));
        for (name, text) in &files[..3] {
            text.parse::<toml::Table>().unwrap_or_else(|error| panic!("{name}: {error}"));
        }
        assert!(files[1].1.contains("graphroot = \"/b x/images\"") && files[1].1.contains("runroot = \"/b x/run/engine/storage\""));
        assert_eq!(files[2].1.matches("insecure = true").count(), 1);
        assert!(files[2].1.contains("location = \"127.0.0.1\"\ninsecure"));
    }
}
