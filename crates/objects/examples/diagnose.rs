//! Prints what is wrong with manifests: `cargo run -p netloom-objects --example diagnose -- PATH…`
use std::{path::PathBuf, process::ExitCode};

use netloom_objects::ObjectSet;

fn main() -> ExitCode {
    let paths: Vec<PathBuf> = std::env::args_os().skip(1).map(PathBuf::from).collect();
    match ObjectSet::load(&paths) {
        Ok(set) => {
            print!("{}", set.render(false));
            println!("{} objects", set.objects().count());
            for ((api_version, kind), count) in set.other_kinds() {
                println!("{count} × {kind} ({api_version}), only kept");
            }
            if set.has_errors() { ExitCode::from(2) } else { ExitCode::SUCCESS }
        }
        Err(error) => {
            eprintln!("{error}");
            ExitCode::from(2)
        }
    }
}
