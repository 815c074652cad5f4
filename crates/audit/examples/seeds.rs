//! Writes the examples of all rules into a folder, a file each: where a fuzzer begins.
use std::{env, fs, io, path::PathBuf};

use netloom_audit::rules;

fn main() -> io::Result<()> {
    let folder = env::args_os().nth(1).map(PathBuf::from).unwrap_or_else(|| PathBuf::from("seeds"));
    fs::create_dir_all(&folder)?;
    for rule in rules() {
        fs::write(folder.join(format!("{}-wrong.yaml", rule.code)), rule.wrong)?;
        fs::write(folder.join(format!("{}-right.yaml", rule.code)), rule.right)?;
    }
    Ok(())
}
