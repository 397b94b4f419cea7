//! Links as clients made for Nextcloud speak of them: a share of type 3. There are no others: within the household a shared space says the same.

use std::collections::HashMap;

use axum::{
    Json,
    extract::Query,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use croft_api::wire::links::{LinkRow, LinkState, LinkWish};
use croft_model::{LinkKind, Problem, SpaceId};
use http::{Method, Uri, header, request::Parts};
use jiff::{Timestamp, civil::Date, tz::TimeZone};
use serde_json::{Value, json};

use crate::{
    bulk::{Capabilities, links::Links, preview::pairs},
    links::names,
};

/// Behind `/ocs/vN.php`.
const SHARES: &str = "/apps/files_sharing/api/v1/shares";
/// People whom something could be shared with: nobody, by this way.
const SHAREES: &str = "/apps/files_sharing/api/v1/sharees";
/// The type of a link among shares.
const LINK: &str = "3";
/// Bits of what a share allows.
const READ: u32 = 1;
const UPDATE: u32 = 2;
const CREATE: u32 = 4;
const DELETE: u32 = 8;
/// Bits of a link's key in its number.
const KEY_BITS: u32 = 32;

/// Whether `path`, which is below `/ocs`, is about shares.
pub(crate) fn is_about(path: &str) -> bool {
    let rest = path.trim_start_matches("/ocs/v1.php").trim_start_matches("/ocs/v2.php");
    let below = |root: &str| rest.strip_prefix(root).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'));
    below(SHARES) || rest == SHAREES
}

/// Answers a call about the links `of` a person, who asked for the box as `host`. The answer has no envelope yet.
pub(crate) async fn answer<C: Capabilities>(of: &Links<'_, C>, host: &str, head: &Parts, body: &Bytes) -> Result<Response, Problem> {
    let path = head.uri.path();
    if path.ends_with(SHAREES) {
        return Ok(Json(nobody()).into_response());
    }
    let id = path.split_once(SHARES).map(|(_, rest)| rest.trim_matches('/')).unwrap_or_default();
    let data = match (&head.method, id) {
        (&Method::GET, "") => json!(listed(of, host, &head.uri).await?),
        (&Method::POST, "") => {
            let asked = fields(head, body)?;
            judge_type(asked.get("shareType").map_or(LINK, String::as_str))?;
            let path = names(asked.get("path").map(String::as_str).unwrap_or_default())?;
            share(&of.make(path, &wish(&asked)?).await?, host)
        }
        (&Method::GET, id) => json!([share(&of.one(&link_of(id)?).await?, host)]),
        (&Method::PUT, id) => share(&of.change(&link_of(id)?, &wish(&fields(head, body)?)?).await?, host),
        (&Method::DELETE, id) => {
            of.revoke(&link_of(id)?).await?;
            json!([])
        }
        _ => return Err(Problem::new(405, "method-not-allowed", "This address does not take this method.")),
    };
    let mut answer = Json(data).into_response();
    answer.headers_mut().insert(header::CACHE_CONTROL, http::HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// The shares that the query asks for: of all, of one file or folder, or of what is right in one.
async fn listed<C: Capabilities>(of: &Links<'_, C>, host: &str, uri: &Uri) -> Result<Vec<Value>, Problem> {
    let query = pairs(uri);
    if query.get("shared_with_me").is_some_and(|text| text == "true") {
        return Ok(Vec::new());
    }
    let Some(path) = query.get("path") else {
        return Ok(of.list(Vec::new()).await?.iter().filter(|row| works(row)).map(|row| share(row, host)).collect());
    };
    let path = names(path)?;
    let within = query.get("subfiles").is_some_and(|text| text == "true");
    let wanted = |row: &&LinkRow| {
        let at: Vec<&str> = row.path.as_deref().unwrap_or_default().split('/').collect();
        let same = |at: &[&str]| at.iter().copied().eq(path.iter().map(String::as_str));
        works(row) && if within { at.split_last().is_some_and(|(_, folder)| same(folder)) } else { same(&at) }
    };
    Ok(of.list(path.clone()).await?.iter().filter(wanted).map(|row| share(row, host)).collect())
}

/// One that has ended is not a share any more.
fn works(row: &LinkRow) -> bool {
    row.state == LinkState::Works
}

fn share(row: &LinkRow, host: &str) -> Value {
    let path = format!("/{}", row.path.as_deref().unwrap_or(&row.name));
    let password = row.password.then_some("***");
    json!({
        "id": number(&row.id).map(|number| number.to_string()), "share_type": 3, "uid_owner": row.by_name, "displayname_owner": row.by_name,
        "permissions": permissions(row.kind, row.folder), "can_edit": true, "can_delete": true, "stime": row.made, "parent": null,
        "expiration": row.expires.map(day), "token": row.token, "uid_file_owner": row.by_name, "displayname_file_owner": row.by_name,
        "note": "", "label": row.label, "path": path, "item_type": if row.folder { "folder" } else { "file" },
        "mimetype": if row.folder { "httpd/unix-directory" } else { "application/octet-stream" }, "has_preview": false, "storage": 1,
        "item_source": row.file, "file_source": row.file, "file_target": format!("/{}", row.name), "share_with": password,
        "share_with_displayname": "(Shared link)", "password": password, "send_password_by_talk": false,
        "url": format!("https://{host}/s/{}", row.token), "mail_send": 0, "hide_download": 0, "attributes": null,
    })
}

/// The last day on which it works, as these clients read it.
fn day(expires: i64) -> String {
    let last = Timestamp::from_second(expires - 1).unwrap_or(Timestamp::MAX);
    format!("{} 00:00:00", last.to_zoned(TimeZone::UTC).date())
}

fn permissions(kind: LinkKind, folder: bool) -> u32 {
    match kind {
        LinkKind::Read => READ,
        LinkKind::Drop => CREATE,
        LinkKind::Edit if folder => READ | UPDATE | CREATE | DELETE,
        LinkKind::Edit => READ | UPDATE,
    }
}

/// What a client asks for, as a wish.
fn wish(asked: &HashMap<String, String>) -> Result<LinkWish, Problem> {
    let wrong = |key: &str| Problem::new(400, "link-malformed", format!("The field {key} cannot be read.")).key(key);
    let bits: Option<u32> = asked.get("permissions").map(|text| text.parse().map_err(|_| wrong("permissions"))).transpose()?;
    let uploads = asked.get("publicUpload").map(|text| text == "true");
    let kind = match (bits, uploads) {
        (Some(bits), _) if bits & CREATE != 0 && bits & READ == 0 => Some(LinkKind::Drop),
        (Some(bits), _) if bits & (UPDATE | CREATE | DELETE) != 0 => Some(LinkKind::Edit),
        (Some(_), _) | (None, Some(false)) => Some(LinkKind::Read),
        (None, Some(true)) => Some(LinkKind::Edit),
        (None, None) => None,
    };
    let expires = asked.get("expireDate").map(|text| expiry(text).ok_or_else(|| wrong("expireDate"))).transpose()?;
    Ok(LinkWish { kind, label: asked.get("label").cloned(), password: asked.get("password").cloned(), expires, downloads: None })
}

/// The end of the day that a client names, in Unix seconds; 0 for none, which no day stands for.
fn expiry(text: &str) -> Option<i64> {
    if text.is_empty() {
        return Some(0);
    }
    let date: Date = text.get(..10)?.parse().ok()?;
    Some(date.tomorrow().ok()?.to_zoned(TimeZone::UTC).ok()?.timestamp().as_second()).filter(|end| *end > 0)
}

/// The fields of a call: a form or a JSON object in its body, or its query.
fn fields(head: &Parts, body: &Bytes) -> Result<HashMap<String, String>, Problem> {
    let unread = || Problem::new(400, "body-invalid", "The fields of this call cannot be read.");
    let mut fields = pairs(&head.uri);
    let is_json = head.headers.get(header::CONTENT_TYPE).is_some_and(|kind| kind.to_str().is_ok_and(|kind| kind.contains("json")));
    if is_json {
        let object: serde_json::Map<String, Value> = serde_json::from_slice(body).map_err(|_| unread())?;
        fields.extend(object.into_iter().filter_map(|(name, value)| match value {
            Value::String(text) => Some((name, text)),
            Value::Number(_) | Value::Bool(_) => Some((name, value.to_string())),
            _ => None,
        }));
    } else if !body.is_empty() {
        // The form of bodies is that of queries.
        let uri: Uri = format!("/?{}", std::str::from_utf8(body).map_err(|_| unread())?.trim()).parse().map_err(|_| unread())?;
        let Query(sent) = Query::<Vec<(String, String)>>::try_from_uri(&uri).map_err(|_| unread())?;
        fields.extend(sent);
    }
    Ok(fields)
}

fn judge_type(kind: &str) -> Result<(), Problem> {
    if kind == LINK {
        return Ok(());
    }
    Err(Problem::new(403, "share-in-a-space", "Within the household things are shared in a shared space, not one by one.")
        .hint("Make one in the settings of the box, under Shared spaces, and put the file there; or share it by link."))
}

/// The number by which these clients know a link: its space and its key.
fn number(id: &str) -> Option<u64> {
    let (space, key) = id.split_once('-')?;
    let space: SpaceId = space.parse().ok()?;
    Some(u64::from(space.number()) << KEY_BITS | u64::from(u32::from_str_radix(key, 16).ok()?))
}

/// The link of such a number.
fn link_of(number: &str) -> Result<String, Problem> {
    let none = || Problem::new(404, "no-such-link", "There is no such link of yours.");
    let number: u64 = number.parse().map_err(|_| none())?;
    let space = u16::try_from(number >> KEY_BITS).map_err(|_| none())?;
    Ok(format!("{}-{:08x}", SpaceId::from_number(space), number & u64::from(u32::MAX)))
}

fn nobody() -> Value {
    let kinds = ["users", "groups", "remotes", "remote_groups", "emails", "circles", "rooms"];
    let empty: serde_json::Map<String, Value> = kinds.iter().map(|kind| ((*kind).to_owned(), json!([]))).collect();
    let mut data = empty.clone();
    data.insert("exact".into(), Value::Object(empty));
    data.insert("lookup".into(), json!([]));
    data.insert("lookupEnabled".into(), json!(false));
    Value::Object(data)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_link_has_one_number_and_the_number_one_link() {
        for id in ["s1-00000000", "s7-0123abcd", "s65535-ffffffff"] {
            let number = number(id).unwrap();
            assert!(number < 1 << 53 && link_of(&number.to_string()).unwrap() == id, "{id}");
        }
        for wrong in ["", "s7", "7-0", "s7-x"] {
            assert_eq!(number(wrong), None);
        }
        assert!(link_of("x").is_err() && link_of("18446744073709551615").is_err());
    }

    #[test]
    fn what_a_client_says_nothing_of_stays_as_it_is() {
        let (head, ()) = http::Request::put("/x?label=l").header(header::CONTENT_TYPE, "application/json").body(()).unwrap().into_parts();
        let fields = fields(&head, &Bytes::from(r#"{"permissions":1,"password":null,"expireDate":null}"#)).unwrap();
        let wish = wish(&fields).unwrap();
        assert!(wish.password.is_none() && wish.expires.is_none() && wish.label.as_deref() == Some("l"));
        assert_eq!(wish.kind, Some(LinkKind::Read));
    }

    #[test]
    fn what_clients_ask_for_is_read_as_they_mean_it() {
        let check = |sent: &[(&str, &str)], expected: Option<LinkKind>| {
            let asked = sent.iter().map(|(name, value)| ((*name).to_owned(), (*value).to_owned())).collect();
            assert_eq!(wish(&asked).unwrap().kind, expected, "{sent:?}");
        };
        check(&[], None);
        for (bits, kind) in [
            ("1", LinkKind::Read),
            ("17", LinkKind::Read),
            ("4", LinkKind::Drop),
            ("15", LinkKind::Edit),
            ("31", LinkKind::Edit),
            ("3", LinkKind::Edit),
        ] {
            check(&[("permissions", bits)], Some(kind));
        }
        check(&[("publicUpload", "true")], Some(LinkKind::Edit));
        check(&[("publicUpload", "false")], Some(LinkKind::Read));
        assert_eq!(
            (expiry(""), expiry("2026-12-31"), expiry("2026-12-31 00:00:00"), expiry("soon"), expiry("1969-12-31")),
            (Some(0), Some(1_798_761_600), Some(1_798_761_600), None, None)
        );
        assert_eq!(day(1_798_761_600), "2026-12-31 00:00:00");
        for kind in ["0", "1", "4", "6", "10"] {
            assert_eq!(judge_type(kind).unwrap_err().code, "share-in-a-space");
        }
    }
    croft_fuzz::target! {
        /// The fields of a call take no more than some bytes for each that was sent, and a wish ends within the days that clients can name. A body that
        /// begins with a brace is JSON, any other a form.
        fn share_fields(input) {
            let kind = if input.starts_with(b"{") { "application/json" } else { "application/x-www-form-urlencoded" };
            let (head, ()) = http::Request::post("/x").header(header::CONTENT_TYPE, kind).body(()).unwrap().into_parts();
            let asked = match fields(&head, &Bytes::copy_from_slice(input)) {
                Ok(asked) => asked,
                Err(problem) => return assert_eq!(problem.code, "body-invalid"),
            };
            assert!(asked.iter().map(|(name, value)| name.len() + value.len()).sum::<usize>() <= 8 * input.len());
            match wish(&asked) {
                Ok(wish) => {
                    assert_eq!(wish.password.as_ref(), asked.get("password"));
                    let never = asked.get("expireDate").is_some_and(String::is_empty);
                    assert!(wish.expires.is_none_or(|at| if never { at == 0 } else { names_a_day(at) }), "{:?}", wish.expires);
                }
                Err(problem) => assert!(problem.code == "link-malformed" && problem.key.is_some()),
            }
            let _ = names(asked.get("path").map(String::as_str).unwrap_or_default());
        }
    }

    /// Whether the last day before `expires` is read as the same.
    fn names_a_day(expires: i64) -> bool {
        expires > 0 && expiry(&day(expires)) == Some(expires)
    }

    croft_fuzz::target! {
        /// The number of a link is of one link.
        fn share_numbers(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            if let Ok(id) = link_of(text) {
                // No space has the number 0.
                assert!(number(&id).map_or(id.starts_with("s0-"), |number| text.parse() == Ok(number)), "{id}");
            }
        }
    }
}
