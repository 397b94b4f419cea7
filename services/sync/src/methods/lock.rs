//! LOCK and UNLOCK (RFC 4918, sections 9.10 and 9.11).

use std::{sync::Arc, time::Duration};

use croft_files::{Change, Kind, Name};
use croft_model::Problem;

use super::{Ground, Request, Tree, address, document, publish, put, split};
use crate::{
    error::Failure,
    exchange::{Answer, Exchange},
    judge::lists::Lists,
    space::{
        Marked, Space, blocking,
        locks::{LONGEST, Lock, Reach, Sharing, Touch},
    },
    xml::{Element, malformed},
};

/// Bytes of what a client says of the one who holds a lock.
const MAX_OWNER: usize = 1024;
/// The value of `supportedlock`.
pub(crate) const SUPPORTED: &str = "<d:lockentry><d:lockscope><d:exclusive/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockentry>\
     <d:lockentry><d:lockscope><d:shared/></d:lockscope><d:locktype><d:write/></d:locktype></d:lockentry>";

/// What a client asks for.
#[derive(Debug, PartialEq, Eq)]
struct Wanted {
    sharing: Sharing,
    /// As XML; empty for nothing.
    owner: String,
}

/// Takes or refreshes a lock. Where there is nothing yet, an empty file comes to be.
pub(super) async fn lock(ground: &Ground, request: Request, exchange: &mut Exchange) -> Result<Answer, Failure> {
    request.access.writes()?;
    let lasts = request.header("timeout").and_then(timeout);
    let body = exchange.document(request.open.length).await?;
    if body.trim_ascii().is_empty() {
        return refresh(&ground.space, &request, lasts);
    }
    let Wanted { sharing, owner } = Wanted::parse(&body)?;
    let reach = match request.header("depth").map(str::trim) {
        Some("0") => Reach::Itself,
        None => Reach::All,
        Some(text) if text.eq_ignore_ascii_case("infinity") => Reach::All,
        Some(_) => return Err(Problem::new(400, "depth-malformed", "The header Depth is 0 or infinity.").key("Depth").into()),
    };
    let lock = Lock::new(request.path.clone(), sharing, reach, owner, request.access.person, lasts.unwrap_or(LONGEST))?;
    let space = &ground.space;
    let request = Arc::new(request);
    // What is being written below comes to its end first.
    let _tree = Tree::lock(space, reach == Reach::All).await;
    let Some((folder, name)) = split(&request.path) else {
        let (judging, asked) = (space.clone(), request.clone());
        blocking(move || asked.judge(&judging, Some(&judging.entry(&[])?), &[])).await?;
        let lock = space.locks.take(lock)?;
        return Ok(taken(200, &lock, &request));
    };
    let _name = space.lock_name(folder, name).await;
    let (preparing, asked) = (space.clone(), request.clone());
    let made = blocking(move || prepare(&preparing, &asked)).await?;
    let lock = space.locks.take(lock)?;
    let Some((change, marked, line)) = made else { return Ok(taken(200, &lock, &request)) };
    match publish(ground, change, &[folder], &line).await {
        Ok(changed) => {
            space.published(marked);
            Ok(Answer { changed, ..taken(201, &lock, &request) })
        }
        Err(error) => {
            let _ = space.locks.release(&lock.token, &request.path, None);
            Err(if error.is_taken() { put::taken().into() } else { error.into() })
        }
    }
}

/// Gives up a lock.
pub(super) async fn unlock(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    request.access.writes()?;
    let token = request.header("lock-token").and_then(|value| value.trim().strip_prefix('<')?.strip_suffix('>'));
    let token = token.ok_or_else(|| Problem::new(400, "lock-token-missing", "The header Lock-Token names no lock.").key("Lock-Token"))?;
    let holder = if request.access.manages() { None } else { Some(request.access.person) };
    ground.space.locks.release(token, &request.path, holder)?;
    Ok(Answer::empty(204, Vec::new()))
}

/// The value of `lockdiscovery`, with addresses behind `prefix`.
pub(crate) fn discovery(locks: &[Lock], prefix: &str) -> String {
    locks.iter().map(|lock| active(lock, prefix)).collect()
}

fn active(lock: &Lock, prefix: &str) -> String {
    let scope = match lock.sharing {
        Sharing::Exclusive => "exclusive",
        Sharing::Shared => "shared",
    };
    let depth = match lock.reach {
        Reach::Itself => "0",
        Reach::All => "infinity",
    };
    let root = address(prefix, lock.path.iter().map(Name::as_str));
    format!(
        "<d:activelock><d:locktype><d:write/></d:locktype><d:lockscope><d:{scope}/></d:lockscope><d:depth>{depth}</d:depth>{}\
         <d:timeout>Second-{}</d:timeout><d:locktoken><d:href>{}</d:href></d:locktoken><d:lockroot><d:href>{root}</d:href></d:lockroot>\
         </d:activelock>",
        lock.owner,
        lock.lasts.as_secs(),
        lock.token,
    )
}

fn refresh(space: &Space, request: &Request, lasts: Option<Duration>) -> Result<Answer, Failure> {
    let lists = request.header("if").map(Lists::parse).transpose()?.unwrap_or_default();
    let [token] = lists.tokens()[..] else {
        return Err(Problem::new(400, "lock-token-missing", "To refresh a lock, name it in the header If.").key("If").into());
    };
    let lock = space.locks.refresh(token, &request.path, request.access.person, lasts)?;
    Ok(shown(200, &lock, request))
}

/// Judges; where there is nothing yet, gives the empty file that comes to be, and whom that changes. Blocks.
fn prepare(space: &Space, request: &Request) -> Result<Option<(Change, Marked, Vec<u64>)>, Failure> {
    let (folder, name) = split(&request.path).ok_or_else(malformed)?;
    let dir = space.folder(folder)?;
    match dir.stat_of(name) {
        Ok(stat) if stat.kind == Kind::Other => return Err(crate::error::not_found().into()),
        Ok(_) => {
            request.judge(space, Some(&space.entry(&request.path)?), &[])?;
            return Ok(None);
        }
        Err(error) if error.is_absent() => {}
        Err(error) => return Err(error.into()),
    }
    request.judge(space, None, &[Touch::Entry(&request.path)])?;
    space.admit(0)?;
    let staged = space.stage()?;
    let marked = space.mark(&staged, space.ids.fresh()?)?;
    let line = space.line(folder)?;
    Ok(Some((Change::Create { file: staged, dir, name: name.clone() }, marked, line)))
}

fn taken(status: u16, lock: &Lock, request: &Request) -> Answer {
    let mut answer = shown(status, lock, request);
    answer.headers.push(("lock-token".into(), format!("<{}>", lock.token)));
    answer
}

fn shown(status: u16, lock: &Lock, request: &Request) -> Answer {
    let active = active(lock, &request.open.prefix);
    let body = format!(
        "<?xml version=\"1.0\" encoding=\"utf-8\"?>\n<d:prop xmlns:d=\"DAV:\"><d:lockdiscovery>{active}</d:lockdiscovery></d:prop>\n"
    );
    document(status, body)
}

impl Wanted {
    fn parse(body: &[u8]) -> Result<Self, Problem> {
        let document = Element::parse(body)?;
        if !document.is("lockinfo") || document.child("locktype").and_then(|kind| kind.child("write")).is_none() {
            return Err(malformed());
        }
        let scope = document.child("lockscope").ok_or_else(malformed)?;
        let sharing = match (scope.child("exclusive"), scope.child("shared")) {
            (Some(_), None) => Sharing::Exclusive,
            (None, Some(_)) => Sharing::Shared,
            _ => return Err(malformed()),
        };
        let owner = document.child("owner").map(Element::to_xml).unwrap_or_default();
        if owner.len() > MAX_OWNER {
            return Err(Problem::new(400, "owner-too-long", format!("The owner of a lock may take at most {MAX_OWNER} bytes.")));
        }
        Ok(Self { sharing, owner })
    }
}

/// The time that a client wishes, out of a list from the dearest on; never more than [`LONGEST`].
fn timeout(value: &str) -> Option<Duration> {
    value.split(',').map(str::trim).find_map(|wish| {
        if wish.eq_ignore_ascii_case("infinite") {
            return Some(LONGEST);
        }
        let (word, seconds) = wish.split_once('-')?;
        let seconds: u64 = if word.eq_ignore_ascii_case("second") { seconds.parse().ok()? } else { return None };
        Some(Duration::from_secs(seconds.max(1)).min(LONGEST))
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_dearest_time_that_can_be_read_counts() {
        let check = |value: &str, expected: Option<u64>| assert_eq!(timeout(value), expected.map(Duration::from_secs), "{value}");
        check("Second-30", Some(30));
        check("second-0", Some(1));
        check("Infinite, Second-4100000000", Some(600));
        check("Second-4100000000", Some(600));
        check("Extend-7, Second-5", Some(5));
        check("soon", None);
        check("Second-x", None);
    }

    #[test]
    fn a_wish_is_read_and_its_owner_stands_alone() {
        let body = |scope: &str, owner: &str| {
            format!("<D:lockinfo xmlns:D='DAV:'><D:lockscope>{scope}</D:lockscope><D:locktype><D:write/></D:locktype>{owner}</D:lockinfo>")
        };
        let parse = |scope: &str, owner: &str| Wanted::parse(body(scope, owner).as_bytes());
        let wanted = parse("<D:exclusive/>", "<D:owner><D:href>a&amp;b</D:href></D:owner>").unwrap();
        assert_eq!(wanted.sharing, Sharing::Exclusive);
        assert_eq!(wanted.owner, "<x:owner xmlns:x=\"DAV:\"><x:href xmlns:x=\"DAV:\">a&amp;b</x:href></x:owner>");
        assert_eq!(parse("<D:shared/>", "").unwrap(), Wanted { sharing: Sharing::Shared, owner: String::new() });
        assert!(parse("", "").is_err());
        assert!(parse("<D:shared/><D:exclusive/>", "").is_err());
        assert!(parse("<D:shared/>", &format!("<D:owner>{}</D:owner>", "a".repeat(MAX_OWNER))).is_err());
        assert!(Wanted::parse(b"<lockinfo/>").is_err());
    }
    croft_fuzz::target! {
        /// The one who holds a lock is told in few bytes that stand alone.
        fn locks(input) {
            match Wanted::parse(input) {
                Ok(Wanted { owner, .. }) => {
                    assert!(owner.len() <= MAX_OWNER);
                    assert!(owner.is_empty() || Element::parse(owner.as_bytes()).unwrap().to_xml() == owner);
                }
                Err(problem) => assert!(["xml-malformed", "owner-too-long"].contains(&problem.code.as_str())),
            }
        }
    }

    croft_fuzz::target! {
        /// No lock lasts longer than the longest, whatever is wished.
        fn timeouts(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            assert!(timeout(text).is_none_or(|lasts| (Duration::from_secs(1)..=LONGEST).contains(&lasts)));
        }
    }
}
