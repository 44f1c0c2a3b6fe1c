//! An event on its way to clients: written once in each format that somebody present speaks, and
//! shared by all who get it.
//!
//! A form is made when the first client that speaks its format is given the event, and never where
//! there is none.

use std::sync::{Arc, OnceLock};

use bytes::Bytes;
use chat_protocol::ServerEvent;

use crate::wire::format::Format;

/// Bytes in each format, as far as somebody asked for them.
#[derive(Debug, Default)]
struct Forms([OnceLock<Bytes>; Format::COUNT]);

impl Forms {
    fn get_or_make(&self, format: Format, make: impl FnOnce() -> Bytes) -> &Bytes {
        self.0[format as usize].get_or_init(make)
    }
}

#[derive(Debug)]
struct Event {
    event: ServerEvent,
    /// What it takes out, for formats that tell that message by message.
    removed: Vec<ServerEvent>,
    forms: Forms,
}

/// An event and its forms. Cloning it shares both.
#[derive(Clone, Debug)]
pub struct Outgoing {
    event: Arc<Event>,
}

impl Outgoing {
    /// An event that nobody has been given yet.
    pub fn new(event: ServerEvent) -> Self {
        Self::removing(event, Vec::new())
    }

    /// An event that takes several messages out at once. For formats that know of no such event,
    /// `removed` are the events of each.
    pub fn removing(event: ServerEvent, removed: Vec<ServerEvent>) -> Self {
        Self {
            event: Arc::new(Event {
                event,
                removed,
                forms: Forms::default(),
            }),
        }
    }

    /// The event itself.
    pub(super) fn event(&self) -> &ServerEvent {
        &self.event.event
    }

    /// The event as clients of this format get it; empty where they get nothing.
    pub fn frame(&self, format: Format) -> &Bytes {
        let Event {
            event,
            removed,
            forms,
        } = &*self.event;
        forms.get_or_make(format, || match format.tells_removals_apart() {
            true if !removed.is_empty() => {
                let forms = removed.iter().map(|event| format.encode(event));
                forms.collect::<Vec<_>>().concat().into()
            }
            _ => format.encode(event),
        })
    }
}

#[derive(Debug)]
struct Row {
    events: Box<[Outgoing]>,
    forms: Forms,
}

/// One event, or several in a row.
#[derive(Clone, Debug)]
enum Events {
    One(Outgoing),
    Row(Arc<Row>),
}

/// Events in a row that many clients are given at once. Cloning it shares all there is.
#[derive(Clone, Debug)]
pub struct Chunk {
    events: Events,
}

impl Chunk {
    /// `events` in their order.
    pub fn new(events: &[Outgoing]) -> Self {
        let events = match events {
            [only] => Events::One(only.clone()),
            events => Events::Row(Arc::new(Row {
                events: events.into(),
                forms: Forms::default(),
            })),
        };
        Self { events }
    }

    /// The events as clients of this format get them, one behind the other.
    pub fn frames(&self, format: Format) -> &Bytes {
        match &self.events {
            Events::One(only) => only.frame(format),
            Events::Row(row) => {
                let Row { events, forms } = &**row;
                forms.get_or_make(format, || join(events.iter(), format))
            }
        }
    }

    /// The events.
    pub(super) fn iter(&self) -> impl Iterator<Item = &Outgoing> {
        match &self.events {
            Events::One(only) => std::slice::from_ref(only).iter(),
            Events::Row(row) => row.events.iter(),
        }
    }

    /// How many there are.
    pub fn events(&self) -> usize {
        match &self.events {
            Events::One(_) => 1,
            Events::Row(row) => row.events.len(),
        }
    }
}

/// `events` in this format, one behind the other; one alone is not copied.
pub(super) fn join<'a>(
    mut events: impl ExactSizeIterator<Item = &'a Outgoing> + Clone,
    format: Format,
) -> Bytes {
    if events.len() == 1
        && let Some(only) = events.next()
    {
        return only.frame(format).clone();
    }
    let frames = events.map(|event| event.frame(format));
    let bytes = frames.clone().map(Bytes::len).sum();
    let mut joined = Vec::with_capacity(bytes);
    frames.for_each(|frame| joined.extend_from_slice(frame));
    joined.into()
}

#[cfg(test)]
mod tests {
    use chat_protocol::Pong;

    use super::*;
    use crate::wire::format::websocket::texts;

    const FORMATS: [Format; 2] = [Format::WebSocketNative, Format::Lines];

    fn event(time: u64) -> ServerEvent {
        ServerEvent::Pong(Pong { time })
    }

    fn made(forms: &Forms) -> [bool; 2] {
        FORMATS.map(|format| forms.0[format as usize].get().is_some())
    }

    /// Where the bytes are: the same for all who are given one form.
    fn place(frames: &Bytes) -> *const u8 {
        frames.as_ptr()
    }

    #[test]
    fn a_form_is_made_once_and_only_where_somebody_speaks_it() {
        let outgoing = Outgoing::new(event(1));
        assert_eq!(made(&outgoing.event.forms), [false, false]);
        let native = outgoing.frame(Format::WebSocketNative).clone();
        assert_eq!(texts(&native), [event(1).encode()]);
        assert_eq!(made(&outgoing.event.forms), [true, false]);
        let shared = outgoing.clone();
        let line = shared.frame(Format::Lines).clone();
        assert_eq!(line, event(1).encode() + "\n");
        for (format, form) in FORMATS.into_iter().zip([native, line]) {
            assert_eq!(place(outgoing.frame(format)), place(&form));
            assert_eq!(place(shared.frame(format)), place(&form));
        }
    }

    #[test]
    fn a_form_is_made_once_by_however_many_threads_ask_for_it() {
        let events: Vec<_> = (0..100).map(|time| Outgoing::new(event(time))).collect();
        let chunk = Chunk::new(&events);
        let places: Vec<_> = std::thread::scope(|scope| {
            let ask = || place(chunk.frames(Format::Lines)) as usize;
            let threads = [(); 8].map(|()| scope.spawn(ask));
            threads.map(|thread| thread.join().unwrap()).to_vec()
        });
        assert!(places.iter().all(|place| *place == places[0]));
    }

    #[test]
    fn what_takes_many_messages_out_is_told_message_by_message_where_that_is_all_that_is_known() {
        let cleared = ServerEvent::Clear(chat_protocol::Cleared {
            seq: chat_protocol::Seq(9),
            by: "mod".to_owned(),
        });
        let removed = |seq| {
            ServerEvent::DeleteMessage(chat_protocol::MessageDeleted {
                id: chat_protocol::MessageId::new(format!("e-{seq}")).unwrap(),
                seq: chat_protocol::Seq(9),
                by: "mod".to_owned(),
            })
        };
        let outgoing = Outgoing::removing(cleared.clone(), vec![removed(3), removed(5)]);
        let told = texts(outgoing.frame(Format::SocketIoPlain));
        assert_eq!(told.len(), 2, "{told:?}");
        assert!(told[0].contains("\"id\":3") && told[1].contains("\"id\":5"));
        assert_eq!(texts(outgoing.frame(Format::SocketIo)).len(), 1);
        let native = texts(outgoing.frame(Format::WebSocketNative));
        assert_eq!(native, [cleared.encode()]);
        // Where nothing of it is shown any more, there is nothing to be told.
        let nothing = Outgoing::new(cleared);
        assert!(nothing.frame(Format::SocketIoPlain).is_empty());
    }

    #[test]
    fn a_chunk_is_its_events_in_a_row() {
        let events = [1, 2, 3].map(|time| Outgoing::new(event(time)));
        let chunk = Chunk::new(&events);
        assert_eq!(chunk.events(), 3);
        let expected = [1, 2, 3].map(|time| event(time).encode());
        assert_eq!(texts(chunk.frames(Format::WebSocketNative)), expected);
        // Nobody was given lines.
        let Events::Row(row) = &chunk.events else {
            panic!("{chunk:?}")
        };
        assert_eq!(made(&row.forms), [true, false]);
        assert_eq!(made(&events[0].event.forms), [true, false]);
        let lines = chunk.frames(Format::Lines);
        assert_eq!(*lines, expected.join("\n") + "\n");
        let alone = Chunk::new(&events[..1]);
        assert_eq!(alone.events(), 1);
        for format in FORMATS {
            assert_eq!(place(alone.frames(format)), place(events[0].frame(format)));
        }
        assert_eq!(Chunk::new(&[]).events(), 0);
    }
}
