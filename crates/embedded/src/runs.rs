//! Real processes in pods, instead of stand-ins.
use std::{ffi::OsString, os::unix::net::UnixStream, process::Stdio};

use netloom_kernel::exec::{PodEntry, enter_and_exec};
use tokio::{
    io::{AsyncBufReadExt, AsyncRead, BufReader},
    process::{Child, Command},
};

use crate::EmbeddedError;

/// The hidden command by which netloom starts itself inside a pod.
pub const RUN_COMMAND: &str = "__run-in-pod";

/// What the hidden command does: takes the way into the pod from standard input and becomes the user's command.
/// Returns its exit status.
#[must_use]
pub fn run_in_pod(command: OsString) -> u8 {
    let entry = match PodEntry::recv_from_stdin() {
        Ok(entry) => entry,
        Err(error) => {
            eprintln!("netloom: standard input is no way into a pod: {error}");
            return 125;
        }
    };
    let environment: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    match enter_and_exec(entry, &["/bin/sh".into(), "-c".into(), command], &environment) {
        Ok(code) => code,
        Err(error) => {
            eprintln!("netloom: {error}");
            error.exit_status()
        }
    }
}

/// A process of the user's in a pod; it is killed when this is dropped.
pub(crate) struct Process {
    pub command: String,
    _child: Child,
}

/// Starts a command in a pod, its output marked with the pod's name.
pub(crate) fn start(pod: &str, entry: &PodEntry, command: &str) -> Result<Process, EmbeddedError> {
    let doing = || format!("starting `{command}` in {pod}");
    let (ours, theirs) = UnixStream::pair().map_err(EmbeddedError::io(doing()))?;
    let mut child = Command::new("/proc/self/exe")
        .arg(RUN_COMMAND)
        .arg(command)
        .stdin(Stdio::from(std::os::fd::OwnedFd::from(theirs)))
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .kill_on_drop(true)
        .spawn()
        .map_err(EmbeddedError::io(doing()))?;
    entry.send(&ours).map_err(EmbeddedError::io(doing()))?;
    if let Some(out) = child.stdout.take() {
        tokio::spawn(mark(pod.to_owned(), out));
    }
    if let Some(err) = child.stderr.take() {
        tokio::spawn(mark(pod.to_owned(), err));
    }
    Ok(Process { command: command.to_owned(), _child: child })
}

async fn mark(pod: String, output: impl AsyncRead + Unpin) {
    let mut lines = BufReader::new(output).lines();
    while let Ok(Some(line)) = lines.next_line().await {
        println!("{pod} | {line}");
    }
}
