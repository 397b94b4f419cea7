//! Bytes through the whole stack: one large file by curl, many small ones by wrk, box and nginx in turn within one run.

use std::{
    fmt::Write as _,
    fs::File,
    io::{BufWriter, Write as _},
    path::{Path, PathBuf},
};

use miette::{IntoDiagnostic, WrapErr};

use super::{
    PERSON,
    nginx::Nginx,
    processes::{below, processor_seconds},
    report::{self, Spread},
};
use crate::{run, say, setup, tree::Tree, up::Running};

/// Rounds of each measure; they alternate, so that a slow minute of the machine hits both.
const ROUNDS: usize = 5;
/// The large file.
const LARGE_MIB: u32 = 1024;
/// Seconds of small requests in a round, and how many clients make them.
const SMALL_SECONDS: u32 = 5;
const SMALL_CLIENTS: u32 = 8;

/// One of the two.
struct Server {
    name: &'static str,
    /// With a slash at its end.
    url: String,
    certificate: PathBuf,
    credentials: String,
    /// The process above those that serve.
    pid: u32,
}

/// What one request or round gave.
struct Sample {
    /// MiB a second, or requests a second.
    rate: f64,
    processor_seconds: f64,
}

type Measure = fn(&Tree, &Server, &Path) -> miette::Result<f64>;

/// What is measured: title, unit, how.
const MEASURES: [(&str, &str, Measure); 4] = [
    ("1 GiB up", "MiB/s", |tree, server, work| large(tree, server, work, true)),
    ("1 GiB down", "MiB/s", |tree, server, work| large(tree, server, work, false)),
    ("4 KiB up", "requests/s", |tree, server, work| small(tree, server, work, true)),
    ("4 KiB down", "requests/s", |tree, server, work| small(tree, server, work, false)),
];

/// Measures the box and nginx, and publishes their figures and ratios.
pub(super) fn run(tree: &Tree, measured: &Running, credentials: &str) -> miette::Result<()> {
    setup::debian(tree, &setup::TO_BENCH)?;
    let folder = Folder(tree.target().join("bench"));
    let work = folder.0.clone();
    std::fs::create_dir_all(&work).into_diagnostic()?;
    let peer = Nginx::start(tree, &work.join("nginx"))?;
    let servers = [
        Server {
            name: "croft",
            url: format!("{}/dav/files/{PERSON}/", measured.url()),
            certificate: measured.home().join("ca.pem"),
            credentials: credentials.to_owned(),
            pid: measured.pid(),
        },
        Server { name: "nginx", url: peer.url(), certificate: peer.certificate(), credentials: credentials.to_owned(), pid: peer.pid() },
    ];
    make_file(&work.join("large"), LARGE_MIB * 256)?;
    make_file(&work.join("small"), 1)?;
    let mut table =
        "| what | server | min | median | max | server's CPU s | median, of nginx's |\n|---|---|---|---|---|---|---|\n".to_owned();
    for (title, unit, measure) in MEASURES {
        say::line(&format!("measuring {title}"));
        let samples = rounds(tree, &servers, &work, measure)?;
        table.push_str(&rows(title, unit, &servers, samples));
    }
    report::publish(tree, "bulk", &table)
}

/// The folder of the measured files, gone with the measurement also when that fails.
struct Folder(PathBuf);

impl Drop for Folder {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn rounds(tree: &Tree, servers: &[Server; 2], work: &Path, measure: Measure) -> miette::Result<[Vec<Sample>; 2]> {
    let mut samples = [Vec::new(), Vec::new()];
    for _ in 0..ROUNDS {
        for (server, samples) in servers.iter().zip(&mut samples) {
            let before = processor_seconds(&below(server.pid));
            let rate = measure(tree, server, work)?;
            samples.push(Sample { rate, processor_seconds: processor_seconds(&below(server.pid)) - before });
        }
    }
    Ok(samples)
}

fn rows(title: &str, unit: &str, servers: &[Server; 2], samples: [Vec<Sample>; 2]) -> String {
    let spreads = samples.map(|samples| {
        let processor = Spread::of(samples.iter().map(|sample| sample.processor_seconds).collect());
        (Spread::of(samples.into_iter().map(|sample| sample.rate).collect()), processor)
    });
    let peer = spreads[1].0.median;
    let mut rows = String::new();
    for (server, (rate, processor)) in servers.iter().zip(&spreads) {
        // Writing to a String cannot fail.
        let _ = writeln!(
            rows,
            "| {title}, {unit} | {} | {:.0} | {:.0} | {:.0} | {:.2} | {:.2} |",
            server.name,
            rate.min,
            rate.median,
            rate.max,
            processor.median,
            rate.median / peer
        );
    }
    rows
}

/// The 1 GiB file up or down; MiB a second.
fn large(tree: &Tree, server: &Server, work: &Path, up: bool) -> miette::Result<f64> {
    let mut curl = run::program(tree, "curl");
    curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--http1.1", "--user", &server.credentials])
        .arg("--cacert")
        .arg(&server.certificate);
    curl.args(["--output", "/dev/null", "--write-out", "%{time_total}"]);
    if up {
        curl.arg("--upload-file").arg(work.join("large"));
    }
    let seconds = run::read(curl.arg(format!("{}large.bin", server.url)))?;
    let seconds: f64 = seconds.trim().parse().into_diagnostic().wrap_err("curl's time")?;
    Ok(f64::from(LARGE_MIB) / seconds)
}

/// Files of 4 KiB by several clients at once, for some seconds; requests a second that succeeded.
fn small(tree: &Tree, server: &Server, work: &Path, up: bool) -> miette::Result<f64> {
    if !up {
        let mut curl = run::program(tree, "curl");
        curl.args(["--silent", "--show-error", "--fail", "--noproxy", "*", "--user", &server.credentials])
            .arg("--cacert")
            .arg(&server.certificate);
        run::read(curl.arg("--upload-file").arg(work.join("small")).arg(format!("{}small.bin", server.url)))?;
    }
    let script = work.join("small.lua");
    std::fs::write(&script, script_text(&server.credentials, work, up)).into_diagnostic()?;
    let mut wrk = run::program(tree, "wrk");
    wrk.args([format!("-t{}", SMALL_CLIENTS.min(2)), format!("-c{SMALL_CLIENTS}"), format!("-d{SMALL_SECONDS}s")]).arg("-s").arg(&script);
    let said = run::read(wrk.arg(format!("{}small.bin", server.url)))?;
    if let Some(errors) = said.lines().find(|line| line.contains("Non-2xx")) {
        return Err(miette::miette!("{} refused requests: {}", server.name, errors.trim()));
    }
    let rate = said.lines().find_map(|line| line.trim().strip_prefix("Requests/sec:")?.trim().parse().ok());
    rate.ok_or_else(|| miette::miette!("wrk told no rate:\n{said}"))
}

/// wrk's script: the same request ever again, or one more name for each upload.
fn script_text(credentials: &str, work: &Path, up: bool) -> String {
    let authorization = format!("wrk.headers['Authorization'] = 'Basic {}'\n", base64(credentials.as_bytes()));
    if !up {
        return authorization;
    }
    // Each thread has a state of its own, and so names of its own.
    format!(
        "{authorization}local file = io.open('{}', 'rb')\nwrk.body = file:read('*a')\nwrk.method = 'PUT'\nlocal count = 0\nlocal mine = tostring({{}}):gsub('[^%w]', '')\nlocal folder = wrk.path:gsub('[^/]*$', '')\nfunction request()\n  count = count + 1\n  return wrk.format(nil, folder .. mine .. '-' .. count .. '.bin')\nend\n",
        work.join("small").display()
    )
}

/// RFC 4648, section 4; here only for one header of wrk's.
fn base64(bytes: &[u8]) -> String {
    const ALPHABET: &[u8; 64] = b"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/";
    let mut text = String::new();
    for chunk in bytes.chunks(3) {
        let group = chunk.iter().fold(0_u32, |group, byte| group << 8 | u32::from(*byte)) << (8 * (3 - chunk.len()));
        for place in 0..4 {
            let index = (group >> (18 - 6 * place)) & 63;
            text.push(if place <= chunk.len() { char::from(ALPHABET[index as usize]) } else { '=' });
        }
    }
    text
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

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn base64_is_as_the_rfc_shows() {
        for (plain, coded) in
            [("", ""), ("f", "Zg=="), ("fo", "Zm8="), ("foo", "Zm9v"), ("foob", "Zm9vYg=="), ("fooba", "Zm9vYmE="), ("foobar", "Zm9vYmFy")]
        {
            assert_eq!(base64(plain.as_bytes()), coded);
        }
    }
}
