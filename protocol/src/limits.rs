//! The protocol's numbers: how long, how many, how large.

/// Characters (Unicode scalar values) of a message's content after trimming.
pub const CONTENT_CHARS: usize = 500;
/// Bytes of one frame from a client, by default.
pub const FRAME_BYTES: usize = 16 * 1024;
/// Characters of a user name, as given and as compared.
pub const USERNAME_CHARS: usize = 64;
/// Characters of a room name.
pub const ROOM_NAME_CHARS: usize = 64;
/// Bytes of a nonce.
pub const NONCE_BYTES: usize = 64;
/// Bytes of a message id or an epoch that a client names.
pub const IDENTIFIER_BYTES: usize = 64;
/// Entries of one `history` answer at most.
pub const HISTORY_ENTRIES: u64 = 200;
/// Entries of one `history` answer where the request names no limit.
pub const HISTORY_ENTRIES_DEFAULT: u64 = 50;
/// Entries of one `audit` answer at most.
pub const AUDIT_ENTRIES: u64 = 200;
/// Entries of one `audit` answer where the request names no limit.
pub const AUDIT_ENTRIES_DEFAULT: u64 = 50;
/// Lines of the audit that one `user` answer lists at most.
pub const USER_AUDIT_ENTRIES: u64 = 20;
/// Users of each kind that one `sanctions` answer lists at most.
pub const SANCTIONS_ENTRIES: usize = 500;
/// Members that one `who` answer lists at most.
pub const WHO_MEMBERS: usize = 500;
/// Entries that a resume replays at most; a larger gap is not recovered.
pub const RESUME_ENTRIES: u64 = 1_000;
/// Bytes of encoded entries that a resume replays at most; a larger gap is not recovered.
pub const RESUME_BYTES: usize = 512 * 1024;
/// Connections in a room from which `join` and `leave` give way to `presence`.
pub const PRESENCE_FROM: usize = 100;
/// Seconds of a mute at most (14 days).
pub const MUTE_SECONDS: u64 = 1_209_600;
/// Seconds of a ban that ends by itself at most (100 years).
pub const BAN_SECONDS: u64 = 3_153_600_000;
/// Seconds of slow mode at most.
pub const SLOW_MODE_SECONDS: u64 = 120;
/// Characters of a moderator's reason.
pub const REASON_CHARS: usize = 500;
/// Characters of a room's topic.
pub const TOPIC_CHARS: usize = 500;
/// Capabilities that one `auth` may list.
pub const CAPABILITIES: usize = 32;
/// Minutes for which a nonce is remembered.
pub const NONCE_MINUTES: u64 = 5;
