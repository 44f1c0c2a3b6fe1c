//! The configuration as `--print-config` writes it: every setting with what it is for, as it is where
//! nothing is said. Read back it is the same. Pure.

use std::fmt::Write;
use std::path::Path;

use crate::keymap::{ANYWHERE, Binding, SELECTED};

/// What stands before the keys. A `#` without a space behind it is an example, which may be uncommented.
const SETTINGS: &str = r#"
# Keep a log: a plain text file per room and day, which only you can read.
log = false
# Where. Left out: the folder chat-tui/logs among your programs' state.
#log-folder = "~/chat-logs"

# Take the wheel of the mouse. Selecting text with the mouse needs Shift then, in most terminals. As it
# is, the mouse is the terminal's, which turns the wheel into arrows that scroll here.
mouse = false

# A command for the shell that is run when somebody mentions you. It gets the event as JSON on its
# standard input, runs once at a time, and is stopped after 10 s.
#on-mention = "notify-send 'Somebody mentioned you'"

# What --plain shows at first: "all", or only what is for you ("mentions"). /only changes it.
only = "all"

[theme]
# "auto": as many as the terminal has, none with NO_COLOR. "safe": 8 that the colour-blind can tell
# apart. Or "256", "16", "none".
colours = "auto"

# How you are told of mentions.
[notifications]
bell = true
# A notification of the desktop, by way of the terminal: "auto", "osc9", "osc777" or "off".
desktop = "auto"
# Only while the terminal's window is not the one that you type into.
only-unfocused = true

# A profile, for chat-tui --profile work: each setting may be left out. Without a scheme the server is
# reached by wss://, and on this machine by ws://. The command's first line of output is the password.
#[profile.work]
#server = "chat.example.org"
#user = "alice"
#rooms = ["stream1", "mods"]
#password-command = "pass show chat"

# Keys: each action has one, or a list of them, or "none". Write them like ctrl+g, alt+1, shift+tab, f3,
# pgup. Characters without ctrl or alt are typed into the input box.
[keys]
"#;

/// The whole file; `path` is where it is looked for.
pub(crate) fn print(path: Option<&Path>) -> String {
    let mut text =
        String::from("# The configuration of chat-tui. All that is left out is as it is here.\n");
    // One line, whatever is in the name of a folder.
    let path = path.map(|path| format!("{path:?}"));
    let place = path
        .as_deref()
        .unwrap_or("chat-tui/config.toml in the configuration folder");
    text.push_str(&format!("# It is read from {place} at the start.\n"));
    text.push_str("# chat-tui --check-config says what is wrong in it.\n");
    text.push_str(SETTINGS);
    bindings(&mut text, ANYWHERE);
    text.push_str(
        "\n# Keys while a message, or an item of a list, is selected: characters, or any key that does nothing\n# else there, like f5, space or ctrl+x.\n",
    );
    text.push_str("# Enter opens it in any case.\n[keys.selected]\n");
    bindings(&mut text, SELECTED);
    text
}

fn bindings<A>(text: &mut String, table: &[Binding<A>]) {
    for binding in table {
        let keys: Vec<String> = binding.keys.split_whitespace().map(quoted).collect();
        let keys = match &keys[..] {
            [key] => key.clone(),
            keys => format!("[{}]", keys.join(", ")),
        };
        let line = format!("{} = {keys}", binding.name);
        writeln!(text, "{line:<44} # {}", binding.words).expect("a String takes any text");
    }
}

/// A key as TOML writes a text.
fn quoted(key: &str) -> String {
    toml::Value::String(key.to_owned()).to_string()
}
