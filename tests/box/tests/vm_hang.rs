//! The image in an emulator, with a unit that never ends in the way of its start: the box restarts by itself instead of standing still.
#![cfg(test)]

use croft_box_tests::Machine;

/// What the kernel says first.
const KERNEL: &str = "Linux version ";
const HANG: &str = "systemd.extra-unit.croft-hang.service=[Unit]
DefaultDependencies=no

[Service]
Type=oneshot
TimeoutStartSec=infinity
ExecStart=/bin/sh -c 'exec sleep infinity'
";

/// The limits are those of the image, made shorter.
fn restarts_out_of(target: &str, limit: &str) {
    let in_the_way =
        format!("systemd.unit-dropin.{target}~90-hang=[Unit]\nWants=croft-hang.service\nAfter=croft-hang.service\nJobTimeoutSec={limit}\n");
    let mut machine = Machine::new(&["--credential", HANG, "--credential", &in_the_way]);
    machine.switch_on();
    machine.wait_for_console_times(KERNEL, 2);
    machine.pull_the_plug();
    machine.rebuild(&[]);
    machine.boot();
}

#[test]
fn a_start_that_hangs_in_the_initrd_is_tried_again() {
    restarts_out_of("initrd.target", "20s");
}

#[test]
fn a_start_that_hangs_in_the_root_is_tried_again() {
    restarts_out_of("multi-user.target", "60s");
}
