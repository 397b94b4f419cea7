//! `croft link`.

use croft_client::Client;
use croft_client::wire::links::{LinkOrder, LinkRow, LinkState, LinkWish};
use croft_model::LinkKind;
use jiff::Timestamp;
use serde_json::json;

use super::CommandError;
use crate::say::{Say, table};

/// Seconds of a day.
const DAY: i64 = 86_400;

/// Links: addresses that open a file or folder to whoever has them. They are those of the person whose app password is used.
#[derive(clap::Subcommand)]
pub(crate) enum Link {
    /// The links to a file or folder and below it, or all.
    List {
        /// The file or folder: Family/holiday
        path: Option<String>,
    },
    /// Make a link and print its address.
    Make {
        /// The file or folder: Family/holiday
        path: String,
        /// What it opens: read, drop (add files and see none) or edit.
        #[arg(long, default_value = "read", value_parser = kind)]
        kind: LinkKind,
        /// Days for which it works; 0 for ever.
        #[arg(long, default_value_t = 30)]
        days: u16,
        /// Ask for this password.
        #[arg(long)]
        password: Option<String>,
        /// Downloads that it allows; any number if this is left out.
        #[arg(long)]
        downloads: Option<u64>,
        /// What to call it.
        #[arg(long)]
        label: Option<String>,
    },
    /// End a link; its address opens nothing from then on.
    Revoke {
        /// Its id, as the list shows it.
        id: String,
    },
}

/// Runs the command.
pub(crate) async fn run(link: Link, client: &Client, say: &Say) -> Result<(), CommandError> {
    let Some(origin) = client.origin() else {
        return Err(CommandError::Wrong("links are a person's: say whose with --box and an app password in --token".into()));
    };
    match link {
        Link::List { path } => say.print(&client.links(path.as_deref()).await?, |links| {
            table(["ID", "OPENS", "FOR", "STATE", "UNTIL", "USED"], links.iter().map(line))
        }),
        Link::Make { path, kind, days, password, downloads, label } => {
            let expires = (days > 0).then(|| Timestamp::now().as_second() + i64::from(days) * DAY);
            let wish = LinkWish { kind: Some(kind), label, password, expires, downloads };
            let made = client.make_link(&LinkOrder { path, wish }).await?;
            say.print(&made, |made| format!("{origin}/s/{}", made.token));
        }
        Link::Revoke { id } => {
            client.revoke_link(&id).await?;
            say.print(&json!({ "revoked": id }), |_| format!("The link {id} is ended. Its address opens nothing any more."));
        }
    }
    Ok(())
}

fn line(link: &LinkRow) -> [String; 6] {
    let until = link.expires.and_then(|at| Timestamp::from_second(at).ok()).map_or("ended".into(), |at| at.strftime("%F").to_string());
    let used = if link.kind == LinkKind::Drop { format!("{} in", link.received) } else { format!("{} downloads", link.downloaded) };
    [link.id.clone(), link.path.clone().unwrap_or_else(|| link.name.clone()), word(link.kind).into(), state(link.state).into(), until, used]
}

fn word(kind: LinkKind) -> &'static str {
    match kind {
        LinkKind::Read => "read",
        LinkKind::Drop => "drop",
        LinkKind::Edit => "edit",
    }
}

fn state(state: LinkState) -> &'static str {
    match state {
        LinkState::Works => "works",
        LinkState::Expired => "expired",
        LinkState::UsedUp => "used up",
        LinkState::Gone => "target gone",
        LinkState::Ended => "ended",
    }
}

fn kind(text: &str) -> Result<LinkKind, String> {
    [LinkKind::Read, LinkKind::Drop, LinkKind::Edit]
        .into_iter()
        .find(|kind| word(*kind) == text)
        .ok_or_else(|| "the kinds are read, drop and edit".into())
}
