//! Tests of the codec: every packet comes back as it went, and no bytes do harm.

use proptest::{collection::vec, option, prelude::*};

use super::*;

fn root() -> impl Strategy<Value = Root> {
    ("[0-9a-f]{32}", any::<u64>()).prop_map(|(etag, id)| Root { etag, id })
}

fn mount() -> impl Strategy<Value = MountLine> {
    (".{0,60}", any::<u16>(), 0..4_usize, option::of(root())).prop_map(|(name, space, right, root)| MountLine {
        name,
        space,
        right: RIGHTS[right],
        root,
    })
}

fn open() -> impl Strategy<Value = Open> {
    let texts = (".{0,20}", ".{0,200}", ".{0,40}", 0..Area::ALL.len());
    (
        0..Method::ALL.len(),
        option::of(0..u64::MAX),
        texts,
        (vec(".{1,30}", 0..6), option::of(vec(".{1,30}", 0..6))),
        vec((".{1,9}", ".{0,30}"), 0..5),
        option::of(vec(mount(), 0..4)),
    )
        .prop_map(|(method, length, (request, capability, prefix, area), (segments, destination), headers, mounts)| Open {
            method: Method::ALL[method],
            length,
            request,
            capability,
            area: Area::ALL[area],
            prefix,
            segments,
            destination,
            headers,
            mounts,
        })
}

fn frame() -> impl Strategy<Value = Frame> {
    let digest = (any::<bool>(), "[0-9a-f]{40}")
        .prop_map(|(sha1, hex)| Digest { kind: if sha1 { DigestKind::Sha1 } else { DigestKind::Sha256 }, hex });
    prop_oneof![
        (any::<u16>(), option::of(root())).prop_map(|(version, root)| Frame::Hello(Hello { version, root })),
        open().prop_map(|open| Frame::Open(Box::new(open))),
        (any::<u16>(), any::<(bool, bool)>(), option::of(0..u64::MAX), vec((".{1,9}", ".{0,30}"), 0..5)).prop_map(
            |(status, (sha1, sha256), length, headers)| Frame::Head(Head { status, wanted: DigestSet { sha1, sha256 }, length, headers })
        ),
        vec(any::<u8>(), 1..300).prop_map(|bytes| Frame::Data(bytes.into())),
        Just(Frame::Pipe),
        (any::<u64>(), vec(digest, 0..3)).prop_map(|(count, digests)| Frame::Commit(Commit { count, digests })),
        (0..AbortReason::ALL.len()).prop_map(|index| Frame::Abort(AbortReason::ALL[index])),
        any::<u64>().prop_map(|count| Frame::End { count }),
        (".{0,60}", root()).prop_map(|(folder, root)| Frame::Changed { folder, root }),
    ]
}

proptest! {
    #[test]
    fn what_is_encoded_is_decoded(frames in vec((any::<u32>(), frame()), 1..4)) {
        let bytes = encode(&frames).unwrap();
        prop_assert_eq!(decode(bytes.into()).unwrap(), frames);
    }

    #[test]
    fn a_cut_packet_is_refused(frames in vec((any::<u32>(), frame()), 1..3), cut in 1..64_usize) {
        let mut bytes = encode(&frames).unwrap();
        bytes.truncate(bytes.len().saturating_sub(cut));
        prop_assert_ne!(decode(bytes.into()).ok(), Some(frames));
    }

    #[test]
    fn any_bytes_are_read_without_harm_and_in_one_way(bytes in vec(any::<u8>(), 0..400)) {
        if let Ok(frames) = decode(bytes.clone().into()) {
            // A mount without an ETag may still carry an id, which is not kept: the only case where bytes differ.
            prop_assert_eq!(decode(encode(&frames).unwrap().into()).unwrap(), frames);
        }
    }
}

fn check(frames: &[(u32, Frame)], expected: Result<(), BadPacket>) {
    assert_eq!(encode(frames).map(|_| ()), expected);
}

#[test]
fn small_bodies_come_along_where_they_are_read_and_not_from_strangers() {
    let check = |method, length, capability: &str, expected| {
        let open = Open { method, length, capability: capability.into(), ..plain() };
        assert_eq!(open.comes_along(), expected, "{method:?} {length:?} {capability}");
    };
    for method in [Method::Put, Method::Propfind, Method::Proppatch, Method::Lock, Method::Search, Method::Post] {
        for (length, expected) in [(None, false), (Some(0), false), (Some(1), true), (Some(65_536), true), (Some(65_537), false)] {
            check(method, length, "eyJ3aG8i.c2ln", expected);
            check(method, length, "link 1-0 10.0.0.1", false);
        }
    }
    for method in [Method::Get, Method::Head, Method::Delete, Method::Mkcol, Method::Options, Method::Copy, Method::Move, Method::Unlock] {
        check(method, Some(1), "eyJ3aG8i.c2ln", false);
    }
}

fn plain() -> Open {
    Open {
        method: Method::Get,
        length: None,
        request: String::new(),
        capability: String::new(),
        area: Area::Files,
        prefix: String::new(),
        segments: Vec::new(),
        destination: None,
        headers: Vec::new(),
        mounts: None,
    }
}

#[test]
fn every_limit_is_kept_when_writing() {
    let open = plain();
    let with = |change: fn(&mut Open)| {
        let mut open = open.clone();
        change(&mut open);
        [(1, Frame::Open(Box::new(open)))]
    };
    check(&with(|open| open.segments = vec!["a".into(); MAX_SEGMENTS]), Ok(()));
    check(&with(|open| open.segments = vec!["a".into(); MAX_SEGMENTS + 1]), Err(BadPacket::Limit("the path")));
    check(&with(|open| open.segments = vec!["a".repeat(255); 17]), Err(BadPacket::Limit("a path")));
    check(&with(|open| open.destination = Some(vec!["a".into(); MAX_SEGMENTS + 1])), Err(BadPacket::Limit("the path")));
    check(&with(|open| open.headers = vec![("a".into(), "b".into()); MAX_HEADERS + 1]), Err(BadPacket::Limit("the headers")));
    check(&with(|open| open.capability = "a".repeat(MAX_HEAD)), Err(BadPacket::Limit("a frame")));
    check(&with(|open| open.capability = "a".repeat(70_000)), Err(BadPacket::Limit("a text")));
    check(&[(1, Frame::Data(vec![0; MAX_INLINE].into()))], Ok(()));
    check(&[(1, Frame::Data(vec![0; MAX_INLINE + 1].into()))], Err(BadPacket::Limit("a frame")));
    check(&[(1, Frame::Data(Bytes::new()))], Err(BadPacket::Value("an empty DATA")));
    let two = [(1, Frame::Data(vec![0; MAX_INLINE].into())), (2, Frame::Data(vec![0; MAX_INLINE].into()))];
    check(&two, Err(BadPacket::Limit("a packet")));
}

#[test]
fn the_bytes_are_the_ones_in_the_format() {
    let packet = encode(&[(7, Frame::End { count: 5 }), (7, Frame::Pipe)]).unwrap();
    assert_eq!(packet, [0, 0, 0, 7, 7, 0, 0, 8, 0, 0, 0, 0, 0, 0, 0, 5, 0, 0, 0, 7, 4, 0, 0, 0]);
    let hello = encode(&[(0, Frame::Hello(Hello { version: 1, root: Some(Root { etag: "ab".into(), id: 3 }) }))]).unwrap();
    assert_eq!(hello, [0, 0, 0, 0, 0, 0, 0, 14, 0, 1, 0, 2, b'a', b'b', 0, 0, 0, 0, 0, 0, 0, 3]);
}

/// Bytes of the texts in a frame, and whether its lists keep to their limits.
fn held(frame: &Frame) -> usize {
    let path = |segments: &[String]| -> usize {
        let length = segments.iter().map(|segment| segment.len() + 1).sum();
        assert!(segments.len() <= MAX_SEGMENTS && length <= MAX_PATH);
        length
    };
    let headers = |headers: &[Header]| -> usize {
        assert!(headers.len() <= MAX_HEADERS);
        headers.iter().map(|(name, value)| name.len() + value.len()).sum()
    };
    match frame {
        Frame::Open(open) => {
            let mounts = open.mounts.as_deref().unwrap_or_default();
            assert!(mounts.len() <= MAX_MOUNTS);
            let mounts: usize = mounts.iter().map(|mount| mount.name.len() + mount.root.as_ref().map_or(0, |root| root.etag.len())).sum();
            let texts = open.request.len() + open.capability.len() + open.prefix.len();
            texts + path(&open.segments) + path(open.destination.as_deref().unwrap_or_default()) + headers(&open.headers) + mounts
        }
        Frame::Head(head) => headers(&head.headers),
        Frame::Data(bytes) => {
            assert!((1..=MAX_INLINE).contains(&bytes.len()));
            bytes.len()
        }
        Frame::Commit(commit) => {
            assert!(commit.digests.len() <= MAX_DIGESTS);
            commit.digests.iter().map(|digest| digest.hex.len()).sum()
        }
        Frame::Hello(hello) => hello.root.as_ref().map_or(0, |root| root.etag.len()),
        Frame::Changed { folder, root } => {
            assert!(folder.len() <= MAX_PATH);
            folder.len() + root.etag.len()
        }
        Frame::Pipe | Frame::Abort(_) | Frame::End { .. } => 0,
    }
}

croft_fuzz::target! {
    /// What a packet holds keeps to every limit, is no more than its bytes, and is written so that it is read as the same.
    fn packets(input) {
        let Ok(frames) = decode(Bytes::copy_from_slice(input)) else { return };
        assert!((1..=input.len() / FRAME_HEAD).contains(&frames.len()));
        assert!(frames.iter().map(|(_, frame)| held(frame)).sum::<usize>() <= input.len());
        assert_eq!(decode(encode(&frames).unwrap().into()), Ok(frames));
    }
}
