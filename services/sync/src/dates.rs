//! Reads when pictures and films were taken, in the background: the newest first, one at a time, at a pace that leaves the machine to others.
//!
//! What was read stays in the catalogue, so a worker that ends for want of visitors goes on at its next start. It is never kept awake for this.

use std::{
    collections::HashMap,
    time::{Duration, Instant},
};

use croft_api::preview::Taken;
use tokio::time::sleep;

use crate::{
    error::Failure,
    methods::Ground,
    previews::NotRead,
    space::{Read, Unread, blocking},
};

/// Before the first file: whoever woke the worker comes first.
const START: Duration = Duration::from_secs(3);
/// How often it is looked whether something is new; and at least so many times as long as the look takes.
const LOOK: Duration = Duration::from_secs(2);
const LOOK_PACE: u32 = 20;
/// Photos of one look, and of what is written at once.
const LOOKED: usize = 256;
const KEPT: usize = 32;
/// Rest after a file: so many times as long as its reading took, which leaves three quarters of a core.
const REST: u32 = 3;
/// Rest when others come first, or nobody reads.
const BUSY: Duration = Duration::from_secs(1);
const NOBODY: Duration = Duration::from_secs(60);
/// Tries of a file that makes trouble, each time after the others; then it waits for the worker's next start.
const TRIES: u32 = 3;

/// Tries of a photo that failed.
type Troubles = HashMap<Unread, u32>;

/// Reads until it is cancelled.
pub(crate) async fn read(ground: Ground) {
    sleep(START).await;
    let (mut done, mut troubles) = (None, HashMap::new());
    loop {
        let generation = ground.space.catalog_generation();
        let mut rest = LOOK;
        if done != Some(generation) {
            match look(&ground, &mut troubles).await {
                Ok(Found::Nothing { look }) => {
                    done = Some(generation);
                    rest = rest.max(look * LOOK_PACE);
                }
                Ok(Found::Some) => rest = Duration::ZERO,
                Ok(Found::Later { look }) => rest = rest.max(look * LOOK_PACE),
                Ok(Found::Nobody) => rest = NOBODY,
                Err(error) => {
                    tracing::warn!(%error, "when photos were taken cannot be read");
                    rest = NOBODY;
                }
            }
        }
        sleep(rest).await;
    }
}

/// What a look brought.
enum Found {
    /// All is read; that took so long to see.
    Nothing {
        look: Duration,
    },
    Some,
    /// There is something, and none of it could be read now; that took so long to see.
    Later {
        look: Duration,
    },
    /// Nobody reads.
    Nobody,
}

/// What became of one photo.
enum Outcome {
    /// It was taken then, or does not say.
    Known(Option<Taken>),
    /// It waits for its next try.
    Later,
    Nobody,
}

async fn look(ground: &Ground, troubles: &mut Troubles) -> Result<Found, Failure> {
    let (space, begun) = (ground.space.clone(), Instant::now());
    let unread = blocking(move || space.unread(LOOKED)).await?;
    let look = begun.elapsed();
    if unread.is_empty() {
        return Ok(Found::Nothing { look });
    }
    let (mut read, mut kept, mut found) = (Vec::new(), 0, Found::Some);
    for photo in unread {
        match one(ground, &photo, troubles).await? {
            Outcome::Known(taken) => read.push((photo, taken)),
            Outcome::Later => {}
            Outcome::Nobody => {
                found = Found::Nobody;
                break;
            }
        }
        if read.len() >= KEPT {
            kept += read.len();
            keep(ground, std::mem::take(&mut read)).await?;
        }
    }
    // What cannot be read now is not looked for without a pause.
    let idle = read.is_empty() && kept == 0 && matches!(found, Found::Some);
    keep(ground, read).await?;
    Ok(if idle { Found::Later { look } } else { found })
}

/// What is known of one photo now, if anything is to be kept of it.
async fn one(ground: &Ground, photo: &Unread, troubles: &mut Troubles) -> Result<Outcome, Failure> {
    let (space, sought) = (ground.space.clone(), photo.clone());
    // Another one by now, which is seen in a later look; or one that the system does not let the worker open.
    let Some(file) = blocking(move || space.open_unread(&sought)).await? else {
        trouble(ground, photo, troubles);
        return Ok(Outcome::Later);
    };
    let begun = Instant::now();
    let read = ground.previews.taken(&file).await;
    sleep(begun.elapsed() * REST).await;
    Ok(match read {
        Ok(taken) => Outcome::Known(taken),
        Err(NotRead::Nobody) => Outcome::Nobody,
        Err(NotRead::Busy) => {
            sleep(BUSY).await;
            Outcome::Later
        }
        Err(NotRead::Trouble) => {
            trouble(ground, photo, troubles);
            sleep(BUSY).await;
            Outcome::Later
        }
    })
}

/// Counts a try that failed; after the last one the photo is passed over.
fn trouble(ground: &Ground, photo: &Unread, troubles: &mut Troubles) {
    let tries = troubles.entry(photo.clone()).or_insert(0);
    *tries += 1;
    if *tries >= TRIES {
        troubles.remove(photo);
        ground.space.give_up(photo.clone());
    }
}

async fn keep(ground: &Ground, read: Vec<Read>) -> Result<(), Failure> {
    if read.is_empty() {
        return Ok(());
    }
    let space = ground.space.clone();
    blocking(move || space.keep_dates(&read)).await
}
