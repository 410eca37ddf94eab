//! Addresses and subnets: IP, CIDR, MAC.

use std::net::IpAddr;

use crate::Complaint;
use crate::complaint::At;

/// A subnet.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) struct Cidr {
    first: u128,
    host_bits: u32,
    is_v6: bool,
}

/// An address as a number, IPv4 below 2^32.
fn number(address: IpAddr) -> u128 {
    match address {
        IpAddr::V4(address) => u128::from(address.to_bits()),
        IpAddr::V6(address) => address.to_bits(),
    }
}

impl Cidr {
    /// Reads `172.28.0.0/16`.
    pub(super) fn parse(text: &str) -> Option<Self> {
        let (address, prefix) = text.split_once('/')?;
        let address: IpAddr = address.parse().ok()?;
        let width: u32 = if address.is_ipv6() { 128 } else { 32 };
        let prefix = prefix.parse::<u32>().ok().filter(|prefix| *prefix <= width)?;
        let host_bits = width - prefix;
        let shifted = number(address).checked_shr(host_bits).unwrap_or_default();
        Some(Self { first: shifted, host_bits, is_v6: address.is_ipv6() })
    }

    /// Whether the address lies in it.
    pub(super) fn contains(&self, address: IpAddr) -> bool {
        let shifted = number(address).checked_shr(self.host_bits).unwrap_or_default();
        address.is_ipv6() == self.is_v6 && shifted == self.first
    }

    /// Whether all of the other subnet lies in it.
    pub(super) fn covers(&self, other: &Self) -> bool {
        let narrower = self.host_bits >= other.host_bits;
        let shifted = other.first.checked_shr(self.host_bits.saturating_sub(other.host_bits)).unwrap_or_default();
        self.is_v6 == other.is_v6 && narrower && shifted == self.first
    }

    /// Whether they share an address.
    pub(super) fn overlaps(&self, other: &Self) -> bool {
        self.covers(other) || other.covers(self)
    }
}

/// Complains about what is not an address of the family (4, 6, or any).
pub(super) fn ip(text: Option<&String>, family: Option<u8>, at: &At<'_>, out: &mut Vec<Complaint>) -> Option<IpAddr> {
    let text = text?;
    let address = text.parse::<IpAddr>().ok();
    let fits = |address: &IpAddr| family.is_none_or(|family| (family == 6) == address.is_ipv6());
    if address.as_ref().is_some_and(fits) {
        return address;
    }
    let kind = family.map_or_else(|| "IP".to_owned(), |family| format!("IPv{family}"));
    out.push(at.says(format!("`{}` must be an {kind} address, found `{text}`", at.field())));
    None
}

/// Complains about what is not a subnet.
pub(super) fn cidr(text: Option<&String>, at: &At<'_>, out: &mut Vec<Complaint>) -> Option<Cidr> {
    let text = text?;
    let cidr = Cidr::parse(text);
    if cidr.is_none() {
        let complaint = at.says(format!("`{}` must be a subnet, found `{text}`", at.field()));
        out.push(complaint.help("write it as `172.28.0.0/16`"));
    }
    cidr
}

/// Complains about what is not a MAC address.
pub(super) fn mac(text: Option<&String>, at: &At<'_>, out: &mut Vec<Complaint>) {
    let Some(text) = text else { return };
    let parts: Vec<&str> = text.split([':', '-']).collect();
    let pair = |part: &&str| part.len() == 2 && part.bytes().all(|byte| byte.is_ascii_hexdigit());
    if parts.len() != 6 || !parts.iter().all(pair) {
        out.push(at.says(format!("`{}` must be a MAC address such as 02:42:ac:11:00:02, found `{text}`", at.field())));
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_subnet_knows_what_lies_in_it() {
        let cidr = |text: &str| Cidr::parse(text).expect("a subnet");
        let address = |text: &str| text.parse::<IpAddr>().expect("an address");
        let subnet = cidr("172.28.0.0/16");
        assert!(subnet.contains(address("172.28.5.254")) && !subnet.contains(address("172.29.0.1")));
        assert!(subnet.covers(&cidr("172.28.5.0/24")) && !cidr("172.28.5.0/24").covers(&subnet));
        assert!(cidr("0.0.0.0/0").contains(address("10.0.0.1")) && !cidr("0.0.0.0/0").contains(address("::1")));
        assert!(cidr("fd00::/8").contains(address("fd12::1")) && cidr("::/0").covers(&cidr("fd00::/8")));
        let refused = ["172.28.0.0", "172.28.0.0/33", "x/8", "172.28.0.0/-1"].map(|text| Cidr::parse(text).is_none());
        assert_eq!(refused, [true; 4]);
    }
}
