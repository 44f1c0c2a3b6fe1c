//! The lives of a room's log. Whenever a log's past may have changed (a backup was put in its place), a
//! new life begins: what lies before keeps the ids that it had, and an id that was given out for what
//! is lost names nothing any more.

use chat_protocol::{Epoch, MessageId, Seq};

/// The life that a log is in, and those before it whose entries are still there.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Epochs {
    current: Epoch,
    /// The first position of the current one.
    first: Seq,
    earlier: Vec<EarlierEpoch>,
}

/// A life of a log that is over, and what is left of it.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct EarlierEpoch {
    /// The life.
    pub epoch: Epoch,
    /// Its first position.
    pub first: Seq,
    /// Its last one: what came behind that is lost.
    pub last: Seq,
}

impl Epochs {
    /// Of a log that began with `current`.
    pub fn new(current: Epoch) -> Self {
        Self::following(Vec::new(), current, Seq(1))
    }

    /// Of a log whose current life begins at `first`, after `earlier` ones.
    pub fn following(earlier: Vec<EarlierEpoch>, current: Epoch, first: Seq) -> Self {
        Self {
            current,
            first,
            earlier,
        }
    }

    /// The life that the log is in.
    pub fn current(&self) -> &Epoch {
        &self.current
    }

    /// The id of the message at `seq`.
    pub fn id_of(&self, seq: Seq) -> MessageId {
        let mut earlier = self.earlier.iter();
        match earlier.find(|earlier| earlier.holds(seq)) {
            Some(earlier) => MessageId::at(&earlier.epoch, seq),
            None => MessageId::at(&self.current, seq),
        }
    }

    /// The position that `id` names; `None` where it is no id of this log, or that of something lost.
    pub fn seq_of(&self, id: &MessageId) -> Option<Seq> {
        if let Some(seq) = id.position() {
            return (self.seq_of(&self.id_of(seq)) == Some(seq)).then_some(seq);
        }
        if let Some(seq) = id.seq_in(&self.current) {
            return (seq >= self.first).then_some(seq);
        }
        self.earlier.iter().find_map(|earlier| {
            let seq = id.seq_in(&earlier.epoch)?;
            earlier.holds(seq).then_some(seq)
        })
    }
}

impl EarlierEpoch {
    fn holds(&self, seq: Seq) -> bool {
        (self.first..=self.last).contains(&seq)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_id_is_good_only_where_its_life_reached_its_position() {
        let epoch = |text: &str| Epoch::new(text).unwrap();
        let earlier = |text: &str, first, last| EarlierEpoch {
            epoch: epoch(text),
            first: Seq(first),
            last: Seq(last),
        };
        let earlier = vec![earlier("a", 1, 10), earlier("b", 11, 12)];
        let epochs = Epochs::following(earlier, epoch("c"), Seq(13));
        let id = |text: &str| MessageId::new(text).unwrap();
        for (seq, expected) in [
            (1, "a-1"),
            (10, "a-10"),
            (11, "b-11"),
            (12, "b-12"),
            (13, "c-13"),
        ] {
            assert_eq!(epochs.id_of(Seq(seq)), id(expected));
            assert_eq!(epochs.seq_of(&id(expected)), Some(Seq(seq)));
            let position = MessageId::of_position(Seq(seq));
            assert_eq!(epochs.seq_of(&position), Some(Seq(seq)));
        }
        for lost in ["a-11", "a-13", "b-10", "b-13", "c-12", "c-1", "d-1"] {
            assert_eq!(epochs.seq_of(&id(lost)), None, "{lost}");
        }
    }
}
