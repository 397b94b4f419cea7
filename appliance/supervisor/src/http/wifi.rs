//! `/api/v1/network/wifi`: wireless networks. A passphrase goes to the machine and is in no answer, no line and no record of ours.

use std::sync::Arc;

use axum::{Extension, Json as Answer, extract::State};
use croft_api::{
    body::JsonBody,
    problem::{self, ApiError},
    wire::network::{ForgetWifi, JoinWifi, WifiStatus},
};
use croft_model::{Claims, Problem};
use croft_network::{Network, NetworkError, WifiError};
use jiff::Timestamp;

use super::on_disk;
use crate::{audit::NewLine, error, regulator::Regulator};

/// Longest name of a wireless network, in bytes (IEEE 802.11).
const MAX_SSID: usize = 32;

type Croft = State<Arc<Regulator>>;

/// Wireless networks in reach and known ones. Asking starts a new look, so ask again after some seconds.
#[utoipa::path(get, path = "/api/v1/network/wifi", operation_id = "wifi_list", tag = "network",
    responses((status = 200, body = WifiStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn list(State(croft): Croft) -> Result<Answer<WifiStatus>, ApiError> {
    Ok(Answer(status(&croft).await?))
}

/// Joins a wireless network, now and whenever it is in reach.
#[utoipa::path(post, path = "/api/v1/network/wifi/join", operation_id = "wifi_join", tag = "network", request_body = JoinWifi,
    responses((status = 200, body = WifiStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn join(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    JsonBody(JoinWifi { ssid, passphrase }): JsonBody<JoinWifi>,
) -> Result<Answer<WifiStatus>, ApiError> {
    let ssid = read_ssid(ssid)?;
    let passphrase = (!passphrase.expose().is_empty()).then_some(passphrase);
    let kept = Arc::clone(&croft);
    to_its_end(async move {
        antenna(&kept)?.join(&ssid, passphrase.as_ref()).await.map_err(refused)?;
        note(&kept, &claims, "wifi.joined", format!("Joined the wireless network {ssid}.")).await
    })
    .await?;
    Ok(Answer(status(&croft).await?))
}

/// Leaves a wireless network and forgets its passphrase.
#[utoipa::path(post, path = "/api/v1/network/wifi/forget", operation_id = "wifi_forget", tag = "network", request_body = ForgetWifi,
    responses((status = 200, body = WifiStatus), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn forget(
    State(croft): Croft,
    Extension(claims): Extension<Claims>,
    JsonBody(ForgetWifi { ssid }): JsonBody<ForgetWifi>,
) -> Result<Answer<WifiStatus>, ApiError> {
    let ssid = read_ssid(ssid)?;
    let kept = Arc::clone(&croft);
    to_its_end(async move {
        antenna(&kept)?.forget(&ssid).await.map_err(refused)?;
        note(&kept, &claims, "wifi.forgotten", format!("Forgot the wireless network {ssid}.")).await
    })
    .await?;
    Ok(Answer(status(&croft).await?))
}

/// Does `work` also when nobody waits for it any longer: it may take away the very connection that asked.
async fn to_its_end(work: impl Future<Output = Result<(), Problem>> + Send + 'static) -> Result<(), Problem> {
    tokio::spawn(work).await.map_err(|error| problem::internal(&error))?
}

async fn status(croft: &Regulator) -> Result<WifiStatus, Problem> {
    let networks = match &croft.network {
        Some(network) => network.wifi().await.map_err(refused)?,
        None => None,
    };
    Ok(WifiStatus { available: networks.is_some(), networks: networks.unwrap_or_default() })
}

fn antenna(croft: &Regulator) -> Result<&dyn Network, Problem> {
    croft.network.as_deref().ok_or_else(|| refused(WifiError::Missing.into()))
}

fn read_ssid(ssid: String) -> Result<String, Problem> {
    let fits = (1..=MAX_SSID).contains(&ssid.len()) && !ssid.chars().any(char::is_control);
    let wrong = || Problem::new(422, "body-invalid", format!("The name of a wireless network has 1 to {MAX_SSID} bytes.")).key("ssid");
    if fits { Ok(ssid) } else { Err(wrong()) }
}

async fn note(croft: &Arc<Regulator>, claims: &Claims, action: &'static str, sentence: String) -> Result<(), Problem> {
    let (croft, who) = (Arc::clone(croft), claims.actor());
    let line = NewLine { at: Timestamp::now(), who, action: action.into(), sentence, generation: None };
    on_disk(move || croft.desired.note(line).map_err(error::problem)).await
}

fn refused(error: NetworkError) -> Problem {
    match error {
        NetworkError::Wifi(WifiError::Missing) => Problem::new(409, "wifi-missing", "This box has no wireless interface.")
            .hint("Use a cable, or put in an adapter that Linux knows."),
        NetworkError::Wifi(WifiError::NotInReach) => {
            Problem::new(404, "wifi-not-in-reach", "No wireless network of this name is in reach.")
                .hint("Look for it again, nearer to it.")
                .key("ssid")
        }
        NetworkError::Wifi(WifiError::Passphrase) => {
            Problem::new(422, "wifi-passphrase", "The passphrase of the wireless network is missing or wrong.")
                .hint("It has 8 to 63 letters, digits and signs, and often stands on the router.")
                .key("passphrase")
        }
        NetworkError::Wifi(WifiError::Open) => Problem::new(
            422,
            "wifi-open",
            "The wireless network of this name in reach is open: everybody can read what goes through it, and it may be somebody else's.",
        )
        .hint("Look whether your own network is in reach. To join the open one, leave the passphrase empty.")
        .key("passphrase"),
        NetworkError::Wifi(WifiError::Kind(kind)) => {
            Problem::new(422, "wifi-kind", format!("The box cannot join wireless networks of the kind {kind}."))
                .hint("It joins open ones and those with a passphrase (WPA2, WPA3).")
                .key("ssid")
        }
        other => problem::internal(&other),
    }
}
