//! Accounts to log in with.
//!
//! A password costs the server tens of milliseconds, so a load that is not about passwords shares a
//! few accounts, each with many connections by resume token.

use std::net::SocketAddr;
use std::sync::Arc;

use chat_protocol::{Credential, RoomName, Secret, Username};

use crate::client::{Client, ClientError, Login, PATIENCE};

/// Accounts that a load shares, where it is not told otherwise.
pub(crate) const SHARED: usize = 8;

/// Accounts with tokens.
#[derive(Clone, Debug)]
pub(crate) struct Logins {
    logins: Arc<Vec<Login>>,
}

impl Logins {
    /// Makes `count` accounts, and takes a token for each.
    pub(crate) async fn prepare(address: SocketAddr, count: usize) -> Result<Self, ClientError> {
        let room = room("lobby");
        let mut logins = Vec::with_capacity(count);
        for number in 0..count.max(1) {
            let mut login = by_password(&format!("load{number}"));
            let mut client = Client::connect(address, None).await?;
            let accepted = client.enter(&login, &room, None, PATIENCE).await?;
            login.credential = Credential::Token(Secret::new(accepted.token));
            logins.push(login);
        }
        Ok(Self {
            logins: Arc::new(logins),
        })
    }

    /// The login for connection `number`.
    pub(crate) fn of(&self, number: usize) -> &Login {
        &self.logins[number % self.logins.len()]
    }
}

/// The account `name`, by the password that it always has.
pub(crate) fn by_password(name: &str) -> Login {
    Login {
        username: Username::new(name).expect("a name of letters and digits is a user's"),
        credential: Credential::Password(Secret::new(format!("{name}-has-a-secret"))),
    }
}

/// A room that no earlier run has used.
pub(crate) fn room(name: &str) -> RoomName {
    let run = std::process::id();
    let time = crate::clock::nanos();
    RoomName::new(&format!("{name}-{run}-{time}")).expect("letters and digits are a room's name")
}
