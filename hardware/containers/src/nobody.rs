//! Who answers a closed app's questions for names outside of its network: nobody, but at once.
//!
//! The engine's server of names asks a server that is not there and waits five seconds for it, each time, and the app with it. Here each question is told
//! that there is no such name, on an address of the engine's own machine, and nothing leaves. Without it closed apps are as closed, and slower.

use std::{io, net::SocketAddr, time::Duration};

use tokio::{net::UdpSocket, task::JoinHandle, time::sleep};

use crate::place::Place;

/// Where a closed network sends its questions: an address of this machine alone, in no house and of nobody else.
pub(crate) const NOBODY: &str = "127.0.53.1";
/// Where servers of names listen.
const PORT: u16 = 53;
/// Longest question that is answered; a name has 255 bytes at most.
const MAX_QUESTION: usize = 512;
/// The head of a message, before its question.
const HEAD: usize = 12;
/// Pause after an error, since it may last: no app waits longer than for an answer from afar.
const PAUSE: Duration = Duration::from_millis(100);
/// Longest label of a name; what is more is a reference, which a question has not.
const MAX_LABEL: u8 = 63;

/// Answers until it is dropped.
#[derive(Debug)]
pub struct Nobody {
    task: JoinHandle<()>,
}

impl Nobody {
    /// Begins to answer where the engine is.
    ///
    /// # Errors
    /// Somebody else has the address.
    pub async fn start(place: &Place) -> io::Result<Self> {
        let bound = place.inside(|| -> io::Result<std::net::UdpSocket> {
            let socket = std::net::UdpSocket::bind((NOBODY, PORT))?;
            socket.set_nonblocking(true)?;
            Ok(socket)
        });
        let socket = UdpSocket::from_std(bound.await??)?;
        Ok(Self { task: tokio::spawn(serve(socket)) })
    }
}

impl Drop for Nobody {
    fn drop(&mut self) {
        self.task.abort();
    }
}

async fn serve(socket: UdpSocket) {
    let mut piece = [0; MAX_QUESTION];
    loop {
        let (length, from) = match socket.recv_from(&mut piece).await {
            Ok(received) => received,
            Err(error) => {
                // What went wrong was one question most likely; the next is another.
                tracing::debug!(%error, "a question for a name could not be received");
                sleep(PAUSE).await;
                continue;
            }
        };
        if let Some(answer) = piece.get(..length).and_then(answer) {
            reply(&socket, &answer, from).await;
        }
    }
}

async fn reply(socket: &UdpSocket, answer: &[u8], to: SocketAddr) {
    // Whoever asked may have gone, and asks again if not.
    let _ = socket.send_to(answer, to).await;
}

/// The answer that there is no such name, to a message that is one question (RFC 1035, 4.1).
fn answer(message: &[u8]) -> Option<Vec<u8>> {
    let head: [u8; HEAD] = message.get(..HEAD)?.try_into().ok()?;
    let [id0, id1, flags, _, 0, 1, ..] = head else { return None };
    let is_question = flags & 0x80 == 0 && flags & 0x78 == 0;
    if !is_question {
        return None;
    }
    let mut end = HEAD;
    loop {
        let length = *message.get(end)?;
        end += 1 + usize::from(length);
        match length {
            0 => break,
            1..=MAX_LABEL => {}
            _ => return None,
        }
    }
    // Its kind and its class.
    let question = message.get(HEAD..end + 4)?;
    // An answer, to what was asked for, by one who would have asked further; no such name; one question and nothing else.
    let head = [id0, id1, 0x80 | (flags & 0x01), 0x83, 0, 1, 0, 0, 0, 0, 0, 0];
    Some([&head[..], question].concat())
}

#[cfg(test)]
mod tests {
    use super::*;

    const QUESTION: &[u8] = b"\x12\x34\x01\x20\0\x01\0\0\0\0\0\x01\x06secret\x07example\0\0\x01\0\x01\0\0\x29\x04\xd0\0\0\0\0\0\0";

    #[test]
    fn a_question_is_told_that_there_is_no_such_name() {
        let expected = b"\x12\x34\x81\x83\0\x01\0\0\0\0\0\0\x06secret\x07example\0\0\x01\0\x01";
        assert_eq!(answer(QUESTION).as_deref(), Some(&expected[..]));
        assert_eq!(answer(expected), None, "an answer is no question: two of us would talk for ever");
        for length in 0..32 {
            assert_eq!(answer(&QUESTION[..length]), None, "{length}");
        }
    }

    #[tokio::test]
    async fn an_error_that_lasts_takes_no_processor() {
        // What is no socket of messages fails at once, each time.
        let stream = nix::sys::socket::socket(
            nix::sys::socket::AddressFamily::Inet,
            nix::sys::socket::SockType::Stream,
            nix::sys::socket::SockFlag::SOCK_NONBLOCK,
            None,
        );
        let socket = UdpSocket::from_std(stream.unwrap().into()).unwrap();
        let mut piece = [0; 8];
        assert!(socket.recv_from(&mut piece).await.is_err());
        let spent = || Duration::from(nix::time::clock_gettime(nix::time::ClockId::CLOCK_THREAD_CPUTIME_ID).unwrap());
        let before = spent();
        let served = tokio::time::timeout(Duration::from_millis(400), serve(socket)).await;
        assert!(served.is_err(), "it goes on");
        assert!(spent() - before < Duration::from_millis(100), "{:?}", spent() - before);
    }

    proptest::proptest! {
        #[test]
        fn nothing_that_comes_breaks_it(message in proptest::collection::vec(0_u8.., 0..600)) {
            if let Some(answer) = answer(&message) {
                proptest::prop_assert!(answer.len() <= message.len());
            }
        }
    }
}
