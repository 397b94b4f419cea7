//! The chain as a client judges it, by the verifier of rustls.

use std::{sync::Arc, time::Duration};

use rustls::{
    RootCertStore,
    client::{WebPkiServerVerifier, danger::ServerCertVerifier},
    crypto::aws_lc_rs,
    pki_types::{CertificateDer, ServerName, UnixTime, pem::PemObject},
};

use super::*;

fn now() -> Timestamp {
    Timestamp::from_second(1_760_000_000).unwrap()
}

fn authority() -> Authority {
    Authority::from_record(make(now()).unwrap()).unwrap()
}

/// A leaf that the authority signs for any name: what a thief of its key could make.
fn leaf_for(authority: &Authority, name: &str) -> Vec<CertificateDer<'static>> {
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = leaf(&[], &[], now()).unwrap().0;
    params.subject_alt_names = CertificateParams::new(vec![name.to_owned()]).unwrap().subject_alt_names;
    let signed = params.signed_by(&key, &authority.issuer).unwrap();
    vec![signed.der().clone()]
}

fn issued(authority: &Authority, names: &[&str], addresses: &[&str]) -> Vec<CertificateDer<'static>> {
    let owned = |texts: &[&str]| texts.iter().map(ToString::to_string).collect::<Vec<_>>();
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let issued = authority.issue(&key.public_key_pem(), owned(names), &owned(addresses), now()).unwrap();
    CertificateDer::pem_slice_iter(issued.chain_pem.as_bytes()).map(Result::unwrap).collect()
}

/// Whether a client that has installed `authority` believes `chain` for `name`, so many days from now.
fn believes(authority: &Authority, chain: &[CertificateDer<'static>], name: &str, days: i64) -> bool {
    let mut roots = RootCertStore::empty();
    roots.add(CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap()).unwrap();
    let provider = Arc::new(aws_lc_rs::default_provider());
    let verifier = WebPkiServerVerifier::builder_with_provider(Arc::new(roots), provider).build().unwrap();
    let at = UnixTime::since_unix_epoch(Duration::from_secs((now().as_second() + days * DAY_SECONDS).cast_unsigned()));
    let name = ServerName::try_from(name.to_owned()).unwrap();
    verifier.verify_server_cert(&chain[0], &chain[1..], &name, &[], at).is_ok()
}

#[test]
fn a_client_believes_the_box_under_its_names_and_addresses_and_no_others() {
    let authority = authority();
    let chain = issued(
        &authority,
        &["croft.local", "localhost", "files.home.arpa"],
        &["127.0.0.1", "::1", "192.168.1.7", "fd00::7", "8.8.8.8", "2001:db8::1", "nonsense"],
    );
    assert_eq!(chain.len(), 2);
    for (name, expected) in [
        ("croft.local", true),
        ("localhost", true),
        ("files.home.arpa", true),
        ("127.0.0.1", true),
        ("::1", true),
        ("192.168.1.7", true),
        ("fd00::7", true),
        ("8.8.8.8", false),
        ("2001:db8::1", false),
        ("192.168.1.8", false),
        ("other.local", false),
        ("example.org", false),
    ] {
        assert_eq!(believes(&authority, &chain, name, 0), expected, "{name}");
    }
}

#[test]
fn even_with_its_key_nobody_passes_for_a_site_outside() {
    let authority = authority();
    for (name, expected) in [
        ("other.local", true),
        ("10.1.2.3", true),
        ("example.org", false),
        ("local.example.org", false),
        ("8.8.8.8", false),
        ("172.32.0.1", false),
        ("2001:db8::1", false),
    ] {
        assert_eq!(believes(&authority, &leaf_for(&authority, name), name, 0), expected, "{name}");
    }
}

#[test]
fn certificates_hold_from_yesterday_for_ninety_days() {
    let authority = authority();
    let chain = issued(&authority, &["croft.local"], &[]);
    for (days, expected) in [(-2, false), (0, true), (89, true), (91, false)] {
        assert_eq!(believes(&authority, &chain, "croft.local", days), expected, "{days}");
    }
}

#[test]
fn another_box_is_another_authority() {
    let (one, two) = (authority(), authority());
    assert_ne!(one.fingerprint(), two.fingerprint());
    assert_eq!(one.fingerprint().len(), 32 * 3 - 1);
    assert!(!believes(&two, &issued(&one, &["croft.local"], &[]), "croft.local", 0));
}

#[test]
fn only_public_keys_are_certified() {
    let authority = authority();
    for text in ["", "nonsense", &"x".repeat(5000)] {
        let refused = authority.issue(text, vec!["croft.local".into()], &[], now()).unwrap_err();
        assert_eq!(refused.code, "key-unreadable");
    }
}

#[test]
fn the_authority_is_for_web_servers_and_nobodys_mail() {
    /// `id-kp-serverAuth` (RFC 5280 section 4.2.1.12) as the only one of `extKeyUsage`, in DER.
    const WEB_SERVERS: [u8; 17] = [0x55, 0x1d, 0x25, 0x04, 0x0c, 0x30, 0x0a, 0x06, 0x08, 0x2b, 6, 1, 5, 5, 7, 3, 1];
    let authority = authority();
    let certificate = CertificateDer::from_pem_slice(authority.certificate_pem().as_bytes()).unwrap();
    assert!(certificate.windows(WEB_SERVERS.len()).any(|window| window == WEB_SERVERS));
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).unwrap();
    let mut params = leaf(&["croft.local".into()], &[], now()).unwrap().0;
    params.subject_alt_names.push(SanType::Rfc822Name("ana@example.org".try_into().unwrap()));
    let chain = vec![params.signed_by(&key, &authority.issuer).unwrap().der().clone()];
    assert!(!believes(&authority, &chain, "croft.local", 0));
}
