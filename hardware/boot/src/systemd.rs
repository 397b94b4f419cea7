//! The machine in the hands of systemd, asked over D-Bus: for the appliance.

use std::time::Duration;

use croft_model::Power;
use futures_util::{FutureExt, future::BoxFuture};
use tokio::time::timeout;
use zbus::{Connection, OwnedObjectPath};

use crate::{Boot, BootError};

/// Time for systemd to take the order.
const PATIENCE: Duration = Duration::from_secs(30);
/// How a job relates to others: it takes the place of all that contradict it, and nothing takes its place (`org.freedesktop.systemd1(5)`).
const MODE: &str = "replace-irreversibly";

#[zbus::proxy(
    interface = "org.freedesktop.systemd1.Manager",
    default_service = "org.freedesktop.systemd1",
    default_path = "/org/freedesktop/systemd1"
)]
trait Manager {
    /// Queues the start of a unit; gives its job. `Reboot` and `PowerOff` of this interface stop no unit first, so a target is started.
    fn start_unit(&self, name: &str, mode: &str) -> zbus::Result<OwnedObjectPath>;
}

/// The machine that systemd runs. It connects when it is asked: that is seldom, and a connection may be lost meanwhile.
#[derive(Debug, Clone, Copy, Default)]
pub struct SystemdBoot;

impl SystemdBoot {
    async fn begin(how: Power) -> zbus::Result<()> {
        let connection = Connection::system().await?;
        let manager = ManagerProxy::new(&connection).await?;
        manager.start_unit(target(how), MODE).await.map(drop)
    }
}

impl Boot for SystemdBoot {
    fn may(&self) -> Result<(), BootError> {
        Ok(())
    }

    fn end(&self, how: Power) -> BoxFuture<'_, Result<(), BootError>> {
        async move {
            let begun = timeout(PATIENCE, Self::begin(how)).await;
            let refused = |source: Box<dyn std::error::Error + Send + Sync>| BootError::Refused(how, source);
            begun.map_err(|late| refused(late.into()))?.map_err(|error| refused(error.into()))
        }
        .boxed()
    }
}

/// The target whose start stops everything else in order (`systemd.special(7)`).
fn target(how: Power) -> &'static str {
    match how {
        Power::Restart => "reboot.target",
        Power::ShutDown => "poweroff.target",
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn each_end_has_its_target() {
        assert_eq!((target(Power::Restart), target(Power::ShutDown)), ("reboot.target", "poweroff.target"));
    }
}
