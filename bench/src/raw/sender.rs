//! The thread that sends at a fixed rate, whatever comes back (an open loop): one message after the
//! other, each to the next room.

use std::io;
use std::net::TcpStream;
use std::sync::Arc;
use std::sync::mpsc::{self, Receiver, Sender as Orders};
use std::thread;
use std::time::{Duration, Instant};

use tokio::sync::oneshot;

use super::message_writer::MessageWriter;
use super::tally::Tally;
use crate::measure::Latencies;
use crate::worker::{TimedThread, Watched};

/// One order: how many messages, and whom to tell how late they were.
struct Order {
    messages: u64,
    rate: f64,
    done: oneshot::Sender<io::Result<Latencies>>,
}

/// The running thread. It ends when this value goes.
#[derive(Debug)]
pub(crate) struct Sender {
    orders: Orders<Order>,
    thread: TimedThread<()>,
}

impl Sender {
    /// Sends by these, one for each room.
    pub(crate) fn start(
        writers: Vec<(TcpStream, MessageWriter)>,
        tally: &Arc<Tally>,
    ) -> io::Result<Self> {
        let (orders, ordered) = mpsc::channel();
        let tally = Arc::clone(tally);
        let thread = TimedThread::start("sender", move || obey(writers, &tally, &ordered))?;
        Ok(Self { orders, thread })
    }

    /// The thread, to see how busy it is.
    pub(crate) fn watched(&self) -> Watched {
        self.thread.watched()
    }

    /// Sends so many messages, at `rate` a second; gives how late they were.
    pub(crate) async fn send(&self, messages: u64, rate: f64) -> io::Result<Latencies> {
        let (done, answer) = oneshot::channel();
        let order = Order {
            messages,
            rate,
            done,
        };
        let is_gone = || io::Error::other("the sending thread broke down");
        self.orders.send(order).map_err(|_| is_gone())?;
        answer.await.map_err(|_| is_gone())?
    }
}

fn obey(mut writers: Vec<(TcpStream, MessageWriter)>, tally: &Tally, orders: &Receiver<Order>) {
    let mut next = 0;
    while let Ok(order) = orders.recv() {
        let mut late = Latencies::default();
        let mut outcome = Ok(());
        let began = Instant::now();
        for number in 0..order.messages {
            let due = began + Duration::from_secs_f64(number as f64 / order.rate);
            wait_until(due);
            late.record(due.elapsed());
            let place = next % writers.len();
            let (stream, writer) = &mut writers[place];
            next += 1;
            tally.count_sent(1);
            outcome = writer.post(stream, tally.phase());
            if outcome.is_err() {
                break;
            }
        }
        // Whoever asked may have gone.
        let _ = order.done.send(outcome.map(|()| late));
    }
}

/// A pause is never shorter than asked for.
pub(crate) fn wait_until(due: Instant) {
    let pause = due.saturating_duration_since(Instant::now());
    if !pause.is_zero() {
        thread::sleep(pause);
    }
}
