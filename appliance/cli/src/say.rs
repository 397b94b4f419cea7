//! Saying what came back: sentences and tables for people, JSON for programs.

use std::io::Write;

use serde::Serialize;

/// Where and how to say it.
pub(crate) struct Say {
    json: bool,
}

impl Say {
    /// JSON for programs, or text for people.
    pub(crate) fn new(json: bool) -> Self {
        Self { json }
    }

    /// Whether it is JSON.
    pub(crate) fn is_json(&self) -> bool {
        self.json
    }

    /// Says how far something is, beside what is printed in the end.
    pub(crate) fn aside(&self, text: &str) {
        let _ = std::io::stderr().write_all(format!("{text}\n").as_bytes());
    }

    /// Prints `value` as JSON, or what `text` makes of it.
    pub(crate) fn print<T: Serialize>(&self, value: &T, text: impl FnOnce(&T) -> String) {
        let mut out = if self.json { serde_json::to_string_pretty(value).unwrap_or_default() } else { text(value) };
        if !out.ends_with('\n') {
            out.push('\n');
        }
        // A reader that has gone away (`croft logs | head`) is no error.
        let _ = std::io::stdout().write_all(out.as_bytes());
    }
}

/// `rows` in columns as wide as their widest cell, under `head`.
pub(crate) fn table<const N: usize>(head: [&str; N], rows: impl IntoIterator<Item = [String; N]>) -> String {
    let rows: Vec<[String; N]> = std::iter::once(head.map(str::to_owned)).chain(rows).collect();
    let mut widths = [0; N];
    for row in &rows {
        for (width, cell) in widths.iter_mut().zip(row) {
            *width = (*width).max(cell.chars().count());
        }
    }
    rows.iter()
        .map(|row| {
            let cells: Vec<String> = row.iter().zip(widths).map(|(cell, width)| format!("{:width$}", clean(cell))).collect();
            cells.join("  ").trim_end().to_owned()
        })
        .collect::<Vec<_>>()
        .join("\n")
}

/// `text` without anything that a terminal obeys or that turns the order of what is read.
pub(crate) fn clean(text: &str) -> String {
    let obeyed = |c: char| c.is_control() || matches!(c, '\u{200e}' | '\u{200f}' | '\u{202a}'..='\u{202e}' | '\u{2066}'..='\u{2069}');
    text.chars().map(|c| if obeyed(c) { ' ' } else { c }).collect()
}

#[cfg(test)]
mod tests {
    #[test]
    fn columns_line_up() {
        let text = super::table(["ID", "NAME"], [["p1".into(), "ana".into()], ["p10".into(), "Zoë".into()]]);
        assert_eq!(text, "ID   NAME\np1   ana\np10  Zoë");
        // Names of wireless networks come from whoever is near.
        assert_eq!(super::table(["NAME"], [["a\u{1b}]0;b\u{202e}".into()]]), "NAME\na ]0;b");
    }
}
