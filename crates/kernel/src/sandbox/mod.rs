//! The sandbox: user, mount and PID namespaces of our own, which the kernel takes down with the last process in them.
//!
//! ```text
//! P0  supervisor   the process that was started; host namespaces; forwards signals, returns P1's status
//! └─ P1  holder    PID 1 of the sandbox's PID namespace, root of its user namespace; host network namespace
//!    └─ …          commands in pods: killed by the kernel when P1 ends
//! ```
//! P1 dies with P0 (`PR_SET_PDEATHSIG`), so that `kill -9` of either leaves nothing behind.
#![forbid(unsafe_code)]

mod advice;
mod idmap;
mod init;
mod probe;
mod supervise;

use std::{
    io::{self, Read, Write},
    os::unix::net::UnixStream,
    sync::OnceLock,
};

use nix::{
    mount::{MsFlags, mount},
    sched::{CloneFlags, unshare},
    sys::{
        prctl,
        resource::{Resource, getrlimit, setrlimit},
        signal::Signal,
        wait::waitpid,
    },
    unistd::{ForkResult, Pid, geteuid},
};

pub use init::on_end;
pub use probe::{Missing, probe};
pub(crate) use supervise::{Ended, Leash, Signals};

use crate::sys;

/// Why there is no sandbox.
#[derive(Debug, thiserror::Error)]
pub enum SandboxError {
    /// Called too late.
    #[error("the sandbox must be made before any thread is started, but the process has {0} threads")]
    Threads(usize),
    /// The kernel refused the namespaces.
    #[error("cannot {stage}: {source}\n{advice}")]
    Refused {
        /// What was being done.
        stage: Stage,
        /// What the kernel answered.
        source: io::Error,
        /// Which setting is the likely cause and what to do about it.
        advice: String,
    },
    /// The holder was killed.
    #[error("the process that holds the network was killed by {0}; the network is gone")]
    Killed(Signal),
    /// The sandbox ended while it was being made.
    #[error("the process that was to hold the network ended while it was being set up")]
    EndedEarly,
    /// A system call failed that does not fail on a healthy machine.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
}

/// A step that the kernel may refuse.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Stage {
    /// `unshare`.
    Namespaces,
    /// Writing `uid_map` and `gid_map`.
    IdMap,
    /// The first mount call.
    Mounts,
    /// The fork into the PID namespace.
    Fork,
}

impl std::fmt::Display for Stage {
    fn fmt(&self, f: &mut std::fmt::Formatter<'_>) -> std::fmt::Result {
        f.write_str(match self {
            Self::Namespaces => "make user, mount and PID namespaces",
            Self::IdMap => "map users into the user namespace",
            Self::Mounts => "change mounts in the mount namespace",
            Self::Fork => "fork into the PID namespace",
        })
    }
}

fn system(doing: &'static str) -> impl FnOnce(io::Error) -> SandboxError {
    move |source| SandboxError::System { doing, source }
}

static HOST_UID: OnceLock<u32> = OnceLock::new();

/// The user that started netloom, as the host knows it: inside the sandbox it has another number.
#[must_use]
pub fn host_uid() -> u32 {
    *HOST_UID.get_or_init(|| geteuid().as_raw())
}

/// Executes `main` as the sandbox's holder, waits for it and returns its exit status.
///
/// Call it before anything starts a thread. `main` runs on a thread of its own in the holder (the holder's first
/// thread reaps orphans) and may start as many more as it likes; the process ends with it. SIGINT, SIGTERM, SIGHUP and
/// SIGQUIT end the holder at any moment, with 128 and the signal's number as the exit status, unless it asks to be told
/// ([`on_end`]); they are blocked in all of its threads, and processes that it starts have to unblock them. Those
/// processes must be started from threads that outlive them (a runtime's workers, not its short-lived blocking threads).
///
/// # Errors
/// When the sandbox cannot be made (with the setting that forbids it), or the holder was killed.
pub fn run<F: FnOnce() -> u8 + Send>(main: F) -> Result<u8, SandboxError> {
    match sys::thread_count().map_err(system("count threads under /proc/self/task"))? {
        1 => {}
        threads => return Err(SandboxError::Threads(threads)),
    }
    let _ = host_uid();
    raise_file_limit();
    // What is buffered now would be written by both sides of the fork.
    drop(io::stdout().flush());
    let signals = Signals::block().map_err(system("block signals"))?;
    let (outside, inside) = UnixStream::pair().map_err(system("make a socket pair"))?;
    // The process in between ends at once; its child, the holder, becomes ours.
    prctl::set_child_subreaper(true).map_err(|e| system("become a subreaper")(e.into()))?;
    match sys::fork().map_err(system("fork"))? {
        ForkResult::Child => {
            drop(outside);
            between(inside, &signals, main)
        }
        ForkResult::Parent { child } => {
            drop(inside);
            let ended = supervise_setup(outside, child, &signals)?;
            match ended {
                Ended::Exited(code) => Ok(code),
                Ended::Killed(signal) => Err(SandboxError::Killed(signal)),
            }
        }
    }
}

/// As many open files as the administrator allows: every namespace is one.
fn raise_file_limit() {
    if let Ok((soft, hard)) = getrlimit(Resource::RLIMIT_NOFILE)
        && soft < hard
    {
        // Refused only when the limit is lowered meanwhile; the old one then serves as long as it lasts.
        let _ = setrlimit(Resource::RLIMIT_NOFILE, hard, hard);
    }
}

/// How many files this process may have open.
///
/// # Errors
/// When the system does not tell.
pub fn open_file_limit() -> std::io::Result<usize> {
    let (soft, _) = getrlimit(Resource::RLIMIT_NOFILE)?;
    Ok(usize::try_from(soft).unwrap_or(usize::MAX))
}

/// What the two sides tell each other while the sandbox is made: one byte of kind and a number.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Word {
    /// From inside: the namespaces are there, map users now.
    Unshared,
    /// From outside: users are mapped.
    Mapped,
    /// From inside: the holder's PID as the host sees it.
    Holder(i32),
    /// From outside: you are my child now, begin.
    Go,
    /// From inside: a stage failed with an error number.
    Failed(Stage, i32),
}

const FAILURES: [Stage; 4] = [Stage::Namespaces, Stage::IdMap, Stage::Mounts, Stage::Fork];

fn say(to: &mut UnixStream, word: Word) -> io::Result<()> {
    let (kind, number) = match word {
        Word::Unshared => (0, 0),
        Word::Mapped => (1, 0),
        Word::Holder(pid) => (2, pid),
        Word::Go => (3, 0),
        Word::Failed(stage, errno) => {
            (10 + FAILURES.iter().position(|s| *s == stage).unwrap_or_default() as u8, errno)
        }
    };
    let [a, b, c, d] = number.to_ne_bytes();
    to.write_all(&[kind, a, b, c, d])
}

fn hear(from: &mut UnixStream) -> io::Result<Word> {
    let mut bytes = [0; 5];
    from.read_exact(&mut bytes)?;
    let [kind, a, b, c, d] = bytes;
    let number = i32::from_ne_bytes([a, b, c, d]);
    match kind {
        0 => Ok(Word::Unshared),
        1 => Ok(Word::Mapped),
        2 => Ok(Word::Holder(number)),
        3 => Ok(Word::Go),
        kind => match FAILURES.get(usize::from(kind).wrapping_sub(10)) {
            Some(stage) => Ok(Word::Failed(*stage, number)),
            None => Err(io::ErrorKind::InvalidData.into()),
        },
    }
}

/// P0: maps users for the other side, adopts the holder, and waits for its end.
fn supervise_setup(mut link: UnixStream, between: Pid, signals: &Signals) -> Result<Ended, SandboxError> {
    let holder = match meet_holder(&mut link, between) {
        Ok(holder) => holder,
        Err(error) => {
            // The other side reads the end of the link and ends, if it has not already.
            drop(link);
            let _ = waitpid(between, None);
            return Err(error);
        }
    };
    waitpid(between, None).map_err(|e| system("wait for the process in between")(e.into()))?;
    let _ = prctl::set_child_subreaper(false);
    signals.forward_arrived(holder).map_err(system("read signals"))?;
    // If the holder is dead already, waiting for it says so.
    drop(say(&mut link, Word::Go));
    let ended = signals.wait_for(holder, None).map_err(system("wait for the holder"))?;
    drop(link);
    Ok(ended)
}

fn meet_holder(link: &mut UnixStream, between: Pid) -> Result<Pid, SandboxError> {
    loop {
        match hear(link).map_err(|_| SandboxError::EndedEarly)? {
            Word::Unshared => {
                idmap::write_for(between).map_err(|e| refused(Stage::IdMap, e))?;
                say(link, Word::Mapped).map_err(|_| SandboxError::EndedEarly)?;
            }
            Word::Holder(pid) => return Ok(Pid::from_raw(pid)),
            Word::Failed(stage, errno) => return Err(refused(stage, io::Error::from_raw_os_error(errno))),
            Word::Mapped | Word::Go => return Err(SandboxError::EndedEarly),
        }
    }
}

fn refused(stage: Stage, source: io::Error) -> SandboxError {
    SandboxError::Refused { stage, advice: advice::advise(stage, &source), source }
}

/// The process between P0 and P1: only a child of whoever made the PID namespace can be PID 1 in it.
fn between<F: FnOnce() -> u8 + Send>(mut link: UnixStream, signals: &Signals, main: F) -> ! {
    let stages = enter_namespaces(&mut link);
    let word = match stages {
        Ok(()) => match sys::fork() {
            Ok(ForkResult::Child) => hold(link, signals, main),
            Ok(ForkResult::Parent { child }) => Word::Holder(child.as_raw()),
            Err(error) => Word::Failed(Stage::Fork, error.raw_os_error().unwrap_or_default()),
        },
        Err((stage, errno)) => Word::Failed(stage, errno),
    };
    drop(say(&mut link, word));
    sys::exit_now(0)
}

fn enter_namespaces(link: &mut UnixStream) -> Result<(), (Stage, i32)> {
    let at = |stage| move |errno: nix::errno::Errno| (stage, errno as i32);
    unshare(CloneFlags::CLONE_NEWUSER | CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWPID)
        .map_err(at(Stage::Namespaces))?;
    let gone = |_| (Stage::IdMap, nix::libc::EPIPE);
    say(link, Word::Unshared).map_err(gone)?;
    if hear(link).map_err(gone)? != Word::Mapped {
        return Err((Stage::IdMap, nix::libc::EPROTO));
    }
    // Our mounts never reach the host, but what the host unmounts leaves here too: nothing of it is kept busy.
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_SLAVE, None::<&str>)
        .map_err(at(Stage::Mounts))
}

/// P1: ties its life to P0's, then lives.
fn hold<F: FnOnce() -> u8 + Send>(mut link: UnixStream, signals: &Signals, main: F) -> ! {
    // Only after P0 says so is it our parent; the death signal is that of the parent at the time.
    let tied = matches!(hear(&mut link), Ok(Word::Go)) && prctl::set_pdeathsig(Signal::SIGKILL).is_ok();
    // P0 may have died before the death signal was set: then its end of the link is closed.
    let alone = link.set_nonblocking(true).is_err()
        || !matches!(link.read(&mut [0]), Err(e) if e.kind() == io::ErrorKind::WouldBlock);
    if !tied || alone {
        sys::exit_now(1);
    }
    // Kept open for P0's sake only; nothing is said on it any more.
    std::mem::forget(link);
    init::live(signals, main)
}
