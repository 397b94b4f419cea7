//! What to do about the roles. Pure: it decides, [`crate::apply`] does.

use std::time::Instant;

use croft_model::RoleState;

/// A unit as it is wanted and as it is.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Seen {
    /// Its name.
    pub(crate) unit: String,
    /// Place in the order of starts; higher ones are stopped first, equal ones together.
    pub(crate) rank: usize,
    /// False when it should not run: its space was archived.
    pub(crate) wanted: bool,
    /// True when it is started only when somebody connects.
    pub(crate) on_demand: bool,
    /// True when somebody waits at its socket.
    pub(crate) called: bool,
    /// Units that must be ready before it.
    pub(crate) after: Vec<String>,
    /// Where it stands.
    pub(crate) state: RoleState,
    /// Not to be started before.
    pub(crate) not_before: Option<Instant>,
    /// It has ended in a crash loop and nobody was told yet.
    pub(crate) untold_loop: bool,
    /// When its crash loop is over, if it stays ready until then.
    pub(crate) settles_at: Option<Instant>,
}

/// One thing to do.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) enum Step {
    /// Tell people that it is in a crash loop.
    Warn(String),
    /// Its crash loop is over.
    Settle(String),
    /// Stop it.
    Stop(String),
    /// Wait for somebody at its socket.
    Listen(String),
    /// Start it.
    Start(String),
}

/// What to do now, and when to look again.
#[derive(Debug, Clone, Default, PartialEq, Eq)]
pub(crate) struct Plan {
    pub(crate) steps: Vec<Step>,
    pub(crate) look_again: Option<Instant>,
    /// The box ends and nothing runs any more.
    pub(crate) done: bool,
}

/// The plan for units seen like this; `ending` when the box ends.
pub(crate) fn plan(now: Instant, units: &[Seen], ending: bool) -> Plan {
    if ending {
        return plan_the_end(units);
    }
    let mut plan = Plan::default();
    for unit in units {
        let name = || unit.unit.clone();
        if unit.untold_loop {
            plan.steps.push(Step::Warn(name()));
        }
        match unit.settles_at {
            Some(at) if at <= now => plan.steps.push(Step::Settle(name())),
            later => look_again(&mut plan, later),
        }
        if !unit.wanted {
            if matches!(unit.state, RoleState::Starting | RoleState::Ready) {
                plan.steps.push(Step::Stop(name()));
            }
        } else if is_down(unit.state) {
            match unit.not_before {
                Some(at) if at > now => look_again(&mut plan, Some(at)),
                _ if unit.on_demand && !unit.called => plan.steps.push(Step::Listen(name())),
                _ if unit.after.iter().all(|first| is_ready(units, first)) => plan.steps.push(Step::Start(name())),
                _ => {}
            }
        }
    }
    plan
}

/// In the opposite order of starts: who is asked by others ends after them.
fn plan_the_end(units: &[Seen]) -> Plan {
    let last = units.iter().filter(|unit| !is_down(unit.state)).map(|unit| unit.rank).max();
    let Some(last) = last else { return Plan { done: true, ..Plan::default() } };
    let stop = |unit: &&Seen| unit.rank == last && matches!(unit.state, RoleState::Starting | RoleState::Ready);
    Plan { steps: units.iter().filter(stop).map(|unit| Step::Stop(unit.unit.clone())).collect(), ..Plan::default() }
}

fn is_down(state: RoleState) -> bool {
    matches!(state, RoleState::Stopped | RoleState::Waiting | RoleState::Restarting | RoleState::Looping)
}

fn is_ready(units: &[Seen], name: &str) -> bool {
    units.iter().any(|unit| unit.unit == name && unit.state == RoleState::Ready)
}

fn look_again(plan: &mut Plan, at: Option<Instant>) {
    plan.look_again = plan.look_again.into_iter().chain(at).min();
}

#[cfg(test)]
mod tests {
    use std::time::Duration;

    use super::*;

    fn seen(unit: &str, rank: usize, state: RoleState) -> Seen {
        Seen {
            unit: unit.into(),
            rank,
            wanted: true,
            on_demand: unit.contains('@'),
            called: false,
            after: if unit == "gateway" { vec!["identity".into()] } else { Vec::new() },
            state,
            not_before: None,
            untold_loop: false,
            settles_at: None,
        }
    }

    fn check(units: &[Seen], ending: bool, expected: &[Step]) {
        assert_eq!(plan(Instant::now(), units, ending).steps, expected, "{units:?}");
    }

    #[test]
    fn roles_start_when_what_they_need_is_ready() {
        use RoleState::{Ready, Starting, Stopped};
        let start = |unit: &str| Step::Start(unit.into());
        check(&[seen("identity", 1, Stopped), seen("gateway", 3, Stopped)], false, &[start("identity")]);
        check(&[seen("identity", 1, Starting), seen("gateway", 3, Stopped)], false, &[]);
        check(&[seen("identity", 1, Ready), seen("gateway", 3, Stopped)], false, &[start("gateway")]);
        check(&[seen("identity", 1, Ready), seen("gateway", 3, Ready)], false, &[]);
    }

    #[test]
    fn workers_start_when_somebody_calls() {
        let mut worker = seen("sync@s1", 2, RoleState::Waiting);
        check(std::slice::from_ref(&worker), false, &[Step::Listen("sync@s1".into())]);
        worker.called = true;
        check(std::slice::from_ref(&worker), false, &[Step::Start("sync@s1".into())]);
        worker.wanted = false;
        check(std::slice::from_ref(&worker), false, &[]);
        worker.state = RoleState::Ready;
        check(&[worker], false, &[Step::Stop("sync@s1".into())]);
    }

    #[test]
    fn the_end_goes_backwards_and_waits_for_each_rank() {
        use RoleState::{Ready, Stopped, Stopping, Waiting};
        let all = |gateway, worker, identity| {
            [seen("identity", 1, identity), seen("sync@s1", 2, worker), seen("sync@s2", 2, worker), seen("gateway", 3, gateway)]
        };
        let stop = |unit: &str| Step::Stop(unit.into());
        check(&all(Ready, Ready, Ready), true, &[stop("gateway")]);
        check(&all(Stopping, Ready, Ready), true, &[]);
        check(&all(Stopped, Ready, Ready), true, &[stop("sync@s1"), stop("sync@s2")]);
        check(&all(Stopped, Waiting, Ready), true, &[stop("identity")]);
        assert!(plan(Instant::now(), &all(Stopped, Waiting, Stopped), true).done);
    }

    #[test]
    fn pauses_are_kept_and_loops_are_told() {
        let now = Instant::now();
        let later = now + Duration::from_secs(60);
        let looping = Seen { not_before: Some(later), untold_loop: true, ..seen("identity", 1, RoleState::Looping) };
        let settling = Seen { settles_at: Some(now), ..seen("gateway", 3, RoleState::Ready) };
        let expected = [Step::Warn("identity".into()), Step::Settle("gateway".into())];
        let found = plan(now, &[looping.clone(), settling], false);
        assert_eq!((found.steps.as_slice(), found.look_again), (expected.as_slice(), Some(later)));
        let told = Seen { untold_loop: false, ..looping };
        assert_eq!(plan(later, &[told], false).steps, [Step::Start("identity".into())]);
    }
}
