//! Domain `links`: addresses that open a file or a folder to whoever has them. The gateway serves it, out of what the workers of a person's spaces say.

use croft_model::{LinkKind, PersonId};
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

/// Body of `POST /api/v1/links`.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct LinkOrder {
    /// The file or folder, in the tree of the one who asks: `Family/holiday`.
    pub path: String,
    /// How it shall be.
    #[serde(flatten)]
    pub wish: LinkWish,
}

/// How a link shall be. What is absent stays as it is; of a new link, there is none.
#[derive(Clone, Default, Serialize, Deserialize, ToSchema)]
pub struct LinkWish {
    /// What it opens; of a new link `read`.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub kind: Option<LinkKind>,
    /// What people call it, at most 64 characters.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub label: Option<String>,
    /// The password that it asks for, at most 256 bytes; empty for none.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub password: Option<String>,
    /// When it ends, in Unix seconds; 0 for never.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub expires: Option<i64>,
    /// How many downloads it allows; 0 for any number.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub downloads: Option<u64>,
}

/// A link, as the one who made it and those who manage the space see it.
#[derive(Clone, Serialize, Deserialize, ToSchema)]
pub struct LinkRow {
    /// By this it is changed and revoked: `s7-01234567`.
    pub id: String,
    /// What stands behind `/s/` in its address. Whoever has it has what the link opens.
    pub token: String,
    /// Where what it opens is, in the tree of the one who asks; absent where it is nowhere.
    pub path: Option<String>,
    /// The name that it had last.
    pub name: String,
    /// Whether it opens a folder.
    pub folder: bool,
    /// The file id of what it opens.
    pub file: u64,
    /// What it opens it for.
    pub kind: LinkKind,
    /// What people call it; may be empty.
    pub label: String,
    /// Who made it.
    pub by: PersonId,
    /// Their name then.
    pub by_name: String,
    /// When it was made, in Unix seconds.
    pub made: i64,
    /// When it ends, in Unix seconds; absent for never.
    pub expires: Option<i64>,
    /// Whether it asks for a password.
    pub password: bool,
    /// How many downloads it allows; absent for any number.
    pub downloads: Option<u64>,
    /// How many there were.
    pub downloaded: u64,
    /// How many files came in by it.
    pub received: u64,
    /// Whether it works.
    pub state: LinkState,
    /// Who used it when, the latest first; at most 100.
    pub uses: Vec<LinkUse>,
}

/// Whether a link works.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkState {
    /// It does.
    Works,
    /// Its time is over.
    Expired,
    /// There were as many downloads as it allows.
    UsedUp,
    /// What it opens is in the trash, or gone for good.
    Gone,
    /// Who made it may no longer share what is there.
    Ended,
}

/// One use of a link.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
pub struct LinkUse {
    /// When, in Unix seconds.
    pub at: i64,
    /// From which address, shortened: it tells a home from another one, and not who is in it.
    pub address: String,
    /// What was done.
    pub what: LinkDeed,
    /// The file or folder that it was done with, below what the link opens.
    pub name: String,
}

/// What is done by a link.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "kebab-case")]
pub enum LinkDeed {
    /// Looked at.
    Opened,
    /// A file was downloaded.
    Downloaded,
    /// A file came in, or a folder was made.
    Added,
    /// A file got another content.
    Replaced,
    /// Something went to the trash.
    Deleted,
    /// The password was wrong.
    WrongPassword,
}

/// What the page of a link shows; from a worker to the gateway.
#[derive(Clone, Serialize, Deserialize)]
pub struct LinkPage {
    /// Names of what the link opens and of the folders down to the one that is shown.
    pub names: Vec<String>,
    /// What the link is for.
    pub kind: LinkKind,
    /// Who made it.
    pub by: String,
    /// Until when, in Unix seconds.
    pub expires: Option<i64>,
    /// Whether it opens a folder.
    pub folder: bool,
    /// What is there; nothing of a link that only takes files.
    pub entries: Vec<LinkEntry>,
    /// How many entries are left out, since a page has its limit.
    pub more: usize,
    /// What stands for the password from now on, where it was shown.
    pub pass: Option<String>,
}

/// An entry on the page of a link.
#[derive(Clone, Serialize, Deserialize)]
pub struct LinkEntry {
    /// Its name.
    pub name: String,
    /// Its length; none of a folder.
    pub bytes: Option<u64>,
    /// When it changed, in Unix seconds.
    pub modified: i64,
    /// Its ETag, without quotes.
    pub etag: String,
}
