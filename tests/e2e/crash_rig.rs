//! A crowd in several rooms, while the server is killed and its database hindered again and again.
//!
//! Afterwards: every acknowledged message is in the log exactly once, a refused one is not, whatever
//! was shown is in the log as it was shown, every reader's stream is the log without hole or double.
//! A few kills by default; `CHAT_CRASH_KILLS=50` for a long run.

use chat_tests::Server;
use rand::{RngExt, rng};
use rusqlite::Connection;

use crate::rig::{self, Rig};
use crate::support::{eventually, is_well};

#[test]
fn nothing_acknowledged_or_shown_is_lost_or_doubled_by_kills() {
    let kills = rig::count_from("CHAT_CRASH_KILLS", 4);
    let server = Server::start_as(rig::setup(&[]).outliving_file_limit());
    let mut rig = Rig::start(server);
    for number in 1..=kills {
        // Straight after the first have come back, or in full swing.
        match rng().random_bool(0.3) {
            true => rig.let_in(rng().random_range(1..10)),
            false => rig.acknowledge(rng().random_range(10..600)),
        }
        match number % 8 {
            2 => fill_disk(&rig, 4096),
            3 => lock_database(&rig),
            5 => fill_disk(&rig, end_of_log(&rig.server)),
            // Long runs only: it keeps all processors busy for some seconds.
            6 => rig.drop_somebody(),
            _ => {}
        }
        rig.crash(|_| {});
    }
    rig.finish().expect_nothing_wrong();
}

/// Bytes of the file that everything is written to first, as far as it is in use: what follows is
/// zeros, or from before the file was begun anew (SQLite's file format, section 4.1).
fn end_of_log(server: &Server) -> u64 {
    let log = std::fs::read(server.database().with_extension("db-wal")).unwrap();
    let (header, frames) = log.split_at(32);
    let salts = &header[16..24];
    let in_use = frames
        .chunks(24 + 4096)
        .take_while(|frame| frame.get(8..16) == Some(salts));
    (header.len() + in_use.map(<[u8]>::len).sum::<usize>()) as u64
}

/// No file may grow beyond `bytes` for a while. Sometimes that is still so when the server is killed.
fn fill_disk(rig: &Rig, bytes: u64) {
    rig.server.limit_files(Some(bytes));
    rig.be_refused(20);
    if bytes == 4096 {
        // Not even a single page can be stored.
        nobody_is_told_anything(rig, 20);
    }
    eventually(|| (!is_well(&rig.server)).then_some(()));
    if rng().random_bool(0.3) {
        return;
    }
    rig.server.limit_files(None);
    recover(rig);
}

/// Another process writes to the database and takes its time.
fn lock_database(rig: &Rig) {
    let connection = Connection::open(rig.server.database()).unwrap();
    connection.execute_batch("BEGIN IMMEDIATE").unwrap();
    rig.be_refused(1);
    nobody_is_told_anything(rig, 1);
    assert!(!is_well(&rig.server));
    connection.execute_batch("ROLLBACK").unwrap();
    recover(rig);
}

/// As soon as everybody has read what was stored before, there are refusals and nothing else.
fn nobody_is_told_anything(rig: &Rig, refusals: usize) {
    eventually(|| {
        let before = rig.run.figures().acknowledged;
        rig.be_refused(refusals);
        (rig.run.figures().acknowledged == before).then_some(())
    });
}

/// The server takes messages again by itself, and says so.
fn recover(rig: &Rig) {
    rig.acknowledge(50);
    eventually(|| is_well(&rig.server).then_some(()));
}
