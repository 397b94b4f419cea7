//! The manifest of an image: what it is made of, with versions, sizes and hashes, for whoever wants to know before they flash it.

use std::{fs, path::Path};

use miette::{IntoDiagnostic, WrapErr};
use serde_json::{Value, json};

use super::{Made, contents::Package};
use crate::{run, tree::Tree};

/// Version of the manifest's shape.
const FORMAT: u32 = 1;
/// What stands before the root's hash in the command line of the kernel image.
const ROOT_HASH: &[u8] = b"roothash=";
/// Digits of a SHA-256.
const DIGITS: usize = 64;

/// The manifest of `made`, which was pressed to `pressed`.
pub(crate) fn of(tree: &Tree, made: &Made, name: &str, pressed: &Path, packages: &[Package]) -> miette::Result<Value> {
    let commit = run::output(tree, "git", &["rev-parse", "HEAD"]).unwrap_or_default();
    let part =
        |what: &str, file: &Path| Ok::<_, miette::Report>(json!({ "what": what, "bytes": size(file)?, "sha256": sha256(tree, file)? }));
    Ok(json!({
        "format": FORMAT,
        "name": name,
        "version": env!("CARGO_PKG_VERSION"),
        "commit": commit.trim(),
        "root_hash": root_hash(&fs::read(made.file("efi")).into_diagnostic()?),
        "parts": [
            part("the image, compressed", pressed)?,
            part("the whole disk", &made.file("raw"))?,
            part("EFI system partition", &made.file("esp.raw"))?,
            part("kernel image", &made.file("efi"))?,
            part("root", &made.file("root.raw"))?,
            part("hashes of the root", &made.file("verity.raw"))?,
        ],
        "packages": packages,
    }))
}

/// SHA-256 of a file, in hexadecimal digits.
pub(crate) fn sha256(tree: &Tree, file: &Path) -> miette::Result<String> {
    let line = run::read(run::program(tree, "sha256sum").arg(file))?;
    Ok(line.trim_start_matches('\\').split_whitespace().next().unwrap_or_default().to_owned())
}

/// Bytes that a file takes on the disk: empty parts of a partition are not there.
fn size(file: &Path) -> miette::Result<u64> {
    use std::os::unix::fs::MetadataExt;
    Ok(fs::metadata(file).into_diagnostic().wrap_err_with(|| format!("cannot look at {}", file.display()))?.blocks() * 512)
}

/// The hash by which the kernel image knows its root.
fn root_hash(kernel_image: &[u8]) -> Option<String> {
    let at = kernel_image.windows(ROOT_HASH.len()).position(|window| window == ROOT_HASH)? + ROOT_HASH.len();
    let digits = kernel_image.get(at..at + DIGITS)?;
    digits.iter().all(u8::is_ascii_hexdigit).then(|| String::from_utf8_lossy(digits).into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_hash_of_the_root_is_read_from_the_kernel_image() {
        let digits = "0f".repeat(32);
        let check = |image: String, expected: Option<&str>| assert_eq!(root_hash(image.as_bytes()).as_deref(), expected, "{image}");
        check(format!("MZ…ro roothash={digits} panic=10"), Some(&digits));
        check("MZ…ro roothash=0f".into(), None);
        check("MZ…".into(), None);
    }
}
