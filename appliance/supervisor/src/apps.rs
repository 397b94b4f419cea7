//! Apps in the settings: the proposals that the role `apps` makes for an owner. Pure.

use croft_api::wire::apps::{AppGone, AppWish};
use croft_model::{AppId, HostedApp, OpenTo, Problem, WayOut};

use crate::{
    change::{InForce, Proposal},
    household::{propose, used_up},
};

/// An app that is now installed. One that is there already keeps its number and what was decided of it.
pub(crate) fn put(before: &InForce, wish: &AppWish) -> Result<(Proposal, u16), Problem> {
    let (mut settings, mut counters) = (before.settings.clone(), before.counters);
    let (app, sentence) = match settings.apps.remove(&wish.app) {
        Some(known) => {
            (HostedApp { name: wish.name.clone(), values: wish.values.clone(), ..known }, format!("Changed the app {}.", wish.name))
        }
        None => {
            let number = counters.app;
            counters.app = number.checked_add(1).ok_or_else(used_up)?;
            let app = HostedApp {
                number,
                name: wish.name.clone(),
                running: true,
                way_out: WayOut::Closed,
                open_to: OpenTo::Household,
                people: [].into(),
                values: wish.values.clone(),
            };
            (app, format!("Installed the app {}.", wish.name))
        }
    };
    let number = app.number;
    settings.apps.insert(wish.app.clone(), app);
    Ok((propose(&settings, counters, "app.installed", sentence)?, number))
}

/// The settings without the app.
pub(crate) fn remove(before: &InForce, wish: &AppGone) -> Result<Proposal, Problem> {
    let mut settings = before.settings.clone();
    let app = settings.apps.remove(&wish.app).ok_or_else(|| no_app(&wish.app))?;
    propose(&settings, before.counters, "app.removed", format!("Took the app {} away.", app.name))
}

fn no_app(app: &AppId) -> Problem {
    Problem::new(404, "no-such-app", format!("There is no app {app} on this box.")).hint("`croft app list` shows those that are installed.")
}

#[cfg(test)]
mod tests {
    use super::*;

    fn applied(proposal: Proposal) -> InForce {
        let settings = croft_model::parse_settings(proposal.document).expect("settings");
        InForce { settings, counters: proposal.counters, ..InForce::default() }
    }

    fn wish(app: &str) -> AppWish {
        AppWish { by: "ana".into(), app: app.parse().expect("an id"), name: app.into(), values: [].into() }
    }

    #[test]
    fn numbers_are_handed_out_once() {
        let (proposal, number) = put(&InForce::default(), &wish("photos")).expect("put");
        assert_eq!(number, 1);
        let now = applied(proposal);
        let (proposal, again) = put(&now, &wish("photos")).expect("put");
        assert_eq!(again, 1, "it is the same app");
        let now = applied(proposal);
        let gone = AppGone { by: "ana".into(), app: "photos".parse().expect("an id") };
        let now = applied(remove(&now, &gone).expect("removed"));
        assert!(now.settings.apps.is_empty());
        assert_eq!(remove(&now, &gone).err().map(|problem| problem.code), Some("no-such-app".into()));
        let (proposal, number) = put(&now, &wish("photos")).expect("put");
        assert_eq!(number, 2);
        let app = applied(proposal).settings.apps.into_values().next().expect("there");
        assert_eq!((app.running, app.way_out, app.open_to), (true, WayOut::Closed, OpenTo::Household));
    }

    #[test]
    fn what_was_decided_of_an_app_stays() {
        let mut now = applied(put(&InForce::default(), &wish("photos")).expect("put").0);
        let app = now.settings.apps.values_mut().next().expect("there");
        (app.running, app.way_out) = (false, WayOut::Open);
        let now = applied(put(&now, &wish("photos")).expect("put").0);
        let app = now.settings.apps.into_values().next().expect("there");
        assert_eq!((app.running, app.way_out), (false, WayOut::Open));
    }
}
