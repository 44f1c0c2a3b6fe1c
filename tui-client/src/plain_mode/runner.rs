//! The loop between the lines, the connections and the clock: facts go into the session, what it
//! wants is carried out. Must not decide anything that the session could.

use std::collections::VecDeque;
use std::io::{self, IsTerminal, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat_protocol::{Credential, RoomName, Username};
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use super::PlainError;
use super::session::{Effect, Event, Now, Session, Settings};
use super::typist::{self, Hidden, Input};
use crate::cursor::Cursor;
use crate::exit::Exit;
use crate::line_io::{self, StopSignals, Written};
use crate::link::{ConnectionId, LinkCommand, LinkEvent, RoomKey};
use crate::net::{self, Target};
use crate::server_url::ServerUrl;
use crate::session_state::SavedSession;
use crate::state::{self, Saver, Token};
use crate::warnings;

/// Events from all connections that wait; full, the connections wait.
const EVENTS: usize = 128;
/// Orders to one connection that wait: the session sends one at a time.
const COMMANDS: usize = 64;
/// How long what was sent may take to be answered, where the system ends the program.
const ANSWERS: Duration = Duration::from_secs(2);
/// How long saying goodbye may take.
const FAREWELL: Duration = Duration::from_millis(500);
/// How long the last lines may take to be written, where the system ends the program.
const LAST_LINES: Duration = Duration::from_secs(1);

/// How long the disk may take at the end.
const DISK: Duration = Duration::from_secs(2);
/// How long a line that came too late is waited for, to be named.
const BEHIND: Duration = Duration::from_millis(100);

type Links = mpsc::Receiver<(ConnectionId, LinkEvent)>;

/// What outlives the program.
#[derive(Debug, Default)]
pub(crate) struct Keeping {
    /// The files of this session; none where nothing is remembered.
    pub(crate) session: Option<state::Session>,
    pub(crate) saved: SavedSession,
}

/// Runs the session to its end.
pub(super) async fn run(
    url: ServerUrl,
    username: Username,
    settings: Settings,
    kept: Keeping,
) -> Result<Exit, PlainError> {
    let mut signals = StopSignals::open().map_err(PlainError::Signals)?;
    let (events, mut received) = mpsc::channel(EVENTS);
    let (out, mut written) = line_io::write_lines();
    let rooms = settings.rooms.len();
    let (warnings, mut warned) = warnings::channel();
    let mut runner = Runner {
        session: Session::new(settings),
        url,
        username,
        links: (0..rooms).map(|_| None).collect(),
        numbers: vec![0; rooms],
        tasks: JoinSet::new(),
        events,
        started: Instant::now(),
        unwritten: VecDeque::new(),
        saver: kept.session.map(|session| Saver::start(session, warnings)),
        has_ended: false,
        is_to_ask: false,
        hidden: None,
    };
    let mut lines = typist::read();
    let is_told = runner
        .turn(&out, &mut lines, &mut received, &mut signals, &mut written)
        .await?;
    if is_told {
        runner.wait_for_answers(&mut received).await;
    }
    let behind = first_behind(&mut lines).await;
    drop(received);
    runner.hidden = None;
    runner.say_farewell().await;
    let unsent = runner.session.unsent();
    let last = runner.write_last(out, &mut written);
    if is_told {
        // Who does not read any more is not waited for.
        if let Ok(ended) = timeout(LAST_LINES, last).await {
            ended?;
        }
    } else {
        tokio::select! {
            ended = last => ended?,
            () = signals.wait() => {}
        }
    }
    let saved = SavedSession {
        ignored: runner.session.ignored(),
        ..kept.saved
    };
    if let Some(saver) = runner.saver.take() {
        saver.save(saved);
        if !saver.finish(DISK) {
            complain("the disk is too slow: not all was kept");
        }
    }
    while let Ok(words) = warned.try_recv() {
        complain(&words);
    }
    for (line, text) in unsent {
        complain(&format!("line {line} was not sent: {text}"));
    }
    if let Some(line) = behind {
        runner.session.leave_out();
        complain(&format!("line {line} and what is behind it was not sent"));
    }
    let outcome = runner.session.outcome();
    match outcome.words {
        Some(words) => Err(PlainError::Ended(outcome.exit, words)),
        None => Ok(outcome.exit),
    }
}

struct Runner {
    session: Session,
    url: ServerUrl,
    username: Username,
    /// The orders to each room's connection.
    links: Vec<Option<mpsc::Sender<LinkCommand>>>,
    /// The number of each room's connection: what an earlier one still says is passed over.
    numbers: Vec<u64>,
    tasks: JoinSet<()>,
    events: mpsc::Sender<(ConnectionId, LinkEvent)>,
    started: Instant,
    /// Lines that the writer has no room for; while there are any, nothing is taken in, so that there
    /// are no more of them than one event brings.
    unwritten: VecDeque<String>,
    /// Keeps what outlives the program, if anything does.
    saver: Option<Saver>,
    has_ended: bool,
    /// The next line is to be a password.
    is_to_ask: bool,
    /// It is being typed.
    hidden: Option<Option<Hidden>>,
}

impl Runner {
    /// Goes on until the session has ended; true where the system ends the program.
    async fn turn(
        &mut self,
        out: &mpsc::Sender<String>,
        lines: &mut mpsc::Receiver<Input>,
        received: &mut Links,
        signals: &mut StopSignals,
        written: &mut Written,
    ) -> Result<bool, PlainError> {
        let mut is_open = true;
        self.tell(Event::Started);
        while !self.has_ended {
            if std::mem::take(&mut self.is_to_ask) {
                self.begin_to_ask(lines);
            }
            let is_free = self.unwritten.is_empty();
            let takes_lines = is_free && is_open && self.takes_lines();
            let wake_at = self.session.wake_at().map(|elapsed| self.started + elapsed);
            tokio::select! {
                biased;
                () = signals.wait() => return Ok(true),
                ended = &mut *written => return Err(output_error(ended)),
                permit = out.reserve(), if !is_free => {
                    // Without a receiver the writing has ended, which is told above.
                    if let (Ok(permit), Some(line)) = (permit, self.unwritten.pop_front()) {
                        permit.send(line);
                    }
                }
                Some((id, event)) = received.recv(), if is_free => self.hear(id, event),
                line = lines.recv(), if takes_lines => match line {
                    Some(input) => self.take(input),
                    None => {
                        is_open = false;
                        self.tell(Event::InputEnded);
                    }
                },
                () = until(wake_at), if is_free => self.tell(Event::Woke),
                Some(ended) = self.tasks.join_next() => {
                    // A connection ends by saying why. One that panics must not go unseen.
                    if let Err(error) = ended && error.is_panic() {
                        std::panic::resume_unwind(error.into_panic());
                    }
                }
            }
        }
        Ok(false)
    }

    /// A password is one line, whatever else waits.
    fn takes_lines(&self) -> bool {
        self.hidden.is_some() || self.session.takes_lines()
    }

    fn hear(&mut self, id: ConnectionId, event: LinkEvent) {
        if self.numbers[id.room.0] == id.number {
            match (&self.saver, &event) {
                (Some(saver), LinkEvent::Token { token, expires }) => {
                    let (secret, expires) = (token.clone(), *expires);
                    saver.keep_token(Token { secret, expires });
                }
                (Some(saver), LinkEvent::TokenEnded(token)) => saver.forget_token(token.clone()),
                _ => {}
            }
            self.tell(Event::Link(id.room, event));
        }
    }

    fn take(&mut self, input: Input) {
        if self.hidden.take().is_some() {
            return self.tell(Event::Password(input.password()));
        }
        self.tell(match input {
            Input::Line(number, text) => Event::Line(number, text),
            Input::Bad(number, why) => Event::BadLine(number, why),
        });
    }

    /// Takes in what was typed before the question, and hides what is typed from now on.
    fn begin_to_ask(&mut self, lines: &mut mpsc::Receiver<Input>) {
        while let Ok(input) = lines.try_recv() {
            self.take(input);
        }
        // A terminal that can't hide it has shown the question all the same.
        self.hidden = Some(Hidden::begin().ok());
        if !io::stdout().is_terminal() {
            let name = crate::sanitize::line(self.username.as_str());
            complain(&format!("password for {name}:"));
        }
    }

    /// Passes an event to the session and does what comes of it.
    fn tell(&mut self, event: Event) {
        let now = self.now();
        for effect in self.session.update(event, now) {
            match effect {
                Effect::Print(line) => self.unwritten.push_back(line),
                Effect::Connect(key, room, credential, cursor) => {
                    self.connect(key, room, credential, cursor);
                }
                // Without its orders a connection says goodbye and ends.
                Effect::Disconnect(key) => {
                    self.numbers[key.0] += 1;
                    self.links[key.0] = None;
                }
                Effect::Send(key, event) => self.order(key, LinkCommand::Send(event)),
                Effect::Retry(key) => self.order(key, LinkCommand::Retry),
                Effect::AskPassword => self.is_to_ask = true,
                Effect::End => self.has_ended = true,
            }
        }
    }

    fn connect(&mut self, key: RoomKey, room: RoomName, credential: Credential, cursor: Cursor) {
        let (commands, orders) = mpsc::channel(COMMANDS);
        let target = Target {
            url: self.url.clone(),
            username: self.username.clone(),
            room,
            credential,
            may_register: true,
            cursor,
        };
        if self.numbers.len() <= key.0 {
            self.numbers.resize(key.0 + 1, 0);
            self.links.resize_with(key.0 + 1, || None);
        }
        self.numbers[key.0] += 1;
        let id = ConnectionId {
            room: key,
            number: self.numbers[key.0],
        };
        self.tasks
            .spawn(net::run(id, target, orders, self.events.clone()));
        self.links[key.0] = Some(commands);
    }

    fn order(&mut self, key: RoomKey, command: LinkCommand) {
        if let Some(link) = &self.links[key.0] {
            // A closed channel is a connection that has ended, which the session is being told; a full
            // one is one that does not send, which the answer's time limit finds.
            link.try_send(command).ok();
        }
    }

    /// Where the system ends the program: what was sent gets a moment to be answered.
    async fn wait_for_answers(&mut self, received: &mut Links) {
        self.session.stop();
        let answers = async {
            while self.session.is_under_way() {
                let Some((id, event)) = received.recv().await else {
                    return;
                };
                self.hear(id, event);
            }
        };
        // What is not answered by then is told.
        timeout(ANSWERS, answers).await.ok();
    }

    /// Ends the connections, those that listen in good order.
    async fn say_farewell(&mut self) {
        for link in self.links.iter().flatten() {
            // One that has ended, or has a full queue, is cut below.
            link.try_send(LinkCommand::Disconnect).ok();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Past the limit the connections are cut.
        timeout(FAREWELL, ended).await.ok();
    }

    /// Hands over all lines and waits until they are written.
    fn write_last(
        &mut self,
        out: mpsc::Sender<String>,
        written: &mut Written,
    ) -> impl Future<Output = Result<(), PlainError>> {
        let lines = std::mem::take(&mut self.unwritten);
        async move {
            for line in lines {
                if out.send(line).await.is_err() {
                    break;
                }
            }
            drop(out);
            match written.await {
                Ok(Err(error)) => Err(PlainError::Output(error)),
                Ok(Ok(())) | Err(_) => Ok(()),
            }
        }
    }

    fn now(&self) -> Now {
        let unix = SystemTime::now()
            .duration_since(UNIX_EPOCH)
            .unwrap_or_default();
        Now {
            elapsed: self.started.elapsed(),
            unix_millis: i64::try_from(unix.as_millis()).unwrap_or(i64::MAX),
        }
    }
}

/// The number of the first line that nobody looks at any more, where there is one.
async fn first_behind(lines: &mut mpsc::Receiver<Input>) -> Option<u64> {
    loop {
        // Who writes none just now is not waited for.
        match timeout(BEHIND, lines.recv()).await.ok()?? {
            Input::Line(_, text) if text.trim().is_empty() => {}
            Input::Line(number, _) | Input::Bad(number, _) => return Some(number),
        }
    }
}

fn complain(words: &str) {
    // Without standard error there is nowhere to say it.
    writeln!(io::stderr(), "chat-tui: {words}").ok();
}

/// The writing ended although there may be more to write.
fn output_error(ended: Result<io::Result<()>, impl std::error::Error>) -> PlainError {
    match ended {
        Ok(Err(error)) => PlainError::Output(error),
        Ok(Ok(())) | Err(_) => PlainError::Output(io::ErrorKind::Other.into()),
    }
}

/// Waits for a moment; without one, for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
