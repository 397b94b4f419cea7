//! Storage behind its real socket, with pretended disks.

mod adopted;
mod interrupted;
pub(crate) mod pool;
mod single;

use std::{os::unix::fs::MetadataExt, sync::Arc, time::Duration};

use axum::body::Body;
use croft_api::{
    call::Role,
    capability::{Minter, Verifier},
    headers,
    inherit::RunDirectory,
    projection::Supervisor,
    routes::{Gate, Needs},
    socket::{self, Peers},
};
use croft_boot::{Boot, FakeBoot};
use croft_disks::{Care, DiskError, FakeCare, FakeDisks, Pool, Snapshots};
use croft_model::{Bus, Bytes, Claims, Disk, DiskId, Holds, Installation, PoolAbsent, Power, Principal, Projection, Scope, Unfit};
use http::{Method, Request};
use http_body_util::BodyExt;
use jiff::Timestamp;
use serde_json::{Value, json};
use tokio::{net::UnixListener, sync::watch};
use tokio_util::sync::CancellationToken;

use crate::{
    adopt::Adopter,
    adoption::Adoption,
    doctor::{Doctor, EVERY},
    eraser::Eraser,
    http::{Storage, routes},
    installer::Installer,
    keeper::Keeper,
    lender::Lender,
    records::Records,
    snapshot::SnapshotKeeper,
};

pub(crate) const SEED: [u8; 32] = [7; 32];
/// How often a pretended pool is looked at.
const LOOK: Duration = Duration::from_millis(10);

pub(crate) struct House {
    folder: tempfile::TempDir,
    disks: FakeDisks,
    boot: Arc<FakeBoot>,
    installer: Arc<Installer>,
    pub(crate) keeper: Arc<Keeper>,
    care: FakeCare,
    pub(crate) doctor: Arc<Doctor>,
    pub(crate) lender: Arc<Lender>,
    pub(crate) snapshots: Arc<SnapshotKeeper>,
    pub(crate) stop: CancellationToken,
}

/// The spaces of a house.
pub(crate) struct Spaces {
    pub(crate) volumes: Option<Arc<dyn Snapshots>>,
    pub(crate) household: watch::Receiver<Option<Projection>>,
    pub(crate) clock: Arc<dyn Fn() -> Timestamp + Send + Sync>,
}

fn id(number: u8) -> DiskId {
    DiskId::of_hash(&[number; 32])
}

fn disk(number: u8, holds: Holds, label: Option<&str>) -> Disk {
    Disk {
        id: id(number),
        name: "Disk".into(),
        serial: number.to_string(),
        size: Bytes(64_000_000_000),
        bus: Bus::Nvme,
        removable: false,
        runs_from: false,
        holds,
        label: label.map(str::to_owned),
        contents: format!("contents {number}"),
        half_installed: false,
        plug: croft_model::Plug::Unknown,
        several: None,
        unfit: None,
    }
}

/// The stick that the box runs from, an empty disk, and one with photos.
fn three() -> Vec<Disk> {
    let stick = Disk { removable: true, runs_from: true, unfit: Some(Unfit::RunsFrom), ..disk(1, Holds::Bytes, Some("Stick")) };
    vec![stick, disk(2, Holds::Nothing, None), disk(3, Holds::Bytes, Some("Photos"))]
}

impl House {
    fn new() -> Self {
        Self::with(FakeDisks::new(three()), Err(PoolAbsent::OtherFileSystem))
    }

    fn with(disks: FakeDisks, pool: Result<Arc<dyn Pool>, PoolAbsent>) -> Self {
        let (_, household) = watch::channel(Some(Projection::default()));
        Self::whole(disks, pool, Spaces { volumes: None, household, clock: Arc::new(Timestamp::now) })
    }

    /// The same with spaces.
    pub(crate) fn whole(disks: FakeDisks, pool: Result<Arc<dyn Pool>, PoolAbsent>, spaces: Spaces) -> Self {
        let folder = tempfile::tempdir().unwrap();
        let uid = std::fs::metadata(folder.path()).unwrap().uid();
        let (boot, stop) = (Arc::new(FakeBoot::new()), CancellationToken::new());
        let Spaces { volumes, household, clock } = spaces;
        let care = FakeCare::new(disks.clone());
        let asked: Arc<dyn Care> = Arc::new(care.clone());
        let adoption = Arc::new(Adoption::new(Arc::clone(&asked), household.clone()));
        let machine = Arc::clone(&boot) as Arc<dyn Boot>;
        let installer = Arc::new(Installer::new(Arc::new(disks.clone()), machine, Arc::clone(&adoption), stop.clone()));
        let records = Records::open(&std::fs::File::open(folder.path()).unwrap().into()).unwrap();
        let (again, aged) = (records.clone(), records.clone());
        let keeper = Arc::new(Keeper::new(pool, Arc::clone(&installer), records, household.clone(), LOOK, stop.clone()).unwrap());
        let wished = household.clone();
        let snapshots = Arc::new(SnapshotKeeper::new(volumes, Arc::clone(&keeper), household, clock, LOOK).unwrap());
        tokio::spawn(Arc::clone(&keeper).run());
        tokio::spawn(Arc::clone(&snapshots).run());
        let key = Minter::from_seed(&SEED).unwrap().public_key_hex();
        let gate = Gate { verifier: Verifier::new(&key, "storage").unwrap(), peers: Peers::parse(&format!("gateway={uid}")).unwrap() };
        let listener = UnixListener::bind(folder.path().join("storage.sock")).unwrap();
        let doctor = Arc::new(Doctor::new(Arc::clone(&asked), again, EVERY, stop.clone()).unwrap());
        let lender = Arc::new(Lender::new(Arc::clone(&asked), Arc::clone(&keeper), Arc::clone(&adoption), wished, stop.clone()));
        let of_eraser = (Arc::clone(&installer), Arc::clone(&keeper), Arc::clone(&lender), Arc::clone(&doctor));
        let eraser = Arc::new(Eraser::new(asked, of_eraser, aged, stop.clone()).unwrap());
        let run = RunDirectory::new(std::fs::File::open(folder.path()).unwrap().into());
        let adopter = Arc::new(Adopter::new(Arc::clone(&eraser), Arc::clone(&lender), adoption, Supervisor::new(run)));
        tokio::spawn(Arc::clone(&doctor).run());
        tokio::spawn(Arc::clone(&eraser).run());
        let (snapped, held) = (Arc::clone(&snapshots), Arc::clone(&keeper));
        let storage = Storage { installer: Arc::clone(&installer), keeper: held, eraser, snapshots: snapped, adopter };
        tokio::spawn(socket::serve(listener, routes().build(storage), gate, stop.clone()));
        Self { folder, disks, boot, installer, keeper, care, doctor, lender, snapshots, stop }
    }

    async fn ask_as(&self, scopes: &[Scope], method: Method, path: &str, body: Value) -> (u16, Value) {
        let who = Principal::Claimant { address: "192.168.1.7".into() };
        self.ask_who(who, scopes, None, method, path, body).await
    }

    pub(crate) async fn ask_who(
        &self,
        who: Principal,
        scopes: &[Scope],
        proof: Option<&str>,
        method: Method,
        path: &str,
        body: Value,
    ) -> (u16, Value) {
        let claims = Claims {
            who,
            session: None,
            scopes: scopes.iter().copied().collect(),
            audience: "storage".into(),
            expires: jiff::Timestamp::now().as_second() + 50,
        };
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !scopes.is_empty() {
            request = request.header(headers::CAPABILITY, Minter::from_seed(&SEED).unwrap().mint(&claims));
        }
        if let Some(proof) = proof {
            request = request.header(headers::PROOF, proof);
        }
        let body = if body.is_null() { Body::empty() } else { Body::from(body.to_string()) };
        let role = Role::new(RunDirectory::new(std::fs::File::open(self.folder.path()).unwrap().into()), "storage");
        let (head, body) = role.send(request.body(body).unwrap()).await.unwrap().into_parts();
        let bytes = body.collect().await.unwrap().to_bytes();
        (head.status.as_u16(), serde_json::from_slice(&bytes).unwrap_or_default())
    }

    async fn ask(&self, method: Method, path: &str, body: Value) -> (u16, Value) {
        self.ask_as(&[Scope::Setup], method, path, body).await
    }

    async fn begin(&self, number: u8, label: Option<&str>) -> (u16, Value) {
        let mut body = json!({ "disk": id(number), "contents": format!("contents {number}") });
        if let Some(label) = label {
            body["label"] = label.into();
        }
        self.ask(Method::POST, "/api/v1/install", body).await
    }

    /// Waits until nothing is at work any more.
    async fn settled(&self) -> Installation {
        loop {
            let now = self.installer.installation();
            if !now.runs() {
                return now;
            }
            tokio::task::yield_now().await;
        }
    }
}

impl Drop for House {
    fn drop(&mut self) {
        self.stop.cancel();
    }
}

#[tokio::test]
async fn every_route_wants_its_scope_and_no_other() {
    let house = House::new();
    let others = |scope: Scope| Scope::ALL.into_iter().filter(move |other| *other != scope).collect::<Vec<_>>();
    for (route, needs) in routes().needs() {
        let (method, path) = route.split_once(' ').unwrap();
        let path = &path.replace("{id}", &id(2).to_string());
        let Needs::Scope(scope) = needs else { panic!("{route} is open") };
        let (status, answer) = house.ask_as(&[], method.parse().unwrap(), path, json!({})).await;
        assert_eq!((status, &answer["code"]), (401, &"capability-refused".into()), "{route}");
        let (status, answer) = house.ask_as(&others(*scope), method.parse().unwrap(), path, json!({})).await;
        assert_eq!((status, &answer["code"]), (403, &"not-allowed".into()), "{route}");
    }
    assert_eq!(house.disks.written(), []);
    let (status, disks) = house.ask_as(&[Scope::Manage], Method::GET, "/api/v1/disks", Value::Null).await;
    assert_eq!((status, disks.as_array().map(Vec::len)), (200, Some(3)));
}

#[tokio::test]
async fn an_empty_disk_is_installed_to_and_the_machine_ends_afterwards() {
    let house = House::new();
    let (status, offer) = house.ask(Method::GET, "/api/v1/install", Value::Null).await;
    assert_eq!((status, &offer["offered"], &offer["installation"]["is"]), (200, &true.into(), &"none".into()), "{offer}");
    let end = json!({ "how": "restart" });
    assert_eq!(house.ask(Method::POST, "/api/v1/install/end", end.clone()).await.1["code"], "install-unfinished");
    assert_eq!(house.begin(2, None).await.0, 202);
    assert_eq!(house.settled().await, Installation::Done { disk: id(2) });
    assert_eq!(house.disks.written(), [id(2)]);
    assert_eq!(house.ask(Method::POST, "/api/v1/install/end", end).await.0, 204);
    assert_eq!(house.boot.ended(), [Power::Restart]);
}

#[tokio::test]
async fn a_disk_with_data_wants_its_label() {
    let house = House::new();
    for wrong in [None, Some(""), Some("photos"), Some("Stick")] {
        let (status, answer) = house.begin(3, wrong).await;
        assert_eq!((status, &answer["code"], &answer["key"]), (422, &"label-wrong".into(), &"label".into()), "{wrong:?}");
    }
    assert_eq!(house.disks.written(), []);
    assert_eq!(house.begin(3, Some("Photos")).await.0, 202);
    assert_eq!(house.settled().await, Installation::Done { disk: id(3) });
}

#[tokio::test]
async fn what_was_not_shown_is_not_overwritten() {
    let house = House::new();
    assert_eq!(house.begin(1, Some("Stick")).await.1["code"], "disk-unfit");
    assert_eq!(house.begin(9, None).await.1["code"], "disk-unknown");
    // Somebody has put something on it since it was shown.
    let mut disks = three();
    disks[1].contents = "other".into();
    house.disks.change(disks);
    assert_eq!(house.begin(2, None).await.1["code"], "disk-changed");
    for body in [json!({}), json!({ "disk": "/dev/sda", "contents": "" }), json!({ "disk": id(2), "contents": "", "path": "/dev/sda" })] {
        assert_eq!(house.ask(Method::POST, "/api/v1/install", body).await.1["code"], "body-invalid");
    }
    house.disks.not_an_image();
    assert_eq!(house.begin(2, None).await.1["code"], "install-impossible");
    assert_eq!(house.ask(Method::GET, "/api/v1/install", Value::Null).await.1["offered"], false);
    assert_eq!(house.disks.written(), []);
}

#[tokio::test]
async fn there_is_one_at_a_time_and_it_can_be_cancelled() {
    let house = House::new();
    let _held = house.disks.hold();
    assert_eq!(house.ask(Method::DELETE, "/api/v1/install", Value::Null).await.1["code"], "nothing-to-cancel");
    assert_eq!(house.begin(2, None).await.0, 202);
    assert_eq!(house.begin(3, Some("Photos")).await.1["code"], "install-under-way");
    loop {
        let (_, now) = house.ask(Method::GET, "/api/v1/install/progress", Value::Null).await;
        if now == json!({ "is": "copying", "disk": id(2), "progress": { "done": 1, "total": 2 } }) {
            break;
        }
        assert_eq!(now["is"], "copying");
    }
    assert_eq!(house.ask(Method::DELETE, "/api/v1/install", Value::Null).await.0, 202);
    assert_eq!(house.settled().await, Installation::Cancelled { disk: id(2) });
    let (_, offer) = house.ask(Method::GET, "/api/v1/install", Value::Null).await;
    assert_eq!((&offer["disks"][1]["half_installed"], &offer["disks"][2]["half_installed"]), (&true.into(), &false.into()));
}

#[tokio::test]
async fn a_failure_says_what_happened_and_the_disk_may_be_chosen_again() {
    let house = House::new();
    house.disks.fail(DiskError::Differs("EFI/BOOT/BOOTX64.EFI".into()));
    assert_eq!(house.begin(2, None).await.0, 202);
    let Installation::Failed { disk, reason } = house.settled().await else { panic!("it should fail") };
    assert_eq!((disk, reason.as_str()), (id(2), "The disk did not keep what was written: EFI/BOOT/BOOTX64.EFI. It may be broken."));
    assert!(house.ask(Method::GET, "/api/v1/install", Value::Null).await.1["disks"][1]["half_installed"].as_bool().unwrap());
    assert_eq!(house.begin(2, None).await.0, 202);
    assert_eq!(house.settled().await, Installation::Done { disk: id(2) });
    assert!(!house.ask(Method::GET, "/api/v1/install", Value::Null).await.1["disks"][1]["half_installed"].as_bool().unwrap());
}

#[tokio::test]
async fn an_installation_ends_with_the_role() {
    let house = House::new();
    let _held = house.disks.hold();
    assert_eq!(house.begin(2, None).await.0, 202);
    house.stop.cancel();
    house.installer.ended().await;
    assert_eq!(house.installer.installation(), Installation::Cancelled { disk: id(2) });
}
