//! The box's two doors to the network, opened once and kept for as long as `up` runs.

use std::{
    io::ErrorKind,
    net::{Ipv4Addr, Ipv6Addr, SocketAddr, TcpListener},
    os::fd::OwnedFd,
};

use miette::{IntoDiagnostic, WrapErr};

/// The listening sockets.
pub(super) struct Listeners {
    https: TcpListener,
    http: TcpListener,
    https_port: u16,
    http_port: u16,
}

impl Listeners {
    /// Listens on both ports, at every address of this machine.
    pub(super) fn open(https: u16, http: u16) -> miette::Result<Self> {
        let https = listen(https, "--port")?;
        let http = listen(http, "--http-port")?;
        let port = |listener: &TcpListener| listener.local_addr().map(|address| address.port()).into_diagnostic();
        let (https_port, http_port) = (port(&https)?, port(&http)?);
        Ok(Self { https, http, https_port, http_port })
    }

    /// The port for HTTPS, also when it was chosen by the system.
    pub(super) fn https_port(&self) -> u16 {
        self.https_port
    }

    /// The port of the page that hands out the certificate, likewise.
    pub(super) fn http_port(&self) -> u16 {
        self.http_port
    }

    /// The sockets again for one more process, by name, in the order of `LISTEN_FDNAMES`.
    pub(super) fn handed_over(&self) -> std::io::Result<[(&'static str, OwnedFd); 2]> {
        Ok([("https", self.https.try_clone()?.into()), ("http", self.http.try_clone()?.into())])
    }
}

fn listen(port: u16, option: &str) -> miette::Result<TcpListener> {
    let everywhere = SocketAddr::from((Ipv6Addr::UNSPECIFIED, port));
    let bound = TcpListener::bind(everywhere).or_else(|error| {
        // A machine without IPv6 says so in one of these ways; a taken port is no reason to try the other family.
        match error.kind() {
            ErrorKind::AddrInUse | ErrorKind::PermissionDenied => Err(error),
            _ => TcpListener::bind(SocketAddr::from((Ipv4Addr::UNSPECIFIED, port))),
        }
    });
    match bound {
        Err(error) if error.kind() == ErrorKind::AddrInUse => Err(miette::miette!(
            help = format!("stop what listens there (`ss -ltnp` names it), or choose another port: {option} N"),
            "port {port} is taken"
        )),
        Err(error) if error.kind() == ErrorKind::PermissionDenied => {
            Err(miette::miette!(help = format!("choose a port from 1024 on: {option} N"), "port {port} is only for root"))
        }
        other => other.into_diagnostic().wrap_err_with(|| format!("cannot listen on port {port}")),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_taken_port_is_named_with_what_to_do() {
        let taken = listen(0, "--port").unwrap();
        let port = taken.local_addr().unwrap().port();
        let error = listen(port, "--port").unwrap_err();
        assert_eq!(error.to_string(), format!("port {port} is taken"));
        assert!(error.help().is_some_and(|help| help.to_string().contains("--port N")));
    }

    #[test]
    fn both_families_reach_a_listener() {
        let listener = listen(0, "--port").unwrap();
        let port = listener.local_addr().unwrap().port();
        std::net::TcpStream::connect((Ipv4Addr::LOCALHOST, port)).unwrap();
    }
}
