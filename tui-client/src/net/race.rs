//! Several addresses of one server, tried as RFC 8305 says: in an order that alternates between the
//! families, each a moment after the one before, and the first that opens wins. Must not know how a
//! line is opened.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::Duration;

use futures_util::StreamExt;
use futures_util::stream::FuturesUnordered;
use tokio::time::{Instant, sleep_until};

/// Addresses that are tried; with the pauses below even the last has its time.
const ADDRESSES: usize = 12;
/// Between the beginning of one attempt and the next (RFC 8305, section 5).
const DELAY: Duration = Duration::from_millis(250);
/// The same where somebody took the connection: a slow line needs several round trips from there on,
/// and few servers say nothing.
const TAKEN_DELAY: Duration = Duration::from_secs(2);

/// Says that an attempt has got as far as a connection.
#[derive(Clone, Debug, Default)]
pub(super) struct Taken(Arc<AtomicBool>);

impl Taken {
    /// Somebody took the connection.
    pub(super) fn tell(&self) {
        self.0.store(true, Ordering::Relaxed);
    }

    fn is_told(&self) -> bool {
        self.0.load(Ordering::Relaxed)
    }
}

/// The order in which addresses are tried: that of the system (RFC 6724), but the families take turns,
/// and `last` comes last: a line to it opened before and brought nothing. None twice.
pub(super) fn order(found: &[SocketAddr], last: Option<SocketAddr>) -> Vec<SocketAddr> {
    let mut unique: Vec<SocketAddr> = Vec::new();
    for address in found {
        if !unique.contains(address) {
            unique.push(*address);
        }
    }
    let Some(first) = unique.first().copied() else {
        return unique;
    };
    let (preferred, other): (Vec<SocketAddr>, Vec<SocketAddr>) = unique
        .into_iter()
        .partition(|address| address.is_ipv6() == first.is_ipv6());
    let (mut preferred, mut other) = (preferred.into_iter(), other.into_iter());
    let mut ordered = Vec::new();
    loop {
        let pair = [preferred.next(), other.next()];
        if pair == [None, None] {
            break;
        }
        ordered.extend(pair.into_iter().flatten());
    }
    if let Some(place) = ordered.iter().position(|address| Some(*address) == last) {
        let last = ordered.remove(place);
        ordered.push(last);
    }
    ordered.truncate(ADDRESSES);
    ordered
}

/// Begins an attempt with each address in turn until one of them succeeds; the others are dropped. Where
/// none does, what each of them failed of, in the order in which they failed.
pub(super) async fn race<Won, Lost, Attempt>(
    addresses: Vec<SocketAddr>,
    begin: impl Fn(SocketAddr, Taken) -> Attempt,
) -> Result<Won, Vec<Lost>>
where
    Attempt: Future<Output = Result<Won, Lost>>,
{
    let mut waiting = addresses.into_iter();
    let mut running = FuturesUnordered::new();
    let mut lost = Vec::new();
    let mut begun = Instant::now();
    let mut next_at = begun;
    let mut taken = Taken::default();
    loop {
        tokio::select! {
            () = sleep_until(next_at), if waiting.len() > 0 => {
                let later = begun + TAKEN_DELAY;
                if taken.is_told() && Instant::now() < later {
                    next_at = later;
                } else if let Some(address) = waiting.next() {
                    taken = Taken::default();
                    begun = Instant::now();
                    next_at = begun + DELAY;
                    running.push(begin(address, taken.clone()));
                }
            }
            Some(ended) = running.next() => match ended {
                Ok(won) => return Ok(won),
                Err(error) => {
                    lost.push(error);
                    // Nobody waits for what has failed.
                    taken = Taken::default();
                    next_at = Instant::now();
                }
            },
            else => return Err(lost),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::future::pending;

    fn address(text: &str) -> SocketAddr {
        text.parse().unwrap()
    }

    #[test]
    fn families_take_turns_and_what_brought_nothing_comes_last() {
        let check = |found: &[&str], last: Option<&str>, expected: &[&str]| {
            let found: Vec<SocketAddr> = found.iter().map(|text| address(text)).collect();
            let expected: Vec<SocketAddr> = expected.iter().map(|text| address(text)).collect();
            assert_eq!(order(&found, last.map(address)), expected);
        };
        let (a, b, c) = ("[::1]:1", "[::2]:1", "[::3]:1");
        let (x, y) = ("127.0.0.1:1", "127.0.0.2:1");
        check(&[a, b, c, x, y], None, &[a, x, b, y, c]);
        check(&[x, y, a], None, &[x, a, y]);
        check(&[a, a, b, a], None, &[a, b]);
        check(&[a, x], Some(a), &[x, a]);
        check(&[a], Some(a), &[a]);
        check(&[a], Some(x), &[a]);
        check(&[], None, &[]);
    }

    #[test]
    fn no_more_addresses_are_tried_than_have_their_time() {
        let found: Vec<SocketAddr> = (0..200)
            .map(|port| SocketAddr::from(([127, 0, 0, 1], port)))
            .collect();
        assert_eq!(order(&found, None).len(), ADDRESSES);
    }

    fn run<Result>(future: impl Future<Output = Result>) -> Result {
        let runtime = tokio::runtime::Builder::new_current_thread()
            .enable_all()
            .build();
        runtime.unwrap().block_on(future)
    }

    /// What an attempt with an address does.
    #[derive(Clone, Copy)]
    enum Fate {
        Silent,
        Refused,
        TakenAndSilent,
        Open,
    }

    async fn attempt(fate: Fate, taken: Taken) -> Result<(), ()> {
        match fate {
            Fate::Silent => pending().await,
            Fate::Refused => Err(()),
            Fate::TakenAndSilent => {
                taken.tell();
                pending().await
            }
            Fate::Open => Ok(()),
        }
    }

    /// Races addresses with these fates; whether one opened, and after how long.
    fn after(fates: &[Fate]) -> (Result<(), usize>, Duration) {
        let addresses = (0..fates.len())
            .map(|place| SocketAddr::from(([127, 0, 0, 1], u16::try_from(place).unwrap())))
            .collect();
        let begun = Instant::now();
        let ended = run(race(addresses, |address, taken| {
            attempt(fates[usize::from(address.port())], taken)
        }));
        let ended = ended.map_err(|lost| lost.len());
        (ended, begun.elapsed())
    }

    #[test]
    fn a_silent_address_takes_no_more_than_its_share_of_time() {
        let opens = |fates: &[Fate], least: Duration| {
            let (ended, time) = after(fates);
            assert_eq!(ended, Ok(()));
            let most = least + Duration::from_millis(200);
            assert!(least <= time && time < most, "{time:?}, not {least:?}");
        };
        opens(&[Fate::Open], Duration::ZERO);
        opens(&[Fate::Refused, Fate::Refused, Fate::Open], Duration::ZERO);
        opens(&[Fate::Silent, Fate::Silent, Fate::Open], 2 * DELAY);
        opens(&[Fate::Silent, Fate::Refused, Fate::Open], DELAY);
        opens(&[Fate::TakenAndSilent, Fate::Open], TAKEN_DELAY);
    }

    #[test]
    fn where_all_fail_it_is_over_at_once() {
        let (ended, time) = after(&[Fate::Refused, Fate::Refused, Fate::Refused]);
        assert_eq!(ended, Err(3));
        assert!(time < DELAY, "{time:?}");
        assert_eq!(after(&[]).0, Err(0));
    }
}
