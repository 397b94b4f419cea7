//! A desk with decoders that do what a test wants.

use std::{
    fs::File,
    os::fd::AsFd,
    path::{Path, PathBuf},
    time::Duration,
};

use croft_api::preview::{Ask, Shape, decode_answer};
use tokio::{task::JoinHandle, time::sleep};

use super::*;

const PATIENCE: Duration = Duration::from_secs(20);

/// What the decoder does, by the width that is asked for; `note` is where it notes its id.
fn shell(question: Question, note: &Path) -> Program {
    let Question::Picture(ask) = question else { return Program::at("/bin/sh", vec!["-c".into(), "exit 41".into()]) };
    let script = match ask.width {
        1 => "cat".to_owned(),
        2 => format!("echo $$ > {}; exec sleep 60", note.display()),
        3 => "exit 43".into(),
        4 => "kill -SEGV $$".into(),
        _ => "while :; do echo more; done".into(),
    };
    Program::at("/bin/sh", vec!["-c".into(), script])
}

/// A desk at work for workers of the user `who`.
struct Served {
    folder: tempfile::TempDir,
    stop: CancellationToken,
    served: JoinHandle<Result<(), PreviewError>>,
}

impl Served {
    fn start(who: impl FnOnce(u32) -> String) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let path = folder.path().join("s");
        let listener: OwnedFd = LinkListener::bind(&path).unwrap().into();
        let uid = std::fs::metadata(&path).map(|socket| std::os::unix::fs::MetadataExt::uid(&socket)).unwrap();
        let peers = Peers::parse(&who(uid)).unwrap();
        let stop = CancellationToken::new();
        let stopping = stop.clone();
        let note = folder.path().join("note");
        let served =
            tokio::spawn(async move { Desk::with_program(move |question| shell(question, &note)).serve(listener, &peers, stopping).await });
        Self { folder, stop, served }
    }

    fn workers() -> Self {
        Self::start(|uid| format!("sync={uid}"))
    }

    async fn ask(&self, width: u16, descriptor: impl AsFd) -> Link {
        let link = Link::connect(&self.folder.path().join("s")).await.unwrap();
        let ask = Ask { shape: Shape::Fit, width, height: 1, patience_seconds: if width == 2 { 2 } else { 20 } };
        link.send(&ask.encode(), Some(descriptor.as_fd())).await.unwrap();
        link
    }

    fn file(&self) -> File {
        let path = self.folder.path().join("file");
        std::fs::write(&path, "a picture").unwrap();
        File::open(path).unwrap()
    }
}

async fn answer(link: &Link) -> Option<Result<Vec<u8>, Refused>> {
    let mut buffer = vec![0; PIECE_BYTES];
    let received = link.receive(&mut buffer).await.unwrap()?;
    let length = match decode_answer(&buffer[..received.length]).unwrap() {
        Ok(length) => length,
        Err(refused) => return Some(Err(refused)),
    };
    let mut picture = Vec::new();
    while picture.len() < length {
        let received = link.receive(&mut buffer).await.unwrap()?;
        picture.extend_from_slice(&buffer[..received.length]);
    }
    Some(Ok(picture))
}

#[tokio::test]
async fn every_end_of_a_decoder_is_an_answer_and_the_desk_goes_on() {
    let desk = Served::workers();
    for (width, expected) in [
        (1, Ok(b"a picture".to_vec())),
        (3, Err(Refused::Broken)),
        (4, Err(Refused::Broken)),
        (5, Err(Refused::Busy)),
        (1, Ok(b"a picture".to_vec())),
    ] {
        assert_eq!(answer(&desk.ask(width, desk.file()).await).await, Some(expected), "{width}");
    }
    let unfit: [OwnedFd; 3] = [
        File::open("/dev/zero").unwrap().into(),
        File::options().append(true).open(desk.folder.path().join("file")).unwrap().into(),
        std::io::pipe().unwrap().0.into(),
    ];
    for descriptor in unfit {
        assert_eq!(answer(&desk.ask(1, descriptor).await).await, Some(Err(Refused::Busy)));
    }
    desk.stop.cancel();
    desk.served.await.unwrap().unwrap();
}

#[tokio::test]
async fn strangers_and_those_who_break_the_format_are_hung_up_on() {
    let desk = Served::start(|uid| format!("sync={},gateway={uid}", uid + 1));
    let link = Link::connect(&desk.folder.path().join("s")).await.unwrap();
    assert!(link.receive(&mut [0; 8]).await.unwrap().is_none());

    let desk = Served::workers();
    let file = desk.file();
    for (words, descriptor) in [(&[9, 0, 0, 1, 0, 1, 1][..], Some(file.as_fd())), (&[1, 0, 0, 1, 0, 1, 1], None)] {
        let link = Link::connect(&desk.folder.path().join("s")).await.unwrap();
        link.send(words, descriptor).await.unwrap();
        assert_eq!(answer(&link).await, None, "{words:?}");
    }
}

#[tokio::test]
async fn whoever_leaves_takes_the_decoder_along_and_whoever_waits_too_long_is_told() {
    let desk = Served::workers();
    let file = desk.file();
    let link = desk.ask(2, &file).await;
    let process = loop {
        if let Some(id) = std::fs::read_to_string(desk.folder.path().join("note")).ok().and_then(|text| text.trim().parse::<u32>().ok()) {
            break PathBuf::from(format!("/proc/{id}/exe"));
        }
        sleep(Duration::from_millis(10)).await; // waits: for the decoder to begin, by polling
    };
    assert!(std::fs::read_link(&process).is_ok(), "it is at work");
    drop(link);
    let begun = Instant::now();
    while std::fs::read_link(&process).is_ok() {
        assert!(begun.elapsed() < PATIENCE, "the decoder lives on");
        sleep(Duration::from_millis(10)).await; // waits: for the decoder to end, by polling
    }

    // Two are at work for all the time that the third waits.
    let links = [desk.ask(2, &file).await, desk.ask(2, &file).await, desk.ask(2, &file).await];
    for link in links {
        assert_eq!(answer(&link).await, Some(Err(Refused::Busy)));
    }
    assert_eq!(answer(&desk.ask(1, &file).await).await, Some(Ok(b"a picture".to_vec())), "the places are free again");
}
