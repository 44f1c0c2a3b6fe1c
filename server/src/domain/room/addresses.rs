//! The rules of bans of addresses: whom they keep out, and who is exempt.

use chat_protocol::{CloseCode, ServerEvent};

use super::{Effect, MemberId, Room};
use crate::domain::address::{Address, Network};
use crate::domain::entry::Moment;
use crate::domain::moderation::Sanction;

impl Room {
    /// What keeps the user `key` at `address` out of this room at `now`, where somebody else's ban took
    /// that address along.
    pub fn address_ban(&self, key: &str, address: &Address, now: Moment) -> Option<&Sanction> {
        self.standing.address_ban(key, address, now)
    }

    /// Whether the user `key` is a server administrator: no ban of a network keeps one out, who must not
    /// lock themselves out.
    pub fn is_administered_by(&self, key: &str) -> bool {
        self.standing.admins.contains(key)
    }

    /// The connections of the user `key`, and where each comes from.
    pub fn addresses_of(&self, key: &str) -> Vec<(MemberId, Address)> {
        let connections = self.connections(key).into_iter();
        connections
            .filter_map(|id| Some((id, *self.addresses.get(&id)?)))
            .collect()
    }

    /// The networks that the user `key` is in the room from.
    pub fn own_networks(&self, key: &str) -> Vec<Network> {
        let addresses = self.addresses_of(key).into_iter();
        addresses
            .filter_map(|(_, address)| address.own_network())
            .collect()
    }

    /// The members whom a ban that holds keeps out for where they are.
    pub(super) fn kept_out_by_address(&self, now: Moment) -> Vec<MemberId> {
        self.members_where(|key, address| self.address_ban(key, address, now).is_some())
    }

    /// Whom a ban of `network` from the whole server puts out.
    pub fn members_in(&self, network: &Network) -> Vec<MemberId> {
        self.members_where(|key, address| {
            network.contains(address) && !self.is_administered_by(key)
        })
    }

    /// A network is kept out of the whole server.
    pub(super) fn put_out(
        &mut self,
        network: &Network,
        reason: Option<String>,
        now: Moment,
    ) -> Vec<Effect> {
        let present = self.members_in(network);
        self.expel(present, reason, ServerEvent::Ban, CloseCode::Banned, now)
    }

    fn members_where(&self, matches: impl Fn(&str, &Address) -> bool) -> Vec<MemberId> {
        let members = self.members.iter().filter(|(id, author)| {
            let address = self.addresses.get(id);
            address.is_some_and(|address| matches(&author.key, address))
        });
        let mut found: Vec<MemberId> = members.map(|(id, _)| *id).collect();
        found.sort();
        found
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::domain::entry::{AccountId, Author};
    use crate::domain::moderation::{Decision, Origin, Person, Standing, Verdict};
    use crate::domain::room::{Input, Joining, NOBODY, Start, operator};
    use chat_protocol::Rank;

    const THERE: &str = "203.0.113.5";
    const ELSEWHERE: &str = "203.0.114.5";

    fn address(text: &str) -> Address {
        Address::of(text.parse().unwrap())
    }

    /// A room with these users in it, numbered from 1.
    fn room(members: &[(&str, &str)]) -> Room {
        let mut standing = Standing::default();
        standing.admins.insert("dora".to_owned());
        standing.ranks.insert("vip".to_owned(), Rank::Vip.into());
        let mut room = Room::new(Start {
            standing,
            ..Start::default()
        });
        for (id, (name, from)) in (1..).map(MemberId).zip(members) {
            let author = Author {
                username: (*name).to_owned(),
                key: (*name).to_owned(),
                account: AccountId::named(name),
                display_name: (*name).to_owned(),
                rank: Rank::User,
            };
            let joining = Joining {
                id,
                author,
                created: 0,
                address: address(from),
                capabilities: chat_protocol::Capabilities::default(),
            };
            room.apply(Input::Join(joining), 0);
        }
        room
    }

    fn ban(name: &str, networks: Vec<Network>) -> Input {
        let verdict = Verdict {
            decision: Decision::Ban(Sanction {
                networks,
                ..Sanction::for_seconds(None, None, 0.into())
            }),
            target: Person {
                username: name.to_owned(),
                key: name.to_owned(),
                account: AccountId::named(name),
                is_removed: false,
            },
            by: operator(),
            origin: Origin::Vouched,
            reason: None,
            time: 0,
        };
        Input::Judged(NOBODY, verdict)
    }

    /// Exactly these members are put out, each once.
    #[track_caller]
    fn check(room: &mut Room, input: Input, expected: &[u64]) {
        let effects = room.apply(input, 5);
        let Some(Effect::Expel(ids, ServerEvent::Ban(_), CloseCode::Banned)) = effects.first()
        else {
            panic!("{effects:?}")
        };
        let expected: Vec<MemberId> = expected.iter().copied().map(MemberId).collect();
        assert_eq!(ids, &expected);
        assert!(expected.iter().all(|id| !room.members.contains_key(id)));
    }

    #[test]
    fn a_network_is_put_out_but_for_server_administrators() {
        let members = [
            ("bob", THERE),
            ("vip", "203.0.113.255"),
            ("dora", THERE),
            ("bob", ELSEWHERE),
        ];
        let mut room = room(&members);
        let network = "203.0.113.0/24".parse().unwrap();
        check(&mut room, Input::PutOut(network, None), &[1, 2]);
        check(&mut room, Input::PutOut(network, None), &[]);
        assert_eq!(room.members.len(), 2);
    }

    #[test]
    fn whoever_is_a_mere_user_goes_where_a_ban_took_their_address_along() {
        let members = [
            ("bob", THERE),
            ("bob", ELSEWHERE),
            ("eve", THERE),
            ("vip", THERE),
            ("dora", THERE),
            ("carl", ELSEWHERE),
        ];
        let mut room = room(&members);
        assert_eq!(room.own_networks("bob").len(), 2);
        let there = address(THERE).own_network().unwrap();
        check(&mut room, ban("bob", vec![there]), &[1, 2, 3]);
        assert_eq!(room.members.len(), 3);
        assert!(room.own_networks("bob").is_empty());
        // The addresses are those of one ban, not of all that come later.
        check(&mut room, ban("carl", Vec::new()), &[6]);
    }
}
