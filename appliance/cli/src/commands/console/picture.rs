//! The guide's pictures of the console: drawn from what the console prints, so that they stay true.

use std::{env, fmt::Write, fs, path::Path, time::Instant};

use croft_model::Power;

use super::{
    canvas::{COLUMNS, Canvas, Look, ROWS},
    keys::{Ask, Keys},
    page::page,
    scene::Scene,
    sight::tests::{fresh, owned},
};

/// Width and height of a character, in pixels: those of a screen's own font.
const CHARACTER: (usize, usize) = (8, 16);
/// Space around the page, in pixels.
const MARGIN: usize = 12;

/// The page as a picture. Half blocks are drawn as squares, everything else as text of a fixed width.
fn svg(canvas: &Canvas) -> String {
    let (width, height) = (COLUMNS * CHARACTER.0 + 2 * MARGIN, ROWS * CHARACTER.1 + 2 * MARGIN);
    let mut text = format!(
        "<svg xmlns=\"http://www.w3.org/2000/svg\" viewBox=\"0 0 {width} {height}\" width=\"{width}\" height=\"{height}\">\n\
         <rect width=\"{width}\" height=\"{height}\" rx=\"8\" fill=\"#000\"/>\n\
         <g font-family=\"ui-monospace, DejaVu Sans Mono, Menlo, Consolas, monospace\" font-size=\"13\">\n"
    );
    let mut squares = String::new();
    for (number, pieces) in canvas.rows().enumerate() {
        let (mut column, top) = (0, MARGIN + number * CHARACTER.1);
        for (look, piece) in pieces {
            let colour = if look == Look::Strong { "#fff" } else { "#aaa" };
            for word in words(&piece) {
                let (x, columns) = (MARGIN + column * CHARACTER.0, word.chars().count());
                column += columns;
                if word.trim().is_empty() {
                    continue;
                }
                if let Some(half) = word.chars().next().and_then(block) {
                    let (y, high) = half;
                    let _ = write!(squares, "M{x} {}h{}v{high}H{x}z", top + y, columns * CHARACTER.0);
                    continue;
                }
                if word.starts_with('─') {
                    let _ = writeln!(text, "<path d=\"M{x} {}h{}\" stroke=\"{colour}\"/>", top + CHARACTER.1 / 2, columns * CHARACTER.0);
                    continue;
                }
                let escaped = word.replace('&', "&amp;").replace('<', "&lt;");
                let _ = writeln!(
                    text,
                    "<text x=\"{x}\" y=\"{}\" textLength=\"{}\" fill=\"{colour}\">{escaped}</text>",
                    top + 12,
                    columns * CHARACTER.0
                );
            }
        }
    }
    let _ = write!(text, "</g>\n<path fill=\"#fff\" shape-rendering=\"crispEdges\" d=\"{squares}\"/>\n</svg>\n");
    text
}

/// Runs of what is drawn alike: one kind of block, a rule, a word, or spaces.
fn words(piece: &str) -> Vec<String> {
    let kind = |c: char| match c {
        ' ' => 0,
        '█' => 1,
        '▀' => 2,
        '▄' => 3,
        '─' => 4,
        _ => 5,
    };
    let mut words: Vec<String> = Vec::new();
    for c in piece.chars() {
        match words.last_mut() {
            Some(word) if word.chars().next().map(kind) == Some(kind(c)) => word.push(c),
            _ => words.push(c.into()),
        }
    }
    words
}

/// Where in its place a block begins, and how high it is.
fn block(c: char) -> Option<(usize, usize)> {
    let half = CHARACTER.1 / 2;
    match c {
        '█' => Some((0, CHARACTER.1)),
        '▀' => Some((0, half)),
        '▄' => Some((half, half)),
        _ => None,
    }
}

#[test]
fn the_pictures_of_the_guide_are_what_the_console_shows() {
    let pictures = Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/guides/pictures");
    let asking = Keys::Asking(Ask::Power(Power::ShutDown), Instant::now());
    for (name, scene, keys) in [
        ("console-new.svg", Scene::Here(fresh()), &Keys::Resting),
        ("console-asks.svg", Scene::Here(owned()), &asking),
        ("console-starts.svg", Scene::Starting, &Keys::Resting),
    ] {
        let drawn = svg(&page(&scene, keys, Some("14:03:22 UTC").filter(|_| scene != Scene::Starting)));
        let path = pictures.join(name);
        if env::var_os("CROFT_DRAW").is_some() {
            fs::create_dir_all(&pictures).and_then(|()| fs::write(&path, &drawn)).expect("written");
        }
        let kept = fs::read_to_string(&path).unwrap_or_default();
        assert!(kept == drawn, "{name} shows another page. Draw it anew: CROFT_DRAW=1 cargo nextest run -p croft-cli pictures");
    }
}
