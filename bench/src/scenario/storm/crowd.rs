//! The clients of a storm: they connect and log in all at once, stay, and leave together.

use std::net::SocketAddr;
use std::time::Duration;

use chat_protocol::RoomName;
use tokio::sync::{mpsc, watch};
use tokio::task::{JoinHandle, JoinSet};
use tokio::time::{Instant, sleep, timeout_at};

use super::arrival::{Arrival, Arrivals};
use crate::accounts::{by_password, room};
use crate::check::{Checker, Findings};
use crate::client::{Client, ClientError, Incoming, Login, PATIENCE};
use crate::clock;
use crate::worker::{Worker, finished};

/// The first pause of one who was refused; each next one is twice as long.
const FIRST_PAUSE: Duration = Duration::from_millis(500);
/// The longest pause.
const LONGEST_PAUSE: Duration = Duration::from_secs(8);
/// Accounts that are made at the same time.
const MAKERS: usize = 32;

/// Who comes, and where to.
#[derive(Clone, Debug)]
pub(super) struct Plan {
    /// The server.
    pub(super) address: SocketAddr,
    /// The room they enter.
    pub(super) room: RoomName,
    /// One for each.
    pub(super) logins: Vec<Login>,
    /// Whether who is refused for the moment comes again.
    pub(super) retry: bool,
    /// How long they try.
    pub(super) limit: Duration,
    /// Whether the members' messages reach them.
    pub(super) gets_trickle: bool,
}

/// The crowd.
#[derive(Debug)]
pub(super) struct Crowd {
    plan: Plan,
    arrivals: Arrivals,
    guests: Vec<JoinHandle<Result<Findings, ClientError>>>,
    leave: watch::Sender<Option<u64>>,
}

/// The name of the crowd's client `number`, and its password.
pub(super) fn newcomer(number: usize) -> Login {
    by_password(&format!("guest{number}"))
}

/// Makes the accounts of `clients` newcomers.
pub(super) async fn register(address: SocketAddr, clients: usize) -> Result<(), ClientError> {
    let lobby = room("lobby");
    let mut makers = JoinSet::new();
    for first in 0..MAKERS.min(clients) {
        let lobby = lobby.clone();
        makers.spawn(async move {
            for number in (first..clients).step_by(MAKERS) {
                let mut client = Client::connect(address, None).await?;
                client
                    .enter(&newcomer(number), &lobby, None, PATIENCE)
                    .await?;
            }
            Ok(())
        });
    }
    while let Some(made) = makers.join_next().await {
        made.unwrap_or(Err(ClientError::Late("end of a task that broke down")))?;
    }
    Ok(())
}

impl Crowd {
    /// A crowd that is ready to come.
    pub(super) fn gather(plan: Plan) -> Self {
        Self {
            plan,
            arrivals: Arrivals::default(),
            guests: Vec::new(),
            leave: watch::channel(None).0,
        }
    }

    /// They all come at once, on `worker`. Ends when each was answered for good.
    pub(super) async fn come(&mut self, worker: &Worker) {
        let (tell, mut told) = mpsc::unbounded_channel();
        let deadline = Instant::now() + self.plan.limit;
        for (number, login) in std::mem::take(&mut self.plan.logins)
            .into_iter()
            .enumerate()
        {
            let visit = Visit {
                plan: self.plan.clone(),
                login,
                number,
                deadline,
            };
            let (tell, leave) = (tell.clone(), self.leave.subscribe());
            let guest = worker.spawn(async move {
                let (arrival, client) = visit.arrive().await;
                // Whoever waits for this outlives all guests.
                let _ = tell.send(arrival);
                match client {
                    Some(client) => stay(client, visit.plan.gets_trickle, leave).await,
                    None => Ok(Findings::default()),
                }
            });
            self.guests.push(guest);
        }
        drop(tell);
        while self.arrivals.count() < self.guests.len()
            && let Some(arrival) = told.recv().await
        {
            self.arrivals.add(arrival);
        }
    }

    /// How they fared.
    pub(super) fn arrivals(&self) -> &Arrivals {
        &self.arrivals
    }

    /// They leave together, once they have all the members' messages up to `last`, where they get
    /// them. Gives what was wrong with those, and why guests were thrown out.
    pub(super) async fn leave(&mut self, last: u64) -> (Findings, Vec<String>) {
        self.leave.send_replace(Some(last));
        let mut findings = Findings::default();
        let mut thrown_out = Vec::new();
        for guest in self.guests.drain(..) {
            match finished(guest, PATIENCE).await {
                Ok(found) => findings += found,
                Err(error) => thrown_out.push(whole(&error)),
            }
        }
        (findings, thrown_out)
    }
}

struct Visit {
    plan: Plan,
    login: Login,
    number: usize,
    deadline: Instant,
}

impl Visit {
    /// Tries until it is in, or for good out.
    async fn arrive(&self) -> (Arrival, Option<Client>) {
        let mut arrival = Arrival {
            began: clock::nanos(),
            asked: 0,
            answered: 0,
            refusals: [0; 2],
            is_in: false,
            failure: None,
        };
        let mut tries = 0;
        loop {
            let tried = timeout_at(self.deadline, self.try_once(&mut arrival)).await;
            arrival.answered = clock::nanos();
            let error = match tried {
                Ok(Ok(client)) => {
                    arrival.is_in = true;
                    return (arrival, Some(client));
                }
                Ok(Err(error)) => error,
                Err(_) => ClientError::Late("answer"),
            };
            match error.refused_for_now() {
                Some(429) => arrival.refusals[0] += 1,
                Some(_) => arrival.refusals[1] += 1,
                None => {
                    arrival.failure = Some(whole(&error));
                    return (arrival, None);
                }
            }
            let pause = self.pause(tries, &error);
            if !self.plan.retry || Instant::now() + pause > self.deadline {
                return (arrival, None);
            }
            sleep(pause).await;
            tries += 1;
        }
    }

    async fn try_once(&self, arrival: &mut Arrival) -> Result<Client, ClientError> {
        let mut client = Client::connect(self.plan.address, None).await?;
        arrival.asked = clock::nanos();
        let Plan { room, limit, .. } = &self.plan;
        client.enter(&self.login, room, None, *limit).await?;
        Ok(client)
    }

    /// What the server asks for, or twice as long each time; not the same for all.
    fn pause(&self, tries: u32, error: &ClientError) -> Duration {
        if let ClientError::Refused {
            retry_after: Some(seconds),
            ..
        } = error
        {
            return Duration::from_secs(*seconds) + self.spread(FIRST_PAUSE);
        }
        let longest = FIRST_PAUSE * 2_u32.saturating_pow(tries.min(10));
        let longest = longest.min(LONGEST_PAUSE);
        longest / 2 + self.spread(longest / 2)
    }

    /// A part of `most` that depends on the client's number, spread evenly (Fibonacci hashing).
    fn spread(&self, most: Duration) -> Duration {
        let hash = (self.number as u32).wrapping_mul(2_654_435_769);
        most.mul_f64(f64::from(hash) / f64::from(u32::MAX))
    }
}

/// Receives until it is to leave, at which it has to have all that it should get.
async fn stay(
    mut client: Client,
    gets_trickle: bool,
    mut leave: watch::Receiver<Option<u64>>,
) -> Result<Findings, ClientError> {
    let mut checker = Checker::from_first_seen();
    let mut deadline = None;
    loop {
        let last = *leave.borrow_and_update();
        if let Some(last) = last {
            let deadline = *deadline.get_or_insert(Instant::now() + PATIENCE / 4);
            let has_all = checker.newest() >= last || !gets_trickle;
            if has_all || Instant::now() > deadline {
                return Ok(checker.finish(if gets_trickle { last } else { 0 }));
            }
        }
        tokio::select! {
            incoming = client.next() => if let Incoming::Message(posted) = incoming? {
                let (writer, count) = posted.origin();
                checker.observe(posted.seq, writer, count);
            },
            _ = leave.changed(), if last.is_none() => {}
            () = sleep(PATIENCE / 4), if last.is_some() => {}
        }
    }
}

fn whole(error: &ClientError) -> String {
    match std::error::Error::source(error) {
        Some(source) => format!("{error}: {source}"),
        None => error.to_string(),
    }
}
