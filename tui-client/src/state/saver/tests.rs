//! What is written, when, and what is said where it can't be.

use std::fs;

use super::super::tests::{Home, drafts, saved};
use super::*;
use crate::warnings;

const PATIENCE: Duration = Duration::from_secs(10);

fn token(text: &str) -> Token {
    Token {
        secret: Secret::new(text),
        expires: 9,
    }
}

#[test]
fn the_newest_is_what_is_kept() {
    let home = Home::new();
    let (warnings, mut said) = warnings::channel();
    let saver = Saver::with_interval(home.begin().session, warnings, Duration::from_secs(60));
    for number in 0..100 {
        saver.save(saved(&number.to_string()));
    }
    saver.keep_token(token("t1"));
    saver.keep_token(token("t2"));
    // What an earlier login was refused must not take the newer one along.
    saver.forget_token(Secret::new("t1"));
    assert!(saver.finish(PATIENCE), "the end waits for no interval");
    let begun = home.begin();
    assert_eq!(drafts(&begun.saved), ["99"]);
    assert_eq!(begun.session.token(0), Ok(Some(token("t2"))));
    assert!(said.try_recv().is_err());
}

#[test]
fn a_token_that_was_just_given_can_be_refused() {
    let mut changes = TokenChanges {
        new: Some(token("t1")),
        ..TokenChanges::default()
    };
    changes.forget(Secret::new("t0"));
    assert_eq!(changes.new, Some(token("t1")));
    changes.forget(Secret::new("t1"));
    assert_eq!(changes.new, None);
    assert_eq!(changes.refused.len(), 2);
}

#[test]
fn what_cannot_be_written_is_said_once_and_written_later() {
    let home = Home::new();
    let session = home.begin().session;
    let (warnings, mut said) = warnings::channel();
    let saver = Saver::with_interval(session, warnings, Duration::ZERO);
    let away = home.0.path().join("away");
    fs::rename(home.folder(), &away).unwrap();
    saver.save(saved("1"));
    let note = said.blocking_recv().unwrap();
    assert!(note.starts_with("can't keep the session in"), "{note}");
    saver.save(saved("2"));
    saver.keep_token(token("t"));
    fs::rename(&away, home.folder()).unwrap();
    saver.save(saved("3"));
    assert!(saver.finish(PATIENCE));
    assert!(said.try_recv().is_err(), "said once");
    assert_eq!(drafts(&home.begin().saved), ["3"]);
}

#[test]
fn an_interval_passes_between_two_files() {
    let home = Home::new();
    let begun = home.begin();
    let path = begun.session.path(1);
    let (warnings, _said) = warnings::channel();
    let saver = Saver::with_interval(begun.session, warnings, Duration::from_secs(3_600));
    saver.save(saved("first"));
    let end = Instant::now() + PATIENCE;
    while !path.exists() {
        assert!(Instant::now() < end, "the first one is written at once");
        thread::yield_now();
    }
    saver.save(saved("second"));
    saver.keep_token(token("t"));
    let tokens = path.with_extension("token");
    while !tokens.exists() {
        assert!(Instant::now() < end, "a token is written at once");
        thread::yield_now();
    }
    let text = fs::read_to_string(&path).unwrap();
    assert!(text.contains("first") && !text.contains("second"));
    assert!(saver.finish(PATIENCE));
    assert!(fs::read_to_string(&path).unwrap().contains("second"));
}
