//! What is asked of each server: one large file by curl, many small ones by wrk, a listing by curl.

use std::{
    fs::File,
    io::{BufWriter, Write as _},
    path::Path,
};

use base64::{Engine, prelude::BASE64_STANDARD};
use miette::{IntoDiagnostic, WrapErr};

use super::servers::Server;
use crate::{run, tree::Tree};

/// The large file.
const LARGE_MIB: u32 = 1024;
/// Seconds of small requests in a round.
const SMALL_SECONDS: u32 = 5;
/// Entries of the folder that is listed.
pub(super) const LISTED: u32 = 10_000;

/// Where to a request goes.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Way {
    Up,
    Down,
}

/// What is measured.
#[derive(Clone, Copy)]
pub(super) enum Load {
    Large(Way),
    /// Files of 4 KiB by so many clients.
    Small(Way, u32),
    /// A folder of [`LISTED`] files.
    List,
}

/// Everything, in its order.
pub(super) const ALL: [Load; 7] = [
    Load::Large(Way::Up),
    Load::Large(Way::Down),
    Load::Small(Way::Up, 8),
    Load::Small(Way::Up, 64),
    Load::Small(Way::Down, 8),
    Load::Small(Way::Down, 64),
    Load::List,
];

/// What one round did.
pub(super) struct Done {
    /// In the unit of its [`Load::title`].
    pub(super) rate: f64,
    /// Requests.
    pub(super) count: f64,
}

impl Load {
    /// What it is, and the unit of its rate.
    pub(super) fn title(self) -> String {
        let way = |way| if way == Way::Up { "up" } else { "down" };
        match self {
            Self::Large(to) => format!("1 GiB {}, MiB/s", way(to)),
            Self::Small(to, clients) => format!("4 KiB {} by {clients}, requests/s", way(to)),
            Self::List => format!("PROPFIND of {LISTED}, entries/s"),
        }
    }

    /// Makes the request or requests of one round.
    pub(super) fn run(self, tree: &Tree, server: &Server, work: &Path) -> miette::Result<Done> {
        match self {
            Self::Large(way) => {
                let seconds = timed(tree, server, "large.bin", (way == Way::Up).then(|| work.join("large")).as_deref())?;
                Ok(Done { rate: f64::from(LARGE_MIB) / seconds, count: 1.0 })
            }
            Self::Small(way, clients) => small(tree, server, work, (way, clients)),
            Self::List => {
                let mut curl = curl(tree, server);
                curl.args(["--output", "/dev/null", "--write-out", "%{time_total}", "--request", "PROPFIND", "--header", "depth: 1"]);
                Ok(Done { rate: f64::from(LISTED) / seconds(curl.arg(format!("{}listed/", server.url)))?, count: 1.0 })
            }
        }
    }
}

/// The files that go up.
pub(super) fn make_files(work: &Path) -> miette::Result<()> {
    make_file(&work.join("large"), LARGE_MIB * 256)?;
    make_file(&work.join("small"), 1)
}

/// The folder that is listed, uploaded file by file, and the file that is read again and again.
pub(super) fn fill(tree: &Tree, server: &Server, work: &Path) -> miette::Result<()> {
    run::read(curl(tree, server).args(["--request", "MKCOL"]).arg(format!("{}listed/", server.url)))?;
    let mut config = String::new();
    for number in 0..LISTED {
        config.push_str(&format!(
            "url = \"{}listed/file-{number:05}.bin\"\nupload-file = \"{}\"\n",
            server.url,
            work.join("small").display()
        ));
    }
    let path = work.join("fill.conf");
    std::fs::write(&path, config).into_diagnostic()?;
    let mut many = curl(tree, server);
    // More at once than the box has places for one client's would be turned away.
    many.args(["--parallel", "--parallel-immediate", "--parallel-max", "16", "--no-progress-meter", "--config"]).arg(path);
    run::read(&mut many)?;
    timed(tree, server, "small.bin", Some(&work.join("small"))).map(drop)
}

/// Lists the person's folder once.
pub(super) fn look(tree: &Tree, server: &Server) -> miette::Result<()> {
    let mut curl = curl(tree, server);
    run::read(curl.args(["--request", "PROPFIND", "--header", "depth: 1"]).arg(&server.url)).map(drop)
}

fn curl(tree: &Tree, server: &Server) -> std::process::Command {
    let mut curl = run::program(tree, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--http1.1", "--user", &server.credentials]);
    curl.arg("--cacert").arg(&server.certificate);
    curl
}

/// Seconds that one file takes, up where there is one here.
fn timed(tree: &Tree, server: &Server, name: &str, up: Option<&Path>) -> miette::Result<f64> {
    let mut curl = curl(tree, server);
    curl.args(["--output", "/dev/null", "--write-out", "%{time_total}"]);
    if let Some(file) = up {
        curl.arg("--upload-file").arg(file);
    }
    seconds(curl.arg(format!("{}{name}", server.url)))
}

fn seconds(curl: &mut std::process::Command) -> miette::Result<f64> {
    run::read(curl)?.trim().parse().into_diagnostic().wrap_err("curl's time")
}

/// Files of 4 KiB by several clients at once, for some seconds.
fn small(tree: &Tree, server: &Server, work: &Path, (way, clients): (Way, u32)) -> miette::Result<Done> {
    let script = work.join("small.lua");
    std::fs::write(&script, script_text(&server.credentials, work, way)).into_diagnostic()?;
    let mut wrk = run::program(tree, "wrk");
    wrk.args(["-t2".to_owned(), format!("-c{clients}"), format!("-d{SMALL_SECONDS}s")]).arg("-s").arg(&script);
    let said = run::read(wrk.arg(format!("{}small.bin", server.url)))?;
    if let Some(errors) = said.lines().find(|line| line.contains("Non-2xx")) {
        return Err(miette::miette!("{} refused requests: {}", server.name, errors.trim()));
    }
    let figure = |line: &str| line.trim().strip_prefix("Requests/sec:").and_then(|rest| rest.trim().parse().ok());
    let rate: f64 = said.lines().find_map(figure).ok_or_else(|| miette::miette!("wrk told no rate:\n{said}"))?;
    Ok(Done { rate, count: rate * f64::from(SMALL_SECONDS) })
}

/// wrk's script: the same request ever again, or one more name for each upload.
fn script_text(credentials: &str, work: &Path, way: Way) -> String {
    let authorization = format!("wrk.headers['Authorization'] = 'Basic {}'\n", BASE64_STANDARD.encode(credentials));
    if way == Way::Down {
        return authorization;
    }
    // Each thread has a state of its own, and so names of its own.
    format!(
        "{authorization}local file = io.open('{}', 'rb')\nwrk.body = file:read('*a')\nwrk.method = 'PUT'\nlocal count = 0\nlocal mine = tostring({{}}):gsub('[^%w]', '')\nlocal folder = wrk.path:gsub('[^/]*$', '')\nfunction request()\n  count = count + 1\n  return wrk.format(nil, folder .. mine .. '-' .. count .. '.bin')\nend\n",
        work.join("small").display()
    )
}

/// A file of pages that differ, so that nothing on the way can shorten it.
fn make_file(path: &Path, pages: u32) -> miette::Result<()> {
    let mut file = BufWriter::new(File::create(path).into_diagnostic()?);
    let mut state = 0x9E37_79B9_7F4A_7C15_u64;
    let mut page = [0_u8; 4096];
    for _ in 0..pages {
        for word in page.chunks_exact_mut(8) {
            // xorshift64 (Marsaglia, 2003): not secret, only not repeating.
            state ^= state << 13;
            state ^= state >> 7;
            state ^= state << 17;
            word.copy_from_slice(&state.to_le_bytes());
        }
        file.write_all(&page).into_diagnostic()?;
    }
    file.flush().into_diagnostic()
}
