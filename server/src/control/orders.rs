//! What follows from each request, decided once for a running server and for the store alone: whether
//! the names can be used, whom and which room they mean, whether the room has to exist, and what is
//! answered.

use chat_protocol::{RoomName, Username};

use super::backend::{Backend, Ended};
use super::names::{new_room, new_user, room_name, username};
use super::{Hash, Request, Task, sentences};
use crate::auth::is_hash;
use crate::clock;
use crate::domain::address::Network;
use crate::domain::filter::Change;
use crate::domain::moderation::{Person, Sanction};
use crate::rooms::RoomError;
use crate::store::StoreError;
use crate::store::accounts::{Account, Creation};
use crate::store::addresses::AddressesError;
use crate::store::filters::FiltersError;

/// Why a request was not carried out.
#[derive(Debug, thiserror::Error)]
pub enum OrderError {
    /// It can't be done, or it would do nothing; the text is the whole error.
    #[error("{0}")]
    Refused(String),
    /// A room can't be reached, or it refused.
    #[error(transparent)]
    Room(#[from] RoomError),
    /// The store can't be read or written now.
    #[error(transparent)]
    Store(#[from] StoreError),
    /// The store broke while it was changed.
    #[error("it is not known whether this was done: check that before you try again")]
    Unknown(#[source] StoreError),
    /// The banned networks can't be changed so, or not now.
    #[error(transparent)]
    Addresses(#[from] AddressesError),
    /// The patterns can't be changed so, or not now.
    #[error(transparent)]
    Filters(#[from] FiltersError),
}

impl From<String> for OrderError {
    fn from(sentence: String) -> Self {
        Self::Refused(sentence)
    }
}

/// Carries `request` out; answers with what was done.
pub async fn carry_out(backend: &dyn Backend, request: &Request) -> Result<String, OrderError> {
    match request {
        Request::Do(task) | Request::Appoint(task) => act(backend, task).await,
        Request::Administer(name, is_admin) => administer(backend, name, *is_admin).await,
        Request::Filter(room, change) => change_filter(backend, room, change, false).await,
        Request::FilterNew(room, change) => change_filter(backend, room, change, true).await,
        Request::BanNetwork(network, seconds, reason) => {
            ban_network(backend, network, *seconds, reason.clone()).await
        }
        Request::LiftNetwork(network) => lift_network(backend, network).await,
        Request::AddUser(name, hash) => add_user(backend, name, hash).await,
        Request::SetPassword(name, Hash(hash)) => {
            let username = username(name)?;
            check_hash(hash)?;
            let ended = backend.set_password(&username, hash).await?;
            told(ended, &username, sentences::password_changed)
        }
        Request::SignOut(name) => {
            let username = username(name)?;
            let ended = backend.sign_out(&username).await?;
            told(ended, &username, sentences::signed_out)
        }
        Request::RemoveUser(name) => {
            let username = username(name)?;
            let ended = backend.remove(&username).await?;
            told(ended, &username, sentences::user_removed)
        }
        Request::PurgeUser(name, from) => purge_user(backend, name, from.as_deref()).await,
        Request::AddRoom(name) => add_room(backend, name).await,
    }
}

async fn act(backend: &dyn Backend, task: &Task) -> Result<String, OrderError> {
    let Task {
        action, creates, ..
    } = task;
    let room = room(backend, &task.room).await?;
    let target = match action.reaches_removed() {
        true => known(backend, &task.username).await?,
        false => person(backend, &task.username).await?,
    };
    if action.needs_room() {
        need(backend, &room, *creates).await?;
    }
    let order = action.clone().order();
    backend.operate(room, order, target, *creates).await
}

async fn administer(
    backend: &dyn Backend,
    name: &str,
    is_admin: bool,
) -> Result<String, OrderError> {
    let person = person(backend, name).await?;
    if !is_admin && !backend.administrators().await?.contains(&person.username) {
        return Err(sentences::no_administrator(&person.username).into());
    }
    backend.administer(&person, is_admin).await?;
    Ok(sentences::administered(&person.username, is_admin))
}

async fn change_filter(
    backend: &dyn Backend,
    name: &str,
    change: &Change,
    creates: bool,
) -> Result<String, OrderError> {
    let room = room(backend, name).await?;
    // A pattern that is left from a deleted room may be removed.
    if matches!(change, Change::Add(_)) {
        need(backend, &room, creates).await?;
    }
    backend.change_filter(&room, change, creates).await
}

async fn ban_network(
    backend: &dyn Backend,
    network: &str,
    seconds: Option<u64>,
    reason: Option<String>,
) -> Result<String, OrderError> {
    let network = parsed_network(network)?;
    let now = clock::moment();
    let ban = Sanction::for_seconds(seconds, reason, now);
    let hit = backend.ban_network(network, ban.clone()).await?;
    let done = sentences::banned(network, &ban, now);
    Ok(match hit {
        Some(hit) => format!("{done}; {}", sentences::hit(hit)),
        None => done,
    })
}

async fn lift_network(backend: &dyn Backend, network: &str) -> Result<String, OrderError> {
    let network = parsed_network(network)?;
    backend.lift_network(network).await?;
    Ok(sentences::lifted(network))
}

async fn add_user(
    backend: &dyn Backend,
    name: &str,
    Hash(hash): &Hash,
) -> Result<String, OrderError> {
    let username = username(name)?;
    new_user(&username)?;
    check_hash(hash)?;
    let account = Account::new(&username, hash.clone(), clock::now())?;
    match backend.create(account).await? {
        Creation::Created(_) => {
            let verdicts = backend.verdicts_on(username.key()).await?;
            let held_against = sentences::held_against(&username, &verdicts);
            Ok(sentences::user_added(&username) + &held_against)
        }
        Creation::Exists(_) => Err(sentences::user_exists(&username).into()),
    }
}

async fn purge_user(
    backend: &dyn Backend,
    name: &str,
    from: Option<&str>,
) -> Result<String, OrderError> {
    let person = known(backend, name).await?;
    if !person.is_removed {
        return Err(format!("{} has not been removed", person.username).into());
    }
    let from = from.map(room_name).transpose()?;
    let purging = backend.purge(&person, from.as_ref()).await?;
    serde_json::to_string(&purging).map_err(|error| error.to_string().into())
}

async fn add_room(backend: &dyn Backend, name: &str) -> Result<String, OrderError> {
    let room = room(backend, name).await?;
    new_room(&room)?;
    match backend.found(&room).await? {
        true => Ok(sentences::room_added(&room)),
        false => Err(sentences::room_exists(&room).into()),
    }
}

/// The stored name of the room that `text` refers to.
async fn room(backend: &dyn Backend, text: &str) -> Result<RoomName, OrderError> {
    backend.room_called(&room_name(text)?).await
}

/// Requires that the room exists or, if `creates`, that it can be created. It is created later, when
/// nothing can be refused any more.
async fn need(backend: &dyn Backend, room: &RoomName, creates: bool) -> Result<(), OrderError> {
    match (backend.is_founded(room).await?, creates) {
        (true, _) => Ok(()),
        (false, true) => Ok(new_room(room)?),
        (false, false) => Err(sentences::no_room(room).into()),
    }
}

/// The user of this name.
async fn person(backend: &dyn Backend, name: &str) -> Result<Person, OrderError> {
    let person = known(backend, name).await?;
    match person.is_removed {
        true => Err(sentences::was_removed(&username(name)?).into()),
        false => Ok(person),
    }
}

/// The user of this name, also if the account was removed.
async fn known(backend: &dyn Backend, name: &str) -> Result<Person, OrderError> {
    let username = username(name)?;
    let account = backend.known(&username).await?;
    let account = account.ok_or_else(|| sentences::no_user(&username))?;
    Ok(account.into())
}

/// What an order that ends an account's connections answers.
fn told(
    ended: Ended,
    name: &Username,
    sentence: fn(&Username) -> String,
) -> Result<String, OrderError> {
    match ended {
        Ended::NoAccount => Err(sentences::no_user(name).into()),
        Ended::Stored => Ok(sentence(name)),
        Ended::Closed(closed) => Ok(sentences::with_closed(&sentence(name), closed)),
    }
}

fn parsed_network(text: &str) -> Result<Network, OrderError> {
    let network = text.parse::<Network>();
    network.map_err(|error| error.to_string().into())
}

fn check_hash(hash: &str) -> Result<(), OrderError> {
    match is_hash(hash) {
        true => Ok(()),
        false => Err("this is no argon2id hash of a password".to_owned().into()),
    }
}

#[cfg(test)]
mod tests;
