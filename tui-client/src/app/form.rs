//! The first start: a form that asks for server, name and room. Owns what is typed there and what is
//! wrong with it; must not connect or draw.

use chat_protocol::{RoomName, Username};

use super::composer::{Edit, Editor, KillRing};
use crate::keymap::Action;

/// Bytes that a field takes.
const CAPACITY: usize = 512;
/// Fields, from top to bottom.
const SERVER: usize = 0;
const NAME: usize = 1;
const ROOM: usize = 2;

/// What the form is about.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Filled {
    pub(crate) server: String,
    pub(crate) username: Username,
    pub(crate) room: RoomName,
}

/// What a key did.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) enum FormStep {
    Open,
    /// The user leaves.
    Cancelled,
    Done(Filled),
}

/// The form while it is open.
pub(crate) struct Form {
    fields: [Editor; 3],
    /// The field that has the keys.
    at: usize,
    kills: KillRing,
    /// What is wrong with which field.
    problem: Option<(usize, String)>,
    check_server: fn(&str) -> Result<(), String>,
}

impl Form {
    /// A form with what is known filled in; the first empty field has the keys. `check_server` says
    /// what is wrong with an address.
    pub(crate) fn new(
        server: &str,
        name: &str,
        room: &str,
        check_server: fn(&str) -> Result<(), String>,
    ) -> Self {
        let field = |text: &str| {
            let mut editor = Editor::line(CAPACITY);
            editor.set(text, text.len());
            editor
        };
        let fields = [field(server), field(name), field(room)];
        let at = fields.iter().position(|field| field.text().is_empty());
        Self {
            fields,
            at: at.unwrap_or(ROOM),
            kills: KillRing::default(),
            problem: None,
            check_server,
        }
    }

    /// Does what a key asks for.
    pub(crate) fn act(&mut self, action: &Action) -> FormStep {
        match action {
            Action::Interrupt | Action::Escape => return FormStep::Cancelled,
            Action::DeleteOrQuit if self.fields[self.at].is_empty() => return FormStep::Cancelled,
            Action::Complete | Action::Down => self.at = (self.at + 1) % self.fields.len(),
            Action::Select | Action::Up => {
                self.at = (self.at + self.fields.len() - 1) % self.fields.len();
            }
            Action::Submit => return self.submit(),
            other => {
                if let Some(edit) = Edit::of(other).filter(|edit| *edit != Edit::Insert('\n')) {
                    self.problem = None;
                    // What does not fit is no address and no name.
                    self.fields[self.at].edit(edit, &mut self.kills).ok();
                }
            }
        }
        FormStep::Open
    }

    /// Puts pasted text where typed text would go.
    pub(crate) fn paste(&mut self, text: &str) {
        self.problem = None;
        // What does not fit is no address and no name.
        self.fields[self.at].insert(text.trim()).ok();
    }

    /// The label of each field, what it holds in so many columns, where the cursor is in it where it has
    /// the keys, and what is wrong with it.
    pub(crate) fn rows(
        &self,
        columns: usize,
    ) -> Vec<(&'static str, String, Option<usize>, Option<&str>)> {
        let labels = ["Server", "Name", "Room"];
        let rows = labels.iter().zip(&self.fields).enumerate();
        rows.map(|(place, (label, field))| {
            let (text, cursor) = field.window(columns);
            let problem = self.problem.as_ref().filter(|(at, _)| *at == place);
            let cursor = (place == self.at).then_some(cursor);
            (
                *label,
                text,
                cursor,
                problem.map(|(_, words)| words.as_str()),
            )
        })
        .collect()
    }

    /// Enter: on to the next field that is empty; from a full form, what is in it.
    fn submit(&mut self) -> FormStep {
        let empty = self
            .fields
            .iter()
            .position(|field| field.text().trim().is_empty());
        if let Some(place) = empty {
            if place == self.at {
                self.problem = Some((place, "is empty".to_owned()));
            }
            self.at = place;
            return FormStep::Open;
        }
        match self.checked() {
            Ok(filled) => FormStep::Done(filled),
            Err((place, words)) => {
                self.at = place;
                self.problem = Some((place, words));
                FormStep::Open
            }
        }
    }

    fn checked(&self) -> Result<Filled, (usize, String)> {
        let text = |place: usize| self.fields[place].text().trim();
        (self.check_server)(text(SERVER)).map_err(|words| (SERVER, words))?;
        let username = Username::new(text(NAME)).map_err(|error| (NAME, error.to_string()))?;
        let room = RoomName::new(text(ROOM)).map_err(|error| (ROOM, error.to_string()))?;
        Ok(Filled {
            server: text(SERVER).to_owned(),
            username,
            room,
        })
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(server: &str) -> Result<(), String> {
        match server.contains(' ') {
            true => Err("is no address".to_owned()),
            false => Ok(()),
        }
    }

    fn type_in(form: &mut Form, text: &str) {
        for character in text.chars() {
            assert_eq!(form.act(&Action::Insert(character)), FormStep::Open);
        }
    }

    #[test]
    fn enter_goes_through_the_fields_and_ends_the_form() {
        let mut form = Form::new("ws://h:1", "", "", check);
        type_in(&mut form, "alice");
        assert_eq!(form.act(&Action::Submit), FormStep::Open);
        type_in(&mut form, "stream1");
        let FormStep::Done(filled) = form.act(&Action::Submit) else {
            panic!("it is not full");
        };
        assert_eq!(filled.server, "ws://h:1");
        assert_eq!(
            (filled.username.as_str(), filled.room.as_str()),
            ("alice", "stream1")
        );
    }

    #[test]
    fn what_is_wrong_is_said_beside_its_field() {
        let mut form = Form::new("a b", "al ice", "r", check);
        form.act(&Action::Submit);
        let problem = |form: &Form| {
            let rows = form.rows(40);
            let row = rows.iter().find(|row| row.3.is_some());
            row.map(|row| format!("{} {}", row.0, row.3.unwrap_or_default()))
        };
        assert_eq!(problem(&form).as_deref(), Some("Server is no address"));
        form.act(&Action::Kill(crate::keymap::Motion::RowStart));
        assert_eq!(problem(&form), None);
        form.paste(" ws://h:1\n");
        form.act(&Action::Submit);
        assert_eq!(
            problem(&form).as_deref(),
            Some("Name can't contain a space")
        );
    }

    #[test]
    fn it_is_left_without_an_answer() {
        for action in [Action::Escape, Action::Interrupt] {
            let mut form = Form::new("s", "n", "r", check);
            assert_eq!(form.act(&action), FormStep::Cancelled);
        }
        let mut form = Form::new("", "", "", check);
        assert_eq!(form.act(&Action::DeleteOrQuit), FormStep::Cancelled);
    }
}
