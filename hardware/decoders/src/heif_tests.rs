//! Pictures as the system's own encoders make them, and as nobody should.

use std::{fs, os::unix::process::ExitStatusExt, process::Command};

use super::*;

const MOST: Most = Most { pixels: 64 << 20, side: 65_535 };
/// Red on the left half, blue on the right one, as luma and the two chromas (BT.601).
const HALVES: [[u8; 2]; 3] = [[82, 41], [90, 240], [240, 110]];

/// A picture as the library's own `heif-enc` writes it: red on the left half, blue on the right one.
fn made(ending: &str, width: usize, height: usize, options: &[&str]) -> Vec<u8> {
    let folder = tempfile::tempdir().unwrap();
    let (from, to) = (folder.path().join("a.y4m"), folder.path().join(format!("a.{ending}")));
    let mut raw = format!("YUV4MPEG2 W{width} H{height} F1:1 Ip A1:1 C420jpeg\nFRAME\n").into_bytes();
    for (plane, [left, right]) in HALVES.into_iter().enumerate() {
        let by = if plane == 0 { 1 } else { 2 };
        let row = [vec![left; width / by / 2], vec![right; width / by / 2]].concat();
        raw.extend(row.repeat(height / by));
    }
    fs::write(&from, raw).unwrap();
    let output = Command::new("heif-enc")
        .args(options)
        .arg(&from)
        .arg("-o")
        .arg(&to)
        .output()
        .expect("heif-enc is installed by `cargo xtask setup`");
    assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stderr));
    fs::read(to).unwrap()
}

fn heif() -> Heif {
    Heif::load().expect("libheif is installed by `cargo xtask setup`")
}

fn read(file: &[u8], enough: u32) -> Result<Pixels, Unread> {
    heif().read(file, MOST, |width, _| width >= enough)
}

fn is_red(pixels: &Pixels, x: u32, y: u32) -> bool {
    let at = (y * pixels.width + x) as usize * if pixels.alpha { 4 } else { 3 };
    pixels.bytes[at] > 180 && pixels.bytes[at + 2] < 80
}

#[test]
fn both_kinds_are_read_and_a_thumbnail_is_taken_where_it_is_large_enough() {
    for ending in ["heic", "avif"] {
        let file = made(ending, 800, 400, &["-t", "320"]);
        for (enough, expected) in [(320, (320, 160)), (321, (800, 400))] {
            let pixels = read(&file, enough).unwrap();
            assert_eq!((pixels.width, pixels.height), expected, "{ending} {enough}");
            assert_eq!(pixels.bytes.len(), (pixels.width * pixels.height * 3) as usize);
            assert!(is_red(&pixels, 10, 10) && !is_red(&pixels, pixels.width - 10, 10), "{ending} {enough}");
        }
    }
}

#[test]
fn a_thumbnail_of_another_shape_is_not_of_the_same_picture() {
    for (small, expected) in [((320, 240), true), ((320, 239), true), ((160, 120), true), ((240, 320), false), ((320, 180), false)] {
        assert_eq!(is_same_shape(small, (4032, 3024)), expected, "{small:?}");
    }
}

#[test]
fn a_cut_file_is_broken_wherever_it_is_cut() {
    let whole = made("heic", 64, 64, &[]);
    for length in (0..whole.len() - 1).step_by(7) {
        assert!(matches!(read(&whole[..length], 1), Err(Unread::Broken | Unread::Unsupported)) || length > whole.len() / 2, "{length}");
    }
}

#[test]
fn a_panorama_is_judged_by_its_pixels() {
    let panorama = made("heic", 9_000, 64, &[]);
    let pixels = read(&panorama, 1).unwrap();
    assert_eq!((pixels.width, pixels.height), (9_000, 64));
    let refused = heif().read(&panorama, Most { pixels: 9_000 * 64 - 1, ..MOST }, |_, _| false).map(drop);
    assert!(matches!(refused, Err(Unread::TooLarge | Unread::Broken)), "{refused:?}");
}

#[test]
fn what_is_not_here_is_told_from_what_nothing_reads() {
    let check = |code: c_int, expected: Result<(), Unread>| {
        assert_eq!(judged(&Outcome { code, subcode: 0, words: ptr::null() }), expected, "{code}");
    };
    check(0, Ok(()));
    check(4, Err(Unread::Unsupported));
    check(NO_PLUGIN, Err(Unread::NotNow));
    check(NO_MEMORY, Err(Unread::TooLarge));
    check(2, Err(Unread::Broken));
}

#[test]
fn a_picture_that_would_fill_the_memory_is_not_unpacked() {
    let whole = made("heic", 64, 64, &[]);
    let at = whole.windows(4).position(|name| name == b"ispe").unwrap() + 8;
    for side in [8_193_u32, 30_000, 70_000, u32::MAX / 2] {
        let mut vast = whole.clone();
        vast[at..at + 4].copy_from_slice(&side.to_be_bytes());
        vast[at + 4..at + 8].copy_from_slice(&side.to_be_bytes());
        let refused = read(&vast, 1).map(drop);
        assert!(matches!(refused, Err(Unread::TooLarge | Unread::Broken)), "{side}: {refused:?}");
    }
}

/// A box with these parts in it (ISO/IEC 14496-12, 4.2).
fn boxed(name: &[u8; 4], parts: &[&[u8]]) -> Vec<u8> {
    let body = parts.concat();
    [&u32::try_from(body.len() + 8).unwrap().to_be_bytes()[..], name, &body].concat()
}

/// A grid of `rows` times `columns` tiles, 30 000 pixels wide and high, where each tile is what `tile` says.
fn grid(rows: u8, columns: u8, side: u16, tile: u16) -> Vec<u8> {
    let head = boxed(b"ftyp", &[b"heic\0\0\0\0mif1heic"]);
    let [s, ide] = side.to_be_bytes();
    let data = [0, 0, rows - 1, columns - 1, s, ide, s, ide];
    let tiles = u16::from(rows) * u16::from(columns);
    let handler = boxed(b"hdlr", &[&[0; 8], b"pict", &[0; 13]]);
    let primary = boxed(b"pitm", &[&[0, 0, 0, 0, 0, 1]]);
    let item = |id: u8| boxed(b"infe", &[&[2, 0, 0, 0, 0, id, 0, 0], b"grid\0"]);
    let items = boxed(b"iinf", &[&[0, 0, 0, 0, 0, 2], &item(1), &item(2)]);
    let of = |id: u8, to: u16| boxed(b"dimg", &[&[0, id], &tiles.to_be_bytes(), &to.to_be_bytes().repeat(usize::from(tiles))]);
    let references = boxed(b"iref", &[&[0; 4], &of(1, tile), &of(2, 1)]);
    let size = boxed(b"ispe", &[&[0; 4], &[0, 0, s, ide], &[0, 0, s, ide]]);
    let properties = boxed(b"iprp", &[&boxed(b"ipco", &[&size]), &boxed(b"ipma", &[&[0, 0, 0, 0, 0, 0, 0, 2, 0, 1, 1, 1, 0, 2, 1, 1]])]);
    // The data of both items lies in the box of data (construction method 1), at its beginning.
    let place = |id: u8| [&[0, id, 0, 1, 0, 0, 0, 1][..], &[0, 0, 0, 0], &[0, 0, 0, 8]].concat();
    let places = boxed(b"iloc", &[&[1, 0, 0, 0, 0x44, 0, 0, 2], &place(1), &place(2)]);
    let meta = boxed(b"meta", &[&[0; 4], &handler, &primary, &items, &places, &references, &properties, &boxed(b"idat", &[&data])]);
    [head, meta].concat()
}

#[test]
fn a_grid_without_end_or_of_what_is_not_there_is_no_picture() {
    for (rows, columns, side) in [(255, 255, 30_000), (255, 255, 8_000), (2, 2, 60_000), (1, 1, 0)] {
        let refused = read(&grid(rows, columns, side, 9), 1).map(drop);
        assert!(refused.is_err(), "{rows} {columns} {side}: {refused:?}");
    }
}

#[test]
fn a_grid_of_itself_is_no_picture_and_ends_its_process_at_most() {
    const CHILD: &str = "CROFT_TEST_GRID";
    if let Some(tile) = std::env::var(CHILD).ok().and_then(|tile| tile.parse().ok()) {
        assert!(read(&grid(1, 1, 100, tile), 1).is_err());
        return;
    }
    // Itself, and another one that is made of it. Releases of the library differ in whether they see it.
    for tile in ["1", "2"] {
        let mut child = Command::new(std::env::current_exe().unwrap());
        child.args(["--exact", "heif::tests::a_grid_of_itself_is_no_picture_and_ends_its_process_at_most"]).env(CHILD, tile);
        let status = child.output().unwrap().status;
        assert!(status.success() || matches!(status.signal(), Some(6 | 11)), "{tile}: {status}");
    }
}

#[test]
fn boxes_with_wrong_lengths_are_no_pictures() {
    let whole = made("heic", 64, 64, &[]);
    let places: Vec<usize> = (0..whole.len() - 8).filter(|at| whole[at + 4..at + 8].iter().all(u8::is_ascii_lowercase)).collect();
    assert!(places.len() > 8, "there are boxes");
    for at in places {
        for length in [0_u32, 7, u32::MAX] {
            let mut wrong = whole.clone();
            wrong[at..at + 4].copy_from_slice(&length.to_be_bytes());
            // Some are read all the same; none may do harm.
            if let Ok(pixels) = read(&wrong, 1) {
                assert_eq!(pixels.bytes.len(), (pixels.width * pixels.height * 3) as usize);
            }
        }
    }
}
