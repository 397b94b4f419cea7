//! How many of something there are at a time, in all and of each holder: of a client, mostly.

use std::{
    collections::HashMap,
    hash::Hash,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use croft_api::address::holder;

/// Places for holders. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Crowd<H: Eq + Hash = IpAddr> {
    most: Most,
    taken: Arc<Mutex<(usize, HashMap<H, usize>)>>,
}

/// The most places that are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// To all holders together.
    pub(crate) in_all: usize,
    /// To one of them. Of addresses, an IPv6 /64 counts as one.
    pub(crate) of_one: usize,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place<H: Eq + Hash = IpAddr> {
    crowd: Crowd<H>,
    holder: H,
}

impl Crowd {
    /// A place for `client`, if there is one left.
    pub(crate) fn enter(&self, client: IpAddr) -> Option<Place> {
        self.take(holder(client))
    }
}

impl<H: Eq + Hash + Clone> Crowd<H> {
    pub(crate) fn new(most: Most) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place for `holder`, if there is one left.
    pub(crate) fn take(&self, holder: H) -> Option<Place<H>> {
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_holder) = &mut *taken;
        let here = by_holder.get(&holder).copied().unwrap_or(0);
        if *all >= self.most.in_all || here >= self.most.of_one {
            return None;
        }
        *all += 1;
        by_holder.insert(holder.clone(), here + 1);
        Some(Place { crowd: self.clone(), holder })
    }
}

impl<H: Eq + Hash> Drop for Place<H> {
    fn drop(&mut self) {
        let mut taken = self.crowd.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_holder) = &mut *taken;
        *all -= 1;
        if let Some(here) = by_holder.get_mut(&self.holder) {
            *here -= 1;
            if *here == 0 {
                by_holder.remove(&self.holder);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn one_address_cannot_take_every_place() {
        let crowd = Crowd::new(Most { in_all: 4, of_one: 3 });
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let (here, neighbour) = (address("2001:db8::1"), address("2001:db8::2"));
        let mut places: Vec<Place> = (0..3).map(|_| crowd.enter(here).expect("a place")).collect();
        assert!(crowd.enter(neighbour).is_none(), "the same /64 is the same client");
        let elsewhere = crowd.enter(address("198.51.100.7"));
        assert!(elsewhere.is_some());
        places.pop();
        assert!(crowd.enter(neighbour).is_some());
        places.extend(crowd.enter(neighbour));
        assert!(crowd.enter(address("198.51.100.8")).is_none(), "all places are taken");
    }
}
