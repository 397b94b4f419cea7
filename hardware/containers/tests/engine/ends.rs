//! A developer's engine ends with whoever started it, and leaves nothing.

use std::{fs, path::Path};

use croft_containers::Engine;

use crate::world::{World, network, wish};

/// What of an engine is left on this machine: processes that name its folder, mounts, groups of its container.
fn left(home: &Path, id: &str) -> Vec<String> {
    let home = home.to_str().unwrap();
    let mut found = vec![];
    for process in fs::read_dir("/proc").unwrap().flatten() {
        let words = fs::read(process.path().join("cmdline")).unwrap_or_default();
        let words = String::from_utf8_lossy(&words).replace('\0', " ");
        if words.contains(home) {
            found.push(words);
        }
    }
    let mounts = fs::read_to_string("/proc/self/mounts").unwrap();
    found.extend(mounts.lines().filter(|line| line.contains(home)).map(str::to_owned));
    let groups = fs::read_dir("/sys/fs/cgroup").unwrap().flatten().map(|kind| kind.path().join(format!("libpod_parent/libpod-{id}")));
    found.extend(groups.filter(|group| group.exists()).map(|group| group.display().to_string()));
    found
}

#[tokio::test]
async fn nothing_is_left_of_an_engine() {
    let mut world = World::new();
    let image = world.have("web", &world.busybox()).await;
    world.podman.make_network(&network("photos", 1)).await.unwrap();
    let id = world.run(&wish("photos", "web", &image)).await;
    let home = world.engine.home().to_owned();
    assert!(!left(&home, id.as_str()).is_empty(), "while it runs there is much, or this test proves nothing");
    world.registry.kill();
    world.engine.kill();
    let mut after = left(&home, id.as_str());
    after.retain(|line| !line.starts_with("/sys/fs/cgroup"));
    assert_eq!(after, <[String; 0]>::default(), "killed, it leaves no more than empty groups");

    world.engine.go_on();
    assert_eq!(world.podman.look().await.unwrap().containers.len(), 1, "the next has what there was");
    world.podman.start(&id).await.unwrap();
    world.engine.end();
    assert_eq!(left(&home, id.as_str()), <[String; 0]>::default(), "ended, it leaves nothing");
    assert!(!home.join("run/engine").exists() && home.join("images").exists());
}
