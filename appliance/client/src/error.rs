//! What can go wrong between a program and a box.

use croft_model::Problem;

/// Why a call did not give what was asked for.
#[derive(Debug, thiserror::Error)]
pub enum ClientError {
    /// No box runs in that home.
    #[error("no box answers in {home}: {reason}. Start one with `cargo xtask up --home {home}`")]
    NoBox {
        /// The home that was looked at.
        home: String,
        /// What was found instead.
        reason: String,
    },
    /// The address is none.
    #[error("`{0}` is not an https address")]
    Address(String),
    /// The certificate file cannot be used.
    #[error("{path} is not a readable PEM certificate: {reason}")]
    Certificate {
        /// The file.
        path: String,
        /// Why.
        reason: String,
    },
    /// The box cannot be reached or broke off.
    #[error("the box cannot be reached")]
    Unreachable(#[source] reqwest::Error),
    /// The box answered something that this client does not understand.
    #[error("the box answered something unexpected to {call}. Is this client of the same release?")]
    Unexpected {
        /// Method and path.
        call: String,
        /// What failed.
        #[source]
        source: Box<dyn std::error::Error + Send + Sync>,
    },
    /// The box refused and says why.
    #[error("{0}")]
    Refused(Problem),
}
