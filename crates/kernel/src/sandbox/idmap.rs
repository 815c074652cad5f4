//! Which users exist in the sandbox: all of them where root made it, otherwise only the one who did, as root.
use std::{fs, io};

use nix::unistd::{Pid, getegid, geteuid};

const CAP_SETGID: u32 = 6;
const CAP_SETUID: u32 = 7;

/// Maps users and groups of a process that has just entered a new user namespace.
pub(super) fn write_for(pid: Pid) -> io::Result<()> {
    let status = fs::read_to_string("/proc/self/status")?;
    if may_map_all(&status) {
        let uids = identity(&fs::read_to_string("/proc/self/uid_map")?);
        let gids = identity(&fs::read_to_string("/proc/self/gid_map")?);
        // Refused where root lacks CAP_SETFCAP, as in some containers (user_namespaces(7)): then one user must do.
        if !uids.is_empty() && fs::write(format!("/proc/{pid}/uid_map"), uids).is_ok() {
            return fs::write(format!("/proc/{pid}/gid_map"), gids);
        }
    }
    // Without privileges a group may be mapped only once setgroups is given up (user_namespaces(7)).
    fs::write(format!("/proc/{pid}/setgroups"), "deny")?;
    fs::write(format!("/proc/{pid}/uid_map"), format!("0 {} 1\n", geteuid()))?;
    fs::write(format!("/proc/{pid}/gid_map"), format!("0 {} 1\n", getegid()))
}

/// Whether a process with this `/proc/PID/status` is root with the right to map other users.
fn may_map_all(status: &str) -> bool {
    let field = |name: &str| status.lines().find_map(|line| line.strip_prefix(name)).map(str::trim);
    let effective_uid = field("Uid:").and_then(|ids| ids.split_whitespace().nth(1));
    let capabilities = field("CapEff:").and_then(|hex| u64::from_str_radix(hex, 16).ok()).unwrap_or(0);
    let has = |capability: u32| capabilities >> capability & 1 == 1;
    effective_uid == Some("0") && has(CAP_SETUID) && has(CAP_SETGID)
}

/// The map that makes every id known here the same there: `inside outside count` becomes `inside inside count`.
fn identity(map: &str) -> String {
    let mut lines = String::new();
    for line in map.lines() {
        if let [inside, _, count] = line.split_whitespace().collect::<Vec<_>>()[..] {
            lines.push_str(&format!("{inside} {inside} {count}\n"));
        }
    }
    lines
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn every_known_id_keeps_its_number() {
        for (map, expected) in [
            ("         0          0 4294967295\n", "0 0 4294967295\n"),
            ("0 1000 1\n1 100000 65536\n", "0 0 1\n1 1 65536\n"),
            ("", ""),
            ("nonsense\n", ""),
        ] {
            assert_eq!(identity(map), expected);
        }
    }

    #[test]
    fn only_root_with_both_rights_maps_all() {
        for (status, expected) in [
            ("Uid:\t0\t0\t0\t0\nCapEff:\t000001ffffffffff\n", true),
            ("Uid:\t0\t0\t0\t0\nCapEff:\t00000000000000c0\n", true),
            ("Uid:\t0\t0\t0\t0\nCapEff:\t0000000000000080\n", false),
            ("Uid:\t0\t1000\t0\t0\nCapEff:\t000001ffffffffff\n", false),
            ("Uid:\t0\t0\t0\t0\nCapEff:\tzz\n", false),
            ("", false),
        ] {
            assert_eq!(may_map_all(status), expected, "{status}");
        }
    }
}
