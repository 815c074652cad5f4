//! Network sysctls of the calling thread's network namespace.
#![forbid(unsafe_code)]

use std::{fs, io};

/// Why a sysctl could not be read or written.
#[derive(Debug, thiserror::Error)]
#[error("cannot {verb} sysctl {name}{}: {source}{}", value_text(value.as_ref()), hint(source))]
pub struct SysctlError {
    verb: &'static str,
    name: String,
    value: Option<String>,
    source: io::Error,
}

impl SysctlError {
    /// Whether this kernel does not have the sysctl (a module is not loaded, or IPv6 is switched off).
    #[must_use]
    pub fn is_missing(&self) -> bool {
        self.source.kind() == io::ErrorKind::NotFound
    }
}

fn value_text(value: Option<&String>) -> String {
    value.map(|v| format!(" = {v}")).unwrap_or_default()
}

fn hint(error: &io::Error) -> &'static str {
    match error.raw_os_error() {
        Some(nix::libc::EROFS) => {
            " (/proc/sys is mounted read-only here: start the container with a writable /proc/sys)"
        }
        Some(nix::libc::ENOENT) => " (this kernel does not have it; its module may not be loaded)",
        Some(nix::libc::EACCES | nix::libc::EPERM) => " (not owned by this user namespace)",
        _ => "",
    }
}

/// The file of a sysctl. Names are written with slashes below `net`: `net/ipv4/ip_forward`.
fn path(name: &str) -> String {
    format!("/proc/sys/{name}")
}

/// Writes a sysctl in the calling thread's namespace.
///
/// # Errors
/// When the kernel lacks it or refuses the value.
pub fn write(name: &str, value: &str) -> Result<(), SysctlError> {
    fs::write(path(name), value).map_err(|source| SysctlError {
        verb: "set",
        name: name.to_owned(),
        value: Some(value.to_owned()),
        source,
    })
}

/// Writes a sysctl where this kernel has it; says whether it has.
///
/// # Errors
/// When the kernel refuses the value.
pub fn write_if_present(name: &str, value: &str) -> Result<bool, SysctlError> {
    match write(name, value) {
        Ok(()) => Ok(true),
        Err(error) if error.is_missing() => Ok(false),
        Err(error) => Err(error),
    }
}

/// Reads a sysctl of the calling thread's namespace, without the line end.
///
/// # Errors
/// When the kernel lacks it.
pub fn read(name: &str) -> Result<String, SysctlError> {
    let text = fs::read_to_string(path(name));
    text.map(|t| t.trim_end().to_owned()).map_err(|source| SysctlError {
        verb: "read",
        name: name.to_owned(),
        value: None,
        source,
    })
}

/// Whether this kernel speaks IPv6.
#[must_use]
pub fn has_ipv6() -> bool {
    std::path::Path::new("/proc/sys/net/ipv6").exists()
}

/// Whether IPv6 is there but switched off for links to come.
pub(crate) fn ipv6_is_off() -> bool {
    read("net/ipv6/conf/default/disable_ipv6").is_ok_and(|value| value == "1")
}

/// Switches IPv6 on in the calling thread's namespace, where this kernel has it.
pub(crate) fn switch_ipv6_on() -> Result<(), SysctlError> {
    write_if_present("net/ipv6/conf/default/disable_ipv6", "0")?;
    write_if_present("net/ipv6/conf/all/disable_ipv6", "0")?;
    Ok(())
}

/// Makes the calling thread's namespace a router, before any link is in it: links made later inherit the defaults.
/// No reverse path filter (replies may take another way), no IPv6 address that was not asked for, no waiting for
/// duplicate address detection, no router advertisements, and bridges do not show frames to the firewall.
///
/// # Errors
/// When /proc/sys is not writable.
pub fn make_router() -> Result<(), SysctlError> {
    for (name, value) in [
        ("net/ipv4/ip_forward", "1"),
        ("net/ipv4/conf/all/rp_filter", "0"),
        ("net/ipv4/conf/default/rp_filter", "0"),
        // Otherwise a pod that is told of a better way would go round the node and its policies.
        ("net/ipv4/conf/all/send_redirects", "0"),
        ("net/ipv4/conf/default/send_redirects", "0"),
    ] {
        write(name, value)?;
    }
    for (name, value) in [
        ("net/ipv6/conf/all/forwarding", "1"),
        ("net/ipv6/conf/default/addr_gen_mode", "1"),
        ("net/ipv6/conf/default/accept_dad", "0"),
        ("net/ipv6/conf/default/accept_ra", "0"),
        ("net/bridge/bridge-nf-call-iptables", "0"),
        ("net/bridge/bridge-nf-call-ip6tables", "0"),
    ] {
        write_if_present(name, value)?;
    }
    answer_every_refusal()?;
    switch_ipv6_on()
}

/// Lets the calling thread's namespace answer every packet that it refuses: by default the kernel tells a client of one
/// refusal a second, and all clients of a machine together of a thousand; the rest looks like silence. The masks say
/// which types of ICMP are limited at all; type 255 of ICMPv6 is reserved, and nothing sends it.
///
/// # Errors
/// When /proc/sys is not writable.
pub fn answer_every_refusal() -> Result<(), SysctlError> {
    for (name, value) in [
        ("net/ipv4/icmp_ratemask", "0"),
        ("net/ipv4/icmp_ratelimit", "0"),
        ("net/ipv6/icmp/ratemask", "255"),
        ("net/ipv6/icmp/ratelimit", "0"),
    ] {
        write_if_present(name, value)?;
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn errors_say_what_was_tried() {
        let error = write("net/ipv4/no_such_thing", "1").unwrap_err();
        assert!(error.is_missing());
        let text = error.to_string();
        assert!(text.starts_with("cannot set sysctl net/ipv4/no_such_thing = 1: No such file"), "{text}");
        assert!(!write_if_present("net/ipv4/no_such_thing", "1").unwrap());
        assert!(read("net/ipv4/ip_forward").is_ok_and(|value| value == "0" || value == "1"));
    }
}
