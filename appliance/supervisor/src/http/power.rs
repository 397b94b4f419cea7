//! `/api/v1/power`: ending the machine in order.

use std::sync::Arc;

use axum::{Extension, Json as Answer, extract::State};
use croft_api::{
    body::JsonBody,
    problem::ApiError,
    wire::power::{PowerOrder, PowerTaken},
};
use croft_model::{Claims, Problem};
use http::StatusCode;

use super::on_disk;
use crate::{power, regulator::Regulator};

/// Restarts the box or shuts it down, a moment after the answer.
#[utoipa::path(post, path = "/api/v1/power", operation_id = "power", tag = "power", request_body = PowerOrder,
    responses((status = 202, body = PowerTaken), (status = "default", body = Problem, content_type = "application/problem+json")))]
pub(super) async fn order(
    State(croft): State<Arc<Regulator>>,
    Extension(claims): Extension<Claims>,
    JsonBody(PowerOrder { how }): JsonBody<PowerOrder>,
) -> Result<(StatusCode, Answer<PowerTaken>), ApiError> {
    let taken = Arc::clone(&croft);
    on_disk(move || power::take(&taken, how, claims.actor())).await?;
    tokio::spawn(power::carry_out(croft, how));
    Ok((StatusCode::ACCEPTED, Answer(PowerTaken { how, in_seconds: power::MOMENT.as_secs() })))
}
