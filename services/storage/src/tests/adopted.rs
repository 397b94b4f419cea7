//! Disks that are used as they are, with pretended ones: lent while they are wanted and here, to the one worker that may have each.

use croft_api::wire::adopted::{Borrow, Lent, MAX_LENT};
use croft_disks::Volume;
use croft_files::{Link, LinkListener};
use croft_model::{DiskSource, PersonId, Right, SnapshotSchedule, Space, SpaceId, SpaceKind, SpaceNumber, Unadoptable};

use super::*;

fn source() -> DiskSource {
    DiskSource { disk: id(3), volume: "1234-ABCD".parse().unwrap() }
}

fn volume(unfit: Option<Unadoptable>) -> Volume {
    Volume {
        disk: id(3),
        disk_name: "Disk".into(),
        volume: Some(source().volume),
        name: "Photos".into(),
        file_system: "ext4".into(),
        size: Bytes(1),
        unfit,
    }
}

/// Settings in which the space `s1` shows the disk, or nothing does.
fn settings(wanted: bool) -> Option<Projection> {
    let space = Space {
        number: SpaceNumber(1),
        name: "Photos".into(),
        kind: SpaceKind::Disk,
        members: [(PersonId::from_number(1), Right::Read)].into(),
        archived_at: (!wanted).then(Timestamp::now),
        snapshots: SnapshotSchedule::Off,
        quota: None,
        disk: Some(source()),
    };
    Some(Projection { spaces: Some([(SpaceId::from_number(1), space)].into()), ..Projection::default() })
}

struct Lending {
    house: House,
    wish: watch::Sender<Option<Projection>>,
    /// What is on the disk.
    content: tempfile::TempDir,
    uid: u32,
}

impl Lending {
    fn new() -> Self {
        let (wish, household) = watch::channel(settings(true));
        let spaces = Spaces { volumes: None, household, clock: Arc::new(Timestamp::now) };
        let house = House::whole(FakeDisks::new(three()), Err(PoolAbsent::OtherFileSystem), spaces);
        let content = tempfile::tempdir().unwrap();
        let uid = std::fs::metadata(content.path()).unwrap().uid();
        let this = Self { house, wish, content, uid };
        this.plug(None);
        this
    }

    fn serve(&self, first: u32) {
        let path = self.house.folder.path().join("disks.sock");
        let listener = LinkListener::bind(&path).unwrap();
        let peers = Peers::parse(&format!("disk={first}-{}", self.uid + 10)).unwrap();
        tokio::spawn(Arc::clone(&self.house.lender).run());
        tokio::spawn(Arc::clone(&self.house.lender).serve(listener.into(), peers));
    }

    fn plug(&self, unfit: Option<Unadoptable>) {
        self.house.care.has_volumes(vec![(volume(unfit), self.content.path().to_owned())]);
        self.house.care.tell();
    }

    /// What a worker that says it is the one of `space` hears, with the link; none where it is turned away.
    async fn borrow(&self, space: u16) -> Option<(Lent, bool, Link)> {
        let link = Link::connect(&self.house.folder.path().join("disks.sock")).await.unwrap();
        let asked = serde_json::to_vec(&Borrow { space: SpaceId::from_number(space) }).unwrap();
        link.send(&asked, None).await.unwrap();
        let mut buffer = vec![0; MAX_LENT];
        let received = link.receive(&mut buffer).await.ok()??;
        let lent = serde_json::from_slice(&buffer[..received.length]).unwrap();
        Some((lent, received.descriptor.is_some(), link))
    }

    async fn ends(&self, link: &Link) {
        let ended = tokio::time::timeout(Duration::from_secs(20), link.receive(&mut [0; 8])).await;
        assert!(matches!(ended, Ok(Ok(None) | Err(_))), "the worker is told");
    }
}

#[tokio::test]
async fn a_disk_is_lent_while_it_is_wanted_and_here() {
    let lending = Lending::new();
    lending.serve(lending.uid);
    let there = Lent::There { unfinished: false, croft: false };
    let (lent, handed, link) = lending.borrow(1).await.unwrap();
    assert_eq!((lent, handed), (there, true));
    let disk = lending.house.list().await.into_iter().find(|disk| disk["id"] == json!(id(3))).unwrap();
    assert_eq!((&disk["adopted"][0]["name"], &disk["adopted"][0]["state"]["is"]), (&json!("Photos"), &json!("there")));
    // Nothing else is done to it.
    for what in ["erase/plan", "look", "adopt/plan"] {
        let (status, refused) = lending.house.to(3, what, json!({ "contents": "contents 3" })).await;
        assert_eq!((status, &refused["code"]), (409, &json!("disk-adopted")), "{what}");
    }

    // One listing that lacks it says nothing, as long as it is there.
    lending.house.care.has_volumes(Vec::new());
    lending.house.care.tell();
    let still = tokio::time::timeout(Duration::from_millis(300), link.receive(&mut [0; 8])).await;
    assert!(still.is_err(), "it is lent as before");
    lending.plug(None);

    // It is pulled, and nobody tells.
    lending.house.disks.change(three().into_iter().take(2).collect());
    lending.house.care.pull(&id(3));
    lending.ends(&link).await;
    let (lent, handed, link) = lending.borrow(1).await.unwrap();
    assert_eq!((lent, handed), (Lent::Away, false));
    let (_, all) = lending.house.console(Method::GET, "/api/v1/disks/adopted", Value::Null).await;
    assert_eq!((&all[0]["state"]["is"], &all[0]["disk"]), (&json!("away"), &json!(id(3))));

    // Plugged in again it is read again; damaged, it is said.
    lending.house.disks.change(three());
    lending.house.care.tell();
    lending.ends(&link).await;
    let (lent, _, link) = lending.borrow(1).await.unwrap();
    assert_eq!(lent, there);

    // Nobody wants it any more.
    lending.wish.send_replace(settings(false));
    lending.ends(&link).await;
    assert_eq!(lending.house.lender.adopted_of(&id(3)), []);
    lending.plug(Some(Unadoptable::Damaged));
    lending.wish.send_replace(settings(true));
    let (lent, handed, _link) = lending.borrow(1).await.unwrap();
    assert_eq!((lent, handed), (Lent::Unread { why: Unadoptable::Damaged }, false));
}

#[tokio::test]
async fn whatever_writes_refuses_a_disk_that_is_used_as_it_is() {
    let lending = Lending::new();
    let refused = async |path: &str| {
        let (status, refused) = lending.house.to(3, path, json!({ "contents": "contents 3" })).await;
        (status, refused["code"].clone(), refused["hint"].clone())
    };
    let released = json!("Release it first: `croft disk release`.");
    let adopted = || (409, json!("disk-adopted"), released.clone());
    // Nothing is mounted: the settings are enough, for this disk, and for another one with the same file system on several.
    assert_eq!(refused("erase/plan").await, adopted());
    let (status, answer) = lending.house.begin(3, Some("Photos")).await;
    assert_eq!((status, &answer["code"], &answer["hint"]), (409, &json!("disk-adopted"), &released));
    let other = DiskSource { disk: id(9), ..source() };
    let pool = |file_system: &str| vec![(Volume { file_system: file_system.into(), ..volume(None) }, lending.content.path().to_owned())];
    lending.wish.send_modify(|settings| {
        let spaces = settings.iter_mut().filter_map(|settings| settings.spaces.as_mut()).flat_map(|spaces| spaces.values_mut());
        spaces.for_each(|space| space.disk = Some(other.clone()));
    });
    lending.house.care.has_volumes(pool("btrfs"));
    assert_eq!(refused("erase/plan").await, adopted());
    lending.house.care.has_volumes(pool("ext4"));
    assert_eq!(refused("erase/plan").await.0, 200, "it is another one with the same number");

    // The settings do not say so yet, or nobody knows them.
    let adoption = lending.house.installer.adoption();
    lending.wish.send_replace(settings(false));
    adoption.wish([(&source(), "Photos")].into_iter());
    assert_eq!(refused("erase/plan").await, adopted());
    adoption.unwish([&source()].into_iter());
    assert_eq!(refused("erase/plan").await.0, 200);
    lending.wish.send_replace(None);
    assert_eq!(refused("erase/plan").await.1, json!("not-ready"));
    assert_eq!(lending.house.disks.written(), []);
}

#[tokio::test]
async fn a_pool_is_known_by_the_disk_that_it_was_chosen_by_although_that_is_gone() {
    let lending = Lending::new();
    let chosen = DiskSource { disk: id(9), ..source() };
    lending.wish.send_modify(|settings| {
        let spaces = settings.iter_mut().filter_map(|settings| settings.spaces.as_mut()).flat_map(|spaces| spaces.values_mut());
        spaces.for_each(|space| space.disk = Some(chosen.clone()));
    });
    let pool = Volume { file_system: "btrfs".into(), ..volume(None) };
    lending.house.care.has_volumes(vec![(pool, lending.content.path().to_owned())]);
    lending.serve(lending.uid);
    let (lent, ..) = lending.borrow(1).await.unwrap();
    assert_eq!(lent, Lent::There { unfinished: false, croft: false });
    let names = |disk: u8| lending.house.lender.adopted_of(&id(disk)).into_iter().map(|adopted| adopted.name).collect::<Vec<_>>();
    assert_eq!((names(3), names(9), names(2)), (vec!["Photos".to_owned()], vec!["Photos".to_owned()], vec![]));
}

#[tokio::test]
async fn a_slow_disk_keeps_no_other_one_waiting_and_nothing_is_looked_for_in_vain() {
    let lending = Lending::new();
    // Nothing is wanted.
    lending.wish.send_replace(settings(false));
    let listed = lending.house.care.listed();
    lending.serve(lending.uid);
    lending.house.care.tell();
    // waits: what must not happen has no end to wait for
    tokio::time::sleep(Duration::from_millis(300)).await;
    assert_eq!(lending.house.care.listed(), listed, "no disk is read");

    let slow = Volume { disk: id(2), volume: "5678-ABCD".parse().ok(), ..volume(None) };
    let content = lending.content.path().to_owned();
    lending.house.care.has_volumes(vec![(slow, content.clone()), (volume(None), content)]);
    lending.house.care.slows(&id(2));
    let mut both = settings(true).unwrap();
    let spaces = both.spaces.as_mut().unwrap();
    let mut second = spaces[&SpaceId::from_number(1)].clone();
    (second.number, second.disk) = (SpaceNumber(2), Some(DiskSource { disk: id(2), volume: "5678-ABCD".parse().unwrap() }));
    spaces.insert(SpaceId::from_number(2), second);
    lending.wish.send_replace(Some(both));
    let (lent, _, link) = lending.borrow(1).await.unwrap();
    assert_eq!(lent, Lent::There { unfinished: false, croft: false });
    lending.house.care.pull(&id(3));
    lending.ends(&link).await;
    // It is mounted again, although the other one is still being mounted.
    let back = async {
        while lending.borrow(1).await.is_none_or(|(lent, ..)| lent == Lent::Away) {
            tokio::task::yield_now().await;
        }
    };
    tokio::time::timeout(Duration::from_secs(20), back).await.unwrap();
}

#[tokio::test]
async fn nobody_borrows_the_disk_of_another() {
    let lending = Lending::new();
    lending.serve(lending.uid);
    assert!(lending.borrow(2).await.is_none(), "this user is the worker of s1");
    let (lent, ..) = lending.borrow(1).await.unwrap();
    assert_eq!(lent, Lent::There { unfinished: false, croft: false });
}

#[tokio::test]
async fn a_stranger_is_turned_away() {
    let lending = Lending::new();
    lending.serve(lending.uid + 1);
    assert!(lending.borrow(1).await.is_none());
}

#[tokio::test]
async fn what_would_be_read_is_told_before() {
    let lending = Lending::new();
    let owner = async |path: &str, body: Value| lending.house.to(3, path, body).await;
    let seen = json!({ "contents": "contents 3" });
    lending.wish.send_replace(settings(false));
    let (status, plan) = owner("adopt/plan", seen.clone()).await;
    assert_eq!((status, &plan["volumes"][0]["name"]), (200, &json!("Photos")));
    assert_eq!(owner("adopt/plan", json!({ "contents": "other" })).await.1["code"], "disk-changed");
    assert_eq!(owner("adopt/plan", json!({ "contents": "contents 3", "name": "a/b" })).await.1["code"], "adopt-name-invalid");
    lending.plug(Some(Unadoptable::Locked));
    assert_eq!(owner("adopt/plan", seen.clone()).await.1["code"], "disk-unreadable");
    let (status, refused) = lending.house.ask_as(&[Scope::Account], Method::POST, &format!("/api/v1/disks/{}/adopt", id(3)), seen).await;
    assert_eq!(status, 403, "{refused}");
    let (status, refused) = lending.house.console(Method::DELETE, &format!("/api/v1/disks/{}/adopt", id(3)), Value::Null).await;
    assert_eq!((status, &refused["code"]), (404, &json!("disk-not-adopted")));
}
