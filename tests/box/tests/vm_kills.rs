//! The appliance's plug is pulled at random moments, of its start and of uploads: what was acknowledged is there after the next start.
#![cfg(test)]

use std::{
    collections::BTreeMap,
    sync::{
        Arc, Mutex,
        atomic::{AtomicBool, Ordering},
    },
    time::Duration,
};

use croft_box_tests::{Machine, Visitor};
use reqwest::{Method, StatusCode};

/// Plugs pulled at a random moment; `CROFT_KILLS` names another number.
const KILLS: u64 = 100;
/// Every so many rounds the plug is pulled before a start is over, too.
const DURING_START: u64 = 4;
/// The longest that a start is let go on before that, and that uploads are.
const START: Duration = Duration::from_secs(40);
const UPLOADS: Duration = Duration::from_secs(6);
/// Those of the last rounds are all read; of older ones one in so many.
const SAMPLE: usize = 10;

/// What was acknowledged: a path, and the content that was sent there last.
type Acknowledged = Arc<Mutex<BTreeMap<String, Vec<u8>>>>;

#[tokio::test(flavor = "multi_thread", worker_threads = 2)]
async fn a_hundred_pulled_plugs_lose_no_acknowledged_write() {
    let kills = std::env::var("CROFT_KILLS").map_or(KILLS, |text| text.parse().expect("a number"));
    let mut machine = Machine::new(&[]);
    machine.boot();
    let password = machine.claim().await.app_password("writer").await;
    let acknowledged = Acknowledged::default();
    let (mut round, mut pulled) = (0, 0);
    while pulled < kills {
        println!("round {round}: {pulled} pulled");
        if round % DURING_START == DURING_START - 1 {
            machine.pull_the_plug();
            machine.switch_on();
            tokio::time::sleep(random(START)).await; // waits: for nothing, the moment is random
            machine.pull_the_plug();
            pulled += 1;
            machine.boot();
        }
        let ana = Arc::new(machine.visitor().await);
        check(&ana, &password, &acknowledged, round).await;
        let done = Arc::new(AtomicBool::new(false));
        let writers = [0, 1].map(|writer| {
            tokio::spawn(write(Arc::clone(&ana), password.clone(), (round, writer), Arc::clone(&done), Arc::clone(&acknowledged)))
        });
        tokio::time::sleep(random(UPLOADS)).await; // waits: for nothing, the moment is random
        machine.pull_the_plug();
        done.store(true, Ordering::Relaxed);
        for writer in writers {
            writer.await.expect("a writer ends");
        }
        (round, pulled) = (round + 1, pulled + 1);
        machine.boot();
    }
    check(&machine.visitor().await, &password, &acknowledged, round).await;
    let files = acknowledged.lock().expect("not poisoned").len();
    assert!(files as u64 > round / 2, "only {files} files were acknowledged");
    tokio::task::spawn_blocking(move || machine.shut_down()).await.expect("shut down");
}

/// Uploads new files and replaces one, until it shall end or the box is gone.
async fn write(ana: Arc<Visitor>, password: String, (round, writer): (u64, usize), done: Arc<AtomicBool>, acknowledged: Acknowledged) {
    for number in 0_usize.. {
        if done.load(Ordering::Relaxed) {
            return;
        }
        let name = if number % 4 == 3 { format!("same-{writer}.bin") } else { format!("{round}-{writer}-{number}.bin") };
        let path = format!("/dav/files/ana/{name}");
        let size = [100, 5_000, 400_000, 2_000_000][number % 4];
        let seed = random(Duration::from_millis(251)).as_millis();
        let content: Vec<u8> = (0..size).map(|at: u128| u8::try_from((at * 31 + seed) % 251).expect("a byte")).collect();
        // Of a replacement that is not acknowledged either content may stand there.
        acknowledged.lock().expect("not poisoned").remove(&path);
        let sent = ana.bare(Method::PUT, &path).basic_auth("ana", Some(&password)).body(content.clone()).send().await;
        match sent.map(|answer| answer.status()) {
            Ok(StatusCode::CREATED | StatusCode::NO_CONTENT) => {
                acknowledged.lock().expect("not poisoned").insert(path, content);
            }
            Ok(status) => {
                assert!(status.is_server_error(), "{path}: {status}");
                return;
            }
            Err(_) => return,
        }
    }
}

/// Reads what was acknowledged.
async fn check(ana: &Visitor, password: &str, acknowledged: &Acknowledged, round: u64) {
    let files = acknowledged.lock().expect("not poisoned").clone();
    let fresh = format!("{}-", round.saturating_sub(1));
    for (at, (path, content)) in files.into_iter().enumerate() {
        if !path.contains(&fresh) && !path.contains("same") && at % SAMPLE != 0 {
            continue;
        }
        let answer = ana.bare(Method::GET, &path).basic_auth("ana", Some(password)).send().await.expect("an answer");
        assert_eq!(answer.status(), StatusCode::OK, "round {round}: {path} was acknowledged");
        assert!(answer.bytes().await.expect("a body") == content, "round {round}: {path} has other bytes than were acknowledged");
    }
}

/// A time below `most`.
fn random(most: Duration) -> Duration {
    let mut bytes = [0; 4];
    aws_lc_rs::rand::fill(&mut bytes).expect("random bytes");
    most.mul_f64(f64::from(u32::from_le_bytes(bytes)) / f64::from(u32::MAX))
}
