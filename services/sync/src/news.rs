//! What happened in the space, for everybody who listens on a link.

use std::sync::Arc;

use bytes::Bytes;
use croft_api::bulk::{Frame, encode};
use croft_files::Name;
use tokio::sync::broadcast;

use crate::{judge::path, space::Space};

/// News that a slow link may be behind by; past this it hears that the root changed, which is always true.
const MAX_BEHIND: usize = 256;

/// Tells all links but the one that made a change, which hears of it with its answer.
#[derive(Debug, Clone)]
pub(crate) struct News {
    sender: broadcast::Sender<Item>,
    /// The link that this clone speaks for.
    link: u64,
}

/// A piece of news, ready to be sent.
#[derive(Debug, Clone)]
pub(crate) struct Item {
    pub(crate) link: u64,
    pub(crate) packet: Bytes,
}

impl News {
    /// The number of no link: what is said for it is heard on all.
    pub(crate) const NO_LINK: u64 = 0;

    pub(crate) fn new() -> Self {
        Self { sender: broadcast::channel(MAX_BEHIND).0, link: Self::NO_LINK }
    }

    /// The same, speaking for the link `link`.
    pub(crate) fn of_link(&self, link: u64) -> Self {
        Self { link, ..self.clone() }
    }

    pub(crate) fn listen(&self) -> broadcast::Receiver<Item> {
        self.sender.subscribe()
    }

    /// Says that the content of `folder` changed; gives the frame for the own link.
    pub(crate) fn changed(&self, space: &Arc<Space>, folder: &[Name]) -> Frame {
        let frame = changed(space, path::text(folder));
        if let Ok(packet) = encode(&[(0, frame.clone())]) {
            // Nobody else listens: nobody else needs to know.
            let _ = self.sender.send(Item { link: self.link, packet: packet.into() });
        }
        frame
    }
}

/// The frame that says that `folder` changed.
pub(crate) fn changed(space: &Space, folder: String) -> Frame {
    Frame::Changed { folder, root: space.root() }
}
