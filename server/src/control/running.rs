//! A running server as what requests are carried out on: the rooms decide and store as they do for a
//! moderator.

use chat_protocol::{RoomName, Username};

use super::backend::{Backend, Ended};
use super::{Control, OrderError, Purging};
use crate::domain::address::Network;
use crate::domain::filter::Change;
use crate::domain::moderation::{Person, Sanction, Verdicts};
use crate::rooms::{Hit, Order};
use crate::store::accounts::{Account, Creation};

#[async_trait::async_trait]
impl Backend for Control {
    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, OrderError> {
        Ok(self.rooms.called(spelled).await?)
    }

    async fn is_founded(&self, room: &RoomName) -> Result<bool, OrderError> {
        Ok(self.rooms.is_founded(room).await?)
    }

    async fn found(&self, room: &RoomName) -> Result<bool, OrderError> {
        Ok(self.rooms.found(room.clone()).await?)
    }

    async fn known(&self, username: &Username) -> Result<Option<Account>, OrderError> {
        Ok(self.accounts.known(username).await?)
    }

    async fn create(&self, account: Account) -> Result<Creation, OrderError> {
        Ok(self.accounts.create(account).await?)
    }

    async fn verdicts_on(&self, key: &str) -> Result<Verdicts, OrderError> {
        Ok(self.rooms.verdicts_on(key).await?)
    }

    async fn set_password(&self, username: &Username, hash: &str) -> Result<Ended, OrderError> {
        let closed = self.rooms.set_password(username, hash).await?;
        Ok(closed.map_or(Ended::NoAccount, Ended::Closed))
    }

    async fn sign_out(&self, username: &Username) -> Result<Ended, OrderError> {
        let closed = self.rooms.sign_out(username).await?;
        Ok(closed.map_or(Ended::NoAccount, Ended::Closed))
    }

    async fn remove(&self, username: &Username) -> Result<Ended, OrderError> {
        let closed = self.rooms.remove(username).await?;
        Ok(closed.map_or(Ended::NoAccount, Ended::Closed))
    }

    async fn purge(&self, person: &Person, from: Option<&RoomName>) -> Result<Purging, OrderError> {
        let step = self.rooms.purge(person, from).await?;
        Ok(Purging {
            messages: step.messages,
            rooms: step.rooms,
            next: step.next.map(|room| room.as_str().to_owned()),
        })
    }

    async fn administrators(&self) -> Result<Vec<String>, OrderError> {
        Ok(self.rooms.administrators().await?)
    }

    async fn administer(&self, person: &Person, is_admin: bool) -> Result<(), OrderError> {
        Ok(self.rooms.administer(person, is_admin).await?)
    }

    async fn operate(
        &self,
        room: RoomName,
        order: Order,
        target: Person,
        creates: bool,
    ) -> Result<String, OrderError> {
        Ok(self.rooms.operate(room, order, target, creates).await?)
    }

    async fn change_filter(
        &self,
        room: &RoomName,
        change: &Change,
        creates: bool,
    ) -> Result<String, OrderError> {
        let change = change.clone();
        Ok(self.rooms.filter(room.clone(), change, creates).await?)
    }

    async fn ban_network(
        &self,
        network: Network,
        ban: Sanction,
    ) -> Result<Option<Hit>, OrderError> {
        Ok(Some(self.rooms.ban_network(network, ban).await?))
    }

    async fn lift_network(&self, network: Network) -> Result<(), OrderError> {
        Ok(self.rooms.lift_network(network).await?)
    }
}
