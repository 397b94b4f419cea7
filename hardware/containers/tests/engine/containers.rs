//! Containers as they are wished: their users, their names, their limits, what they write and what survives.

use std::{
    os::unix::fs::MetadataExt,
    time::{Duration, Instant},
};

use croft_containers::{
    Access, ContainerState, Device, Engine, Grace, Ids, Init, Mount, Networking, Podman, Restart, Root, Terminal, Trust, Ulimit,
    UserNamespace,
};
use croft_model::Bytes;

use crate::world::{World, network, wish};

#[tokio::test]
async fn services_know_each_other_by_name_and_the_machine_reaches_them() {
    let world = World::new();
    let image = world.have("web", &world.busybox()).await;
    world.podman.make_network(&network("photos", 1)).await.unwrap();
    let web = world.run(&wish("photos", "web", &image)).await;
    let mut second = wish("photos", "db", &image);
    second.networking = Networking::App { aliases: vec!["database".into()], address: Some("10.90.1.77".parse().unwrap()) };
    second.hosts.insert("box.example".into(), "10.90.1.1".parse().unwrap());
    let db = world.run(&second).await;
    assert_eq!(world.address(&db).await.to_string(), "10.90.1.77");
    for name in ["web", "database", "db"] {
        assert!(world.can(&web, &format!("wget -q -T 5 -O - http://{name}:8080/ | grep -q image")).await, "{name}");
    }
    assert!(world.can(&db, "grep -q box.example /etc/hosts").await);
    let page = world.page(world.address(&web).await).await;
    assert!(page.ends_with("from the image\n"), "{page}");
    // Nothing of it is in this machine's own network.
    assert!(!std::path::Path::new("/sys/class/net/app-1").exists());
}

#[tokio::test]
async fn a_container_has_users_of_its_own_and_no_rights() {
    let world = World::new();
    let image = world.have("web", &world.busybox()).await;
    for (app, number) in [("one", 1), ("two", 2)] {
        world.podman.make_network(&network(app, number)).await.unwrap();
    }
    let data = world.engine.home().join("data");
    std::fs::create_dir_all(&data).unwrap();
    std::fs::set_permissions(&data, std::os::unix::fs::PermissionsExt::from_mode(0o777)).unwrap();
    let mut first = wish("one", "web", &image);
    first.mounts = vec![
        Mount::Bind { source: data.clone(), target: "/mapped".into(), access: Access::Write, ids: Ids::Mapped },
        Mount::Bind { source: data.clone(), target: "/read".into(), access: Access::Read, ids: Ids::Mapped },
        Mount::Memory { target: "/cache".into(), size: Bytes(1 << 20) },
    ];
    first.root = Root::ReadOnly;
    first.init = Init::Engine;
    let one = world.run(&first).await;
    let two = world.run(&wish("two", "web", &image)).await;
    let map = |text: Vec<u8>| String::from_utf8(text).unwrap().split_whitespace().nth(1).unwrap().parse::<u64>().unwrap();
    let maps = [map(world.sh(&one, "cat /proc/self/uid_map").await.output), map(world.sh(&two, "cat /proc/self/uid_map").await.output)];
    assert!(maps.iter().all(|from| *from >= 2_147_483_647) && maps[0] != maps[1], "{maps:?}");
    let status = String::from_utf8(world.sh(&one, "cat /proc/self/status").await.output).unwrap();
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim).unwrap_or_default();
    assert_eq!((field("CapEff:"), field("CapBnd:"), field("NoNewPrivs:")), ("0000000000000000", "0000000000000000", "1"));
    assert!(world.can(&one, "touch /mapped/file && touch /tmp/a && touch /cache/a").await);
    assert!(!world.can(&one, "touch /read/other").await && !world.can(&one, "touch /etc/a").await, "they are for reading");
    assert!(!world.can(&one, "dd if=/dev/zero of=/cache/much bs=1M count=2").await, "it is of one mebibyte");
    assert_eq!(std::fs::metadata(data.join("file")).unwrap().uid(), 0, "what its root wrote is root's by the mapped mount");
    assert!(String::from_utf8_lossy(&world.sh(&one, "cat /proc/1/cmdline").await.output).contains("init"));
    // With a right that was given, and only that.
    let mut bound = wish("two", "bound", &image);
    bound.trust = Trust::Contained { capabilities: vec!["NET_BIND_SERVICE".into()] };
    let bound = world.run(&bound).await;
    let status = String::from_utf8(world.sh(&bound, "grep CapEff /proc/self/status").await.output).unwrap();
    assert!(status.ends_with("0000000000000400\n"), "{status}");
}

#[tokio::test]
async fn a_failing_container_is_tried_again_and_a_greedy_one_is_ended() {
    let world = World::new();
    let image = world.have("web", &world.busybox()).await;
    world.podman.make_network(&network("photos", 1)).await.unwrap();
    // While this runs, the network stays: with its last container Podman ends the server of names, and starting the next in that moment fails now and then.
    world.run(&wish("photos", "web", &image)).await;
    let mut failing = wish("photos", "failing", &image);
    failing.command = Some(["/bin/sh", "-c", "echo once >> /data/starts; exit 7"].map(str::to_owned).to_vec());
    failing.restart = Restart::OnFailure { most: 2 };
    let data = world.engine.home().join("data");
    std::fs::create_dir_all(&data).unwrap();
    failing.mounts = vec![Mount::Bind { source: data.clone(), target: "/data".into(), access: Access::Write, ids: Ids::Mapped }];
    let failing = world.run(&failing).await;
    let begun = Instant::now();
    while std::fs::read_to_string(data.join("starts")).unwrap_or_default().lines().count() < 3 {
        assert!(begun.elapsed() < Duration::from_secs(20), "it is not started again");
        std::thread::sleep(Duration::from_millis(20)); // waits: for a container to be started again, by polling
    }
    let seen = world.until(&failing, |seen| seen.restarts >= 1 && matches!(seen.state, ContainerState::Exited { .. })).await;
    assert!(matches!(seen.state, ContainerState::Exited { code: 7, starved: false, .. }), "{seen:?}");
    let mut greedy = wish("photos", "greedy", &image);
    // Memory of two hundred MiB, where it has sixty-four.
    greedy.mounts = vec![Mount::Memory { target: "/cache".into(), size: Bytes(256 << 20) }];
    greedy.command = Some(["/bin/dd", "if=/dev/zero", "of=/cache/much", "bs=1M", "count=200"].map(str::to_owned).to_vec());
    let greedy = world.run(&greedy).await;
    let seen = world.until(&greedy, |seen| matches!(seen.state, ContainerState::Exited { .. })).await;
    assert!(matches!(seen.state, ContainerState::Exited { code: 137, starved: true, .. }), "{seen:?}");
}

#[tokio::test]
async fn all_is_found_again_by_its_labels_after_a_loss_of_power() {
    let mut world = World::new();
    let image = world.have("web", &world.busybox()).await;
    world.podman.make_network(&network("photos", 1)).await.unwrap();
    let id = world.run(&wish("photos", "web", &image)).await;
    let before = world.podman.look().await.unwrap();
    world.engine.kill();
    assert!(matches!(world.podman.look().await, Err(croft_containers::EngineError::Away { .. })));
    world.engine.go_on();
    world.podman = Podman::of_developer(&world.engine.folder());
    let after = world.podman.look().await.unwrap();
    assert_eq!((&before.networks, &before.images), (&after.networks, &after.images));
    assert_eq!((after.containers.len(), &after.containers[0].id), (1, &id));
    assert!(!matches!(after.containers[0].state, ContainerState::Running { .. }), "{after:?}");
    world.podman.start(&id).await.unwrap();
    let page = world.page(world.address(&id).await).await;
    assert!(page.ends_with("from the image\n"), "{page}");
    world.podman.stop(&id, Grace::new(Duration::from_secs(1))).await.unwrap();
}

#[tokio::test]
async fn what_is_wished_beyond_the_usual_is_had_and_nothing_else() {
    let world = World::new();
    let image = world.have("web", &world.busybox()).await;
    world.podman.make_network(&network("photos", 1)).await.unwrap();
    let line = async |id: &croft_containers::ContainerId, line: &str| {
        String::from_utf8(world.sh(id, line).await.output).unwrap().trim().to_owned()
    };
    let interfaces = "ls /sys/class/net 2>/dev/null || tail -n +3 /proc/net/dev | cut -d: -f1";

    let mut full = wish("photos", "full", &image);
    full.terminal = Terminal::One;
    full.hostname = Some("holidays".into());
    full.working_dir = Some("/www".into());
    full.environment.insert("PLACE".into(), "a sea, = and more".into());
    full.groups = vec![44];
    full.devices = vec![Device { source: "/dev/zero".into(), target: "/dev/nothing".into(), access: Access::Write }];
    full.limits.shared_memory = Bytes(8 << 20);
    full.limits.cpu_thousandths = Some(500);
    full.ulimits = vec![Ulimit { name: "nofile".into(), soft: 333, hard: 444 }];
    full.sysctls.insert("net.ipv4.ip_unprivileged_port_start".into(), "80".into());
    full.labels.insert("photos.example".into(), "x".into());
    full.stop_signal = Some("SIGTERM".into());
    full.entrypoint = Some(vec!["/bin/sh".into(), "-c".into()]);
    full.command = Some(vec!["trap 'exit 5' TERM; while true; do sleep 1; done".into()]);
    let full = world.run(&full).await;
    let said = line(&full, "hostname; pwd; echo $PLACE; ulimit -n; cat /proc/sys/net/ipv4/ip_unprivileged_port_start; dd if=/dev/nothing bs=1 count=3 2>/dev/null | wc -c; id -G; test -t 0 < /proc/1/fd/0 && echo terminal; cat /proc/1/oom_score_adj").await;
    let expected = ["holidays", "/www", "a sea, = and more", "333", "80", "3", "0 44", "terminal"];
    assert_eq!(said.lines().take(8).collect::<Vec<_>>(), expected, "{said}");
    world.podman.stop(&full, Grace::new(Duration::from_secs(10))).await.unwrap();
    let seen = world.seen(&full).await;
    assert!(matches!(seen.state, ContainerState::Exited { code: 5, .. }), "it was asked, and not killed: {seen:?}");

    let mut nowhere = wish("photos", "nowhere", &image);
    nowhere.networking = Networking::None;
    let nowhere = world.run(&nowhere).await;
    assert_eq!(line(&nowhere, interfaces).await, "lo");
    assert_eq!(world.seen(&nowhere).await.addresses, <[std::net::IpAddr; 0]>::default());

    // An interface is there while a container is on it.
    world.run(&wish("photos", "web", &image)).await;
    let mut machine = wish("photos", "machine", &image);
    machine.networking = Networking::Machine;
    machine.users = UserNamespace::Machine;
    let machine = world.run(&machine).await;
    assert!(line(&machine, interfaces).await.contains("app-1"));
    assert_eq!(line(&machine, "grep -o 'CapEff:.0*' /proc/self/status | tail -c 17").await, "0000000000000000", "no right comes with it");

    let mut mighty = wish("photos", "mighty", &image);
    mighty.trust = Trust::Privileged;
    mighty.users = UserNamespace::Machine;
    let mighty = world.run(&mighty).await;
    assert_ne!(line(&mighty, "grep CapEff /proc/self/status | tail -c 17").await, "0000000000000000");
}
