//! What the server's log holds: the user, how long a statement took, how many rows were sent, how it ended. Never a
//! statement's text nor a value.

use std::fmt;
use std::net::SocketAddr;
use std::sync::Arc;
use std::time::Duration;

/// Where events go.
pub type Log = Arc<dyn Fn(&ServerEvent) + Send + Sync>;

/// Something worth a line in the log.
#[derive(Debug, Clone, PartialEq)]
pub enum ServerEvent {
    /// A statement ended.
    Statement {
        /// Counts from 1 since the server began.
        number: u64,
        /// Its user.
        user: String,
        /// From the call to the last row.
        elapsed: Duration,
        /// Rows sent.
        n_rows: u64,
        /// `ok`, or the status that the client received, or `client_went_away`.
        outcome: String,
    },
    /// A call came without a valid access token.
    Refused {
        /// Where the call came from.
        address: Option<SocketAddr>,
    },
    /// Changed files cannot be used.
    Unusable {
        /// Which, and why.
        message: String,
    },
}

impl fmt::Display for ServerEvent {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Statement {
                number,
                user,
                elapsed,
                n_rows,
                outcome,
            } => write!(
                f,
                "statement={number} user={user} seconds={:.3} rows={n_rows} outcome={outcome}",
                elapsed.as_secs_f64()
            ),
            Self::Refused {
                address: Some(address),
            } => write!(
                f,
                "refused a call without a valid access token from {address}"
            ),
            Self::Refused { address: None } => {
                f.write_str("refused a call without a valid access token")
            }
            Self::Unusable { message } => f.write_str(message),
        }
    }
}
