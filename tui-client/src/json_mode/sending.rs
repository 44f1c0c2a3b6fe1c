//! From the lines of the input to the server, and what becomes of lines that can't go there. Must not
//! read what the server says.

use std::convert::Infallible;
use std::time::Duration;

use chat_protocol::ClientEvent;
use futures_util::SinkExt;
use tokio::sync::mpsc;
use tokio::time::{Instant, interval_at, timeout, timeout_at};
use tokio_tungstenite::tungstenite::{self, Bytes, Message};

use super::Sink;
use super::lines::{self, Content, InputLine};
use super::tally::Tally;

/// Between pings of the WebSocket's own, which bring no event.
const PING: Duration = Duration::from_secs(25);
/// After the end, a line that does not come within this time is not waited for.
const NEXT: Duration = Duration::from_millis(200);
/// After the end, all lines that came too late are looked at within this time.
const REST: Duration = Duration::from_secs(1);

/// The way of the lines.
#[derive(Debug)]
pub(super) struct Sending {
    lines: mpsc::Receiver<InputLine>,
    /// Standard output, for what is not sent.
    out: mpsc::Sender<String>,
    /// The line that was `disconnect`.
    ended_by: Option<u64>,
}

impl Sending {
    pub(super) fn new(lines: mpsc::Receiver<InputLine>, out: mpsc::Sender<String>) -> Self {
        Self {
            lines,
            out,
            ended_by: None,
        }
    }

    /// Sends the lines, and `disconnect` after the last. Runs beside the reading: a server that waits
    /// for its client to read must not wait for one that waits to write. A line that can't be sent ends
    /// the writing; how the connection ended is for the reading to find out.
    pub(super) async fn run(&mut self, sink: &mut Sink, tally: &Tally) -> Infallible {
        let mut ping = interval_at(Instant::now() + PING, PING);
        let mut is_open = true;
        while is_open {
            let sent = tokio::select! {
                line = self.lines.recv() => match line {
                    Some(line) => self.pass_on(line, sink, tally).await,
                    None if self.ended_by.is_some() => break,
                    None => {
                        is_open = false;
                        sink.send(Message::text(ClientEvent::Disconnect.encode())).await
                    }
                },
                _ = ping.tick() => sink.send(Message::Ping(Bytes::new())).await,
            };
            is_open &= sent.is_ok();
        }
        std::future::pending().await
    }

    /// The connection ended as a line asked for: those behind it are named.
    pub(super) async fn skip_rest(mut self, tally: &Tally) {
        if self.ended_by.is_none() {
            return;
        }
        let deadline = Instant::now() + REST;
        // Who writes lines for ever is not waited for.
        while let Ok(Ok(Some(line))) = timeout_at(deadline, timeout(NEXT, self.lines.recv())).await
        {
            self.skip_late(line, tally).await;
        }
    }

    async fn pass_on(
        &mut self,
        line: InputLine,
        sink: &mut Sink,
        tally: &Tally,
    ) -> Result<(), tungstenite::Error> {
        if self.ended_by.is_some() {
            self.skip_late(line, tally).await;
            return Ok(());
        }
        tally.on_line(&line.content);
        match line.content {
            Content::Skipped(why) => {
                self.skip(line.number, &why).await;
                Ok(())
            }
            Content::Disconnect(text) => {
                self.ended_by = Some(line.number);
                sink.send(Message::text(text)).await
            }
            Content::Message(text) | Content::Other(text) => sink.send(Message::text(text)).await,
        }
    }

    async fn skip_late(&self, line: InputLine, tally: &Tally) {
        let number = self.ended_by.unwrap_or_default();
        let why = match line.content {
            Content::Skipped(why) => why,
            _ => format!("line {number} ended the connection"),
        };
        tally.on_line(&Content::Skipped(String::new()));
        self.skip(line.number, &why).await;
    }

    async fn skip(&self, number: u64, why: &str) {
        // Where nobody writes any more, how that ended is looked at elsewhere.
        self.out.send(lines::skip(number, why)).await.ok();
    }
}
