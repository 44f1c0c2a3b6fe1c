//! The texts that the protocol fixes to the letter, its spelling included: clients may compare them.

/// `message` of `auth`.
pub const AUTHENTICATED: &str = "Authentification complete";
/// `message` of the `cerror` 401 to a client that is in no room.
pub const AUTHENTICATION_REQUIRED: &str = "Authentification required";
/// `message` of `kick` and `ban` to their target.
pub const DISCONNECTED: &str = "Disconnected";
/// `message` of a moderation event to the moderator who sent it.
pub const SUCCESS: &str = "Success";
