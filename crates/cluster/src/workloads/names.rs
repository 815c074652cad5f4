//! Names of generated pods: like those that a cluster makes, and the same in every run.
//!
//! They come from the workload's kind, namespace, name and the pod's index, never from its content: an edited
//! label renames nothing, so that a change can be shown pod by pod.

/// The letters that the API server makes random names of: no vowels, no digits that read like letters.
const ALPHABET: &[u8; 27] = b"bcdfghjklmnpqrstvwxz2456789";

/// `maxGeneratedNameLength` of the API server's name generator: 63 less the five random characters.
const MAX_BASE: usize = 58;

/// FNV-1a, 64 bits: stable over versions, platforms and runs, which the standard hasher does not promise.
pub fn hash(parts: &[&str]) -> u64 {
    let mut state: u64 = 0xcbf2_9ce4_8422_2325;
    for part in parts {
        // The separator keeps ("ab", "c") and ("a", "bc") apart; no name holds a zero byte.
        for byte in part.bytes().chain([0]) {
            state = (state ^ u64::from(byte)).wrapping_mul(0x0000_0100_0000_01b3);
        }
    }
    // FNV leaves the low bits of short inputs alike: finish as splitmix64 does.
    state = (state ^ (state >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
    state = (state ^ (state >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
    state ^ (state >> 31)
}

/// `length` characters for a hash.
fn letters(mut hash: u64, length: usize) -> String {
    let mut out = String::with_capacity(length);
    for _ in 0..length {
        out.push(char::from(ALPHABET[(hash % 27) as usize]));
        hash /= 27;
    }
    out
}

/// The pod-template-hash of a Deployment: nine characters.
pub fn template_hash(namespace: &str, name: &str) -> String {
    letters(hash(&["pod-template-hash", namespace, name]), 9)
}

/// The minute that a CronJob's one modelled Job is named after.
pub fn cron_job_run(namespace: &str, name: &str) -> String {
    format!("{name}-{}", 29_000_000 + hash(&["CronJob", namespace, name]) % 1_000_000)
}

/// Makes the pod names of one workload, no two alike.
pub struct Names<'a> {
    namespace: &'a str,
    base: String,
    taken: std::collections::HashSet<String>,
}

impl<'a> Names<'a> {
    /// For pods called `<base>-<5 characters>`.
    pub fn new(namespace: &'a str, base: &str) -> Self {
        let end = (0..=MAX_BASE.min(base.len())).rev().find(|&i| base.is_char_boundary(i)).unwrap_or(0);
        Self { namespace, base: base[..end].to_owned(), taken: std::collections::HashSet::new() }
    }

    /// The name of the pod that `identity` (an index, a node's name) stands for.
    pub fn pod(&mut self, identity: &str) -> String {
        let mut salt = 0_u32;
        loop {
            let hash = match salt {
                0 => hash(&[self.namespace, &self.base, identity]),
                _ => hash(&[self.namespace, &self.base, identity, &salt.to_string()]),
            };
            let name = format!("{}-{}", self.base, letters(hash, 5));
            if self.taken.insert(name.clone()) {
                return name;
            }
            salt += 1;
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names_are_stable_and_distinct() {
        let names = |count: u32| {
            let mut names = Names::new("shop", "web-5d4f8c7b9");
            (0..count).map(|i| names.pod(&i.to_string())).collect::<Vec<_>>()
        };
        let many = names(20_000);
        assert_eq!(many[..3], names(3)[..]);
        assert_eq!(many.iter().collect::<std::collections::HashSet<_>>().len(), many.len());
        assert!(many.iter().all(|n| n.len() == "web-5d4f8c7b9-abcde".len()), "{:?}", &many[..3]);
    }

    #[test]
    fn a_long_base_is_cut_as_the_api_server_cuts_it() {
        let name = Names::new("shop", &"x".repeat(80)).pod("0");
        assert_eq!(name.len(), 58 + 1 + 5);
    }

    #[test]
    fn a_hash_tells_its_parts_apart() {
        assert_ne!(hash(&["ab", "c"]), hash(&["a", "bc"]));
        assert_eq!(template_hash("shop", "web").len(), 9);
    }
}
