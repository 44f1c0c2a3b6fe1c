//! The rules of moderation: who may act on whom, and what follows once it is stored.

use chat_protocol::{
    Audit, AuditEntry, CloseCode, Code, ModerationNotice, Rank, RoomChange, RoomState, ServerEvent,
    events, sentences,
};

use super::{Effect, MemberId, NOBODY, ReplyTarget, Room, refusal, refuse};
use crate::domain::entry::{
    AccountId, Author, EntryBody, Moment, NewEntry, OPERATOR, Purged, RoomChanged, UnixMillis,
};
use crate::domain::moderation::{Decision, Height, Origin, Person, Sanction, Standing, Verdict};

/// What a moderator asks to be done to somebody.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Order {
    /// Throw them out.
    Kick(Option<String>),
    /// Silence them for so many seconds.
    Mute(u64, Option<String>),
    /// End that.
    Unmute,
    /// Keep them out, for so many seconds or for good.
    Ban(Option<u64>, Option<String>),
    /// Keep them out so, and whoever is at the addresses that they had lately.
    BanWithAddresses(Option<u64>, Option<String>),
    /// End that.
    Unban,
    /// Make them an administrator of the room.
    Crown,
    /// Make them a moderator.
    Appoint,
    /// Make them a VIP.
    Honour,
    /// Make them a user.
    Dismiss,
    /// Delete all their messages.
    Purge,
}

impl Order {
    /// The client event that asks for it.
    pub fn event(&self) -> &'static str {
        match self {
            Order::Kick(_) => events::KICK,
            Order::Mute(..) => events::MUTE,
            Order::Unmute => events::UNMUTE,
            Order::Ban(..) | Order::BanWithAddresses(..) => events::BAN,
            Order::Unban => events::UNBAN,
            Order::Crown => "setAdmin",
            Order::Appoint => events::SET_MOD,
            Order::Honour => events::SET_VIP,
            Order::Dismiss => events::DEL_MOD,
            Order::Purge => events::PURGE,
        }
    }

    /// The lowest standing that may ask for it.
    fn rank(&self) -> Rank {
        match self {
            Order::Crown | Order::Appoint | Order::Honour | Order::Dismiss => Rank::Administrator,
            _ => Rank::Moderator,
        }
    }

    fn decision(&self, now: Moment, height: Height) -> Option<Decision> {
        // What a ban takes along only the store knows, which is asked before the verdict is stored.
        let sanction = |seconds: Option<u64>, reason: &Option<String>| Sanction {
            height,
            ..Sanction::for_seconds(seconds, reason.clone(), now)
        };
        match self {
            Order::Kick(_) => Some(Decision::Kick),
            Order::Mute(seconds, reason) => Some(Decision::Mute(sanction(Some(*seconds), reason))),
            Order::Unmute => Some(Decision::Unmute),
            Order::Ban(seconds, reason) | Order::BanWithAddresses(seconds, reason) => {
                Some(Decision::Ban(sanction(*seconds, reason)))
            }
            Order::Unban => Some(Decision::Unban),
            Order::Crown => Some(Decision::Rank(Rank::Administrator)),
            Order::Appoint => Some(Decision::Rank(Rank::Moderator)),
            Order::Honour => Some(Decision::Rank(Rank::Vip)),
            Order::Dismiss => Some(Decision::Rank(Rank::User)),
            Order::Purge => None,
        }
    }

    fn reason(&self) -> Option<&String> {
        match self {
            Order::Kick(reason) | Order::Mute(_, reason) => reason.as_ref(),
            Order::Ban(_, reason) | Order::BanWithAddresses(_, reason) => reason.as_ref(),
            _ => None,
        }
    }
}

/// An operator's verdict, who stands above all rooms; `None` for what is no verdict on a person.
pub fn operated(order: &Order, target: Person, now: Moment) -> Option<Verdict> {
    Some(Verdict {
        decision: order.decision(now, Height::Server)?,
        reason: order.reason().cloned(),
        target,
        by: operator(),
        origin: Origin::Vouched,
        time: now.time,
    })
}

/// Why an operator's order would do nothing, where it would: most likely it names somebody else than it
/// should, and is not to be taken for done.
pub fn slip(standing: &Standing, order: &Order, target: &Person, now: Moment) -> Option<String> {
    let (name, key) = (&target.username, &target.key);
    let is_admin = standing.admins.contains(key);
    match order {
        Order::Ban(..) | Order::BanWithAddresses(..) if is_admin => Some(format!(
            "{name} is an administrator of this server, whom no ban keeps out: \
             `chat-server admin revoke {name}` ends that"
        )),
        Order::Unban if standing.before(&Decision::Unban, key, now).is_none() => {
            Some(format!("{name} is not banned from this room"))
        }
        Order::Crown | Order::Appoint | Order::Honour if target.is_removed => {
            Some(format!("there is no user {name}: the account was removed"))
        }
        Order::Dismiss if !standing.ranks.contains_key(key) => Some(match is_admin {
            true => format!(
                "{name} is an administrator of this server and has no other rank in this room: \
                 `chat-server admin revoke {name}` ends that"
            ),
            false => format!("{name} is a mere user of this room"),
        }),
        _ => None,
    }
}

/// Who acts where no member does.
pub fn operator() -> Author {
    Author {
        username: OPERATOR.to_owned(),
        key: String::new(),
        account: AccountId::NOBODY,
        display_name: OPERATOR.to_owned(),
        rank: Rank::Administrator,
    }
}

impl Room {
    /// The same as [`slip`], here.
    pub fn slip(&self, order: &Order, target: &Person, now: Moment) -> Option<String> {
        slip(&self.standing, order, target, now)
    }

    /// The same as [`outcome`], here, before it is carried out.
    pub fn outcome(&self, verdict: &Verdict, now: Moment) -> String {
        outcome(&self.standing, verdict, now)
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
        let refused = |code, text: String| vec![refuse(id, order.event(), code, text, None)];
        if by.rank > order.rank() {
            return refused(Code::Forbidden, not_allowed(order.event(), order.rank()));
        }
        // Who was removed gets no rank any more, but may be banned, and purged, by the name.
        let is_rank = order.rank() == Rank::Administrator;
        let Some(target) = target.filter(|target| !(is_rank && target.is_removed)) else {
            return refused(Code::NotFound, "there is no user with this name".to_owned());
        };
        if !self.standing.is_above(&by.key, &target.key) {
            let text = format!("{} has the same rank or higher", target.username);
            return refused(Code::Forbidden, text);
        }
        if matches!(order, Order::Kick(_)) && self.connections(&target.key).is_empty() {
            let text = format!("{} is not in the room", target.username);
            return refused(Code::NotFound, text);
        }
        let by = by.clone();
        let origin = self.standing.origin_by(&by);
        let height = self.standing.height(&by.key);
        let decision = order.decision(now, height);
        if let Some(decision) = &decision
            && let Some(text) = self.too_high(decision, &target, height, now)
        {
            return refused(Code::Forbidden, text);
        }
        match decision {
            Some(decision) => vec![Effect::Judge(
                id,
                Verdict {
                    reason: order.reason().cloned(),
                    decision,
                    target,
                    by,
                    origin,
                    time: now.time,
                },
            )],
            None => {
                let body = EntryBody::Purged(Purged {
                    username: target.username,
                    key: target.key,
                    by,
                });
                let time = now.time;
                vec![Effect::Store(id, NewEntry { time, body })]
            }
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
                "{name} was {what} by {authors}: only who stands as high may change or lift that"
            )
        })
    }

    pub(super) fn clear(&self, id: MemberId, now: UnixMillis) -> Vec<Effect> {
        self.for_moderators(id, events::CLEAR, now, |by| EntryBody::Cleared(by.clone()))
    }

    pub(super) fn change(
        &self,
        id: MemberId,
        change: RoomChange,
        pinned: ReplyTarget,
        now: UnixMillis,
    ) -> Vec<Effect> {
        const EVENT: &str = events::SET_ROOM;
        let effects = self.for_moderators(id, EVENT, now, |by| {
            EntryBody::RoomChanged(RoomChanged {
                what: Some(in_words(&change)),
                modes: changed(&self.modes, change),
                by: by.clone(),
            })
        });
        let is_stored = matches!(effects[..], [Effect::Store(..)]);
        if is_stored && pinned == ReplyTarget::Unknown {
            let text = "there is no message with the id in `pinned`".to_owned();
            return vec![refuse(id, EVENT, Code::NotFound, text, None)];
        }
        effects
    }

    /// The pinned message is gone, by the hand of `by`.
    pub(super) fn unpin(&self, by: Author, now: UnixMillis) -> Vec<Effect> {
        let modes = RoomState {
            pinned: None,
            ..self.modes.clone()
        };
        let what = None;
        let body = EntryBody::RoomChanged(RoomChanged { modes, what, by });
        vec![Effect::Store(NOBODY, NewEntry { time: now, body })]
    }

    /// Somebody's account was removed: what they wrote, and what was decided on them, stays.
    pub(super) fn forget(&mut self, key: &str, now: Moment) -> Vec<Effect> {
        self.standing.forget(key);
        self.posted.remove(key);
        let dropped = self.drop_held(Some(key), OPERATOR);
        [self.sign_out(key, now), dropped].concat()
    }

    /// Somebody has to show anew who they are.
    pub(super) fn sign_out(&mut self, key: &str, now: Moment) -> Vec<Effect> {
        let present = self.connections(key);
        let mut effects = vec![Effect::SignOut(present.clone())];
        for id in present {
            effects.extend(self.leave(id, now));
        }
        effects
    }

    fn for_moderators(
        &self,
        id: MemberId,
        event: &str,
        now: UnixMillis,
        body: impl FnOnce(&Author) -> EntryBody,
    ) -> Vec<Effect> {
        let body = match self.moderator(id, event) {
            Ok(by) => body(by),
            Err(refused) => return refused,
        };
        vec![Effect::Store(id, NewEntry { time: now, body })]
    }

    /// A verdict is stored, so it takes effect: all at once, before anybody is told.
    pub(super) fn judged(&mut self, id: MemberId, verdict: &Verdict, now: Moment) -> Vec<Effect> {
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
                effects.extend(self.hold_against_bans(&target.key, now));
                effects
            }
        };
        let done = ModerationNotice {
            message: Some(sentences::SUCCESS.to_owned()),
            reason: Some(sentence(verdict, now)),
            ..ModerationNotice::default()
        };
        effects.push(Effect::Send(
            id,
            match decision {
                Decision::Rank(Rank::Vip) => ServerEvent::SetVip(done),
                decision => told(decision)(done),
            },
        ));
        effects.extend(self.tell_audit(Some(verdict.audit_entry())));
        effects
    }

    /// A line is in the audit: tells the moderators who want to know it, by the ranks that the deed
    /// itself left.
    pub(super) fn tell_audit(&mut self, audit_entry: Option<AuditEntry>) -> Option<Effect> {
        let entries = vec![audit_entry?];
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

    /// Why a member may not read what moderators did, where it may not.
    pub fn audit_refusal(&self, id: MemberId) -> Option<ServerEvent> {
        const EVENT: &str = events::AUDIT;
        let text = not_allowed(EVENT, Rank::Moderator);
        (!self.is_moderator(id)).then(|| refusal(EVENT, Code::Forbidden, text, None))
    }

    pub(super) fn is_moderator(&self, id: MemberId) -> bool {
        let member = self.members.get(&id);
        member.is_some_and(|author| author.rank <= Rank::Moderator)
    }

    /// A verdict could not be stored, so nothing happened.
    pub(super) fn not_judged(&self, id: MemberId, verdict: &Verdict) -> Vec<Effect> {
        let text = "this could not be stored, so nothing was done: try again".to_owned();
        let event = verdict.decision.event();
        vec![refuse(id, event, Code::Unavailable, text, None)]
    }

    /// An account became a server administrator, or is none any more.
    pub(super) fn administer(&mut self, key: &str, is_admin: bool, now: Moment) -> Vec<Effect> {
        match is_admin {
            true => self.standing.admins.insert(key.to_owned()),
            false => self.standing.admins.remove(key),
        };
        self.show_rank(key);
        self.hold_against_bans(key, now)
    }

    /// The user `key` stands otherwise than before: a ban that was there all along may keep them out now.
    fn hold_against_bans(&mut self, key: &str, now: Moment) -> Vec<Effect> {
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
        Rank::Administrator => format!("`{event}` is for administrators of the room"),
        _ => format!("`{event}` is for moderators of the room"),
    }
}

fn changed(modes: &RoomState, change: RoomChange) -> RoomState {
    RoomState {
        slow_mode: change.slow_mode.unwrap_or(modes.slow_mode),
        members_only: change.members_only.unwrap_or(modes.members_only),
        topic: change.topic.unwrap_or_else(|| modes.topic.clone()),
        pinned: change.pinned.unwrap_or_else(|| modes.pinned.clone()),
        seq: None,
    }
}

/// What `change` asks for, in words: the topic last, which may be any text.
fn in_words(change: &RoomChange) -> String {
    let slow = change.slow_mode.map(|seconds| match seconds {
        0 => "slow mode off".to_owned(),
        seconds => format!("slow mode {seconds} s"),
    });
    let members = change.members_only.map(|is_on| match is_on {
        true => "members only on".to_owned(),
        false => "members only off".to_owned(),
    });
    let pinned = change.pinned.as_ref().map(|pinned| match pinned {
        Some(id) => format!("pinned {id}"),
        None => "nothing pinned".to_owned(),
    });
    let topic = change.topic.as_ref().map(|topic| match topic.as_str() {
        "" => "no topic".to_owned(),
        topic => format!("topic {topic}"),
    });
    let parts = [slow, members, pinned, topic];
    parts.into_iter().flatten().collect::<Vec<_>>().join(", ")
}

/// What was done, in words.
fn sentence(verdict: &Verdict, now: Moment) -> String {
    let name = &verdict.target.username;
    match &verdict.decision {
        Decision::Kick => format!("{name} was kicked"),
        Decision::Ban(ban) => format!("{name} is banned {}{}", ban.span(now), along(ban)),
        Decision::Unban => format!("{name} is no longer banned"),
        Decision::Mute(mute) => format!("{name} is muted {}", mute.span(now)),
        Decision::Unmute => format!("{name} is no longer muted"),
        Decision::Rank(Rank::Administrator) => {
            format!("{name} is an administrator of the room now")
        }
        Decision::Rank(Rank::Moderator) => format!("{name} is a moderator now"),
        Decision::Rank(Rank::Vip) => format!("{name} is a VIP now"),
        Decision::Rank(_) => format!("{name} is no longer a moderator"),
    }
}

/// What an operator's verdict does to whom stood as in `standing` before, in words.
pub fn outcome(standing: &Standing, verdict: &Verdict, now: Moment) -> String {
    let done = sentence(verdict, now);
    let Decision::Rank(rank) = verdict.decision else {
        return done;
    };
    let Person { username, key, .. } = &verdict.target;
    if standing.admins.contains(key) {
        return format!("{done}, but stays above as an administrator of this server");
    }
    let before = standing.ranks.get(key).map(|there| there.rank);
    let lost = match before {
        Some(Rank::Administrator) => "no longer an administrator of the room",
        Some(Rank::Moderator) => "no longer a moderator",
        Some(Rank::Vip) => "no longer a VIP",
        _ => return done,
    };
    match before < Some(rank) {
        true if rank == Rank::User => format!("{username} is {lost}"),
        true => format!("{done}, and {lost}"),
        false => done,
    }
}

fn along(ban: &Sanction) -> String {
    match ban.networks.len() {
        0 => String::new(),
        1 => ", with 1 recent address".to_owned(),
        count => format!(", with {count} recent addresses"),
    }
}
