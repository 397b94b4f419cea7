//! The envelope of every answer below `/ocs/`: what a handler or a check answered, as data or as what went wrong.

use aws_lc_rs::digest::{SHA256, digest};
use axum::{
    body::{Body, to_bytes},
    response::{IntoResponse, Response},
};
use croft_model::Problem;
use http::{HeaderMap, HeaderValue, StatusCode, Uri, header};
use serde_json::{Value, json};

use crate::xml::escaped;

/// Bytes of an answer before it is put into its envelope; the largest is the list of all links of some spaces, each of about 800 bytes.
const MAX_DATA: usize = 4 * 1024 * 1024;
/// Bytes of a digest that make an entity tag; as many as no two answers share by chance.
const TAG_BYTES: usize = 16;

/// How the first part of the address wants the answer's status.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Version {
    /// In the envelope: 100 is good, and whatever somebody could mend comes with HTTP's 200.
    One,
    /// In the envelope as in HTTP.
    Two,
}

#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Form {
    Json,
    Xml,
}

/// The answer to a request for `uri` with `headers`: below `/ocs/` in its envelope, and elsewhere as it is.
pub async fn enveloped(uri: &Uri, headers: &HeaderMap, answer: Response) -> Response {
    let Some(rest) = uri.path().strip_prefix("/ocs/") else { return answer };
    let Some(version) = version(rest) else {
        return crate::problem::answer(
            &Problem::new(404, "no-such-route", "There is nothing at this address.").hint("Use `/ocs/v1.php/` or `/ocs/v2.php/`."),
        );
    };
    whole(answer, version, form(uri, headers), headers.get(header::IF_NONE_MATCH)).await
}

fn version(rest: &str) -> Option<Version> {
    match rest.split('/').next() {
        Some("v1.php") => Some(Version::One),
        Some("v2.php") => Some(Version::Two),
        _ => None,
    }
}

/// XML unless JSON is asked for, in the address or by a header.
fn form(uri: &Uri, headers: &HeaderMap) -> Form {
    let named = uri.query().unwrap_or_default().split('&').find_map(|pair| pair.strip_prefix("format="));
    let accepts = headers.get(header::ACCEPT).and_then(|value| value.to_str().ok()).unwrap_or_default();
    match named {
        Some("json") => Form::Json,
        Some(_) => Form::Xml,
        None if accepts.contains("application/json") => Form::Json,
        None => Form::Xml,
    }
}

async fn whole(answer: Response, version: Version, form: Form, known: Option<&HeaderValue>) -> Response {
    let (mut head, body) = answer.into_parts();
    let answered = data(head.status, body).await;
    if let Err(problem) = &answered {
        head.status = StatusCode::from_u16(problem.status).unwrap_or(StatusCode::INTERNAL_SERVER_ERROR);
    }
    let good = answered.is_ok();
    let envelope = match answered {
        Ok(data) => envelope("ok", if version == Version::One { 100 } else { 200 }, "OK", data),
        Err(problem) => envelope("failure", status_code(head.status, version), &problem.to_string(), json!([])),
    };
    let (kind, text) = match form {
        Form::Json => ("application/json; charset=utf-8", envelope.to_string()),
        Form::Xml => ("application/xml; charset=utf-8", xml(&envelope)),
    };
    head.headers.remove(header::CONTENT_LENGTH);
    head.headers.insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    if !good {
        head.status = http_status(head.status, version);
        return Response::from_parts(head, Body::from(text));
    }
    let tag = format!("\"{}\"", hex::encode(digest(&SHA256, text.as_bytes()).as_ref().split_at(TAG_BYTES).0));
    let seen = known.and_then(|known| known.to_str().ok()).is_some_and(|known| known.split(',').any(|one| one.trim() == tag));
    if let Ok(tag) = HeaderValue::from_str(&tag) {
        head.headers.insert(header::ETAG, tag);
        // What must not be kept at all stays so.
        head.headers.entry(header::CACHE_CONTROL).or_insert(HeaderValue::from_static("private, no-cache"));
    }
    if seen {
        head.headers.remove(header::CONTENT_TYPE);
        return (StatusCode::NOT_MODIFIED, head.headers).into_response();
    }
    Response::from_parts(head, Body::from(text))
}

/// What was answered: data, or what went wrong.
async fn data(status: StatusCode, body: Body) -> Result<Value, Problem> {
    let bytes = to_bytes(body, MAX_DATA).await.map_err(|error| crate::problem::internal(&error))?;
    if status.is_success() {
        return serde_json::from_slice(&bytes).map_err(|error| crate::problem::internal(&error));
    }
    Err(serde_json::from_slice(&bytes).unwrap_or_else(|_| Problem::internal()))
}

fn envelope(status: &str, code: u16, message: &str, data: Value) -> Value {
    json!({ "ocs": { "meta": { "status": status, "statuscode": code, "message": message }, "data": data } })
}

/// The status inside the envelope; version 1 has numbers of its own.
fn status_code(status: StatusCode, version: Version) -> u16 {
    match (version, status.as_u16()) {
        (Version::One, 401) => 997,
        (Version::One, 404) => 998,
        (Version::One, 500..) => 996,
        (_, code) => code,
    }
}

/// The status in HTTP. A client must see without reading that it is to sign in, to wait, or to come back later.
fn http_status(status: StatusCode, version: Version) -> StatusCode {
    let shown = status.is_server_error() || status == StatusCode::UNAUTHORIZED || status == StatusCode::TOO_MANY_REQUESTS;
    if version == Version::One && !shown { StatusCode::OK } else { status }
}

/// `value`, an object, as XML: its keys are elements, those of a list are called `element`.
fn xml(value: &Value) -> String {
    let mut out = String::from("<?xml version=\"1.0\"?>\n");
    put(&mut out, value);
    out.push('\n');
    out
}

fn put(out: &mut String, value: &Value) {
    match value {
        Value::Null | Value::Bool(false) => {}
        Value::Bool(true) => out.push('1'),
        Value::Number(number) => out.push_str(&number.to_string()),
        Value::String(text) => out.push_str(&escaped(text)),
        Value::Array(list) => list.iter().for_each(|value| put_element(out, "element", value)),
        Value::Object(map) => map.iter().for_each(|(key, value)| put_element(out, key, value)),
    }
}

fn put_element(out: &mut String, name: &str, value: &Value) {
    let mut inner = String::new();
    put(&mut inner, value);
    out.push_str(&if inner.is_empty() { format!("<{name}/>") } else { format!("<{name}>{inner}</{name}>") });
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn json_is_asked_for_and_xml_is_not() {
        let check = |uri: &str, accept: Option<&str>, expected| {
            let headers = accept.map(|accept| (header::ACCEPT, accept.parse().unwrap())).into_iter().collect();
            assert_eq!(form(&uri.parse().unwrap(), &headers), expected, "{uri} {accept:?}");
        };
        check("/ocs/v2.php/cloud/user?format=json", None, Form::Json);
        check("/ocs/v2.php/cloud/user?a=b&format=json", Some("text/xml"), Form::Json);
        check("/ocs/v2.php/cloud/user", Some("application/json, */*"), Form::Json);
        check("/ocs/v2.php/cloud/user?format=xml", Some("application/json"), Form::Xml);
        check("/ocs/v2.php/cloud/user", Some("*/*"), Form::Xml);
        check("/ocs/v2.php/cloud/user", None, Form::Xml);
    }

    #[tokio::test]
    async fn a_long_list_goes_into_its_envelope_and_what_is_not_kept_stays_so() {
        let list: Vec<String> = (0..500).map(|number| format!("{number:0>800}")).collect();
        let mut answer = axum::Json(list).into_response();
        answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
        let answer = enveloped(&"/ocs/v2.php/x?format=json".parse().unwrap(), &HeaderMap::new(), answer).await;
        assert_eq!((answer.status(), &answer.headers()[header::CACHE_CONTROL]), (StatusCode::OK, &HeaderValue::from_static("no-store")));
    }

    #[test]
    fn what_went_wrong_has_a_number_in_each_version() {
        let check = |status: u16, one: (u16, u16), two: (u16, u16)| {
            let status = StatusCode::from_u16(status).unwrap();
            for (version, expected) in [(Version::One, one), (Version::Two, two)] {
                assert_eq!((http_status(status, version).as_u16(), status_code(status, version)), expected, "{status} {version:?}");
            }
        };
        check(400, (200, 400), (400, 400));
        check(401, (401, 997), (401, 401));
        check(403, (200, 403), (403, 403));
        check(404, (200, 998), (404, 404));
        check(429, (429, 429), (429, 429));
        check(503, (503, 996), (503, 503));
    }

    #[test]
    fn values_become_elements() {
        let value = json!({ "ocs": { "a": [1, "x<y"], "b": true, "c": false, "d": [], "e": { "f-g": null } } });
        assert_eq!(
            xml(&value),
            "<?xml version=\"1.0\"?>\n<ocs><a><element>1</element><element>x&lt;y</element></a><b>1</b><c/><d/><e><f-g/></e></ocs>\n"
        );
    }
}
