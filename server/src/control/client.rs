//! The command line's end of the socket: one request, one answer.

use std::io::{self, BufRead, BufReader, Read, Write};
use std::path::Path;

use super::{Answer, LINE, NO_REQUEST, PATIENCE, Request, socket};

/// Sends `request` to the running server of `data`. `None` if no server listens, which does not mean
/// that none is running: only the lock tells that.
pub fn ask(data: &Path, request: &Request) -> io::Result<Option<Answer>> {
    let Some(mut stream) = socket::connect(data)? else {
        return Ok(None);
    };
    stream.set_read_timeout(Some(PATIENCE))?;
    let mut line = serde_json::to_vec(request)?;
    line.push(b'\n');
    stream.write_all(&line)?;
    let mut answer = String::new();
    BufReader::new(stream.take(LINE)).read_line(&mut answer)?;
    understood(&answer).map(Some)
}

/// Parses a server's answer. The server may be of another version than this program.
fn understood(line: &str) -> io::Result<Answer> {
    if line.trim_end().is_empty() {
        return Err(io::Error::other(
            "it may be stopping or busy, and it may still carry the command out: check before you try \
             again",
        ));
    }
    let answer: Answer = serde_json::from_str(line).map_err(|_| {
        io::Error::other(format!(
            "it is of another version than this program ({}), and its answer can't be read: use the \
             program that the server was started from, or restart the server with this one",
            env!("CARGO_PKG_VERSION")
        ))
    })?;
    Ok(answer.map_err(|refused| match refused.starts_with(NO_REQUEST) {
        true => format!(
            "the running server does not know this command, because it is of another version than this \
             program ({}): use the program that the server was started from, or restart the server \
             with this one",
            env!("CARGO_PKG_VERSION")
        ),
        false => refused,
    }))
}
