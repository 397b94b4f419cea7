//! The properties that are known, and their values.

use croft_api::xml::escaped;

use crate::{
    methods::{http_date, lock, long_id},
    previews,
    space::{DeadProperty, Sums, locks::Lock},
};

/// Namespaces and the prefixes that answers give them.
pub(super) const NAMESPACES: [(&str, &str); 3] = [("d", "DAV:"), ("oc", "http://owncloud.org/ns"), ("nc", "http://nextcloud.org/ns")];

/// Whether only the box says what the properties in `namespace` are.
pub(crate) fn is_ours(namespace: &str) -> bool {
    NAMESPACES.iter().any(|(_, uri)| *uri == namespace)
}

/// A known property.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Property {
    ContentLength,
    ContentType,
    DisplayName,
    Etag,
    LastModified,
    ResourceType,
    LockDiscovery,
    SupportedLock,
    QuotaAvailable,
    QuotaUsed,
    FileId,
    LongId,
    Permissions,
    Size,
    TrashName,
    TrashLocation,
    TrashTime,
    TrashWho,
    Checksums,
    Favorite,
    DataFingerprint,
    HasPreview,
    PhotoTime,
}

/// Every property with its prefix and name.
pub(super) const PROPERTIES: [(Property, &str, &str); 23] = [
    (Property::ContentLength, "d", "getcontentlength"),
    (Property::ContentType, "d", "getcontenttype"),
    (Property::DisplayName, "d", "displayname"),
    (Property::Etag, "d", "getetag"),
    (Property::LastModified, "d", "getlastmodified"),
    (Property::ResourceType, "d", "resourcetype"),
    (Property::LockDiscovery, "d", "lockdiscovery"),
    (Property::SupportedLock, "d", "supportedlock"),
    (Property::QuotaAvailable, "d", "quota-available-bytes"),
    (Property::QuotaUsed, "d", "quota-used-bytes"),
    (Property::FileId, "oc", "fileid"),
    (Property::LongId, "oc", "id"),
    (Property::Permissions, "oc", "permissions"),
    (Property::Size, "oc", "size"),
    (Property::TrashName, "nc", "trashbin-filename"),
    (Property::TrashLocation, "nc", "trashbin-original-location"),
    (Property::TrashTime, "nc", "trashbin-deletion-time"),
    (Property::TrashWho, "nc", "trashbin-deleted-by-display-name"),
    (Property::Checksums, "oc", "checksums"),
    (Property::Favorite, "oc", "favorite"),
    (Property::DataFingerprint, "oc", "data-fingerprint"),
    (Property::HasPreview, "nc", "has-preview"),
    (Property::PhotoTime, "nc", "metadata-photos-original_date_time"),
];

/// What is asked for without naming anything: the properties of RFC 4918 that cost nothing.
pub(super) const ALL: [Property; 6] =
    [Property::DisplayName, Property::ResourceType, Property::ContentLength, Property::ContentType, Property::Etag, Property::LastModified];

/// What is known of an entry, for its values.
#[derive(Debug, Default)]
pub(crate) struct Subject {
    /// Its address, percent-encoded, with a slash at the end of a folder's.
    pub(crate) href: String,
    /// What stands before the paths inside the space in addresses.
    pub(crate) prefix: String,
    pub(crate) name: String,
    pub(crate) etag: String,
    pub(crate) id: u64,
    pub(crate) letters: String,
    /// Length and type of a file; none of a folder.
    pub(crate) file: Option<(u64, &'static str)>,
    /// Seconds since 1970.
    pub(crate) modified: Option<i64>,
    /// When it was taken, in Unix seconds, where that was asked for and is known.
    pub(crate) taken: Option<i64>,
    /// All bytes of it, where they were asked for.
    pub(crate) size: Option<u64>,
    /// Bytes that may still be written, of a folder, where they were asked for.
    pub(crate) available: Option<u64>,
    /// Those that cover it, where they were asked for.
    pub(crate) locks: Vec<Lock>,
    /// The checksums of a file, where they were asked for and are known.
    pub(crate) sums: Option<Sums>,
    /// Whether the one who asks has marked it, where that was asked for.
    pub(crate) favorite: Option<bool>,
    /// What changes when the space was set back, where it was asked for.
    pub(crate) fingerprint: Option<String>,
    /// Properties that clients have set, where they were asked for.
    pub(crate) dead: Vec<DeadProperty>,
    /// Of an item of the trash.
    pub(crate) trashed: Option<Trashed>,
}

/// What is known of an item of the trash beside what it is.
#[derive(Debug)]
pub(crate) struct Trashed {
    /// Its name before it was deleted.
    pub(crate) name: String,
    /// Its path before it was deleted, in the tree of the person who asks.
    pub(crate) location: String,
    /// When it was deleted, in Unix seconds.
    pub(crate) deleted: i64,
    /// By whom.
    pub(crate) who: String,
}

impl Property {
    /// The property `name` in `namespace`.
    pub(super) fn find(namespace: &str, name: &str) -> Option<Self> {
        let (prefix, _) = NAMESPACES.iter().find(|(_, uri)| *uri == namespace)?;
        PROPERTIES.iter().find(|(_, known, local)| known == prefix && *local == name).map(|(property, ..)| *property)
    }

    /// Prefix and name, as `d` and `getetag`.
    pub(super) fn tag(self) -> (&'static str, &'static str) {
        PROPERTIES.iter().find(|(property, ..)| *property == self).map(|(_, prefix, name)| (*prefix, *name)).unwrap_or_default()
    }

    /// Whether it is also somebody's with a link: what says nothing of the household's people, locks and disks.
    pub(super) fn is_public(self) -> bool {
        use Property::{Favorite, LockDiscovery, QuotaAvailable, QuotaUsed};
        !matches!(self, LockDiscovery | QuotaAvailable | QuotaUsed | Favorite)
    }

    /// Whether all below a folder has to be counted for it.
    pub(super) fn needs_size(self) -> bool {
        matches!(self, Self::Size | Self::QuotaUsed)
    }

    /// The value as XML; `None` when this entry has no such property.
    pub(super) fn value(self, subject: &Subject) -> Option<String> {
        let folder = subject.file.is_none();
        Some(match self {
            Self::ContentLength => subject.file?.0.to_string(),
            Self::ContentType => subject.file?.1.to_owned(),
            Self::DisplayName => escaped(&subject.name).into_owned(),
            Self::Etag => ["&quot;", &subject.etag, "&quot;"].concat(),
            Self::LastModified => http_date(subject.modified?),
            Self::ResourceType if folder => "<d:collection/>".to_owned(),
            Self::ResourceType => String::new(),
            Self::LockDiscovery => lock::discovery(&subject.locks, &subject.prefix),
            Self::SupportedLock => lock::SUPPORTED.to_owned(),
            Self::QuotaAvailable => subject.available?.to_string(),
            Self::QuotaUsed if folder => subject.size?.to_string(),
            Self::QuotaUsed => return None,
            Self::FileId => subject.id.to_string(),
            Self::LongId => long_id(subject.id),
            Self::Permissions => subject.letters.clone(),
            Self::TrashName => escaped(&subject.trashed.as_ref()?.name).into_owned(),
            Self::TrashLocation => escaped(&subject.trashed.as_ref()?.location).into_owned(),
            Self::TrashTime => subject.trashed.as_ref()?.deleted.to_string(),
            Self::TrashWho => escaped(&subject.trashed.as_ref()?.who).into_owned(),
            Self::Checksums => format!("<oc:checksum>{}</oc:checksum>", escaped(subject.sums.as_ref()?.as_str())),
            Self::Favorite => u8::from(subject.favorite?).to_string(),
            Self::DataFingerprint => escaped(subject.fingerprint.as_ref()?).into_owned(),
            Self::Size => subject.size.or(subject.file.map(|(length, _)| length))?.to_string(),
            Self::PhotoTime => subject.taken?.to_string(),
            Self::HasPreview => subject.file.is_some_and(|(bytes, _)| previews::may_be(&subject.name, bytes)).to_string(),
        })
    }
}
