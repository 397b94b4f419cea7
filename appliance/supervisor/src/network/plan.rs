//! What to do about addresses, name and clock of the machine. Pure.

use std::time::{Duration, Instant};

use croft_model::{
    Holding, Interface, InterfaceKind, NetworkSettings, Ntp, Settings, Severity, StaticAddress, TimeSettings, Warning, network_drives,
};
use croft_network::{Addressing, Announcement, Drives, TimeSource};
use jiff::Timestamp;

/// Time that the machine takes to find out whether a neighbour has its name already, with room to spare (RFC 6762 section 8.1).
const PROBING: Duration = Duration::from_secs(20);

/// What is wanted.
#[derive(Debug, Clone, PartialEq)]
pub(crate) struct Wanted {
    pub(crate) network: NetworkSettings,
    pub(crate) time: TimeSettings,
    pub(crate) host: String,
    /// None while identity has not said who the box is.
    pub(crate) announcement: Option<Announcement>,
}

/// What is seen; none where the machine did not say.
#[derive(Debug, Clone, Default)]
pub(crate) struct Seen {
    pub(crate) interfaces: Option<Vec<Interface>>,
    pub(crate) answers_as: Option<String>,
}

/// What was done by this process, and so holds.
#[derive(Debug, Clone, Default)]
pub(crate) struct Done {
    pub(crate) addressing: Option<Addressing>,
    /// With the time at which it was given.
    pub(crate) host: Option<(String, Instant)>,
    pub(crate) announcement: Option<Announcement>,
    pub(crate) zone: Option<String>,
    pub(crate) time: Option<TimeSource>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    Address(Addressing),
    Name(String),
    Announce(Announcement),
    Zone(String),
    TimeFrom(TimeSource),
}

/// What to do, and what people should know.
#[derive(Debug, Clone, Default, PartialEq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    /// After the steps the address is the wanted one: not where the machine says nothing, or lacks the interface that shall have it.
    pub(crate) addressed: bool,
    pub(crate) warnings: Vec<Warning>,
}

impl Wanted {
    /// Out of the settings, with the network settings that are in force.
    pub(crate) fn new(settings: &Settings, network: &NetworkSettings, id: Option<&str>) -> Self {
        let drives = network_drives(settings);
        let time_machines =
            drives.iter().filter(|drive| matches!(drive.holds, Holding::TimeMachine { .. })).map(|drive| drive.name.clone());
        let drives = (!drives.is_empty()).then(|| Drives { time_machines: time_machines.collect() });
        let announcement = id.map(|id| Announcement { id: id.into(), claimed: !settings.people.is_empty(), drives });
        Self { network: network.clone(), time: settings.time.clone(), host: settings.this_box.host.clone(), announcement }
    }
}

/// The plan at `now`, which `at` says to people.
pub(crate) fn plan((now, at): (Instant, Timestamp), wanted: &Wanted, seen: &Seen, done: &Done) -> Plan {
    let mut plan = Plan::default();
    let source = source(&wanted.time);
    // First, so that no other part of the system can hold up a way back.
    match fixed(wanted, seen, done) {
        Ok(fixed) => {
            plan.addressed = fixed.is_some() == wanted.network.static_address.is_some();
            let addressing = Addressing { fixed, router_time: source == TimeSource::Usual };
            if done.addressing.as_ref() != Some(&addressing) {
                plan.steps.push(Step::Address(addressing));
            }
        }
        // Nobody says which interfaces there are, so all stays as it is.
        Err(Unseen) => plan.warnings.push(unreadable(at)),
    }
    if done.host.as_ref().is_none_or(|(host, _)| *host != wanted.host) {
        plan.steps.push(Step::Name(wanted.host.clone()));
    }
    if done.zone.as_ref() != Some(&wanted.time.zone) {
        plan.steps.push(Step::Zone(wanted.time.zone.clone()));
    }
    if done.time.as_ref() != Some(&source) {
        plan.steps.push(Step::TimeFrom(source));
    }
    if wanted.announcement.is_some() && done.announcement != wanted.announcement {
        plan.steps.extend(wanted.announcement.clone().map(Step::Announce));
    }
    if let Some(fixed) = &wanted.network.static_address
        && seen.interfaces.as_ref().is_some_and(|interfaces| choose(fixed, interfaces, None).is_none())
    {
        plan.warnings.push(no_interface(fixed, at));
    }
    let settled = done.host.as_ref().is_some_and(|(host, since)| *host == wanted.host && now.saturating_duration_since(*since) >= PROBING);
    if let Some(other) = seen.answers_as.as_ref().filter(|name| settled && !name.eq_ignore_ascii_case(&wanted.host)) {
        plan.warnings.push(name_taken(&wanted.host, other, at));
    }
    plan
}

/// The machine does not say which interfaces it has.
struct Unseen;

/// The interface with the fixed address, if there is to be one.
fn fixed(wanted: &Wanted, seen: &Seen, done: &Done) -> Result<Option<(String, StaticAddress)>, Unseen> {
    let Some(fixed) = &wanted.network.static_address else { return Ok(None) };
    let interfaces = seen.interfaces.as_ref().ok_or(Unseen)?;
    let last = done.addressing.as_ref().and_then(|addressing| addressing.fixed.as_ref()).map(|(name, _)| name.as_str());
    Ok(choose(fixed, interfaces, last).map(|name| (name, fixed.clone())))
}

/// The named interface; else one with a cable, and among those the one that had the address last.
fn choose(fixed: &StaticAddress, interfaces: &[Interface], last: Option<&str>) -> Option<String> {
    let wired = interfaces.iter().filter(|interface| interface.kind == InterfaceKind::Ethernet);
    let chosen = match &fixed.interface {
        Some(name) => wired.clone().find(|interface| interface.name == *name),
        None => wired
            .clone()
            .max_by_key(|interface| (interface.carrier, Some(interface.name.as_str()) == last, std::cmp::Reverse(&interface.name))),
    };
    chosen.map(|interface| interface.name.clone())
}

fn source(time: &TimeSettings) -> TimeSource {
    match time.ntp {
        Ntp::Off => TimeSource::Nobody,
        Ntp::On if time.ntp_servers.is_empty() => TimeSource::Usual,
        Ntp::On => TimeSource::Servers(time.ntp_servers.clone()),
    }
}

fn warning(code: &str, severity: Severity, at: Timestamp, [title, meaning, action]: [String; 3]) -> Warning {
    Warning { code: code.into(), subject: String::new(), severity, title, meaning, action, lines: Vec::new(), depends_on: None, since: at }
}

fn unreadable(at: Timestamp) -> Warning {
    warning(
        "network-unreadable",
        Severity::Degraded,
        at,
        [
            "The box cannot see its network interfaces.".into(),
            "Its address stays as it is, and changes of it wait.".into(),
            "Restart the box. If this stays, look at `croft logs`.".into(),
        ],
    )
}

fn no_interface(fixed: &StaticAddress, at: Timestamp) -> Warning {
    let title = match &fixed.interface {
        Some(name) => format!("The box has no wired interface called {name}."),
        None => "The box has no wired interface.".into(),
    };
    warning(
        "network-interface-missing",
        Severity::Degraded,
        at,
        [
            title,
            format!("The fixed address {} is not in force; the router gives the address.", fixed.address.addr()),
            "Put the interface back, or change the address under Settings, Network.".into(),
        ],
    )
}

fn name_taken(wanted: &str, other: &str, at: Timestamp) -> Warning {
    warning(
        "host-name-taken",
        Severity::Degraded,
        at,
        [
            format!("Another machine in your network is called {wanted}.local already."),
            format!("The box answers as {other}.local for now, and browsers will complain about its certificate there."),
            "Give one of the two another name: for the box under Settings, Box.".into(),
        ],
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    fn interface(name: &str, kind: InterfaceKind, carrier: bool) -> Interface {
        Interface { name: name.into(), kind, carrier, mac: String::new(), addresses: Vec::new(), gateway: None, dns: Vec::new() }
    }

    fn fixed(interface: Option<&str>) -> StaticAddress {
        let address = "192.168.1.20/24".parse().expect("an address");
        StaticAddress { address, gateway: None, dns: Vec::new(), interface: interface.map(Into::into) }
    }

    fn wanted(fixed: Option<StaticAddress>) -> Wanted {
        let network = NetworkSettings { static_address: fixed };
        Wanted { network, ..Wanted::new(&Settings::default(), &NetworkSettings::default(), Some("ab12")) }
    }

    fn carried_out(plan: &Plan, at: Instant) -> Done {
        let mut done = Done::default();
        for step in plan.steps.clone() {
            match step {
                Step::Address(addressing) => done.addressing = Some(addressing),
                Step::Name(host) => done.host = Some((host, at)),
                Step::Announce(announcement) => done.announcement = Some(announcement),
                Step::Zone(zone) => done.zone = Some(zone),
                Step::TimeFrom(source) => done.time = Some(source),
            }
        }
        done
    }

    fn codes(plan: &Plan) -> Vec<&str> {
        plan.warnings.iter().map(|warning| warning.code.as_str()).collect()
    }

    #[test]
    fn everything_is_done_once_and_again_only_when_it_changes() {
        let now = (Instant::now(), Timestamp::UNIX_EPOCH);
        let seen = Seen { interfaces: Some(vec![interface("enp1s0", InterfaceKind::Ethernet, true)]), answers_as: Some("croft".into()) };
        let first = plan(now, &wanted(None), &seen, &Done::default());
        assert_eq!((first.steps.len(), codes(&first)), (5, vec![]));
        let done = carried_out(&first, now.0);
        assert_eq!(plan(now, &wanted(None), &seen, &done), Plan { addressed: true, ..Plan::default() });
        let moved = plan(now, &wanted(Some(fixed(None))), &seen, &done);
        let addressing = Addressing { fixed: Some(("enp1s0".into(), fixed(None))), router_time: true };
        assert_eq!(moved.steps, [Step::Address(addressing)]);
        let mut quiet = wanted(None);
        quiet.time.ntp = Ntp::Off;
        let silent = Addressing { fixed: None, router_time: false };
        assert_eq!(plan(now, &quiet, &seen, &done).steps, [Step::Address(silent), Step::TimeFrom(TimeSource::Nobody)]);
    }

    #[test]
    fn the_address_goes_where_the_cable_is_and_stays_there() {
        use InterfaceKind::{Ethernet, Wifi};
        let check = |named: Option<&str>, last: Option<&str>, there: &[(&str, InterfaceKind, bool)], expected: Option<&str>| {
            let there: Vec<_> = there.iter().map(|(name, kind, carrier)| interface(name, *kind, *carrier)).collect();
            assert_eq!(choose(&fixed(named), &there, last).as_deref(), expected, "{named:?} {last:?}");
        };
        check(None, None, &[("a", Ethernet, false), ("b", Ethernet, true)], Some("b"));
        check(None, None, &[("a", Ethernet, true), ("b", Ethernet, true)], Some("a"));
        check(None, Some("b"), &[("a", Ethernet, true), ("b", Ethernet, true)], Some("b"));
        check(None, Some("b"), &[("a", Ethernet, true), ("b", Ethernet, false)], Some("a"));
        check(None, None, &[("a", Ethernet, false), ("w", Wifi, true)], Some("a"));
        check(Some("b"), None, &[("a", Ethernet, true), ("b", Ethernet, false)], Some("b"));
        check(Some("w"), None, &[("a", Ethernet, true), ("w", Wifi, true)], None);
        check(None, None, &[], None);
    }

    #[test]
    fn what_cannot_be_is_said_and_nobody_is_left_without_an_address() {
        let now = (Instant::now(), Timestamp::UNIX_EPOCH);
        let seen = Seen { interfaces: Some(Vec::new()), answers_as: None };
        let alone = plan(now, &wanted(Some(fixed(Some("enp9s0")))), &seen, &Done::default());
        assert!(alone.steps.contains(&Step::Address(Addressing { fixed: None, router_time: true })), "{alone:?}");
        assert_eq!(codes(&alone), ["network-interface-missing"]);
        let blind = plan(now, &wanted(Some(fixed(None))), &Seen::default(), &Done::default());
        assert!(!blind.steps.iter().any(|step| matches!(step, Step::Address(_))), "{blind:?}");
        assert_eq!(codes(&blind), ["network-unreadable"]);
    }

    #[test]
    fn a_neighbour_with_the_same_name_is_told_of_after_a_while() {
        let begun = Instant::now();
        let seen = Seen { interfaces: Some(Vec::new()), answers_as: Some("croft2".into()) };
        let done = carried_out(&plan((begun, Timestamp::UNIX_EPOCH), &wanted(None), &seen, &Done::default()), begun);
        let check = |after: Duration, expected: &[&str]| {
            assert_eq!(codes(&plan((begun + after, Timestamp::UNIX_EPOCH), &wanted(None), &seen, &done)), expected);
        };
        check(Duration::from_secs(1), &[]);
        check(PROBING, &["host-name-taken"]);
    }
}
