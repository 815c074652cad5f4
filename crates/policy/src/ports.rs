//! Port classes: ports that no rule can tell apart share a class.
use std::collections::{BTreeMap, BTreeSet, HashMap};

use netloom_cluster::Protocol;

/// A range of ports that some rule names, both ends included.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub(crate) struct PortRange {
    pub protocol: Protocol,
    pub low: u16,
    pub high: u16,
}

/// The class of a protocol's ports that no rule names: 0 for protocols without ports.
pub(crate) const fn default_class(protocol: Protocol) -> u32 {
    match protocol {
        Protocol::Tcp => 1,
        Protocol::Udp => 2,
        Protocol::Sctp => 3,
        Protocol::Other(_) => 0,
    }
}

const FIRST_SPECIFIC: u32 = 16;

/// Numbers classes by the ranges that cover them, so that a class keeps its number while other rules change.
#[derive(Clone, Debug, Default)]
pub(crate) struct ClassNumbers {
    numbers: HashMap<Vec<PortRange>, u32>,
}

/// The classes of one set of rules.
#[derive(Clone, Debug, Default)]
pub(crate) struct PortClasses {
    /// Disjoint, sorted: the ports that some rule names.
    pub atoms: Vec<(PortRange, u32)>,
    /// For each range that a rule names, the classes that it is the union of.
    pub of_range: BTreeMap<PortRange, Vec<u32>>,
    /// The ranges that cover a class.
    pub ranges: BTreeMap<u32, Vec<PortRange>>,
}

impl ClassNumbers {
    /// How many numbers were given out.
    pub fn len(&self) -> usize {
        self.numbers.len()
    }

    /// Cuts the ranges into classes.
    pub fn classify(&mut self, ranges: &BTreeSet<PortRange>) -> PortClasses {
        let mut classes = PortClasses::default();
        for protocol in Protocol::WITH_PORTS {
            let of_protocol: Vec<PortRange> =
                ranges.iter().copied().filter(|r| r.protocol == protocol).collect();
            let starts = of_protocol.iter().map(|r| u32::from(r.low));
            let ends = of_protocol.iter().map(|r| u32::from(r.high) + 1);
            let cuts: BTreeSet<u32> = starts.chain(ends).collect();
            let cuts: Vec<u32> = cuts.into_iter().collect();
            for pair in cuts.windows(2) {
                let (low, high) = (pair[0] as u16, (pair[1] - 1) as u16);
                let covering: Vec<PortRange> =
                    of_protocol.iter().copied().filter(|r| r.low <= low && high <= r.high).collect();
                if !covering.is_empty() {
                    self.add(&mut classes, PortRange { protocol, low, high }, covering);
                }
            }
        }
        classes
    }

    fn add(&mut self, classes: &mut PortClasses, atom: PortRange, covering: Vec<PortRange>) {
        let fresh = FIRST_SPECIFIC + self.numbers.len() as u32;
        let class = *self.numbers.entry(covering.clone()).or_insert(fresh);
        match classes.atoms.last_mut() {
            Some((last, c)) if *c == class && last.high.checked_add(1) == Some(atom.low) => {
                last.high = atom.high
            }
            _ => classes.atoms.push((atom, class)),
        }
        for range in &covering {
            let of_range = classes.of_range.entry(*range).or_default();
            if !of_range.contains(&class) {
                of_range.push(class);
            }
        }
        classes.ranges.insert(class, covering);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn ports_are_cut_into_classes_that_keep_their_numbers() {
        let range = |low, high| PortRange { protocol: Protocol::Tcp, low, high };
        let mut numbers = ClassNumbers::default();
        let before = numbers.classify(&BTreeSet::from([range(80, 80), range(8000, 9000)]));
        assert_eq!(before.atoms, [(range(80, 80), 16), (range(8000, 9000), 17)]);
        let after = numbers.classify(&BTreeSet::from([
            range(80, 80),
            range(8000, 9000),
            range(8080, 8080),
            range(1, 65535),
        ]));
        let shown: Vec<_> = after.atoms.iter().map(|(r, c)| (r.low, r.high, *c)).collect();
        let common = shown[0].2;
        assert_eq!(shown.first().unwrap().0, 1);
        assert_eq!(shown.last().unwrap(), &(9001, 65535, common));
        assert_eq!(after.of_range[&range(8000, 9000)].len(), 2);
        let again = numbers.classify(&BTreeSet::from([range(80, 80), range(8000, 9000)]));
        assert_eq!(again.atoms, before.atoms);
    }
}
