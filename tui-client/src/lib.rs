//! The chat's terminal client: everything but the entry point. Owns the way from the command line to
//! a running client and from its end to an exit code.

mod app;
mod chat_log;
mod cli;
mod command;
mod cursor;
mod exit;
#[cfg(test)]
mod fuzz;
mod hooks;
mod input;
mod json_mode;
mod keymap;
mod layout;
mod line_io;
mod link;
mod links;
mod net;
mod notices;
mod password;
mod plain_mode;
mod private_files;
mod runner;
mod sanitize;
mod server_url;
mod session_state;
mod state;
mod terminal;
mod theme;
mod ui;
mod wrap;

use std::error::Error;
use std::io::{self, Write};

use clap::Parser;
use jiff::tz::TimeZone;

pub use exit::Exit;

use app::Settings;
use cli::{Arguments, Options};
use runner::Program;
use theme::Theme;

/// Runs the program that the command line asks for.
pub fn run() -> Exit {
    let arguments = match Arguments::try_parse() {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    let options = match arguments.check(std::env::var_os(cli::SERVER)) {
        Ok(options) => options,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let variable = std::env::var_os(password::VARIABLE);
    let password = match password::find(variable, options.password_file.as_deref()) {
        Ok(password) => password,
        Err(error) => return complain(&error, Exit::Usage),
    };
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build();
    let runtime = match runtime {
        Ok(runtime) => runtime,
        Err(error) => return complain(&error, Exit::Failed),
    };
    if options.json {
        let Some(password) = password else {
            return complain(&json_mode::NoPassword, Exit::Usage);
        };
        let ended = runtime.block_on(json_mode::run(&options, &password));
        leave(runtime);
        return match ended {
            Ok(exit) => exit,
            Err(error) => complain(&error, error.exit()),
        };
    }
    if options.plain {
        let ended = runtime.block_on(plain_mode::run(options, password));
        leave(runtime);
        return match ended {
            Ok(exit) => exit,
            Err(error) => complain(&error, error.exit()),
        };
    }
    if !terminal::is_there() {
        return complain(&NoTerminal, Exit::Usage);
    }
    let ended = runtime.block_on(runner::run(program(options, password)));
    leave(runtime);
    match ended {
        Ok(exit) => exit,
        Err(error) => complain(&error, Exit::Failed),
    }
}

/// Ends the runtime without waiting for its threads: looking up a name can't be given up, and may take
/// for ever.
fn leave(runtime: tokio::runtime::Runtime) {
    runtime.shutdown_background();
}

/// There is no screen to draw on, or no keyboard.
#[derive(Debug, thiserror::Error)]
#[error("standard input and output must be a terminal (use --plain or --json without one)")]
struct NoTerminal;

fn program(options: Options, password: Option<chat_protocol::Secret>) -> Program {
    let theme = Theme::from_environment(|name| std::env::var(name).ok());
    let settings = Settings {
        username: options.username.clone(),
        rooms: options.rooms,
        server: options.url.shown(),
        password,
        token: None,
        zone: TimeZone::system(),
        nonce_prefix: format!("{:016x}", rand::random::<u64>()),
        keeps_drafts: false,
    };
    Program {
        url: options.url,
        username: options.username,
        settings,
        theme,
        panic_after_start: options.panic_after_start,
    }
}

/// Prints what clap has to say: help and version to standard output, wrong usage to standard error.
fn explain(error: &clap::Error) -> Exit {
    if !error.use_stderr() {
        // A reader that has gone is no failure.
        error.print().ok();
        return Exit::Done;
    }
    print(&sanitize::text(&error.to_string()));
    Exit::Usage
}

/// Prints an error and its causes, the program's name in front.
fn complain(error: &dyn Error, exit: Exit) -> Exit {
    let mut text = format!("chat-tui: {error}");
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    print(&sanitize::line(&text));
    exit
}

fn print(text: &str) {
    // Without standard error there is nowhere to say so; the exit code still speaks.
    writeln!(io::stderr(), "{text}").ok();
}
