//! App passwords: made by the box, for programs that cannot sign in as a browser does. Checked by one look-up, never by argon2.

use std::collections::{BTreeMap, BTreeSet};

use croft_model::{Person, PersonId, PersonRole, Problem, Scope, SessionId};
use croft_store::{Order, Read, Write};
use jiff::Timestamp;
use unicode_normalization::UnicodeNormalization;

use crate::{
    error::IdentityError,
    records::{APP_PASSWORDS, AppPasswordRecord, next_number},
    secrets::{self, Hash, Kind},
};

/// Symbols of an app password, 5 bits each: 140 bits, which nobody guesses however fast the check is.
const SYMBOLS: usize = 28;
/// Longest name, in characters.
pub(crate) const MAX_NAME: usize = 64;
/// App passwords of one person.
const MAX_PER_PERSON: usize = 64;
/// App passwords that a listing walks over.
const MAX_WALK: usize = 65_536;

/// An app password that was made just now, with the one copy of its secret.
pub(crate) struct Made {
    pub(crate) id: SessionId,
    pub(crate) secret: String,
    pub(crate) name: String,
    pub(crate) scopes: BTreeSet<Scope>,
}

/// The name of an app password, in Unicode's composed form, fit to be shown in a list.
pub(crate) fn name(text: &str) -> Result<String, Problem> {
    let name: String = text.chars().take(MAX_NAME * 4).nfc().collect::<String>().trim().to_owned();
    let fits =
        (1..=MAX_NAME).contains(&name.chars().count()) && text.chars().count() <= MAX_NAME * 4 && !name.chars().any(char::is_control);
    if fits {
        Ok(name)
    } else {
        Err(Problem::new(422, "name-unfit", format!("A name has 1 to {MAX_NAME} characters and no control characters.")).key("name"))
    }
}

/// The scopes of a new app password: files unless others are named, and none that the person's role does not have.
pub(crate) fn scopes(wanted: Option<BTreeSet<Scope>>, role: PersonRole) -> Result<BTreeSet<Scope>, Problem> {
    let wanted = wanted.unwrap_or_else(|| [Scope::Files].into());
    if wanted.is_empty() {
        return Err(Problem::new(422, "scopes-unfit", "An app password is good for something: name a scope.").key("scopes"));
    }
    if !wanted.is_subset(&Scope::of_app_password(role)) {
        return Err(Problem::new(403, "not-allowed", "An app password cannot do more than its person.")
            .hint("Leave out `manage` and `metrics`.")
            .key("scopes"));
    }
    Ok(wanted)
}

/// Makes an app password of `person`; name and scopes were judged before.
pub(crate) fn make(
    write: &mut Write,
    person: PersonId,
    name: String,
    scopes: BTreeSet<Scope>,
    now: Timestamp,
) -> Result<Result<Made, Problem>, IdentityError> {
    if of(write.range(&APP_PASSWORDS, .., Order::Ascending, MAX_WALK)?, person).len() >= MAX_PER_PERSON {
        return Ok(Err(Problem::new(
            409,
            "too-many-app-passwords",
            format!("{MAX_PER_PERSON} app passwords are the most a person can have."),
        )
        .hint("Remove those that no device uses any more.")));
    }
    let (code, number) = (secrets::code(SYMBOLS)?, next_number(write)?);
    let record = AppPasswordRecord { number, person, name: name.clone(), scopes: scopes.clone(), created: now, last_used: None };
    write.put(&APP_PASSWORDS, &Kind::AppPassword.hash(code.as_bytes()), &record)?;
    Ok(Ok(Made { id: SessionId::from_number(number), secret: secrets::grouped(&code).to_lowercase(), name, scopes }))
}

/// The app password that was typed or sent.
pub(crate) fn find(read: &Read, typed: &str) -> Result<Option<(Hash, AppPasswordRecord)>, IdentityError> {
    let Some(code) = secrets::read_code(typed, SYMBOLS) else { return Ok(None) };
    let hash = Kind::AppPassword.hash(code.as_bytes());
    Ok(read.get(&APP_PASSWORDS, &hash)?.map(|record| (hash, record)))
}

/// Writes down that an app password was used.
pub(crate) fn used(write: &mut Write, hash: &Hash, now: Timestamp) -> Result<(), IdentityError> {
    if let Some(mut record) = write.get(&APP_PASSWORDS, hash)? {
        record.last_used = Some(now);
        write.put(&APP_PASSWORDS, hash, &record)?;
    }
    Ok(())
}

/// The app passwords of `person`, the newest first.
pub(crate) fn list(read: &Read, person: PersonId) -> Result<Vec<AppPasswordRecord>, IdentityError> {
    let own = of(read.range(&APP_PASSWORDS, .., Order::Ascending, MAX_WALK)?, person);
    let mut own: Vec<_> = own.into_iter().map(|(_, record)| record).collect();
    own.sort_by_key(|record| std::cmp::Reverse(record.number));
    Ok(own)
}

/// Removes the app password `id` of `person`; gives its name if there was one.
pub(crate) fn revoke(write: &mut Write, person: PersonId, id: SessionId) -> Result<Option<String>, IdentityError> {
    let own = of(write.range(&APP_PASSWORDS, .., Order::Ascending, MAX_WALK)?, person);
    let Some((hash, record)) = own.into_iter().find(|(_, record)| record.number == id.number()) else { return Ok(None) };
    write.remove(&APP_PASSWORDS, &hash)?;
    Ok(Some(record.name))
}

/// Removes the app passwords of everybody but `people`.
pub(crate) fn keep_only(write: &mut Write, people: &BTreeMap<PersonId, Person>) -> Result<(), IdentityError> {
    for (hash, record) in write.range(&APP_PASSWORDS, .., Order::Ascending, MAX_WALK)? {
        if !people.contains_key(&record.person) {
            write.remove(&APP_PASSWORDS, &hash)?;
        }
    }
    Ok(())
}

fn of(all: Vec<(Hash, AppPasswordRecord)>, person: PersonId) -> Vec<(Hash, AppPasswordRecord)> {
    all.into_iter().filter(|(_, record)| record.person == person).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_composed_trimmed_and_bounded() {
        for (text, expected) in [("laptop", Some("laptop")), (" Cafe\u{301} ", Some("Caf\u{e9}")), ("", None), ("  ", None), ("a\nb", None)]
        {
            assert_eq!(name(text).ok().as_deref(), expected, "{text:?}");
        }
        assert!(name(&"x".repeat(64)).is_ok() && name(&"x".repeat(65)).is_err() && name(&"x".repeat(100_000)).is_err());
    }

    #[test]
    fn scopes_stay_within_the_role() {
        use PersonRole::{Member, Owner};
        let check = |wanted: Option<&[Scope]>, role, expected: bool| {
            let wanted = wanted.map(|wanted| wanted.iter().copied().collect());
            assert_eq!(scopes(wanted.clone(), role).is_ok(), expected, "{wanted:?} {role:?}");
        };
        check(None, Member, true);
        check(Some(&[]), Owner, false);
        check(Some(&[Scope::Files, Scope::Account]), Member, true);
        check(Some(&[Scope::Manage]), Member, false);
        check(Some(&[Scope::Metrics]), Member, false);
        check(Some(&[Scope::Files, Scope::Account, Scope::Manage, Scope::Metrics]), Owner, true);
        check(Some(&Scope::ALL), Owner, false);
        assert_eq!(scopes(None, Owner).unwrap(), [Scope::Files].into());
    }
}
