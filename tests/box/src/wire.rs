//! The wire between a client and a box: it counts what goes to the box, and breaks when that is enough.

use std::{
    io::{Read, Write},
    net::{Shutdown, TcpListener, TcpStream},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
    },
};

use crate::TestBox;

/// A way to a box through this process, for as long as this lives.
pub struct Wire {
    port: u16,
    state: Arc<State>,
}

struct State {
    target: u16,
    /// Bytes that went to the box.
    sent: AtomicU64,
    /// Bytes after which it breaks.
    most: AtomicU64,
    over: AtomicBool,
}

impl Wire {
    /// A whole one, to `test_box`.
    ///
    /// # Panics
    /// There is no port.
    #[must_use]
    pub fn to(test_box: &TestBox) -> Self {
        let listener = TcpListener::bind(("127.0.0.1", 0)).expect("a port");
        let port = listener.local_addr().expect("an address").port();
        let state = State {
            target: crate::port_of(&test_box.origin),
            sent: AtomicU64::new(0),
            most: AtomicU64::new(u64::MAX),
            over: AtomicBool::new(false),
        };
        let state = Arc::new(state);
        let serving = Arc::clone(&state);
        std::thread::spawn(move || {
            for client in listener.incoming().map_while(Result::ok) {
                if serving.over.load(Ordering::Relaxed) {
                    return;
                }
                let state = Arc::clone(&serving);
                std::thread::spawn(move || state.join(client));
            }
        });
        Self { port, state }
    }

    /// Where the box is for whoever comes this way.
    #[must_use]
    pub fn origin(&self) -> String {
        format!("https://localhost:{}", self.port)
    }

    /// Bytes that went to the box since the last time that this was asked.
    #[must_use]
    pub fn take_sent(&self) -> u64 {
        self.state.sent.swap(0, Ordering::Relaxed)
    }

    /// From now on it breaks after so many bytes, counted from the last time that they were taken.
    pub fn break_after(&self, bytes: u64) {
        self.state.most.store(bytes, Ordering::Relaxed);
    }
}

impl Drop for Wire {
    fn drop(&mut self) {
        self.state.over.store(true, Ordering::Relaxed);
        // So that the listener looks up.
        let _ = TcpStream::connect(("127.0.0.1", self.port));
    }
}

impl State {
    fn join(&self, client: TcpStream) {
        let Ok(target) = TcpStream::connect(("127.0.0.1", self.target)) else { return };
        let (Ok(from_box), Ok(to_client)) = (target.try_clone(), client.try_clone()) else { return };
        let back = std::thread::spawn(move || {
            let _ = std::io::copy(&mut &from_box, &mut &to_client);
            let _ = to_client.shutdown(Shutdown::Both);
        });
        self.carry(&client, &target);
        let _ = target.shutdown(Shutdown::Both);
        let _ = client.shutdown(Shutdown::Both);
        let _ = back.join();
    }

    fn carry(&self, mut client: &TcpStream, mut target: &TcpStream) {
        let mut buffer = vec![0; 64 * 1024];
        while let Ok(read @ 1..) = client.read(&mut buffer) {
            let bytes = u64::try_from(read).unwrap_or(u64::MAX);
            let before = self.sent.load(Ordering::Relaxed);
            if before.saturating_add(bytes) > self.most.load(Ordering::Relaxed) || target.write_all(&buffer[..read]).is_err() {
                return;
            }
            self.sent.fetch_add(bytes, Ordering::Relaxed);
        }
    }
}
