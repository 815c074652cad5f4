//! The life of the holder as PID 1: its first thread reaps orphans, another one does the work.
use std::{io, os::fd::AsFd, thread};

use nix::{
    errno::Errno,
    sys::{
        eventfd::{EfdFlags, EventFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
};

use super::Signals;
use crate::sys;

/// The kernel gives a program's first thread this much; what runs `main` shall have no less.
const STACK_BYTES: usize = 8 << 20;

/// What `std` exits with after a panic in `main`.
const PANICKED: i32 = 101;

pub(super) fn live<F: FnOnce() -> u8 + Send>(signals: &Signals, main: F) -> ! {
    let orphans = match prepare(signals) {
        Ok(orphans) => orphans,
        Err(error) => {
            eprintln!("netloom: cannot prepare the process that holds the network: {error}");
            sys::exit_now(1)
        }
    };
    thread::scope(|scope| {
        let worker = thread::Builder::new().name("holder".to_owned()).stack_size(STACK_BYTES);
        let started = worker.spawn_scoped(scope, move || {
            let outcome = std::panic::catch_unwind(std::panic::AssertUnwindSafe(main));
            std::process::exit(outcome.map_or(PANICKED, i32::from))
        });
        if let Err(error) = started {
            eprintln!("netloom: cannot start a thread: {error}");
            std::process::exit(1)
        }
        reap_for_ever(&orphans)
    })
}

fn prepare(signals: &Signals) -> io::Result<EventFd> {
    let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC)?;
    sys::wake_on_child(event.as_fd().try_clone_to_owned()?)?;
    signals.restore()?;
    Ok(event)
}

/// Reaps the orphans of the sandbox. The kernel makes them children of PID 1's first thread, which starts no process
/// itself; `__WNOTHREAD` leaves the children of all other threads to those who started them.
fn reap_for_ever(orphans: &EventFd) -> ! {
    loop {
        match orphans.read() {
            Ok(_) | Err(Errno::EINTR) => {}
            // An eventfd that cannot be read will never be: there is nothing left to be woken by.
            Err(_) => thread::park(),
        }
        while reap_one() {}
    }
}

fn reap_one() -> bool {
    match waitpid(None, Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WNOTHREAD)) {
        Ok(WaitStatus::StillAlive) => false,
        Ok(_) | Err(Errno::EINTR) => true,
        Err(_) => false,
    }
}
