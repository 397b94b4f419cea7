//! The machine's power: orders are noted, answered, and carried out a moment later.

use std::{
    sync::{Arc, Mutex, PoisonError},
    time::Duration,
};

use croft_boot::{Boot, BootError};
use croft_model::{Actor, Power, Problem, Severity, Warning};
use jiff::Timestamp;

use crate::{audit::NewLine, error::problem, manifests::SUPERVISOR, regulator::Regulator};

/// Time between the answer and the end, so that the answer arrives and a page can say what happens.
pub(crate) const MOMENT: Duration = Duration::from_secs(1);
/// Code of the warning when the system did not do what it was told.
const REFUSED: &str = "power-refused";

/// Whoever ends the machine, and the order that is under way.
pub(crate) struct PowerSwitch {
    boot: Arc<dyn Boot>,
    under_way: Mutex<Option<Power>>,
}

impl PowerSwitch {
    pub(crate) fn new(boot: Arc<dyn Boot>) -> Self {
        Self { boot, under_way: Mutex::default() }
    }

    fn under_way(&self) -> std::sync::MutexGuard<'_, Option<Power>> {
        self.under_way.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// Takes the order of `who`: it is in the activity when this returns. [`carry_out`] does it.
///
/// # Errors
/// The machine's power is not the box's, it is ending already, or the order cannot be noted. Then nothing happens.
pub(crate) fn take(croft: &Regulator, how: Power, who: Actor) -> Result<(), Problem> {
    croft.power.boot.may().map_err(|error| {
        Problem::new(409, "power-not-ours", format!("The box cannot {how} this machine: {error}."))
            .hint("End the program that runs the box (Ctrl-C in `cargo xtask up`), or switch the machine by its own means.")
    })?;
    let mut under_way = croft.power.under_way();
    if let Some(how) = *under_way {
        return Err(Problem::new(409, "power-under-way", format!("The box is about to {how} already.")).hint("Wait a minute."));
    }
    let (action, sentence) = match how {
        Power::Restart => ("power.restart", "The box restarts."),
        Power::ShutDown => ("power.shut-down", "The box shuts down."),
    };
    let line = NewLine { at: Timestamp::now(), who, action: action.into(), sentence: sentence.into(), generation: None };
    croft.desired.note(line).map_err(problem)?;
    croft.warnings.clear(SUPERVISOR, REFUSED, "");
    *under_way = Some(how);
    Ok(())
}

/// Begins the machine's end after [`MOMENT`]; a system that does not do it is a warning, and the next order is taken again.
pub(crate) async fn carry_out(croft: Arc<Regulator>, how: Power) {
    tokio::time::sleep(MOMENT).await;
    tracing::info!(%how, "the machine ends");
    if let Err(error) = croft.power.boot.end(how).await {
        tracing::error!(error = croft_telemetry::error_chain(&error), "the machine does not end");
        croft.warnings.raise(SUPERVISOR, warning(how, &error));
        *croft.power.under_way() = None;
    }
}

fn warning(how: Power, error: &BootError) -> Warning {
    Warning {
        code: REFUSED.into(),
        subject: String::new(),
        severity: Severity::Degraded,
        title: format!("The box was told to {how} and could not."),
        meaning: "It goes on as before; nothing is lost.".into(),
        action: "Try once more. If it does not help, press the power button of the box once, for a moment: that shuts it down in order."
            .into(),
        lines: vec![croft_telemetry::error_chain(error)],
        depends_on: None,
        since: Timestamp::now(),
    }
}
