//! Waiting for one child while passing signals on to it.
use std::io;

use nix::{
    errno::Errno,
    sys::{
        signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask},
        signalfd::{SfdFlags, SignalFd},
        wait::{WaitPidFlag, WaitStatus, waitpid},
    },
    unistd::Pid,
};

/// Signals that are passed on.
const FORWARDED: [Signal; 6] =
    [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT, Signal::SIGUSR1, Signal::SIGUSR2];

/// How a child ended.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Ended {
    Exited(u8),
    Killed(Signal),
}

/// Signals blocked and read one by one. Block them before the fork, so that none is lost.
#[derive(Debug)]
pub(crate) struct Signals {
    fd: SignalFd,
    before: SigSet,
}

impl Signals {
    pub(crate) fn block() -> io::Result<Self> {
        let mut set: SigSet = FORWARDED.into_iter().collect();
        set.add(Signal::SIGCHLD);
        let fd = SignalFd::with_flags(&set, SfdFlags::SFD_CLOEXEC)?;
        let before = set.thread_swap_mask(SigmaskHow::SIG_BLOCK)?;
        Ok(Self { fd, before })
    }

    /// In the child: signals as they were before.
    pub(crate) fn restore(&self) -> io::Result<()> {
        Ok(sigprocmask(SigmaskHow::SIG_SETMASK, Some(&self.before), None)?)
    }

    /// Waits for the end of a child. Signals from other processes are passed on to it; those from the terminal are
    /// not, because the terminal sends them to the child as well.
    pub(crate) fn wait_for(&self, child: Pid) -> io::Result<Ended> {
        loop {
            match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, code)) => return Ok(Ended::Exited(code as u8)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Killed(signal)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            let info = match self.fd.read_signal() {
                Ok(Some(info)) => info,
                Ok(None) | Err(Errno::EINTR) => continue,
                Err(errno) => return Err(errno.into()),
            };
            let signal = Signal::try_from(info.ssi_signo as i32).ok();
            let from_a_process = info.ssi_code <= 0;
            if let Some(signal) = signal.filter(|s| from_a_process && FORWARDED.contains(s)) {
                // A child that is gone is found by the next waitpid.
                let _ = kill(child, signal);
            }
        }
    }
}
