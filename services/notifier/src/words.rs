//! A message as it is read: the text of a mail, the JSON of a webhook, and its signature. Pure.

use aws_lc_rs::hmac;
use base64::{Engine, prelude::BASE64_STANDARD as BASE64};
use jiff::{Timestamp, tz::TimeZone};
use serde::Serialize;

use crate::plan::{Item, MOST_A_DAY, Message, Occasion};

/// Letters of a line of a mail before it is broken (RFC 5322 section 2.1.1 recommends 78).
const LINE: usize = 76;
/// Longest subject, in characters.
const MAX_SUBJECT: usize = 120;

/// The box, as it names itself.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Sender {
    /// What people call it.
    pub(crate) name: String,
    /// It answers as `<host>.local`.
    pub(crate) host: String,
    /// By whose clock times are said.
    pub(crate) zone: TimeZone,
}

impl Sender {
    /// Where people at home open it.
    pub(crate) fn address(&self) -> String {
        format!("https://{}.local", self.host)
    }
}

/// Subject and text of a mail.
pub(crate) fn mail(message: &Message, sender: &Sender) -> (String, String) {
    let first = message.items.first().map(|item| item.title.trim_end_matches('.').to_owned()).unwrap_or_default();
    let others = message.items.len().saturating_sub(1) + message.more;
    let subject = match message.occasion {
        Occasion::Raised if others == 0 => first,
        Occasion::Raised => format!("{first}, and {others} more"),
        Occasion::Gathered => "What is worth knowing today".to_owned(),
        Occasion::Well => "All is well again".to_owned(),
        Occasion::Test => "A test".to_owned(),
    };
    let mut parts = vec![lead(message, sender)];
    parts.extend(message.items.iter().map(|item| paragraph(item, message.occasion, sender)));
    if message.more > 0 {
        parts.push(format!("{} more stand in Repairs.", message.more));
    }
    if message.last {
        parts.push(format!(
            "This is the last message for now: the box writes {MOST_A_DAY} times within a day at most. What comes meanwhile is told in the morning."
        ));
    }
    let text = parts.iter().map(|part| wrapped(part)).collect::<Vec<_>>().join("\n\n");
    let repairs = format!("Repairs: {}/repairs (at home)", sender.address());
    (line(&format!("{}: {subject}", sender.name), MAX_SUBJECT), format!("{text}\n\n-- \n{}\n{repairs}\n", line(&sender.name, MAX_SUBJECT)))
}

fn lead(message: &Message, sender: &Sender) -> String {
    let name = &sender.name;
    match message.occasion {
        Occasion::Raised => format!("{name} needs somebody to look."),
        Occasion::Gathered => format!("{name} has noticed this."),
        Occasion::Well => format!("What {name} told of is over:"),
        Occasion::Test => format!("{name} can reach you. You will hear when something is not well, and when it is well again."),
    }
}

fn paragraph(item: &Item, occasion: Occasion, sender: &Sender) -> String {
    if occasion == Occasion::Well {
        return format!("* {}", item.title);
    }
    let since = item.since.to_zoned(sender.zone.clone()).strftime("%Y-%m-%d %H:%M").to_string();
    format!("* {}\n{}\nWhat to do: {}\nSince {since}. Code: {}", item.title, item.meaning, item.action, item.code)
}

/// `text` in lines that every mail program shows, without anything that is no letter of one.
fn wrapped(text: &str) -> String {
    let mut lines = Vec::new();
    for part in text.lines() {
        let (mut current, mut length) = (String::new(), 0);
        let part: String = part.chars().map(|c| if c.is_control() { ' ' } else { c }).collect();
        for word in part.split_whitespace() {
            let letters = word.chars().count();
            if length > 0 && length + 1 + letters > LINE {
                lines.push(std::mem::take(&mut current));
                length = 0;
            }
            if length > 0 {
                current.push(' ');
                length += 1;
            }
            current.push_str(word);
            length += letters;
        }
        lines.push(current);
    }
    lines.join("\n")
}

/// `text` as one line of at most `most` characters.
pub(crate) fn line(text: &str, most: usize) -> String {
    text.chars().map(|c| if c.is_control() { ' ' } else { c }).take(most).collect()
}

/// The body of a webhook, as `docs/formats/notifications.md` says.
#[derive(Debug, Serialize)]
struct Payload<'a> {
    r#type: &'static str,
    timestamp: Timestamp,
    data: Data<'a>,
}

#[derive(Debug, Serialize)]
struct Data<'a> {
    r#box: BoxName<'a>,
    summary: String,
    warnings: &'a [Item],
    more: usize,
    last_for_now: bool,
}

#[derive(Debug, Serialize)]
struct BoxName<'a> {
    name: &'a str,
    address: String,
}

/// The body of a webhook: JSON in UTF-8.
///
/// # Errors
/// It cannot be written, which no message brings about.
pub(crate) fn webhook(message: &Message, made: Timestamp, sender: &Sender) -> Result<Vec<u8>, serde_json::Error> {
    let r#type = match message.occasion {
        Occasion::Raised => "warnings.raised",
        Occasion::Gathered => "warnings.gathered",
        Occasion::Well => "warnings.over",
        Occasion::Test => "test",
    };
    let (summary, _) = mail(message, sender);
    let data = Data {
        r#box: BoxName { name: &sender.name, address: sender.address() },
        summary,
        warnings: &message.items,
        more: message.more,
        last_for_now: message.last,
    };
    serde_json::to_vec(&Payload { r#type, timestamp: made, data })
}

/// The header `webhook-signature` (Standard Webhooks 1.0): HMAC-SHA256 over id, time and body.
pub(crate) fn signature(key: &[u8], id: &str, at: Timestamp, body: &[u8]) -> String {
    let mut context = hmac::Context::with_key(&hmac::Key::new(hmac::HMAC_SHA256, key));
    context.update(format!("{id}.{}.", at.as_second()).as_bytes());
    context.update(body);
    format!("v1,{}", BASE64.encode(context.sign().as_ref()))
}

#[cfg(test)]
mod tests {
    use croft_model::Severity;
    use proptest::prelude::*;

    use super::*;

    fn sender() -> Sender {
        Sender { name: "Our house".into(), host: "croft".into(), zone: TimeZone::get("Europe/Berlin").expect("a zone") }
    }

    fn item(title: &str) -> Item {
        Item {
            code: "pool-disk-missing".into(),
            subject: "2".into(),
            severity: Severity::Critical,
            title: title.into(),
            meaning:
                "Every file still lies on another disk. If that one dies too, what is on it is lost, and nothing else can help any more."
                    .into(),
            action: "Look whether its cable is in; else put in another disk and replace it (`croft pool replace`).".into(),
            since: "2026-11-30T23:30:00Z".parse().expect("a time"),
        }
    }

    fn message(occasion: Occasion) -> Message {
        let items =
            if occasion == Occasion::Test { Vec::new() } else { vec![item("The disk in the second bay is missing."), item("Another.")] };
        Message { occasion, items, more: 0, last: occasion == Occasion::Raised }
    }

    #[test]
    fn messages_read_as_they_should() {
        let made = "2026-12-01T08:00:00Z".parse().expect("a time");
        let all: Vec<String> = [Occasion::Raised, Occasion::Gathered, Occasion::Well, Occasion::Test]
            .into_iter()
            .map(|occasion| {
                let (subject, text) = mail(&message(occasion), &sender());
                let body = webhook(&message(occasion), made, &sender()).expect("JSON");
                format!("Subject: {subject}\n\n{text}\n{}\n", String::from_utf8(body).expect("text"))
            })
            .collect();
        insta::assert_snapshot!("messages", all.join("=====\n"));
    }

    #[test]
    fn the_signature_is_that_of_the_standard() {
        // The example of the standard's own libraries.
        let key = BASE64.decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw").expect("base64");
        let at = Timestamp::from_second(1_614_265_330).expect("a time");
        let signed = signature(&key, "msg_p5jXN8AQM9LWM0D4loKWxJek", at, br#"{"test": 2432232314}"#);
        assert_eq!(signed, "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE=");
    }

    proptest! {
        #[test]
        fn nothing_in_a_sentence_becomes_a_header(title in ".{0,200}", name in "\\PC{1,64}") {
            let raised = Message { occasion: Occasion::Raised, items: vec![item(&title)], more: 3, last: true };
            let (subject, text) = mail(&raised, &Sender { name, ..sender() });
            prop_assert!(!subject.chars().any(char::is_control) && subject.chars().count() <= MAX_SUBJECT);
            prop_assert!(!text.chars().any(|c| c.is_control() && c != '\n'));
        }
    }
}
