//! The command line's way to a running server: a socket in the data directory, for its owner alone.
//! Each connection carries one request, a line of JSON, and one answer, a line of JSON.
//!
//! Owns that socket (`control/socket`) and the sentences that operators read. Must not decide anything:
//! it hands a request to the rooms, which decide and store it as they do for a moderator.

pub(crate) mod sentences;
mod socket;

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::{Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use chat_protocol::{RoomName, Username};
use serde::{Deserialize, Serialize};
use tokio::io::{AsyncBufReadExt, AsyncReadExt, AsyncWriteExt};
use tokio::net::{UnixListener, UnixStream};
use tokio::sync::Semaphore;
use tokio::time::sleep;

use crate::auth::is_hash;
use crate::clock;
use crate::domain::address::Network;
use crate::domain::filter::Change;
use crate::domain::moderation::{Person, Sanction, Verdicts};
use crate::pulse;
use crate::rooms::{Hit, Order, Rooms, closed_connections};
use crate::stopping::Stopping;
use crate::store::accounts::{Account, Accounts, Creation};
use socket::Socket;

/// Longest request or answer, in bytes.
const LINE: u64 = 8 * 1024;
/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request may take to arrive. The command line sends it at once.
const REQUEST_PATIENCE: Duration = Duration::from_secs(1);
/// Connections at the same time; more wait to be accepted. A program that holds them all without asking
/// anything keeps others waiting for [`REQUEST_PATIENCE`].
const CONNECTIONS: usize = 64;
/// Requests carried out at the same time; more wait for their turn.
const AT_ONCE: usize = 4;
/// Pause after a failed accept.
const PAUSE: Duration = Duration::from_millis(100);

/// A request to the running server. The names on the wire must not change: the command line may be of
/// another version.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// Act on a user in a room.
    Do(Task),
    /// Act on a user in a room that has to exist, or is created. It is a request of its own because an older
    /// server would accept any room.
    Appoint(Task),
    /// Make the user of this name a server administrator (true), or end that (false).
    Administer(String, bool),
    /// Change the blocked patterns of the room of this name.
    Filter(String, Change),
    /// The same, and create the room if it does not exist.
    FilterNew(String, Change),
    /// Ban a network from the whole server: network, seconds (`None`: permanently), reason.
    BanNetwork(String, Option<u64>, Option<String>),
    /// Lift the ban of a network.
    LiftNetwork(String),
    /// Add an account of this name.
    AddUser(String, Hash),
    /// Change a user's password, which ends their connections and tokens.
    SetPassword(String, Hash),
    /// End a user's connections and tokens.
    SignOut(String),
    /// Remove an account.
    RemoveUser(String),
    /// Delete the messages of a removed user: user, room to begin with. The answer is a [`Purging`] as
    /// JSON.
    PurgeUser(String, Option<String>),
    /// Create a room of this name.
    AddRoom(String),
}

/// What one step of a purge of all rooms did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purging {
    /// Number of messages deleted.
    pub messages: u64,
    /// Number of rooms done.
    pub rooms: u64,
    /// The room with which the next step begins; `None` if all are done.
    pub next: Option<String>,
}

/// The hash of a password, which `Debug` does not show.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash(pub String);

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hash(..)")
    }
}

/// An action on a user in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The room.
    pub room: String,
    /// Name of the user.
    pub username: String,
    /// What to do.
    pub action: OperatorAction,
    /// Whether to create a missing room; without it, a missing room is an error.
    #[serde(default)]
    pub creates: bool,
}

/// An action of an operator on a user in a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperatorAction {
    /// Ban the user: seconds (`None`: permanently), reason.
    Ban(Option<u64>, Option<String>),
    /// The same, with the user's recent addresses.
    BanWithAddresses(Option<u64>, Option<String>),
    /// Lift the ban.
    Unban,
    /// Make the user an administrator of the room.
    Crown,
    /// Make the user a moderator.
    Appoint,
    /// Make the user a VIP.
    Honour,
    /// Take away whatever rank the user has.
    Dismiss,
}

impl OperatorAction {
    /// Whether the room has to exist. Somebody appointed in a room that does not exist would rank below
    /// its later founder, and a ban from such a room is most likely meant for another one. A ban that is
    /// left from a deleted room can still be lifted.
    pub fn needs_room(&self) -> bool {
        *self != OperatorAction::Unban
    }

    /// Whether it can be done to a removed user, because the name may be given out again.
    pub fn reaches_removed(&self) -> bool {
        matches!(
            self,
            OperatorAction::Ban(..) | OperatorAction::BanWithAddresses(..) | OperatorAction::Unban
        )
    }

    /// The same as a moderator's order.
    pub fn order(self) -> Order {
        match self {
            OperatorAction::Ban(seconds, reason) => Order::Ban(seconds, reason),
            OperatorAction::BanWithAddresses(seconds, reason) => {
                Order::BanWithAddresses(seconds, reason)
            }
            OperatorAction::Unban => Order::Unban,
            OperatorAction::Crown => Order::Crown,
            OperatorAction::Appoint => Order::Appoint,
            OperatorAction::Honour => Order::Honour,
            OperatorAction::Dismiss => Order::Dismiss,
        }
    }
}

/// One sentence: what was done, or why nothing was.
type Answer = Result<String, String>;

/// How a server begins its answer to a request that it does not know.
const NO_REQUEST: &str = "this is no request";

/// Sends `request` to the running server of `data`. `None` if no server listens, which does not mean
/// that none is running: only the lock tells that.
pub fn ask(data: &Path, request: &Request) -> io::Result<Option<Answer>> {
    let Some(mut stream) = socket::connect(data)? else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE)).read_line(&mut answer)?;
    understood(&answer).map(Some)
}

/// Parses a server's answer. The server may be of another version than this program.
fn understood(line: &str) -> io::Result<Answer> {
    if line.trim_end().is_empty() {
        return Err(io::Error::other(
            "it may be stopping or busy, and it may still carry the command out: check before you try \
             again",
        ));
    }
    let answer: Answer = serde_json::from_str(line).map_err(|_| {
        io::Error::other(format!(
            "it is of another version than this program ({}), and its answer can't be read: use the \
             program that the server was started from, or restart the server with this one",
            env!("CARGO_PKG_VERSION")
        ))
    })?;
    Ok(answer.map_err(|refused| match refused.starts_with(NO_REQUEST) {
        true => format!(
            "the running server does not know this command, because it is of another version than this \
             program ({}): use the program that the server was started from, or restart the server \
             with this one",
            env!("CARGO_PKG_VERSION")
        ),
        false => refused,
    }))
}

/// The answer to `user add`.
pub fn user_added(name: &Username) -> String {
    format!("user {name} added")
}

/// Why `user add` was refused.
pub fn user_exists(name: &Username) -> String {
    format!("there is already a user {name}")
}

/// The bans and mutes that still apply to a name that is given out again, as the end of a sentence; empty
/// if there are none.
pub fn held_against(name: &Username, verdicts: &Verdicts) -> String {
    /// How many rooms are named at most.
    const ROOMS: usize = 5;
    let list = |rooms: &[String]| {
        let named = rooms.iter().take(ROOMS).map(String::as_str);
        let named = named.collect::<Vec<_>>().join(", ");
        match rooms.len().saturating_sub(ROOMS) {
            0 => named,
            more => format!("{named} and {more} more"),
        }
    };
    let mut text = String::new();
    if !verdicts.banned.is_empty() {
        text.push_str(&format!(
            "; the name is still banned from {}: `chat-server ban remove ROOM {name}` lifts the ban",
            list(&verdicts.banned)
        ));
    }
    if !verdicts.muted.is_empty() {
        text.push_str(&format!(
            "; the name is still muted in {}",
            list(&verdicts.muted)
        ));
    }
    text
}

/// The answer to `user remove`.
pub fn user_removed(name: &Username) -> String {
    format!("user {name} removed")
}

/// The error for a user who does not exist.
pub fn no_user(name: &Username) -> String {
    format!("there is no user {name}")
}

/// The error for a removed user.
pub fn was_removed(name: &Username) -> String {
    format!("there is no user {name}: the account was removed")
}

/// The answer to `user passwd`.
pub fn password_changed(name: &Username) -> String {
    format!("password of {name} changed")
}

/// The answer to `user logout`.
pub fn signed_out(name: &Username) -> String {
    format!("{name} is signed out everywhere")
}

/// What was done, with the number of connections that it closed.
fn with_closed(done: &str, closed: usize) -> String {
    format!("{done}; {}", closed_connections(closed))
}

/// How many connections and users a ban of a network hit.
fn hit(hit: Hit) -> String {
    let closed = closed_connections(hit.connections);
    match hit.accounts {
        // Connections in no room belong to no user.
        0 => closed,
        1 => format!("{closed}, of 1 user"),
        count => format!("{closed}, of {count} users"),
    }
}

/// The answer to `room add`.
pub fn room_added(room: &RoomName) -> String {
    format!(
        "room {room} added; `chat-server mod add --admin {room} NAME` gives it an administrator"
    )
}

/// Why `room add` was refused.
pub fn room_exists(room: &RoomName) -> String {
    format!("there is already a room {room}")
}

/// The error for a room that does not exist.
pub fn no_room(room: &RoomName) -> String {
    format!("there is no room {room}: check the name, or add --create to make it")
}

/// Why `admin revoke` was refused.
pub fn no_administrator(name: &str) -> String {
    format!("{name} is not an administrator of this server: `chat-server admin list` shows who is")
}

/// The answer to `admin grant` and `admin revoke`.
pub fn administered(name: &str, is_admin: bool) -> String {
    match is_admin {
        true => format!("{name} is now an administrator of this server"),
        false => format!("{name} is no longer an administrator of this server"),
    }
}

/// What the socket needs to carry requests out.
pub struct Control {
    /// The accounts.
    pub accounts: Arc<dyn Accounts>,
    /// The running rooms.
    pub rooms: Rooms,
}

/// Listens in `data` until the server stops. The server runs on even if this socket can't be made.
pub async fn run(control: Control, data: PathBuf, stopping: Stopping) {
    let control = Arc::new(control);
    let places = Arc::new(Semaphore::new(CONNECTIONS));
    let turns = Arc::new(Semaphore::new(AT_ONCE));
    let mut socket = None;
    let serve = async {
        let socket = socket.insert(Socket::listen(data).await);
        loop {
            tokio::select! {
                () = accept(&control, &places, &turns, socket.listener()) => {}
                () = socket.gone() => {}
            }
            socket.make_anew().await;
        }
    };
    tokio::select! {
        () = serve => {}
        () = stopping.begun() => {}
    }
    if let Some(socket) = socket {
        socket.remove();
    }
}

async fn accept(
    control: &Arc<Control>,
    places: &Arc<Semaphore>,
    turns: &Arc<Semaphore>,
    listener: &UnixListener,
) {
    loop {
        let Ok(place) = Arc::clone(places).acquire_owned().await else {
            return;
        };
        match listener.accept().await {
            Ok((stream, _)) => {
                let (control, turns) = (Arc::clone(control), Arc::clone(turns));
                tokio::spawn(async move {
                    let exchange = exchange(&control, stream, &turns);
                    if !matches!(pulse::timeout(PATIENCE, exchange).await, Ok(Ok(()))) {
                        tracing::debug!("an exchange with the command line was broken off");
                    }
                    drop(place);
                });
            }
            Err(error) => {
                tracing::warn!(%error, "cannot accept the command line");
                sleep(PAUSE).await;
            }
        }
    }
}

async fn exchange(control: &Arc<Control>, stream: UnixStream, turns: &Semaphore) -> io::Result<()> {
    let (reading, mut writing) = stream.into_split();
    let mut line = String::new();
    let mut reading = tokio::io::BufReader::new(reading.take(LINE));
    pulse::timeout(REQUEST_PATIENCE, reading.read_line(&mut line)).await??;
    let turn = turns.acquire().await;
    // A task of its own: the request is carried through even if its client goes away, because what is
    // stored must take effect.
    let control = Arc::clone(control);
    let carrying_out = tokio::spawn(async move { carry_out(&control, &line).await });
    let answer = carrying_out.await.map_err(io::Error::other)?;
    // A client that does not read its answer must not delay others.
    drop(turn);
    let mut line = serde_json::to_vec(&answer)?;
    line.push(b'\n');
    writing.write_all(&line).await
}

async fn carry_out(control: &Control, line: &str) -> Answer {
    match serde_json::from_str::<Request>(line) {
        Ok(Request::Do(task) | Request::Appoint(task)) => control.carry_out(task).await,
        Ok(Request::Administer(name, is_admin)) => control.administer(&name, is_admin).await,
        Ok(Request::Filter(room, change)) => control.filter(&room, change, false).await,
        Ok(Request::FilterNew(room, change)) => control.filter(&room, change, true).await,
        Ok(Request::BanNetwork(network, seconds, reason)) => {
            control.ban_network(&network, seconds, reason).await
        }
        Ok(Request::LiftNetwork(network)) => control.lift_network(&network).await,
        Ok(Request::AddUser(name, hash)) => control.add_user(&name, hash).await,
        Ok(Request::SetPassword(name, hash)) => control.set_password(&name, &hash).await,
        Ok(Request::SignOut(name)) => control.sign_out(&name).await,
        Ok(Request::RemoveUser(name)) => control.remove_user(&name).await,
        Ok(Request::PurgeUser(name, from)) => control.purge_user(&name, from.as_deref()).await,
        Ok(Request::AddRoom(name)) => control.add_room(&name).await,
        Err(error) => Err(format!("{NO_REQUEST}: {error}")),
    }
}

impl Control {
    async fn carry_out(&self, request: Task) -> Answer {
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
            (false, false) => Err(no_room(room)),
        }
    }

    async fn add_room(&self, room: &str) -> Answer {
        let room = self.room(room).await?;
        new_room(&room)?;
        match self.rooms.found(room.clone()).await.map_err(error_text)? {
            true => Ok(room_added(&room)),
            false => Err(room_exists(&room)),
        }
    }

    async fn add_user(&self, name: &str, Hash(hash): Hash) -> Answer {
        let username = username(name)?;
        new_user(&username)?;
        check_hash(&hash)?;
        let account = Account::new(&username, hash, clock::now()).map_err(error_text)?;
        match self.accounts.create(account).await.map_err(error_text)? {
            Creation::Created(_) => {
                let verdicts = self.rooms.verdicts_on(username.key()).await;
                let verdicts = verdicts.map_err(error_text)?;
                let held_against = held_against(&username, &verdicts);
                Ok(user_added(&username) + &held_against)
            }
            Creation::Exists(_) => Err(user_exists(&username)),
        }
    }

    async fn set_password(&self, name: &str, Hash(hash): &Hash) -> Answer {
        let username = username(name)?;
        check_hash(hash)?;
        let done = self.rooms.set_password(&username, hash).await;
        match done.map_err(error_text)? {
            Some(closed) => Ok(with_closed(&password_changed(&username), closed)),
            None => Err(no_user(&username)),
        }
    }

    async fn sign_out(&self, name: &str) -> Answer {
        let username = username(name)?;
        let done = self.rooms.sign_out(&username).await;
        match done.map_err(error_text)? {
            Some(closed) => Ok(with_closed(&signed_out(&username), closed)),
            None => Err(no_user(&username)),
        }
    }

    async fn remove_user(&self, name: &str) -> Answer {
        let username = username(name)?;
        let done = self.rooms.remove(&username).await;
        match done.map_err(error_text)? {
            Some(closed) => Ok(with_closed(&user_removed(&username), closed)),
            None => Err(no_user(&username)),
        }
    }

    async fn purge_user(&self, name: &str, from: Option<&str>) -> Answer {
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

    async fn administer(&self, name: &str, is_admin: bool) -> Answer {
        let person = self.person(name).await?;
        if !is_admin {
            let administrators = self.rooms.administrators().await;
            let administrators = administrators.map_err(error_text)?;
            if !administrators.contains(&person.username) {
                return Err(no_administrator(&person.username));
            }
        }
        let done = self.rooms.administer(&person, is_admin).await;
        done.map_err(|error| error.to_string())?;
        Ok(administered(&person.username, is_admin))
    }

    async fn person(&self, name: &str) -> Result<Person, String> {
        let person = self.known(name).await?;
        match person.is_removed {
            true => Err(was_removed(&username(name)?)),
            false => Ok(person),
        }
    }

    /// The user of this name, also if the account was removed.
    async fn known(&self, name: &str) -> Result<Person, String> {
        let username = username(name)?;
        let account = self.accounts.known(&username).await;
        let account = account.map_err(error_text)?;
        account.map(Person::from).ok_or_else(|| no_user(&username))
    }

    async fn filter(&self, room: &str, change: Change, creates: bool) -> Answer {
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

    async fn ban_network(
        &self,
        network: &str,
        seconds: Option<u64>,
        reason: Option<String>,
    ) -> Answer {
        let network: Network = network.parse().map_err(error_text)?;
        let now = clock::moment();
        let ban = Sanction::for_seconds(seconds, reason, now);
        let done = self.rooms.ban_network(network, ban.clone()).await;
        let hit = hit(done.map_err(error_text)?);
        Ok(format!("{}; {hit}", sentences::banned(network, &ban, now)))
    }

    async fn lift_network(&self, network: &str) -> Answer {
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
