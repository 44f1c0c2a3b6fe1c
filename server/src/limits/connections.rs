//! Connections at the same time: in all, those that are in no room yet, and those of one address.
//!
//! Permits are shared between networks, the widest blocks in which addresses are counted: one gets
//! another permit only while it has fewer than are left. So one alone has half of them at most, `k` of
//! them leave at least one in `k + 1`, and whoever comes from anywhere else finds one, though nobody
//! is put out for it. Exempt sources, behind which anybody may be, are not held to that, nor is
//! who came through a proxy and has not said yet where from.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use super::Source;
use super::block::{Block, Counted};

/// Connections at the same time; `None` is no cap.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Caps {
    /// In all.
    pub total: Option<usize>,
    /// In no room yet, those without a handshake among them.
    pub unauthenticated: Option<usize>,
    /// Of one address; loopback is exempt.
    pub per_address: Option<usize>,
}

impl Caps {
    /// Lowers the cap on all connections to `most`, where it is higher or there is none.
    pub fn lower_total(&mut self, most: Option<usize>) {
        self.total = self.total.into_iter().chain(most).min();
    }
}

/// There is no permit left.
#[derive(Clone, Copy, Debug, PartialEq, Eq, thiserror::Error)]
#[repr(usize)]
pub enum NoPermit {
    /// Not in all.
    #[error("too many connections")]
    Total,
    /// Not for somebody who is in no room yet.
    #[error("too many connections that have not authenticated")]
    Unauthenticated,
    /// Not for this address.
    #[error("too many connections from one address")]
    Address,
    /// Not for this network: it has as many as are left for all others.
    #[error("too many connections from one network")]
    Network,
}

impl NoPermit {
    /// All reasons.
    pub const ALL: [NoPermit; 4] = [
        NoPermit::Total,
        NoPermit::Unauthenticated,
        NoPermit::Address,
        NoPermit::Network,
    ];
}

#[derive(Default)]
struct Counts {
    total: usize,
    unauthenticated: usize,
    by_block: HashMap<Block, Present>,
    /// How often there was no permit, by the reason.
    refused: [u64; NoPermit::ALL.len()],
    /// Of the sources that may not have more, the one that asked last.
    latest: Option<Source>,
}

/// Those of one block.
#[derive(Clone, Copy, Default)]
struct Present {
    total: usize,
    unauthenticated: usize,
}

struct Shared {
    caps: Caps,
    counts: Mutex<Counts>,
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Counts> {
        self.counts.lock().expect("no holder of this lock panics")
    }
}

/// All permits.
pub struct ConnectionPermits {
    shared: Arc<Shared>,
}

/// What a connection, or a session that spans several, needs to be there; free again when this is
/// dropped.
pub struct ConnectionPermit {
    shared: Arc<Shared>,
    is_authenticated: bool,
    source: Option<Source>,
}

impl ConnectionPermits {
    /// All of them free.
    pub fn new(caps: Caps) -> Self {
        let counts = Mutex::default();
        Self {
            shared: Arc::new(Shared { caps, counts }),
        }
    }

    /// A permit for a connection that was just accepted.
    pub fn take(&self) -> Result<ConnectionPermit, NoPermit> {
        let mut counts = self.shared.lock();
        if let Some(full) = counts.full(&self.shared.caps) {
            counts.refused[full as usize] += 1;
            return Err(full);
        }
        counts.total += 1;
        counts.unauthenticated += 1;
        drop(counts);
        Ok(ConnectionPermit {
            shared: Arc::clone(&self.shared),
            is_authenticated: false,
            source: None,
        })
    }

    /// Why the next connection would get none, wherever it comes from.
    pub fn full(&self) -> Option<NoPermit> {
        self.shared.lock().full(&self.shared.caps)
    }

    /// How often there was no permit for this reason, and who got none last, where it is about who
    /// asks.
    pub fn refused(&self, reason: NoPermit) -> (u64, Option<Source>) {
        let counts = self.shared.lock();
        let is_about_source = matches!(reason, NoPermit::Address | NoPermit::Network);
        let latest = counts.latest.filter(|_| is_about_source);
        (counts.refused[reason as usize], latest)
    }

    /// How many there are at most.
    pub fn caps(&self) -> &Caps {
        &self.shared.caps
    }
}

impl ConnectionPermit {
    /// Counts the permit for `source`, once it is known.
    pub fn count_for(&mut self, source: Source) -> Result<(), NoPermit> {
        if source.is_exempt() || self.source == Some(source) {
            return Ok(());
        }
        let mut counts = self.shared.lock();
        if let Some(earlier) = self.source.take() {
            counts.leave(earlier, self.is_authenticated);
        }
        if let Err(no_permit) = counts.check(source, &self.shared.caps) {
            counts.refused[no_permit as usize] += 1;
            counts.latest = Some(source);
            return Err(no_permit);
        }
        counts.join(source, self.is_authenticated);
        self.source = Some(source);
        Ok(())
    }

    /// Its holder is a connection of a session that has a permit, and counts for its source, itself:
    /// whether that is in a room.
    pub fn lend(&mut self, is_authenticated: bool) {
        if let Some(source) = self.source.take() {
            self.shared.lock().leave(source, self.is_authenticated);
        }
        self.set_authenticated(is_authenticated);
    }

    /// Notes whether its holder is in a room.
    pub fn set_authenticated(&mut self, is_authenticated: bool) {
        if self.is_authenticated == is_authenticated {
            return;
        }
        let mut counts = self.shared.lock();
        if let Some(source) = self.source {
            counts.leave(source, self.is_authenticated);
            counts.join(source, is_authenticated);
        }
        self.is_authenticated = is_authenticated;
        match is_authenticated {
            true => counts.unauthenticated -= 1,
            false => counts.unauthenticated += 1,
        }
    }
}

impl Drop for ConnectionPermit {
    fn drop(&mut self) {
        let mut counts = self.shared.lock();
        counts.total -= 1;
        if !self.is_authenticated {
            counts.unauthenticated -= 1;
        }
        if let Some(source) = self.source {
            counts.leave(source, self.is_authenticated);
        }
    }
}

impl Counts {
    fn full(&self, caps: &Caps) -> Option<NoPermit> {
        match () {
            () if is_full(self.total, caps.total) => Some(NoPermit::Total),
            () if is_full(self.unauthenticated, caps.unauthenticated) => {
                Some(NoPermit::Unauthenticated)
            }
            () => None,
        }
    }

    /// Whether one more from `source`, which is counted in all already, may stay.
    fn check(&self, source: Source, caps: &Caps) -> Result<(), NoPermit> {
        for counted in source.blocks() {
            let present = self.present(counted.block);
            let factor = counted.factor.get() as usize;
            let cap = caps.per_address.map(|cap| cap.saturating_mul(factor));
            if is_full(present.total, cap) {
                return Err(NoPermit::Address);
            }
            let has_more_than_is_left = takes_too_much(present.total, self.total, caps.total)
                || takes_too_much(
                    present.unauthenticated,
                    self.unauthenticated,
                    caps.unauthenticated,
                );
            if counted.is_widest && has_more_than_is_left {
                return Err(NoPermit::Network);
            }
        }
        Ok(())
    }

    fn present(&self, block: Block) -> Present {
        self.by_block.get(&block).copied().unwrap_or_default()
    }

    fn join(&mut self, source: Source, is_authenticated: bool) {
        for Counted { block, .. } in source.blocks() {
            let present = self.by_block.entry(block).or_default();
            present.total += 1;
            present.unauthenticated += usize::from(!is_authenticated);
        }
    }

    fn leave(&mut self, source: Source, is_authenticated: bool) {
        for Counted { block, .. } in source.blocks() {
            if let Some(present) = self.by_block.get_mut(&block) {
                present.total -= 1;
                present.unauthenticated -= usize::from(!is_authenticated);
                if present.total == 0 {
                    self.by_block.remove(&block);
                }
            }
        }
    }
}

/// Whether a block that has `present` permits would have more than are left, were it to have another
/// one, which is the last of the `taken` ones.
fn takes_too_much(present: usize, taken: usize, cap: Option<usize>) -> bool {
    cap.is_some_and(|cap| present > cap.saturating_sub(taken))
}

fn is_full(present: usize, cap: Option<usize>) -> bool {
    cap.is_some_and(|cap| present >= cap)
}

#[cfg(test)]
mod tests {
    use super::*;

    fn source(text: &str) -> Source {
        Source::of(text.parse().unwrap())
    }

    #[test]
    fn places_are_free_again_when_they_are_left() {
        let places = ConnectionPermits::new(Caps {
            total: Some(3),
            unauthenticated: Some(2),
            per_address: None,
        });
        let mut first = places.take().unwrap();
        let second = places.take().unwrap();
        assert_eq!(places.take().err(), Some(NoPermit::Unauthenticated));
        first.set_authenticated(true);
        first.set_authenticated(true);
        let third = places.take().unwrap();
        assert_eq!(places.full(), Some(NoPermit::Total));
        assert_eq!(places.take().err(), Some(NoPermit::Total));
        assert_eq!(places.refused(NoPermit::Total), (1, None));
        assert_eq!(places.refused(NoPermit::Unauthenticated), (1, None));
        drop((first, second, third));
        assert_eq!(places.full(), None);
        let again = [places.take().unwrap(), places.take().unwrap()];
        assert_eq!(places.take().err(), Some(NoPermit::Unauthenticated));
        drop(again);
        let counts = places.shared.lock();
        assert_eq!((counts.total, counts.unauthenticated), (0, 0));
    }

    #[test]
    fn an_address_has_so_many_and_loopback_any_number() {
        let places = ConnectionPermits::new(Caps {
            per_address: Some(1),
            ..Caps::default()
        });
        let mut first = places.take().unwrap();
        let mut second = places.take().unwrap();
        // Before the upgrade and at it: still one.
        for _ in 0..3 {
            first.count_for(source("2001:db8::1")).unwrap();
        }
        let refused = second.count_for(source("2001:db8::2"));
        assert_eq!(refused, Err(NoPermit::Address));
        let latest = Some(source("2001:db8::2"));
        assert_eq!(places.refused(NoPermit::Address), (1, latest));
        second.count_for(source("192.0.2.1")).unwrap();
        second.count_for(source("192.0.2.2")).unwrap();
        first.count_for(source("192.0.2.1")).unwrap();
        for _ in 0..3 {
            second.count_for(source("127.0.0.1")).unwrap();
        }
        drop((first, second));
        assert!(places.shared.lock().by_block.is_empty());
    }

    #[test]
    fn a_wider_block_has_more_but_not_as_many_times_as_it_is_wider() {
        let places = ConnectionPermits::new(Caps {
            per_address: Some(2),
            ..Caps::default()
        });
        let mut taken = Vec::new();
        for subnet in 0..0x200 {
            let mut place = places.take().unwrap();
            let source = source(&format!("2001:db8:1:{subnet:x}::1"));
            if place.count_for(source).is_ok() {
                taken.push(place);
            }
            let expected = if subnet < 0x100 { 8 } else { 16 };
            assert!(taken.len() <= expected, "{subnet:x}");
        }
        assert_eq!(taken.len(), 16);
        let mut elsewhere = places.take().unwrap();
        elsewhere.count_for(source("2001:db8:2::1")).unwrap();
        drop((taken, elsewhere));
        assert!(places.shared.lock().by_block.is_empty());
    }

    /// Permits for so many who are in no room, of which nobody has gone.
    fn places(unauthenticated: usize) -> ConnectionPermits {
        ConnectionPermits::new(Caps {
            unauthenticated: Some(unauthenticated),
            ..Caps::default()
        })
    }

    fn come(places: &ConnectionPermits, address: &str) -> Result<ConnectionPermit, NoPermit> {
        let mut place = places.take()?;
        place.count_for(source(address))?;
        Ok(place)
    }

    #[test]
    fn whoever_has_many_addresses_leaves_places_to_all_others() {
        // A /48, and sixteen of them, that try again and again and never go.
        for networks in [1, 16] {
            let places = places(5_000);
            let mut attackers = Vec::new();
            let mut guests = Vec::new();
            for round in 0..10_000u32 {
                let network = round % networks;
                let address = format!("2001:db8:{network:x}:{round:x}::1");
                attackers.extend(come(&places, &address));
                // Behind one carrier's address, and each from somewhere else; ten are logging in.
                if round % 10 == 0 {
                    guests.push(come(&places, "198.51.100.1").unwrap());
                    let [high, low] = [round / 250 + 1, round % 250];
                    guests.push(come(&places, &format!("10.{high}.{low}.1")).unwrap());
                }
                if guests.len() > 20 {
                    guests.remove(0);
                }
            }
            let share = 5_000 / (networks as usize + 1);
            let held = attackers.len() / networks as usize;
            assert!((share - 30..=share).contains(&held), "{held} of {share}");
        }
    }

    #[test]
    fn who_comes_in_is_no_longer_counted_among_those_who_are_not() {
        let places = places(4);
        let mut first = come(&places, "2001:db8::1").unwrap();
        let _second = come(&places, "2001:db8::2").unwrap();
        assert_eq!(come(&places, "2001:db8::3").err(), Some(NoPermit::Network));
        first.set_authenticated(true);
        let third = come(&places, "2001:db8::3").unwrap();
        first.set_authenticated(false);
        assert_eq!(come(&places, "2001:db8::3").err(), Some(NoPermit::Network));
        drop((first, third));
        let _again = come(&places, "2001:db8::3").unwrap();
    }

    #[test]
    fn exempt_sources_have_all_places_that_are_left() {
        let places = places(4);
        let _network = come(&places, "2001:db8::1").unwrap();
        let _exempt = [(); 3].map(|()| come(&places, "127.0.0.1").unwrap());
        assert_eq!(places.take().err(), Some(NoPermit::Unauthenticated));
    }
}
