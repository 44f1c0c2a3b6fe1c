//! A busy chat: people with names, what they say, and how it reaches the clients that are measured.
//!
//! Owns who speaks, what and when. Must not look at any screen.

mod crowd;
mod irc;
mod pacer;
mod words;

use std::io;

pub(crate) use crowd::{Crowd, People};
pub(crate) use irc::IrcServer;
pub(crate) use pacer::{Marked, Pace, Pacer, SharedSpeaker};
pub(crate) use words::{PEOPLE, marker};

/// Who can say something in rooms.
pub(crate) trait Speaker: Send {
    /// Lets person `number` of those in room `room` say `text`.
    fn say(&mut self, room: usize, number: usize, text: &str) -> io::Result<()>;

    /// Rooms that there are.
    fn rooms(&self) -> usize;

    /// People in each room.
    fn people(&self) -> usize;
}
