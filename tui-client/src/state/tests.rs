//! What is kept, for whom, and what becomes of it when several clients run, files are damaged, or the
//! folder can't be used.

use std::os::unix::fs::PermissionsExt;

use chat_protocol::{Epoch, MessageId, RoomName, Secret, Seq};
use tempfile::TempDir;

use super::*;
use crate::session_state::{ReadMark, SavedDraft, SavedMention, SavedRoom};

const URL: &str = "wss://chat.example.org";

pub(super) struct Home(pub(super) TempDir);

impl Home {
    pub(super) fn new() -> Self {
        Self(tempfile::tempdir().unwrap())
    }

    pub(super) fn folder(&self) -> PathBuf {
        self.0.path().join("state/chat-tui")
    }

    pub(super) fn begin_as(&self, url: &str, user: &str) -> Begun {
        let store = Store::open(self.folder()).unwrap();
        let username = Username::new(user).unwrap();
        store
            .begin(&ServerUrl::new(url).unwrap(), &username)
            .unwrap()
    }

    pub(super) fn begin(&self) -> Begun {
        self.begin_as(URL, "alice")
    }

    /// As by somebody who was let in.
    fn sign_in_as(&self, url: &str, user: &str) {
        self.begin_as(url, user).session.remember_as_last().unwrap();
    }

    fn recent(&self) -> Vec<String> {
        let (recent, note) = Store::open(self.folder()).unwrap().recent();
        assert_eq!(note, None);
        let words = recent
            .iter()
            .map(|one| format!("{} {}", one.server, one.username));
        words.collect()
    }
}

pub(super) fn saved(draft: &str) -> SavedSession {
    let name = RoomName::new("stream1").unwrap();
    let room = SavedRoom {
        read: Some(ReadMark {
            epoch: Epoch::new("e1").unwrap(),
            seq: Seq(41),
            time: 1_795_477_200_405,
        }),
        mentions: vec![SavedMention {
            id: MessageId::new("e1-40").unwrap(),
            seq: Seq(40),
            author: "bob".to_owned(),
            time: 1_795_477_200_400,
        }],
        drafts: vec![SavedDraft {
            text: draft.to_owned(),
            cursor: draft.len() / 2,
            reply: Some((
                MessageId::new("e1-7").unwrap(),
                "bob".to_owned(),
                "what".to_owned(),
            )),
        }],
        ..SavedRoom::new(name.clone(), true)
    };
    let left = SavedRoom::new(RoomName::new("éà/../x\u{200d}").unwrap(), false);
    SavedSession {
        rooms: vec![room, left],
        active: Some(name),
        ignored: vec!["mallory".to_owned()],
    }
}

pub(super) fn drafts(saved: &SavedSession) -> Vec<&str> {
    let drafts = saved.rooms[0].drafts.iter();
    drafts.map(|draft| &*draft.text).collect()
}

fn token(text: &str, expires: u64) -> Token {
    Token {
        secret: Secret::new(text),
        expires,
    }
}

#[test]
fn a_session_comes_back_as_it_was() {
    let home = Home::new();
    let begun = home.begin();
    assert_eq!(begun.saved, SavedSession::default());
    let kept = saved("half a\nsentence \u{1b}[31m");
    begun.session.save(&kept).unwrap();
    drop(begun);
    let begun = home.begin();
    assert_eq!((begun.saved, begun.notes), (kept, Vec::<String>::new()));
    // Spelt otherwise, it is the same.
    let begun_again = home.begin_as("wss://CHAT.example.org:443/", "ALICE");
    assert_eq!(begun_again.session.number, 2, "one client runs already");
}

#[test]
fn nobody_else_can_read_it() {
    let home = Home::new();
    let begun = home.begin();
    begun.session.save(&saved("x")).unwrap();
    begun.session.keep_token(&token("t", 9)).unwrap();
    begun.session.remember_as_last().unwrap();
    let mode = |path: &Path| fs::metadata(path).unwrap().permissions().mode() & 0o777;
    assert_eq!(mode(&home.folder()), 0o700);
    let files: Vec<_> = fs::read_dir(home.folder()).unwrap().flatten().collect();
    assert!(files.len() >= 4, "{files:?}");
    for file in files {
        assert_eq!(mode(&file.path()), 0o600, "{file:?}");
    }
}

#[test]
fn sessions_of_others_are_apart() {
    let home = Home::new();
    home.begin().session.save(&saved("mine")).unwrap();
    for (url, user) in [
        (URL, "bob"),
        ("ws://chat.example.org", "alice"),
        ("wss://chat.example.org:444", "alice"),
        ("wss://chat.example.org/ws", "alice"),
    ] {
        let begun = home.begin_as(url, user);
        assert_eq!(begun.saved, SavedSession::default(), "{url} {user}");
        begun.session.remember_as_last().unwrap();
    }
    let newest = home.recent();
    assert_eq!(newest[0], "wss://chat.example.org:443/ws alice");
    assert_eq!(newest.len(), 4);
    home.begin();
    assert_eq!(home.recent(), newest, "nobody was let in");
    home.sign_in_as(URL, "alice");
    assert_eq!(home.recent()[0], "wss://chat.example.org:443/ alice");
    home.sign_in_as(URL, "bob");
    assert_eq!(home.recent()[0], "wss://chat.example.org:443/ bob");
    assert_eq!(home.recent().len(), 5);
}

#[test]
fn a_token_goes_to_the_server_that_gave_it_and_to_nobody_else() {
    let home = Home::new();
    let begun = home.begin();
    assert_eq!(begun.session.token(0), Ok(None));
    begun.session.keep_token(&token("secret-1", 1_000)).unwrap();
    assert_eq!(begun.session.token(999), Ok(Some(token("secret-1", 1_000))));
    assert_eq!(begun.session.token(1_000), Ok(None), "its time is over");
    for (url, user) in [
        (URL, "bob"),
        ("ws://chat.example.org", "alice"),
        ("ws://chat.example.org:443", "alice"),
        ("wss://chat.example.org:8443", "alice"),
        ("wss://chat.example.com", "alice"),
        ("wss://chat.example.org/other", "alice"),
    ] {
        let other = home.begin_as(url, user).session;
        assert_eq!(other.token(0), Ok(None), "{url} {user}");
        // Even where its file comes to lie at another's place.
        fs::copy(begun.session.token_path(), other.token_path()).unwrap();
        let note = other.token(0).unwrap_err();
        assert!(note.contains("belongs to another server or user"), "{note}");
        assert!(!note.contains("secret-1"));
    }
    assert_eq!(begun.session.token(0), Ok(Some(token("secret-1", 1_000))));
}

#[test]
fn a_refused_token_goes_and_a_newer_one_stays() {
    let home = Home::new();
    let session = home.begin().session;
    session.forget_token(&Secret::new("none")).unwrap();
    session.keep_token(&token("new", 9)).unwrap();
    session.forget_token(&Secret::new("old")).unwrap();
    assert_eq!(session.token(0), Ok(Some(token("new", 9))));
    session.forget_token(&Secret::new("new")).unwrap();
    assert_eq!(session.token(0), Ok(None));
    assert!(!session.token_path().exists());
}

#[test]
fn two_clients_at_once_keep_both_their_drafts() {
    let home = Home::new();
    let first = home.begin();
    let second = home.begin();
    first.session.save(&saved("first")).unwrap();
    second.session.save(&saved("second")).unwrap();
    first.session.save(&saved("first, longer")).unwrap();
    // The second one ends, and another one begins while the first one runs.
    drop(second);
    let second = home.begin();
    assert_eq!(second.session.number, 2);
    assert_eq!(drafts(&second.saved), ["second"]);
    drop((first, second));
    let alone = home.begin();
    assert_eq!(drafts(&alone.saved), ["second", "first, longer"]);
    drop(alone);
    // Taken over once, and kept.
    let again = home.begin();
    assert_eq!(drafts(&again.saved), ["second", "first, longer"]);
}

#[test]
fn more_clients_than_that_keep_nothing() {
    let home = Home::new();
    let running: Vec<_> = (0..CLIENTS).map(|_| home.begin()).collect();
    let store = Store::open(home.folder()).unwrap();
    let username = Username::new("alice").unwrap();
    let error = store.begin(&ServerUrl::new(URL).unwrap(), &username);
    assert!(matches!(error, Err(StateError::Clients)));
    drop(running);
    assert_eq!(home.begin().session.number, 1);
}

#[test]
fn what_cannot_be_read_is_put_aside_and_said() {
    let home = Home::new();
    let path = {
        let session = home.begin().session;
        session.path(session.number)
    };
    let good = {
        home.begin().session.save(&saved("x")).unwrap();
        fs::read_to_string(&path).unwrap()
    };
    // Each has a place of its own, as long as there are few; what was put aside stays.
    let aside = |number: u32| {
        let ending = match number {
            1 | 10.. => ".unreadable".to_owned(),
            number => format!(".unreadable-{number}"),
        };
        PathBuf::from(format!("{}{ending}", path.display()))
    };
    let count = std::cell::Cell::new(0);
    let check = |text: &[u8], expected: &str| {
        count.set(count.get() + 1);
        fs::write(&path, text).unwrap();
        let begun = home.begin();
        assert_eq!(begun.saved, SavedSession::default());
        let [note] = &begun.notes[..] else {
            panic!("{expected}: {:?}", begun.notes)
        };
        assert!(note.contains(expected), "{note}");
        assert_eq!(fs::read(aside(count.get())).unwrap(), text, "{expected}");
        begun.session.save(&saved("new")).unwrap();
    };
    check(b"", "it is damaged");
    check(&good.as_bytes()[..good.len() / 2], "it is damaged");
    check(b"\xff\xfe", "not text");
    check(b"[]", "it is damaged");
    let newer = good.replace("\"version\": 1", "\"version\": 2");
    check(newer.as_bytes(), "of version 2");
    let deep = "[".repeat(100_000);
    check(deep.as_bytes(), "it is damaged");
    let other = good.replace("chat.example.org", "chat.example.net");
    check(other.as_bytes(), "another server or user");
    let wrong = good.replace("\"stream1\"", "\"\"");
    check(wrong.as_bytes(), "a room is empty");
    let big = vec![b' '; SESSION_BYTES as usize + 1];
    check(&big, "more than");
    // The list of sessions likewise.
    fs::write(recent_path(&home.folder()), "{").unwrap();
    let (recent, note) = Store::open(home.folder()).unwrap().recent();
    assert!(recent.is_empty());
    assert!(note.unwrap().contains("it is damaged"));
    home.sign_in_as(URL, "alice");
    assert_eq!(home.recent().len(), 1);
}

#[test]
fn what_nobody_can_read_just_now_stays_as_it_is() {
    let home = Home::new();
    let path = {
        let session = home.begin().session;
        session.path(session.number)
    };
    // A folder in its place, and a pipe, which must not be waited for.
    fs::create_dir(&path).unwrap();
    let store = Store::open(home.folder()).unwrap();
    let begin = || {
        let url = ServerUrl::new(URL).unwrap();
        store.begin(&url, &Username::new("alice").unwrap())
    };
    assert!(begin().is_err());
    assert!(path.is_dir());
    fs::remove_dir(&path).unwrap();
    let made = std::process::Command::new("mkfifo").arg(&path).status();
    assert!(made.unwrap().success());
    assert!(begin().is_err());
    assert!(path.exists());
    fs::remove_file(&path).unwrap();
    assert!(begin().is_ok());
}

#[test]
fn a_folder_that_cannot_be_used_is_an_error() {
    let home = Home::new();
    fs::write(home.0.path().join("state"), "a file").unwrap();
    let error = Store::open(home.folder()).unwrap_err();
    assert!(error.to_string().starts_with("can't keep the session in"));
}

#[test]
fn what_a_killed_program_was_writing_goes() {
    let home = Home::new();
    drop(home.begin());
    let path = home.folder().join(format!(".abc{UNFINISHED}"));
    let recent = home.folder().join(format!(".def{UNFINISHED}"));
    fs::write(&path, "x").unwrap();
    fs::write(&recent, "x").unwrap();
    let long_ago = std::time::SystemTime::now() - LEFTOVER * 2;
    let file = File::options().write(true).open(&path).unwrap();
    file.set_modified(long_ago).unwrap();
    Store::open(home.folder()).unwrap();
    assert_eq!((path.exists(), recent.exists()), (false, true));
}
