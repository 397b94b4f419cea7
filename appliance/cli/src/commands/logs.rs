//! `croft logs`.

use croft_client::Client;

use super::CommandError;
use crate::say::Say;

/// Which lines.
#[derive(clap::Args)]
pub(crate) struct Logs {
    /// Only this role or instance: gateway, sync@s1
    #[arg(long)]
    role: Option<String>,
    /// How many of the latest lines.
    #[arg(long, default_value_t = 200, value_parser = clap::value_parser!(u16).range(1..=2000))]
    lines: u16,
}

/// Prints the latest lines.
pub(crate) async fn run(logs: Logs, client: &Client, say: &Say) -> Result<(), CommandError> {
    let lines = client.logs(logs.role.as_deref(), usize::from(logs.lines)).await?;
    say.print(&lines, |lines| lines.iter().map(|line| format!("{} {:10} {}\n", line.at.strftime("%F %T"), line.role, line.text)).collect());
    Ok(())
}
