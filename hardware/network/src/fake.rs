//! A network that is only pretended, for tests of those who use one. What those rely on is asked of the real one by `tests/box/tests/vm_network.rs`.

use std::sync::{Mutex, PoisonError};

use croft_model::{Interface, InterfaceKind, Secret, WifiNetwork};
use futures_util::{FutureExt, future::BoxFuture};

use crate::{Addressing, Announcement, Network, NetworkError, TimeSource, WifiError};

/// What the pretended router gives.
const FROM_ROUTER: &str = "192.168.1.77/24";

/// A machine with one cable, at a router that gives 192.168.1.77.
#[derive(Debug, Default)]
pub struct FakeNetwork(Mutex<World>);

/// What the pretended machine was told.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub struct World {
    /// The addresses, one entry each time they were given.
    pub addressed: Vec<Addressing>,
    /// The name.
    pub host: String,
    /// What the network was told.
    pub announced: Option<Announcement>,
    /// The zone.
    pub zone: String,
    /// Who is asked for the time.
    pub time: Option<TimeSource>,
    /// The wireless network that is in reach, if there is an antenna. Its passphrase is [`FakeNetwork::PASSPHRASE`].
    pub wifi: Option<WifiNetwork>,
    /// Every verb fails.
    pub broken: bool,
    /// The next address takes effect, and the answer about it is lost.
    pub loses_answer: bool,
}

impl FakeNetwork {
    /// The passphrase of the wireless network.
    pub const PASSPHRASE: &str = "correct horse";

    /// Looks at the world, or changes it from outside.
    pub fn world<T>(&self, look: impl FnOnce(&mut World) -> T) -> T {
        look(&mut self.0.lock().unwrap_or_else(PoisonError::into_inner))
    }

    fn verb<'a, T: Send + 'a>(&'a self, act: impl FnOnce(&mut World) -> Result<T, NetworkError>) -> BoxFuture<'a, Result<T, NetworkError>> {
        let done = self.world(|world| {
            if world.broken {
                return Err(NetworkError::Refused { part: "the pretended network", source: "it is broken".into() });
            }
            act(world)
        });
        std::future::ready(done).boxed()
    }
}

impl Network for FakeNetwork {
    fn interfaces(&self) -> BoxFuture<'_, Result<Vec<Interface>, NetworkError>> {
        self.verb(|world| {
            let fixed = world.addressed.last().and_then(|wanted| wanted.fixed.as_ref()).filter(|(name, _)| name == "enp1s0");
            let address = fixed.map(|(_, fixed)| fixed.address).or_else(|| FROM_ROUTER.parse().ok());
            Ok(vec![Interface {
                name: "enp1s0".into(),
                kind: InterfaceKind::Ethernet,
                carrier: true,
                mac: "52:54:00:12:34:56".into(),
                addresses: address.into_iter().collect(),
                gateway: fixed.map_or_else(|| "192.168.1.1".parse().ok(), |(_, fixed)| fixed.gateway),
                dns: fixed.map(|(_, fixed)| fixed.dns.clone()).unwrap_or_default(),
            }])
        })
    }

    fn answers_as(&self) -> BoxFuture<'_, Result<String, NetworkError>> {
        self.verb(|world| Ok(world.host.clone()))
    }

    fn address<'a>(&'a self, wanted: &'a Addressing) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            world.addressed.push(wanted.clone());
            match std::mem::take(&mut world.loses_answer) {
                true => Err(NetworkError::Refused { part: "the pretended network", source: "it did not answer".into() }),
                false => Ok(()),
            }
        })
    }

    fn name<'a>(&'a self, host: &'a str) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            world.host = host.into();
            Ok(())
        })
    }

    fn announce<'a>(&'a self, announcement: &'a Announcement) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            world.announced = Some(announcement.clone());
            Ok(())
        })
    }

    fn zone<'a>(&'a self, zone: &'a str) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            if !["UTC", "Europe/Berlin"].contains(&zone) {
                return Err(NetworkError::NoSuchZone(zone.into()));
            }
            world.zone = zone.into();
            Ok(())
        })
    }

    fn time_from<'a>(&'a self, source: &'a TimeSource) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            world.time = Some(source.clone());
            Ok(())
        })
    }

    fn wifi(&self) -> BoxFuture<'_, Result<Option<Vec<WifiNetwork>>, NetworkError>> {
        self.verb(|world| Ok(world.wifi.clone().map(|network| vec![network])))
    }

    fn join<'a>(&'a self, ssid: &'a str, passphrase: Option<&'a Secret>) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            let network = world.wifi.as_mut().ok_or(WifiError::Missing)?;
            if network.ssid != ssid {
                return Err(WifiError::NotInReach.into());
            }
            let opens = passphrase.map_or(network.known, |passphrase| passphrase.expose() == Self::PASSPHRASE);
            if network.secured && !opens {
                return Err(WifiError::Passphrase.into());
            }
            (network.known, network.joined) = (true, true);
            Ok(())
        })
    }

    fn forget<'a>(&'a self, ssid: &'a str) -> BoxFuture<'a, Result<(), NetworkError>> {
        self.verb(|world| {
            if let Some(network) = world.wifi.as_mut().filter(|network| network.ssid == ssid) {
                (network.known, network.joined) = (false, false);
            }
            Ok(())
        })
    }
}
