//! Addresses: networks that are banned, from where accounts came, and the clock that both go by.

use super::*;
use crate::domain::address::Network;
use crate::domain::entry::OPERATOR;
use crate::domain::moderation::{Height, Sanction};
use crate::domain::settling::Settling;
use crate::store::accounts::Accounts;
use crate::store::addresses::{AddressStore, AddressesError, RECENT};
use crate::store::clock::ClockStore;

conforms!(
    networks_are_banned_until_they_are_lifted_or_their_time_is_over,
    the_newest_addresses_of_an_account_are_remembered_for_a_week,
    what_the_clock_showed_is_kept,
);

const HOUR: u64 = 60 * 60 * 1000;
const DAY: u64 = 24 * HOUR;

pub(crate) fn network(text: &str) -> Network {
    text.parse().unwrap()
}

pub(crate) fn ban(until: Option<u64>) -> Sanction {
    Sanction {
        until,
        ends: until,
        reason: Some("spam".to_owned()),
        networks: Vec::new(),
        height: Height::Server,
        by: OPERATOR.to_owned(),
    }
}

async fn networks_are_banned_until_they_are_lifted_or_their_time_is_over(store: &dyn Store) {
    let addresses: &dyn AddressStore = store;
    let (one, two) = (network("203.0.113.0/24"), network("2001:db8::/32"));
    addresses.ban(one, &ban(None), 5.into()).await.unwrap();
    addresses.ban(one, &ban(Some(50)), 5.into()).await.unwrap();
    addresses.ban(two, &ban(None), 5.into()).await.unwrap();
    let banned = async |now: u64| {
        let mut banned = addresses.banned(now.into()).await.unwrap();
        banned.sort_by_key(|(network, _)| std::cmp::Reverse(*network));
        banned
    };
    let expected = [(two, ban(None)), (one, ban(Some(50)))];
    assert_eq!(banned(49).await, expected);
    assert_eq!(banned(50).await, expected[..1]);
    let ended = addresses.lift(one, 50.into()).await;
    assert!(matches!(ended, Err(AddressesError::NotBanned(network)) if network == one));
    addresses.lift(two, 50.into()).await.unwrap();
    assert_eq!(banned(50).await, []);
}

async fn the_newest_addresses_of_an_account_are_remembered_for_a_week(store: &dyn Store) {
    let addresses: &dyn AddressStore = store;
    accounts(store, &["ann"]).await;
    let numbered = |number: u64| network(&format!("203.0.113.{number}"));
    let note = async |number, now: u64| {
        let noted = addresses.note("ann", numbered(number), now.into()).await;
        noted.unwrap();
    };
    let recent = async |now: u64| addresses.recent("ann", now.into()).await.unwrap();
    let (begin, most) = (30 * DAY, RECENT as u64);
    for number in 0..most + 2 {
        note(number, begin + number).await;
    }
    let newest: Vec<Network> = (2..most + 2).rev().map(numbered).collect();
    assert_eq!(recent(begin).await, newest);
    // Within the hour it is not remembered anew, after that it is.
    note(2, begin + HOUR).await;
    assert_eq!(recent(begin + HOUR).await, newest);
    note(2, begin + HOUR + 3).await;
    assert_eq!(recent(begin + HOUR + 3).await[0], numbered(2));
    let later = begin + 7 * DAY + most + 1;
    assert_eq!(recent(later).await, [numbered(2)]);
    addresses.forget_old(later).await.unwrap();
    assert_eq!(recent(begin).await, [numbered(2)]);
    let ann = chat_protocol::Username::new("ann").unwrap();
    Accounts::remove(store, &ann, 9).await.unwrap();
    assert_eq!(recent(begin).await, []);
    note(1, later).await;
    assert_eq!(recent(begin).await, []);
}

async fn what_the_clock_showed_is_kept(store: &dyn Store) {
    let clock: &dyn ClockStore = store;
    assert_eq!(clock.load().await.unwrap(), None);
    let mut settling = Settling::begin(700);
    clock.save(&settling).await.unwrap();
    settling.resume(900_000);
    clock.save(&settling).await.unwrap();
    assert_eq!(clock.load().await.unwrap(), Some(settling));
}
