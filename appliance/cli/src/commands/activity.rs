//! `croft activity`.

use croft_client::Client;

use super::CommandError;
use crate::say::Say;

/// How much of it.
#[derive(clap::Args)]
pub(crate) struct Activity {
    /// How many of the latest lines.
    #[arg(long, default_value_t = 50, value_parser = clap::value_parser!(u16).range(1..=500))]
    lines: u16,
}

/// Prints the latest lines of the audit log, newest first.
pub(crate) async fn run(activity: Activity, client: &Client, say: &Say) -> Result<(), CommandError> {
    say.print(&client.activity(usize::from(activity.lines)).await?, |page| {
        page.items.iter().map(|line| format!("{}  {}: {}\n", line.at.strftime("%F %T"), line.who, line.sentence)).collect()
    });
    Ok(())
}
