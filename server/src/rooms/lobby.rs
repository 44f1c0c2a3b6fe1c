//! Connections that are in no room: where a ban of addresses finds those that no room could put out.

use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard};

use chat_protocol::{CloseCode, ModerationNotice, ServerEvent, sentences};

use crate::domain::address::{Address, Network};
use crate::wire::outbox::Outbox;
use crate::wire::outgoing::Outgoing;

#[derive(Default)]
struct Guests {
    next: u64,
    present: HashMap<u64, (Address, Outbox)>,
}

/// All of them: as many as there are connections at most.
#[derive(Clone, Default)]
pub(super) struct Lobby {
    guests: Arc<Mutex<Guests>>,
}

/// A connection's stay outside of all rooms; over when this is dropped.
pub struct LobbyGuard {
    lobby: Lobby,
    id: u64,
}

impl Lobby {
    pub(super) fn enter(&self, address: Address, outbox: Outbox) -> LobbyGuard {
        let mut guests = self.lock();
        let id = guests.next;
        guests.next += 1;
        guests.present.insert(id, (address, outbox));
        drop(guests);
        LobbyGuard {
            lobby: self.clone(),
            id,
        }
    }

    /// Tells whoever is in `network` that they are banned, and closes their connections, so many.
    pub(super) fn put_out(&self, network: &Network, reason: Option<String>) -> usize {
        let notice = Outgoing::new(ServerEvent::Ban(ModerationNotice {
            message: Some(sentences::DISCONNECTED.to_owned()),
            reason: Some(reason.unwrap_or_default()),
            ..ModerationNotice::default()
        }));
        let mut guests = self.lock();
        // They are not there any more, though their tasks may need a while to see it.
        let there = guests
            .present
            .extract_if(|_, (address, _)| network.contains(address));
        let there: Vec<Outbox> = there.map(|(_, (_, outbox))| outbox).collect();
        // Others come and go meanwhile: each of these is a write to a socket.
        drop(guests);
        for outbox in &there {
            outbox.push(&notice);
            outbox.close(CloseCode::Banned, "the address was banned");
        }
        there.len()
    }

    fn lock(&self) -> MutexGuard<'_, Guests> {
        self.guests.lock().expect("no holder of this lock panics")
    }
}

impl Drop for LobbyGuard {
    fn drop(&mut self) {
        self.lobby.lock().present.remove(&self.id);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::wire::outbox::tests::{Drained, queue};

    #[tokio::test]
    async fn only_who_is_there_and_in_the_network_is_put_out() {
        let lobby = Lobby::default();
        let address = |text: &str| Address::of(text.parse().unwrap());
        let network = "203.0.113.0/24".parse().unwrap();
        let (inside, mut inside_reader) = queue();
        let (outside, mut outside_reader) = queue();
        let (gone, mut gone_reader) = queue();
        let _inside = lobby.enter(address("203.0.113.7"), inside);
        let _outside = lobby.enter(address("203.0.114.7"), outside.clone());
        drop(lobby.enter(address("203.0.113.8"), gone.clone()));
        lobby.put_out(&network, Some("spam".to_owned()));
        let mut batch = Vec::new();
        assert_eq!(inside_reader.drain(&mut batch).await, Drained::Events);
        assert!(batch[0].contains("spam"), "{batch:?}");
        let Drained::Closed(closing) = inside_reader.drain(&mut batch).await else {
            panic!("{batch:?}")
        };
        assert_eq!(closing.code, CloseCode::Banned);
        for (outbox, reader) in [(outside, &mut outside_reader), (gone, &mut gone_reader)] {
            outbox.close(CloseCode::Normal, "still there");
            let Drained::Closed(closing) = reader.drain(&mut batch).await else {
                panic!("{batch:?}")
            };
            assert_eq!(closing.code, CloseCode::Normal);
        }
        drop(_inside);
        assert_eq!(lobby.lock().present.len(), 1);
        assert_eq!(lobby.put_out(&network, None), 0, "put out once");
    }
}
