//! The command line of `netloom reach`.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::Reading;

/// What stands below the help.
pub const AFTER: &str = "\
Examples:
  netloom reach manifests/                            every connection that policies allow
  netloom reach manifests/ -o csv > reach.csv
  netloom reach manifests/ -o html > reach.html       open it in a browser";

#[derive(Debug, Args)]
pub struct Reach {
    /// Manifests: files, folders (walked), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    #[command(flatten)]
    pub reading: Reading,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One connection a line
    Text,
    /// src,dst,conn
    Csv,
    /// A table for a page or a comment
    Md,
    /// One self-contained page: a map, a matrix, and the rule behind every connection and denial
    Html,
}
