//! The start of a message that those that answer it quote. Looked up when a row is made, so that
//! nothing has to be taken back when a message goes. What is quoted and not here is fetched by others.

use std::rc::Rc;

use chat_protocol::{Message, MessageId, Seq};

use super::entry::{Author, Entry, Post};
use super::ignoring::QUOTE;
use super::looking::Span;
use super::{Reader, Timeline, content};
use crate::sanitize;

/// Characters of a message that those that answer it quote.
const QUOTED: usize = 200;
/// Messages from elsewhere that are kept to be quoted, and ids that lead nowhere; the oldest go.
const APART: usize = 100;
/// How a message is quoted that the room does not keep any more.
const GONE: &str = "a message that is gone";

/// A message that is not in the view, but quoted in it.
#[derive(Debug)]
pub(super) struct Apart {
    pub(super) id: MessageId,
    pub(super) seq: Seq,
    pub(super) author: Rc<Author>,
    quote: Box<str>,
}

impl Apart {
    /// The message was deleted.
    pub(super) fn forget(&mut self) {
        self.quote = words(&self.author, "[deleted]");
    }
}

impl Timeline {
    /// The start of a message, for those that answer it.
    pub(crate) fn quote(&self, id: &MessageId) -> Option<Box<str>> {
        if let Some(index) = self.find_index(id) {
            return self.entries[index].post().map(quoted);
        }
        match self.apart.iter().find(|apart| apart.id == *id) {
            Some(apart) => Some(apart.quote.clone()),
            None if self.ignoring.has_id(id) => Some(QUOTE.into()),
            None => self.gone.contains(id).then(|| GONE.into()),
        }
    }

    /// Where a message is that is here, or was fetched to be quoted.
    pub(crate) fn position(&self, id: &MessageId) -> Option<Seq> {
        let here = self.find(id).map(|entry| entry.at);
        let apart = || self.apart.iter().find(|apart| apart.id == *id);
        here.or_else(|| Some(apart()?.seq))
    }

    /// True for a message that the room does not keep any more, as was found out.
    pub(crate) fn is_gone(&self, id: &MessageId) -> bool {
        self.gone.contains(id)
    }

    /// A message that is quoted in a part of the log and not known, and where the one stands that answers
    /// it; the newest first.
    pub(crate) fn unknown_quote(&self, span: Span) -> Option<(MessageId, Seq)> {
        let begin = self.entries.partition_point(|entry| entry.at < span.from);
        let end = self.entries.partition_point(|entry| entry.at <= span.to);
        let unknown = |entry: &Entry| {
            let parent = entry.post()?.reply_to()?;
            let is_unknown = entry.at > Seq(0) && self.quote(parent).is_none();
            is_unknown.then(|| (parent.clone(), entry.at))
        };
        self.entries
            .range(begin..end.max(begin))
            .rev()
            .find_map(unknown)
    }

    /// True where a message that came quotes another.
    pub(crate) fn has_quotes(&self) -> bool {
        self.has_quotes
    }

    /// Takes in a message that was fetched by itself, to quote it: it gets no place in the view.
    pub(crate) fn insert_apart(&mut self, message: &Message, reader: &Reader) {
        if self.find_index(&message.id).is_some() {
            return;
        }
        self.apart.retain(|apart| apart.id != message.id);
        if self.apart.len() >= APART {
            self.apart.pop_front();
        }
        let author = Author::new(&message.username, &message.display_name, message.rank);
        let quote = match reader.ignored.contains(&author.key) {
            true => QUOTE.into(),
            false => words(&author, &start_of(&content(&message.content))),
        };
        self.apart.push_back(Apart {
            id: message.id.clone(),
            seq: message.seq,
            author: Rc::new(author),
            quote,
        });
        self.forget_rows();
    }

    /// The room does not keep this message any more.
    pub(crate) fn note_gone(&mut self, id: &MessageId) {
        if self.gone.contains(id) {
            return;
        }
        if self.gone.len() >= APART {
            self.gone.pop_front();
        }
        self.gone.push_back(id.clone());
        self.forget_rows();
    }
}

/// How a message is quoted by those that answer it.
pub(super) fn quoted(post: &Post) -> Box<str> {
    if post.is_ignored {
        return QUOTE.into();
    }
    match post.is_deleted() {
        true => words(&post.author, "[deleted]"),
        false => words(&post.author, &start_of(post.content())),
    }
}

fn start_of(content: &str) -> String {
    let start: String = content.chars().take(QUOTED).collect();
    sanitize::line(&start)
}

fn words(author: &Author, said: &str) -> Box<str> {
    format!("{}: {said}", author.name).into()
}
