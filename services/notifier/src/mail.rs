//! Sending a mail: what it says to the server, and what becomes of the server's answers.

use croft_model::{MailSecurity, MailSettings, Secret};
use futures_util::FutureExt;
use jiff::Timestamp;
use lettre::{
    Address, Message,
    address::Envelope,
    message::{
        Mailbox,
        header::{ContentType, Header, HeaderName, HeaderValue},
    },
    transport::smtp::{
        Error as SmtpError,
        authentication::{Credentials, Mechanism},
        client::AsyncSmtpConnection,
        commands::{Data, Mail, Rcpt},
        extension::ClientId,
        response::Response,
    },
};
use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio_rustls::TlsConnector;

use crate::{
    dial::{self, Line, Sent},
    failure::Failure,
    judge::Way,
    words::Sender,
};

/// Longest reply of a server before the line is encrypted, in bytes.
const MAX_REPLY: usize = 8 * 1024;
/// What stands for the greeting, which came before the line was encrypted.
const GREETED: &[u8] = b"220 ready\r\n";

/// A mail that is to be sent.
pub(crate) struct Letter<'a> {
    /// Names it for ever: what is sent twice is seen once.
    pub(crate) id: &'a str,
    pub(crate) made: Timestamp,
    pub(crate) subject: String,
    pub(crate) text: String,
    pub(crate) sender: &'a Sender,
}

/// Sends it; gives what the server said.
///
/// # Errors
/// It was not taken, with the reason.
pub(crate) async fn send(
    settings: &MailSettings,
    password: Option<&Secret>,
    letter: &Letter<'_>,
    connector: &TlsConnector,
    sent: &Sent,
) -> Result<String, Failure> {
    let (envelope, bytes) = compose(settings, letter)?;
    let host = settings.server.clone();
    let hello = ClientId::Domain(format!("{}.local", letter.sender.host));
    let line = dial::call(&host, settings.port(), Way::Encrypted, sent).await?;
    let line = match settings.security {
        MailSecurity::Tls => dial::encrypt(line, &host, settings.port(), connector).await?,
        MailSecurity::Starttls => {
            let line = ask_for_tls(line, &host, &hello).await?;
            dial::encrypt(line, &host, settings.port(), connector).await?.beginning_with(GREETED)
        }
    };
    let mut connection =
        AsyncSmtpConnection::connect_with_transport(Box::new(line), &hello).await.map_err(|error| answered(&host, &error))?;
    if let Some(user) = &settings.user {
        let password = password.ok_or(Failure::NoPassword)?;
        let credentials = Credentials::new(user.clone(), password.expose().to_owned());
        let signed_in = connection.auth(&[Mechanism::Plain, Mechanism::Login], &credentials).await;
        signed_in.map_err(|error| not_signed_in(&host, &error))?;
    }
    let taken = hand_over(&mut connection, &envelope, &bytes).await.map_err(|error| answered(&host, &error))?;
    // It is taken: goodbye is said, but no answer waited for, without which the mail would be sent again.
    let _ = connection.quit().now_or_never();
    Ok(format!(
        "{host} took the mail for {}. It said: {}",
        settings.to.join(", "),
        Failure::said(&taken.message().collect::<Vec<_>>().join(" "))
    ))
}

/// One transaction. Not the library's own, which says goodbye after a refusal and waits for the answer.
async fn hand_over(connection: &mut AsyncSmtpConnection, envelope: &Envelope, bytes: &[u8]) -> Result<Response, SmtpError> {
    connection.command(Mail::new(envelope.from().cloned(), Vec::new())).await?;
    for to in envelope.to() {
        connection.command(Rcpt::new(to.clone(), Vec::new())).await?;
    }
    connection.command(Data).await?;
    connection.message(bytes).await
}

/// The open words before the line is encrypted. They are read byte by byte, so that nothing that came unencrypted is left to be believed later.
async fn ask_for_tls(mut line: Line, host: &str, hello: &ClientId) -> Result<Line, Failure> {
    let expect = |(code, lines): (u16, Vec<String>), wanted: u16| {
        if code == wanted { Ok(lines) } else { Err(Failure::MailRefused { host: host.into(), said: Failure::said(&lines.join(" ")) }) }
    };
    expect(reply(&mut line, host).await?, 220)?;
    say(&mut line, host, &format!("EHLO {hello}\r\n")).await?;
    let offers = expect(reply(&mut line, host).await?, 250)?;
    if !offers.iter().any(|offer| offer.trim().eq_ignore_ascii_case("STARTTLS")) {
        return Err(Failure::NoStarttls { host: host.into() });
    }
    say(&mut line, host, "STARTTLS\r\n").await?;
    expect(reply(&mut line, host).await?, 220)?;
    Ok(line)
}

async fn say(line: &mut Line, host: &str, words: &str) -> Result<(), Failure> {
    line.write_all(words.as_bytes()).await.map_err(|_| Failure::BrokenOff { host: host.into() })
}

/// One reply, of one or several lines (RFC 5321 section 4.2.1).
async fn reply(line: &mut (impl tokio::io::AsyncRead + Unpin), host: &str) -> Result<(u16, Vec<String>), Failure> {
    let not_smtp = || Failure::NotSmtp { host: host.into() };
    let (mut lines, mut current, mut read) = (Vec::new(), Vec::new(), 0);
    loop {
        let byte = line.read_u8().await.map_err(|_| Failure::BrokenOff { host: host.into() })?;
        read += 1;
        if read > MAX_REPLY {
            return Err(not_smtp());
        }
        if byte != b'\n' {
            current.push(byte);
            continue;
        }
        let text = String::from_utf8_lossy(&std::mem::take(&mut current)).trim_end_matches('\r').to_owned();
        let code = text.get(..3).and_then(|code| code.parse::<u16>().ok()).filter(|code| (200..600).contains(code)).ok_or_else(not_smtp)?;
        lines.push(text.get(4..).unwrap_or_default().to_owned());
        match text.as_bytes().get(3) {
            Some(b'-') => {}
            None | Some(b' ') => return Ok((code, lines)),
            Some(_) => return Err(not_smtp()),
        }
    }
}

/// The mail as it travels, and for whom.
fn compose(settings: &MailSettings, letter: &Letter<'_>) -> Result<(Envelope, Vec<u8>), Failure> {
    let address =
        |text: &String| text.parse::<Address>().map_err(|error| Failure::Settings(format!("`{text}` is not a mail address ({error})")));
    let inside = |error: &dyn std::error::Error| Failure::Inside(error.to_string());
    let from = address(&settings.from)?;
    let to = settings.to.iter().map(address).collect::<Result<Vec<_>, _>>()?;
    let date = std::time::SystemTime::from(letter.made);
    let id = format!("<{}@{}.local>", letter.id, letter.sender.host);
    let mut message = Message::builder()
        .from(Mailbox::new(Some(letter.sender.name.clone()), from.clone()))
        .subject(letter.subject.clone())
        .date(date)
        .message_id(Some(id))
        // No answer of an absent person, and no rule that answers it (RFC 3834).
        .header(AutoSubmitted)
        .header(ContentType::TEXT_PLAIN);
    for to in &to {
        message = message.to(Mailbox::new(None, to.clone()));
    }
    let message = message.body(letter.text.clone()).map_err(|error| inside(&error))?;
    let envelope = Envelope::new(Some(from), to).map_err(|error| inside(&error))?;
    Ok((envelope, message.formatted()))
}

/// `Auto-Submitted: auto-generated`.
#[derive(Debug, Clone)]
struct AutoSubmitted;

impl Header for AutoSubmitted {
    fn name() -> HeaderName {
        HeaderName::new_from_ascii_str("Auto-Submitted")
    }

    fn parse(_: &str) -> Result<Self, Box<dyn std::error::Error + Send + Sync>> {
        Ok(Self)
    }

    fn display(&self) -> HeaderValue {
        HeaderValue::new(Self::name(), "auto-generated".into())
    }
}

fn words_of(error: &SmtpError) -> String {
    Failure::said(&std::error::Error::source(error).map_or_else(|| error.to_string(), ToString::to_string))
}

fn answered(host: &str, error: &SmtpError) -> Failure {
    let host = host.to_owned();
    match error.status() {
        Some(_) => Failure::MailRefused { host, said: words_of(error) },
        None if error.is_response() => Failure::NotSmtp { host },
        None if error.is_client() => Failure::MailRefused { host, said: words_of(error) },
        None => Failure::BrokenOff { host },
    }
}

fn not_signed_in(host: &str, error: &SmtpError) -> Failure {
    match error.status() {
        // The code alone: a server may repeat in its words what it was sent.
        Some(code) => Failure::WrongPassword { host: host.into(), code: code.to_string() },
        None if error.is_client() => Failure::NoSignIn { host: host.into() },
        None => answered(host, error),
    }
}

#[cfg(test)]
mod tests {
    use jiff::tz::TimeZone;
    use proptest::prelude::*;

    use super::*;

    fn settings() -> MailSettings {
        MailSettings {
            server: "mail.example.org".into(),
            port: None,
            security: MailSecurity::Tls,
            user: None,
            from: "box@example.org".into(),
            to: vec!["ana@example.org".into(), "ben@example.org".into()],
        }
    }

    fn composed(name: &str, subject: &str, text: &str) -> String {
        let sender = Sender { name: name.into(), host: "croft".into(), zone: TimeZone::UTC };
        let made = "2026-12-01T08:00:00Z".parse().expect("a time");
        let letter = Letter { id: "msg_1", made, subject: subject.into(), text: text.into(), sender: &sender };
        let (envelope, bytes) = compose(&settings(), &letter).expect("composed");
        assert_eq!(envelope.to().len(), 2);
        String::from_utf8(bytes).expect("ASCII")
    }

    #[test]
    fn a_mail_is_plain_and_short() {
        insta::assert_snapshot!(
            "mail",
            composed("Unser Häuschen", "Unser Häuschen: A disk is missing", "Hello.\n.\nBye.\n").replace("\r\n", "\n")
        );
    }

    #[tokio::test]
    async fn replies_are_read_to_their_end_and_no_further() {
        let check = async |said: &str, expected: Option<(u16, &[&str])>| {
            let mut bytes = said.as_bytes();
            let read = reply(&mut bytes, "host").await.ok();
            let found = read.as_ref().map(|(code, lines)| (*code, lines.iter().map(String::as_str).collect::<Vec<_>>()));
            assert_eq!(found, expected.map(|(code, lines)| (code, lines.to_vec())), "{said:?}");
            bytes.len()
        };
        assert_eq!(check("220 hello\r\n250 injected\r\n", Some((220, &["hello"]))).await, "250 injected\r\n".len());
        check("250-one\r\n250 STARTTLS\r\n", Some((250, &["one", "STARTTLS"]))).await;
        check("250\n", Some((250, &[""]))).await;
        for wrong in ["", "220", "HTTP/1.1 400 Bad Request\r\n", "2201 x\r\n", "999 x\r\n", "25\u{e9} x\r\n", &"220-x\r\n".repeat(2000)] {
            check(wrong, None).await;
        }
    }

    croft_fuzz::target! {
        /// A reply ends with its last line, whatever follows stays unread, and it is never long.
        fn mail_replies(input) {
            let mut left = input;
            let read = reply(&mut left, "host").now_or_never().expect("nothing is waited for");
            let taken = &input[..input.len() - left.len()];
            assert!(taken.len() <= MAX_REPLY + 1);
            if let Ok((code, lines)) = read {
                assert!((200..600).contains(&code) && taken.ends_with(b"\n"));
                assert_eq!(lines.len(), taken.iter().filter(|byte| **byte == b'\n').count());
                assert!(lines.iter().all(|line| !Failure::said(line).chars().any(char::is_control)));
            }
        }
    }

    proptest! {
        #[test]
        fn no_words_become_a_header_or_end_the_mail(name in "\\PC{1,64}", subject in "\\PC{0,120}", text in "(\\PC|\n){0,300}") {
            let mail = composed(&name, &subject, &text);
            let (head, body) = mail.split_once("\r\n\r\n").expect("head and body");
            let names: Vec<&str> = head.split("\r\n").filter(|line| !line.starts_with([' ', '\t'])).filter_map(|line| Some(line.split_once(':')?.0)).collect();
            let expected = ["From", "Subject", "Date", "Message-ID", "Auto-Submitted", "Content-Type", "To", "Content-Transfer-Encoding"];
            prop_assert!(names.iter().all(|name| expected.contains(name)), "{names:?}");
            prop_assert_eq!(names.len(), expected.len() , "{:?}", names);
            prop_assert!(mail.is_ascii() && !body.split("\r\n").any(|line| line.contains(['\n', '\r'])));
        }
    }
}
