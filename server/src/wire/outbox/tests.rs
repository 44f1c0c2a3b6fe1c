use std::time::Duration;

use chat_protocol::{ClientError, Code, Pong, ServerEvent};

use super::*;
use crate::wire::format::websocket::texts;

/// What a drain found.
#[derive(Debug, PartialEq, Eq)]
pub(crate) enum Drained {
    /// Events were taken out.
    Events,
    /// Nothing is left, and the connection is to end so.
    Closed(Closing),
}

impl OutboxReader {
    /// Takes out what waits, where there is no socket to write it to; waits until there is something.
    pub(crate) async fn drain(&mut self, events: &mut Vec<String>) -> Drained {
        match self.next(usize::MAX).await {
            Taken::Frames(frames) => {
                events.extend(frames.iter().flat_map(|frames| texts(frames)));
                Drained::Events
            }
            Taken::Closed(closing) => Drained::Closed(closing),
            Taken::Nothing => unreachable!("it was waited for something"),
        }
    }
}

/// An outbox that nothing drains but a test.
pub(crate) fn queue() -> (Outbox, OutboxReader) {
    outbox(Format::WebSocketNative, None)
}

/// An outbox in front of `writer`.
fn written_to(writer: &Arc<impl SocketWriter + 'static>) -> (Outbox, OutboxReader) {
    let writer = Arc::clone(writer) as Arc<dyn SocketWriter>;
    outbox(Format::WebSocketNative, Some(writer))
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

impl SocketWriter for Pipe {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<Written> {
        let (taken, room) = &mut *self.state.lock().unwrap();
        let before = taken.len();
        for piece in pieces {
            let part = piece.len().min(*room);
            taken.extend_from_slice(&piece[..part]);
            *room -= part;
        }
        match taken.len() - before {
            0 => Err(ErrorKind::WouldBlock.into()),
            written => Ok(Written::flushed(written)),
        }
    }
}

fn event(time: u64) -> Outgoing {
    Outgoing::new(ServerEvent::Pong(Pong { time }))
}

fn frame(outgoing: &Outgoing) -> &Bytes {
    outgoing.frame(Format::WebSocketNative)
}

fn json(time: u64) -> String {
    ServerEvent::Pong(Pong { time }).encode()
}

fn large(bytes: usize) -> Outgoing {
    Outgoing::new(ServerEvent::Cerror(ClientError {
        code: Code::Syntax,
        message: "x".repeat(bytes),
        event: None,
        nonce: None,
        retry_after: None,
        reason: None,
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
fn what_a_delivery_looks_at_is_one_piece_of_memory() {
    assert_eq!(size_of::<Shared>(), 64);
}

#[test]
fn what_the_socket_takes_is_written_at_once_and_nobody_is_woken() {
    let pipe = Pipe::new(1000);
    let (outbox, mut reader) = written_to(&pipe);
    outbox.push(&event(1));
    outbox.push_all(&Chunk::new(&[event(2), event(3)]));
    assert_eq!(texts(&pipe.taken()), [json(1), json(2), json(3)]);
    assert!(!is_changed(&reader));
    assert_eq!(reader.flush(), Flushed::Empty(false));
}

#[test]
fn what_the_socket_does_not_take_is_written_later_in_order_and_whole() {
    let frame = frame(&event(1)).len();
    // Every way in which the socket may cut what is written.
    for room in 0..3 * frame {
        let pipe = Pipe::new(room);
        let (outbox, mut reader) = written_to(&pipe);
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
    let frame = frame(&event(1)).len();
    for room in [0, 5, frame, frame + 5] {
        let pipe = Pipe::new(room);
        let (outbox, mut reader) = written_to(&pipe);
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
    let (outbox, mut reader) = written_to(&pipe);
    outbox.push_all(&Chunk::new(&events));
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
    impl SocketWriter for Broken {
        fn try_write(&self, _: &[IoSlice<'_>]) -> io::Result<Written> {
            Err(ErrorKind::BrokenPipe.into())
        }
    }
    let broken = Arc::new(Broken);
    let (outbox, mut reader) = written_to(&broken);
    outbox.push(&event(1));
    assert!(is_changed(&reader));
    assert_eq!(reader.flush(), Flushed::Broken);
    drop(reader);
    assert_eq!(Arc::strong_count(&broken), 1);
    outbox.push(&event(2));
    assert_eq!(
        outbox.shared.lock().backlog.as_ref().unwrap().queue.len(),
        0
    );
}

#[test]
fn control_frames_keep_their_place_and_count() {
    let pipe = Pipe::new(0);
    let (outbox, mut reader) = written_to(&pipe);
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
    use crate::wire::format::websocket::pong;
    let pipe = Pipe::new(0);
    let (outbox, mut reader) = written_to(&pipe);
    outbox.push(&event(1));
    for count in 0..5 * EVENTS {
        outbox.push_pong(&pong(count.to_string().as_bytes()));
    }
    outbox.push(&event(2));
    outbox.push_pong(&pong(b"latest"));
    let events = [event(1), event(2)];
    let expected = [&**frame(&events[0]), &pong(b"latest"), frame(&events[1])].concat();
    pipe.make_room(10_000);
    assert_eq!(reader.flush(), Flushed::Empty(true));
    assert_eq!(pipe.taken(), expected);
    // Of one that is begun the rest follows.
    let pipe = Pipe::new(3);
    let (outbox, mut reader) = written_to(&pipe);
    outbox.push_pong(&pong(b"first"));
    outbox.push_pong(&pong(b"second"));
    outbox.push_pong(&pong(b"third"));
    pipe.make_room(10_000);
    assert_eq!(reader.flush(), Flushed::Empty(true));
    assert_eq!(pipe.taken(), [pong(b"first"), pong(b"third")].concat());
}

#[tokio::test]
async fn what_waits_is_written_before_a_close_and_nothing_after_it() {
    let (outbox, mut reader) = queue();
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
    let (outbox, mut reader) = queue();
    for time in 0..=EVENTS as u64 {
        outbox.push(&event(time));
    }
    let (events, closing) = drain_all(&mut reader).await;
    assert_eq!(events, Vec::<String>::new());
    assert_eq!(closing.code, CloseCode::SlowReader);
}

#[tokio::test]
async fn too_many_bytes_close_a_slow_reader() {
    let (outbox, mut reader) = queue();
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
    let (outbox, mut reader) = queue();
    let waiting = tokio::spawn(async move {
        let mut batch = Vec::new();
        reader.drain(&mut batch).await;
        batch
    });
    outbox.push(&event(1));
    let woken = tokio::time::timeout(Duration::from_secs(20), waiting).await;
    assert_eq!(woken.unwrap().unwrap(), [json(1)]);
}

/// A socket behind a session of its own, as TLS has one: it takes all it is given while nothing of it
/// waits, and passes on what the socket takes.
struct Session {
    socket: Arc<Pipe>,
    /// What waits for the socket, and the largest amount that ever did.
    kept: Mutex<(Vec<u8>, usize)>,
}

impl Session {
    fn new(socket: &Arc<Pipe>) -> Arc<Self> {
        Arc::new(Self {
            socket: Arc::clone(socket),
            kept: Mutex::default(),
        })
    }
}

impl SocketWriter for Session {
    fn try_write(&self, pieces: &[IoSlice<'_>]) -> io::Result<Written> {
        let bytes: usize = pieces.iter().map(|piece| piece.len()).sum();
        let (kept, most) = &mut *self.kept.lock().unwrap();
        assert!(kept.is_empty(), "given more than it can pass on");
        pieces
            .iter()
            .for_each(|piece| kept.extend_from_slice(piece));
        *most = bytes.max(*most);
        let passed_on = self.socket.try_write(&[IoSlice::new(kept)]);
        let passed_on = passed_on.map_or(0, |written| written.bytes);
        kept.drain(..passed_on);
        Ok(Written {
            bytes,
            is_flushed: kept.is_empty(),
        })
    }

    fn try_flush(&self) -> io::Result<Written> {
        let (kept, _) = &mut *self.kept.lock().unwrap();
        let Written { bytes, .. } = self.socket.try_write(&[IoSlice::new(kept)])?;
        kept.drain(..bytes);
        Ok(Written {
            bytes,
            is_flushed: kept.is_empty(),
        })
    }
}

#[test]
fn what_a_writer_keeps_is_flushed_before_it_is_given_more() {
    let length = frame(&event(1)).len();
    for room in 0..3 * length {
        let pipe = Pipe::new(room);
        let session = Session::new(&pipe);
        let (outbox, mut reader) = written_to(&session);
        for time in 1..=3 {
            outbox.push(&event(time));
        }
        assert!(is_changed(&reader), "nobody would flush it, with {room}");
        assert_eq!(reader.flush(), Flushed::Blocked(false));
        pipe.make_room(1);
        let is_all = room + 1 == 3 * length;
        match reader.flush() {
            Flushed::Empty(true) if is_all => {}
            Flushed::Blocked(true) if !is_all => {}
            other => panic!("{other:?} with {room}"),
        }
        pipe.make_room(10 * length);
        reader.flush();
        assert_eq!(reader.flush(), Flushed::Empty(false));
        outbox.push(&event(4));
        assert_eq!(texts(&pipe.taken()), [1, 2, 3, 4].map(json), "{room}");
        assert!(session.kept.lock().unwrap().1 <= 3 * length);
    }
}

#[test]
fn a_close_waits_for_what_a_writer_keeps() {
    let pipe = Pipe::new(0);
    let (outbox, mut reader) = written_to(&Session::new(&pipe));
    outbox.push(&event(1));
    outbox.close(CloseCode::Normal, "bye");
    assert_eq!(reader.flush(), Flushed::Blocked(false));
    pipe.make_room(5);
    assert_eq!(reader.flush(), Flushed::Blocked(true));
    pipe.make_room(1000);
    assert!(matches!(reader.flush(), Flushed::Closed(_)));
    assert_eq!(texts(&pipe.taken()), [json(1)]);
}

#[test]
fn a_slow_reader_is_cut_off_behind_what_a_writer_keeps() {
    let pipe = Pipe::new(0);
    let session = Session::new(&pipe);
    let (outbox, mut reader) = written_to(&session);
    for time in 0..=EVENTS as u64 + 2 {
        outbox.push(&event(time));
    }
    // What is kept is one write, and all else is bounded by the outbox.
    assert_eq!(session.kept.lock().unwrap().1, frame(&event(0)).len());
    let Flushed::Overflowed(closing) = reader.flush() else {
        panic!("it was not cut off")
    };
    assert_eq!(closing.code, CloseCode::SlowReader);
    reader.end_with(Bytes::from_static(b"the end"));
    pipe.make_room(1000);
    assert_eq!(reader.flush(), Flushed::Closed(closing));
    let taken = pipe.taken();
    assert_eq!(texts(taken.strip_suffix(b"the end").unwrap()), [json(0)]);
}

#[tokio::test]
async fn a_transport_takes_out_what_it_can_carry_in_the_format_that_it_speaks() {
    let (outbox, mut reader) = outbox(Format::Lines, None);
    assert_eq!(reader.take(1000), Taken::Nothing);
    for time in 1..=3 {
        outbox.push(&event(time));
    }
    outbox.push_all(&Chunk::new(&[event(4), event(5)]));
    assert!(is_changed(&reader));
    let line = |time| Bytes::from(json(time) + "\n");
    let two = 2 * line(1).len();
    assert_eq!(
        reader.next(two).await,
        Taken::Frames(vec![line(1), line(2)])
    );
    // One at least, however little is to be carried.
    assert_eq!(reader.next(1).await, Taken::Frames(vec![line(3)]));
    outbox.close(CloseCode::Normal, "bye");
    let both = Bytes::from([line(4), line(5)].concat());
    assert_eq!(reader.next(1).await, Taken::Frames(vec![both]));
    assert!(matches!(reader.next(1).await, Taken::Closed(_)));
    // What was taken out counts no more.
    let (outbox, mut reader) = queue();
    for time in 0..3 * EVENTS as u64 {
        outbox.push(&event(time));
        assert!(matches!(reader.take(1000), Taken::Frames(_)));
    }
    assert_eq!(reader.take(1000), Taken::Nothing);
}

#[test]
fn an_event_is_written_once_for_all_who_speak_its_format() {
    let outgoing = event(1);
    let formats = [Format::WebSocketNative, Format::Lines];
    for format in formats {
        let mut clients = [(); 3].map(|()| outbox(format, None));
        for (outbox, _) in &clients {
            outbox.push(&outgoing);
        }
        let form = outgoing.frame(format).as_ptr();
        for (_, reader) in &mut clients {
            match reader.take(1000) {
                Taken::Frames(frames) => assert_eq!(frames[0].as_ptr(), form),
                other => panic!("{other:?}"),
            }
        }
    }
}
