//! The start of a message that those that answer it quote: found when either comes, taken back when
//! it is deleted. Must not know an order.

use std::collections::{HashMap, HashSet};

use chat_protocol::MessageId;

use super::Timeline;
use super::entry::{Entry, Post, Status};
use super::ignoring::QUOTE;
use crate::sanitize;

/// Characters of a message that those that answer it quote.
const QUOTED: usize = 200;

impl Timeline {
    /// The start of a message, for those that answer it.
    pub(crate) fn quote(&self, id: &MessageId) -> Option<Box<str>> {
        match self.entries.iter().rev().find(|entry| entry.is(id)) {
            Some(parent) => parent.post().map(quoted),
            None => self.ignoring.has_id(id).then(|| QUOTE.into()),
        }
    }

    /// Looks up what answers quote, for those whose parent came after them.
    pub(crate) fn find_quotes(&mut self) {
        let unquoted = |post: &&Post| post.quote.is_none();
        let posts = self.entries.iter().filter_map(Entry::post).filter(unquoted);
        let wanted: HashSet<MessageId> = posts.filter_map(|post| post.reply_to.clone()).collect();
        if wanted.is_empty() {
            return;
        }
        let parents = self.entries.iter().filter_map(Entry::post);
        let quotes: HashMap<MessageId, Box<str>> = parents
            .filter_map(|post| {
                Some((
                    post.id.clone().filter(|id| wanted.contains(id))?,
                    quoted(post),
                ))
            })
            .collect();
        for index in 0..self.entries.len() {
            let parent = self.entries[index].post().filter(unquoted);
            let parent = parent.and_then(|post| post.reply_to.as_ref());
            if let Some(quote) = parent.and_then(|id| quotes.get(id)) {
                let quote = quote.clone();
                self.set_quote(index, Some(quote));
            }
        }
    }

    /// Takes back what answers quote of a message that is deleted.
    pub(super) fn forget_quotes(&mut self, id: &MessageId) {
        let quote = self.quote(id);
        self.requote(|parent| (parent == id).then(|| quote.clone()));
    }

    /// Sets what answers quote of the messages for which `quote` has a new one.
    pub(super) fn requote(&mut self, quote: impl Fn(&MessageId) -> Option<Option<Box<str>>>) {
        for index in 0..self.entries.len() {
            let parent = self.entries[index].post();
            let parent = parent.and_then(|post| post.reply_to.as_ref());
            if let Some(quote) = parent.and_then(&quote) {
                self.set_quote(index, quote);
            }
        }
    }

    fn set_quote(&mut self, index: usize, quote: Option<Box<str>>) {
        let version = self.next_version();
        self.entries[index].renew(version);
        if let Some(post) = self.entries[index].post_mut() {
            post.quote = quote;
        }
    }
}

/// How a message is quoted by those that answer it.
pub(super) fn quoted(post: &Post) -> Box<str> {
    let content: String = match post.status {
        _ if post.is_ignored => return QUOTE.into(),
        Status::Deleted(_) => "[deleted]".to_owned(),
        _ => post.content.chars().take(QUOTED).collect(),
    };
    format!("{}: {}", post.author.name, sanitize::line(&content)).into()
}
