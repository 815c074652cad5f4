//! The system calls that Rust cannot check: fork, and a signal handler.
use std::{
    fs, io,
    os::fd::{AsRawFd, OwnedFd},
    sync::atomic::{AtomicI32, Ordering},
};

use nix::{
    libc,
    sys::signal::{SaFlags, SigAction, SigHandler, SigSet, Signal, sigaction},
    unistd::ForkResult,
};

/// How many threads the process has.
pub(crate) fn thread_count() -> io::Result<usize> {
    Ok(fs::read_dir("/proc/self/task")?.count())
}

/// Forks, provided that the process has one thread.
pub(crate) fn fork() -> io::Result<ForkResult> {
    match thread_count()? {
        1 => {}
        threads => {
            return Err(io::Error::other(format!("the process has {threads} threads, and must have one")));
        }
    }
    // SAFETY: with a single thread no lock can be held by a thread that the child lacks, so the child may do
    // whatever the parent may.
    Ok(unsafe { nix::unistd::fork() }?)
}

/// Ends the process at once, without what was registered to happen at its end: that is for the process that forked.
pub(crate) fn exit_now(code: u8) -> ! {
    // SAFETY: _exit takes any number and does not return; it touches no memory of this process.
    unsafe { libc::_exit(i32::from(code)) }
}

static WAKE: AtomicI32 = AtomicI32::new(-1);

extern "C" fn on_child(_: libc::c_int) {
    let fd = WAKE.load(Ordering::Relaxed);
    let one = 1u64.to_ne_bytes();
    // SAFETY: write(2) and the errno location are allowed in a signal handler (signal-safety(7)); the buffer is a local
    // of eight bytes; the descriptor was leaked by `wake_on_child`, so that it stays the event counter for ever. errno
    // is put back, because the interrupted code may be about to read it.
    unsafe {
        let errno = *libc::__errno_location();
        libc::write(fd, one.as_ptr().cast(), one.len());
        *libc::__errno_location() = errno;
    }
}

/// Has every SIGCHLD count up an eventfd, for the life of the process. Handlers that are installed later and call the
/// one before them (tokio's does) keep it working.
pub(crate) fn wake_on_child(event: OwnedFd) -> io::Result<()> {
    WAKE.store(event.as_raw_fd(), Ordering::Relaxed);
    std::mem::forget(event);
    let flags = SaFlags::SA_RESTART | SaFlags::SA_NOCLDSTOP;
    let action = SigAction::new(SigHandler::Handler(on_child), flags, SigSet::empty());
    // SAFETY: the handler does only what a signal handler may do, see there.
    unsafe { sigaction(Signal::SIGCHLD, &action) }?;
    Ok(())
}
