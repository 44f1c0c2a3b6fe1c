//! Connections that stop reading, and one that reads on and counts who is still in the room.

use std::net::SocketAddr;
use std::sync::Arc;
use std::sync::atomic::{AtomicUsize, Ordering};
use std::time::Duration;

use chat_protocol::{ClientEvent, Epoch, RoomName, Seq, ServerEvent, Since};
use tokio::sync::watch;
use tokio::task::JoinHandle;
use tokio::time::{interval, timeout};

use crate::accounts::Logins;
use crate::client::{Client, ClientError, Incoming, PATIENCE};
use crate::clock;
use crate::report::Report;
use crate::worker::{Worker, finished};

/// The close code of one who reads too slowly.
const SLOW_READER: u16 = 4008;
/// How long one that reads again may take to come to its connection's end.
const DRAIN: Duration = Duration::from_secs(10);
/// How often the room is counted.
const COUNT: Duration = Duration::from_millis(500);

/// Who stalls, and where.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The server.
    pub(super) address: SocketAddr,
    /// The room.
    pub(super) room: RoomName,
    /// Their accounts.
    pub(super) logins: Logins,
    /// How many.
    pub(super) count: usize,
    /// Bytes that the kernel may hold for each.
    pub(super) receive_buffer: u32,
    /// After how long they read on and come back; never where `None`.
    pub(super) comes_back: Option<Duration>,
}

/// How one connection ended, once it was read again.
#[derive(Debug)]
enum Ending {
    Closed(ClientError),
    Alive,
    Unread,
}

/// How stalled connections ended, once they were read again.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) struct Endings {
    /// With 4008.
    pub(super) slow: u64,
    /// With another close code, or none.
    pub(super) other: u64,
    /// Not at all: the connection was still good.
    pub(super) alive: u64,
    /// Unknown: what was left could not be read in time.
    pub(super) unread: u64,
    /// Times that one could not come back.
    pub(super) shut_out: u64,
}

impl Endings {
    /// Notes them.
    pub(super) fn tell(&self, report: &mut Report) {
        report.add("closed_4008", self.slow as f64);
        report.add("closed_otherwise", self.other as f64);
        report.add("never_closed", self.alive as f64);
        report.add("left_unread", self.unread as f64);
        report.add("could_not_return", self.shut_out as f64);
    }

    fn count(&mut self, ending: &Ending) {
        match ending {
            Ending::Closed(ClientError::Closed {
                code: Some(SLOW_READER),
            }) => self.slow += 1,
            Ending::Closed(_) => self.other += 1,
            Ending::Alive => self.alive += 1,
            Ending::Unread => self.unread += 1,
        }
    }

    fn add(&mut self, other: Self) {
        self.slow += other.slow;
        self.other += other.other;
        self.alive += other.alive;
        self.unread += other.unread;
        self.shut_out += other.shut_out;
    }
}

/// Stalled connections.
#[derive(Debug)]
pub(super) struct Readers {
    in_room: Arc<AtomicUsize>,
    end: watch::Sender<bool>,
    tasks: Vec<JoinHandle<Endings>>,
    counter: JoinHandle<Result<(), ClientError>>,
}

impl Readers {
    /// Lets them in; they read nothing after that.
    pub(super) async fn stall(worker: &Worker, plan: Plan) -> Result<Self, ClientError> {
        let (end, ended) = watch::channel(false);
        let in_room = Arc::new(AtomicUsize::new(usize::MAX));
        let counting = count(plan.clone(), Arc::clone(&in_room), ended.clone());
        let counter = worker.spawn(counting);
        let plan = Arc::new(plan);
        let mut tasks = Vec::with_capacity(plan.count);
        for number in 0..plan.count {
            let mut reader = Reader::new(Arc::clone(&plan), number);
            let entering = worker.spawn(async move {
                let client = reader.enter().await?;
                Ok((reader, client))
            });
            let (reader, client) = finished(entering, PATIENCE).await?;
            tasks.push(worker.spawn(reader.stall(client, ended.clone())));
        }
        Ok(Self {
            in_room,
            end,
            tasks,
            counter,
        })
    }

    /// How many were in the room when it was last counted, the one who counts not among them.
    pub(super) fn in_room(&self) -> usize {
        self.in_room.load(Ordering::Relaxed)
    }

    /// Lets them read what is left, and end.
    pub(super) async fn end(self) -> Endings {
        self.end.send_replace(true);
        let mut endings = Endings::default();
        for task in self.tasks {
            endings.add(task.await.unwrap_or_default());
        }
        // It reads what it is sent; where it was thrown out, the count stopped, which shows.
        let _ = self.counter.await;
        endings
    }
}

struct Reader {
    plan: Arc<Plan>,
    number: usize,
    epoch: Option<Epoch>,
    last: Seq,
}

impl Reader {
    fn new(plan: Arc<Plan>, number: usize) -> Self {
        Self {
            plan,
            number,
            epoch: None,
            last: Seq(0),
        }
    }

    /// Enters the room. One that means to come back learns where it stands.
    async fn enter(&mut self) -> Result<Client, ClientError> {
        let Plan {
            address,
            room,
            logins,
            receive_buffer,
            comes_back,
            ..
        } = self.plan.as_ref();
        let since = comes_back.map(|_| Since {
            epoch: self.epoch.clone(),
            seq: self.last,
        });
        let mut client = Client::connect(*address, Some(*receive_buffer)).await?;
        let login = logins.of(self.number);
        client.enter(login, room, since, PATIENCE).await?;
        while comes_back.is_some() {
            if let Incoming::Event(event) = client.next().await?
                && let ServerEvent::History(history) = *event
            {
                self.epoch = Some(history.epoch);
                break;
            }
        }
        Ok(client)
    }

    async fn stall(mut self, client: Client, mut end: watch::Receiver<bool>) -> Endings {
        let mut endings = Endings::default();
        let mut client = Some(client);
        loop {
            let is_over = match self.plan.comes_back {
                None => end.wait_for(|is_over| *is_over).await.is_ok(),
                Some(pause) => {
                    let ended = end.wait_for(|is_over| *is_over);
                    timeout(pause, ended).await.is_ok()
                }
            };
            if let Some(mut stalled) = client.take() {
                endings.count(&self.drain(&mut stalled).await);
            }
            if is_over {
                return endings;
            }
            match self.enter().await {
                Ok(entered) => client = Some(entered),
                Err(_) => endings.shut_out += 1,
            }
        }
    }

    /// Reads to the end of the connection. One that brings what was sent after this began is still
    /// good.
    async fn drain(&mut self, client: &mut Client) -> Ending {
        let began = clock::nanos();
        let drain = async {
            loop {
                match client.next().await {
                    Ok(Incoming::Message(posted)) => {
                        self.last = Seq(posted.seq);
                        if posted.stamp.is_some_and(|stamp| stamp.sent > began) {
                            return Ending::Alive;
                        }
                    }
                    Ok(Incoming::Event(_)) => {}
                    Err(error) => return Ending::Closed(error),
                }
            }
        };
        timeout(DRAIN, drain).await.unwrap_or(Ending::Unread)
    }
}

/// Counts who is in the room, until the end.
async fn count(
    plan: Plan,
    in_room: Arc<AtomicUsize>,
    mut end: watch::Receiver<bool>,
) -> Result<(), ClientError> {
    let mut client = Client::connect(plan.address, None).await?;
    let login = plan.logins.of(0);
    client.enter(login, &plan.room, None, PATIENCE).await?;
    let mut ticks = interval(COUNT);
    loop {
        tokio::select! {
            _ = ticks.tick() => client.send(&ClientEvent::Who).await?,
            incoming = client.next() => if let Incoming::Event(event) = incoming?
                && let ServerEvent::Who(who) = *event
            {
                in_room.store(who.count.saturating_sub(1), Ordering::Relaxed);
            },
            _ = end.changed() => return Ok(()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn endings_are_told_apart() {
        let mut endings = Endings::default();
        let closed = |code| Ending::Closed(ClientError::Closed { code });
        for ending in [
            closed(Some(4008)),
            closed(Some(1006)),
            closed(None),
            Ending::Alive,
            Ending::Unread,
        ] {
            endings.count(&ending);
        }
        let mut sum = endings;
        sum.add(endings);
        assert_eq!((sum.slow, sum.other, sum.alive, sum.unread), (2, 4, 2, 2));
    }
}
