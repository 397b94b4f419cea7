//! What a wish becomes, and which is refused before the engine hears of it.

use super::*;

fn example(app: &str, service: &str) -> ContainerWish {
    let image = format!("registry.example/{service}@sha256:{}", "0a".repeat(32));
    let name = format!("{app}-{service}").parse().unwrap();
    let mut wish = ContainerWish::new(name, app.parse().unwrap(), service.parse().unwrap(), image.parse().unwrap());
    wish.limits.memory = Bytes(64 << 20);
    wish
}

#[test]
fn a_wish_gives_no_more_than_it_says() {
    let host = host(&example("photos", "web"));
    assert_eq!((host.privileged, host.cap_drop.as_deref()), (Some(false), Some(&["ALL".to_owned()][..])));
    assert_eq!((host.cap_add, host.userns_mode.as_deref()), (Some(vec![]), Some("auto")));
    assert_eq!(host.security_opt, Some(vec!["no-new-privileges".to_owned()]));
    assert_eq!((host.memory, host.memory == host.memory_swap), (Some(64 << 20), true));
    assert_eq!((host.port_bindings, host.publish_all_ports, host.pid_mode), (None, None, None));
    assert_eq!(host.network_mode.as_deref(), Some("croft-photos"));
}

#[test]
fn mounts_say_what_may_be_done_and_scratch_gives_way_to_them() {
    let mut wish = example("photos", "web");
    wish.root = Root::ReadOnly;
    wish.mounts = vec![
        Mount::Bind { source: "/data/a".into(), target: "/a".into(), access: Access::Read, ids: Ids::Same },
        Mount::Bind { source: "/data/b".into(), target: "/run".into(), access: Access::Write, ids: Ids::Mapped },
        Mount::Memory { target: "/cache".into(), size: Bytes(9) },
    ];
    let host = host(&wish);
    assert_eq!(host.binds.unwrap(), ["/data/a:/a:ro,rbind,nosuid,nodev", "/data/b:/run:rw,rbind,nosuid,nodev,idmap"]);
    let tmpfs = host.tmpfs.unwrap();
    let mut targets: Vec<&str> = tmpfs.keys().map(String::as_str).collect();
    targets.sort_unstable();
    assert_eq!(targets, ["/cache", "/tmp"]);
    assert_eq!(tmpfs.get("/cache").map(String::as_str), Some("rw,nosuid,nodev,mode=1777,size=9"));
}

#[test]
fn a_wish_that_means_something_else_is_refused() {
    let refused = |what: &str, change: &dyn Fn(&mut ContainerWish)| {
        let mut wish = example("photos", "web");
        assert!(check(&wish).is_ok());
        change(&mut wish);
        match check(&wish) {
            Err(EngineError::Wish { what: found, .. }) => assert_eq!(found, what),
            other => panic!("{what}: {other:?}"),
        }
    };
    let bind = |source: &str, target: &str| {
        vec![Mount::Bind { source: source.into(), target: target.into(), access: Access::Read, ids: Ids::Same }]
    };
    refused("the image", &|wish| wish.image = "a.example/b:1".parse().unwrap());
    for (source, target) in
        [("/a", "b"), ("a", "/b"), ("/a/../b", "/b"), ("/a:/etc", "/b"), ("/a", "/b:rw"), ("/a", "/b,dev"), ("/a", "/b\n")]
    {
        refused("a path", &|wish| wish.mounts = bind(source, target));
    }
    refused("the environment", &|wish| drop(wish.environment.insert("A=B".into(), String::new())));
    refused("a name of a host", &|wish| wish.hostname = Some("a b".into()));
    refused("a capability", &|wish| wish.trust = Trust::Contained { capabilities: vec!["ALL".into()] });
    refused("a limit", &|wish| wish.limits.memory = Bytes(1));
    refused("a limit", &|wish| wish.limits.processes = 0);
    refused("the restart", &|wish| wish.restart = Restart::OnFailure { most: 101 });
    refused("the trust", &|wish| wish.trust = Trust::Privileged);
    refused("the wish", &|wish| drop(wish.environment.insert("A".into(), "x".repeat(MAX_TEXT))));
}
