//! Threads whose CPU time can be told apart, and one with an async runtime of its own.
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

/// A thread as the meter sees it.
#[derive(Clone, Debug)]
pub(crate) struct Watched {
    /// Its name.
    pub(crate) name: String,
    /// Its directory in `/proc`.
    pub(crate) task: PathBuf,
}

/// A thread that gives a `T` at its end.
#[derive(Debug)]
pub(crate) struct TimedThread<T> {
    watched: Watched,
    thread: JoinHandle<T>,
}

impl<T: Send + 'static> TimedThread<T> {
    /// Starts it.
    pub(crate) fn start(name: &str, body: impl FnOnce() -> T + Send + 'static) -> io::Result<Self> {
        let (tell, told) = mpsc::channel();
        let thread = std::thread::Builder::new()
            .name(name.to_owned())
            .spawn(move || {
                // Tells this thread's own directory, whatever its number.
                let _ = tell.send(std::fs::read_link("/proc/thread-self"));
                body()
            })?;
        let own = told.recv().map_err(io::Error::other)??;
        let watched = Watched {
            name: name.to_owned(),
            task: Path::new("/proc").join(own),
        };
        Ok(Self { watched, thread })
    }

    /// How the meter sees it.
    pub(crate) fn watched(&self) -> Watched {
        self.watched.clone()
    }

    /// Waits for its end; `None` where it broke down, which was reported where it happened.
    pub(crate) fn join(self) -> Option<T> {
        self.thread.join().ok()
    }
}

/// A running thread with a runtime. It ends, and what runs on it, when this value goes.
#[derive(Debug)]
pub(crate) struct Worker {
    handle: Handle,
    watched: Watched,
    stop: Option<oneshot::Sender<()>>,
    thread: Option<TimedThread<()>>,
}

impl Worker {
    /// Starts a thread.
    pub(crate) fn start(name: &str) -> io::Result<Self> {
        let runtime = Builder::new_current_thread().enable_all().build()?;
        let handle = runtime.handle().clone();
        let (stop, stopped) = oneshot::channel();
        let thread = TimedThread::start(name, move || {
            // An error is the worker's end as well.
            let _ = runtime.block_on(stopped);
        })?;
        Ok(Self {
            handle,
            watched: thread.watched(),
            stop: Some(stop),
            thread: Some(thread),
        })
    }

    /// How the meter sees it.
    pub(crate) fn watched(&self) -> Watched {
        self.watched.clone()
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
            thread.join();
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
