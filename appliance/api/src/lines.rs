//! Streams of JSON documents, one a line, as roles send them to each other. Blank lines only keep the stream alive.

use bytes::{Bytes, BytesMut};
use http_body::Body;
use http_body_util::BodyExt;

/// The lines of a body, as they come.
#[derive(Debug)]
pub struct Lines<B> {
    body: B,
    unread: BytesMut,
    /// Bytes of `unread` that hold no end of line.
    looked_at: usize,
    longest: usize,
}

impl<B: Body<Data = Bytes> + Unpin> Lines<B> {
    /// Reads `body`, of which no line may have more than `longest` bytes.
    pub fn new(body: B, longest: usize) -> Self {
        Self { body, unread: BytesMut::new(), looked_at: 0, longest }
    }

    /// The next line that is not blank, without its end. `None` when the body has ended or broken off, or when a line is too long; what came
    /// of an unfinished line is dropped. Cancel-safe: what has come stays for the next call.
    pub async fn next(&mut self) -> Option<Bytes> {
        loop {
            while let Some(end) = self.unread[self.looked_at..].iter().position(|byte| *byte == b'\n') {
                let length = self.looked_at + end;
                if length > self.longest {
                    return too_long(self.longest);
                }
                let line = self.unread.split_to(length + 1).freeze();
                self.looked_at = 0;
                let line = line.slice_ref(line.trim_ascii());
                if !line.is_empty() {
                    return Some(line);
                }
            }
            self.looked_at = self.unread.len();
            if self.looked_at > self.longest {
                return too_long(self.longest);
            }
            let data = self.body.frame().await?.ok()?.into_data();
            self.unread.extend_from_slice(&data.unwrap_or_default());
        }
    }
}

fn too_long(longest: usize) -> Option<Bytes> {
    tracing::error!(longest, "another role sent a line that is too long");
    None
}

#[cfg(test)]
mod tests {
    use axum::body::Body;
    use futures_util::stream;
    use proptest::prelude::*;

    use super::*;

    /// What comes of `pieces` when no line may have more than eight bytes.
    async fn read(pieces: Vec<Vec<u8>>) -> Vec<Vec<u8>> {
        let body = Body::from_stream(stream::iter(pieces.into_iter().map(Ok::<_, std::io::Error>)));
        let mut lines = Lines::new(body, 8);
        let mut read = Vec::new();
        while let Some(line) = lines.next().await {
            read.push(line.to_vec());
        }
        read
    }

    fn pieces(text: &[&str]) -> Vec<Vec<u8>> {
        text.iter().map(|piece| piece.as_bytes().to_vec()).collect()
    }

    #[tokio::test]
    async fn lines_come_whole_and_one_that_is_too_long_ends_them() {
        assert_eq!(read(pieces(&["a\nb", "b\n\n \nc", "\nunfinished"])).await, pieces(&["a", "bb", "c"]));
        assert_eq!(read(pieces(&["12345678\n123456789\nc\n"])).await, pieces(&["12345678"]));
        assert_eq!(read(pieces(&["a\n  1234567\nc\n"])).await, pieces(&["a"]), "its blanks count, as they do while its end has not come");
        assert_eq!(read(pieces(&["a\n12345", "67890", "1\nc\n"])).await, pieces(&["a"]));
    }

    proptest! {
        #[test]
        fn where_the_pieces_are_cut_does_not_matter(text in "[ab\n ]{0,40}", cuts in prop::collection::vec(0_usize..40, 0..6)) {
            let runtime = tokio::runtime::Builder::new_current_thread().build().expect("a runtime");
            let mut cuts: Vec<usize> = cuts.into_iter().map(|cut| cut.min(text.len())).chain([0, text.len()]).collect();
            cuts.sort_unstable();
            let cut = cuts.windows(2).map(|pair| text.as_bytes()[pair[0]..pair[1]].to_vec()).collect();
            let (whole, cut) = runtime.block_on(async { (read(vec![text.clone().into_bytes()]).await, read(cut).await) });
            // A long line without its end is noticed sooner when it comes in pieces; what was read before is the same.
            prop_assert_eq!(whole, cut);
        }
    }
}
