//! How what runs beside the app says that something went wrong. Owns the queue to the app; must not
//! decide where it is shown.

use tokio::sync::mpsc;

/// Notices that wait for the app. Of more, the newest are dropped: what goes on being wrong is said
/// once, so so many at a time say enough.
const WAITING: usize = 16;

/// Where notices go.
#[derive(Clone, Debug)]
pub(crate) struct Notices(mpsc::Sender<String>);

/// A queue for notices, and its other end.
pub(crate) fn channel() -> (Notices, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Notices(sender), receiver)
}

impl Notices {
    /// Says something to the user. Never waits.
    pub(crate) fn say(&self, words: impl Into<String>) {
        // Full, or the app is gone: nobody is there to read one more.
        self.0.try_send(words.into()).ok();
    }
}
