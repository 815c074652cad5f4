//! Packets in flight: a way to wait until everything that was under way between namespaces has arrived.
//!
//! Between namespaces of one machine a packet waits in the queue of the CPU that sent it, once for each link on its way
//! (`net/core/dev.c`, `enqueue_to_backlog`); on a busy machine that is many milliseconds. Queues are worked off in
//! order: what is sent over `lo` on each CPU arrives after everything that waited there.
#![forbid(unsafe_code)]

use std::{
    io,
    net::{Ipv4Addr, UdpSocket},
    time::Duration,
};

use nix::{
    sched::{CpuSet, sched_getaffinity, sched_setaffinity},
    unistd::Pid,
};

use crate::netns::{Here, NetNs};

/// More links than any way has: out of a pod, into the overlay, over the fabric, out of the overlay, into a pod.
const LINKS: usize = 16;
/// A datagram that was lost, because a queue was full, is sent again.
const LOST_AFTER: Duration = Duration::from_millis(200);

/// A socket that follows packets in flight.
#[derive(Debug)]
pub struct InFlight {
    socket: UdpSocket,
    /// One more than the number of the last CPU that the machine may have.
    cpus: usize,
}

/// Numbers of CPUs are below this, as far as the kernel tells (`Documentation/admin-guide/cputopology.rst`: `0-3,8`).
fn cpus() -> usize {
    let possible = std::fs::read_to_string("/sys/devices/system/cpu/possible").unwrap_or_default();
    let last = possible.trim().rsplit([',', '-']).next().and_then(|last| last.parse::<usize>().ok());
    last.map_or(CpuSet::count(), |last| (last + 1).min(CpuSet::count()))
}

impl InFlight {
    /// Opens it in a namespace whose `lo` is up.
    ///
    /// # Errors
    /// When the namespace cannot be entered or no file descriptor is left.
    pub fn open(here: &mut Here, ns: &NetNs) -> io::Result<Self> {
        here.enter(ns).map_err(io::Error::other)?;
        let socket = UdpSocket::bind((Ipv4Addr::LOCALHOST, 0))?;
        socket.connect(socket.local_addr()?)?;
        socket.set_read_timeout(Some(LOST_AFTER))?;
        Ok(Self { socket, cpus: cpus() })
    }

    /// Returns when every packet that was sent before the call has arrived or was dropped.
    ///
    /// # Errors
    /// When the socket fails.
    pub fn wait(&self) -> io::Result<()> {
        let own = sched_getaffinity(Pid::from_raw(0))?;
        let waited = (0..self.cpus).try_for_each(|cpu| {
            let mut only = CpuSet::new();
            only.set(cpu)?;
            // A CPU that is not there, or that this container may not use, sends nothing of ours.
            match sched_setaffinity(Pid::from_raw(0), &only) {
                Ok(()) => (0..LINKS).try_for_each(|_| self.round()),
                Err(_) => Ok(()),
            }
        });
        sched_setaffinity(Pid::from_raw(0), &own)?;
        waited
    }

    /// One way through the queue of the CPU that it runs on.
    fn round(&self) -> io::Result<()> {
        loop {
            self.socket.send(b".")?;
            match self.socket.recv(&mut [0; 1]) {
                Ok(_) => return Ok(()),
                Err(e) if matches!(e.kind(), io::ErrorKind::WouldBlock | io::ErrorKind::Interrupted) => {}
                Err(e) => return Err(e),
            }
        }
    }
}
