//! How one sees that a service is well, how much it may take, and which settings of the kernel it has.

use crate::{
    Health, HealthTest, Ulimit,
    compose::{pairs, quantity},
    draft::ReasonKind,
    tree::Node,
};

use super::Reading;

impl Reading<'_, '_> {
    pub(super) fn health(&mut self, node: &Node) -> Option<Health> {
        let place = self.place("healthcheck");
        self.draft.unknown_keys(&place, node, &["test", "interval", "timeout", "retries", "start_period", "start_interval", "disable"]);
        let test = node.get("test");
        let test = if node.get("disable").switch() == Some(true) {
            HealthTest::Never
        } else if let Some(line) = test.text() {
            HealthTest::Shell { line: self.draft.template(&place, line) }
        } else {
            let words: Vec<&str> = test.elements().iter().map(Node::text_or_empty).collect();
            match words.as_slice() {
                [] => HealthTest::Image,
                ["NONE", ..] => HealthTest::Never,
                ["CMD-SHELL", line @ ..] => HealthTest::Shell { line: self.draft.template(&place, &line.join(" ")) },
                ["CMD", argv @ ..] | argv => {
                    HealthTest::Program { argv: argv.iter().map(|word| self.draft.template(&place, word)).collect() }
                }
            }
        };
        Some(Health {
            test,
            interval_seconds: self.quantity("healthcheck", node.get("interval"), quantity::seconds),
            timeout_seconds: self.quantity("healthcheck", node.get("timeout"), quantity::seconds),
            retries: self.quantity("healthcheck", node.get("retries"), |text| text.parse().ok()),
            start_period_seconds: self.quantity("healthcheck", node.get("start_period"), quantity::seconds),
        })
    }

    pub(super) fn deploy(&mut self, node: &Node) {
        let limits = node.get("resources").get("limits");
        let wanted = node.get("resources").get("reservations");
        let memory = self.quantity("deploy", limits.get("memory"), quantity::bytes);
        let cpus = self.quantity("deploy", limits.get("cpus"), quantity::thousandths);
        let pids = self.quantity("deploy", limits.get("pids"), |text| text.parse().ok());
        let wanted_memory = self.quantity("deploy", wanted.get("memory"), quantity::bytes);
        let own = &mut self.service.limits;
        own.memory_bytes = own.memory_bytes.or(memory);
        own.cpu_thousandths = own.cpu_thousandths.or(cpus);
        own.pids = own.pids.or(pids);
        own.memory_wanted_bytes = own.memory_wanted_bytes.or(wanted_memory);
        for device in wanted.get("devices").elements() {
            if device
                .get("capabilities")
                .elements()
                .iter()
                .any(|capability| matches!(capability.text(), Some("gpu" | "nvidia" | "compute")))
            {
                self.gpu();
            } else {
                self.draft.refuse(
                    ReasonKind::Privilege,
                    format!(
                        "`deploy.resources.reservations.devices` of the service `{}` names a device that is no graphics processor",
                        self.name
                    ),
                );
            }
        }
    }

    pub(super) fn sysctls(&mut self, node: &Node) {
        for (key, value) in pairs(node) {
            let own = key.starts_with("net.")
                || key.starts_with("fs.mqueue.")
                || key.starts_with("kernel.sh")
                || key.starts_with("kernel.msg")
                || key == "kernel.sem";
            if !own || key.contains(['/', '\\']) {
                self.draft
                    .refuse(ReasonKind::Privilege, format!("`sysctls: {key}` of the service `{}` is one of the whole box", self.name));
                continue;
            }
            let place = self.place("sysctls");
            if let Some(value) = self.draft.constant(&place, &value.unwrap_or_default()) {
                self.service.sysctls.insert(key, value);
            }
        }
    }

    pub(super) fn ulimits(&mut self, node: &Node) {
        for (key, value) in node.entries() {
            let number = |node: &Node| node.text().and_then(|text| text.parse::<i64>().ok()).filter(|number| *number >= -1);
            let limit = match value {
                Node::Map(_) => number(value.get("soft")).zip(number(value.get("hard"))),
                other => number(other).map(|number| (number, number)),
            };
            match limit {
                Some((soft, hard)) if key.len() <= crate::MAX_WORD && key.bytes().all(|b| b.is_ascii_lowercase()) => {
                    self.service.ulimits.insert(key.clone(), Ulimit { soft, hard });
                }
                _ => {
                    let place = self.place("ulimits");
                    self.draft.refuse(ReasonKind::Invalid, format!("{place}: `{key}` is no limit"));
                }
            }
        }
    }
}
