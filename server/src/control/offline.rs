//! The store alone as what requests are carried out on, while no server runs. Nobody is connected then,
//! so what is stored is all that has to be done.
//!
//! The caller holds the lock of the data directory.

use chat_protocol::{RoomName, Username};

use super::backend::{Backend, Ended};
use super::{OrderError, Purging};
use crate::clock;
use crate::domain::address::Network;
use crate::domain::entry::{EntryBody, NewEntry, Purged};
use crate::domain::filter::{Change, Filter};
use crate::domain::moderation::{BanScope, Decision, Person, Sanction, Verdicts};
use crate::domain::room::{operated, operator, outcome, slip};
use crate::rooms::{Hit, Order};
use crate::store::accounts::{Account, Accounts, Creation};
use crate::store::filters::{Filters, FiltersError};
use crate::store::log::{self, Purge, RoomLog};
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::standing::Standings;
use crate::store::{Store, StoreError};

/// A store that no server uses.
pub struct Offline<'a> {
    store: &'a dyn Store,
    every_ban: BanScope,
}

impl<'a> Offline<'a> {
    /// Carries out on `store`. Every ban from a room reaches at least as far as `every_ban`.
    pub fn new(store: &'a dyn Store, every_ban: BanScope) -> Self {
        Self { store, every_ban }
    }
}

/// Deletes `room` with its log and ranks; answers how many entries it had. Not a request, because a
/// running server would go on with a room that is gone.
pub async fn delete_room(store: &dyn Store, room: &RoomName) -> Result<u64, StoreError> {
    let rooms = RoomLog::list(store).await?;
    let entries = rooms.iter().find(|known| known.room == *room);
    let entries = entries.map_or(0, |known| known.entries);
    // The log first: if the ranks went first, whoever enters next would own the log. A room without a
    // log may still have ranks to delete.
    RoomLog::remove(store, room).await?;
    store.forget_room(room).await?;
    Ok(entries)
}

#[async_trait::async_trait]
impl Backend for Offline<'_> {
    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, OrderError> {
        Ok(self.store.room_called(spelled).await?)
    }

    async fn is_founded(&self, room: &RoomName) -> Result<bool, OrderError> {
        Ok(self.store.is_founded(room).await?)
    }

    async fn found(&self, room: &RoomName) -> Result<bool, OrderError> {
        let head = self.store.open(room, 0).await?;
        let beginning = Beginning {
            room: room.clone(),
            epoch: head.epochs.current().clone(),
            founder: Founder::Operator,
            time: clock::now(),
        };
        Ok(RoomDirectory::found(self.store, beginning).await?)
    }

    async fn known(&self, username: &Username) -> Result<Option<Account>, OrderError> {
        Ok(self.store.known(username).await?)
    }

    async fn create(&self, account: Account) -> Result<Creation, OrderError> {
        Ok(self.store.create(account).await?)
    }

    async fn verdicts_on(&self, key: &str) -> Result<Verdicts, OrderError> {
        Ok(self.store.verdicts_on(key, clock::now()).await?)
    }

    async fn set_password(&self, username: &Username, hash: &str) -> Result<Ended, OrderError> {
        Ok(ended(self.store.set_password(username, hash).await?))
    }

    async fn sign_out(&self, username: &Username) -> Result<Ended, OrderError> {
        Ok(ended(self.store.sign_out(username).await?))
    }

    async fn remove(&self, username: &Username) -> Result<Ended, OrderError> {
        let removed = Accounts::remove(self.store, username, clock::now()).await;
        Ok(ended(removed?))
    }

    /// Deletes all of them: nobody waits meanwhile.
    async fn purge(&self, person: &Person, from: Option<&RoomName>) -> Result<Purging, OrderError> {
        let mut rooms = log::Purging::begin(self.store, &person.key, from).await?;
        let mut purging = Purging::default();
        while let Purge::Ready(room, messages) = rooms.next(None).await? {
            let entry = NewEntry {
                time: clock::now(),
                body: EntryBody::Purged(Purged {
                    username: person.username.clone(),
                    key: person.key.clone(),
                    by: operator(),
                }),
            };
            self.store.append(&room, None, vec![entry]).await?;
            purging.messages += messages;
            purging.rooms += 1;
        }
        Ok(purging)
    }

    async fn administrators(&self) -> Result<Vec<String>, OrderError> {
        Ok(self.store.administrators().await?)
    }

    async fn administer(&self, person: &Person, is_admin: bool) -> Result<(), OrderError> {
        let now = clock::now();
        Ok(self.store.administer(person, is_admin, now).await?)
    }

    async fn operate(
        &self,
        room: RoomName,
        order: Order,
        target: Person,
        creates: bool,
    ) -> Result<String, OrderError> {
        let now = clock::moment();
        let standing = Standings::load(self.store, &room, now).await?;
        if let Some(slip) = slip(&standing, &order, &target, now) {
            return Err(slip.into());
        }
        let Some(mut verdict) = operated(&order, target, now) else {
            let text = "this works only while the server is running";
            return Err(text.to_owned().into());
        };
        if let Decision::Ban(ban) = &mut verdict.decision
            && order.scope().max(self.every_ban).takes_addresses()
        {
            ban.networks = self.store.recent(&verdict.target.key, now).await?;
        }
        if creates {
            self.found(&room).await?;
        }
        Standings::save(self.store, &room, &verdict).await?;
        Ok(outcome(&standing, &verdict, now))
    }

    async fn change_filter(&self, room: &RoomName, change: &Change) -> Result<String, OrderError> {
        let stored = Filters::load(self.store, room).await?;
        // Checked together with those that are there.
        Filter::changed(stored, change).map_err(FiltersError::from)?;
        let by = operator().username;
        Filters::change(self.store, room, change, &by, clock::now()).await?;
        Ok(change.sentence())
    }

    async fn ban_network(
        &self,
        network: Network,
        ban: Sanction,
    ) -> Result<Option<Hit>, OrderError> {
        self.store.ban(network, &ban, clock::moment()).await?;
        Ok(None)
    }

    async fn lift_network(&self, network: Network) -> Result<(), OrderError> {
        Ok(self.store.lift(network, clock::moment()).await?)
    }
}

fn ended(is_done: bool) -> Ended {
    match is_done {
        true => Ended::Stored,
        false => Ended::NoAccount,
    }
}
