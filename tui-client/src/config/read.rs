//! From the text of a configuration file to the settings, or to all that is wrong in it. Pure.

use std::path::{Path, PathBuf};

use chat_protocol::{RoomName, Username};
use toml::de::{DeTable, DeValue};

use super::table::{Entry, Problems, in_order};
use super::{Config, Desktop, Problem, Profile};
use crate::keymap::{Context, Keymap, nearest};
use crate::server_url::{ServerUrl, presentable};
use crate::theme::Wish;

/// The settings before the first section.
const TOP: &[&str] = &[
    "log",
    "log-folder",
    "mouse",
    "on-mention",
    "only",
    "theme",
    "notifications",
    "profile",
    "keys",
];
const THEME: &[&str] = &["colours"];
const NOTIFICATIONS: &[&str] = &["bell", "desktop", "only-unfocused"];
const PROFILE: &[&str] = &["server", "user", "rooms", "password-command"];
/// Each section with its settings, to say where one belongs.
const PLACES: &[(&str, &[&str])] = &[
    ("before the first section", TOP),
    ("below [theme]", THEME),
    ("below [notifications]", NOTIFICATIONS),
    ("below [profile.NAME]", PROFILE),
];
/// What `only` may be.
const ONLY: [&str; 2] = ["all", "mentions"];
/// What `desktop` may be.
const DESKTOP: [(&str, Desktop); 4] = [
    ("auto", Desktop::Auto),
    ("osc9", Desktop::Osc9),
    ("osc777", Desktop::Osc777),
    ("off", Desktop::Off),
];
const COMMAND: &str = "a command for the shell, like \"notify-send chat\"";
const KEY: &str = "a key like \"ctrl+g\", a list of keys, or \"none\"";

/// Bindings as they are given: the name of an action, and its keys.
type Bindings = Vec<(String, Vec<String>)>;

/// Reads all settings. `home` is what `~` stands for.
pub(super) fn read(text: &str, home: Option<&Path>) -> Result<Config, Vec<Problem>> {
    // Some editors begin a file with a byte order mark.
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let (table, errors) = DeTable::parse_recoverable(text);
    let mut problems = Problems::new(text);
    for error in &errors {
        let start = error.span().map_or(0, |span| span.start);
        problems.note(start, key_of_line(text, start), error.message());
    }
    let mut reader = Reader {
        problems,
        config: Config::default(),
        home,
    };
    // Behind an error of syntax, values are guesses.
    if errors.is_empty() {
        reader.top(table.get_ref());
    }
    let problems = reader.problems.into_found();
    match problems.is_empty() {
        true => Ok(reader.config),
        false => Err(problems),
    }
}

/// What stands before the `=` of a line, where it is the name of a setting.
fn key_of_line(text: &str, start: usize) -> &str {
    let before = text.get(..start).unwrap_or(text);
    let begin = before.rfind('\n').map_or(0, |place| place + 1);
    let line = text[begin..].lines().next().unwrap_or_default();
    let name = line.split('=').next().unwrap_or_default().trim();
    let is_name = |one: char| one.is_ascii_alphanumeric() || matches!(one, '-' | '_' | '.');
    match name.chars().all(is_name) {
        true => name,
        false => "",
    }
}

struct Reader<'text, 'home> {
    problems: Problems<'text>,
    config: Config,
    home: Option<&'home Path>,
}

impl Reader<'_, '_> {
    fn top(&mut self, table: &DeTable<'_>) {
        for (key, start, value) in in_order(table) {
            let entry = Entry { key, value };
            match key {
                "log" => set(&mut self.config.log, self.problems.switch(entry)),
                "mouse" => set(&mut self.config.mouse, self.problems.switch(entry)),
                "log-folder" => self.config.log_folder = self.folder(entry),
                "on-mention" => self.config.on_mention = self.problems.text(entry, COMMAND),
                "only" => {
                    let word = self.problems.word(entry, &ONLY);
                    set(&mut self.config.only_mentions, word.map(|place| place == 1));
                }
                "theme" => self.theme(entry),
                "notifications" => self.notifications(entry),
                "profile" => self.profiles(entry),
                "keys" => self.keys(entry),
                _ => self.unknown(key, start, "", TOP),
            }
        }
    }

    fn theme(&mut self, section: Entry<'_, '_>) {
        for (name, start, value) in in_section(self.problems.section(section)) {
            let key = &format!("{}.{name}", section.key);
            match name {
                "colours" => {
                    let word = self.problems.word(Entry { key, value }, &Wish::NAMES);
                    let wish = word.and_then(|place| Wish::named(Wish::NAMES[place]));
                    set(&mut self.config.colours, wish);
                }
                _ => self.unknown(name, start, section.key, THEME),
            }
        }
    }

    fn notifications(&mut self, section: Entry<'_, '_>) {
        for (name, start, value) in in_section(self.problems.section(section)) {
            let key = &format!("{}.{name}", section.key);
            let entry = Entry { key, value };
            let own = &mut self.config.notifications;
            match name {
                "bell" => set(&mut own.bell, self.problems.switch(entry)),
                "only-unfocused" => set(&mut own.only_unfocused, self.problems.switch(entry)),
                "desktop" => {
                    let word = self.problems.word(entry, &DESKTOP.map(|(word, _)| word));
                    set(&mut own.desktop, word.map(|place| DESKTOP[place].1));
                }
                _ => self.unknown(name, start, section.key, NOTIFICATIONS),
            }
        }
    }

    fn profiles(&mut self, section: Entry<'_, '_>) {
        if !section.value.get_ref().is_table() {
            let words = "a profile has a name: write [profile.NAME] on a line, its settings below";
            return self.problems.wrong(section, words);
        }
        for (name, start, value) in in_section(self.problems.section(section)) {
            let key = &format!("{}.{name}", section.key);
            if PROFILE.contains(&name) && !value.get_ref().is_table() {
                let words = format!("a profile has a name: {name} belongs below [profile.NAME]");
                self.problems.note(start, key, words);
                continue;
            }
            let profile = self.profile(Entry { key, value });
            self.config.profiles.insert(name.to_owned(), profile);
        }
    }

    fn profile(&mut self, section: Entry<'_, '_>) -> Profile {
        let mut profile = Profile::default();
        for (name, start, value) in in_section(self.problems.section(section)) {
            let key = &format!("{}.{name}", section.key);
            let entry = Entry { key, value };
            match name {
                "server" => profile.server = self.server(entry),
                "user" => profile.username = self.username(entry),
                "rooms" => profile.rooms = self.rooms(entry),
                "password-command" => {
                    let right = "a command for the shell, like \"pass show chat\"";
                    profile.password_command = self.problems.text(entry, right);
                }
                _ => self.unknown(name, start, section.key, PROFILE),
            }
        }
        profile
    }

    fn server(&mut self, entry: Entry<'_, '_>) -> Option<ServerUrl> {
        let text = self
            .problems
            .text(entry, "an address like \"chat.example.org\"")?;
        match ServerUrl::new(text.trim()) {
            Ok(server) => Some(server),
            Err(problem) => {
                let words = format!("{:?} {problem}", presentable(text.trim()));
                self.problems.wrong(entry, words);
                None
            }
        }
    }

    fn username(&mut self, entry: Entry<'_, '_>) -> Option<Username> {
        let text = self.problems.text(entry, "a name like \"alice\"")?;
        match Username::new(&text) {
            Ok(username) => Some(username),
            Err(problem) => {
                self.problems.wrong(entry, format!("{text:?} {problem}"));
                None
            }
        }
    }

    fn rooms(&mut self, entry: Entry<'_, '_>) -> Vec<RoomName> {
        let mut rooms: Vec<RoomName> = Vec::new();
        for (text, start) in self
            .problems
            .texts(entry, "a list like [\"stream1\", \"mods\"]")
        {
            match RoomName::new(&text) {
                Ok(room) if rooms.iter().any(|one| one.plain() == room.plain()) => {}
                Ok(room) => rooms.push(room),
                Err(problem) => {
                    let words = format!("{text:?} {problem}");
                    self.problems.note(start, entry.key, words);
                }
            }
        }
        rooms
    }

    fn folder(&mut self, entry: Entry<'_, '_>) -> Option<PathBuf> {
        let right = "a folder like \"~/chat-logs\" or \"/var/log/chat\"";
        let text = self.problems.text(entry, right)?;
        let path = match (text.strip_prefix("~/"), self.home) {
            (Some(rest), Some(home)) => home.join(rest),
            _ => PathBuf::from(&text),
        };
        if path.is_absolute() {
            return Some(path);
        }
        let words = format!("{text:?} should begin with / or ~/");
        self.problems.wrong(entry, words);
        None
    }

    fn keys(&mut self, section: Entry<'_, '_>) {
        let (mut anywhere, mut selected) = (Bindings::new(), Bindings::new());
        // Where each of them stands, for what the keymap says of it.
        let (mut places, mut selected_places) = (Vec::new(), Vec::new());
        for (name, start, value) in in_section(self.problems.section(section)) {
            let key = format!("{}.{name}", section.key);
            let entry = Entry { key: &key, value };
            if name != "selected" {
                anywhere.push((name.to_owned(), self.bound(entry)));
                places.push((start, key));
                continue;
            }
            for (name, start, value) in in_section(self.problems.section(entry)) {
                let key = format!("{}.{name}", entry.key);
                selected.push((name.to_owned(), self.bound(Entry { key: &key, value })));
                selected_places.push((start, key));
            }
        }
        match Keymap::new(&anywhere, &selected) {
            Ok(keymap) => self.config.keymap = keymap,
            Err(wrong) => {
                for one in wrong {
                    let (start, key) = match one.context {
                        Context::Anywhere => &places[one.place],
                        Context::Selected => &selected_places[one.place],
                    };
                    self.problems.note(*start, key, one.error.to_string());
                }
            }
        }
    }

    /// The keys that an action is bound to.
    fn bound(&mut self, entry: Entry<'_, '_>) -> Vec<String> {
        if entry.value.get_ref().is_array() {
            let texts = self.problems.texts(entry, KEY);
            return texts.into_iter().map(|(text, _)| text).collect();
        }
        self.problems.text(entry, KEY).into_iter().collect()
    }

    /// A setting that there is not.
    fn unknown(&mut self, name: &str, start: usize, section: &str, own: &[&str]) {
        let key = match section {
            "" => name.to_owned(),
            section => format!("{section}.{name}"),
        };
        let written = name.to_lowercase().replace('_', "-");
        let elsewhere = PLACES
            .iter()
            .find(|(_, names)| names.contains(&written.as_str()));
        let words = match (elsewhere, nearest(&written, own.iter().copied())) {
            (Some((place, _)), _) if !own.contains(&written.as_str()) => {
                format!("there is no such setting here: `{written}` belongs {place}")
            }
            (_, Some(near)) => format!("there is no such setting: did you mean `{near}`?"),
            (_, None) => format!("there is no such setting: here are {}", own.join(", ")),
        };
        self.problems.note(start, &key, words);
    }
}

fn set<T>(setting: &mut T, value: Option<T>) {
    if let Some(value) = value {
        *setting = value;
    }
}

/// The settings of a section in the order of their lines.
fn in_section<'a, 'text>(
    section: Option<&'a DeTable<'text>>,
) -> Vec<(&'a str, usize, &'a toml::Spanned<DeValue<'text>>)> {
    section.map(in_order).unwrap_or_default()
}
