//! Checksums that a client sends along: `OC-Checksum` of sync clients and `Content-Digest` (RFC 9530).

use aws_lc_rs::digest::{SHA1_FOR_LEGACY_USE_ONLY, SHA256, digest};
use base64::{Engine, prelude::BASE64_STANDARD};
use croft_api::bulk::{Commit, Digest, DigestKind, DigestSet, Header};
use croft_model::Problem;

use super::header;

/// The digests that the body must have, in hexadecimal. Kinds that this box does not compute are passed over, as RFC 9530 has it.
pub(crate) fn expected(headers: &[Header]) -> Result<Vec<Digest>, Problem> {
    let mut digests = Vec::new();
    for part in header(headers, "oc-checksum").unwrap_or_default().split_whitespace() {
        let Some((kind, hex)) = part.split_once(':') else { return Err(malformed("OC-Checksum")) };
        let kind = match kind.to_ascii_uppercase().as_str() {
            "SHA1" => DigestKind::Sha1,
            "SHA256" => DigestKind::Sha256,
            _ => continue,
        };
        push(&mut digests, kind, hex::decode(hex).ok(), "OC-Checksum")?;
    }
    for part in header(headers, "content-digest").unwrap_or_default().split(',') {
        let Some(value) = part.trim().strip_prefix("sha-256=") else { continue };
        let value = value.strip_prefix(':').and_then(|value| value.strip_suffix(':'));
        push(&mut digests, DigestKind::Sha256, value.and_then(|value| BASE64_STANDARD.decode(value).ok()), "Content-Digest")?;
    }
    Ok(digests)
}

/// The digests of `body`, of the kinds that were `expected`.
pub(crate) fn of(body: &[u8], expected: &[Digest]) -> Vec<Digest> {
    let mut digests: Vec<Digest> = Vec::new();
    for kind in expected.iter().map(|digest| digest.kind) {
        if digests.iter().all(|known| known.kind != kind) {
            let algorithm = match kind {
                DigestKind::Sha1 => &SHA1_FOR_LEGACY_USE_ONLY,
                DigestKind::Sha256 => &SHA256,
            };
            digests.push(Digest { kind, hex: hex::encode(digest(algorithm, body)) });
        }
    }
    digests
}

/// The kinds among `digests`, for the gateway to compute.
pub(crate) fn wanted(digests: &[Digest]) -> DigestSet {
    let has = |kind| digests.iter().any(|digest| digest.kind == kind);
    DigestSet { sha1: has(DigestKind::Sha1), sha256: has(DigestKind::Sha256) }
}

/// Compares what was expected with what was computed.
pub(crate) fn compare(expected: &[Digest], commit: &Commit) -> Result<(), Problem> {
    if expected.iter().all(|digest| commit.digests.contains(digest)) {
        return Ok(());
    }
    Err(Problem::new(400, "checksum-mismatch", "What arrived is not what was sent: the checksum differs.")
        .hint("Send the file again. Nothing was changed."))
}

fn push(digests: &mut Vec<Digest>, kind: DigestKind, bytes: Option<Vec<u8>>, name: &str) -> Result<(), Problem> {
    let length = match kind {
        DigestKind::Sha1 => 20,
        DigestKind::Sha256 => 32,
    };
    let bytes = bytes.filter(|bytes| bytes.len() == length).ok_or_else(|| malformed(name))?;
    digests.push(Digest { kind, hex: hex::encode(bytes) });
    Ok(())
}

fn malformed(name: &str) -> Problem {
    Problem::new(400, "checksum-malformed", format!("The header {name} cannot be read.")).key(name)
}

#[cfg(test)]
mod tests {
    use super::*;

    const EMPTY_SHA1: &str = "da39a3ee5e6b4b0d3255bfef95601890afd80709";
    const EMPTY_SHA256: &str = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855";
    const EMPTY_BASE64: &str = "47DEQpj8HBSa+/TImW+5JCeuQeRkm5NMpJWZG3hSuFU=";

    fn check(name: &str, value: &str, expected: Option<&[(DigestKind, &str)]>) {
        let found = super::expected(&[(name.into(), value.into())]).ok();
        let expected = expected.map(|list| list.iter().map(|(kind, hex)| Digest { kind: *kind, hex: (*hex).into() }).collect::<Vec<_>>());
        assert_eq!(found, expected, "{name}: {value}");
    }

    #[test]
    fn both_headers_are_read_and_unknown_kinds_passed_over() {
        let sha1 = Some(&[(DigestKind::Sha1, EMPTY_SHA1)][..]);
        let sha256 = Some(&[(DigestKind::Sha256, EMPTY_SHA256)][..]);
        check("oc-checksum", &format!("SHA1:{EMPTY_SHA1}"), sha1);
        check("oc-checksum", &format!("sha1:{}", EMPTY_SHA1.to_uppercase()), sha1);
        check("oc-checksum", &format!("MD5:abc SHA256:{EMPTY_SHA256}"), sha256);
        check("oc-checksum", "ADLER32:123", Some(&[]));
        check("oc-checksum", "SHA1:abc", None);
        check("oc-checksum", "nonsense", None);
        check("content-digest", &format!("sha-256=:{EMPTY_BASE64}:"), sha256);
        check("content-digest", &format!("sha-512=:xxx:, sha-256=:{EMPTY_BASE64}:"), sha256);
        check("content-digest", "sha-256=:AAAA:", None);
        check("content-digest", "sha-256=AAAA", None);
        check("content-digest", "md5=:xx:", Some(&[]));
        check("other", "x", Some(&[]));
    }

    #[test]
    fn a_digest_that_is_wrong_or_missing_is_a_mismatch() {
        let expected = [Digest { kind: DigestKind::Sha1, hex: EMPTY_SHA1.into() }];
        let commit = |digests: &[Digest]| Commit { count: 0, digests: digests.to_vec() };
        assert!(compare(&expected, &commit(&expected)).is_ok());
        assert!(compare(&[], &commit(&[])).is_ok());
        assert!(compare(&expected, &commit(&[])).is_err());
        assert!(compare(&expected, &commit(&[Digest { kind: DigestKind::Sha1, hex: "00".into() }])).is_err());
    }
    croft_fuzz::target! {
        /// What is expected are whole digests, no more than the header has room for, and only a body that has them all passes.
        fn checksums(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            for name in ["oc-checksum", "content-digest"] {
                match super::expected(&[(name.into(), text.into())]) {
                    Ok(expected) => {
                        let whole = |digest: &Digest| hex::decode(&digest.hex).is_ok_and(|bytes| [20, 32].contains(&bytes.len()));
                        assert!(expected.iter().all(whole) && expected.len() <= text.len() / 40);
                        let commit = |body: &[u8]| Commit { count: body.len() as u64, digests: of(body, &expected) };
                        let passes = |body: &[u8]| compare(&expected, &commit(body)).is_ok();
                        assert!(expected.is_empty() || !(passes(b"") && passes(b"another")));
                    }
                    Err(problem) => assert_eq!(problem.code, "checksum-malformed"),
                }
            }
        }
    }
}
