//! Gives out addresses of a range.
use std::net::IpAddr;

use ipnet::IpNet;

use super::{address, bounds, family, number};
use crate::{fast::Set, model::Family};

/// The addresses of one range, given out in order. It goes round before it gives one out again, so that an
/// address that was just freed is the last to find a new owner.
#[derive(Clone, Debug)]
pub struct Pool {
    net: IpNet,
    first: u128,
    last: u128,
    next: u128,
}

impl Pool {
    /// The addresses of a node's pods: not the first, which is the tunnel's, nor the second, the gateway's, nor
    /// the IPv4 broadcast address.
    pub fn of_pods(net: IpNet) -> Self {
        Self::new(net, 2)
    }

    /// The addresses of nodes or load balancers: all but the first `skip`, and but the broadcast address.
    pub fn new(net: IpNet, skip: u128) -> Self {
        let (first, last) = bounds(net);
        let last = match family(net) {
            Family::V4 if last > first + 1 => last - 1,
            _ => last,
        };
        let first = if last - first >= skip { first + skip } else { last };
        Self { net, first, last, next: first }
    }

    /// The range that it gives out of.
    pub const fn net(&self) -> IpNet {
        self.net
    }

    /// The next address that is not in use; none where all are.
    pub fn take(&mut self, used: &mut Set<IpAddr>) -> Option<IpAddr> {
        let family = family(self.net);
        // At most one more than is in use can be looked at in vain, so a /64 is no endless walk.
        let tries = (self.last - self.first).min(used.len() as u128);
        for _ in 0..=tries {
            let ip = address(family, self.next);
            self.next = if self.next == self.last { self.first } else { self.next + 1 };
            if used.insert(ip) {
                return Some(ip);
            }
        }
        None
    }

    /// The address that a number stands for, or the nearest one after it that is not in use.
    pub fn take_at(&self, number: u128, used: &mut Set<IpAddr>) -> Option<IpAddr> {
        let size = (self.last - self.first).saturating_add(1);
        let mut offset = number % size;
        let tries = (size - 1).min(used.len() as u128);
        for _ in 0..=tries {
            let ip = address(family(self.net), self.first + offset);
            offset = if offset + 1 == size { 0 } else { offset + 1 };
            if used.insert(ip) {
                return Some(ip);
            }
        }
        None
    }

    /// Whether the address is one that it could give out.
    pub fn gives(&self, ip: IpAddr) -> bool {
        Family::of(ip) == family(self.net) && (self.first..=self.last).contains(&number(ip))
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn pool(net: &str, skip: u128) -> Pool {
        Pool::new(net.parse().unwrap(), skip)
    }

    fn all(mut pool: Pool, used: &mut Set<IpAddr>) -> Vec<String> {
        std::iter::from_fn(|| pool.take(used)).map(|ip| ip.to_string()).collect()
    }

    #[test]
    fn gives_out_what_pods_may_have() {
        assert_eq!(
            all(pool("10.0.0.0/29", 2), &mut Set::default()),
            ["10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"]
        );
        assert_eq!(all(pool("fd00::/126", 2), &mut Set::default()), ["fd00::2", "fd00::3"]);
        assert_eq!(all(pool("10.0.0.4/32", 0), &mut Set::default()), ["10.0.0.4"]);
    }

    #[test]
    fn a_freed_address_is_the_last_to_be_given_again() {
        let mut used = Set::default();
        let mut pool = pool("10.0.0.0/29", 2);
        let first = pool.take(&mut used).unwrap();
        used.remove(&first);
        let rest: Vec<_> = (0..4).map(|_| pool.take(&mut used).unwrap()).collect();
        assert!(!rest.contains(&first));
        assert_eq!(pool.take(&mut used), Some(first));
        assert_eq!(pool.take(&mut used), None);
    }

    #[test]
    fn a_wanted_address_or_the_next_free_one() {
        let pool = pool("10.0.0.0/29", 0);
        let mut used = Set::default();
        for wanted in ["10.0.0.6", "10.0.0.0", "10.0.0.1"] {
            assert_eq!(pool.take_at(6, &mut used).unwrap().to_string(), wanted);
        }
        assert_eq!((0..9).filter_map(|_| pool.take_at(0, &mut used)).count(), 4);
    }
}
