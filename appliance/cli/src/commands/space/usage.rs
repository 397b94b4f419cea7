//! `croft space usage` and `croft space quota`.

use croft_client::{Client, Intent, wire::household::SpaceEntry};
use croft_model::{Bytes, Section, SpaceUsage};
use serde_json::json;

use super::{CommandError, find};
use crate::{
    commands::settings::changed,
    say::{Say, table},
};

/// Says what a space takes, or each of them.
pub(crate) async fn show(space: Option<&str>, client: &Client, say: &Say) -> Result<(), CommandError> {
    let spaces = match space {
        Some(text) => vec![find(client, text).await?],
        None => client.spaces().await?.into_iter().filter(|space| space.archived_at.is_none()).collect(),
    };
    let mut all = Vec::new();
    for space in &spaces {
        all.push(client.space_usage(space.id).await?);
    }
    say.print(&all, |all| sentences(&spaces, all));
    Ok(())
}

fn sentences(spaces: &[SpaceEntry], all: &[SpaceUsage]) -> String {
    let head = ["ID", "NAME", "FILES", "VERSIONS AND TRASH", "SNAPSHOTS", "COUNTED", "QUOTA"];
    let bytes = |bytes: Option<Bytes>| bytes.map_or_else(|| "unknown".into(), |bytes| bytes.to_string());
    let rows = spaces.iter().zip(all).map(|(space, usage)| {
        let quota = usage.quota.as_ref().map_or_else(String::new, |quota| match quota.enforced {
            true => quota.limit.to_string(),
            false => format!("{}, not kept", quota.limit),
        });
        let SpaceUsage { files, versions, snapshots, charged, .. } = *usage;
        [space.id.to_string(), space.name.clone(), bytes(files), bytes(versions), bytes(snapshots), bytes(charged), quota]
    });
    let why = spaces
        .iter()
        .zip(all)
        .filter_map(|(space, usage)| usage.impossible.as_ref().map(|impossible| format!("\n{}: {}", space.name, impossible.sentence)));
    [table(head, rows), why.collect()].concat()
}

/// Sets or takes away how much a space may take.
pub(crate) async fn set(space: &str, size: Size, intent: &Intent, client: &Client, say: &Say) -> Result<(), CommandError> {
    let id = find(client, space).await?.id;
    let version = client.section(Section::Spaces).await?.etag;
    let patch = json!({ id.to_string(): { "quota": size.0 } });
    say.print(&client.patch(Section::Spaces, &version, &patch, intent).await?, changed);
    Ok(())
}

/// A size, or none.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) struct Size(Option<Bytes>);

/// Reads `500MB`, `1.5 TB`, a number of bytes, or `none`. Units are decimal, as disks are sold.
pub(crate) fn size(text: &str) -> Result<Size, String> {
    if text == "none" {
        return Ok(Size(None));
    }
    let wrong = || "expected a size like 500MB, 1.5TB, or none".to_owned();
    let end = text.find(|c: char| !c.is_ascii_digit() && c != '.').unwrap_or(text.len());
    let (number, unit) = text.split_at_checked(end).ok_or_else(wrong)?;
    let zeros = match unit.trim().to_ascii_uppercase().as_str() {
        "" | "B" => 0_usize,
        "KB" => 3,
        "MB" => 6,
        "GB" => 9,
        "TB" => 12,
        _ => return Err(wrong()),
    };
    let (whole, part) = number.split_once('.').unwrap_or((number, ""));
    let fits = !whole.is_empty() && part.len() <= zeros && !part.contains('.') && (!number.contains('.') || !part.is_empty());
    let digits = format!("{whole}{part:0<zeros$}");
    digits.parse().ok().filter(|_| fits).map(|bytes| Size(Some(Bytes(bytes)))).ok_or_else(wrong)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn sizes_are_read_as_people_say_them() {
        let check = |text: &str, expected: Option<Option<u64>>| {
            assert_eq!(size(text).ok().map(|size| size.0.map(|bytes| bytes.0)), expected, "{text:?}");
        };
        check("none", Some(None));
        check("500MB", Some(Some(500_000_000)));
        check("1.5 TB", Some(Some(1_500_000_000_000)));
        check("10gb", Some(Some(10_000_000_000)));
        check("1000", Some(Some(1000)));
        for wrong in ["", "GB", ".5GB", "5.GB", "1.2.3GB", "-5GB", "5 GiB", "5X", "1.5", "99999999999999TB", "5GB x", "１GB"] {
            check(wrong, None);
        }
    }
}
