//! Asking for a passphrase: at a terminal without showing it, else as the first line of what comes in.

use std::io::{self, IsTerminal, Write};

use crossterm::{
    event::{Event, KeyCode, KeyEvent, KeyEventKind, KeyModifiers, read},
    terminal,
};

/// Asks with `words` and reads what is typed.
///
/// # Errors
/// Nothing can be read, or whoever types gives up.
pub(crate) fn ask(words: &str) -> io::Result<String> {
    if !io::stdin().is_terminal() {
        let mut line = String::new();
        io::stdin().read_line(&mut line)?;
        return Ok(line.trim_end_matches(['\r', '\n']).to_owned());
    }
    let mut screen = io::stdout();
    write!(screen, "{words} ")?;
    screen.flush()?;
    terminal::enable_raw_mode()?;
    let typed = type_in(&mut String::new());
    terminal::disable_raw_mode()?;
    writeln!(screen)?;
    typed
}

fn type_in(typed: &mut String) -> io::Result<String> {
    loop {
        if let Event::Key(key) = read()?
            && key.kind == KeyEventKind::Press
            && press(typed, key)?
        {
            return Ok(std::mem::take(typed));
        }
    }
}

/// Takes a key; true when that was the last one.
fn press(typed: &mut String, key: KeyEvent) -> io::Result<bool> {
    match key.code {
        KeyCode::Enter => return Ok(true),
        KeyCode::Char('c' | 'd') if key.modifiers.contains(KeyModifiers::CONTROL) => return Err(io::ErrorKind::Interrupted.into()),
        KeyCode::Char(letter) if !key.modifiers.contains(KeyModifiers::CONTROL) => typed.push(letter),
        KeyCode::Backspace => drop(typed.pop()),
        _ => {}
    }
    Ok(false)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_passphrase_is_what_was_typed() {
        let check = |keys: &[(KeyCode, KeyModifiers)], expected: Option<&str>| {
            let mut typed = String::new();
            let ended = keys
                .iter()
                .map(|(code, with)| press(&mut typed, KeyEvent::new(*code, *with)))
                .find(|pressed| !matches!(pressed, Ok(false)));
            assert_eq!(ended.expect("an end").ok().map(|_| typed.as_str()), expected, "{keys:?}");
        };
        let (none, control) = (KeyModifiers::NONE, KeyModifiers::CONTROL);
        let key = KeyCode::Char;
        check(&[(key('a'), none), (key('Ä'), KeyModifiers::SHIFT), (KeyCode::Enter, none)], Some("aÄ"));
        check(&[(key('a'), none), (key('b'), none), (KeyCode::Backspace, none), (KeyCode::Left, none), (KeyCode::Enter, none)], Some("a"));
        check(&[(key('a'), none), (key('u'), control), (key('c'), control)], None);
    }
}
