//! Who may do what with the snapshots of a space. Pure.

use croft_model::{Claims, Problem, Projection, Right, Scope, Space, SpaceId};

/// What somebody wants.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Wish {
    /// See which there are, and what the space takes.
    See,
    /// Take one.
    Take,
    /// Remove one.
    Remove,
}

/// The space, if the caller may do this to it. Owners may, and whoever has the right in the space; but only owners take history away.
///
/// # Errors
/// `no-such-space`, also where the caller may not know whether there is one; `not-allowed`; the settings are not known yet.
pub(crate) fn space(claims: &Claims, household: Option<&Projection>, space: SpaceId, wish: Wish) -> Result<Space, Problem> {
    let household = household.ok_or_else(|| Problem::unavailable("Storage"))?;
    let found = household.spaces.as_ref().and_then(|spaces| spaces.get(&space));
    let is_owner = claims.allows(Scope::Manage);
    let right = claims.person().and_then(|person| found?.right_of(person));
    let found = found.filter(|_| is_owner || right.is_some()).ok_or_else(unknown)?;
    let is_allowed = is_owner
        || match wish {
            Wish::See => true,
            Wish::Take => right >= Some(Right::Write),
            Wish::Remove => false,
        };
    if is_allowed { Ok(found.clone()) } else { Err(refused(wish)) }
}

fn unknown() -> Problem {
    Problem::new(404, "no-such-space", "There is no such space.").hint("`croft space list` names all that there are.")
}

fn refused(wish: Wish) -> Problem {
    let (sentence, hint) = match wish {
        Wish::Remove => ("Only an owner of the box removes earlier states.", "Ask an owner of this box."),
        Wish::See | Wish::Take => ("You may see this space and not change it.", "Ask whoever manages the space for the right to write."),
    };
    Problem::new(403, "not-allowed", sentence).hint(hint)
}

#[cfg(test)]
mod tests {
    use croft_model::{PersonId, PersonRole, Principal};
    use serde_json::json;

    use super::*;

    #[test]
    fn owners_may_all_and_members_what_their_right_says() {
        let household: Projection = serde_json::from_value(json!({
            "generation": 1, "one_user": false,
            "spaces": {
                "s1": { "number": 1, "name": "ana", "kind": "personal", "members": { "p1": "manage" } },
                "s3": { "number": 3, "name": "Photos", "kind": "shared", "members": { "p2": "write", "p3": "read" } },
                "s4": { "number": 4, "name": "Old", "kind": "shared", "members": { "p2": "manage" }, "archived_at": "2026-01-01T00:00:00Z" },
            },
        }))
        .unwrap();
        let claims = |person: u32, scopes: &[Scope]| Claims {
            who: match person {
                0 => Principal::Console,
                _ => Principal::Person { id: PersonId::from_number(person), name: "x".into(), role: PersonRole::Member },
            },
            session: None,
            scopes: scopes.iter().copied().collect(),
            audience: "storage".into(),
            expires: 0,
        };
        let check = |person: u32, scopes: &[Scope], number: u16, expected: [Option<&str>; 3]| {
            let found = [Wish::See, Wish::Take, Wish::Remove].map(|wish| {
                space(&claims(person, scopes), Some(&household), SpaceId::from_number(number), wish).err().map(|problem| problem.code)
            });
            assert_eq!(found.each_ref().map(Option::as_deref), expected, "p{person} s{number}");
        };
        let (unknown, refused) = (Some("no-such-space"), Some("not-allowed"));
        let all = [Scope::Account, Scope::Manage];
        for number in [1, 3, 4] {
            check(0, &all, number, [None; 3]);
            check(1, &all, number, [None; 3]);
        }
        check(0, &all, 9, [unknown; 3]);
        check(1, &[Scope::Account], 1, [None, None, refused]);
        check(1, &[Scope::Account], 3, [unknown; 3]);
        check(2, &[Scope::Account], 3, [None, None, refused]);
        check(3, &[Scope::Account], 3, [None, refused, refused]);
        check(2, &[Scope::Account], 1, [unknown; 3]);
        check(2, &[Scope::Account], 4, [unknown; 3]);
        assert_eq!(space(&claims(0, &all), None, SpaceId::from_number(1), Wish::See).unwrap_err().status, 503);
    }
}
