//! The power fails, again and again: what had not been synced is gone, or a part of it.
//!
//! `kill -9` can't show a missing sync, for the system still has all that was written. So what the
//! server writes and syncs is recorded (`recorder`, `journal`), and after each kill its files are
//! made to look as a disk could after a power loss (`disk` says what is assumed of one). The crowd
//! and the checker are those of `crash_rig`. Three losses by default; `CHAT_POWER_LOSSES=50` for a
//! long run.

mod disk;
mod journal;
mod recorder;

use std::path::PathBuf;

use chat_tests::{RawClient, Server};
use rand::{RngExt, rng};
use serde_json::{Value, json};
use tempfile::TempDir;

use crate::rig::{self, Report, Rig};
use crate::support::whole_log;
use disk::{Disk, Survival};

/// Between a server and its power supply.
struct Supply {
    /// What is there for good: all there was when the server was started.
    disk: Disk,
    journal: PathBuf,
    /// What the server takes for the name of the system's run.
    boot: PathBuf,
    directory: PathBuf,
    _elsewhere: TempDir,
}

impl Supply {
    /// A server whose files are recorded, and what records them; `None` where that can't be had.
    fn start(arguments: &[&str]) -> Option<(Server, Self)> {
        let library = recorder::library()?;
        let elsewhere = TempDir::new().unwrap();
        let [journal, boot] = ["journal", "boot"].map(|name| elsewhere.path().join(name));
        std::fs::write(&boot, "first").unwrap();
        // Neither of these directories is there yet.
        let setup = rig::setup(arguments).with_data("new/data");
        let directory = setup.directory().canonicalize().unwrap();
        let disk = Disk::read(&directory);
        let setup = setup
            .with_environment("LD_PRELOAD", library)
            .with_environment("CHAT_POWER_ROOT", &directory)
            .with_environment("CHAT_POWER_JOURNAL", &journal)
            .with_environment("CHAT_POWER_BOOT", &boot);
        let supply = Self {
            disk,
            journal,
            boot,
            directory,
            _elsewhere: elsewhere,
        };
        Some((Server::start_as(setup), supply))
    }

    /// The server was just killed: makes its files what a power loss at that moment leaves.
    fn fail(&mut self, survival: Survival) {
        self.disk.carry_out(journal::take(&self.journal));
        self.disk.expect_state_of(&self.directory);
        self.disk.lose_power(survival, &mut rng());
        self.disk.write(&self.directory);
        self.disk = Disk::read(&self.directory);
        std::fs::write(&self.boot, format!("{:x}", rng().random::<u64>())).unwrap();
    }
}

/// A run with `losses` power losses. At the first one everything that was not synced is gone; what
/// the others take is chance.
fn run(arguments: &[&str], losses: usize) -> Option<Report> {
    let (server, mut supply) = Supply::start(arguments)?;
    let mut rig = Rig::start(server);
    for number in 0..losses {
        match number > 0 && rng().random_bool(0.3) {
            true => rig.let_in(rng().random_range(1..10)),
            false => rig.acknowledge(rng().random_range(10..300)),
        }
        let mut survival = match number {
            0 => Survival::Nothing,
            _ => Survival::Chance,
        };
        rig.crash(|_| supply.fail(std::mem::replace(&mut survival, Survival::Chance)));
    }
    Some(rig.finish())
}

#[test]
fn nothing_acknowledged_or_shown_is_lost_by_power_losses() {
    let losses = rig::count_from("CHAT_POWER_LOSSES", 3);
    if let Some(report) = run(&[], losses) {
        report.expect_nothing_wrong();
    }
}

/// The same run, with a server that promises less: else the one above would prove nothing. Its
/// database is sound all the same, or it would not have come back.
#[test]
fn relaxed_durability_loses_acknowledged_messages_and_starts_again() {
    let Some(report) = run(&["--durability", "relaxed"], 1) else {
        return;
    };
    let is_loss = |finding: &String| finding.contains("was acknowledged as");
    assert!(report.findings.iter().any(is_loss), "{report:#?}");
}

/// What a server says in its first second holds as well: its directory, its database and its key
/// are new, and so are their names.
#[test]
fn a_new_server_keeps_its_first_word_over_a_power_loss() {
    for _ in 0..rig::count_from("CHAT_POWER_FIRST_STARTS", 2) {
        let Some((mut server, mut supply)) = Supply::start(&[]) else {
            return;
        };
        let mut alice = RawClient::connect(&server);
        let token = alice.auth("alice", "stream")["token"].clone();
        alice.post("first");
        let epoch = epoch_of(&mut alice);
        server.kill();
        supply.fail(Survival::Nothing);
        server.restart();
        let mut alice = RawClient::connect(&server);
        alice.auth_with(json!({ "username": "alice", "token": token, "room": "stream" }));
        assert_eq!(whole_log(&mut alice).len(), 1);
        assert_eq!(epoch_of(&mut alice), epoch);
    }
}

fn epoch_of(client: &mut RawClient) -> Value {
    client.history(json!({}))["epoch"].clone()
}

/// Where the last seconds may be lost, what clients saw of them is not taken for what comes next.
#[test]
fn relaxed_durability_begins_new_epochs_after_a_power_loss_and_not_after_a_kill() {
    let Some((mut server, mut supply)) = Supply::start(&["--durability", "relaxed"]) else {
        return;
    };
    let mut alice = RawClient::join(&server, "alice", "stream");
    alice.post("first");
    let epoch = epoch_of(&mut alice);
    server.kill();
    supply.disk.carry_out(journal::take(&supply.journal));
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_eq!(epoch_of(&mut alice), epoch);
    server.kill();
    supply.fail(Survival::Everything);
    server.restart();
    let mut alice = RawClient::join(&server, "alice", "stream");
    assert_ne!(epoch_of(&mut alice), epoch);
}

/// The power fails at any moment of a server's first start, also where nobody was told anything yet:
/// the next start finds a beginning that it can go on with.
#[test]
fn a_first_start_that_a_power_loss_cut_short_is_no_damage() {
    let Some((mut server, supply)) = Supply::start(&[]) else {
        return;
    };
    RawClient::join(&server, "alice", "stream").post("first");
    server.kill();
    let records = journal::take(&supply.journal);
    let mut start_on = |made: usize, survival| {
        let mut disk = supply.disk.clone();
        disk.carry_out(records[..made].to_vec());
        disk.lose_power(survival, &mut rng());
        disk.write(&supply.directory);
        server.restart();
        server.kill();
        journal::take(&supply.journal);
    };
    for made in 0..=records.len() {
        start_on(made, Survival::Everything);
    }
    for _ in 0..rig::count_from("CHAT_POWER_FIRST_STARTS", 30) {
        start_on(rng().random_range(0..=records.len()), Survival::Chance);
    }
}
