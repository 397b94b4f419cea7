//! The machine is kept as the sections `box`, `network` and `time` say, and a new address is taken back when nobody confirms it.
//!
//! [`plan`] decides from what is wanted and seen; here it is carried out, with the machine's own answers as the next thing seen.

mod plan;

use std::{
    sync::Arc,
    time::{Duration, Instant},
};

use croft_model::{Severity, Warning};
use croft_network::{Network, NetworkError};
use croft_telemetry::error_chain;
use jiff::Timestamp;

use crate::{
    change::InForce,
    regulator::Regulator,
    trial::{self, Trial},
};
use plan::{Done, Seen, Step, Wanted};

/// How often the machine is looked at: for a cable that was put into another hole, or a part of the system that did not answer.
const LOOK: Duration = Duration::from_secs(15);
/// Pause before the address changes, so that the answer to the request that wants it still reaches the browser.
const ANSWER_FIRST: Duration = Duration::from_secs(1);
/// Digits of the certificate's fingerprint by which the box is told apart.
const ID_DIGITS: usize = 16;
/// Who says the warnings of this part.
const SOURCE: &str = "network";
/// Code of the warning about a step that failed.
const NOT_APPLIED: &str = "network-not-applied";

/// Keeps the machine as the settings say until the box ends.
pub(crate) async fn keep(croft: Arc<Regulator>, network: Arc<dyn Network>) {
    let (mut settings, mut fingerprint) = (croft.desired.follow(), croft.fingerprint.subscribe());
    let mut keeper = Keeper { croft, network, done: Done::default(), addressed: false, running: None };
    loop {
        let now = settings.borrow_and_update().clone();
        let id = fingerprint.borrow_and_update().as_deref().map(id);
        let deadline = keeper.judge_trial(&now).await;
        let stop = keeper.croft.stop.clone();
        // Cancel-safe: files are replaced whole, and what was not done is done by the next start.
        tokio::select! {
            () = stop.cancelled() => return,
            () = keeper.look(id.as_deref()) => {}
        }
        if let (Some(trial), true) = (&now.trial, keeper.addressed) {
            keeper.croft.desired.trial_begins(trial.generation);
        }
        let next = deadline.into_iter().chain([Instant::now() + LOOK]).min().unwrap_or_else(Instant::now);
        // Cancel-safe: what was not seen stays marked in its channel.
        tokio::select! {
            () = stop.cancelled() => return,
            _ = settings.changed() => {}
            _ = fingerprint.changed() => {}
            () = tokio::time::sleep_until(next.into()) => {}
        }
    }
}

struct Keeper {
    croft: Arc<Regulator>,
    network: Arc<dyn Network>,
    done: Done,
    /// The address is as it was wanted at the last look.
    addressed: bool,
    /// The trial that runs, by its generation, and its end on a clock that nobody sets.
    running: Option<(u64, Instant)>,
}

impl Keeper {
    /// Ends a trial whose time is up or that belongs to an earlier start; gives the end of one that runs.
    async fn judge_trial(&mut self, now: &InForce) -> Option<Instant> {
        let Some(trial) = &now.trial else {
            self.running = None;
            return None;
        };
        let end = match self.running {
            Some((generation, end)) if generation == trial.generation => end,
            _ => Instant::now() + self.croft.desired.trial_length(),
        };
        self.running = Some((trial.generation, end));
        if !trial.over && Instant::now() < end {
            return Some(end);
        }
        self.roll_back(trial).await;
        None
    }

    /// Puts what was before into force at once, and then into the settings. If the disk does not take it, that is tried at the next look.
    async fn roll_back(&self, trial: &Trial) {
        let (croft, trial) = (Arc::clone(&self.croft), trial.clone());
        let done = tokio::task::spawn_blocking(move || croft.desired.roll_back(&trial, Timestamp::now())).await;
        match done {
            Ok(Ok(())) => tracing::info!("a new address was not confirmed and has been taken back"),
            Ok(Err(problem)) => tracing::error!(%problem, "the settings cannot be set back to the address that is in force again"),
            Err(error) => tracing::error!(%error, "going back to the address of before broke"),
        }
    }

    async fn look(&mut self, id: Option<&str>) {
        let now = self.croft.desired.now();
        let wanted = Wanted::new(&now.settings, trial::in_force(&now.settings, now.trial.as_ref()), id);
        let seen = Seen { interfaces: told(self.network.interfaces().await), answers_as: told(self.network.answers_as().await) };
        let plan = plan::plan((Instant::now(), Timestamp::now()), &wanted, &seen, &self.done);
        let mut warnings = plan.warnings;
        self.addressed = plan.addressed;
        for step in plan.steps {
            let is_address = matches!(step, Step::Address(_));
            if is_address && self.done.addressing.is_some() {
                tokio::time::sleep(ANSWER_FIRST).await;
            }
            if let Err((subject, error)) = self.carry_out(step).await {
                self.addressed &= !is_address;
                tracing::warn!(subject, error = error_chain(&error), "the machine is not as the settings say");
                warnings.push(not_applied(subject, &error));
            }
        }
        self.croft.warnings.replace(SOURCE, warnings);
    }

    async fn carry_out(&mut self, step: Step) -> Result<(), (&'static str, NetworkError)> {
        let (network, done) = (&self.network, &mut self.done);
        // What fails may still have taken effect, so from here to its success nothing is known of that part and the next look sets it anew.
        match step {
            Step::Address(addressing) => {
                done.addressing = None;
                network.address(&addressing).await.map_err(|error| ("address", error))?;
                tracing::info!(fixed = ?addressing.fixed.as_ref().map(|(name, fixed)| format!("{} at {name}", fixed.address)), "the address is in force");
                done.addressing = Some(addressing);
            }
            Step::Name(host) => {
                done.host = None;
                network.name(&host).await.map_err(|error| ("name", error))?;
                done.host = Some((host, Instant::now()));
            }
            Step::Announce(announcement) => {
                done.announcement = None;
                network.announce(&announcement).await.map_err(|error| ("announcement", error))?;
                done.announcement = Some(announcement);
            }
            Step::Zone(zone) => {
                done.zone = None;
                network.zone(&zone).await.map_err(|error| ("zone", error))?;
                done.zone = Some(zone);
            }
            Step::TimeFrom(source) => {
                done.time = None;
                network.time_from(&source).await.map_err(|error| ("time", error))?;
                done.time = Some(source);
            }
        }
        Ok(())
    }
}

/// What the machine said; that it said nothing is in the journal and in the next plan.
fn told<T>(said: Result<T, NetworkError>) -> Option<T> {
    said.inspect_err(|error| tracing::debug!(error = error_chain(error), "the machine does not say how its network is")).ok()
}

/// The id of the box for strangers: a piece of the fingerprint of its certificate.
fn id(fingerprint: &str) -> String {
    fingerprint.chars().filter(char::is_ascii_hexdigit).take(ID_DIGITS).collect::<String>().to_ascii_lowercase()
}

fn not_applied(subject: &str, error: &NetworkError) -> Warning {
    let [title, meaning] = match subject {
        "address" => ["The address of the settings is not in force.", "The box may be found at the address of before, or at both."],
        "name" => ["The box does not have the name of the settings.", "It answers as .local under the name of before."],
        "announcement" => ["The box is not announced in your network.", "Programs that look for boxes do not find it; browsers do."],
        "zone" => ["The time zone of the settings is not in force.", "Times on the box's own screen are those of another zone."],
        _ => ["The box does not ask for the time as the settings say.", "Its clock may go wrong, or ask somebody whom you did not choose."],
    };
    Warning {
        code: NOT_APPLIED.into(),
        subject: subject.into(),
        severity: Severity::Degraded,
        title: title.into(),
        meaning: meaning.into(),
        action: "The box tries again by itself. If this stays, restart it, and look at `croft logs`.".into(),
        lines: vec![error_chain(error)],
        depends_on: None,
        since: Timestamp::now(),
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn an_id_is_a_piece_of_the_fingerprint() {
        assert_eq!(super::id("AB:12:cd:34:56:78:9A:BC:DE:F0"), "ab12cd3456789abc");
    }
}
