//! The chat's terminal client: everything but the entry point. Owns the way from the command line to
//! a running client and from its end to an exit code.

mod app;
mod chat_log;
mod cli;
mod command;
mod config;
mod cursor;
mod exit;
mod folders;
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
mod password;
mod plain_mode;
mod private_files;
mod runner;
mod sanitize;
mod server_url;
mod session_state;
mod starting;
mod state;
mod terminal;
mod theme;
mod ui;
mod warnings;
mod wrap;

use std::error::Error;
use std::io::{self, Read, Write};
use std::path::{Path, PathBuf};

pub use exit::Exit;

use cli::{Arguments, Page};
use config::{Config, ConfigError};
use folders::Folders;

/// Bytes of a configuration on standard input.
const CONFIG_BYTES: u64 = 1 << 20;

/// Runs the program that the command line asks for.
pub fn run() -> Exit {
    let arguments = match Arguments::read(std::env::args_os()) {
        Ok(arguments) => arguments,
        Err(error) => return explain(&error),
    };
    match arguments.page {
        Some(Page::Completions { shell }) => return print_out(&cli::completions(shell)),
        Some(Page::Man) => return print_out(&cli::manual()),
        None => {}
    }
    let folders = Folders::find();
    if arguments.print_config {
        let path = folders.as_ref().map(|folders| &*folders.config);
        return print_out(config::print(path).as_bytes());
    }
    if let Some(file) = &arguments.check_config {
        return check_config(file.as_deref(), folders.as_ref());
    }
    starting::start(arguments, folders.as_ref())
}

/// Says what is wrong in a configuration: a file, standard input (`-`), or the user's own.
fn check_config(file: Option<&Path>, folders: Option<&Folders>) -> Exit {
    let home = folders.map(|folders| &*folders.home);
    let checked = match (file, folders) {
        (Some(path), _) if path == "-" => {
            let mut bytes = Vec::new();
            let path = PathBuf::from("standard input");
            match io::stdin().take(CONFIG_BYTES).read_to_end(&mut bytes) {
                Ok(_) => Config::of_bytes(&path, &bytes, home),
                Err(source) => Err(ConfigError::Read { path, source }),
            }
        }
        (Some(path), _) if !path.exists() => Err(ConfigError::Read {
            path: path.to_owned(),
            source: io::Error::new(io::ErrorKind::NotFound, "there is no such file"),
        }),
        (Some(path), _) => Config::load(path, home),
        (None, Some(folders)) => Config::load(&folders.config, home),
        (None, None) => Ok(Config::default()),
    };
    match checked {
        Ok(_) => {
            let path = file.or(folders.map(|folders| &*folders.config));
            let words = match path {
                Some(path) if path == "-" => "standard input is right".to_owned(),
                Some(path) if file.is_some() || path.exists() => {
                    format!("{} is right", path.display())
                }
                Some(path) => format!("there is no {}: nothing is configured", path.display()),
                None => "there is no home directory: nothing is configured".to_owned(),
            };
            print_out(format!("{}\n", sanitize::line(&words)).as_bytes())
        }
        Err(error @ ConfigError::Wrong { .. }) => {
            let text = format!("{}\n", sanitize::text(&error.to_string()));
            match print_out(text.as_bytes()) {
                Exit::Done => Exit::Usage,
                other => other,
            }
        }
        Err(error) => complain(&error, Exit::Usage),
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

/// Prints an error and its causes, the program's name in front. What is wrong in a configuration is a list.
fn complain(error: &dyn Error, exit: Exit) -> Exit {
    print(&sanitize::text(&format!("chat-tui: {}", words_of(error))));
    exit
}

/// An error and its causes, each on the same line.
fn words_of(error: &dyn Error) -> String {
    let mut text = error.to_string();
    let mut cause = error.source();
    while let Some(error) = cause {
        text.push_str(&format!(": {error}"));
        cause = error.source();
    }
    text
}

fn print(text: &str) {
    // Without standard error there is nowhere to say so; the exit code still speaks.
    writeln!(io::stderr(), "{text}").ok();
}

/// Prints to standard output. A reader that has gone has read enough.
fn print_out(bytes: &[u8]) -> Exit {
    let mut out = io::stdout();
    match out.write_all(bytes).and_then(|()| out.flush()) {
        Err(error) if error.kind() == io::ErrorKind::BrokenPipe => Exit::Done,
        Err(error) => complain(&error, Exit::Failed),
        Ok(()) => Exit::Done,
    }
}
