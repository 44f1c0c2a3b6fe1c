//! People in rooms of the real server, each with a connection of their own that reads all that comes
//! and checks it.

use std::io;
use std::net::{SocketAddr, TcpStream};
use std::sync::Arc;

use chat_protocol::{ClientEvent, Credential, RoomName, Secret, ServerEvent, Username};
use tokio::time::timeout;

use super::Speaker;
use super::words::PEOPLE;
use crate::accounts::room;
use crate::client::{Client, ClientError, Incoming, Login, PATIENCE};
use crate::entering::{JoinRequest, enter_all};
use crate::raw::{Member, Observed, Readers, Tally, post_text};
use crate::worker::Watched;

/// Accounts for all people, to enter rooms with.
#[derive(Clone, Debug)]
pub(crate) struct People {
    logins: Vec<Login>,
}

/// Rooms with people in them.
#[derive(Debug)]
pub(crate) struct Crowd {
    rooms: Vec<RoomName>,
    streams: Vec<TcpStream>,
    each: usize,
    frame: Vec<u8>,
    tally: Arc<Tally>,
    readers: Readers,
}

impl People {
    /// Makes an account for each, unless there is one, and takes a token for it.
    pub(crate) async fn prepare(address: SocketAddr) -> Result<Self, ClientError> {
        let lobby = room("lobby");
        let mut logins = Vec::new();
        for name in PEOPLE {
            let mut login = Login {
                username: Username::new(name).expect("these names are users' names"),
                credential: Credential::Password(Secret::new("a-secret-of-the-load".to_owned())),
            };
            let mut client = Client::connect(address, None).await?;
            let accepted = client.enter(&login, &lobby, None, PATIENCE).await?;
            login.credential = Credential::Token(Secret::new(accepted.token));
            logins.push(login);
        }
        Ok(Self { logins })
    }

    /// Lets `each` of them enter each of `count` new rooms.
    pub(crate) async fn enter(
        &self,
        address: SocketAddr,
        name: &str,
        count: usize,
        each: usize,
    ) -> Result<Entered, ClientError> {
        let rooms: Vec<RoomName> = (0..count).map(|_| room(name)).collect();
        let requests = rooms.iter().flat_map(|room| {
            (0..each).map(|number| JoinRequest {
                login: self.logins[number % self.logins.len()].clone(),
                room: room.clone(),
            })
        });
        let streams = enter_all(address, requests.collect()).await?;
        Ok(Entered {
            rooms,
            streams,
            each,
        })
    }

    /// Whether somebody called `name` is in `room`.
    pub(crate) async fn see(
        &self,
        address: SocketAddr,
        room: &str,
        name: &str,
    ) -> Result<bool, ClientError> {
        let room = RoomName::new(room).map_err(|_| ClientError::Late("room with a name"))?;
        let mut client = Client::connect(address, None).await?;
        let login = self.logins.first();
        let login = login.ok_or(ClientError::Late("account"))?;
        client.enter(login, &room, None, PATIENCE).await?;
        client.send(&ClientEvent::Who).await?;
        let answer = async {
            loop {
                if let Incoming::Event(event) = client.next().await?
                    && let ServerEvent::Who(who) = *event
                {
                    return Ok(who.members.iter().any(|member| member.username == name));
                }
            }
        };
        let late = Err(ClientError::Late("answer to who"));
        timeout(PATIENCE, answer).await.unwrap_or(late)
    }
}

/// People who have entered and do not read yet.
#[derive(Debug)]
pub(crate) struct Entered {
    rooms: Vec<RoomName>,
    streams: Vec<TcpStream>,
    each: usize,
}

impl Crowd {
    /// From now on, they read.
    pub(crate) fn start(entered: Entered) -> io::Result<Self> {
        let Entered {
            rooms,
            streams,
            each,
        } = entered;
        let number = |count: usize| u32::try_from(count).unwrap_or(u32::MAX);
        let tally = Arc::new(Tally::new(number(rooms.len()), number(each)));
        let writers: io::Result<_> = streams.iter().map(TcpStream::try_clone).collect();
        let members = { streams.into_iter().enumerate() }
            .map(|(number, stream)| Member::new(stream, number / each.max(1)))
            .collect();
        let readers = Readers::start(members, 1, rooms.len(), &tally)?;
        Ok(Self {
            rooms,
            streams: writers?,
            each,
            frame: Vec::new(),
            tally,
            readers,
        })
    }

    /// The names of the rooms.
    pub(crate) fn names(&self) -> &[RoomName] {
        &self.rooms
    }

    /// The threads that read.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        self.readers.watched()
    }

    /// What is sent and received, to wait until all have all.
    pub(crate) fn tally(&self) -> Arc<Tally> {
        Arc::clone(&self.tally)
    }

    /// Ends the reading; gives what they saw. `None` where a thread broke down.
    pub(crate) fn finish(self) -> Option<Observed> {
        self.readers.finish()
    }
}

impl Speaker for Crowd {
    fn say(&mut self, room: usize, number: usize, text: &str) -> io::Result<()> {
        let place = room * self.each + number % self.each;
        let stream = self.streams.get(place);
        let stream = stream.ok_or_else(|| io::Error::other("there is nobody who speaks"))?;
        self.tally.count_sent(1);
        post_text(stream, &mut self.frame, text)
    }

    fn rooms(&self) -> usize {
        self.rooms.len()
    }

    fn people(&self) -> usize {
        self.each
    }
}
