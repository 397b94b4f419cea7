//! How many of something there are at a time, in all and of each client.

use std::{
    collections::HashMap,
    net::IpAddr,
    sync::{Arc, Mutex, PoisonError},
};

use croft_api::address::holder;

/// Places for clients. Clones share them.
#[derive(Debug, Clone)]
pub(crate) struct Crowd {
    most: Most,
    taken: Arc<Mutex<(usize, HashMap<IpAddr, usize>)>>,
}

/// The most places that are given.
#[derive(Debug, Clone, Copy)]
pub(crate) struct Most {
    /// To all clients together.
    pub(crate) in_all: usize,
    /// To one address; an IPv6 /64 counts as one.
    pub(crate) per_address: usize,
}

/// A place, given back when it is dropped.
#[derive(Debug)]
pub(crate) struct Place {
    crowd: Crowd,
    holder: IpAddr,
}

impl Crowd {
    pub(crate) fn new(most: Most) -> Self {
        Self { most, taken: Arc::default() }
    }

    /// A place for `client`, if there is one left.
    pub(crate) fn enter(&self, client: IpAddr) -> Option<Place> {
        let holder = holder(client);
        let mut taken = self.taken.lock().unwrap_or_else(PoisonError::into_inner);
        let (all, by_holder) = &mut *taken;
        let here = by_holder.get(&holder).copied().unwrap_or(0);
        if *all >= self.most.in_all || here >= self.most.per_address {
            return None;
        }
        *all += 1;
        by_holder.insert(holder, here + 1);
        Some(Place { crowd: self.clone(), holder })
    }
}

impl Drop for Place {
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
        let crowd = Crowd::new(Most { in_all: 4, per_address: 3 });
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
