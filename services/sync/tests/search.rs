//! What a search finds of a space.
#![cfg(test)]

mod harness;

use std::fs;

use croft_api::bulk::{Found, Method};
use harness::{Body, Gateway, Running};

/// Names of the latest `limit` text files.
async fn latest(link: &mut Gateway, limit: usize) -> Vec<String> {
    let body = format!(
        "<d:searchrequest xmlns:d='DAV:'><d:basicsearch><d:select><d:prop><d:displayname/></d:prop></d:select>\
         <d:where><d:like><d:prop><d:getcontenttype/></d:prop><d:literal>text/%</d:literal></d:like></d:where>\
         <d:limit><d:nresults>{limit}</d:nresults></d:limit></d:basicsearch></d:searchrequest>"
    );
    let reply = link.ask(Method::Search, &[], &[], Body::of(body)).await;
    assert_eq!(reply.status, 200, "{}", reply.text());
    let found = reply.text().lines().skip(1).map(|line| serde_json::from_str::<Found>(line).unwrap().1);
    found.map(|entry| entry.split("<d:displayname>").nth(1).unwrap().split('<').next().unwrap().to_owned()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_gone_since_it_was_seen_leaves_no_place_empty() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    for (name, time) in
        [("a.txt", "1600000001"), ("b.txt", "1600000002"), ("c.txt", "1600000003"), ("d.bin", "1600000004"), ("e.txt", "1600000005")]
    {
        assert_eq!(link.put(&[name], &[("x-oc-mtime", time)], "x").await.status, 201);
    }
    assert_eq!(latest(&mut link, 3).await, ["e.txt", "c.txt", "b.txt"]);
    fs::remove_file(worker.file("e.txt")).unwrap();
    fs::remove_file(worker.file("c.txt")).unwrap();
    assert_eq!(latest(&mut link, 2).await, ["b.txt", "a.txt"]);
    assert_eq!(latest(&mut link, 1).await, ["b.txt"]);
    assert_eq!(latest(&mut link, 0).await, [] as [&str; 0]);
    worker.end().await;
}
