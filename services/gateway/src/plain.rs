//! The plain port: one page that helps to install the household's certificate, and the certificate. No login, no API, no file.

use std::net::IpAddr;

use axum::{body::Body, response::Response};
use croft_api::{call::Role, problem, random, wire::trust::HouseholdCertificate};
use croft_model::{Problem, Projection};
use http::{HeaderValue, Method, Request, header};
use tokio::sync::watch;

use crate::{
    assets,
    body::Lingering,
    headers::{self, Kind, protect},
    hosts,
    listener::Answer,
};

/// Answers on the plain port.
#[derive(Clone)]
pub(crate) struct Plain {
    pub(crate) identity: Role,
    pub(crate) projection: watch::Receiver<Option<Projection>>,
    /// The port of the encrypted door.
    pub(crate) https_port: u16,
}

impl Answer for Plain {
    async fn answer(&self, _: IpAddr, request: Request<Lingering>) -> Response {
        let id = hex_id();
        let mut response = match self.page(&request).await {
            Ok(response) => response,
            Err(refused) => problem::answer(&refused),
        };
        protect(&mut response, Kind::Plain, &id);
        response
    }
}

impl Plain {
    async fn page(&self, request: &Request<Lingering>) -> Result<Response, Problem> {
        let projection = self.projection.borrow().clone();
        let host = hosts::check(request.uri(), request.headers(), projection.as_ref())?;
        headers::check_size(request.uri(), request.headers())?;
        if !matches!(*request.method(), Method::GET | Method::HEAD) {
            return Err(Problem::new(405, "method-not-allowed", "Nothing can be sent here: this door is not encrypted.")
                .hint("Open the box by https."));
        }
        let path = request.uri().path();
        match path {
            "/" => {
                let door = self.door().await?;
                let name = projection.and_then(|p| p.this_box).map_or_else(|| "Croft".to_owned(), |this_box| this_box.name);
                let origin = match self.https_port {
                    443 => format!("https://{}", host.host()),
                    port => format!("https://{}:{port}", host.host()),
                };
                Ok(typed("text/html; charset=utf-8", croft_web::door_page(&door.fingerprint, &origin, &name)))
            }
            "/ca.crt" => Ok(typed("application/x-x509-ca-cert", self.door().await?.ca_pem)),
            _ => match croft_web::find(path).filter(|_| path.starts_with("/door/")) {
                Some(asset) => Ok(assets::answer(request.method(), asset, request.headers())),
                None => Err(Problem::new(404, "only-encrypted", "This is served by https alone.").hint("Open the box by https.")),
            },
        }
    }

    async fn door(&self) -> Result<HouseholdCertificate, Problem> {
        self.identity.json(Method::GET, "/internal/v1/authority", None::<&()>, None).await
    }
}

fn typed(kind: &'static str, text: String) -> Response {
    let mut response = Response::new(Body::from(text));
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(kind));
    response.headers_mut().insert(header::CACHE_CONTROL, HeaderValue::from_static("no-store"));
    response
}

/// An id for a request: 8 random bytes as hexadecimal digits; zeros if there is no randomness, as ids are not secret.
pub(crate) fn hex_id() -> String {
    random::bytes::<8>().unwrap_or_default().iter().map(|byte| format!("{byte:02x}")).collect()
}
