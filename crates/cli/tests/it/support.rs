//! Starting netloom, and waiting for what it says.
use std::{
    io::{BufRead as _, BufReader},
    path::{Path, PathBuf},
    process::{Child, Command, Output, Stdio},
    sync::{Arc, Mutex},
    time::{Duration, Instant},
};

/// Long enough for a crowded machine; only failures wait for it.
pub const DEADLINE: Duration = Duration::from_secs(60);

/// Who runs netloom.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum User {
    Own,
    /// An ordinary user, where the tests run as root.
    Ordinary,
}

pub fn repository() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap()
}

/// What the folders of copies are called, up to the process that made them.
const COPIES: &str = "netloom-test-";

/// Nothing runs at the end of all tests, so each run removes what runs before it left.
fn remove_copies_of_the_past() {
    for entry in std::fs::read_dir(std::env::temp_dir()).into_iter().flatten().flatten() {
        let name = entry.file_name();
        let process = name.to_str().and_then(|name| name.strip_prefix(COPIES)?.parse::<u32>().ok());
        if process.is_some_and(|process| !Path::new(&format!("/proc/{process}")).exists()) {
            drop(std::fs::remove_dir_all(entry.path()));
        }
    }
}

/// A copy of the binary that every user may run: the build folder may be root's alone.
fn binary() -> &'static Path {
    static COPY: std::sync::OnceLock<PathBuf> = std::sync::OnceLock::new();
    COPY.get_or_init(|| {
        remove_copies_of_the_past();
        let folder = std::env::temp_dir().join(format!("{COPIES}{}", std::process::id()));
        std::fs::create_dir_all(&folder).unwrap();
        let copy = folder.join("netloom");
        std::fs::copy(env!("CARGO_BIN_EXE_netloom"), &copy).unwrap();
        for path in [&folder, &copy] {
            std::fs::set_permissions(path, std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
        }
        copy
    })
}

pub fn netloom(user: User) -> Command {
    let root = nix::unistd::geteuid().is_root();
    let mut command = if user == User::Ordinary && root {
        let mut command = Command::new("setpriv");
        command.args(["--reuid=65534", "--regid=65534", "--clear-groups"]).arg(binary());
        command
    } else {
        Command::new(binary())
    };
    command.current_dir(repository()).env_remove("NETLOOM_LOG").stdin(Stdio::null());
    command.env("XDG_CACHE_HOME", binary().with_file_name("cache"));
    command
}

pub fn run(arguments: &[&str]) -> Output {
    netloom(User::Own).args(arguments).output().expect("netloom starts")
}

pub fn stdout(output: &Output) -> String {
    String::from_utf8_lossy(&output.stdout).into_owned()
}

pub fn stderr(output: &Output) -> String {
    String::from_utf8_lossy(&output.stderr).into_owned()
}

/// `netloom verify … -o json`: everything went as predicted, and something was probed. Returns the report.
pub fn verified(user: User, arguments: &[&str]) -> serde_json::Value {
    let output =
        netloom(user).arg("verify").args(arguments).args(["-o", "json"]).output().expect("netloom starts");
    let report: serde_json::Value = serde_json::from_slice(&output.stdout)
        .unwrap_or_else(|e| panic!("no report ({e}): {}\n{}", stdout(&output), stderr(&output)));
    let disagree = report["disagree"].as_array().expect("a list");
    assert!(
        disagree.is_empty(),
        "{arguments:?}: {}",
        serde_json::to_string_pretty(&report["disagree"]).unwrap()
    );
    assert!(report["probes"].as_u64().unwrap() > 0, "nothing was probed: {report}");
    assert_eq!(report["probes"], report["agree"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    report
}

/// A running `netloom up`.
pub struct Running {
    pub child: Child,
    pub name: String,
    lines: Arc<Mutex<Vec<String>>>,
}

impl Running {
    /// Starts it and waits until it is ready.
    pub fn start(user: User, arguments: &[&str]) -> Self {
        let running = Self::begin(user, arguments);
        running.wait_for("Ctrl-C ends the network");
        running
    }

    /// As [`Self::start`], with more said to the command first.
    pub fn start_with(user: User, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        let running = Self::begin_with(user, arguments, prepare);
        running.wait_for("Ctrl-C ends the network");
        running
    }

    /// Starts it and does not wait.
    pub fn begin(user: User, arguments: &[&str]) -> Self {
        Self::begin_with(user, arguments, |_| {})
    }

    fn begin_with(user: User, arguments: &[&str], prepare: impl FnOnce(&mut Command)) -> Self {
        static COUNT: std::sync::atomic::AtomicU32 = std::sync::atomic::AtomicU32::new(0);
        let nth = COUNT.fetch_add(1, std::sync::atomic::Ordering::Relaxed);
        let name = format!("test-{}-{nth}", std::process::id());
        let mut command = netloom(user);
        command
            .arg("up")
            .args(arguments)
            .args(["--name", &name])
            .stdout(Stdio::piped())
            .stderr(Stdio::piped());
        prepare(&mut command);
        let mut child = command.spawn().expect("netloom starts");
        let lines = Arc::new(Mutex::new(Vec::new()));
        let readers: [Box<dyn std::io::Read + Send>; 2] =
            [Box::new(child.stdout.take().unwrap()), Box::new(child.stderr.take().unwrap())];
        for reader in readers {
            let lines = lines.clone();
            std::thread::spawn(move || {
                for line in BufReader::new(reader).lines().map_while(Result::ok) {
                    lines.lock().unwrap().push(line);
                }
            });
        }
        Self { child, name, lines }
    }

    pub fn text(&self) -> String {
        self.lines.lock().unwrap().join("\n")
    }

    /// Waits for a line with this text, and returns it.
    pub fn wait_for(&self, text: &str) -> String {
        self.wait_for_nth(text, 1)
    }

    pub fn wait_for_nth(&self, text: &str, nth: usize) -> String {
        let found = poll(|| {
            self.lines.lock().unwrap().iter().filter(|line| line.contains(text)).nth(nth - 1).cloned()
        });
        found.unwrap_or_else(|| panic!("{text:?} was not said {nth} times:\n{}", self.text()))
    }

    /// A command in a pod.
    pub fn exec(&self, user: User, pod: &str, command: &[&str]) -> Output {
        let mut exec = netloom(user);
        exec.args(["exec", "--network", &self.name, pod, "--"]).args(command);
        exec.output().expect("netloom starts")
    }

    /// Ends it as Ctrl-C does, and returns its exit status.
    pub fn end(mut self) -> Option<i32> {
        signal(&self.child, nix::sys::signal::Signal::SIGINT);
        self.child.wait().unwrap().code()
    }
}

impl Drop for Running {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

pub fn signal(child: &Child, signal: nix::sys::signal::Signal) {
    let pid = nix::unistd::Pid::from_raw(i32::try_from(child.id()).unwrap());
    nix::sys::signal::kill(pid, signal).expect("the process is there");
}

/// Asks again and again until there is an answer or the deadline has passed.
pub fn poll<T>(mut ask: impl FnMut() -> Option<T>) -> Option<T> {
    let end = Instant::now() + DEADLINE;
    loop {
        if let Some(answer) = ask() {
            return Some(answer);
        }
        if Instant::now() > end {
            return None;
        }
        std::thread::yield_now();
        std::thread::park_timeout(Duration::from_millis(5));
    }
}

/// A folder with manifests, removed at the end.
pub fn folder(files: &[(&str, &str)]) -> tempfile::TempDir {
    let folder = tempfile::tempdir().unwrap();
    for (name, text) in files {
        std::fs::write(folder.path().join(name), text).unwrap();
    }
    std::fs::set_permissions(folder.path(), std::os::unix::fs::PermissionsExt::from_mode(0o755)).unwrap();
    folder
}

pub fn path(folder: &tempfile::TempDir) -> &str {
    folder.path().to_str().unwrap()
}
