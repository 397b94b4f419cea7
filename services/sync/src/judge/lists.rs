//! The header `If` (RFC 4918, section 10.4): which states entries have to be in, and which locks the client holds.

use croft_model::Problem;

/// Conditions of one header. Clients send one or two.
const MAX_CONDITIONS: usize = 64;

/// The header.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Lists(Vec<List>);

/// Conditions that must hold together.
#[derive(Debug, Clone, PartialEq, Eq)]
struct List {
    /// The address of the entry that is meant; `None` for the one that the request is about.
    about: Option<String>,
    conditions: Vec<Condition>,
}

#[derive(Debug, Clone, PartialEq, Eq)]
struct Condition {
    not: bool,
    state: State,
}

#[derive(Debug, Clone, PartialEq, Eq)]
enum State {
    Token(String),
    /// Without quotes; a weak one is never the same as ours.
    Etag(String),
}

/// What an entry is like.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Known {
    /// `None` where there is nothing.
    pub(crate) etag: Option<String>,
    /// Tokens of the locks that cover it.
    pub(crate) tokens: Vec<String>,
}

impl Lists {
    /// Reads the header.
    pub(crate) fn parse(text: &str) -> Result<Self, Problem> {
        let mut rest = text.trim();
        let (mut lists, mut about, mut count) = (Vec::new(), None, 0);
        while !rest.is_empty() {
            if let Some(tagged) = rest.strip_prefix('<') {
                let (address, after) = tagged.split_once('>').ok_or_else(malformed)?;
                about = Some(address.to_owned());
                rest = after.trim_start();
            }
            let inside = rest.strip_prefix('(').ok_or_else(malformed)?;
            let (conditions, after) = conditions(inside)?;
            count += conditions.len();
            if count > MAX_CONDITIONS {
                return Err(malformed());
            }
            lists.push(List { about: about.clone(), conditions });
            rest = after.trim_start();
        }
        if lists.is_empty() { Err(malformed()) } else { Ok(Self(lists)) }
    }

    /// Tokens of locks that the client says it holds.
    pub(crate) fn tokens(&self) -> Vec<&str> {
        let conditions = self.0.iter().flat_map(|list| &list.conditions);
        conditions
            .filter_map(|condition| match &condition.state {
                State::Token(token) if !condition.not => Some(token.as_str()),
                _ => None,
            })
            .collect()
    }

    /// The lists whose addresses are `here`.
    #[must_use]
    pub(crate) fn about(self, here: impl Fn(Option<&str>) -> bool) -> Self {
        Self(self.0.into_iter().filter(|list| here(list.about.as_deref())).collect())
    }

    /// Whether one of the lists holds, or there is none, where `known` says what the entry at an address is like.
    pub(crate) fn hold<E>(&self, mut known: impl FnMut(Option<&str>) -> Result<Known, E>) -> Result<bool, E> {
        for list in &self.0 {
            let known = known(list.about.as_deref())?;
            let holds = |condition: &Condition| {
                let is = match &condition.state {
                    State::Token(token) => known.tokens.contains(token),
                    State::Etag(etag) => known.etag.as_ref() == Some(etag),
                };
                is != condition.not
            };
            if list.conditions.iter().all(holds) {
                return Ok(true);
            }
        }
        Ok(self.0.is_empty())
    }
}

/// The conditions up to the closing bracket, and what follows it.
fn conditions(text: &str) -> Result<(Vec<Condition>, &str), Problem> {
    let mut rest = text.trim_start();
    let mut conditions = Vec::new();
    loop {
        if let Some(after) = rest.strip_prefix(')') {
            return if conditions.is_empty() { Err(malformed()) } else { Ok((conditions, after)) };
        }
        let not = rest.get(..3).is_some_and(|word| word.eq_ignore_ascii_case("not"));
        if not {
            rest = rest[3..].trim_start();
        }
        let (state, after) = if let Some(token) = rest.strip_prefix('<') {
            let (token, after) = token.split_once('>').ok_or_else(malformed)?;
            (State::Token(token.to_owned()), after)
        } else {
            let (etag, after) = rest.strip_prefix('[').and_then(|etag| etag.split_once(']')).ok_or_else(malformed)?;
            let etag = etag.trim();
            (State::Etag(etag.strip_prefix('"').and_then(|etag| etag.strip_suffix('"')).unwrap_or(etag).to_owned()), after)
        };
        conditions.push(Condition { not, state });
        rest = after.trim_start();
    }
}

fn malformed() -> Problem {
    Problem::new(400, "if-malformed", "The header If is not written as RFC 4918 has it.").key("If")
}

#[cfg(test)]
mod tests {
    use super::*;

    /// The entry of the request has the ETag `e` and the lock `t`; the one at `/other` has the lock `o`; nothing else is there.
    fn holds(text: &str) -> Option<bool> {
        let known = |about: Option<&str>| {
            Ok::<_, ()>(match about {
                None => Known { etag: Some("e".into()), tokens: vec!["t".into()] },
                Some("/other") => Known { etag: Some("f".into()), tokens: vec!["o".into()] },
                Some(_) => Known::default(),
            })
        };
        Lists::parse(text).ok().map(|lists| lists.hold(known).unwrap())
    }

    #[test]
    fn a_header_holds_when_one_of_its_lists_does() {
        let check = |text: &str, expected: Option<bool>| assert_eq!(holds(text), expected, "{text}");
        check("(<t>)", Some(true));
        check("(<x>)", Some(false));
        check("([\"e\"])", Some(true));
        check("([\"x\"])", Some(false));
        check("([W/\"e\"])", Some(false));
        check("(<t> [\"e\"])", Some(true));
        check("(<t> [\"x\"])", Some(false));
        check("(<x>) (<t>)", Some(true));
        check("(Not <x>)", Some(true));
        check("(Not <t>)", Some(false));
        check("(<x>)(Not <DAV:no-lock>)", Some(true));
        check("</other> (<o>)", Some(true));
        check("</other> (<t>)", Some(false));
        check("</other> (<t>) (<o>)", Some(true));
        check("</nothing> ([\"e\"])", Some(false));
        check("</nothing> (Not [\"e\"])", Some(true));
        for bad in ["", "<t>", "()", "(t)", "(<t>", "(<t)", "([\"e\")", "<a", "(<t>) x", "(Not)", "nonsense"] {
            check(bad, None);
        }
        check(&"(<t>)".repeat(65), None);
    }

    #[test]
    fn the_tokens_are_those_that_are_claimed() {
        let lists = Lists::parse("(<a> Not <b>) </x> ([\"e\"] <c>)").unwrap();
        assert_eq!(lists.tokens(), ["a", "c"]);
    }

    fn written(lists: &Lists) -> String {
        let condition = |condition: &Condition| {
            let not = if condition.not { "Not " } else { "" };
            match &condition.state {
                State::Token(token) => format!("{not}<{token}>"),
                State::Etag(etag) => format!("{not}[\"{etag}\"]"),
            }
        };
        let list = |list: &List| {
            let about = list.about.as_ref().map_or_else(String::new, |about| format!("<{about}> "));
            format!("{about}({})", list.conditions.iter().map(condition).collect::<String>())
        };
        lists.0.iter().map(list).collect()
    }

    croft_fuzz::target! {
        /// A header has no more conditions than the limit, and is written so that it is read as the same.
        fn conditions_in_lists(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            match Lists::parse(text) {
                Ok(lists) => {
                    assert!((1..=MAX_CONDITIONS).contains(&lists.0.iter().map(|list| list.conditions.len()).sum()));
                    assert_eq!(Lists::parse(&written(&lists)).unwrap(), lists);
                }
                Err(problem) => assert_eq!(problem.code, "if-malformed"),
            }
        }
    }
}
