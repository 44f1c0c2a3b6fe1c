//! What is started in a terminal, and how: this project's client and those that it is compared with.
//!
//! Must not start anything.

use std::fmt;
use std::net::SocketAddr;
use std::path::{Path, PathBuf};

use portable_pty::CommandBuilder;

/// The name that a measured client signs in with.
const NAME: &str = Program::NAME;

/// A client for IRC that is measured next to this project's.
#[derive(Clone, Copy, Debug, PartialEq, Eq, clap::ValueEnum)]
pub(crate) enum Foreign {
    /// irssi.
    Irssi,
    /// WeeChat.
    Weechat,
}

/// A client.
#[derive(Clone, Debug)]
pub(crate) enum Program {
    /// This project's.
    Chat(PathBuf),
    /// Another, which is found in PATH.
    Foreign(Foreign),
}

impl Program {
    /// The name that it signs in with.
    pub(crate) const NAME: &str = "alice";

    /// What the figures of this client are called in front; nothing for this project's.
    pub(crate) fn prefix(&self) -> &'static str {
        match self {
            Program::Chat(_) => "",
            Program::Foreign(Foreign::Irssi) => "irssi_",
            Program::Foreign(Foreign::Weechat) => "weechat_",
        }
    }

    /// What is typed so that `room`, which it has joined, is the one that it shows.
    pub(crate) fn focus(&self, room: &str) -> Option<String> {
        match self {
            Program::Chat(_) => None,
            Program::Foreign(Foreign::Irssi) => Some(format!("/window goto {room}\r")),
            Program::Foreign(Foreign::Weechat) => Some(format!("/buffer {room}\r")),
        }
    }

    /// The command that joins `rooms` of the server at `address` and shows the first, with `home`
    /// as its home directory.
    pub(super) fn command(
        &self,
        address: SocketAddr,
        rooms: &[String],
        home: &Path,
    ) -> std::io::Result<CommandBuilder> {
        let mut command = match self {
            Program::Chat(path) => chat(path, address, rooms),
            Program::Foreign(Foreign::Irssi) => irssi(address, rooms, home)?,
            Program::Foreign(Foreign::Weechat) => weechat(address, rooms, home),
        };
        command.env("TERM", "xterm-256color");
        command.env("LANG", "C.UTF-8");
        command.env("TZ", "UTC");
        command.env("HOME", home);
        for (name, directory) in [
            ("XDG_CONFIG_HOME", "config"),
            ("XDG_STATE_HOME", "state"),
            ("XDG_DATA_HOME", "share"),
            ("XDG_CACHE_HOME", "cache"),
            ("XDG_RUNTIME_DIR", "run"),
        ] {
            command.env(name, home.join(directory));
        }
        command.cwd(home);
        Ok(command)
    }
}

impl fmt::Display for Program {
    fn fmt(&self, formatter: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Program::Chat(path) => path.display().fmt(formatter),
            Program::Foreign(Foreign::Irssi) => formatter.write_str("irssi"),
            Program::Foreign(Foreign::Weechat) => formatter.write_str("weechat"),
        }
    }
}

fn chat(path: &Path, address: SocketAddr, rooms: &[String]) -> CommandBuilder {
    let mut command = CommandBuilder::new(path);
    command.env_clear();
    command.env("CHAT_PASSWORD", format!("{NAME}-has-a-secret"));
    command.args(["--server", &format!("ws://{address}"), "--user", NAME]);
    for room in rooms {
        command.args(["--room", room]);
    }
    command
}

fn irssi(address: SocketAddr, rooms: &[String], home: &Path) -> std::io::Result<CommandBuilder> {
    std::fs::write(home.join("config"), irssi_settings(address, rooms))?;
    let mut command = bare("irssi");
    command.arg("--home");
    command.arg(home);
    Ok(command)
}

fn irssi_settings(address: SocketAddr, rooms: &[String]) -> String {
    let channels: Vec<String> = rooms
        .iter()
        .map(|room| format!("{{ name = \"{room}\"; chatnet = \"bench\"; autojoin = \"yes\"; }}"))
        .collect();
    format!(
        "servers = ( {{ address = \"{}\"; port = \"{}\"; chatnet = \"bench\"; use_tls = \"no\"; \
         autoconnect = \"yes\"; }} );\n\
         chatnets = {{ bench = {{ type = \"IRC\"; nick = \"{NAME}\"; }}; }};\n\
         channels = ( {} );\n\
         settings = {{ core = {{ real_name = \"{NAME}\"; user_name = \"{NAME}\"; nick = \
         \"{NAME}\"; }}; }};\n",
        address.ip(),
        address.port(),
        channels.join(", "),
    )
}

fn weechat(address: SocketAddr, rooms: &[String], home: &Path) -> CommandBuilder {
    let mut command = bare("weechat");
    command.arg("--dir");
    command.arg(home.join("weechat"));
    command.arg(format!("irc://{NAME}@{address}/{}", rooms.join(",")));
    command
}

fn bare(name: &str) -> CommandBuilder {
    let mut command = CommandBuilder::new(name);
    command.env_clear();
    if let Some(path) = std::env::var_os("PATH") {
        command.env("PATH", path);
    }
    command
}

#[cfg(test)]
mod tests {
    use super::*;

    fn arguments(program: &Program) -> Vec<String> {
        let home = tempfile::tempdir().unwrap();
        let rooms = ["#one".to_owned(), "#two".to_owned()];
        let address = ([127, 0, 0, 1], 6667).into();
        let command = program.command(address, &rooms, home.path()).unwrap();
        let home = home.path().to_str().unwrap();
        let arguments = command.get_argv().iter();
        let texts = arguments.map(|argument| argument.to_str().unwrap().replace(home, "HOME"));
        texts.collect()
    }

    #[test]
    fn each_client_joins_all_rooms() {
        assert_eq!(
            arguments(&Program::Chat("/bin/chat-tui".into())).join(" "),
            "/bin/chat-tui --server ws://127.0.0.1:6667 --user alice --room #one --room #two"
        );
        assert_eq!(
            arguments(&Program::Foreign(Foreign::Irssi)).join(" "),
            "irssi --home HOME"
        );
        assert_eq!(
            arguments(&Program::Foreign(Foreign::Weechat)).join(" "),
            "weechat --dir HOME/weechat irc://alice@127.0.0.1:6667/#one,#two"
        );
    }
}
