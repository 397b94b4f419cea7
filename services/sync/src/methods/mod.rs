//! What each method does. A handler judges, asks for the body if there is one, acts, and gives an answer.

mod delete;
mod get;
mod mkcol;
mod propfind;
mod put;

use std::sync::Arc;

use croft_api::bulk::{Frame, Header, Method, Open};
use croft_files::{Change, FilesError, Name};

use crate::{
    access::Access,
    error::Failure,
    exchange::{Answer, Exchange},
    judge::{header, path},
    news::News,
    space::Space,
};

/// What OPTIONS names.
const METHODS: &str = "OPTIONS, GET, HEAD, PUT, DELETE, MKCOL, PROPFIND";

/// A request by somebody who may at least read.
pub(crate) struct Request {
    pub(crate) open: Open,
    pub(crate) path: Vec<Name>,
    pub(crate) access: Access,
}

/// What handlers stand on.
#[derive(Clone)]
pub(crate) struct Ground {
    pub(crate) space: Arc<Space>,
    pub(crate) news: News,
}

/// Handles a request whose capability was accepted.
pub(crate) async fn handle(ground: &Ground, access: Access, open: Open, exchange: &mut Exchange) -> Result<Answer, Failure> {
    let path = path::names(&open.segments)?;
    let method = open.method;
    let request = Request { open, path, access };
    match method {
        Method::Get => get::get(ground, request).await,
        Method::Head => get::get(ground, request).await.map(Answer::without_body),
        Method::Put => put::put(ground, request, exchange).await,
        Method::Delete => delete::delete(ground, request).await,
        Method::Mkcol => mkcol::mkcol(ground, request).await,
        Method::Propfind => propfind::propfind(ground, request, exchange).await,
        Method::Options => Ok(Answer::empty(200, pairs(&[("dav", "1"), ("allow", METHODS), ("ms-author-via", "DAV")]))),
    }
}

impl Request {
    /// The value of a request header.
    pub(crate) fn header(&self, name: &str) -> Option<&str> {
        header(&self.open.headers, name)
    }
}

/// Publishes `change` in `folder` and gives the folders of `line` new ETags. A change whose flush failed may be visible all the same, so it is
/// announced, too.
async fn publish(ground: &Ground, change: Change, folder: &[Name], line: &[u64]) -> Result<Frame, FilesError> {
    let published = ground.space.publisher.publish(change).await;
    ground.space.index.bump(line);
    match published {
        Ok(()) => Ok(ground.news.changed(&ground.space, folder)),
        Err(error) => {
            // The answer to a failure carries no news, so every link is told.
            ground.news.of_link(News::NO_LINK).changed(&ground.space, folder);
            Err(error)
        }
    }
}

/// The number by which sync clients know an entry, as they want it: at least eight digits and the name of the server's kind.
pub(crate) fn long_id(id: u64) -> String {
    format!("{id:08}croft")
}

/// Headers that name an entry's content.
fn identity(etag: &str, id: u64) -> Vec<Header> {
    let quoted = format!("\"{etag}\"");
    vec![("etag".into(), quoted.clone()), ("oc-etag".into(), quoted), ("oc-fileid".into(), long_id(id))]
}

fn pairs(headers: &[(&str, &str)]) -> Vec<Header> {
    headers.iter().map(|(name, value)| ((*name).into(), (*value).into())).collect()
}

/// A date as HTTP writes it; what HTTP cannot write becomes the nearest that it can.
fn http_date(seconds: i64) -> String {
    /// The last second of the year 9999.
    const LAST: u64 = 253_402_300_799;
    let seconds = u64::try_from(seconds).unwrap_or(0).min(LAST);
    httpdate::fmt_http_date(std::time::SystemTime::UNIX_EPOCH + std::time::Duration::from_secs(seconds))
}

/// Splits a path into its folder and its name; the root has none.
fn split(path: &[Name]) -> Option<(&[Name], &Name)> {
    path.split_last().map(|(name, folder)| (folder, name))
}
