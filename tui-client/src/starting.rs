//! From the arguments to a running client: configuration, what is remembered, password, and the mode that
//! they lead to. Owns that order; must not draw or connect.

use std::error::Error;
use std::time::{SystemTime, UNIX_EPOCH};

use chat_protocol::Secret;
use jiff::tz::TimeZone;

use super::{complain, print, words_of};
use crate::app::{Filled, Form, Settings};
use crate::cli::{self, Arguments, Choices, Mode, Surroundings};
use crate::config::Config;
use crate::exit::Exit;
use crate::folders::Folders;
use crate::json_mode;
use crate::password;
use crate::plain_mode::{self, Keeping};
use crate::runner::{self, FirstStart, Plans, Program};
use crate::server_url::ServerUrl;
use crate::session_state::SavedSession;
use crate::state::{self, Recent, Session, Store};
use crate::terminal;
use crate::theme::Theme;

/// What ends the program before it has begun.
struct Failure(Box<dyn Error>, Exit);

/// What is wrong with what the user gave.
fn usage(error: impl Error + 'static) -> Failure {
    Failure(Box::new(error), Exit::Usage)
}

/// There is no screen to draw on, or no keyboard.
#[derive(Debug, thiserror::Error)]
#[error("standard input and output must be a terminal (use --plain or --json without one)")]
struct NoTerminal;

/// What is known of the session that is begun, and its files.
#[derive(Default)]
struct Kept {
    session: Option<Session>,
    saved: SavedSession,
}

/// Chats, in the way that the arguments ask for.
pub(super) fn start(arguments: Arguments, folders: Option<&Folders>) -> Exit {
    let ended = prepare(arguments, folders);
    ended.unwrap_or_else(|Failure(error, exit)| complain(&*error, exit))
}

fn prepare(arguments: Arguments, folders: Option<&Folders>) -> Result<Exit, Failure> {
    let config = match folders {
        Some(folders) => Config::load(&folders.config, Some(&folders.home)).map_err(usage)?,
        None => Config::default(),
    };
    let mut notes = Vec::new();
    let (store, recent) = match arguments.may_remember() {
        true => remembered(folders, &mut notes),
        false => (None, Vec::new()),
    };
    let server = std::env::var_os(cli::SERVER);
    let server = server.map(|server| server.to_string_lossy().into_owned());
    let around = Surroundings {
        server: server.as_deref(),
        is_dumb: std::env::var_os("TERM").is_some_and(|term| term == "dumb"),
        config: &config,
        recent: &recent,
    };
    let mut choices = arguments.choose(around).map_err(usage)?;
    if choices.mode == Mode::Screen && !terminal::is_there() {
        return Err(usage(NoTerminal));
    }
    let kept = begin(&mut choices, store.as_ref(), &mut notes);
    match choices.mode {
        Mode::Json => {
            let password = password(&choices)?.ok_or_else(|| usage(json_mode::NoPassword))?;
            let options = choices.complete().map_err(usage)?;
            let ended = block_on(json_mode::run(&options, &password))?;
            Ok(ended.unwrap_or_else(|error| complain(&error, error.exit())))
        }
        Mode::Plain => {
            let token = kept_token(&kept, &mut notes);
            notes
                .iter()
                .for_each(|note| print(&format!("chat-tui: {note}")));
            let password = match token {
                Some(_) => None,
                None => password(&choices)?,
            };
            let options = choices.complete().map_err(usage)?;
            let kept = Keeping {
                session: kept.session,
                saved: kept.saved,
            };
            let ended = block_on(plain_mode::run(options, password, token, kept))?;
            Ok(ended.unwrap_or_else(|error| complain(&error, error.exit())))
        }
        Mode::Screen if choices.username.is_none() || choices.rooms.is_empty() => {
            let first = first_start(&choices, &config);
            let make = |filled: Filled| {
                let mut choices = choices;
                let url = ServerUrl::new(&filled.server).map_err(usage)?;
                let is_other = url.identity() != choices.url.identity();
                let was_known = choices.username.as_ref() == Some(&filled.username);
                choices.url = url;
                choices.username = Some(filled.username);
                choices.rooms = vec![filled.room];
                let kept = match was_known && !is_other {
                    true => kept,
                    false => begin(&mut choices, store.as_ref(), &mut notes),
                };
                program(choices, config, kept, notes, folders)
            };
            let ended = block_on(runner::run_first(first, make))??;
            Ok(ended.unwrap_or_else(|error| complain(&error, Exit::Failed)))
        }
        Mode::Screen => {
            let program = program(choices, config, kept, notes, folders)?;
            let ended = block_on(runner::run(program))?;
            Ok(ended.unwrap_or_else(|error| complain(&error, Exit::Failed)))
        }
    }
}

/// The form for what nobody said and nothing remembers.
fn first_start(choices: &Choices, config: &Config) -> FirstStart {
    let check = |server: &str| {
        let url = ServerUrl::new(server);
        url.map(drop).map_err(|error| error.to_string())
    };
    let name = choices.username.as_ref().map_or("", |name| name.as_str());
    let room = choices.rooms.first().map_or("", |room| room.as_str());
    FirstStart {
        form: Form::new(&choices.url.shown(), name, room, check),
        theme: Theme::chosen(config.colours, |name| std::env::var(name).ok()),
        keymap: config.keymap.clone(),
    }
}

/// Runs a client to its end.
fn block_on<T>(client: impl Future<Output = T>) -> Result<T, Failure> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = runtime.map_err(|error| Failure(Box::new(error), Exit::Failed))?;
    let ended = runtime.block_on(client);
    // Without waiting for its threads: looking up a name can't be given up, and may take for ever.
    runtime.shutdown_background();
    Ok(ended)
}

/// The folder of what is remembered, and the sessions of late; without them, why.
fn remembered(folders: Option<&Folders>, notes: &mut Vec<String>) -> (Option<Store>, Vec<Recent>) {
    let Some(folders) = folders else {
        notes.push("nothing is remembered: there is no home directory".to_owned());
        return (None, Vec::new());
    };
    match Store::open(folders.state.clone()) {
        Ok(store) => {
            let (recent, note) = store.recent();
            notes.extend(note);
            (Some(store), recent)
        }
        Err(error) => {
            notes.push(words_of(&error));
            (None, Vec::new())
        }
    }
}

/// Begins the session, and fills in the rooms that nobody named.
fn begin(choices: &mut Choices, store: Option<&Store>, notes: &mut Vec<String>) -> Kept {
    let (Some(store), Some(username)) = (store, &choices.username) else {
        return Kept::default();
    };
    let begun = match store.begin(&choices.url, username) {
        Ok(begun) => begun,
        Err(error) => {
            notes.push(words_of(&error));
            return Kept::default();
        }
    };
    notes.extend(begun.notes);
    if choices.rooms.is_empty() {
        let open = begun.saved.open_rooms().map(|room| room.name.clone());
        choices.rooms = open.collect();
    }
    let saved = begun.saved.opened(&choices.rooms);
    Kept {
        session: Some(begun.session),
        saved,
    }
}

/// The login of an earlier run that is still good, where it was kept.
fn kept_token(kept: &Kept, notes: &mut Vec<String>) -> Option<Secret> {
    let now = SystemTime::now().duration_since(UNIX_EPOCH);
    let now = u64::try_from(now.unwrap_or_default().as_millis()).unwrap_or(u64::MAX);
    match kept.session.as_ref()?.token(now) {
        Ok(token) => token.map(|token| token.secret),
        Err(note) => {
            notes.push(note);
            None
        }
    }
}

fn password(choices: &Choices) -> Result<Option<Secret>, Failure> {
    let variable = std::env::var_os(password::VARIABLE);
    password::find(variable, &choices.password).map_err(usage)
}

/// What the client with a screen is started with.
fn program(
    choices: Choices,
    config: Config,
    kept: Kept,
    mut notes: Vec<String>,
    folders: Option<&Folders>,
) -> Result<Program, Failure> {
    let token = kept_token(&kept, &mut notes);
    // Whoever has a token needs no password, and no program that asks for another one.
    let password = match token {
        Some(_) => None,
        None => password(&choices)?,
    };
    let keeps_drafts = kept.session.is_some();
    let panic_after_start = choices.panic_after_start;
    let options = choices.complete().map_err(usage)?;
    let settings = Settings {
        username: options.username.clone(),
        rooms: options.rooms,
        server: options.url.shown(),
        password,
        token,
        kept: kept.saved,
        keymap: config.keymap,
        notifies_focused: !config.notifications.only_unfocused,
        zone: TimeZone::system(),
        nonce_prefix: format!("{:016x}", rand::random::<u64>()),
        keeps_drafts,
    };
    let usual_logs = || folders.map(|folders| folders.state.join("logs"));
    let log_folder = config.log_folder.or_else(usual_logs).filter(|_| config.log);
    Ok(Program {
        settings,
        theme: Theme::chosen(config.colours, |name| std::env::var(name).ok()),
        plans: Plans {
            session: kept.session,
            log_folder: log_folder.map(|folder| folder.join(state::server_folder(&options.url))),
            on_mention: config.on_mention,
            bell: config.notifications.bell,
            desktop: config.notifications.desktop,
            mouse: config.mouse,
            notes,
        },
        url: options.url,
        username: options.username,
        panic_after_start,
    })
}
