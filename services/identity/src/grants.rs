//! Devices that ask for an app password by themselves, and what was granted to them: their login flow, version 2.
//!
//! A device shows nothing and gets two secrets: one to ask with whether it was granted, one for the page on which a person grants it. All of
//! it is in memory only: after a restart the device asks anew.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use croft_api::{address::holder, wire::account::AskedGrant};
use croft_model::{Claims, Person, PersonId, Problem, Scope, Secret};
use croft_store::Write;
use jiff::Timestamp;

use crate::{
    app_passwords::{self, Made},
    error::IdentityError,
    identity::Identity,
    secrets::{self, Hash, Kind},
};

/// How long a device waits: long enough to sign in first.
const LIFE: Duration = Duration::from_secs(20 * 60);
/// Devices that wait at once; the oldest makes room.
const MOST: usize = 256;
/// Devices that wait at one address; its oldest makes room, so that nobody there is shut out by a program that asks for ever.
const MOST_AT_ADDRESS: usize = 8;
/// What a device without a name is called.
const NAMELESS: &str = "Sync client";

/// The devices that wait.
#[derive(Default)]
pub(crate) struct Grants(Mutex<HashMap<Hash, Waiting>>);

/// A device that waits, by the hash of the secret for its page.
struct Waiting {
    /// Hash of the secret that it asks with.
    poll: Hash,
    device: String,
    address: IpAddr,
    until: Instant,
    expires: Timestamp,
    granted: Option<Granted>,
}

/// The two secrets of a device that asks.
pub(crate) struct Asked {
    /// For the device.
    pub(crate) poll: String,
    /// For the page.
    pub(crate) code: String,
}

/// What a device is given, once.
#[derive(Clone)]
pub(crate) struct Granted {
    /// The name to sign in with.
    pub(crate) user: String,
    pub(crate) app_password: Secret,
}

impl Grants {
    /// A device begins to wait.
    pub(crate) fn ask(&self, agent: &str, address: IpAddr, now: Instant) -> Result<Asked, IdentityError> {
        let asked = Asked { poll: secrets::token()?, code: secrets::token()? };
        let waiting = Waiting {
            poll: Kind::Poll.hash(asked.poll.as_bytes()),
            device: device_name(agent),
            address,
            until: now + LIFE,
            expires: Timestamp::now().saturating_add(LIFE).unwrap_or(Timestamp::MAX),
            granted: None,
        };
        let mut all = self.waiting(now);
        make_room(&mut all, MOST_AT_ADDRESS, |other| holder(other.address) == holder(address));
        make_room(&mut all, MOST, |_| true);
        all.insert(Kind::Grant.hash(asked.code.as_bytes()), waiting);
        Ok(asked)
    }

    /// The device behind a page's secret, while nobody has granted it anything.
    pub(crate) fn asked(&self, code: &str, now: Instant) -> Result<AskedGrant, Problem> {
        let all = self.waiting(now);
        let waiting = all.get(&Kind::Grant.hash(code.as_bytes())).filter(|waiting| waiting.granted.is_none()).ok_or_else(over)?;
        let address = waiting.address.to_canonical().to_string();
        Ok(AskedGrant { device: waiting.device.clone(), address, expires: waiting.expires })
    }

    /// Keeps what is granted until the device asks; says whether it still waits.
    fn grant(&self, code: &str, granted: Granted, now: Instant) -> bool {
        let mut all = self.waiting(now);
        let waiting = all.get_mut(&Kind::Grant.hash(code.as_bytes())).filter(|waiting| waiting.granted.is_none());
        waiting.map(|waiting| waiting.granted = Some(granted)).is_some()
    }

    /// Sends a device away; says whether it waited.
    pub(crate) fn refuse(&self, code: &str, now: Instant) -> bool {
        self.waiting(now).remove(&Kind::Grant.hash(code.as_bytes())).is_some()
    }

    /// What was granted to the device with this secret; given once.
    pub(crate) fn take(&self, poll: &str, now: Instant) -> Option<Granted> {
        let poll = Kind::Poll.hash(poll.as_bytes());
        let mut all = self.waiting(now);
        let code = all.iter().find(|(_, waiting)| waiting.poll == poll && waiting.granted.is_some()).map(|(code, _)| *code)?;
        all.remove(&code)?.granted
    }

    fn waiting(&self, now: Instant) -> MutexGuard<'_, HashMap<Hash, Waiting>> {
        let mut all = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        all.retain(|_, waiting| waiting.until > now);
        all
    }
}

impl Identity {
    /// Grants a device an app password for files of the person who `claims` to be `id`.
    pub(crate) async fn grant(&self, code: &str, claims: &Claims, (id, person): (PersonId, Person)) -> Result<(), Problem> {
        let AskedGrant { device, address, .. } = self.grants.asked(code, Instant::now())?;
        let (this, who) = (self.clone(), claims.actor());
        let sentence = format!("The app password “{device}” was granted to a device at {address} for {}.", person.display_name);
        let tell = move |made: &Result<Made, Problem>| {
            if made.is_ok() {
                this.audit.say(who, "app-password.made", sentence);
            }
        };
        let make = move |write: &mut Write| app_passwords::make(write, id, device, [Scope::Files].into(), Timestamp::now());
        let made = self.records.change_and_tell::<_, IdentityError>(make, tell).await??;
        let app_password = Secret::try_from(made.secret).map_err(|_| Problem::internal())?;
        if self.grants.grant(code, Granted { user: person.name, app_password }, Instant::now()) {
            return Ok(());
        }
        // Somebody else was quicker, or its time ended just now: nobody will ever hear this one.
        self.records.change::<_, IdentityError>(move |write| app_passwords::revoke(write, id, made.id)).await?;
        Err(over())
    }
}

/// Removes the oldest of those that are `among` until one more fits.
fn make_room(all: &mut HashMap<Hash, Waiting>, most: usize, among: impl Fn(&Waiting) -> bool) {
    while all.values().filter(|waiting| among(waiting)).count() >= most {
        let oldest = all.iter().filter(|(_, waiting)| among(waiting)).min_by_key(|(_, waiting)| waiting.until).map(|(code, _)| *code);
        oldest.map(|code| all.remove(&code));
    }
}

/// The name of the app password: what the device calls itself, as far as it fits.
fn device_name(agent: &str) -> String {
    let shown: String = agent.chars().filter(|letter| !letter.is_control()).take(app_passwords::MAX_NAME).collect();
    app_passwords::name(&shown).unwrap_or_else(|_| NAMELESS.into())
}

fn over() -> Problem {
    Problem::new(404, "grant-over", "No device waits here any more: it was granted or refused, or 20 minutes are over.")
        .hint("Begin anew on the device.")
}

#[cfg(test)]
mod tests {
    use super::*;

    const HOME: IpAddr = IpAddr::V4(std::net::Ipv4Addr::new(192, 168, 1, 7));

    fn granted(user: &str) -> Granted {
        Granted { user: user.into(), app_password: Secret::try_from("secret".to_owned()).unwrap() }
    }

    #[test]
    fn what_is_granted_is_given_once_to_the_device_that_asked() {
        let (grants, now) = (Grants::default(), Instant::now());
        let (one, other) = (grants.ask("phone", HOME, now).unwrap(), grants.ask("laptop", HOME, now).unwrap());
        assert!(grants.take(&one.poll, now).is_none(), "nobody has granted anything");
        assert_eq!(grants.asked(&one.code, now).unwrap().device, "phone");
        assert!(grants.asked(&one.poll, now).is_err() && grants.take(&one.code, now).is_none(), "each secret is for one thing");
        assert!(grants.grant(&one.code, granted("ana"), now));
        assert!(!grants.grant(&one.code, granted("ben"), now), "one person grants it");
        assert_eq!(grants.asked(&one.code, now).unwrap_err().code, "grant-over");
        assert!(grants.take(&other.poll, now).is_none());
        assert_eq!(grants.take(&one.poll, now).map(|granted| granted.user).as_deref(), Some("ana"));
        assert!(grants.take(&one.poll, now).is_none());
        assert!(grants.refuse(&other.code, now) && !grants.refuse(&other.code, now));
        assert!(!grants.grant(&other.code, granted("ana"), now));
    }

    #[test]
    fn a_device_waits_for_twenty_minutes() {
        let (grants, now) = (Grants::default(), Instant::now());
        let asked = grants.ask("phone", HOME, now).unwrap();
        assert!(grants.asked(&asked.code, now + LIFE - Duration::from_secs(1)).is_ok());
        assert!(grants.grant(&asked.code, granted("ana"), now));
        assert!(grants.take(&asked.poll, now + LIFE).is_none());
    }

    #[test]
    fn memory_is_bounded_and_one_address_shuts_out_itself_alone() {
        let (grants, now) = (Grants::default(), Instant::now());
        let neighbour = grants.ask("phone", HOME, now).unwrap();
        let stranger = |number: u128| IpAddr::from(std::net::Ipv6Addr::from_bits((0xfd << 120) | number));
        let first = grants.ask("0", stranger(0), now).unwrap();
        for number in 1..100 {
            grants.ask("x", stranger(number), now + Duration::from_secs(1)).unwrap();
        }
        assert_eq!(grants.waiting(now).len(), 1 + MOST_AT_ADDRESS, "a whole /64 is one address");
        assert!(grants.asked(&first.code, now).is_err() && grants.asked(&neighbour.code, now).is_ok());
        for number in 0..1000 {
            grants.ask("x", stranger(number << 64), now + Duration::from_secs(2)).unwrap();
        }
        assert_eq!(grants.waiting(now).len(), MOST);
    }

    #[test]
    fn a_device_is_called_what_it_calls_itself() {
        for (agent, expected) in [
            ("Mozilla/5.0 (Linux) mirall/3.7.3 (Nextcloud)", "Mozilla/5.0 (Linux) mirall/3.7.3 (Nextcloud)"),
            (" Ana's\tphone\n", "Ana'sphone"),
            ("", NAMELESS),
            (" ", NAMELESS),
        ] {
            assert_eq!(device_name(agent), expected);
        }
        assert_eq!(device_name(&"x".repeat(1000)), "x".repeat(64));
    }
}
