//! A process that has run out of files. Alone in its process, because the limit is the process's.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot go on fails")]
mod common;

use std::io::{Read, Write};

use common::{client, tcp};
use nix::sys::resource::{Resource, getrlimit, setrlimit};

#[tokio::test(flavor = "multi_thread", worker_threads = 1)]
async fn connections_wait_while_files_are_short_and_are_served_after() {
    let (_server, address) = tcp("127.0.0.1");
    let (_, hard) = getrlimit(Resource::RLIMIT_NOFILE).unwrap();
    setrlimit(Resource::RLIMIT_NOFILE, 64.min(hard), hard).unwrap();
    let mut waiting = client(address);
    let mut hoard = vec![];
    while let Ok(file) = std::fs::File::open("/dev/null") {
        hoard.push(file);
    }
    // Whether this one was accepted before the last file was taken does not matter: the next one cannot be.
    hoard.pop();
    let mut last = client(address);
    waiting.write_all(b"hello").unwrap();
    last.write_all(b"hello").unwrap();
    drop(hoard);
    for stream in [&mut waiting, &mut last] {
        let mut back = [0; 5];
        stream.read_exact(&mut back).unwrap();
        assert_eq!(&back, b"hello");
    }
}
