//! The start of a message that those that answer it quote. Looked up when a row is made, so that
//! nothing has to be taken back when a message goes.

use std::rc::Rc;

#[cfg(test)]
use chat_protocol::Message;
use chat_protocol::{MessageId, Seq};

use super::Timeline;
#[cfg(test)]
use super::content;
use super::entry::{Author, Post};
use super::ignoring::QUOTE;
use crate::sanitize;

/// Characters of a message that those that answer it quote.
const QUOTED: usize = 200;
/// Messages from elsewhere that are kept to be quoted; the oldest go.
#[cfg(test)]
const APART: usize = 100;

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
            None => self.ignoring.has_id(id).then(|| QUOTE.into()),
        }
    }

    /// Takes in a message that was fetched by itself, to quote it: it gets no place in the view.
    #[cfg(test)]
    pub(crate) fn insert_apart(&mut self, message: &Message) {
        if self.find_index(&message.id).is_some() {
            return;
        }
        self.apart.retain(|apart| apart.id != message.id);
        if self.apart.len() >= APART {
            self.apart.pop_front();
        }
        let author = Author::new(&message.username, &message.display_name, message.rank);
        let quote = words(&author, &start_of(&content(&message.content)));
        self.apart.push_back(Apart {
            id: message.id.clone(),
            seq: message.seq,
            author: Rc::new(author),
            quote,
        });
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
