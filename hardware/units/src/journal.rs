//! What units wrote, read from the journal.

use std::{io, process::Stdio, time::Duration};

use jiff::Timestamp;

use crate::{Line, lines::MAX_LINE};

/// Time that `journalctl` gets; the journal of a small box is read in well under a second.
const JOURNAL_TIMEOUT: Duration = Duration::from_secs(10);

/// The last `count` lines of a service, oldest first.
pub(crate) async fn lines(service: &str, count: usize) -> io::Result<Vec<Line>> {
    Ok(read(service, count).await?.lines().filter_map(journal_line).collect())
}

/// The last lines of a unit as `journalctl` prints them in JSON.
async fn read(service: &str, count: usize) -> io::Result<String> {
    let mut program = tokio::process::Command::new("journalctl");
    program.args(["--quiet", "--no-pager", "--output=json", "--output-fields=MESSAGE,ERROR"]).args([
        "--lines",
        &count.to_string(),
        "--unit",
        service,
    ]);
    program.stdin(Stdio::null()).stderr(Stdio::null()).kill_on_drop(true);
    let output = tokio::time::timeout(JOURNAL_TIMEOUT, program.output()).await.map_err(io::Error::other)??;
    Ok(String::from_utf8_lossy(&output.stdout).into_owned())
}

/// A line of the journal's JSON (`systemd.journal-fields(7)`); none for entries without a text.
fn journal_line(json: &str) -> Option<Line> {
    let entry: serde_json::Value = serde_json::from_str(json).ok()?;
    let microseconds: i64 = entry.get("__REALTIME_TIMESTAMP")?.as_str()?.parse().ok()?;
    let at = Timestamp::from_microsecond(microseconds).ok()?;
    let message = entry.get("MESSAGE")?.as_str()?;
    // Without the cause a line about a failure says little.
    let cause = entry.get("ERROR").and_then(serde_json::Value::as_str).map(|cause| format!(": {cause}")).unwrap_or_default();
    Some(Line { at, text: message.chars().chain(cause.chars()).take(MAX_LINE).collect() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_journal_is_read_line_by_line() {
        let check =
            |json: &str, expected: Option<&str>| assert_eq!(journal_line(json).map(|line| line.text).as_deref(), expected, "{json}");
        check(r#"{"__REALTIME_TIMESTAMP":"1763880000000000","MESSAGE":"ready"}"#, Some("ready"));
        check(r#"{"__REALTIME_TIMESTAMP":"1763880000000000","MESSAGE":"cannot run","ERROR":"no room"}"#, Some("cannot run: no room"));
        check(r#"{"__REALTIME_TIMESTAMP":"1763880000000000","MESSAGE":[1,2]}"#, None);
        check(r#"{"MESSAGE":"no time"}"#, None);
        check("-- No entries --", None);
    }
}
