//! The command line of `netloom check`, and what it comes to.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netloom_audit::{Selector, Version};
use netloom_objects::Severity;

use crate::args::{Cluster, Configuration, Packages};

/// What stands below the help.
pub const AFTER: &str = "\
Exit status: 0 nothing found, 1 something found (see --fail-on), 2 the input or the machine is at fault.
A manifest that cannot be read is a finding (MF…), not a fault.

RULE is a code (NP003), the beginning of codes (NP), a name, a group (correctness, security, reliability,
performance, style) or `all`. The most specific RULE that names a rule decides, whether it selects or ignores.

A finding is suppressed by a comment with a reason, `# netloom: ignore[NP003] reason`: behind the line or above
it; above the first key of a document for the document; `ignore-file[NP003]` for the file. The annotation
`netloom.dev/ignore: \"NP003 reason; SV002 reason\"` is for the object.

Examples:
  netloom check manifests/
  netloom check manifests/ --closed                   these are all manifests of the cluster
  netloom check manifests/ --select security --ignore NP003
  netloom check manifests/ -o sarif > netloom.sarif   for code scanning
  netloom check manifests/ --diff                     what --fix would repair
  netloom check manifests/ --closed --checklist       what of good practice is met, and what is not
  kustomize build . | netloom check -                 read standard input
  netloom check manifests/ --write-baseline netloom.baseline  accept what there is today, and then
  netloom check manifests/ --baseline netloom.baseline        report only what is new
  netloom check --explain NP001                       what a rule finds, and why";

#[derive(Debug, Args)]
pub struct Check {
    /// Manifests: files, folders (walked; kustomizations and Helm charts are rendered), or - for standard input
    #[arg(required_unless_present_any = ["explain", "list_rules", "reference"], value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Format of the report
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// The least severity for which the exit status is 1
    ///
    /// [default: warning]
    #[arg(long, value_enum)]
    pub fail_on: Option<FailOn>,
    /// Show each finding with its lines, however many there are; else those of a rule are counted where there are many
    #[arg(long)]
    pub all: bool,
    /// Write everything that is found to this file, for --baseline
    #[arg(long, value_name = "FILE", conflicts_with = "baseline")]
    pub write_baseline: Option<PathBuf>,
    /// Make the repairs that cannot break anything, and report what is left
    #[arg(long, conflicts_with = "write_baseline")]
    pub fix: bool,
    /// Print what --fix would change, and change nothing; the exit status is 1 if it would
    #[arg(long, conflicts_with_all = ["fix", "write_baseline", "output"])]
    pub diff: bool,
    /// Show the checklist of good practice instead of the findings: what is met, what is not, and what no manifest shows
    ///
    /// With -o json it stands beside the findings.
    #[arg(long, conflicts_with = "diff")]
    pub checklist: bool,
    /// Namespace of charts' releases, and of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub packages: Packages,
    #[command(flatten)]
    pub wanted: Wanted,
    #[command(flatten)]
    pub rules: Rules,
}

/// What is looked for, and in what cluster. It goes over what `netloom.toml` says.
#[derive(Debug, Args)]
pub struct Wanted {
    /// Look for these only
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub select: Vec<Selector>,
    /// Do not look for these
    #[arg(long, value_name = "RULE", value_delimiter = ',')]
    pub ignore: Vec<Selector>,
    /// These manifests are everything that the cluster has: what they refer to and is not there does not exist
    #[arg(long)]
    pub closed: bool,
    /// Version of Kubernetes that the manifests are for
    ///
    /// [default: 1.36]
    #[arg(long, value_name = "VERSION")]
    pub kube_version: Option<Version>,
    /// Version of Istio that the manifests are for
    ///
    /// [default: 1.32]
    #[arg(long, value_name = "VERSION")]
    pub istio_version: Option<Version>,
    /// Version of Gateway API that the manifests are for
    ///
    /// [default: 1.7]
    #[arg(long, value_name = "VERSION")]
    pub gateway_api_version: Option<Version>,
    #[command(flatten)]
    pub configuration: Configuration,
    /// Do not report the findings that this file holds
    #[arg(long, value_name = "FILE")]
    pub baseline: Option<PathBuf>,
    #[command(flatten)]
    pub cluster: Cluster,
}

/// Questions about the rules, instead of a check.
#[derive(Debug, Args)]
#[command(next_help_heading = "Rules")]
pub struct Rules {
    /// Say what rules find, why, and how to write it instead
    #[arg(long, num_args = 1.., value_name = "RULE", conflicts_with = "paths")]
    pub explain: Vec<String>,
    /// List all rules (-o json: with their documentation)
    #[arg(long, conflicts_with_all = ["paths", "explain"])]
    pub list_rules: bool,
    /// Print the page of all rules
    #[arg(long, hide = true, conflicts_with_all = ["paths", "explain", "list_rules"])]
    pub reference: bool,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// For people: each finding with the lines that it is about
    Text,
    /// A line a finding: file:line:column: severity[CODE] message
    Concise,
    /// For programs
    Json,
    /// SARIF 2.1.0, for code scanning and editors
    Sarif,
    /// Commands of GitHub workflows, which annotate a pull request
    Github,
    /// GitLab's code quality report
    Gitlab,
    /// JUnit XML
    Junit,
}

impl Format {
    /// Whether people read it.
    pub const fn is_for_people(self) -> bool {
        matches!(self, Self::Text | Self::Concise)
    }
}

#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, ValueEnum)]
pub enum FailOn {
    /// Errors
    Error,
    /// Warnings and errors
    #[default]
    Warning,
    /// Anything that is found
    Info,
    /// Nothing: the status is 0 whatever is found
    Never,
}

impl FailOn {
    /// Whether a finding of a severity makes the exit status 1.
    pub const fn fails(self, severity: Severity) -> bool {
        match (self, severity) {
            (Self::Never, _) => false,
            (Self::Info, _) | (_, Severity::Error) => true,
            (Self::Warning, severity) => matches!(severity, Severity::Warning),
            (Self::Error, _) => false,
        }
    }
}

impl Check {
    /// Whether rules are asked about, and nothing is to be checked.
    pub const fn asks_about_rules(&self) -> bool {
        !self.rules.explain.is_empty() || self.rules.list_rules || self.rules.reference
    }
}
