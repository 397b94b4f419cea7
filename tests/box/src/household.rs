//! Somebody who uses a box from outside: a browser without a screen, or a client with an app password.

use std::time::Duration;

use reqwest::{Certificate, Client, Method, RequestBuilder, Response, header};
use serde_json::{Value, json};

use crate::TestBox;

/// The passphrase of `ana`, who claims the boxes of the tests.
pub const PASSPHRASE: &str = "otters sleep holding hands";

/// A visitor with the household's certificate installed and, once signed in, a cookie.
pub struct Visitor {
    /// Where the box is.
    pub origin: String,
    client: Client,
    cookie: Option<String>,
}

impl Visitor {
    /// A stranger who trusts the household's certificate and nothing else.
    #[must_use]
    pub fn new(test_box: &TestBox) -> Self {
        Self::trusting(&test_box.origin, &std::fs::read(test_box.path("ca.pem")).expect("the household's certificate"))
    }

    /// A stranger at `origin` who trusts the certificate `pem` and nothing else.
    ///
    /// # Panics
    /// It is no certificate.
    #[must_use]
    pub fn trusting(origin: &str, pem: &[u8]) -> Self {
        let client = Client::builder()
            .tls_certs_only([Certificate::from_pem(pem).expect("a certificate")])
            .timeout(Duration::from_secs(60))
            // Shorter than the gateway keeps an idle connection: a request that meets its end is not sent again.
            .pool_idle_timeout(Duration::from_secs(10))
            .build()
            .expect("a client");
        Self { origin: origin.to_owned(), client, cookie: None }
    }

    /// Signs in as a browser does.
    pub async fn sign_in(&mut self, name: &str, passphrase: &str) -> Response {
        let answer = self
            .request(Method::POST, "/api/v1/session")
            .json(&json!({"name": name, "passphrase": passphrase}))
            .send()
            .await
            .expect("an answer");
        if let Some(cookie) = answer.headers().get(header::SET_COOKIE) {
            let cookie = cookie.to_str().expect("text");
            self.cookie = cookie.split(';').next().map(str::to_owned);
        }
        answer
    }

    /// Ana, signed in.
    pub async fn ana(test_box: &TestBox) -> Self {
        let mut visitor = Self::new(test_box);
        let answer = visitor.sign_in("ana", PASSPHRASE).await;
        assert!(answer.status().is_success(), "{:?}", answer.text().await);
        visitor
    }

    /// A request as the pages of the box make it: own origin, and the cookie if signed in.
    pub fn request(&self, method: Method, path: &str) -> RequestBuilder {
        let request = self.bare(method, path).header(header::ORIGIN, &self.origin);
        match &self.cookie {
            Some(cookie) => request.header(header::COOKIE, cookie),
            None => request,
        }
    }

    /// A request with nothing added.
    pub fn bare(&self, method: Method, path: &str) -> RequestBuilder {
        self.client.request(method, format!("{}{path}", self.origin))
    }

    /// The cookie of the session.
    #[must_use]
    pub fn cookie(&self) -> Option<&str> {
        self.cookie.as_deref()
    }

    /// Reads JSON.
    pub async fn get(&self, path: &str) -> Value {
        let answer = self.request(Method::GET, path).send().await.expect("an answer");
        let (status, text) = (answer.status(), answer.text().await.expect("a body"));
        assert!(status.is_success(), "GET {path}: {status} {text}");
        serde_json::from_str(&text).expect("JSON")
    }

    /// Sends JSON and gives the status and the JSON answer.
    pub async fn send(&self, method: Method, path: &str, body: &Value) -> (u16, Value) {
        let answer = self.request(method, path).json(body).send().await.expect("an answer");
        let (status, text) = (answer.status().as_u16(), answer.text().await.expect("a body"));
        (status, serde_json::from_str(&text).unwrap_or(Value::String(text)))
    }

    /// Makes an app password for the one who is signed in.
    pub async fn app_password(&self, name: &str) -> String {
        let (status, answer) = self.send(Method::POST, "/api/v1/tokens", &json!({"name": name})).await;
        assert_eq!(status, 201, "{answer}");
        answer["secret"].as_str().expect("a secret").to_owned()
    }
}
