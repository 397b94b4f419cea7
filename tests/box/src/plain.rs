//! The box without encryption, for clients that know no household's authority.

use std::process::{Child, Command};

use crate::{TestBox, free_port};

/// The box without encryption on a port of this machine, for as long as this lives.
pub struct Plain(Child, u16);

impl Plain {
    /// Of a running box.
    ///
    /// # Panics
    /// `socat` is not installed.
    #[must_use]
    pub fn of(test_box: &TestBox) -> Self {
        let port = free_port();
        let target = test_box.origin.trim_start_matches("https://");
        let socat = Command::new("socat")
            .arg(format!("TCP-LISTEN:{port},bind=localhost,reuseaddr,fork"))
            .arg(format!("OPENSSL:{target},cafile={}", test_box.path("ca.pem").display()))
            .spawn()
            .expect("socat is installed");
        Self(socat, port)
    }

    /// The port, at `localhost`.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.1
    }
}

impl Drop for Plain {
    fn drop(&mut self) {
        let _ = self.0.kill();
        let _ = self.0.wait();
    }
}
