//! What a process in a pod may not do: it is root of the pod's network namespace for addresses and ports, and no more.
use std::io;

use rustix::thread::{
    CapabilitySet, CapabilitySets, capabilities, remove_capability_from_bounding_set, set_capabilities,
};

/// The capabilities that container runtimes leave to containers
/// (https://github.com/containerd/containerd/blob/main/pkg/oci/spec.go, `defaultUnixCaps`).
const KEPT: [CapabilitySet; 14] = [
    CapabilitySet::CHOWN,
    CapabilitySet::DAC_OVERRIDE,
    CapabilitySet::FSETID,
    CapabilitySet::FOWNER,
    CapabilitySet::MKNOD,
    CapabilitySet::NET_RAW,
    CapabilitySet::SETGID,
    CapabilitySet::SETUID,
    CapabilitySet::SETFCAP,
    CapabilitySet::SETPCAP,
    CapabilitySet::NET_BIND_SERVICE,
    CapabilitySet::SYS_CHROOT,
    CapabilitySet::KILL,
    CapabilitySet::AUDIT_WRITE,
];

/// Leaves the calling process, and what it executes, the capabilities of a container. Without CAP_NET_ADMIN it cannot
/// change the pod's links and rules, without CAP_SYS_ADMIN not enter other namespaces, without CAP_SYS_PTRACE not look
/// into the process that holds the network.
pub(super) fn confine() -> io::Result<()> {
    let kept = KEPT.into_iter().fold(CapabilitySet::empty(), |all, one| all | one);
    let all = (0..u64::BITS).map(|bit| CapabilitySet::from_bits_retain(1 << bit));
    for capability in all.filter(|capability| !kept.contains(*capability)) {
        match remove_capability_from_bounding_set(capability) {
            // The kernel has no capability of this number.
            Err(rustix::io::Errno::INVAL) => {}
            outcome => outcome?,
        }
    }
    let now = capabilities(None)?;
    let effective = now.effective & kept;
    let permitted = now.permitted & kept;
    Ok(set_capabilities(None, CapabilitySets { effective, permitted, inheritable: CapabilitySet::empty() })?)
}
