//! The command line of `netloom suggest`.
use std::path::PathBuf;

use clap::{Args, ValueEnum};

use crate::args::Reading;

/// What stands below the help.
pub const AFTER: &str = "\
Policies are written for every workload of the set, but for those in the system's namespaces. They allow what is
needed and DNS, and close the rest. What is needed is found in the manifests: settings that name a Service and port
(environment, arguments, ConfigMaps, Secrets), Ingresses and routes, load balancers and node ports, monitors,
webhooks, and the peers of a StatefulSet. What they do not tell is asked, and can be declared.

A file for --needs has a line for each connection, in the language of `netloom reach --expect`:
  # a comment
  [shop]                                          names below are looked for in this namespace first
  frontend -> backend:8080
  outside -> edge:443
  backend -> 203.0.113.0/24:443
  outside -> database denied                      is checked: it must be shut
Without a port all ports are meant on which the target answers.

A file for --flows has a flow a line, as JSON in one of these forms:
  {\"from\": \"shop/frontend\", \"to\": \"shop/backend\", \"protocol\": \"TCP\", \"port\": 3000}
      `from` and `to` are as in --needs; `port` is the pods' own. \"verdict\": \"denied\" or \"reply\": true leave it out
  the output of `hubble observe -o json`
  flow logs of Calico, with source_name, source_namespace, dest_name, dest_namespace, dest_port, proto, action

Exit status: 0 fine; 1 a need stays shut, --review finds something, or --tighten has something to propose; 2 the input
is at fault.

Examples:
  netloom suggest manifests/                          policies for everything, and the proof
  netloom suggest manifests/ -o yaml | kubectl apply -f -
  netloom suggest manifests/ --out policies/ --needs needs.txt
  netloom suggest manifests/ --for shop/backend --keep
  hubble observe -o json --last 100000 | netloom suggest manifests/ --flows - --no-derive
  netloom suggest manifests/ --review                 rules of today that do nothing
  netloom suggest manifests/ --tighten                today's policies, narrower, as a diff";

#[derive(Debug, Args)]
pub struct Suggest {
    /// Manifests: files, folders (walked), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Only for this workload; may be given several times
    #[arg(long = "for", value_name = "WORKLOAD")]
    pub for_: Vec<String>,
    /// Only for this namespace; may be given several times. A single one is also that of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Vec<String>,
    /// What is needed beside what the manifests imply
    #[arg(long, value_name = "FILE")]
    pub needs: Vec<PathBuf>,
    /// What was seen: a flow log in JSON lines, or - for standard input
    #[arg(long, value_name = "FILE")]
    pub flows: Vec<PathBuf>,
    /// Take only what is declared and seen, and nothing from the manifests
    #[arg(long)]
    pub no_derive: bool,
    /// Leave today's policies beside the new ones
    #[arg(long)]
    pub keep: bool,
    /// Write a file for each namespace into this folder
    #[arg(long, value_name = "DIR", conflicts_with_all = ["review", "tighten"])]
    pub out: Option<PathBuf>,
    /// Name the rules of today's policies that are redundant, shadowed or contradict another
    #[arg(long, conflicts_with = "tighten")]
    pub review: bool,
    /// Propose the narrower form of today's policies, as a diff
    #[arg(long)]
    pub tighten: bool,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    #[command(flatten)]
    pub reading: Reading,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// The policies, and the proof
    Text,
    /// Nothing but the policies; the proof goes to standard error
    Yaml,
    /// Everything, for programs
    Json,
}
