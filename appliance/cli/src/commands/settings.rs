//! `croft settings`.

use std::path::PathBuf;

use croft_client::wire::settings::Changed;
use croft_client::{Client, Intent};
use croft_model::{Change, Commit, Section};
use serde_json::{Map, Value, json};

use super::CommandError;
use crate::say::Say;

/// Read and change the settings.
#[derive(clap::Subcommand)]
pub(crate) enum Settings {
    /// The settings, a section of them, or one key: box.name
    Show {
        /// Dotted key; everything when absent.
        key: Option<String>,
    },
    /// Set one key: croft settings set box.name Hollyhock
    Set {
        /// Dotted key.
        key: String,
        /// The value: JSON, or plain text. `null` takes the key away.
        value: String,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// What changed between two generations.
    Diff {
        /// The earlier generation.
        from: u64,
        /// The later one; the present one when absent.
        to: Option<u64>,
    },
    /// Who changed what, when and why, newest first.
    History {
        /// How many changes.
        #[arg(long, default_value_t = 20, value_parser = clap::value_parser!(u16).range(1..=500))]
        limit: u16,
    },
    /// Take one change back.
    Revert {
        /// The generation that the change made.
        generation: u64,
        #[command(flatten)]
        intent: IntentArgs,
    },
    /// All settings as one TOML file.
    Export,
    /// Make the settings as in a TOML file, as one change.
    Import {
        /// The file.
        file: PathBuf,
        #[command(flatten)]
        intent: IntentArgs,
    },
}

/// Why, and whether only to try.
#[derive(clap::Args)]
pub(crate) struct IntentArgs {
    /// Why, kept in the history.
    #[arg(long, default_value = "")]
    why: String,
    /// Only say what would change.
    #[arg(long)]
    dry_run: bool,
}

impl From<IntentArgs> for Intent {
    fn from(arguments: IntentArgs) -> Self {
        Self { why: arguments.why, dry_run: arguments.dry_run }
    }
}

/// Runs the command.
pub(crate) async fn run(command: Settings, client: &Client, say: &Say) -> Result<(), CommandError> {
    match command {
        Settings::Show { key } => show(key, client, say).await?,
        Settings::Set { key, value, intent } => set(&key, &value, &intent.into(), client, say).await?,
        Settings::Diff { from, to } => say.print(&client.difference(from, to).await?, |difference| {
            difference.changes.iter().map(|(section, change)| lines(*section, change)).collect::<String>()
        }),
        Settings::History { limit } => {
            say.print(&client.history(usize::from(limit)).await?, |page| page.items.iter().map(paragraph).collect::<Vec<_>>().join("\n"))
        }
        Settings::Revert { generation, intent } => say.print(&client.revert(generation, &intent.into()).await?, changed),
        Settings::Export => say.print(&client.export().await?, String::clone),
        Settings::Import { file, intent } => {
            let text = std::fs::read_to_string(&file)
                .map_err(|error| CommandError::Wrong(format!("{} cannot be read: {error}", file.display())))?;
            say.print(&client.import(text, &intent.into()).await?, changed);
        }
    }
    Ok(())
}

async fn show(key: Option<String>, client: &Client, say: &Say) -> Result<(), CommandError> {
    let document = client.settings().await?;
    let mut value = serde_json::to_value(&document.settings).unwrap_or_default();
    for part in key.iter().flat_map(|key| key.split('.')) {
        value = value
            .get_mut(part)
            .map(Value::take)
            .ok_or_else(|| CommandError::Wrong(format!("there is no key {}", key.as_deref().unwrap_or_default())))?;
    }
    say.print(&value, |value| match value {
        Value::String(text) => text.clone(),
        Value::Object(_) => toml::to_string_pretty(value).unwrap_or_default(),
        other => other.to_string(),
    });
    Ok(())
}

async fn set(key: &str, text: &str, intent: &Intent, client: &Client, say: &Say) -> Result<(), CommandError> {
    let wrong = |reason: String| CommandError::Wrong(reason);
    let (section, path) = key.split_once('.').ok_or_else(|| wrong(format!("`{key}` names no key of a section: box.name for instance")))?;
    let section: Section = section.parse().map_err(|invalid: croft_model::Invalid| wrong(invalid.to_string()))?;
    let value = serde_json::from_str(text).unwrap_or_else(|_| Value::String(text.to_owned()));
    let patch = path.rsplit('.').fold(value, |inner, part| Value::Object(Map::from_iter([(part.to_owned(), inner)])));
    let version = client.section(section).await?.etag;
    say.print(&client.patch(section, &version, &patch, intent).await?, changed);
    Ok(())
}

/// What a change did, for people.
pub(crate) fn changed(changed: &Changed) -> String {
    match &changed.commit {
        None => "The settings already were like that; nothing changed.".into(),
        Some(commit) => {
            let verb = if changed.dry_run { "Would change" } else { "Changed" };
            let lines: String = commit.changes.iter().map(|(section, change)| lines(*section, change)).collect();
            format!("{verb} (generation {}):\n{lines}", commit.generation)
        }
    }
}

fn paragraph(commit: &Commit) -> String {
    let why = if commit.why.is_empty() { String::new() } else { format!(" — {}", commit.why) };
    let lines: String = commit.changes.iter().map(|(section, change)| lines(*section, change)).collect();
    format!("{}  {}  {}{why}\n{lines}", commit.generation, commit.at.strftime("%F %T UTC"), commit.who)
}

/// A change as one line a key: what was, what is.
fn lines(section: Section, change: &Change) -> String {
    let mut rows = Vec::new();
    leaves(section.key(), &change.patch, &change.inverse, &mut rows);
    rows.concat()
}

fn leaves(path: &str, patch: &Value, inverse: &Value, rows: &mut Vec<String>) {
    match (patch, inverse) {
        (Value::Object(new), Value::Object(old)) => {
            for (key, value) in new {
                leaves(&format!("{path}.{key}"), value, old.get(key).unwrap_or(&json!(null)), rows);
            }
        }
        _ => rows.push(format!("  {path}: {inverse} → {patch}\n")),
    }
}
