//! One question to the role `preview` (`docs/formats/preview.md`).

use std::{fs::File, os::fd::AsFd, time::Duration};

use croft_api::{
    inherit::RunDirectory,
    preview::{ANSWER_BYTES, Ask, BadWords, PIECE_BYTES, Refused, SOCKET, decode_answer},
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
    #[error(transparent)]
    Link(#[from] FilesError),
    #[error("it broke the format")]
    Format(#[from] BadWords),
    #[error("it broke the format: {0}")]
    Order(&'static str),
    #[error("it did not answer in time")]
    Silent(#[from] tokio::time::error::Elapsed),
}

/// Has the role in `run` look at `file`.
pub(super) async fn ask(run: &RunDirectory, file: &File, ask: Ask) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
    timeout(ask.patience() + BESIDE, async {
        let link = Link::connect(&run.socket(SOCKET)).await?;
        hear(&link, file, ask).await
    })
    .await?
}

async fn hear(link: &Link, file: &File, ask: Ask) -> Result<Result<Vec<u8>, Refused>, NoAnswer> {
    link.send(&ask.encode(), Some(file.as_fd())).await?;
    let mut buffer = vec![0; PIECE_BYTES];
    // A role that has too many questions hangs up.
    let Some(received) = link.receive(&mut buffer[..=ANSWER_BYTES]).await? else { return Ok(Err(Refused::Busy)) };
    let length = match decode_answer(buffer.get(..received.length).unwrap_or_default())? {
        Ok(length) => length,
        Err(refused) => return Ok(Err(refused)),
    };
    let mut picture = Vec::with_capacity(length);
    while picture.len() < length {
        let received = link.receive(&mut buffer).await?.ok_or(NoAnswer::Order("it left in the middle of a picture"))?;
        picture.extend_from_slice(buffer.get(..received.length).unwrap_or_default());
    }
    if picture.len() != length || !picture.starts_with(JPEG) {
        return Err(NoAnswer::Order("it sent no picture, or another length than it said"));
    }
    Ok(Ok(picture))
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
        tokio::join!(hear(&ours, &file, ASK), role).0
    }

    #[tokio::test]
    async fn a_picture_is_taken_whole_or_not_at_all() {
        let five = encode_answer(Ok(5));
        assert_eq!(answered(&[&five, b"\xff\xd8\xff12"]).await.unwrap(), Ok(b"\xff\xd8\xff12".to_vec()));
        assert_eq!(answered(&[&five, b"\xff\xd8", b"\xff12"]).await.unwrap(), Ok(b"\xff\xd8\xff12".to_vec()));
        assert_eq!(answered(&[&encode_answer(Err(Refused::Broken))]).await.unwrap(), Err(Refused::Broken));
        assert_eq!(answered(&[]).await.unwrap(), Err(Refused::Busy));
        for wrong in
            [&[&five[..], b"\xff\xd8\xff"][..], &[&five, b"\xff\xd8\xff123"], &[&five, b"<svg>"], &[&five[..4]], &[b"\0\0\0\0\x05\0"]]
        {
            assert!(answered(wrong).await.is_err(), "{wrong:?}");
        }
    }
}
