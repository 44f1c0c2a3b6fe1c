//! The thread that lets people speak at a rate, whatever comes back, and now and then says what can
//! be found on a screen.

use std::io;
use std::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex};
use std::time::{Duration, Instant};

use super::Speaker;
use super::words::{Messages, marker};
use crate::measure::Latencies;
use crate::raw::wait_until;
use crate::worker::{TimedThread, Watched};

/// Who speaks, by several threads in turn.
pub(crate) type SharedSpeaker = Arc<Mutex<dyn Speaker>>;

/// How it is spoken.
#[derive(Clone, Copy, Debug)]
pub(crate) struct Pace {
    /// Messages a second, over all rooms.
    pub(crate) rate: f64,
    /// How many messages; without an end where `None`.
    pub(crate) count: Option<u64>,
    /// How often one of them can be found; never where `None`.
    pub(crate) markers: Option<Duration>,
    /// The number of the first that can be found.
    pub(crate) first_marker: u64,
}

/// A message that can be found.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Marked<T> {
    /// What it is found by.
    pub(crate) found_by: T,
    /// When it was sent.
    pub(crate) sent: Instant,
}

/// What was said.
#[derive(Debug)]
pub(crate) struct Said<T> {
    /// Messages.
    pub(crate) messages: u64,
    /// How late they were.
    pub(crate) late: Latencies,
    /// Those that can be found.
    pub(crate) marked: Vec<Marked<T>>,
}

/// The running thread. It ends when this value goes.
#[derive(Debug)]
pub(crate) struct Pacer<T> {
    is_over: Arc<AtomicBool>,
    thread: Option<TimedThread<io::Result<Said<T>>>>,
}

impl<T: Send + 'static> Pacer<T> {
    /// Begins. Just before a message goes out that can be found, `announce` gets its text and says
    /// what it is to be found by.
    pub(crate) fn start(
        speaker: &SharedSpeaker,
        pace: Pace,
        announce: impl Fn(&str) -> T + Send + 'static,
    ) -> io::Result<Self> {
        let is_over = Arc::new(AtomicBool::new(false));
        let (speaker, end) = (Arc::clone(speaker), Arc::clone(&is_over));
        let thread = TimedThread::start("pacer", move || speak(&speaker, pace, &announce, &end))?;
        Ok(Self {
            is_over,
            thread: Some(thread),
        })
    }

    /// The thread, to see how busy it is. None once it has ended.
    pub(crate) fn watched(&self) -> Option<Watched> {
        self.thread.as_ref().map(TimedThread::watched)
    }

    /// Whether all was said that was to be said.
    pub(crate) fn is_done(&self) -> bool {
        self.is_over.load(Ordering::Acquire)
    }

    /// Ends it; gives what was said.
    pub(crate) fn finish(mut self) -> io::Result<Said<T>> {
        self.is_over.store(true, Ordering::Release);
        let said = self.thread.take().and_then(TimedThread::join);
        said.unwrap_or_else(|| Err(io::Error::other("the speaking thread broke down")))
    }
}

impl<T> Drop for Pacer<T> {
    fn drop(&mut self) {
        self.is_over.store(true, Ordering::Release);
    }
}

fn speak<T>(
    speaker: &Mutex<dyn Speaker>,
    pace: Pace,
    announce: &dyn Fn(&str) -> T,
    is_over: &AtomicBool,
) -> io::Result<Said<T>> {
    let mut said = Said {
        messages: 0,
        late: Latencies::default(),
        marked: Vec::new(),
    };
    let mut messages = Messages::new();
    let began = Instant::now();
    let mut next_marker = pace.markers.map(|every| began + every);
    while !is_over.load(Ordering::Acquire) && pace.count.is_none_or(|most| said.messages < most) {
        let due = began + Duration::from_secs_f64(said.messages as f64 / pace.rate);
        wait_until(due);
        said.late.record(due.elapsed());
        let mut text = messages.next();
        let mut speaker = speaker.lock().expect("no holder of this lock panics");
        let room = usize::try_from(said.messages).unwrap_or(0) % speaker.rooms();
        let person = usize::try_from(said.messages).unwrap_or(0) / speaker.rooms();
        if let Some(at) = next_marker.filter(|at| *at <= due) {
            let number = pace.first_marker + said.marked.len() as u64;
            text = format!("{} {}", marker(number), text);
            text = text.chars().take(30).collect();
            let found_by = announce(&marker(number));
            let sent = Instant::now();
            said.marked.push(Marked { found_by, sent });
            next_marker = pace.markers.map(|every| at + every);
        }
        let person = person % speaker.people();
        speaker.say(room, person, &text)?;
        said.messages += 1;
    }
    is_over.store(true, Ordering::Release);
    Ok(said)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[derive(Default)]
    struct Listener {
        heard: Vec<(usize, usize, String)>,
    }

    impl Speaker for Listener {
        fn say(&mut self, room: usize, number: usize, text: &str) -> io::Result<()> {
            self.heard.push((room, number, text.to_owned()));
            Ok(())
        }

        fn rooms(&self) -> usize {
            2
        }

        fn people(&self) -> usize {
            3
        }
    }

    #[test]
    fn all_speak_in_all_rooms_and_some_can_be_found() {
        let listener = Arc::new(Mutex::new(Listener::default()));
        let speaker: SharedSpeaker = listener.clone();
        let pace = Pace {
            rate: 1000.0,
            count: Some(12),
            markers: Some(Duration::from_millis(4)),
            first_marker: 5,
        };
        let pacer = Pacer::start(&speaker, pace, str::to_owned).unwrap();
        while !pacer.is_done() {
            std::thread::yield_now();
        }
        let said = pacer.finish().unwrap();
        assert_eq!(said.messages, 12);
        let heard = &listener.lock().unwrap().heard;
        let who: Vec<_> = heard.iter().map(|one| (one.0, one.1)).collect();
        assert_eq!(who[..6], [(0, 0), (1, 0), (0, 1), (1, 1), (0, 2), (1, 2)]);
        let found_by: Vec<_> = said.marked.iter().map(|one| &one.found_by).collect();
        assert_eq!(found_by, ["mark5x", "mark6x"]);
        assert!(heard[4].2.starts_with("mark5x "), "{heard:?}");
        assert!(heard[8].2.starts_with("mark6x "), "{heard:?}");
    }
}
