//! Telling a program: one signed POST, whose answer is a status and no more.

use std::pin::pin;

use bytes::Bytes;
use croft_model::{WebhookSettings, webhook_address};
use http::{Request, StatusCode, header};
use http_body_util::Full;
use hyper_util::rt::TokioIo;
use jiff::Timestamp;
use tokio_rustls::TlsConnector;

use crate::{
    dial::{self, Sent},
    failure::Failure,
    judge::Way,
    words,
};

/// Longest head of an answer, in bytes. Of its body nothing is read.
const MAX_HEAD: usize = 64 * 1024;

/// Posts `body`; gives what the other side answered.
///
/// # Errors
/// It was not taken, with the reason.
pub(crate) async fn send(
    settings: &WebhookSettings,
    key: &[u8],
    id: &str,
    body: Vec<u8>,
    connector: &TlsConnector,
    sent: &Sent,
) -> Result<String, Failure> {
    let address = webhook_address(&settings.url).map_err(|reason| Failure::Settings(format!("the address {reason}")))?;
    let host = address.host.clone();
    let now = Timestamp::now();
    let request = Request::post(&address.target)
        .header(header::HOST, &address.named)
        .header(header::CONTENT_TYPE, "application/json")
        .header(header::USER_AGENT, concat!("Croft/", env!("CARGO_PKG_VERSION")))
        .header("webhook-id", id)
        .header("webhook-timestamp", now.as_second())
        .header("webhook-signature", words::signature(key, id, now, &body))
        .body(Full::new(Bytes::from(body)))
        .map_err(|error| Failure::Inside(error.to_string()))?;
    let way = if address.encrypted { Way::Encrypted } else { Way::Open };
    let mut line = dial::call(&host, address.port, way, sent).await?;
    if address.encrypted {
        line = dial::encrypt(line, &host, address.port, connector).await?;
    }
    let broken = |error: hyper::Error| {
        tracing::debug!(%error, host, "a webhook's answer cannot be read");
        if error.is_parse() { Failure::NotHttp { host: host.clone() } } else { Failure::BrokenOff { host: host.clone() } }
    };
    let (mut sender, connection) =
        hyper::client::conn::http1::Builder::new().max_buf_size(MAX_HEAD).handshake(TokioIo::new(line)).await.map_err(broken)?;
    let mut answer = pin!(sender.send_request(request));
    // Both live no longer than this: the body of an answer is nobody's, and the connection ends with the head.
    let answer = tokio::select! {
        biased;
        answer = &mut answer => answer,
        _ = connection => answer.await,
    };
    judge(&host, answer.map_err(broken)?.status())
}

fn judge(host: &str, status: StatusCode) -> Result<String, Failure> {
    let (host, number) = (host.to_owned(), status.as_u16());
    match status {
        _ if status.is_success() => Ok(format!("{host} took the message (status {number}).")),
        _ if status.is_redirection() => Err(Failure::Redirected { host, status: number }),
        _ => Err(Failure::Status { host, status: number }),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_success_is_success() {
        let check = |status: u16, expected: Result<&str, &str>| {
            let judged = judge("example.org", StatusCode::from_u16(status).expect("a status"));
            let judged = judged.map_err(|failure| failure.to_string());
            let part = *expected.as_ref().unwrap_or_else(|part| part);
            assert_eq!(judged.is_ok(), expected.is_ok(), "{judged:?}");
            assert!(judged.unwrap_or_else(|failure| failure).contains(part), "{status}");
        };
        check(204, Ok("took the message"));
        check(302, Err("not followed"));
        check(401, Err("does not let the box in"));
        check(410, Err("nothing at this address"));
        check(503, Err("something is wrong there"));
    }
}
