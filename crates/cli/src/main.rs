//! The netloom command: reads the command line and hands over to the command's module.
#![forbid(unsafe_code)]

mod allow_run;
mod args;
mod check;
mod diff;
mod exec;
mod explain;
mod load;
mod lsp;
mod notes;
mod out;
mod overview;
mod progress;
mod query_lines;
mod reach;
mod run;
mod sets;
mod suggest;
mod texts;
mod up;
mod verify;

use std::{io::IsTerminal as _, process::ExitCode};

use clap::{CommandFactory as _, Parser as _};
use netloom_objects::visible;

use crate::{
    args::{Cli, Command},
    load::Stop,
};

#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// The input or the machine is at fault.
const FAULT: u8 = 2;

fn main() -> ExitCode {
    let cli = Cli::parse();
    tracing_subscriber::fmt()
        .with_env_filter(
            tracing_subscriber::EnvFilter::try_from_env("NETLOOM_LOG").unwrap_or_else(|_| "warn".into()),
        )
        .with_writer(std::io::stderr)
        .with_ansi(std::io::stderr().is_terminal())
        .with_target(false)
        .init();
    let outcome = match cli.command {
        Command::Check(args) => check::main(&args),
        Command::Up(args) => up::main(&args),
        Command::Exec(args) => exec::main(&args),
        Command::Explain(args) => explain::main(&args),
        Command::Reach(args) => reach::main(&args),
        Command::Diff(args) => diff::main(&args),
        Command::Suggest(args) => suggest::main(&args),
        Command::Verify(args) => verify::main(&args),
        Command::Sets(args) => sets::main(&args),
        Command::Lsp(args) => lsp::main(args),
        Command::Completions { shell } => {
            let mut script = Vec::new();
            clap_complete::generate(shell, &mut Cli::command(), "netloom", &mut script);
            out::write(&String::from_utf8_lossy(&script)).map(|()| 0)
        }
        Command::RunInPod { command } => Ok(netloom_embedded::run_in_pod(command)),
    };
    ExitCode::from(outcome.unwrap_or_else(|stop| {
        if let Stop::Because(reason) = stop {
            let lines: Vec<_> = reason.lines().map(visible).collect();
            anstream::eprintln!("\x1b[1;31mnetloom:\x1b[0m {}", lines.join("\n"));
        }
        FAULT
    }))
}
