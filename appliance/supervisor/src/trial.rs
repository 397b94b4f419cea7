//! A new address is on trial until somebody confirms it: else the box goes back to the one of before by itself. Pure.

use croft_model::{NetworkSettings, Settings};
use jiff::{SignedDuration, Timestamp};

use crate::{guard::Way, records::TrialRecord};

/// Time to find the box at its new address and to confirm it: long enough to type an address on another machine and to sign in, short
/// enough to wait for when it was wrong.
pub(crate) const LENGTH: SignedDuration = SignedDuration::from_mins(3);

/// A change of the address that nobody has confirmed yet.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Trial {
    /// Generation of the settings that brought it.
    pub(crate) generation: u64,
    /// What to go back to: what last held without a trial.
    pub(crate) before: NetworkSettings,
    /// When it ends.
    pub(crate) until: Timestamp,
    /// The new address is in force: from now on a request that arrives is a proof of it.
    pub(crate) begun: bool,
    /// Its time is up, or the box has been started anew since: what was before is in force, whatever the settings still say.
    pub(crate) over: bool,
}

impl Trial {
    /// As it lies in the store. Its end does not: a trial that is read there belongs to an earlier start, and is over.
    pub(crate) fn record(&self) -> TrialRecord {
        TrialRecord { generation: self.generation, before: self.before.clone(), until: self.until }
    }

    /// A trial of an earlier start.
    pub(crate) fn read(record: TrialRecord) -> Self {
        Self { generation: record.generation, before: record.before, until: record.until, begun: false, over: true }
    }
}

/// The trial that stands once `after` is in force as `generation`: a new one when the address changes, none when it is again as it was.
/// The box's own endpoints need no trial: they go to what has already proved itself, or to the router.
pub(crate) fn after(
    (before, trial): (&Settings, Option<&Trial>),
    after: &Settings,
    (generation, way): (u64, Way),
    until: Timestamp,
) -> Option<Trial> {
    if before.network == after.network {
        return trial.cloned();
    }
    let proved = trial.map_or(&before.network, |trial| &trial.before);
    let tried = way != Way::Endpoint && after.network != *proved;
    tried.then(|| Trial { generation, before: proved.clone(), until, begun: false, over: false })
}

/// The network settings that are in force: on a trial that is over, those of before.
pub(crate) fn in_force<'a>(settings: &'a Settings, trial: Option<&'a Trial>) -> &'a NetworkSettings {
    trial.filter(|trial| trial.over).map_or(&settings.network, |trial| &trial.before)
}

#[cfg(test)]
mod tests {
    use croft_model::StaticAddress;

    use super::*;

    fn network(address: Option<&str>) -> NetworkSettings {
        let fixed =
            |text: &str| StaticAddress { address: text.parse().expect("an address"), gateway: None, dns: Vec::new(), interface: None };
        NetworkSettings { static_address: address.map(fixed) }
    }

    fn settings(address: Option<&str>) -> Settings {
        Settings { network: network(address), ..Settings::default() }
    }

    const A: Option<&str> = Some("10.0.0.2/24");
    const B: Option<&str> = Some("10.0.0.3/24");

    /// A change from `from` (with a trial that goes back to the second) to `to`; to what the trial after it goes back.
    fn check(from: Option<&str>, on_trial: Option<Option<&str>>, to: Option<&str>, way: Way, expected: Option<Option<&str>>) {
        let trial = on_trial.map(|before| Trial {
            generation: 4,
            before: network(before),
            until: Timestamp::UNIX_EPOCH,
            begun: false,
            over: false,
        });
        let found = after((&settings(from), trial.as_ref()), &settings(to), (5, way), Timestamp::UNIX_EPOCH);
        assert_eq!(found.map(|trial| trial.before), expected.map(network), "{from:?} ({on_trial:?}) → {to:?}");
    }

    #[test]
    fn a_trial_goes_back_to_what_last_proved_itself() {
        check(None, None, A, Way::ByHand, Some(None));
        check(A, None, None, Way::Revert, Some(A));
        check(A, Some(None), B, Way::ByHand, Some(None));
        check(A, Some(None), None, Way::ByHand, None);
        check(A, Some(None), A, Way::ByHand, Some(None));
        check(A, None, A, Way::ByHand, None);
        check(A, None, None, Way::Endpoint, None);
        check(B, Some(A), A, Way::Endpoint, None);
    }

    #[test]
    fn what_was_before_is_in_force_once_a_trial_is_over() {
        let after = settings(B);
        let mut trial = Trial { generation: 5, before: network(A), until: Timestamp::UNIX_EPOCH, begun: false, over: false };
        assert_eq!(in_force(&after, None), &network(B));
        assert_eq!(in_force(&after, Some(&trial)), &network(B));
        assert_eq!(in_force(&after, Some(&Trial::read(trial.record()))), &network(A));
        trial.over = true;
        assert_eq!(in_force(&after, Some(&trial)), &network(A));
    }
}
