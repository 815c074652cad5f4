//! A command inside a pod: in its network, with its resolver configuration and hostname, on the caller's terminal.
#![forbid(unsafe_code)]

mod confine;
mod files;
mod message;

use std::{
    ffi::{OsStr, OsString},
    fs::File,
    io::{self, Read, Write},
    os::{
        fd::{AsFd, OwnedFd},
        unix::{ffi::OsStrExt, net::UnixStream, process::CommandExt},
    },
    path::PathBuf,
    process::Command,
};

use nix::{
    libc,
    mount::{MsFlags, mount},
    sched::{CloneFlags, setns, unshare},
    sys::{
        prctl,
        signal::{Signal, kill},
    },
    unistd::{ForkResult, pipe2, sethostname},
};

use crate::{
    fds::same_file,
    sandbox::{Leash, Signals},
    sys,
};

/// The namespaces of a pod and what a process in it finds in /etc.
#[derive(Debug)]
pub struct PodEntry {
    /// The sandbox's user namespace.
    pub user: OwnedFd,
    /// Its mount namespace.
    pub mnt: OwnedFd,
    /// Its PID namespace.
    pub pid: OwnedFd,
    /// The pod's network namespace.
    pub net: OwnedFd,
    /// The pod's hostname.
    pub hostname: String,
    /// The pod's /etc/resolv.conf.
    pub resolv_conf: String,
    /// The pod's /etc/hosts.
    pub hosts: String,
    /// Whether a command gets a container's rights there. Otherwise it is root of the network namespace.
    pub confined: bool,
}

/// Why a command could not be started in a pod.
#[derive(Debug, thiserror::Error)]
pub enum ExecError {
    /// Called in a process that has threads.
    #[error("a pod is entered before any thread is started, but the process has {0} threads")]
    Threads(usize),
    /// A namespace refused.
    #[error(
        "cannot enter the pod's {namespace} namespace: {source} (the network may have ended, or belong to another user)"
    )]
    Enter {
        /// Which.
        namespace: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
    /// The pod's files could not be put in place.
    #[error("cannot put the pod's {file} in place: {doing}: {source}")]
    Files {
        /// Which file.
        file: &'static str,
        /// What was being done.
        doing: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
    /// There is no process to be had in the pod.
    #[error("cannot start a process in the pod: {0} (the network may have ended)")]
    Fork(io::Error),
    /// There is no command.
    #[error("no command given")]
    Empty,
    /// The command does not start.
    #[error("cannot execute {}: {source}{}", program.display(), program_hint(source))]
    Program {
        /// The command.
        program: PathBuf,
        /// What the kernel answered.
        source: io::Error,
    },
    /// A system call failed that does not fail on a healthy machine.
    #[error("cannot {doing}: {source}")]
    System {
        /// What was being done.
        doing: &'static str,
        /// What the kernel answered.
        source: io::Error,
    },
}

impl ExecError {
    /// The exit status that shells give for it: 127 for a command that is not found, 126 for one that cannot be
    /// executed, 125 where the pod could not be entered.
    #[must_use]
    pub fn exit_status(&self) -> u8 {
        match self {
            Self::Program { source, .. } if source.kind() == io::ErrorKind::NotFound => 127,
            Self::Program { .. } => 126,
            _ => 125,
        }
    }
}

fn program_hint(error: &io::Error) -> &'static str {
    match error.kind() {
        io::ErrorKind::NotFound => {
            " (pods have the programs of this machine, not those of their images; is it installed here?)"
        }
        _ => "",
    }
}

fn system(doing: &'static str) -> impl FnOnce(io::Error) -> ExecError {
    move |source| ExecError::System { doing, source }
}

impl PodEntry {
    /// An entry for a pod of the sandbox that the calling process holds.
    ///
    /// # Errors
    /// When /proc is not there or no file descriptor is left.
    pub fn from_holder(
        net: OwnedFd,
        hostname: String,
        resolv_conf: String,
        hosts: String,
        confined: bool,
    ) -> io::Result<Self> {
        let open = |name: &str| File::open(format!("/proc/self/ns/{name}")).map(OwnedFd::from);
        let (user, mnt, pid) = (open("user")?, open("mnt")?, open("pid")?);
        Ok(Self { user, mnt, pid, net, hostname, resolv_conf, hosts, confined })
    }

    fn enter(&self) -> Result<(), ExecError> {
        let refused = |namespace| move |source| ExecError::Enter { namespace, source };
        let join =
            |namespace, fd: &OwnedFd, kind| setns(fd, kind).map_err(|errno| refused(namespace)(errno.into()));
        // Joining one's own user namespace is refused (setns(2)); the holder's children are in it already.
        let own = File::open("/proc/self/ns/user").map_err(refused("user"))?;
        if !same_file(&own, &self.user).map_err(refused("user"))? {
            join("user", &self.user, CloneFlags::CLONE_NEWUSER)?;
        }
        // Joining a mount namespace moves to its root.
        let directory = std::env::current_dir();
        join("mount", &self.mnt, CloneFlags::CLONE_NEWNS)?;
        if let Ok(directory) = directory {
            drop(std::env::set_current_dir(directory));
        }
        join("PID", &self.pid, CloneFlags::CLONE_NEWPID)?;
        join("network", &self.net, CloneFlags::CLONE_NEWNET)
    }
}

/// Enters a pod, executes a command there on the inherited terminal, waits for it and returns its exit status (128 and
/// the signal's number if a signal ended it). Whatever the command has started ends with it, and all of it ends with the
/// calling process, and when the other end of `leash` closes. Call it in a process of one thread; nothing else should be
/// done in the process afterwards, because it stays in the pod's namespaces.
///
/// # Errors
/// When the pod cannot be entered or the command not be started; [`ExecError::exit_status`] is what to exit with then.
pub fn enter_and_exec(
    entry: PodEntry,
    argv: &[OsString],
    env: &[(OsString, OsString)],
    leash: Option<&UnixStream>,
) -> Result<u8, ExecError> {
    let (program, arguments) = argv.split_first().ok_or(ExecError::Empty)?;
    match sys::thread_count().map_err(system("count threads under /proc/self/task"))? {
        1 => {}
        threads => return Err(ExecError::Threads(threads)),
    }
    entry.enter()?;
    unshare(CloneFlags::CLONE_NEWNS | CloneFlags::CLONE_NEWUTS)
        .map_err(|e| system("make the command's own mount and UTS namespaces")(e.into()))?;
    mount(None::<&str>, "/", None::<&str>, MsFlags::MS_REC | MsFlags::MS_PRIVATE, None::<&str>)
        .map_err(|e| system("make mounts private")(e.into()))?;
    sethostname(hostname_of(&entry.hostname)).map_err(|e| system("set the hostname")(e.into()))?;
    files::install(&entry)?;
    let launch = Launch { program, arguments, env, confined: entry.confined };
    drop(entry);
    start(&launch, leash)
}

/// The kernel takes 64 bytes; a longer name is cut as kubelet cuts it (truncatePodHostnameIfNeeded).
fn hostname_of(name: &str) -> &str {
    match name.get(..63) {
        Some(start) if name.len() > 63 => start.trim_end_matches(['-', '.']),
        _ => name,
    }
}

/// The command, what it is given, and what holds it.
struct Launch<'a> {
    program: &'a OsStr,
    arguments: &'a [OsString],
    env: &'a [(OsString, OsString)],
    /// Whether the command has a container's rights, and not those of the sandbox's root.
    confined: bool,
}

/// Starts the command and waits for it. Three processes stand between the caller and the command, because only a child
/// of whoever makes a PID namespace is in it, and only whoever is in the sandbox's PID namespace can make one inside:
///
/// ```text
/// caller        waits; ends the others when `leash` closes
/// └─ keeper     in the sandbox's PID namespace; makes the command's own
///    └─ init    PID 1 there: when it ends, the kernel ends whatever the command has started
///       └─ command
/// ```
fn start(launch: &Launch<'_>, leash: Option<&UnixStream>) -> Result<u8, ExecError> {
    drop(io::stdout().flush());
    let signals = Signals::block().map_err(system("block signals"))?;
    let pipe = || pipe2(nix::fcntl::OFlag::O_CLOEXEC).map_err(|e| system("make a pipe")(e.into()));
    // The child writes why it could not be executed; a successful execve closes its end.
    let (failure, report) = pipe()?;
    // The caller's end closes with the caller.
    let (caller, alive) = pipe()?;
    match sys::fork().map_err(ExecError::Fork)? {
        ForkResult::Child => {
            drop((failure, alive));
            keep(launch, &signals, report, &caller)
        }
        ForkResult::Parent { child } => {
            drop((report, caller));
            let mut code = [0; 4];
            let failed = File::from(failure).read_exact(&mut code).is_ok();
            let mut alive = Some(alive);
            let leash = match leash {
                Some(leash) => {
                    let alive = alive.take();
                    Some(Leash { fd: leash.as_fd(), let_go: Box::new(move || drop(alive)) })
                }
                None => None,
            };
            let ended = signals.wait_for(child, leash).map_err(system("wait for the command"))?;
            drop(alive);
            if failed {
                let source = io::Error::from_raw_os_error(i32::from_ne_bytes(code));
                return Err(ExecError::Program { program: launch.program.into(), source });
            }
            Ok(ended.status())
        }
    }
}

/// The keeper: ends all processes of the command when the caller ends, and waits until they are gone.
fn keep(launch: &Launch<'_>, signals: &Signals, report: OwnedFd, caller: &OwnedFd) -> ! {
    let made = prctl::set_pdeathsig(Signal::SIGKILL).and_then(|()| unshare(CloneFlags::CLONE_NEWPID));
    let init = match made.map_err(io::Error::from).and_then(|()| sys::fork()) {
        Ok(ForkResult::Child) => init(launch, signals, report),
        Ok(ForkResult::Parent { child }) => child,
        Err(error) => fail(report, &error),
    };
    drop(report);
    let leash = Leash {
        fd: caller.as_fd(),
        let_go: Box::new(move || {
            // One that is gone is found by waiting for it.
            let _ = kill(init, Signal::SIGKILL);
        }),
    };
    // Init is waited for only when all other processes of its namespace are gone (pid_namespaces(7)).
    match signals.wait_for(init, Some(leash)) {
        Ok(ended) => sys::exit_now(ended.status()),
        Err(_) => sys::exit_now(FAILED),
    }
}

/// PID 1 of the command's namespace: reaps what the command leaves, and ends with the command.
fn init(launch: &Launch<'_>, signals: &Signals, report: OwnedFd) -> ! {
    if let Err(errno) = prctl::set_pdeathsig(Signal::SIGKILL) {
        fail(report, &errno.into());
    }
    let command = match sys::fork() {
        Ok(ForkResult::Child) => {
            let error = become_command(launch, signals);
            fail(report, &error)
        }
        Ok(ForkResult::Parent { child }) => child,
        Err(error) => fail(report, &error),
    };
    drop(report);
    match signals.wait_for_among(command) {
        Ok(ended) => sys::exit_now(ended.status()),
        Err(_) => sys::exit_now(FAILED),
    }
}

/// What the processes in between exit with when the command could not be executed.
const FAILED: u8 = 127;

/// Tells the caller why there is no command.
fn fail(report: OwnedFd, error: &io::Error) -> ! {
    let code = error.raw_os_error().unwrap_or(libc::EINVAL);
    drop(File::from(report).write_all(&code.to_ne_bytes()));
    sys::exit_now(FAILED)
}

/// In the child: returns only when the command cannot be executed.
fn become_command(launch: &Launch<'_>, signals: &Signals) -> io::Error {
    files::mount_kernel_views();
    let prepared = if launch.confined { confine::confine() } else { Ok(()) };
    if let Err(error) = prepared.and_then(|()| signals.restore()) {
        return error;
    }
    let mut command = Command::new(launch.program);
    let environment = launch.env.iter().map(|(k, v)| (k, v));
    let error = command.args(launch.arguments).env_clear().envs(environment).exec();
    // A directory of PATH that may not be read makes a program that is nowhere look forbidden (execvp(3)).
    match error.kind() {
        io::ErrorKind::PermissionDenied if !is_anywhere(launch.program, launch.env) => {
            io::Error::from_raw_os_error(libc::ENOENT)
        }
        _ => error,
    }
}

fn is_anywhere(program: &OsStr, env: &[(OsString, OsString)]) -> bool {
    if program.as_bytes().contains(&b'/') {
        return true;
    }
    let path =
        env.iter().find(|(name, _)| name == "PATH").map(|(_, path)| path.as_os_str()).unwrap_or_default();
    std::env::split_paths(path).any(|directory| directory.join(program).exists())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn long_names_are_cut_as_kubelet_cuts_them() {
        let long = "a".repeat(63);
        for (name, expected) in [
            ("web-0".to_owned(), "web-0".to_owned()),
            (long.clone(), long.clone()),
            (format!("{long}bc"), long.clone()),
            (format!("{}-.-b{long}", "a".repeat(60)), "a".repeat(60)),
        ] {
            assert_eq!(hostname_of(&name), expected);
        }
    }

    #[test]
    fn a_program_is_looked_for_where_path_says() {
        let path = |path: &str| [(OsString::from("PATH"), OsString::from(path))];
        assert!(is_anywhere(OsStr::new("sh"), &path("/nowhere:/bin")));
        assert!(!is_anywhere(OsStr::new("sh"), &path("/nowhere")));
        assert!(!is_anywhere(OsStr::new("sh"), &[]));
        assert!(is_anywhere(OsStr::new("./sh"), &[]));
    }
}
