//! COPY and MOVE from one space to another: two workers, and a gateway that has made them a link to each other.
#![cfg(test)]

mod harness;

use std::{
    fs::{self, File},
    os::{
        fd::AsFd,
        unix::{ffi::OsStrExt, fs::MetadataExt},
    },
    path::Path,
    time::{Duration, Instant},
};

use croft_api::bulk::{AbortReason, Commit, Frame, Head, Method};
use croft_files::Link;
use harness::{Body, Gateway, Reply, Running, number, pattern, person};
use serde_json::{Value, json};
use tempfile::TempDir;

/// Two spaces, and what somebody who manages both of them sees.
struct Two {
    folders: [TempDir; 2],
    workers: Vec<Running>,
    source: Gateway,
    target: Gateway,
}

impl Two {
    async fn start() -> Self {
        let folders = [tempfile::tempdir().unwrap(), tempfile::tempdir().unwrap()];
        let workers = vec![Running::start(folders[0].path()).await, Running::start(folders[1].path()).await];
        let (source, mut target) = (workers[0].link().await, workers[1].link().await);
        target.prefix = "/dav/files/ana/Family".into();
        Self { folders, workers, source, target }
    }

    /// Begins; gives the streams, or the answer of the worker that refuses.
    async fn begin(&mut self, method: Method, from: &[&str], to: &[&str], headers: &[(&str, &str)]) -> Result<(u32, u32), Reply> {
        let (one, other) = Link::pair().unwrap();
        (self.source.handed, self.target.handed) = (Some(one.into()), Some(other.into()));
        let beside = [("croft-beside", "/dav/files/ana/Family")];
        let sent = self.source.across(method, from, &[headers, &beside].concat()).await;
        self.source.judged(sent, Head::CONTINUE).await?;
        let about = headers.iter().filter(|(name, _)| ["if", "overwrite"].contains(name)).copied();
        let received = self.target.across(Method::Put, to, &about.collect::<Vec<_>>()).await;
        if let Err(refused) = self.target.judged(received, Head::PROCESSING).await {
            self.source.send(sent, vec![Frame::Abort(AbortReason::Gone)]).await;
            return Err(refused);
        }
        Ok((sent, received))
    }

    /// All of it: the answer at the destination, and that of the source after it.
    async fn ask(&mut self, method: Method, from: &[&str], to: &[&str], headers: &[(&str, &str)]) -> (Reply, Option<Reply>) {
        let (sent, received) = match self.begin(method, from, to, headers).await {
            Ok(streams) => streams,
            Err(refused) => return (refused, None),
        };
        let reply = self.target.finish(received, Body::of("")).await.expect("an answer");
        if reply.status >= 300 {
            return (reply, None);
        }
        self.source.send(sent, vec![Frame::Commit(Commit::default())]).await;
        (reply, self.source.finish(sent, Body::of("")).await)
    }

    fn at(&self, which: usize, path: &str) -> std::path::PathBuf {
        self.folders[which].path().join("space/files").join(path)
    }

    async fn end(self) {
        for worker in self.workers {
            assert_eq!(worker.own("uploads"), [""; 0], "nothing is left over");
            worker.end().await;
        }
    }
}

/// Everything below a folder: path, content.
fn tree(root: &Path) -> Vec<(String, Vec<u8>)> {
    let mut found = Vec::new();
    let mut open = vec![root.to_owned()];
    while let Some(folder) = open.pop() {
        for entry in fs::read_dir(folder).unwrap() {
            let path = entry.unwrap().path();
            let name = path.strip_prefix(root).unwrap().to_str().unwrap().to_owned();
            if path.is_dir() {
                found.push((format!("{name}/"), Vec::new()));
                open.push(path);
            } else {
                found.push((name, fs::read(path).unwrap()));
            }
        }
    }
    found.sort();
    found
}

async fn make(link: &mut Gateway) {
    for folder in [&["t"][..], &["t", "below"], &["t", "below", "empty"]] {
        assert_eq!(link.ask(Method::Mkcol, folder, &[], Body::of("")).await.status, 201);
    }
    let sum = [("x-oc-mtime", "1700000000"), ("oc-checksum", "SHA1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d")];
    let digest = croft_api::bulk::Digest { kind: croft_api::bulk::DigestKind::Sha1, hex: sum[1].1[5..].into() };
    let body = Body { digests: vec![digest], ..Body::of("hello") };
    assert_eq!(link.ask(Method::Put, &["t", "ü b.txt"], &sum, body).await.status, 201);
    assert_eq!(link.put(&["t", "below", "large"], &[], pattern(3_000_000, 5)).await.status, 201);
    assert_eq!(link.put(&["t", "below", "none"], &[], "").await.status, 201);
    let patch = "<d:propertyupdate xmlns:d='DAV:'><d:set><d:prop><c xmlns='u:c'>red</c></d:prop></d:set></d:propertyupdate>";
    assert_eq!(link.ask(Method::Proppatch, &["t", "ü b.txt"], &[], Body::of(patch)).await.status, 207);
}

async fn properties(link: &mut Gateway, path: &[&str]) -> String {
    let body = "<d:propfind xmlns:d='DAV:' xmlns:oc='http://owncloud.org/ns'><d:prop><c xmlns='u:c'/><oc:checksums/></d:prop></d:propfind>";
    link.ask(Method::Propfind, path, &[("depth", "0")], Body::of(body)).await.text().to_owned()
}

#[tokio::test(flavor = "multi_thread")]
async fn a_tree_goes_over_whole_and_its_original_to_the_trash() {
    let mut two = Two::start().await;
    make(&mut two.source).await;
    let before = tree(&two.at(0, "t"));
    let (copied, end) = two.ask(Method::Copy, &["t"], &["copy"], &[]).await;
    assert_eq!((copied.status, end.unwrap().status), (201, 204));
    assert!(tree(&two.at(1, "copy")) == before && tree(&two.at(0, "t")) == before, "a copy leaves the original");
    two.target.changed.clear();
    let (moved, end) = two.ask(Method::Move, &["t"], &["new"], &[]).await;
    assert_eq!((moved.status, end.unwrap().status), (201, 204));
    assert!(tree(&two.at(1, "new")) == before && !two.at(0, "t").exists());
    assert_eq!(two.target.changed, [""]);
    assert_eq!(fs::metadata(two.at(1, "new/ü b.txt")).unwrap().mtime(), 1_700_000_000);
    let listed = two.target.ask(Method::Head, &["new", "below", "large"], &[], Body::of("")).await;
    assert_ne!(number(listed.header("oc-fileid")), number(moved.header("oc-fileid")));
    let said = properties(&mut two.target, &["new", "ü b.txt"]).await;
    assert!(said.contains(">red<") && said.contains("SHA1:aaf4c61ddcc5e8a2dabede0f3b482cd9aea9434d"), "{said}");
    let slot = two.workers[0].own("trash").pop().unwrap();
    assert!(tree(&two.folders[0].path().join("space/.croft/trash").join(slot).join("t")) == before);
    assert_eq!(two.workers[1].own("trash"), [""; 0]);

    // As deep as a path can be.
    let mut deep = two.at(0, "");
    for _ in 0..250 {
        deep.push("d");
    }
    fs::create_dir_all(&deep).unwrap();
    fs::write(deep.join("bottom"), "deep").unwrap();
    assert_eq!(two.ask(Method::Move, &["d"], &["d"], &[]).await.0.status, 201);
    assert_eq!(
        fs::read_to_string(two.folders[1].path().join("space/files").join(deep.strip_prefix(two.at(0, "")).unwrap()).join("bottom"))
            .unwrap(),
        "deep"
    );

    // A single file, and a folder alone.
    two.source.put(&["a"], &[("x-oc-mtime", "1600000000")], "text").await;
    let (moved, _) = two.ask(Method::Move, &["a"], &["b"], &[]).await;
    assert_eq!((moved.status, fs::read_to_string(two.at(1, "b")).unwrap().as_str(), two.at(0, "a").exists()), (201, "text", false));
    assert_eq!(two.target.get(&["b"], &[]).await.header("etag"), moved.header("etag"));
    assert_eq!(fs::metadata(two.at(1, "b")).unwrap().mtime(), 1_600_000_000);
    make(&mut two.source).await;
    assert_eq!(two.ask(Method::Copy, &["t"], &["alone"], &[("depth", "0")]).await.0.status, 201);
    assert_eq!(tree(&two.at(1, "alone")), []);
    two.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn what_is_there_and_who_asks_is_judged_at_both_ends() {
    let mut two = Two::start().await;
    make(&mut two.source).await;
    two.target.put(&["there"], &[], "old").await;
    for (from, to, headers, code) in [
        (&["none"][..], &["x"][..], &[][..], "not-found"),
        (&[], &["x"], &[], "is-the-space"),
        (&["t"], &[], &[], "is-the-space"),
        (&["t"], &["none", "x"], &[], "folder-missing"),
        (&["t"], &["there"], &[("overwrite", "F")], "name-taken"),
        (&["t"], &["x"], &[("if-match", "\"x\"")], "changed-meanwhile"),
        (&["t"], &["x"], &[("overwrite", "x")], "overwrite-malformed"),
    ] {
        let (refused, _) = two.ask(Method::Move, from, to, headers).await;
        assert_eq!(refused.code(), code, "{from:?} {to:?}");
    }
    let (reader, writer) = (two.workers[1].capability(person(3)), two.target.capability.clone());
    for stranger in [&reader, &two.workers[1].capability(person(4))] {
        two.target.capability = stranger.clone();
        let refused = two.ask(Method::Copy, &["t"], &["x"], &[]).await.0.code();
        assert_eq!(refused, if *stranger == reader { "read-only" } else { "not-found" });
    }
    two.target.capability = writer;
    two.source.capability = two.workers[0].capability(person(3));
    assert_eq!(two.ask(Method::Move, &["t"], &["x"], &[]).await.0.code(), "read-only");
    assert_eq!(two.ask(Method::Copy, &["t"], &["x"], &[]).await.0.status, 201, "who reads may copy");
    two.source.capability = two.workers[0].capability(person(1));
    let (replaced, _) = two.ask(Method::Move, &["t", "ü b.txt"], &["there"], &[("overwrite", "T")]).await;
    assert_eq!((replaced.status, fs::read_to_string(two.at(1, "there")).unwrap().as_str()), (204, "hello"));
    let old = two.workers[1].versions(replaced.header("oc-fileid"));
    assert_eq!(old.iter().map(|path| fs::read_to_string(path).unwrap()).collect::<Vec<_>>(), ["old"]);
    two.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn locks_of_both_spaces_hold() {
    let mut two = Two::start().await;
    make(&mut two.source).await;
    two.target.put(&["there"], &[], "old").await;
    let wish = "<lockinfo xmlns='DAV:'><lockscope><exclusive/></lockscope><locktype><write/></locktype></lockinfo>";
    let mut tokens = Vec::new();
    for (link, path) in [(&mut two.source, &["t", "below"][..]), (&mut two.target, &["there"])] {
        tokens.push(link.ask(Method::Lock, path, &[], Body::of(wish)).await.header("lock-token").to_owned());
    }
    let (source, target) = (format!("</dav/files/ana/t/below> ({})", tokens[0]), format!("</dav/files/ana/Family/there> ({})", tokens[1]));
    assert_eq!(two.ask(Method::Move, &["t"], &["there"], &[]).await.0.code(), "locked", "the source");
    assert_eq!(two.ask(Method::Move, &["t"], &["there"], &[("if", &source)]).await.0.code(), "locked", "the target");
    assert_eq!(two.ask(Method::Move, &["t"], &["there"], &[("if", &target)]).await.0.code(), "locked", "the source");
    assert_eq!(two.ask(Method::Copy, &["t"], &["free"], &[]).await.0.status, 201, "a copy changes nothing at the source");
    for stale in [
        format!("</dav/files/ana/t/below> (<urn:uuid:0>) {target}"),
        format!("{source} </dav/files/ana/Family/there> ([\"x\"])"),
        // About neither space: nothing is there.
        "</dav/files/zoe/there> ([\"x\"])".into(),
    ] {
        assert_eq!(two.ask(Method::Move, &["t"], &["there"], &[("if", &stale)]).await.0.code(), "changed-meanwhile", "{stale}");
    }
    assert!(two.at(0, "t").exists());
    let both = format!("{source} {target}");
    assert_eq!(two.ask(Method::Move, &["t"], &["there"], &[("if", &both)]).await.0.status, 204);
    assert!(!two.at(0, "t").exists() && two.at(1, "there/below/large").exists());
    two.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn an_original_that_changed_meanwhile_stays() {
    let mut two = Two::start().await;
    make(&mut two.source).await;
    for change in
        [|path: &Path| fs::write(path.join("new"), "x"), |path: &Path| fs::write(path.join("below/large"), "changed behind its back")]
    {
        let (sent, received) = two.begin(Method::Move, &["t"], &["there"], &[]).await.unwrap();
        assert!(two.target.finish(received, Body::of("")).await.unwrap().status < 300);
        change(&two.at(0, "t")).unwrap();
        two.source.send(sent, vec![Frame::Commit(Commit::default())]).await;
        let refused = two.source.finish(sent, Body::of("")).await.unwrap();
        assert_eq!((refused.status, two.at(0, "t/new").exists()), (412, true));
    }
    two.end().await;
}

/// What a worker says to a link on which the test sends `messages`, and then nothing more. What is at `content` is sent where a message wants a file.
async fn said_to(target: &mut Gateway, messages: &[Value], content: &Path) -> Reply {
    let (one, other) = Link::pair().unwrap();
    target.handed = Some(other.into());
    let stream = target.across(Method::Put, &["x"], &[]).await;
    for message in messages {
        let file = message.get("file").map(|_| File::open(content).unwrap());
        let _ = one.send(message.to_string().as_bytes(), file.as_ref().map(AsFd::as_fd)).await;
    }
    drop(one);
    target.finish(stream, Body::of("")).await.expect("an answer")
}

#[tokio::test(flavor = "multi_thread")]
async fn half_a_tree_and_nonsense_leave_nothing() {
    let folder = tempfile::tempdir().unwrap();
    let worker = Running::start(folder.path()).await;
    let mut target = worker.link().await;
    let path = folder.path().join("content");
    fs::write(&path, "content").unwrap();
    let file = |name: &str, size: u64| json!({"file": {"name": name, "size": size, "modified_seconds": 5, "modified_nanoseconds": 0, "sums": null}});
    let property = |xml: &str| json!({"property": {"xml": xml}});
    let (whole, dir) = (json!({"whole": {"bytes": 7}}), |name: &str| json!({"folder": {"name": name}}));
    let end = |files: u64, folders: u64, bytes: u64| json!({"end": {"files": files, "folders": folders, "bytes": bytes}});
    let up = json!("up");
    let deep: Vec<_> = [whole.clone()].into_iter().chain((0..300).map(|_| dir("d"))).collect();
    for messages in [
        vec![],
        vec![whole.clone()],
        vec![whole.clone(), dir("t"), file("a", 7)],
        vec![whole.clone(), dir("t"), file("a", 7), up.clone()],
        vec![whole.clone(), dir("t"), file("a", 7), up.clone(), end(2, 1, 7)],
        vec![whole.clone(), dir("t"), file("a", 8), up.clone(), end(1, 1, 8)],
        vec![whole.clone(), dir("t"), file("a", 6), up.clone(), end(1, 1, 6)],
        vec![whole.clone(), dir("t"), file("a", 7), file("a", 7), up.clone(), end(2, 1, 14)],
        vec![whole.clone(), dir("t"), file("../a", 7), up.clone(), end(1, 1, 7)],
        vec![whole.clone(), dir("t"), dir(".."), up.clone(), up.clone(), end(0, 2, 0)],
        vec![whole.clone(), dir("t"), up.clone(), up.clone(), end(0, 1, 0)],
        vec![whole.clone(), file("a", 7), file("b", 7), end(2, 0, 14)],
        vec![whole.clone(), dir("t"), dir("a"), up.clone(), dir("a"), up.clone(), up.clone(), end(0, 3, 0)],
        vec![whole.clone(), property("<a xmlns='u:a'/>"), dir("t"), up.clone(), end(0, 1, 0)],
        vec![whole.clone(), dir("t"), property("<a"), up.clone(), end(0, 1, 0)],
        vec![whole.clone(), dir("t"), property("<a xmlns='u:a'>1</a>"), property("<a xmlns='u:a'>2</a>"), up.clone(), end(0, 1, 0)],
        vec![whole.clone(), dir("t"), property("<getetag xmlns='DAV:'>x</getetag>"), up.clone(), end(0, 1, 0)],
        vec![dir("t"), up.clone(), end(0, 1, 0)],
        vec![json!({"what": 1})],
        deep,
    ] {
        let said = said_to(&mut target, &messages, &path).await;
        assert!(said.status >= 400, "{messages:?}: {}", said.status);
        assert!(!worker.file("x").exists(), "{messages:?}");
        assert_eq!(worker.own("uploads"), [""; 0], "{messages:?}");
    }
    let properties = [property("<a xmlns='u:a'>1</a>"), property("<b xmlns='u:a'>2</b>")];
    let messages = [&[whole.clone(), dir("t")], &properties[..], &[file("a", 7), up.clone(), end(1, 1, 7)]].concat();
    assert!(said_to(&mut target, &messages, folder.path()).await.status >= 500, "a folder is no content");
    assert_eq!(said_to(&mut target, &messages, &path).await.status, 201, "the same is good");
    assert_eq!(fs::read_to_string(worker.file("x/a")).unwrap(), "content");
    worker.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn whoever_hangs_up_leaves_the_original_and_nothing_else() {
    let mut two = Two::start().await;
    make(&mut two.source).await;
    let (one, other) = Link::pair().unwrap();
    two.target.handed = Some(other.into());
    let stream = two.target.across(Method::Put, &["x"], &[]).await;
    one.send(json!({"whole": {"bytes": 7}}).to_string().as_bytes(), None).await.unwrap();
    one.send(json!({"folder": {"name": "t"}}).to_string().as_bytes(), None).await.unwrap();
    until(|| two.workers[1].own("uploads").len() == 1).await;
    two.target.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
    until(|| two.workers[1].own("uploads").is_empty()).await;
    // While the last of it is brought to the disk: then it is there, or nothing of it is.
    for round in 0..20 {
        let (one, other) = Link::pair().unwrap();
        two.target.handed = Some(other.into());
        let name = format!("z{round}");
        let stream = two.target.across(Method::Put, &[&name], &[]).await;
        let end = json!({"end": {"files": 0, "folders": 1, "bytes": 0}});
        for message in [json!({"whole": {"bytes": 0}}), json!({"folder": {"name": "t"}}), json!("up"), end] {
            one.send(message.to_string().as_bytes(), None).await.unwrap();
        }
        tokio::time::sleep(Duration::from_micros(200 * round)).await; // waits: for a moment in the middle of it
        two.target.send(stream, vec![Frame::Abort(AbortReason::Gone)]).await;
        until(|| two.workers[1].own("uploads").is_empty()).await;
    }
    // The same of the one that sends, when all of it is over there already.
    let (sent, received) = two.begin(Method::Move, &["t"], &["y"], &[]).await.unwrap();
    assert_eq!(two.target.finish(received, Body::of("")).await.unwrap().status, 201);
    two.source.send(sent, vec![Frame::Abort(AbortReason::Gone)]).await;
    assert_eq!(two.source.get(&["t", "ü b.txt"], &[]).await.status, 200);
    assert!(two.at(0, "t").exists() && two.at(1, "y").exists() && !two.at(1, "x").exists());
    drop(one);
    two.end().await;
}

#[tokio::test(flavor = "multi_thread")]
async fn many_trees_at_once_do_not_wait_for_each_other() {
    /// Entries of a tree: more messages than a link holds, so that who sends waits for who receives.
    const FILES: u64 = 600;
    let two = Two::start().await;
    let Two { workers, source, target, folders } = two;
    drop((source, target));
    for worker in &workers {
        for number in 0..4 {
            fs::create_dir(worker.file(&format!("t{number}"))).unwrap();
            for file in 0..FILES {
                fs::write(worker.file(&format!("t{number}/{file}")), pattern(10, file)).unwrap();
            }
        }
    }
    // Four each way: those that send have judged, in their order, before any is heard of at the other end, and there the last ones are heard of first.
    let mut sends = Vec::new();
    for number in 0..4 {
        for from in [0, 1] {
            let (one, other) = Link::pair().unwrap();
            let mut source = workers[from].link().await;
            source.handed = Some(one.into());
            let sent = source.across(Method::Move, &[&format!("t{number}")], &[("croft-beside", "/dav/files/ana/Family")]).await;
            source.judged(sent, Head::CONTINUE).await.unwrap();
            sends.push((format!("moved{number}"), 1 - from, other, source, sent));
        }
    }
    let mut moves = Vec::new();
    for (name, to, other, source, sent) in sends.into_iter().rev() {
        let mut target = workers[to].link().await;
        target.handed = Some(other.into());
        let received = target.across(Method::Put, &[&name], &[]).await;
        target.judged(received, Head::PROCESSING).await.unwrap();
        moves.push((name, source, sent, target, received));
    }
    let ends = moves.into_iter().map(|(name, mut source, sent, mut target, received)| {
        tokio::spawn(async move {
            let arrived = target.finish(received, Body::of("")).await.unwrap().status;
            source.send(sent, vec![Frame::Commit(Commit::default())]).await;
            (name, arrived, source.finish(sent, Body::of("")).await.unwrap().status)
        })
    });
    for end in ends.collect::<Vec<_>>() {
        let (name, arrived, removed) = tokio::time::timeout(Duration::from_secs(60), end).await.expect("they wait for each other").unwrap();
        assert_eq!((arrived, removed), (201, 204), "{name}");
    }
    for worker in &workers {
        for number in 0..4 {
            assert_eq!(tree(&worker.file(&format!("moved{number}"))).len() as u64, FILES);
            assert!(!worker.file(&format!("t{number}")).exists());
        }
    }
    for worker in workers {
        worker.end().await;
    }
    drop(folders);
}

#[tokio::test(flavor = "multi_thread")]
async fn what_cannot_go_along_keeps_the_original() {
    let mut two = Two::start().await;
    make(&mut two.source).await;
    let unreadable = two.at(0, "t/below").join(std::ffi::OsStr::from_bytes(b"caf\xe9"));
    let link = two.at(0, "t/to-elsewhere");
    let leave = |path: &Path| fs::write(path, "old").unwrap();
    let lead = |path: &Path| std::os::unix::fs::symlink("/", path).unwrap();
    for (path, make) in [(&unreadable, &leave as &dyn Fn(&Path)), (&link, &lead)] {
        make(path);
        let (copied, kept) = two.ask(Method::Move, &["t"], &["there"], &[]).await;
        let kept = kept.unwrap();
        assert!(copied.status < 300 && two.at(1, "there/below/large").exists());
        assert_eq!((kept.status, kept.code().as_str()), (409, "not-all-was-sent"), "{path:?}");
        assert!(kept.text().contains(&*path.file_name().unwrap().to_string_lossy()), "{}", kept.text());
        assert!(fs::symlink_metadata(path).is_ok(), "it is where it was");
        fs::remove_file(path).unwrap();
    }
    // One that comes when all was sent already.
    let (sent, received) = two.begin(Method::Move, &["t"], &["there"], &[]).await.unwrap();
    assert!(two.target.finish(received, Body::of("")).await.unwrap().status < 300);
    leave(&unreadable);
    two.source.send(sent, vec![Frame::Commit(Commit::default())]).await;
    assert_eq!(two.source.finish(sent, Body::of("")).await.unwrap().status, 412);
    fs::remove_file(&unreadable).unwrap();
    assert_eq!(two.ask(Method::Move, &["t"], &["there"], &[]).await.1.unwrap().status, 204);
    two.end().await;
}

async fn until(mut done: impl FnMut() -> bool) {
    let begun = Instant::now();
    while !done() {
        assert!(begun.elapsed() < Duration::from_secs(20), "it does not come");
        tokio::time::sleep(Duration::from_millis(10)).await; // waits: for another task, by polling
    }
}
