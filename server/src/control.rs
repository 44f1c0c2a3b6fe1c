//! The command line's way to a running server: a socket in the data directory, for its owner alone.
//! One request a connection, a line of JSON, and one line of JSON as the answer.
//!
//! Owns that socket (`control/socket`). What is asked for it hands to the rooms, which decide and store
//! it as they do for a moderator.

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

/// Bytes of a request or an answer at most.
const LINE: u64 = 8 * 1024;
/// How long one exchange may take.
const PATIENCE: Duration = Duration::from_secs(10);
/// How long a request may take to come: the command line sends it at once.
const REQUEST_PATIENCE: Duration = Duration::from_secs(1);
/// Connections at the same time; more wait to be accepted. Who holds them all without asking anything
/// keeps others waiting for [`REQUEST_PATIENCE`].
const CONNECTIONS: usize = 64;
/// Requests that are carried out at the same time; more wait for their turn.
const AT_ONCE: usize = 4;
/// Pause after an accept that failed.
const PAUSE: Duration = Duration::from_millis(100);

/// What can be asked of a running server.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Request {
    /// Do something to somebody in a room.
    Do(Task),
    /// Appoint somebody in a room that has to be there, or is made. An older server would do it in any.
    Appoint(Task),
    /// Make somebody, by name, a server administrator, or end that.
    Administer(String, bool),
    /// Change what the messages of the room of this name must not hold.
    Filter(String, Change),
    /// The same, which makes the room where there is none.
    FilterNew(String, Change),
    /// Keep a network out of the whole server, for so many seconds or for good.
    BanNetwork(String, Option<u64>, Option<String>),
    /// End that.
    LiftNetwork(String),
    /// Make an account of this name.
    AddUser(String, Hash),
    /// Give somebody another password, which ends their connections and tokens.
    SetPassword(String, Hash),
    /// End somebody's connections and tokens.
    SignOut(String),
    /// Remove somebody's account.
    RemoveUser(String),
    /// Take out what somebody wrote who was removed, from the room of this name on. The answer is a
    /// [`Purging`].
    PurgeUser(String, Option<String>),
    /// Make a room of this name.
    AddRoom(String),
}

/// What one step of a purge of all rooms did.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize, Deserialize)]
pub struct Purging {
    /// Messages that are gone.
    pub messages: u64,
    /// Rooms that are done.
    pub rooms: u64,
    /// The room with which the next step begins; `None` where all is done.
    pub next: Option<String>,
}

/// A password's hash on its way. It does not show itself in a log.
#[derive(Clone, PartialEq, Eq, Serialize, Deserialize)]
pub struct Hash(pub String);

impl std::fmt::Debug for Hash {
    fn fmt(&self, formatter: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        formatter.write_str("Hash(..)")
    }
}

/// What to do to whom, where.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
pub struct Task {
    /// The room.
    pub room: String,
    /// Whom, by name.
    pub username: String,
    /// What.
    pub action: OperatorAction,
    /// Whether the room is made where there is none. Otherwise nobody is appointed in it then.
    #[serde(default)]
    pub creates: bool,
}

/// What can be done from outside a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum OperatorAction {
    /// Keep somebody out, for so many seconds or for good.
    Ban(Option<u64>, Option<String>),
    /// Keep somebody out so, and whoever is at the addresses that they had lately.
    BanWithAddresses(Option<u64>, Option<String>),
    /// End that.
    Unban,
    /// Make somebody an administrator of the room.
    Crown,
    /// Make somebody a moderator.
    Appoint,
    /// Make somebody a VIP.
    Honour,
    /// Make somebody a user.
    Dismiss,
}

impl OperatorAction {
    /// Whether it needs the room to be there: whom it appoints would be overtaken by its founder, and a
    /// ban from a room that is not there is most likely meant for another one. What is left of such a ban
    /// is lifted all the same.
    pub fn needs_room(&self) -> bool {
        *self != OperatorAction::Unban
    }

    /// Whether it can be done to somebody who was removed: the name may be given out again.
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

/// A sentence: what was done, or why nothing was.
type Answer = Result<String, String>;

/// How a server's answer begins to a request that it does not know.
const NO_REQUEST: &str = "this is no request";

/// Asks the server that runs on `data`; `None` where none listens, which does not say that none runs:
/// that is told by its lock alone.
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

/// A server's answer. It may be of another version than this program.
fn understood(line: &str) -> io::Result<Answer> {
    if line.trim_end().is_empty() {
        return Err(io::Error::other(
            "it said nothing: it may be stopping, or busy, and what was asked may be done all the same; \
             look before you ask again",
        ));
    }
    let answer: Answer = serde_json::from_str(line).map_err(|_| {
        io::Error::other(format!(
            "it is of another version than this program ({}), which does not understand it: use the \
             program that the server was started from, or restart the server with this one",
            env!("CARGO_PKG_VERSION")
        ))
    })?;
    Ok(answer.map_err(|refused| match refused.starts_with(NO_REQUEST) {
        true => format!(
            "the running server does not know this command, since it is of another version than this \
             program ({}): use the program that the server was started from, or restart the server \
             with this one",
            env!("CARGO_PKG_VERSION")
        ),
        false => refused,
    }))
}

/// What was done, or why nothing was, in words.
pub fn user_added(name: &Username) -> String {
    format!("user {name} added")
}

/// The same.
pub fn user_exists(name: &Username) -> String {
    format!("there already is a user {name}")
}

/// What holds against a name that is given out once more, in words; empty where nothing does.
pub fn held_against(name: &Username, verdicts: &Verdicts) -> String {
    /// Rooms that are named at most.
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
            "; the name is still banned from {}: `chat-server ban remove ROOM {name}` ends that",
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

/// The same.
pub fn user_removed(name: &Username) -> String {
    format!("user {name} removed")
}

/// The same.
pub fn no_user(name: &Username) -> String {
    format!("there is no user {name}")
}

/// The same.
pub fn was_removed(name: &Username) -> String {
    format!("there is no user {name}: the account was removed")
}

/// The same.
pub fn password_changed(name: &Username) -> String {
    format!("password of {name} changed")
}

/// The same.
pub fn signed_out(name: &Username) -> String {
    format!("{name} is signed out everywhere")
}

/// What was done, with how many connections that closed.
fn with_closed(done: &str, closed: usize) -> String {
    format!("{done}; {}", closed_connections(closed))
}

/// Whom a ban of a network hit, in words.
fn hit(hit: Hit) -> String {
    let closed = closed_connections(hit.connections);
    match hit.accounts {
        // Those that were in no room are of nobody.
        0 => closed,
        1 => format!("{closed}, of 1 user"),
        count => format!("{closed}, of {count} users"),
    }
}

/// The same.
pub fn room_added(room: &RoomName) -> String {
    format!(
        "room {room} added; `chat-server mod add --admin {room} NAME` gives it an administrator"
    )
}

/// The same.
pub fn room_exists(room: &RoomName) -> String {
    format!("there already is a room {room}")
}

/// The same.
pub fn no_room(room: &RoomName) -> String {
    format!("there is no room {room}: check the name, or add --create to make it")
}

/// Why nothing was done, in words.
pub fn no_administrator(name: &str) -> String {
    format!("{name} is no administrator of this server: `chat-server admin list` shows them")
}

/// What was done, in words.
pub fn administered(name: &str, is_admin: bool) -> String {
    match is_admin {
        true => format!("{name} is an administrator of this server now"),
        false => format!("{name} is no longer an administrator of this server"),
    }
}

/// What serves the socket.
pub struct Control {
    /// Who there is.
    pub accounts: Arc<dyn Accounts>,
    /// The rooms.
    pub rooms: Rooms,
}

/// Listens in `data` until the server stops. A server without this socket is a server all the same.
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
    // On its own: what was begun is carried through, though whoever asked may not wait for it. What is
    // stored must not be without its effect.
    let control = Arc::clone(control);
    let carrying_out = tokio::spawn(async move { carry_out(&control, &line).await });
    let answer = carrying_out.await.map_err(io::Error::other)?;
    // Who does not read the answer holds nobody up.
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

    /// The room that goes by the name `text`.
    async fn room(&self, text: &str) -> Result<RoomName, String> {
        let called = self.rooms.called(&room_name(text)?).await;
        called.map_err(error_text)
    }

    /// Makes sure that there is such a room, or that it can be made where `creates`. It is made once
    /// nothing is refused any more.
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
            return Err(format!("{} was not removed", person.username));
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

    /// The same, also where the account was removed.
    async fn known(&self, name: &str) -> Result<Person, String> {
        let username = username(name)?;
        let account = self.accounts.known(&username).await;
        let account = account.map_err(error_text)?;
        account.map(Person::from).ok_or_else(|| no_user(&username))
    }

    async fn filter(&self, room: &str, change: Change, creates: bool) -> Answer {
        let room = self.room(room).await?;
        // What is left of a room that is not there may go.
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

/// Whether a new room may have this name.
pub fn new_room(name: &RoomName) -> Result<(), String> {
    let checked = RoomName::new(name.as_str());
    checked
        .map(drop)
        .map_err(|error| format!("a room name {error}"))
}

/// Whether a new account may have this name.
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
