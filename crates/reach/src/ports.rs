//! Sets of protocols and ports, and how they are written: `TCP 80,8080-8090,UDP 53`, `All Connections`.
use std::fmt;

use netloom_cluster::Protocol;

/// Ranges of ports, both ends included: sorted, disjoint and not adjacent.
type Ranges = Vec<(u16, u16)>;

/// Which connections are allowed: ports of TCP, UDP and SCTP, and whether the protocols without ports are.
#[derive(Clone, Debug, Default, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct PortSet {
    /// By [`index`].
    ranges: [Ranges; 3],
    other: bool,
}

/// The protocols with ports in the order in which they are written.
pub const PROTOCOLS: [Protocol; 3] = [Protocol::Sctp, Protocol::Tcp, Protocol::Udp];

const fn index(protocol: Protocol) -> Option<usize> {
    match protocol {
        Protocol::Sctp => Some(0),
        Protocol::Tcp => Some(1),
        Protocol::Udp => Some(2),
        Protocol::Other(_) => None,
    }
}

impl PortSet {
    /// Nothing.
    #[must_use]
    pub fn none() -> Self {
        Self::default()
    }

    /// Every port of every protocol.
    #[must_use]
    pub fn all() -> Self {
        Self { ranges: [(); 3].map(|()| vec![(1, u16::MAX)]), other: true }
    }

    /// One range of ports of a protocol, both ends included; all of a protocol without ports.
    #[must_use]
    pub fn of(protocol: Protocol, low: u16, high: u16) -> Self {
        let mut set = Self::default();
        match index(protocol) {
            Some(index) if low <= high => set.ranges[index].push((low.max(1), high)),
            Some(_) => {}
            None => set.other = true,
        }
        set.ranges.iter_mut().for_each(|ranges| ranges.retain(|(low, high)| low <= high));
        set
    }

    /// Whether nothing is allowed.
    #[must_use]
    pub fn is_none(&self) -> bool {
        !self.other && self.ranges.iter().all(Vec::is_empty)
    }

    /// Whether everything is allowed.
    #[must_use]
    pub fn is_all(&self) -> bool {
        self.other && self.ranges.iter().all(|r| *r == [(1, u16::MAX)])
    }

    /// Whether a port is in it.
    #[must_use]
    pub fn contains(&self, protocol: Protocol, port: u16) -> bool {
        match index(protocol) {
            None => self.other,
            Some(index) => {
                let ranges = &self.ranges[index];
                let after = ranges.partition_point(|(low, _)| *low <= port);
                after > 0 && port <= ranges[after - 1].1
            }
        }
    }

    /// The open ports of a protocol: sorted, disjoint ranges, both ends included; none for a protocol without ports.
    #[must_use]
    pub fn ranges(&self, protocol: Protocol) -> &[(u16, u16)] {
        index(protocol).map_or(&[], |index| &self.ranges[index])
    }

    /// Whether protocols without ports (ICMP and the like) are allowed.
    #[must_use]
    pub const fn other(&self) -> bool {
        self.other
    }

    /// What is in both.
    #[must_use]
    pub fn and(&self, with: &Self) -> Self {
        self.merge(with, |a, b| a && b)
    }

    /// What is in either.
    #[must_use]
    pub fn or(&self, with: &Self) -> Self {
        self.merge(with, |a, b| a || b)
    }

    /// What is in this one and not in the other.
    #[must_use]
    pub fn minus(&self, without: &Self) -> Self {
        self.merge(without, |a, b| a && !b)
    }

    fn merge(&self, with: &Self, keep: impl Fn(bool, bool) -> bool) -> Self {
        let mut merged = Self { other: keep(self.other, with.other), ..Self::default() };
        for (out, (a, b)) in merged.ranges.iter_mut().zip(self.ranges.iter().zip(&with.ranges)) {
            *out = sweep(a, b, &keep);
        }
        merged
    }
}

/// Walks the ends of both lists, and keeps the stretches that are wanted.
fn sweep(a: &[(u16, u16)], b: &[(u16, u16)], keep: impl Fn(bool, bool) -> bool) -> Ranges {
    let ends = |ranges: &[(u16, u16)], nth: usize| -> Option<u32> {
        let (low, high) = ranges.get(nth / 2)?;
        Some(if nth.is_multiple_of(2) { u32::from(*low) } else { u32::from(*high) + 1 })
    };
    let (mut nth, mut open, mut out) = ([0, 0], None, Vec::new());
    loop {
        let next = [ends(a, nth[0]), ends(b, nth[1])];
        let Some(at) = next.into_iter().flatten().min() else { return out };
        for (nth, next) in nth.iter_mut().zip(next) {
            *nth += usize::from(next == Some(at));
        }
        let inside = keep(!nth[0].is_multiple_of(2), !nth[1].is_multiple_of(2));
        match (open, inside) {
            (None, true) => open = Some(at),
            (Some(low), false) => {
                // Both are ends of ranges of ports, or one behind, so they fit.
                out.push((low as u16, (at - 1) as u16));
                open = None;
            }
            _ => {}
        }
    }
}

impl fmt::Display for PortSet {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if self.is_none() {
            return f.write_str("No Connections");
        }
        if self.is_all() {
            return f.write_str("All Connections");
        }
        let mut separator = "";
        for (protocol, ranges) in PROTOCOLS.iter().zip(&self.ranges) {
            for (nth, (low, high)) in ranges.iter().enumerate() {
                f.write_str(separator)?;
                separator = ",";
                if nth == 0 {
                    write!(f, "{protocol} ")?;
                }
                if low == high { write!(f, "{low}")? } else { write!(f, "{low}-{high}")? }
            }
        }
        // Beside protocols with ports the others go without saying.
        if separator.is_empty() { f.write_str("Other Protocols") } else { Ok(()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn tcp(ranges: &[(u16, u16)]) -> PortSet {
        ranges
            .iter()
            .fold(PortSet::none(), |set, (low, high)| set.or(&PortSet::of(Protocol::Tcp, *low, *high)))
    }

    #[test]
    fn sets_are_written_as_the_analyzers_write_them() {
        let dns = PortSet::of(Protocol::Udp, 53, 53);
        let icmp = PortSet::of(Protocol::Other(1), 0, 0);
        let no_telnet = PortSet::all().minus(&tcp(&[(23, 23)]));
        for (set, text) in [
            (PortSet::none(), "No Connections"),
            (PortSet::all(), "All Connections"),
            (tcp(&[(80, 80)]), "TCP 80"),
            (tcp(&[(8080, 8090), (80, 80)]).or(&dns), "TCP 80,8080-8090,UDP 53"),
            (PortSet::of(Protocol::Sctp, 1, 1), "SCTP 1"),
            (tcp(&[(80, 80), (81, 82)]), "TCP 80-82"),
            (tcp(&[(0, 70)]), "TCP 1-70"),
            (tcp(&[(0, 0)]), "No Connections"),
            (icmp, "Other Protocols"),
            (no_telnet, "SCTP 1-65535,TCP 1-22,24-65535,UDP 1-65535"),
        ] {
            assert_eq!(set.to_string(), text);
        }
    }

    #[test]
    fn sets_are_combined_range_by_range() {
        let (a, b) = (tcp(&[(10, 20), (30, 40), (65535, 65535)]), tcp(&[(15, 35), (65535, 65535)]));
        for (set, text) in [
            (a.and(&b), "TCP 15-20,30-35,65535"),
            (a.or(&b), "TCP 10-40,65535"),
            (a.minus(&b), "TCP 10-14,36-40"),
            (a.minus(&a), "No Connections"),
            (a.and(&PortSet::all()), "TCP 10-20,30-40,65535"),
        ] {
            assert_eq!(set.to_string(), text);
        }
        assert!(
            a.contains(Protocol::Tcp, 65535)
                && !a.contains(Protocol::Tcp, 21)
                && !a.contains(Protocol::Udp, 10)
        );
        assert!(PortSet::all().contains(Protocol::Other(1), 0) && !a.contains(Protocol::Other(1), 0));
    }
}
