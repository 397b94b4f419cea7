//! Hints: heard, looked at, and left to a pass where anything is missing.

use std::{
    fs::{self, File},
    path::{Path, PathBuf},
    time::SystemTime,
};

use croft_api::bulk::{Frame, decode};
use croft_model::SpaceNumber;
use tokio::sync::broadcast::Receiver;

use super::{
    super::{Space, pass::Pass},
    *,
};
use crate::news::{Item, News};

/// Longer than anything here waits.
const HOUR: Duration = Duration::from_secs(3600);

/// A space whose keeper is the test, which hears and looks when it wants.
struct Ground {
    folder: tempfile::TempDir,
    space: Arc<Space>,
    news: News,
    told: Receiver<Item>,
    hints: Hints,
}

impl Ground {
    /// One that has these files and was read whole.
    async fn new(files: &[&str]) -> Self {
        let mut this = Self::with(files, MAX_WATCHES);
        // That the pass gave ids is heard of, too.
        assert_eq!(this.look().await, (true, vec![]));
        this
    }

    fn with(files: &[&str], max_watches: usize) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let dir = |name: &str| {
            fs::create_dir_all(folder.path().join(name)).unwrap();
            Dir::new(File::open(folder.path().join(name)).unwrap().into()).unwrap()
        };
        let space = Arc::new(Space::open(&dir("space"), &dir("index"), SpaceNumber(7)).unwrap());
        let news = News::new();
        let hints = Hints::new(Arc::clone(&space.catalog.notes), max_watches).unwrap();
        let mut this = Self { told: news.listen(), folder, space, news, hints };
        files.iter().for_each(|file| this.write(file));
        this.pass();
        this.told();
        this
    }

    fn at(&self, path: &str) -> PathBuf {
        self.folder.path().join("space/files").join(path)
    }

    /// Writes a file that has rested since.
    fn write(&self, path: &str) {
        let path = self.at(path);
        fs::create_dir_all(path.parent().unwrap()).unwrap();
        fs::write(&path, path.as_os_str().as_encoded_bytes()).unwrap();
        rested(&path);
    }

    fn pass(&self) {
        self.space.catalog.read_all(&self.space, &self.news, Some(&self.hints)).unwrap();
    }

    /// Takes in what the system tells by now.
    async fn hear(&self) {
        while let Ok(told) = tokio::time::timeout(Duration::from_millis(20), self.hints.watches.told()).await {
            self.hints.take_in(told.unwrap());
        }
    }

    /// Looks at what was heard; says whether that was all there is to it, and the folders that were told.
    async fn look(&mut self) -> (bool, Vec<String>) {
        self.hear().await;
        let heard = self.hints.take(Instant::now() + HOUR);
        let rows = self.space.catalog.rows.as_ref().unwrap();
        let settled = Pass::new(&self.space, &self.news, rows, Some(&self.hints)).look(&heard).unwrap();
        (settled, self.told())
    }

    /// Folders of which was told that they changed, since this was asked last.
    fn told(&mut self) -> Vec<String> {
        let mut told = Vec::new();
        while let Ok(item) = self.told.try_recv() {
            told.extend(decode(item.packet).unwrap().into_iter().filter_map(|(_, frame)| match frame {
                Frame::Changed { folder, .. } => Some(folder),
                _ => None,
            }));
        }
        told.sort();
        told
    }

    fn etag(&self) -> String {
        self.space.root().etag
    }
}

fn rested(path: &Path) {
    File::options().write(true).open(path).unwrap().set_modified(SystemTime::UNIX_EPOCH + HOUR * 24 * 365 * 30).unwrap();
}

fn is_part(hints: &Hints) -> bool {
    matches!(hints.hearing(), Hearing::Part { .. })
}

fn names(path: &str) -> Vec<Name> {
    super::super::names_of(path)
}

#[tokio::test]
async fn what_comes_and_changes_is_told_when_it_was_heard() {
    let mut ground = Ground::new(&["a/b/c/old", "other/x"]).await;
    let before = ground.etag();
    ground.write("a/b/c/new");
    assert_eq!(ground.look().await, (true, vec!["a/b/c".into()]));
    fs::write(ground.at("a/b/c/old"), "longer than before").unwrap();
    rested(&ground.at("a/b/c/old"));
    assert_eq!(ground.look().await, (true, vec!["a/b/c".into()]));
    assert_ne!(ground.etag(), before);

    // A tree that comes is read, and listened to.
    ground.write("other/tree/deep/file");
    assert_eq!(ground.look().await, (true, ["other", "other/tree", "other/tree/deep"].map(Into::into).into()));
    ground.write("other/tree/deep/another");
    assert_eq!(ground.look().await, (true, vec!["other/tree/deep".into()]));
    assert_eq!(ground.look().await, (true, vec![]), "a look leads to no other");
}

#[tokio::test]
async fn what_is_written_is_looked_at_in_its_next_pause() {
    let mut ground = Ground::new(&["a/film"]).await;
    let file = File::options().append(true).open(ground.at("a/film")).unwrap();
    for _ in 0..3 {
        std::io::Write::write_all(&mut &file, b"more").unwrap();
        assert_eq!(ground.look().await, (true, vec![]), "more may come");
    }
    tokio::time::sleep(Duration::from_millis(600)).await; // waits: for the file to rest, as long as it must
    assert_eq!(ground.look().await, (true, vec!["a".into()]), "it was not forgotten, and is open still");
}

#[tokio::test]
async fn what_moves_is_told_at_both_ends_and_stays_what_it_is() {
    let mut ground = Ground::new(&["a/tree/deep/file", "b/x"]).await;
    let id = |ground: &Ground, path: &str| ground.space.entry(&names(path)).unwrap().stamp.id;
    let (tree, file) = (id(&ground, "a/tree"), id(&ground, "a/tree/deep/file"));
    fs::rename(ground.at("a/tree"), ground.at("b/moved")).unwrap();
    assert_eq!(ground.look().await, (true, vec!["a".into(), "b".into()]));
    assert_eq!(ground.space.path_of(tree).unwrap(), Some(names("b/moved")));
    assert_eq!(ground.space.path_of(file).unwrap(), Some(names("b/moved/deep/file")));
    // It is listened to where it is now.
    ground.write("b/moved/deep/new");
    assert_eq!(ground.look().await, (true, vec!["b/moved/deep".into()]));
    ground.pass();
    assert_eq!(ground.told(), [] as [&str; 0], "nothing was left to a pass");
}

/// What somebody else does.
type Step<'a> = &'a dyn Fn(&Ground);

#[tokio::test]
async fn where_anything_is_missing_nothing_is_told_before_a_pass_has_judged() {
    let steps: [(&str, Step); 4] = [
        ("a deletion beside an addition", &|ground| {
            fs::remove_file(ground.at("a/x")).unwrap();
            ground.write("a/new");
        }),
        ("a deletion, and an addition elsewhere", &|ground| {
            fs::remove_dir_all(ground.at("a/tree")).unwrap();
            ground.write("b/new");
        }),
        ("another folder under the name", &|ground| {
            fs::rename(ground.at("a/tree"), ground.folder.path().join("aside")).unwrap();
            ground.write("a/tree/new");
        }),
        ("a folder that is gone while something is written in it", &|ground| {
            fs::rename(ground.at("a"), ground.folder.path().join("aside")).unwrap();
            fs::write(ground.folder.path().join("aside/tree/new"), "").unwrap();
        }),
    ];
    for (what, step) in steps {
        let mut ground = Ground::new(&["a/x", "a/tree/y", "b/z"]).await;
        let before = ground.etag();
        step(&ground);
        assert_eq!(ground.look().await, (false, vec![]), "{what}");
        assert_eq!(ground.etag(), before, "{what}");
        ground.pass();
        assert!(!ground.told().is_empty() && ground.etag() != before, "{what}: it is left to the pass");
    }
}

#[tokio::test]
async fn a_look_takes_nothing_over_that_is_held_back_for_a_pass() {
    let mut ground = Ground::new(&["a/x"]).await;
    let (before, guard) = (ground.etag(), &ground.space.guard);
    // As a pass does that broke off.
    guard.hold();
    // A folder that came by the box itself is read as a part.
    let noted = ground.space.catalog.note(&[&[]], &names("own"));
    ground.write("own/file");
    drop(noted);
    let catalog = &ground.space.catalog;
    catalog.settle(&ground.space).unwrap();
    catalog.read_trees(&ground.space, &ground.news, Some(&ground.hints)).unwrap();
    assert_eq!(ground.etag(), before);
    // What was heard is left to the pass, too.
    ground.write("a/new");
    ground.hear().await;
    tokio::time::sleep(GATHER).await; // waits: for what was heard to be due
    ground.space.catalog.look(&ground.space, &ground.news, &ground.hints).unwrap();
    assert!(is_part(&ground.hints));
    assert_eq!(ground.etag(), before);
    assert!(!ground.space.guard.is_calm());
    assert_eq!(ground.told(), [] as [&str; 0]);
    ground.pass();
    assert!(ground.space.guard.is_calm() && ground.etag() != before);
    assert_eq!(ground.hints.hearing(), Hearing::All);
}

#[tokio::test]
async fn own_changes_are_no_news_and_are_looked_at_once() {
    let mut ground = Ground::new(&["a/x"]).await;
    for _ in 0..2 {
        let noted = ground.space.catalog.note(&[&names("a")], &names("own"));
        ground.write("a/own");
        drop(noted);
        ground.space.catalog.settle(&ground.space).unwrap();
        assert_eq!(ground.look().await, (true, vec![]));
        ground.hear().await;
        assert_eq!(ground.hints.due(), None, "nothing comes of a look");
    }
}

#[tokio::test]
async fn what_went_away_is_not_listened_to_for_long() {
    let mut ground = Ground::new(&["a/gone/deep/x", "a/trashed/deep/y", "b/z"]).await;
    let watched = |ground: &Ground| ground.hints.lock().folders.len();
    let all = watched(&ground);
    // Into the trash, by the box.
    let noted = ground.space.catalog.note(&[&names("a")], &names("trashed"));
    fs::rename(ground.at("a/trashed"), ground.folder.path().join("trash")).unwrap();
    drop(noted);
    ground.space.catalog.settle(&ground.space).unwrap();
    fs::remove_file(ground.folder.path().join("trash/deep/y")).unwrap();
    assert_eq!(ground.look().await, (true, vec![]), "what becomes of it there is nothing to the space");
    assert_eq!(watched(&ground), all - 1);
    // Out of the space, by others.
    fs::rename(ground.at("a/gone"), ground.folder.path().join("aside")).unwrap();
    assert_eq!(ground.look().await, (false, vec![]));
    ground.pass();
    assert_eq!(watched(&ground), all - 4);
    ground.told();
    fs::write(ground.folder.path().join("aside/deep/new"), "").unwrap();
    assert_eq!(ground.look().await, (true, vec![]));
}

#[tokio::test]
async fn what_was_lost_or_is_too_much_is_found_by_a_pass() {
    let ground = Ground::new(&["a/x"]).await;
    let many = (0..=MAX_NAMES).map(|number| Name::new(format!("{number}")).unwrap());
    let losses: [&dyn Fn(); 2] = [&|| ground.hints.take_in(vec![Told::Lost]), &|| many.clone().for_each(|name| ground.hints.hear(1, name))];
    for lose in losses {
        assert_eq!(ground.hints.hearing(), Hearing::All);
        ground.hints.hear(1, Name::literal("before"));
        lose();
        assert!(is_part(&ground.hints), "a pass is to come");
        assert_eq!(ground.hints.due(), None, "before anything is looked at");
        ground.hints.hear(1, Name::literal("after"));
        assert_eq!(ground.hints.due(), None);
        ground.pass();
    }
    assert_eq!(ground.hints.hearing(), Hearing::All);
    // What is heard during a pass is for afterwards: it may have been past it.
    ground.hints.begin_pass();
    ground.hints.take_in(vec![Told::Lost]);
    ground.hints.end_pass();
    assert!(is_part(&ground.hints));
}

#[tokio::test]
async fn hints_that_do_not_come_from_everywhere_count_for_nothing() {
    let ground = Ground::with(&["a/x", "b/x", "c/x"], 3);
    assert!(is_part(&ground.hints), "four folders are too many");
    assert!(matches!(ground.hints.lock().deaf, Some(Deaf::Folders)));
    ground.pass();
    assert!(is_part(&ground.hints));

    let ground = Ground::with(&["a/x", "b/x"], 3);
    assert_eq!(ground.hints.hearing(), Hearing::All);
}

#[tokio::test]
async fn a_listener_that_ends_says_so() {
    let notes: Arc<Notes> = Arc::default();
    let listener = Listener::start(&notes, &Handle::current()).unwrap();
    listener.hints.begin_pass();
    assert!(listener.hints.hearing() == Hearing::All && listener.deaf().is_none());
    listener.task.abort();
    let roused = tokio::task::spawn_blocking(move || notes.wait(Instant::now() + HOUR, false));
    assert!(roused.await.unwrap(), "who waits hears of it");
    listener.hints.begin_pass();
    assert!(is_part(&listener.hints), "also after another pass");
    assert!(matches!(listener.deaf(), Some(Deaf::Ended)));
}
