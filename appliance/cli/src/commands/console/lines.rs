//! The console of a serial line: sentences one below the other, each once, for a person with a cable and for a log.
//!
//! What a program looks for begins its line: `address`, `fingerprint`, `pairing code`.

use super::{keys::Keys, page::sentence, qr, scene::Scene};

/// What was written last, so that nothing is written twice.
#[derive(Debug, Default)]
pub(crate) struct Lines {
    scene: Vec<String>,
    health: Vec<String>,
    foot: Vec<String>,
}

impl Lines {
    /// The lines that are new. `anew` for somebody who has just come and wants all of them.
    pub(crate) fn news(&mut self, scene: &Scene, keys: &Keys, anew: Anew) -> Vec<String> {
        if anew == Anew::Yes {
            *self = Self::default();
        }
        let (about, health) = match scene {
            Scene::Here(sight) => (whole(sight), health(&sight.warnings)),
            other => {
                (other.words().map(|(headline, rest)| vec![String::new(), headline.into(), rest.into()]).unwrap_or_default(), Vec::new())
            }
        };
        let foot: Vec<String> = keys.words(scene.acts()).into_iter().filter(|line| !line.is_empty()).collect();
        let mut new = Vec::new();
        let about_is_new = replace(&mut self.scene, about, &mut new);
        let health_is_new = replace(&mut self.health, health, &mut new);
        if about_is_new || health_is_new {
            self.foot.clear();
        }
        replace(&mut self.foot, foot, &mut new);
        new
    }
}

/// Whether everything is to be written again.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Anew {
    /// Somebody asked for it.
    Yes,
    /// Only what is new.
    No,
}

/// The box in lines, with the picture that a phone reads.
pub(crate) fn whole(sight: &super::sight::Sight) -> Vec<String> {
    let mut lines = vec![String::new(), format!("{}: open https://{}.local in a browser.", sight.name, sight.host)];
    lines.extend(sight.origins().into_iter().skip(1).map(|origin| format!("address      {origin}")));
    lines.push(format!("fingerprint  {}", sight.fingerprint));
    lines.extend(sight.pairing_code.iter().map(|code| format!("pairing code {code}")));
    if sight.pairing_code.is_some() {
        lines.push("Nobody owns this box yet. Scan the picture with a phone in this network, or open an address above:".into());
        lines.extend(picture(&sight.link()));
    }
    lines
}

/// How the box is.
pub(crate) fn health(warnings: &[String]) -> Vec<String> {
    std::iter::once(sentence(warnings)).chain(warnings.iter().map(|warning| format!("- {warning}"))).collect()
}

/// Light on dark whatever colours the terminal has.
fn picture(link: &str) -> Vec<String> {
    qr::rows(link).unwrap_or_default().into_iter().map(|row| format!("\u{1b}[0;97;40m{row}\u{1b}[0m")).collect()
}

fn replace(old: &mut Vec<String>, now: Vec<String>, new: &mut Vec<String>) -> bool {
    let differs = *old != now;
    if differs {
        new.extend(now.iter().cloned());
        *old = now;
    }
    differs
}

#[cfg(test)]
mod tests {
    use std::time::Instant;

    use croft_model::Power;

    use super::*;
    use crate::commands::console::{
        keys::Ask,
        qr::tests::decoded,
        sight::{
            Sight,
            tests::{fresh, owned},
        },
    };

    #[test]
    fn each_thing_is_said_once() {
        let mut lines = Lines::default();
        let mut said = Vec::new();
        let warned = Sight { warnings: vec!["The disk is nearly full.".into()], ..owned() };
        let asking = Keys::Asking(Ask::Power(Power::Restart), Instant::now());
        for (scene, keys) in [
            (Scene::Starting, Keys::Resting),
            (Scene::Starting, Keys::Resting),
            (Scene::Here(owned()), Keys::Resting),
            (Scene::Here(owned()), Keys::Resting),
            (Scene::Here(owned()), asking),
            (Scene::Here(owned()), Keys::Resting),
            (Scene::Here(warned), Keys::Resting),
            (Scene::Going(Power::Restart), Keys::Busy(Ask::Power(Power::Restart))),
            (Scene::Ending, Keys::Resting),
        ] {
            said.push(lines.news(&scene, &keys, Anew::No).join("\n"));
        }
        insta::assert_snapshot!(said.join("\n~~~\n"));
        assert!(lines.news(&Scene::Ending, &Keys::Resting, Anew::No).is_empty());
        assert!(!lines.news(&Scene::Ending, &Keys::Resting, Anew::Yes).is_empty(), "whoever comes later sees it, too");
    }

    #[test]
    fn programs_find_their_lines_and_phones_their_picture() {
        let lines = whole(&fresh());
        let found = |word: &str| lines.iter().filter_map(|line| line.strip_prefix(word)).map(str::trim).collect::<Vec<_>>();
        assert_eq!(found("pairing code"), ["7K3M-9XQT"]);
        assert_eq!(found("fingerprint"), [fresh().fingerprint]);
        assert_eq!(found("address"), ["http://192.168.1.20", "http://[fd12:3456:789a::20]"]);
        let picture: Vec<String> =
            lines.iter().filter_map(|line| line.strip_prefix("\u{1b}[0;97;40m")?.strip_suffix("\u{1b}[0m")).map(str::to_owned).collect();
        assert_eq!(decoded(&picture), fresh().link());
        assert!(!whole(&owned()).iter().any(|line| line.contains('█')), "a log of a box with an owner needs no picture");
    }
}
