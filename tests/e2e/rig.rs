//! Writers and readers in several rooms who never give up, while their server is ended and hindered.
//!
//! Owns the crowd and its end. Must not decide what happens to the server: that is the tests'
//! (`crash_rig`, `power_loss`). What must hold afterwards is in `checker`.

mod checker;
mod door;
mod reader;
mod run;
mod writer;

use std::sync::Arc;
use std::thread::JoinHandle;
use std::time::{Duration, Instant};

use chat_tests::{PATIENCE, RawClient, Server, ServerSetup};
use rand::{RngExt, rng};
use serde_json::{Value, json};

use crate::support::eventually_within;
use checker::{LogEntry, Testimony, check};
use reader::{Manner, follow};
pub(crate) use run::{Figures, Phase, Run};
use run::{Room, THE_END};
use writer::write;

/// Who is in each of the rooms.
const MANNERS: [Manner; 3] = [Manner::Steady, Manner::Stalling, Manner::Hopping];
/// Messages that a writer sends before the first of them is answered, and their length in
/// characters: one room is loud, so that who stalls there is soon behind.
const ROOMS: [(&str, usize, usize); 3] = [("one", 1, 20), ("two", 4, 100), ("loud", 16, 480)];
const WRITERS: usize = 2;
/// Milliseconds that a start may take; a bit more than it does.
const START_UP: u64 = 120;

/// A server with a crowd.
pub(crate) struct Rig {
    pub(crate) server: Server,
    pub(crate) run: Arc<Run>,
    writers: Vec<JoinHandle<writer::Written>>,
    readers: Vec<JoinHandle<reader::Followed>>,
    begun: Instant,
}

/// How a run went: what is wrong, and how much there was of everything.
#[derive(Debug)]
pub(crate) struct Report {
    pub(crate) findings: Vec<String>,
    pub(crate) figures: Figures,
}

/// How the rigs' servers are started. All of them: this is the place for what they need.
pub(crate) fn setup(arguments: &[&str]) -> ServerSetup {
    // Every message of a run is compared in the end, so none may be trimmed away.
    let mut all = vec!["--no-limits", "--retention-entries", "0"];
    all.extend(arguments);
    ServerSetup::new(&all)
}

/// What the environment says of the length of a run.
pub(crate) fn count_from(variable: &str, default: usize) -> usize {
    std::env::var(variable).map_or(default, |text| match text.parse() {
        Ok(count) => count,
        Err(error) => panic!("{variable}={text} is no number: {error}"),
    })
}

impl Report {
    /// Fails where anything is wrong.
    #[track_caller]
    #[expect(
        clippy::print_stderr,
        reason = "the figures are for who starts a long run"
    )]
    pub(crate) fn expect_nothing_wrong(&self) {
        eprintln!("{:?}", self.figures);
        let count = self.findings.len();
        let first: Vec<&String> = self.findings.iter().take(20).collect();
        assert!(first.is_empty(), "{count} findings: {first:#?}");
    }
}

impl Rig {
    /// Lets the crowd loose on `server`.
    pub(crate) fn start(server: Server) -> Self {
        let rooms = ROOMS.map(|(name, ..)| {
            let epoch =
                RawClient::join(&server, "founder", name).history(json!({}))["epoch"].take();
            Arc::new(Room::new(name, epoch))
        });
        let run = Arc::new(Run::new(server.address()));
        let mut rig = Self {
            server,
            run,
            writers: Vec::new(),
            readers: Vec::new(),
            begun: Instant::now(),
        };
        for (room, (_, window, characters)) in rooms.iter().zip(ROOMS) {
            for number in 0..WRITERS {
                let user = format!("writer{number}-{}", room.name);
                let (run, room) = (Arc::clone(&rig.run), Arc::clone(room));
                let work = move || write(&run, &room, &user, window, characters);
                rig.writers.push(std::thread::spawn(work));
            }
            for manner in MANNERS {
                let user = format!("{manner:?}-{}", room.name);
                let (run, room) = (Arc::clone(&rig.run), Arc::clone(room));
                rig.readers.push(std::thread::spawn(move || {
                    follow(&run, &room, &user, manner)
                }));
            }
        }
        rig
    }

    /// Waits until `more` further messages have been acknowledged.
    pub(crate) fn acknowledge(&self, more: usize) {
        self.wait_for_more(more, PATIENCE, |figures| figures.acknowledged);
    }

    /// Waits until `more` further connections have been let in.
    pub(crate) fn let_in(&self, more: usize) {
        self.wait_for_more(more, PATIENCE, |figures| figures.entered);
    }

    /// Waits until `more` further answers were that nothing can be stored.
    pub(crate) fn be_refused(&self, more: usize) {
        self.wait_for_more(more, PATIENCE, |figures| figures.refused);
    }

    /// Waits until somebody who does not read has been dropped for it.
    pub(crate) fn drop_somebody(&self) {
        // Some MiB have to be posted, read by all others, and stored.
        self.wait_for_more(1, 3 * PATIENCE, |figures| figures.too_slow);
    }

    /// Waits for a count to grow by `more`. Whoever found something wrong may have stopped, and
    /// what is waited for may never come: then that is what there is to say.
    fn wait_for_more(&self, more: usize, patience: Duration, count: fn(&Figures) -> usize) {
        let goal = count(&self.run.figures()) + more;
        eventually_within(patience, || {
            let findings = self.run.findings();
            assert!(findings.is_empty(), "{findings:#?}");
            (count(&self.run.figures()) >= goal).then_some(())
        });
    }

    /// Ends the server without warning, once or, where it is caught while it starts, several times;
    /// then brings it back. `when_down` may do to its files what it likes.
    pub(crate) fn crash(&mut self, mut when_down: impl FnMut(&Server)) {
        self.kill();
        when_down(&self.server);
        while rng().random_bool(0.3) {
            self.server.launch();
            // Any moment of a start will do: this is no wait for anything.
            std::thread::sleep(Duration::from_millis(rng().random_range(0..START_UP)));
            self.kill();
            when_down(&self.server);
        }
        self.server.restart();
    }

    fn kill(&mut self) {
        self.run.count(|figures| figures.kills += 1);
        self.server.kill();
    }

    /// Ends the run, and tells what there is to say about it.
    pub(crate) fn finish(self) -> Report {
        self.run.enter_phase(Phase::Over);
        let join_all = |handles: Vec<JoinHandle<_>>| -> Vec<_> {
            let joined = handles.into_iter().map(|handle| handle.join().unwrap());
            joined.collect()
        };
        let written = join_all(self.writers);
        let logs = ROOMS.map(|(name, ..)| {
            let mut auditor = RawClient::join(&self.server, "founder", name);
            auditor.post(THE_END);
            (name, log(&mut auditor))
        });
        let followed: Vec<_> = self
            .readers
            .into_iter()
            .map(|reader| reader.join().unwrap())
            .collect();
        let mut findings = self.run.findings();
        for (room, log) in &logs {
            let testimony = Testimony {
                written: written
                    .iter()
                    .filter(|written| written.room == *room)
                    .collect(),
                followed: followed
                    .iter()
                    .filter(|followed| followed.room == *room)
                    .collect(),
            };
            let found = check(log, &testimony);
            findings.extend(
                found
                    .into_iter()
                    .map(|finding| format!("{room}: {finding}")),
            );
        }
        let mut figures = self.run.figures();
        figures.stored = logs.iter().map(|(_, log)| log.len()).sum();
        figures.took = self.begun.elapsed();
        Report { findings, figures }
    }
}

/// The whole log, oldest first, asked for page by page.
fn log(client: &mut RawClient) -> Vec<LogEntry> {
    let mut log: Vec<LogEntry> = Vec::new();
    loop {
        let after = log.last().map_or(0, |entry| entry.seq);
        let page = client.history(json!({ "after": after, "limit": 200 }));
        let entries = page["entries"].as_array().unwrap();
        log.extend(entries.iter().map(LogEntry::of));
        if page["complete"] == Value::Bool(true) {
            return log;
        }
    }
}
