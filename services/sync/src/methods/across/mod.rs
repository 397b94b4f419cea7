//! COPY and MOVE to another space: one worker sends, the other receives, over a link of their own that the gateway made for them.
//!
//! What is told of an entry goes in messages, its content as a file that is open for reading: the kernel copies it from there, on btrfs without moving a
//! byte. Nothing is seen at the destination before all of it is on the disk, and the original goes only then, as long as it is still what was sent.

mod receive;
mod send;
mod tally;

use croft_api::bulk::{Method, limits::MAX_PACKET};
use croft_model::Problem;
use serde::{Deserialize, Serialize};

use super::{Ground, Request};
use crate::{
    error::Failure,
    exchange::{Answer, Exchange},
};

/// Messages that wait between a thread that is at the disk and the link.
const AHEAD: usize = 4;

/// A message from the worker that sends to the one that receives.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[serde(rename_all = "snake_case")]
enum Message {
    /// First: about how many bytes there are.
    Whole { bytes: u64 },
    /// A folder. What follows lies in it, until [`Message::Up`].
    Folder { name: String },
    /// A file, whose content is the descriptor that comes with this.
    File { name: String, size: u64, modified_seconds: i64, modified_nanoseconds: i64, sums: Option<String> },
    /// A property that a client has set on the entry before.
    Property { xml: String },
    /// The end of a folder.
    Up,
    /// Last: what was sent.
    End(Count),
}

/// How much was sent, or received.
#[derive(Debug, Clone, Copy, Default, PartialEq, Eq, Serialize, Deserialize)]
struct Count {
    files: u64,
    folders: u64,
    bytes: u64,
}

impl Message {
    fn encode(&self) -> Result<Vec<u8>, Failure> {
        let bytes = serde_json::to_vec(self).map_err(|_| Failure::Broken("a message is JSON"))?;
        if bytes.len() > MAX_PACKET {
            return Err(Failure::Broken("a message is longer than a packet"));
        }
        Ok(bytes)
    }

    fn decode(bytes: &[u8]) -> Result<Self, Failure> {
        serde_json::from_slice(bytes).map_err(|_| broken())
    }
}

/// Handles a request that two spaces have a part in: PUT receives, COPY and MOVE send.
pub(super) async fn handle(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    match request.open.method {
        Method::Put => receive::receive(ground, request, exchange).await,
        Method::Copy | Method::Move => send::send(ground, request, exchange).await,
        _ => Err(Problem::new(405, "method-not-allowed", "Between spaces this method means nothing.").into()),
    }
}

/// The other worker does not keep to the format.
fn broken() -> Failure {
    Failure::Broken("another worker broke the format")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_property_fits_a_message_and_nonsense_is_refused() {
        let longest = Message::Property { xml: "\"".repeat(16 * 1024) };
        assert_eq!(Message::decode(&longest.encode().unwrap()).unwrap(), longest);
        for bad in ["", "{}", "\"down\"", "{\"folder\":{}}", "{\"file\":{\"name\":\"a\"}}"] {
            assert!(Message::decode(bad.as_bytes()).is_err(), "{bad}");
        }
    }
    croft_fuzz::target! {
        /// A message from another worker is written so that it is read as the same.
        fn messages(input) {
            if let Ok(message) = Message::decode(input) {
                assert_eq!(Message::decode(&message.encode().unwrap()).unwrap(), message);
            }
        }
    }
}
