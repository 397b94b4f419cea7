//! The words of `sd_notify(3)` that units say.

/// A thing that a unit says of itself.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Word {
    Ready,
    Alive,
    Stopping,
    Status(String),
}

/// Longest datagram that is read, in bytes.
pub(crate) const MAX_DATAGRAM: usize = 4096;
/// Longest status that is kept, in characters.
const MAX_STATUS: usize = 256;

/// The words in a datagram; unknown ones are skipped, as the protocol asks.
pub(crate) fn words(datagram: &[u8]) -> Vec<Word> {
    String::from_utf8_lossy(datagram)
        .lines()
        .filter_map(|line| match line.split_once('=')? {
            ("READY", "1") => Some(Word::Ready),
            ("WATCHDOG", "1") => Some(Word::Alive),
            ("STOPPING", "1") => Some(Word::Stopping),
            ("STATUS", text) => Some(Word::Status(text.chars().take(MAX_STATUS).collect())),
            _ => None,
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn words_are_read_and_others_skipped() {
        let check = |text: &str, expected: Vec<Word>| assert_eq!(words(text.as_bytes()), expected, "{text:?}");
        check("READY=1", vec![Word::Ready]);
        check("STATUS=two doors\nWATCHDOG=1\n", vec![Word::Status("two doors".into()), Word::Alive]);
        check("READY=0\nMAINPID=1\nnonsense", vec![]);
        check("STOPPING=1", vec![Word::Stopping]);
    }
}
