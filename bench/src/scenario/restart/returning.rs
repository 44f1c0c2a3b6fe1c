//! One who is in the room when the server restarts: comes back after a random pause, by token, from
//! where it was, and checks that nothing is missing.

use std::collections::VecDeque;
use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicU64, Ordering};
use std::time::Duration;

use chat_protocol::{Epoch, History, RoomName, Seq, ServerEvent, Since};
use tokio::sync::{mpsc, watch};
use tokio::time::{Instant, interval, sleep};

use crate::accounts::Logins;
use crate::check::{Checker, Findings};
use crate::client::{Client, ClientError, Incoming, PATIENCE};
use crate::clock;
use crate::stamp::Stamp;

/// The pause between two tries, at first: so often is looked whether the server is there again.
const AGAIN: Duration = Duration::from_millis(250);
/// The close code that announces a restart.
const RESTART: u16 = 1012;

/// What all of them share.
#[derive(Debug)]
pub(super) struct RestartPlan {
    pub(super) address: SocketAddr,
    pub(super) room: RoomName,
    pub(super) logins: Logins,
    /// The longest pause before the first try.
    pub(super) pause: Duration,
    /// Messages a second of the one who writes.
    pub(super) rate: f64,
    /// Bytes of a message's content.
    pub(super) content: usize,
    /// Tries that failed.
    pub(super) failed_tries: AtomicU64,
}

/// One who is back.
#[derive(Clone, Copy, Debug)]
pub(super) struct Reconnection {
    /// From when it began to connect until it had all that it had missed.
    pub(super) took: Duration,
    /// Messages that it had missed.
    pub(super) missed: u64,
    /// Whether it had been told of the restart.
    pub(super) was_told: bool,
    /// Whether it got exactly what it had missed.
    pub(super) recovered: bool,
}

/// What the room is told.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Instruction {
    /// All goes on.
    GoOn,
    /// The one who writes is to end, once all it said is back.
    Finish,
    /// The last message is at this position; who has it may leave.
    Last(u64),
}

/// One of them.
pub(super) struct ReturningMember {
    plan: Arc<RestartPlan>,
    number: usize,
    epoch: Option<Epoch>,
    checker: Checker,
    /// Said, and not back yet: what is lost with the server is said again.
    pending: VecDeque<Stamp>,
}

impl ReturningMember {
    /// Comes in for the first time.
    pub(super) async fn enter(
        plan: Arc<RestartPlan>,
        number: usize,
    ) -> Result<(Self, Client), ClientError> {
        let mut member = Self {
            plan,
            number,
            epoch: None,
            checker: Checker::from_start(),
            pending: VecDeque::new(),
        };
        let (client, _) = member.come().await?;
        Ok((member, client))
    }

    /// Connects, logs in, and takes what came since.
    async fn come(&mut self) -> Result<(Client, History), ClientError> {
        let RestartPlan {
            address,
            room,
            logins,
            ..
        } = self.plan.as_ref();
        let since = Since {
            epoch: self.epoch.clone(),
            seq: Seq(self.checker.newest()),
        };
        let mut client = Client::connect(*address, None).await?;
        let login = logins.of(self.number);
        client.enter(login, room, Some(since), PATIENCE).await?;
        let history = loop {
            match client.next().await? {
                Incoming::Event(event) => match *event {
                    ServerEvent::History(history) => break history,
                    other => drop(other),
                },
                Incoming::Message(posted) => {
                    let text = format!("message {} came before the history", posted.seq);
                    return Err(ClientError::Unreadable(text));
                }
            }
        };
        self.epoch = Some(history.epoch.clone());
        for entry in &history.entries {
            if let ServerEvent::Message(message) = entry {
                self.take(message.seq.0, Stamp::read(&message.content));
            }
        }
        Ok((client, history))
    }

    fn take(&mut self, seq: u64, stamp: Option<Stamp>) {
        let (writer, count) = stamp.map_or((u64::MAX, seq), |stamp| (stamp.writer, stamp.count));
        self.checker.observe(seq, writer, count);
        self.pending.retain(|pending| pending.count != count);
    }

    /// Comes back for as long as it takes: only the run's own bound ends it.
    async fn come_back(&mut self, was_told: bool) -> (Client, Reconnection) {
        sleep(self.share_of(self.plan.pause)).await;
        loop {
            let began = Instant::now();
            match self.come().await {
                Ok((client, history)) => {
                    let reconnection = Reconnection {
                        took: began.elapsed(),
                        missed: history.entries.len() as u64,
                        was_told,
                        recovered: history.recovered == Some(true),
                    };
                    return (client, reconnection);
                }
                Err(_) => {
                    self.plan.failed_tries.fetch_add(1, Ordering::Relaxed);
                    sleep(AGAIN / 2 + self.share_of(AGAIN / 2)).await;
                }
            }
        }
    }

    /// A part of `most` that depends on its number, spread evenly (Fibonacci hashing).
    fn share_of(&self, most: Duration) -> Duration {
        let hash = (self.number as u32).wrapping_mul(2_654_435_769);
        most.mul_f64(f64::from(hash) / f64::from(u32::MAX))
    }

    /// Receives, and comes back where it is thrown out, until it has the last message.
    pub(super) async fn stay(
        mut self,
        mut client: Client,
        back: mpsc::UnboundedSender<Reconnection>,
        mut instruction: watch::Receiver<Instruction>,
    ) -> Result<Findings, ClientError> {
        loop {
            let now = *instruction.borrow_and_update();
            if let Instruction::Last(last) = now
                && self.checker.newest() >= last
            {
                return Ok(self.checker.finish(last));
            }
            tokio::select! {
                incoming = client.next() => match incoming {
                    Ok(Incoming::Message(posted)) => self.take(posted.seq, posted.stamp),
                    Ok(Incoming::Event(_)) => {}
                    Err(error) => client = self.go_and_return(error, &back).await?,
                },
                changed = instruction.changed() => if changed.is_err() {
                    return Err(ClientError::Late("end of the room"));
                },
            }
        }
    }

    /// The same, and writes meanwhile until it is told to finish. Gives the last position too.
    pub(super) async fn write(
        mut self,
        mut client: Client,
        back: mpsc::UnboundedSender<Reconnection>,
        mut instruction: watch::Receiver<Instruction>,
    ) -> Result<(u64, Findings), ClientError> {
        let mut ticks = interval(Duration::from_secs_f64(1.0 / self.plan.rate));
        let mut count = 0;
        loop {
            let is_finishing = *instruction.borrow_and_update() == Instruction::Finish;
            if is_finishing && self.pending.is_empty() {
                let last = self.checker.newest();
                return Ok((last, self.checker.finish(last)));
            }
            let outcome = tokio::select! {
                _ = ticks.tick(), if !is_finishing => {
                    count += 1;
                    let stamp = Stamp { writer: 0, count, phase: 0, sent: clock::nanos() };
                    self.pending.push_back(stamp);
                    self.say(&mut client, &stamp).await
                }
                incoming = client.next() => match incoming {
                    Ok(Incoming::Message(posted)) => {
                        self.take(posted.seq, posted.stamp);
                        Ok(())
                    }
                    Ok(Incoming::Event(_)) => Ok(()),
                    Err(error) => Err(error),
                },
                changed = instruction.changed() => match changed {
                    Ok(()) => Ok(()),
                    Err(_) => return Err(ClientError::Late("end of the room")),
                },
            };
            let mut outcome = outcome;
            while let Err(error) = outcome {
                client = self.go_and_return(error, &back).await?;
                // What is not in the history was lost with the server.
                outcome = self.say_again(&mut client).await;
                ticks.reset();
            }
        }
    }

    async fn say(&self, client: &mut Client, stamp: &Stamp) -> Result<(), ClientError> {
        client.post(stamp, self.plan.content).await?;
        client.flush().await
    }

    async fn say_again(&self, client: &mut Client) -> Result<(), ClientError> {
        for stamp in &self.pending {
            client.post(stamp, self.plan.content).await?;
        }
        client.flush().await
    }

    /// A refusal or what is no event is no reason to come back.
    async fn go_and_return(
        &mut self,
        error: ClientError,
        back: &mpsc::UnboundedSender<Reconnection>,
    ) -> Result<Client, ClientError> {
        let was_told = match &error {
            ClientError::Closed { code } => *code == Some(RESTART),
            ClientError::Broken(_) => false,
            _ => return Err(error),
        };
        let (client, reconnection) = self.come_back(was_told).await;
        // Whoever counts them may have gone.
        let _ = back.send(reconnection);
        Ok(client)
    }
}
