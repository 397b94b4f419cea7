//! What is not well with telling itself: it stands in Repairs and is told nobody else. Pure.

use croft_model::{Severity, Warning};
use jiff::Timestamp;

use crate::{deliver::MAIL, records::Tally};

/// Code of the warning while messages wait that a destination does not take.
const FAILING: &str = "notify-failing";
/// Code of the warning after some were given up.
const DROPPED: &str = "notify-dropped";

/// A destination at a moment.
#[derive(Debug)]
pub(crate) struct Known<'a> {
    pub(crate) name: &'a str,
    pub(crate) tally: &'a Tally,
    /// Messages that wait for it.
    pub(crate) waiting: usize,
    /// Why nothing can be sent to it, for longer than setting it up takes.
    pub(crate) unready: Option<String>,
}

/// The warnings of a destination.
pub(crate) fn warnings(known: &Known<'_>, now: Timestamp) -> Vec<Warning> {
    let by = if known.name == MAIL { "by mail".to_owned() } else { format!("at the webhook {}", known.name) };
    let failing = known.tally.failing.as_ref().filter(|_| known.waiting > 0).map(|(at, why)| (*at, why.clone()));
    let failing = failing.or_else(|| known.unready.clone().map(|why| (now, why)));
    let warning = |code: &str, title: String, meaning: String, why: Option<String>, since| Warning {
        code: code.into(),
        subject: known.name.into(),
        severity: Severity::Degraded,
        title,
        meaning,
        action: format!("Look at Notifications in the settings and send a test, or `croft notify test {}`.", known.name),
        lines: why.into_iter().collect(),
        depends_on: None,
        since,
    };
    let mut warnings = Vec::new();
    if let Some((since, why)) = failing {
        // Why is for owners, as all lines are: it speaks of settings that others do not see.
        let meaning = "What is to be told is kept for three days and tried again and again.".to_owned();
        warnings.push(warning(FAILING, format!("The box cannot reach you {by}."), meaning, Some(why), since));
    }
    if let Some(at) = known.tally.gave_up {
        let meaning = "Somebody who relies on them has missed something. Repairs shows what is not well now.".to_owned();
        warnings.push(warning(DROPPED, format!("Messages were given up that nobody took {by}."), meaning, None, at));
    }
    warnings
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_what_keeps_somebody_from_hearing_is_a_warning() {
        let now = Timestamp::UNIX_EPOCH;
        let check = |tally: Tally, waiting, unready: Option<&str>, expected: &[&str]| {
            let found = warnings(&Known { name: "mail", tally: &tally, waiting, unready: unready.map(Into::into) }, now);
            assert_eq!(found.iter().map(|warning| warning.code.as_str()).collect::<Vec<_>>(), expected, "{tally:?}");
            assert!(
                found.iter().all(|warning| !format!("{} {}", warning.title, warning.meaning).contains("No")),
                "why is in the lines alone"
            );
            assert!(found.iter().all(|warning| warning.code.starts_with(crate::plan::OWN) && warning.subject == "mail"));
        };
        let failing = Tally { failing: Some((now, "No.".into())), ..Tally::default() };
        check(Tally::default(), 1, None, &[]);
        check(failing.clone(), 0, None, &[]);
        check(failing.clone(), 1, None, &[FAILING]);
        check(Tally::default(), 0, Some("No password."), &[FAILING]);
        check(Tally { gave_up: Some(now), ..failing }, 1, None, &[FAILING, DROPPED]);
    }
}
