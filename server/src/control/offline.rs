//! The store alone as what requests are carried out on, while no server runs. Nobody is connected then,
//! so what is stored is all that has to be done. What changes a room goes into the store as rounds of
//! that room, as it does while the room runs.
//!
//! The caller holds the lock of the data directory.

use chat_protocol::{RoomName, Username};

use super::backend::{Backend, Ended};
use super::{OrderError, Purging};
use crate::clock;
use crate::domain::address::Network;
use crate::domain::entry::{EntryBody, NewEntry, Purged};
use crate::domain::filter::{self, Filter};
use crate::domain::moderation::{BanScope, Decision, Person, Sanction, Verdicts};
use crate::domain::room::{operated, operator, outcome, slip};
use crate::domain::round::{Change, Done, Founding, Round, RoundId};
use crate::rooms::{Hit, Order};
use crate::store::accounts::{Account, Accounts, Creation};
use crate::store::filters::{Filters, FiltersError};
use crate::store::log::{self, Purge, RoomLog};
use crate::store::rounds::Outcome;
use crate::store::standing::Standings;
use crate::store::{Part, Store, StoreError};

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

    /// Stores `changes` of `room` in one round; answers what came of each. Where the store refuses,
    /// the error is one of `part`.
    async fn store_round(
        &self,
        part: Part,
        room: &RoomName,
        changes: Vec<Change>,
    ) -> Result<Vec<Done>, OrderError> {
        // A run of its own, so that it is taken for no other round.
        let run = getrandom::u64().map_err(|error| StoreError::new(part, error))?;
        let round = Round {
            id: RoundId { run, number: 1 },
            last: None,
            changes,
        };
        match self.store.store(room, round).await {
            Outcome::Stored(stored) => Ok(stored.done),
            Outcome::Refused(_, mut error) => {
                error.part = part;
                Err(error.into())
            }
            Outcome::Unknown(_, error) => Err(OrderError::Unknown(error)),
        }
    }

    /// What makes `room` one that there is, with nobody as its administrator.
    async fn founding(&self, room: &RoomName) -> Result<Change, StoreError> {
        let head = self.store.open(room, 0).await?;
        Ok(Change::Found(Founding {
            epoch: head.epochs.current().clone(),
            time: clock::now(),
        }))
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
        let founding = vec![self.founding(room).await?];
        let done = self.store_round(Part::Rooms, room, founding).await?;
        Ok(done.contains(&Done::Founded(true)))
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
            let changes = vec![Change::Append(entry)];
            self.store_round(Part::Log, &room, changes).await?;
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
        let done = outcome(&standing, &verdict, now);
        let mut changes = Vec::new();
        if creates {
            changes.push(self.founding(&room).await?);
        }
        changes.push(Change::Judge(Box::new(verdict)));
        self.store_round(Part::Standing, &room, changes).await?;
        Ok(done)
    }

    async fn change_filter(
        &self,
        room: &RoomName,
        change: &filter::Change,
        creates: bool,
    ) -> Result<String, OrderError> {
        let stored = Filters::load(self.store, room).await?;
        // Checked together with those that are there.
        Filter::changed(stored, change).map_err(FiltersError::from)?;
        let mut changes = Vec::new();
        if creates {
            changes.push(self.founding(room).await?);
        }
        changes.push(Change::Filter {
            change: change.clone(),
            by: operator().username,
            time: clock::now(),
        });
        self.store_round(Part::Filters, room, changes).await?;
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
