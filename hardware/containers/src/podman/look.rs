//! What there is: containers by their labels, each looked at. Read by our own types: bollard's know no state that Docker has not.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

use super::{APP, PLAN, Podman, SERVICE, STEP, image, networks, wire};
use crate::{ContainerState, EngineError, ImageReference, Seen, SeenContainer};

/// Containers that are looked at together.
const TOGETHER: usize = 8;

#[derive(Deserialize)]
struct Listed {
    #[serde(rename = "Id")]
    id: String,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Inspected {
    id: String,
    name: String,
    config: Config,
    state: Option<State>,
    #[serde(default)]
    restart_count: u64,
    network_settings: Option<Settings>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Config {
    image: Option<String>,
    labels: Option<HashMap<String, String>>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct State {
    #[serde(default)]
    status: String,
    #[serde(default)]
    exit_code: i64,
    #[serde(default, rename = "OOMKilled")]
    oom_killed: bool,
    started_at: Option<String>,
    finished_at: Option<String>,
}

#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Settings {
    networks: Option<HashMap<String, Endpoint>>,
}

#[derive(Deserialize)]
struct Endpoint {
    #[serde(rename = "IPAddress")]
    address: Option<String>,
    #[serde(rename = "GlobalIPv6Address")]
    address6: Option<String>,
}

pub(super) async fn look(podman: &Podman) -> Result<Seen, EngineError> {
    let filter = wire::escaped(&json!({ "label": [APP] }).to_string());
    let listed: Option<Vec<Listed>> = read(podman, &format!("{}/containers/json?all=true&filters={filter}", wire::DOCKER)).await?;
    let inspected = stream::iter(listed.unwrap_or_default()).map(async |container| {
        let path = format!("{}/containers/{}/json", wire::DOCKER, wire::escaped(&container.id));
        // One that went meanwhile is not there.
        Ok::<_, EngineError>(read::<Inspected>(podman, &path).await?.and_then(seen))
    });
    let containers: Vec<Option<SeenContainer>> = inspected.buffered(TOGETHER).try_collect().await?;
    let mut containers: Vec<SeenContainer> = containers.into_iter().flatten().collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let networks = networks::list(&podman.socket).await?.into_iter().map(|(_, network)| network).collect();
    let images = image::list(podman).await?.iter().map(image::held).collect();
    Ok(Seen { containers, networks, images })
}

/// What the engine has at a path; none where it has nothing.
async fn read<T: DeserializeOwned>(podman: &Podman, path: &str) -> Result<Option<T>, EngineError> {
    let answer = wire::ask(&podman.socket, Method::GET, path, None, ("look at containers", STEP)).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let bytes = answer.good().map_err(|error| EngineError::Look { source: error.into() })?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| EngineError::Look { source: error.into() })
}

/// What is known of a container; none where its labels are not ours, whoever wrote them.
fn seen(container: Inspected) -> Option<SeenContainer> {
    let labels = container.config.labels?;
    let addresses = container.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let addresses = addresses.into_values().flat_map(|endpoint| [endpoint.address, endpoint.address6]);
    Some(SeenContainer {
        id: container.id.parse().ok()?,
        name: container.name.trim_start_matches('/').parse().ok()?,
        app: labels.get(APP)?.parse().ok()?,
        service: labels.get(SERVICE)?.parse().ok()?,
        plan: labels.get(PLAN)?.clone(),
        state: state(container.state.as_ref()),
        restarts: container.restart_count,
        addresses: addresses.flatten().filter_map(|address| address.parse().ok()).collect(),
        image: container.config.image.and_then(|image| image.parse::<ImageReference>().ok()?.digest().cloned()),
    })
}

fn state(state: Option<&State>) -> ContainerState {
    let Some(state) = state else { return ContainerState::Broken };
    let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Timestamp>().ok()).filter(|time| time.as_second() > 0);
    match state.status.as_str() {
        "created" | "configured" | "initialized" => ContainerState::Created,
        "running" => ContainerState::Running { since: time(&state.started_at).unwrap_or_default() },
        "restarting" | "removing" | "paused" | "stopping" => ContainerState::Changing,
        // Podman's word for one that ended and is not cleared away yet.
        "exited" | "stopped" => ContainerState::Exited { code: state.exit_code, at: time(&state.finished_at), starved: state.oom_killed },
        _ => ContainerState::Broken,
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_state_is_read_with_its_times() {
        let check =
            |text: &str, expected: ContainerState| assert_eq!(state(Some(&serde_json::from_str(text).unwrap())), expected, "{text}");
        check(r#"{"Status":"created","StartedAt":"0001-01-01T00:00:00Z"}"#, ContainerState::Created);
        let since = "2026-11-30T10:00:00.5Z".parse().unwrap();
        check(r#"{"Status":"running","StartedAt":"2026-11-30T11:00:00.5+01:00"}"#, ContainerState::Running { since });
        check(r#"{"Status":"exited","ExitCode":137,"OOMKilled":true}"#, ContainerState::Exited { code: 137, at: None, starved: true });
        check(r#"{"Status":"stopped","ExitCode":7}"#, ContainerState::Exited { code: 7, at: None, starved: false });
        check(r#"{"Status":"dead"}"#, ContainerState::Broken);
        assert_eq!(state(None), ContainerState::Broken);
    }

    #[test]
    fn a_container_without_our_labels_is_none_of_ours() {
        let with = |labels: &str| {
            let id = "0a".repeat(32);
            let text = format!(r#"{{"Id":"{id}","Name":"/photos-web","Config":{{"Image":"x","Labels":{labels}}}}}"#);
            seen(serde_json::from_str(&text).unwrap())
        };
        let ours = with(r#"{"croft.app":"photos","croft.service":"web","croft.plan":"1"}"#).unwrap();
        assert_eq!((ours.name.as_str(), ours.state), ("photos-web", ContainerState::Broken));
        assert!(with(r#"{"croft.app":"photos"}"#).is_none());
        assert!(with(r#"{"croft.app":"../x","croft.service":"web","croft.plan":"1"}"#).is_none());
    }
}
