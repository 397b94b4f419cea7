//! Domain `links` of the API: the links of the one who asks. The gateway answers it, since they lie in several spaces and no role knows all of those.

use axum::{
    Json,
    response::{IntoResponse, Response},
};
use bytes::Bytes;
use croft_api::wire::links::{LinkOrder, LinkRow, LinkWish};
use croft_model::Problem;
use http::{HeaderValue, Method, StatusCode, Uri, header};
use serde::de::DeserializeOwned;
use utoipa::OpenApi;

use crate::bulk::{Capabilities, links::Links, preview::pairs};

/// Where they are.
const ROOT: &str = "/api/v1/links";

#[derive(OpenApi)]
#[openapi(paths(list, make, one, change, revoke), components(schemas(LinkOrder, LinkRow, LinkWish)))]
struct Description;

/// The description of the domain.
pub(crate) fn openapi() -> utoipa::openapi::OpenApi {
    Description::openapi()
}

/// Whether `path` is an address of links.
pub(crate) fn is_about(path: &str) -> bool {
    path.strip_prefix(ROOT).is_some_and(|rest| rest.is_empty() || rest.starts_with('/'))
}

/// Answers a call about the links `of` a person.
pub(crate) async fn answer<C: Capabilities>(of: &Links<'_, C>, (method, uri): (&Method, &Uri), body: &Bytes) -> Result<Response, Problem> {
    let id = uri.path().strip_prefix(ROOT).unwrap_or_default().trim_start_matches('/');
    let answer = match (method, id) {
        (&Method::GET, "") => list(of, uri).await?,
        (&Method::POST, "") => make(of, body).await?,
        (&Method::GET, id) => one(of, id).await?,
        (&Method::PATCH, id) => change(of, id, body).await?,
        (&Method::DELETE, id) => revoke(of, id).await?,
        _ => return Err(Problem::new(405, "method-not-allowed", "This address does not take this method.")),
    };
    let mut answer = answer;
    // They hold what opens them.
    answer.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    Ok(answer)
}

/// The links to a file or folder and to what is below it; of all, without a path. The latest first.
#[utoipa::path(get, path = "/api/v1/links", operation_id = "links_list", tag = "links",
    params(("path" = Option<String>, Query, description = "The file or folder, in the tree of the one who asks.")),
    responses((status = 200, body = Vec<LinkRow>), (status = 401, body = Problem)))]
async fn list<C: Capabilities>(of: &Links<'_, C>, uri: &Uri) -> Result<Response, Problem> {
    let path = pairs(uri).remove("path").unwrap_or_default();
    Ok(Json(of.list(names(&path)?).await?).into_response())
}

/// Makes a link.
#[utoipa::path(post, path = "/api/v1/links", operation_id = "links_make", tag = "links", request_body = LinkOrder,
    responses((status = 201, body = LinkRow), (status = 400, body = Problem), (status = 403, body = Problem), (status = 404, body = Problem), (status = 409, body = Problem)))]
async fn make<C: Capabilities>(of: &Links<'_, C>, body: &Bytes) -> Result<Response, Problem> {
    let order: LinkOrder = read(body)?;
    let row = of.make(names(&order.path)?, &order.wish).await?;
    Ok((StatusCode::CREATED, Json(row)).into_response())
}

/// A link, with who used it when.
#[utoipa::path(get, path = "/api/v1/links/{id}", operation_id = "links_one", tag = "links", params(("id" = String, Path)),
    responses((status = 200, body = LinkRow), (status = 404, body = Problem)))]
async fn one<C: Capabilities>(of: &Links<'_, C>, id: &str) -> Result<Response, Problem> {
    Ok(Json(of.one(id).await?).into_response())
}

/// Changes a link. Whoever is in by it asks again.
#[utoipa::path(patch, path = "/api/v1/links/{id}", operation_id = "links_change", tag = "links", params(("id" = String, Path)), request_body = LinkWish,
    responses((status = 200, body = LinkRow), (status = 400, body = Problem), (status = 404, body = Problem)))]
async fn change<C: Capabilities>(of: &Links<'_, C>, id: &str, body: &Bytes) -> Result<Response, Problem> {
    Ok(Json(of.change(id, &read(body)?).await?).into_response())
}

/// Revokes a link. It opens nothing from then on, and what is under way breaks off.
#[utoipa::path(delete, path = "/api/v1/links/{id}", operation_id = "links_revoke", tag = "links", params(("id" = String, Path)),
    responses((status = 204), (status = 404, body = Problem)))]
async fn revoke<C: Capabilities>(of: &Links<'_, C>, id: &str) -> Result<Response, Problem> {
    of.revoke(id).await?;
    Ok(StatusCode::NO_CONTENT.into_response())
}

fn read<T: DeserializeOwned>(body: &Bytes) -> Result<T, Problem> {
    serde_json::from_slice(body).map_err(|error| Problem::new(400, "body-invalid", format!("The body cannot be read: {error}.")))
}

/// The names of a path as people write it: `Family/holiday`.
pub(crate) fn names(path: &str) -> Result<Vec<String>, Problem> {
    let wrong = || Problem::new(400, "name-invalid", "This is no path of a file or folder.").key("path");
    let path = path.trim_matches('/');
    if path.is_empty() {
        return Ok(Vec::new());
    }
    let good = |name: &&str| !matches!(*name, "" | "." | "..") && !name.contains('\0');
    path.split('/').map(|name| Some(name).filter(good).map(str::to_owned).ok_or_else(wrong)).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    croft_fuzz::target! {
        /// No name in a path that somebody wrote climbs or is two.
        fn written_paths(input) {
            let Ok(text) = std::str::from_utf8(input) else { return };
            match names(text) {
                Ok(found) => {
                    assert!(found.iter().all(|name| !["", ".", ".."].contains(&name.as_str()) && !name.contains(['/', '\0'])));
                    assert_eq!(names(&found.join("/")).unwrap(), found);
                }
                Err(problem) => assert_eq!(problem.code, "name-invalid"),
            }
        }
    }
}
