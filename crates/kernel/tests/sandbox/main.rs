//! The sandbox, the network and entering pods, tried from outside. The test harness of Rust has threads, but a sandbox
//! is made by a process that has none: so this program runs itself, as a scenario's inside, as root and as an
//! ordinary user.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod inside;
mod network;
mod outside;

use std::{
    fs,
    os::unix::fs::PermissionsExt,
    panic::{AssertUnwindSafe, catch_unwind},
    process::ExitCode,
};

use outside::{TESTS, World};

/// The user that Unix systems keep for nobody in particular.
const NOBODY: u32 = 65534;

fn main() -> ExitCode {
    let arguments: Vec<String> = std::env::args().skip(1).collect();
    if arguments.first().is_some_and(|a| a == "--inside") {
        return ExitCode::from(inside::run(&arguments[1..]));
    }
    if arguments.iter().any(|a| a == "--list") {
        TESTS.iter().for_each(|(name, _)| println!("{name}: test"));
        return ExitCode::SUCCESS;
    }
    let filter = arguments.iter().find(|a| !a.starts_with('-'));
    // An ordinary user cannot read a home directory's target folder, so the program is copied to where it can.
    let directory = tempfile::tempdir().unwrap();
    fs::set_permissions(directory.path(), fs::Permissions::from_mode(0o755)).unwrap();
    let program = directory.path().join("inside");
    fs::copy(std::env::current_exe().unwrap(), &program).unwrap();
    let is_root = nix::unistd::geteuid().is_root();
    let users = if is_root { vec![None, Some(NOBODY)] } else { vec![None] };
    let mut failed = 0;
    for user in users {
        let world = World { program: program.clone(), user };
        for (name, test) in TESTS.iter().filter(|(name, _)| filter.is_none_or(|f| name.contains(f.as_str())))
        {
            let outcome = catch_unwind(AssertUnwindSafe(|| test(&world)));
            failed += u32::from(outcome.is_err());
            println!("test {name} as {world} ... {}", if outcome.is_ok() { "ok" } else { "FAILED" });
        }
    }
    if failed == 0 { ExitCode::SUCCESS } else { ExitCode::from(101) }
}
