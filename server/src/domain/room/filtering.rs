//! The rules of blocked patterns: who may see and change them, and what follows once that is stored.

use chat_protocol::{
    AuditEntry, Code, FilterEntry, Filters, ModerationNotice, ServerEvent, sentences,
};

use super::{Allowed, Effect, MemberId, NOBODY, Room, nothing_done, operator, refuse};
use crate::domain::filter::{Change, FilterError, Pattern};

impl Room {
    /// What a member gets who asked for the patterns and may see them.
    pub(super) fn filters(id: MemberId, patterns: Vec<Pattern>) -> Vec<Effect> {
        let patterns = patterns.into_iter();
        let mut entries: Vec<FilterEntry> = patterns
            .map(|pattern| FilterEntry {
                pattern: pattern.text,
                kind: pattern.kind,
                action: pattern.action,
                reason: pattern.reason,
                broken: pattern.flaw.is_some(),
            })
            .collect();
        entries.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        vec![Effect::Send(id, ServerEvent::Filters(Filters { entries }))]
    }

    /// Operators may; whether the patterns can be so shows where they are made ready.
    pub(super) fn operate_filter(change: Change, creates: bool) -> Vec<Effect> {
        let by = operator().username;
        vec![Effect::ChangeFilter(NOBODY, change, by, creates)]
    }

    /// Moderators may.
    pub(super) fn change_filter(&self, id: MemberId, change: Change) -> Vec<Effect> {
        match self.moderator(id, change.event()) {
            Ok(by) => {
                let by = by.username.clone();
                vec![Effect::Charge(id, Allowed::ChangeFilter(change, by))]
            }
            Err(refused) => refused,
        }
    }

    /// A change is stored and holds; it is told.
    pub(super) fn filter_changed(
        &mut self,
        id: MemberId,
        change: &Change,
        line: AuditEntry,
    ) -> Vec<Effect> {
        let mut effects = vec![match id {
            NOBODY => Effect::Report(Ok(change.sentence())),
            id => Effect::Send(id, success(change)),
        }];
        effects.extend(self.tell_audit(Some(line)));
        effects
    }

    /// It can't be so, or it could not be stored.
    pub(super) fn filter_not_changed(
        id: MemberId,
        change: &Change,
        why: Option<&FilterError>,
    ) -> Vec<Effect> {
        let event = change.event();
        let Some(error) = why else {
            return vec![nothing_done(id, event)];
        };
        let code = match error {
            FilterError::Unknown(_) => Code::NotFound,
            _ => Code::Syntax,
        };
        vec![refuse(id, event, code, error.to_string(), None)]
    }
}

/// What is told to the member who changed the patterns.
fn success(change: &Change) -> ServerEvent {
    let done = ModerationNotice {
        message: Some(sentences::SUCCESS.to_owned()),
        reason: Some(change.sentence()),
        ..ModerationNotice::default()
    };
    match change {
        Change::Add(_) => ServerEvent::AddFilter(done),
        Change::Remove(_) => ServerEvent::RemoveFilter(done),
    }
}
