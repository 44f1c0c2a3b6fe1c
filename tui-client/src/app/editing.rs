//! The input box within the app: what the keys do to its text, what stands beside it, and how many
//! columns and rows that leaves. Must not send and must not draw.

use chat_protocol::DraftContent;

use super::composer::{Draft, Edit};
use super::recall::Recall;
use super::row::{Row, Tone};
use super::{App, seconds_left};
use crate::command::{Typed, parse};
use crate::keymap::Action;
use crate::layout::is_small;
use crate::link::RoomKey;
use crate::sanitize;
use crate::wrap::{truncate, width};

/// Columns that a name may take in front of the input.
const PROMPT_COLUMNS: usize = 16;
/// The same on small screens, where the name of who is answered stands there.
const SMALL_PROMPT_COLUMNS: usize = 10;
/// Columns that the count of characters takes at least, so that the text does not move as it grows.
const COUNT_COLUMNS: usize = 10;
/// Columns that are left for text beside the whole of what is said about sending, or a part of it.
const TEXT_COLUMNS: (usize, usize) = (30, 16);
/// Characters of a text that was found.
const FOUND_CHARS: usize = 300;
/// From here on a screen has something in front of its input.
const PROMPT_FROM: u16 = 8;
/// From here on it is the user's name.
const NAME_FROM: u16 = 60;

impl App {
    /// Does what an action asks of the text in the input box; false where it asks for something else.
    pub(super) fn edit_input(&mut self, action: &Action) -> bool {
        if let Some(edit) = Edit::of(action) {
            let composer = &mut self.rooms[self.active].composer;
            match (composer.edit(edit, &mut self.memory), edit) {
                // A key that is held down says it once, and not in the log.
                (Err(overflow), Edit::Insert(_)) => self.hint(overflow.to_string()),
                (result, _) => self.tell_overflow(result),
            }
            return true;
        }
        // Measured for these keys alone: it costs as much as the text is long.
        let columns = self.input_columns();
        let composer = &mut self.rooms[self.active].composer;
        match action {
            Action::Up => composer.up(columns, &mut self.memory),
            Action::Down => composer.down(columns, &self.memory),
            _ => return false,
        }
        true
    }

    /// Takes the message out of the input box, to be sent: it stays in the history, secrets apart.
    pub(super) fn take_input(&mut self) -> Draft {
        let composer = &mut self.rooms[self.active].composer;
        composer.take(&mut self.memory)
    }

    /// Takes a command out of the input box, likewise: what the next message answers stays.
    pub(super) fn take_command(&mut self) -> String {
        let composer = &mut self.rooms[self.active].composer;
        composer.take_command(&mut self.memory)
    }

    /// Brings back what an earlier run kept, where the room is there and nothing is typed in it.
    pub(crate) fn restore_drafts(&mut self, room: RoomKey, drafts: Vec<Draft>) {
        let room = self.rooms.iter_mut().find(|one| one.key == room);
        if let Some(room) = room.filter(|room| room.composer.is_empty()) {
            room.composer.restore(drafts);
            self.draw = true;
        }
    }

    /// What stands in front of the input.
    pub(crate) fn input_prompt(&self) -> String {
        let is_small = is_small(self.width, self.height);
        let reply = self.room().composer.reply().filter(|_| is_small);
        match reply {
            _ if self.width < PROMPT_FROM => String::new(),
            Some(reply) if self.width >= PROMPT_FROM * 2 => {
                let name = format!("to {}", reply.name);
                format!("{}> ", truncate(&name, SMALL_PROMPT_COLUMNS))
            }
            _ if is_small || self.width < NAME_FROM => "> ".to_owned(),
            _ => format!("{}> ", truncate(&self.me, PROMPT_COLUMNS)),
        }
    }

    /// What stands at the right of the input's first row: when the message can be sent where it can't now,
    /// and the count of its characters.
    pub(crate) fn input_side(&self) -> Row {
        self.side(self.send_hint())
    }

    fn side(&self, send_hint: Option<(Tone, String)>) -> Row {
        if is_small(self.width, self.height) {
            return Row::default();
        }
        let (tone, count) = self.counter();
        let row = |words: &str, hint_tone| {
            let gap = if count.is_empty() { "" } else { " " };
            let hint = match words {
                "" => String::new(),
                words => format!("[{words}]{gap}"),
            };
            Row::default()
                .with(hint_tone, hint)
                .with(tone, format!("{count} "))
        };
        let Some((hint_tone, words)) = send_hint else {
            return row("", tone);
        };
        let before_comma = words.split(", ").next().unwrap_or_default();
        let prompt = width(&self.input_prompt());
        let candidates = [
            (words.as_str(), TEXT_COLUMNS.0),
            (before_comma, TEXT_COLUMNS.1),
        ];
        let fits = |(words, least): &(&str, usize)| {
            let side = side_columns(&row(words, hint_tone));
            prompt + side + least <= usize::from(self.width)
        };
        let words = candidates
            .into_iter()
            .find(fits)
            .map_or("", |(words, _)| words);
        row(words, hint_tone)
    }

    /// Columns for text in the input, beside what stands in front of it and at its right.
    pub(crate) fn input_columns(&self) -> usize {
        let beside = match is_small(self.width, self.height) {
            true => 0,
            false => side_columns(&self.input_side()),
        };
        let taken = width(&self.input_prompt()) + beside;
        usize::from(self.width).saturating_sub(taken).max(1)
    }

    /// Rows that the input box would take, with the one that says what is answered.
    pub(crate) fn input_rows(&self) -> usize {
        let composer = &self.room().composer;
        if composer.recall.is_some() || self.finder().is_some() {
            return 1;
        }
        let reply = usize::from(composer.reply().is_some());
        composer.rows(self.input_columns()).0.len() + reply
    }

    /// The search through what was sent, where one goes on; the beginning of what it found, to show.
    pub(crate) fn recall(&self) -> Option<(&Recall, Option<String>)> {
        let recall = self.room().composer.recall.as_ref()?;
        let found = recall.found(&self.memory.history);
        Some((
            recall,
            found.map(|sent| sanitize::brief(&sent.text, FOUND_CHARS)),
        ))
    }

    /// `11/500`, counted as the server counts.
    fn counter(&self) -> (Tone, String) {
        let limit = self.room().content_limit;
        let text = self.room().composer.text();
        let Ok(Typed::Post(text)) = parse(text) else {
            return (Tone::Faint, "command".to_owned());
        };
        let count = DraftContent::new(&text).map_or(0, |content| content.as_str().chars().count());
        match count {
            0 => (Tone::Faint, String::new()),
            _ if count > limit => (Tone::Alert, format!("!{count}/{limit}")),
            _ => (Tone::Faint, format!("{count}/{limit}")),
        }
    }

    /// When the message can be sent, where it can't be at once: `slow 0:07, Enter queues`. What stands in
    /// front of the first comma says enough where there is no room for all of it.
    pub(crate) fn send_hint(&self) -> Option<(Tone, String)> {
        if let Some(left) = self.muted_for() {
            return Some((Tone::Alert, format!("muted {left}, Enter queues")));
        }
        let until = self.room().slow_until()?;
        let left = seconds_left(until, self.now().elapsed);
        let words = format!("slow {}:{:02}, Enter queues", left / 60, left % 60);
        (left > 0).then_some((Tone::Waiting, words))
    }
}

/// Columns of what stands beside the text, with a blank between them.
fn side_columns(side: &Row) -> usize {
    let columns = side.columns();
    let hint: usize = match side.pieces.as_slice() {
        [hint, _] => width(&hint.text),
        _ => 0,
    };
    (columns + 1).max(COUNT_COLUMNS + hint)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::app::Event;
    use crate::app::tests::Driven;

    #[test]
    fn what_keeps_a_message_back_stands_beside_it_where_there_is_room() {
        let mut driven = Driven::live();
        driven.type_in("wait for it");
        let mut check = |width, words: &str, expected: &str| {
            driven.tell(Event::Resized { width, height: 24 });
            let side = driven.app.side(Some((Tone::Waiting, words.to_owned())));
            assert_eq!(side.text(), expected, "{width}");
            let room = usize::from(width) - driven.app.input_prompt().len();
            assert!(side_columns(&side) < room, "{width}");
        };
        let slow = "slow 0:07, Enter queues";
        check(80, slow, "[slow 0:07, Enter queues] 11/500 ");
        check(60, slow, "[slow 0:07] 11/500 ");
        check(40, slow, "[slow 0:07] 11/500 ");
        check(36, slow, "11/500 ");
        check(48, "muted 1 d 2 h 3 min", "11/500 ");
    }

    #[test]
    fn the_count_takes_as_many_columns_as_it_has() {
        let mut driven = Driven::live();
        let mut columns = |text: &str| {
            driven.act(Action::Kill(crate::keymap::Motion::RowStart));
            driven.tell(Event::Pasted(text.to_owned()));
            (driven.app.input_side().text(), driven.app.input_columns())
        };
        assert_eq!(columns("x"), ("1/500 ".to_owned(), 63));
        assert_eq!(columns(" \u{301} "), (" ".to_owned(), 63));
        assert_eq!(columns("/who"), ("command ".to_owned(), 63));
        assert_eq!(columns(&"x".repeat(600)), ("!600/500 ".to_owned(), 63));
        assert_eq!(columns(&"x".repeat(16_000)), ("!16000/500 ".to_owned(), 61));
    }

    #[test]
    fn drafts_are_those_of_all_rooms_and_come_back_where_nothing_is_typed() {
        let mut driven = Driven::new(&["a", "b", "c"], Some("pw"));
        driven.type_in("in a");
        driven.act(Action::Room(1));
        driven.type_in("/password old new");
        driven.act(Action::Room(2));
        driven.type_in("in c");
        let saved = driven.app.saved();
        let drafts = saved.rooms.iter().flat_map(|room| &room.drafts);
        let texts: Vec<_> = drafts.map(|draft| &*draft.text).collect();
        assert_eq!(texts, ["in a", "in c"], "without the password");
        let mut next = Driven::new(&["a", "b", "c"], Some("pw"));
        next.type_in("new");
        next.app.take_up(saved);
        let texts = next.app.rooms.iter().map(|room| room.composer.text());
        assert_eq!(texts.collect::<Vec<_>>(), ["new", "", "in c"]);
    }
}
