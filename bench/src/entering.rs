//! Letting many in: each connects, logs in and enters its room, some at the same time; then their
//! connections are given away.

use std::net::{Ipv4Addr, SocketAddr, TcpStream};
use std::sync::Arc;

use chat_protocol::RoomName;
use tokio::task::JoinSet;

use crate::client::{Client, ClientError, Login, PATIENCE};

/// How many are on their way at the same time.
const AT_ONCE: usize = 16;
/// Connections from one address: fewer than there are ports to connect from (28,232, where nobody
/// has changed it; `ip_local_port_range` of `ip(7)`).
const FROM_ONE_ADDRESS: usize = 20_000;

/// Who comes in, and where to.
#[derive(Clone, Debug)]
pub(crate) struct JoinRequest {
    /// The account.
    pub(crate) login: Login,
    /// The room.
    pub(crate) room: RoomName,
}

/// Lets all in. Their connections come in the order of the requests, and do not block.
pub(crate) async fn enter_all(
    address: SocketAddr,
    requests: Vec<JoinRequest>,
) -> Result<Vec<TcpStream>, ClientError> {
    let requests = Arc::new(requests);
    let mut entering = JoinSet::new();
    for first in 0..AT_ONCE.min(requests.len()) {
        let requests = Arc::clone(&requests);
        entering.spawn(async move {
            let mut entered = Vec::new();
            for (number, request) in requests.iter().enumerate().skip(first).step_by(AT_ONCE) {
                entered.push((number, enter(address, number, request).await?));
            }
            Ok(entered)
        });
    }
    let mut all = Vec::with_capacity(requests.len());
    while let Some(entered) = entering.join_next().await {
        all.extend(entered.unwrap_or(Err(ClientError::Late("end of a task that broke down")))?);
    }
    all.sort_by_key(|(number, _)| *number);
    Ok(all.into_iter().map(|(_, stream)| stream).collect())
}

async fn enter(
    address: SocketAddr,
    number: usize,
    request: &JoinRequest,
) -> Result<TcpStream, ClientError> {
    let mut client = Client::connect_from(address, source(address, number)).await?;
    client
        .enter(&request.login, &request.room, None, PATIENCE)
        .await?;
    client.into_stream()
}

/// The address that connection `number` comes from, where it is not to be the system's choice.
fn source(address: SocketAddr, number: usize) -> Option<Ipv4Addr> {
    let block = u8::try_from(number / FROM_ONE_ADDRESS).ok()?;
    let is_needed = address.is_ipv4() && block > 0;
    is_needed.then(|| Ipv4Addr::new(127, 0, 1, block))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn other_addresses_are_used_once_ports_run_short() {
        let server = SocketAddr::from(([127, 0, 0, 1], 80));
        assert_eq!(source(server, 19_999), None);
        assert_eq!(source(server, 20_000), Some([127, 0, 1, 1].into()));
        assert_eq!(source(server, 45_000), Some([127, 0, 1, 2].into()));
        let server = SocketAddr::from((std::net::Ipv6Addr::LOCALHOST, 80));
        assert_eq!(source(server, 20_000), None);
    }
}
