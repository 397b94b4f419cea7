//! `croft status`.

use croft_client::Client;
use croft_model::{RoleState, Status, Task, TaskState};
use serde::Serialize;

use super::CommandError;
use crate::say::{Say, table};

/// The box at a glance, with what is at work.
#[derive(Serialize)]
struct Glance {
    #[serde(flatten)]
    status: Status,
    tasks: Vec<Task>,
}

/// Prints the box at a glance.
pub(crate) async fn run(client: &Client, say: &Say) -> Result<(), CommandError> {
    let (status, mut tasks) = (client.status().await?, client.tasks().await?);
    tasks.retain(|task| matches!(task.state, TaskState::Running | TaskState::Parked));
    say.print(&Glance { status, tasks }, sentences);
    Ok(())
}

fn sentences(Glance { status, tasks }: &Glance) -> String {
    let health = match status.warnings {
        0 => format!("All is well at {}.", status.box_name),
        1 => format!("One thing needs a look at {}: see `croft health`.", status.box_name),
        n => format!("{n} things need a look at {}: see `croft health`.", status.box_name),
    };
    let mut lines = vec![
        health,
        format!(
            "{} people, {} spaces, {} of {} free. Croft {}, settings generation {}.",
            status.people, status.spaces, status.pool.free, status.pool.total, status.version, status.generation
        ),
    ];
    if status.one_user {
        lines.push("All roles run as one user of this machine: the kernel does not keep spaces apart here.".into());
    }
    lines.extend(tasks.iter().map(at_work));
    for missing in &status.pool.unavailable {
        lines.push(format!("Not available here: {} ({}).", missing.feature, missing.reason));
    }
    lines.push(String::new());
    lines.push(table(
        ["ROLE", "STATE", "SINCE", "RESTARTS"],
        status.roles.iter().map(|role| {
            [role.name.clone(), state(role.state).into(), role.since.strftime("%F %T UTC").to_string(), role.restarts.to_string()]
        }),
    ));
    lines.join("\n")
}

fn at_work(task: &Task) -> String {
    let percent = task.progress.filter(|progress| progress.total > 0).map(|progress| {
        let percent = u128::from(progress.done.min(progress.total)) * 100 / u128::from(progress.total);
        format!(" ({percent} %)")
    });
    format!("At work: {}{}.", task.title, percent.unwrap_or_default())
}

fn state(state: RoleState) -> &'static str {
    match state {
        RoleState::Waiting => "waiting",
        RoleState::Starting => "starting",
        RoleState::Ready => "ready",
        RoleState::Stopping => "stopping",
        RoleState::Restarting => "restarting",
        RoleState::Looping => "keeps failing",
        RoleState::Stopped => "stopped",
    }
}
