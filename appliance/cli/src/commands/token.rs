//! `croft token`.

use std::collections::BTreeSet;

use croft_client::Client;
use croft_client::wire::account::NewAppPassword;
use croft_model::{Scope, SessionId};
use serde_json::json;

use super::CommandError;
use crate::say::{Say, table};

/// App passwords.
#[derive(clap::Subcommand)]
pub(crate) enum Token {
    /// Make an app password and print it; it is shown this once.
    New {
        /// Name of the person.
        person: String,
        /// What it is for: laptop
        #[arg(long)]
        name: String,
        /// What it shall be good for: files (as a rule), account, manage, metrics. May be given several times.
        #[arg(long = "scope", value_parser = scope)]
        scopes: Vec<Scope>,
    },
    /// The app passwords of a person.
    List {
        /// Name of the person.
        person: String,
    },
    /// Revoke an app password; the device that used it is shut out at once.
    Revoke {
        /// Name of the person.
        person: String,
        /// Its id, as the list shows it.
        id: SessionId,
    },
}

/// Runs the command.
pub(crate) async fn run(token: Token, client: &Client, say: &Say) -> Result<(), CommandError> {
    match token {
        Token::New { person, name, scopes } => {
            let scopes: BTreeSet<Scope> = scopes.into_iter().collect();
            let request = NewAppPassword { person: Some(person), name, scopes: (!scopes.is_empty()).then_some(scopes) };
            say.print(&client.new_token(&request).await?, |made| made.secret.expose().to_owned());
        }
        Token::List { person } => say.print(&client.tokens(Some(&person)).await?, |tokens| {
            table(
                ["ID", "NAME", "MADE", "LAST USED"],
                tokens.iter().map(|token| {
                    let used = token.last_used.map_or("never".into(), |at| at.strftime("%F").to_string());
                    [token.id.to_string(), token.name.clone(), token.created.strftime("%F").to_string(), used]
                }),
            )
        }),
        Token::Revoke { person, id } => {
            client.revoke_token(&person, id).await?;
            say.print(&json!({ "revoked": id }), |_| format!("The app password {id} is revoked. The device that used it is shut out."));
        }
    }
    Ok(())
}

fn scope(text: &str) -> Result<Scope, String> {
    match text {
        "files" => Ok(Scope::Files),
        "account" => Ok(Scope::Account),
        "manage" => Ok(Scope::Manage),
        "metrics" => Ok(Scope::Metrics),
        _ => Err("the scopes are files, account, manage and metrics".into()),
    }
}
