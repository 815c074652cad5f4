//! Backends laid out over the slots that the kernel picks from.
use std::time::Duration;

use netloom_routing::{Backend, View};

use crate::marks::Class;

/// Up to so many backends have one slot each; more share a power of two of slots.
const EXACT: u32 = 256;
/// Primes, as Maglev wants them.
const AFFINITY_SLOTS: [u32; 3] = [251, 1021, 4093];

/// How a view with backends picks one.
pub(crate) fn class(view: &View) -> Class {
    let count = view.backends.len() as u32;
    match view.affinity {
        Some(timeout) => {
            let enough = AFFINITY_SLOTS.into_iter().find(|slots| *slots >= count.saturating_mul(4));
            Class::Affinity(enough.unwrap_or(AFFINITY_SLOTS[2]), timeout.max(Duration::from_secs(1)))
        }
        None if count <= EXACT => Class::Random(count),
        // At least eight slots a backend keep the shares within an eighth of each other.
        None => Class::Random(count.saturating_mul(8).next_power_of_two().min(1 << 16)),
    }
}

/// The backend of each slot.
pub(crate) fn fill(view: &View, class: Class) -> Vec<Backend> {
    match class {
        Class::Random(slots) => view.backends.iter().copied().cycle().take(slots as usize).collect(),
        Class::Affinity(slots, _) => maglev(&view.backends, slots as usize),
    }
}

/// Maglev hashing (Eisenbud et al., NSDI 2016, section 3.4): even shares, and when a backend goes, hardly any slot of
/// the others changes, so that clients stay where they are.
fn maglev(backends: &[Backend], slots: usize) -> Vec<Backend> {
    let permutations: Vec<(usize, usize)> = backends
        .iter()
        .map(|b| {
            let name = format!("{}:{}", b.ip, b.port);
            ((hash(&name, 0) % slots as u64) as usize, (hash(&name, 1) % (slots as u64 - 1)) as usize + 1)
        })
        .collect();
    let mut next = vec![0usize; backends.len()];
    let mut table: Vec<Option<usize>> = vec![None; slots];
    let mut filled = 0;
    while filled < slots {
        for (i, (offset, skip)) in permutations.iter().enumerate() {
            // A prime number of slots makes every skip visit all of them, so a free one is found.
            let slot = loop {
                let slot = (offset + next[i] * skip) % slots;
                next[i] += 1;
                if table[slot].is_none() {
                    break slot;
                }
            };
            table[slot] = Some(i);
            filled += 1;
            if filled == slots {
                break;
            }
        }
    }
    table.into_iter().flatten().map(|i| backends[i]).collect()
}

/// FNV-1a with a seed and a final mix.
fn hash(text: &str, seed: u64) -> u64 {
    let start = 0xcbf2_9ce4_8422_2325_u64 ^ seed.wrapping_mul(0x9e37_79b9_7f4a_7c15);
    let h = text.bytes().fold(start, |h, b| (h ^ u64::from(b)).wrapping_mul(0x0100_0000_01b3));
    let h = (h ^ (h >> 33)).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h ^ (h >> 33)
}

#[cfg(test)]
mod tests {
    use std::collections::HashMap;

    use super::*;

    fn backends(count: u8) -> Vec<Backend> {
        (0..count).map(|i| Backend { ip: std::net::IpAddr::from([10, 0, 0, i]), port: 80 }).collect()
    }

    #[test]
    fn maglev_shares_evenly_and_moves_little() {
        let (all, fewer) = (backends(5), backends(4));
        let (before, after) = (maglev(&all, 251), maglev(&fewer, 251));
        let mut shares: HashMap<Backend, usize> = HashMap::new();
        for backend in &before {
            *shares.entry(*backend).or_default() += 1;
        }
        assert_eq!(shares.len(), 5);
        assert!(shares.values().all(|n| (50..=51).contains(n)), "{shares:?}");
        let stayed = before.iter().zip(&after).filter(|(a, b)| fewer.contains(a) && a == b).count();
        let of = before.iter().filter(|b| fewer.contains(b)).count();
        assert!(stayed * 10 >= of * 7, "{stayed} of {of} slots kept their backend");
    }
}
