//! The palette within the app: what it offers, and what happens to what is chosen. Must not know how it
//! finds.

use super::App;
use super::event::Effect;
use super::palette::{Choice, Goal, Outcome, Palette, Setting};
use super::target::Target;
use crate::keymap::Action;
use crate::sanitize;

/// The settings of the file that can't be changed while the program runs, with what they are about.
const OF_FILE: [(&str, &str); 9] = [
    ("keys", "what keys do"),
    ("theme.colours", "how many colours, and which"),
    ("notifications.bell", "ring for a mention"),
    ("notifications.desktop", "how the desktop is told"),
    ("log", "keep a file per room and day"),
    ("log-folder", "where these files lie"),
    ("on-mention", "a command for each mention"),
    ("mouse", "take the wheel of the mouse"),
    ("profile", "servers, names and rooms"),
];

impl App {
    /// Opens the palette, or closes it.
    pub(super) fn toggle_palette(&mut self) {
        self.palette = match self.palette {
            Some(_) => None,
            None => Some(Palette::new(self.choices())),
        };
        self.draw = true;
    }

    /// Does what an action asks of the palette, where it is open; false where it is for others.
    pub(super) fn act_in_palette(&mut self, action: &Action, effects: &mut Vec<Effect>) -> bool {
        let Some(palette) = &mut self.palette else {
            return false;
        };
        self.typed_at = Some(self.now.elapsed);
        match palette.act(action, &mut self.memory.kills) {
            Outcome::NotMine => {
                // Whatever else comes into view, the palette is not in its way.
                self.palette = None;
                return false;
            }
            Outcome::Open => {}
            Outcome::Closed => self.palette = None,
            Outcome::Chosen(choice) => {
                self.palette = None;
                self.go_to(choice.goal, effects);
            }
        }
        self.draw = true;
        true
    }

    /// Puts pasted text into what is looked for, in the palette or among what was sent; false where nothing
    /// is.
    pub(super) fn paste_into_query(&mut self, text: &str) -> bool {
        let recall = &mut self.rooms[self.active].composer.recall;
        match (&mut self.palette, recall) {
            (Some(palette), _) => palette.paste(text),
            (None, Some(recall)) => recall.paste(text, &self.memory.history),
            (None, None) => return false,
        }
        true
    }

    fn go_to(&mut self, goal: Goal, effects: &mut Vec<Effect>) {
        match goal {
            Goal::Room(key) => match self.place_of(key) {
                Some(place) => self.show_room(place),
                None => self.hint("you have left that room"),
            },
            Goal::Person(name) => match Target::named(&name) {
                Some(target) => self.open_card(target, effects),
                None => self.hint("that name can't be looked up"),
            },
            Goal::Command(name) => self.begin_command(&format!("/{name} ")),
            Goal::Setting(setting) => self.set(setting),
        }
    }

    /// Changes a setting until the program ends, where that can be done; else says where it is.
    fn set(&mut self, setting: Setting) {
        match setting {
            Setting::Sides => self.toggle_sides(),
            Setting::OnlyUnfocused => self.notifies_focused = !self.notifies_focused,
            Setting::OfFile(name) => {
                let words =
                    "is read at the start, from the file that chat-tui --print-config names";
                return self.hint(format!("{name} {words}"));
            }
        }
        let (name, now) = self.setting(setting);
        self.hint(format!("{name} is {now} until you leave"));
    }

    /// Its name, and what it is now.
    fn setting(&self, setting: Setting) -> (&'static str, &'static str) {
        let on = |is_on| if is_on { "on" } else { "off" };
        match setting {
            Setting::Sides => ("sides", on(!self.is_bare())),
            Setting::OnlyUnfocused => {
                let is_on = !self.notifies_focused;
                ("notifications.only-unfocused", on(is_on))
            }
            Setting::OfFile(name) => (name, "in the file"),
        }
    }

    fn settings(&self) -> impl Iterator<Item = Choice> {
        let live = [Setting::Sides, Setting::OnlyUnfocused].map(|setting| {
            let (name, now) = self.setting(setting);
            (setting, name, format!("{now}; Enter changes it"))
        });
        let of_file = OF_FILE.map(|(name, about)| (Setting::OfFile(name), name, about.to_owned()));
        let settings = live.into_iter().chain(of_file);
        settings.map(|(setting, name, about)| Choice {
            goal: Goal::Setting(setting),
            name: name.to_owned(),
            about,
        })
    }

    /// Puts the beginning of a command into the input box; a draft that is there comes back after it.
    fn begin_command(&mut self, text: &str) {
        let composer = &mut self.rooms[self.active].composer;
        composer.borrow_for(text, None, &mut self.memory);
    }

    /// Other rooms first, then the people of this one, then the commands and the settings.
    fn choices(&self) -> Vec<Choice> {
        let here = self.room().key;
        let others = self.rooms.iter().filter(|room| room.key != here);
        let rooms = others.map(|room| Choice {
            goal: Goal::Room(room.key),
            name: room.label.clone(),
            about: match (room.reading.unread(), room.reading.mentions()) {
                (0, _) => String::new(),
                (unread, 0) => format!("{unread} unread"),
                (unread, mentions) => format!("{unread} unread, {mentions} for you"),
            },
        });
        let people = self.room().timeline.authors_beginning_with("", &self.key);
        let people = people.into_iter().map(|name| Choice {
            goal: Goal::Person(name.to_owned()),
            name: sanitize::line(name),
            about: String::new(),
        });
        let mut commands: Vec<_> = self.commands().collect();
        commands.dedup_by_key(|(name, ..)| *name);
        let commands = commands.into_iter().map(|(name, _, about)| Choice {
            goal: Goal::Command(name),
            name: name.to_owned(),
            about: about.to_owned(),
        });
        let settings = self.settings();
        rooms
            .chain(people)
            .chain(commands)
            .chain(settings)
            .collect()
    }
}
