//! `croft app`: apps that are installed, from the install to the end.

use std::{
    path::{Path, PathBuf},
    time::Duration,
};

use croft_client::{
    Client,
    wire::apps::{AppList, AppLog, AppLogQuery, AppState, AppView, EngineState, InstallApp, InstallPlan},
};
use croft_model::{AppId, Section, WayOut};
use serde_json::{Value, json};

use super::read;
use crate::{
    commands::{
        CommandError,
        settings::{IntentArgs, changed},
    },
    say::{Say, clean, table},
};

/// How often it is asked how far an install is.
const LOOK: Duration = Duration::from_millis(700);

/// Apps that are installed.
#[derive(clap::Subcommand)]
pub(crate) enum Life {
    /// The apps of the box, and how they do.
    List,
    /// One app: its parts, where it answers, what it may.
    Show {
        /// The app.
        app: AppId,
    },
    /// Install an app out of a folder with its manifest, or an app of a catalogue's folder: croft app install ./catalog --app photos
    Install {
        /// The folder of the app or of a catalogue, or a specification (`app-spec` as JSON).
        from: PathBuf,
        /// Which app of a catalogue.
        #[arg(long)]
        app: Option<String>,
        /// Fill in what the app asks for: --set KEY=VALUE, several times.
        #[arg(long = "set", value_name = "KEY=VALUE")]
        values: Vec<String>,
        /// Grant what the app asks for beyond its own network and data, by its word; several times.
        #[arg(long = "grant", value_name = "PERMISSION")]
        granted: Vec<String>,
        /// Let it take over what an app of the same id has kept that came from elsewhere.
        #[arg(long)]
        replace: bool,
        /// Only say what would be done.
        #[arg(long)]
        dry_run: bool,
        /// Do not wait until it runs.
        #[arg(long)]
        no_wait: bool,
    },
    /// Have an app run.
    Start {
        /// The app.
        app: AppId,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// Have an app run no longer. What it kept stays.
    Stop {
        /// The app.
        app: AppId,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// End all parts of an app and start them again.
    Restart {
        /// The app.
        app: AppId,
    },
    /// Let an app reach the internet, or close it again. It reaches the home's network, other apps and the box itself in neither case.
    Way {
        /// The app.
        app: AppId,
        /// `open` or `closed`.
        #[arg(value_parser = ["open", "closed"])]
        out: String,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// What an app wrote lately.
    Logs {
        /// The app.
        app: AppId,
        /// One part alone.
        #[arg(long)]
        service: Option<String>,
        /// How many of the last lines.
        #[arg(long)]
        tail: Option<u32>,
        /// Only lines that have this in them.
        #[arg(long)]
        search: Option<String>,
    },
    /// The values that were made for this install and that somebody needs to sign in to the app.
    Secrets {
        /// The app.
        app: AppId,
    },
    /// Take an app away. What it kept stays, and an install of the same app finds it again.
    Uninstall {
        /// The app.
        app: AppId,
    },
}

/// Runs the command.
pub(crate) async fn run(command: Life, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Life::List => say.print(&client.apps().await?, list),
        Life::Show { app } => say.print(&client.app(&app).await?, one),
        Life::Install { from, app, values, granted, replace, dry_run, no_wait } => {
            let order = InstallApp { spec: spec(&from, app.as_deref())?, values: pairs(values)?, granted, source: source(&from), replace };
            let plan = client.install_app(&order, dry_run).await?;
            if dry_run || no_wait {
                say.print(&plan, planned);
                return Ok(());
            }
            wait(&plan.app, client, say).await?;
        }
        Life::Start { app, intent } => patch(&app, json!({ "running": true }), intent, client, say).await?,
        Life::Stop { app, intent } => patch(&app, json!({ "running": false }), intent, client, say).await?,
        Life::Way { app, out, intent } => patch(&app, json!({ "way_out": out }), intent, client, say).await?,
        Life::Restart { app } => {
            client.restart_app(&app).await?;
            say.print(&json!({ "app": app, "restart": "begun" }), |_| format!("{app} ends and starts again."));
        }
        Life::Logs { app, service, tail, search } => say.print(&client.app_log(&app, &AppLogQuery { service, tail, search }).await?, log),
        Life::Secrets { app } => say.print(&client.app_secrets(&app).await?, |secrets| {
            if secrets.secrets.is_empty() {
                return "Nothing of this app has to be known to sign in to it.".into();
            }
            secrets
                .secrets
                .iter()
                .map(|secret| format!("{}: {}", clean(&secret.label), clean(&secret.value)))
                .collect::<Vec<_>>()
                .join("\n")
        }),
        Life::Uninstall { app } => {
            client.uninstall_app(&app).await?;
            say.print(&json!({ "app": app, "uninstall": "begun" }), |_| format!("{app} is taken away. What it kept stays."));
        }
    }
    Ok(())
}

/// Waits until an app runs, and tells each step.
async fn wait(app: &AppId, client: &Client, say: &Say) -> Result<(), CommandError> {
    let mut told = String::new();
    loop {
        let now = client.app(app).await?;
        if let Some(failed) = &now.failed {
            return Err(CommandError::Wrong(format!("{} was not installed. {}", clean(&now.name), clean(&failed.why))));
        }
        match (&now.work, now.state) {
            (None, AppState::Running) => {
                say.print(&now, one);
                return Ok(());
            }
            (None, AppState::Failing) => {
                let why = now.trouble.as_deref().map(clean).unwrap_or_default();
                return Err(CommandError::Wrong(format!(
                    "{} does not run as it should. {why} `croft app logs {app}` tells more",
                    clean(&now.name)
                )));
            }
            (work, _) => {
                let step = work.as_ref().map_or_else(|| "Starts.".to_owned(), |work| clean(&work.step));
                let far = work.as_ref().and_then(|work| work.progress).filter(|far| far.total > 0);
                let line = far.map_or_else(|| step.clone(), |far| format!("{step} {} %", far.done.saturating_mul(100) / far.total));
                if line != told && !say.is_json() {
                    say.aside(&line);
                    told = line;
                }
            }
        }
        tokio::time::sleep(LOOK).await;
    }
}

fn spec(from: &Path, app: Option<&str>) -> Result<Value, CommandError> {
    if from.is_file() {
        let unreadable = |error: &dyn std::fmt::Display| CommandError::Wrong(format!("{} cannot be read: {error}", from.display()));
        let text = std::fs::read_to_string(from).map_err(|error| unreadable(&error))?;
        return serde_json::from_str(&text).map_err(|error| unreadable(&error));
    }
    read::one(from, app)
}

/// Where it came from: the folder's own name, which is no path of anybody's machine.
fn source(from: &Path) -> String {
    std::fs::canonicalize(from).ok().and_then(|path| Some(path.file_name()?.to_string_lossy().into_owned())).unwrap_or_default()
}

fn pairs(values: Vec<String>) -> Result<std::collections::BTreeMap<String, String>, CommandError> {
    let pair = |text: String| match text.split_once('=') {
        Some((key, value)) => Ok((key.to_owned(), value.to_owned())),
        None => Err(CommandError::Wrong(format!("`{}` is not KEY=VALUE", clean(&text)))),
    };
    values.into_iter().map(pair).collect()
}

async fn patch(app: &AppId, change: Value, intent: IntentArgs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let now = client.section(Section::Apps).await?;
    if now.value.get(app.as_str()).is_none() {
        return Err(CommandError::Wrong(format!("there is no app {app} on this box: `croft app list` shows those that are installed")));
    }
    say.print(&client.patch(Section::Apps, &now.etag, &json!({ app.as_str(): change }), &intent.into()).await?, changed);
    Ok(())
}

fn list(list: &AppList) -> String {
    let mut text = match &list.engine {
        EngineState::Ready { .. } => String::new(),
        EngineState::Away { why } => format!("Apps cannot run here. {}\n", clean(why)),
    };
    if list.apps.is_empty() {
        text.push_str("There are no apps on this box yet: `croft app install DIR`.");
        return text;
    }
    let rows = list.apps.iter().map(|app| {
        let way = app.wanted.as_ref().map_or("-", |wanted| if wanted.way_out == WayOut::Open { "open" } else { "closed" });
        [
            app.id.to_string(),
            clean(&app.name),
            clean(&app.version),
            state(app.state).into(),
            way.into(),
            app.hosts.first().cloned().unwrap_or_default(),
        ]
    });
    text.push_str(&table(["APP", "NAME", "VERSION", "STATE", "WAY OUT", "WHERE"], rows));
    text
}

fn one(app: &AppView) -> String {
    let mut lines = vec![format!("{} ({}) {}", clean(&app.name), app.id, state(app.state))];
    lines.extend((!app.tagline.is_empty()).then(|| clean(&app.tagline)));
    lines.extend((!app.hosts.is_empty()).then(|| format!("where    {}", app.hosts.join(", "))));
    lines.extend(app.permissions.iter().map(|permission| format!("may      {}: {}", permission.word, clean(&permission.means))));
    lines.push(format!(
        "traffic  {} bytes in, {} bytes out, {} packets turned back",
        app.traffic.received.0, app.traffic.sent.0, app.traffic.denied
    ));
    lines.extend(app.trouble.iter().map(|why| format!("trouble  {}", clean(why))));
    lines.extend(
        app.failed.iter().map(|failed| format!("failed   {} at {}: {}", failed.kind, failed.at.strftime("%F %T UTC"), clean(&failed.why))),
    );
    let rows = app.services.iter().map(|part| [part.name.clone(), part.state.clone(), part.restarts.to_string(), clean(&part.image)]);
    lines.push(table(["PART", "STATE", "RESTARTS", "IMAGE"], rows));
    lines.join("\n")
}

fn planned(plan: &InstallPlan) -> String {
    let mut lines = vec![format!("{} ({})", clean(&plan.name), plan.app)];
    lines.extend(plan.images.iter().map(|image| format!("fetches  {}", clean(image))));
    lines.extend(plan.permissions.iter().map(|permission| format!("wants    {}: {}", permission.word, clean(&permission.means))));
    lines.extend(plan.refused.iter().map(|reason| format!("refused  {}", clean(reason))));
    lines.join("\n")
}

fn log(log: &AppLog) -> String {
    let line = |line: &croft_client::wire::apps::AppLine| {
        let at = line.at.map_or_else(String::new, |at| at.strftime("%F %T ").to_string());
        format!("{at}{} {}", line.service, clean(&line.text))
    };
    log.lines.iter().map(line).collect::<Vec<_>>().join("\n")
}

fn state(state: AppState) -> &'static str {
    match state {
        AppState::Installing => "installing",
        AppState::Running => "running",
        AppState::Starting => "starting",
        AppState::Stopped => "stopped",
        AppState::Failing => "failing",
    }
}
