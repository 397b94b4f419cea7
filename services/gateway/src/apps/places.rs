//! Places for requests to apps: no address, no app and no strangers take them all.

use std::net::IpAddr;

use croft_model::AppId;

use crate::{
    crowd::{Crowd, Place},
    limits,
};

/// Places at the doors of all apps.
pub(super) struct Places {
    by_address: Crowd,
    by_app: Crowd<AppId>,
    strangers: Crowd,
}

/// A place at the door of an app, given back when it is dropped.
pub(super) struct Taken {
    _by_address: Place,
    _by_app: Place<AppId>,
}

/// What a request takes up: a place at its app, and one of strangers when it is nobody's.
pub(super) type Held = (Taken, Option<Place>);

impl Default for Places {
    fn default() -> Self {
        Self {
            by_address: Crowd::new(limits::APPS),
            by_app: Crowd::new(limits::OF_AN_APP),
            strangers: Crowd::new(limits::STRANGERS_AT_APPS),
        }
    }
}

impl Places {
    /// A place at the door of `app`, before it is known who asks.
    pub(super) fn enter(&self, client: IpAddr, app: &AppId) -> Option<Taken> {
        Some(Taken { _by_address: self.by_address.enter(client)?, _by_app: self.by_app.take(app.clone())? })
    }

    /// A place among those that an app serves though they are nobody.
    pub(super) fn stranger(&self, client: IpAddr) -> Option<Place> {
        self.strangers.enter(client)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn app(id: &str) -> AppId {
        id.parse().expect("an id")
    }

    fn client(number: usize) -> IpAddr {
        std::net::Ipv4Addr::from(0xc633_6400 + u32::try_from(number).expect("few")).into()
    }

    #[test]
    fn one_app_leaves_places_to_the_others() {
        let places = Places::default();
        let mut taken: Vec<Taken> =
            (0..limits::OF_AN_APP.of_one).map(|number| places.enter(client(number), &app("photos")).expect("a place")).collect();
        assert!(places.enter(client(300), &app("photos")).is_none());
        assert!(places.enter(client(300), &app("notes")).is_some());
        taken.pop();
        assert!(places.enter(client(300), &app("photos")).is_some());
    }

    #[test]
    fn strangers_fill_no_app() {
        let places = Places::default();
        let held: Vec<Place> = (0..limits::OF_AN_APP.of_one).filter_map(|number| places.stranger(client(number))).collect();
        assert_eq!(held.len(), limits::STRANGERS_AT_APPS.in_all);
        assert!(held.len() < limits::OF_AN_APP.of_one);
    }
}
