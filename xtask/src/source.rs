//! Rust sources as the checks see them: code apart from comments and strings, the product apart from its tests.

/// One line of code without comments and without what stands in string literals.
#[derive(Debug, PartialEq, Eq)]
pub(crate) struct CodeLine {
    /// Line number from 1.
    pub(crate) number: usize,
    /// What is left.
    pub(crate) code: String,
    /// Whether the line belongs to a test module (from `#[cfg(test)] mod` on; tests stand last in a file).
    pub(crate) in_tests: bool,
}

/// The lines of `source` that have code. Understands line and block comments, plain and raw strings, and char literals.
pub(crate) fn code_lines(source: &str) -> Vec<CodeLine> {
    let mut state = State::Code;
    let mut lines = Vec::new();
    for (index, line) in source.lines().enumerate() {
        let code = strip(line, &mut state);
        if !code.trim().is_empty() {
            lines.push(CodeLine { number: index + 1, code, in_tests: false });
        }
    }
    let tests = (0..lines.len()).find(|at| starts_tests(&lines[*at..])).unwrap_or(lines.len());
    lines[tests..].iter_mut().for_each(|line| line.in_tests = true);
    lines
}

/// Whether only tests follow. A single function for tests, amid the product, does not make the rest of the file one.
fn starts_tests(lines: &[CodeLine]) -> bool {
    let [first, rest @ ..] = lines else { return false };
    let is_module = || first.code.contains("mod ") || rest.first().is_some_and(|next| next.code.trim_start().starts_with("mod "));
    first.code.contains("#![cfg(test)]") || (first.code.contains("#[cfg(test)]") && is_module())
}

#[derive(Clone, Copy, PartialEq)]
enum State {
    Code,
    /// In a block comment, so many deep.
    Comment(usize),
    /// In a string that ends with a quote and so many hashes; only `None` knows escapes.
    Text(Option<usize>),
}

fn strip(line: &str, state: &mut State) -> String {
    let mut code = String::new();
    let mut rest = line;
    while let Some(first) = rest.chars().next() {
        let used = match *state {
            State::Comment(depth) => in_comment(rest, depth, state),
            State::Text(hashes) => in_text(rest, hashes, state),
            State::Code if rest.starts_with("//") => return code,
            State::Code if rest.starts_with("/*") => {
                *state = State::Comment(1);
                2
            }
            State::Code => in_code(rest, first, &mut code, state),
        };
        rest = rest.get(used..).unwrap_or_default();
    }
    code
}

fn in_comment(rest: &str, depth: usize, state: &mut State) -> usize {
    if rest.starts_with("*/") {
        *state = if depth == 1 { State::Code } else { State::Comment(depth - 1) };
        2
    } else if rest.starts_with("/*") {
        *state = State::Comment(depth + 1);
        2
    } else {
        rest.chars().next().map_or(1, char::len_utf8)
    }
}

fn in_text(rest: &str, hashes: Option<usize>, state: &mut State) -> usize {
    if hashes.is_none() && rest.starts_with('\\') {
        return 1 + rest.chars().nth(1).map_or(0, char::len_utf8);
    }
    let end = format!("\"{}", "#".repeat(hashes.unwrap_or(0)));
    if rest.starts_with(&end) {
        *state = State::Code;
        return end.len();
    }
    rest.chars().next().map_or(1, char::len_utf8)
}

fn in_code(rest: &str, first: char, code: &mut String, state: &mut State) -> usize {
    let starts_word = !code.ends_with(|last: char| last.is_alphanumeric() || last == '_');
    let raw = rest.strip_prefix("br").or_else(|| rest.strip_prefix('r')).filter(|_| starts_word);
    if let Some(after) = raw {
        let hashes = after.len() - after.trim_start_matches('#').len();
        if after.get(hashes..).is_some_and(|text| text.starts_with('"')) {
            *state = State::Text(Some(hashes));
            return rest.len() - after.len() + hashes + 1;
        }
    }
    if first == '"' {
        *state = State::Text(None);
        return 1;
    }
    // A char literal that would open a string: '"' or '\"'.
    for literal in ["'\"'", "'\\\"'"] {
        if rest.starts_with(literal) {
            return literal.len();
        }
    }
    code.push(first);
    first.len_utf8()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn check(source: &str, expected: &[(usize, &str)]) {
        let found: Vec<_> = code_lines(source).into_iter().map(|line| (line.number, line.code)).collect();
        let expected: Vec<_> = expected.iter().map(|(number, code)| (*number, (*code).to_owned())).collect();
        assert_eq!(found, expected, "{source}");
    }

    #[test]
    fn comments_and_strings_are_not_code() {
        check("a // b\n//! c\nd", &[(1, "a "), (3, "d")]);
        check("a /* b /* c */ d */ e", &[(1, "a  e")]);
        check("a /* b\nc */ d", &[(1, "a "), (2, " d")]);
        check("f(\"x \\\" // y\") + 1", &[(1, "f() + 1")]);
        check("f(r#\"x \" y\"#, br\"z\\\") + 1", &[(1, "f(, ) + 1")]);
        check("f('\"', '\\\"', \"x\") // y", &[(1, "f(, , ) ")]);
        check("let a: &'static str = \"two\nlines\";", &[(1, "let a: &'static str = "), (2, ";")]);
        check("for r in rs {}", &[(1, "for r in rs {}")]);
    }

    #[test]
    fn tests_are_told_from_the_product() {
        let lines = code_lines("fn a() {}\n#[cfg(test)]\nmod tests {}\n");
        assert_eq!(lines.iter().map(|line| line.in_tests).collect::<Vec<_>>(), [false, true, true]);
        let lines = code_lines("#[cfg(test)]\nfn helper() {}\nfn product() {}\n");
        assert!(lines.iter().all(|line| !line.in_tests));
    }
}
