//! The command line's way to a running server: a socket in the data directory, for its owner alone.
//! One request a connection, a line of JSON, and one line of JSON as the answer.
//!
//! Owns that socket (`control/socket`). What is asked for it hands to the rooms, which decide and store
//! it as they do for a moderator.

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
use tokio::time::{sleep, timeout};

use crate::accounts::{Account, Accounts, Creation};
use crate::address::Network;
use crate::addresses;
use crate::auth::is_hash;
use crate::clock;
use crate::filter::Change;
use crate::moderation::{Person, Sanction};
use crate::rooms::{Order, Rooms};
use crate::stopping::Stopping;
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
    /// Make a room of this name.
    AddRoom(String),
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
    pub deed: Deed,
    /// Whether the room is made where there is none. Otherwise nobody is appointed in it then.
    #[serde(default)]
    pub creates: bool,
}

/// What can be done from outside a room.
#[derive(Clone, Debug, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "camelCase")]
pub enum Deed {
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

impl Deed {
    /// Whether it needs the room to be there: whom it appoints would be overtaken by its founder.
    pub fn needs_room(&self) -> bool {
        matches!(
            self,
            Deed::Crown | Deed::Appoint | Deed::Honour | Deed::Dismiss
        )
    }

    /// The same as a moderator's order.
    pub fn order(self) -> Order {
        match self {
            Deed::Ban(seconds, reason) => Order::Ban(seconds, reason),
            Deed::BanWithAddresses(seconds, reason) => Order::BanWithAddresses(seconds, reason),
            Deed::Unban => Order::Unban,
            Deed::Crown => Order::Crown,
            Deed::Appoint => Order::Appoint,
            Deed::Honour => Order::Honour,
            Deed::Dismiss => Order::Dismiss,
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

/// The same.
pub fn user_removed(name: &Username) -> String {
    format!("user {name} removed")
}

/// The same.
pub fn no_user(name: &Username) -> String {
    format!("there is no user {name}")
}

/// The same.
pub fn password_changed(name: &Username) -> String {
    format!("password of {name} changed")
}

/// The same.
pub fn signed_out(name: &Username) -> String {
    format!("{name} is signed out everywhere")
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

/// What was done, in words.
pub fn administered(name: &str, is_admin: bool) -> String {
    match is_admin {
        true => format!("{name} is an administrator of this server now"),
        false => format!("{name} is no administrator of this server any more"),
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
                    if !matches!(timeout(PATIENCE, exchange).await, Ok(Ok(()))) {
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
    timeout(REQUEST_PATIENCE, reading.read_line(&mut line)).await??;
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
        Ok(Request::Filter(room, change)) => control.filter(&room, change).await,
        Ok(Request::BanNetwork(network, seconds, reason)) => {
            control.ban_network(&network, seconds, reason).await
        }
        Ok(Request::LiftNetwork(network)) => control.lift_network(&network).await,
        Ok(Request::AddUser(name, hash)) => control.add_user(&name, hash).await,
        Ok(Request::SetPassword(name, hash)) => control.set_password(&name, &hash).await,
        Ok(Request::SignOut(name)) => control.sign_out(&name).await,
        Ok(Request::RemoveUser(name)) => control.remove_user(&name).await,
        Ok(Request::AddRoom(name)) => control.add_room(&name).await,
        Err(error) => Err(format!("{NO_REQUEST}: {error}")),
    }
}

impl Control {
    async fn carry_out(&self, request: Task) -> Answer {
        let room = room_name(&request.room)?;
        let person = self.person(&request.username).await?;
        if request.deed.needs_room() {
            self.need(&room, request.creates).await?;
        }
        let done = self.rooms.operate(room, request.deed.order(), person);
        done.await.map_err(|error| error.to_string())
    }

    /// Makes sure that there is such a room.
    async fn need(&self, room: &RoomName, creates: bool) -> Result<(), String> {
        let is_there = match creates {
            true => self.rooms.found(room.clone()).await.map(|_| true),
            false => self.rooms.is_founded(room).await,
        };
        match is_there.map_err(error_text)? {
            true => Ok(()),
            false => Err(no_room(room)),
        }
    }

    async fn add_room(&self, room: &str) -> Answer {
        let room = room_name(room)?;
        match self.rooms.found(room.clone()).await.map_err(error_text)? {
            true => Ok(room_added(&room)),
            false => Err(room_exists(&room)),
        }
    }

    async fn add_user(&self, name: &str, Hash(hash): Hash) -> Answer {
        let username = username(name)?;
        check_hash(&hash)?;
        let account = Account::new(&username, hash, clock::now()).map_err(error_text)?;
        match self.accounts.create(account).await.map_err(error_text)? {
            Creation::Created(_) => Ok(user_added(&username)),
            Creation::Exists(_) => Err(user_exists(&username)),
        }
    }

    async fn set_password(&self, name: &str, Hash(hash): &Hash) -> Answer {
        let username = username(name)?;
        check_hash(hash)?;
        let done = self.rooms.set_password(&username, hash).await;
        match done.map_err(error_text)? {
            true => Ok(password_changed(&username)),
            false => Err(no_user(&username)),
        }
    }

    async fn sign_out(&self, name: &str) -> Answer {
        let username = username(name)?;
        let done = self.rooms.sign_out(&username).await;
        match done.map_err(error_text)? {
            true => Ok(signed_out(&username)),
            false => Err(no_user(&username)),
        }
    }

    async fn remove_user(&self, name: &str) -> Answer {
        let username = username(name)?;
        let done = self.rooms.remove(&username).await;
        match done.map_err(error_text)? {
            true => Ok(user_removed(&username)),
            false => Err(no_user(&username)),
        }
    }

    async fn administer(&self, name: &str, is_admin: bool) -> Answer {
        let person = self.person(name).await?;
        let done = self.rooms.administer(&person, is_admin).await;
        done.map_err(|error| error.to_string())?;
        Ok(administered(&person.username, is_admin))
    }

    async fn person(&self, name: &str) -> Result<Person, String> {
        let username = username(name)?;
        let account = self.accounts.find(&username).await;
        let account = account.map_err(error_text)?;
        account.map(Person::from).ok_or_else(|| no_user(&username))
    }

    async fn filter(&self, room: &str, change: Change) -> Answer {
        let room = room_name(room)?;
        let done = self.rooms.filter(room, change).await;
        done.map_err(|error| error.to_string())
    }

    async fn ban_network(
        &self,
        network: &str,
        seconds: Option<u64>,
        reason: Option<String>,
    ) -> Answer {
        let network: Network = network.parse().map_err(error_text)?;
        let now = clock::now();
        let ban = Sanction::for_seconds(seconds, reason, now);
        let done = self.rooms.ban_network(network, ban.clone()).await;
        done.map_err(error_text)?;
        Ok(addresses::banned(network, &ban, now))
    }

    async fn lift_network(&self, network: &str) -> Answer {
        let network: Network = network.parse().map_err(error_text)?;
        self.rooms.lift_network(network).await.map_err(error_text)?;
        Ok(addresses::lifted(network))
    }
}

fn room_name(text: &str) -> Result<RoomName, String> {
    RoomName::new(text).map_err(|error| format!("a room name {error}"))
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
