//! Problem documents (RFC 9457): the one shape of every error that the API answers with.

use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::ToProve;

/// An error as the person or program on the other side sees it. The inner chain of causes goes to the journal, never here.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Problem {
    /// URI of the kind of problem: `urn:croft:problem:CODE`.
    #[serde(rename = "type")]
    pub kind: String,
    /// Short name of the kind.
    pub title: String,
    /// The HTTP status.
    pub status: u16,
    /// Stable code: `settings-stale`, `pairing-code-wrong`.
    pub code: String,
    /// A sentence about what is wrong.
    pub detail: String,
    /// What to do about it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub hint: Option<String>,
    /// The key, field or header at fault.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub key: Option<String>,
    /// Seconds after which a further try makes sense; also sent as `Retry-After`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after_seconds: Option<u64>,
    /// What has to be proved before it is done: of `proof-missing`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub proof: Option<Box<ToProve>>,
}

impl Problem {
    /// A problem with its status, stable code and sentence. The title is the code in words.
    pub fn new(status: u16, code: &str, detail: impl Into<String>) -> Self {
        Self {
            kind: format!("urn:croft:problem:{code}"),
            title: code.replace('-', " "),
            status,
            code: code.into(),
            detail: detail.into(),
            hint: None,
            key: None,
            retry_after_seconds: None,
            proof: None,
        }
    }

    /// With what to do about it.
    #[must_use]
    pub fn hint(mut self, hint: impl Into<String>) -> Self {
        self.hint = Some(hint.into());
        self
    }

    /// With the key, field or header at fault.
    #[must_use]
    pub fn key(mut self, key: impl Into<String>) -> Self {
        self.key = Some(key.into());
        self
    }

    /// With the time after which a further try makes sense.
    #[must_use]
    pub fn retry_after(mut self, seconds: u64) -> Self {
        self.retry_after_seconds = Some(seconds);
        self
    }

    /// With what has to be proved first.
    #[must_use]
    pub fn proof(mut self, wanted: ToProve) -> Self {
        self.proof = Some(Box::new(wanted));
        self
    }

    /// Something broke inside; the journal has the chain under the request's id.
    #[must_use]
    pub fn internal() -> Self {
        Self::new(500, "internal", "Something went wrong inside the box. The journal has the details under this request's id.")
            .hint("Try again. If it stays, look at `croft logs`.")
    }

    /// A role that is not there right now.
    #[must_use]
    pub fn unavailable(what: &str) -> Self {
        Self::new(503, "not-ready", format!("{what} is not ready yet.")).hint("Try again in a moment.").retry_after(2)
    }
}

impl std::fmt::Display for Problem {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        write!(f, "{}", self.detail)?;
        if let Some(hint) = &self.hint {
            write!(f, " {hint}")?;
        }
        Ok(())
    }
}

impl std::error::Error for Problem {}

impl From<crate::Invalid> for Problem {
    fn from(invalid: crate::Invalid) -> Self {
        Self::new(422, "settings-invalid", format!("{invalid}.")).hint("Nothing was changed.").key(invalid.key)
    }
}
