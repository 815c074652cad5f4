//! Whatever ends a network, nothing of it stays: no process, namespace, link, rule, mount or file.
use std::{
    collections::BTreeSet,
    fs,
    sync::{Mutex, MutexGuard, PoisonError},
    time::{Duration, Instant},
};

use nix::sys::signal::Signal;

use crate::support::{Running, User, poll, signal, stdout};

/// What the machine shows of namespaces and processes: inodes of every process's namespaces, commands that are netloom's
/// and named like this network.
fn namespaces_of(name: &str) -> (BTreeSet<String>, BTreeSet<u32>) {
    let (mut namespaces, mut processes) = (BTreeSet::new(), BTreeSet::new());
    for entry in fs::read_dir("/proc").unwrap().filter_map(Result::ok) {
        let Ok(pid) = entry.file_name().to_string_lossy().parse::<u32>() else { continue };
        let command = fs::read(entry.path().join("cmdline")).unwrap_or_default();
        if !String::from_utf8_lossy(&command).contains(name) {
            continue;
        }
        processes.insert(pid);
        for task in fs::read_dir(entry.path().join("task")).into_iter().flatten().filter_map(Result::ok) {
            for kind in ["net", "user", "mnt", "pid"] {
                namespaces.extend(
                    fs::read_link(task.path().join("ns").join(kind))
                        .map(|l| l.to_string_lossy().into_owned()),
                );
            }
        }
    }
    (namespaces, processes)
}

fn host() -> (String, String, usize) {
    let links = fs::read_to_string("/proc/net/dev")
        .unwrap()
        .lines()
        .map(|l| l.split(':').next().unwrap().to_owned())
        .collect();
    let mounts = fs::read_to_string("/proc/self/mountinfo").unwrap();
    let files = fs::read_dir(std::env::temp_dir()).unwrap().filter_map(Result::ok);
    (links, mounts, files.filter(|f| !f.file_name().to_string_lossy().contains("netloom-test")).count())
}

fn still_there(namespaces: &BTreeSet<String>) -> bool {
    fs::read_dir("/proc").unwrap().filter_map(Result::ok).any(|entry| {
        ["net", "user", "mnt", "pid"].iter().any(|kind| {
            fs::read_link(entry.path().join("ns").join(kind))
                .is_ok_and(|l| namespaces.contains(&*l.to_string_lossy()))
        })
    })
}

/// The tests here compare what the whole machine shows, one at a time.
fn alone() -> MutexGuard<'static, ()> {
    static ONE: Mutex<()> = Mutex::new(());
    ONE.lock().unwrap_or_else(PoisonError::into_inner)
}

fn own() -> BTreeSet<String> {
    ["net", "user", "mnt", "pid"]
        .iter()
        .map(|k| fs::read_link(format!("/proc/self/ns/{k}")).unwrap().to_string_lossy().into_owned())
        .collect()
}

#[test]
fn killed_at_any_moment_it_leaves_nothing() {
    let _alone = alone();
    for user in [User::Own, User::Ordinary] {
        for moment in [0u64, 5, 15, 30, 60, 100, 200, u64::MAX] {
            let before = host();
            let mut network = Running::begin(user, &["examples/shop"]);
            if moment == u64::MAX {
                network.wait_for("Ctrl-C ends the network");
            } else {
                let end = Instant::now() + Duration::from_millis(moment);
                while Instant::now() < end {
                    std::thread::yield_now();
                }
            }
            let (namespaces, _) = namespaces_of(&network.name);
            let namespaces: BTreeSet<String> = namespaces.difference(&own()).cloned().collect();
            signal(&network.child, Signal::SIGKILL);
            network.child.wait().unwrap();
            let name = network.name.clone();
            let gone =
                poll(|| (namespaces_of(&name).1.is_empty() && !still_there(&namespaces)).then_some(()));
            assert!(gone.is_some(), "after {moment} ms as {user:?}: {:?}", namespaces_of(&name));
            let (links, mounts, _) = host();
            assert_eq!((links, mounts), (before.0, before.1), "after {moment} ms as {user:?}");
        }
    }
}

#[test]
fn the_holder_killed_ends_the_command() {
    let _alone = alone();
    let mut network = Running::start(User::Own, &["examples/shop"]);
    let (_, processes) = namespaces_of(&network.name);
    let holder = processes
        .iter()
        .copied()
        .find(|pid| *pid != network.child.id())
        .expect("a second process holds the network");
    nix::sys::signal::kill(nix::unistd::Pid::from_raw(i32::try_from(holder).unwrap()), Signal::SIGKILL)
        .unwrap();
    let status = network.child.wait().unwrap();
    assert_eq!(status.code(), Some(2), "{}", network.text());
    let name = network.name.clone();
    assert!(poll(|| namespaces_of(&name).1.is_empty().then_some(())).is_some());
}

#[test]
fn interrupted_it_ends_well() {
    let _alone = alone();
    for kind in [Signal::SIGINT, Signal::SIGTERM, Signal::SIGHUP, Signal::SIGQUIT] {
        let mut network = Running::start(User::Own, &["examples/shop"]);
        signal(&network.child, kind);
        assert_eq!(network.child.wait().unwrap().code(), Some(0), "{kind}: {}", network.text());
    }
}

#[test]
fn two_at_once_do_not_disturb_each_other() {
    let _alone = alone();
    let first = Running::start(User::Own, &["examples/shop"]);
    let second = Running::start(User::Own, &["examples/shop"]);
    let ask = |network: &Running| {
        let output = network.exec(
            User::Own,
            "production/frontend",
            &["curl", "-sm5", "http://backend.production:8080/"],
        );
        serde_json::from_str::<serde_json::Value>(&stdout(&output))
            .map(|a| a["pod"].to_string())
            .unwrap_or_default()
    };
    assert!(ask(&first).contains("backend"), "{}", first.text());
    assert!(ask(&second).contains("backend"), "{}", second.text());
    assert_eq!(first.end(), Some(0));
    assert!(ask(&second).contains("backend"), "{}", second.text());
    assert_eq!(second.end(), Some(0));
}
