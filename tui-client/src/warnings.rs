//! How what runs beside the app says that something went wrong. Owns the queue to the app; must not
//! decide where it is shown.

use tokio::sync::mpsc;

/// Warnings that wait for the app. Of more, the newest are dropped: what goes on being wrong is said
/// once, so so many at a time say enough.
const WAITING: usize = 16;

/// Where warnings go.
#[derive(Clone, Debug)]
pub(crate) struct Warnings(mpsc::Sender<String>);

/// A queue for warnings, and its other end.
pub(crate) fn channel() -> (Warnings, mpsc::Receiver<String>) {
    let (sender, receiver) = mpsc::channel(WAITING);
    (Warnings(sender), receiver)
}

impl Warnings {
    /// Says something to the user. Never waits.
    pub(crate) fn say(&self, words: impl Into<String>) {
        // Full, or the app is gone: nobody is there to read one more.
        self.0.try_send(words.into()).ok();
    }
}
