//! Under which names the shared spaces stand at the root of a person's own: what the gateway asks before it leads a request to one of them.

use croft_api::bulk::Method;
use croft_model::{Problem, SpaceKind};

use super::{Ground, Request};
use crate::{
    error::Failure,
    exchange::{Answer, Body},
    space::blocking,
};

/// The names as a JSON list, in the order of the mounts that were sent.
pub(super) async fn names(ground: &Ground, request: Request) -> Result<Answer, Failure> {
    let (Some(mut mounts), Method::Get, SpaceKind::Personal) = (request.open.mounts, request.open.method, request.access.kind) else {
        return Err(Problem::new(405, "method-not-allowed", "The names of shared spaces are read from a person's own space.").into());
    };
    let space = ground.space.clone();
    let names = blocking(move || {
        space.name_mounts(&mut mounts)?;
        Ok(mounts.into_iter().map(|mount| mount.name).collect::<Vec<_>>())
    })
    .await?;
    let body = serde_json::to_vec(&names).map_err(|_| Failure::Broken("names cannot be written as JSON"))?;
    let headers = super::pairs(&[("content-type", "application/json")]);
    Ok(Answer { status: 200, headers, body: Body::Bytes(body.into()), changed: Vec::new() })
}
