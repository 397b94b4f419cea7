//! Storage behind its real socket, with pretended disks.

use std::{os::unix::fs::MetadataExt, sync::Arc};

use axum::body::Body;
use croft_api::{
    call::Role,
    capability::{Minter, Verifier},
    headers,
    inherit::RunDirectory,
    routes::{Gate, Needs},
    socket::{self, Peers},
};
use croft_boot::{Boot, FakeBoot};
use croft_disks::{DiskError, FakeDisks};
use croft_model::{Bus, Bytes, Claims, Disk, DiskId, Holds, Installation, Power, Principal, Scope, Unfit};
use http::{Method, Request};
use http_body_util::BodyExt;
use serde_json::{Value, json};
use tokio::net::UnixListener;
use tokio_util::sync::CancellationToken;

use crate::{http::routes, installer::Installer};

const SEED: [u8; 32] = [7; 32];

struct House {
    folder: tempfile::TempDir,
    disks: FakeDisks,
    boot: Arc<FakeBoot>,
    installer: Arc<Installer>,
    stop: CancellationToken,
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
        let folder = tempfile::tempdir().unwrap();
        let uid = std::fs::metadata(folder.path()).unwrap().uid();
        let (disks, boot, stop) = (FakeDisks::new(three()), Arc::new(FakeBoot::new()), CancellationToken::new());
        let installer = Arc::new(Installer::new(Arc::new(disks.clone()), Arc::clone(&boot) as Arc<dyn Boot>, stop.clone()));
        let key = Minter::from_seed(&SEED).unwrap().public_key_hex();
        let gate = Gate { verifier: Verifier::new(&key, "storage").unwrap(), peers: Peers::parse(&format!("gateway={uid}")).unwrap() };
        let listener = UnixListener::bind(folder.path().join("storage.sock")).unwrap();
        tokio::spawn(socket::serve(listener, routes().build(Arc::clone(&installer)), gate, stop.clone()));
        Self { folder, disks, boot, installer, stop }
    }

    async fn ask_as(&self, scopes: &[Scope], method: Method, path: &str, body: Value) -> (u16, Value) {
        let claims = Claims {
            who: Principal::Claimant { address: "192.168.1.7".into() },
            session: None,
            scopes: scopes.iter().copied().collect(),
            audience: "storage".into(),
            expires: jiff::Timestamp::now().as_second() + 50,
        };
        let mut request = Request::builder().method(method).uri(path).header("content-type", "application/json");
        if !scopes.is_empty() {
            request = request.header(headers::CAPABILITY, Minter::from_seed(&SEED).unwrap().mint(&claims));
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
