//! Installing what this machine lacks: Debian packages, cargo tools, npm packages; by name, through the ordinary clients.

use std::{fs, path::Path};

use miette::{IntoDiagnostic, WrapErr};

use crate::{run, say, tree::Tree, web};

/// Something that comes as a Debian package.
#[derive(Clone, Copy)]
pub(crate) struct Need {
    /// The package.
    pub(crate) package: &'static str,
    /// A program (or, with a slash, a file; or a library, by its file's name) that shows that it is there, however it came.
    pub(crate) shown_by: &'static str,
}

const fn need(package: &'static str, shown_by: &'static str) -> Need {
    Need { package, shown_by }
}

/// What building and running a box takes, and what its decoders load.
/// (The package of OpenH264 itself has another name in each release of Debian; this one draws it in.)
const TO_RUN: [Need; 6] = [
    need("gcc", "cc"),
    need("curl", "curl"),
    need("util-linux", "setpriv"),
    need("nodejs", "node"),
    need("libheif1", "libheif.so.1"),
    need("libopenh264-dev", "libopenh264.so"),
];
/// npm stands apart: Debian's package draws in hundreds of others, and most sources of Node.js bring their own.
const NPM: [Need; 1] = [need("npm", "npm")];
/// What tests on real file systems take, and boxes with disks of their own; they mount disks, so only root runs them.
/// (From Debian 13 on, the package of systemd-repart has its name.)
pub(crate) const TO_CRASH: [Need; 6] = [
    need("e2fsprogs", "mkfs.ext4"),
    need("btrfs-progs", "mkfs.btrfs"),
    need("xfsprogs", "mkfs.xfs"),
    need("mount", "losetup"),
    need("systemd", "systemd-repart"),
    need("smartmontools", "smartctl"),
];
/// Clients that others made and the tests use.
const TO_SYNC: [Need; 5] = [
    need("litmus", "litmus"),
    need("nextcloud-desktop-cmd", "nextcloudcmd"),
    need("socat", "socat"),
    need("rclone", "rclone"),
    need("cadaver", "cadaver"),
];
/// What serves network drives, and its client, and what Explorer asks; root alone runs the tests that take them.
/// (From Debian 13 on, the modules come with samba, and their own package is empty.)
const TO_SHARE: [Need; 4] = [
    need("samba", "/usr/sbin/smbd"),
    need("samba-vfs-modules", "/usr/share/doc/samba-vfs-modules"),
    need("smbclient", "smbclient"),
    need("wsdd2", "/usr/sbin/wsdd2"),
];
/// The mail server that is told what is not well; root alone makes the networks of that test.
const TO_NOTIFY: [Need; 2] = [need("python3-aiosmtpd", "aiosmtpd"), need("iproute2", "ip")];
/// What makes the pictures and films of the tests.
const TO_DRAW: [Need; 2] = [need("libheif-examples", "heif-enc"), need("ffmpeg", "ffmpeg")];
/// What the tests in a real browser take.
/// (certutil installs the household's certificate for it).
pub(crate) const TO_BROWSE: [Need; 3] = [
    need("chromium", "chromium"),
    need("libnss3-tools", "certutil"),
    need("fonts-liberation", "/usr/share/fonts/truetype/liberation/LiberationSans-Regular.ttf"),
];
/// What the Debian root with newer tools takes.
pub(crate) const FOR_TOOLS_ROOT: [Need; 2] =
    [need("mmdebstrap", "mmdebstrap"), need("debian-archive-keyring", "/usr/share/keyrings/debian-archive-keyring.gpg")];
/// What putting an image together takes beside that root.
pub(crate) const FOR_IMAGE: [Need; 2] = [need("binutils", "strip"), need("zstd", "zstd")];
/// What the benchmarks take.
pub(crate) const TO_BENCH: [Need; 6] = [
    need("apache2-bin", "apache2"),
    need("nextcloud-desktop-cmd", "nextcloudcmd"),
    need("nginx-light", "nginx"),
    need("libnginx-mod-http-dav-ext", "/usr/lib/nginx/modules/ngx_http_dav_ext_module.so"),
    need("wrk", "wrk"),
    need("openssl", "openssl"),
];

/// A tool that cargo builds when it is not on the path.
struct CargoTool {
    program: &'static str,
    package: &'static str,
}

const NEXTEST: CargoTool = CargoTool { program: "cargo-nextest", package: "cargo-nextest" };
const DENY: CargoTool = CargoTool { program: "cargo-deny", package: "cargo-deny" };

/// Installs everything that `test` takes.
pub(crate) fn everything(tree: &Tree) -> miette::Result<()> {
    for_tests(tree)?;
    debian(tree, &TO_BROWSE)?;
    cargo_tool(tree, &DENY)
}

/// Installs what `test --quick` takes.
pub(crate) fn for_tests(tree: &Tree) -> miette::Result<()> {
    to_run(tree)?;
    debian(tree, &TO_SYNC)?;
    debian(tree, &TO_DRAW)?;
    if nix::unistd::geteuid().is_root() {
        debian(tree, &TO_CRASH)?;
        debian(tree, &TO_SHARE)?;
        debian(tree, &TO_NOTIFY)?;
        crate::tools_root::make(tree)?;
    }
    cargo_tool(tree, &NEXTEST)
}

/// Installs what `up` takes.
pub(crate) fn to_run(tree: &Tree) -> miette::Result<()> {
    debian(tree, &TO_RUN)?;
    web(tree)
}

/// Installs what building the web UI takes.
pub(crate) fn web(tree: &Tree) -> miette::Result<()> {
    debian(tree, &NPM)?;
    npm_packages(tree, "appliance/web")
}

/// Installs the packages of one npm project, exactly as its lock file says, when that changed.
pub(crate) fn npm_packages(tree: &Tree, folder: &str) -> miette::Result<()> {
    let place = tree.path(folder);
    if !place.join("package-lock.json").is_file() {
        return Ok(());
    }
    let wanted = web::fingerprint(tree, &[format!("{folder}/package-lock.json")])?;
    // The stamp lies among the packages, so that it goes when they go.
    let stamp = place.join("node_modules/.croft-installed");
    if fs::read_to_string(&stamp).is_ok_and(|found| found == wanted) {
        return Ok(());
    }
    say::line(&format!("installing npm packages of {folder}"));
    let mut npm = run::program(tree, "npm");
    run::read(
        npm.current_dir(&place).args(["ci", "--no-audit", "--no-fund", "--loglevel=error"]).env("PLAYWRIGHT_SKIP_BROWSER_DOWNLOAD", "1"),
    )?;
    fs::write(&stamp, wanted).into_diagnostic().wrap_err_with(|| format!("cannot write {}", stamp.display()))
}

/// Installs those Debian packages that are missing. Needs root or a sudo that does not ask; else says what root must run.
pub(crate) fn debian(tree: &Tree, needs: &[Need]) -> miette::Result<()> {
    let missing: Vec<&str> = needs.iter().filter(|need| !is_met(tree, need)).map(|need| need.package).collect();
    if missing.is_empty() {
        return Ok(());
    }
    let by_hand = format!("apt-get update && apt-get install --no-install-recommends {}", missing.join(" "));
    let is_root = nix::unistd::geteuid().is_root();
    let may_sudo = || run::is_here(tree, "sudo") && run::output(tree, "sudo", &["-n", "true"]).is_ok();
    if !run::is_here(tree, "apt-get") || !(is_root || may_sudo()) {
        return Err(miette::miette!(help = format!("run as root: {by_hand}"), "this machine lacks {}", missing.join(", ")));
    }
    say::line(&format!("installing {}", missing.join(" ")));
    let apt = |arguments: &[&str]| {
        let mut command = if is_root { run::program(tree, "apt-get") } else { run::program(tree, "sudo") };
        if !is_root {
            command.args(["-n", "DEBIAN_FRONTEND=noninteractive", "apt-get"]);
        }
        run::read(command.env("DEBIAN_FRONTEND", "noninteractive").args(["-q", "-y"]).args(arguments))
    };
    apt(&["update"]).wrap_err("the list of packages could not be fetched")?;
    apt(&[&["install", "--no-install-recommends"], missing.as_slice()].concat())
        .map(|_| ())
        .wrap_err_with(|| format!("could not install by: {by_hand}"))
}

fn is_met(tree: &Tree, need: &Need) -> bool {
    if need.shown_by.starts_with('/') {
        Path::new(need.shown_by).is_file()
    } else if need.shown_by.contains(".so") {
        let folders = [format!("/usr/lib/{}-linux-gnu", std::env::consts::ARCH), "/usr/lib64".into(), "/usr/lib".into()];
        folders.iter().any(|folder| Path::new(folder).join(need.shown_by).is_file())
    } else {
        run::is_here(tree, need.shown_by)
    }
}

fn cargo_tool(tree: &Tree, tool: &CargoTool) -> miette::Result<()> {
    if run::is_here(tree, tool.program) {
        return Ok(());
    }
    say::line(&format!("building {}, once for this tree", tool.package));
    let root = run::tools(tree);
    let mut cargo = run::program(tree, "cargo");
    // A target folder of its own: its dependencies are not ours. Without optimisation it builds in a third of the time.
    cargo.args(["install", "--locked", "--debug", tool.package, "--root"]).arg(&root).arg("--target-dir").arg(root.join("build"));
    run::read(&mut cargo)?;
    // Only the program is of use, and CI's disks are small.
    fs::remove_dir_all(root.join("build")).into_diagnostic()
}
