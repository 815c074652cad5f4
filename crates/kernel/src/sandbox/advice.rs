//! Which setting of the machine forbids the sandbox, and what to do about it.
use std::{fs, io};

use super::Stage;

/// What of the machine decides.
#[derive(Clone, Debug, Default)]
struct Machine {
    unprivileged_userns_clone: Option<String>,
    apparmor_restrict: Option<String>,
    max_user_namespaces: Option<String>,
    seccomp: bool,
}

impl Machine {
    fn read() -> Self {
        let sysctl = |name: &str| {
            fs::read_to_string(format!("/proc/sys/{name}")).ok().map(|value| value.trim().to_owned())
        };
        let status = fs::read_to_string("/proc/self/status").unwrap_or_default();
        let mode = status.lines().find_map(|line| line.strip_prefix("Seccomp:")).map(str::trim);
        Self {
            unprivileged_userns_clone: sysctl("kernel/unprivileged_userns_clone"),
            apparmor_restrict: sysctl("kernel/apparmor_restrict_unprivileged_userns"),
            max_user_namespaces: sysctl("user/max_user_namespaces"),
            seccomp: mode == Some("2"),
        }
    }
}

pub(super) fn advise(stage: Stage, error: &io::Error) -> String {
    advise_on(&Machine::read(), stage, error)
}

fn advise_on(machine: &Machine, stage: Stage, error: &io::Error) -> String {
    let mut causes = Vec::new();
    if machine.unprivileged_userns_clone.as_deref() == Some("0") {
        causes.push(
            "kernel.unprivileged_userns_clone is 0: `sudo sysctl kernel.unprivileged_userns_clone=1` allows it".to_owned(),
        );
    }
    if machine.apparmor_restrict.as_deref() == Some("1") {
        causes.push(
            "kernel.apparmor_restrict_unprivileged_userns is 1 (Ubuntu 23.10 and later): \
             `sudo sysctl kernel.apparmor_restrict_unprivileged_userns=0` allows it, \
             or an AppArmor profile with `userns,` for the netloom binary"
                .to_owned(),
        );
    }
    if machine.max_user_namespaces.as_deref() == Some("0") {
        causes.push(
            "user.max_user_namespaces is 0: `sudo sysctl user.max_user_namespaces=15000` allows it"
                .to_owned(),
        );
    }
    if causes.is_empty() && error.raw_os_error() == Some(nix::libc::ENOSPC) {
        causes.push(
            "a limit is reached: look at the sysctls user.max_user_namespaces, user.max_mnt_namespaces and \
             user.max_pid_namespaces"
                .to_owned(),
        );
    }
    if causes.is_empty() && error.raw_os_error() == Some(nix::libc::EAGAIN) {
        causes
            .push("the limit on processes and threads of this user is reached: raise `ulimit -u`".to_owned());
    }
    if causes.is_empty() && machine.seccomp {
        causes.push(
            "a seccomp filter is active, as in a container: start it with `--security-opt seccomp=unconfined` \
             (and `--security-opt apparmor=unconfined` where AppArmor is used)"
                .to_owned(),
        );
    }
    if causes.is_empty() && error.raw_os_error() == Some(nix::libc::EINVAL) && stage == Stage::Namespaces {
        causes.push("this kernel was built without user namespaces (CONFIG_USER_NS)".to_owned());
    }
    if causes.is_empty() {
        causes.push(
            "a security module or a container's restrictions may forbid it; `dmesg` may say which".to_owned(),
        );
    }
    causes.iter().map(|cause| format!("  {cause}")).collect::<Vec<_>>().join("\n")
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_setting_that_forbids_is_named() {
        let set = |text: &str| Some(text.to_owned());
        let machine = Machine::default();
        let eperm = nix::libc::EPERM;
        let cases = [
            (
                Machine { unprivileged_userns_clone: set("0"), ..machine.clone() },
                eperm,
                "kernel.unprivileged_userns_clone",
            ),
            (Machine { apparmor_restrict: set("1"), ..machine.clone() }, eperm, "apparmor_restrict"),
            (
                Machine { max_user_namespaces: set("0"), ..machine.clone() },
                nix::libc::ENOSPC,
                "user.max_user_namespaces is 0",
            ),
            (machine.clone(), nix::libc::ENOSPC, "user.max_pid_namespaces"),
            (Machine { seccomp: true, ..machine.clone() }, eperm, "seccomp=unconfined"),
            (Machine { seccomp: true, ..machine.clone() }, nix::libc::EAGAIN, "ulimit -u"),
            (machine.clone(), nix::libc::EINVAL, "CONFIG_USER_NS"),
            (Machine { apparmor_restrict: set("0"), ..machine }, eperm, "security module"),
        ];
        for (machine, errno, expected) in cases {
            let advice = advise_on(&machine, Stage::Namespaces, &io::Error::from_raw_os_error(errno));
            assert!(advice.contains(expected), "{machine:?}: {advice}");
        }
    }
}
