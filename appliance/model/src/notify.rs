//! Whom the box tells by itself when something is not well: by mail, and by webhooks.

use std::{collections::BTreeMap, net::IpAddr};

use http::Uri;
use serde::{Deserialize, Serialize};
use utoipa::ToSchema;

use crate::Invalid;

/// Webhooks of a box; more would be a service of its own.
pub const MAX_WEBHOOKS: usize = 8;
/// People who are written to.
pub const MAX_RECIPIENTS: usize = 8;
/// Longest address of mail, in bytes (RFC 5321 section 4.5.3.1.3, without the brackets).
const MAX_MAIL_ADDRESS: usize = 254;
/// Longest address of a webhook, in bytes.
const MAX_URL: usize = 2048;
/// Longest name to sign in with at a mail server, in bytes.
const MAX_USER: usize = 256;
/// Longest certificate of an authority, in bytes of PEM.
const MAX_AUTHORITY: usize = 16 * 1024;
/// Longest name of a webhook.
const MAX_NAME: usize = 32;
/// Longest host name, in bytes (RFC 1035 section 2.3.4).
const MAX_HOST: usize = 253;

/// Section `notify`. Nobody is told in a new box. Passwords and keys are no settings: the role `notifier` keeps them beside, and shows none.
#[derive(Debug, Clone, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct NotifySettings {
    /// The mail that is written; without it none is.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub mail: Option<MailSettings>,
    /// Programs that are told, by a name for each: `a-z`, digits and `-`, at most 32 characters. At most 8.
    #[serde(default)]
    pub webhooks: BTreeMap<String, WebhookSettings>,
    /// The certificate (PEM) of one authority that is believed beside the public ones, for servers of one's own.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub authority: Option<String>,
}

/// How mail is sent, and to whom.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct MailSettings {
    /// Host name of the mail server, or its IP address.
    pub server: String,
    /// Its port; without it 465 for `tls` and 587 for `starttls`.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub port: Option<u16>,
    /// How the connection is encrypted. There is none that is not.
    #[serde(default)]
    pub security: MailSecurity,
    /// The name to sign in with; without it nobody signs in.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub user: Option<String>,
    /// The address that the mail comes from.
    pub from: String,
    /// Who gets it, 1 to 8 addresses.
    pub to: Vec<String>,
}

impl MailSettings {
    /// The port of the server.
    #[must_use]
    pub fn port(&self) -> u16 {
        self.port.unwrap_or(match self.security {
            MailSecurity::Tls => 465,
            MailSecurity::Starttls => 587,
        })
    }
}

/// How a connection to a mail server is encrypted.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(rename_all = "lowercase")]
pub enum MailSecurity {
    /// From its first byte (RFC 8314).
    #[default]
    Tls,
    /// After a few words in the open (RFC 3207); without it nothing is sent.
    Starttls,
}

/// A program that is told.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, ToSchema)]
#[serde(deny_unknown_fields)]
pub struct WebhookSettings {
    /// `https://…`; or `http://…` of a machine at home. Never this box itself.
    pub url: String,
}

impl NotifySettings {
    /// Whether anybody is told.
    #[must_use]
    pub fn is_quiet(&self) -> bool {
        self.mail.is_none() && self.webhooks.is_empty()
    }
}

/// The rules of the section.
pub(crate) fn validate(notify: &NotifySettings) -> Result<(), Invalid> {
    if let Some(mail) = &notify.mail {
        validate_mail(mail)?;
    }
    if notify.webhooks.len() > MAX_WEBHOOKS {
        return Err(Invalid::new("notify.webhooks", format!("has {} entries; at most {MAX_WEBHOOKS} are possible", notify.webhooks.len())));
    }
    for (name, webhook) in &notify.webhooks {
        let named = (1..=MAX_NAME).contains(&name.len()) && name.bytes().all(|b| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-');
        if !named || name == "mail" {
            return Err(Invalid::new("notify.webhooks", "has a name that is not 1 to 32 of a-z, 0-9 and `-`, or is `mail`"));
        }
        webhook_address(&webhook.url).map_err(|reason| Invalid::new(format!("notify.webhooks.{name}.url"), reason))?;
    }
    match &notify.authority {
        Some(pem)
            if pem.len() > MAX_AUTHORITY || pem.matches("-----BEGIN ").count() != 1 || !pem.contains("-----BEGIN CERTIFICATE-----") =>
        {
            Err(Invalid::new("notify.authority", "must be one certificate in PEM, of 16 KiB at most"))
        }
        _ => Ok(()),
    }
}

fn validate_mail(mail: &MailSettings) -> Result<(), Invalid> {
    let key = |field: &str| format!("notify.mail.{field}");
    if !is_host(&mail.server) {
        return Err(Invalid::new(key("server"), "must be a host name like mail.example.org, or an IP address"));
    }
    if mail.port == Some(0) {
        return Err(Invalid::new(key("port"), "must be from 1 to 65535"));
    }
    if mail.user.as_ref().is_some_and(|user| user.is_empty() || user.len() > MAX_USER || user.chars().any(char::is_control)) {
        return Err(Invalid::new(key("user"), format!("must be 1 to {MAX_USER} bytes of one line")));
    }
    if !is_mail_address(&mail.from) {
        return Err(Invalid::new(key("from"), "must be one mail address like box@example.org"));
    }
    if !(1..=MAX_RECIPIENTS).contains(&mail.to.len()) {
        return Err(Invalid::new(key("to"), format!("must have 1 to {MAX_RECIPIENTS} mail addresses")));
    }
    match mail.to.iter().find(|address| !is_mail_address(address)) {
        Some(wrong) => Err(Invalid::new(key("to"), format!("has `{}`, which is not a mail address", wrong.escape_default()))),
        None => Ok(()),
    }
}

/// Whether `text` is a plain address of mail, as people have them: no quotes, no comments, no letters beyond ASCII, and nothing that ends a line.
#[must_use]
pub fn is_mail_address(text: &str) -> bool {
    let local = |part: &str| {
        (1..=64).contains(&part.len())
            && !part.starts_with('.')
            && !part.ends_with('.')
            && !part.contains("..")
            && part.bytes().all(|b| b.is_ascii_alphanumeric() || b"!#$%&'*+-/=?^_`{|}~.".contains(&b))
    };
    text.len() <= MAX_MAIL_ADDRESS && text.split_once('@').is_some_and(|(before, domain)| local(before) && is_host_name(domain))
}

/// The parts of a webhook's address: whether it is encrypted, host, port, and what is asked for.
///
/// # Errors
/// What is wrong with it, reading on from its key.
pub fn webhook_address(url: &str) -> Result<WebhookAddress, String> {
    if url.len() > MAX_URL {
        return Err(format!("is longer than {MAX_URL} bytes"));
    }
    if url.contains('#') {
        return Err("has a `#`, which no server sees".into());
    }
    let uri: Uri = url.parse().map_err(|_| "is not an address like https://example.org/hook".to_owned())?;
    let encrypted = match uri.scheme_str() {
        Some("https") => true,
        Some("http") => false,
        _ => return Err("must begin with https://, or with http:// for a machine at home".into()),
    };
    let authority = uri.authority().filter(|authority| !authority.as_str().contains('@'));
    let authority = authority.ok_or_else(|| "must not hold a name or password before the host".to_owned())?;
    let host = authority.host().trim_start_matches('[').trim_end_matches(']').to_ascii_lowercase();
    if !is_host(&host) {
        return Err("has no host name or IP address".into());
    }
    // Not the library's own port, which is none where the digits are no port.
    let port = match authority.as_str().strip_prefix(authority.host()) {
        Some("") if encrypted => 443,
        Some("") => 80,
        Some(rest) => {
            let digits = rest.strip_prefix(':').filter(|digits| digits.bytes().all(|b| b.is_ascii_digit()));
            digits.and_then(|digits| digits.parse().ok()).filter(|port| *port != 0).ok_or_else(|| "has a port that is none".to_owned())?
        }
        None => return Err("has no host name or IP address".into()),
    };
    let target = uri.path_and_query().map_or_else(|| "/".to_owned(), ToString::to_string);
    Ok(WebhookAddress { encrypted, host, port, named: authority.as_str().to_owned(), target })
}

/// The parts of a webhook's address.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct WebhookAddress {
    /// `https`.
    pub encrypted: bool,
    /// Host name or IP address, without brackets.
    pub host: String,
    /// Port.
    pub port: u16,
    /// Host and port as they stand in the address, for the header `Host`.
    pub named: String,
    /// Path and query.
    pub target: String,
}

fn is_host(text: &str) -> bool {
    text.parse::<IpAddr>().is_ok() || is_host_name(text)
}

fn is_host_name(text: &str) -> bool {
    let label = |label: &str| {
        (1..=63).contains(&label.len())
            && !label.starts_with('-')
            && !label.ends_with('-')
            && label.bytes().all(|b| b.is_ascii_alphanumeric() || b == b'-' || b == b'_')
    };
    // All digits at the end is an IPv4 address in one of its other spellings.
    let last_is_word = text.rsplit('.').next().is_some_and(|last| !last.bytes().all(|b| b.is_ascii_digit()) && !last.starts_with("0x"));
    text.len() <= MAX_HOST && text.split('.').all(label) && last_is_word
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn addresses_of_webhooks_are_read_or_refused() {
        let check = |url: &str, expected: Option<(bool, &str, u16, &str)>| {
            let read = webhook_address(url).ok();
            let found = read.as_ref().map(|read| (read.encrypted, read.host.as_str(), read.port, read.target.as_str()));
            assert_eq!(found, expected, "{url}");
        };
        check("https://example.org/hook?a=b", Some((true, "example.org", 443, "/hook?a=b")));
        check("http://192.168.1.7:8123/api/webhook/x", Some((false, "192.168.1.7", 8123, "/api/webhook/x")));
        check("https://example.org?token=x", Some((true, "example.org", 443, "/?token=x")));
        check("https://[fd00::7]:8443", Some((true, "fd00::7", 8443, "/")));
        for wrong in [
            "",
            "example.org",
            "ftp://example.org/",
            "https://ana:secret@example.org/",
            "https://example.org:0/",
            "https://example.org:99999/",
            "https://example.org:/",
            "https://example.org/#part",
            "https:///hook",
            "http://0x7f000001/",
            "http://2130706433/",
            "http://127.1/",
            "https://exa mple.org/",
            "https://example.org/a\r\nHost: b",
        ] {
            check(wrong, None);
        }
    }

    #[test]
    fn addresses_of_mail_are_plain() {
        for good in ["ana@example.org", "a.b+box@mail.example.co.uk", "o'neil@example.org"] {
            assert!(is_mail_address(good), "{good}");
        }
        for wrong in [
            "",
            "ana",
            "@example.org",
            "ana@",
            "ana@example.org, ben@example.org",
            "Ana <ana@example.org>",
            "ana@example.org\r\nBcc: ben@example.org",
            "a..b@example.org",
            "\"a b\"@example.org",
            "ana@[10.0.0.1]",
            "ana@exa@mple.org",
            "aña@example.org",
        ] {
            assert!(!is_mail_address(wrong), "{wrong:?}");
        }
    }

    #[test]
    fn the_rules_name_the_key() {
        let mail = MailSettings {
            server: "mail.example.org".into(),
            port: None,
            security: MailSecurity::Starttls,
            user: Some("box".into()),
            from: "box@example.org".into(),
            to: vec!["ana@example.org".into()],
        };
        let with = |change: fn(&mut NotifySettings)| {
            let mut notify = NotifySettings { mail: Some(mail.clone()), ..NotifySettings::default() };
            change(&mut notify);
            validate(&notify).map_err(|error| error.key)
        };
        assert_eq!(mail.port(), 587);
        assert_eq!(with(|_| ()), Ok(()));
        let check = |change: fn(&mut MailSettings), key: &str| {
            let mut changed = mail.clone();
            change(&mut changed);
            assert_eq!(validate_mail(&changed).map_err(|error| error.key), Err(key.to_owned()));
        };
        check(|mail| mail.server = "mail example".into(), "notify.mail.server");
        check(|mail| mail.port = Some(0), "notify.mail.port");
        check(|mail| mail.user = Some("a\nb".into()), "notify.mail.user");
        check(|mail| mail.from = "box".into(), "notify.mail.from");
        check(|mail| mail.to.clear(), "notify.mail.to");
        check(|mail| mail.to = vec!["ana@example.org".into(); 9], "notify.mail.to");
        let hook = || WebhookSettings { url: "https://example.org/".into() };
        assert_eq!(with(|notify| notify.authority = Some("-----BEGIN PRIVATE KEY-----".into())), Err("notify.authority".into()));
        let named = |name: &str| {
            let notify = NotifySettings { webhooks: [(name.to_owned(), hook())].into(), ..NotifySettings::default() };
            validate(&notify).is_ok()
        };
        assert_eq!(["phone", "mail", "Ü", "", "a b"].map(named), [true, false, false, false, false]);
        let many = (0..9).map(|n| (format!("n{n}"), hook())).collect();
        assert!(validate(&NotifySettings { webhooks: many, ..NotifySettings::default() }).is_err());
    }

    proptest! {
        #[test]
        fn what_is_read_holds_nothing_that_ends_a_line(text in "\\PC{0,40}|[ -~\\r\\n]{0,40}") {
            if is_mail_address(&text) {
                prop_assert!(text.bytes().all(|b| b.is_ascii_graphic()) && !text.contains(['<', '>', ',', ';', ':']));
            }
            for url in [text.clone(), format!("https://{text}"), format!("http://home/{text}")] {
                if let Ok(read) = webhook_address(&url) {
                    let whole = format!("{}{}{}", read.host, read.named, read.target);
                    prop_assert!(!whole.bytes().any(|b| b.is_ascii_control() || b == b' ') && !read.named.contains('@'));
                    prop_assert!(read.port != 0 && read.target.starts_with('/'));
                }
            }
        }
    }
}
