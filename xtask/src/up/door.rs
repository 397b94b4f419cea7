//! The box's API as `up` uses it: by curl, over HTTPS, trusting the household's certificate and nothing else.

use std::{
    collections::BTreeMap,
    fs::{self, OpenOptions},
    io::{self, Write},
    os::unix::fs::OpenOptionsExt,
    path::{Path, PathBuf},
    process::{Command, Stdio},
};

use miette::{IntoDiagnostic, WrapErr};
use serde::{Deserialize, de::DeserializeOwned};
use serde_json::json;

/// Seconds for one answer; passphrases are hashed slowly on purpose.
const ANSWER_SECONDS: &str = "20";
/// Asked again and again while a box starts; the listeners answer to nobody until it does.
const HEALTH: &str = "/healthz";
/// Short, so that the end of a supervisor that cannot run is noticed.
const HEALTH_SECONDS: &str = "2";
/// Words in a line of the recovery kit.
const WORDS_A_LINE: usize = 6;

/// The public door of the box in a folder.
pub(crate) struct Door {
    home: PathBuf,
    origin: String,
}

/// Who is to own a fresh box.
#[derive(Clone)]
pub(crate) struct Claimant {
    name: String,
    passphrase: String,
}

impl Claimant {
    /// From `NAME:PASSPHRASE`.
    pub(crate) fn parse(text: &str) -> Result<Self, String> {
        match text.split_once(':') {
            Some((name, passphrase)) if !name.is_empty() && !passphrase.is_empty() => {
                Ok(Self { name: name.to_owned(), passphrase: passphrase.to_owned() })
            }
            _ => Err("write it as NAME:PASSPHRASE".to_owned()),
        }
    }

    /// The person's name.
    pub(super) fn name(&self) -> &str {
        &self.name
    }
}

#[derive(Deserialize)]
struct ClaimState {
    state: String,
    fingerprint: String,
}

#[derive(Deserialize)]
struct Ticket {
    ticket: String,
}

#[derive(Deserialize)]
struct Kit {
    words: Vec<String>,
    ask: Vec<usize>,
}

impl Door {
    /// The door of the box in `home`, which listens on `port` of this machine.
    pub(crate) fn new(home: &Path, port: u16) -> Self {
        Self { home: home.to_owned(), origin: format!("https://localhost:{port}") }
    }

    /// `https://localhost:PORT`.
    pub(crate) fn origin(&self) -> &str {
        &self.origin
    }

    /// Whether the box is well enough to be used: it answers, and says that it is well or waits to be claimed.
    pub(super) fn health(&self) -> miette::Result<()> {
        if !self.home.join("ca.pem").is_file() {
            return Err(miette::miette!("the household's certificate is not there yet"));
        }
        match self.ask("GET", HEALTH, None)? {
            (200, _) => Ok(()),
            (status, body) => Err(miette::miette!("/healthz answers {status} {}", body.trim())),
        }
    }

    /// Whether the box waits for its owner.
    pub(super) fn is_unclaimed(&self) -> miette::Result<bool> {
        Ok(self.read::<ClaimState>("GET", "/api/v1/claim", None)?.state == "unclaimed")
    }

    /// SHA-256 of the household's certificate, as the box tells it.
    pub(super) fn fingerprint(&self) -> miette::Result<String> {
        Ok(self.read::<ClaimState>("GET", "/api/v1/claim", None)?.fingerprint)
    }

    /// The code that proves to the box that one stands before it.
    pub(super) fn pairing_code(&self) -> miette::Result<String> {
        let path = self.home.join("pairing-code");
        let code = fs::read_to_string(&path).into_diagnostic().wrap_err_with(|| format!("cannot read {}", path.display()))?;
        Ok(code.trim().to_owned())
    }

    /// Claims the box, as the page for it does; the text of the recovery kit.
    pub(crate) fn claim(&self, who: &Claimant) -> miette::Result<String> {
        let code = json!({ "code": self.pairing_code()? });
        let Ticket { ticket } = self.read("POST", "/api/v1/claim/code", Some(&code))?;
        let person = json!({
            "ticket": ticket, "box_name": "Croft", "name": who.name, "display_name": who.name, "passphrase": who.passphrase,
        });
        let kit: Kit = self.read("POST", "/api/v1/claim/person", Some(&person))?;
        let asked = kit.ask.iter().map(|place| (place.to_string(), kit.words.get(place.wrapping_sub(1))));
        let answers: BTreeMap<String, Option<&String>> = asked.collect();
        self.read::<serde_json::Value>("POST", "/api/v1/claim/finish", Some(&json!({ "ticket": ticket, "answers": answers })))?;
        Ok(kit_text(&kit.words))
    }

    fn read<T: DeserializeOwned>(&self, method: &str, path: &str, body: Option<&serde_json::Value>) -> miette::Result<T> {
        let (status, answer) = self.ask(method, path, body)?;
        if !(200..300).contains(&status) {
            return Err(miette::miette!("{method} {path} answers {status}: {}", answer.trim()));
        }
        let answer = if answer.is_empty() { "null" } else { &answer };
        serde_json::from_str(answer).into_diagnostic().wrap_err_with(|| format!("{method} {path} answers something unexpected: {answer}"))
    }

    /// Status and body of an answer. The body of the request goes through a pipe, because everybody sees arguments.
    fn ask(&self, method: &str, path: &str, body: Option<&serde_json::Value>) -> miette::Result<(u16, String)> {
        let mut curl = Command::new("curl");
        curl.args(["--silent", "--show-error", "--noproxy", "*", "--request", method]);
        curl.args(["--max-time", if path == HEALTH { HEALTH_SECONDS } else { ANSWER_SECONDS }]);
        curl.arg("--cacert").arg(self.home.join("ca.pem")).args(["--write-out", "\n%{http_code}"]);
        if body.is_some() {
            curl.args(["--header", "content-type: application/json", "--header"]).arg(format!("origin: {}", self.origin));
            curl.args(["--data-binary", "@-"]);
        }
        curl.arg(format!("{}{path}", self.origin)).stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
        let mut child = curl.spawn().into_diagnostic().wrap_err("cannot start curl")?;
        if let (Some(mut stdin), Some(body)) = (child.stdin.take(), body) {
            stdin.write_all(body.to_string().as_bytes()).into_diagnostic()?;
        }
        let output = child.wait_with_output().into_diagnostic()?;
        let text = String::from_utf8_lossy(&output.stdout);
        let answer = text.rsplit_once('\n').and_then(|(body, status)| Some((status.parse().ok()?, body.to_owned())));
        match answer {
            Some(answer) if output.status.success() => Ok(answer),
            _ => Err(miette::miette!("{}", String::from_utf8_lossy(&output.stderr).trim())),
        }
    }
}

/// The recovery kit as a page of text.
fn kit_text(words: &[String]) -> String {
    let mut text = "The recovery kit of this box. Whoever has these words can set a new passphrase for its owner:\nkeep them on paper, away from the box.\n\n".to_owned();
    for (row, words) in words.chunks(WORDS_A_LINE).enumerate() {
        text.push_str(&format!("{:>2}  {}\n", row * WORDS_A_LINE + 1, words.join(" ")));
    }
    text
}

/// Writes what only the person who ran this may read.
pub(super) fn write_secret(path: &Path, text: &str) -> io::Result<()> {
    let mut file = OpenOptions::new().write(true).create(true).truncate(true).mode(0o600).open(path)?;
    file.write_all(text.as_bytes())?;
    file.sync_all()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_claimant_is_a_name_and_a_passphrase() {
        let parsed = |text| Claimant::parse(text).map(|who| (who.name, who.passphrase));
        assert_eq!(parsed("ana:three: words here"), Ok(("ana".into(), "three: words here".into())));
        for wrong in ["ana", "ana:", ":secret", ""] {
            assert!(parsed(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn the_kit_numbers_its_lines() {
        let words: Vec<String> = (1..=24).map(|number| format!("w{number}")).collect();
        let text = kit_text(&words);
        assert!(text.contains("\n 1  w1 w2 w3 w4 w5 w6\n") && text.contains("\n19  w19 w20 w21 w22 w23 w24\n"), "{text}");
    }
}
