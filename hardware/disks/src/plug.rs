//! Where a disk is plugged in, read from the kernel's way to it in `/sys`. Pure.

use croft_model::Plug;

/// Hubs behind each other: five, after the specification of USB.
const MAX_PORTS: usize = 7;

/// What a way like `/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1.4/2-1.4:1.0/host6/…` tells.
pub(crate) fn of_way(way: &str) -> Plug {
    let steps: Vec<&str> = way.split('/').collect();
    let find = |read: fn(&str) -> Option<Plug>| steps.iter().rev().find_map(|step| read(step));
    // A disk in a USB case is an ATA disk behind a port of USB, and every controller sits in a slot.
    find(usb).or_else(|| find(card)).or_else(|| find(sata)).or_else(|| virtual_disk(&steps)).or_else(|| slot(&steps)).unwrap_or_default()
}

/// `2-1.4`: the port 4 of a hub at the port 1 of the second controller.
fn usb(step: &str) -> Option<Plug> {
    let (bus, ports) = step.split_once('-')?;
    let ports: Vec<u32> = ports.split('.').take(MAX_PORTS + 1).map(number).collect::<Option<_>>()?;
    (ports.len() <= MAX_PORTS).then_some(Plug::Usb { bus: number(bus)?, ports })
}

/// `ata3`.
fn sata(step: &str) -> Option<Plug> {
    Some(Plug::Sata { port: number(step.strip_prefix("ata")?)? })
}

/// `mmc0`.
fn card(step: &str) -> Option<Plug> {
    Some(Plug::Card { number: number(step.strip_prefix("mmc")?)? })
}

fn virtual_disk(steps: &[&str]) -> Option<Plug> {
    let is_virtual = |step: &&str| *step == "virtual" || step.strip_prefix("virtio").is_some_and(|rest| number(rest).is_some());
    // NVMe that is shared between several ways is found below `virtual`, too.
    (steps.iter().any(is_virtual) && !steps.iter().any(|step| step.starts_with("nvme"))).then_some(Plug::Virtual)
}

/// `0000:03:00.0/nvme`: the last address before the disk is that of its slot.
fn slot(steps: &[&str]) -> Option<Plug> {
    let at = steps.iter().position(|step| *step == "nvme")?;
    let address = steps.get(..at)?.last()?.strip_prefix("0000:")?;
    let is_address = address.len() == 7 && address.bytes().all(|byte| byte.is_ascii_hexdigit() || byte == b':' || byte == b'.');
    is_address.then(|| Plug::Slot { address: address.to_owned() })
}

/// A short number without a sign.
fn number(text: &str) -> Option<u32> {
    (text.len() <= 4 && !text.is_empty() && text.bytes().all(|byte| byte.is_ascii_digit())).then(|| text.parse().ok())?
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn a_way_tells_the_port() {
        let check = |way: &str, expected: Plug| assert_eq!(of_way(way), expected, "{way}");
        let usb = |bus, ports: &[u32]| Plug::Usb { bus, ports: ports.to_vec() };
        check("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1:1.0/host6/target6:0:0/6:0:0:0/block", usb(2, &[1]));
        check("/sys/devices/pci0000:00/0000:00:14.0/usb2/2-1/2-1.4/2-1.4:1.0/host6/target6:0:0/6:0:0:0/block", usb(2, &[1, 4]));
        check("/sys/devices/platform/soc/usb1/1-1/1-1.2/1-1.2.3/1-1.2.3:1.0/host0/target0:0:0/0:0:0:0/block", usb(1, &[1, 2, 3]));
        check("/sys/devices/pci0000:00/0000:00:17.0/ata3/host2/target2:0:0/2:0:0:0/block", Plug::Sata { port: 3 });
        check("/sys/devices/pci0000:00/0000:00:1d.0/0000:03:00.0/nvme/nvme0", Plug::Slot { address: "03:00.0".into() });
        check("/sys/devices/pci0000:00/0000:00:1a.0/mmc_host/mmc0/mmc0:aaaa/block", Plug::Card { number: 0 });
        check("/sys/devices/pci0000:00/0000:00:05.0/virtio2/block", Plug::Virtual);
        check("/sys/devices/virtual/block", Plug::Virtual);
        check("/sys/devices/virtual/nvme-subsystem/nvme-subsys0", Plug::Unknown);
        check("/sys/devices/pci0000:00/0000:02:00.0/host0/target0:2:0/0:2:0:0/block", Plug::Unknown);
        check("", Plug::Unknown);
    }

    proptest! {
        #[test]
        fn no_way_ends_the_reader(way in "[a-z0-9:./-]{0,80}") {
            let found = of_way(&way);
            let too_deep = matches!(found, Plug::Usb { ports, .. } if ports.len() > MAX_PORTS);
            prop_assert!(!too_deep);
        }
    }
}
