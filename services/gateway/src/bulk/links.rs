//! Links of a person's spaces: what the API and the dialect say of them, asked of the workers.

use std::cmp::Reverse;

use bytes::Bytes;
use croft_api::{
    bulk::{Area, Method},
    wire::links::{LinkRow, LinkWish},
};
use croft_model::{Problem, Right, SpaceId};
use http::StatusCode;
use serde::de::DeserializeOwned;

use super::{
    Capabilities,
    place::Place,
    spaces::{Question, Spaces},
    workers::broken_off,
};
use crate::household::Mount;

/// Bytes of what one space says of its links: 500 of them, each with some hundreds.
const ANSWER_BYTES: usize = 4 * 1024 * 1024;

/// A person's links, in all their spaces.
pub(crate) struct Links<'a, C>(pub(crate) Spaces<'a, C>);

impl<C: Capabilities> Links<'_, C> {
    /// Those to what `path` names and below; at the root, all. A shared space that does not answer is left out.
    pub(crate) async fn list(&self, path: Vec<String>) -> Result<Vec<LinkRow>, Problem> {
        let shown = self.0.shown().await?;
        if !path.is_empty() {
            let place = Place::of(&shown, path);
            let rows: Vec<LinkRow> = self.ask(place.space, (Method::Get, Area::Links, place.segments), Bytes::new()).await?;
            return Ok(rows.into_iter().map(|row| seen(row, place.mount)).collect());
        }
        let _place = self.0.workers.gather().await?;
        let mut rows: Vec<LinkRow> = self.ask(shown.own, (Method::Get, Area::Links, Vec::new()), Bytes::new()).await?;
        for mount in shown.mounts.iter().filter(|mount| mount.right >= Right::Share) {
            match self.ask::<Vec<LinkRow>>(mount.space, (Method::Get, Area::Links, Vec::new()), Bytes::new()).await {
                Ok(more) => rows.extend(more.into_iter().map(|row| seen(row, Some(mount)))),
                Err(problem) => tracing::warn!(space = %mount.space, %problem, "the links of a shared space are left out"),
            }
        }
        rows.sort_by_key(|row| Reverse(row.made));
        Ok(rows)
    }

    /// Makes one to what is at `path`.
    pub(crate) async fn make(&self, path: Vec<String>, wish: &LinkWish) -> Result<LinkRow, Problem> {
        let shown = self.0.shown().await?;
        let place = Place::of(&shown, path);
        let row = self.ask(place.space, (Method::Post, Area::Links, place.segments), document(wish)?).await?;
        Ok(seen(row, place.mount))
    }

    /// The link of this id.
    pub(crate) async fn one(&self, link: &str) -> Result<LinkRow, Problem> {
        self.with(link, Method::Get, Bytes::new()).await
    }

    /// Changes it.
    pub(crate) async fn change(&self, link: &str, wish: &LinkWish) -> Result<LinkRow, Problem> {
        self.with(link, Method::Post, document(wish)?).await
    }

    /// Revokes it.
    pub(crate) async fn revoke(&self, link: &str) -> Result<(), Problem> {
        let (space, key) = self.space_of(link)?;
        self.bytes(space, (Method::Delete, Area::Link, vec![key]), Bytes::new()).await.map(|_| ())
    }

    async fn with(&self, link: &str, method: Method, body: Bytes) -> Result<LinkRow, Problem> {
        let (space, key) = self.space_of(link)?;
        let shown = self.0.shown().await?;
        let row = self.ask(space, (method, Area::Link, vec![key]), body).await?;
        Ok(seen(row, shown.mounts.iter().find(|mount| mount.space == space)))
    }

    /// The space that a link belongs to, as its id says, and its key there.
    fn space_of(&self, link: &str) -> Result<(SpaceId, String), Problem> {
        let (space, key) = link.split_once('-').ok_or_else(no_link)?;
        let space = space.parse().ok().filter(|space| self.0.tree.has(*space)).ok_or_else(no_link)?;
        Ok((space, key.to_owned()))
    }

    async fn ask<T: DeserializeOwned>(&self, space: SpaceId, what: (Method, Area, Vec<String>), body: Bytes) -> Result<T, Problem> {
        serde_json::from_slice(&self.bytes(space, what, body).await?).map_err(|_| broken_off())
    }

    async fn bytes(&self, space: SpaceId, (method, area, segments): (Method, Area, Vec<String>), body: Bytes) -> Result<Bytes, Problem> {
        let question = Question { segments, ..Question::new(method, area) };
        let answer = self.0.document(space, question, body, ANSWER_BYTES).await;
        answer.map_err(|problem| if problem.status == StatusCode::NOT_FOUND.as_u16() && area == Area::Link { no_link() } else { problem })
    }
}

/// A link as whoever has its space under that name sees it.
fn seen(mut row: LinkRow, mount: Option<&Mount>) -> LinkRow {
    if let (Some(mount), Some(path)) = (mount, &mut row.path) {
        *path = format!("{}/{path}", mount.name);
    }
    row
}

fn document(wish: &LinkWish) -> Result<Bytes, Problem> {
    serde_json::to_vec(wish).map(Into::into).map_err(|error| croft_api::problem::internal(&error))
}

fn no_link() -> Problem {
    Problem::new(404, "no-such-link", "There is no such link of yours.").hint("Look at the list of your links.")
}
