use std::time::Duration;

use chat_protocol::{ClientError, Code, Pong, ServerEvent};

use super::*;
use crate::wire::outgoing::websocket::texts;

/// What a drain found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Events were taken out.
    Events,
    /// Nothing is left, and the connection is to end so.
    Closed(Closing),
}

impl OutboxReader {
    /// Takes out what waits, where there is no line to write it to; waits until there is something.
    pub(crate) async fn drain(&mut self, events: &mut Vec<String>) -> Drained {
        loop {
            let found = {
                let mut state = self.shared.lock();
                assert!(state.line.is_none(), "what is written can't be drained");
                let closing = state.closing().cloned();
                let found = state.backlog.take().unwrap_or_default().queue;
                if let Some(closing) = &closing {
                    state.backlog.get_or_insert_default().closing = Some(closing.clone());
                }
                match (found.is_empty(), closing) {
                    (true, Some(closing)) => return Drained::Closed(closing),
                    _ => found,
                }
            };
            if !found.is_empty() {
                events.extend(found.iter().flat_map(|waiting| texts(&waiting.frames)));
                return Drained::Events;
            }
            self.changed().await;
        }
    }
}

/// A socket that takes so many bytes, and no more.
#[derive(Default)]
struct Pipe {
    state: Mutex<(Vec<u8>, usize)>,
}

impl Pipe {
    fn new(room: usize) -> Arc<Self> {
        let state = Mutex::new((Vec::new(), room));
        Arc::new(Self { state })
    }

    fn make_room(&self, room: usize) {
        self.state.lock().unwrap().1 += room;
    }

    fn taken(&self) -> Vec<u8> {
        std::mem::take(&mut self.state.lock().unwrap().0)
    }
}

impl Line for Pipe {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<usize> {
        let (taken, room) = &mut *self.state.lock().unwrap();
        let before = taken.len();
        for piece in pieces {
            let part = piece.len().min(*room);
            taken.extend_from_slice(&piece[..part]);
            *room -= part;
        }
        match taken.len() - before {
            0 => Err(ErrorKind::WouldBlock.into()),
            written => Ok(written),
        }
    }
}

fn event(time: u64) -> Outgoing {
    Outgoing::new(&ServerEvent::Pong(Pong { time }))
}

fn json(time: u64) -> String {
    ServerEvent::Pong(Pong { time }).encode()
}

fn large(bytes: usize) -> Outgoing {
    Outgoing::new(&ServerEvent::Cerror(ClientError {
        code: Code::Syntax,
        message: "x".repeat(bytes),
        event: None,
        nonce: None,
        retry_after: None,
    }))
}

fn is_changed(reader: &OutboxReader) -> bool {
    futures_util::FutureExt::now_or_never(reader.changed()).is_some()
}

async fn drain_all(reader: &mut OutboxReader) -> (Vec<String>, Closing) {
    let mut events = Vec::new();
    loop {
        if let Drained::Closed(closing) = reader.drain(&mut events).await {
            return (events, closing);
        }
    }
}

#[test]
fn what_the_socket_takes_is_written_at_once_and_nobody_is_woken() {
    let pipe = Pipe::new(1000);
    let (outbox, mut reader) = outbox(Some(pipe.clone()));
    outbox.push(&event(1));
    outbox.push_all(&Chunk::join(&[event(2), event(3)]));
    assert_eq!(texts(&pipe.taken()), [json(1), json(2), json(3)]);
    assert!(!is_changed(&reader));
    assert_eq!(reader.flush(), Flushed::Empty(false));
}

#[test]
fn what_the_socket_does_not_take_is_written_later_in_order_and_whole() {
    let frame = event(1).bytes();
    // Every way in which the socket may cut what is written.
    for room in 0..3 * frame {
        let pipe = Pipe::new(room);
        let (outbox, mut reader) = outbox(Some(pipe.clone()));
        for time in 1..=3 {
            outbox.push(&event(time));
        }
        assert!(is_changed(&reader), "{room}");
        assert!(!is_changed(&reader), "woken twice");
        let mut taken = pipe.taken();
        assert_eq!(taken.len(), room);
        assert_eq!(reader.flush(), Flushed::Blocked(false));
        pipe.make_room(frame);
        assert!(matches!(
            reader.flush(),
            Flushed::Blocked(true) | Flushed::Empty(true)
        ));
        // Behind what waits, whatever the socket would take.
        outbox.push(&event(4));
        pipe.make_room(4 * frame);
        reader.flush();
        taken.extend(pipe.taken());
        assert_eq!(texts(&taken), [1, 2, 3, 4].map(json), "{room}");
    }
}

#[test]
fn a_slow_reader_is_cut_off_behind_the_frame_that_was_begun() {
    let frame = event(1).bytes();
    for room in [0, 5, frame, frame + 5] {
        let pipe = Pipe::new(room);
        let (outbox, mut reader) = outbox(Some(pipe.clone()));
        for time in 0..=EVENTS as u64 + 2 {
            outbox.push(&event(time));
        }
        let closing = match (reader.flush(), room % frame) {
            // With half a frame out the socket has to take the rest first.
            (Flushed::Overflowed(closing), 1..) | (Flushed::Closed(closing), 0) => closing,
            (other, _) => panic!("{other:?} with room for {room} bytes"),
        };
        assert_eq!(closing.code, CloseCode::SlowReader);
        reader.end_with(Bytes::from_static(b"the end"));
        pipe.make_room(1000);
        assert_eq!(reader.flush(), Flushed::Closed(closing));
        let taken = pipe.taken();
        let frames = taken.strip_suffix(b"the end").unwrap();
        assert_eq!(texts(frames).len(), room.div_ceil(frame));
    }
}

#[test]
fn what_is_too_much_at_once_is_not_cut_within_a_frame() {
    let events = vec![large(BYTES / 4); 5];
    let pipe = Pipe::new(10);
    let (outbox, mut reader) = outbox(Some(pipe.clone()));
    outbox.push_all(&Chunk::join(&events));
    assert_eq!(
        reader.closing().map(|closing| closing.code),
        Some(CloseCode::SlowReader)
    );
    pipe.make_room(2 * BYTES);
    assert!(matches!(reader.flush(), Flushed::Closed(_)));
    assert_eq!(texts(&pipe.taken()).len(), events.len());
}

#[test]
fn a_broken_socket_is_noticed_and_one_that_is_gone_is_let_go() {
    struct Broken;
    impl Line for Broken {
        fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<usize> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }
    let line = Arc::new(Broken);
    let (outbox, mut reader) = outbox(Some(line.clone()));
    outbox.push(&event(1));
    assert!(is_changed(&reader));
    assert_eq!(reader.flush(), Flushed::Broken);
    drop(reader);
    assert_eq!(Arc::strong_count(&line), 1);
    outbox.push(&event(2));
    assert_eq!(
        outbox.shared.lock().backlog.as_ref().unwrap().queue.len(),
        0
    );
}

#[test]
fn control_frames_keep_their_place_and_count() {
    let pipe = Pipe::new(0);
    let (outbox, mut reader) = outbox(Some(pipe.clone()));
    for _ in 0..EVENTS {
        outbox.push_control(b"!");
    }
    pipe.make_room(EVENTS);
    assert_eq!(reader.flush(), Flushed::Empty(true));
    assert_eq!(pipe.taken(), [b'!'; EVENTS]);
    for _ in 0..=EVENTS {
        outbox.push_control(b"!");
    }
    assert!(matches!(reader.flush(), Flushed::Closed(_)));
}

#[test]
fn of_the_answers_to_pings_only_the_latest_waits() {
    use crate::wire::outgoing::websocket::pong;
    let pipe = Pipe::new(0);
    let (outbox, mut reader) = outbox(Some(pipe.clone()));
    outbox.push(&event(1));
    for count in 0..5 * EVENTS {
        outbox.push_pong(count.to_string().as_bytes());
    }
    outbox.push(&event(2));
    outbox.push_pong(b"latest");
    let events = [event(1), event(2)];
    let expected = [&**events[0].frame(), &pong(b"latest"), events[1].frame()].concat();
    pipe.make_room(10_000);
    assert_eq!(reader.flush(), Flushed::Empty(true));
    assert_eq!(pipe.taken(), expected);
    // Of one that is begun the rest follows.
    let pipe = Pipe::new(3);
    let (outbox, mut reader) = super::outbox(Some(pipe.clone()));
    outbox.push_pong(b"first");
    outbox.push_pong(b"second");
    outbox.push_pong(b"third");
    pipe.make_room(10_000);
    assert_eq!(reader.flush(), Flushed::Empty(true));
    assert_eq!(pipe.taken(), [pong(b"first"), pong(b"third")].concat());
}

#[tokio::test]
async fn what_waits_is_written_before_a_close_and_nothing_after_it() {
    let (outbox, mut reader) = outbox(None);
    outbox.push(&event(1));
    outbox.push(&event(2));
    outbox.close(CloseCode::Normal, "bye");
    outbox.close(CloseCode::GoingAway, "later");
    outbox.push(&event(3));
    let (events, closing) = drain_all(&mut reader).await;
    assert_eq!(events, [json(1), json(2)]);
    assert_eq!(closing.code, CloseCode::Normal);
}

#[tokio::test]
async fn too_many_events_close_a_slow_reader() {
    let (outbox, mut reader) = outbox(None);
    for time in 0..=EVENTS as u64 {
        outbox.push(&event(time));
    }
    let (events, closing) = drain_all(&mut reader).await;
    assert_eq!(events, Vec::<String>::new());
    assert_eq!(closing.code, CloseCode::SlowReader);
}

#[tokio::test]
async fn too_many_bytes_close_a_slow_reader() {
    let (outbox, mut reader) = outbox(None);
    assert!(reader.has_room());
    for _ in 0..4 {
        outbox.push(&large(BYTES / 5));
    }
    assert!(!reader.has_room());
    outbox.push(&large(BYTES / 5));
    assert!(reader.has_room());
    let (events, closing) = drain_all(&mut reader).await;
    assert_eq!(events, Vec::<String>::new());
    assert_eq!(closing.code, CloseCode::SlowReader);
}

#[tokio::test]
async fn a_waiting_reader_is_woken() {
    let (outbox, mut reader) = outbox(None);
    let waiting = tokio::spawn(async move {
        let mut batch = Vec::new();
        reader.drain(&mut batch).await;
        batch
    });
    outbox.push(&event(1));
    let woken = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert_eq!(woken.unwrap().unwrap(), [json(1)]);
}
