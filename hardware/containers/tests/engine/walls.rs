//! The wall, from inside of containers and from a neighbour outside. Each trap that was once found has its test.

use std::{
    collections::BTreeMap,
    net::IpAddr,
    time::{Duration, Instant},
};

use croft_containers::{ContainerId, Engine, Gate, NetworkNumber, NetworkWish, Nobody, Resolving, Wall, Way};

use crate::world::{World, network, wish};

/// A neighbour of the engine's machine: a namespace of its own with a server of pages and of names, at documented addresses.
const NEIGHBOUR: &str = "
set -e
ip netns add wan
ip link add wan0 type veth peer name eth0 netns wan
ip addr add 203.0.113.1/24 dev wan0; ip -6 addr add 2001:db8::1/64 dev wan0 nodad; ip link set wan0 up
ip -n wan addr add 203.0.113.10/24 dev eth0; ip -n wan -6 addr add 2001:db8::10/64 dev eth0 nodad
ip -n wan addr add 192.168.7.7/32 dev eth0
ip -n wan link set eth0 up; ip -n wan link set lo up
ip -n wan route add default via 203.0.113.1; ip -n wan -6 route add default via 2001:db8::1
ip route add 192.168.7.7 dev wan0
echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding
mkdir -p /tmp/www; dd if=/dev/zero of=/tmp/www/much bs=1M count=1 2>/dev/null; echo outside > /tmp/www/index.html
ip netns exec wan busybox httpd -p 80 -h /tmp/www
busybox httpd -p 9000 -h /tmp/www
";

struct Apps {
    world: World,
    networks: [NetworkWish; 2],
    one: ContainerId,
    two: ContainerId,
}

impl Apps {
    async fn new() -> Self {
        let world = World::new();
        let said = world.engine.inside().output(&["sh", "-c", NEIGHBOUR]);
        assert!(said.status.success(), "{}", String::from_utf8_lossy(&said.stderr));
        let image = world.have("web", &world.busybox()).await;
        let networks = [network("one", 1), network("two", 2)];
        let mut ids = vec![];
        for wished in &networks {
            world.podman.make_network(wished).await.unwrap();
            ids.push(world.run(&wish(wished.app.as_str(), "web", &image)).await);
            world.run(&wish(wished.app.as_str(), "db", &image)).await;
        }
        let two = ids.pop().unwrap();
        Self { world, networks, one: ids.pop().unwrap(), two }
    }

    async fn put(&self, ways: [Way; 2]) {
        let gates = self.networks.iter().zip(ways).map(|(wish, way)| (wish.number, Gate { way, gateways: wish.gateways() }));
        self.world.wall.put(&gates.collect::<BTreeMap<_, _>>()).await.unwrap();
    }

    /// Whether the first app gets a page from there.
    async fn reaches(&self, place: &str) -> bool {
        self.world.can(&self.one, &format!("wget -q -T 2 -O /dev/null http://{place}/")).await
    }

    async fn addresses(&self, id: &ContainerId) -> Vec<IpAddr> {
        self.world.seen(id).await.addresses
    }
}

fn bracketed(address: IpAddr) -> String {
    if address.is_ipv4() { address.to_string() } else { format!("[{address}]") }
}

#[tokio::test]
async fn a_closed_app_reaches_its_own_and_nothing_else() {
    let apps = Apps::new().await;
    assert!(
        apps.reaches("203.0.113.10").await && apps.reaches("[2001:db8::10]").await,
        "without the wall all is open, or this test proves nothing"
    );
    assert!(apps.reaches("10.90.1.1:9000").await, "the machine, likewise");
    apps.put([Way::Closed; 2]).await;
    apps.put([Way::Closed; 2]).await;
    for place in
        ["203.0.113.10", "[2001:db8::10]", "192.168.7.7", "10.90.1.1:9000", "10.90.2.1:9000", "203.0.113.1:9000", "[fd00:90:1::1]:9000"]
    {
        assert!(!apps.reaches(place).await, "{place}");
    }
    for other in apps.addresses(&apps.two).await {
        assert!(!apps.reaches(&format!("{}:8080", bracketed(other))).await, "{other}");
    }
    assert!(apps.reaches("db:8080").await && apps.reaches("web:8080").await, "its own services, by name");
    let meters = apps.world.wall.meters().await.unwrap();
    let (one, two) = (meters.apps[&NetworkNumber(1)], meters.apps[&NetworkNumber(2)]);
    assert!(one.denied_packets >= 9 && one.out_bytes == 0 && one.in_bytes == 0, "{one:?}");
    assert_eq!(two.denied_packets, 0);
    // The machine itself, which the gateway is on, gets in.
    for address in apps.addresses(&apps.one).await {
        assert!(apps.world.page(address).await.ends_with("from the image\n"), "{address}");
    }
}

#[tokio::test]
async fn an_open_app_reaches_the_internet_and_is_counted() {
    let apps = Apps::new().await;
    apps.put([Way::Internet, Way::Closed]).await;
    assert!(apps.world.can(&apps.one, "wget -q -T 5 -O /dev/null http://203.0.113.10/much").await);
    assert!(apps.reaches("[2001:db8::10]").await);
    let meter = async || apps.world.wall.meters().await.unwrap().apps[&NetworkNumber(1)];
    let first = meter().await;
    assert!(first.in_bytes > 1 << 20 && first.in_bytes < 3 << 20 && first.out_bytes > 100 && first.denied_packets == 0, "{first:?}");
    for place in ["192.168.7.7", "10.90.2.1:9000", "10.90.1.1:9000"] {
        assert!(!apps.reaches(place).await, "the house and the machine are not the internet: {place}");
    }
    for other in apps.addresses(&apps.two).await {
        assert!(!apps.reaches(&format!("{}:8080", bracketed(other))).await, "{other}");
    }
    // The meters go on when the wall changes; an app that goes takes its own along.
    apps.put([Way::House, Way::Closed]).await;
    assert!(apps.reaches("192.168.7.7").await, "now the house is open, too");
    assert!(!apps.reaches("10.90.1.1:9000").await, "the machine is not");
    let second = meter().await;
    assert!(second.in_bytes > first.in_bytes && second.denied_packets >= 3, "{second:?}");
    apps.world.wall.put(&BTreeMap::new()).await.unwrap();
    assert_eq!(apps.world.wall.meters().await.unwrap().apps, BTreeMap::new());
}

#[tokio::test]
async fn trap_a_network_that_the_wall_does_not_know_is_closed() {
    let apps = Apps::new().await;
    apps.world.wall.put(&BTreeMap::new()).await.unwrap();
    assert!(!apps.reaches("203.0.113.10").await && !apps.reaches("[2001:db8::10]").await && !apps.reaches("10.90.1.1:9000").await);
    assert!(apps.world.wall.meters().await.unwrap().unknown_packets > 0);
}

#[tokio::test]
async fn trap_services_of_one_app_talk_where_bridges_pass_packets_to_the_rules() {
    let apps = Apps::new().await;
    apps.put([Way::Closed; 2]).await;
    let switch = "for s in ip ip6; do echo 1 > /proc/sys/net/bridge/bridge-nf-call-${s}tables; done; cat /proc/sys/net/bridge/bridge-nf-call-iptables";
    assert_eq!(apps.world.engine.inside().read(&["sh", "-c", switch]), "1\n", "the module is there, or this test proves nothing");
    assert!(apps.reaches("db:8080").await);
}

#[tokio::test]
async fn trap_nobody_outside_reaches_a_container_by_routing_to_it() {
    let apps = Apps::new().await;
    let from_outside = |address: IpAddr| {
        let place = format!("http://{}:8080/", bracketed(address));
        let words = ["ip", "netns", "exec", "wan", "busybox", "wget", "-q", "-T", "2", "-O", "/dev/null", &place];
        apps.world.engine.inside().output(&words).status.success()
    };
    let addresses = apps.addresses(&apps.one).await;
    assert_eq!(addresses.len(), 2);
    for address in &addresses {
        assert!(apps.world.page(*address).await.ends_with("from the image\n"));
        assert!(from_outside(*address), "without the wall it does, or this test proves nothing: {address}");
    }
    for way in [Way::Closed, Way::Internet, Way::House] {
        apps.put([way; 2]).await;
        for address in &addresses {
            assert!(!from_outside(*address), "{way:?} {address}");
        }
    }
}

#[tokio::test]
async fn trap_a_closed_app_tells_nobody_anything_by_asking_for_names() {
    let apps = Apps::new().await;
    apps.put([Way::Closed; 2]).await;
    // The engine's own resolver would ask a server outside; a rule notes when somebody does.
    let inside = apps.world.engine.inside();
    let note = "echo nameserver 203.0.113.10 > /etc/resolv.conf
        nft add table inet note
        nft 'add chain inet note out { type filter hook output priority 0; }'
        nft add rule inet note out meta l4proto { tcp, udp } th dport 53 ip daddr 203.0.113.10 counter";
    inside.read(&["sh", "-c", note]);
    let asked = || !inside.read(&["nft", "list", "table", "inet", "note"]).contains("packets 0 ");
    let ask = async || apps.world.sh(&apps.one, "nslookup secret.example 2>&1").await;
    for is_answered in [false, true] {
        let nobody = if is_answered { Some(Nobody::start(&apps.world.podman.place()).await.unwrap()) } else { None };
        let begun = Instant::now();
        let answer = String::from_utf8(ask().await.output).unwrap();
        let says_no = answer.contains("NXDOMAIN") && begun.elapsed() < Duration::from_secs(3);
        assert!(!asked() && says_no == is_answered, "{:?}: {answer}", begun.elapsed());
        assert!(apps.reaches("db:8080").await, "its own names are answered still");
        drop(nobody);
    }
    // Opened, it does ask: so the test can fail.
    apps.world.podman.resolve(&apps.networks[0].app, &Resolving::By(vec!["203.0.113.10".parse().unwrap()])).await.unwrap();
    let seen = apps.world.podman.look().await.unwrap().networks.remove(0);
    assert_eq!(seen.resolving, Resolving::By(vec!["203.0.113.10".parse().unwrap()]));
    ask().await;
    assert!(asked(), "the engine asks whom it was told to");
    apps.world.podman.resolve(&apps.networks[0].app, &Resolving::Closed).await.unwrap();
    assert_eq!(apps.world.podman.look().await.unwrap().networks.remove(0).resolving, Resolving::Closed);
    assert!(apps.reaches("db:8080").await);
}

#[tokio::test]
async fn trap_the_engine_s_own_rules_do_not_open_the_wall() {
    let apps = Apps::new().await;
    apps.put([Way::Closed; 2]).await;
    apps.world.engine.inside().read(&["podman", "network", "reload", "--all"]);
    assert!(!apps.reaches("203.0.113.10").await && apps.reaches("db:8080").await);
}
