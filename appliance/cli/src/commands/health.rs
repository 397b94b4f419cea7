//! `croft health`.

use croft_client::Client;
use croft_model::{Severity, Warning};

use super::CommandError;
use crate::say::Say;

/// Prints every warning with what it means and what to do.
pub(crate) async fn run(client: &Client, say: &Say) -> Result<(), CommandError> {
    say.print(&client.warnings().await?, |warnings| {
        if warnings.is_empty() { "All is well.".into() } else { warnings.iter().map(paragraph).collect::<Vec<_>>().join("\n\n") }
    });
    Ok(())
}

fn paragraph(warning: &Warning) -> String {
    let gravity = match warning.severity {
        Severity::Notice => "notice",
        Severity::Degraded => "degraded",
        Severity::Critical => "critical",
    };
    let mut lines = vec![
        format!("[{gravity}] {} ({}, since {})", warning.title, warning.code, warning.since.strftime("%F %T UTC")),
        format!("  {}", warning.meaning),
        format!("  What to do: {}", warning.action),
    ];
    lines.extend(warning.lines.iter().map(|line| format!("  | {line}")));
    lines.join("\n")
}
