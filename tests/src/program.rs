//! A program that runs with pipes for its standard streams.
//!
//! Owns the child process: it is stopped, by its own id, when this value goes. Must not know what
//! the program is.

use std::io::{BufRead, BufReader, Read, Write};
use std::process::{Child, ChildStdin, Command, ExitStatus, Stdio};
use std::sync::Arc;

use tempfile::TempDir;

use rustix::process::{Pid, Signal, kill_process};

use crate::watched::{PATIENCE, Watched};

/// Which of a program's outputs.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stream {
    /// Standard output.
    Out,
    /// Standard error.
    Error,
}

#[derive(Debug, Default)]
struct Lines {
    lines: Vec<String>,
    ended: bool,
}

/// A running program, its output collected line by line.
#[derive(Debug)]
pub struct Program {
    child: Child,
    input: Option<ChildStdin>,
    out: Arc<Watched<Lines>>,
    error: Arc<Watched<Lines>>,
    /// What has to be there for as long as it runs.
    kept: Option<Arc<TempDir>>,
}

/// What a program that has ended left behind.
#[derive(Debug)]
pub struct Finished {
    /// How it ended.
    pub status: ExitStatus,
    /// Its standard output.
    pub out: String,
    /// Its standard error.
    pub error: String,
}

/// Runs `command` with `input` as its standard input, to its end.
pub(crate) fn run(command: Command, input: &str) -> Finished {
    let mut program = Program::start(command);
    program.write(input);
    program.close_input();
    program.finish()
}

impl Program {
    /// Starts `command`.
    pub fn start(mut command: Command) -> Self {
        let mut child = command
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            .spawn()
            .unwrap_or_else(|error| panic!("{command:?} does not start: {error}"));
        let input = child.stdin.take();
        let out = collect(child.stdout.take().expect("the output is a pipe"));
        let error = collect(child.stderr.take().expect("the error output is a pipe"));
        Self {
            child,
            input,
            out,
            error,
            kept: None,
        }
    }

    /// Keeps a folder for as long as the program runs.
    pub(crate) fn keeping(mut self, folder: Arc<TempDir>) -> Self {
        self.kept = Some(folder);
        self
    }

    /// Writes to its standard input; a program that has already ended does not read any more.
    pub fn write(&mut self, text: &str) {
        let input = self.input.as_mut().expect("its input is still open");
        match input
            .write_all(text.as_bytes())
            .and_then(|()| input.flush())
        {
            Err(error) if error.kind() != std::io::ErrorKind::BrokenPipe => {
                panic!("the program's input can't be written: {error}")
            }
            _ => {}
        }
    }

    /// Ends its standard input.
    pub fn close_input(&mut self) {
        self.input = None;
    }

    /// The first thing that `probe` finds in a line of `stream`, past lines included.
    #[track_caller]
    pub fn wait_for_line<R>(
        &self,
        stream: Stream,
        what: &str,
        mut probe: impl FnMut(&str) -> Option<R>,
    ) -> R {
        let found = self.stream(stream).wait(PATIENCE, |lines| {
            match lines.lines.iter().find_map(|line| probe(line)) {
                Some(found) => Some(Some(found)),
                None if lines.ended => Some(None),
                None => None,
            }
        });
        match found.flatten() {
            Some(found) => found,
            None => panic!(
                "no {what}\n-- out:\n{}\n-- error:\n{}",
                self.text(Stream::Out),
                self.text(Stream::Error)
            ),
        }
    }

    /// All that `stream` has brought so far.
    pub fn text(&self, stream: Stream) -> String {
        self.stream(stream).lock().lines.join("\n")
    }

    /// Its process.
    pub fn pid(&self) -> Pid {
        Pid::from_child(&self.child)
    }

    /// Sends `signal`.
    pub fn signal(&self, signal: Signal) {
        kill_process(self.pid(), signal).expect("the program still runs");
    }

    /// Waits for the program to end by itself.
    #[track_caller]
    pub fn finish(&mut self) -> Finished {
        for stream in [Stream::Out, Stream::Error] {
            let ended = self
                .stream(stream)
                .wait(PATIENCE, |lines| lines.ended.then_some(()));
            if ended.is_none() {
                panic!(
                    "the program does not end\n-- out:\n{}\n-- error:\n{}",
                    self.text(Stream::Out),
                    self.text(Stream::Error)
                );
            }
        }
        Finished {
            status: self.child.wait().expect("a child can be waited for"),
            out: self.text(Stream::Out),
            error: self.text(Stream::Error),
        }
    }

    /// Ends it at once, where it still runs.
    pub fn end(&mut self) {
        // Fails where the program has ended already, which is as good.
        let _ = self.child.kill();
        let _ = self.child.wait();
    }

    fn stream(&self, stream: Stream) -> &Watched<Lines> {
        match stream {
            Stream::Out => &self.out,
            Stream::Error => &self.error,
        }
    }
}

impl Drop for Program {
    fn drop(&mut self) {
        self.end();
    }
}

/// Reads `source` to its end on a thread of its own: a program must never wait for its reader.
fn collect(source: impl Read + Send + 'static) -> Arc<Watched<Lines>> {
    let collected = Arc::new(Watched::new(Lines::default()));
    let shared = Arc::clone(&collected);
    std::thread::spawn(move || {
        let mut source = BufReader::new(source);
        let mut line = Vec::new();
        while matches!(source.read_until(b'\n', &mut line), Ok(1..)) {
            let text = String::from_utf8_lossy(&line).trim_end().to_owned();
            shared.update(|lines| lines.lines.push(text));
            line.clear();
        }
        shared.update(|lines| lines.ended = true);
    });
    collected
}
