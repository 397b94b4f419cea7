//! Images made of Debian's static busybox, in the forms that registries take.

use std::path::PathBuf;

use aws_lc_rs::digest::{SHA256, digest};
use serde_json::{Value, json};

use crate::Inside;

/// Programs that busybox is by its name.
const PROGRAMS: [&str; 31] = [
    "sh",
    "httpd",
    "ls",
    "id",
    "sleep",
    "cat",
    "echo",
    "wget",
    "nslookup",
    "nc",
    "ping",
    "touch",
    "stat",
    "ip",
    "mkdir",
    "rm",
    "dd",
    "sha256sum",
    "kill",
    "trap",
    "env",
    "true",
    "grep",
    "sed",
    "tr",
    "hostname",
    "wc",
    "tail",
    "cut",
    "test",
    "pwd",
];

/// An image before it is pushed.
#[derive(Debug, Clone)]
pub struct Image {
    /// Its layers, as tar.
    pub layers: Vec<Vec<u8>>,
    /// What runs.
    pub command: Vec<String>,
    /// As whom.
    pub user: String,
    /// Ports that it says it listens on.
    pub ports: Vec<String>,
    /// Directories that it wants kept.
    pub volumes: Vec<String>,
    /// Its test of health.
    pub health: Option<Vec<String>>,
}

/// What an image is to a registry.
#[derive(Debug, Clone)]
pub struct Pushed {
    /// Blobs by digest: layers and configuration.
    pub blobs: Vec<(String, Vec<u8>)>,
    /// The manifest's text.
    pub manifest: Vec<u8>,
    /// The manifest's digest.
    pub digest: String,
}

/// An image of busybox, out of the root of the engine.
///
/// # Panics
/// The engine has none.
#[must_use]
pub fn busybox(inside: &Inside) -> Image {
    let path = PathBuf::from("/proc").join(inside.process()).join("root/usr/bin/busybox");
    let program = std::fs::read(path).expect("the root of tools has busybox-static");
    let mut tar = Tar::default();
    tar.folder("bin/").folder("tmp/").folder("www/").folder("data/").folder("etc/").file("bin/busybox", 0o755, &program);
    for name in PROGRAMS {
        tar.link(&format!("bin/{name}"), "busybox");
    }
    tar.file("www/index.html", 0o644, b"from the image\n");
    tar.file("etc/passwd", 0o644, b"root:x:0:0::/:/bin/sh\nservice:x:1000:1000::/:/bin/sh\n");
    let command = ["/bin/httpd", "-f", "-p", "8080", "-h", "/www"].map(str::to_owned).to_vec();
    Image { layers: vec![tar.end()], command, user: String::new(), ports: vec!["8080/tcp".into()], volumes: vec![], health: None }
}

impl Image {
    /// Another page for its server, in a layer of its own: another version of the same.
    #[must_use]
    pub fn page(self, text: &str) -> Self {
        self.file("www/index.html", text.as_bytes())
    }

    /// One more file, in a layer of its own.
    #[must_use]
    pub fn file(self, path: &str, bytes: &[u8]) -> Self {
        self.with(path, 0o644, bytes)
    }

    /// One more program.
    #[must_use]
    pub fn script(self, path: &str, text: &str) -> Self {
        self.with(path, 0o755, text.as_bytes())
    }

    fn with(mut self, path: &str, mode: u32, bytes: &[u8]) -> Self {
        let mut tar = Tar::default();
        tar.file(path, mode, bytes);
        self.layers.push(tar.end());
        self
    }

    /// A layer of so many bytes that do not compress, another with each seed.
    #[must_use]
    pub fn ballast(self, bytes: usize, seed: u64) -> Self {
        let mut state = seed | 1;
        let mut noise = Vec::with_capacity(bytes + 8);
        while noise.len() < bytes {
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            noise.extend_from_slice(&state.to_le_bytes());
        }
        noise.truncate(bytes);
        self.file("data/ballast", &noise)
    }

    /// Another command.
    #[must_use]
    pub fn command(mut self, words: &[&str]) -> Self {
        self.command = words.iter().map(|word| (*word).to_owned()).collect();
        self
    }

    /// As a registry takes it.
    #[must_use]
    pub fn build(&self) -> Pushed {
        let set = |names: &[String]| names.iter().map(|name| (name.clone(), json!({}))).collect::<serde_json::Map<_, _>>();
        let layers: Vec<(String, Vec<u8>)> = self.layers.iter().map(|layer| (sha256(layer), layer.clone())).collect();
        // As the first process of a container busybox hears of no gentler end, and each test would wait for it.
        let mut config = json!({ "StopSignal": "SIGKILL", "Cmd": self.command, "User": self.user, "ExposedPorts": set(&self.ports), "Env": ["PATH=/bin"] });
        if let (Some(config), false) = (config.as_object_mut(), self.volumes.is_empty()) {
            config.insert("Volumes".into(), Value::Object(set(&self.volumes)));
        }
        if let (Some(config), Some(test)) = (config.as_object_mut(), &self.health) {
            config.insert("Healthcheck".into(), json!({ "Test": test, "Interval": 5_000_000_000_u64, "Retries": 3 }));
        }
        let architecture = if cfg!(target_arch = "aarch64") { "arm64" } else { "amd64" };
        let diffs: Vec<&String> = layers.iter().map(|(digest, _)| digest).collect();
        let whole =
            json!({ "architecture": architecture, "os": "linux", "config": config, "rootfs": { "type": "layers", "diff_ids": diffs } });
        let config = whole.to_string().into_bytes();
        // Docker's form, not the OCI's: that one knows no test of health.
        let kind = |kind: &str| format!("application/vnd.docker.{kind}");
        let listed: Vec<Value> = layers
            .iter()
            .map(|(digest, bytes)| json!({ "mediaType": kind("image.rootfs.diff.tar"), "digest": digest, "size": bytes.len() }))
            .collect();
        let manifest = json!({
            "schemaVersion": 2,
            "mediaType": kind("distribution.manifest.v2+json"),
            "config": { "mediaType": kind("container.image.v1+json"), "digest": sha256(&config), "size": config.len() },
            "layers": listed,
        });
        let manifest = manifest.to_string().into_bytes();
        let blobs = layers.into_iter().chain([(sha256(&config), config)]).collect();
        Pushed { blobs, digest: sha256(&manifest), manifest }
    }
}

fn sha256(bytes: &[u8]) -> String {
    format!("sha256:{}", hex::encode(digest(&SHA256, bytes)))
}

/// Writes the plain form of tar (ustar), with short names and no times.
#[derive(Default)]
struct Tar(Vec<u8>);

impl Tar {
    fn folder(&mut self, name: &str) -> &mut Self {
        let mode = if name == "tmp/" || name == "data/" { 0o1777 } else { 0o755 };
        self.entry(name, mode, b'5', "", b"")
    }

    fn file(&mut self, name: &str, mode: u32, bytes: &[u8]) -> &mut Self {
        self.entry(name, mode, b'0', "", bytes)
    }

    fn link(&mut self, name: &str, to: &str) -> &mut Self {
        self.entry(name, 0o777, b'2', to, b"")
    }

    fn entry(&mut self, name: &str, mode: u32, kind: u8, link: &str, bytes: &[u8]) -> &mut Self {
        let mut head = [0_u8; 512];
        let mut put = |at: usize, text: &str| head[at..at + text.len()].copy_from_slice(text.as_bytes());
        put(0, name);
        put(100, &format!("{mode:07o}"));
        put(108, "0000000");
        put(116, "0000000");
        put(124, &format!("{:011o}", bytes.len()));
        put(136, "00000000000");
        put(148, "        ");
        put(157, link);
        put(257, "ustar\u{0}00");
        head[156] = kind;
        let sum: u32 = head.iter().map(|byte| u32::from(*byte)).sum();
        head[148..155].copy_from_slice(format!("{sum:06o}\u{0}").as_bytes());
        self.0.extend_from_slice(&head);
        self.0.extend_from_slice(bytes);
        self.0.resize(self.0.len().next_multiple_of(512), 0);
        self
    }

    fn end(mut self) -> Vec<u8> {
        self.0.resize(self.0.len() + 1024, 0);
        self.0
    }
}
