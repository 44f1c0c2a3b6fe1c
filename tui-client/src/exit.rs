//! The exit codes, all of them, in one place. Must not decide when a program ends.

use std::process::ExitCode;

/// How the program ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Exit {
    /// 0: quit, told to end by SIGTERM, SIGINT or SIGHUP, or standard output's reader went away.
    Done,
    /// 1: something on this machine failed, such as the terminal.
    Failed,
    /// 2: the command line cannot be right.
    Usage,
    /// 3: the server refused to let this user in.
    Refused,
    /// 4: the server was not reachable, or the connection was lost.
    Unreachable,
    /// 5: of what was given to be sent, something was not sent or was refused.
    NotAll,
}

impl Exit {
    /// The number that the shell sees.
    pub fn code(self) -> u8 {
        match self {
            Exit::Done => 0,
            Exit::Failed => 1,
            Exit::Usage => 2,
            Exit::Refused => 3,
            Exit::Unreachable => 4,
            Exit::NotAll => 5,
        }
    }
}

impl From<Exit> for ExitCode {
    fn from(exit: Exit) -> ExitCode {
        ExitCode::from(exit.code())
    }
}
