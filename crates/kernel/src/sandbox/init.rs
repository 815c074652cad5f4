//! The life of the holder as PID 1: its first thread reaps orphans and takes signals, another one does the work.
use std::{io, os::fd::AsFd, sync::OnceLock, thread};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        eventfd::{EfdFlags, EventFd},
        signal::Signal,
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
};

use super::{Signals, supervise::status_of};
use crate::sys;

/// The kernel gives a program's first thread this much; what runs `main` shall have no less.
const STACK_BYTES: usize = 8 << 20;

/// What `std` exits with after a panic in `main`.
const PANICKED: i32 = 101;

/// Signals that ask the sandbox to end.
const ENDING: [Signal; 4] = [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT];

type Listener = Box<dyn Fn() + Send + Sync>;

static LISTENER: OnceLock<Listener> = OnceLock::new();

/// Has the holder told when a signal asks it to end (SIGINT, SIGTERM, SIGHUP, SIGQUIT), instead of ending at once. The
/// second signal ends it all the same, with 128 and the signal's number as its exit status. Only the first listener counts.
pub fn on_end(tell: impl Fn() + Send + Sync + 'static) {
    // A second listener would wait for what the first one already acts on.
    let _ = LISTENER.set(Box::new(tell));
}

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
        serve_for_ever(&orphans, signals)
    })
}

fn prepare(signals: &Signals) -> io::Result<EventFd> {
    let event = EventFd::from_flags(EfdFlags::EFD_CLOEXEC | EfdFlags::EFD_NONBLOCK)?;
    sys::wake_on_child(event.as_fd().try_clone_to_owned()?)?;
    signals.keep_all_but_children()?;
    Ok(event)
}

/// Reaps the orphans of the sandbox, and ends it when a signal asks for it. The kernel makes orphans children of PID 1's
/// first thread, which starts no process itself; `__WNOTHREAD` leaves the children of all other threads to those who
/// started them. Signals stay blocked in every thread: PID 1 loses a signal that is neither blocked nor handled.
fn serve_for_ever(orphans: &EventFd, signals: &Signals) -> ! {
    let mut told = false;
    loop {
        let mut fds =
            [PollFd::new(orphans.as_fd(), PollFlags::POLLIN), PollFd::new(signals.fd(), PollFlags::POLLIN)];
        match poll(&mut fds, PollTimeout::NONE) {
            Ok(_) | Err(Errno::EINTR) => {}
            // Descriptors that cannot be polled will never be: there is nothing left to be woken by.
            Err(_) => thread::park(),
        }
        // Whether it counted anything is of no interest: all orphans are reaped.
        let _ = orphans.read();
        while reap_one() {}
        while let Ok(Some(signal)) = signals.arrived() {
            if !ENDING.contains(&signal) {
                continue;
            }
            match LISTENER.get() {
                Some(tell) if !told => {
                    told = true;
                    tell();
                }
                _ => std::process::exit(i32::from(status_of(signal))),
            }
        }
    }
}

fn reap_one() -> bool {
    match waitpid(None, Some(WaitPidFlag::WNOHANG | WaitPidFlag::__WNOTHREAD)) {
        Ok(WaitStatus::StillAlive) => false,
        Ok(_) | Err(Errno::EINTR) => true,
        Err(_) => false,
    }
}
