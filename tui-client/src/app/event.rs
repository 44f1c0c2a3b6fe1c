//! What the app is told and what it orders. Types only.

use std::time::Duration;

use chat_protocol::{ClientEvent, Credential, Message, RoomName};

use crate::cursor::Cursor;
use crate::keymap::Action;
use crate::link::{LinkEvent, RoomKey};

/// The time that comes in with an event.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(crate) struct Now {
    /// Since the program started; never goes back.
    pub(crate) elapsed: Duration,
    /// Milliseconds since 1970, UTC.
    pub(crate) unix_millis: i64,
}

/// Something that happened.
#[derive(Clone, Debug)]
pub(crate) enum Event {
    /// The program is ready to connect.
    Started,
    /// The user pressed a key that means something.
    Action(Action),
    /// The user pasted text.
    Pasted(String),
    /// The wheel was turned by so many rows.
    Wheel { up: bool, rows: u16 },
    /// The terminal's window is the one that is typed into, or is no longer.
    Focus(bool),
    /// Something beside the app went wrong, or is to be said at the start.
    Warning(String),
    /// What was to go into the clipboard is too long for it.
    NotCopied,
    /// The terminal has this size now.
    Resized { width: u16, height: u16 },
    /// The line to the terminal is slow, or is no longer.
    SlowLine(bool),
    /// Something happened on the connection of a room.
    Link(RoomKey, LinkEvent),
    /// The time of [`super::App::wake_at`] has come.
    Woke,
}

/// Something to be done.
#[derive(Clone, Debug, PartialEq)]
pub(crate) enum Effect {
    /// The screen is out of date.
    Draw,
    /// The whole screen must be written anew.
    Redraw,
    /// Give the terminal back and stop until the shell says to go on.
    Suspend,
    /// Connect the room with this password or token, in place of any earlier connection, from where that
    /// one ended.
    Connect(RoomKey, RoomName, Credential, Cursor, bool),
    /// Give the room's connection up; nothing more is heard of it.
    Disconnect(RoomKey),
    /// Send an event on the room's connection.
    Send(RoomKey, ClientEvent),
    /// End the room's waiting for the next attempt.
    Retry(RoomKey),
    /// Put text into the clipboard, by way of the terminal.
    Copy(String),
    /// Show this as the window's title.
    Title(String),
    /// Tell somebody who is looking elsewhere: who wrote where, and what.
    Notify { title: String, text: String },
    /// Somebody mentioned the user just now.
    Mentioned(Box<Message>),
    /// End the program.
    Quit,
}
