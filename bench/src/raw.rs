//! Receiving as cheaply as it can be done, so that what a fan-out costs is the server's: members
//! whose frames are taken apart by hand, on threads that do nothing else.
//!
//! The real server and the limit are read by the same code, on as many threads, with the same
//! buffers: on the loopback a sender pays for a part of the receiving. Connections come here once
//! they are in their room; must not be used for anything but messages.

mod frame;
mod member;
mod message;
mod message_writer;
mod observed;
mod readers;
mod sender;
mod tally;

pub(crate) use frame::{server_text, text_header_bytes};
pub(crate) use member::Member;
pub(crate) use message_writer::{MessageWriter, post_text, write_whole};
pub(crate) use observed::Observed;
pub(crate) use readers::Readers;
pub(crate) use sender::{Sender, wait_until};
pub(crate) use tally::{MEASURED, Tally, WARMING_UP};
