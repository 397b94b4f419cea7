//! What each file must be by itself.

use super::Complaint;
use crate::source;

/// Above this a file asks to be split (STYLE.md, Shape).
const LONG_LINES: usize = 400;
/// Above this it must be.
const TOO_LONG_LINES: usize = 600;
/// Kinds of files that people write.
const TEXT: [&str; 14] = ["rs", "toml", "md", "ts", "tsx", "js", "mjs", "css", "html", "json", "sh", "yml", "yaml", "svg"];
/// Files that tools write, and whose contents are theirs.
const WRITTEN_BY_TOOLS: [&str; 3] = ["Cargo.lock", "appliance/openapi.json", "LICENSE"];
/// Places of one machine; a project that names them works nowhere else. Tests may use what they made.
const MACHINE_PATHS: [&str; 4] = ["/home/", "/root/", "/work/", "/tmp/"];
/// Hosts of registries: which mirror is used is the machine's business.
const REGISTRIES: [&str; 6] = ["registry.npmjs", "index.crates", "static.crates", "deb.debian", "pypi.org", "registry.yarnpkg"];
/// Words of unfinished work.
const UNFINISHED: [&str; 5] = ["TODO", "FIXME", "XXX", "todo!", "unimplemented!"];
/// This file says the words that it looks for.
const ITSELF: &str = "xtask/src/tidy/";

/// Whether the checks read this file.
pub(super) fn is_text(file: &str) -> bool {
    let named = file.rsplit('/').next().is_some_and(|name| name == "run" || name == ".npmrc");
    let written = WRITTEN_BY_TOOLS.contains(&file) || file.contains("/generated/") || file.contains("/snapshots/");
    !written && (named || file.rsplit_once('.').is_some_and(|(_, kind)| TEXT.contains(&kind)))
}

/// Every complaint about one file.
pub(super) fn check(file: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    let is_code = ["rs", "ts", "tsx", "mjs", "js"].iter().any(|kind| file.ends_with(&format!(".{kind}")));
    if is_code {
        complaints.extend(length(file, text));
    }
    if file.ends_with(".rs") {
        complaints.extend(rust(file, text));
    }
    if !file.starts_with(ITSELF) {
        complaints.extend(words(file, text));
        complaints.extend(sleeps(file, text));
    }
    complaints
}

fn length(file: &str, text: &str) -> Option<Complaint> {
    match text.lines().count() {
        lines if lines > TOO_LONG_LINES => Some(Complaint::new(file, format!("{lines} lines; split it, {TOO_LONG_LINES} is the most"))),
        lines if lines > LONG_LINES => Some(Complaint::warning(file, format!("{lines} lines; about {LONG_LINES} are enough"))),
        _ => None,
    }
}

fn rust(file: &str, text: &str) -> Vec<Complaint> {
    let mut complaints = Vec::new();
    if !text.starts_with("//! ") {
        complaints.push(Complaint::new(file, "begins without a `//!` sentence that says what it is"));
    }
    for line in source::code_lines(text) {
        let place = || format!("{file}:{}", line.number);
        if line.code.contains("#[allow(") || line.code.contains("#![allow(") {
            complaints.push(Complaint::new(place(), "`allow`; use `#[expect(lint, reason = \"…\")]`"));
        }
        if line.code.contains("#[ignore") {
            complaints.push(Complaint::new(place(), "an ignored test; mend it, delete it, or run it in `cargo xtask test --long`"));
        }
    }
    complaints
}

fn is_test(file: &str) -> bool {
    file.starts_with("tests/") || file.contains("/tests/") || file.contains(".test.") || file.ends_with("/tests.rs")
}

fn words(file: &str, text: &str) -> Vec<Complaint> {
    let first_test_line = if file.ends_with(".rs") {
        source::code_lines(text).iter().find(|line| line.in_tests).map_or(usize::MAX, |line| line.number)
    } else {
        usize::MAX
    };
    let mut complaints = Vec::new();
    for (index, line) in text.lines().enumerate() {
        let place = format!("{file}:{}", index + 1);
        if let Some(word) = UNFINISHED.iter().find(|word| has_word(line, word)) {
            complaints.push(Complaint::new(&place, format!("`{word}`: unfinished work belongs into an issue")));
        }
        if let Some(host) = REGISTRIES.iter().find(|host| line.contains(**host)) {
            complaints.push(Complaint::new(&place, format!("`{host}`: names a registry's host; name packages only")));
        }
        let in_tests = is_test(file) || index + 1 >= first_test_line;
        if let Some(path) = MACHINE_PATHS.iter().find(|path| !in_tests && has_path(line, path)) {
            complaints.push(Complaint::new(&place, format!("`{path}`: a path of one machine")));
        }
    }
    complaints
}

/// Whether `word` stands alone, not inside a longer word.
fn has_word(line: &str, word: &str) -> bool {
    let part = |letter: char| letter.is_alphanumeric() || letter == '_';
    line.match_indices(word).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        let after = line.get(at + word.len()..).and_then(|text| text.chars().next());
        !before.is_some_and(part) && !after.is_some_and(part)
    })
}

/// Whether an absolute path begins with `path`; `a/tmp/b` and addresses are none.
fn has_path(line: &str, path: &str) -> bool {
    line.match_indices(path).any(|(at, _)| {
        let before = line.get(..at).and_then(|text| text.chars().next_back());
        !before.is_some_and(|letter| letter.is_alphanumeric() || "._-}>)/*@~".contains(letter))
    })
}

fn sleeps(file: &str, text: &str) -> Vec<Complaint> {
    let lines: Vec<&str> = text.lines().collect();
    let in_tests: Vec<usize> = if file.ends_with(".rs") {
        source::code_lines(text).iter().filter(|line| is_test(file) || line.in_tests).map(|line| line.number).collect()
    } else if is_test(file) {
        (1..=lines.len()).collect()
    } else {
        Vec::new()
    };
    let line = |number: usize| lines.get(number.wrapping_sub(1)).copied().unwrap_or_default();
    let sleeps = |number: usize| ["sleep(", "waitForTimeout("].iter().any(|word| line(number).contains(word));
    let reasoned = |number: usize| [number, number - 1].iter().any(|number| line(*number).contains("// waits:"));
    in_tests
        .into_iter()
        .filter(|number| sleeps(*number) && !reasoned(*number))
        .map(|number| Complaint::new(format!("{file}:{number}"), "a sleep in a test; wait for the thing itself, or say `// waits: why`"))
        .collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn expect(file: &str, text: &str, expected: Option<&str>) {
        let found: Vec<String> = check(file, text).iter().map(ToString::to_string).collect();
        match expected {
            None => assert!(found.is_empty(), "{file}: {found:?}"),
            Some(part) => assert!(found.len() == 1 && found[0].contains(part), "{file}: {found:?}"),
        }
    }

    #[test]
    fn every_rule_can_be_broken() {
        let body = |lines: usize| format!("//! A file.\n{}", "fn a() {}\n".repeat(lines));
        expect("a/src/lib.rs", &body(10), None);
        expect("a/src/lib.rs", &body(450), Some("(a warning)"));
        expect("a/src/lib.rs", &body(650), Some("split it"));
        expect("a/src/lib.rs", "fn a() {}\n", Some("`//!`"));
        expect("a/src/lib.rs", "//! A.\n#[allow(dead_code)]\nfn a() {}\n", Some("`allow`"));
        expect("a/src/lib.rs", "//! A.\n// #[allow(dead_code)]\nfn a() {}\n", None);
        expect("a/src/lib.rs", "//! A.\n#[ignore]\nfn a() {}\n", Some("ignored test"));
        expect("a/src/lib.rs", "//! A.\n// TODO: b\n", Some("`TODO`"));
        expect("docs/a.md", "TODOS are fine", None);
        expect("docs/a.md", "see /home/ana/x", Some("/home/"));
        expect("docs/a.md", "GET /dav/home/ana and https://x/tmp/y", None);
        expect("a/src/lib.rs", "//! A.\nlet p = \"/tmp/x\";\n", Some("/tmp/"));
        expect("a/src/lib.rs", "//! A.\n#[cfg(test)]\nmod tests {}\nlet p = \"/tmp/x\";\n", None);
        expect("x/package-lock.json", "\"resolved\": \"https://registry.npmjs.org/a\"", Some("registry"));
        expect("a/tests/b.rs", "//! A.\nsleep(x);\n", Some("a sleep"));
        expect("a/tests/b.rs", "//! A.\n// waits: for the kernel's own minimum.\nsleep(x);\n", None);
        expect("a/src/b.rs", "//! A.\nsleep(x);\n", None);
        expect("tests/browser/a.test.ts", "await page.waitForTimeout(100)", Some("a sleep"));
    }

    #[test]
    fn what_tools_write_is_left_alone() {
        for (file, read) in [("Cargo.lock", false), ("a/generated/x.ts", false), ("a/x.ts", true), (".ci/run", true), ("a.png", false)] {
            assert_eq!(is_text(file), read, "{file}");
        }
    }
}
