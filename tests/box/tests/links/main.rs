//! Links: what a stranger who has one may do, and what nobody may.
#![cfg(test)]

mod ends;
mod kinds;
mod programs;

use std::fs;

use croft_box_tests::{Claimed, TestBox, Visitor};
use reqwest::{Method, Response};
use serde_json::{Value, json};

/// A box of Ana's, she herself, and somebody who knows nobody.
struct Home {
    test_box: TestBox,
    ana: Visitor,
    stranger: Visitor,
}

impl Home {
    async fn new() -> Self {
        let test_box = TestBox::start(Claimed::ByAna);
        let ana = Visitor::ana(&test_box).await;
        let stranger = Visitor::new(&test_box);
        let home = Self { test_box, ana, stranger };
        home.mkcol("holiday").await;
        home.mkcol("holiday/day 1").await;
        home.put("holiday/beach.txt", "sand").await;
        home.put("holiday/day 1/<b>.txt", "waves").await;
        home.put("secret.txt", "nobody's business").await;
        home
    }

    async fn put(&self, path: &str, content: &str) {
        let answer =
            self.ana.request(Method::PUT, &format!("/dav/files/ana/{path}")).body(content.to_owned()).send().await.expect("an answer");
        assert!(answer.status().is_success(), "{path} {answer:?}");
    }

    async fn mkcol(&self, path: &str) {
        let method = Method::from_bytes(b"MKCOL").expect("a method");
        let answer = self.ana.request(method, &format!("/dav/files/ana/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 201, "{path}");
    }

    async fn moved(&self, from: &str, to: &str) {
        let method = Method::from_bytes(b"MOVE").expect("a method");
        let request = self.ana.request(method, &format!("/dav/files/ana/{from}")).header("destination", format!("/dav/files/ana/{to}"));
        assert_eq!(request.send().await.expect("an answer").status(), 201, "{from} to {to}");
    }

    async fn deleted(&self, path: &str) {
        let answer = self.ana.request(Method::DELETE, &format!("/dav/files/ana/{path}")).send().await.expect("an answer");
        assert_eq!(answer.status(), 204, "{path}");
    }

    /// Makes a link and gives it.
    async fn link(&self, path: &str, mut how: Value) -> Value {
        how["path"] = json!(path);
        let (status, link) = self.ana.send(Method::POST, "/api/v1/links", &how).await;
        assert_eq!(status, 201, "{link}");
        link
    }

    /// Its address, as a path.
    async fn address(&self, path: &str, how: Value) -> String {
        address(&self.link(path, how).await)
    }

    async fn told(&self, link: &Value) -> Value {
        self.ana.get(&format!("/api/v1/links/{}", link["id"].as_str().expect("an id"))).await
    }

    async fn ask(&self, method: &str, path: &str) -> Response {
        self.stranger.bare(Method::from_bytes(method.as_bytes()).expect("a method"), path).send().await.expect("an answer")
    }

    /// Status and body.
    async fn read(&self, path: &str) -> (u16, String) {
        let answer = self.ask("GET", path).await;
        (answer.status().as_u16(), answer.text().await.expect("a body"))
    }

    async fn upload(&self, path: &str, content: &str) -> u16 {
        let request = self.stranger.bare(Method::PUT, path).body(content.to_owned());
        request.send().await.expect("an answer").status().as_u16()
    }

    /// That an address opens nothing, with the answer that every such address has.
    async fn opens_nothing(&self, path: &str) {
        let none = format!("/s/1-{}", "0".repeat(32));
        assert_eq!(self.read(path).await, self.read(&none).await, "{path}");
        assert_eq!(self.read(path).await.0, 404, "{path}");
    }

    fn file(&self, path: &str) -> Option<String> {
        fs::read_to_string(self.test_box.path("spaces/s1/files").join(path)).ok()
    }

    fn workers(&self) -> usize {
        self.test_box.processes().iter().filter(|process| process.role == "sync").count()
    }

    fn worker(&self) -> u32 {
        self.test_box.processes().into_iter().find(|process| process.role == "sync").expect("a worker").pid
    }
}

fn address(link: &Value) -> String {
    format!("/s/{}", link["token"].as_str().expect("a token"))
}

fn value<'a>(answer: &'a Response, name: &str) -> &'a str {
    answer.headers().get(name).map_or("", |value| value.to_str().expect("text"))
}

fn now() -> i64 {
    jiff::Timestamp::now().as_second()
}
