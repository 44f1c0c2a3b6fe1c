//! An outbox without a socket: its transport takes out what waits, and carries it away by itself.

use bytes::Bytes;
use chat_protocol::Closing;

use super::{Backlog, OutboxReader};

/// What a transport finds in the queue.
#[derive(Debug, PartialEq, Eq)]
pub enum Taken {
    /// Forms in their order, each piece one of them or several in a row. They wait no more and no
    /// longer count against the bounds.
    Frames(Vec<Bytes>),
    /// Nothing waits now.
    Nothing,
    /// Nothing waits any more, and the connection is to end so.
    Closed(Closing),
}

impl OutboxReader {
    /// Takes out what waits, from the oldest on: the first piece whatever its size, and more as long
    /// as all together hold no more than `most` bytes.
    pub fn take(&mut self, most: usize) -> Taken {
        let mut state = self.shared.lock();
        let Some(backlog) = &mut state.backlog else {
            return Taken::Nothing;
        };
        let frames = backlog.take(most);
        let closing = backlog.closing.clone();
        state.backlog.take_if(|backlog| backlog.is_empty());
        match closing {
            _ if !frames.is_empty() => Taken::Frames(frames),
            Some(closing) => Taken::Closed(closing),
            None => Taken::Nothing,
        }
    }

    /// The same, and waits where nothing does. Dropping the future loses nothing.
    pub async fn next(&mut self, most: usize) -> Taken {
        loop {
            match self.take(most) {
                Taken::Nothing => self.changed().await,
                taken => return taken,
            }
        }
    }
}

impl Backlog {
    fn take(&mut self, most: usize) -> Vec<Bytes> {
        let (mut taken, mut bytes) = (Vec::new(), 0);
        while let Some(first) = self.queue.front() {
            if !taken.is_empty() && bytes + first.frames.len() > most {
                break;
            }
            bytes += first.frames.len();
            self.events -= first.events;
            taken.extend(self.queue.pop_front().map(|first| first.frames));
        }
        self.bytes -= bytes;
        taken
    }
}
