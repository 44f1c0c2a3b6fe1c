//! The rules of blocked patterns: who may see and change them, and what follows once that is stored.

use chat_protocol::{AuditEntry, Code, FilterEntry, Filters, ModerationNotice, Rank, ServerEvent};

use super::moderation::not_allowed;
use super::{Effect, MemberId, Room, refuse};
use crate::entry::Author;
use crate::filter::{Change, Filter};

impl Room {
    /// Holds messages against `filter` from now on.
    pub fn set_filter(&mut self, filter: Filter) {
        self.filter = filter;
    }

    /// As whom `id` may do what `event` asks for as a moderator; or that it may not.
    pub fn moderator(&self, id: MemberId, event: &str) -> Result<&Author, Vec<Effect>> {
        let member = self.members.get(&id).ok_or_else(Vec::new)?;
        if member.rank > Rank::Moderator {
            let text = not_allowed(event, Rank::Moderator);
            return Err(vec![refuse(id, event, Code::Forbidden, text, None)]);
        }
        Ok(member)
    }

    /// What a member gets who asks for the patterns.
    pub fn filters(&self, id: MemberId) -> Vec<Effect> {
        if let Err(refused) = self.moderator(id, "filters") {
            return refused;
        }
        let patterns = self.filter.patterns().iter();
        let mut entries: Vec<FilterEntry> = patterns
            .map(|pattern| FilterEntry {
                pattern: pattern.text.clone(),
                kind: pattern.kind,
                action: pattern.action,
                reason: pattern.reason.clone(),
            })
            .collect();
        entries.sort_by(|a, b| a.pattern.cmp(&b.pattern));
        vec![Effect::Send(id, ServerEvent::Filters(Filters { entries }))]
    }

    /// A change is stored, so messages are held against `filter` from now on; then it is told.
    pub fn filtered(
        &mut self,
        id: MemberId,
        change: &Change,
        filter: Filter,
        deed: AuditEntry,
    ) -> Vec<Effect> {
        self.filter = filter;
        let done = ModerationNotice {
            message: Some("Success".to_owned()),
            reason: Some(change.sentence()),
            ..ModerationNotice::default()
        };
        let answer = match change {
            Change::Add(_) => ServerEvent::AddFilter(done),
            Change::Remove(_) => ServerEvent::RemoveFilter(done),
        };
        let mut effects = vec![Effect::Send(id, answer)];
        effects.extend(self.tell_deed(Some(deed)));
        effects
    }
}
