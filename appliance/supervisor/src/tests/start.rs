//! Starts that are refused: each with a clear error, an exit code of its own, and nothing changed.

use std::{fs::File, os::fd::OwnedFd, path::Path};

use croft_api::inherit::Descriptors;
use croft_store::{Options, Store};
use serde_json::json;

use crate::{
    SupervisorError,
    records::{CURRENT, Counters, CurrentRecord, THE_ONE},
};

async fn start(home: &Path) -> SupervisorError {
    let null = || OwnedFd::from(File::open("/dev/null").expect("opened"));
    let descriptors = Descriptors::from_pairs([("https".to_owned(), null()), ("http".to_owned(), null())]);
    Box::pin(crate::run(home, descriptors)).await.expect_err("refused")
}

fn store_file(home: &Path) -> std::path::PathBuf {
    std::fs::create_dir_all(home.join("state/supervisor")).expect("made");
    home.join("state/supervisor/supervisor.redb")
}

/// The error and all of its causes.
fn chain(error: &SupervisorError) -> String {
    let mut text = error.to_string();
    let mut cause = std::error::Error::source(error);
    while let Some(next) = cause {
        text = format!("{text}: {next}");
        cause = next.source();
    }
    text
}

#[tokio::test]
async fn a_torn_store_is_left_as_it_is() {
    let home = tempfile::tempdir().expect("a folder");
    let file = store_file(home.path());
    let torn = vec![b'x'; 50_000];
    std::fs::write(&file, &torn).expect("written");
    let error = start(home.path()).await;
    assert_eq!(error.exit_code(), 65);
    let text = chain(&error);
    assert!(text.contains("supervisor.redb") && text.contains("Restore this file from a backup"), "{text}");
    assert!(std::fs::read(&file).expect("read") == torn, "nothing was overwritten");
}

#[tokio::test]
async fn settings_from_the_future_are_left_as_they_are() {
    let home = tempfile::tempdir().expect("a folder");
    let path = store_file(home.path());
    let document = json!({ "schema": 2, "box": { "name": "B", "host": "b", "moat": true } });
    let record = CurrentRecord { generation: 9, versions: Default::default(), counters: Counters::default(), document: document.clone() };
    let open = || {
        Store::open(
            File::options().read(true).write(true).create(true).truncate(false).open(&path).expect("opened"),
            Options::new("supervisor"),
        )
    };
    {
        let mut write = open().expect("a store").write().expect("begun");
        write.put(&CURRENT, &THE_ONE, &record).expect("put");
        write.commit().expect("committed");
    }
    let error = start(home.path()).await;
    assert_eq!(error.exit_code(), 65);
    let text = chain(&error);
    assert!(text.contains("newer release") && text.contains("supervisor.redb"), "{text}");
    let kept = open().expect("a store").read().expect("begun").get(&CURRENT, &THE_ONE).expect("read").expect("there");
    assert_eq!(kept.document, document);
}

#[tokio::test]
async fn two_supervisors_do_not_share_a_folder() {
    let home = tempfile::tempdir().expect("a folder");
    let _first = croft_units::Home::open(home.path()).expect("the first");
    let error = start(home.path()).await;
    assert_eq!(error.exit_code(), 69);
    assert!(chain(&error).contains("in use by another supervisor"));
}

#[tokio::test]
async fn a_missing_listener_is_named() {
    let home = tempfile::tempdir().expect("a folder");
    let error = Box::pin(crate::run(home.path(), Descriptors::from_pairs([]))).await.expect_err("refused");
    assert!(chain(&error).contains("`http`"), "{}", chain(&error));
    assert_eq!(std::fs::read_dir(home.path()).expect("there").count(), 0, "nothing was made");
}
