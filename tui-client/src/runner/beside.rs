//! What goes on beside the screen: the session is kept, the log is written, a command is run for a
//! mention. Owns those threads' ends; must not wait for any of them while the program runs.

use std::path::PathBuf;
use std::time::Duration;

use chat_protocol::{Message, RoomName, ServerEvent};
use jiff::tz::TimeZone;
use tokio::sync::mpsc;

use crate::chat_log::{ChatLog, Lines};
use crate::config::Desktop;
use crate::hooks::Hook;
use crate::link::LinkEvent;
use crate::session_state::SavedSession;
use crate::state::{Saver, Session, Token};
use crate::warnings::{self, Warnings};

/// How long the disk may take at the end.
const PATIENCE: Duration = Duration::from_secs(2);

/// What is to go on.
#[derive(Debug)]
pub(crate) struct Plans {
    /// The files of this session; none where nothing is remembered.
    pub(crate) session: Option<Session>,
    /// Where the log is written, if it is.
    pub(crate) log_folder: Option<PathBuf>,
    /// The command for mentions.
    pub(crate) on_mention: Option<String>,
    pub(crate) bell: bool,
    pub(crate) desktop: Desktop,
    /// The wheel of the mouse is the program's.
    pub(crate) mouse: bool,
    /// What is to be said at the start.
    pub(crate) notes: Vec<String>,
}

/// What goes on.
pub(super) struct Beside {
    saver: Option<Saver>,
    log: Option<(ChatLog, Lines)>,
    hook: Option<Hook>,
    pub(super) bell: bool,
    warnings: mpsc::Receiver<String>,
    /// Kept so that the queue stays open, whatever runs.
    _open: Warnings,
}

impl Beside {
    pub(super) fn start(plans: Plans, zone: TimeZone) -> Self {
        let (warnings, received) = warnings::channel();
        plans.notes.into_iter().for_each(|note| warnings.say(note));
        let log = plans.log_folder.map(|folder| {
            let log = ChatLog::start(folder, zone, warnings.clone());
            (log, Lines::default())
        });
        Self {
            saver: (plans.session).map(|session| Saver::start(session, warnings.clone())),
            log,
            hook: (plans.on_mention).map(|command| Hook::start(command, warnings.clone())),
            bell: plans.bell,
            warnings: received,
            _open: warnings,
        }
    }

    /// The next thing that went wrong.
    pub(super) async fn warning(&mut self) -> String {
        match self.warnings.recv().await {
            Some(words) => words,
            None => std::future::pending().await,
        }
    }

    /// Takes in what a room's connection says at `now` (milliseconds since 1970, UTC).
    pub(super) fn hear(&mut self, room: &RoomName, event: &LinkEvent, now: i64) {
        match event {
            LinkEvent::Token { token, expires } => {
                if let Some(saver) = &self.saver {
                    let (secret, expires) = (token.clone(), *expires);
                    saver.keep_token(Token { secret, expires });
                }
            }
            LinkEvent::TokenEnded(token) => {
                if let Some(saver) = &self.saver {
                    saver.forget_token(token.clone());
                }
            }
            LinkEvent::Received(event) => self.note(room, event, now),
            _ => {}
        }
    }

    fn note(&mut self, room: &RoomName, event: &ServerEvent, now: i64) {
        if let Some((log, lines)) = &mut self.log {
            for (time, line) in lines.of(room, event, now) {
                log.note(room, time, &line);
            }
        }
    }

    /// Somebody mentioned the user.
    pub(super) fn mentioned(&mut self, message: Message) {
        if let Some(hook) = &mut self.hook {
            hook.fire(&ServerEvent::Message(message).encode());
        }
    }

    /// Whether anything is kept.
    pub(super) fn keeps_session(&self) -> bool {
        self.saver.is_some()
    }

    /// Has the session kept.
    pub(super) fn save(&self, session: SavedSession) {
        if let Some(saver) = &self.saver {
            saver.save(session);
        }
    }

    /// Ends it all, with what is to be kept; what to say where some of that is lost.
    pub(super) fn finish(self, session: SavedSession) -> Option<&'static str> {
        self.save(session);
        let mut is_kept = true;
        if let Some((log, _)) = self.log {
            is_kept &= log.finish(PATIENCE);
        }
        if let Some(hook) = self.hook {
            hook.finish();
        }
        if let Some(saver) = self.saver {
            is_kept &= saver.finish(PATIENCE);
        }
        (!is_kept).then_some("chat-tui: the disk is too slow: not all was kept\n")
    }
}
