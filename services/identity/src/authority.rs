//! The household's certificate authority: made once, kept by identity alone, and constrained to names at home (RFC 5280 section 4.2.1.10).
//!
//! Whoever installs it trusts this box for names ending in `.local` and the like and for private addresses, and for nothing else, whatever
//! becomes of the box.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

use croft_api::{random, wire::trust::IssuedCertificate};
use croft_model::{PERMITTED_SUFFIXES, Problem};
use croft_store::Write;
use jiff::Timestamp;
use rcgen::{
    BasicConstraints, CertificateParams, CidrSubnet, DistinguishedName, DnType, ExtendedKeyUsagePurpose, GeneralSubtree, IsCa, Issuer,
    KeyPair, KeyUsagePurpose, NameConstraints, PKCS_ECDSA_P256_SHA256, SanType, SerialNumber, SubjectPublicKeyInfo,
};

use crate::{
    error::IdentityError,
    records::{AUTHORITY, AuthorityRecord, ONLY},
};

/// Days the authority lasts: ten years, since each device must be taught it by hand.
const AUTHORITY_DAYS: i64 = 3652;
/// Days a leaf lasts. Short, since renewing costs nobody anything.
const LEAF_DAYS: i64 = 90;
/// Days that certificates are dated back, for devices with a wrong clock.
const BACKDATED_DAYS: i64 = 1;
/// Addresses in a certificate. A host with more has containers, which nobody browses to.
const MAX_ADDRESSES: usize = 32;
/// Longest public key that is read, in bytes of PEM; a P-256 key has 178.
const MAX_SPKI: usize = 2048;
/// The only host whose mailboxes it may vouch for. It never exists (RFC 6761), so the authority is good for nobody's mail; without a
/// permitted host it would be for everybody's, and verifiers do not agree on how to exclude all.
const NO_MAIL: &str = "mail.invalid";
const DAY_SECONDS: i64 = 24 * 60 * 60;

/// Addresses that the authority may vouch for: private (RFC 1918), loopback, link-local and unique local (RFC 4193) ones.
const NETWORKS: [(IpAddr, u8); 8] = [
    (IpAddr::V4(Ipv4Addr::new(10, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(172, 16, 0, 0)), 12),
    (IpAddr::V4(Ipv4Addr::new(192, 168, 0, 0)), 16),
    (IpAddr::V4(Ipv4Addr::new(127, 0, 0, 0)), 8),
    (IpAddr::V4(Ipv4Addr::new(169, 254, 0, 0)), 16),
    (IpAddr::V6(Ipv6Addr::LOCALHOST), 128),
    (IpAddr::V6(Ipv6Addr::new(0xfc00, 0, 0, 0, 0, 0, 0, 0)), 7),
    (IpAddr::V6(Ipv6Addr::new(0xfe80, 0, 0, 0, 0, 0, 0, 0)), 10),
];

/// The authority, ready to sign.
pub(crate) struct Authority {
    issuer: Issuer<'static, KeyPair>,
    certificate_pem: String,
    fingerprint: String,
}

impl Authority {
    /// The household's authority out of the store; made and kept at the first start.
    pub(crate) fn load_or_make(write: &mut Write, now: Timestamp) -> Result<Self, IdentityError> {
        let record = match write.get(&AUTHORITY, &ONLY)? {
            Some(record) => record,
            None => {
                let record = make(now)?;
                write.put(&AUTHORITY, &ONLY, &record)?;
                record
            }
        };
        Self::from_record(record)
    }

    fn from_record(record: AuthorityRecord) -> Result<Self, IdentityError> {
        let key = KeyPair::from_pem(&record.key_pem).map_err(IdentityError::Authority)?;
        let issuer = Issuer::from_ca_cert_pem(&record.certificate_pem, key).map_err(IdentityError::Authority)?;
        let fingerprint = fingerprint(&record.certificate_pem)?;
        Ok(Self { issuer, certificate_pem: record.certificate_pem, fingerprint })
    }

    /// Its certificate in PEM.
    pub(crate) fn certificate_pem(&self) -> &str {
        &self.certificate_pem
    }

    /// SHA-256 of its certificate, as browsers show it: `AB:CD:…`.
    pub(crate) fn fingerprint(&self) -> &str {
        &self.fingerprint
    }

    /// A leaf for the public key `spki_pem` under the host names `names` and those of `addresses` that are at home.
    pub(crate) fn issue(
        &self,
        spki_pem: &str,
        names: Vec<String>,
        addresses: &[String],
        now: Timestamp,
    ) -> Result<IssuedCertificate, Problem> {
        let unreadable = || Problem::new(422, "key-unreadable", "This is not a public key in PEM.").key("spki_pem");
        if spki_pem.len() > MAX_SPKI {
            return Err(unreadable());
        }
        let key = SubjectPublicKeyInfo::from_pem(spki_pem).map_err(|_| unreadable())?;
        let (leaf, expires) = leaf(&names, addresses, now)?;
        let signed = leaf.signed_by(&key, &self.issuer).map_err(IdentityError::Authority)?;
        Ok(IssuedCertificate { chain_pem: format!("{}{}", signed.pem(), self.certificate_pem), expires, names })
    }
}

/// Whether the authority may vouch for this address.
fn at_home(address: IpAddr) -> bool {
    NETWORKS.iter().any(|(network, prefix)| match (network, address) {
        (IpAddr::V4(network), IpAddr::V4(address)) => (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(*prefix),
        (IpAddr::V6(network), IpAddr::V6(address)) => (network.to_bits() ^ address.to_bits()).leading_zeros() >= u32::from(*prefix),
        _ => false,
    })
}

fn make(now: Timestamp) -> Result<AuthorityRecord, IdentityError> {
    let id = hex::encode(random::bytes::<4>()?);
    let key = KeyPair::generate_for(&PKCS_ECDSA_P256_SHA256).map_err(IdentityError::Authority)?;
    let mut params = CertificateParams::default();
    params.distinguished_name = named(&format!("Croft household {id}"));
    params.is_ca = IsCa::Ca(BasicConstraints::Constrained(0));
    params.key_usages = vec![KeyUsagePurpose::KeyCertSign, KeyUsagePurpose::CrlSign];
    // Where a device installs it for every use, it is good for web servers all the same.
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.name_constraints = Some(NameConstraints { permitted_subtrees: permitted(), excluded_subtrees: Vec::new() });
    params.serial_number = Some(SerialNumber::from_slice(&serial()?));
    (params.not_before, params.not_after) = (days_from(now, -BACKDATED_DAYS), days_from(now, AUTHORITY_DAYS));
    let certificate = params.self_signed(&key).map_err(IdentityError::Authority)?;
    Ok(AuthorityRecord { key_pem: key.serialize_pem(), certificate_pem: certificate.pem() })
}

fn permitted() -> Vec<GeneralSubtree> {
    let names = PERMITTED_SUFFIXES.iter().map(|suffix| GeneralSubtree::DnsName((*suffix).into()));
    let networks = NETWORKS.iter().map(|(network, prefix)| GeneralSubtree::IpAddress(CidrSubnet::from_addr_prefix(*network, *prefix)));
    names.chain(networks).chain([GeneralSubtree::Rfc822Name(NO_MAIL.into())]).collect()
}

fn leaf(names: &[String], addresses: &[String], now: Timestamp) -> Result<(CertificateParams, Timestamp), IdentityError> {
    let mut params = CertificateParams::new(names.to_vec()).map_err(IdentityError::Authority)?;
    let addresses = addresses.iter().filter_map(|text| text.parse().ok()).filter(|address| at_home(*address)).take(MAX_ADDRESSES);
    params.subject_alt_names.extend(addresses.map(SanType::IpAddress));
    params.distinguished_name = named(names.first().map_or("Croft", String::as_str));
    params.key_usages = vec![KeyUsagePurpose::DigitalSignature];
    params.extended_key_usages = vec![ExtendedKeyUsagePurpose::ServerAuth];
    params.use_authority_key_identifier_extension = true;
    params.serial_number = Some(SerialNumber::from_slice(&serial()?));
    (params.not_before, params.not_after) = (days_from(now, -BACKDATED_DAYS), days_from(now, LEAF_DAYS));
    let expires = Timestamp::from_second(params.not_after.unix_timestamp()).unwrap_or(now);
    Ok((params, expires))
}

/// A positive serial number of 126 random bits (RFC 5280 section 4.1.2.2 wants it positive and at most 20 bytes).
fn serial() -> Result<[u8; 16], IdentityError> {
    let mut serial = random::bytes::<16>()?;
    serial[0] = (serial[0] & 0x7f) | 0x40;
    Ok(serial)
}

fn named(common_name: &str) -> DistinguishedName {
    let mut name = DistinguishedName::new();
    name.push(DnType::CommonName, common_name);
    name
}

fn days_from(now: Timestamp, days: i64) -> time::OffsetDateTime {
    time::OffsetDateTime::from_unix_timestamp(now.as_second() + days * DAY_SECONDS).unwrap_or(time::OffsetDateTime::UNIX_EPOCH)
}

fn fingerprint(certificate_pem: &str) -> Result<String, IdentityError> {
    use base64::Engine;
    let body: String = certificate_pem.lines().filter(|line| !line.starts_with("-----")).collect();
    let der =
        base64::prelude::BASE64_STANDARD.decode(body).map_err(|_| IdentityError::Authority(rcgen::Error::CouldNotParseCertificate))?;
    let digest = aws_lc_rs::digest::digest(&aws_lc_rs::digest::SHA256, &der);
    Ok(digest.as_ref().iter().map(|byte| format!("{byte:02X}")).collect::<Vec<_>>().join(":"))
}

#[cfg(test)]
#[path = "authority_tests.rs"]
mod tests;
