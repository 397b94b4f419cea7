//! A registry beside an engine: Debian's `docker-registry`, on the loopback of the engine's network.

use std::{
    fs,
    io::{Read, Write},
    net::{Ipv4Addr, Shutdown, SocketAddr, TcpListener, TcpStream},
    path::{Path, PathBuf},
    process::{Child, Stdio},
    sync::{
        Arc,
        atomic::{AtomicU64, Ordering},
    },
    thread,
    time::{Duration, Instant},
};

use crate::{Image, Inside};

/// Time for it to answer.
const START: Duration = Duration::from_secs(20);
/// What a manifest is.
const MANIFEST: &str = "application/vnd.docker.distribution.manifest.v2+json";

/// A registry that runs. It ends when it is dropped; what it has lies in the folder.
#[derive(Debug)]
pub struct Registry {
    inside: Inside,
    port: u16,
    child: Child,
}

/// A way to a registry that is slow, or ends after so many bytes.
#[derive(Debug)]
pub struct Cut {
    /// Where it is.
    pub port: u16,
    left: Arc<AtomicU64>,
}

/// Bytes that a way passes at once.
const PIECE: usize = 64 * 1024;

impl Registry {
    /// Starts one at `port` that keeps what it has below the home of the engine.
    ///
    /// # Panics
    /// It does not start.
    #[must_use]
    pub fn start(inside: &Inside, home: &Path, port: u16) -> Self {
        let folder: PathBuf = home.join(format!("registry-{port}"));
        fs::create_dir_all(&folder).expect("a folder");
        let settings = folder.join("settings.yml");
        let data = folder.join("data");
        let text = format!(
            "version: 0.1\nlog:\n  level: error\nstorage:\n  filesystem:\n    rootdirectory: {}\nhttp:\n  addr: 127.0.0.1:{port}\n",
            data.display()
        );
        fs::write(&settings, text).expect("written");
        let mut command = inside.command("docker-registry");
        command.arg("serve").arg(&settings).stdin(Stdio::null()).stdout(Stdio::null()).stderr(Stdio::null());
        let registry = Self { inside: inside.clone(), port, child: command.spawn().expect("nsenter runs") };
        let begun = Instant::now();
        while registry.ask("GET", "/v2/", "", b"").is_none_or(|answer| answer.0 != 200) {
            assert!(begun.elapsed() < START, "the registry does not answer");
            thread::sleep(Duration::from_millis(20)); // waits: for a program to listen, by polling
        }
        registry
    }

    /// `127.0.0.1:PORT/name`.
    #[must_use]
    pub fn name(&self, name: &str) -> String {
        format!("127.0.0.1:{}/{name}", self.port)
    }

    /// Puts an image there under a name and a tag. Gives the digest of its manifest.
    ///
    /// # Panics
    /// The registry refuses.
    pub fn push(&self, name: &str, tag: &str, image: &Image) -> String {
        let built = image.build();
        for (digest, bytes) in &built.blobs {
            let (status, head) =
                self.ask("POST", &format!("/v2/{name}/blobs/uploads/"), "application/octet-stream", b"").expect("an answer");
            assert_eq!(status, 202, "{head}");
            let place = head.lines().find_map(|line| line.strip_prefix("Location: ")).expect("a place to upload to");
            let path = place.splitn(4, '/').nth(3).expect("a path");
            let (status, head) =
                self.ask("PUT", &format!("/{path}&digest={digest}"), "application/octet-stream", bytes).expect("an answer");
            assert_eq!(status, 201, "{head}");
        }
        let (status, head) = self.ask("PUT", &format!("/v2/{name}/manifests/{tag}"), MANIFEST, &built.manifest).expect("an answer");
        assert_eq!(status, 201, "{head}");
        built.digest
    }

    /// A way to it that passes so many bytes towards the engine, and then breaks off each connection.
    ///
    /// # Panics
    /// There is no port.
    #[must_use]
    pub fn cut_after(&self, bytes: u64) -> Cut {
        self.way(bytes, Duration::ZERO)
    }

    /// A way to it that passes so many bytes a second.
    #[must_use]
    pub fn slow(&self, bytes_per_second: u32) -> Cut {
        self.way(u64::MAX, Duration::from_secs(PIECE as u64) / bytes_per_second)
    }

    fn way(&self, bytes: u64, pause: Duration) -> Cut {
        let left = Arc::new(AtomicU64::new(bytes));
        let (to, passes) = (self.address(), Arc::clone(&left));
        let port = self.inside.run(move || {
            let listener = TcpListener::bind((Ipv4Addr::LOCALHOST, 0)).expect("a port");
            let port = listener.local_addr().expect("bound").port();
            thread::spawn(move || {
                // It ends with the test's process.
                for client in listener.incoming().map_while(Result::ok) {
                    let (Ok(server), passes) = (TcpStream::connect(to), Arc::clone(&passes)) else { continue };
                    thread::spawn(move || pass(client, server, &passes, pause));
                }
            });
            port
        });
        Cut { port, left }
    }

    /// Kills it.
    pub fn kill(&mut self) {
        // The end of nsenter, which started it, does not end it. With the engine it has gone.
        if self.inside.is_there() {
            let line = format!("kill -9 $(grep -l registry-{} /proc/[0-9]*/cmdline | cut -d/ -f3)", self.port);
            let _ = self.inside.output(&["sh", "-c", &line]);
        }
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn address(&self) -> SocketAddr {
        (Ipv4Addr::LOCALHOST, self.port).into()
    }

    /// One request; the status, and the answer's head. None where nobody answers.
    fn ask(&self, method: &str, path: &str, kind: &str, body: &[u8]) -> Option<(u16, String)> {
        let mut stream = self.inside.connect(self.address()).ok()?;
        let head = format!(
            "{method} {path} HTTP/1.1\r\nHost: registry\r\nConnection: close\r\nContent-Type: {kind}\r\nContent-Length: {}\r\n\r\n",
            body.len()
        );
        stream.write_all(head.as_bytes()).ok()?;
        stream.write_all(body).ok()?;
        let mut answer = Vec::new();
        stream.read_to_end(&mut answer).ok()?;
        let text = String::from_utf8_lossy(&answer).replace('\r', "");
        Some((text.split(' ').nth(1)?.parse().ok()?, text))
    }
}

impl Drop for Registry {
    fn drop(&mut self) {
        self.kill();
    }
}

impl Cut {
    /// How many bytes it would still pass; less each time that it passed some.
    #[must_use]
    pub fn left(&self) -> u64 {
        self.left.load(Ordering::SeqCst)
    }

    /// Passes so many bytes more.
    pub fn pass(&self, bytes: u64) {
        self.left.store(bytes, Ordering::SeqCst);
    }
}

fn pass(client: TcpStream, server: TcpStream, left: &Arc<AtomicU64>, pause: Duration) {
    let (Ok(mut from), Ok(mut to)) = (client.try_clone(), server.try_clone()) else { return };
    thread::spawn(move || std::io::copy(&mut from, &mut to));
    let (mut server, mut client, mut piece) = (server, client, vec![0; PIECE]);
    while let Ok(read @ 1..) = server.read(&mut piece) {
        let had = left.fetch_update(Ordering::SeqCst, Ordering::SeqCst, |left| Some(left.saturating_sub(read as u64))).unwrap_or_default();
        if had < read as u64 || client.write_all(&piece[..read]).is_err() {
            break;
        }
        thread::sleep(pause.mul_f64(read as f64 / PIECE as f64)); // waits: as a slow network does
    }
    let _ = client.shutdown(Shutdown::Both);
    let _ = server.shutdown(Shutdown::Both);
}
