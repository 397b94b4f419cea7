//! Names that reach the engine: bounded, and of characters that mean nothing else to anybody.

use std::{fmt, str::FromStr};

use serde::{Deserialize, Serialize};

/// Characters of an app's name; with a service's it fits a container's.
const MAX_APP: usize = 40;
/// Characters of a service's name: it is a label of DNS in its network.
const MAX_SERVICE: usize = 63;
/// Characters of a container's name: an app's, a service's, and what tells two of one service apart.
const MAX_CONTAINER: usize = 128;
/// Characters of a reference to an image; registries take 255 for the repository alone.
const MAX_REFERENCE: usize = 400;
/// Hexadecimal digits of SHA-256.
const SHA256_DIGITS: usize = 64;

/// A text is not the name that it should be.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
#[error("{text:?} is no {kind}")]
pub struct NameError {
    text: String,
    kind: &'static str,
}

macro_rules! name {
    ($(#[$doc:meta])* $name:ident, $kind:literal, $fits:path) => {
        $(#[$doc])*
        #[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
        #[serde(try_from = "String", into = "String")]
        pub struct $name(String);

        impl $name {
            /// Its text.
            #[must_use]
            pub fn as_str(&self) -> &str {
                &self.0
            }
        }

        impl fmt::Display for $name {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                f.write_str(&self.0)
            }
        }

        impl FromStr for $name {
            type Err = NameError;

            fn from_str(text: &str) -> Result<Self, NameError> {
                if $fits(text) { Ok(Self(text.to_owned())) } else { Err(NameError { text: text.chars().take(80).collect(), kind: $kind }) }
            }
        }

        impl TryFrom<String> for $name {
            type Error = NameError;

            fn try_from(text: String) -> Result<Self, NameError> {
                text.parse()
            }
        }

        impl From<$name> for String {
            fn from(name: $name) -> Self {
                name.0
            }
        }
    };
}

name! {
    /// The name of an app: lower case letters, digits and dashes, with no dash at its ends.
    AppName, "name of an app", is_app
}
name! {
    /// The name of a service of an app: letters, digits, dashes, underscores and dots, beginning with a letter or digit.
    ServiceName, "name of a service", is_service
}
name! {
    /// The name of a container, as the engine takes it.
    ContainerName, "name of a container", is_container
}
name! {
    /// The id that the engine gave a container: 64 hexadecimal digits.
    ContainerId, "id of a container", is_hash
}
name! {
    /// The digest of an image: `sha256:` and 64 hexadecimal digits.
    Digest, "digest of an image", is_digest
}

/// An image: where it is, and which one. With a digest it is the same for ever; the tag is then a word for people.
#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize, Deserialize)]
#[serde(try_from = "String", into = "String")]
pub struct ImageReference {
    registry: String,
    repository: String,
    tag: Option<String>,
    digest: Option<Digest>,
}

impl ImageReference {
    /// The host of the registry, with its port if it has one.
    #[must_use]
    pub fn registry(&self) -> &str {
        &self.registry
    }

    /// The digest, if it is named by one.
    #[must_use]
    pub fn digest(&self) -> Option<&Digest> {
        self.digest.as_ref()
    }

    /// The tag, if it has one.
    #[must_use]
    pub fn tag(&self) -> Option<&str> {
        self.tag.as_deref()
    }

    /// Registry and repository.
    #[must_use]
    pub fn repository(&self) -> String {
        format!("{}/{}", self.registry, self.repository)
    }

    /// The same image, held by its digest.
    #[must_use]
    pub fn pinned(mut self, digest: Digest) -> Self {
        self.digest = Some(digest);
        self
    }

    /// As engines take it: by digest alone where there is one.
    #[must_use]
    pub fn exact(&self) -> String {
        match (&self.digest, &self.tag) {
            (Some(digest), _) => format!("{}@{digest}", self.repository()),
            (None, Some(tag)) => format!("{}:{tag}", self.repository()),
            (None, None) => format!("{}:latest", self.repository()),
        }
    }
}

impl fmt::Display for ImageReference {
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

impl FromStr for ImageReference {
    type Err = NameError;

    /// Reads `registry.example:5000/people/photos:1.2@sha256:…`. What names no registry is of Docker Hub, as everywhere.
    fn from_str(text: &str) -> Result<Self, NameError> {
        let wrong = || NameError { text: text.chars().take(80).collect(), kind: "image" };
        if text.len() > MAX_REFERENCE {
            return Err(wrong());
        }
        let (name, digest) = match text.split_once('@') {
            Some((name, digest)) => (name, Some(digest.parse().map_err(|_| wrong())?)),
            None => (text, None),
        };
        let after_host = name.rfind('/').map_or(0, |at| at + 1);
        let (name, tag) = match name.get(after_host..).and_then(|last| last.find(':')) {
            Some(at) => (name.get(..after_host + at).ok_or_else(wrong)?, name.get(after_host + at + 1..).map(str::to_owned)),
            None => (name, None),
        };
        let (registry, repository) = match name.split_once('/') {
            Some((host, rest)) if host.contains(['.', ':']) || host == "localhost" => (host.to_owned(), rest.to_owned()),
            Some(_) => ("docker.io".to_owned(), name.to_owned()),
            None => ("docker.io".to_owned(), format!("library/{name}")),
        };
        let fits = is_registry(&registry) && repository.split('/').all(is_component) && tag.as_deref().is_none_or(is_tag);
        if fits { Ok(Self { registry, repository, tag, digest }) } else { Err(wrong()) }
    }
}

impl TryFrom<String> for ImageReference {
    type Error = NameError;

    fn try_from(text: String) -> Result<Self, NameError> {
        text.parse()
    }
}

impl From<ImageReference> for String {
    fn from(image: ImageReference) -> Self {
        image.to_string()
    }
}

fn is_app(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
    (1..=MAX_APP).contains(&text.len()) && plain && !text.starts_with('-') && !text.ends_with('-')
}

fn is_service(text: &str) -> bool {
    text.len() <= MAX_SERVICE && is_container(text)
}

fn is_container(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'-' | b'_' | b'.'));
    text.len() <= MAX_CONTAINER && plain && text.starts_with(|c: char| c.is_ascii_alphanumeric())
}

fn is_hash(text: &str) -> bool {
    text.len() == SHA256_DIGITS && text.bytes().all(|b| b.is_ascii_digit() || matches!(b, b'a'..=b'f'))
}

fn is_digest(text: &str) -> bool {
    text.strip_prefix("sha256:").is_some_and(is_hash)
}

fn is_registry(text: &str) -> bool {
    let (host, port) = text.rsplit_once(':').map_or((text, None), |(host, port)| (host, Some(port)));
    let is_label =
        |label: &str| !label.is_empty() && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-') && !label.starts_with('-');
    host.split('.').all(is_label) && port.is_none_or(|port| port.parse::<u16>().is_ok())
}

/// A part of a repository's path: lower case, with separators inside only.
fn is_component(text: &str) -> bool {
    let is_inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit();
    let plain = text.bytes().all(|b| is_inner(b) || matches!(b, b'.' | b'_' | b'-'));
    let ends = text.bytes().next().is_some_and(is_inner) && text.bytes().last().is_some_and(is_inner);
    plain && ends && !text.contains("..")
}

fn is_tag(text: &str) -> bool {
    let plain = text.bytes().all(|b| b.is_ascii_alphanumeric() || matches!(b, b'.' | b'_' | b'-'));
    (1..=128).contains(&text.len()) && plain && !text.starts_with(['.', '-'])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_bounded_and_plain() {
        let check = |text: &str, app: bool, service: bool, container: bool| {
            assert_eq!(text.parse::<AppName>().is_ok(), app, "app {text:?}");
            assert_eq!(text.parse::<ServiceName>().is_ok(), service, "service {text:?}");
            assert_eq!(text.parse::<ContainerName>().is_ok(), container, "container {text:?}");
        };
        check("photos", true, true, true);
        check("photos-2", true, true, true);
        check("Photos_db.1", false, true, true);
        check(&"a".repeat(41), false, true, true);
        check(&"a".repeat(64), false, false, true);
        check(&"a".repeat(129), false, false, false);
        for wrong in ["", "-a", "a/b", "a b", "a\0", "../a", "ä", "a\n", "$a"] {
            check(wrong, false, false, false);
        }
        check("a-", false, true, true);
        assert!(format!("sha256:{}", "0a".repeat(32)).parse::<Digest>().is_ok());
        for wrong in ["sha256:", "sha512:00", &"0a".repeat(32), &format!("sha256:{}", "0A".repeat(32))] {
            assert!(wrong.parse::<Digest>().is_err(), "{wrong}");
        }
    }

    #[test]
    fn an_image_has_a_registry_and_is_exact_by_its_digest() {
        let digest = format!("sha256:{}", "1f".repeat(32));
        let check = |text: &str, repository: &str, exact: &str| {
            let image: ImageReference = text.parse().expect(text);
            assert_eq!((image.repository().as_str(), image.exact().as_str()), (repository, exact), "{text}");
            assert_eq!(image.to_string().parse::<ImageReference>().expect("again"), image);
        };
        check("nginx", "docker.io/library/nginx", "docker.io/library/nginx:latest");
        check("people/photos:1.2", "docker.io/people/photos", "docker.io/people/photos:1.2");
        check("127.0.0.1:5000/a/b:x", "127.0.0.1:5000/a/b", "127.0.0.1:5000/a/b:x");
        check("localhost/a", "localhost/a", "localhost/a:latest");
        let pinned = format!("registry.example/photos@{digest}");
        check(&format!("registry.example/photos:1@{digest}"), "registry.example/photos", &pinned);
        for wrong in ["", "A", "a/", "/a", "a:", "a:-1", "a@sha256:1", "a b", "host.example/../b", "host.example:99999/a", "a//b", "a?b"] {
            assert!(wrong.parse::<ImageReference>().is_err(), "{wrong:?}");
        }
        assert!("a".repeat(401).parse::<ImageReference>().is_err());
    }

    proptest::proptest! {
        #[test]
        fn what_is_read_is_written_alike(text in ".{0,80}") {
            if let Ok(image) = text.parse::<ImageReference>() {
                proptest::prop_assert_eq!(image.to_string().parse::<ImageReference>().ok(), Some(image));
            }
        }
    }
}
