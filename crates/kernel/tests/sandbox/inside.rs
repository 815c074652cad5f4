//! The scenarios: what runs in a process of its own.
use std::{
    ffi::OsString,
    fs,
    io::Write,
    os::{fd::OwnedFd, unix::net::UnixStream},
    process::{Command, Stdio},
    time::Duration,
};

use netloom_kernel::{
    control,
    exec::{ExecError, PodEntry, enter_and_exec},
    fabric::{Attached, Attachment, Router},
    netns::{NsError, Worker},
    rtnl::{Batch, Rtnl},
    sandbox,
};
use nix::mount::{MsFlags, mount};

use crate::network;

pub fn run(arguments: &[String]) -> u8 {
    let words: Vec<&str> = arguments.iter().map(String::as_str).collect();
    match words.as_slice() {
        ["status", code] => sandboxed(|| code.parse().unwrap()),
        ["panic"] => sandboxed(|| panic!("on purpose")),
        ["threads"] => threads(),
        ["told"] => sandboxed(told),
        ["untold"] => sandboxed(untold),
        ["orphans"] => sandboxed(orphans),
        ["hold"] => sandboxed(hold),
        ["network", overlay] => sandboxed(|| network::talk(*overlay == "vxlan")),
        ["probe"] => sandboxed(probe),
        ["errors"] => sandboxed(errors),
        ["serve", name, kind] => sandboxed(|| serve(name, kind)),
        ["enter", name, command @ ..] => enter(name, command, true),
        ["enter-for-good", name, command @ ..] => enter(name, command, false),
        ["entry-on-stdin", command @ ..] => {
            let (way, leash) = PodEntry::recv_from_stdin().unwrap();
            entry(way, command, Some(&leash))
        }
        ["children"] => sandboxed(children),
        other => panic!("no scenario {other:?}"),
    }
}

fn sandboxed(main: impl FnOnce() -> u8 + Send) -> u8 {
    sandbox::run(main).unwrap_or_else(|error| {
        eprintln!("{error}");
        99
    })
}

fn threads() -> u8 {
    let (_keep, wait) = std::sync::mpsc::channel::<()>();
    let _thread = std::thread::spawn(move || wait.recv());
    sandboxed(|| 0)
}

fn say(words: &[String]) {
    println!("{}", words.join(" "));
    std::io::stdout().flush().unwrap();
}

fn runtime() -> tokio::runtime::Runtime {
    tokio::runtime::Builder::new_multi_thread().worker_threads(2).enable_all().build().unwrap()
}

/// Is told that it should end, and ends.
fn told() -> u8 {
    let (tell, told) = std::sync::mpsc::channel();
    sandbox::on_end(move || tell.send(()).unwrap());
    say(&["ready".to_owned()]);
    told.recv().unwrap();
    7
}

/// Never ends by itself.
fn untold() -> u8 {
    say(&["ready".to_owned()]);
    loop {
        std::thread::park();
    }
}

/// How many zombies the holder has.
fn zombies() -> usize {
    let own = fs::read_link("/proc/self").unwrap().to_str().unwrap().to_owned();
    let children = fs::read_dir(format!("/proc/{own}/task")).unwrap().flat_map(|task| {
        let list = fs::read_to_string(task.unwrap().path().join("children")).unwrap();
        list.split_whitespace().map(str::to_owned).collect::<Vec<_>>()
    });
    let is_zombie = |pid: &String| {
        fs::read_to_string(format!("/proc/{pid}/stat"))
            .is_ok_and(|s| s.rsplit(')').next().unwrap().starts_with(" Z"))
    };
    children.filter(is_zombie).count()
}

fn orphans() -> u8 {
    let runtime = runtime();
    let statuses = runtime.block_on(async {
        let mut tasks = Vec::new();
        for code in 0..50 {
            // Each leaves an orphan that ends before it, and one that ends after it.
            let script = format!("(sleep 0.05 &) ; (true &) ; exit {code}");
            let child = tokio::process::Command::new("sh").arg("-c").arg(script).spawn().unwrap();
            tasks.push(tokio::spawn(async move {
                let mut child = child;
                child.wait().await.unwrap().code()
            }));
        }
        let mut statuses = Vec::new();
        for task in tasks {
            statuses.push(task.await.unwrap().unwrap());
        }
        statuses
    });
    assert_eq!(statuses, (0..50).collect::<Vec<_>>());
    let deadline = std::time::Instant::now() + Duration::from_secs(20);
    let alive = || fs::read_dir("/proc").unwrap().count();
    while zombies() > 0 {
        assert!(
            std::time::Instant::now() < deadline,
            "{} zombies among {} entries of /proc",
            zombies(),
            alive()
        );
        std::thread::sleep(Duration::from_millis(5));
    }
    0
}

fn namespace(kind: &str) -> String {
    fs::read_link(format!("/proc/self/ns/{kind}")).unwrap().to_str().unwrap().to_owned()
}

fn attachment() -> Attachment {
    Attachment {
        of: "pod shop/web-0".to_owned(),
        link: None,
        v4: Some([10, 244, 0, 5].into()),
        v6: Some([0xfd00, 0, 0, 0, 0, 0, 0, 5].into()),
        mtu: 1450,
    }
}

fn one_pod(worker: &Worker) -> (Router, Attached) {
    let wired = worker.run(|here| {
        let mut router = Router::create(here, "node n1").unwrap();
        let pod = router.attach(here, &attachment()).unwrap();
        (router, pod)
    });
    wired.unwrap()
}

fn hold() -> u8 {
    let worker = Worker::spawn().unwrap();
    let (router, pod) = one_pod(&worker);
    let mut child = Command::new("sh").args(["-c", "sleep 1000; true"]).spawn().unwrap();
    // The shell has started its own child once that is to be seen.
    let own = std::process::id();
    assert_eq!(own, 1);
    while !fs::read_dir("/proc").unwrap().any(|entry| {
        let path = entry.unwrap().path();
        fs::read_link(path.join("ns/pid")).is_ok_and(|ns| ns.to_str() == Some(&namespace("pid")))
            && fs::read(path.join("cmdline")).is_ok_and(|c| c.starts_with(b"sleep"))
    }) {
        std::thread::sleep(Duration::from_millis(2));
    }
    let holder = fs::read_link("/proc/self").unwrap().to_str().unwrap().to_owned();
    say(&[
        holder,
        namespace("pid"),
        namespace("mnt"),
        namespace("user"),
        format!("net:[{}]", router.ns().inode()),
        format!("net:[{}]", pod.ns.inode()),
    ]);
    panic!("the child ended: {}", child.wait().unwrap())
}

fn probe() -> u8 {
    let worker = Worker::spawn().unwrap();
    let missing = sandbox::probe(&worker, true).unwrap();
    assert!(missing.is_empty(), "{missing:?}");
    0
}

fn errors() -> u8 {
    let worker = Worker::spawn().unwrap();
    let (_router, pod) = one_pod(&worker);
    let panicked = worker.run(|_| panic!("contained"));
    assert!(matches!(panicked, Err(NsError::Panicked(text)) if text == "contained"));
    let error = worker
        .run_in(&pod.ns, || {
            let mut batch = Batch::new("pod shop/web-0");
            for host in 0..500u32 {
                batch.add_address(100, format!("10.1.{}.{}/32", host / 250, host % 250).parse().unwrap());
            }
            batch.add_address(100, "10.244.0.5/32".parse().unwrap());
            batch.del_link_named("nothing").or_missing();
            let mut rtnl = Rtnl::open().unwrap();
            let error = rtnl.commit(&mut batch).unwrap_err();
            assert_eq!(rtnl.addresses().unwrap().iter().filter(|(index, _)| *index == 100).count(), 502);
            error
        })
        .unwrap();
    assert_eq!(error.errno(), Some(nix::libc::EEXIST));
    let text = error.to_string();
    assert!(
        text.starts_with("adding address 10.244.0.5/32 to link 100 of pod shop/web-0: File exists"),
        "{text}"
    );
    0
}

/// Replaces /etc by one that has a few files, and resolv.conf as the kind says.
fn bare_etc(kind: &str) {
    mount(Some("etc"), "/etc", Some("tmpfs"), MsFlags::empty(), None::<&str>).unwrap();
    fs::write("/etc/hosts", "the host's\n").unwrap();
    fs::write("/etc/keep", "kept\n").unwrap();
    fs::create_dir("/etc/sub").unwrap();
    fs::write("/etc/sub/file", "below\n").unwrap();
    std::os::unix::fs::symlink("keep", "/etc/link").unwrap();
    if kind == "dangling" {
        std::os::unix::fs::symlink("../run/nowhere/resolv.conf", "/etc/resolv.conf").unwrap();
    }
}

fn pod_entry(net: OwnedFd) -> PodEntry {
    let resolv_conf = "nameserver 10.96.0.10\n".to_owned();
    PodEntry::from_holder(net, "web-0".to_owned(), resolv_conf, "127.0.0.1 localhost\n".to_owned(), true)
        .unwrap()
}

fn serve(name: &str, kind: &str) -> u8 {
    if kind != "plain" {
        bare_etc(kind);
    }
    let worker = Worker::spawn().unwrap();
    let (_router, pod) = one_pod(&worker);
    let listener = control::bind(name).unwrap();
    say(&[format!("net:[{}]", pod.ns.inode())]);
    let entry = pod_entry(pod.ns.into());
    // The client that comes next ends the command of the one before.
    let mut _kept = None;
    loop {
        let (stream, _) = listener.accept().unwrap();
        assert!(control::is_same_user(&stream).unwrap());
        // One that only looks who listens goes at once.
        drop(entry.send(&stream));
        _kept = Some(stream);
    }
}

fn enter(name: &str, command: &[&str], leashed: bool) -> u8 {
    match control::connect(name) {
        Ok(stream) => entry(PodEntry::recv(&stream).unwrap(), command, leashed.then_some(&stream)),
        Err(error) => {
            eprintln!("{error}");
            98
        }
    }
}

fn entry(entry: PodEntry, command: &[&str], leash: Option<&UnixStream>) -> u8 {
    let command: Vec<OsString> = command.iter().map(OsString::from).collect();
    let mut env: Vec<(OsString, OsString)> = std::env::vars_os().collect();
    env.push(("GREETING".into(), "hello".into()));
    enter_and_exec(entry, &command, &env, leash).unwrap_or_else(|error: ExecError| {
        eprintln!("{error}");
        error.exit_status()
    })
}

fn children() -> u8 {
    let worker = Worker::spawn().unwrap();
    let (_router, pod) = one_pod(&worker);
    let entry = pod_entry(pod.ns.try_clone().unwrap().into());
    let script = "cat /etc/resolv.conf /proc/sys/kernel/hostname; grep -c eth0 /proc/net/dev; wc -c; exit 9";
    let (ours, theirs) = UnixStream::pair().unwrap();
    let child = Command::new(std::env::current_exe().unwrap())
        .args(["--inside", "entry-on-stdin", "sh", "-c", script])
        .stdin(OwnedFd::from(theirs))
        .stdout(Stdio::piped())
        .spawn()
        .unwrap();
    entry.send(&ours).unwrap();
    let output = child.wait_with_output().unwrap();
    assert_eq!(output.status.code(), Some(9));
    assert_eq!(String::from_utf8(output.stdout).unwrap(), "nameserver 10.96.0.10\nweb-0\n1\n0\n");
    0
}
