//! The rules of blocked patterns: who may see and change them, and what follows once that is stored.

use chat_protocol::{
    AuditEntry, Code, FilterEntry, Filters, ModerationNotice, Rank, ServerEvent, sentences,
};

use super::moderation::not_allowed;
use super::{Effect, MemberId, Room, refuse};
use crate::domain::entry::Author;
use crate::domain::filter::{Change, Pattern};

impl Room {
    /// As whom `id` may do what `event` asks for as a moderator; or that it may not.
    pub fn moderator(&self, id: MemberId, event: &str) -> Result<&Author, Vec<Effect>> {
        let member = self.members.get(&id).ok_or_else(Vec::new)?;
        if member.rank > Rank::Moderator {
            let text = not_allowed(event, Rank::Moderator);
            return Err(vec![refuse(id, event, Code::Forbidden, text, None)]);
        }
        Ok(member)
    }

    /// What a member gets who asks for the patterns and may see them.
    pub fn filters(&self, id: MemberId, patterns: Vec<Pattern>) -> Vec<Effect> {
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

    /// A change is stored and holds; it is told.
    pub fn filtered(
        &mut self,
        id: MemberId,
        change: &Change,
        audit_entry: AuditEntry,
    ) -> Vec<Effect> {
        let done = ModerationNotice {
            message: Some(sentences::SUCCESS.to_owned()),
            reason: Some(change.sentence()),
            ..ModerationNotice::default()
        };
        let answer = match change {
            Change::Add(_) => ServerEvent::AddFilter(done),
            Change::Remove(_) => ServerEvent::RemoveFilter(done),
        };
        let mut effects = vec![Effect::Send(id, answer)];
        effects.extend(self.tell_audit(Some(audit_entry)));
        effects
    }
}
