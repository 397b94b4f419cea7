//! A screen of characters, written to by place.

use unicode_width::UnicodeWidthChar;

/// Columns: what every screen and terminal has.
pub(crate) const COLUMNS: usize = 80;
/// Rows.
pub(crate) const ROWS: usize = 24;

/// How a character looks.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Look {
    /// Text to read.
    Plain,
    /// What one looks for, and pictures.
    Strong,
}

/// One place of the screen. The second column of a wide character is empty.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
struct Cell {
    shown: Option<char>,
    look: Look,
}

/// A screen.
#[derive(Debug, Clone, PartialEq, Eq)]
pub(crate) struct Canvas {
    cells: Vec<Cell>,
}

impl Canvas {
    /// An empty screen.
    pub(crate) fn new() -> Self {
        Self { cells: vec![Cell { shown: Some(' '), look: Look::Plain }; COLUMNS * ROWS] }
    }

    /// Writes `text` from a place on, as far as the row goes.
    pub(crate) fn put(&mut self, column: usize, row: usize, text: &str, look: Look) {
        if row >= ROWS {
            return;
        }
        let mut at = column;
        for shown in text.chars() {
            let width = shown.width().unwrap_or(0);
            if width == 0 {
                continue;
            }
            if at + width > COLUMNS {
                return;
            }
            let place = row * COLUMNS + at;
            self.cells[place] = Cell { shown: Some(shown), look };
            self.cells[place + 1..place + width].fill(Cell { shown: None, look });
            at += width;
        }
    }

    /// The rows as pieces of one look each, together as wide as the screen.
    pub(crate) fn rows(&self) -> impl Iterator<Item = Vec<(Look, String)>> {
        self.cells.chunks(COLUMNS).map(|row| {
            let mut pieces: Vec<(Look, String)> = Vec::new();
            for cell in row {
                let Some(shown) = cell.shown else { continue };
                match pieces.last_mut() {
                    Some((look, text)) if *look == cell.look => text.push(shown),
                    _ => pieces.push((cell.look, shown.into())),
                }
            }
            pieces
        })
    }
}

/// `text` as far as `columns` go; what was cut ends in three dots.
pub(crate) fn cut(text: &str, columns: usize) -> String {
    if width(text) <= columns {
        return text.to_owned();
    }
    let mut left = columns.saturating_sub(3);
    let mut kept = String::new();
    for c in text.chars() {
        let Some(rest) = left.checked_sub(c.width().unwrap_or(0)) else { break };
        left = rest;
        kept.push(c);
    }
    kept.push_str("...");
    kept
}

/// `text` in lines of at most `columns`, broken between words where it can be.
pub(crate) fn wrap(text: &str, columns: usize) -> Vec<String> {
    let mut lines: Vec<String> = Vec::new();
    for word in text.split_whitespace() {
        let word = cut(word, columns);
        match lines.last_mut() {
            Some(line) if width(line) + 1 + width(&word) <= columns => {
                line.push(' ');
                line.push_str(&word);
            }
            _ => lines.push(word),
        }
    }
    lines
}

/// Columns that `text` takes.
pub(crate) fn width(text: &str) -> usize {
    text.chars().map(|c| c.width().unwrap_or(0)).sum()
}

#[cfg(test)]
pub(crate) mod tests {
    use proptest::prelude::*;

    use super::*;

    /// The screen as lines of text.
    pub(crate) fn text(canvas: &Canvas) -> String {
        let line = |pieces: Vec<(Look, String)>| pieces.into_iter().map(|(_, text)| text).collect::<String>().trim_end().to_owned();
        canvas.rows().map(line).collect::<Vec<_>>().join("\n")
    }

    #[test]
    fn long_and_wide_texts_are_cut() {
        assert_eq!(cut("short", 5), "short");
        assert_eq!(cut("longer", 5), "lo...");
        assert_eq!(cut("家家家", 5), "家...");
        assert_eq!(wrap("a sentence of words", 10), ["a sentence", "of words"]);
        assert_eq!(wrap("", 10), Vec::<String>::new());
    }

    proptest! {
        #[test]
        fn a_row_is_as_wide_as_the_screen(text in "\\PC{0,100}", column in 0..100_usize, row in 0..30_usize) {
            let mut canvas = Canvas::new();
            canvas.put(column, row, &text, Look::Strong);
            for pieces in canvas.rows() {
                let columns: usize = pieces.iter().map(|(_, text)| width(text)).sum();
                prop_assert_eq!(columns, COLUMNS);
            }
        }

        #[test]
        fn wrapped_lines_keep_to_their_columns(text in "\\PC{0,100}", columns in 3..60_usize) {
            prop_assert!(wrap(&text, columns).iter().all(|line| width(line) <= columns));
        }
    }
}
