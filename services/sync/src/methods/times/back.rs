//! Makes a file, a folder or the whole space as it was, and changes only what differs.
//!
//! First all that was there is walked, from the top down: what was only moved goes back, what is missing comes back, what differs gets the content that it had.
//! Then, in the folders that were there, what was made since. Each file and folder is published by itself, so a power cut leaves each as it was then or as it is
//! now; where one is in the place of the other, what is there goes to the trash before, and a power cut in between leaves it there. Who begins again goes on. It is
//! done while the answer is read; who hangs up, or may no longer write, ends it between two entries.

use std::{
    collections::HashSet,
    sync::{
        Arc,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use croft_api::bulk::{Area, Open};
use croft_files::{Kind, Name};
use croft_model::Problem;
use serde::Serialize;
use serde_json::json;
use tokio::{
    runtime::Handle,
    sync::OwnedSemaphorePermit,
    task::{JoinError, JoinSet},
    time::{Instant, timeout_at},
};

use super::{
    super::{delete, mkcol, pairs, relocate, split},
    Ground, Request,
    compare::{self, Judged, joined},
    content::{Content, Done},
    place, then as was_then, time_gone,
};
use crate::{
    error::{Failure, not_found},
    exchange::{Answer, Body},
    judge::{
        back::{Deed, Newer},
        path,
    },
    news::News,
    space::{Time, blocking},
};

/// The type of the answer: JSON, one line after the other.
const LINES: &str = "application/jsonl";
/// How often it is said how far it is.
const TELL: Duration = Duration::from_millis(500);
/// Files that are brought back at once: they share a flush.
const AT_ONCE: usize = 16;
/// What is said of a file that somebody changed since it was judged.
const CHANGED: [&str; 2] = ["name-taken", "changed-meanwhile"];
/// Names that are judged in one go.
const CHUNK: usize = 64;
/// What goes to the trash at once of what was made since: half of what the trash lists. More stays where it is.
const MOST_DISCARDED: u64 = 1_000;

/// Whether anything is changed.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Mode {
    /// It is only counted.
    Look,
    Do,
}

/// What was done, or would be.
#[derive(Debug, Default, Serialize)]
struct Count {
    /// Files and folders that were looked at.
    looked: u64,
    /// Files that come back, and their bytes.
    returned: u64,
    bytes: u64,
    /// Folders that come back, before what is in them.
    folders: u64,
    /// Files whose content changes.
    changed: u64,
    /// What goes back to where it was, each with all that is in it.
    moved: u64,
    /// What was made since and stays, and what of it goes to the trash; a folder is one.
    newer: u64,
    discarded: u64,
    /// How many go to the trash at most.
    most_discarded: u64,
    /// What gives way to something of another kind, to the trash.
    replaced: u64,
    /// What is left as it is because the box may not or cannot touch it, and the path of one of them.
    left: u64,
    one_left: Option<String>,
}

/// What is still to be walked.
enum Step {
    /// A folder, as it was, and where it is now.
    Folder { then: Vec<Name>, now: Option<Vec<Name>> },
    /// Names that were in a folder.
    Names { then: Vec<Name>, now: Option<Vec<Name>>, names: Vec<Name> },
    /// A folder that was there, for what was made in it since.
    Newer { then: Vec<Name>, now: Vec<Name> },
    /// Names that are in such a folder.
    Made { then: Vec<Name>, now: Vec<Name>, names: Vec<Name> },
}

/// A place on its way back.
struct Back {
    ground: Ground,
    asked: Request,
    time: Time,
    base: Vec<Name>,
    mode: Mode,
    newer: Newer,
    steps: Vec<Step>,
    /// What is walked when all that was is back.
    last: Vec<Step>,
    /// Files that wait for their turn, and those that are under way, each with its path.
    waiting: Vec<Content>,
    files: JoinSet<(Vec<Name>, Result<Done, Failure>)>,
    /// What was judged twice, since it changed in between.
    twice: HashSet<Vec<Name>>,
    /// Ends copies that are under way.
    given_up: Arc<AtomicBool>,
    /// Who would be moved, so that it does not count as made since.
    moved: HashSet<u64>,
    count: Count,
    ended: bool,
    /// Held to the end, and by each file that is under way.
    place: Option<Arc<OwnedSemaphorePermit>>,
}

/// Answers with what would be done, or is, line by line: `{"looked": 5}` while it goes on, last `{"done": {…}}` or `{"problem": {…}}`.
pub(super) async fn answer(ground: &Ground, request: Request, (mode, newer): (Mode, Newer)) -> Result<Answer, Failure> {
    ground.space.guard.judge()?;
    let (time, base) = place(&request.path)?;
    let base = base.to_vec();
    let (looking, sought) = (ground.space.clone(), base.clone());
    let was = blocking(move || looking.past(time, &sought)).await?;
    // Who only looks keeps nobody from having something back.
    let (places, sentence) = match mode {
        Mode::Look => (&ground.space.comparing, "The space is being compared with an earlier time already."),
        Mode::Do => (&ground.space.bringing_back, "Something is being brought back in the space already."),
    };
    let place = places.clone().try_acquire_owned();
    let place = place.map_err(|_| Problem::new(503, "busy", sentence).hint("Try again in a moment.").retry_after(10))?;
    // Nobody answers with what was changed on the way, so every link is told.
    let ground = Ground { news: ground.news.of_link(News::NO_LINK), ..ground.clone() };
    let asked = Request { open: Open { area: Area::Files, headers: Vec::new(), ..request.open }, ..request };
    if mode == Mode::Do && !base.is_empty() {
        mkcol::make_folders(&ground, &Arc::new(asked.about(base.clone()))).await?;
    }
    let (first, last) = match split(&base) {
        Some((folder, name)) => {
            let now = Some(folder.to_vec());
            let last = was.dir().map(|_| Step::Newer { then: base.clone(), now: base.clone() });
            (Step::Names { then: folder.to_vec(), now, names: vec![name.clone()] }, last)
        }
        None => (Step::Folder { then: Vec::new(), now: Some(Vec::new()) }, Some(Step::Newer { then: Vec::new(), now: Vec::new() })),
    };
    let mut back = Back {
        ground,
        asked,
        time,
        base,
        mode,
        newer,
        steps: vec![first],
        last: last.into_iter().collect(),
        waiting: Vec::new(),
        files: JoinSet::new(),
        twice: HashSet::new(),
        given_up: Arc::default(),
        moved: HashSet::new(),
        count: Count { most_discarded: MOST_DISCARDED, ..Count::default() },
        ended: false,
        place: Some(Arc::new(place)),
    };
    let headers = pairs(&[("content-type", LINES), ("cache-control", "no-store")]);
    Ok(Answer { status: 200, headers, body: Body::Pieces(Box::new(move || Ok(back.line()))), changed: Vec::new() })
}

impl Back {
    /// Goes on for a while and says how far it is; `None` after the end. Blocks.
    fn line(&mut self) -> Option<Vec<u8>> {
        if self.ended {
            return None;
        }
        let said = match Handle::current().block_on(self.go_on()) {
            Ok(false) => json!({"looked": self.count.looked}),
            Ok(true) => json!({"done": self.count}),
            Err(failure) => json!({"problem": failure.problem()?}),
        };
        self.ended = said.get("looked").is_none();
        if self.ended {
            self.place = None;
        }
        Some(format!("{said}\n").into_bytes())
    }

    /// Works for [`TELL`]; true at the end.
    async fn go_on(&mut self) -> Result<bool, Failure> {
        self.ground.sharers.still_writes(self.asked.access.person)?;
        let until = Instant::now() + TELL;
        while Instant::now() < until {
            while let Some(done) = self.files.try_join_next() {
                self.counted(done)?;
            }
            if self.files.len() >= AT_ONCE {
                self.one_done(until).await?;
            } else if let Some(content) = self.waiting.pop() {
                let (path, place) = (content.asked.path.clone(), self.place.clone());
                drop(self.files.spawn(async move {
                    let done = content.bring_back().await;
                    drop(place);
                    (path, done)
                }));
            } else if let Some(step) = self.steps.pop() {
                self.step(step).await?;
            } else if !self.files.is_empty() {
                self.one_done(until).await?;
            } else if self.last.is_empty() {
                return self.still_there().await.map(|()| true);
            } else {
                self.steps.append(&mut self.last);
            }
        }
        Ok(false)
    }

    /// Waits for a file, not for longer than `until`.
    async fn one_done(&mut self, until: Instant) -> Result<(), Failure> {
        match timeout_at(until, self.files.join_next()).await {
            Ok(Some(done)) => self.counted(done),
            _ => Ok(()),
        }
    }

    fn counted(&mut self, done: Result<(Vec<Name>, Result<Done, Failure>), JoinError>) -> Result<(), Failure> {
        let (path, done) = done.map_err(|_| Failure::Broken("bringing a file back broke off"))?;
        match done {
            Ok(Done::Nothing) => {}
            Ok(Done::Returned(bytes)) => {
                self.count.returned += 1;
                self.count.bytes += bytes;
            }
            Ok(Done::Changed(bytes)) => {
                self.count.changed += 1;
                self.count.bytes += bytes;
            }
            Err(failure) => self.again_or_leave(&path, failure)?,
        }
        Ok(())
    }

    /// Judges what is at `path` once more where somebody was faster, and else leaves it.
    fn again_or_leave(&mut self, path: &[Name], failure: Failure) -> Result<(), Failure> {
        match failure {
            Failure::Problem(problem) if CHANGED.contains(&problem.code.as_str()) && self.twice.insert(path.to_vec()) => {
                self.count.looked -= 1;
                self.judge_again(path);
                Ok(())
            }
            failure => self.leave(path::text(path), failure),
        }
    }

    /// Counts what stays as it is, where `failure` is about it alone; any other ends all.
    fn leave(&mut self, path: String, failure: Failure) -> Result<(), Failure> {
        let alone = match &failure {
            Failure::Problem(problem) => problem.status < 500 && problem.code != time_gone().code,
            Failure::Files(error) => error.is_absent() || error.is_refused() || error.is_taken() || error.is_damaged(),
            Failure::Read(_) => true,
            _ => false,
        };
        if !alone {
            return Err(failure);
        }
        tracing::debug!(error = %failure, "an entry is left as it is");
        self.left(path);
        Ok(())
    }

    fn left(&mut self, path: String) {
        self.count.left += 1;
        self.count.one_left.get_or_insert(path);
    }

    /// Refuses to say that all is done where the time went away meanwhile.
    async fn still_there(&self) -> Result<(), Failure> {
        let (space, time) = (self.ground.space.clone(), self.time);
        blocking(move || was_then(&space, time, &[]).map(drop)).await
    }

    /// Does one step; what of it cannot be read is left.
    async fn step(&mut self, step: Step) -> Result<(), Failure> {
        let at = match &step {
            Step::Folder { then, .. } | Step::Names { then, .. } | Step::Newer { then, .. } | Step::Made { then, .. } => path::text(then),
        };
        match self.try_step(step).await {
            Err(failure) => self.leave(at, failure),
            Ok(()) => Ok(()),
        }
    }

    async fn try_step(&mut self, step: Step) -> Result<(), Failure> {
        let (space, time) = (self.ground.space.clone(), self.time);
        match step {
            Step::Folder { then, now } => {
                let path = then.clone();
                let names = blocking(move || {
                    let was = was_then(&space, time, &path)?;
                    let mut names: Vec<Name> = was.dir().ok_or_else(not_found)?.list()?.into_iter().map(|listed| listed.name).collect();
                    names.sort_by(|one, other| other.cmp(one));
                    Ok(names)
                });
                let names = names.await?;
                if !names.is_empty() {
                    self.steps.push(Step::Names { then, now, names });
                }
                Ok(())
            }
            Step::Names { then, now, mut names } => {
                let some = names.split_off(names.len().saturating_sub(CHUNK));
                if !names.is_empty() {
                    self.steps.push(Step::Names { then: then.clone(), now: now.clone(), names });
                }
                let (was, is, scope) = (then.clone(), now.clone(), self.base.clone());
                let judged = blocking(move || compare::judge((&space, time), (&was, is.as_deref()), &scope, some)).await?;
                self.act(then, now, judged).await
            }
            Step::Newer { then, now } => {
                let is = now.clone();
                let names = blocking(move || compare::names(&space, &is)).await?;
                if !names.is_empty() {
                    self.steps.push(Step::Made { then, now, names });
                }
                Ok(())
            }
            Step::Made { then, now, mut names } => {
                let some = names.split_off(names.len().saturating_sub(CHUNK));
                if !names.is_empty() {
                    self.steps.push(Step::Made { then: then.clone(), now: now.clone(), names });
                }
                self.made_since((then, now), some).await
            }
        }
    }

    /// Does what was judged, or counts it.
    async fn act(&mut self, then: Vec<Name>, now: Option<Vec<Name>>, judged: Vec<Judged>) -> Result<(), Failure> {
        let mut judged = judged.into_iter().rev();
        while let Some(one) = judged.next() {
            self.count.looked += 1;
            let (was, is) = (joined(&then, &one.name), now.as_ref().map(|now| joined(now, &one.name)));
            match one.deed {
                Deed::Nothing | Deed::Keep | Deed::Discard => {}
                Deed::Leave => self.left(path::text(&was)),
                Deed::Into => self.steps.push(Step::Folder { then: was, now: is }),
                Deed::Return if one.kind == Kind::Dir => self.folder(was).await?,
                Deed::Return => self.content(was, is, &one),
                Deed::Change | Deed::Compare => self.content(was, is, &one),
                Deed::Replace => self.replace(was, &one).await?,
                Deed::MoveBack => {
                    if self.move_back(was, &one).await? {
                        // What others are at depends on where this one was.
                        let rest: Vec<Name> = judged.map(|one| one.name).collect();
                        if !rest.is_empty() {
                            self.steps.insert(
                                self.steps.len().saturating_sub(1),
                                Step::Names { then, now, names: rest.into_iter().rev().collect() },
                            );
                        }
                        return Ok(());
                    }
                }
            }
        }
        Ok(())
    }

    /// The folder at `path` comes back, and then what was in it.
    async fn folder(&mut self, path: Vec<Name>) -> Result<(), Failure> {
        self.count.folders += 1;
        if self.mode == Mode::Look {
            self.steps.push(Step::Folder { then: path, now: None });
            return Ok(());
        }
        match mkcol::make(&self.ground, self.asked.about(path.clone())).await {
            Ok(_) => {
                self.steps.push(Step::Folder { then: path.clone(), now: Some(path) });
                Ok(())
            }
            Err(failure) => {
                self.count.folders -= 1;
                self.again_or_leave(&path, failure)
            }
        }
    }

    /// The content of the file at `was` comes back, where it differs from the one at `is`.
    fn content(&mut self, was: Vec<Name>, is: Option<Vec<Name>>, one: &Judged) {
        if self.mode == Mode::Look && one.deed != Deed::Compare {
            let count = if one.deed == Deed::Return { &mut self.count.returned } else { &mut self.count.changed };
            *count += 1;
            self.count.bytes += one.size;
            return;
        }
        let content = Content {
            ground: self.ground.clone(),
            asked: self.asked.about(was),
            time: self.time,
            now: is,
            present: one.present,
            compares: one.deed == Deed::Compare,
            mode: self.mode,
            given_up: self.given_up.clone(),
        };
        self.waiting.push(content);
    }

    /// What is at `path` now goes to the trash, since something of another kind was there.
    async fn replace(&mut self, path: Vec<Name>, one: &Judged) -> Result<(), Failure> {
        self.count.replaced += 1;
        if self.mode == Mode::Look {
            if one.kind == Kind::Dir {
                return self.folder(path).await;
            }
            self.count.returned += 1;
            self.count.bytes += one.size;
            return Ok(());
        }
        let (space, asked, size) = (self.ground.space.clone(), self.asked.about(path.clone()), one.size);
        // Nothing goes for what has no room.
        blocking(move || space.admit_for(&asked.access, size)).await?;
        match delete::discard(&self.ground, Arc::new(self.asked.about(path.clone())), |_, _| Ok(())).await {
            Ok(_) => {
                self.judge_again(&path);
                Ok(())
            }
            Err(failure) => {
                self.count.replaced -= 1;
                self.leave(path::text(&path), failure)
            }
        }
    }

    /// What was at `was` goes back there. False where it cannot, and comes back as a copy.
    async fn move_back(&mut self, was: Vec<Name>, one: &Judged) -> Result<bool, Failure> {
        let Some((from, id)) = &one.elsewhere else { return Err(Failure::Broken("nothing is elsewhere")) };
        if self.mode == Mode::Look {
            self.count.moved += 1;
            self.moved.insert(*id);
            if one.kind == Kind::Dir {
                self.last.push(Step::Newer { then: was.clone(), now: from.clone() });
                self.steps.push(Step::Folder { then: was, now: Some(from.clone()) });
            }
            return Ok(false);
        }
        let mut moves = self.asked.about(from.clone());
        moves.open.destination = Some(was.iter().map(ToString::to_string).collect());
        moves.open.headers = pairs(&[("overwrite", "F")]);
        match relocate::relocate(&self.ground, moves).await {
            Ok(_) => {
                self.count.moved += 1;
                self.judge_again(&was);
                Ok(true)
            }
            Err(failure) => {
                tracing::debug!(error = %failure, "what was moved comes back as a copy");
                match one.kind {
                    Kind::Dir => self.folder(was).await?,
                    _ => self.content(
                        was.clone(),
                        Some(was),
                        &Judged { deed: Deed::Return, elsewhere: None, name: one.name.clone(), ..*one },
                    ),
                }
                Ok(false)
            }
        }
    }

    /// Judges what is at `path` once more, next.
    fn judge_again(&mut self, path: &[Name]) {
        if let Some((folder, name)) = split(path) {
            self.steps.push(Step::Names { then: folder.to_vec(), now: Some(folder.to_vec()), names: vec![name.clone()] });
        }
    }

    /// Which of the `names` in a folder that was there were made since.
    async fn made_since(&mut self, (then, now): (Vec<Name>, Vec<Name>), names: Vec<Name>) -> Result<(), Failure> {
        let (space, time, was, is) = (self.ground.space.clone(), self.time, then.clone(), now.clone());
        let compare::Newer { made, folders } = blocking(move || compare::newer((&space, time), &was, &is, names)).await?;
        for (name, id) in made {
            self.count.looked += 1;
            if self.moved.contains(&id) {
                continue;
            }
            let path = joined(&now, &name);
            if self.newer == Newer::Stays || self.count.discarded == MOST_DISCARDED {
                self.count.newer += 1;
            } else if self.mode == Mode::Look {
                self.count.discarded += 1;
            } else {
                match delete::discard(&self.ground, Arc::new(self.asked.about(path.clone())), |_, _| Ok(())).await {
                    Ok(_) => self.count.discarded += 1,
                    Err(failure) => self.leave(path::text(&path), failure)?,
                }
            }
        }
        self.steps.extend(folders.iter().map(|name| Step::Newer { then: joined(&then, name), now: joined(&now, name) }));
        Ok(())
    }
}

impl Drop for Back {
    fn drop(&mut self) {
        self.given_up.store(true, Ordering::Release);
        // What is published already is to be told, too: the rest ends by itself.
        self.files.detach_all();
    }
}
