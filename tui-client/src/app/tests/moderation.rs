//! Moderation: what the user orders, what is done to the user and the room. Here is what its tests share.

mod bars;
mod lists;
mod orders;
mod picked;
mod rights;
mod suffered;

use super::*;
use crate::app::timeline::Geometry;
use chat_protocol::Rank;

/// The data of the one event that the effects send.
#[track_caller]
fn order(effects: &[Effect], name: &str) -> Value {
    let mut events = effects.iter().filter_map(|effect| match effect {
        Effect::Send(RoomKey(0), event) => Some(event.to_frame()),
        _ => None,
    });
    let frame = events.next().unwrap();
    assert_eq!((frame.event.as_str(), events.next()), (name, None));
    Value::Object(frame.data)
}

/// The rows in view, as one text.
fn view(driven: &Driven) -> String {
    let rows = driven.app.room().timeline.visible(Geometry::new(80), 50);
    let rows: Vec<String> = rows.iter().map(|row| row.text()).collect();
    rows.join("\n")
}

/// Types an order and says yes.
fn confirmed(driven: &mut Driven, text: &str) -> Vec<Effect> {
    assert_eq!(sent(&driven.send(text)), [""; 0], "{text}: asked first");
    driven.act(Action::Submit)
}

/// What is asked.
#[track_caller]
fn question(driven: &Driven) -> String {
    driven.app.bar.as_ref().expect("a question").question(200)
}
