//! Runs one program: for a bounded time, with bounded output, and with nothing to read.
use std::{
    ffi::{OsStr, OsString},
    io::{ErrorKind, Read},
    os::unix::process::CommandExt as _,
    path::Path,
    process::{Child, Command, ExitStatus, Stdio},
    sync::{
        Arc,
        atomic::{AtomicBool, AtomicU64, Ordering},
        mpsc::{self, Receiver, RecvTimeoutError},
    },
    thread,
    time::{Duration, Instant},
};

use nix::{
    sys::{
        signal::{Signal, killpg},
        wait::{Id, WaitPidFlag, waitid},
    },
    unistd::Pid,
};

use crate::{Refused, Settings, environment::confine};

/// How often it is said that a program still runs.
const PATIENCE: Duration = Duration::from_secs(5);

/// How long output is waited for whose program is over.
const GRACE: Duration = Duration::from_secs(5);

/// What a program is run with.
pub struct Run<'a> {
    /// The program and its first words, as a person would name it: `helm template`.
    pub words: &'a [&'a str],
    pub arguments: Vec<OsString>,
    /// Whether it may use the network.
    pub remote: bool,
    pub settings: &'a Settings,
    /// Is told how long it runs already.
    pub progress: &'a dyn Fn(String),
}

/// Why a program printed nothing of use.
#[derive(Debug)]
pub enum Failure {
    /// There is no such program.
    NoProgram,
    /// It went over its bounds; a sentence, and below it what to do.
    Ended(String),
    /// A sentence, and below it what the program said.
    Said(String),
}

impl From<Failure> for Refused {
    fn from(failure: Failure) -> Self {
        match failure {
            Failure::NoProgram => Self::NoProgram,
            Failure::Ended(reason) | Failure::Said(reason) => Self::Failed(reason),
        }
    }
}

impl Run<'_> {
    fn name(&self) -> String {
        self.words.join(" ")
    }

    /// What the program printed.
    pub fn text(&self) -> Result<String, Failure> {
        let home = tempfile::tempdir().map_err(|error| self.not_started(&error))?;
        let mut child = match self.command(home.path()).spawn() {
            Ok(child) => child,
            Err(error) if error.kind() == ErrorKind::NotFound => return Err(Failure::NoProgram),
            Err(error) => return Err(self.not_started(&error)),
        };
        let group = Group(Pid::from_raw(child.id().cast_signed()));
        let room =
            Arc::new(Room { left: AtomicU64::new(self.settings.most_output), full: AtomicBool::new(false) });
        let out = child.stdout.take().map(|out| room.read_aside(out, group));
        let err = child.stderr.take().map(|err| room.read_aside(err, group));
        let status = self.wait(child, group);
        let (Some(out), Some(err)) = (read(out), read(err)) else {
            let name = self.name();
            return Err(Failure::Ended(format!("`{name}` left a process that holds its output open")));
        };
        let name = self.name();
        if room.full.load(Ordering::Relaxed) {
            let most = self.settings.most_output >> 20;
            return Err(Failure::Ended(format!("`{name}` printed more than {most} MiB, and was ended")));
        }
        match status {
            Err(Unfinished::Late) => {
                let seconds = self.settings.deadline.as_secs_f64();
                let said = said(&err);
                Err(Failure::Ended(format!(
                    "`{name}` was not done after {seconds} s, and was ended\n{said}--render-timeout SECONDS gives it more time"
                )))
            }
            Err(Unfinished::Lost(error)) => Err(Failure::Said(format!("`{name}` was lost: {error}"))),
            Ok(status) if !status.success() => {
                Err(Failure::Said(format!("`{name}` makes no manifests of this:\n{}", said(&err))))
            }
            Ok(_) => String::from_utf8(out)
                .map_err(|_| Failure::Said(format!("`{name}` printed what is not UTF-8 text"))),
        }
    }

    fn command(&self, home: &Path) -> Command {
        let (program, first) = self.words.split_first().map_or(("", &[] as &[&str]), |(p, f)| (*p, f));
        let mut command = Command::new(program);
        confine(&mut command, home, self.remote);
        command
            .args(first)
            .args(&self.arguments)
            .stdin(Stdio::null())
            .stdout(Stdio::piped())
            .stderr(Stdio::piped())
            // All that it starts ends with it.
            .process_group(0);
        command
    }

    fn not_started(&self, error: &std::io::Error) -> Failure {
        Failure::Said(format!("`{}` cannot be started: {error}", self.name()))
    }

    /// Waits until the program ends or its time is over. Then all that it started is ended too.
    fn wait(&self, mut child: Child, group: Group) -> Result<ExitStatus, Unfinished> {
        let (ended, end) = mpsc::channel();
        let waiting = thread::Builder::new().spawn(move || {
            // The process is left to be waited for: as long as it is, its number is not another group's.
            let over = waitid(Id::Pid(group.0), WaitPidFlag::WEXITED | WaitPidFlag::WNOWAIT);
            let _nobody_listens = ended.send(());
            over
        });
        let waiting = match waiting {
            Ok(waiting) => waiting,
            Err(error) => {
                group.end();
                drop(child.wait());
                return Err(Unfinished::Lost(error));
            }
        };
        let begun = Instant::now();
        let late = loop {
            let left = self.settings.deadline.saturating_sub(begun.elapsed());
            match end.recv_timeout(left.min(PATIENCE)) {
                Err(RecvTimeoutError::Timeout) if begun.elapsed() >= self.settings.deadline => break true,
                Err(RecvTimeoutError::Timeout) => {
                    (self.progress)(format!("`{}` runs for {} s", self.name(), begun.elapsed().as_secs()));
                }
                Ok(()) | Err(RecvTimeoutError::Disconnected) => break false,
            }
        };
        group.end();
        // It waits for a process that is over.
        drop(waiting.join());
        match child.wait() {
            _ if late => Err(Unfinished::Late),
            Ok(status) => Ok(status),
            Err(error) => Err(Unfinished::Lost(error)),
        }
    }
}

enum Unfinished {
    Late,
    Lost(std::io::Error),
}

/// The processes of a program.
#[derive(Clone, Copy)]
struct Group(Pid);

impl Group {
    fn end(self) {
        // Where nothing of it is left there is nothing to end.
        let _nothing_left = killpg(self.0, Signal::SIGKILL);
    }
}

/// How much a program may still print.
struct Room {
    left: AtomicU64,
    full: AtomicBool,
}

impl Room {
    /// Reads in a thread, which sends all of it.
    fn read_aside(self: &Arc<Self>, from: impl Read + Send + 'static, group: Group) -> Receiver<Vec<u8>> {
        let (sender, receiver) = mpsc::channel();
        let room = Arc::clone(self);
        let read = move || drop(sender.send(room.read(from, group)));
        if thread::Builder::new().spawn(read).is_err() {
            // The receiver hears that nobody reads.
            group.end();
        }
        receiver
    }

    /// Reads to the end, or until there is no room; then the program is ended.
    fn read(&self, mut from: impl Read, group: Group) -> Vec<u8> {
        let mut all = Vec::new();
        let mut part = vec![0; 64 << 10];
        loop {
            let count = match from.read(&mut part) {
                Ok(0) => return all,
                Ok(count) => count,
                Err(error) if error.kind() == ErrorKind::Interrupted => continue,
                Err(_) => return all,
            };
            let taken = self
                .left
                .fetch_update(Ordering::Relaxed, Ordering::Relaxed, |left| left.checked_sub(count as u64));
            if taken.is_err() {
                self.full.store(true, Ordering::Relaxed);
                group.end();
                return all;
            }
            all.extend_from_slice(&part[..count]);
        }
    }
}

/// What was read, once the program and its group are ended: only a process that left the group can hold the pipe open.
fn read(from: Option<Receiver<Vec<u8>>>) -> Option<Vec<u8>> {
    from.map_or(Some(Vec::new()), |from| from.recv_timeout(GRACE).ok())
}

/// What a program said about its failure; the end of it, where that is long.
fn said(err: &[u8]) -> String {
    const LONGEST: usize = 4 << 10;
    let text = String::from_utf8_lossy(err);
    let text = text.trim();
    let from = text.len().saturating_sub(LONGEST);
    let from = (from..text.len()).find(|at| text.is_char_boundary(*at)).unwrap_or(0);
    match (text.is_empty(), from) {
        (true, _) => String::new(),
        (_, 0) => format!("{text}\n"),
        _ => format!("…{}\n", &text[from..]),
    }
}

/// A path that is not taken for an option.
pub fn operand(path: &Path) -> OsString {
    let path: &OsStr = path.as_os_str();
    if path.as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(path).into_os_string()
    } else {
        path.to_owned()
    }
}
