//! The command that `on-mention` names: run for a mention, which comes as JSON on its standard input.
//! Owns the process; must not decide what a mention is.
//!
//! One runs at a time, for ten seconds at most. What comes meanwhile is left out. Nothing that others
//! wrote is ever part of the command.

use std::io::{self, Write};
use std::os::unix::process::CommandExt;
use std::process::{Child, Command, ExitStatus, Stdio};
use std::sync::mpsc::{Receiver, RecvTimeoutError, SyncSender, TrySendError, sync_channel};
use std::thread;
use std::time::{Duration, Instant};

use rustix::process::{Pid, Signal, kill_process_group};

use crate::password;
use crate::warnings::Warnings;

/// How long a command may take.
const LIMIT: Duration = Duration::from_secs(10);
/// How long one that runs has to end when the program does.
const GRACE: Duration = Duration::from_millis(300);
/// Between two looks at whether it has ended.
const LOOK: Duration = Duration::from_millis(20);
/// Bytes of an event; a pipe takes twice as many although nobody reads it.
const EVENT_BYTES: usize = 32 << 10;

/// Runs one command, again and again.
#[derive(Debug)]
pub(crate) struct Hook {
    events: SyncSender<String>,
    warnings: Warnings,
    has_said_busy: bool,
    ended: Receiver<()>,
    end: SyncSender<()>,
}

/// How a run ended.
#[derive(Debug, PartialEq, Eq)]
enum Run {
    Done(ExitStatus),
    TooLong,
    /// The program ends.
    Cut,
}

impl Hook {
    /// Gets ready to run `command` through `sh -c`.
    pub(crate) fn start(command: String, warnings: Warnings) -> Self {
        Self::with_limit(command, warnings, LIMIT)
    }

    fn with_limit(command: String, warnings: Warnings, limit: Duration) -> Self {
        // Nothing waits: an event is taken by a thread that has nothing to do, or not at all.
        let (events, waiting) = sync_channel(0);
        let (tell_ended, ended) = sync_channel(1);
        let (end, over) = sync_channel(1);
        let runner = Runner {
            command,
            limit,
            over,
            warnings: warnings.clone(),
            is_failing: false,
        };
        thread::spawn(move || {
            runner.run(&waiting);
            // Where nobody waits for the end, nobody has to hear of it.
            tell_ended.send(()).ok();
        });
        Self {
            events,
            warnings,
            has_said_busy: false,
            ended,
            end,
        }
    }

    /// Runs the command for an event in JSON, unless it runs already. Does not wait.
    pub(crate) fn fire(&mut self, event: &str) {
        let text = format!("{event}\n");
        if text.len() > EVENT_BYTES {
            return;
        }
        if let Err(TrySendError::Full(_)) = self.events.try_send(text)
            && !std::mem::replace(&mut self.has_said_busy, true)
        {
            let words =
                "on-mention: the command still runs; mentions that come meanwhile are left out";
            self.warnings.say(words);
        }
    }

    /// Gives a command that runs a moment to end.
    pub(crate) fn finish(self) {
        drop(self.events);
        if self.ended.recv_timeout(GRACE).is_err() {
            self.end.try_send(()).ok();
            // It has been killed by then, or will be by the system.
            self.ended.recv_timeout(GRACE).ok();
        }
    }
}

/// The thread's side.
struct Runner {
    command: String,
    limit: Duration,
    over: Receiver<()>,
    warnings: Warnings,
    is_failing: bool,
}

impl Runner {
    fn run(mut self, events: &Receiver<String>) {
        while let Ok(event) = events.recv() {
            let problem = match self.run_once(&event) {
                Ok(Run::Done(status)) if status.success() => None,
                Ok(Run::Done(status)) => Some(format!("ended with {status}")),
                Ok(Run::TooLong) => {
                    let seconds = self.limit.as_secs();
                    Some(format!("took longer than {seconds} s and was stopped"))
                }
                Ok(Run::Cut) => return,
                Err(error) => Some(format!("can't be run: {error}")),
            };
            match problem {
                None => self.is_failing = false,
                Some(_) if self.is_failing => {}
                Some(problem) => {
                    self.is_failing = true;
                    self.warnings
                        .say(format!("on-mention: the command {problem}"));
                }
            }
        }
    }

    fn run_once(&self, event: &str) -> io::Result<Run> {
        let mut child = Command::new("sh")
            .arg("-c")
            .arg(&self.command)
            .env_remove(password::VARIABLE)
            .stdin(Stdio::piped())
            .stdout(Stdio::null())
            .stderr(Stdio::null())
            // A group of its own: all that it started ends with it, and Ctrl+C is not for it.
            .process_group(0)
            .spawn()?;
        if let Some(mut input) = child.stdin.take() {
            // A command that does not look at its input may close it.
            input.write_all(event.as_bytes()).ok();
        }
        let until = Instant::now() + self.limit;
        loop {
            if let Some(status) = child.try_wait()? {
                return Ok(Run::Done(status));
            }
            let is_over = match self.over.recv_timeout(LOOK) {
                Err(RecvTimeoutError::Timeout) => false,
                Ok(()) | Err(RecvTimeoutError::Disconnected) => true,
            };
            if is_over || Instant::now() >= until {
                stop(&mut child)?;
                return Ok(if is_over { Run::Cut } else { Run::TooLong });
            }
        }
    }
}

/// Ends a command with all that it started.
fn stop(child: &mut Child) -> io::Result<()> {
    // It was not waited for yet, so the number is still its own.
    kill_process_group(Pid::from_child(child), Signal::KILL)?;
    child.wait().map(drop)
}

#[cfg(test)]
mod tests;
