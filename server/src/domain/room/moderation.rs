//! The rules of moderation: who may act on whom, and what follows once it is stored.

use chat_protocol::{
    Audit, AuditEntry, CloseCode, ModerationNotice, Rank, Reason, ServerEvent, sentences,
};

use super::orders::{operated, outcome, sentence, slip};
use super::{
    Allowed, Effect, MemberId, NOBODY, Order, PendingVerdict, Room, for_pace, nothing_done, refuse,
};
use crate::domain::audit::LineId;
use crate::domain::entry::{Author, EntryBody, Moment, NewEntry, OPERATOR, Purged, UnixMillis};
use crate::domain::moderation::{Decision, Height, Person, Sanction, Verdict};

impl Room {
    /// As whom `id` may do what `event` asks for as a moderator; or that it may not.
    pub(super) fn moderator(&self, id: MemberId, event: &str) -> Result<&Author, Vec<Effect>> {
        let member = self.members.get(&id).ok_or_else(Vec::new)?;
        if member.rank > Rank::Moderator {
            let text = not_allowed(event, Rank::Moderator);
            return Err(vec![refuse(id, event, Reason::Rank, text, None)]);
        }
        Ok(member)
    }

    /// Lets a moderator read something, as far as its pace allows.
    pub(super) fn for_reading(&self, id: MemberId, allowed: Allowed) -> Vec<Effect> {
        match self.moderator(id, allowed.event()) {
            Ok(_) => vec![Effect::Charge(id, allowed)],
            Err(refused) => refused,
        }
    }

    /// An operator's order.
    pub(super) fn operate(
        &self,
        order: &Order,
        target: Person,
        creates: bool,
        now: Moment,
    ) -> Vec<Effect> {
        let report = |said| vec![Effect::Report(said)];
        if let Some(slip) = slip(&self.standing, order, &target, now) {
            return report(Err(slip));
        }
        let Some(verdict) = operated(order, target, now) else {
            let text = "nothing was done: the command line can't do this";
            return report(Ok(text.to_owned()));
        };
        if matches!(verdict.decision, Decision::Rank(_)) && !creates && !self.is_founded() {
            // It was there a moment ago.
            return report(Err("the room no longer exists".to_owned()));
        }
        let pending = PendingVerdict {
            verdict,
            scope: order.scope(),
            creates,
        };
        vec![Effect::Judge(NOBODY, Box::new(pending))]
    }

    /// The contract's order: rights, whether the target exists, whether it stands lower.
    pub(super) fn moderate(
        &self,
        id: MemberId,
        order: &Order,
        target: Option<Person>,
        now: Moment,
    ) -> Vec<Effect> {
        let Some(by) = self.members.get(&id) else {
            return Vec::new();
        };
        let refused = |why: Reason, text: String| vec![refuse(id, order.event(), why, text, None)];
        if by.rank > order.rank() {
            return refused(Reason::Rank, not_allowed(order.event(), order.rank()));
        }
        // Who was removed gets no rank any more, but may be banned, and purged, by the name.
        let is_rank = order.rank() == Rank::Administrator;
        let Some(target) = target.filter(|target| !(is_rank && target.is_removed)) else {
            return refused(Reason::User, "there is no user with this name".to_owned());
        };
        if !self.standing.is_above(&by.key, &target.key) {
            let text = format!("{} has the same rank or higher", target.username);
            return refused(Reason::Rank, text);
        }
        if matches!(order, Order::Kick(_)) && self.connections(&target.key).is_empty() {
            let text = format!("{} is not in the room", target.username);
            return refused(Reason::User, text);
        }
        let by = by.clone();
        let origin = self.standing.origin_by(&by);
        let height = self.standing.height(&by.key);
        let decision = order.decision(now, height, &by.username);
        if let Some(decision) = &decision
            && let Some(text) = self.too_high(decision, &target, height, now)
        {
            return refused(Reason::Rank, text);
        }
        match decision {
            Some(decision) if self.standing.is_so_already(&decision, &target.key, now) => {
                let verdict = Verdict {
                    reason: None,
                    decision,
                    target,
                    by,
                    origin,
                    time: now.time,
                };
                // Nothing changes, so nothing is stored.
                vec![Effect::Send(id, success(&verdict, now))]
            }
            Some(decision) => {
                let pending = PendingVerdict {
                    // A server administrator who appoints somebody before anybody founded the room founds
                    // it, or whoever came next would stand above them.
                    creates: matches!(decision, Decision::Rank(_)),
                    scope: order.scope(),
                    verdict: Verdict {
                        reason: order.reason().cloned(),
                        decision,
                        target,
                        by,
                        origin,
                        time: now.time,
                    },
                };
                vec![Effect::Charge(id, Allowed::Judge(Box::new(pending)))]
            }
            None => vec![for_pace(id, purged(target, by, now.time))],
        }
    }

    /// Why `decision` is not for who stands at `height`, where it would change or lift the verdict of
    /// somebody who stood higher.
    fn too_high(
        &self,
        decision: &Decision,
        target: &Person,
        height: Height,
        now: Moment,
    ) -> Option<String> {
        let before = self.standing.before(decision, &target.key, now)?;
        let (name, authors) = (&target.username, before.height.author());
        let what = match decision {
            Decision::Ban(_) | Decision::Unban => "banned",
            _ => "muted",
        };
        (height > before.height).then(|| {
            format!(
                "{name} was {what} by {authors}: only someone of that rank or higher can change or lift this"
            )
        })
    }

    /// Somebody's account was removed: what they wrote, and what was decided on them, stays.
    pub(super) fn forget(&mut self, key: &str, now: Moment) -> Vec<Effect> {
        self.standing.forget(key);
        self.posted.remove(key);
        let dropped = self.drop_held(Some(key), OPERATOR);
        [self.sign_out(key, None, now), dropped].concat()
    }

    /// Somebody has to show anew who they are, but on a connection that is `kept`.
    pub(super) fn sign_out(
        &mut self,
        key: &str,
        kept: Option<MemberId>,
        now: Moment,
    ) -> Vec<Effect> {
        let mut present = self.connections(key);
        present.retain(|id| Some(*id) != kept);
        let mut effects = vec![Effect::SignOut(present.clone())];
        for id in present {
            effects.extend(self.leave(id, now));
        }
        effects
    }

    /// A verdict is stored, so it takes effect: all at once, before anybody is told.
    pub(super) fn judged(&mut self, id: MemberId, verdict: &Verdict, now: Moment) -> Vec<Effect> {
        // An operator hears what it does to whom stood as they did before.
        let report = (id == NOBODY).then(|| outcome(&self.standing, verdict, now));
        let rank_before = self.standing.rank(&verdict.target.key);
        self.standing.carry_out(verdict);
        let Verdict {
            decision, target, ..
        } = verdict;
        let present = self.connections(&target.key);
        let reason = verdict.reason.clone();
        let mut effects = match decision {
            Decision::Kick => {
                self.expel(present, reason, ServerEvent::Kick, CloseCode::Kicked, now)
            }
            Decision::Ban(ban) => {
                let mut present = present;
                if !ban.networks.is_empty() {
                    present.extend(self.kept_out_by_address(now));
                    present.sort();
                    present.dedup();
                }
                let expelled =
                    self.expel(present, reason, ServerEvent::Ban, CloseCode::Banned, now);
                let dropped = self.drop_held(Some(&target.key), &verdict.by.username);
                [expelled, dropped].concat()
            }
            Decision::Mute(mute) => vec![Effect::Announce(present, muted(mute, None, now))],
            Decision::Unmute => {
                let notice = ServerEvent::Unmute(ModerationNotice::default());
                vec![Effect::Announce(present, notice)]
            }
            Decision::Unban => Vec::new(),
            Decision::Rank(rank) => {
                self.show_rank(&target.key);
                // No event tells of a VIP: only who was a moderator hears that this is over.
                let mut effects = match *rank == Rank::Vip && rank_before > Rank::Moderator {
                    true => Vec::new(),
                    false => {
                        let notice = told(decision)(ModerationNotice::default());
                        vec![Effect::Announce(present, notice)]
                    }
                };
                effects.extend(self.expel_if_banned(&target.key, now));
                effects
            }
        };
        effects.push(match report {
            Some(done) => Effect::Report(Ok(done)),
            None => Effect::Send(id, success(verdict, now)),
        });
        effects.extend(self.tell_audit(Some(verdict.audit_entry())));
        effects
    }

    /// A line is in the audit: tells the moderators who want to know it, by the ranks that the deed
    /// itself left.
    pub(super) fn tell_audit(&mut self, audit_entry: Option<AuditEntry>) -> Option<Effect> {
        let mut entry = audit_entry?;
        entry.id = self.noted.pop_front().map(LineId::shown);
        let entries = vec![entry];
        self.audit_version += 1;
        let audit = Audit {
            entries,
            live: true,
        };
        self.tell_moderators(ServerEvent::Audit(audit))
    }

    /// Gives an event to the moderators who want to know what happens; `None` where there are none.
    pub(super) fn tell_moderators(&self, event: ServerEvent) -> Option<Effect> {
        let listeners = self.audit_listeners.iter().copied();
        let moderators: Vec<MemberId> = listeners.filter(|id| self.is_moderator(*id)).collect();
        (!moderators.is_empty()).then_some(Effect::Announce(moderators, event))
    }

    /// Whether a member is a moderator, or more.
    pub fn is_moderator(&self, id: MemberId) -> bool {
        let member = self.members.get(&id);
        member.is_some_and(|author| author.rank <= Rank::Moderator)
    }

    /// A verdict could not be stored, so nothing happened.
    pub(super) fn not_judged(&self, id: MemberId, verdict: &Verdict) -> Vec<Effect> {
        vec![nothing_done(id, verdict.decision.event())]
    }

    /// An account became a server administrator, or is none any more.
    pub(super) fn administer(&mut self, key: &str, is_admin: bool, now: Moment) -> Vec<Effect> {
        match is_admin {
            true => self.standing.admins.insert(key.to_owned()),
            false => self.standing.admins.remove(key),
        };
        self.show_rank(key);
        self.expel_if_banned(key, now)
    }

    /// The user `key` stands otherwise than before: a ban that was there all along may keep them out now.
    fn expel_if_banned(&mut self, key: &str, now: Moment) -> Vec<Effect> {
        let own = self.standing.ban(key, now);
        let mut kept_out = Vec::new();
        for (id, address) in self.addresses_of(key) {
            let ban = own.or_else(|| self.address_ban(key, &address, now));
            kept_out.extend(ban.map(|ban| (id, ban.reason.clone())));
        }
        let expel =
            |(id, reason)| self.expel(vec![id], reason, ServerEvent::Ban, CloseCode::Banned, now);
        kept_out.into_iter().flat_map(expel).collect()
    }

    /// Everybody sees from now on how the user `key` stands.
    fn show_rank(&mut self, key: &str) {
        let rank = self.standing.rank(key);
        for author in self.members.values_mut() {
            if author.key == key {
                author.rank = rank;
            }
        }
    }

    pub(super) fn expel(
        &mut self,
        ids: Vec<MemberId>,
        reason: Option<String>,
        event: fn(ModerationNotice) -> ServerEvent,
        code: CloseCode,
        now: Moment,
    ) -> Vec<Effect> {
        let notice = event(ModerationNotice {
            message: Some(sentences::DISCONNECTED.to_owned()),
            reason: Some(reason.unwrap_or_default()),
            ..ModerationNotice::default()
        });
        let mut effects = vec![Effect::Expel(ids.clone(), notice, code)];
        for id in ids {
            effects.extend(self.leave(id, now));
        }
        effects
    }

    /// The connections of the user `key`.
    pub fn connections(&self, key: &str) -> Vec<MemberId> {
        let members = self.members.iter();
        let mut found: Vec<MemberId> = members
            .filter(|(_, author)| author.key == key)
            .map(|(id, _)| *id)
            .collect();
        found.sort();
        found
    }
}

/// What somebody is told who is silenced.
pub(super) fn muted(mute: &Sanction, nonce: Option<String>, now: Moment) -> ServerEvent {
    ServerEvent::Mute(ModerationNotice {
        message: None,
        reason: mute.reason.clone(),
        duration: mute.seconds_left(now),
        nonce,
    })
}

/// What is told to the member who spoke a verdict.
fn success(verdict: &Verdict, now: Moment) -> ServerEvent {
    let done = ModerationNotice {
        message: Some(sentences::SUCCESS.to_owned()),
        reason: Some(sentence(verdict, now)),
        ..ModerationNotice::default()
    };
    match &verdict.decision {
        Decision::Rank(Rank::Vip) => ServerEvent::SetVip(done),
        decision => told(decision)(done),
    }
}

/// The entry that takes all messages of somebody out.
pub(super) fn purged(target: Person, by: Author, time: UnixMillis) -> NewEntry {
    let body = EntryBody::Purged(Purged {
        username: target.username,
        key: target.key,
        by,
    });
    NewEntry { time, body }
}

fn told(decision: &Decision) -> fn(ModerationNotice) -> ServerEvent {
    match decision {
        Decision::Kick => ServerEvent::Kick,
        Decision::Ban(_) => ServerEvent::Ban,
        Decision::Unban => ServerEvent::Unban,
        Decision::Mute(_) => ServerEvent::Mute,
        Decision::Unmute => ServerEvent::Unmute,
        // There is no event for an administrator: what one may do, a moderator may, and more.
        Decision::Rank(Rank::Administrator | Rank::Moderator) => ServerEvent::SetMod,
        Decision::Rank(_) => ServerEvent::DelMod,
    }
}

pub(super) fn not_allowed(event: &str, rank: Rank) -> String {
    match rank {
        Rank::Administrator => format!("only administrators of the room can use `{event}`"),
        _ => format!("only moderators of the room can use `{event}`"),
    }
}
