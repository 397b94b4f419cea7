//! What gateway, supervisor and console ask of identity on its Unix socket. No network address ever carries these.

use croft_model::{PersonId, Secret, SessionId};
use jiff::Timestamp;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use super::exposed;

/// What somebody shows to be let in.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(tag = "kind", rename_all = "snake_case", deny_unknown_fields)]
pub enum Credential {
    /// The browser's session token.
    Cookie {
        /// The token.
        #[serde(serialize_with = "exposed")]
        #[schema(value_type = String)]
        value: Secret,
    },
    /// An app password with the name of its person, from HTTP Basic.
    AppPassword {
        /// The person's name.
        name: String,
        /// The app password.
        #[serde(serialize_with = "exposed")]
        #[schema(value_type = String)]
        value: Secret,
    },
    /// An app password alone.
    Bearer {
        /// The app password.
        #[serde(serialize_with = "exposed")]
        #[schema(value_type = String)]
        value: Secret,
    },
}

/// Body of `POST /internal/v1/capabilities`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CapabilityRequest {
    /// What was shown.
    pub credential: Credential,
    /// The role or worker that is to accept the capability.
    pub audience: String,
    /// IP address of the client, by which wrong guesses are counted.
    pub client: String,
}

/// Body of `POST /internal/v1/capabilities/local`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct LocalCapabilityRequest {
    /// The role that is to accept the capability.
    pub audience: String,
}

/// A capability and what the asker must know of it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedCapability {
    /// Its text, for the header.
    #[serde(serialize_with = "exposed")]
    #[schema(value_type = String)]
    pub capability: Secret,
    /// Unix time in seconds after which it is void.
    pub expires: i64,
    /// The session or app password that earned it.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub session: Option<SessionId>,
    /// The person.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub person: Option<PersonId>,
}

/// Body of `POST /internal/v1/certificates`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct CertificateRequest {
    /// The public key (RFC 7468 `PUBLIC KEY`); the private half never leaves the asker.
    pub spki_pem: String,
    /// IP addresses under which the asker is reached; those outside of the authority's constraints are left out.
    #[serde(default)]
    pub names: Vec<String>,
}

/// Answer of `POST /internal/v1/certificates`.
#[derive(Debug, Clone, Serialize, Deserialize, ToSchema)]
pub struct IssuedCertificate {
    /// The certificate and the authority's, in PEM.
    pub chain_pem: String,
    /// When it ends.
    pub expires: Timestamp,
    /// The host names it is for, as identity knows the settings; the gateway asks again while it knows other ones.
    pub names: Vec<String>,
}

/// A line of `GET /internal/v1/revocations`: what is void from now on.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum Revocation {
    /// One session or app password.
    Session(SessionId),
    /// Everything of one person.
    Person(PersonId),
    /// Everything; always `true`.
    All(bool),
}

/// Answer of `GET /internal/v1/authority`: what anybody may know of the household's certificate authority.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct HouseholdCertificate {
    /// The certificate in PEM.
    pub ca_pem: String,
    /// Its SHA-256, as pairs of hexadecimal digits with colons.
    pub fingerprint: String,
}

/// Answer of `GET /internal/v1/door`: what the console shows. The gateway never sees it.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct Door {
    /// The household's certificate.
    pub ca_pem: String,
    /// Its SHA-256, as pairs of hexadecimal digits with colons.
    pub fingerprint: String,
    /// The pairing code while nobody has claimed the box.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub pairing_code: Option<String>,
}

/// Body of the supervisor's `POST /internal/v1/audit`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct AuditLine {
    /// Who did it.
    pub who: croft_model::Actor,
    /// Stable code of what happened: `session.opened`.
    pub action: String,
    /// A sentence for people, without secrets.
    pub sentence: String,
}

/// Body of the supervisor's `PUT /internal/v1/owner`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct FirstOwner {
    /// The name to sign in with.
    pub name: String,
    /// The name people read.
    pub display_name: String,
    /// What the box shall be called.
    pub box_name: String,
}

/// Answer of the supervisor's `PUT /internal/v1/owner`.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct OwnerMade {
    /// The owner.
    pub person: PersonId,
    /// The owner's own space.
    pub space: croft_model::SpaceId,
}
