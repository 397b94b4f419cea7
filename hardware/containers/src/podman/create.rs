//! A wish in the engine's words. Everything is said, so that nothing comes of defaults.

use std::{collections::HashMap, net::IpAddr, path::Path};

use bollard::{
    models::{
        ContainerCreateBody, DeviceMapping, EndpointIpamConfig, EndpointSettings, HealthConfig, HostConfig, HostConfigLogConfig,
        NetworkingConfig, ResourcesUlimits, RestartPolicy, RestartPolicyNameEnum,
    },
    query_parameters::CreateContainerOptionsBuilder,
};
use croft_model::Bytes;

use super::{APP, PLAN, Podman, SERVICE, SLOW_STEP, meaning, networks, wire};
use crate::{Access, ContainerId, ContainerWish, EngineError, Ids, Init, Mount, Networking, Restart, Root, Terminal, Trust, UserNamespace};

/// Bytes of all texts of a wish; the engine takes more, and nobody needs it.
const MAX_TEXT: usize = 256 * 1024;
/// Least memory; below it crun itself does not start.
const LEAST_MEMORY: Bytes = Bytes(16 * 1024 * 1024);
/// Most times that the engine starts it again by itself.
const MAX_RESTARTS: u32 = 100;
/// Memory of `/tmp` and `/run` where the rest cannot be written.
const SCRATCH: Bytes = Bytes(64 * 1024 * 1024);

pub(super) async fn create(podman: &Podman, wish: &ContainerWish) -> Result<ContainerId, EngineError> {
    check(wish)?;
    let options = CreateContainerOptionsBuilder::default().name(wish.name.as_str()).build();
    let docker = podman.docker().await?;
    let made = tokio::time::timeout(SLOW_STEP, docker.create_container(Some(options), body(wish))).await;
    let made = made.map_err(|_| EngineError::TooLong { step: "make a container", limit: SLOW_STEP })?;
    let failed = |source| EngineError::Create { name: wish.name.to_string(), source };
    let made = made.map_err(|error| match error {
        bollard::errors::Error::DockerResponseServerError { status_code: 409, .. } => EngineError::Taken { what: "container" },
        // Podman answers so when the name is taken, too.
        bollard::errors::Error::DockerResponseServerError { message, .. } if message.contains("already in use") => {
            EngineError::Taken { what: "container" }
        }
        error => meaning(error, failed),
    })?;
    for said in &made.warnings {
        tracing::warn!(container = %wish.name, said = %wire::plain(said), "the engine does not do all of what was wished");
    }
    Ok(made.id.parse()?)
}

fn body(wish: &ContainerWish) -> ContainerCreateBody {
    let mut labels: HashMap<String, String> = wish.labels.clone().into_iter().collect();
    labels.extend([
        (APP.to_owned(), wish.app.to_string()),
        (SERVICE.to_owned(), wish.service.to_string()),
        (PLAN.to_owned(), wish.plan.clone()),
    ]);
    let network = networks::name(&wish.app);
    let networking_config = match &wish.networking {
        Networking::App { aliases, address } => {
            let aliases = [wish.service.to_string()].into_iter().chain(aliases.iter().cloned()).collect();
            let ipam_config = address.map(|address| EndpointIpamConfig { ipv4_address: Some(address.to_string()), ..Default::default() });
            let endpoint = EndpointSettings { aliases: Some(aliases), ipam_config, ..Default::default() };
            Some(NetworkingConfig { endpoints_config: Some(HashMap::from([(network, endpoint)])) })
        }
        Networking::None | Networking::Machine => None,
    };
    ContainerCreateBody {
        image: Some(wish.image.exact()),
        entrypoint: wish.entrypoint.clone(),
        cmd: wish.command.clone(),
        env: Some(wish.environment.iter().map(|(name, value)| format!("{name}={value}")).collect()),
        user: wish.user.clone(),
        working_dir: wish.working_dir.clone(),
        hostname: wish.hostname.clone(),
        tty: Some(wish.terminal == Terminal::One),
        open_stdin: Some(wish.terminal == Terminal::One),
        stop_signal: wish.stop_signal.clone(),
        // Podman would leave it to timers of systemd.
        healthcheck: Some(HealthConfig { test: Some(vec!["NONE".into()]), ..Default::default() }),
        labels: Some(labels),
        host_config: Some(host(wish)),
        networking_config,
        ..Default::default()
    }
}

fn host(wish: &ContainerWish) -> HostConfig {
    let (privileged, cap_add) = match &wish.trust {
        Trust::Contained { capabilities } => (false, capabilities.clone()),
        Trust::Privileged => (true, vec![]),
    };
    let contained = !privileged;
    let number = |bytes: Bytes| i64::try_from(bytes.0).unwrap_or(i64::MAX);
    HostConfig {
        network_mode: Some(match wish.networking {
            Networking::App { .. } => networks::name(&wish.app),
            Networking::None => "none".into(),
            Networking::Machine => "host".into(),
        }),
        userns_mode: Some(match wish.users {
            UserNamespace::Auto => "auto".into(),
            UserNamespace::Machine => "host".into(),
        }),
        privileged: Some(privileged),
        cap_drop: contained.then(|| vec!["ALL".into()]),
        cap_add: contained.then_some(cap_add),
        security_opt: contained.then(|| vec!["no-new-privileges".into()]),
        readonly_rootfs: Some(wish.root == Root::ReadOnly),
        binds: Some(wish.mounts.iter().filter_map(bind).collect()),
        tmpfs: Some(memory(wish)),
        devices: Some(
            wish.devices
                .iter()
                .map(|device| DeviceMapping {
                    path_on_host: Some(device.source.to_string_lossy().into_owned()),
                    path_in_container: Some(device.target.clone()),
                    cgroup_permissions: Some(if device.access == Access::Write { "rw".into() } else { "r".into() }),
                })
                .collect(),
        ),
        group_add: Some(wish.groups.iter().map(u32::to_string).collect()),
        extra_hosts: Some(wish.hosts.iter().map(|(name, address)| host_line(name, address)).collect()),
        memory: Some(number(wish.limits.memory)),
        // As much with swap as without: none.
        memory_swap: Some(number(wish.limits.memory)),
        nano_cpus: wish.limits.cpu_thousandths.map(|thousandths| i64::from(thousandths) * 1_000_000),
        pids_limit: Some(i64::from(wish.limits.processes)),
        shm_size: Some(number(wish.limits.shared_memory)),
        init: Some(wish.init == Init::Engine),
        restart_policy: Some(match wish.restart {
            Restart::Never => RestartPolicy { name: Some(RestartPolicyNameEnum::NO), maximum_retry_count: None },
            Restart::OnFailure { most } => {
                RestartPolicy { name: Some(RestartPolicyNameEnum::ON_FAILURE), maximum_retry_count: Some(i64::from(most)) }
            }
        }),
        log_config: Some(HostConfigLogConfig {
            typ: Some("k8s-file".into()),
            config: Some(HashMap::from([("max-size".into(), wish.log.0.to_string())])),
        }),
        sysctls: Some(wish.sysctls.clone().into_iter().collect()),
        ulimits: Some(
            wish.ulimits
                .iter()
                .map(|limit| ResourcesUlimits { name: Some(limit.name.clone()), soft: Some(limit.soft), hard: Some(limit.hard) })
                .collect(),
        ),
        ipc_mode: Some("private".into()),
        ..Default::default()
    }
}

fn host_line(name: &str, address: &IpAddr) -> String {
    format!("{name}:{address}")
}

fn bind(mount: &Mount) -> Option<String> {
    let Mount::Bind { source, target, access, ids } = mount else { return None };
    let access = if *access == Access::Write { "rw" } else { "ro" };
    let ids = if *ids == Ids::Mapped { ",idmap" } else { "" };
    Some(format!("{}:{target}:{access},rbind,nosuid,nodev{ids}", source.display()))
}

fn memory(wish: &ContainerWish) -> HashMap<String, String> {
    let options = |size: Bytes| format!("rw,nosuid,nodev,mode=1777,size={}", size.0);
    let mut wanted = HashMap::new();
    if wish.root == Root::ReadOnly {
        wanted.extend(["/tmp", "/run"].map(|target| (target.to_owned(), options(SCRATCH))));
    }
    for mount in &wish.mounts {
        match mount {
            Mount::Bind { target, .. } => drop(wanted.remove(target)),
            Mount::Memory { target, size } => drop(wanted.insert(target.clone(), options(*size))),
        }
    }
    wanted
}

pub(crate) fn check(wish: &ContainerWish) -> Result<(), EngineError> {
    let wrong = |what, why: &str| Err(EngineError::Wish { what, why: why.into() });
    if wish.image.digest().is_none() {
        return wrong("the image", "it is not named by its digest");
    }
    let targets = wish.mounts.iter().map(|mount| match mount {
        Mount::Bind { target, .. } | Mount::Memory { target, .. } => target.as_str(),
    });
    let sources = wish.mounts.iter().filter_map(|mount| match mount {
        Mount::Bind { source, .. } => source.to_str().or(Some("")),
        Mount::Memory { .. } => None,
    });
    let devices = wish.devices.iter().flat_map(|device| [device.source.to_str().unwrap_or_default(), device.target.as_str()]);
    if !targets.chain(sources).chain(devices).all(is_path) {
        return wrong("a path", "it is not absolute and plain, or has a colon or comma, which mean something else to the engine");
    }
    let is_name = |name: &str| !name.is_empty() && !name.contains(['=', '\0', '\n']);
    if !wish.environment.keys().all(|name| is_name(name)) || wish.environment.values().any(|value| value.contains('\0')) {
        return wrong("the environment", "a name is empty or has an equals sign, or a value has a byte of nothing");
    }
    let is_host = |name: &String| !name.is_empty() && name.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'.' | b'_'));
    let aliases: &[String] = if let Networking::App { aliases, .. } = &wish.networking { aliases } else { &[] };
    if !wish.hosts.keys().chain(aliases).chain(&wish.hostname).all(is_host) {
        return wrong("a name of a host", "it has other characters than letters, digits, dots, dashes and underscores");
    }
    if let Trust::Contained { capabilities } = &wish.trust
        && !capabilities.iter().all(|name| !name.is_empty() && name.bytes().all(|b| b.is_ascii_uppercase() || b == b'_') && name != "ALL")
    {
        return wrong("a capability", "it is not one by its name");
    }
    if wish.limits.memory < LEAST_MEMORY || wish.limits.processes == 0 || wish.log.0 == 0 {
        return wrong("a limit", "it is too low for anything to run");
    }
    if matches!(wish.restart, Restart::OnFailure { most } if !(1..=MAX_RESTARTS).contains(&most)) {
        return wrong("the restart", "the engine tries 1 to 100 times");
    }
    if wish.trust == Trust::Privileged && wish.users == UserNamespace::Auto {
        return wrong("the trust", "what can do everything has the machine's users");
    }
    let texts =
        wish.environment.iter().chain(&wish.labels).chain(&wish.sysctls).map(|(name, value)| name.len() + value.len()).sum::<usize>();
    let words = wish.command.iter().chain(&wish.entrypoint).flatten().map(String::len).sum::<usize>();
    if texts + words > MAX_TEXT { wrong("the wish", "it is too long") } else { Ok(()) }
}

/// Whether a path is absolute, without a way back, and means itself in the engine's lists.
fn is_path(text: &str) -> bool {
    let path = Path::new(text);
    let plain = path.components().all(|part| matches!(part, std::path::Component::RootDir | std::path::Component::Normal(_)));
    path.is_absolute() && plain && !text.contains([':', ',']) && !text.contains(char::is_control)
}

#[cfg(test)]
#[path = "create_tests.rs"]
mod tests;
