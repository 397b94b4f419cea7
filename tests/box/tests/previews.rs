//! Small pictures through the real door: made by a process that can lose nothing, kept, and refused plainly where a file is hostile.

#![expect(clippy::expect_used, reason = "a test's own tools fail by panicking, which is how a test fails")]

use std::{
    fs,
    io::{Cursor, Seek, SeekFrom, Write},
    process::Command,
    time::{Duration, Instant},
};

use croft_box_tests::{Claimed, TestBox, Visitor, kill, processes_below};
use image::{DynamicImage, ImageFormat, Rgb, RgbImage};
use nix::sys::signal::Signal;
use reqwest::{Method, Response, StatusCode, header};

/// Time for something to happen on a busy machine.
const PATIENCE: Duration = Duration::from_secs(30);

fn picture(side: u32, format: ImageFormat) -> Vec<u8> {
    let noise = RgbImage::from_fn(side, side, |x, y| {
        Rgb([(x * 7 % 256).to_le_bytes()[0], (y * 13 % 256).to_le_bytes()[0], ((x ^ y) % 256).to_le_bytes()[0]])
    });
    let mut bytes = Cursor::new(Vec::new());
    DynamicImage::from(noise).write_to(&mut bytes, format).expect("written");
    bytes.into_inner()
}

/// What a program makes of the picture `from`, which it finds as `from.png` in a folder of its own and writes to `NAME` there.
fn made(program: &str, arguments: &[&str], from: &RgbImage, name: &str) -> Vec<u8> {
    let folder = tempfile::tempdir().expect("a folder");
    from.save(folder.path().join("from.png")).expect("written");
    let output = Command::new(program).args(arguments).arg(name).current_dir(folder.path()).output().expect("it is installed");
    assert!(output.status.success(), "{name}: {}", String::from_utf8_lossy(&output.stderr));
    fs::read(folder.path().join(name)).expect("made")
}

/// Red on the left half, blue on the right one.
fn halves(width: u32, height: u32) -> RgbImage {
    RgbImage::from_fn(width, height, |x, _| if x < width / 2 { Rgb([250, 10, 10]) } else { Rgb([10, 10, 250]) })
}

fn is_red(picture: &RgbImage, x: u32, y: u32) -> bool {
    let pixel = picture.get_pixel(x, y).0;
    pixel[0] > 180 && pixel[2] < 80
}

async fn put(ana: &Visitor, name: &str, bytes: Vec<u8>) {
    let answer = ana.request(Method::PUT, &format!("/dav/files/ana/{name}")).body(bytes).send().await.expect("an answer");
    assert!(answer.status().is_success(), "{name}: {}", answer.status());
}

async fn asked(ana: &Visitor, address: &str) -> Response {
    ana.request(Method::GET, address).send().await.expect("an answer")
}

async fn small(ana: &Visitor, address: &str) -> RgbImage {
    let answer = asked(ana, address).await;
    assert_eq!(answer.status(), StatusCode::OK, "{address}");
    assert_eq!(answer.headers()[header::CONTENT_TYPE], "image/jpeg");
    let bytes = answer.bytes().await.expect("a body");
    image::load_from_memory_with_format(&bytes, ImageFormat::Jpeg).expect("a JPEG").to_rgb8()
}

fn pid_of(test_box: &TestBox, role: &str) -> Option<u32> {
    test_box.processes().into_iter().find(|process| process.role == role && process.is_alive()).map(|process| process.pid)
}

#[tokio::test]
async fn a_picture_has_a_small_one_at_every_address_and_for_nobody_else() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let password = ana.app_password("phone").await;
    let client = Visitor::new(&test_box);
    for (name, format) in [
        ("a%20b.jpg", ImageFormat::Jpeg),
        ("a.png", ImageFormat::Png),
        ("a.webp", ImageFormat::WebP),
        ("a.gif", ImageFormat::Gif),
        ("a.bmp", ImageFormat::Bmp),
        ("a.tiff", ImageFormat::Tiff),
    ] {
        put(&ana, name, picture(700, format)).await;
        assert_eq!(small(&ana, &format!("/dav/previews/ana/{name}?size=256")).await.dimensions(), (256, 256), "{name}");
    }
    assert_eq!(small(&ana, "/dav/previews/ana/a.png?size=800").await.dimensions(), (700, 700));

    let first = asked(&ana, "/dav/previews/ana/a.png?size=200").await;
    let tag = first.headers()[header::ETAG].clone();
    assert_eq!(first.headers()[header::CACHE_CONTROL], "private, max-age=3600");
    let again =
        ana.request(Method::GET, "/dav/previews/ana/a.png?size=256").header(header::IF_NONE_MATCH, &tag).send().await.expect("an answer");
    assert_eq!(again.status(), StatusCode::NOT_MODIFIED);
    put(&ana, "a.png", picture(300, ImageFormat::Png)).await;
    assert_ne!(asked(&ana, "/dav/previews/ana/a.png?size=256").await.headers()[header::ETAG], tag, "of other content");

    let head = asked(&ana, "/dav/files/ana/a%20b.jpg").await;
    let id = head.headers()["oc-fileid"].to_str().expect("text").trim_end_matches("croft").to_owned();
    let dialect = [
        &format!("/index.php/core/preview?fileId={id}&x=64&y=64&a=1&mode=cover&forceIcon=0"),
        "/index.php/core/preview.png?file=%2Fa%20b.jpg&x=64&y=64&a=1",
        "/index.php/apps/files/api/v1/thumbnail/64/64/a%20b.jpg",
    ];
    for address in dialect {
        let answer = client.bare(Method::GET, address).basic_auth("ana", Some(&password)).send().await.expect("an answer");
        assert_eq!(
            (answer.status(), &answer.headers()[header::CONTENT_TYPE]),
            (StatusCode::OK, &"image/jpeg".parse().expect("a value")),
            "{address}"
        );
        assert_eq!(client.bare(Method::GET, address).send().await.expect("an answer").status(), StatusCode::UNAUTHORIZED, "{address}");
    }
    let elsewhere = client.bare(Method::GET, "/index.php/core/preview?fileId=999999999999999&x=64&y=64").basic_auth("ana", Some(&password));
    assert_eq!(elsewhere.send().await.expect("an answer").status(), StatusCode::NOT_FOUND);
    let listing = "<propfind xmlns='DAV:' xmlns:n='http://nextcloud.org/ns'><prop><n:has-preview/></prop></propfind>";
    put(&ana, "a.txt", b"a".to_vec()).await;
    for (name, expected) in [("a.png", "true"), ("a.txt", "false"), ("", "false")] {
        let method = Method::from_bytes(b"PROPFIND").expect("a method");
        let answer =
            ana.request(method, &format!("/dav/files/ana/{name}")).header("depth", "0").body(listing).send().await.expect("an answer");
        let text = answer.text().await.expect("text");
        assert!(text.contains(&format!("<nc:has-preview>{expected}</nc:has-preview>")), "{name}: {text}");
    }
    assert_eq!(
        client.bare(Method::GET, "/dav/previews/ana/a.png?size=256").send().await.expect("an answer").status(),
        StatusCode::UNAUTHORIZED
    );
    assert_eq!(asked(&ana, "/dav/previews/bob/a.png?size=256").await.status(), StatusCode::NOT_FOUND);
    assert_eq!(asked(&ana, "/dav/previews/ana/a.png").await.status(), StatusCode::OK);
    assert_eq!(asked(&ana, "/dav/previews/ana/a.png?size=x").await.status(), StatusCode::BAD_REQUEST);
    let written = ana.request(Method::PUT, "/dav/previews/ana/a.png?size=256").body("x").send().await.expect("an answer");
    assert_eq!(written.status(), StatusCode::METHOD_NOT_ALLOWED);
}

#[tokio::test]
async fn pictures_of_phones_are_read_by_the_library_of_the_system() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    for (name, options) in
        [("a.heic", &["from.png", "-o"][..]), ("small.HEIC", &["-t", "320", "from.png", "-o"]), ("a.avif", &["-A", "from.png", "-o"])]
    {
        put(&ana, name, made("heif-enc", options, &halves(1200, 600), name)).await;
        for (side, expected) in [(256, (256, 128)), (1024, (1024, 512))] {
            let small = small(&ana, &format!("/dav/previews/ana/{name}?size={side}")).await;
            assert_eq!(small.dimensions(), expected, "{name}");
            assert!(is_red(&small, 20, 20) && !is_red(&small, expected.0 - 20, 20), "{name}");
        }
    }
    // What a library of C meets must cost one answer.
    let whole = made("heif-enc", &["from.png", "-o"], &halves(1200, 600), "a.heic");
    let at = whole.windows(4).position(|name| name == b"ispe").expect("a size") + 8;
    let sized = |side: u32| [&whole[..at], &side.to_be_bytes().repeat(2), &whole[at + 8..]].concat();
    let role = pid_of(&test_box, "preview").expect("the role runs");
    for (name, bytes) in [
        ("cut.heic", whole[..whole.len() / 2].to_vec()),
        ("vast.heic", sized(60_000)),
        ("huge.heic", sized(u32::MAX)),
        ("noise.heic", [&whole[..40], &[0x5a; 10_000]].concat()),
        ("head.avif", b"\0\0\0\x18ftypavif\0\0\0\0mif1avif".to_vec()),
    ] {
        put(&ana, name, bytes).await;
        let answer = asked(&ana, &format!("/dav/previews/ana/{name}?size=256")).await;
        assert_eq!(answer.status(), StatusCode::NOT_FOUND, "{name}");
    }
    assert_eq!(pid_of(&test_box, "preview"), Some(role), "the role lived through all of it");
}

/// A film that says that it is turned a quarter to the right (ISO/IEC 14496-12, 8.3.2).
fn turned(mut film: Vec<u8>) -> Vec<u8> {
    let matrix = film.windows(4).position(|name| name == b"tkhd").expect("a track") + 44;
    for (place, number) in film[matrix..].chunks_exact_mut(4).zip([0, 0x1_0000, 0, 0xffff_0000_u32, 0]) {
        place.copy_from_slice(&number.to_be_bytes());
    }
    film
}

#[tokio::test]
async fn a_film_has_a_picture_however_long_it_is() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let film = |codec: &[&str], name: &str| {
        let options =
            [&["-v", "error", "-loop", "1", "-i", "from.png", "-t", "2", "-r", "10", "-pix_fmt", "yuv420p", "-c:v"], codec].concat();
        made("ffmpeg", &options, &halves(1200, 600), name)
    };
    let plain = film(&["libx264"], "a.mp4");
    let phone = turned(film(&["libx265", "-tag:v", "hvc1", "-x265-params", "log-level=none"], "a.mov"));
    for (name, bytes, expected, blue) in [("a.mp4", &plain, (256, 128), (230, 20)), ("a.MOV", &phone, (128, 256), (20, 230))] {
        put(&ana, name, bytes.clone()).await;
        let small = small(&ana, &format!("/dav/previews/ana/{name}?size=256")).await;
        assert_eq!(small.dimensions(), expected, "{name}");
        assert!(is_red(&small, 20, 20) && !is_red(&small, blue.0, blue.1), "{name}");
    }
    // More bytes than a picture may have, most of them a hole before the list of tracks.
    let long = test_box.path("spaces/s1/files/long.mp4");
    let list = plain.windows(4).position(|name| name == b"moov").expect("a list of tracks") - 4;
    let hole = 3_000_000_000_u32;
    let mut file = fs::File::create(&long).expect("a file");
    file.write_all(&[&plain[..list], &hole.to_be_bytes(), b"free"].concat()).expect("written");
    file.seek(SeekFrom::Start(list as u64 + u64::from(hole))).expect("a hole");
    file.write_all(&plain[list..]).expect("written");
    drop(file);
    assert_eq!(small(&ana, "/dav/previews/ana/long.mp4?size=256").await.dimensions(), (256, 128));
    for (name, bytes) in [
        ("cut.mp4", plain[..plain.len() / 2].to_vec()),
        ("noise.mov", [&plain[..60], &[0x5a; 10_000]].concat()),
        ("a.mp4", b"hello".to_vec()),
    ] {
        put(&ana, name, bytes).await;
        assert_eq!(asked(&ana, &format!("/dav/previews/ana/{name}?size=256")).await.status(), StatusCode::NOT_FOUND, "{name}");
    }
}

#[tokio::test]
async fn hostile_files_are_refused_and_the_role_lives_on() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    let jpeg = picture(700, ImageFormat::Jpeg);
    // One that says that it has 60 000 times 60 000 pixels.
    let mut vast = picture(8, ImageFormat::Bmp);
    vast[18..22].copy_from_slice(&60_000_u32.to_le_bytes());
    vast[22..26].copy_from_slice(&60_000_u32.to_le_bytes());
    let svg = b"<svg xmlns='http://www.w3.org/2000/svg'><script>alert(1)</script></svg>".to_vec();
    let files = [
        ("cut.png", picture(700, ImageFormat::Png)[..5000].to_vec(), 404),
        ("noise.jpg", [&jpeg[..300], &[0x5a; 100_000]].concat(), 404),
        ("vast.bmp", vast, 404),
        ("text.jpg", b"hello".to_vec(), 404),
        ("drawing.svg", svg.clone(), 404),
        ("drawing.png", svg, 404),
        ("empty.jpg", Vec::new(), 404),
        ("is-a-png.jpg", picture(700, ImageFormat::Png), 200),
    ];
    for (name, bytes, _) in &files {
        put(&ana, name, bytes.clone()).await;
    }
    // Its first answer has started the role, which must be the same after all that follows.
    put(&ana, "good.jpg", jpeg).await;
    assert_eq!(asked(&ana, "/dav/previews/ana/good.jpg?size=256").await.status(), StatusCode::OK);
    let role = pid_of(&test_box, "preview").expect("the role runs");
    // The second round is answered from the cache.
    for round in 0..2 {
        for (name, _, expected) in &files {
            let answer = asked(&ana, &format!("/dav/previews/ana/{name}?size=256")).await;
            assert_eq!(answer.status().as_u16(), *expected, "{name}, round {round}");
            if *expected == 404 {
                assert!(answer.text().await.expect("text").contains("\"no-preview\""), "{name}, round {round}");
            }
        }
    }
    let logs = test_box.croft(&["status"]).expect("a status");
    assert!(!logs.contains("looping"), "{logs}");
    assert_eq!(pid_of(&test_box, "preview"), Some(role), "the role lived through all of it");
}

#[tokio::test]
async fn a_killed_decoder_and_a_killed_role_cost_one_answer_at_most() {
    let test_box = TestBox::start(Claimed::ByAna);
    let ana = Visitor::ana(&test_box).await;
    // Large enough that its decoder is met at work.
    put(&ana, "large.png", picture(6000, ImageFormat::Png)).await;
    put(&ana, "small.png", picture(300, ImageFormat::Png)).await;
    assert_eq!(asked(&ana, "/dav/previews/ana/small.png?size=256").await.status(), StatusCode::OK);
    let role = pid_of(&test_box, "preview").expect("the role runs");
    let begun = Instant::now();
    let killer = tokio::task::spawn_blocking(move || {
        while begun.elapsed() < PATIENCE {
            if let Some(decoder) = processes_below(role).into_iter().find(|process| process.role == "decoder") {
                kill(decoder.pid, Signal::SIGKILL);
                return true;
            }
            std::thread::sleep(Duration::from_millis(2)); // waits: for the decoder to be started, by polling
        }
        false
    });
    let answer = asked(&ana, "/dav/previews/ana/large.png?size=256").await;
    assert!(killer.await.expect("the killer ends"), "no decoder was seen");
    assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE, "somebody else ended it, so the file is not to blame");
    assert_eq!(asked(&ana, "/dav/previews/ana/large.png?size=256").await.status(), StatusCode::OK);

    kill(role, Signal::SIGKILL);
    put(&ana, "third.png", picture(310, ImageFormat::Png)).await;
    let begun = Instant::now();
    loop {
        let answer = asked(&ana, "/dav/previews/ana/third.png?size=256").await;
        if answer.status() == StatusCode::OK {
            break;
        }
        assert_eq!(answer.status(), StatusCode::SERVICE_UNAVAILABLE);
        assert!(begun.elapsed() < PATIENCE, "the role does not come back");
        tokio::time::sleep(Duration::from_millis(100)).await; // waits: for the role to be started again, by polling
    }
    assert_ne!(pid_of(&test_box, "preview"), Some(role));
}
