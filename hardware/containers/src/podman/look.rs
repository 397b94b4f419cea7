//! What there is: containers by their labels, each looked at. Read by our own types: bollard's know no state that Docker has not.

use std::collections::HashMap;

use futures_util::{StreamExt, TryStreamExt, stream};
use hyper::{Method, StatusCode};
use jiff::Timestamp;
use serde::{
    Deserialize,
    de::{DeserializeOwned, IgnoredAny},
};
use serde_json::json;

use super::{APP, Podman, STEP, image, networks, wire};
use crate::{ContainerState, EngineError, ImageReference, Seen, SeenContainer};

/// Containers that are looked at together.
const TOGETHER: usize = 8;

/// Bytes of the list of containers: each entry has the labels of its image, and 128 of the longest fit.
const MAX_LIST: usize = 128 * image::MAX_WORDS;

/// An entry of the list. One that is not as it should be takes no other along.
#[derive(Deserialize)]
#[serde(untagged)]
enum Entry {
    Container(Listed),
    Other(IgnoredAny),
}

/// What the list knows of a container, for when it cannot be looked at.
#[derive(Deserialize)]
#[serde(rename_all = "PascalCase")]
struct Listed {
    id: String,
    names: Vec<String>,
    image: Option<String>,
    labels: Labels,
}

/// Our labels, as [`super::APP`] and its like name them; the image's may be long and are not kept.
#[derive(Deserialize)]
struct Labels {
    #[serde(rename = "croft.app")]
    app: Option<String>,
    #[serde(rename = "croft.service")]
    service: Option<String>,
    #[serde(rename = "croft.plan")]
    plan: Option<String>,
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
    labels: Option<Labels>,
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
    let path = format!("{}/containers/json?all=true&filters={filter}", wire::DOCKER);
    let listed: Option<Vec<Entry>> = read(podman, &path, MAX_LIST).await?;
    let known = listed.unwrap_or_default().into_iter().filter_map(known);
    let inspected = stream::iter(known).map(async |known| {
        let path = format!("{}/containers/{}/json", wire::DOCKER, known.id);
        match read::<Inspected>(podman, &path, wire::MAX_ANSWER).await {
            // One that went meanwhile is not there.
            Ok(inspected) => Ok(inspected.and_then(seen)),
            // Then nothing is known of any.
            Err(error @ EngineError::Away { .. }) => Err(error),
            Err(error) => Ok(Some(unseen(known, &error))),
        }
    });
    let containers: Vec<Option<SeenContainer>> = inspected.buffered(TOGETHER).try_collect().await?;
    let mut containers: Vec<SeenContainer> = containers.into_iter().flatten().collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let networks = networks::list(&podman.socket).await?.into_iter().map(|(_, network)| network).collect();
    let images = image::list(podman).await?.iter().map(image::held).collect();
    Ok(Seen { containers, networks, images })
}

/// What the engine has at a path; none where it has nothing.
async fn read<T: DeserializeOwned>(podman: &Podman, path: &str, most_bytes: usize) -> Result<Option<T>, EngineError> {
    let answer = wire::ask_much(&podman.socket, Method::GET, path, None, ("look at containers", STEP), most_bytes).await?;
    if answer.status == StatusCode::NOT_FOUND {
        return Ok(None);
    }
    let bytes = answer.good().map_err(|error| EngineError::Look { source: error.into() })?;
    serde_json::from_slice(&bytes).map(Some).map_err(|error| EngineError::Look { source: error.into() })
}

/// A container by its entry alone; none where that is not as it should be.
fn known(entry: Entry) -> Option<SeenContainer> {
    let known = match entry {
        Entry::Container(listed) => {
            let name = listed.names.first().map(String::as_str).unwrap_or_default();
            by_labels(&listed.id, name, listed.labels, listed.image)
        }
        Entry::Other(_) => None,
    };
    if known.is_none() {
        tracing::warn!("the engine lists a container that is not to be understood; it is left out");
    }
    known
}

/// A container that could not be looked at: where the engine is busy with it for long, it is left alone; else it must be made anew.
fn unseen(known: SeenContainer, error: &EngineError) -> SeenContainer {
    let why = std::error::Error::source(error).map(ToString::to_string).unwrap_or_default();
    tracing::warn!(container = %known.name, %error, %why, "a container cannot be looked at");
    let state = if matches!(error, EngineError::TooLong { .. }) { ContainerState::Changing } else { ContainerState::Broken };
    SeenContainer { state, ..known }
}

fn by_labels(id: &str, name: &str, labels: Labels, image: Option<String>) -> Option<SeenContainer> {
    Some(SeenContainer {
        id: id.parse().ok()?,
        name: name.trim_start_matches('/').parse().ok()?,
        app: labels.app?.parse().ok()?,
        service: labels.service?.parse().ok()?,
        plan: labels.plan?,
        state: ContainerState::Broken,
        restarts: 0,
        addresses: vec![],
        image: image.and_then(|image| image.parse::<ImageReference>().ok()?.digest().cloned()),
    })
}

/// What is known of a container; none where its labels are not ours, whoever wrote them.
fn seen(container: Inspected) -> Option<SeenContainer> {
    let addresses = container.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let addresses = addresses.into_values().flat_map(|endpoint| [endpoint.address, endpoint.address6]);
    Some(SeenContainer {
        state: state(container.state.as_ref()),
        restarts: container.restart_count,
        addresses: addresses.flatten().filter_map(|address| address.parse().ok()).collect(),
        ..by_labels(&container.id, &container.name, container.config.labels?, container.config.image)?
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
    use super::{super::stub::Stub, *};

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

    #[tokio::test]
    async fn one_container_that_cannot_be_read_blinds_nobody() {
        use ContainerState::{Broken, Created};
        let id = |number: u8| format!("{number:02x}").repeat(32);
        let labels = |service: &str| format!(r#"{{"croft.app":"photos","croft.service":"{service}","croft.plan":"1","other":"x"}}"#);
        let entry = |number: u8, service: &str| {
            let (id, labels) = (id(number), labels(service));
            format!(r#"{{"Id":"{id}","Names":["/photos-{service}"],"Image":"x","Labels":{labels}}}"#)
        };
        let whole = move |number: u8, service: &str| {
            let (id, labels) = (id(number), labels(service));
            format!(
                r#"{{"Id":"{id}","Name":"/photos-{service}","Config":{{"Image":"x","Labels":{labels}}},"State":{{"Status":"created"}}}}"#
            )
        };
        let services = ["a", "b", "c", "d", "gone"];
        let entries = (1..).zip(services).map(|(number, service)| entry(number, service));
        let strange = [r#"{"Id":7,"Names":null}"#.to_owned(), "3".to_owned(), entry(6, "../x")];
        let list = format!("[{}]", strange.into_iter().chain(entries).collect::<Vec<_>>().join(","));
        let engine = Stub::start(move |path| match path {
            path if path.contains("/containers/json") => (200, list.clone()),
            path if path.contains(&id(1)) => (200, whole(1, "a")),
            path if path.contains(&id(2)) => (200, r#"{"Id":["#.into()),
            path if path.contains(&id(3)) => (200, format!(r#"{{"Id":"{}"}}"#, "x".repeat(wire::MAX_ANSWER))),
            path if path.contains(&id(4)) => (500, r#"{"message":"no"}"#.into()),
            path if path.contains("/containers/") => (404, "{}".into()),
            path if path.contains("/version") => (200, r#"{"ApiVersion":"1.41"}"#.into()),
            _ => (200, "[]".into()),
        });
        let seen = look(&engine.podman()).await.unwrap();
        let found: Vec<_> = seen.containers.iter().map(|seen| (seen.name.as_str(), seen.service.as_str(), seen.state.clone())).collect();
        let expected = [("photos-a", "a", Created), ("photos-b", "b", Broken), ("photos-c", "c", Broken), ("photos-d", "d", Broken)];
        assert_eq!(found, expected);
    }

    #[test]
    fn what_the_engine_is_busy_with_for_long_is_left_alone() {
        let listed = format!(
            r#"{{"Id":"{}","Names":["/photos-web"],"Labels":{{"croft.app":"photos","croft.service":"web","croft.plan":"1"}}}}"#,
            "0a".repeat(32)
        );
        let container = known(serde_json::from_str(&listed).unwrap()).unwrap();
        let late = EngineError::TooLong { step: "look at containers", limit: STEP };
        assert_eq!(unseen(container.clone(), &late).state, ContainerState::Changing);
        assert_eq!(unseen(container, &EngineError::Look { source: "no".into() }).state, ContainerState::Broken);
    }
}
