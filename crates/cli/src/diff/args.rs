//! The command line of `netloom diff`.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::Reading;

/// What stands below the help.
pub const AFTER: &str = "\
What policies allow is compared, not the text: an object that was only moved, formatted or
commented is the same. Each change comes with what decided before and what decides now, and with
the objects and fields that were edited.

Revisions are read from the repository; the work tree and the index stay as they are.
BASE..HEAD compares two revisions, BASE...HEAD compares HEAD with where it left BASE, and a single
revision is compared with the work tree.

Open to the internet is what Ingresses, routes, Services and ports of nodes publish and policies let
in, as `netloom reach --open-to-internet` has it. docs/diff.md describes the JSON.

Exit status: 0 compared; 1 --fail-on found such a change; 2 the input or the machine is at fault.

Examples:
  netloom diff old/ new/
  netloom diff --git main manifests/                     what the work tree changes
  netloom diff --git main...feature -o md > comment.md   of the folder here, for a pull request
  netloom diff --git origin/main... -o github --fail-on internet";

#[derive(Debug, Args)]
#[command(
    override_usage = "netloom diff [OPTIONS] <OLD> <NEW>\n       netloom diff [OPTIONS] --git <BASE..HEAD> [PATH]..."
)]
pub struct Diff {
    /// OLD and NEW: a file or folder each, or - for standard input; with --git the manifests in the repository
    /// (default: the folder here)
    #[arg(value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Revisions to compare: BASE..HEAD, BASE...HEAD, or one that is compared with the work tree
    #[arg(long, value_name = "BASE..HEAD")]
    pub git: Option<String>,
    /// Exit with 1 if there is such a change; several may be named
    #[arg(long, value_enum, value_delimiter = ',', value_name = "WHAT")]
    pub fail_on: Vec<FailOn>,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Namespace of charts' releases, and of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// A connection that was not allowed, or some of its ports
    Added,
    /// A connection that is not allowed any more, or some of its ports
    Removed,
    /// Any connection, published way or workload that is not the same
    Any,
    /// Something that the internet reaches and did not reach before
    Internet,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people
    Text,
    /// A comment on a pull request, short enough for GitHub
    Md,
    /// change,src,dst,before,after: a line each connection
    Csv,
    /// For programs
    Json,
    /// Workflow commands, which GitHub shows at the lines of a pull request
    Github,
}
