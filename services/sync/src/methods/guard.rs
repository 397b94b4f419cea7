//! The question whether it is right that much of a space is gone, and its answer.

use croft_api::bulk::Method;
use croft_model::Problem;

use super::{Ground, Request, pairs};
use crate::{
    error::Failure,
    exchange::{Answer, Body},
};

/// GET tells what is missing; DELETE says that it is right, and takes it for deleted. Any path stands for its space.
pub(super) fn handle(ground: &Ground, request: &Request) -> Result<Answer, Failure> {
    let space = &ground.space;
    match request.open.method {
        Method::Get => {
            let Some(missing) = space.guard.missing() else { return Err(nothing_missing().into()) };
            let body = serde_json::to_vec(&missing).map_err(|_| Failure::Broken("numbers are JSON"))?;
            let headers = pairs(&[("content-type", "application/json"), ("cache-control", "no-store")]);
            Ok(Answer { status: 200, headers, body: Body::Bytes(body.into()), changed: Vec::new() })
        }
        Method::Delete => {
            if !request.access.manages() {
                return Err(Problem::new(403, "not-allowed", "Only who manages the space can say that it is right.")
                    .hint("Ask somebody who manages it.")
                    .into());
            }
            if !space.guard.accept() {
                return Err(nothing_missing().into());
            }
            tracing::warn!(who = request.access.who, "what is missing of the space is taken for deleted");
            space.catalog.look_again();
            Ok(Answer::empty(202, Vec::new()))
        }
        _ => Err(Problem::new(405, "method-not-allowed", "This takes GET and DELETE.").into()),
    }
}

fn nothing_missing() -> Problem {
    Problem::new(404, "nothing-missing", "Nothing is missing from this space.")
}
