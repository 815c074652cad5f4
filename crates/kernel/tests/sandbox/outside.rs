//! The tests, as seen from the host.
use std::{
    collections::BTreeSet,
    fmt, fs,
    io::{BufRead, BufReader, Read},
    os::unix::process::{CommandExt, ExitStatusExt},
    path::PathBuf,
    process::{Child, ChildStdout, Command, ExitStatus, Output, Stdio},
    sync::atomic::{AtomicU32, Ordering},
    time::{Duration, Instant},
};

use nix::{
    sys::signal::{Signal, kill},
    unistd::Pid,
};

/// As whom the scenarios run.
pub struct World {
    pub program: PathBuf,
    pub user: Option<u32>,
}

impl fmt::Display for World {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "uid {}", self.user.unwrap_or_else(|| nix::unistd::geteuid().as_raw()))
    }
}

type Test = fn(&World);

pub const TESTS: &[(&str, Test)] = &[
    ("exit_status_is_passed_through", exit_status_is_passed_through),
    ("a_process_with_threads_is_refused", a_process_with_threads_is_refused),
    ("signals_end_the_sandbox", signals_end_the_sandbox),
    ("who_asks_is_told_of_the_first_signal", who_asks_is_told_of_the_first_signal),
    ("no_signal_is_lost_while_the_sandbox_is_made", no_signal_is_lost),
    ("a_terminal_that_closes_ends_the_sandbox", a_terminal_that_closes_ends_the_sandbox),
    ("orphans_are_reaped_and_children_are_not_stolen", orphans_and_children),
    ("killing_the_supervisor_leaves_nothing", killing_the_supervisor_leaves_nothing),
    ("killing_the_holder_leaves_nothing", killing_the_holder_leaves_nothing),
    ("pods_talk_across_nodes", pods_talk_across_nodes),
    ("pods_talk_without_overlay", pods_talk_without_overlay),
    ("the_kernel_can_do_all_that_is_needed", the_kernel_can),
    ("errors_name_the_object", errors_name_the_object),
    ("a_command_sees_its_pod", a_command_sees_its_pod),
    ("a_command_sees_its_pod_where_etc_has_no_resolv_conf", no_resolv_conf),
    ("commands_end_as_their_shell_would_say", commands_end_as_their_shell_would_say),
    ("a_command_dies_with_its_client", a_command_dies_with_its_client),
    ("what_a_command_started_dies_with_it", what_a_command_started_dies_with_it),
    ("a_command_ends_with_its_leash", a_command_ends_with_its_leash),
    ("a_command_cannot_reach_beyond_its_pod", a_command_cannot_reach_beyond_its_pod),
    ("a_client_ends_with_the_network", a_client_ends_with_the_network),
    ("the_holder_starts_processes_in_pods", the_holder_starts_processes_in_pods),
];

/// A scenario that has said its first line.
struct Started {
    child: Child,
    stdout: BufReader<ChildStdout>,
    said: Vec<String>,
}

impl World {
    fn command(&self, arguments: &[&str]) -> Command {
        let mut command = Command::new(&self.program);
        command.arg("--inside").args(arguments).current_dir("/").stdin(Stdio::null());
        if let Some(user) = self.user {
            command.uid(user).gid(user);
        }
        command
    }

    fn output(&self, arguments: &[&str]) -> Output {
        self.command(arguments).output().unwrap()
    }

    fn succeeds(&self, arguments: &[&str]) {
        let output = self.output(arguments);
        assert!(output.status.success(), "{}: {}", output.status, String::from_utf8_lossy(&output.stderr));
    }

    fn start(&self, arguments: &[&str]) -> Started {
        let mut child = self.command(arguments).stdout(Stdio::piped()).spawn().unwrap();
        let mut stdout = BufReader::new(child.stdout.take().unwrap());
        let mut line = String::new();
        stdout.read_line(&mut line).unwrap();
        assert!(!line.is_empty(), "{arguments:?} ended before it was ready: {}", child.wait().unwrap());
        Started { child, stdout, said: line.split_whitespace().map(str::to_owned).collect() }
    }
}

impl Started {
    fn pid(&self) -> Pid {
        Pid::from_raw(self.child.id().try_into().unwrap())
    }

    /// Waits for the end, by a deadline.
    fn ended(&mut self) -> ExitStatus {
        let mut status = None;
        eventually("the process ends", || {
            status = self.child.try_wait().unwrap();
            status.is_some()
        });
        status.unwrap()
    }
}

impl Drop for Started {
    fn drop(&mut self) {
        let _ = self.child.kill();
        let _ = self.child.wait();
    }
}

fn eventually(what: &str, mut holds: impl FnMut() -> bool) {
    let deadline = Instant::now() + Duration::from_secs(20);
    while !holds() {
        assert!(Instant::now() < deadline, "within 20 seconds not true: {what}");
        std::thread::sleep(Duration::from_millis(5));
    }
}

/// The host's PIDs of the processes in one of these namespaces (`net:[4026531840]`), zombies aside.
fn processes_in(namespaces: &BTreeSet<String>) -> Vec<i32> {
    let pids = fs::read_dir("/proc").unwrap().filter_map(|e| e.ok()?.file_name().to_str()?.parse().ok());
    let inside = |pid: &i32| {
        ["net", "pid", "mnt", "user"].iter().any(|kind| {
            fs::read_link(format!("/proc/{pid}/ns/{kind}"))
                .is_ok_and(|link| namespaces.contains(link.to_str().unwrap()))
        })
    };
    pids.filter(inside).collect()
}

fn exit_status_is_passed_through(world: &World) {
    assert_eq!(world.output(&["status", "42"]).status.code(), Some(42));
    let panicked = world.output(&["panic"]);
    assert_eq!(panicked.status.code(), Some(101));
    assert!(String::from_utf8_lossy(&panicked.stderr).contains("on purpose"));
}

fn a_process_with_threads_is_refused(world: &World) {
    let output = world.output(&["threads"]);
    assert_eq!(output.status.code(), Some(99));
    let error = String::from_utf8_lossy(&output.stderr);
    assert!(error.contains("before any thread is started, but the process has 2 threads"), "{error}");
}

const ENDING: [Signal; 4] = [Signal::SIGTERM, Signal::SIGINT, Signal::SIGHUP, Signal::SIGQUIT];

fn signals_end_the_sandbox(world: &World) {
    for signal in ENDING {
        let mut started = world.start(&["untold"]);
        kill(started.pid(), signal).unwrap();
        assert_eq!(started.ended().code(), Some(128 + signal as i32), "{signal}");
    }
}

fn who_asks_is_told_of_the_first_signal(world: &World) {
    for signal in ENDING {
        let mut started = world.start(&["told"]);
        kill(started.pid(), signal).unwrap();
        assert_eq!(started.ended().code(), Some(7), "{signal}");
    }
}

/// At whatever moment of the beginning a signal comes.
fn no_signal_is_lost(world: &World) {
    for nth in 0..60u32 {
        let signal = ENDING[nth as usize % ENDING.len()];
        let mut child = world.command(&["untold"]).stdout(Stdio::null()).spawn().unwrap();
        std::thread::sleep(Duration::from_micros(u64::from(nth) * 250));
        kill(Pid::from_raw(child.id().try_into().unwrap()), signal).unwrap();
        let mut status = None;
        eventually("the process ends by the signal", || {
            status = child.try_wait().unwrap();
            status.is_some()
        });
        let status = status.unwrap();
        let by_signal = status.signal() == Some(signal as i32) || status.code() == Some(128 + signal as i32);
        assert!(by_signal, "{signal} after {nth} quarters of a millisecond: {status}");
    }
}

fn a_terminal_that_closes_ends_the_sandbox(world: &World) {
    use nix::fcntl::{FcntlArg, FdFlag, fcntl};
    let pty = nix::pty::openpty(None, None).unwrap();
    // A child that had the terminal's other end would keep it open.
    fcntl(&pty.master, FcntlArg::F_SETFD(FdFlag::FD_CLOEXEC)).unwrap();
    // The session's leader is the supervisor itself.
    let mut command = Command::new("setsid");
    command.arg("--ctty").arg(&world.program).args(["--inside", "untold"]).current_dir("/");
    if let Some(user) = world.user {
        std::os::unix::fs::fchown(&pty.slave, Some(user), Some(user)).unwrap();
        command.uid(user).gid(user);
    }
    let slave = || Stdio::from(pty.slave.try_clone().unwrap());
    let mut child = command.stdin(slave()).stdout(Stdio::piped()).stderr(Stdio::null()).spawn().unwrap();
    drop(command);
    let mut line = String::new();
    BufReader::new(child.stdout.take().unwrap()).read_line(&mut line).unwrap();
    assert_eq!(line, "ready\n");
    drop(pty);
    eventually("the process ends with its terminal", || child.try_wait().unwrap().is_some());
}

fn orphans_and_children(world: &World) {
    world.succeeds(&["orphans"]);
}

fn nothing_left(world: &World, victim: impl Fn(&Started) -> Pid, expected: impl Fn(ExitStatus) -> bool) {
    let mut started = world.start(&["hold"]);
    let namespaces: BTreeSet<String> = started.said[1..].iter().cloned().collect();
    // The holder, its child, and the child's child.
    assert_eq!(processes_in(&namespaces).len(), 3, "{:?}", started.said);
    kill(victim(&started), Signal::SIGKILL).unwrap();
    let status = started.ended();
    assert!(expected(status), "{status}");
    eventually("no process is left in the sandbox's namespaces", || processes_in(&namespaces).is_empty());
    assert!(!fs::read_to_string("/proc/net/dev").unwrap().contains("veth1000:"));
}

fn killing_the_supervisor_leaves_nothing(world: &World) {
    nothing_left(world, Started::pid, |status| status.signal() == Some(9));
}

fn killing_the_holder_leaves_nothing(world: &World) {
    let holder = |started: &Started| Pid::from_raw(started.said[0].parse().unwrap());
    nothing_left(world, holder, |status| status.code() == Some(99));
}

fn pods_talk_across_nodes(world: &World) {
    world.succeeds(&["network", "vxlan"]);
}

fn pods_talk_without_overlay(world: &World) {
    world.succeeds(&["network", "none"]);
}

fn the_kernel_can(world: &World) {
    world.succeeds(&["probe"]);
}

fn errors_name_the_object(world: &World) {
    world.succeeds(&["errors"]);
}

fn serving(world: &World, kind: &str) -> (Started, String) {
    static COUNT: AtomicU32 = AtomicU32::new(0);
    let nth = COUNT.fetch_add(1, Ordering::Relaxed);
    let name = format!("test-{}-{kind}-{nth}", std::process::id());
    (world.start(&["serve", &name, kind]), name)
}

fn shell(world: &World, name: &str, script: &str) -> Output {
    world.output(&["enter", name, "sh", "-c", script])
}

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn a_command_sees_its_pod(world: &World) {
    let (_holder, name) = serving(world, "plain");
    let script =
        "cat /etc/resolv.conf /etc/hosts /proc/sys/kernel/hostname; pwd; echo $GREETING; id -u; exit 7";
    let output = shell(world, &name, script);
    assert_eq!(output.status.code(), Some(7), "{}", text(&output.stderr));
    assert_eq!(
        text(&output.stdout),
        "nameserver 10.96.0.10\n127.0.0.1 localhost\nweb-0\n/\nhello\n0\n",
        "{}",
        text(&output.stderr)
    );
    let links = text(&shell(world, &name, "cat /proc/net/dev").stdout);
    assert!(links.contains("eth0:") && links.contains("lo:"), "{links}");
    // Where the kernel refuses a new /sys the host's is seen; anything else would be wrong.
    let seen: BTreeSet<String> = text(&shell(world, &name, "ls /sys/class/net").stdout)
        .split_whitespace()
        .map(str::to_owned)
        .collect();
    let host: BTreeSet<String> = fs::read_dir("/sys/class/net")
        .unwrap()
        .map(|e| e.unwrap().file_name().into_string().unwrap())
        .collect();
    assert!(seen == host || seen.contains("eth0") && seen.len() < 3 + host.len(), "{seen:?}");
    // The covered directory is back, and the host's own files were not touched.
    let temporary = tempfile::NamedTempFile::new().unwrap();
    let script = format!("test -e {}", temporary.path().display());
    assert!(shell(world, &name, &script).status.success());
    assert!(!fs::read_to_string("/etc/hosts").unwrap_or_default().is_empty());
}

fn no_resolv_conf(world: &World) {
    for kind in ["bare", "dangling"] {
        let (_holder, name) = serving(world, kind);
        let output =
            shell(world, &name, "cat /etc/resolv.conf /etc/hosts /etc/keep /etc/sub/file; ls -1 /etc");
        let names = "hosts\nkeep\nlink\nresolv.conf\nsub\n";
        assert_eq!(
            text(&output.stdout),
            format!("nameserver 10.96.0.10\n127.0.0.1 localhost\nkept\nbelow\n{names}"),
            "{kind}: {}",
            text(&output.stderr)
        );
    }
}

fn commands_end_as_their_shell_would_say(world: &World) {
    let (_holder, name) = serving(world, "plain");
    assert_eq!(shell(world, &name, "kill -TERM $$").status.code(), Some(143));
    assert_eq!(shell(world, &name, "true").status.code(), Some(0));
    let missing = world.output(&["enter", &name, "no-such-program"]);
    assert_eq!(missing.status.code(), Some(127), "{}", text(&missing.stderr));
    assert!(text(&missing.stderr).contains("cannot execute no-such-program"), "{}", text(&missing.stderr));
    assert_eq!(world.output(&["enter", &name, "/etc"]).status.code(), Some(126));
    assert_eq!(world.output(&["enter", &name]).status.code(), Some(125));
    let nobody_there = world.output(&["enter", "test-no-such-network", "true"]);
    assert_eq!(nobody_there.status.code(), Some(98));
    let error = text(&nobody_there.stderr);
    assert!(error.contains("no network named") && error.contains(&name), "{error}");
}

fn a_command_dies_with_its_client(world: &World) {
    let (holder, name) = serving(world, "plain");
    let pod: BTreeSet<String> = [holder.said[0].clone()].into();
    for signal in [Signal::SIGKILL, Signal::SIGTERM] {
        let mut client = world.start(&["enter", &name, "sh", "-c", "echo ready; exec sleep 1000"]);
        // The client, two in between, and the command.
        assert_eq!(processes_in(&pod).len(), 4);
        kill(client.pid(), signal).unwrap();
        let status = client.ended();
        match signal {
            Signal::SIGKILL => assert_eq!(status.signal(), Some(9)),
            _ => assert_eq!(status.code(), Some(143)),
        }
        eventually("no process is left in the pod", || processes_in(&pod).is_empty());
    }
}

fn what_a_command_started_dies_with_it(world: &World) {
    let (holder, name) = serving(world, "plain");
    let pod: BTreeSet<String> = [holder.said[0].clone()].into();
    // One that left the session, and that ignores all that can be ignored.
    let stray = "trap '' HUP TERM INT; setsid sleep 1000 >/dev/null 2>&1 & echo ready";
    let output = shell(world, &name, stray);
    assert_eq!(text(&output.stdout), "ready\n");
    eventually("no process is left in the pod", || processes_in(&pod).is_empty());
    let mut client = world.start(&["enter", &name, "sh", "-c", &format!("{stray}; sleep 1000")]);
    kill(client.pid(), Signal::SIGKILL).unwrap();
    client.ended();
    eventually("no process is left in the pod", || processes_in(&pod).is_empty());
}

fn a_command_ends_with_its_leash(world: &World) {
    let (holder, name) = serving(world, "plain");
    let pod: BTreeSet<String> = [holder.said[0].clone()].into();
    // One without a leash ends by itself alone.
    let free = world.output(&["enter-for-good", &name, "sh", "-c", "sleep 0.05; exit 6"]);
    assert_eq!(free.status.code(), Some(6), "{}", text(&free.stderr));
    let mut first =
        world.start(&["enter", &name, "sh", "-c", "trap '' TERM HUP; echo ready; sleep 1000; sleep 1000"]);
    assert_eq!(shell(world, &name, "true").status.code(), Some(0));
    assert_eq!(first.ended().code(), Some(137));
    eventually("no process is left in the pod", || processes_in(&pod).is_empty());
}

fn a_command_cannot_reach_beyond_its_pod(world: &World) {
    let (holder, name) = serving(world, "plain");
    let script = "
        trap '' TERM
        kill -TERM 1
        cat /proc/1/environ 2>/dev/null && echo looked into the process that holds it
        for pid in /proc/[0-9]*; do nsenter --net=$pid/ns/net true 2>/dev/null && echo entered $pid; done
        ip link set lo down 2>/dev/null && echo changed links
        nft flush ruleset 2>/dev/null && echo changed rules
        mount -t tmpfs none /mnt 2>/dev/null && echo mounted
        grep CapBnd /proc/self/status";
    let output = shell(world, &name, script);
    let said = text(&output.stdout);
    assert_eq!(said, "CapBnd:\t00000000a80425fb\n", "{}", text(&output.stderr));
    // The signal went to PID 1 of the command's own namespace.
    assert_eq!(shell(world, &name, "true").status.code(), Some(0));
    drop(holder);
}

fn a_client_ends_with_the_network(world: &World) {
    let (holder, name) = serving(world, "plain");
    let mut client = world.start(&["enter", &name, "sh", "-c", "echo ready; exec sleep 1000"]);
    kill(holder.pid(), Signal::SIGKILL).unwrap();
    assert_eq!(client.ended().code(), Some(137));
    let mut rest = String::new();
    client.stdout.read_to_string(&mut rest).unwrap();
    assert_eq!(rest, "");
}

fn the_holder_starts_processes_in_pods(world: &World) {
    world.succeeds(&["children"]);
}
