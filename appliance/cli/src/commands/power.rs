//! `croft power`: ending the machine in order.

use croft_client::Client;
use croft_model::Power as How;

use super::CommandError;
use crate::say::Say;

/// Restart the box or shut it down. What is being transferred ends; what was saved stays.
#[derive(clap::Subcommand)]
pub(crate) enum Power {
    /// End everything in order and start again.
    Restart,
    /// End everything in order and stay off until somebody switches the box on.
    ShutDown,
}

/// Runs the command.
pub(crate) async fn run(command: &Power, client: &Client, say: &Say) -> Result<(), CommandError> {
    let how = match command {
        Power::Restart => How::Restart,
        Power::ShutDown => How::ShutDown,
    };
    let taken = client.power(how).await?;
    say.print(&taken, |taken| match taken.how {
        How::Restart => "The box restarts. It answers again in a few minutes.".into(),
        How::ShutDown => "The box shuts down. Wait until its light is off before you pull the plug.".into(),
    });
    Ok(())
}
