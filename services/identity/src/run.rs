//! The life of the role: start, the tasks beside the server, orderly end.

use std::{fs::File, io::Read, time::Duration};

use croft_api::{
    capability::{Minter, Verifier},
    inherit::Descriptors,
    lifecycle::Lifecycle,
    projection::Supervisor,
    routes::Gate,
    socket::{self, Peers},
    wire::trust::Revocation,
};
use croft_model::{PersonRole, Report, Warning};
use jiff::Timestamp;
use tokio_util::sync::CancellationToken;

use crate::{
    app_passwords,
    audit::Audit,
    error::IdentityError,
    household,
    http::router,
    identity::{Identity, Parts},
    invitations,
    passphrases::Passphrases,
    records::{CREDENTIALS, CredentialRecord, DoorRecord},
    sessions,
};

/// How often expired sessions and invitations are removed. They are void without it; this only frees their place.
const SWEEP: Duration = Duration::from_secs(60 * 60);
/// How long the audit log's carrier may take at the end.
const LAST_LINES: Duration = Duration::from_secs(2);
/// Memory of a machine that does not say how much it has: assume a small one.
const UNKNOWN_MEMORY_KIB: u64 = 1024 * 1024;

/// Runs identity until it is told to stop.
///
/// # Errors
/// It was started wrongly, or its store or authority cannot be used.
pub async fn run(mut descriptors: Descriptors) -> Result<(), IdentityError> {
    let lifecycle = Lifecycle::start(&mut descriptors)?;
    let stop = lifecycle.stopping();
    let listener = descriptors.unix_listener("api")?;
    let minter = read_seed(descriptors.take("capability-seed")?.into())?;
    let verifier = Verifier::new(&minter.public_key_hex(), "identity").ok_or_else(|| seed_error("its public key cannot be used"))?;
    let gate = Gate { verifier, peers: Peers::from_env()? };
    let supervisor = Supervisor::new(descriptors.run_directory()?);
    let (audit, last_lines) = Audit::start(supervisor.clone(), stop.clone());
    let identity = Identity::open(Parts {
        state: descriptors.take("state")?,
        minter,
        passphrases: Passphrases::new(memory_kib())?,
        projection: supervisor.follow(stop.clone()),
        supervisor,
        audit,
        stop: stop.clone(),
    })?;
    let beside = [tokio::spawn(upkeep(identity.clone())), tokio::spawn(follow_people(identity.clone()))];
    lifecycle.ready();
    socket::serve(listener, router(identity), gate, stop).await;
    lifecycle.ended();
    for task in beside {
        task.await?;
    }
    // Lines that the supervisor does not take in time are in the journal.
    let _ = tokio::time::timeout(LAST_LINES, last_lines).await;
    Ok(())
}

/// Removes what is void, every hour. Not before the settings are known, which say how long a session lasts.
pub(crate) async fn upkeep(identity: Identity) {
    let mut projection = identity.household.watch();
    // Cancel-safe: waiting keeps no state.
    tokio::select! {
        () = identity.stop.cancelled() => return,
        known = projection.wait_for(Option::is_some) => if known.is_err() { return },
    }
    let mut tick = tokio::time::interval(SWEEP);
    while next(&mut tick, &identity.stop).await {
        let idle_days = identity.household.idle_days();
        let swept = identity.records.change::<_, IdentityError>(move |write| {
            let now = Timestamp::now();
            sessions::sweep(write, idle_days, now)?;
            invitations::sweep(write, now)
        });
        if let Err(error) = swept.await {
            tracing::warn!(%error, "expired sessions could not be removed; they stay void");
        }
        settle(&identity).await;
    }
}

async fn next(tick: &mut tokio::time::Interval, stop: &CancellationToken) -> bool {
    // Cancel-safe: an interval loses no tick.
    tokio::select! {
        () = stop.cancelled() => false,
        _ = tick.tick() => true,
    }
}

/// Follows the settings: signs out who left, makes the gateway ask anew about who has another name or role, reports the generation in force.
pub(crate) async fn follow_people(identity: Identity) {
    let mut projection = identity.household.watch();
    let mut before = None;
    loop {
        let (generation, people) = {
            let current = projection.borrow_and_update();
            (current.as_ref().map(|current| current.generation), current.as_ref().and_then(|current| current.people.clone()))
        };
        if let (Some(before), Some(now)) = (&before, &people) {
            for id in household::changed(before, now) {
                identity.revocations.push(Revocation::Person(id));
            }
        }
        if people.is_some() && people != before {
            settle(&identity).await;
        }
        before = people.or(before);
        if let Some(generation) = generation {
            report(&identity, generation).await;
        }
        // Cancel-safe: a change that is missed here is seen by the next look.
        tokio::select! {
            () = identity.stop.cancelled() => return,
            changed = projection.changed() => if changed.is_err() { return },
        }
    }
}

/// Brings what is kept into line with the people there are, whenever they left or came: removes the sign-ins of everybody else, and marks
/// the passphrases of owners. The passphrase of who left stays, void, so that an undone removal is whole.
async fn settle(identity: &Identity) {
    let household = identity.household.clone();
    let settled = identity.records.change::<_, IdentityError>(move |write| {
        // Looked at inside the transaction: whoever got a sign-in before it is among the people by now.
        let Some(people) = household.people() else { return Ok(()) };
        sessions::keep_only(write, &people)?;
        app_passwords::keep_only(write, &people)?;
        invitations::keep_only(write, &people)?;
        for (id, _) in people.iter().filter(|(_, person)| person.role == PersonRole::Owner) {
            if let Some(credential) = write.get(&CREDENTIALS, &id.number())?.filter(|credential| !credential.of_owner) {
                write.put(&CREDENTIALS, &id.number(), &CredentialRecord { of_owner: true, ..credential })?;
            }
        }
        Ok(())
    });
    if let Err(error) = settled.await {
        tracing::warn!(%error, "the sign-ins of people who left could not be removed; they stay void");
    }
}

async fn report(identity: &Identity, generation: u64) {
    let claimed = matches!(identity.door(), Ok(DoorRecord::Claimed { .. }));
    let status = serde_json::json!({ "claimed": claimed });
    let report = Report { generation, status, warnings: Vec::<Warning>::new(), tasks: Vec::new(), disks: 0 };
    if let Err(problem) = identity.supervisor.report(&report).await {
        tracing::debug!(%problem, "the supervisor does not take identity's report");
    }
}

fn read_seed(mut file: File) -> Result<Minter, IdentityError> {
    use std::io::Seek;
    let mut seed = Vec::with_capacity(32);
    // The descriptor may be shared with the process before this one, which has read it to the end.
    file.rewind().and_then(|()| file.take(33).read_to_end(&mut seed)).map_err(IdentityError::Seed)?;
    Minter::from_seed(&seed).ok_or_else(|| seed_error("it is not 32 bytes"))
}

fn seed_error(reason: &str) -> IdentityError {
    IdentityError::Seed(std::io::Error::new(std::io::ErrorKind::InvalidData, reason))
}

/// Memory of the machine.
fn memory_kib() -> u64 {
    croft_api::machine::memory_kib().unwrap_or(UNKNOWN_MEMORY_KIB)
}
