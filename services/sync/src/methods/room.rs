//! What lies in the space and what still goes there, for the gateway to tell clients that ask who somebody is.

use croft_api::bulk::{Method, Taken};
use croft_model::Problem;

use super::{Ground, Request};
use crate::{
    error::Failure,
    exchange::{Answer, Body},
    space::blocking,
};

/// Both as JSON.
pub(super) async fn room(ground: &Ground, request: &Request) -> Result<Answer, Failure> {
    if request.open.method != Method::Get || !request.path.is_empty() {
        return Err(Problem::new(405, "method-not-allowed", "The room of a space is read, and of the whole space alone.").into());
    }
    let space = ground.space.clone();
    let taken = blocking(move || {
        let used = space.size_of(&space.files, space.ids.root())?;
        Ok(Taken { used, available: space.room.free(space.files.room()?)? })
    })
    .await?;
    let body = serde_json::to_vec(&taken).map_err(|_| Failure::Broken("numbers cannot be written as JSON"))?;
    let headers = super::pairs(&[("content-type", "application/json")]);
    Ok(Answer { status: 200, headers, body: Body::Bytes(body.into()), changed: Vec::new() })
}
