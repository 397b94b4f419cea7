//! What follows from what, step by step, on an engine of paper.

use std::collections::{BTreeMap, BTreeSet};

use croft_catalog::{After, Image, Restart, Service, ServiceName};
use croft_containers::{ContainerId, ContainerState, Resolving, Seen, SeenContainer, SeenNetwork};
use croft_model::AppId;
use jiff::Timestamp;

use crate::{
    plan::{Health, Known, Step, Wanted, steps},
    records::Phase,
    wishes::Wishes,
    wishes_tests,
};

/// An app of a page that waits for a database, and of something that is done once before both.
fn services() -> BTreeMap<ServiceName, Service> {
    let image = || Image::try_from("localhost/web:1".to_owned()).expect("an image");
    let mut services: BTreeMap<ServiceName, Service> =
        ["init", "db", "web"].into_iter().map(|name| (name.parse().expect("a name"), Service::new(image()))).collect();
    let mut change =
        |name: &str, change: &dyn Fn(&mut Service)| change(services.get_mut(&name.parse::<ServiceName>().expect("a name")).expect("there"));
    change("init", &|part| part.restart = Restart::Never);
    change("db", &|part| part.after.extend([("init".parse().expect("a name"), After::Completed)]));
    change("web", &|part| part.after.extend([("db".parse().expect("a name"), After::Healthy)]));
    services
}

/// An engine on which steps come true.
#[derive(Default)]
struct Paper {
    seen: Seen,
    health: BTreeMap<ContainerId, Health>,
    resting: BTreeSet<ContainerId>,
    since: Timestamp,
    at_work: BTreeSet<AppId>,
}

fn photos() -> AppId {
    "photos".parse().expect("an id")
}

impl Paper {
    fn steps(&self, phase: Phase, running: bool, wishes: Option<&Wishes>, services: &BTreeMap<ServiceName, Service>) -> Vec<Step> {
        let apps = [(photos(), Wanted { phase, running, wishes, services })].into();
        steps(&apps, &Known { seen: &self.seen, health: &self.health, resting: &self.resting, since: self.since, at_work: &self.at_work })
    }

    fn container(&mut self, service: &str) -> &mut SeenContainer {
        self.seen.containers.iter_mut().find(|container| container.service.as_str() == service).expect("there")
    }

    fn set(&mut self, service: &str, state: ContainerState) {
        self.container(service).state = state;
    }

    fn id(&self, service: &str) -> ContainerId {
        self.seen.containers.iter().find(|container| container.service.as_str() == service).expect("there").id.clone()
    }

    /// Has a step come true.
    fn does(&mut self, step: &Step, wishes: &Wishes) {
        match step {
            Step::MakeNetwork { .. } => {
                let wish = &wishes.network;
                let network = SeenNetwork {
                    app: wish.app.clone(),
                    number: Some(wish.number),
                    subnets: Vec::new(),
                    resolving: wish.resolving.clone(),
                };
                self.seen.networks.push(network);
            }
            Step::Resolve { .. } => self.seen.networks[0].resolving = wishes.network.resolving.clone(),
            Step::Create { service, .. } => {
                let wish = &wishes.containers[service];
                let id = format!("{:0>64x}", self.seen.containers.len() + 1).parse().expect("an id");
                let (name, app, part, plan) = (wish.name.clone(), wish.app.clone(), wish.service.clone(), wish.plan.clone());
                let (addresses, image) = (Vec::new(), None);
                let seen =
                    SeenContainer { id, name, app, service: part, plan, state: ContainerState::Created, restarts: 0, addresses, image };
                self.seen.containers.push(seen);
            }
            Step::Start { service, .. } => self.set(service.as_str(), running()),
            Step::Stop { container, .. } => {
                self.seen.containers.iter_mut().find(|one| one.id == *container).expect("there").state = exited(137);
            }
            Step::Remove { container, .. } => self.seen.containers.retain(|one| one.id != *container),
            Step::RemoveNetwork { name } => self.seen.networks.retain(|one| one.app != *name),
            Step::Gone { .. } => {}
        }
    }
}

fn running() -> ContainerState {
    ContainerState::Running { since: Timestamp::UNIX_EPOCH }
}

fn exited(code: i64) -> ContainerState {
    ContainerState::Exited { code, at: None, starved: false }
}

/// Steps in words.
fn words(steps: &[Step]) -> Vec<String> {
    let word = |step: &Step| match step {
        Step::MakeNetwork { .. } => "network".to_owned(),
        Step::Resolve { .. } => "resolve".to_owned(),
        Step::Create { service, .. } => format!("create {service}"),
        Step::Start { service, .. } => format!("start {service}"),
        Step::Stop { service, .. } => format!("stop {}", service.as_ref().map_or("?", ServiceName::as_str)),
        Step::Remove { .. } => "remove".to_owned(),
        Step::RemoveNetwork { .. } => "remove network".to_owned(),
        Step::Gone { .. } => "gone".to_owned(),
    };
    steps.iter().map(word).collect()
}

/// Goes on until nothing is left to do, and gives what was done.
fn settle(paper: &mut Paper, phase: Phase, running: bool, wishes: &Wishes) -> Vec<Vec<String>> {
    let mut done = Vec::new();
    for _ in 0..20 {
        let next = paper.steps(phase, running, Some(wishes), &services());
        if next.is_empty() || next.iter().all(|step| matches!(step, Step::Gone { .. })) {
            done.extend((!next.is_empty()).then(|| words(&next)));
            return done;
        }
        next.iter().for_each(|step| paper.does(step, wishes));
        done.push(words(&next));
    }
    panic!("it never ends: {done:?}");
}

/// All of it at rest.
fn at_rest() -> (Paper, Wishes) {
    let (mut paper, wishes) = (Paper::default(), wishes_tests::wishes(services()));
    settle(&mut paper, Phase::Installed, true, &wishes);
    paper.set("init", exited(0));
    settle(&mut paper, Phase::Installed, true, &wishes);
    paper.health.insert(paper.id("db"), Health::Well);
    settle(&mut paper, Phase::Installed, true, &wishes);
    assert!(paper.seen.containers.iter().filter(|one| matches!(one.state, ContainerState::Running { .. })).count() == 2);
    (paper, wishes)
}

#[test]
fn parts_start_in_their_order() {
    let (mut paper, wishes) = (Paper::default(), wishes_tests::wishes(services()));
    let begun = settle(&mut paper, Phase::Installed, true, &wishes);
    assert_eq!(begun, [vec!["network"], vec!["create db", "create init", "create web"], vec!["start init"]]);
    // It failed: nobody goes on, and it is done once only.
    paper.set("init", exited(1));
    assert!(settle(&mut paper, Phase::Installed, true, &wishes).is_empty());
    paper.set("init", exited(0));
    let db = paper.id("db");
    // Right after its start nobody has asked it yet.
    assert_eq!(settle(&mut paper, Phase::Installed, true, &wishes), [["start db"]]);
    for health in [Health::Unknown, Health::Ill] {
        paper.health.insert(db.clone(), health);
        assert!(settle(&mut paper, Phase::Installed, true, &wishes).is_empty());
    }
    paper.health.insert(db, Health::Well);
    assert_eq!(settle(&mut paper, Phase::Installed, true, &wishes), [["start web"]]);
}

#[test]
fn parts_end_the_other_way_round() {
    let (mut paper, wishes) = at_rest();
    assert_eq!(
        settle(&mut paper, Phase::Installed, false, &wishes),
        [vec!["stop web", "remove"], vec!["stop db", "remove"], vec!["remove"]]
    );
}

#[test]
fn what_ended_with_the_machine_goes_on_and_what_is_done_once_does_not() {
    let (mut paper, wishes) = at_rest();
    let check = |paper: &mut Paper, restart: Restart, state: ContainerState, expected: &[&str]| {
        let mut services = services();
        services.get_mut(&"web".parse::<ServiceName>().expect("a name")).expect("there").restart = restart;
        paper.set("web", state.clone());
        assert_eq!(words(&paper.steps(Phase::Installed, true, Some(&wishes), &services)), expected, "{restart:?} {state:?}");
    };
    let at = |seconds| ContainerState::Exited { code: 0, at: Some(Timestamp::from_second(seconds).expect("a time")), starved: false };
    paper.since = Timestamp::from_second(1000).expect("a time");
    for restart in [Restart::OnFailure, Restart::Never] {
        check(&mut paper, restart, at(999), &["start web"]);
        check(&mut paper, restart, at(1001), &[]);
    }
    check(&mut paper, Restart::Always, at(1001), &["start web"]);
    check(&mut paper, Restart::OnFailure, exited(1), &["start web"]);
    paper.set("web", running());
    paper.set("init", at(999));
    assert!(words(&paper.steps(Phase::Installed, true, Some(&wishes), &services())).is_empty());
}

#[test]
fn what_somebody_removed_by_hand_comes_back() {
    let (mut paper, wishes) = at_rest();
    paper.seen.containers.retain(|one| one.service.as_str() != "web");
    assert_eq!(settle(&mut paper, Phase::Installed, true, &wishes), [["create web"], ["start web"]]);
    paper.set("db", exited(137));
    assert_eq!(settle(&mut paper, Phase::Installed, true, &wishes), [["start db"]]);
}

#[test]
fn what_is_to_be_another_is_made_anew() {
    let (mut paper, wishes) = at_rest();
    paper.container("web").plan = "of before".into();
    assert_eq!(
        settle(&mut paper, Phase::Installed, true, &wishes),
        [vec!["stop web"], vec!["remove"], vec!["create web"], vec!["start web"]]
    );
    paper.set("db", ContainerState::Broken);
    assert_eq!(settle(&mut paper, Phase::Installed, true, &wishes), [vec!["remove"], vec!["create db"], vec!["start db"]]);
}

#[test]
fn what_leaves_goes_piece_by_piece() {
    let (mut paper, wishes) = at_rest();
    let gone = settle(&mut paper, Phase::Leaving, false, &wishes);
    assert_eq!(gone, [vec!["stop web", "remove"], vec!["stop db", "remove"], vec!["remove"], vec!["remove network"], vec!["gone"]]);
    assert!(paper.seen.containers.is_empty() && paper.seen.networks.is_empty());
}

#[test]
fn what_nobody_knows_is_taken_away() {
    let (mut paper, wishes) = at_rest();
    let none = BTreeMap::new();
    for _ in 0..4 {
        let next = steps(
            &none,
            &Known { seen: &paper.seen, health: &paper.health, resting: &paper.resting, since: paper.since, at_work: &paper.at_work },
        );
        next.iter().for_each(|step| paper.does(step, &wishes));
    }
    assert_eq!(paper.seen, Seen::default());
}

#[test]
fn what_somebody_works_on_or_rests_is_not_touched() {
    let (mut paper, wishes) = at_rest();
    paper.set("web", exited(1));
    let web = paper.id("web");
    paper.resting.insert(web);
    assert!(paper.steps(Phase::Installed, true, Some(&wishes), &services()).is_empty());
    paper.resting.clear();
    paper.at_work.insert(photos());
    assert!(paper.steps(Phase::Leaving, true, Some(&wishes), &services()).is_empty());
}

#[test]
fn where_nobody_can_say_what_an_app_is_it_stays_as_it_is() {
    let (paper, _) = at_rest();
    assert!(paper.steps(Phase::Installed, true, None, &services()).is_empty());
}

#[test]
fn the_way_out_changes_who_answers_names() {
    let (mut paper, mut wishes) = at_rest();
    wishes.network.resolving = Resolving::By(vec!["192.0.2.53".parse().expect("an address")]);
    assert_eq!(settle(&mut paper, Phase::Installed, true, &wishes), [["resolve"]]);
}

#[test]
fn a_ring_of_parts_ends_at_once() {
    let mut ring = services();
    ring.remove(&"init".parse::<ServiceName>().expect("a name"));
    for (one, other) in [("db", "web"), ("web", "db")] {
        let part = ring.get_mut(&one.parse::<ServiceName>().expect("a name")).expect("there");
        part.after = [(other.parse().expect("a name"), After::Started)].into();
    }
    let (mut paper, wishes) = (Paper::default(), wishes_tests::wishes(ring.clone()));
    for step in [Step::MakeNetwork { app: photos() }]
        .into_iter()
        .chain(ring.keys().map(|service| Step::Create { app: photos(), service: service.clone() }))
    {
        paper.does(&step, &wishes);
    }
    paper.set("db", running());
    paper.set("web", running());
    assert_eq!(words(&paper.steps(Phase::Installed, false, Some(&wishes), &ring)), ["stop db", "stop web"]);
}
