//! Frames as bytes.

use bytes::{Buf, Bytes};
use croft_model::Right;

use super::{
    AbortReason, Area, Commit, Digest, DigestKind, DigestSet, Frame, Head, Header, Hello, Method, MountLine, Open, Root,
    limits::{MAX_DIGESTS, MAX_HEAD, MAX_HEADERS, MAX_INLINE, MAX_MOUNTS, MAX_PACKET, MAX_PATH, MAX_SEGMENTS},
};

/// Stream, kind and length in front of each payload.
const FRAME_HEAD: usize = 8;
/// An amount that is not known.
const UNKNOWN: u64 = u64::MAX;
/// Rights by their number in a mount, from 1.
const RIGHTS: [Right; 4] = [Right::Read, Right::Write, Right::Share, Right::Manage];

/// A packet that is not what the format says. The link that it came on is closed.
#[derive(Debug, Clone, Copy, PartialEq, Eq, thiserror::Error)]
pub enum BadPacket {
    /// It ends inside a frame or a field.
    #[error("it ends too early")]
    Short,
    /// Bytes are left over at its end or at the end of a frame.
    #[error("bytes are left over")]
    Long,
    /// A frame, a list or a text is longer than its limit.
    #[error("{0} is longer than its limit")]
    Limit(&'static str),
    /// A number or text stands for nothing.
    #[error("{0} has no meaning")]
    Value(&'static str),
}

/// The bytes of a packet with these frames, each on its stream.
///
/// # Errors
/// [`BadPacket::Limit`] when a part or the whole is too long.
pub fn encode(frames: &[(u32, Frame)]) -> Result<Vec<u8>, BadPacket> {
    let mut out = Vec::with_capacity(512);
    for (stream, frame) in frames {
        let start = out.len();
        out.extend_from_slice(&stream.to_be_bytes());
        out.extend_from_slice(&[frame.kind(), 0, 0, 0]);
        put_frame(&mut out, frame)?;
        let length = out.len() - start - FRAME_HEAD;
        check_length(frame.kind(), length)?;
        let bytes = u32::try_from(length).map_err(|_| BadPacket::Limit("a frame"))?.to_be_bytes();
        out[start + 5..start + FRAME_HEAD].copy_from_slice(&bytes[1..]);
    }
    if out.len() > MAX_PACKET { Err(BadPacket::Limit("a packet")) } else { Ok(out) }
}

/// The frames of a packet.
///
/// # Errors
/// Whatever in it is not as the format says.
pub fn decode(mut packet: Bytes) -> Result<Vec<(u32, Frame)>, BadPacket> {
    if packet.len() > MAX_PACKET {
        return Err(BadPacket::Limit("a packet"));
    }
    let mut frames = Vec::with_capacity(3);
    loop {
        if packet.len() < FRAME_HEAD {
            return Err(BadPacket::Short);
        }
        let stream = packet.get_u32();
        let kind = packet.get_u8();
        let length = usize::from(packet.get_u8()) << 16 | usize::from(packet.get_u16());
        check_length(kind, length)?;
        if packet.len() < length {
            return Err(BadPacket::Short);
        }
        let mut reader = Reader(packet.split_to(length));
        let frame = reader.frame(kind)?;
        if !reader.0.is_empty() {
            return Err(BadPacket::Long);
        }
        frames.push((stream, frame));
        if packet.is_empty() {
            return Ok(frames);
        }
    }
}

impl Frame {
    const fn kind(&self) -> u8 {
        match self {
            Self::Hello(_) => 0,
            Self::Open(_) => 1,
            Self::Head(_) => 2,
            Self::Data(_) => 3,
            Self::Pipe => 4,
            Self::Commit(_) => 5,
            Self::Abort(_) => 6,
            Self::End { .. } => 7,
            Self::Changed { .. } => 8,
        }
    }
}

fn check_length(kind: u8, length: usize) -> Result<(), BadPacket> {
    let limit = if kind == 3 { MAX_INLINE } else { MAX_HEAD };
    if length > limit { Err(BadPacket::Limit("a frame")) } else { Ok(()) }
}

fn put_frame(out: &mut Vec<u8>, frame: &Frame) -> Result<(), BadPacket> {
    match frame {
        Frame::Hello(hello) => {
            out.extend_from_slice(&hello.version.to_be_bytes());
            hello.root.as_ref().map_or(Ok(()), |root| put_root(out, root))
        }
        Frame::Open(open) => put_open(out, open),
        Frame::Head(head) => {
            out.extend_from_slice(&head.status.to_be_bytes());
            out.push(u8::from(head.wanted.sha1) | u8::from(head.wanted.sha256) << 1);
            put_amount(out, head.length);
            put_headers(out, &head.headers)
        }
        Frame::Data(bytes) if bytes.is_empty() => Err(BadPacket::Value("an empty DATA")),
        Frame::Data(bytes) => {
            out.extend_from_slice(bytes);
            Ok(())
        }
        Frame::Pipe => Ok(()),
        Frame::Commit(commit) => {
            out.extend_from_slice(&commit.count.to_be_bytes());
            put_list(out, &commit.digests, MAX_DIGESTS, "the digests", |out, digest| {
                out.push(digest.kind as u8);
                put_text(out, &digest.hex)
            })
        }
        Frame::Abort(reason) => {
            out.push(*reason as u8);
            Ok(())
        }
        Frame::End { count } => {
            out.extend_from_slice(&count.to_be_bytes());
            Ok(())
        }
        Frame::Changed { folder, root } => {
            if folder.len() > MAX_PATH {
                return Err(BadPacket::Limit("a path"));
            }
            put_text(out, folder)?;
            put_root(out, root)
        }
    }
}

fn put_open(out: &mut Vec<u8>, open: &Open) -> Result<(), BadPacket> {
    out.push(open.method as u8);
    put_amount(out, open.length);
    put_text(out, &open.request)?;
    put_text(out, &open.capability)?;
    out.push(open.area as u8);
    put_text(out, &open.prefix)?;
    put_path(out, &open.segments)?;
    out.push(u8::from(open.destination.is_some()));
    put_path(out, open.destination.as_deref().unwrap_or_default())?;
    put_headers(out, &open.headers)?;
    out.push(u8::from(open.mounts.is_some()));
    put_list(out, open.mounts.as_deref().unwrap_or_default(), MAX_MOUNTS, "the mounts", |out, mount| {
        put_text(out, &mount.name)?;
        out.extend_from_slice(&mount.space.to_be_bytes());
        out.push((1..).zip(RIGHTS).find(|(_, right)| *right == mount.right).map_or(0, |(number, _)| number));
        put_text(out, mount.root.as_ref().map_or("", |root| &root.etag))?;
        out.extend_from_slice(&mount.root.as_ref().map_or(0, |root| root.id).to_be_bytes());
        Ok(())
    })
}

fn put_path(out: &mut Vec<u8>, segments: &[String]) -> Result<(), BadPacket> {
    check_path(segments)?;
    put_list(out, segments, MAX_SEGMENTS, "the path", |out, segment| put_text(out, segment))
}

fn check_path(segments: &[String]) -> Result<(), BadPacket> {
    let bytes: usize = segments.iter().map(|segment| segment.len() + 1).sum();
    if bytes > MAX_PATH { Err(BadPacket::Limit("a path")) } else { Ok(()) }
}

fn put_amount(out: &mut Vec<u8>, amount: Option<u64>) {
    out.extend_from_slice(&amount.unwrap_or(UNKNOWN).to_be_bytes());
}

fn put_text(out: &mut Vec<u8>, text: &str) -> Result<(), BadPacket> {
    let length = u16::try_from(text.len()).map_err(|_| BadPacket::Limit("a text"))?;
    out.extend_from_slice(&length.to_be_bytes());
    out.extend_from_slice(text.as_bytes());
    Ok(())
}

fn put_root(out: &mut Vec<u8>, root: &Root) -> Result<(), BadPacket> {
    put_text(out, &root.etag)?;
    out.extend_from_slice(&root.id.to_be_bytes());
    Ok(())
}

fn put_headers(out: &mut Vec<u8>, headers: &[Header]) -> Result<(), BadPacket> {
    put_list(out, headers, MAX_HEADERS, "the headers", |out, (name, value)| {
        put_text(out, name)?;
        put_text(out, value)
    })
}

fn put_list<T>(
    out: &mut Vec<u8>,
    items: &[T],
    limit: usize,
    what: &'static str,
    put: impl Fn(&mut Vec<u8>, &T) -> Result<(), BadPacket>,
) -> Result<(), BadPacket> {
    let count = u16::try_from(items.len()).ok().filter(|_| items.len() <= limit).ok_or(BadPacket::Limit(what))?;
    out.extend_from_slice(&count.to_be_bytes());
    items.iter().try_for_each(|item| put(out, item))
}

/// The payload of one frame, read from its front.
struct Reader(Bytes);

impl Reader {
    fn frame(&mut self, kind: u8) -> Result<Frame, BadPacket> {
        Ok(match kind {
            0 => Frame::Hello(Hello { version: self.u16()?, root: if self.0.is_empty() { None } else { Some(self.root()?) } }),
            1 => Frame::Open(Box::new(self.open()?)),
            2 => Frame::Head(self.head()?),
            3 if self.0.is_empty() => return Err(BadPacket::Value("an empty DATA")),
            3 => Frame::Data(std::mem::take(&mut self.0)),
            4 => Frame::Pipe,
            5 => Frame::Commit(Commit { count: self.u64()?, digests: self.list(MAX_DIGESTS, "the digests", Self::digest)? }),
            6 => {
                let number = self.u8()?;
                Frame::Abort(AbortReason::ALL.into_iter().find(|reason| *reason as u8 == number).ok_or(BadPacket::Value("a reason"))?)
            }
            7 => Frame::End { count: self.u64()? },
            8 => {
                let folder = self.text()?;
                if folder.len() > MAX_PATH {
                    return Err(BadPacket::Limit("a path"));
                }
                Frame::Changed { folder, root: self.root()? }
            }
            _ => return Err(BadPacket::Value("a kind of frame")),
        })
    }

    fn open(&mut self) -> Result<Open, BadPacket> {
        let number = self.u8()?;
        let method = Method::ALL.into_iter().find(|method| *method as u8 == number).ok_or(BadPacket::Value("a method"))?;
        let (length, request, capability) = (self.amount()?, self.text()?, self.text()?);
        let number = self.u8()?;
        let area = Area::ALL.into_iter().find(|area| *area as u8 == number).ok_or(BadPacket::Value("an area"))?;
        let prefix = self.text()?;
        let segments = self.path()?;
        let leads = self.flag()?;
        let destination = self.path()?;
        if !leads && !destination.is_empty() {
            return Err(BadPacket::Value("a destination of nothing"));
        }
        let destination = leads.then_some(destination);
        let headers = self.list(MAX_HEADERS, "the headers", Self::header)?;
        let composed = self.flag()?;
        let mounts = self.list(MAX_MOUNTS, "the mounts", Self::mount)?;
        if !composed && !mounts.is_empty() {
            return Err(BadPacket::Value("a mount outside of a root"));
        }
        Ok(Open { method, length, request, capability, area, prefix, segments, destination, headers, mounts: composed.then_some(mounts) })
    }

    fn path(&mut self) -> Result<Vec<String>, BadPacket> {
        let segments = self.list(MAX_SEGMENTS, "the path", Self::text)?;
        check_path(&segments)?;
        Ok(segments)
    }

    fn flag(&mut self) -> Result<bool, BadPacket> {
        match self.u8()? {
            0 => Ok(false),
            1 => Ok(true),
            _ => Err(BadPacket::Value("a flag")),
        }
    }

    fn head(&mut self) -> Result<Head, BadPacket> {
        let status = self.u16()?;
        let wanted = match self.u8()? {
            bits @ 0..=3 => DigestSet { sha1: bits & 1 != 0, sha256: bits & 2 != 0 },
            _ => return Err(BadPacket::Value("a set of digests")),
        };
        Ok(Head { status, wanted, length: self.amount()?, headers: self.list(MAX_HEADERS, "the headers", Self::header)? })
    }

    fn header(&mut self) -> Result<Header, BadPacket> {
        Ok((self.text()?, self.text()?))
    }

    fn digest(&mut self) -> Result<Digest, BadPacket> {
        let kind = match self.u8()? {
            1 => DigestKind::Sha1,
            2 => DigestKind::Sha256,
            _ => return Err(BadPacket::Value("a digest")),
        };
        Ok(Digest { kind, hex: self.text()? })
    }

    fn mount(&mut self) -> Result<MountLine, BadPacket> {
        let (name, space, right) = (self.text()?, self.u16()?, usize::from(self.u8()?));
        let right = right.checked_sub(1).and_then(|index| RIGHTS.get(index)).copied().ok_or(BadPacket::Value("a right"))?;
        let root = self.root()?;
        Ok(MountLine { name, space, right, root: (!root.etag.is_empty()).then_some(root) })
    }

    fn root(&mut self) -> Result<Root, BadPacket> {
        Ok(Root { etag: self.text()?, id: self.u64()? })
    }

    fn list<T>(&mut self, limit: usize, what: &'static str, read: impl Fn(&mut Self) -> Result<T, BadPacket>) -> Result<Vec<T>, BadPacket> {
        let count = usize::from(self.u16()?);
        if count > limit { Err(BadPacket::Limit(what)) } else { (0..count).map(|_| read(self)).collect() }
    }

    fn text(&mut self) -> Result<String, BadPacket> {
        let length = usize::from(self.u16()?);
        let bytes = self.take(length)?;
        std::str::from_utf8(&bytes).map(str::to_owned).map_err(|_| BadPacket::Value("a text"))
    }

    fn amount(&mut self) -> Result<Option<u64>, BadPacket> {
        self.u64().map(|amount| (amount != UNKNOWN).then_some(amount))
    }

    fn u8(&mut self) -> Result<u8, BadPacket> {
        Ok(self.take(1)?.get_u8())
    }

    fn u16(&mut self) -> Result<u16, BadPacket> {
        Ok(self.take(2)?.get_u16())
    }

    fn u64(&mut self) -> Result<u64, BadPacket> {
        Ok(self.take(8)?.get_u64())
    }

    fn take(&mut self, length: usize) -> Result<Bytes, BadPacket> {
        if self.0.len() < length { Err(BadPacket::Short) } else { Ok(self.0.split_to(length)) }
    }
}

#[cfg(test)]
#[path = "wire_tests.rs"]
mod tests;
