//! Where a client is measured: its server, the rooms, the people who speak in them, and the client
//! itself once it has joined.

use std::net::SocketAddr;
use std::num::NonZeroU16;
use std::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use std::time::Duration;

use tokio::time::{Instant, sleep};

use crate::client::PATIENCE;
use crate::pin::Pins;
use crate::report::Report;
use crate::scenario::ScenarioError;
use crate::talk::{Crowd, IrcServer, PEOPLE, People, SharedSpeaker, marker};
use crate::target::Target;
use crate::terminal::{LineSpeed, Opening, Program, Terminal, TerminalError, Where};
use crate::worker::{Watched, Worker, finished};

/// How long a client may take until it shows that it has joined.
const JOINING: Duration = Duration::from_secs(30);
/// How often it is looked whether something has happened that is not measured.
const LOOK: Duration = Duration::from_millis(5);
/// How often somebody says something that shows whether a client has joined.
const CALL: Duration = Duration::from_millis(500);
/// Rooms that a client is in without showing them, and people in each.
const BUSY_ROOMS: usize = 10;
const BUSY_PEOPLE: usize = 3;
/// People in the rooms where nobody speaks, and where many messages come fast.
const FEW: usize = 3;
/// Numbers that one stretch of talk may use for what can be found.
const MARKERS: u64 = 100_000;

/// Rooms that are alike, and who speaks there.
pub(super) struct Place {
    pub(super) rooms: Vec<String>,
    pub(super) speaker: SharedSpeaker,
    crowd: Option<Arc<Mutex<Crowd>>>,
}

/// Where a client is measured.
pub(super) struct Stage {
    pub(super) program: Program,
    address: SocketAddr,
    size: (NonZeroU16, NonZeroU16),
    press: Option<String>,
    pins: Option<Pins>,
    /// The room that the client shows, with people who speak.
    pub(super) main: Place,
    /// A room in which nobody speaks.
    pub(super) quiet: Place,
    /// A room that fills with messages: few are there, so that the server has little to send.
    pub(super) full: Place,
    /// Rooms in which people speak while it shows another.
    pub(super) busy: Place,
    /// The server, where it is a process of its own.
    target: Option<Target>,
    people: Option<People>,
    irc: Option<IrcServer>,
    markers: AtomicU64,
}

/// How a client is started.
#[derive(Clone, Debug)]
pub(super) struct Start {
    pub(super) program: Program,
    pub(super) size: (NonZeroU16, NonZeroU16),
    pub(super) press: Option<String>,
    pub(super) pins: Option<Pins>,
}

impl Stage {
    /// For this project's client: the server in `target`.
    pub(super) async fn with_server(start: Start, target: Target) -> Result<Self, ScenarioError> {
        let address = target.address();
        let worker = Worker::start("entering")?;
        let entering = async move {
            let people = People::prepare(address).await?;
            let all = PEOPLE.len();
            let main = people.enter(address, "stage", 1, all).await?;
            let quiet = people.enter(address, "quiet", 1, FEW).await?;
            let full = people.enter(address, "full", 1, FEW).await?;
            let busy = people.enter(address, "busy", BUSY_ROOMS, BUSY_PEOPLE);
            let busy = busy.await?;
            Ok((people, [main, quiet, full, busy]))
        };
        let (people, entered) = finished(worker.spawn(entering), PATIENCE).await?;
        let [main, quiet, full, busy] = entered.map(Crowd::start);
        let places = [
            Place::of_crowd(main?),
            Place::of_crowd(quiet?),
            Place::of_crowd(full?),
            Place::of_crowd(busy?),
        ];
        let mut stage = Self::new(start, address, places);
        stage.target = Some(target);
        stage.people = Some(people);
        Ok(stage)
    }

    /// For a client for IRC.
    pub(super) fn with_irc(start: Start) -> Result<Self, ScenarioError> {
        let irc = IrcServer::start()?;
        let names = |name: &str, count: usize| -> Vec<String> {
            (0..count)
                .map(|number| format!("#{name}{number}"))
                .collect()
        };
        let places = [
            Place::of_irc(&irc, names("stage", 1), PEOPLE.len()),
            Place::of_irc(&irc, names("quiet", 1), FEW),
            Place::of_irc(&irc, names("full", 1), FEW),
            Place::of_irc(&irc, names("busy", BUSY_ROOMS), BUSY_PEOPLE),
        ];
        let mut stage = Self::new(start, irc.address(), places);
        stage.irc = Some(irc);
        Ok(stage)
    }

    fn new(start: Start, address: SocketAddr, places: [Place; 4]) -> Self {
        let [main, quiet, full, busy] = places;
        Self {
            program: start.program,
            address,
            size: start.size,
            press: start.press,
            pins: start.pins,
            main,
            quiet,
            full,
            busy,
            target: None,
            people: None,
            irc: None,
            markers: AtomicU64::new(1),
        }
    }

    /// The server's process, where it has one of its own.
    pub(super) fn server(&self) -> Option<u32> {
        self.target.as_ref()?.id()
    }

    /// The first of many numbers for what can be found.
    pub(super) fn take_markers(&self) -> u64 {
        self.markers.fetch_add(MARKERS, Ordering::Relaxed)
    }

    /// Starts the client in `rooms`; it need not have joined.
    pub(super) fn start(
        &self,
        rooms: &[String],
        speed: LineSpeed,
    ) -> Result<Terminal, TerminalError> {
        Terminal::open(&Opening {
            program: &self.program,
            address: self.address,
            rooms,
            size: self.size,
            speed,
            pins: self.pins.as_ref(),
        })
    }

    /// Starts the client in the room of `place` and in `others`; gives it once it shows what is said
    /// in the first.
    pub(super) async fn join(
        &self,
        place: &Place,
        others: &[String],
        speed: LineSpeed,
    ) -> Result<Terminal, ScenarioError> {
        let rooms: Vec<String> = place.rooms.iter().chain(others).cloned().collect();
        let terminal = self.start(&rooms, speed)?;
        let deadline = Instant::now() + JOINING;
        self.wait_until_in(&rooms, deadline).await?;
        if let Some(focus) = self.program.focus(&rooms[0]) {
            // Windows come after the answers that make them.
            sleep(CALL).await;
            terminal.type_text(&focus)?;
        }
        loop {
            let text = marker(self.markers.fetch_add(1, Ordering::Relaxed));
            let ticket = terminal.watch(&text, Where::Anywhere);
            { place.speaker.lock() }
                .expect("no holder of this lock panics")
                .say(0, 0, &text)?;
            if wait_until(CALL, || terminal.seen(ticket).is_some()).await {
                break;
            }
            if Instant::now() > deadline {
                return Err(terminal.lacks("what was said").into());
            }
        }
        if let Some(press) = &self.press {
            terminal.type_text(&press.replace("\\e", "\x1b"))?;
        }
        terminal.forget_watches();
        Ok(terminal)
    }

    async fn wait_until_in(
        &self,
        rooms: &[String],
        deadline: Instant,
    ) -> Result<(), ScenarioError> {
        let is_over = || Instant::now() > deadline;
        let late = || ScenarioError::NotReady("the client does not join its rooms".to_owned());
        if let Some(irc) = &self.irc {
            while !irc.has_joined(rooms) {
                if is_over() {
                    return Err(late());
                }
                sleep(LOOK).await;
            }
        }
        if let (Some(people), [_, others @ ..]) = (&self.people, rooms) {
            for room in others {
                while !people.see(self.address, room, Program::NAME).await? {
                    if is_over() {
                        return Err(late());
                    }
                    sleep(LOOK).await;
                }
            }
        }
        Ok(())
    }

    /// Ends the talk, and notes what was wrong with it.
    pub(super) async fn finish(self, report: &mut Report) {
        for place in [self.main, self.quiet, self.full, self.busy] {
            place.finish(report).await;
        }
        if let Some(target) = self.target {
            report.doubts.extend(target.complaints());
        }
    }
}

impl Place {
    fn of_crowd(crowd: Crowd) -> Self {
        let rooms = crowd.names().iter().map(ToString::to_string).collect();
        let crowd = Arc::new(Mutex::new(crowd));
        Self {
            rooms,
            speaker: Arc::clone(&crowd) as SharedSpeaker,
            crowd: Some(crowd),
        }
    }

    fn of_irc(irc: &IrcServer, rooms: Vec<String>, people: usize) -> Self {
        Self {
            speaker: Arc::new(Mutex::new(irc.rooms(rooms.clone(), people))),
            rooms,
            crowd: None,
        }
    }

    /// The threads that read for those who are here.
    pub(super) fn watched(&self) -> Vec<Watched> {
        self.with_crowd(Crowd::watched).unwrap_or_default()
    }

    fn with_crowd<T>(&self, look: impl FnOnce(&Crowd) -> T) -> Option<T> {
        let crowd = self.crowd.as_ref()?.lock();
        Some(look(&crowd.expect("no holder of this lock panics")))
    }

    /// Waits until everybody who reads here has read all.
    pub(super) async fn settle(&self) {
        if let Some(tally) = self.with_crowd(Crowd::tally) {
            // What does not come is found when all is checked.
            tally.settle().await;
        }
    }

    async fn finish(self, report: &mut Report) {
        self.settle().await;
        drop(self.speaker);
        let crowd = self.crowd.and_then(Arc::into_inner);
        let crowd = crowd.and_then(|crowd| crowd.into_inner().ok());
        let Some(observed) = crowd.and_then(Crowd::finish) else {
            return;
        };
        if observed.failed > 0 || !observed.findings.is_clean() {
            report.faults.push(format!(
                "of those who spoke, {} were thrown out ({}); {:?}",
                observed.failed,
                observed.failures.join(", "),
                observed.findings
            ));
        }
    }
}

/// Waits until `is_so`; false where that takes longer than `most`.
pub(super) async fn wait_until(most: Duration, mut is_so: impl FnMut() -> bool) -> bool {
    let deadline = Instant::now() + most;
    while !is_so() {
        if Instant::now() > deadline {
            return false;
        }
        sleep(LOOK).await;
    }
    true
}
