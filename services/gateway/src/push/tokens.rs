//! Tokens that stand for a credential once, and for a few seconds: for clients whose WebSocket cannot hold the app password.

use std::{
    sync::{Mutex, PoisonError},
    time::{Duration, Instant},
};

use aws_lc_rs::digest::{SHA256, digest};
use croft_model::{PersonId, Problem};

use crate::sign_in::Shown;

/// Time for which a token is good: the client connects with it at once.
const LIFE: Duration = Duration::from_secs(15);
/// Tokens that wait in all; each has some hundred bytes.
const MAX_TOKENS: usize = 512;
/// Tokens of one person that wait; past this the oldest goes.
const MAX_OF_PERSON: usize = 16;

/// Tokens that nobody has used yet.
#[derive(Default)]
pub(super) struct Tokens(Mutex<Vec<Waiting>>);

struct Waiting {
    /// The token itself is kept nowhere.
    hash: Vec<u8>,
    person: PersonId,
    shown: Shown,
    made: Instant,
}

impl Tokens {
    /// A token for what `person` has shown.
    pub(super) fn make(&self, person: PersonId, shown: Shown, now: Instant) -> Result<String, Problem> {
        let bytes: [u8; 32] = croft_api::random::bytes().map_err(|error| croft_api::problem::internal(&error))?;
        let token: String = bytes.iter().map(|byte| format!("{byte:02x}")).collect();
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        waiting.retain(|one| now.duration_since(one.made) < LIFE);
        let mut own = waiting.iter().enumerate().filter(|(_, one)| one.person == person).map(|(at, _)| at);
        if let (Some(oldest), true) = (own.next(), own.count() + 1 >= MAX_OF_PERSON) {
            waiting.remove(oldest);
        }
        if waiting.len() >= MAX_TOKENS {
            return Err(Problem::new(503, "busy", "There are too many requests under way.").hint("Try again in a moment.").retry_after(15));
        }
        waiting.push(Waiting { hash: hash(&token), person, shown, made: now });
        Ok(token)
    }

    /// What `token` stands for; from now on for nothing.
    pub(super) fn take(&self, token: &str, now: Instant) -> Option<Shown> {
        let hash = hash(token);
        let mut waiting = self.0.lock().unwrap_or_else(PoisonError::into_inner);
        let at = waiting.iter().position(|one| one.hash == hash)?;
        let one = waiting.remove(at);
        (now.duration_since(one.made) < LIFE).then_some(one.shown)
    }
}

fn hash(token: &str) -> Vec<u8> {
    digest(&SHA256, token.as_bytes()).as_ref().to_vec()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown() -> Shown {
        Shown::of_name("ana", "secret").expect("short")
    }

    fn person(number: u32) -> PersonId {
        PersonId::from_number(number)
    }

    #[test]
    fn a_token_is_good_once_and_not_for_long() {
        let (tokens, now) = (Tokens::default(), Instant::now());
        let token = tokens.make(person(1), shown(), now).expect("a token");
        assert_eq!(token.len(), 64);
        assert!(tokens.take("other", now).is_none());
        assert!(tokens.take(&token, now).is_some() && tokens.take(&token, now).is_none(), "once");
        let token = tokens.make(person(1), shown(), now).expect("a token");
        assert!(tokens.take(&token, now + LIFE).is_none(), "too late");
    }

    #[test]
    fn nobody_has_more_than_their_tokens_and_there_are_not_endlessly_many() {
        let (tokens, now) = (Tokens::default(), Instant::now());
        let first = tokens.make(person(1), shown(), now).expect("a token");
        let second = tokens.make(person(1), shown(), now).expect("a token");
        for _ in 0..MAX_OF_PERSON - 1 {
            tokens.make(person(1), shown(), now).expect("the oldest makes room");
        }
        assert!(tokens.take(&first, now).is_none() && tokens.take(&second, now).is_some());
        let refused = (0..1000).find_map(|number| tokens.make(person(2 + number), shown(), now).err());
        assert_eq!(refused.expect("a limit").status, 503);
        tokens.make(person(3), shown(), now + LIFE).expect("those of before are void");
    }
}
