//! Real processes in pods, instead of stand-ins.
use std::{
    ffi::OsString,
    io::Write as _,
    os::unix::net::UnixStream,
    process::{ExitStatus, Stdio},
    sync::{
        Arc, LazyLock,
        atomic::{AtomicBool, Ordering},
    },
    thread,
};

use netloom_cluster::Pod;
use netloom_kernel::exec::{PodEntry, enter_and_exec};
use tokio::{
    io::{AsyncRead, AsyncReadExt as _},
    process::Command,
    sync::mpsc,
    task::JoinHandle,
};

use crate::EmbeddedError;

/// The hidden command by which netloom starts itself inside a pod.
pub const RUN_COMMAND: &str = "__run-in-pod";

/// What the hidden command does: takes the way into the pod from standard input and becomes the user's command.
/// Returns its exit status.
#[must_use]
pub fn run_in_pod(command: OsString) -> u8 {
    let (entry, leash) = match PodEntry::recv_from_stdin() {
        Ok(entry) => entry,
        Err(error) => {
            eprintln!("netloom: standard input does not lead into a pod: {error}");
            return 125;
        }
    };
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    match enter_and_exec(entry, &["/bin/sh".into(), "-c".into(), command], &environment, Some(&leash)) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("netloom: {error}");
            error.exit_status()
        }
    }
}

/// Whether `namespace/name`, of a pod or of its workload, means a pod.
#[must_use]
pub fn means(name: &str, pod: &Pod) -> bool {
    name.split_once('/').is_some_and(|(namespace, name)| {
        namespace == &*pod.namespace && (name == &*pod.name || name == &*pod.workload.name)
    })
}

/// A process of the user's in a pod, with whatever it has started. All of it ends when this is dropped.
pub(crate) struct Process {
    pub command: String,
    /// Closing it ends the process.
    leash: UnixStream,
    /// Whether its end is wanted.
    wanted: Arc<AtomicBool>,
    waiting: JoinHandle<()>,
}

impl Process {
    /// Ends the process, and returns when nothing of it is left.
    pub async fn end(self) {
        self.wanted.store(true, Ordering::Relaxed);
        drop(self.leash);
        // The task that waits only prints; one that failed has nothing more to say.
        let _ = self.waiting.await;
    }
}

/// Starts a command in a pod, its output marked with the pod's name.
pub(crate) fn start(pod: &str, entry: &PodEntry, command: &str) -> Result<Process, EmbeddedError> {
    let doing = || format!("starting `{command}` in {pod}");
    let (leash, theirs) = UnixStream::pair().map_err(EmbeddedError::io(doing()))?;
    let mut child = Command::new("/proc/self/exe")
        .arg(RUN_COMMAND)
        .arg(command)
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(EmbeddedError::io(doing()))?;
    entry.send(&leash).map_err(EmbeddedError::io(doing()))?;
    let wanted = Arc::new(AtomicBool::new(false));
    let (out, err) = (child.stdout.take(), child.stderr.take());
    let (name, expected) = (pod.to_owned(), wanted.clone());
    let waiting = tokio::spawn(async move {
        let (ended, (), ()) = tokio::join!(child.wait(), mark(&name, out), mark(&name, err));
        if !expected.load(Ordering::Relaxed) {
            let mut said = String::new();
            marked(&mut said, &name, &format!("{}; nothing answers in this pod now", how(ended)));
            print(said).await;
        }
    });
    Ok(Process { command: command.to_owned(), leash, wanted, waiting })
}

fn how(ended: std::io::Result<ExitStatus>) -> String {
    match ended.map(|status| status.code()) {
        Ok(Some(code)) => format!("the command ended with status {code}"),
        _ => "the command was killed".to_owned(),
    }
}

/// A line of output is printed in pieces of this length at most.
const LONGEST: usize = 16 * 1024;

/// Prints what a process writes line by line, whatever bytes these are. A process never waits for a reader that went away.
async fn mark(pod: &str, output: Option<impl AsyncRead + Unpin>) {
    let Some(mut output) = output else { return };
    let mut lines = Lines::default();
    let mut piece = [0; 8 * 1024];
    loop {
        let mut said = String::new();
        match output.read(&mut piece).await {
            Ok(0) | Err(_) => break,
            Ok(length) => lines.take(&piece[..length], |line| marked(&mut said, pod, line)),
        }
        print(said).await;
    }
    let mut said = String::new();
    lines.rest(|line| marked(&mut said, pod, line));
    print(said).await;
}

fn marked(said: &mut String, pod: &str, line: &str) {
    said.extend([pod, " | ", line, "\n"]);
}

/// Pieces of output that wait for standard output. A pod's process that writes more has to wait as well.
const WAITING: usize = 32;

/// Prints on a thread of its own: nothing else waits for a terminal that takes its time, least of all the end.
async fn print(said: String) {
    static PRINTER: LazyLock<Option<mpsc::Sender<String>>> = LazyLock::new(|| {
        let (queue, mut waiting) = mpsc::channel::<String>(WAITING);
        let write = move || {
            while let Some(said) = waiting.blocking_recv() {
                put(&said);
            }
        };
        thread::Builder::new().name("output".to_owned()).spawn(write).ok().map(|_| queue)
    });
    if said.is_empty() {
        return;
    }
    match &*PRINTER {
        // Its thread ends with the process.
        Some(printer) => drop(printer.send(said).await),
        None => put(&said),
    }
}

/// Standard output may be closed: the process in the pod has to go on.
fn put(said: &str) {
    let mut out = std::io::stdout().lock();
    let _ = out.write_all(said.as_bytes()).and_then(|()| out.flush());
}

/// Bytes on their way to lines.
#[derive(Default)]
struct Lines {
    begun: Vec<u8>,
}

impl Lines {
    fn take(&mut self, bytes: &[u8], mut each: impl FnMut(&str)) {
        for part in bytes.split_inclusive(|byte| *byte == b'\n') {
            self.begun.extend_from_slice(part);
            if self.begun.ends_with(b"\n") {
                self.begun.pop();
                self.flush(&mut each);
            } else if self.begun.len() >= LONGEST {
                self.flush(&mut each);
            }
        }
    }

    fn rest(mut self, mut each: impl FnMut(&str)) {
        if !self.begun.is_empty() {
            self.flush(&mut each);
        }
    }

    fn flush(&mut self, each: &mut impl FnMut(&str)) {
        let line = String::from_utf8_lossy(&self.begun);
        each(line.strip_suffix('\r').unwrap_or(&line));
        self.begun.clear();
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn any_bytes_become_lines_of_bounded_length() {
        let mut lines = Lines::default();
        let mut said = Vec::new();
        let mut each = |line: &str| said.push(line.to_owned());
        lines.take(b"one\r\ntw", &mut each);
        lines.take(b"o\n\n\xff\xfe\n", &mut each);
        for _ in 0..5 {
            lines.take(&[b'x'; LONGEST], &mut each);
        }
        lines.take(b"end", &mut each);
        lines.rest(&mut each);
        assert_eq!(said[..4], ["one", "two", "", "\u{fffd}\u{fffd}"]);
        assert_eq!(
            said[4..].iter().map(String::len).collect::<Vec<_>>(),
            [LONGEST, LONGEST, LONGEST, LONGEST, LONGEST, 3]
        );
    }
}
