//! Why the gateway cannot run.

/// The gateway cannot start or go on.
#[derive(Debug, thiserror::Error)]
pub enum GatewayError {
    /// A descriptor or variable that the supervisor hands over is missing.
    #[error("the gateway was not started as its manifest says")]
    Inherit(#[from] croft_api::inherit::InheritError),
    /// No key for TLS can be made.
    #[error("a key for TLS cannot be made")]
    Key(#[from] rcgen::Error),
    /// What identity gave is no certificate for that key.
    #[error("the certificate from identity cannot be used")]
    Certificate(#[source] Box<dyn std::error::Error + Send + Sync>),
    /// TLS cannot be set up.
    #[error("TLS cannot be set up")]
    Tls(#[from] rustls::Error),
}
