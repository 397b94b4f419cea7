//! Asking apps how they are: the engine's own checks need systemd, so the role asks, by the test of the app or of its image.

use std::{
    collections::{BTreeMap, HashMap},
    sync::Arc,
    time::Duration,
};

use croft_catalog::{HealthTest, ServiceName};
use croft_containers::{ContainerId, ContainerState, Engine};
use croft_model::AppId;
use croft_telemetry::error_chain;
use tokio::{
    task::{Id, JoinSet},
    time::{Instant, sleep},
};

use crate::{
    keeper::Keeper,
    plan::Health,
    records::Phase,
    wishes::{self, Ground},
};

/// How often it is looked whom to ask.
const LOOK: Duration = Duration::from_secs(1);
/// As docker's own, where nothing is said.
const INTERVAL: Duration = Duration::from_secs(30);
const TIMEOUT: Duration = Duration::from_secs(30);
const RETRIES: u32 = 3;
/// Until it is well for the first time it is asked this often at least: others may wait for it.
const AT_FIRST: Duration = Duration::from_secs(3);
/// The least between two checks.
const SHORTEST: Duration = Duration::from_secs(1);
/// The longest check, whatever an app or its image says: others wait for its place.
const LONGEST: Duration = Duration::from_secs(60);
/// Checks at once, one of an app: each is a process in a container.
const AT_ONCE: usize = 4;

/// A check of a container.
#[derive(Debug, Clone)]
struct Check {
    argv: Vec<String>,
    interval: Duration,
    timeout: Duration,
    retries: u32,
    start_period: Duration,
}

/// What is known of one that is checked.
struct Book {
    begun: Instant,
    next: Instant,
    failed: u32,
    well: bool,
    /// None where it has no check.
    check: Option<Check>,
}

/// Checks under way.
#[derive(Default)]
struct Asking {
    tasks: JoinSet<bool>,
    places: HashMap<Id, (ContainerId, AppId)>,
}

impl Asking {
    /// Whether there is a place for a check of this app.
    fn has_place(&self, app: &AppId) -> bool {
        self.places.len() < AT_ONCE && self.places.values().all(|(_, busy)| busy != app)
    }

    fn begin(&mut self, id: ContainerId, app: AppId, check: impl Future<Output = bool> + Send + 'static) {
        let task = self.tasks.spawn(check).id();
        self.places.insert(task, (id, app));
    }

    /// The next that ends, and whether it is well; none where there is none under way. Cancel-safe: what has ended is given at the next call.
    async fn ended(&mut self) -> Option<(ContainerId, bool)> {
        let (task, well) = match self.tasks.join_next_with_id().await? {
            Ok(ended) => ended,
            Err(error) => {
                tracing::error!(error = error_chain(&error), "a check of an app broke off");
                (error.id(), false)
            }
        };
        self.places.remove(&task).map(|(id, _)| (id, well))
    }
}

/// It cannot be found out now how a part is asked.
struct NotNow;

/// Asks until the role ends.
pub(crate) async fn run(keeper: Arc<Keeper>) {
    let mut books: BTreeMap<ContainerId, Book> = BTreeMap::new();
    let mut asking = Asking::default();
    while !keeper.stop.is_cancelled() {
        let mut running = running(&keeper);
        books.retain(|id, _| running.iter().any(|(running, _, _)| running == id));
        // One that was started anew is asked anew.
        books.retain(|id, _| keeper.state().health.contains_key(id));
        for (id, app, service) in &running {
            if !books.contains_key(id) {
                // What cannot be found out now is tried at the next turn.
                let Ok(check) = check_of(&keeper, app, service).await else { continue };
                keeper.state().health.insert(id.clone(), if check.is_some() { Health::Unknown } else { Health::Never });
                keeper.wake.notify_one();
                books.insert(id.clone(), Book { begun: Instant::now(), next: Instant::now(), failed: 0, well: false, check });
            }
        }
        // Who waits longest comes first: nobody has the places for himself.
        running.sort_by_key(|(id, _, _)| books.get(id).map(|book| book.next));
        for (id, app, _) in running {
            let due = books.get(&id).filter(|book| book.next <= Instant::now() && asking.has_place(&app));
            if let Some(check) = due.and_then(|book| book.check.clone()) {
                let (engine, asked) = (Arc::clone(&keeper.engine), id.clone());
                asking.begin(id, app, async move { ask(&*engine, &asked, &check).await });
            }
        }
        // Cancel-safe: an answer that has come is taken at the next turn.
        tokio::select! {
            () = keeper.stop.cancelled() => break,
            () = sleep(LOOK) => {}
            Some((id, well)) = asking.ended() => {
                if let Some(book) = books.get_mut(&id) {
                    note(&keeper, &id, book, well);
                }
            }
        }
    }
    asking.tasks.shutdown().await;
}

fn note(keeper: &Keeper, id: &ContainerId, book: &mut Book, well: bool) {
    let Some(check) = &book.check else { return };
    let in_start = book.begun.elapsed() < check.start_period && !book.well;
    book.failed = if well { 0 } else { book.failed + u32::from(!in_start) };
    book.well |= well;
    book.next = Instant::now() + if book.well { check.interval } else { check.interval.min(AT_FIRST) };
    let health = if well {
        Health::Well
    } else if book.failed >= check.retries {
        Health::Ill
    } else {
        return;
    };
    let before = keeper.state().health.insert(id.clone(), health);
    if before != Some(health) {
        tracing::info!(?health, container = %id, "a part of an app says how it is");
        keeper.wake.notify_one();
    }
}

async fn ask(engine: &dyn Engine, id: &ContainerId, check: &Check) -> bool {
    match engine.exec(id, &check.argv, check.timeout).await {
        Ok(end) => end.code == 0,
        Err(error) => {
            tracing::debug!(error = error_chain(&error), container = %id, "a part of an app could not be asked");
            false
        }
    }
}

/// Containers that run, of apps that are installed.
fn running(keeper: &Keeper) -> Vec<(ContainerId, AppId, ServiceName)> {
    let state = keeper.state();
    let installed = |app: &AppId| state.kept.get(app).is_some_and(|record| record.phase == Phase::Installed);
    let seen = state.seen.iter().flat_map(|seen| &seen.containers);
    let running = seen.filter(|part| matches!(part.state, ContainerState::Running { .. }));
    running
        .filter_map(|part| Some((part.id.clone(), part.app.as_str().parse().ok()?, part.service.as_str().parse().ok()?)))
        .filter(|(_, app, _)| installed(app))
        .collect()
}

/// How long a check may take that wants so long.
fn patience(wanted: Duration) -> Duration {
    wanted.clamp(SHORTEST, LONGEST)
}

/// How a part is asked: by the app's test, else by its image's.
async fn check_of(keeper: &Keeper, app: &AppId, service: &ServiceName) -> Result<Option<Check>, NotNow> {
    let record = keeper.state().kept.get(app).cloned().ok_or(NotNow)?;
    let Some(part) = record.spec.services.get(service) else { return Ok(None) };
    let seconds = |seconds: Option<u32>, usual: Duration| seconds.map_or(usual, |seconds| Duration::from_secs(seconds.into()));
    if let Some(health) = &part.health {
        match &health.test {
            HealthTest::Never => return Ok(None),
            HealthTest::Image => {}
            HealthTest::Program { .. } | HealthTest::Shell { .. } => {
                let hosted = keeper.hosted().and_then(|hosted| hosted.get(app).cloned()).ok_or(NotNow)?;
                let (host, zone) = keeper.box_names();
                let ground = Ground { apps: keeper.shelf.path(), box_host: &host, zone: &zone };
                let check = wishes::check(app, &record, &hosted, &ground, service).map(|argv| Check {
                    argv,
                    interval: seconds(health.interval_seconds, INTERVAL).max(SHORTEST),
                    timeout: patience(seconds(health.timeout_seconds, TIMEOUT)),
                    retries: health.retries.unwrap_or(RETRIES).max(1),
                    start_period: seconds(health.start_period_seconds, Duration::ZERO),
                });
                return Ok(check);
            }
        }
    }
    let Some(digest) = record.digests.get(service) else { return Ok(None) };
    let image = keeper.engine.image(digest).await.map_err(|error| {
        tracing::debug!(%app, error = error_chain(&error), "nobody knows yet how a part of an app is asked");
        NotNow
    })?;
    Ok(image.and_then(|image| image.health).and_then(of_image))
}

/// The check that an image brings along.
fn of_image(health: croft_containers::Health) -> Option<Check> {
    let argv = match health.test.split_first()? {
        (kind, argv) if kind == "CMD" && !argv.is_empty() => argv.to_vec(),
        (kind, [line]) if kind == "CMD-SHELL" => vec!["/bin/sh".into(), "-c".into(), line.clone()],
        _ => return None,
    };
    let nanoseconds =
        |count: i64, usual: Duration| u64::try_from(count).ok().filter(|count| *count > 0).map_or(usual, Duration::from_nanos);
    Some(Check {
        argv,
        interval: nanoseconds(health.interval_nanoseconds, INTERVAL).max(SHORTEST),
        timeout: patience(nanoseconds(health.timeout_nanoseconds, TIMEOUT)),
        retries: u32::try_from(health.retries).ok().filter(|retries| *retries > 0).unwrap_or(RETRIES),
        start_period: nanoseconds(health.start_period_nanoseconds, Duration::ZERO),
    })
}

#[cfg(test)]
mod tests {
    use std::future::pending;

    use super::*;

    fn id(number: usize) -> ContainerId {
        format!("{number:064x}").parse().unwrap()
    }

    fn app(number: usize) -> AppId {
        format!("app-{number}").parse().unwrap()
    }

    #[tokio::test]
    async fn an_app_has_one_place_and_there_are_few() {
        let mut asking = Asking::default();
        for number in 0..AT_ONCE {
            assert!(asking.has_place(&app(number)), "{number}");
            asking.begin(id(number), app(number), pending());
            assert!(!asking.has_place(&app(number)), "{number}");
        }
        assert!(!asking.has_place(&app(AT_ONCE)));
    }

    #[tokio::test]
    async fn a_check_that_breaks_off_frees_its_place_and_is_not_well() {
        let mut asking = Asking::default();
        asking.begin(id(1), app(1), async { panic!("a test wants it so") });
        assert_eq!(asking.ended().await, Some((id(1), false)));
        assert!(asking.has_place(&app(1)));
        asking.begin(id(1), app(1), async { true });
        assert_eq!(asking.ended().await, Some((id(1), true)));
        assert_eq!(asking.ended().await, None);
    }

    #[test]
    fn no_check_takes_an_hour() {
        let check = |seconds: u64, expected: u64| assert_eq!(patience(Duration::from_secs(seconds)).as_secs(), expected);
        check(0, 1);
        check(30, 30);
        check(3_600, 60);
    }
}
