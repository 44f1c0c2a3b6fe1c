//! A thread with an async runtime of its own, whose CPU time can be told apart.
//!
//! What is measured and what makes the load run on different ones, so that the load does not hold
//! up the clock.

use std::future::Future;
use std::io;
use std::path::{Path, PathBuf};
use std::sync::mpsc;
use std::thread::JoinHandle;
use std::time::Duration;

use tokio::runtime::{Builder, Handle};
use tokio::sync::oneshot;
use tokio::time::timeout;

use crate::client::ClientError;

/// A running thread. It ends, and what runs on it, when this value goes.
#[derive(Debug)]
pub(crate) struct Worker {
    name: String,
    handle: Handle,
    stat: PathBuf,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<JoinHandle<()>>,
}

impl Worker {
    /// Starts a thread.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Tells this thread's own directory, whatever its number.
                let _ = tell.send(std::fs::read_link("/proc/thread-self"));
                // An error is the worker's end as well.
                let _ = runtime.block_on(stopped);
            })?;
        let own = told.recv().map_err(io::Error::other)??;
        Ok(Self {
            name: name.to_owned(),
            handle,
            stat: Path::new("/proc").join(own).join("stat"),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// The thread's name.
    pub(crate) fn name(&self) -> &str {
        &self.name
    }

    /// The file in `/proc` that tells its CPU time.
    pub(crate) fn stat(&self) -> &Path {
        &self.stat
    }

    /// Runs `task` on it.
    pub(crate) fn spawn<F>(&self, task: F) -> tokio::task::JoinHandle<F::Output>
    where
        F: Future + Send + 'static,
        F::Output: Send + 'static,
    {
        self.handle.spawn(task)
    }
}

impl Drop for Worker {
    fn drop(&mut self) {
        drop(self.stop.take());
        if let Some(thread) = self.thread.take() {
            // A panic in it was reported where it happened.
            let _ = thread.join();
        }
    }
}

/// What `task` gives, within `bound`.
pub(crate) async fn finished<T>(
    task: tokio::task::JoinHandle<Result<T, ClientError>>,
    bound: Duration,
) -> Result<T, ClientError> {
    match timeout(bound, task).await {
        Ok(Ok(outcome)) => outcome,
        Ok(Err(_)) => Err(ClientError::Late("end of a task that broke down")),
        Err(_) => Err(ClientError::Late("end of what was sent")),
    }
}
