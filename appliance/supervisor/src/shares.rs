//! Network drives are served as the section `shares` says, to the devices that are kept here.
//!
//! [`plan`] decides what is served to whom; here it is carried out, and devices come and go. A device is known by the hash that SMB signs in by:
//! it opens network drives and nothing else, and is never made of a passphrase.

mod plan;

use std::{
    sync::{Arc, PoisonError},
    time::Duration,
};

use croft_api::{problem::internal, random};
use croft_model::{Actor, Holding, Person, PersonId, Problem, Secret, Serve, Settings, Severity, Warning, network_drives};
use croft_smb::{Smb, SmbError, Wanted};
use croft_store::{Order, StoreError};
use croft_telemetry::error_chain;
use croft_units::{HomeError, Room, SPACE_USERS};
use jiff::Timestamp;
use tokio::sync::Mutex;

use crate::{
    audit::NewLine,
    error::problem,
    manifests::SUPERVISOR,
    records::{DEVICES, DeviceRecord},
    regulator::Regulator,
};
pub(crate) use plan::Devices;

/// How often it is looked whether the server still runs and has room, while there is one.
const LOOK: Duration = Duration::from_secs(5);
/// How often it is tried again to end what should not run.
const LOOK_WHILE_OFF: Duration = Duration::from_secs(60);
/// Drives are read-only when less of the disk is free than one part of so many, and between these two in bytes: at ten gigabits a second the
/// largest lasts for longer than it takes to see it, and uploads, databases and deletions still have what they need.
const RESERVE_PART: u64 = 20;
const RESERVE: (u64, u64) = (128 << 20, 8 << 30);
/// Who says the warnings of this part.
const SOURCE: &str = "shares";
/// Code of the warning when nothing is served that should be.
const NOT_SERVED: &str = "shares-not-served";
/// Code of the warning when something is served that should not be.
const STILL_SERVED: &str = "shares-still-served";
/// Code of the warning when drives only read because the disk is nearly full.
const READ_ONLY: &str = "shares-read-only";
/// Symbols of a device's password, 5 bits each: 120 bits, which nobody finds even if the hash is stolen.
const SYMBOLS: usize = 24;
/// Symbols between two dashes.
const GROUP: usize = 4;
/// The symbols of Crockford's base32 in small letters, so that a password survives handwriting.
const ALPHABET: &[u8; 32] = b"0123456789abcdefghjkmnpqrstvwxyz";
/// Folders that lead to what is served: passed through by the spaces' users, whom only the server has, below the box's own folder.
pub(crate) const PASSAGE: u32 = 0o711;
/// Folders with files are their space's alone.
const OWN: u32 = 0o700;

/// Whoever serves, one order at a time.
pub(crate) struct Shares {
    smb: Arc<dyn Smb>,
    turn: Mutex<()>,
    last: std::sync::Mutex<Option<Outcome>>,
}

/// What came of the last order.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Outcome {
    /// Why what is wanted is not served; none when it is.
    pub(crate) why: Option<String>,
    /// Something may be served that is not wanted: it could not be ended.
    pub(crate) still: bool,
    /// The disk is so full that drives only read.
    pub(crate) full: bool,
}

impl Shares {
    pub(crate) fn new(smb: Arc<dyn Smb>) -> Self {
        Self { smb, turn: Mutex::default(), last: std::sync::Mutex::default() }
    }

    /// The port at which drives are served.
    pub(crate) fn port(&self) -> u16 {
        self.smb.port()
    }

    /// What came of the last order; nothing is waited for.
    pub(crate) fn last(&self) -> Outcome {
        self.known().clone().unwrap_or_default()
    }

    fn known(&self) -> std::sync::MutexGuard<'_, Option<Outcome>> {
        self.last.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Why what is wanted is not served.
#[derive(Debug, thiserror::Error)]
enum NotServed {
    #[error("the devices cannot be read")]
    Devices(#[from] StoreError),
    #[error("the devices of people who are gone cannot be removed: {0}")]
    Gone(String),
    #[error("the folders cannot be made")]
    Folders(#[from] HomeError),
    #[error(transparent)]
    Smb(#[from] SmbError),
    #[error("the preparation broke")]
    Broke(#[from] tokio::task::JoinError),
}

/// Keeps what is served as the settings say until the box ends; nothing is served then.
pub(crate) async fn keep(croft: Arc<Regulator>) {
    let mut settings = croft.desired.follow();
    loop {
        let off = settings.borrow_and_update().settings.shares.serve == Serve::Off;
        apply(&croft).await;
        // Cancel-safe: a change that was not seen stays marked in its channel.
        tokio::select! {
            () = croft.stop.cancelled() => break,
            _ = settings.changed() => {}
            () = tokio::time::sleep(if off { LOOK_WHILE_OFF } else { LOOK }) => {}
        }
    }
    let _turn = croft.shares.turn.lock().await;
    if let Err(error) = croft.shares.smb.end().await {
        tracing::warn!(error = error_chain(&error), "the shares did not end in order");
    }
}

/// [`apply`], to its end also when nobody waits for the answer any longer.
pub(crate) async fn at_once(croft: &Arc<Regulator>) -> Outcome {
    let at = Arc::clone(croft);
    match tokio::spawn(async move { apply(&at).await }).await {
        Ok(outcome) => outcome,
        Err(error) => Outcome { why: Some(error.to_string()), still: true, full: false },
    }
}

/// Serves what the settings and the devices say at this moment. When it returns, nobody has any longer what was taken from them, unless it says so.
async fn apply(croft: &Arc<Regulator>) -> Outcome {
    let _turn = croft.shares.turn.lock().await;
    let mut outcome = Outcome::default();
    match serve(croft).await {
        Ok(full) => outcome.full = full,
        Err(error) => {
            outcome.why = Some(error_chain(&error));
            // What is served now may be what somebody must not have any more.
            if let Err(error) = croft.shares.smb.end().await {
                tracing::error!(error = error_chain(&error), "the shares cannot be ended");
                outcome.still = true;
            }
        }
    }
    let last = croft.shares.known().replace(outcome.clone());
    if last.as_ref() != Some(&outcome) {
        match &outcome.why {
            Some(error) => tracing::error!(error, "network drives are not served"),
            None => tracing::info!(full = outcome.full, "network drives are as the settings say"),
        }
        croft.warnings.replace(SOURCE, warning(&outcome).into_iter().collect());
    }
    outcome
}

/// Gives whether the disk is so full that they only read.
async fn serve(croft: &Arc<Regulator>) -> Result<bool, NotServed> {
    let at = Arc::clone(croft);
    if croft.desired.now().settings.shares.serve == Serve::Off {
        croft.shares.smb.end().await?;
        return Ok(false);
    }
    croft.shares.smb.may()?;
    let wanted = tokio::task::spawn_blocking(move || -> Result<_, NotServed> {
        let mut devices = devices(&at)?;
        // Read after the devices: whoever has one was there before it.
        let now = at.desired.now();
        forget(&at, &mut devices, &now.settings)?;
        make_folders(&at, &now.settings)?;
        let full = is_full(&at.home.room()?, at.shares.last().full);
        Ok(plan::wanted(&now.settings, &devices).map(|wanted| Wanted { read_only: full, ..wanted }))
    });
    match wanted.await?? {
        Some(wanted) => {
            croft.shares.smb.serve(&wanted).await?;
            Ok(wanted.read_only)
        }
        None => {
            croft.shares.smb.end().await?;
            Ok(false)
        }
    }
}

/// Whether drives only read; `was` keeps them so until there is clearly more room again.
fn is_full(room: &Room, was: bool) -> bool {
    let line = (room.total / RESERVE_PART).clamp(RESERVE.0, RESERVE.1);
    room.free < if was { line / 4 * 5 } else { line }
}

/// Removes the devices of people who are gone: should a removal be taken back, a lost laptop does not come back with it.
fn forget(croft: &Regulator, devices: &mut Devices, settings: &Settings) -> Result<(), NotServed> {
    let gone = devices.extract_if(.., |_, device| !settings.people.contains_key(&device.person));
    for (number, device) in gone.collect::<Vec<_>>() {
        let sentence = format!("Removed the device {}, since its person is gone.", device.account);
        let who = Actor::Role { name: SUPERVISOR.into() };
        let line = NewLine { at: Timestamp::now(), who, action: "device.removed".into(), sentence, generation: None };
        let removed = croft.desired.record(line, |write| write.remove(&DEVICES, &number).map_err(problem));
        removed.map_err(|problem| NotServed::Gone(problem.detail))?;
    }
    Ok(())
}

/// Makes what is served: a space that nobody has opened yet has no folder, and Samba makes none.
fn make_folders(croft: &Regulator, settings: &Settings) -> Result<(), HomeError> {
    for passage in ["spaces", "snapshots", "times"] {
        croft.home.directory(passage, PASSAGE, None)?;
    }
    croft.home.directory("run/shares", OWN, None)?;
    let user = |space: croft_model::SpaceId| Some(SPACE_USERS + u32::from(space.number()));
    for drive in network_drives(settings) {
        match drive.holds {
            Holding::Space { space } => {
                croft.home.subvolume(&format!("spaces/{space}"), OWN, user(space))?;
                croft.home.directory(&format!("spaces/{space}/files"), OWN, user(space))?;
            }
            Holding::TimeMachine { person, .. } => {
                let space = settings.people.get(&person).and_then(|person| user(person.space));
                croft.home.subvolume(&format!("times/{person}"), OWN, space)?;
            }
        }
    }
    Ok(())
}

/// All devices.
///
/// # Errors
/// The store cannot be read.
pub(crate) fn devices(croft: &Regulator) -> Result<Devices, StoreError> {
    let rows = croft.desired.store().read()?.range(&DEVICES, .., Order::Ascending, usize::from(u16::MAX))?;
    Ok(rows.into_iter().collect())
}

/// Makes a device of `person` on behalf of the writer of `line`; gives it with its password, which is nowhere else. Blocks until the disk has it.
///
/// # Errors
/// The name does not fit, the person has too many, the disk is full: nothing was made then.
pub(crate) fn add(
    croft: &Regulator,
    person: (PersonId, &Person),
    name: &str,
    who: croft_model::Actor,
) -> Result<(u16, DeviceRecord, Secret), Problem> {
    let password = password().map_err(|error| internal(&error))?;
    let now = Timestamp::now();
    let sentence = format!("Made the device {name} of {} for network drives.", person.1.display_name);
    let line = NewLine { at: now, who, action: "device.made".into(), sentence, generation: None };
    let (number, device) = croft.desired.record(line, |write| {
        let present = write.range(&DEVICES, .., Order::Ascending, usize::from(u16::MAX)).map_err(problem)?.into_iter().collect();
        let (number, device) = plan::add(&present, person, name, &password, now)?;
        write.put(&DEVICES, &number, &device).map_err(problem)?;
        Ok((number, device))
    })?;
    Ok((number, device, Secret::try_from(password).map_err(|_| Problem::internal())?))
}

/// Removes the device `number`, if `may` says so of its person. Blocks until the disk has it; [`apply`] then closes its connections.
///
/// # Errors
/// There is none that whoever asks may remove; the disk is full.
pub(crate) fn remove(croft: &Regulator, number: u16, who: croft_model::Actor, may: impl Fn(PersonId) -> bool) -> Result<(), Problem> {
    let missing = || Problem::new(404, "no-such-device", "There is no device with this id.");
    let device = devices(croft).map_err(problem)?.remove(&number).filter(|device| may(device.person)).ok_or_else(missing)?;
    let sentence = format!("Removed the device {}; it opens no network drive any more.", device.account);
    let line = NewLine { at: Timestamp::now(), who, action: "device.removed".into(), sentence, generation: None };
    croft.desired.record(line, |write| {
        let same = write.get(&DEVICES, &number).map_err(problem)?.is_some_and(|found| found == device);
        if same && write.remove(&DEVICES, &number).map_err(problem)? { Ok(()) } else { Err(missing()) }
    })
}

fn password() -> Result<String, random::NoRandomness> {
    let bytes = random::bytes::<SYMBOLS>()?;
    let symbols: Vec<char> = bytes.iter().map(|byte| char::from(ALPHABET[usize::from(byte % 32)])).collect();
    Ok(symbols.chunks(GROUP).map(|group| group.iter().collect::<String>()).collect::<Vec<_>>().join("-"))
}

fn warning(outcome: &Outcome) -> Option<Warning> {
    let (code, severity, title, meaning, action) = match outcome {
        Outcome { still: true, .. } => (
            STILL_SERVED,
            Severity::Critical,
            "Network drives could not be ended.",
            "A device that was removed, or somebody who may no more, may still reach files over a connection that stands.",
            "The box tries again by itself. If this stays, restart the box: nothing is served then until everything is as it should be.",
        ),
        Outcome { why: Some(_), .. } => (
            NOT_SERVED,
            Severity::Degraded,
            "Network drives are switched on and are not served.",
            "Explorer, Finder and others do not reach their drives. The web page and other clients do as before.",
            "The box tries again by itself. If this stays, look at `croft logs --role shares`, or switch the shares off.",
        ),
        Outcome { full: true, .. } => (
            READ_ONLY,
            Severity::Degraded,
            "Network drives only read, since the disk is nearly full.",
            "Explorer, Finder and Time Machine are refused what they want to write, until there is room again.",
            "Make room: empty the trash, let earlier states go, or add a disk.",
        ),
        _ => return None,
    };
    Some(Warning {
        code: code.into(),
        subject: String::new(),
        severity,
        title: title.into(),
        meaning: meaning.into(),
        action: action.into(),
        lines: outcome.why.iter().cloned().collect(),
        depends_on: None,
        since: Timestamp::now(),
    })
}

#[cfg(test)]
mod tests {
    use croft_units::Room;

    #[test]
    fn drives_only_read_below_the_reserve_and_until_there_is_clearly_more() {
        for (total, free, was, full) in [
            (4000_u64 << 30, 9_u64 << 30, false, false),
            (4000 << 30, 9 << 30, true, true),
            (4000 << 30, 7 << 30, false, true),
            (4000 << 30, 11 << 30, true, false),
            (1 << 30, 129 << 20, false, false),
            (1 << 30, 127 << 20, false, true),
            (100 << 30, 5 << 30, false, false),
        ] {
            assert_eq!(super::is_full(&Room { file_system: "btrfs", total, free }, was), full, "{total} {free} {was}");
        }
    }

    #[test]
    fn a_password_is_long_typed_easily_and_never_the_same() {
        let [one, two] = [(), ()].map(|()| super::password().expect("random"));
        assert_ne!(one, two);
        assert_eq!(one.len(), 29);
        assert!(one.chars().all(|c| c == '-' || c.is_ascii_lowercase() || c.is_ascii_digit()), "{one}");
    }
}
