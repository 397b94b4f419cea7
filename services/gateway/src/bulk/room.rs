//! How much room somebody has: what their own space says of itself.

use std::time::Duration;

use axum::body::Body;
use croft_api::bulk::{Area, Method, Open, Taken, limits::MAX_INLINE};
use croft_model::SpaceId;
use http_body_util::{BodyExt, Limited};
use tokio::time::timeout;

use super::{Capabilities, Workers};

/// Time that an answer about a person waits for it; without it that says nothing of room.
const PATIENCE: Duration = Duration::from_secs(3);

/// What is in the space `own` and what still goes there; `None` where its worker does not say.
pub(crate) async fn of(workers: &Workers, capabilities: &impl Capabilities, own: SpaceId, id: &str) -> Option<Taken> {
    let open = Open {
        method: Method::Get,
        length: Some(0),
        request: id.to_owned(),
        capability: capabilities.capability_for(own).await.ok()?,
        area: Area::Room,
        prefix: String::new(),
        segments: Vec::new(),
        destination: None,
        headers: Vec::new(),
        mounts: None,
    };
    let answer = timeout(PATIENCE, workers.ask(own, open, Body::empty())).await.ok()?.ok()?;
    if !answer.status().is_success() {
        return None;
    }
    serde_json::from_slice(&Limited::new(answer.into_body(), MAX_INLINE).collect().await.ok()?.to_bytes()).ok()
}
