//! What a running server does for the command line: through the rooms, which decide and store it as they
//! do for a moderator.

use chat_protocol::{RoomName, Username};

use super::{Answer, Control, Hash, Purging, Task, sentences};
use crate::auth::is_hash;
use crate::clock;
use crate::domain::address::Network;
use crate::domain::filter::Change;
use crate::domain::moderation::{Person, Sanction};
use crate::store::accounts::{Account, Creation};

impl Control {
    pub(super) async fn carry_out(&self, request: Task) -> Answer {
        let room = self.room(&request.room).await?;
        let person = match request.action.reaches_removed() {
            true => self.known(&request.username).await?,
            false => self.person(&request.username).await?,
        };
        if request.action.needs_room() {
            self.need(&room, request.creates).await?;
        }
        let done = self
            .rooms
            .operate(room, request.action.order(), person, request.creates);
        done.await.map_err(|error| error.to_string())
    }

    /// The stored name of the room that `text` refers to.
    async fn room(&self, text: &str) -> Result<RoomName, String> {
        let called = self.rooms.called(&room_name(text)?).await;
        called.map_err(error_text)
    }

    /// Requires that the room exists or, if `creates`, that it can be created. It is created later, when
    /// nothing can be refused any more.
    async fn need(&self, room: &RoomName, creates: bool) -> Result<(), String> {
        let is_there = self.rooms.is_founded(room).await.map_err(error_text)?;
        match (is_there, creates) {
            (true, _) => Ok(()),
            (false, true) => new_room(room),
            (false, false) => Err(sentences::no_room(room)),
        }
    }

    pub(super) async fn add_room(&self, room: &str) -> Answer {
        let room = self.room(room).await?;
        new_room(&room)?;
        match self.rooms.found(room.clone()).await.map_err(error_text)? {
            true => Ok(sentences::room_added(&room)),
            false => Err(sentences::room_exists(&room)),
        }
    }

    pub(super) async fn add_user(&self, name: &str, Hash(hash): Hash) -> Answer {
        let username = username(name)?;
        new_user(&username)?;
        check_hash(&hash)?;
        let account = Account::new(&username, hash, clock::now()).map_err(error_text)?;
        match self.accounts.create(account).await.map_err(error_text)? {
            Creation::Created(_) => {
                let verdicts = self.rooms.verdicts_on(username.key()).await;
                let verdicts = verdicts.map_err(error_text)?;
                let held_against = sentences::held_against(&username, &verdicts);
                Ok(sentences::user_added(&username) + &held_against)
            }
            Creation::Exists(_) => Err(sentences::user_exists(&username)),
        }
    }

    pub(super) async fn set_password(&self, name: &str, Hash(hash): &Hash) -> Answer {
        let username = username(name)?;
        check_hash(hash)?;
        let done = self.rooms.set_password(&username, hash).await;
        match done.map_err(error_text)? {
            Some(closed) => Ok(sentences::with_closed(
                &sentences::password_changed(&username),
                closed,
            )),
            None => Err(sentences::no_user(&username)),
        }
    }

    pub(super) async fn sign_out(&self, name: &str) -> Answer {
        let username = username(name)?;
        let done = self.rooms.sign_out(&username).await;
        match done.map_err(error_text)? {
            Some(closed) => Ok(sentences::with_closed(
                &sentences::signed_out(&username),
                closed,
            )),
            None => Err(sentences::no_user(&username)),
        }
    }

    pub(super) async fn remove_user(&self, name: &str) -> Answer {
        let username = username(name)?;
        let done = self.rooms.remove(&username).await;
        match done.map_err(error_text)? {
            Some(closed) => Ok(sentences::with_closed(
                &sentences::user_removed(&username),
                closed,
            )),
            None => Err(sentences::no_user(&username)),
        }
    }

    pub(super) async fn purge_user(&self, name: &str, from: Option<&str>) -> Answer {
        let person = self.known(name).await?;
        if !person.is_removed {
            return Err(format!("{} has not been removed", person.username));
        }
        let from = from.map(room_name).transpose()?;
        let step = self.rooms.purge(&person, from.as_ref()).await;
        let step = step.map_err(error_text)?;
        let purging = Purging {
            messages: step.messages,
            rooms: step.rooms,
            next: step.next.map(|room| room.as_str().to_owned()),
        };
        serde_json::to_string(&purging).map_err(error_text)
    }

    pub(super) async fn administer(&self, name: &str, is_admin: bool) -> Answer {
        let person = self.person(name).await?;
        if !is_admin {
            let administrators = self.rooms.administrators().await;
            let administrators = administrators.map_err(error_text)?;
            if !administrators.contains(&person.username) {
                return Err(sentences::no_administrator(&person.username));
            }
        }
        let done = self.rooms.administer(&person, is_admin).await;
        done.map_err(|error| error.to_string())?;
        Ok(sentences::administered(&person.username, is_admin))
    }

    async fn person(&self, name: &str) -> Result<Person, String> {
        let person = self.known(name).await?;
        match person.is_removed {
            true => Err(sentences::was_removed(&username(name)?)),
            false => Ok(person),
        }
    }

    /// The user of this name, also if the account was removed.
    async fn known(&self, name: &str) -> Result<Person, String> {
        let username = username(name)?;
        let account = self.accounts.known(&username).await;
        let account = account.map_err(error_text)?;
        account
            .map(Person::from)
            .ok_or_else(|| sentences::no_user(&username))
    }

    pub(super) async fn filter(&self, room: &str, change: Change, creates: bool) -> Answer {
        let room = self.room(room).await?;
        // A pattern that is left from a deleted room may be removed.
        if matches!(change, Change::Add(_)) {
            self.need(&room, creates).await?;
        }
        let done = self.rooms.filter(room.clone(), change).await;
        let done = done.map_err(|error| error.to_string())?;
        if creates {
            self.rooms.found(room).await.map_err(error_text)?;
        }
        Ok(done)
    }

    pub(super) async fn ban_network(
        &self,
        network: &str,
        seconds: Option<u64>,
        reason: Option<String>,
    ) -> Answer {
        let network: Network = network.parse().map_err(error_text)?;
        let now = clock::moment();
        let ban = Sanction::for_seconds(seconds, reason, now);
        let done = self.rooms.ban_network(network, ban.clone()).await;
        let hit = sentences::hit(done.map_err(error_text)?);
        Ok(format!("{}; {hit}", sentences::banned(network, &ban, now)))
    }

    pub(super) async fn lift_network(&self, network: &str) -> Answer {
        let network: Network = network.parse().map_err(error_text)?;
        self.rooms.lift_network(network).await.map_err(error_text)?;
        Ok(sentences::lifted(network))
    }
}

fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::any(text).map_err(|error| format!("a room name {error}"))
}

/// Refuses a name that a new room may not have.
pub fn new_room(name: &RoomName) -> Result<(), String> {
    let checked = RoomName::new(name.as_str());
    checked
        .map(drop)
        .map_err(|error| format!("a room name {error}"))
}

/// Refuses a name that a new account may not have.
pub fn new_user(name: &Username) -> Result<(), String> {
    let checked = name.check_new();
    checked.map_err(|error| format!("a user name {error}"))
}

fn username(text: &str) -> Result<Username, String> {
    Username::new(text).map_err(|error| format!("a user name {error}"))
}

fn check_hash(hash: &str) -> Result<(), String> {
    match is_hash(hash) {
        true => Ok(()),
        false => Err("this is no argon2id hash of a password".to_owned()),
    }
}

fn error_text(error: impl std::error::Error) -> String {
    error.to_string()
}
