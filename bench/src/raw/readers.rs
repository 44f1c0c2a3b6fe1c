//! The threads that read: each waits for its share of the members and reads from those to whom
//! something came.

use std::io::{self, Read, Write};
use std::os::unix::net::UnixStream;
use std::sync::Arc;

use rustix::buffer::spare_capacity;
use rustix::event::epoll::{self, CreateFlags, Event, EventData, EventFlags};
use rustix::fd::OwnedFd;
use rustix::io::Errno;

use super::member::Member;
use super::observed::Observed;
use super::tally::Tally;
use crate::worker::{TimedThread, Watched};

/// Bytes that are read at once. It stays in a core's cache, and holds what a member gets in many
/// turns.
const BUFFER: usize = 64 * 1024;
/// Members that are looked after in one turn.
const TURN: usize = 512;
/// The number that no member has: an order came.
const ORDER: u64 = u64::MAX;
/// The order to say the first words.
const BEGIN: u8 = b'b';

/// Running threads. They end when this value goes.
#[derive(Debug)]
pub(crate) struct Readers {
    threads: Vec<(UnixStream, TimedThread<Observed>)>,
}

impl Readers {
    /// Spreads the members over `threads` threads.
    pub(crate) fn start(
        members: Vec<Member>,
        threads: usize,
        rooms: usize,
        tally: &Arc<Tally>,
    ) -> io::Result<Self> {
        let threads = threads.max(1);
        let mut shares: Vec<Vec<Member>> = (0..threads).map(|_| Vec::new()).collect();
        for (number, member) in members.into_iter().enumerate() {
            shares[number % threads].push(member);
        }
        let start = |(number, members)| {
            let (give, orders) = UnixStream::pair()?;
            let reader = Reader::new(members, orders, rooms, Arc::clone(tally))?;
            let name = format!("reader{number}");
            Ok((give, TimedThread::start(&name, move || reader.run())?))
        };
        let threads: io::Result<_> = shares.into_iter().enumerate().map(start).collect();
        Ok(Self { threads: threads? })
    }

    /// The threads, to see how busy they are.
    pub(crate) fn watched(&self) -> Vec<Watched> {
        let threads = self.threads.iter();
        threads.map(|(_, thread)| thread.watched()).collect()
    }

    /// Lets all members with a writer send the first message.
    pub(crate) fn begin(&self) -> io::Result<()> {
        for (orders, _) in &self.threads {
            { orders }.write_all(&[BEGIN])?;
        }
        Ok(())
    }

    /// Ends them; gives what their members saw. `None` where one broke down.
    pub(crate) fn finish(self) -> Option<Observed> {
        let mut all: Option<Observed> = None;
        for (orders, thread) in self.threads {
            drop(orders);
            let observed = thread.join()?;
            match &mut all {
                Some(all) => all.merge(observed),
                None => all = Some(observed),
            }
        }
        all
    }
}

struct Reader {
    epoll: OwnedFd,
    orders: UnixStream,
    members: Vec<Option<Member>>,
    tally: Arc<Tally>,
    observed: Observed,
}

impl Reader {
    fn new(
        members: Vec<Member>,
        orders: UnixStream,
        rooms: usize,
        tally: Arc<Tally>,
    ) -> io::Result<Self> {
        let epoll = epoll::create(CreateFlags::CLOEXEC)?;
        epoll::add(&epoll, &orders, EventData::new_u64(ORDER), EventFlags::IN)?;
        for (number, member) in members.iter().enumerate() {
            let data = EventData::new_u64(number as u64);
            epoll::add(&epoll, member.stream(), data, EventFlags::IN)?;
        }
        Ok(Self {
            epoll,
            orders,
            members: members.into_iter().map(Some).collect(),
            tally,
            observed: Observed::of(rooms),
        })
    }

    /// Reads until its orders end.
    fn run(mut self) -> Observed {
        let mut buffer = vec![0; BUFFER];
        let mut events: Vec<Event> = Vec::with_capacity(TURN);
        loop {
            match epoll::wait(&self.epoll, spare_capacity(&mut events), None) {
                Ok(_) | Err(Errno::INTR) => {}
                Err(error) => {
                    self.observed.fail(error.to_string());
                    break;
                }
            }
            let mut messages = 0;
            let mut is_over = false;
            for event in events.drain(..) {
                match event.data.u64() {
                    ORDER => is_over = !self.obey(),
                    number => messages += self.read(number as usize, &mut buffer),
                }
            }
            if messages > 0 {
                self.tally.count_received(messages);
            }
            if is_over {
                break;
            }
        }
        let mut observed = self.observed;
        for member in self.members.into_iter().flatten() {
            let sent = self.tally.sent_in(member.room());
            observed.findings += member.finish(sent);
        }
        observed
    }

    fn read(&mut self, number: usize, buffer: &mut [u8]) -> u64 {
        let Some(Some(member)) = self.members.get_mut(number) else {
            return 0;
        };
        match member.read(buffer, &self.tally, &mut self.observed) {
            Ok(messages) => messages,
            Err(why) => {
                self.drop_member(number, why);
                0
            }
        }
    }

    /// What it has not got by now is lost.
    fn drop_member(&mut self, number: usize, why: String) {
        self.observed.fail(why);
        if let Some(member) = self.members.get_mut(number).and_then(Option::take) {
            // Closing it would do that as well.
            let _ = epoll::delete(&self.epoll, member.stream());
            let sent = self.tally.sent_in(member.room());
            self.observed.findings += member.finish(sent);
        }
    }

    /// False where the orders have ended.
    fn obey(&mut self) -> bool {
        if !matches!(self.orders.read(&mut [0]), Ok(1)) {
            return false;
        }
        for number in 0..self.members.len() {
            let Some(Some(member)) = self.members.get_mut(number) else {
                continue;
            };
            if let Err(error) = member.begin(&self.tally) {
                self.drop_member(number, error.to_string());
            }
        }
        true
    }
}
