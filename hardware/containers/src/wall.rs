//! The wall around the networks of apps: closed unless somebody opened it, whatever the engine's own rules say.
//!
//! It goes by the interface that a packet comes from, never by addresses, which a container can forge. An interface that is named like an app's and is not
//! known is closed, too: so a network that is just being made has no hole. What it does not hold: a container on the machine's own network, and a privileged
//! one, which can take it away.

use std::{
    collections::BTreeMap,
    io::{self, Read, Write},
    net::IpAddr,
    process::Command,
    time::{Duration, Instant},
};

use futures_util::future::BoxFuture;
use serde::Deserialize;

use crate::{Cause, NetworkNumber, place::Place};

/// The table. Nobody else has one of this name.
pub(crate) const TABLE: &str = "croft_apps";
/// What an app has in it: out of its network, into it, to the machine, and what is refused.
const CHAINS: [&str; 4] = ["from", "to", "own", "denied"];
/// Time for one change; a hundred apps take a tenth of a second.
const LIMIT: Duration = Duration::from_secs(20);
/// How often a change under way is looked after.
const LOOK_EVERY: Duration = Duration::from_millis(5);
/// Bytes of an answer; three counters of a thousand apps have a tenth.
const MAX_ANSWER: usize = 4 * 1024 * 1024;
/// Bytes of a complaint that are kept.
const MAX_SAID: usize = 400;
/// Addresses of the house and of the machine: what an app with the internet does not reach.
const HOUSE4: &str = "0.0.0.0/8, 10.0.0.0/8, 100.64.0.0/10, 127.0.0.0/8, 169.254.0.0/16, 172.16.0.0/12, 192.168.0.0/16, 224.0.0.0/3";
/// The same of IPv6.
const HOUSE6: &str = "::/127, ::ffff:0:0/96, 64:ff9b::/96, fc00::/7, fe80::/10, ff00::/8";

/// How far an app gets beyond its own network.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Way {
    /// Nowhere.
    Closed,
    /// To the internet, and not to the house.
    Internet,
    /// To the internet and to whatever the machine reaches in the house.
    House,
}

/// An app's part of the wall.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Gate {
    /// How far it gets.
    pub way: Way,
    /// Where the network's own DNS answers: [`crate::NetworkWish::gateways`].
    pub gateways: Vec<IpAddr>,
}

/// What passed, since the app got its part of the wall.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq)]
pub struct Meter {
    /// Bytes that left.
    pub out_bytes: u64,
    /// Bytes that came in answer.
    pub in_bytes: u64,
    /// Packets that were refused.
    pub denied_packets: u64,
}

/// What passed at the whole wall.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct Meters {
    /// By network.
    pub apps: BTreeMap<NetworkNumber, Meter>,
    /// Packets of networks that are named like an app's and are not known.
    pub unknown_packets: u64,
}

/// The wall could not be changed or read.
#[derive(Debug, thiserror::Error)]
pub enum WallError {
    /// The program does not run.
    #[error("nft cannot be run where the engine is")]
    Start {
        /// Why.
        source: io::Error,
    },
    /// It hangs.
    #[error("nft took longer than {} s", LIMIT.as_secs())]
    TooLong,
    /// The kernel or the program refuses.
    #[error("the wall could not be put up: {said}")]
    Put {
        /// What it said.
        said: String,
    },
    /// The meters cannot be read.
    #[error("the meters of the wall cannot be read")]
    Meters {
        /// Why.
        source: Cause,
    },
}

/// The wall.
pub trait Wall: Send + Sync {
    /// Puts it up for these apps and no others, in one step: there is no moment without it. Meters of apps that stay go on.
    fn put<'a>(&'a self, gates: &'a BTreeMap<NetworkNumber, Gate>) -> BoxFuture<'a, Result<(), WallError>>;

    /// What passed. No apps where it was never put up.
    fn meters(&self) -> BoxFuture<'_, Result<Meters, WallError>>;
}

/// The wall by nftables.
#[derive(Debug, Clone)]
pub struct NftWall {
    place: Place,
}

impl NftWall {
    /// Where the engine's networks are.
    #[must_use]
    pub fn new(place: Place) -> Self {
        Self { place }
    }

    /// Runs nft with `input`; gives what it wrote, or what it complained of.
    async fn nft(&self, arguments: &'static [&'static str], input: String) -> Result<Result<String, String>, WallError> {
        let place = self.place.clone();
        let ran = self.place.inside(move || run(place.program("nft").args(arguments), &input)).await;
        ran.map_err(|source| WallError::Start { source })?
    }

    async fn counters(&self) -> Result<Vec<Counter>, WallError> {
        let listed = self.nft(&["-j", "list", "counters", "table", "inet", TABLE], String::new()).await?;
        match listed {
            Ok(text) => Ok(serde_json::from_str::<Listed>(&text).map_err(|source| WallError::Meters { source: source.into() })?.counters()),
            Err(said) if said.contains("No such file") => Ok(vec![]),
            Err(said) => Err(WallError::Meters { source: said.into() }),
        }
    }
}

impl Wall for NftWall {
    fn put<'a>(&'a self, gates: &'a BTreeMap<NetworkNumber, Gate>) -> BoxFuture<'a, Result<(), WallError>> {
        Box::pin(async move {
            let known = self.counters().await?.into_iter().filter_map(|counter| Some(of_name(&counter.name)?.0));
            let gone: Vec<NetworkNumber> = known.filter(|number| !gates.contains_key(number)).collect();
            let input = rules(gates, &gone);
            self.nft(&["-f", "-"], input).await?.map(drop).map_err(|said| WallError::Put { said })
        })
    }

    fn meters(&self) -> BoxFuture<'_, Result<Meters, WallError>> {
        Box::pin(async move { Ok(meters(&self.counters().await?)) })
    }
}

#[derive(Deserialize)]
struct Listed {
    nftables: Vec<Object>,
}

#[derive(Deserialize)]
struct Object {
    counter: Option<Counter>,
}

#[derive(Deserialize)]
struct Counter {
    name: String,
    packets: u64,
    bytes: u64,
}

impl Listed {
    fn counters(self) -> Vec<Counter> {
        self.nftables.into_iter().filter_map(|object| object.counter).collect()
    }
}

fn meters(counters: &[Counter]) -> Meters {
    let mut all = Meters::default();
    for counter in counters {
        match of_name(&counter.name) {
            Some((number, kind)) => {
                let meter = all.apps.entry(number).or_default();
                match kind {
                    Kind::Out => meter.out_bytes = counter.bytes,
                    Kind::In => meter.in_bytes = counter.bytes,
                    Kind::Denied => meter.denied_packets = counter.packets,
                }
            }
            None if counter.name == "unknown" => all.unknown_packets = counter.packets,
            None => {}
        }
    }
    all
}

#[derive(Clone, Copy)]
enum Kind {
    Out,
    In,
    Denied,
}

/// The app and the kind of a counter: `out_7`.
fn of_name(name: &str) -> Option<(NetworkNumber, Kind)> {
    let (kind, number) = name.split_once('_')?;
    let kind = match kind {
        "out" => Kind::Out,
        "in" => Kind::In,
        "denied" => Kind::Denied,
        _ => return None,
    };
    Some((NetworkNumber(number.parse().ok()?), kind))
}

/// The whole wall as one transaction. Counters stay: rules are flushed, what they count in is not.
fn rules(gates: &BTreeMap<NetworkNumber, Gate>, gone: &[NetworkNumber]) -> String {
    let mut lines =
        vec![format!("add table inet {TABLE}"), format!("flush table inet {TABLE}"), format!("add counter inet {TABLE} unknown")];
    for kind in ["from", "to", "own"] {
        lines.push(format!("add map inet {TABLE} {kind} {{ type ifname : verdict; }}"));
        lines.push(format!("flush map inet {TABLE} {kind}"));
    }
    for number in gone {
        lines.extend(CHAINS.map(|kind| format!("add chain inet {TABLE} {kind}_{number}")));
        lines.extend(CHAINS.map(|kind| format!("delete chain inet {TABLE} {kind}_{number}")));
        lines.extend(["out", "in", "denied"].map(|kind| format!("add counter inet {TABLE} {kind}_{number}")));
        lines.extend(["out", "in", "denied"].map(|kind| format!("delete counter inet {TABLE} {kind}_{number}")));
    }
    for (number, gate) in gates {
        lines.extend(app(*number, gate));
    }
    // Before netavark's, at the usual priority: what is accepted here is judged by it still, what is refused here is refused.
    for hook in ["forward", "input"] {
        lines.push(format!("add chain inet {TABLE} {hook} {{ type filter hook {hook} priority filter - 10; policy accept; }}"));
    }
    let forward = [
        "iifname vmap @from",
        "iifname \"app-*\" counter name unknown drop",
        "oifname vmap @to",
        "oifname \"app-*\" counter name unknown drop",
    ];
    lines.extend(forward.map(|rule| format!("add rule inet {TABLE} forward {rule}")));
    let input = ["iifname vmap @own", "iifname \"app-*\" counter name unknown drop"];
    lines.extend(input.map(|rule| format!("add rule inet {TABLE} input {rule}")));
    lines.push(String::new());
    lines.join("\n")
}

fn app(number: NetworkNumber, gate: &Gate) -> Vec<String> {
    let interface = number.interface();
    let mut lines = Vec::new();
    lines.extend(["out", "in", "denied"].map(|kind| format!("add counter inet {TABLE} {kind}_{number}")));
    lines.extend(CHAINS.map(|kind| format!("add chain inet {TABLE} {kind}_{number}")));
    lines.extend(["from", "to", "own"].map(|kind| format!("add element inet {TABLE} {kind} {{ \"{interface}\" : goto {kind}_{number} }}")));
    let mut rule = |chain: &str, text: &str| lines.push(format!("add rule inet {TABLE} {chain}_{number} {text}"));
    // A reset is heard at once; of the other answers the kernel sends one a second.
    rule("denied", &format!("counter name denied_{number}"));
    rule("denied", "meta l4proto tcp reject with tcp reset");
    rule("denied", "reject with icmpx admin-prohibited");
    let denied = format!("goto denied_{number}");
    // Out of the network. Where bridges pass their own packets to the rules, those of one network come here, too.
    rule("from", &format!("oifname \"{interface}\" accept"));
    rule("from", &format!("oifname \"{}*\" {denied}", NetworkNumber::PREFIX));
    if gate.way == Way::Internet {
        rule("from", &format!("ip daddr {{ {HOUSE4} }} {denied}"));
        rule("from", &format!("ip6 daddr {{ {HOUSE6} }} {denied}"));
    }
    match gate.way {
        Way::Closed => rule("from", &denied),
        Way::Internet | Way::House => rule("from", &format!("counter name out_{number} accept")),
    }
    // Into the network: answers to what it asked, and nothing that somebody routes to it.
    if gate.way != Way::Closed {
        rule("to", &format!("ct state established,related counter name in_{number} accept"));
    }
    rule("to", "drop");
    // To the machine: answers to what the machine asked, its own DNS, and what IPv6 needs to find a neighbour.
    rule("own", "ct direction reply ct state established accept");
    for gateway in &gate.gateways {
        let family = if gateway.is_ipv4() { "ip" } else { "ip6" };
        rule("own", &format!("{family} daddr {gateway} meta l4proto {{ tcp, udp }} th dport 53 accept"));
    }
    rule("own", "icmpv6 type { nd-neighbor-solicit, nd-neighbor-advert, nd-router-solicit } accept");
    rule("own", &denied);
    lines
}

/// Runs a program to its end, on the thread that calls.
fn run(command: &mut Command, input: &str) -> Result<Result<String, String>, WallError> {
    let failed = |source| WallError::Start { source };
    let missing = || failed(io::Error::other("a pipe is missing"));
    let mut child = command.spawn().map_err(failed)?;
    let (mut stdin, out, err) =
        (child.stdin.take().ok_or_else(missing)?, child.stdout.take().ok_or_else(missing)?, child.stderr.take().ok_or_else(missing)?);
    let reader = |pipe: Box<dyn Read + Send>| std::thread::Builder::new().name("pipe".into()).spawn(move || gather(pipe));
    let readers = reader(Box::new(out)).and_then(|out| Ok([out, reader(Box::new(err))?]));
    let readers = readers.map_err(|error| {
        // No room for a thread.
        let _ = child.kill();
        let _ = child.wait();
        failed(error)
    })?;
    // It reads all before it does anything; where it ends early, its status says why.
    let _ = stdin.write_all(input.as_bytes());
    drop(stdin);
    let begun = Instant::now();
    let status = loop {
        if let Some(status) = child.try_wait().map_err(failed)? {
            break status;
        }
        if begun.elapsed() > LIMIT {
            let _ = child.kill();
            let _ = child.wait();
            return Err(WallError::TooLong);
        }
        std::thread::sleep(LOOK_EVERY);
    };
    let [out, err] = readers.map(|reader| reader.join().unwrap_or_default());
    if status.success() { Ok(Ok(out)) } else { Ok(Err(err.chars().filter(|c| !c.is_control()).take(MAX_SAID).collect())) }
}

fn gather(mut pipe: impl Read) -> String {
    let mut kept = Vec::new();
    let _ = Read::take(&mut pipe, MAX_ANSWER as u64).read_to_end(&mut kept);
    let _ = io::copy(&mut pipe, &mut io::sink());
    String::from_utf8_lossy(&kept).into_owned()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn gate(way: Way) -> Gate {
        Gate { way, gateways: vec!["10.90.1.1".parse().unwrap(), "fd00:1::1".parse().unwrap()] }
    }

    #[test]
    fn what_is_open_is_said_and_what_is_unknown_comes_last() {
        let text =
            rules(&BTreeMap::from([(NetworkNumber(1), gate(Way::Closed)), (NetworkNumber(2), gate(Way::Internet))]), &[NetworkNumber(9)]);
        let has = |line: &str| text.lines().any(|found| found.ends_with(line));
        assert!(has("from_1 goto denied_1"));
        assert!(!has("from_1 counter name out_1 accept"));
        assert!(has("from_2 counter name out_2 accept"));
        assert!(has("own_1 ip6 daddr fd00:1::1 meta l4proto { tcp, udp } th dport 53 accept"));
        assert!(has("delete counter inet croft_apps denied_9"));
        assert_eq!(text.lines().last(), Some("add rule inet croft_apps input iifname \"app-*\" counter name unknown drop"));
    }

    #[test]
    fn counters_are_read_by_their_names() {
        let text = r#"{"nftables":[{"metainfo":{"version":"1"}},
            {"counter":{"family":"inet","name":"out_7","table":"croft_apps","handle":1,"packets":2,"bytes":300}},
            {"counter":{"family":"inet","name":"denied_7","table":"croft_apps","handle":2,"packets":4,"bytes":5}},
            {"counter":{"family":"inet","name":"unknown","table":"croft_apps","handle":3,"packets":6,"bytes":7}},
            {"counter":{"family":"inet","name":"out_x","table":"croft_apps","handle":4,"packets":6,"bytes":7}}]}"#;
        let meters = meters(&serde_json::from_str::<Listed>(text).unwrap().counters());
        assert_eq!(meters.unknown_packets, 6);
        let expected = Meter { out_bytes: 300, in_bytes: 0, denied_packets: 4 };
        assert_eq!(meters.apps, BTreeMap::from([(NetworkNumber(7), expected)]));
    }

    #[test]
    fn a_program_is_heard_and_its_complaint_is_the_answer() {
        let piped = |script: &str| {
            let mut command = Command::new("sh");
            command.args(["-c", script]).stdin(std::process::Stdio::piped());
            command.stdout(std::process::Stdio::piped()).stderr(std::process::Stdio::piped());
            command
        };
        assert_eq!(run(&mut piped("cat"), "so").unwrap(), Ok("so".into()));
        assert_eq!(run(&mut piped("echo no >&2; exit 1"), "so").unwrap(), Err("no".into()));
        assert!(matches!(run(&mut Command::new("/no/such/program"), ""), Err(WallError::Start { .. })));
    }
}
