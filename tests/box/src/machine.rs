//! The appliance itself, booted from its image in an emulator by `cargo xtask vm`.

use std::{
    io::{BufRead, BufReader, Write},
    os::unix::net::UnixStream,
    path::PathBuf,
    process::{Child, Command, Stdio},
    sync::mpsc,
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;
use reqwest::Method;
use serde_json::json;

use crate::{PASSPHRASE, Visitor, binary, follow, free_port, kill, processes_below};

/// Time for a boot under emulation, the first with its formatting included.
const BOOT: Duration = Duration::from_secs(600);
/// Time for an orderly end under emulation.
const END: Duration = Duration::from_secs(180);
/// Time for a command inside.
const SHELL: Duration = Duration::from_secs(120);

/// An emulated machine with a disk of its own.
pub struct Machine {
    /// `https://localhost:PORT`.
    pub origin: String,
    /// `http://localhost:PORT` of the page that hands out the certificate.
    pub plain: String,
    /// Where its disk and its console's lines are.
    pub home: tempfile::TempDir,
    ports: (u16, u16),
    options: Vec<String>,
    vm: Option<Child>,
    /// What `xtask vm` says of the present start, until somebody has waited for it.
    told: Option<mpsc::Receiver<String>>,
}

impl Machine {
    /// A machine that is switched off, with a new disk. `options` go to `cargo xtask vm`.
    ///
    /// # Panics
    /// There is no room for a disk.
    #[must_use]
    pub fn new(options: &[&str]) -> Self {
        let home = tempfile::Builder::new().prefix("croft-vm-").tempdir().expect("a folder");
        let ports = (free_port(), free_port());
        let (origin, plain) = (format!("https://localhost:{}", ports.0), format!("http://localhost:{}", ports.1));
        let options = options.iter().map(ToString::to_string).collect();
        Self { origin, plain, home, ports, options, vm: None, told: None }
    }

    /// Another value for an option from the next start on, or one more.
    pub fn option(&mut self, name: &str, value: &str) {
        match self.options.iter().position(|option| option == name) {
            Some(at) => value.clone_into(&mut self.options[at + 1]),
            None => self.options.extend([name.into(), value.into()]),
        }
    }

    /// Changes the options of the next start: disks are put in and pulled out.
    pub fn rebuild(&mut self, options: &[&str]) {
        self.options = options.iter().map(ToString::to_string).collect();
    }

    /// Switches it on and waits until the box answers.
    ///
    /// # Panics
    /// It does not, in a long time.
    pub fn boot(&mut self) {
        self.switch_on();
        let begun = Instant::now();
        let told = self.told.take().expect("switched on");
        let mut lines = Vec::new();
        while !lines.iter().any(|line: &String| line.starts_with("ready ")) {
            match told.recv_timeout(BOOT.saturating_sub(begun.elapsed())) {
                Ok(line) => lines.push(line),
                Err(_) => panic!("the machine did not boot:\n{}\n{}", lines.join("\n"), self.last_lines()),
            }
        }
        // The pipes stay read to the end, so that nobody blocks on them.
        std::thread::spawn(move || told.into_iter().for_each(drop));
    }

    /// Switches it on, and waits for nothing.
    pub fn switch_on(&mut self) {
        let mut command = Command::new(binary("xtask"));
        command.arg("vm").arg("--home").arg(self.home.path());
        command.args(["--port", &self.ports.0.to_string(), "--http-port", &self.ports.1.to_string()]).args(&self.options);
        let mut vm = command.stdin(Stdio::null()).stdout(Stdio::piped()).stderr(Stdio::piped()).spawn().expect("started");
        let (sender, lines) = mpsc::channel();
        follow(vm.stdout.take().expect("piped"), sender.clone());
        follow(vm.stderr.take().expect("piped"), sender);
        self.vm = Some(vm);
        self.told = Some(lines);
    }

    /// Waits until the console has said `text`.
    ///
    /// # Panics
    /// It does not, in a long time.
    pub fn wait_for_console(&self, text: &str) {
        self.wait_for_console_times(text, 1);
    }

    /// Waits until the console has said `text` so many times.
    ///
    /// # Panics
    /// It does not, in a long time.
    pub fn wait_for_console_times(&self, text: &str, times: usize) {
        let begun = Instant::now();
        while self.whole_console().matches(text).count() < times {
            assert!(begun.elapsed() < BOOT, "the console does not say `{text}` {times} times:\n{}", self.last_lines());
            std::thread::sleep(Duration::from_millis(200)); // waits: for lines of the emulated console, by polling
        }
    }

    /// Everything that the console has said since the machine was switched on.
    #[must_use]
    pub fn whole_console(&self) -> String {
        String::from_utf8_lossy(&std::fs::read(self.home.path().join("serial.log")).unwrap_or_default()).into_owned()
    }

    /// What a command of the shell prints inside the machine as root, where the machine was made with `--probe`; one line of shell.
    ///
    /// # Panics
    /// There is no answer, or the command fails.
    #[must_use]
    pub fn shell(&self, command: &str) -> String {
        let begun = Instant::now();
        loop {
            match self.ask_shell(command) {
                Ok((0, text)) => return text,
                Ok((status, text)) => panic!("`{command}` ended with {status}:\n{text}"),
                // The shell starts with the machine, and again when somebody has left it.
                Err(error) => assert!(begun.elapsed() < END, "`{command}` has no answer: {error}\n{}", self.last_lines()),
            }
            std::thread::sleep(Duration::from_millis(500)); // waits: for the emulated machine's shell, by polling
        }
    }

    fn ask_shell(&self, command: &str) -> std::io::Result<(i32, String)> {
        let mut shell = UnixStream::connect(self.home.path().join("probe.sock"))?;
        shell.set_read_timeout(Some(SHELL))?;
        writeln!(shell, "{command}")?;
        let mut text = String::new();
        for line in BufReader::new(shell).lines() {
            let line = line?;
            if let Some(status) = line.strip_prefix("probe-end ") {
                return Ok((status.trim().parse().unwrap_or(-1), text));
            }
            text.push_str(&line);
            text.push('\n');
        }
        Err(std::io::ErrorKind::UnexpectedEof.into())
    }

    /// Does what leads to another start (a command of the shell, for instance), and waits until the box answers from that.
    ///
    /// # Panics
    /// It does not, in a long time.
    pub async fn starts_again(&self, cause: impl FnOnce(&Self)) {
        const WHICH: &str = "cat /proc/sys/kernel/random/boot_id";
        let (before, begun) = (self.shell(WHICH), Instant::now());
        cause(self);
        loop {
            assert!(begun.elapsed() < BOOT * 2, "the machine does not come back:\n{}", self.last_lines());
            tokio::time::sleep(Duration::from_secs(2)).await; // waits: for the emulated machine, by polling
            if self.ask_shell(WHICH).is_ok_and(|(status, now)| status == 0 && now != before) {
                break;
            }
        }
        self.answers().await;
    }

    /// Waits until the box says that it is well.
    ///
    /// # Panics
    /// It does not, in a long time.
    pub async fn answers(&self) {
        let begun = Instant::now();
        loop {
            if let Ok(answer) = reqwest::get(format!("{}/ca.crt", self.plain)).await
                && let Ok(bytes) = answer.bytes().await
                && let Ok(answer) = Visitor::trusting(&self.origin, &bytes).request(Method::GET, "/healthz").send().await
                && answer.status().is_success()
            {
                return;
            }
            assert!(begun.elapsed() < BOOT, "the box does not answer:\n{}", self.last_lines());
            tokio::time::sleep(Duration::from_secs(1)).await; // waits: for the emulated machine, by polling
        }
    }

    /// The pairing code, once the console shows it.
    ///
    /// # Panics
    /// It does not, in a long time.
    pub async fn pairing_code(&self) -> String {
        let begun = Instant::now();
        loop {
            if let Some(code) = self.console("pairing code") {
                return code;
            }
            assert!(begun.elapsed() < END, "no pairing code on the console:\n{}", self.last_lines());
            tokio::time::sleep(Duration::from_millis(500)).await; // waits: for lines of the emulated console, by polling
        }
    }

    /// What the console says behind `word`: `pairing code`, `fingerprint`.
    #[must_use]
    pub fn console(&self, word: &str) -> Option<String> {
        self.whole_console().lines().rev().find_map(|line| line.trim().strip_prefix(word).map(|rest| rest.trim().to_owned()))
    }

    /// Claims the box for ana as the page for it does; a visitor who is signed in as her.
    pub async fn claim(&self) -> Visitor {
        let mut visitor = self.visitor().await;
        let ticket = self.ticket(&visitor).await;
        let person = json!({
            "ticket": ticket, "box_name": "Hollyhock", "name": "ana", "display_name": "Ana", "passphrase": PASSPHRASE,
        });
        let (status, kit) = visitor.send(Method::POST, "/api/v1/claim/person", &person).await;
        assert_eq!(status, 200, "{kit}");
        let places = kit["ask"].as_array().expect("places").iter().filter_map(serde_json::Value::as_u64);
        let word = |place: u64| kit["words"][usize::try_from(place).expect("small") - 1].clone();
        let answers: serde_json::Map<_, _> = places.map(|place| (place.to_string(), word(place))).collect();
        let (status, answer) = visitor.send(Method::POST, "/api/v1/claim/finish", &json!({ "ticket": ticket, "answers": answers })).await;
        assert!((200..300).contains(&status), "{status} {answer}");
        assert!(visitor.sign_in("ana", PASSPHRASE).await.status().is_success());
        visitor
    }

    /// A ticket for the pairing code that stands on the console.
    ///
    /// # Panics
    /// There is none in a long time, or it is refused.
    pub async fn ticket(&self, visitor: &Visitor) -> String {
        let code = self.pairing_code().await;
        let (status, ticket) = visitor.send(Method::POST, "/api/v1/claim/code", &json!({ "code": code })).await;
        assert_eq!(status, 200, "{ticket}");
        ticket["ticket"].as_str().expect("a ticket").to_owned()
    }

    /// A stranger who has installed the certificate that the plain port hands out.
    pub async fn visitor(&self) -> Visitor {
        let answer = reqwest::get(format!("{}/ca.crt", self.plain)).await.expect("an answer");
        Visitor::trusting(&self.origin, &answer.bytes().await.expect("a certificate"))
    }

    /// Pulls a disk out of its bay while the machine runs.
    ///
    /// # Panics
    /// The emulator does not hear it.
    pub fn pull_disk(&self, name: &str) {
        self.qmp(&[json!({ "execute": "device_del", "arguments": { "id": format!("bay-{name}") } })]);
    }

    /// Puts the disk in the file `name` beside the machine's own into a bay while the machine runs.
    ///
    /// # Panics
    /// The emulator refuses it.
    pub fn insert_disk(&self, name: &str) {
        let serial: String = name.chars().filter(char::is_ascii_alphanumeric).collect();
        let file = json!({ "driver": "raw", "node-name": format!("node-{serial}"), "file": { "driver": "file", "filename": name } });
        let disk = json!({
            "driver": "scsi-hd", "bus": "bays.0", "drive": format!("node-{serial}"), "id": format!("bay-{name}"), "serial": serial,
        });
        self.qmp(&[json!({ "execute": "blockdev-add", "arguments": file }), json!({ "execute": "device_add", "arguments": disk })]);
    }

    /// Tells the emulator something (QEMU's QMP: a greeting, then an answer to each command, with events in between).
    fn qmp(&self, commands: &[serde_json::Value]) {
        let socket = UnixStream::connect(self.path("button.sock")).expect("the emulator");
        socket.set_read_timeout(Some(END)).expect("a time");
        let mut answers = BufReader::new(socket.try_clone().expect("the same")).lines();
        let greeting = answers.next().expect("a greeting").expect("a greeting");
        assert!(greeting.contains("QMP"), "{greeting}");
        for command in [json!({ "execute": "qmp_capabilities" })].iter().chain(commands) {
            writeln!(&socket, "{command}").expect("told");
            let answer = answers.by_ref().map(|line| line.expect("an answer")).find(|line| !line.contains("\"event\""));
            let answer = answer.expect("an answer");
            assert!(answer.contains("\"return\""), "{command}: {answer}");
        }
    }

    /// Ends it as a pulled plug does.
    pub fn pull_the_plug(&mut self) {
        let Some(mut vm) = self.vm.take() else { return };
        // The emulator first: it must not hear that anybody wants it to end.
        processes_below(vm.id()).iter().for_each(|process| kill(process.pid, Signal::SIGKILL));
        let _ = vm.kill();
        let _ = vm.wait();
    }

    /// Presses its power button and waits until it is off.
    ///
    /// # Panics
    /// It does not go off by itself.
    pub fn shut_down(&mut self) {
        if let Some(vm) = &self.vm {
            kill(vm.id(), Signal::SIGINT);
        }
        self.wait_until_off();
    }

    /// Waits until it is off, as somebody has told it to be.
    ///
    /// # Panics
    /// It does not go off by itself.
    pub fn wait_until_off(&mut self) {
        let Some(mut vm) = self.vm.take() else { return };
        let begun = Instant::now();
        while begun.elapsed() < END {
            if let Some(status) = vm.try_wait().expect("waited for") {
                assert!(status.success(), "the machine did not end in order: {status}\n{}", self.last_lines());
                return;
            }
            std::thread::sleep(Duration::from_millis(100)); // waits: for the end of a child, by polling
        }
        self.vm = Some(vm);
        self.pull_the_plug();
        panic!("the machine does not go off:\n{}", self.last_lines());
    }

    /// Path of a file beside its disk.
    #[must_use]
    pub fn path(&self, name: &str) -> PathBuf {
        self.home.path().join(name)
    }

    fn last_lines(&self) -> String {
        let text = self.whole_console();
        let lines: Vec<&str> = text.lines().collect();
        lines[lines.len().saturating_sub(40)..].join("\n")
    }
}

impl Drop for Machine {
    fn drop(&mut self) {
        self.pull_the_plug();
    }
}
