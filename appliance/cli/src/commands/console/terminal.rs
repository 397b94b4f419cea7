//! The terminal below the console: raw keys in, a page or lines out.

use std::{
    fmt::Write as _,
    io::{self, IsTerminal, Write},
    time::{Duration, Instant},
};

use crossterm::{
    event::{Event, EventStream, KeyCode, KeyEventKind, KeyModifiers},
    terminal,
};
use futures_util::StreamExt;

use super::{
    canvas::{COLUMNS, Canvas, Look, ROWS},
    keys::Key,
};

/// How often the whole screen is drawn anew, because the kernel may have written on it.
const ANEW: Duration = Duration::from_secs(10);
/// Rests between frames: what somebody else wrote is below them.
const HIDE_CURSOR: &str = "\u{1b}[?25l";
/// Gives the terminal back: colours, cursor.
const RESTORE: &str = "\u{1b}[0m\u{1b}[?25h";

/// How the console is shown.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Form {
    /// A page that is painted over and over: for a screen.
    Page,
    /// Lines, each once: for a serial line, a pipe, a log.
    Lines,
}

/// What somebody pressed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Pressed {
    /// A key.
    Key(Key),
    /// Ctrl-C: ends this program, and nothing else.
    Leave,
}

/// The terminal. It is given back as it was when this is dropped.
pub(crate) struct Terminal {
    form: Form,
    keys: Option<EventStream>,
    frame: Vec<String>,
    drawn: Option<Instant>,
}

impl Terminal {
    /// Takes the terminal. `form` as somebody wishes; otherwise a page on the machine's own screen, where `TERM` is `linux`, and lines elsewhere.
    pub(crate) fn take(form: Option<Form>) -> Self {
        let is_screen = io::stdout().is_terminal() && std::env::var("TERM").is_ok_and(|name| name == "linux");
        let form = form.unwrap_or(if is_screen { Form::Page } else { Form::Lines });
        // Without raw keys it is a console to look at; a pipe has none.
        let keys = (io::stdin().is_terminal() && terminal::enable_raw_mode().is_ok()).then(EventStream::new);
        Self { form, keys, frame: Vec::new(), drawn: None }
    }

    pub(crate) fn form(&self) -> Form {
        self.form
    }

    /// The next key; never one when there are no keys. Cancel-safe: a key that is not taken stays in the stream.
    pub(crate) async fn pressed(&mut self) -> Pressed {
        loop {
            let Some(keys) = &mut self.keys else { return std::future::pending().await };
            match keys.next().await {
                Some(Ok(Event::Key(key))) if key.kind != KeyEventKind::Release => {
                    let control = key.modifiers.contains(KeyModifiers::CONTROL);
                    return match key.code {
                        KeyCode::Char('c') if control => Pressed::Leave,
                        KeyCode::Char(c) if !control && !key.modifiers.contains(KeyModifiers::ALT) => Pressed::Key(Key::Char(c)),
                        _ => Pressed::Key(Key::Other),
                    };
                }
                // Another size is another page.
                Some(Ok(Event::Resize(..))) => {
                    self.drawn = None;
                    return Pressed::Key(Key::Other);
                }
                Some(Ok(_)) => {}
                // The line is gone, or nobody can be heard: what is shown still is.
                Some(Err(_)) | None => self.keys = None,
            }
        }
    }

    /// Writes lines below what stands there.
    pub(crate) fn write(&mut self, lines: &[String]) {
        // In raw mode a line's end does not lead to the left.
        let text: String = lines.iter().flat_map(|line| [line.as_str(), "\r\n"]).collect();
        put(&text);
    }

    /// Paints the page, in the middle of a larger screen.
    pub(crate) fn paint(&mut self, canvas: &Canvas, now: Instant) {
        let (columns, rows) = terminal::size().map_or((COLUMNS, ROWS), |(columns, rows)| (usize::from(columns), usize::from(rows)));
        let frame = frame(canvas, columns.max(COLUMNS), rows.max(ROWS));
        let anew = self.drawn.is_none_or(|drawn| now.duration_since(drawn) >= ANEW) || frame.len() != self.frame.len();
        let mut text = String::from(HIDE_CURSOR);
        for (number, row) in frame.iter().enumerate() {
            if anew || self.frame.get(number) != Some(row) {
                // Writing into a text cannot fail.
                let _ = write!(text, "\u{1b}[{};1H{row}", number + 1);
            }
        }
        if anew {
            self.drawn = Some(now);
        }
        self.frame = frame;
        put(&text);
    }
}

impl Drop for Terminal {
    fn drop(&mut self) {
        if self.keys.take().is_some() {
            let _ = terminal::disable_raw_mode();
        }
        if self.form == Form::Page {
            put(RESTORE);
        }
    }
}

/// The rows of a screen of that size with the page in its middle; each fills its row, so that nothing has to be wiped.
fn frame(canvas: &Canvas, columns: usize, rows: usize) -> Vec<String> {
    let (left, above) = ((columns - COLUMNS) / 2, (rows - ROWS) / 2);
    let empty = format!("{}{}", colours(Look::Plain), " ".repeat(columns));
    let mut frame = vec![empty.clone(); above];
    for pieces in canvas.rows() {
        let mut row = format!("{}{}", colours(Look::Plain), " ".repeat(left));
        for (look, text) in pieces {
            row.push_str(colours(look));
            row.push_str(&text);
        }
        row.push_str(colours(Look::Plain));
        row.push_str(&" ".repeat(columns - COLUMNS - left));
        frame.push(row);
    }
    frame.resize(rows, empty);
    frame
}

/// Light on dark whatever colours the terminal has: `SGR` of the console (`console_codes(4)`).
fn colours(look: Look) -> &'static str {
    match look {
        Look::Plain => "\u{1b}[0;37;40m",
        Look::Strong => "\u{1b}[0;97;40m",
    }
}

fn put(text: &str) {
    let mut out = io::stdout().lock();
    // A terminal that is gone shows nothing; the box needs no eyes.
    let _ = out.write_all(text.as_bytes()).and_then(|()| out.flush());
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_larger_screen_is_filled_around_the_page() {
        let mut canvas = Canvas::new();
        canvas.put(0, 0, "x", Look::Strong);
        for (columns, rows) in [(80, 24), (81, 25), (240, 67)] {
            let frame = frame(&canvas, columns, rows);
            assert_eq!(frame.len(), rows);
            for row in &frame {
                let mut shown = row.clone();
                for look in [Look::Plain, Look::Strong] {
                    shown = shown.replace(colours(look), "");
                }
                assert_eq!(shown.chars().count(), columns);
            }
            assert!(frame[(rows - 24) / 2].contains("\u{1b}[0;97;40mx"), "the page is in the middle");
        }
    }
}
