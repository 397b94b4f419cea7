//! The spaces of a person, for what the gateway asks of all of them and merges.

use axum::{body::Body, response::Response};
use bytes::Bytes;
use croft_api::bulk::{Area, Method, Open};
use croft_model::{Problem, SpaceId};
use http_body_util::{BodyExt, Limited};

use super::{Capabilities, Workers, place, workers::broken_off};
use crate::household::Tree;

/// Who asks, and what they have.
pub(crate) struct Spaces<'a, C> {
    pub(crate) workers: &'a Workers,
    pub(crate) capabilities: &'a C,
    pub(crate) tree: &'a Tree,
    /// The request's.
    pub(crate) id: &'a str,
}

/// What a worker is asked, beside a body.
pub(super) struct Question {
    pub(super) method: Method,
    pub(super) area: Area,
    pub(super) prefix: String,
    pub(super) segments: Vec<String>,
    pub(super) headers: Vec<(String, String)>,
}

impl Question {
    /// One of which the area says all.
    pub(super) fn new(method: Method, area: Area) -> Self {
        Self { method, area, prefix: String::new(), segments: Vec::new(), headers: Vec::new() }
    }
}

impl<C: Capabilities> Spaces<'_, C> {
    /// The tree with the names under which its spaces are shown.
    pub(super) async fn shown(&self) -> Result<Tree, Problem> {
        place::named(self.workers, self.capabilities, self.tree, self.id).await
    }

    /// What the worker of `space` answers.
    pub(super) async fn ask(&self, space: SpaceId, question: Question, body: Bytes) -> Result<Response, Problem> {
        let Question { method, area, prefix, segments, headers } = question;
        let open = Open {
            method,
            length: Some(body.len() as u64),
            request: self.id.to_owned(),
            capability: self.capabilities.capability_for(space).await?,
            area,
            prefix,
            segments,
            destination: None,
            headers,
            mounts: None,
        };
        self.workers.ask(space, open, Body::from(body)).await
    }

    /// The same as a document of `most` bytes; a refusal as the problem that it is.
    pub(super) async fn document(&self, space: SpaceId, question: Question, body: Bytes, most: usize) -> Result<Bytes, Problem> {
        let response = self.ask(space, question, body).await?;
        let is_good = response.status().is_success();
        let answer = whole(response, most).await?;
        if is_good { Ok(answer) } else { Err(serde_json::from_slice(&answer).unwrap_or_else(|_| broken_off())) }
    }
}

/// The whole body of an answer.
pub(super) async fn whole(answer: Response, most: usize) -> Result<Bytes, Problem> {
    Ok(Limited::new(answer.into_body(), most).collect().await.map_err(|_| broken_off())?.to_bytes())
}
