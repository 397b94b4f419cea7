//! What there is: containers by their labels, each looked at.

use std::collections::HashMap;

use bollard::{
    models::{ContainerInspectResponse, ContainerState as State, ContainerStateStatusEnum as Status},
    query_parameters::{InspectContainerOptions, ListContainersOptionsBuilder},
};
use futures_util::{StreamExt, TryStreamExt, stream};
use jiff::Timestamp;

use super::{APP, PLAN, Podman, SERVICE, STEP, image, networks, within};
use crate::{ContainerState, EngineError, ImageReference, Seen, SeenContainer};

/// Containers that are looked at together.
const TOGETHER: usize = 8;

pub(super) async fn look(podman: &Podman) -> Result<Seen, EngineError> {
    let filters = HashMap::from([("label", vec![APP])]);
    let options = ListContainersOptionsBuilder::default().all(true).filters(&filters).build();
    let docker = podman.docker().await?;
    let listed = within("look at containers", STEP, docker.list_containers(Some(options)), |source| EngineError::Look { source }).await?;
    let ids: Vec<String> = listed.into_iter().filter_map(|container| container.id).collect();
    let inspected = stream::iter(ids).map(async |id| {
        let inspected = docker.inspect_container(&id, None::<InspectContainerOptions>);
        match within("look at a container", STEP, inspected, |source| EngineError::Look { source }).await {
            // It went meanwhile.
            Err(EngineError::Missing { .. }) => Ok(None),
            Err(error) => Err(error),
            Ok(container) => Ok(seen(container)),
        }
    });
    let containers: Vec<Option<SeenContainer>> = inspected.buffered(TOGETHER).try_collect().await?;
    let mut containers: Vec<SeenContainer> = containers.into_iter().flatten().collect();
    containers.sort_by(|a, b| a.name.cmp(&b.name));
    let networks = networks::list(&podman.socket).await?.into_iter().map(|(_, network)| network).collect();
    let images = image::list(podman).await?.iter().map(image::held).collect();
    Ok(Seen { containers, networks, images })
}

/// What is known of a container; none where its labels are not ours, whoever wrote them.
fn seen(container: ContainerInspectResponse) -> Option<SeenContainer> {
    let config = container.config?;
    let labels = config.labels?;
    let addresses = container.network_settings.and_then(|settings| settings.networks).unwrap_or_default();
    let addresses = addresses.into_values().flat_map(|endpoint| [endpoint.ip_address, endpoint.global_ipv6_address]);
    Some(SeenContainer {
        id: container.id?.parse().ok()?,
        name: container.name?.trim_start_matches('/').parse().ok()?,
        app: labels.get(APP)?.parse().ok()?,
        service: labels.get(SERVICE)?.parse().ok()?,
        plan: labels.get(PLAN)?.clone(),
        state: state(container.state.as_ref()),
        restarts: container.restart_count.and_then(|count| u64::try_from(count).ok()).unwrap_or_default(),
        addresses: addresses.flatten().filter_map(|address| address.parse().ok()).collect(),
        image: config.image.and_then(|image| image.parse::<ImageReference>().ok()?.digest().cloned()),
    })
}

fn state(state: Option<&State>) -> ContainerState {
    let Some(state) = state else { return ContainerState::Broken };
    let time = |text: &Option<String>| text.as_deref().and_then(|text| text.parse::<Timestamp>().ok()).filter(|time| time.as_second() > 0);
    match state.status {
        Some(Status::CREATED) => ContainerState::Created,
        Some(Status::RUNNING) => ContainerState::Running { since: time(&state.started_at).unwrap_or_default() },
        Some(Status::RESTARTING | Status::REMOVING | Status::PAUSED | Status::STOPPING) => ContainerState::Changing,
        Some(Status::EXITED) => ContainerState::Exited {
            code: state.exit_code.unwrap_or_default(),
            at: time(&state.finished_at),
            starved: state.oom_killed.unwrap_or_default(),
        },
        Some(Status::DEAD | Status::EMPTY) | None => ContainerState::Broken,
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
