//! One question to the role `preview` (`docs/formats/preview.md`).

use std::{fs::File, os::fd::AsFd, time::Duration};

use croft_api::{
    inherit::RunDirectory,
    preview::{ANSWER_BYTES, Ask, BadWords, PIECE_BYTES, Question, Refused, SOCKET, Taken, decode_answer},
};
use croft_files::{FilesError, Link};
use tokio::time::timeout;

/// What the role takes to start, and to send its answer, beside the time that it was given.
const BESIDE: Duration = Duration::from_secs(10);
/// How every JPEG begins (ITU T.81, B.1.1.3).
const JPEG: &[u8] = &[0xff, 0xd8, 0xff];

/// The role gave no answer.
#[derive(Debug, thiserror::Error)]
pub(super) enum NoAnswer {
    #[error("nobody is there: {0}")]
    Absent(#[source] FilesError),
    #[error(transparent)]
    Link(#[from] FilesError),
    #[error("it broke the format")]
    Format(#[from] BadWords),
    #[error("it broke the format: {0}")]
    Order(&'static str),
    #[error("it did not answer in time")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// Has the role in `run` make a small picture of `file`.
pub(super) async fn ask(run: &RunDirectory, file: &File, ask: Ask) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
    picture(question(run, file, Question::Picture(ask)).await?)
}

fn picture(answer: Result<Vec<u8>, Refused>) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
    match answer {
        Ok(bytes) if !bytes.starts_with(JPEG) => Err(NoAnswer::Order("it sent no picture")),
        answer => Ok(answer),
    }
}

/// Has the role in `run` read when `file` was taken, within `patience_seconds`; `None` where the file does not say.
pub(super) async fn ask_taken(run: &RunDirectory, file: &File, patience_seconds: u8) -> Result<Result<Option<Taken>, Refused>, NoAnswer> {
    match question(run, file, Question::Taken { patience_seconds }).await? {
        Ok(time) => Ok(Ok(Taken::decode(&time)?)),
        Err(refused) => Ok(Err(refused)),
    }
}

async fn question(run: &RunDirectory, file: &File, question: Question) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
    timeout(question.patience() + BESIDE, async {
        let link = Link::connect(&run.socket(SOCKET)).await.map_err(NoAnswer::Absent)?;
        hear(&link, file, question).await
    })
    .await?
}

async fn hear(link: &Link, file: &File, question: Question) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
    link.send(&question.encode(), Some(file.as_fd())).await?;
    let mut buffer = vec![0; PIECE_BYTES];
    // A role that has too many questions hangs up.
    let Some(received) = link.receive(&mut buffer[..=ANSWER_BYTES]).await? else { return Ok(Err(Refused::Busy)) };
    let length = match decode_answer(buffer.get(..received.length).unwrap_or_default())? {
        Ok(length) => length,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut answer = Vec::with_capacity(length);
    while answer.len() < length {
        let received = link.receive(&mut buffer).await?.ok_or(NoAnswer::Order("it left in the middle of an answer"))?;
        answer.extend_from_slice(buffer.get(..received.length).unwrap_or_default());
    }
    if answer.len() != length {
        return Err(NoAnswer::Order("it sent another length than it said"));
    }
    Ok(Ok(answer))
}

#[cfg(test)]
mod tests {
    use croft_api::preview::{Shape, encode_answer};

    use super::*;

    const ASK: Ask = Ask { shape: Shape::Fit, width: 1, height: 1, patience_seconds: 1 };

    async fn answered(packets: &[&[u8]]) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
        let (ours, theirs) = Link::pair().unwrap();
        let role = async {
            let mut buffer = [0; 64];
            let received = theirs.receive(&mut buffer).await.unwrap().unwrap();
            assert_eq!((Ask::decode(&buffer[..received.length]), received.descriptor.is_some()), (Ok(ASK), true));
            for packet in packets {
                theirs.send(packet, None).await.unwrap();
            }
            drop(theirs);
        };
        let file = tempfile::tempfile().unwrap();
        tokio::join!(hear(&ours, &file, Question::Picture(ASK)), role).0
    }

    #[tokio::test]
    async fn a_picture_is_taken_whole_or_not_at_all() {
        let five = encode_answer(Ok(5));
        assert_eq!(answered(&[&five, b"\xff\xd8\xff12"]).await.unwrap(), Ok(b"\xff\xd8\xff12".to_vec()));
        assert_eq!(answered(&[&five, b"\xff\xd8", b"\xff12"]).await.unwrap(), Ok(b"\xff\xd8\xff12".to_vec()));
        assert_eq!(answered(&[&encode_answer(Err(Refused::Broken))]).await.unwrap(), Err(Refused::Broken));
        assert_eq!(answered(&[]).await.unwrap(), Err(Refused::Busy));
        assert!(picture(Ok(b"<svg>".to_vec())).is_err() && picture(Ok(JPEG.to_vec())).is_ok());
        for wrong in [&[&five[..], b"\xff\xd8\xff"][..], &[&five, b"\xff\xd8\xff123"], &[&five[..4]], &[b"\0\0\0\0\x05\0"]] {
            assert!(answered(wrong).await.is_err(), "{wrong:?}");
        }
    }
}
