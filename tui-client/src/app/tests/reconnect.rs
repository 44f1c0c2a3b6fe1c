//! Lost and resumed connections in any order, against a server that is a list: nothing is shown
//! twice, nothing is missing without a gap, and every message of the user's own comes to an end.

use std::collections::{HashMap, HashSet, VecDeque};

use chat_protocol::{HistoryRequest, PostMessage};
use proptest::prelude::*;

use super::*;
use crate::app::timeline::{Geometry, WAITING};

/// Entries of a history that stands in for what could not be resumed.
const NEWEST: usize = 50;

/// One thing that happens.
#[derive(Clone, Debug)]
enum Step {
    /// Others post so many messages.
    Post(usize),
    /// The user sends a message.
    Send,
    /// The server works off the next events that the client sent; it refuses messages where told.
    Serve { events: usize, refuse: bool },
    /// So many of the server's events reach the client.
    Deliver(usize),
    /// The line goes down, with everything that is on it.
    Lose,
    /// The client comes back; the server resumes where it can and wants to.
    Return { willing: bool },
    /// While the line is down the log loses its newest entries, and its epoch where told.
    SetBack { entries: usize, epoch: bool },
    /// The user looks at the oldest messages.
    Top,
    /// The user ends the connection's way back, and begins anew.
    Reconnect,
}

fn step() -> impl Strategy<Value = Step> {
    prop_oneof![
        4 => (1..5_usize).prop_map(Step::Post),
        1 => (60..130_usize).prop_map(Step::Post),
        3 => Just(Step::Send),
        5 => (1..6_usize, prop::bool::weighted(0.2))
            .prop_map(|(events, refuse)| Step::Serve { events, refuse }),
        5 => (1..30_usize).prop_map(Step::Deliver),
        2 => Just(Step::Lose),
        3 => prop::bool::weighted(0.6).prop_map(|willing| Step::Return { willing }),
        1 => (1..8_usize, prop::bool::weighted(0.3))
            .prop_map(|(entries, epoch)| Step::SetBack { entries, epoch }),
        2 => Just(Step::Top),
        1 => Just(Step::Reconnect),
    ]
}

/// A message in the server's log. Its position is its place.
#[derive(Clone, Debug)]
struct Stored {
    id: String,
    user: &'static str,
    content: String,
    nonce: Option<String>,
}

/// A client, a server and the line between them.
struct World {
    driven: Driven,
    log: Vec<Stored>,
    epoch: u32,
    /// The log was set back to this length since the client last heard of it.
    trusted: usize,
    is_up: bool,
    to_server: VecDeque<ClientEvent>,
    to_client: VecDeque<(&'static str, Value)>,
    /// Messages posted and sent so far: every one has a text of its own.
    count: usize,
    own: Vec<String>,
}

impl World {
    fn new() -> Self {
        let mut driven = Driven::new(&["a"], Some("pw"));
        driven.tell(Event::Started);
        let mut world = Self {
            driven,
            log: Vec::new(),
            epoch: 1,
            trusted: usize::MAX,
            is_up: false,
            to_server: VecDeque::new(),
            to_client: VecDeque::new(),
            count: 0,
            own: Vec::new(),
        };
        world.come_back(true);
        world
    }

    fn take(&mut self, step: &Step) {
        match *step {
            Step::Post(count) => (0..count).for_each(|_| self.post()),
            Step::Send => self.send(),
            Step::Serve { events, refuse } => (0..events).for_each(|_| self.serve(refuse)),
            Step::Deliver(events) => (0..events).for_each(|_| self.deliver()),
            Step::Lose => self.lose(),
            Step::Return { willing } => self.come_back(willing),
            Step::SetBack { entries, epoch } => self.set_back(entries, epoch),
            Step::Top => {
                let effects = self.driven.act(Action::Top);
                self.carry(effects);
            }
            Step::Reconnect => self.reconnect(),
        }
    }

    /// What the client orders goes onto the line, where there is one.
    fn carry(&mut self, effects: Vec<Effect>) {
        let events = effects.into_iter().filter_map(|effect| match effect {
            Effect::Send(_, event) => Some(event),
            _ => None,
        });
        if self.is_up {
            self.to_server.extend(events);
        } else {
            assert_eq!(events.count(), 0, "sent on a line that is down");
        }
    }

    fn fresh(&mut self, prefix: &str) -> String {
        self.count += 1;
        format!("{prefix}{}", self.count)
    }

    fn post(&mut self) {
        let content = self.fresh("m");
        self.store("bob", content, None);
    }

    fn send(&mut self) {
        if self.driven.counts().0 < WAITING {
            let content = self.fresh("own");
            let effects = self.driven.send(&content);
            self.own.push(content);
            self.carry(effects);
        }
    }

    fn store(&mut self, user: &'static str, content: String, nonce: Option<String>) {
        let id = format!("{}-{}", self.epoch, self.log.len() + 1);
        self.log.push(Stored {
            id,
            user,
            content,
            nonce,
        });
        self.show(self.log.len() - 1, true);
    }

    fn show(&mut self, place: usize, to_sender: bool) {
        if self.is_up {
            let data = self.data(place, to_sender);
            self.to_client.push_back(("message", data));
        }
    }

    fn data(&self, place: usize, to_sender: bool) -> Value {
        let stored = &self.log[place];
        let seq = place as u64 + 1;
        let mut data = posted(seq, stored.user, &stored.content);
        data["id"] = json!(stored.id);
        if let Some(nonce) = stored.nonce.as_ref().filter(|_| to_sender) {
            data["nonce"] = json!(nonce);
        }
        data
    }

    fn history(&self, from: usize, to: usize) -> Value {
        let entries: Vec<Value> = (from..to)
            .map(|place| json!({ "event": "message", "data": self.data(place, false) }))
            .collect();
        json!({ "epoch": self.epoch.to_string(), "entries": entries, "complete": from == 0 })
    }

    fn serve(&mut self, refuse: bool) {
        match self.to_server.pop_front() {
            Some(ClientEvent::Message(post)) => self.serve_message(&post, refuse),
            Some(ClientEvent::History(request)) => self.serve_history(&request),
            _ => {}
        }
    }

    fn serve_message(&mut self, post: &PostMessage, refuse: bool) {
        let nonce = post.nonce.as_ref().map(|nonce| nonce.as_str().to_owned());
        let known = self.log.iter().position(|stored| stored.nonce == nonce);
        if let Some(place) = known {
            self.show(place, true);
        } else if refuse {
            let refused = json!({ "Code": 429, "message": "no", "event": "message",
                "nonce": nonce, "retryAfter": 1 });
            self.to_client.push_back(("cerror", refused));
        } else {
            self.store("alice", post.content.as_str().to_owned(), nonce);
        }
    }

    fn serve_history(&mut self, request: &HistoryRequest) {
        let before = request.before.map_or(usize::MAX, |seq| seq.0 as usize - 1);
        let to = before.min(self.log.len());
        let limit = request.limit.unwrap_or(50) as usize;
        let history = self.history(to.saturating_sub(limit), to);
        self.to_client.push_back(("history", history));
    }

    fn deliver(&mut self) {
        if let Some((event, data)) = self.to_client.pop_front() {
            if data["recovered"] == json!(false) {
                self.trusted = usize::MAX;
            }
            let effects = self.driven.receive(0, event, data);
            self.carry(effects);
        }
    }

    fn lose(&mut self) {
        if self.is_up {
            self.hang_up();
            let effects = self.driven.lose(0, LinkProblem::Silent);
            self.carry(effects);
        }
    }

    fn hang_up(&mut self) {
        self.is_up = false;
        self.to_server.clear();
        self.to_client.clear();
    }

    fn come_back(&mut self, willing: bool) {
        if self.is_up {
            return;
        }
        self.is_up = true;
        let since = self.driven.app.room().cursor.since();
        if let Some(since) = &since {
            let seq = since.seq.0 as usize;
            let epoch = since.epoch.as_ref().map(|epoch| epoch.as_str().to_owned());
            let is_known =
                epoch == Some(self.epoch.to_string()) && seq <= self.log.len().min(self.trusted);
            let recovered = is_known && willing;
            let from = self.log.len().saturating_sub(NEWEST);
            let mut history = self.history(if recovered { seq } else { from }, self.log.len());
            history["recovered"] = json!(recovered);
            self.to_client.push_back(("history", history));
        }
        let effects = self.driven.go_live(0, since.is_some());
        self.carry(effects);
    }

    fn set_back(&mut self, entries: usize, epoch: bool) {
        if self.is_up {
            return;
        }
        // What the user still waits for stays: after its loss the same text would be stored again.
        let effects = self.driven.act(Action::Bottom);
        self.carry(effects);
        let pending = self.pending();
        let is_waited_for = |stored: &Stored| pending.contains(&stored.content);
        let least = self
            .log
            .iter()
            .rposition(is_waited_for)
            .map_or(0, |at| at + 1);
        let length = self.log.len().saturating_sub(entries).max(least);
        self.log.truncate(length);
        self.trusted = self.trusted.min(length);
        self.epoch += u32::from(epoch);
    }

    /// The server closes for good, and the user asks for a new connection at once.
    fn reconnect(&mut self) {
        if self.is_up {
            self.hang_up();
            let ended = LinkEvent::Ended {
                code: CloseCode::Kicked,
                reason: String::new(),
            };
            self.driven.link(0, ended);
            self.driven.send("/reconnect");
            self.come_back(true);
        }
    }

    /// Lets everything that is under way arrive.
    fn settle(&mut self) {
        self.come_back(true);
        let effects = self.driven.act(Action::Bottom);
        self.carry(effects);
        while !(self.to_server.is_empty() && self.to_client.is_empty()) {
            self.serve(false);
            self.deliver();
        }
    }

    /// The texts on the screen with what stands in front of them; a gap is without a text.
    fn screen(&self) -> Vec<Option<(String, String)>> {
        let timeline = &self.driven.app.room().timeline;
        timeline.check_shares();
        let rows = timeline.visible(Geometry::new(200), 100_000);
        let rows = rows.iter().map(|row| row.text());
        let shown = rows.filter_map(|row| {
            if row.contains("missing") {
                return Some(None);
            }
            let is_other = row.starts_with('-') || row.contains("not sent") || row.contains(" - ");
            let (head, text) = row.trim_end().rsplit_once(' ')?;
            (!is_other).then(|| Some((text.to_owned(), head.to_owned())))
        });
        shown.collect()
    }

    fn pending(&self) -> HashSet<String> {
        let shown = self.screen().into_iter().flatten();
        let pending = shown.filter(|(_, head)| head.contains('…'));
        pending.map(|(text, _)| text).collect()
    }

    fn check(&self) -> Result<(), TestCaseError> {
        let screen = self.screen();
        let mut places = HashMap::new();
        for (place, (text, head)) in (0..)
            .zip(&screen)
            .filter_map(|(p, s)| Some((p, s.as_ref()?)))
        {
            prop_assert!(!head.contains('…'), "{text} came to no end");
            prop_assert_eq!(places.insert(text, place), None, "{} is there twice", text);
        }
        for text in &self.own {
            prop_assert!(places.contains_key(text), "{text} is gone");
        }
        self.check_holes(&screen, &places)
    }

    /// Whatever of the log is not on the screen has a gap in its place, or is older than the screen.
    fn check_holes(
        &self,
        screen: &[Option<(String, String)>],
        places: &HashMap<&String, usize>,
    ) -> Result<(), TestCaseError> {
        let is_complete = self.driven.app.room().timeline.is_complete();
        let mut previous = None;
        let mut is_missing = false;
        for stored in &self.log {
            let Some(&place) = places.get(&stored.content) else {
                is_missing = true;
                continue;
            };
            let before = previous.unwrap_or(0);
            let has_gap = screen[before.min(place)..before.max(place)].contains(&None);
            // An answer that came late stands where there was room for it: between gaps.
            let is_in_order = previous < Some(place) || has_gap;
            prop_assert!(is_in_order, "{} is out of order", stored.content);
            if is_missing && (previous.is_some() || is_complete) {
                prop_assert!(has_gap, "a hole before {} is hidden", stored.content);
            }
            (previous, is_missing) = (Some(place), false);
        }
        prop_assert!(!is_missing, "the newest message is not there");
        Ok(())
    }
}

proptest! {
    // The failing steps stand in the failure's text: no file is needed to find them again.
    #![proptest_config(ProptestConfig { failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn no_order_of_losses_doubles_or_hides_anything(steps in prop::collection::vec(step(), 1..60)) {
        let mut world = World::new();
        for step in &steps {
            world.take(step);
        }
        world.settle();
        if let Err(error) = world.check() {
            panic!("{error}\n{:#?}\n{:#?}", world.screen(), world.log);
        }
    }
}
