//! Addresses of clients, as far as they say who is who.

use std::net::{IpAddr, Ipv6Addr};

/// What one holder of addresses has, by its first address: an IPv4 address alone, also in IPv6's spelling, or the /64 that a home or phone
/// is given in IPv6.
#[must_use]
pub fn holder(address: IpAddr) -> IpAddr {
    match address.to_canonical() {
        IpAddr::V4(address) => address.into(),
        IpAddr::V6(address) => Ipv6Addr::from_bits(address.to_bits() >> 64 << 64).into(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_whole_v6_network_is_one_holder_and_mapped_v4_is_v4() {
        for (address, expected) in [
            ("192.168.1.7", "192.168.1.7"),
            ("::ffff:192.168.1.7", "192.168.1.7"),
            ("fd00:1:2:3::1", "fd00:1:2:3::"),
            ("fd00:1:2:3:ffff::1", "fd00:1:2:3::"),
            ("fd00:1:2:4::1", "fd00:1:2:4::"),
        ] {
            assert_eq!(holder(address.parse().expect("an address")), expected.parse::<IpAddr>().expect("an address"), "{address}");
        }
    }
}
