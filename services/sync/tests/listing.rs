//! PROPFIND: one folder at a time, at any size, with the shared spaces at a person's root.
#![cfg(test)]
#![expect(clippy::disallowed_methods, reason = "a test starts itself again without root's rights")]

mod harness;

use std::{
    collections::BTreeSet,
    env, fs,
    os::unix::fs::{MetadataExt, PermissionsExt},
    process::Command,
};

use croft_api::bulk::{Area, Method, MountLine, Root};
use croft_model::{Right, SpaceKind};
use harness::{Body, Gateway, Reply, Running};

const ASK: &str = "<?xml version='1.0'?><d:propfind xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'><d:prop><d:getetag/><d:resourcetype/>\
                   <d:getcontentlength/><d:getlastmodified/><d:getcontenttype/><d:displayname/><d:quota-available-bytes/><d:quota-used-bytes/>\
                   <oc:fileid/><oc:id/><oc:permissions/><oc:size/><oc:never-heard-of/></d:prop></d:propfind>";

async fn list(link: &mut Gateway, path: &[&str], depth: &str) -> Reply {
    link.ask(Method::Propfind, path, &[("depth", depth)], Body::of(ASK)).await
}

/// The text of every element `tag`, in order.
fn all<'a>(reply: &'a Reply, tag: &str) -> Vec<&'a str> {
    let parts = reply.text().split(&format!("<{tag}>")).skip(1).collect::<Vec<_>>();
    parts.into_iter().map(|part| part.split("</").next().unwrap()).collect()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_folder_is_listed_with_what_is_known() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.ask(Method::Mkcol, &["b & c"], &[], Body::of("")).await;
    link.put(&["b & c", "in.txt"], &[], "12345").await;
    let put = link.put(&["ü%.jpg"], &[("x-oc-mtime", "784111777")], "123").await;
    let reply = list(&mut link, &[], "1").await;
    assert_eq!(reply.status, 207);
    assert_eq!(all(&reply, "d:href"), ["/dav/files/ana/", "/dav/files/ana/b%20%26%20c/", "/dav/files/ana/%C3%BC%25.jpg"]);
    assert_eq!(all(&reply, "oc:size"), ["8", "5", "3"]);
    assert_eq!(all(&reply, "d:getcontentlength"), ["3"]);
    assert_eq!(all(&reply, "d:getcontenttype"), ["image/jpeg"]);
    assert_eq!(all(&reply, "d:getlastmodified")[2], "Sun, 06 Nov 1994 08:49:37 GMT");
    assert_eq!(all(&reply, "d:displayname")[1..], ["b &amp; c", "ü%.jpg"]);
    assert_eq!(all(&reply, "oc:permissions"), ["GCK", "RGDNVCK", "RGDNVW"]);
    assert_eq!(all(&reply, "oc:id")[2], put.header("oc-fileid"));
    assert_eq!(all(&reply, "d:getetag")[2], put.header("etag").replace('"', "&quot;"));
    assert_eq!(all(&reply, "d:quota-used-bytes")[0], "8");
    assert_eq!(all(&reply, "oc:fileid")[0], ((7_u64 << 36) + 1).to_string());
    assert_eq!(reply.text().matches("<oc:never-heard-of").count() + reply.text().matches("<x:never-heard-of").count(), 3);
    assert_eq!(reply.text().matches("404 Not Found").count(), 3);

    let one = list(&mut link, &["ü%.jpg"], "0").await;
    assert_eq!(all(&one, "d:href"), ["/dav/files/ana/%C3%BC%25.jpg"]);
    assert_eq!(list(&mut link, &["none"], "0").await.status, 404);
    assert_eq!(all(&list(&mut link, &["b & c"], "0").await, "d:href").len(), 1);
    for (headers, body, status) in [
        (&[][..], ASK, 403),
        (&[("depth", "infinity")], ASK, 403),
        (&[("depth", "2")], ASK, 400),
        (&[("depth", "1")], "<!DOCTYPE x><propfind xmlns='DAV:'><allprop/></propfind>", 400),
        (&[("depth", "1")], "nonsense", 400),
    ] {
        assert_eq!(link.ask(Method::Propfind, &[], headers, Body::of(body)).await.status, status, "{headers:?} {body}");
    }
    let infinite = link.ask(Method::Propfind, &[], &[("depth", "infinity")], Body::of("")).await;
    assert!(infinite.text().contains("propfind-finite-depth"));
    let included = "<propfind xmlns='DAV:'><allprop/><include><quota-used-bytes/></include></propfind>";
    let included = link.ask(Method::Propfind, &[], &[("depth", "0")], Body::of(included)).await;
    assert_eq!((included.status, all(&included, "d:quota-used-bytes")), (207, vec!["8"]));
    let bare = link.ask(Method::Propfind, &[], &[("depth", "0")], Body::of("")).await;
    assert!(bare.text().contains("getetag") && !bare.text().contains("404"));
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn ten_thousand_entries_flow() {
    let folder = tempfile::tempdir().unwrap();
    // Before the start: what comes later is a change, and told by another ETag of the root.
    let files = folder.path().join("space/files");
    fs::create_dir_all(&files).unwrap();
    for index in 0..10_000 {
        fs::write(files.join(format!("file-{index:05}")), "x").unwrap();
    }
    tokio::time::sleep(std::time::Duration::from_millis(200)).await; // waits: for what is there to be older than the worker
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let first = list(&mut link, &[], "1").await;
    assert_eq!(first.length, None);
    assert!(first.text().ends_with("</d:multistatus>\n"));
    let ids: BTreeSet<_> = all(&first, "oc:fileid").into_iter().collect();
    assert_eq!(ids.len(), 10_001, "every entry has an id of its own");
    let second = list(&mut link, &[], "1").await;
    assert!(all(&second, "d:getetag") == all(&first, "d:getetag"), "and keeps it");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_change_shows_in_every_folder_above_and_nowhere_else() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let (mut link, mut listener) = (worker.link().await, worker.link().await);
    for path in [&["a"][..], &["a", "b"], &["c"]] {
        link.ask(Method::Mkcol, path, &[], Body::of("")).await;
    }
    let etags = async |link: &mut Gateway| {
        let mut found = Vec::new();
        for path in [&[][..], &["a"], &["a", "b"], &["c"]] {
            found.push(all(&list(link, path, "0").await, "d:getetag")[0].to_owned());
        }
        found
    };
    let before = etags(&mut link).await;
    link.changed.clear();
    link.put(&["a", "b", "file"], &[], "x").await;
    assert_eq!(link.changed, ["a/b"]);
    let after = etags(&mut link).await;
    let same: Vec<bool> = before.iter().zip(&after).map(|(before, after)| before == after).collect();
    assert_eq!(same, [false, false, false, true]);
    assert_eq!(etags(&mut link).await, after, "looking changes nothing");
    // The other link has heard of everything, in order.
    listener.get(&["none"], &[]).await;
    while listener.changed.len() < 4 {
        listener.get(&["none"], &[]).await;
    }
    assert_eq!(listener.changed, ["", "a", "", "a/b"]);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn shared_spaces_stand_at_the_root_of_a_person() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.ask(Method::Mkcol, &["Family"], &[], Body::of("")).await;
    link.ask(Method::Mkcol, &["own"], &[], Body::of("")).await;
    let plain = list(&mut link, &[], "0").await;
    let mount = |etag: Option<&str>, right| MountLine {
        name: "Family".into(),
        space: 9,
        right,
        root: etag.map(|etag| Root { etag: etag.into(), id: (9 << 36) + 1 }),
    };
    let root = async |link: &mut Gateway, mounts: Vec<MountLine>| {
        link.mounts = Some(mounts);
        let reply = list(link, &[], "1").await;
        (all(&reply, "d:getetag")[0].to_owned(), reply)
    };
    let (unknown, _) = root(&mut link, vec![mount(None, Right::Read)]).await;
    let (read, shown) = root(&mut link, vec![mount(Some("aa"), Right::Read)]).await;
    assert_eq!(
        all(&shown, "d:href"),
        ["/dav/files/ana/", "/dav/files/ana/Family%20%28shared%29/", "/dav/files/ana/Family/", "/dav/files/ana/own/"],
        "the mount leaves the own folder its name"
    );
    assert_eq!(all(&shown, "d:getetag")[1], "&quot;aa&quot;");
    assert_eq!(all(&shown, "oc:fileid")[1], ((9_u64 << 36) + 1).to_string());
    assert_eq!(all(&shown, "oc:permissions"), ["GCK", "MG", "RGDNVCK", "RGDNVCK"]);
    let (remembered, _) = root(&mut link, vec![mount(None, Right::Read)]).await;
    let (write, shown) = root(&mut link, vec![mount(Some("aa"), Right::Write)]).await;
    assert_eq!(all(&shown, "oc:permissions")[1], "MGCK");
    let (changed, _) = root(&mut link, vec![mount(Some("bb"), Right::Write)]).await;
    let (none, _) = root(&mut link, Vec::new()).await;
    assert_eq!(read, remembered, "the last known ETag is remembered");
    let own = all(&plain, "d:getetag")[0].to_owned();
    let different: BTreeSet<_> = [own, unknown, read, write, changed, none].into();
    assert_eq!(different.len(), 6);
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn a_shared_space_never_has_the_name_of_an_own_entry() {
    /// The names in the listing of the root, and those that are given when they are asked for.
    async fn names(link: &mut Gateway) -> (Vec<String>, Vec<String>) {
        let mounts = |name: &str, space| MountLine { name: name.into(), space, right: Right::Write, root: None };
        link.mounts = Some(vec![mounts("Family", 9), mounts("Team", 10)]);
        let listed = list(link, &[], "1").await;
        let listed = all(&listed, "d:displayname")[1..].iter().map(ToString::to_string).collect();
        link.area = Area::Mounts;
        let asked = link.get(&[], &[]).await;
        assert_eq!(asked.status, 200);
        (link.mounts, link.area) = (None, Area::Files);
        (listed, serde_json::from_slice(&asked.body).unwrap())
    }
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    let check = async |link: &mut Gateway, mounts: [&str; 2], own: &[&str], what: &str| {
        let (listed, asked) = names(link).await;
        assert_eq!(asked, mounts, "{what}");
        assert_eq!(listed, [&mounts[..], own].concat(), "{what}");
    };
    check(&mut link, ["Family", "Team"], &[], "nothing is there").await;
    // Behind the worker's back, as another program does it.
    fs::write(worker.file("TEAM"), "x").unwrap();
    check(&mut link, ["Family", "Team (shared)"], &["TEAM"], "a file in another case").await;
    fs::create_dir(worker.file("Family")).unwrap();
    fs::create_dir(worker.file("family (shared)")).unwrap();
    check(&mut link, ["Family (shared 2)", "Team (shared)"], &["Family", "TEAM", "family (shared)"], "both are taken").await;
    fs::remove_dir(worker.file("family (shared)")).unwrap();
    fs::remove_dir(worker.file("Family")).unwrap();
    check(&mut link, ["Family (shared 2)", "Team (shared)"], &["TEAM"], "a name stays").await;
    worker.end().await;
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    check(&mut link, ["Family (shared 2)", "Team (shared)"], &["TEAM"], "also in the next life").await;
    fs::create_dir(worker.file("FAMILY (SHARED 2)")).unwrap();
    check(&mut link, ["Family", "Team (shared)"], &["FAMILY (SHARED 2)", "TEAM"], "until it is taken, too").await;

    (link.mounts, link.area) = (Some(Vec::new()), Area::Mounts);
    assert_eq!(link.get(&[], &[]).await.text(), "[]");
    (link.mounts, link.area) = (None, Area::Files);
    check(&mut link, ["Family", "Team (shared)"], &["FAMILY (SHARED 2)", "TEAM"], "a name that is taken").await;
    fs::remove_file(worker.file("TEAM")).unwrap();
    check(&mut link, ["Family", "Team (shared)"], &["FAMILY (SHARED 2)"], "stays while the person is a member").await;
    (link.mounts, link.area) = (Some(Vec::new()), Area::Mounts);
    assert_eq!(link.get(&[], &[]).await.text(), "[]");
    (link.mounts, link.area) = (None, Area::Files);
    check(&mut link, ["Family", "Team"], &["FAMILY (SHARED 2)"], "who comes again finds it under its own").await;
    (link.mounts, link.area) = (Some(Vec::new()), Area::Mounts);
    assert_eq!(link.put(&["x"], &[], "x").await.status, 405);
    link.mounts = None;
    assert_eq!(link.get(&[], &[]).await.status, 405);
    worker.end().await;
    let folder = tempfile::tempdir().unwrap();
    let shared = Running::start_as(folder.path(), SpaceKind::Shared).await.unwrap();
    let mut link = shared.link().await;
    (link.mounts, link.area) = (Some(Vec::new()), Area::Mounts);
    assert_eq!(link.get(&[], &[]).await.status, 405, "nothing stands in a shared space");
    shared.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_may_not_be_opened_is_listed_all_the_same() {
    const ALONE: &str = "CROFT_TEST_WITHOUT_RIGHTS";
    let folder = tempfile::tempdir().unwrap();
    if folder.path().metadata().unwrap().uid() == 0 && env::var_os(ALONE).is_none() {
        // Root may open everything, until it starts a program without its rights.
        let mut again = Command::new("setpriv");
        again.args(["--bounding-set=-all", "--inh-caps=-all"]).arg(env::current_exe().unwrap()).env(ALONE, "1");
        let output = again.args(["--exact", "what_may_not_be_opened_is_listed_all_the_same"]).output().unwrap();
        assert!(output.status.success(), "{}", String::from_utf8_lossy(&output.stdout));
        return;
    }
    let worker = Running::start(folder.path()).await;
    let mut link = worker.link().await;
    link.put(&["file"], &[], "12345").await;
    link.ask(Method::Mkcol, &["folder"], &[], Body::of("")).await;
    link.put(&["folder", "inside"], &[], "123").await;
    let modes =
        |mode: u32| ["file", "folder"].map(|name| fs::set_permissions(worker.file(name), fs::Permissions::from_mode(mode)).unwrap());
    modes(0);
    assert_eq!(link.get(&["file"], &[]).await.code(), "file-refused");
    let reply = list(&mut link, &[], "1").await;
    modes(0o700);
    assert_eq!(all(&reply, "d:href"), ["/dav/files/ana/", "/dav/files/ana/file", "/dav/files/ana/folder/"]);
    assert_eq!(all(&reply, "d:getcontentlength"), ["5"]);
    assert_eq!(all(&reply, "d:getetag").into_iter().collect::<BTreeSet<_>>().len(), 3);
    worker.end().await;
}
