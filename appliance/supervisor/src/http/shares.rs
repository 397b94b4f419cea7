//! `/api/v1/shares`: network drives, and the devices that may use them.

use std::sync::Arc;

use axum::{Extension, Json as Answer, extract::State};
use croft_api::{
    body::JsonBody,
    problem::ApiError,
    wire::shares::{Device, DeviceMade, Drive, NewDevice, SharesState, SharesStatus},
};
use croft_model::{Claims, Person, PersonId, Principal, Problem, Scope, Serve, Settings, network_drives};
use http::StatusCode;
use percent_encoding::{NON_ALPHANUMERIC, utf8_percent_encode};

use super::{extract::Id, on_disk};
use crate::{error::problem, records::DeviceRecord, regulator::Regulator, shares};

type Croft = State<Arc<Regulator>>;

/// The network drives of whoever asks, and the devices that may use them.
#[utoipa::path(get, path = "/api/v1/shares", operation_id = "shares_show", tag = "shares",
    responses((status = 200, body = SharesStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn show(State(croft): Croft, Extension(claims): Extension<Claims>) -> Result<Answer<SharesStatus>, ApiError> {
    let now = croft.desired.now();
    let why = croft.shares.last().why;
    let state = match (now.settings.shares.serve, &why) {
        (Serve::Off, _) => SharesState::Off,
        (Serve::On, None) => SharesState::On,
        (Serve::On, Some(_)) => SharesState::Unable,
    };
    let port = croft.shares.port();
    let drives = network_drives(&now.settings).into_iter().filter_map(|drive| {
        let right = claims.person().map(|person| drive.people.get(&person).copied());
        let (windows, address) = ways(&now.settings.this_box.host, port, &drive.name);
        (right != Some(None)).then(|| Drive { name: drive.name, holds: drive.holds, right: right.flatten(), windows, address })
    });
    let drives = drives.collect();
    let all = on_disk(move || shares::devices(&croft).map_err(problem)).await?;
    let own = all.into_iter().filter(|(_, device)| may(&claims, device.person) && now.settings.people.contains_key(&device.person));
    Ok(Answer(SharesStatus { state, why, drives, devices: own.map(|(number, record)| device(number, record)).collect() }))
}

/// Makes a device of one's own and shows its password this once; the console makes those of others. As with app passwords, nobody gets a key to
/// somebody else's files, owners neither.
#[utoipa::path(post, path = "/api/v1/shares/devices", operation_id = "shares_add_device", tag = "shares", request_body = NewDevice,
    responses((status = 201, body = DeviceMade), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn add_device(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    JsonBody(new): JsonBody<NewDevice>,
) -> Result<(StatusCode, Answer<DeviceMade>), ApiError> {
    let (id, person) = whose(&claims, &croft.desired.now().settings, new.person.as_deref())?;
    if claims.who != Principal::Console && !claims.allows(Scope::Files) {
        return Err(Problem::new(403, "not-allowed", "An app password that reaches no files cannot make a device that does.").into());
    }
    let (at, who) = (Arc::clone(&croft), claims.actor());
    let (number, record, password) = on_disk(move || shares::add(&at, (id, &person), &new.name, who)).await?;
    shares::at_once(&croft).await;
    Ok((StatusCode::CREATED, Answer(DeviceMade { device: device(number, record), password })))
}

/// Removes a device. When this is answered, it has no connection any more.
#[utoipa::path(delete, path = "/api/v1/shares/devices/{id}", operation_id = "shares_remove_device", tag = "shares",
    params(("id" = u16, Path, description = "The device's id.")),
    responses((status = 204), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn remove_device(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    Id(id): Id<u16>,
) -> Result<StatusCode, ApiError> {
    let (at, who) = (Arc::clone(&croft), claims.actor());
    on_disk(move || shares::remove(&at, id, who, |person| may(&claims, person))).await?;
    let outcome = shares::at_once(&croft).await;
    if outcome.still {
        let words = "The device is removed and cannot sign in any more, but its connections could not be closed.";
        return Err(Problem::new(503, "shares-still-served", words)
            .hint("Restart the box to be sure. It tries again by itself too.")
            .into());
    }
    Ok(StatusCode::NO_CONTENT)
}

/// Whether whoever asks may look after the devices of `person`.
fn may(claims: &Claims, person: PersonId) -> bool {
    claims.person() == Some(person) || claims.allows(Scope::Manage)
}

/// The person meant: oneself, or whomever the console names.
fn whose(claims: &Claims, settings: &Settings, named: Option<&str>) -> Result<(PersonId, Person), Problem> {
    let found = match (named, claims.person()) {
        (Some(text), _) => settings.people.iter().find(|(id, person)| person.name == text || id.to_string() == text).map(|(id, _)| *id),
        (None, Some(person)) => Some(person),
        (None, None) => return Err(Problem::new(422, "person-missing", "Say whose device it shall be.").key("person")),
    };
    if found.is_some_and(|id| claims.who != Principal::Console && claims.person() != Some(id)) && claims.allows(Scope::Manage) {
        return Err(Problem::new(403, "not-allowed", "Devices are made by the person who uses them.")
            .hint("That person makes it in their own browser, or you by `croft share device add` at the box itself.")
            .key("person"));
    }
    let nobody = || Problem::new(404, "no-such-person", "Nobody of this household has that name.").key("person");
    let id = found.filter(|id| may(claims, *id)).ok_or_else(nobody)?;
    Ok((id, settings.people.get(&id).ok_or_else(nobody)?.clone()))
}

/// How a drive is reached from Windows, and from everything else. Where the port is another one, the box answers its own machine alone.
fn ways(host: &str, port: u16, name: &str) -> (Option<String>, String) {
    let path = utf8_percent_encode(name, NON_ALPHANUMERIC);
    if port == croft_smb::PORT {
        (Some(format!("\\\\{host}\\{name}")), format!("smb://{host}.local/{path}"))
    } else {
        (None, format!("smb://127.0.0.1:{port}/{path}"))
    }
}

fn device(id: u16, DeviceRecord { person, name, account, created, .. }: DeviceRecord) -> Device {
    Device { id, person, name, account, created }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_system_has_its_way() {
        assert_eq!(ways("mybox", 445, "Fotos 1"), (Some(r"\\mybox\Fotos 1".into()), "smb://mybox.local/Fotos%201".into()));
        assert_eq!(ways("mybox", 4450, "ana"), (None, "smb://127.0.0.1:4450/ana".into()));
    }
}
