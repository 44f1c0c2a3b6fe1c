//! The loop between the terminal, the connections, the clock and the app: events go in, effects are
//! carried out, and the screen is drawn at most once per frame and only when something changed. Must
//! not decide anything that the app could.

mod beside;
mod first_start;

use std::collections::HashMap;
use std::io::{self, Write};
use std::time::{Duration, SystemTime, UNIX_EPOCH};

use chat_protocol::Username;

pub(crate) use first_start::FirstStart;
use tokio::sync::mpsc;
use tokio::task::JoinSet;
use tokio::time::{Instant, sleep_until, timeout};

use crate::app::{App, Effect, Event, Filled, Now, Settings};
use crate::config::Desktop;
use crate::exit::Exit;
use crate::input::{Input, Key, Keyboard, Reply};
use crate::keymap::Action;
use crate::link::{ConnectionId, LinkCommand, LinkEvent, Rests, RoomKey};
use crate::net::{self, Target};
use crate::sanitize;
use crate::server_url::ServerUrl;
use crate::terminal::{Cause, Notices, Screen, Signals, TerminalSignal};
use crate::theme::Theme;
use crate::ui;
use beside::Beside;
pub(crate) use beside::Plans;

/// Events from all connections that wait for the app; full, the connections wait.
const EVENTS: usize = 128;
/// Orders to one connection that wait; full, the app is told that one was not sent.
const COMMANDS: usize = 64;
/// Events taken in before the timers are looked at again.
const BATCH: usize = 256;
/// How long the user's last messages may take to be answered, where the system ends the program.
const ANSWERS: Duration = Duration::from_secs(2);
/// The room in view is read as often as frames are drawn for it, and so are the others.
const IN_VIEW: Rests = Rests::Each(Duration::from_millis(40));
const ELSEWHERE: Rests = Rests::Together(Duration::from_millis(250));
/// From a change to the time at which it is kept.
const SAVE: Duration = Duration::from_secs(1);
/// How long saying goodbye may take.
const FAREWELL: Duration = Duration::from_millis(300);

/// Why the loop could not go on.
#[derive(Debug, thiserror::Error)]
pub(crate) enum RunError {
    /// The terminal can't be used.
    #[error("can't use the terminal")]
    Terminal(#[source] io::Error),
    /// Signals can't be waited for.
    #[error("can't handle signals")]
    Signals(#[source] io::Error),
}

/// What to run.
pub(crate) struct Program {
    pub(crate) url: ServerUrl,
    pub(crate) username: Username,
    pub(crate) settings: Settings,
    pub(crate) theme: Theme,
    pub(crate) plans: Plans,
    /// For tests of the way out: panic once the first frame is drawn.
    pub(crate) panic_after_start: bool,
}

/// Asks what is not known yet, and runs the client that `make` makes of it.
pub(crate) async fn run_first<E>(
    first: FirstStart,
    make: impl FnOnce(Filled) -> Result<Program, E>,
) -> Result<Result<Exit, RunError>, E> {
    let mut screen = match Screen::take() {
        Ok(screen) => screen,
        Err(error) => return Ok(Err(RunError::Terminal(error))),
    };
    let mut keys = Keyboard::open();
    let program = match first.ask(&mut screen, &mut keys).await {
        Ok(Some(filled)) => make(filled),
        asked => {
            keys.drain(screen.awaited()).await;
            screen.restore();
            return Ok(asked.map(|_| Exit::Done));
        }
    };
    match program {
        Ok(program) => Ok(chat(program, screen, keys).await),
        Err(error) => {
            keys.drain(screen.awaited()).await;
            screen.restore();
            Err(error)
        }
    }
}

/// Runs the client until the user leaves or the system says so.
pub(crate) async fn run(program: Program) -> Result<Exit, RunError> {
    let screen = Screen::take().map_err(RunError::Terminal)?;
    let keys = Keyboard::open();
    chat(program, screen, keys).await
}

async fn chat(program: Program, mut screen: Screen, mut keys: Keyboard) -> Result<Exit, RunError> {
    if program.plans.mouse {
        screen.use_mouse();
    }
    let (events, mut received) = mpsc::channel(EVENTS);
    let notices = notices(program.plans.desktop);
    let mut runner = Runner {
        beside: Beside::start(program.plans, program.settings.zone.clone()),
        app: App::new(program.settings),
        theme: program.theme,
        notices,
        screen,
        url: program.url,
        username: program.username,
        links: HashMap::new(),
        viewed: None,
        connections: 0,
        tasks: JoinSet::new(),
        events,
        started: Instant::now(),
        save_at: None,
        suspending: false,
        quitting: false,
    };
    runner.start(program.panic_after_start)?;
    let ended = runner.turn(&mut keys, &mut received).await;
    runner.wait_for_answers(&mut received).await;
    runner.settle(&mut keys).await;
    runner.screen.restore();
    let mut unsent = unsent_words(&runner.app.unsent());
    let saved = runner.app.saved();
    let beside = runner.say_farewell().await;
    unsent.extend(beside.finish(saved));
    // Where the terminal is gone there is nowhere to say it.
    io::stderr().write_all(unsent.as_bytes()).ok();
    ended.map(|()| Exit::Done)
}

struct Runner {
    app: App,
    beside: Beside,
    theme: Theme,
    /// How the desktop is asked to show a notification, if it is.
    notices: Option<Notices>,
    screen: Screen,
    url: ServerUrl,
    username: Username,
    /// Each room's connection: its number, and the orders to it. What an earlier one still says is passed
    /// over.
    links: HashMap<RoomKey, (u64, mpsc::Sender<LinkCommand>)>,
    /// The connection that was told that its room is in view.
    viewed: Option<ConnectionId>,
    /// Connections in all.
    connections: u64,
    tasks: JoinSet<()>,
    events: mpsc::Sender<(ConnectionId, LinkEvent)>,
    started: Instant,
    /// When the session is kept next: something changed.
    save_at: Option<Instant>,
    /// To be stopped, once the terminal has nothing more to say.
    suspending: bool,
    quitting: bool,
}

impl Runner {
    /// Draws the first frame, and only then begins to connect.
    fn start(&mut self, panic_after_start: bool) -> Result<(), RunError> {
        self.resize()?;
        self.draw()?;
        assert!(!panic_after_start, "asked to panic after the start");
        self.tell(Event::Started, Cause::Network)
    }

    async fn turn(
        &mut self,
        keys: &mut Keyboard,
        received: &mut mpsc::Receiver<(ConnectionId, LinkEvent)>,
    ) -> Result<(), RunError> {
        let mut signals = Signals::open().map_err(RunError::Signals)?;
        while !self.quitting {
            if std::mem::take(&mut self.suspending) {
                self.settle(keys).await;
                self.screen.suspend().map_err(RunError::Terminal)?;
                self.resize()?;
            }
            let due = self.screen.due().map(Instant::from_std);
            let wake_at = self.app.wake_at().map(|elapsed| self.started + elapsed);
            tokio::select! {
                biased;
                told = signals.next() => match told {
                    TerminalSignal::End => return Ok(()),
                    TerminalSignal::Stop => {
                        self.settle(keys).await;
                        self.screen.stop().map_err(RunError::Terminal)?;
                    }
                    TerminalSignal::Continue => self.resume()?,
                    TerminalSignal::Resized => self.resize()?,
                },
                written = self.screen.written() => match written {
                    Err(error) if has_gone(&error) => return Ok(()),
                    written => written.map_err(RunError::Terminal)?,
                },
                () = until(due) => self.draw()?,
                key = keys.next() => match key {
                    Some(Ok(input)) => self.on_input(input)?,
                    Some(Err(error)) => return Err(RunError::Terminal(error)),
                    // The terminal has gone, as on SIGHUP.
                    None => return Ok(()),
                },
                Some(first) = received.recv() => {
                    let mut next = Some(first);
                    let mut left = BATCH;
                    while let Some((id, event)) = next {
                        self.hear(id, event)?;
                        left -= 1;
                        next = if left > 0 { received.try_recv().ok() } else { None };
                    }
                }
                words = self.beside.warning() => {
                    self.tell(Event::Warning(words), Cause::Network)?;
                }
                () = until(self.save_at) => {
                    self.save_at = None;
                    self.beside.save(self.app.saved());
                }
                () = until(wake_at) => self.tell(Event::Woke, Cause::Network)?,
                Some(ended) = self.tasks.join_next() => {
                    // A connection ends by saying why. One that panics must not go unseen.
                    if let Err(error) = ended && error.is_panic() {
                        std::panic::resume_unwind(error.into_panic());
                    }
                }
            }
        }
        Ok(())
    }

    /// Reads what the terminal was asked and has not answered, before it is given back.
    async fn settle(&mut self, keys: &mut Keyboard) {
        keys.drain(self.screen.awaited()).await;
        self.screen.settled();
    }

    /// Passes on what a connection says, unless another one has taken its place.
    fn hear(&mut self, id: ConnectionId, event: LinkEvent) -> Result<(), RunError> {
        let is_in_view = self.app.room().key == id.room;
        let cause = if is_in_view {
            Cause::Network
        } else {
            Cause::Elsewhere
        };
        match self.links.get(&id.room) {
            Some((number, _)) if *number == id.number => {
                let room = self.app.rooms.iter().find(|room| room.key == id.room);
                if let Some(room) = room {
                    self.beside.hear(&room.name, &event, self.now().unix_millis);
                }
                self.tell(Event::Link(id.room, event), cause)
            }
            _ => Ok(()),
        }
    }

    /// Where the system ends the program: the user's messages that are on their way get a moment. Nothing
    /// is drawn any more.
    async fn wait_for_answers(&mut self, received: &mut mpsc::Receiver<(ConnectionId, LinkEvent)>) {
        let answers = async {
            while !self.quitting && self.app.on_the_way() > 0 {
                let Some((id, event)) = received.recv().await else {
                    return;
                };
                if self.hear(id, event).is_err() {
                    return;
                }
            }
        };
        // What is not answered by then is told.
        timeout(ANSWERS, answers).await.ok();
    }

    fn on_input(&mut self, input: Input) -> Result<(), RunError> {
        let event = match input {
            Input::Key(key) => {
                let action = self.meaning(key);
                Some(Event::Action(action.unwrap_or(Action::Unknown)))
            }
            Input::Prefixed(key) => match self.meaning(key) {
                Some(action) => Some(Event::Action(action)),
                None => {
                    let [escape, key] = key.apart();
                    self.on_input(Input::Key(escape))?;
                    return self.on_input(Input::Key(key));
                }
            },
            Input::Wheel { up, rows } => Some(Event::Wheel { up, rows }),
            Input::Focus(focused) => Some(Event::Focus(focused)),
            Input::Paste(text) => Some(Event::Pasted(text)),
            Input::Reply(Reply::KeyboardProtocol) => {
                self.screen.use_keyboard_protocol();
                None
            }
            Input::Reply(Reply::Attributes | Reply::Ready) => {
                self.screen.answered();
                let is_slow = self.screen.is_slow();
                (is_slow != self.app.is_slow_line).then_some(Event::SlowLine(is_slow))
            }
        };
        event.map_or(Ok(()), |event| self.tell(event, Cause::Key))
    }

    fn meaning(&self, key: Key) -> Option<Action> {
        self.app.keymap.meaning(key, self.app.keys_act())
    }

    /// Passes an event to the app and does what comes of it; `cause` says how soon a frame follows.
    fn tell(&mut self, event: Event, cause: Cause) -> Result<(), RunError> {
        let now = self.now();
        // Neither of these changes what is kept.
        let is_beside = matches!(&event, Event::Woke | Event::Link(_, LinkEvent::Latency(_)));
        if !is_beside && self.beside.keeps_session() {
            self.save_at.get_or_insert(Instant::now() + SAVE);
        }
        for effect in self.app.update(event, now) {
            match effect {
                Effect::Draw => self.screen.want(cause),
                Effect::Redraw => self.screen.forget(),
                Effect::Suspend => self.suspending = true,
                Effect::Connect(key, room, credential, cursor, may_register) => {
                    let target = Target {
                        url: self.url.clone(),
                        username: self.username.clone(),
                        room,
                        credential,
                        may_register,
                        cursor,
                    };
                    self.connect(key, target);
                }
                // Without its orders a connection says goodbye and ends.
                Effect::Disconnect(key) => drop(self.links.remove(&key)),
                Effect::Send(key, event) => self.order(key, LinkCommand::Send(event))?,
                Effect::Retry(key) => self.order(key, LinkCommand::Retry)?,
                Effect::Copy(text) => {
                    if !self.screen.copy(&text) {
                        self.tell(Event::NotCopied, Cause::Key)?;
                    }
                }
                Effect::Title(title) => self.screen.set_title(&title),
                Effect::Notify { title, text } => {
                    if self.beside.bell {
                        self.screen.ring();
                    }
                    if let Some(notices) = self.notices {
                        self.screen.notify(notices, &title, &text);
                    }
                }
                Effect::Mentioned(message) => self.beside.mentioned(*message),
                Effect::Quit => self.quitting = true,
            }
        }
        self.look_at_room();
        Ok(())
    }

    /// Has the connection of the room in view read as often as there are frames, and the others less
    /// often.
    fn look_at_room(&mut self) {
        let room = self.app.room().key;
        let link = self.links.get(&room);
        let view = link.map(|(number, _)| ConnectionId {
            room,
            number: *number,
        });
        if self.viewed == view {
            return;
        }
        let before = self.viewed.and_then(|id| self.links.get(&id.room));
        if let Some((_, sender)) = before {
            // With a full queue it is read too often, and with a closed one not at all.
            sender.try_send(LinkCommand::Rest(ELSEWHERE)).ok();
        }
        let told = link.map(|(_, sender)| sender.try_send(LinkCommand::Rest(IN_VIEW)));
        // Where the queue is full it is told with the next event.
        self.viewed = view.filter(|_| told.is_some_and(|told| told.is_ok()));
    }

    /// The shell brought the program back, to a screen of whatever size.
    fn resume(&mut self) -> Result<(), RunError> {
        self.screen.resume().map_err(RunError::Terminal)?;
        self.resize()
    }

    fn resize(&mut self) -> Result<(), RunError> {
        let (width, height) = self.screen.size();
        self.screen.want(Cause::Key);
        self.tell(Event::Resized { width, height }, Cause::Key)
    }

    fn draw(&mut self) -> Result<(), RunError> {
        let (app, theme) = (&self.app, &self.theme);
        let drawn = self
            .screen
            .draw(|frame, links| ui::draw(app, theme, links, frame));
        drawn.map_err(RunError::Terminal)
    }

    fn connect(&mut self, key: RoomKey, target: Target) {
        let (commands, orders) = mpsc::channel(COMMANDS);
        // The first in an empty queue. The one in view is told another word at once.
        commands.try_send(LinkCommand::Rest(ELSEWHERE)).ok();
        self.connections += 1;
        let number = self.connections;
        let id = ConnectionId { room: key, number };
        self.tasks
            .spawn(net::run(id, target, orders, self.events.clone()));
        self.links.insert(key, (number, commands));
    }

    fn order(&mut self, key: RoomKey, command: LinkCommand) -> Result<(), RunError> {
        let sender = self.links.get(&key).map(|(_, sender)| sender);
        let full = |sender: &mpsc::Sender<_>| {
            // A closed channel is a connection that has ended: the app is being told already.
            matches!(
                sender.try_send(command),
                Err(mpsc::error::TrySendError::Full(_))
            )
        };
        if sender.is_some_and(full) {
            let words = "not sent: too much is waiting on this connection".to_owned();
            return self.tell(Event::Link(key, LinkEvent::Fault(words)), Cause::Network);
        }
        Ok(())
    }

    /// Ends the connections, those that listen in good order.
    async fn say_farewell(mut self) -> Beside {
        for (_, link) in self.links.values() {
            // One that has ended, or has a full queue, is ended by the drop below.
            link.try_send(LinkCommand::Disconnect).ok();
        }
        let ended = async { while self.tasks.join_next().await.is_some() {} };
        // Past the limit the connections are cut.
        timeout(FAREWELL, ended).await.ok();
        self.beside
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

/// What to say of messages that were not sent, once the terminal is the shell's again; nothing where
/// there are none.
fn unsent_words(unsent: &[(&str, &str)]) -> String {
    let mut words = match unsent.len() {
        0 => return String::new(),
        1 => "chat-tui: 1 message was not sent, or not confirmed:\n".to_owned(),
        count => format!("chat-tui: {count} messages were not sent, or not confirmed:\n"),
    };
    for (room, text) in unsent {
        // It goes to a terminal.
        let text = sanitize::text(text).replace('\n', "\n    ");
        words.push_str(&format!("  {room}: {text}\n"));
    }
    words
}

/// How the terminal is asked for a notification of the desktop, if it is.
fn notices(desktop: Desktop) -> Option<Notices> {
    match desktop {
        Desktop::Auto => Some(Notices::from_environment(|name| std::env::var(name).ok())),
        Desktop::Osc9 => Some(Notices::Plain),
        Desktop::Osc777 => Some(Notices::Titled),
        Desktop::Off => None,
    }
}

/// True where the other end of the terminal is closed.
fn has_gone(error: &io::Error) -> bool {
    matches!(
        error.kind(),
        io::ErrorKind::BrokenPipe | io::ErrorKind::NotConnected
    ) || error.raw_os_error() == Some(rustix::io::Errno::IO.raw_os_error())
}

/// Waits for a moment; without one, for ever.
async fn until(moment: Option<Instant>) {
    match moment {
        // The timer has whole milliseconds only, and would wait for the next.
        Some(moment) if moment <= Instant::now() => {}
        Some(moment) => sleep_until(moment).await,
        None => std::future::pending().await,
    }
}
