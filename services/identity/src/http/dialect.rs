//! What clients made for Nextcloud ask of a server beside files: its state, what it can do, who they are, and a sign-in.
//!
//! Their addresses are taken as they are; answers below `/ocs/` are put into their envelope by [`super::ocs`]. Which of them are answered, and
//! why: `docs/decisions/dialect.md`.

use std::{convert::Infallible, time::Instant};

use axum::{
    Json,
    extract::{FromRequest, FromRequestParts, Path, Query, Request, State},
};
use croft_api::{headers, problem::ApiError};
use croft_model::{Person, Problem};
use http::{Uri, request::Parts};
use serde::Deserialize;
use serde_json::{Value, json};

use super::{Answer, Caller, Client, account};
use crate::identity::Identity;

/// The version that clients take the box for: major, minor, micro, and the number of its build. They refuse or warn of what is old, and ask a
/// server of this version for nothing that the capabilities do not name.
const VERSION: [u32; 4] = [31, 0, 0, 18];
/// Seconds between two looks at the root of a tree, for clients that nobody pushes to.
const POLL_SECONDS: u32 = 60;
/// What stands for an amount that has no limit, or of which nobody knows.
const NO_LIMIT: i64 = -3;
/// The colours of the web UI, for clients that take those of their server: accent, and text on it.
const COLORS: [&str; 2] = ["#2f6b4f", "#ffffff"];

/// Where the client reached the box: `https://hollyhock.local:8443`.
pub(super) struct Reached(String);

impl FromRequestParts<Identity> for Reached {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, identity: &Identity) -> Result<Self, Infallible> {
        let host = parts.headers.get(headers::HOST).and_then(|host| host.to_str().ok()).map(str::to_owned);
        // Without the header it is a process of this machine at the socket.
        Ok(Self(format!("https://{}", host.unwrap_or_else(|| format!("{}.local", identity.household.this_box().host)))))
    }
}

/// Bytes in the person's own space and bytes that still go there, where the gateway heard of them.
pub(super) struct Room(Option<(u64, u64)>);

impl FromRequestParts<Identity> for Room {
    type Rejection = Infallible;

    async fn from_request_parts(parts: &mut Parts, _: &Identity) -> Result<Self, Infallible> {
        let said = parts.headers.get(headers::ROOM).and_then(|said| said.to_str().ok()?.split_once(' '));
        Ok(Self(said.and_then(|(used, available)| Some((used.parse().ok()?, available.parse().ok()?)))))
    }
}

/// Whether the box is ready, and for which version it stands. Nobody asks while it is unclaimed: the gateway refuses.
#[utoipa::path(get, path = "/status.php", responses((status = 200)))]
pub(super) async fn status() -> Json<Value> {
    Json(state())
}

/// A device wants an app password.
#[utoipa::path(post, path = "/index.php/login/v2", responses((status = 200)))]
pub(super) async fn ask(State(identity): State<Identity>, client: Client, Reached(origin): Reached) -> Answer<Json<Value>> {
    let asked = identity.grants.ask(&client.agent, client.address, Instant::now())?;
    Ok(Json(json!({
        "poll": { "token": asked.poll, "endpoint": format!("{origin}/index.php/login/v2/poll") },
        // Behind `#` it reaches no log.
        "login": format!("{origin}/grant#{}", asked.code),
    })))
}

/// The field `token` of a form.
#[derive(Deserialize)]
pub(super) struct Token {
    token: String,
}

impl<S: Send + Sync> FromRequest<S> for Token {
    type Rejection = ApiError;

    async fn from_request(request: Request, state: &S) -> Result<Self, ApiError> {
        let unreadable = || Problem::new(400, "body-invalid", "The body must be a form with the field `token`.").key("token");
        let text = String::from_request(request, state).await.map_err(|_| unreadable())?;
        Ok(Self::in_form(&text).ok_or_else(unreadable)?)
    }
}

impl Token {
    /// The field in a form, which is written as a query is.
    fn in_form(text: &str) -> Option<Self> {
        let uri: Uri = format!("/?{text}").parse().ok()?;
        Some(Query::try_from_uri(&uri).ok()?.0)
    }
}

/// A device asks whether it was granted an app password, and gets it once.
#[utoipa::path(post, path = "/index.php/login/v2/poll", responses((status = 200), (status = 404)))]
pub(super) async fn poll(State(identity): State<Identity>, Reached(origin): Reached, Token { token }: Token) -> Answer<Json<Value>> {
    let granted = identity
        .grants
        .take(&token, Instant::now())
        .ok_or_else(|| Problem::new(404, "not-granted", "Nobody has granted this yet.").hint("Open the page, sign in, and press Grant."))?;
    Ok(Json(json!({ "server": origin, "loginName": granted.user, "appPassword": granted.app_password.expose() })))
}

/// What the box can do for clients. What is not named here, they do not ask for.
#[utoipa::path(get, path = "/ocs/{version}/cloud/capabilities", params(("version" = String, Path)), responses((status = 200)))]
pub(super) async fn capabilities(State(identity): State<Identity>, Reached(origin): Reached) -> Json<Value> {
    let [major, minor, micro, _] = VERSION;
    let name = identity.household.this_box().name;
    let [accent, on_accent] = COLORS;
    Json(json!({
        "version": { "major": major, "minor": minor, "micro": micro, "string": version_text(), "edition": "", "extendedSupport": false },
        "capabilities": {
            "core": { "pollinterval": POLL_SECONDS, "webdav-root": "remote.php/webdav", "status": state() },
            "dav": { "chunking": "1.0" },
            "files": { "bigfilechunking": true, "undelete": true, "versioning": true, "comments": false, "blacklisted_files": [] },
            "checksums": { "preferredUploadType": "SHA1", "supportedTypes": ["SHA1", "SHA256"] },
            "notify_push": { "type": ["files"], "endpoints": push(&origin) },
            // Links alone: within the household a shared space says the same. The gateway answers for them.
            "files_sharing": {
                "api_enabled": true, "resharing": false, "group_sharing": false, "default_permissions": 1,
                "public": {
                    "enabled": true, "password": { "enforced": false, "askForOptionalPassword": false }, "expire_date": { "enabled": false },
                    "multiple_links": true, "upload": true, "upload_files_drop": true, "supports_upload_only": true, "send_mail": false,
                },
                "user": { "send_mail": false, "expire_date": { "enabled": false } },
                "federation": { "outgoing": false, "incoming": false }, "sharebymail": { "enabled": false },
            },
            "theming": {
                "name": name, "slogan": "", "url": origin, "color": accent, "color-text": on_accent,
                "logo": format!("{origin}/icon-512.png"), "background": accent, "background-plain": true, "background-default": true,
            },
        },
    }))
}

/// The one who is signed in.
#[utoipa::path(get, path = "/ocs/{version}/cloud/user", params(("version" = String, Path)), responses((status = 200), (status = 401)))]
pub(super) async fn user(State(identity): State<Identity>, caller: Caller, room: Room) -> Answer<Json<Value>> {
    let person = identity.household.person(caller.id)?.ok_or_else(Problem::internal)?;
    Ok(Json(described(&person, &identity.household.this_box().language, &room)))
}

/// Somebody's name in an address.
#[derive(Deserialize)]
pub(super) struct Named {
    name: String,
}

/// The same by name. Nobody learns of others here.
#[utoipa::path(get, path = "/ocs/{version}/cloud/users/{name}", params(("version" = String, Path), ("name" = String, Path)), responses((status = 200), (status = 404)))]
pub(super) async fn named_user(
    State(identity): State<Identity>,
    caller: Caller,
    room: Room,
    Path(named): Path<Named>,
) -> Answer<Json<Value>> {
    let person = identity.household.person(caller.id)?.filter(|person| person.name == named.name);
    let person = person.ok_or_else(|| Problem::new(404, "no-such-person", "This sign-in shows its own person alone."))?;
    Ok(Json(described(&person, &identity.household.this_box().language, &room)))
}

/// Nobody comes here with a passphrase, for which a client would get an app password.
#[utoipa::path(get, path = "/ocs/{version}/core/getapppassword", params(("version" = String, Path)), responses((status = 403)))]
pub(super) async fn new_app_password(_: Caller) -> Answer<()> {
    Err(Problem::new(403, "not-allowed", "This sign-in is an app password already.").hint("Go on with it.").into())
}

/// Removes the app password that is shown.
#[utoipa::path(delete, path = "/ocs/{version}/core/apppassword", params(("version" = String, Path)), responses((status = 200)))]
pub(super) async fn leave(State(identity): State<Identity>, caller: Caller) -> Answer<Json<Value>> {
    let id = caller.session.ok_or_else(Problem::internal)?;
    account::end(&identity, &caller, id).await?;
    Ok(Json(json!([])))
}

/// What clients of old ask instead of the capabilities.
#[utoipa::path(get, path = "/ocs/{version}/config", params(("version" = String, Path)), responses((status = 200)))]
pub(super) async fn config(Reached(origin): Reached) -> Json<Value> {
    let host = origin.trim_start_matches("https://");
    Json(json!({ "version": "1.7", "website": "Croft", "host": host, "contact": "", "ssl": true }))
}

/// Pages for a client's menu: there are none.
#[utoipa::path(get, path = "/ocs/{version}/core/navigation/apps", params(("version" = String, Path)), responses((status = 200)))]
pub(super) async fn apps() -> Json<Value> {
    Json(json!([]))
}

/// Editors of the box for files: there are none.
#[utoipa::path(get, path = "/ocs/{version}/apps/files/api/v1/directEditing", params(("version" = String, Path)), responses((status = 200)))]
pub(super) async fn editors() -> Json<Value> {
    Json(json!({ "editors": {}, "creators": {} }))
}

/// Where the gateway tells changes, and where it gives a token for that.
fn push(origin: &str) -> Value {
    let host = origin.trim_start_matches("https://");
    json!({ "websocket": format!("wss://{host}/push/ws"), "pre_auth": format!("{origin}/apps/notify_push/pre_auth") })
}

fn state() -> Value {
    let version = VERSION.map(|part| part.to_string()).join(".");
    json!({
        "installed": true, "maintenance": false, "needsDbUpgrade": false, "version": version, "versionstring": version_text(),
        "edition": "", "productname": "Croft", "extendedSupport": false,
    })
}

fn version_text() -> String {
    let [major, minor, micro, _] = VERSION;
    format!("{major}.{minor}.{micro}")
}

/// A person as clients want it. What they have and what still goes there together are the limit: the disk has no other.
fn described(person: &Person, language: &str, room: &Room) -> Value {
    let quota = match room {
        Room(Some((used, free))) => {
            let total = used.saturating_add(*free);
            let percent = u128::from(*used) * 100 / u128::from(total.max(1));
            json!({ "free": free, "used": used, "total": total, "relative": u64::try_from(percent).unwrap_or(100), "quota": total })
        }
        Room(None) => json!({ "free": NO_LIMIT, "used": 0, "total": NO_LIMIT, "relative": 0, "quota": NO_LIMIT }),
    };
    json!({
        "id": person.name, "display-name": person.display_name, "displayname": person.display_name, "email": "", "enabled": true,
        "quota": quota,
        "language": language, "locale": language, "groups": [],
    })
}

#[cfg(test)]
mod tests {
    use super::{COLORS, Token};

    #[test]
    fn the_colours_are_those_of_the_web_ui() {
        let tokens = include_str!("../../../../appliance/web/src/ui/tokens.css");
        let [accent, on_accent] = COLORS;
        assert!(tokens.contains(&format!("--accent: {accent}; --accent-ink: {on_accent};")));
    }
    croft_fuzz::target! {
        /// A field of a form is no longer than the form, and is what was written into it.
        fn token_forms(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            assert!(Token::in_form(text).is_none_or(|Token { token }| token.len() <= text.len()));
            let written: String = input.iter().map(|byte| format!("%{byte:02x}")).collect();
            if written.len() < 60_000 {
                assert_eq!(Token::in_form(&format!("token={written}")).unwrap().token, text);
            }
        }
    }
}
