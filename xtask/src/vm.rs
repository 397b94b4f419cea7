//! `cargo xtask vm`: the image in QEMU, on a disk of its own that keeps what the box writes.

use std::{
    fs,
    io::{BufRead, BufReader, Read, Seek, Write},
    net::Ipv4Addr,
    os::unix::{net::UnixStream, process::CommandExt},
    path::{Path, PathBuf},
    process::{Child, Command, Stdio},
    time::{Duration, Instant},
};

use base64::{Engine, prelude::BASE64_STANDARD};
use clap::Args;
use miette::{IntoDiagnostic, WrapErr};
use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};
use signal_hook::{consts, iterator::Signals};

use crate::{
    run, say,
    tools_root::{self, ToolsRoot},
    tree::Tree,
};

/// Time for a first start under emulation on a busy machine; a quiet one takes about a minute.
const START: Duration = Duration::from_secs(600);
/// Time for an orderly end under emulation.
const END: Duration = Duration::from_secs(120);
/// The first serial port: a log of what the box writes there, and a socket for whoever wants to type.
const SERIAL: &str = "socket,id=serial,path=serial.sock,server=on,wait=off,logfile=serial.log";
/// How often the power button is pressed until the machine goes off.
const PRESS_EVERY: Duration = Duration::from_secs(30);
/// How often the box is asked.
const ASK_EVERY: Duration = Duration::from_millis(500);
/// Longest serial number of a virtio disk.
const MAX_SERIAL: usize = 20;
/// What the console's lines about the household's certificate and the pairing code begin with.
const TOLD: [&str; 2] = ["pairing code", "fingerprint"];

/// Arguments of `vm`.
#[derive(Args)]
pub(crate) struct Arguments {
    /// The whole disk as `image` made it, unpressed; the one of `image --quick-build` or `image` without it.
    #[arg(long, value_name = "FILE")]
    image: Option<PathBuf>,
    /// The folder that keeps the disk: a box that was claimed stays so.
    #[arg(long, default_value = "target/vm")]
    home: PathBuf,
    /// Port of this machine for the box's HTTPS.
    #[arg(long, default_value_t = 8443)]
    port: u16,
    /// Port of this machine for the page that hands out the household's certificate.
    #[arg(long, default_value_t = 8080)]
    http_port: u16,
    /// Port of this machine for the box's HTTPS at another address, when it has moved there: 10.0.2.50 in the network of the emulator.
    #[arg(long, requires = "other_address")]
    other_port: Option<u16>,
    /// That address.
    #[arg(long, requires = "other_port")]
    other_address: Option<Ipv4Addr>,
    /// Port of this machine for the box's network drives, where it serves them.
    #[arg(long)]
    smb_port: Option<u16>,
    /// Size of the disk, in GiB. One that is there already only grows.
    #[arg(long, default_value_t = 8)]
    disk: u32,
    /// Attaches the image as a USB stick and not as a fixed disk.
    #[arg(long)]
    stick: bool,
    /// A further disk, raw, in that folder; its name is also its serial number. May be given several times.
    #[arg(long, value_name = "NAME")]
    other_disk: Vec<String>,
    /// A further disk in a bay from which it can be pulled while the machine runs: raw, in that folder; its name is also its serial number, and `bay-NAME`
    /// its name for QMP, which can put others into the bus `bays.0`. May be given several times.
    #[arg(long, value_name = "NAME")]
    bay: Vec<String>,
    /// A screen; nobody sees it here, but QMP can photograph it and press its keys.
    #[arg(long)]
    screen: bool,
    /// Leaves the image's disk out: the machine starts from the first further one.
    #[arg(long)]
    without_image: bool,
    /// Memory, in MiB.
    #[arg(long, default_value_t = 1024)]
    memory: u32,
    /// Opens a shell of root inside the machine at HOME/probe.sock: a line in, its output and `probe-end STATUS` out. For tests and for looking around.
    #[arg(long)]
    probe: bool,
    /// A credential that the machine hands to systemd, for tests: `systemd.extra-unit.NAME=TEXT` and the like. May be given several times.
    #[arg(long, value_name = "NAME=TEXT", value_parser = named_text)]
    credential: Vec<(String, String)>,
}

fn named_text(word: &str) -> Result<(String, String), &'static str> {
    word.split_once('=').map(|(name, text)| (name.to_owned(), text.to_owned())).ok_or("it is NAME=TEXT")
}

/// Boots, prints `ready https://localhost:PORT`, and stays until somebody ends it.
pub(crate) fn run(tree: &Tree, arguments: &Arguments) -> miette::Result<()> {
    if !nix::unistd::geteuid().is_root() {
        return Err(miette::miette!(help = "run it as root", "the emulator lies in the tools root, which only root can enter"));
    }
    let tools = ToolsRoot::new(tools_root::make(tree)?);
    fs::create_dir_all(&arguments.home).into_diagnostic().wrap_err_with(|| format!("cannot make {}", arguments.home.display()))?;
    let home = fs::canonicalize(&arguments.home).into_diagnostic()?;
    if !home.join("disk.qcow2").is_file() {
        make_disk(tree, &tools, &home, arguments)?;
    }
    grow_disk(&tools, &home, arguments.disk)?;
    let mut ends = Signals::new([consts::SIGINT, consts::SIGTERM]).into_diagnostic()?;
    let mut machine = Machine::start(&tools, &home, arguments)?;
    let mut serial = Serial::new(home.join("serial.log"));
    let begun = Instant::now();
    let mut ready = false;
    loop {
        serial.tell_news()?;
        if !ready && [Some(arguments.port), arguments.other_port].into_iter().flatten().any(|port| answers(tree, port)) {
            ready = true;
            say::line(&format!("certificate  http://localhost:{}", arguments.http_port));
            say::line(&format!("ready https://localhost:{}", arguments.port));
        }
        if ends.pending().next().is_some() {
            return machine.power_off();
        }
        if machine.has_ended()? {
            say::line("the machine has ended");
            return Ok(());
        }
        if !ready && begun.elapsed() > START {
            return Err(miette::miette!(
                help = format!("its console is in {}", home.join("serial.log").display()),
                "the box did not answer"
            ));
        }
        std::thread::sleep(ASK_EVERY);
    }
}

fn make_disk(tree: &Tree, tools: &ToolsRoot, home: &Path, arguments: &Arguments) -> miette::Result<()> {
    let image = arguments
        .image
        .clone()
        .unwrap_or_else(|| tree.target().join(format!("image-build/pc/out/croft_{}.raw", env!("CARGO_PKG_VERSION"))));
    if !image.is_file() {
        return Err(miette::miette!(help = "make one: cargo xtask image --board pc", "there is no image at {}", image.display()));
    }
    // The emulator sees this folder only.
    let raw = home.join("image.raw");
    run::read(run::program(tree, "cp").arg("--sparse=always").arg(&image).arg(&raw))?;
    let log = home.join("disk.log");
    let new = home.join("new.qcow2");
    tools.run(home, &["qemu-img", "convert", "-O", "qcow2", "image.raw", "new.qcow2"], &log)?;
    tools.run(home, &["cp", "/usr/share/OVMF/OVMF_VARS_4M.fd", "variables.fd"], &log)?;
    fs::remove_file(raw).into_diagnostic()?;
    fs::rename(new, home.join("disk.qcow2")).into_diagnostic()
}

/// Makes the disk as large as it is wanted; a larger one stays as it is.
fn grow_disk(tools: &ToolsRoot, home: &Path, gibibytes: u32) -> miette::Result<()> {
    let info = run::read(&mut tools.command(home, &["qemu-img", "info", "--output=json", "disk.qcow2"]))?;
    let info: serde_json::Value = serde_json::from_str(&info).into_diagnostic()?;
    let wanted = u64::from(gibibytes) << 30;
    if info["virtual-size"].as_u64().is_some_and(|bytes| bytes < wanted) {
        tools.run(home, &["qemu-img", "resize", "disk.qcow2", &wanted.to_string()], &home.join("disk.log"))?;
    }
    Ok(())
}

/// Whether the box says that it is well. Who it is does not matter here: it is asked for nothing else.
pub(crate) fn answers(tree: &Tree, port: u16) -> bool {
    let mut curl = run::program(tree, "curl");
    curl.args(["--silent", "--insecure", "--fail", "--noproxy", "*", "--max-time", "3", "--output", "/dev/null"]);
    run::read(curl.arg(format!("https://localhost:{port}/healthz"))).is_ok()
}

/// The shell for tests comes with the machine and not with the image: systemd takes units from whoever made the machine (systemd.system-credentials(7)).
const PROBE: &str = "[Unit]
StartLimitIntervalSec=0

[Service]
ExecStart=/bin/sh -c 'exec 3<>/dev/virtio-ports/croft.probe; while IFS= read -r line <&3; do (eval \"$line\") >&3 2>&1 </dev/null; echo \"probe-end $?\" >&3; done'
Restart=always
RestartSec=1
";
const PROBE_WANTED: &str = "[Unit]\nWants=croft-probe.service\n";

/// What the emulator needs for that shell.
fn probe() -> Vec<String> {
    let port = ["-device", "virtio-serial-pci", "-chardev", "socket,id=probe,path=probe.sock,server=on,wait=off"];
    let named = ["-device", "virtserialport,chardev=probe,name=croft.probe"];
    let mut words: Vec<String> = port.iter().chain(&named).map(ToString::to_string).collect();
    words.extend(credential("systemd.extra-unit.croft-probe.service", PROBE));
    words.extend(credential("systemd.unit-dropin.multi-user.target", PROBE_WANTED));
    words
}

fn credential(name: &str, text: &str) -> [String; 2] {
    ["-smbios".into(), format!("type=11,value=io.systemd.credential.binary:{name}={}", BASE64_STANDARD.encode(text))]
}

/// The disks of the emulator. The first one is what it starts from.
fn disks(arguments: &Arguments) -> Vec<String> {
    let image = match (arguments.without_image, arguments.stick) {
        (true, _) => None,
        (false, true) => Some("usb-storage,drive=disk,removable=on,serial=STICK,bootindex=1"),
        (false, false) => Some("virtio-blk-pci,drive=disk,bootindex=1"),
    };
    let mut words: Vec<String> = if arguments.stick { vec!["-device".into(), "qemu-xhci".into()] } else { Vec::new() };
    words.extend(
        image.into_iter().flat_map(|device| {
            ["-drive", "if=none,id=disk,file=disk.qcow2,format=qcow2,discard=unmap", "-device", device].map(str::to_owned)
        }),
    );
    if !arguments.bay.is_empty() {
        words.extend(["-device", "virtio-scsi-pci,id=bays"].map(str::to_owned));
    }
    for name in &arguments.bay {
        words.extend(["-drive".into(), format!("if=none,id=drive-{name},file={name},format=raw,discard=unmap")]);
        words.extend(["-device".into(), format!("scsi-hd,bus=bays.0,drive=drive-{name},id=bay-{name},serial={}", serial(name))]);
    }
    for (number, name) in arguments.other_disk.iter().enumerate() {
        let serial = serial(name);
        words.extend(["-drive".into(), format!("if=none,id=other{number},file={name},format=raw,discard=unmap")]);
        words.extend(["-device".into(), format!("virtio-blk-pci,drive=other{number},serial={serial},bootindex={}", number + 2)]);
    }
    words
}

fn serial(name: &str) -> String {
    name.chars().filter(char::is_ascii_alphanumeric).take(MAX_SERIAL).collect()
}

/// The running emulator. It dies with this process.
struct Machine {
    child: Child,
    /// Where it takes commands.
    button: PathBuf,
}

impl Machine {
    fn start(tools: &ToolsRoot, home: &Path, arguments: &Arguments) -> miette::Result<Self> {
        let mut forwarded = format!(
            "user,id=net,restrict=on,hostfwd=tcp:127.0.0.1:{}-:443,hostfwd=tcp:127.0.0.1:{}-:80",
            arguments.port, arguments.http_port
        );
        if let Some((port, address)) = arguments.other_port.zip(arguments.other_address) {
            forwarded += &format!(",hostfwd=tcp:127.0.0.1:{port}-{address}:443");
        }
        if let Some(port) = arguments.smb_port {
            forwarded += &format!(",hostfwd=tcp:127.0.0.1:{port}-:445");
        }
        let memory = arguments.memory.to_string();
        let machine = ["-machine", "q35", "-accel", "tcg,thread=multi", "-cpu", "max", "-smp", "2", "-m", &memory];
        let quiet = ["-display", "none", "-nodefaults", "-no-user-config", "-chardev", SERIAL, "-serial", "chardev:serial"];
        let firmware = [
            "-drive",
            "if=pflash,format=raw,readonly=on,file=/usr/share/OVMF/OVMF_CODE_4M.fd",
            "-drive",
            "if=pflash,format=raw,file=variables.fd",
        ];
        let disks = disks(arguments);
        let disks: Vec<&str> = disks.iter().map(String::as_str).collect();
        let network = ["-netdev", &forwarded, "-device", "virtio-net-pci,netdev=net,romfile="];
        let others = ["-device", "virtio-rng-pci", "-device", "i6300esb", "-action", "watchdog=reset"];
        let identity = ["-uuid", "6d5fd7d1-8a3c-4a3e-9d52-1b0a4b6f8c11"];
        // The firmware has a driver of its own for it.
        let screen: &[&str] = if arguments.screen { &["-device", "VGA,romfile="] } else { &[] };
        let button = ["-qmp", "unix:button.sock,server=on,wait=off"];
        let mut given = if arguments.probe { probe() } else { Vec::new() };
        given.extend(arguments.credential.iter().flat_map(|(name, text)| credential(name, text)));
        let given: Vec<&str> = given.iter().map(String::as_str).collect();
        let words =
            [&["qemu-system-x86_64"][..], &machine, &quiet, &firmware, &disks, &network, &others, &identity, screen, &button, &given]
                .concat();
        let _ = fs::remove_file(home.join("serial.log"));
        // `unshare` and what follows replace each other, so the child is the emulator; it ends with this process.
        let inside = tools.command(home, &words);
        let mut command = Command::new("setpriv");
        command.args(["--pdeathsig", "KILL"]).arg(inside.get_program()).args(inside.get_args());
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).process_group(0).spawn();
        Ok(Self { child: child.into_diagnostic().wrap_err("cannot start the emulator")?, button: home.join("button.sock") })
    }

    fn has_ended(&mut self) -> miette::Result<bool> {
        match self.child.try_wait().into_diagnostic()? {
            Some(status) if status.success() => Ok(true),
            Some(status) => Err(miette::miette!("the emulator failed: {status}")),
            None => Ok(false),
        }
    }

    /// Presses the power button and waits until the machine is off. Nothing hears the button in the first seconds of a system, so it is pressed again.
    fn power_off(mut self) -> miette::Result<()> {
        // The protocol wants a greeting before a command (QEMU's QMP).
        let mut button = UnixStream::connect(&self.button).into_diagnostic().wrap_err("cannot reach the emulator")?;
        button.write_all(b"{\"execute\":\"qmp_capabilities\"}").into_diagnostic()?;
        let (begun, mut presses) = (Instant::now(), 0);
        while begun.elapsed() < END {
            if self.has_ended()? {
                return Ok(());
            }
            if begun.elapsed() >= PRESS_EVERY * presses {
                // A machine that ends just now takes no word any more.
                let _ = button.write_all(b"{\"execute\":\"system_powerdown\"}");
                presses += 1;
            }
            std::thread::sleep(ASK_EVERY);
        }
        Err(miette::miette!("the box did not go off within {} s and was switched off", END.as_secs()))
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = kill(Pid::from_raw(-pid), Signal::SIGKILL);
        }
        let _ = self.child.wait();
    }
}

/// What the box writes to its console.
struct Serial {
    path: PathBuf,
    read: u64,
    told: Vec<String>,
}

impl Serial {
    fn new(path: PathBuf) -> Self {
        Self { path, read: 0, told: Vec::new() }
    }

    /// Prints each line that a person needs for the claim, once.
    fn tell_news(&mut self) -> miette::Result<()> {
        let Ok(mut file) = fs::File::open(&self.path) else { return Ok(()) };
        file.seek(std::io::SeekFrom::Start(self.read)).into_diagnostic()?;
        let mut lines = BufReader::new(file.take(1024 * 1024));
        let mut line = Vec::new();
        while lines.read_until(b'\n', &mut line).into_diagnostic()? > 0 && line.ends_with(b"\n") {
            self.read += line.len() as u64;
            let text = String::from_utf8_lossy(&line).trim().to_owned();
            if TOLD.iter().any(|start| text.starts_with(start)) && !self.told.contains(&text) {
                say::line(&text);
                self.told.push(text);
            }
            line.clear();
        }
        Ok(())
    }
}
