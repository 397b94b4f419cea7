//! Interpolation as compose has it: `$$`, `$V`, `${V}`, and in braces `:-`, `-`, `:+`, `+`, `:?` and `?`. Read from a text once, after the text was parsed.

use crate::{
    VariableName,
    template::{MAX_TEMPLATE_BYTES, Part, Template, TemplateError, Variable},
};

/// Variables within each other, `${A:-${B:-c}}`. Nobody writes more than three.
const MAX_NESTED: usize = 8;
/// Characters of a text that its error repeats.
const MAX_SHOWN: usize = 80;

/// A piece of a text, before anybody knows what its variables mean.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Piece {
    Text(String),
    Variable { name: String, rule: Rule },
}

/// What stands behind a variable's name in braces.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Rule {
    /// Nothing.
    Plain,
    /// `:-` and `-`: a text for a variable that is not set.
    Else(Vec<Piece>),
    /// `:+` and `+`: a text for a variable that is set.
    When(Vec<Piece>),
    /// `:?` and `?`: it must be set, with a word to whom has forgotten it.
    Required(String),
}

/// The pieces of `text`.
///
/// # Errors
/// A dollar that begins nothing, braces without an end, too many of them.
pub(crate) fn pieces(text: &str) -> Result<Vec<Piece>, TemplateError> {
    read(text, Dollars::Strict)
}

/// The pieces of a `text` in which a dollar that begins nothing stays a dollar, as whoever wrote `$(date)` or a hash of a password meant it.
pub(crate) fn lenient(text: &str) -> Result<Vec<Piece>, TemplateError> {
    if text.len() <= MAX_TEMPLATE_BYTES && HASHES.iter().any(|hash| text.starts_with(hash)) {
        return Ok(vec![Piece::Text(text.to_owned())]);
    }
    read(text, Dollars::Lenient)
}

fn read(text: &str, dollars: Dollars) -> Result<Vec<Piece>, TemplateError> {
    if text.len() > MAX_TEMPLATE_BYTES {
        return Err(TemplateError::TooLong);
    }
    let mut reader = Reader { text, at: 0, dollars };
    reader.pieces(0).ok_or_else(|| TemplateError::Wrong(text.chars().take(MAX_SHOWN).collect()))
}

/// Beginnings of hashes of passwords, which have dollars of their own.
const HASHES: &[&str] = &["$1$", "$2a$", "$2b$", "$2y$", "$5$", "$6$", "$argon2"];

/// What becomes of a dollar that begins nothing.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Dollars {
    /// The text is refused.
    Strict,
    /// It stays.
    Lenient,
}

/// The template that `text` is, as a [`Template`] prints itself.
pub(crate) fn template(text: &str) -> Result<Template, TemplateError> {
    let wrong = || TemplateError::Wrong(text.chars().take(MAX_SHOWN).collect());
    known(pieces(text)?).ok_or_else(wrong)
}

fn known(pieces: Vec<Piece>) -> Option<Template> {
    let parts: Option<Vec<Part>> = pieces
        .into_iter()
        .map(|piece| match piece {
            Piece::Text(text) => Some(Part::Text(text)),
            Piece::Variable { name, rule } => {
                let variable: Variable = name.parse().ok()?;
                match rule {
                    Rule::Plain => Some(Part::Value(variable)),
                    Rule::Else(inner) => Some(Part::Else(variable, known(inner)?)),
                    Rule::When(inner) => Some(Part::When(variable, known(inner)?)),
                    Rule::Required(_) => None,
                }
            }
        })
        .collect();
    parts.map(Template::from_parts)
}

struct Reader<'a> {
    text: &'a str,
    at: usize,
    dollars: Dollars,
}

impl<'a> Reader<'a> {
    fn rest(&self) -> &'a str {
        self.text.get(self.at..).unwrap_or_default()
    }

    /// Pieces up to the end, or up to the brace that closes what is `nested` deep.
    fn pieces(&mut self, nested: usize) -> Option<Vec<Piece>> {
        let mut found = Vec::new();
        let mut text = String::new();
        loop {
            let rest = self.rest();
            let stop = rest.find(|c| c == '$' || (c == '}' && nested > 0)).unwrap_or(rest.len());
            text.push_str(rest.get(..stop)?);
            self.at += stop;
            let Some(after) = rest.get(stop..).filter(|after| after.starts_with('$')) else { break };
            let next = after.as_bytes().get(1).copied();
            let begins = next.is_some_and(|b| matches!(b, b'$' | b'}' | b'{' | b'_') || b.is_ascii_alphabetic());
            if !begins && self.dollars == Dollars::Lenient {
                text.push('$');
                self.at += 1;
                continue;
            }
            match next? {
                b @ (b'$' | b'}') => {
                    text.push(char::from(b));
                    self.at += 2;
                }
                b'{' => {
                    self.at += 2;
                    let variable = self.braces(nested + 1)?;
                    found.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
                    found.push(variable);
                }
                _ => {
                    self.at += 1;
                    let name = self.name("_")?;
                    found.extend((!text.is_empty()).then(|| Piece::Text(std::mem::take(&mut text))));
                    found.push(Piece::Variable { name, rule: Rule::Plain });
                }
            }
        }
        found.extend((!text.is_empty()).then_some(Piece::Text(text)));
        Some(found)
    }

    /// What is behind `${`, its end included.
    fn braces(&mut self, nested: usize) -> Option<Piece> {
        if nested > MAX_NESTED {
            return None;
        }
        let name = self.name("_.")?;
        let rest = self.rest();
        let colon = rest.strip_prefix(':');
        let rule = match colon.unwrap_or(rest).as_bytes().first()? {
            b'}' if colon.is_none() => Rule::Plain,
            b @ (b'-' | b'+' | b'?') => {
                self.at += 1 + usize::from(colon.is_some());
                let inner = self.pieces(nested)?;
                match b {
                    b'-' => Rule::Else(inner),
                    b'+' => Rule::When(inner),
                    _ => Rule::Required(
                        inner.into_iter().filter_map(|piece| if let Piece::Text(text) = piece { Some(text) } else { None }).collect(),
                    ),
                }
            }
            _ => return None,
        };
        if !self.rest().starts_with('}') {
            return None;
        }
        self.at += 1;
        Some(Piece::Variable { name, rule })
    }

    fn name(&mut self, further: &str) -> Option<String> {
        let rest = self.rest();
        let end = rest.find(|c: char| !c.is_ascii_alphanumeric() && !further.contains(c)).unwrap_or(rest.len());
        let name = rest.get(..end)?;
        // Names with a dot are the box's own; any other is one of a variable.
        if !name.contains('.') && name.parse::<VariableName>().is_err() {
            return None;
        }
        self.at += end;
        Some(name.to_owned())
    }
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;
    use crate::{Known, Unfilled};

    fn filled(text: &str) -> Result<String, Unfilled> {
        template(text).unwrap().fill(&|variable| match variable {
            Variable::Known(Known::BoxName) => Some("mybox"),
            Variable::Declared(name) => match name.as_str() {
                "A" => Some("a"),
                "E" => Some(""),
                _ => None,
            },
            Variable::Known(_) => None,
        })
    }

    #[test]
    fn texts_are_filled_in() {
        for (text, becomes) in [
            ("", ""),
            ("plain } text {", "plain } text {"),
            ("$$A $${A}", "$A ${A}"),
            ("$A-$A.x", "a-a.x"),
            ("${A}${E}.", "a."),
            ("${box.name}.local", "mybox.local"),
            ("${A:-b}${E:-b}${N:-b}", "abb"),
            ("${A:+b}${E:+b}${N:+b}.", "b."),
            ("${N:-${E:-$A}}", "a"),
            ("${N:-{\"x\":1$}}", "{\"x\":1}"),
            ("${N:-}", ""),
        ] {
            assert_eq!(filled(text).unwrap(), becomes, "{text}");
        }
        assert_eq!(filled("${N}").unwrap_err(), Unfilled::NoValue("N".into()));
    }

    #[test]
    fn what_is_no_template_is_refused() {
        let nested = format!("{}x{}", "${A:-".repeat(MAX_NESTED + 1), "}".repeat(MAX_NESTED + 1));
        for text in
            ["$", "a$", "$1", "$ A", "${", "${A", "${A:", "${A:-b", "${1}", "${}", "${A!}", "${box.nothing}", "${A:?needed}", &nested]
        {
            assert!(template(text).is_err(), "{text}");
        }
        assert_eq!(template(&"a".repeat(MAX_TEMPLATE_BYTES + 1)), Err(TemplateError::TooLong));
    }

    #[test]
    fn compose_writes_rules_in_six_ways() {
        let rule = |text| match pieces(text).unwrap().pop() {
            Some(Piece::Variable { rule, .. }) => rule,
            other => panic!("{other:?}"),
        };
        let inner = vec![Piece::Text("b".into())];
        for (text, expected) in [
            ("${A:-b}", Rule::Else(inner.clone())),
            ("${A-b}", Rule::Else(inner.clone())),
            ("${A:+b}", Rule::When(inner.clone())),
            ("${A+b}", Rule::When(inner)),
            ("${A:?b}", Rule::Required("b".into())),
            ("${A?b}", Rule::Required("b".into())),
            ("${A}", Rule::Plain),
            ("$A", Rule::Plain),
        ] {
            assert_eq!(rule(text), expected, "{text}");
        }
    }

    #[test]
    fn dollars_that_begin_nothing_may_stay() {
        let texts = |text: &str| {
            lenient(text)
                .unwrap()
                .into_iter()
                .map(|piece| if let Piece::Text(text) = piece { text } else { "?".into() })
                .collect::<String>()
        };
        for (text, becomes) in [
            ("a $(date) $? $", "a $(date) $? $"),
            ("$2b$12$coPq", "$2b$12$coPq"),
            ("$5 ${A} $$B", "$5 ? $B"),
            ("[ \"$(x)\" = $A ]", "[ \"$(x)\" = ? ]"),
        ] {
            assert_eq!(texts(text), becomes);
        }
        assert!(lenient("${A").is_err());
        assert_eq!(lenient(&format!("$2b${}", "a".repeat(MAX_TEMPLATE_BYTES))), Err(TemplateError::TooLong));
    }

    fn part() -> impl Strategy<Value = Part> {
        let variable = prop_oneof![
            Just(Variable::Known(Known::AppHost)),
            "[A-Z_][A-Z0-9_]{0,4}".prop_map(|name| Variable::Declared(name.parse().unwrap()))
        ];
        let leaf = prop_oneof!["[ -~ä]{0,6}".prop_map(Part::Text), variable.clone().prop_map(Part::Value)];
        leaf.prop_recursive(3, 12, 3, move |inner| {
            let parts = proptest::collection::vec(inner, 0..3).prop_map(Template::from_parts);
            prop_oneof![
                (variable.clone(), parts.clone()).prop_map(|(variable, inner)| Part::Else(variable, inner)),
                (variable.clone(), parts).prop_map(|(variable, inner)| Part::When(variable, inner)),
            ]
        })
    }

    proptest! {
        #[test]
        fn a_template_is_read_as_it_prints_itself(parts in proptest::collection::vec(part(), 0..4)) {
            let whole = Template::from_parts(parts);
            prop_assert_eq!(whole.to_string().parse::<Template>().unwrap(), whole);
        }

        #[test]
        fn a_text_without_dollars_stays_itself(text in "[^$]{0,40}") {
            let read = template(&text).unwrap();
            prop_assert_eq!(read.as_text().unwrap(), text);
        }

        #[test]
        fn whatever_is_read_ends(text in "[$A{}:+?. -]{0,24}") {
            let strict = pieces(&text);
            let lenient = lenient(&text);
            if let Ok(pieces) = strict {
                prop_assert_eq!(lenient.unwrap(), pieces);
            }
        }
    }
}
