//! What the limit's process is told on standard input, line by line.

use std::io;
use std::process;
use std::sync::mpsc::{self, Receiver};
use std::thread;

use serde::{Deserialize, Serialize};

use crate::exit;

/// One order, one line of JSON.
#[derive(Clone, Copy, Debug, PartialEq, Serialize, Deserialize)]
pub(crate) enum Order {
    /// So many messages, at `rate` a second.
    Send {
        phase: u64,
        messages: u64,
        rate: f64,
    },
    /// As many messages as it can, until the next order.
    Flood { phase: u64 },
    /// No more of them.
    Stop,
}

/// What comes on standard input. Where that ends, its starter wants no more, or is gone: the
/// process ends, whatever it is at.
pub(super) fn listen() -> Receiver<Order> {
    let (give, orders) = mpsc::channel();
    thread::spawn(move || {
        for line in io::stdin().lines().map_while(Result::ok) {
            match serde_json::from_str(&line) {
                // It may be about to end.
                Ok(order) => drop(give.send(order)),
                Err(error) => {
                    exit::fail(exit::FAILED, &error);
                    break;
                }
            }
        }
        process::exit(exit::DONE.into());
    });
    orders
}
