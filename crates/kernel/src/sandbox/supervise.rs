//! Waiting for one child while passing signals on to it.
use std::{
    io,
    os::fd::{AsFd, BorrowedFd},
};

use nix::{
    errno::Errno,
    poll::{PollFd, PollFlags, PollTimeout, poll},
    sys::{
        signal::{SigSet, SigmaskHow, Signal, kill, sigprocmask},
        signalfd::{SfdFlags, SignalFd, siginfo},
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

impl Ended {
    /// The exit status that shells give for it.
    pub(crate) fn status(self) -> u8 {
        match self {
            Self::Exited(code) => code,
            Self::Killed(signal) => status_of(signal),
        }
    }
}

/// The exit status that shells give for the end by a signal.
pub(crate) fn status_of(signal: Signal) -> u8 {
    128u8.saturating_add(signal as u8)
}

/// A descriptor whose other end closes when the child has to end, and what to do then.
pub(crate) struct Leash<'a> {
    pub fd: BorrowedFd<'a>,
    pub let_go: Box<dyn FnOnce() + 'a>,
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

    /// In the holder: SIGCHLD arrives again, the others stay blocked and are read one by one.
    pub(crate) fn keep_all_but_children(&self) -> io::Result<()> {
        let children = SigSet::from_iter([Signal::SIGCHLD]);
        Ok(sigprocmask(SigmaskHow::SIG_UNBLOCK, Some(&children), None)?)
    }

    /// Where signals that arrived can be read.
    pub(crate) fn fd(&self) -> BorrowedFd<'_> {
        self.fd.as_fd()
    }

    /// A signal that has arrived; none where there is none yet.
    pub(crate) fn arrived(&self) -> io::Result<Option<Signal>> {
        Ok(self.read_arrived()?.and_then(|info| signal_of(&info)))
    }

    fn read_arrived(&self) -> io::Result<Option<siginfo>> {
        if !is_readable(self.fd.as_fd())? {
            return Ok(None);
        }
        match self.fd.read_signal() {
            Ok(info) => Ok(info),
            Err(Errno::EINTR) => Ok(None),
            Err(errno) => Err(errno.into()),
        }
    }

    /// Passes on what arrived before the child was there, wherever it came from: the terminal sent it to us alone.
    pub(crate) fn forward_arrived(&self, child: Pid) -> io::Result<()> {
        while let Some(info) = self.read_arrived()? {
            if let Some(signal) = signal_of(&info).filter(|signal| FORWARDED.contains(signal)) {
                let _ = kill(child, signal);
            }
        }
        Ok(())
    }

    /// As PID 1: waits for the end of a child, passes signals on to it, and reaps whatever else ends.
    pub(crate) fn wait_for_among(&self, child: Pid) -> io::Result<Ended> {
        loop {
            match waitpid(None, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(pid, code)) if pid == child => return Ok(Ended::Exited(code as u8)),
                Ok(WaitStatus::Signaled(pid, signal, _)) if pid == child => return Ok(Ended::Killed(signal)),
                Ok(WaitStatus::StillAlive) => {
                    wait_until_readable(self.fd.as_fd(), None)?;
                    self.forward_next(child)?;
                }
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
        }
    }

    /// Waits for the end of a child. Signals from other processes are passed on to it; those from the terminal are
    /// not, because the terminal sends them to the child as well. The hangup is: a terminal that closes may tell the
    /// session's leader alone.
    pub(crate) fn wait_for(&self, child: Pid, mut leash: Option<Leash<'_>>) -> io::Result<Ended> {
        loop {
            match waitpid(child, Some(WaitPidFlag::WNOHANG)) {
                Ok(WaitStatus::Exited(_, code)) => return Ok(Ended::Exited(code as u8)),
                Ok(WaitStatus::Signaled(_, signal, _)) => return Ok(Ended::Killed(signal)),
                Ok(_) | Err(Errno::EINTR) => {}
                Err(errno) => return Err(errno.into()),
            }
            if wait_until_readable(self.fd.as_fd(), leash.as_ref().map(|leash| leash.fd))?
                && let Some(leash) = leash.take()
            {
                (leash.let_go)();
            }
            self.forward_next(child)?;
        }
    }

    fn forward_next(&self, child: Pid) -> io::Result<()> {
        let Some(info) = self.read_arrived()? else { return Ok(()) };
        let from_a_process = info.ssi_code <= 0;
        if let Some(signal) = signal_of(&info)
            && FORWARDED.contains(&signal)
            && (from_a_process || signal == Signal::SIGHUP)
        {
            // A child that is gone is found by the next waitpid.
            let _ = kill(child, signal);
        }
        Ok(())
    }
}

fn signal_of(info: &siginfo) -> Option<Signal> {
    Signal::try_from(info.ssi_signo as i32).ok()
}

fn is_readable(fd: BorrowedFd<'_>) -> io::Result<bool> {
    let mut fds = [PollFd::new(fd, PollFlags::POLLIN)];
    match poll(&mut fds, PollTimeout::ZERO) {
        Ok(count) => Ok(count > 0),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}

/// Waits until one of both can be read or was closed; says whether the second was.
fn wait_until_readable(first: BorrowedFd<'_>, second: Option<BorrowedFd<'_>>) -> io::Result<bool> {
    let mut fds: Vec<PollFd<'_>> =
        [Some(first), second].into_iter().flatten().map(|fd| PollFd::new(fd, PollFlags::POLLIN)).collect();
    match poll(&mut fds, PollTimeout::NONE) {
        Ok(_) => Ok(fds.get(1).and_then(PollFd::any).unwrap_or(false)),
        Err(Errno::EINTR) => Ok(false),
        Err(errno) => Err(errno.into()),
    }
}
