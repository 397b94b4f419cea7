//! The timeline of a person: what each of their spaces says of its pictures and films, merged.

use std::collections::{BTreeMap, HashMap};

use bytes::Bytes;
use croft_api::{
    bulk::{Area, Method, Month, Photos as Asked, Shot, limits::MAX_MOUNTS},
    wire::photos::{PhotoMonth, PhotoPage, PhotoRow, Timeline},
};
use croft_model::{Problem, SpaceId, SpaceNumber};
use futures_util::{StreamExt, stream};
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::{
    Capabilities,
    spaces::{Question, Spaces},
    workers::broken_off,
};
use crate::household::{Mount, Tree};

/// Spaces that are asked at once.
const AT_ONCE: usize = 4;
/// Bytes of one answer: the places of a quarter of a million photos.
const ANSWER_BYTES: usize = 4 << 20;

/// The photos of a person, in all their spaces.
pub(crate) struct Photos<'a, C>(pub(crate) Spaces<'a, C>);

impl<C: Capabilities> Photos<'_, C> {
    /// How many photos each month has by the clock of `zone`.
    pub(crate) async fn timeline(&self, zone: String) -> Result<Timeline, Problem> {
        let shown = self.0.shown().await?;
        let _place = self.0.workers.gather().await?;
        let (mut months, mut unread): (BTreeMap<String, u64>, u64) = (BTreeMap::new(), 0);
        let add = |bytes: &[u8]| {
            let timeline: Timeline = read(bytes)?;
            unread += timeline.unread;
            timeline.months.into_iter().for_each(|PhotoMonth { month, photos }| *months.entry(month).or_default() += photos);
            Ok(())
        };
        let missing = self.each(spaces(&shown), &Asked::Months { zone }, add).await?;
        let months = months.into_iter().rev().map(|(month, photos)| PhotoMonth { month, photos });
        Ok(Timeline { months: months.collect(), unread, missing })
    }

    /// The photos of a month from the one at `offset` on, `limit` at most.
    pub(crate) async fn page(&self, month: Month, (offset, limit): (usize, usize), zone: String) -> Result<PhotoPage, Problem> {
        let shown = self.0.shown().await?;
        let _place = self.0.workers.gather().await?;
        let until = offset.saturating_add(limit);
        let asked = Asked::Shots { month, until, zone: zone.clone() };
        let mut shots: Vec<Shot> = Vec::new();
        let add = |bytes: &[u8]| {
            shots.extend(Shot::decode_all(bytes).ok_or_else(broken_off)?);
            shots.sort_unstable_by_key(|shot| shot.key());
            shots.truncate(until);
            Ok(())
        };
        let mut missing = self.each(spaces(&shown), &asked, add).await?;
        let page: Vec<u64> = shots.into_iter().skip(offset).take(limit).map(|shot| shot.id).collect();
        let asked = Asked::Rows { zone };
        let mut rows: HashMap<u64, PhotoRow> = HashMap::new();
        for (space, mount) in spaces(&shown) {
            let of = |id: &&u64| SpaceNumber::of_file(**id).is_some_and(|number| number == SpaceNumber::from(space));
            let ids: Vec<u64> = page.iter().filter(of).copied().collect();
            if ids.is_empty() {
                continue;
            }
            let body = serde_json::to_vec(&ids).map_err(|error| croft_api::problem::internal(&error))?.into();
            match (self.ask(space, &asked, body).await.and_then(|bytes| read::<Vec<PhotoRow>>(&bytes)), mount) {
                (Ok(more), mount) => rows.extend(more.into_iter().map(|row| (row.id, seen(row, mount.as_ref())))),
                (Err(_), Some(mount)) => missing.push(mount.name),
                (Err(problem), None) => return Err(problem),
            }
        }
        Ok(PhotoPage { photos: page.iter().map(|id| rows.remove(id)).collect(), missing })
    }

    /// Asks each of `spaces` the same and hands what it said to `add`; gives the shared ones that did not answer. The own one has to; a shared one of
    /// which somebody is no member any more has nothing.
    async fn each(
        &self,
        spaces: Vec<(SpaceId, Option<Mount>)>,
        asked: &Asked,
        mut add: impl FnMut(&[u8]) -> Result<(), Problem>,
    ) -> Result<Vec<String>, Problem> {
        let ask = |(space, mount)| async move { (self.ask(space, asked, Bytes::new()).await, mount) };
        let mut answers = stream::iter(spaces.into_iter().map(ask)).buffer_unordered(AT_ONCE);
        let mut missing = Vec::new();
        while let Some((answer, mount)) = answers.next().await {
            match (answer.and_then(|bytes| add(&bytes)), mount) {
                (Ok(()), _) => {}
                (Err(problem), None) => return Err(problem),
                (Err(problem), Some(_)) if problem.status == StatusCode::NOT_FOUND.as_u16() => {}
                (Err(_), Some(mount)) => missing.push(mount.name),
            }
        }
        missing.sort();
        Ok(missing)
    }

    async fn ask(&self, space: SpaceId, asked: &Asked, body: Bytes) -> Result<Bytes, Problem> {
        let method = if matches!(asked, Asked::Rows { .. }) { Method::Search } else { Method::Get };
        let question = Question { headers: vec![asked.header()], ..Question::new(method, Area::Photos) };
        self.0.document(space, question, body, ANSWER_BYTES).await
    }
}

/// The spaces of a tree.
fn spaces(tree: &Tree) -> Vec<(SpaceId, Option<Mount>)> {
    let mounts = tree.mounts.iter().take(MAX_MOUNTS).map(|mount| (mount.space, Some(mount.clone())));
    std::iter::once((tree.own, None)).chain(mounts).collect()
}

/// A photo as whoever has its space under that name sees it.
fn seen(mut row: PhotoRow, mount: Option<&Mount>) -> PhotoRow {
    if let Some(mount) = mount {
        row.path = format!("{}/{}", mount.name, row.path);
    }
    row
}

fn read<T: DeserializeOwned>(bytes: &[u8]) -> Result<T, Problem> {
    serde_json::from_slice(bytes).map_err(|_| broken_off())
}
