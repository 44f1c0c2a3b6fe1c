//! Where a log is cut for somebody who comes back.

use chat_protocol::limits::{HISTORY_ENTRIES_DEFAULT, RESUME_ENTRIES};
use chat_protocol::{RoomName, Seq, Since};

use crate::store::StoreError;
use crate::store::log::{End, LogHead, Range, RoomLog, Slice};

/// Exactly what came after `since`; `None` where that can't be told: another life of the log, a
/// position ahead of it, a gap that is too large, or one whose beginning is gone.
pub(super) async fn missed(
    log: &dyn RoomLog,
    room: &RoomName,
    head: &LogHead,
    since: &Since,
    with_modes: bool,
) -> Result<Option<Slice>, StoreError> {
    let Some(limit) = gap(head, since) else {
        return Ok(None);
    };
    let range = Range {
        after: since.seq,
        before: Some(head.last.next()),
        limit,
        end: End::Oldest,
        with_modes,
    };
    let slice = log.read(room, range).await?;
    // The log may have been trimmed since the room was told where it begins.
    let is_whole = slice.first <= since.seq.next();
    Ok(is_whole.then_some(slice))
}

/// The newest entries, for somebody who has to begin anew.
pub(super) async fn newest(
    log: &dyn RoomLog,
    room: &RoomName,
    with_modes: bool,
) -> Result<Slice, StoreError> {
    let range = Range {
        after: Seq(0),
        before: None,
        limit: HISTORY_ENTRIES_DEFAULT,
        end: End::Newest,
        with_modes,
    };
    log.read(room, range).await
}

/// How many entries came after `since`, where they can be replayed.
fn gap(head: &LogHead, since: &Since) -> Option<u64> {
    let is_this_log = since.epoch.as_ref() == Some(head.epochs.current());
    let is_there = since.seq.next() >= head.first;
    let gap = head.last.0.checked_sub(since.seq.0)?;
    (is_this_log && is_there && gap <= RESUME_ENTRIES).then_some(gap)
}

#[cfg(test)]
mod tests {
    use chat_protocol::{Epoch, RoomState};

    use super::*;
    use crate::domain::entry::Epochs;

    #[test]
    fn a_gap_is_replayed_only_where_it_is_whole_and_not_too_large() {
        let epoch = |text: &str| Epoch::new(text).ok();
        let head = |first, last| LogHead {
            epochs: Epochs::new(Epoch::new("e").unwrap()),
            is_begun: true,
            first: Seq(first),
            last: Seq(last),
            nonces: Vec::new(),
            modes: RoomState::default(),
        };
        let check = |head: &LogHead, text: &str, seq, expected| {
            let since = Since {
                epoch: epoch(text),
                seq: Seq(seq),
            };
            assert_eq!(gap(head, &since), expected, "{head:?} {since:?}");
        };
        check(&head(1, 9), "e", 4, Some(5));
        check(&head(1, 9), "e", 9, Some(0));
        check(&head(1, 9), "e", 0, Some(9));
        check(&head(1, 0), "e", 0, Some(0));
        check(&head(1, 9), "e", 10, None);
        check(&head(1, 9), "f", 4, None);
        check(&head(1, 9), "", 4, None);
        check(&head(5, 9), "e", 4, Some(5));
        check(&head(5, 9), "e", 3, None);
        check(&head(1, 1000), "e", 0, Some(1000));
        check(&head(1, 1001), "e", 0, None);
        check(&head(1, 9), "e", u64::MAX, None);
    }
}
