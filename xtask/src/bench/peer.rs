//! The peers: nginx and Apache with their WebDAV modules over TLS, each from a folder of its own, on a loopback port.

use std::{
    fs,
    net::TcpListener,
    path::{Path, PathBuf},
    process::{Child, Stdio},
    time::{Duration, Instant},
};

use miette::{IntoDiagnostic, WrapErr};
use nix::unistd::{User, chown, geteuid};

use crate::{run, tree::Tree};

/// Time for a peer to listen.
const START: Duration = Duration::from_secs(10);
/// Whom Apache serves as when root starts it: it refuses to as root.
const APACHE_USER: &str = "www-data";

/// Which server.
#[derive(Clone, Copy)]
pub(super) enum Kind {
    Nginx,
    Apache,
}

/// A running peer.
pub(super) struct Peer {
    child: Child,
    home: PathBuf,
    port: u16,
}

impl Peer {
    /// Starts a peer that serves and takes files below `home`, with the workers that it thinks right for this machine.
    pub(super) fn start(tree: &Tree, kind: Kind, home: &Path) -> miette::Result<Self> {
        let _ = fs::remove_dir_all(home);
        fs::create_dir_all(home.join("files")).and_then(|()| fs::create_dir_all(home.join("temp"))).into_diagnostic()?;
        let certificate =
            ["req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes", "-days", "2", "-subj", "/CN=localhost"];
        let mut openssl = run::program(tree, "openssl");
        openssl.args(certificate).args(["-addext", "subjectAltName=DNS:localhost", "-keyout"]).arg(home.join("key.pem"));
        run::read(openssl.arg("-out").arg(home.join("ca.pem")))?;
        // Asked for and given back: neither takes listeners from us.
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).into_diagnostic()?.port();
        let configuration = home.join("configuration");
        let mut command = match kind {
            Kind::Nginx => {
                fs::write(&configuration, of_nginx(home, port)).into_diagnostic()?;
                let mut command = run::program(tree, "nginx");
                command.arg("-c").arg(&configuration).arg("-p").arg(home).args(["-e", "stderr"]);
                command
            }
            Kind::Apache => {
                fs::write(&configuration, of_apache(home, port)).into_diagnostic()?;
                if let Some(user) = User::from_name(APACHE_USER).into_diagnostic()?.filter(|_| geteuid().is_root()) {
                    for folder in ["files", "temp"] {
                        chown(&home.join(folder), Some(user.uid), Some(user.gid)).into_diagnostic()?;
                    }
                }
                let mut command = run::program(tree, "apache2");
                command.arg("-f").arg(&configuration).arg("-DFOREGROUND");
                command
            }
        };
        let child = command.stdin(Stdio::null()).stdout(Stdio::null()).spawn().into_diagnostic().wrap_err("cannot start a peer")?;
        let this = Self { child, home: home.to_owned(), port };
        let begun = Instant::now();
        while std::net::TcpStream::connect(("127.0.0.1", port)).is_err() {
            if begun.elapsed() > START {
                return Err(miette::miette!("a peer does not listen"));
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

impl Drop for Peer {
    fn drop(&mut self) {
        if let Ok(pid) = i32::try_from(self.child.id()) {
            let _ = nix::sys::signal::kill(nix::unistd::Pid::from_raw(pid), nix::sys::signal::Signal::SIGTERM);
        }
        let _ = self.child.wait();
        let _ = fs::remove_dir_all(&self.home);
    }
}

/// As a careful administrator would write it for bulk: sendfile, keepalive, no log, bodies straight to the files' own disk.
fn of_nginx(home: &Path, port: u16) -> String {
    let user = if geteuid().is_root() { "user root;" } else { "" };
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

/// The same with Apache's words.
fn of_apache(home: &Path, port: u16) -> String {
    let modules: String = ["mpm_event", "authz_core", "ssl", "dav", "dav_fs"]
        .iter()
        .map(|name| format!("LoadModule {name}_module /usr/lib/apache2/modules/mod_{name}.so\n"))
        .collect();
    let user = if geteuid().is_root() { format!("User {APACHE_USER}\nGroup {APACHE_USER}\n") } else { String::new() };
    format!(
        "{modules}{user}ServerRoot {home}
DefaultRuntimeDir {home}
PidFile {home}/apache.pid
Mutex file:{home} default
ErrorLog /dev/stderr
LogLevel error
ServerName localhost
Listen 127.0.0.1:{port}
KeepAlive On
KeepAliveTimeout 60
MaxKeepAliveRequests 0
EnableSendfile On
SSLEngine on
SSLProtocol TLSv1.3
SSLCertificateFile {home}/ca.pem
SSLCertificateKeyFile {home}/key.pem
DocumentRoot {home}/files
DavLockDB {home}/temp/locks
<Directory {home}/files>
  Dav On
  Require all granted
</Directory>
",
        home = home.display()
    )
}
