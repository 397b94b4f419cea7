//! Changes as RFC 7396 merge patches: applying one, finding the one between two documents, and taking one back.

use serde_json::{Map, Value};

/// A change that cannot be taken back because somebody has since changed the same key.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{key} has been changed since")]
pub struct PatchConflict {
    /// Dotted path of the key.
    pub key: String,
}

/// `document` with `patch` applied (RFC 7396).
#[must_use]
pub fn merge(document: &Value, patch: &Value) -> Value {
    let mut merged = document.clone();
    json_patch::merge(&mut merged, patch);
    merged
}

/// The smallest merge patch that leads from `before` to `after`. Neither may hold an explicit null, as RFC 7396 cannot say one.
#[must_use]
pub fn diff(before: &Value, after: &Value) -> Value {
    let (Value::Object(old), Value::Object(new)) = (before, after) else {
        return after.clone();
    };
    let mut patch = Map::new();
    for key in old.keys().filter(|key| !new.contains_key(*key)) {
        patch.insert(key.clone(), Value::Null);
    }
    for (key, value) in new {
        match old.get(key) {
            Some(previous) if previous == value => {}
            Some(previous) if previous.is_object() && value.is_object() => {
                patch.insert(key.clone(), diff(previous, value));
            }
            _ => {
                patch.insert(key.clone(), value.clone());
            }
        }
    }
    Value::Object(patch)
}

/// The patch that takes `patch` back from the document it was applied to.
#[must_use]
pub fn inverse_of(before: &Value, patch: &Value) -> Value {
    diff(&merge(before, patch), before)
}

/// Checks that what `patch` once set still stands in `current`, and gives the document without it.
///
/// # Errors
/// The first key that has been changed since.
pub fn revert(current: &Value, patch: &Value, inverse: &Value) -> Result<Value, PatchConflict> {
    still_stands(current, patch, "")?;
    Ok(merge(current, inverse))
}

fn still_stands(current: &Value, patch: &Value, path: &str) -> Result<(), PatchConflict> {
    let Value::Object(entries) = patch else {
        return if current == patch { Ok(()) } else { Err(PatchConflict { key: path.into() }) };
    };
    for (key, set) in entries {
        let path = if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        match (current.get(key), set) {
            (None, Value::Null) => {}
            (None, _) | (Some(_), Value::Null) => return Err(PatchConflict { key: path }),
            (Some(now), _) => still_stands(now, set, &path)?,
        }
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;
    use serde_json::json;

    use super::*;

    fn check(current: Value, patch: Value, inverse: Value, expected: Result<Value, &str>) {
        assert_eq!(revert(&current, &patch, &inverse).map_err(|c| c.key), expected.map_err(String::from));
    }

    #[test]
    fn a_change_is_taken_back_only_where_it_still_stands() {
        check(json!({"name": "B"}), json!({"name": "B"}), json!({"name": "A"}), Ok(json!({"name": "A"})));
        check(json!({"name": "C"}), json!({"name": "B"}), json!({"name": "A"}), Err("name"));
        check(json!({"p": {"p1": {"n": 2}}}), json!({"p": {"p1": {"n": 1}}}), json!({"p": {"p1": null}}), Err("p.p1.n"));
        check(json!({"x": 1}), json!({"y": null}), json!({"y": 2}), Ok(json!({"x": 1, "y": 2})));
        check(json!({"y": 1}), json!({"y": null}), json!({"y": 2}), Err("y"));
    }

    fn document() -> impl Strategy<Value = Value> {
        let leaf = prop_oneof![any::<bool>().prop_map(Value::from), (0..5u8).prop_map(Value::from), "[a-c]{0,2}".prop_map(Value::from)];
        let nested = leaf.prop_recursive(3, 24, 4, |inner| {
            proptest::collection::btree_map("[a-d]", inner, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
        });
        proptest::collection::btree_map("[a-d]", nested, 0..4).prop_map(|map| Value::Object(map.into_iter().collect()))
    }

    proptest! {
        #[test]
        fn a_difference_leads_from_one_to_the_other(before in document(), after in document()) {
            prop_assert_eq!(merge(&before, &diff(&before, &after)), after);
        }

        #[test]
        fn an_inverse_leads_back(before in document(), after in document()) {
            let patch = diff(&before, &after);
            let inverse = inverse_of(&before, &patch);
            prop_assert_eq!(revert(&after, &patch, &inverse), Ok(before));
        }
    }
}
