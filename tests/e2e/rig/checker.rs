//! What must hold at the end of a run: what anybody was shown is in the log, and everybody got it
//! exactly once and in order.
//!
//! Pure: the log and what writers and readers testify come in, findings go out.

use std::collections::{HashMap, HashSet};
use std::hash::{DefaultHasher, Hash, Hasher};

use serde_json::Value;

use super::reader::Followed;
use super::run::THE_END;
use super::writer::{Fate, Written};

/// An entry as it is stored.
#[derive(Clone, Debug)]
pub(super) struct LogEntry {
    pub(super) seq: u64,
    pub(super) digest: u64,
    /// The first word of what it says: its nonce.
    pub(super) nonce: String,
}

impl LogEntry {
    /// From an entry of `history`.
    pub(super) fn of(entry: &Value) -> Self {
        let data = &entry["data"];
        let content = data["content"].as_str().unwrap_or_default();
        Self {
            seq: data["seq"].as_u64().unwrap_or_default(),
            digest: digest(entry["event"].as_str().unwrap_or_default(), data),
            nonce: match content {
                THE_END => content.to_owned(),
                _ => content.split(' ').next().unwrap_or_default().to_owned(),
            },
        }
    }
}

/// What stands for an event: a run has too many of them to keep. The nonce is for its sender alone
/// and left out.
pub(super) fn digest(event: &str, data: &Value) -> u64 {
    let mut data = data.clone();
    if let Some(members) = data.as_object_mut() {
        members.remove("nonce");
    }
    let mut hasher = DefaultHasher::new();
    (event, data.to_string()).hash(&mut hasher);
    hasher.finish()
}

/// What those in a room say.
pub(super) struct Testimony<'a> {
    pub(super) written: Vec<&'a Written>,
    pub(super) followed: Vec<&'a Followed>,
}

/// All that is wrong with a room.
pub(super) fn check(log: &[LogEntry], testimony: &Testimony<'_>) -> Vec<String> {
    let mut findings = Vec::new();
    for (entry, expected) in log.iter().zip(1..) {
        if entry.seq != expected {
            findings.push(format!("the log has {} in place {expected}", entry.seq));
            break;
        }
    }
    let places = places(log);
    for written in &testimony.written {
        check_seen(log, written, &mut findings);
        check_fates(&places, written, &mut findings);
    }
    for followed in &testimony.followed {
        check_followed(log, followed, &mut findings);
    }
    check_authors(&places, testimony, &mut findings);
    findings
}

type Places<'a> = HashMap<&'a str, Vec<u64>>;

fn places(log: &[LogEntry]) -> Places<'_> {
    let mut places = Places::new();
    for entry in log {
        places.entry(&entry.nonce).or_default().push(entry.seq);
    }
    places
}

/// The entry with this position, where the log is in order.
fn stored(log: &[LogEntry], seq: u64) -> Option<u64> {
    let index = usize::try_from(seq.checked_sub(1)?).ok()?;
    Some(log.get(index)?.digest)
}

fn check_seen(log: &[LogEntry], written: &Written, findings: &mut Vec<String>) {
    let user = &written.user;
    for (seq, digest) in &written.seen {
        if stored(log, *seq) != Some(*digest) {
            findings.push(format!("{user} was shown {seq}, which is not in the log"));
        }
    }
}

fn check_fates(places: &Places<'_>, written: &Written, findings: &mut Vec<String>) {
    for (nonce, fate) in &written.fates {
        let found = places.get(nonce.as_str()).map_or(&[][..], Vec::as_slice);
        match fate {
            Fate::Acknowledged(seq) if found != [*seq] => findings.push(format!(
                "{nonce} was acknowledged as {seq}, and is in the log at {found:?}"
            )),
            Fate::Refused if !found.is_empty() => findings.push(format!(
                "{nonce} was refused, and is in the log at {found:?}"
            )),
            _ => {}
        }
    }
}

fn check_followed(log: &[LogEntry], followed: &Followed, findings: &mut Vec<String>) {
    let Followed { user, shown, .. } = followed;
    for (digest, seq) in shown.iter().zip(1..) {
        if stored(log, seq) != Some(*digest) {
            findings.push(format!("{user} was shown {seq}, which is not in the log"));
        }
    }
    if shown.len() < log.len() && !followed.gave_up {
        let (has, should) = (shown.len(), log.len());
        findings.push(format!("{user} was shown {has} entries of {should}"));
    }
}

/// Nothing is in the log that nobody said.
fn check_authors(places: &Places<'_>, testimony: &Testimony<'_>, findings: &mut Vec<String>) {
    let mut known: HashSet<&str> = HashSet::from([THE_END]);
    for written in &testimony.written {
        known.extend(written.fates.iter().map(|(nonce, _)| nonce.as_str()));
    }
    for (nonce, places) in places {
        if !known.contains(nonce) {
            findings.push(format!("nobody said `{nonce}`, at {places:?}"));
        }
    }
}

#[cfg(test)]
mod tests;
