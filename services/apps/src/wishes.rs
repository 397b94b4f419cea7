//! What an app consists of, as containers. Pure: the same app gives the same wishes, and their hash tells what has changed.

use std::{
    collections::BTreeMap,
    net::{IpAddr, Ipv4Addr},
    path::Path,
    time::Duration,
};

use aws_lc_rs::digest::{SHA256, digest};
use croft_catalog::{self as catalog, AppSpec, Capability, HealthTest, HostAddress, Known, Network, Source, Template, Variable};
use croft_containers::{
    Access, AppName, ContainerName, ContainerWish, Ids, ImageReference, Init, Limits, Mount, NetworkNumber, NetworkWish, Networking,
    Resolving, Restart, Root, ServiceName, Terminal, Trust, Ulimit, UserNamespace,
};
use croft_model::{AppId, Bytes, HostedApp, WayOut};
use ipnet::Ipv4Net;

use crate::{records::AppRecord, shelf};

/// The first two bytes of every app's network; the third is the app's. Homes seldom have it, and no other container software begins there.
const NETWORKS: [u8; 2] = [10, 213];
const NETWORK_BITS: u8 = 24;
/// Servers of names for an app that is open. The engine asks the machine's own resolver in its place where it has one.
const RESOLVERS: [IpAddr; 1] = [IpAddr::V4(Ipv4Addr::new(127, 0, 0, 53))];
/// What a part may take that says nothing of it: a small box has 2 to 8 GiB in all.
const MEMORY: Bytes = Bytes(1024 * 1024 * 1024);
const PROCESSES: u32 = 512;
const SHARED_MEMORY: Bytes = Bytes(64 * 1024 * 1024);
/// The most that a part may say it needs.
const MOST_MEMORY: u64 = 64 * 1024 * 1024 * 1024;
const MOST_PROCESSES: u32 = 8192;
/// Memory in a mount that says nothing of it.
const TEMPORARY: Bytes = Bytes(64 * 1024 * 1024);
/// Of its words, each part keeps so much.
const LOG: Bytes = Bytes(10 * 1024 * 1024);
/// How often the engine starts again what has failed; then the role does, at longer and longer intervals.
const RESTARTS: u32 = 3;
/// Time to end in, for what says nothing of it.
pub(crate) const GRACE: Duration = Duration::from_secs(10);
/// Powers of root over a part's own files, users and ports, which nearly every image takes for granted while it starts.
pub(crate) const CAPABILITIES: [&str; 10] =
    ["CHOWN", "DAC_OVERRIDE", "FOWNER", "FSETID", "KILL", "NET_BIND_SERVICE", "SETFCAP", "SETGID", "SETPCAP", "SETUID"];
/// Whom an app's data belongs to that is told who it is.
const APP_USER: &str = "1000";
/// Port of the encrypted door.
const PORT: &str = "443";
/// Letters of a hash that tell one wish from another.
const PLAN_BYTES: usize = 16;

/// What the wishes need to know of the box.
pub(crate) struct Ground<'a> {
    /// Where the engine reaches the folder of all apps.
    pub(crate) apps: &'a Path,
    /// The box's host label.
    pub(crate) box_host: &'a str,
    /// Its time zone.
    pub(crate) zone: &'a str,
}

/// What an app shall be.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Wishes {
    pub(crate) network: NetworkWish,
    /// By service.
    pub(crate) containers: BTreeMap<catalog::ServiceName, ContainerWish>,
}

/// The address of the machine in an app's network.
pub(crate) fn gateway(network: u8) -> Ipv4Addr {
    let [a, b] = NETWORKS;
    Ipv4Addr::new(a, b, network, 1)
}

/// How long a part may take to end.
pub(crate) fn grace(part: &catalog::Service) -> Duration {
    part.stop.grace_seconds.map_or(GRACE, |seconds| Duration::from_secs(seconds.into()))
}

/// The containers and the network of an app, or why there are none.
pub(crate) fn of(id: &AppId, record: &AppRecord, hosted: &HostedApp, ground: &Ground<'_>) -> Result<Wishes, String> {
    let app: AppName = id.as_str().parse().map_err(|error| format!("{id}: {error}"))?;
    let values = Values::new(id, record, hosted, ground);
    let [a, b] = NETWORKS;
    let subnet = Ipv4Net::new(Ipv4Addr::new(a, b, record.network, 0), NETWORK_BITS).map_err(|error| error.to_string())?;
    let resolving = match hosted.way_out {
        WayOut::Closed => Resolving::Closed,
        WayOut::Open => Resolving::By(RESOLVERS.to_vec()),
    };
    let network = NetworkWish { app: app.clone(), number: NetworkNumber(record.network.into()), subnet, subnet6: None, resolving };
    let mut containers = BTreeMap::new();
    for (name, part) in &record.spec.services {
        let wish =
            container(&app, (id, name, part), record, &values, ground).map_err(|why| format!("The part {name} cannot be made: {why}."))?;
        containers.insert(name.clone(), wish);
    }
    Ok(Wishes { network, containers })
}

fn container(
    app: &AppName,
    (id, name, part): (&AppId, &catalog::ServiceName, &catalog::Service),
    record: &AppRecord,
    values: &Values<'_>,
    ground: &Ground<'_>,
) -> Result<ContainerWish, String> {
    let service: ServiceName = name.as_str().parse().map_err(said)?;
    let container: ContainerName = format!("croft-{id}.{name}").parse().map_err(said)?;
    let image: ImageReference = part.image.to_string().parse().map_err(said)?;
    let digest = record.digests.get(name).ok_or("its image was not fetched")?;
    let list = |texts: &Option<Vec<Template>>| texts.as_ref().map(|texts| texts.iter().map(|text| values.fill(text)).collect()).transpose();
    let mut environment = BTreeMap::new();
    for (key, text) in &part.environment {
        environment.insert(key.as_str().to_owned(), values.fill(text)?);
    }
    let mut hosts = BTreeMap::new();
    for (host, address) in &part.extra_hosts {
        let address = match address {
            HostAddress::Gateway => IpAddr::V4(gateway(record.network)),
            HostAddress::Address { address } => *address,
        };
        hosts.insert(host.as_str().to_owned(), address);
    }
    let mut wish = ContainerWish {
        name: container,
        app: app.clone(),
        service,
        plan: String::new(),
        image: image.pinned(digest.clone()),
        entrypoint: list(&part.entrypoint)?,
        command: list(&part.command)?,
        environment,
        mounts: mounts((id, name, part), ground)?,
        networking: match part.network {
            Network::None => Networking::None,
            Network::Own => {
                Networking::App { aliases: part.aliases.iter().map(|alias| alias.as_str().to_owned()).collect(), address: None }
            }
            Network::Host | Network::Of { .. } => return Err("its network is not one that a box gives".into()),
        },
        hosts,
        user: part.user.as_ref().map(|user| values.fill(user)).transpose()?.filter(|user| !user.is_empty()),
        groups: part.groups.iter().filter_map(|group| group.as_str().parse().ok()).collect(),
        working_dir: part.working_dir.as_ref().map(|path| path.as_str().to_owned()),
        hostname: part.hostname.as_ref().map(|host| host.as_str().to_owned()),
        users: UserNamespace::Auto,
        trust: Trust::Contained { capabilities: capabilities(part) },
        root: if part.read_only_root { Root::ReadOnly } else { Root::Writable },
        devices: Vec::new(),
        limits: limits(&part.limits),
        init: if part.init { Init::Engine } else { Init::Own },
        stop_signal: part.stop.signal.as_ref().map(|signal| signal.as_str().to_owned()),
        restart: match part.restart {
            catalog::Restart::Never => Restart::Never,
            catalog::Restart::Always | catalog::Restart::OnFailure => Restart::OnFailure { most: RESTARTS },
        },
        labels: BTreeMap::new(),
        log: LOG,
        sysctls: part.sysctls.clone(),
        ulimits: part.ulimits.iter().map(|(name, limit)| Ulimit { name: name.clone(), soft: limit.soft, hard: limit.hard }).collect(),
        terminal: if part.tty { Terminal::One } else { Terminal::None },
    };
    let written: Vec<String> = part.files.iter().map(|file| values.fill(&file.content)).collect::<Result<_, _>>()?;
    let hash = digest_of(&format!("{wish:?} {written:?}"));
    wish.plan = hash;
    Ok(wish)
}

fn digest_of(text: &str) -> String {
    let mut hash = hex::encode(digest(&SHA256, text.as_bytes()));
    hash.truncate(PLAN_BYTES);
    hash
}

fn said(error: impl std::fmt::Display) -> String {
    error.to_string()
}

fn mounts((id, name, part): (&AppId, &catalog::ServiceName, &catalog::Service), ground: &Ground<'_>) -> Result<Vec<Mount>, String> {
    let mut mounts = Vec::new();
    for mount in &part.mounts {
        let (target, access) = (mount.target.as_str().to_owned(), if mount.read_only { Access::Read } else { Access::Write });
        mounts.push(match &mount.source {
            Source::AppData { path } => Mount::Bind { source: shelf::data_path(ground.apps, id, path), target, access, ids: Ids::Mapped },
            Source::Temporary { size_bytes } => Mount::Memory { target, size: size_bytes.map_or(TEMPORARY, Bytes) },
            Source::Space { .. } | Source::Exported { .. } | Source::Host { .. } => return Err(format!("{target} is not lent to apps")),
        });
    }
    for (number, file) in part.files.iter().enumerate() {
        let source = shelf::written_path(ground.apps, id, (name, number));
        mounts.push(Mount::Bind { source, target: file.target.as_str().to_owned(), access: Access::Read, ids: Ids::Mapped });
    }
    Ok(mounts)
}

fn capabilities(part: &catalog::Service) -> Vec<String> {
    let drops = |name: &str| part.cap_drop.iter().any(|dropped| matches!(dropped.as_str(), "ALL") || dropped.as_str() == name);
    let given = CAPABILITIES.iter().filter(|name| !drops(name)).map(|name| (*name).to_owned());
    let mut all: Vec<String> = given.chain(part.cap_add.iter().map(Capability::as_str).map(str::to_owned)).collect();
    all.sort();
    all.dedup();
    all
}

fn limits(wanted: &catalog::Limits) -> Limits {
    Limits {
        memory: wanted
            .memory_bytes
            .map_or(MEMORY.0.max(wanted.memory_wanted_bytes.unwrap_or(0)), |bytes| bytes)
            .min(MOST_MEMORY)
            .into_bytes(),
        cpu_thousandths: wanted.cpu_thousandths,
        processes: wanted.pids.unwrap_or(PROCESSES).min(MOST_PROCESSES),
        shared_memory: wanted.shm_bytes.map_or(SHARED_MEMORY, Bytes),
    }
}

trait IntoBytes {
    fn into_bytes(self) -> Bytes;
}

impl IntoBytes for u64 {
    fn into_bytes(self) -> Bytes {
        Bytes(self)
    }
}

/// Files that come with the manifest, filled in, by service and number, with their modes.
pub(crate) fn written(
    id: &AppId,
    record: &AppRecord,
    hosted: &HostedApp,
    ground: &Ground<'_>,
) -> Result<Vec<(catalog::ServiceName, usize, String, u32)>, String> {
    let values = Values::new(id, record, hosted, ground);
    let files =
        record.spec.services.iter().flat_map(|(name, part)| part.files.iter().enumerate().map(move |(number, file)| (name, number, file)));
    files.map(|(name, number, file)| Ok((name.clone(), number, values.fill(&file.content)?, file.mode))).collect()
}

/// How a part is asked how it is; none where nobody can.
pub(crate) fn check(
    id: &AppId,
    record: &AppRecord,
    hosted: &HostedApp,
    ground: &Ground<'_>,
    name: &catalog::ServiceName,
) -> Option<Vec<String>> {
    let values = Values::new(id, record, hosted, ground);
    let argv = match &record.spec.services.get(name)?.health.as_ref()?.test {
        HealthTest::Program { argv } => argv.iter().map(|text| values.fill(text)).collect::<Result<_, _>>(),
        HealthTest::Shell { line } => values.fill(line).map(|line| vec!["/bin/sh".into(), "-c".into(), line]),
        HealthTest::Never | HealthTest::Image => return None,
    };
    argv.ok()
}

/// What stands behind the names of an app's texts.
struct Values<'a> {
    spec: &'a AppSpec,
    declared: BTreeMap<&'a str, &'a str>,
    known: BTreeMap<&'static str, String>,
}

impl<'a> Values<'a> {
    fn new(id: &AppId, record: &'a AppRecord, hosted: &'a HostedApp, ground: &Ground<'_>) -> Self {
        let filled = hosted.values.iter().chain(&record.secrets);
        let declared = filled.map(|(key, value)| (key.as_str(), value.as_str())).collect();
        let host = id.host(ground.box_host);
        let known = Known::ALL.iter().map(|known| {
            let value = match known {
                Known::AppHost => host.clone(),
                Known::AppPort => PORT.to_owned(),
                Known::AppScheme => "https".to_owned(),
                Known::AppOrigin => format!("https://{host}"),
                // The address changes with the home's router, and the name does not.
                Known::BoxHost | Known::BoxAddress => format!("{}.local", ground.box_host),
                Known::BoxName => ground.box_host.to_owned(),
                Known::BoxGateway => gateway(record.network).to_string(),
                Known::BoxTimezone => ground.zone.to_owned(),
                Known::AppUser | Known::AppGroup => APP_USER.to_owned(),
            };
            (known.word(), value)
        });
        Self { spec: &record.spec, declared, known: known.collect() }
    }

    fn fill(&self, text: &Template) -> Result<String, String> {
        // A setting that nobody filled in has its default, which may name what is known or a secret, and no other default.
        let mut defaults = BTreeMap::new();
        for setting in &self.spec.settings {
            let key = setting.key.as_str();
            if !self.declared.contains_key(key) {
                let default =
                    setting.default.as_ref().map(|default| default.fill(&|variable| self.value(variable))).transpose().map_err(said)?;
                defaults.insert(key, default.unwrap_or_default());
            }
        }
        let value = |variable: &Variable| match variable {
            Variable::Declared(name) => self.value(variable).or_else(|| defaults.get(name.as_str()).map(String::as_str)),
            Variable::Known(_) => self.value(variable),
        };
        text.fill(&value).map_err(said)
    }

    fn value(&self, variable: &Variable) -> Option<&str> {
        match variable {
            Variable::Known(known) => self.known.get(known.word()).map(String::as_str),
            Variable::Declared(name) => self.declared.get(name.as_str()).copied(),
        }
    }
}

/// The folders of an app's data that are mounted, each with the user whom a new one belongs to.
pub(crate) fn folders(spec: &AppSpec) -> Vec<(catalog::DataPath, u32)> {
    let parts = spec.services.values().flat_map(|part| {
        let text = part.user.as_ref().and_then(Template::as_text).unwrap_or_default();
        // A name of the image, or nothing: an image that begins as root takes its folders by itself.
        let owner = text.split(':').next().and_then(|user| user.parse().ok()).unwrap_or(0);
        part.mounts.iter().filter_map(move |mount| match &mount.source {
            Source::AppData { path } => Some((path.clone(), owner)),
            _ => None,
        })
    });
    parts.collect()
}
