//! Writes a session in the background, so that no disk holds the screen up. Owns the thread; of what is
//! to be written only the newest waits.

use std::sync::{Arc, Condvar, Mutex, MutexGuard, PoisonError};
use std::thread;
use std::time::{Duration, Instant};

use chat_protocol::Secret;

use super::{Session, StateError, Token};
use crate::session_state::SavedSession;
use crate::warnings::Warnings;

/// Between two times that a session is written: of a draft, so much of the typing may be lost.
const INTERVAL: Duration = Duration::from_secs(3);

/// A thread that writes.
#[derive(Debug)]
pub(crate) struct Saver {
    shared: Arc<Shared>,
}

#[derive(Debug, Default)]
struct Shared {
    waiting: Mutex<Waiting>,
    changed: Condvar,
}

/// What waits to be written.
#[derive(Debug, Default)]
struct Waiting {
    session: Option<SavedSession>,
    tokens: TokenChanges,
    /// Write what there is, and end.
    is_over: bool,
    has_ended: bool,
}

/// Rooms sign in one beside the other: what one was given must not go with what another was refused.
#[derive(Debug, Default)]
struct TokenChanges {
    /// At most as many as there are rooms.
    refused: Vec<Secret>,
    new: Option<Token>,
}

impl TokenChanges {
    fn is_empty(&self) -> bool {
        self.refused.is_empty() && self.new.is_none()
    }

    fn forget(&mut self, refused: Secret) {
        self.new = self.new.take().filter(|new| new.secret != refused);
        if !self.refused.contains(&refused) {
            self.refused.push(refused);
        }
    }
}

impl Saver {
    /// Begins to write `session`'s files. What goes wrong is said once, until it goes right again.
    pub(crate) fn start(session: Session, warnings: Warnings) -> Self {
        Self::with_interval(session, warnings, INTERVAL)
    }

    fn with_interval(session: Session, warnings: Warnings, interval: Duration) -> Self {
        let shared = Arc::new(Shared::default());
        let writer = Writer {
            shared: Arc::clone(&shared),
            session,
            warnings,
            interval,
            is_failing: false,
        };
        thread::spawn(move || writer.run());
        Self { shared }
    }

    /// Has the session written soon, in place of what still waits. Does not wait.
    pub(crate) fn save(&self, session: SavedSession) {
        self.change(|waiting| waiting.session = Some(session));
    }

    /// Has a token kept. Does not wait.
    pub(crate) fn keep_token(&self, token: Token) {
        self.change(|waiting| waiting.tokens.new = Some(token));
    }

    /// Has a token removed that the server refused. Does not wait.
    pub(crate) fn forget_token(&self, refused: Secret) {
        self.change(|waiting| waiting.tokens.forget(refused));
    }

    /// Waits until all is written, but at most `patience`; true where it is.
    pub(crate) fn finish(self, patience: Duration) -> bool {
        self.change(|waiting| waiting.is_over = true);
        let waiting = self.shared.lock();
        let ended = |waiting: &mut Waiting| !waiting.has_ended;
        let waited = self
            .shared
            .changed
            .wait_timeout_while(waiting, patience, ended);
        let (waiting, _) = waited.unwrap_or_else(PoisonError::into_inner);
        waiting.has_ended
    }

    fn change(&self, change: impl FnOnce(&mut Waiting)) {
        change(&mut self.shared.lock());
        self.shared.changed.notify_all();
    }
}

impl Drop for Saver {
    fn drop(&mut self) {
        self.change(|waiting| waiting.is_over = true);
    }
}

impl Shared {
    fn lock(&self) -> MutexGuard<'_, Waiting> {
        // Nobody panics while holding it; if somebody did, what waits is whole all the same.
        self.waiting.lock().unwrap_or_else(PoisonError::into_inner)
    }
}

/// The thread's side.
struct Writer {
    shared: Arc<Shared>,
    session: Session,
    warnings: Warnings,
    interval: Duration,
    is_failing: bool,
}

impl Writer {
    fn run(mut self) {
        let mut written: Option<SavedSession> = None;
        let mut not_before = Instant::now();
        let mut is_signed_in = false;
        loop {
            let (session, tokens, is_over) = self.wait(not_before);
            for refused in &tokens.refused {
                let result = self.session.forget_token(refused);
                self.note(result);
            }
            if let Some(token) = &tokens.new {
                let result = self.session.keep_token(token);
                self.note(result);
                // Only now is it a session that somebody may want to go on with.
                is_signed_in = true;
                let result = self.session.remember_as_last();
                self.note(result);
            }
            if let Some(session) = session {
                if written.as_ref() != Some(&session) {
                    let result = self.session.save(&session);
                    // What could not be written is written the next time, also if it is the same.
                    written = result.is_ok().then_some(session);
                    self.note(result);
                }
                not_before = Instant::now() + self.interval;
            }
            if is_over {
                if is_signed_in {
                    let result = self.session.remember_as_last();
                    self.note(result);
                }
                // Whoever waits may begin the same session at once.
                drop(self.session);
                self.shared.lock().has_ended = true;
                self.shared.changed.notify_all();
                return;
            }
        }
    }

    /// Waits until there is something to write, a session not before `not_before`.
    fn wait(&self, not_before: Instant) -> (Option<SavedSession>, TokenChanges, bool) {
        let mut waiting = self.shared.lock();
        loop {
            let left = not_before.saturating_duration_since(Instant::now());
            let is_due = left.is_zero() || waiting.is_over;
            let session = if is_due { waiting.session.take() } else { None };
            let tokens = std::mem::take(&mut waiting.tokens);
            if session.is_some() || !tokens.is_empty() || waiting.is_over {
                return (session, tokens, waiting.is_over);
            }
            waiting = if waiting.session.is_some() {
                let woken = self.shared.changed.wait_timeout(waiting, left);
                woken.unwrap_or_else(PoisonError::into_inner).0
            } else {
                let woken = self.shared.changed.wait(waiting);
                woken.unwrap_or_else(PoisonError::into_inner)
            };
        }
    }

    fn note(&mut self, result: Result<(), StateError>) {
        match result {
            Ok(()) => self.is_failing = false,
            Err(_) if self.is_failing => {}
            Err(error) => {
                self.is_failing = true;
                self.warnings.say(words(&error));
            }
        }
    }
}

fn words(error: &StateError) -> String {
    let cause = std::error::Error::source(error);
    let cause = cause.map_or_else(String::new, |cause| format!(": {cause}"));
    format!("{error}{cause}")
}

#[cfg(test)]
mod tests;
