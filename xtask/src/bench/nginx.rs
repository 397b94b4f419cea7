//! The peer: nginx with its WebDAV module over TLS, from a folder of its own, on a loopback port.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use miette::{IntoDiagnostic, WrapErr};

use crate::{run, tree::Tree};

/// Time for nginx to listen.
const START: Duration = Duration::from_secs(10);

/// A running nginx.
pub(super) struct Nginx {
    child: Child,
    home: PathBuf,
    port: u16,
}

impl Nginx {
    /// Starts nginx with as many workers as there are cores, serving and taking files below `home`.
    pub(super) fn start(tree: &Tree, home: &Path) -> miette::Result<Self> {
        let _ = fs::remove_dir_all(home);
        fs::create_dir_all(home.join("files")).and_then(|()| fs::create_dir_all(home.join("temp"))).into_diagnostic()?;
        let certificate =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
        let mut openssl = run::program(tree, "openssl");
        openssl.args(certificate).args(["-addext", "subjectAltName=DNS:localhost", "-keyout"]).arg(home.join("key.pem"));
        run::read(openssl.arg("-out").arg(home.join("ca.pem")))?;
        // Asked for and given back: nginx takes no listeners from us.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).into_diagnostic()?.port();
        fs::write(home.join("nginx.conf"), configuration(home, port)).into_diagnostic()?;
        let mut command = run::program(tree, "nginx");
        command.arg("-c").arg(home.join("nginx.conf")).arg("-p").arg(home).args(["-e", "stderr"]);
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().into_diagnostic().wrap_err("cannot start nginx")?;
        let this = Self { child, home: home.to_owned(), port };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > START {
                return Err(miette::miette!("nginx does not listen"));
            }
            std::thread::sleep(Duration::from_millis(20));
        }
        Ok(this)
    }

    /// `https://localhost:PORT/`.
    pub(super) fn url(&self) -> String {
        format!("https://localhost:{}/", self.port)
    }

    /// The certificate to trust.
    pub(super) fn certificate(&self) -> PathBuf {
        self.home.join("ca.pem")
    }

    /// The process above its workers.
    pub(super) fn pid(&self) -> u32 {
        self.child.id()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// As a careful administrator would write it for bulk: sendfile, keepalive, no log, bodies straight to the files' own disk.
fn configuration(home: &Path, port: u16) -> String {
    let user = if nix::unistd::geteuid().is_root() { "user root;" } else { "" };
    format!(
        "daemon off; {user} worker_processes auto; pid {home}/nginx.pid; error_log stderr error;
load_module /usr/lib/nginx/modules/ngx_http_dav_ext_module.so;
events {{ worker_connections 1024; }}
http {{
  access_log off; sendfile on; tcp_nopush on; keepalive_requests 1000000; client_max_body_size 0;
  client_body_temp_path {home}/temp; proxy_temp_path {home}/temp/p; fastcgi_temp_path {home}/temp/f; uwsgi_temp_path {home}/temp/u; scgi_temp_path {home}/temp/s;
  server {{
    listen 127.0.0.1:{port} ssl; ssl_certificate {home}/ca.pem; ssl_certificate_key {home}/key.pem; ssl_protocols TLSv1.3;
    root {home}/files;
    location / {{ dav_methods PUT DELETE MKCOL; dav_ext_methods PROPFIND; create_full_put_path on; }}
  }}
}}
",
        home = home.display()
    )
}
