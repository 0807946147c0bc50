//! Stops a statement on the server.
//!
//! A cancel request opens a connection of its own and carries the process id and secret key of the
//! session, no password: it works after the token has expired, and needs no second sign-in.

use std::net::SocketAddr;

use tokio_postgres::{CancelToken, NoTls};

use super::dial::{self, Patience};
use super::refusal;
use super::transport::{Encryption, Transport};
use crate::domain::failure::{Failure, Phase};

/// Stops whatever statement a session runs. Cheap to clone.
#[derive(Clone)]
pub struct Canceller {
    token: CancelToken,
    address: SocketAddr,
    encryption: Encryption,
    patience: Patience,
}

impl std::fmt::Debug for Canceller {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.debug_struct("Canceller")
            .field("address", &self.address)
            .finish_non_exhaustive()
    }
}

impl Canceller {
    /// A canceller that goes the way the session went.
    pub(super) const fn new(
        token: CancelToken,
        address: SocketAddr,
        encryption: Encryption,
        patience: Patience,
    ) -> Self {
        Self {
            token,
            address,
            encryption,
            patience,
        }
    }

    /// Asks the server to stop. The server does not say whether it did: the statement ends with
    /// SQLSTATE 57014, or had ended before.
    pub async fn cancel(&self) -> Result<(), Failure> {
        let (tcp, peer) = dial::open(&[self.address], self.patience.tcp).await?;
        let transport = Transport::secure(tcp, peer, &self.encryption, self.patience.tls).await?;
        self.token
            .cancel_query_raw(transport, NoTls)
            .await
            .map_err(|error| refusal::from_driver(Phase::Statement, &error))
    }
}
