//! Passwords that a catalogue has written down, which everybody knows: each becomes a random one of this install, where that breaks nothing.

use std::collections::{BTreeMap, BTreeSet};

use crate::{AppSpec, Encoding, Part, Secret, Service, Template, Text, Variable, VariableName};

/// Characters of a random password: enough that nobody guesses it, and less than any program's limit (bcrypt's is 72).
pub(crate) const PASSWORD_LENGTH: u16 = 32;
/// Ends of names whose value is a password.
const PASSWORDS: &[&str] = &["PASSWORD", "PASSWD", "_PASS", "_PWD", "SECRET", "SECRET_KEY", "SECRET_KEY_BASE", "JWT_KEY"];
/// What stands there when nothing is meant to be secret.
const NO_PASSWORDS: &[&str] = &["", "true", "false", "yes", "no", "1", "0", "none", "null"];

/// Replaces fixed passwords, and remarks on those that stay.
pub(crate) fn replace(spec: &mut AppSpec) {
    let mut fixed: BTreeMap<String, BTreeSet<String>> = BTreeMap::new();
    for (name, service) in &spec.services {
        for (key, value) in &service.environment {
            if let Some(text) = value.as_text()
                && is_password(key)
                && !NO_PASSWORDS.contains(&text.to_ascii_lowercase().as_str())
            {
                fixed.entry(text.to_owned()).or_default().insert(format!("{key}` of the service `{name}"));
            }
        }
    }
    for (text, places) in fixed {
        let key = (1..)
            .map(|number| format!("FIXED_PASSWORD_{number}"))
            .find_map(|key| key.parse::<VariableName>().ok().filter(|key| is_free(spec, key)));
        match key {
            Some(key) if stays_within(spec, &text) => {
                for service in spec.services.values_mut() {
                    put(service, &text, &key);
                }
                let of = places.first().map(String::as_str).unwrap_or_default();
                spec.secrets.push(Secret {
                    key,
                    label: Text::new(&format!("`{of}`")),
                    encoding: Encoding::Alphanumeric,
                    length: PASSWORD_LENGTH,
                    shown: true,
                });
            }
            _ => {
                let remark = places.iter().map(|place| {
                    Text::new(&format!("the password in `{place}` stays as the catalogue has it, since something else has the same text"))
                });
                spec.remarks.extend(remark.take(1));
            }
        }
    }
    spec.remarks.truncate(crate::MAX_REMARKS);
}

fn is_password(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    let ends = |end: &&str| key.ends_with(*end) || key == end.trim_start_matches('_');
    PASSWORDS.iter().any(ends) && !key.starts_with("ALLOW_") && !key.contains("_NO_")
}

fn is_free(spec: &AppSpec, key: &VariableName) -> bool {
    spec.secrets.iter().all(|secret| secret.key != *key) && spec.settings.iter().all(|setting| setting.key != *key)
}

/// Whether all places in which `text` stands are replaced with it: passwords, and passwords within addresses.
fn stays_within(spec: &AppSpec, text: &str) -> bool {
    spec.services.values().all(|service| {
        let elsewhere = service.templates_beside_environment().any(|template| stands_in(template, text));
        let here = service.environment.iter().any(|(key, value)| {
            let outside = without_addresses(value, text);
            !is_password(key) && !is_name(key) && stands_in(&outside, text)
        });
        !elsewhere && !here
    })
}

/// Names of users and databases are often the same text as the password beside them, and keep it.
fn is_name(key: &str) -> bool {
    let key = key.to_ascii_uppercase();
    ["USER", "USERNAME", "DB", "DATABASE", "NAME", "DBNAME", "HOST", "HOSTNAME", "URL", "URI"].iter().any(|end| key.ends_with(end))
}

/// Whether `text` is a word of a template.
fn stands_in(template: &Template, text: &str) -> bool {
    let is_edge = |c: Option<char>| c.is_none_or(|c| !c.is_alphanumeric());
    template.parts().iter().any(|part| match part {
        Part::Text(whole) => whole.match_indices(text).any(|(at, _)| {
            is_edge(whole.get(..at).and_then(|before| before.chars().next_back()))
                && is_edge(whole.get(at + text.len()..).and_then(|after| after.chars().next()))
        }),
        Part::Else(_, inner) | Part::When(_, inner) => stands_in(inner, text),
        Part::Value(_) => false,
    })
}

/// A template without the passwords of its addresses.
fn without_addresses(template: &Template, text: &str) -> Template {
    template
        .clone()
        .map_text(&|whole| whole.contains(&format!(":{text}@")).then(|| vec![Part::Text(whole.replace(&format!(":{text}@"), ":@"))]))
}

/// Puts the secret `key` wherever `text` is a password.
fn put(service: &mut Service, text: &str, key: &VariableName) {
    for (name, value) in &mut service.environment {
        if is_password(name) && value.as_text() == Some(text) {
            *value = Template::variable(Variable::Declared(key.clone()));
        } else {
            *value = std::mem::take(value).map_text(&|whole| in_address(whole, text, key));
        }
    }
}

/// `whole` with the secret in place of a password in its addresses: `scheme://user:password@host`.
fn in_address(whole: &str, text: &str, key: &VariableName) -> Option<Vec<Part>> {
    let needle = format!(":{text}@");
    if !whole.contains("://") || !whole.contains(&needle) {
        return None;
    }
    let mut parts = Vec::new();
    for (number, piece) in whole.split(&needle).enumerate() {
        if number > 0 {
            parts.extend([Part::Text(":".to_owned()), Part::Value(Variable::Declared(key.clone())), Part::Text("@".to_owned())]);
        }
        parts.push(Part::Text(piece.to_owned()));
    }
    Some(parts)
}

#[cfg(test)]
mod tests {
    use crate::{FilesInMemory, Outcome, read};

    /// The environments, commands and remarks of an app of these services.
    fn check(services: &str, expected: &[&str], secrets: usize, remarks: usize) {
        let text = format!("name: a\nx-casaos: {{main: a}}\nservices:\n{services}");
        let catalogue = read(&FilesInMemory::from_iter([("compose.yml", text)])).unwrap();
        let Outcome::Remarks(spec) = &catalogue.apps[0].outcome else { panic!("{catalogue:?}") };
        let values: Vec<String> =
            spec.services.values().flat_map(|service| &service.environment).map(|(key, value)| format!("{key}={value}")).collect();
        assert_eq!(values, expected);
        assert_eq!(spec.secrets.len(), secrets);
        assert_eq!(spec.remarks.iter().filter(|remark| remark.contains("stays as the catalogue has it")).count(), remarks);
    }

    #[test]
    fn passwords_that_everybody_knows_are_replaced_where_that_breaks_nothing() {
        // In two services, and in an address beside a user of the same name.
        check(
            "  a: {image: x, environment: {DB_PASSWORD: known, DB_USER: known, URL: 'pg://known:known@db/known'}}\n  b: {image: x, environment: {PASSWORD: known}}",
            &[
                "DB_PASSWORD=${FIXED_PASSWORD_1}",
                "DB_USER=known",
                "URL=pg://known:${FIXED_PASSWORD_1}@db/known",
                "PASSWORD=${FIXED_PASSWORD_1}",
            ],
            1,
            0,
        );
        // Two passwords are two secrets, and each is its own.
        check(
            "  a: {image: x, environment: {A_PASSWORD: one, B_SECRET: two}}",
            &["A_PASSWORD=${FIXED_PASSWORD_1}", "B_SECRET=${FIXED_PASSWORD_2}"],
            2,
            0,
        );
        // A command has it, too.
        check("  a: {image: x, command: run --requirepass known, environment: {PASSWORD: known}}", &["PASSWORD=known"], 0, 1);
        // So does something of which nobody knows what it is.
        check("  a: {image: x, environment: {PASSWORD: known, CONFIG: 'auth=known'}}", &["CONFIG=auth=known", "PASSWORD=known"], 0, 1);
        // Nothing is no password, and neither is a switch.
        check(
            "  a: {image: x, environment: {PASSWORD: '', NO_PASSWORD: 'true', LEVEL: known}}",
            &["LEVEL=known", "NO_PASSWORD=true", "PASSWORD="],
            0,
            0,
        );
    }
}
