//! What is not well with apps.

use croft_api::wire::apps::{AppState, AppView, EngineState};
use croft_containers::{ContainerId, LogsWish};
use croft_model::{Report, Severity, Warning};
use futures_util::StreamExt;
use jiff::Timestamp;
use std::{sync::Arc, time::Duration};
use tokio::time::{Instant, timeout};

use crate::{keeper::Keeper, records::Phase, view};

/// Codes of the warnings.
const FAILING: &str = "app-failing";
const ENGINE: &str = "apps-engine-away";
/// Lines of an app's last words that go along.
const LINES: u32 = 10;
/// Longest line, in characters.
const LINE: usize = 300;
/// How often it is told, and time for the last words.
const TELL: Duration = Duration::from_secs(5);
const WORDS: Duration = Duration::from_secs(5);
/// What begins is not well for a while; then people are told.
const PATIENCE: Duration = Duration::from_secs(90);

/// Tells the supervisor until the role ends.
pub(crate) async fn run(keeper: Arc<Keeper>) {
    let mut away_since: Option<(Instant, Timestamp)> = None;
    while !keeper.stop.is_cancelled() {
        let apps = view::all(&keeper);
        let mut warnings = Vec::new();
        for app in &apps {
            if app.state == AppState::Failing {
                warnings.push(failing(app, last_words(&keeper, app).await));
            }
        }
        let engine = keeper.state().engine.clone();
        away_since = match &engine {
            EngineState::Ready { .. } => None,
            EngineState::Away { .. } => Some(away_since.unwrap_or_else(|| (Instant::now(), Timestamp::now()))),
        };
        // Where nobody has apps, nobody needs an engine.
        if let (EngineState::Away { why }, Some((since, at))) = (&engine, away_since)
            && since.elapsed() > PATIENCE
            && !apps.is_empty()
        {
            warnings.push(away(why, at));
        }
        let report = Report { warnings, ..Report::default() };
        if let Err(problem) = keeper.supervisor.report(&report).await {
            tracing::debug!(%problem, "the supervisor does not take the report on apps");
        }
        // Cancel-safe: nothing is lost by waiting less.
        tokio::select! {
            () = keeper.stop.cancelled() => {}
            () = tokio::time::sleep(TELL) => {}
        }
    }
}

fn failing(app: &AppView, lines: Vec<String>) -> Warning {
    let ill: Vec<&str> =
        app.services.iter().filter(|part| matches!(part.state.as_str(), "ended" | "unhealthy")).map(|part| part.name.as_str()).collect();
    let meaning = match (&app.trouble, ill.as_slice()) {
        (Some(why), _) => format!("The box cannot make it what it shall be: {why}"),
        (None, []) => "It does not get on.".to_owned(),
        (None, ill) => format!("A part of it ends again and again, or says that it is not well: {}.", ill.join(", ")),
    };
    Warning {
        code: FAILING.into(),
        subject: app.id.to_string(),
        severity: Severity::Degraded,
        title: format!("The app {} does not run as it should.", app.name),
        meaning,
        action: format!(
            "Look at its last lines, or `croft app logs {}`. It is tried again, less and less often; stop it if it shall not run.",
            app.id
        ),
        lines,
        depends_on: None,
        since: app.since,
    }
}

fn away(why: &str, since: Timestamp) -> Warning {
    Warning {
        code: ENGINE.into(),
        subject: String::new(),
        severity: Severity::Degraded,
        title: "Apps cannot be looked after.".into(),
        meaning: format!("Apps that run go on running; none is started, stopped or changed. {why}"),
        action: "Restart the box. If that does not help, its log says more.".into(),
        lines: Vec::new(),
        depends_on: None,
        since,
    }
}

/// The last lines of a part that is not well.
async fn last_words(keeper: &Keeper, app: &AppView) -> Vec<String> {
    let container: Option<ContainerId> = {
        let state = keeper.state();
        let is_installed = state.kept.get(&app.id).is_some_and(|record| record.phase == Phase::Installed);
        let ill = app.services.iter().find(|part| matches!(part.state.as_str(), "ended" | "unhealthy")).filter(|_| is_installed);
        ill.and_then(|ill| {
            let seen = state.seen.iter().flat_map(|seen| &seen.containers);
            seen.clone().find(|part| part.app.as_str() == app.id.as_str() && part.service.as_str() == ill.name).map(|part| part.id.clone())
        })
    };
    let Some(container) = container else { return Vec::new() };
    let wish = LogsWish { follow: false, since: None, tail: LINES };
    let read = async {
        let said = keeper.engine.logs(&container, &wish).await.ok()?;
        let pieces: Vec<_> = said.take(LINES as usize).filter_map(|piece| std::future::ready(piece.ok())).collect().await;
        Some(pieces.iter().map(|piece| line(&piece.bytes)).collect())
    };
    timeout(WORDS, read).await.ok().flatten().unwrap_or_default()
}

/// What an app wrote, as a line without control characters.
pub(crate) fn line(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).trim_end().chars().map(|c| if c.is_control() { ' ' } else { c }).take(LINE).collect()
}
