//! References to images: which registry, which repository, and which content.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// The registry that a reference without one means, as everywhere.
const DEFAULT_REGISTRY: &str = "docker.io";
/// The folder of that registry that a repository without one lies in.
const DEFAULT_FOLDER: &str = "library";
/// Characters of a registry and its repository together, the limit that registries keep.
pub(crate) const MAX_REPOSITORY: usize = 255;
/// Characters of a tag, by the specification of OCI.
pub(crate) const MAX_TAG: usize = 128;
/// Hexadecimal digits of SHA-256, the one digest that an image may have.
const DIGEST_DIGITS: usize = 64;
/// Characters of a refused reference that its error repeats.
const MAX_SHOWN: usize = 120;

/// Where an image comes from. As text it is whole: `docker.io/library/redis:7`.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct Image {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<String>,
}

/// A text that names no image.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("`{text}` names no image: {why}")]
pub struct ImageError {
    text: String,
    why: &'static str,
}

impl Image {
    /// The registry: `ghcr.io`, `localhost:5000`.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The repository in it: `library/redis`.
    #[must_use]
    pub fn repository(&self) -> &str {
        &self.repository
    }

    /// The tag, a name that the registry may give to something else tomorrow.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// The digest, which names one content for good: `sha256:…`.
    #[must_use]
    pub fn digest(&self) -> Option<&str> {
        self.digest.as_deref()
    }

    /// The same image, held to one content.
    ///
    /// # Errors
    /// `digest` is none of SHA-256.
    pub fn with_digest(&self, digest: &str) -> Result<Self, ImageError> {
        if !is_digest(digest) {
            return Err(error(digest, "a digest is `sha256:` and 64 hexadecimal digits"));
        }
        Ok(Self { digest: Some(digest.to_owned()), ..self.clone() })
    }
}

impl FromStr for Image {
    type Err = ImageError;

    fn from_str(text: &str) -> Result<Self, ImageError> {
        if text.len() > MAX_REPOSITORY + MAX_TAG + DIGEST_DIGITS + "sha256:".len() + 2 {
            return Err(error(text, "it is too long"));
        }
        let (rest, digest) = match text.split_once('@') {
            Some((rest, digest)) if is_digest(digest) => (rest, Some(digest.to_owned())),
            Some(_) => return Err(error(text, "a digest is `sha256:` and 64 hexadecimal digits")),
            None => (text, None),
        };
        let (name, tag) = match rest.rsplit_once(':') {
            Some((name, tag)) if !tag.contains('/') => (name, Some(tag.to_owned())),
            _ => (rest, None),
        };
        if tag.as_deref().is_some_and(|tag| !is_tag(tag)) {
            return Err(error(text, "a tag has letters, digits, `_`, `.` and `-`, 1 to 128"));
        }
        let (registry, repository) = match name.split_once('/') {
            Some((first, rest)) if first.contains(['.', ':']) || first == "localhost" => (first.to_owned(), rest.to_owned()),
            Some(_) => (DEFAULT_REGISTRY.to_owned(), name.to_owned()),
            None => (DEFAULT_REGISTRY.to_owned(), format!("{DEFAULT_FOLDER}/{name}")),
        };
        let (registry, repository) = match registry.as_str() {
            "index.docker.io" | "registry-1.docker.io" => (DEFAULT_REGISTRY.to_owned(), repository),
            _ => (registry, repository),
        };
        let repository =
            if registry == DEFAULT_REGISTRY && !repository.contains('/') { format!("{DEFAULT_FOLDER}/{repository}") } else { repository };
        if !is_registry(&registry) {
            return Err(error(text, "a registry is a name of a host, with or without a port"));
        }
        if registry.len() + repository.len() > MAX_REPOSITORY || !repository.split('/').all(is_component) {
            return Err(error(text, "a repository has lower case letters and digits, with `_`, `.`, `-` and `/` between them"));
        }
        Ok(Self { registry, repository, tag, digest })
    }
}

impl fmt::Display for Image {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}/{}", self.registry, self.repository)?;
        if let Some(tag) = &self.tag {
            write!(f, ":{tag}")?;
        }
        if let Some(digest) = &self.digest {
            write!(f, "@{digest}")?;
        }
        Ok(())
    }
}

impl TryFrom<String> for Image {
    type Error = ImageError;

    fn try_from(text: String) -> Result<Self, ImageError> {
        text.parse()
    }
}

impl From<Image> for String {
    fn from(image: Image) -> String {
        image.to_string()
    }
}

fn error(text: &str, why: &'static str) -> ImageError {
    ImageError { text: text.chars().take(MAX_SHOWN).map(|c| if c.is_control() { ' ' } else { c }).collect(), why }
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:")
        .is_some_and(|digits| digits.len() == DIGEST_DIGITS && digits.bytes().all(|b| b.is_ascii_digit() || (b'a'..=b'f').contains(&b)))
}

fn is_tag(text: &str) -> bool {
    (1..=MAX_TAG).contains(&text.len())
        && text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'_' | b'.' | b'-'))
        && !text.starts_with(['.', '-'])
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.split_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let label = |label: &str| {
        !label.is_empty()
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-')
            && !label.starts_with('-')
            && !label.ends_with('-')
    };
    host.split('.').all(label) && port.is_none_or(|port| port.parse::<u16>().is_ok_and(|port| port > 0))
}

fn is_component(text: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let bytes = text.as_bytes();
    bytes.first().copied().is_some_and(inner)
        && bytes.last().copied().is_some_and(inner)
        && bytes.iter().all(|b| inner(*b) || matches!(b, b'_' | b'.' | b'-'))
        && !text.contains("..")
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    const DIGEST: &str = "sha256:0123456789abcdef0123456789abcdef0123456789abcdef0123456789abcdef";

    #[test]
    fn references_are_made_whole() {
        for (text, whole) in [
            ("redis", "docker.io/library/redis"),
            ("redis:7", "docker.io/library/redis:7"),
            ("docker.io/redis:7", "docker.io/library/redis:7"),
            ("index.docker.io/a/b", "docker.io/a/b"),
            ("linuxserver/jellyfin:10.11.10", "docker.io/linuxserver/jellyfin:10.11.10"),
            ("ghcr.io/a/b/c", "ghcr.io/a/b/c"),
            ("localhost/a", "localhost/a"),
            ("localhost:5000/a:1", "localhost:5000/a:1"),
            ("Reg.example:5000/a__b/c--d:V_1.0-x", "Reg.example:5000/a__b/c--d:V_1.0-x"),
        ] {
            assert_eq!(text.parse::<Image>().unwrap().to_string(), whole);
        }
        let both = format!("a/b:1@{DIGEST}").parse::<Image>().unwrap();
        assert_eq!((both.tag(), both.digest()), (Some("1"), Some(DIGEST)));
        assert_eq!("a/b:1".parse::<Image>().unwrap().with_digest(DIGEST).unwrap(), both);
        assert!(both.with_digest("sha256:0").is_err());
    }

    #[test]
    fn what_is_no_reference_is_refused() {
        let upper = DIGEST.to_uppercase();
        for bad in [
            "",
            ":",
            "a:",
            "A",
            "a b",
            "a/",
            "/a",
            "a//b",
            "-a",
            "a..b",
            "a@b",
            "a:-1",
            "${IMAGE}",
            "https://a.b/c",
            "a.b:0/c",
            "a.b:99999/c",
            "a:1:2",
            &format!("a@{upper}"),
            &"a".repeat(MAX_REPOSITORY + 1),
            &format!("a:{}", "1".repeat(MAX_TAG + 1)),
        ] {
            assert!(bad.parse::<Image>().is_err(), "{bad}");
        }
    }

    proptest! {
        #[test]
        fn a_whole_reference_is_read_as_itself(text in "[a-zA-Z0-9._:/@-]{0,24}") {
            if let Ok(image) = text.parse::<Image>() {
                prop_assert_eq!(image.to_string().parse::<Image>().unwrap(), image);
            }
        }
    }
}
