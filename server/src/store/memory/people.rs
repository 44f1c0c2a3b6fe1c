//! Accounts, how people stand, and which rooms there are, in memory.

use std::collections::HashMap;

use chat_protocol::{Rank, RoomName, Username, skeletons};

use super::log::MemoryLog;
use super::{MemoryStore, State, broken};
use crate::domain::entry::{Moment, UnixMillis};
use crate::domain::moderation::{Origin, Person, Sanction, Standing, Verdicts};
use crate::store::accounts::{Account, Accounts, Admission, Admitted, Creation, new_logins};
use crate::store::rooms::{Beginning, Founder, RoomDirectory};
use crate::store::standing::Standings;
use crate::store::{Part, StoreError};

impl State {
    fn change_account(&mut self, username: &Username, change: impl FnOnce(&mut Account)) -> bool {
        let account = self.accounts.get_mut(username.key());
        let account = account.filter(|account| account.removed.is_none());
        account.map(change).is_some()
    }

    pub(super) fn check_same(
        &self,
        person: &Person,
        is_to_be_there: bool,
    ) -> Result<(), StoreError> {
        let account = self.accounts.get(&person.key);
        let is_same = |account: &&Account| {
            account.id == person.account && (account.removed.is_none() || !is_to_be_there)
        };
        account
            .filter(is_same)
            .map(drop)
            .ok_or_else(|| broken(Part::Standing))
    }

    fn looks_like_another(&self, account: &Account) -> bool {
        let theirs = skeletons(&account.username, &account.key);
        let is_above_users = |other: &Account| {
            let mut standings = self.standings.values();
            self.admins.contains(&other.key)
                || standings.any(|standing| standing.rank(&other.key) < Rank::User)
        };
        self.accounts.values().any(|other| {
            let is_told_apart =
                !account.username.is_ascii() || !other.username.is_ascii() || is_above_users(other);
            let looks = skeletons(&other.username, &other.key);
            other.key != account.key
                && is_told_apart
                && looks.iter().any(|look| theirs.contains(look))
        })
    }

    fn admit(&mut self, admission: Admission) -> Admitted {
        let Admission {
            account,
            is_new,
            room,
        } = admission;
        match self.accounts.get(&account.key) {
            Some(_) if is_new => return Admitted::NameTaken,
            Some(known)
                if known.removed.is_none()
                    && known.id == account.id
                    && known.logins == account.logins => {}
            None if is_new && self.looks_like_another(&account) => {
                return Admitted::LooksLikeAnother;
            }
            None if is_new => drop(self.accounts.insert(account.key.clone(), account.clone())),
            _ => return Admitted::SignedOut,
        }
        if let Some(room) = room {
            self.begin(&room, Some(&account.key));
        }
        Admitted::Done
    }

    pub(super) fn begin(&mut self, beginning: &Beginning, account: Option<&str>) -> bool {
        let Beginning {
            room,
            epoch,
            founder,
            time,
        } = beginning;
        let log = self.logs.entry(room.clone());
        log.or_insert_with(|| MemoryLog::new(epoch.clone()));
        if *founder == Founder::Nobody {
            return true;
        }
        if self.founded.contains_key(room) {
            return false;
        }
        let by_operator = *founder == Founder::Operator;
        self.founded.insert(room.clone(), (*time, by_operator));
        if let Some(account) = account {
            let standing = self.standings.entry(room.clone()).or_default();
            standing.found(account);
        }
        true
    }

    fn is_idle(&self, room: &RoomName, before: UnixMillis, now: UnixMillis) -> bool {
        let is_old =
            |(founded, by_operator): &(UnixMillis, bool)| *founded < before && !by_operator;
        let is_silent = |log: &MemoryLog| {
            log.trimmed == log.entries.len() && log.modes == chat_protocol::RoomState::default()
        };
        let holds = |sanction: &Sanction| sanction.until.is_none_or(|until| until > now);
        let is_undecided = |standing: &Standing| {
            let mut ranks = standing.ranks.values();
            ranks.all(|there| there.origin == Origin::Founded)
                && !standing
                    .bans
                    .values()
                    .chain(standing.mutes.values())
                    .any(holds)
        };
        self.founded.get(room).is_some_and(is_old)
            && self.logs.get(room).is_none_or(is_silent)
            && self.standings.get(room).is_none_or(is_undecided)
            && self.filters.get(room).is_none_or(Vec::is_empty)
            && !self.held.iter().any(|(there, _)| there == room)
    }

    fn forget_room(&mut self, room: &RoomName) {
        self.standings.remove(room);
        self.filters.remove(room);
        self.forget_held(room, None);
        self.audit.retain(|line| line.room != room.as_str());
        self.founded.remove(room);
    }
}

#[async_trait::async_trait]
impl Accounts for MemoryStore {
    async fn find(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        let known = self.known(username).await?;
        Ok(known.filter(|account| account.removed.is_none()))
    }

    async fn known(&self, username: &Username) -> Result<Option<Account>, StoreError> {
        self.read(Part::Accounts, |state| {
            state.accounts.get(username.key()).cloned()
        })
    }

    async fn create(&self, account: Account) -> Result<Creation, StoreError> {
        self.write(Part::Accounts, |state| {
            let known = state.accounts.get(&account.key);
            if let Some(there) = known.filter(|known| known.removed.is_none()) {
                return Ok(Creation::Exists(there.clone()));
            }
            state.accounts.insert(account.key.clone(), account.clone());
            Ok(Creation::Created(account))
        })
    }

    async fn admit(&self, admission: Admission) -> Result<Admitted, StoreError> {
        self.write(Part::Accounts, |state| Ok(state.admit(admission)))
    }

    async fn set_password(
        &self,
        username: &Username,
        password_hash: &str,
    ) -> Result<bool, StoreError> {
        let logins = new_logins()?;
        self.write(Part::Accounts, |state| {
            Ok(state.change_account(username, |account| {
                account.password_hash = password_hash.to_owned();
                account.logins = logins;
            }))
        })
    }

    async fn change_password(
        &self,
        account: &Account,
        password_hash: &str,
    ) -> Result<Option<Account>, StoreError> {
        let logins = new_logins()?;
        self.write(Part::Accounts, |state| {
            let known = state.accounts.get_mut(&account.key);
            let is_same = |known: &&mut Account| {
                known.removed.is_none()
                    && (known.id, &known.logins) == (account.id, &account.logins)
            };
            Ok(known.filter(is_same).map(|known| {
                known.password_hash = password_hash.to_owned();
                known.logins = logins;
                known.clone()
            }))
        })
    }

    async fn sign_out(&self, username: &Username) -> Result<bool, StoreError> {
        let logins = new_logins()?;
        self.write(Part::Accounts, |state| {
            Ok(state.change_account(username, |account| account.logins = logins))
        })
    }

    async fn renew_hash(&self, account: &Account, password_hash: &str) -> Result<(), StoreError> {
        self.write(Part::Accounts, |state| {
            let known = state.accounts.get_mut(&account.key);
            if let Some(known) = known
                && known.password_hash == account.password_hash
            {
                known.password_hash = password_hash.to_owned();
            }
            Ok(())
        })
    }

    async fn remove(&self, username: &Username, now: UnixMillis) -> Result<bool, StoreError> {
        let logins = new_logins()?;
        self.write(Part::Accounts, |state| {
            let is_done = state.change_account(username, |account| {
                account.password_hash.clear();
                account.logins = logins;
                account.removed = Some(now);
            });
            if is_done {
                let key = username.key();
                state.admins.retain(|admin| admin != key);
                state.arrivals.retain(|(owner, ..)| owner != key);
                state
                    .held
                    .retain(|(_, held)| held.waiting.author.key != key);
                for standing in state.standings.values_mut() {
                    standing.forget(key);
                }
            }
            Ok(is_done)
        })
    }

    async fn list(&self) -> Result<Vec<Account>, StoreError> {
        self.read(Part::Accounts, |state| {
            state.accounts.values().cloned().collect()
        })
    }

    async fn names_of(&self, keys: Vec<String>) -> Result<HashMap<String, String>, StoreError> {
        self.read(Part::Accounts, |state| {
            let found = keys.iter().filter_map(|key| state.accounts.get(key));
            found
                .map(|account| (account.key.clone(), account.username.clone()))
                .collect()
        })
    }
}

#[async_trait::async_trait]
impl RoomDirectory for MemoryStore {
    async fn is_founded(&self, room: &RoomName) -> Result<bool, StoreError> {
        self.read(Part::Rooms, |state| state.founded.contains_key(room))
    }

    async fn room_called(&self, spelled: &RoomName) -> Result<RoomName, StoreError> {
        self.read(Part::Rooms, |state| {
            let plain = spelled.plain();
            let mut names = state.logs.keys().chain(state.founded.keys());
            let is_there =
                |room: &RoomName| state.logs.contains_key(room) || state.founded.contains_key(room);
            match (is_there(spelled), is_there(&plain)) {
                (true, _) => spelled.clone(),
                (false, true) => plain,
                (false, false) => {
                    let same = names.find(|name| name.plain() == plain);
                    same.unwrap_or(&plain).clone()
                }
            }
        })
    }

    async fn known_rooms(&self) -> Result<Vec<String>, StoreError> {
        self.read(Part::Rooms, |state| {
            let rooms = state.founded.keys().chain(state.logs.keys());
            let rooms = rooms
                .chain(state.standings.keys())
                .chain(state.filters.keys());
            let mut names: Vec<String> = rooms.map(|room| room.as_str().to_owned()).collect();
            names.sort();
            names.dedup();
            names
        })
    }

    async fn idle_rooms(
        &self,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<Vec<RoomName>, StoreError> {
        self.read(Part::Rooms, |state| {
            let rooms = state.founded.keys();
            let idle = rooms.filter(|room| state.is_idle(room, before, now));
            idle.cloned().collect()
        })
    }

    async fn forget_idle_room(
        &self,
        room: &RoomName,
        before: UnixMillis,
        now: UnixMillis,
    ) -> Result<bool, StoreError> {
        self.write(Part::Rooms, |state| {
            let is_idle = state.is_idle(room, before, now);
            if is_idle {
                state.logs.remove(room);
                state.forget_room(room);
            }
            Ok(is_idle)
        })
    }

    async fn forget_room(&self, room: &RoomName) -> Result<(), StoreError> {
        self.write(Part::Rooms, |state| {
            state.forget_room(room);
            Ok(())
        })
    }
}

#[async_trait::async_trait]
impl Standings for MemoryStore {
    async fn load(&self, room: &RoomName, now: Moment) -> Result<Standing, StoreError> {
        self.read(Part::Standing, |state| {
            let stored = state.standings.get(room).cloned().unwrap_or_default();
            let mut standing = Standing {
                is_founded: state.founded.contains_key(room),
                admins: state.admins.iter().cloned().collect(),
                ranks: stored.ranks,
                ..Standing::default()
            };
            let bans = stored.bans.into_iter().filter(|(_, ban)| ban.holds(now));
            bans.for_each(|(key, ban)| standing.keep_out(key, ban));
            let mutes = stored.mutes.into_iter();
            standing.mutes = mutes.filter(|(_, mute)| mute.holds(now)).collect();
            standing
        })
    }

    async fn administer(
        &self,
        person: &Person,
        is_admin: bool,
        now: UnixMillis,
    ) -> Result<(), StoreError> {
        self.write(Part::Standing, |state| {
            state.check_same(person, true)?;
            state.admins.retain(|admin| *admin != person.key);
            if is_admin {
                state.admins.push(person.key.clone());
                state.admins.sort();
            }
            let action = match is_admin {
                true => "grantAdmin",
                false => "revokeAdmin",
            };
            state.note(action, person.username.clone(), None, now);
            Ok(())
        })
    }

    async fn administrators(&self) -> Result<Vec<String>, StoreError> {
        self.read(Part::Standing, |state| {
            let accounts = state
                .admins
                .iter()
                .filter_map(|key| state.accounts.get(key));
            accounts.map(|account| account.username.clone()).collect()
        })
    }

    async fn verdicts_on(&self, key: &str, now: UnixMillis) -> Result<Verdicts, StoreError> {
        self.read(Part::Standing, |state| {
            let holds = |sanction: Option<&Sanction>| {
                sanction.is_some_and(|one| one.until.is_none_or(|until| until > now))
            };
            let mut verdicts = Verdicts::default();
            for (room, standing) in &state.standings {
                if holds(standing.bans.get(key)) {
                    verdicts.banned.push(room.as_str().to_owned());
                }
                if holds(standing.mutes.get(key)) {
                    verdicts.muted.push(room.as_str().to_owned());
                }
            }
            verdicts
        })
    }
}
