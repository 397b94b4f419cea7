//! A program that behaves as its first argument says: what `tests/contract.rs` starts as a unit.

use std::{
    error::Error,
    fs,
    io::{self, Read, Write},
    os::unix::net::{UnixDatagram, UnixStream},
    process::ExitCode,
    time::Duration,
};

use croft_api::inherit::Descriptors;
use nix::sys::signal::{SigSet, Signal};

type Outcome<T> = Result<T, Box<dyn Error>>;

fn main() -> Outcome<ExitCode> {
    let mut descriptors = Descriptors::from_env()?;
    let notify = UnixDatagram::from(descriptors.take("notify")?);
    let say = |words: &str| notify.send(words.as_bytes()).map(drop);
    let behaviour = std::env::args().nth(1).unwrap_or_default();
    io::stderr().write_all(format!("I am to {behaviour}\n").as_bytes())?;
    match behaviour.as_str() {
        "serve" => say("READY=1")?,
        "fail" => return Ok(ExitCode::from(1)),
        "end" => {
            say("READY=1")?;
            return Ok(ExitCode::SUCCESS);
        }
        "abort" => std::process::abort(),
        "be-silent" => {}
        "hang-later" => say("READY=1\nSTATUS=for a moment")?,
        "be-deaf" => {
            let mut terminate = SigSet::empty();
            terminate.add(Signal::SIGTERM);
            terminate.thread_block()?;
            say("READY=1")?;
        }
        "report" => {
            report(&mut descriptors)?;
            say("READY=1")?;
            return Ok(ExitCode::SUCCESS);
        }
        other => return Err(format!("`{other}` is no behaviour").into()),
    }
    loop {
        std::thread::sleep(Duration::from_secs(1));
        if behaviour == "serve" {
            say("WATCHDOG=1")?;
        }
    }
}

/// Tells who it is on the stream that it was handed.
fn report(descriptors: &mut Descriptors) -> Outcome<()> {
    let mut answer = UnixStream::from(descriptors.take("answer")?);
    let mut file = fs::File::from(descriptors.take("file")?);
    let mut text = String::new();
    file.read_to_string(&mut text)?;
    let status = fs::read_to_string("/proc/self/status")?;
    let field = |name: &str| status.lines().find(|line| line.starts_with(name)).unwrap_or_default().to_owned();
    let open = fs::read_dir("/proc/self/fd")?.count();
    let lines =
        [text, field("Uid:"), field("Groups:"), field("NoNewPrivs:"), format!("open {open}"), std::env::var("GIVEN").unwrap_or_default()];
    Ok(answer.write_all(lines.join("\n").as_bytes())?)
}
