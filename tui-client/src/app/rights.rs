//! What rank an action takes, whichever way it is asked for: by a letter, a typed command, Tab, the
//! palette, the help or a hint. The server decides in the end; here is what is offered at all.

use chat_protocol::Rank;

use super::App;
use super::target::Target;
use crate::command;
use crate::keymap::{Action, SelectedAction};

/// Commands that change who may do what.
const APPOINTING: [&str; 4] = ["mod", "unmod", "vip", "unvip"];
/// Commands among those for moderation that are everybody's, for what is their own.
const EVERYBODYS: [&str; 1] = ["delete"];

/// The lowest rank that may use a command, by its name in lower case.
fn for_command(name: &str) -> Rank {
    let is_moderation = command::MODERATION.iter().any(|(known, ..)| *known == name);
    match name {
        name if APPOINTING.contains(&name) => Rank::Administrator,
        name if is_moderation && !EVERYBODYS.contains(&name) => Rank::Moderator,
        _ => Rank::User,
    }
}

/// The same for a letter while something is picked: that of the command which does it.
fn for_letter(action: SelectedAction) -> Rank {
    match action {
        SelectedAction::TimeOut => for_command("mute"),
        SelectedAction::Ban => for_command("ban"),
        SelectedAction::Kick => for_command("kick"),
        SelectedAction::Pin => for_command("pin"),
        SelectedAction::Approve => for_command("allow"),
        SelectedAction::Deny => for_command("deny"),
        // One's own messages; of others' it is a purge.
        SelectedAction::Delete => for_command("delete"),
        // What was deleted stays with moderators, and who sent the same is nobody else's business.
        SelectedAction::ViewDeleted | SelectedAction::LikeIt => for_command("purge"),
        SelectedAction::Reply
        | SelectedAction::Copy
        | SelectedAction::Card
        | SelectedAction::Thread
        | SelectedAction::Mark
        | SelectedAction::Edit
        | SelectedAction::Open => Rank::User,
    }
}

impl App {
    /// True where this user keeps the room in view in order.
    pub(crate) fn is_moderator(&self) -> bool {
        self.has(Rank::Moderator)
    }

    /// The commands that the user may use in this room, with what follows each and what it does; one may
    /// be there several times, one behind the other.
    pub(crate) fn commands(
        &self,
    ) -> impl Iterator<Item = (&'static str, &'static str, &'static str)> {
        command::all().filter(|(name, ..)| self.may_use(name))
    }

    /// True for commands that the user may use in this room.
    pub(crate) fn may_use(&self, name: &str) -> bool {
        match name {
            // What was done in another room is taken back from here as well.
            "undo" => self.is_moderator() || !self.undos.is_empty(),
            name => self.has(for_command(name)),
        }
    }

    /// True for letters that the user may press in this room.
    pub(crate) fn may_press(&self, action: SelectedAction) -> bool {
        self.has(for_letter(action))
    }

    /// True for keys that do something for this user in this room.
    pub(crate) fn may_act(&self, action: &Action) -> bool {
        match action {
            Action::Held => self.may_use("held"),
            Action::TakeBack => self.may_use("undo"),
            _ => true,
        }
    }

    /// True where what is picked is this user's to delete: the messages, or all of a person's in a panel.
    pub(crate) fn may_delete_picked(&self) -> bool {
        let is_own = |target: &Target| target.username.key() == self.key;
        let is_message = self.panel.is_none();
        self.may_use("purge") || is_message && self.picked_targets().iter().all(is_own)
    }

    /// Why the command that `text` begins with is not for this user here; `None` where it is, and where
    /// nobody knows: what somebody may do is told by the server that lets them in.
    pub(crate) fn forbidden(&self, text: &str) -> Option<String> {
        let name = command::name(text)?.to_ascii_lowercase();
        let least = for_command(&name);
        let is_forbidden = self.room().is_live() && !self.has(least);
        is_forbidden.then(|| format!("/{name}: {}", only(least)))
    }

    /// The same for a letter: says why not.
    pub(super) fn check_letter(&mut self, action: SelectedAction) -> bool {
        self.check(for_letter(action))
    }

    /// The same for a key.
    pub(super) fn check_action(&mut self, action: &Action) -> bool {
        let may = self.may_act(action);
        if !may {
            self.hint(only(Rank::Moderator));
        }
        may
    }

    /// The same for what others wrote.
    pub(super) fn check_purge(&mut self) -> bool {
        self.check(for_command("purge"))
    }

    fn check(&mut self, least: Rank) -> bool {
        let may = self.has(least);
        if !may {
            self.hint(only(least));
        }
        may
    }

    fn has(&self, least: Rank) -> bool {
        self.room().rank <= least
    }
}

/// What rank it takes.
fn only(least: Rank) -> &'static str {
    match least {
        Rank::Administrator => "only administrators can do that here",
        Rank::Moderator => "only moderators can do that here",
        Rank::Vip => "only VIPs can do that here",
        Rank::User => "you can't do that here",
    }
}
