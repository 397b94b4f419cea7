//! Which addresses the box calls. Pure.

use std::net::{IpAddr, Ipv4Addr, Ipv6Addr};

/// How what is sent is protected on its way.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum Way {
    /// By TLS with a certificate for the name.
    Encrypted,
    /// Not at all, so it stays at home.
    Open,
}

/// Why an address is not called.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(crate) enum NotCalled {
    /// It is this machine, by whatever name.
    Itself,
    /// It is nobody's, or many people's.
    Nobody,
    /// It is not at home, and the way is open.
    Outside,
}

/// Whether `address` may be called on this way by a machine that has the addresses `own`.
///
/// # Errors
/// Why not.
pub(crate) fn judge(address: IpAddr, way: Way, own: &[IpAddr]) -> Result<(), NotCalled> {
    // An IPv4 address in IPv6's spellings is what it is in its own.
    let address = plain(address);
    if is_itself(address) || own.iter().any(|own| plain(*own) == address) {
        return Err(NotCalled::Itself);
    }
    if is_nobody(address) {
        return Err(NotCalled::Nobody);
    }
    if way == Way::Open && !is_at_home(address) {
        return Err(NotCalled::Outside);
    }
    Ok(())
}

fn plain(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        // NAT64 and 6to4 carry an IPv4 address that the network would call.
        IpAddr::V6(v6) => match v6.segments() {
            [0x64, 0xff9b, 0, 0, 0, 0, high, low] | [0x2002, high, low, ..] => {
                IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low)))
            }
            // The oldest spelling, `::a.b.c.d`.
            [0, 0, 0, 0, 0, 0, high, low] if high != 0 => IpAddr::V4(Ipv4Addr::from_bits(u32::from(high) << 16 | u32::from(low))),
            _ => IpAddr::V6(v6),
        },
        v4 => v4,
    }
}

fn is_itself(address: IpAddr) -> bool {
    match address {
        // On Linux the whole of 0.0.0.0/8 is worth no more than its first address, which is this machine.
        IpAddr::V4(v4) => v4.is_loopback() || v4.octets()[0] == 0,
        IpAddr::V6(v6) => v6.is_loopback() || v6.is_unspecified(),
    }
}

fn is_nobody(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_broadcast() || v4.is_multicast() || v4.octets()[0] >= 240,
        // A link-local address of IPv6 means nothing without its link.
        IpAddr::V6(v6) => v6.is_multicast() || is_link_local(v6),
    }
}

fn is_at_home(address: IpAddr) -> bool {
    match address {
        IpAddr::V4(v4) => v4.is_private() || v4.is_link_local(),
        // Unique local addresses, fc00::/7.
        IpAddr::V6(v6) => v6.segments()[0] & 0xfe00 == 0xfc00,
    }
}

fn is_link_local(v6: Ipv6Addr) -> bool {
    v6.segments()[0] & 0xffc0 == 0xfe80
}

#[cfg(test)]
mod tests {
    use proptest::prelude::*;

    use super::*;

    #[test]
    fn each_address_is_judged_for_what_it_is() {
        let own: Vec<IpAddr> = ["192.168.1.20", "fd00::20"].map(|own| own.parse().expect("an address")).into();
        let check = |address: &str, encrypted: Result<(), NotCalled>, open: Result<(), NotCalled>| {
            let address = address.parse().expect("an address");
            assert_eq!(judge(address, Way::Encrypted, &own), encrypted, "{address} encrypted");
            assert_eq!(judge(address, Way::Open, &own), open, "{address} open");
        };
        let (itself, nobody) = (Err(NotCalled::Itself), Err(NotCalled::Nobody));
        for address in ["192.168.1.7", "10.1.2.3", "172.16.0.9", "169.254.3.4", "fd00::7", "::ffff:192.168.1.7"] {
            check(address, Ok(()), Ok(()));
        }
        for address in ["1.1.1.1", "2606:4700::1111", "172.32.0.1", "64:ff9b::101:101"] {
            check(address, Ok(()), Err(NotCalled::Outside));
        }
        for address in [
            "127.0.0.1",
            "127.8.8.8",
            "0.0.0.0",
            "0.1.2.3",
            "::1",
            "::",
            "::ffff:127.0.0.1",
            "::127.0.0.1",
            "64:ff9b::7f00:1",
            "2002:7f00:1::",
            "192.168.1.20",
            "fd00::20",
            "::ffff:192.168.1.20",
        ] {
            check(address, itself, itself);
        }
        for address in ["255.255.255.255", "224.0.0.1", "240.0.0.1", "ff02::1", "fe80::1"] {
            check(address, nobody, nobody);
        }
    }

    proptest! {
        #[test]
        fn an_open_way_never_leads_out_of_the_house(bits: u128, v4: u32) {
            for address in [IpAddr::V6(Ipv6Addr::from_bits(bits)), IpAddr::V4(Ipv4Addr::from_bits(v4))] {
                if judge(address, Way::Open, &[]).is_ok() {
                    prop_assert!(judge(address, Way::Encrypted, &[]).is_ok());
                    prop_assert!(is_at_home(plain(address)));
                }
                prop_assert_eq!(judge(address, Way::Encrypted, &[address]), Err(NotCalled::Itself));
            }
        }
    }
}
