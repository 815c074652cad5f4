//! The command line of `netloom reach`.
use std::path::PathBuf;

use clap::{Args, ValueEnum};
use netloom_reach::Port;

use crate::args::Reading;

/// What stands below the help.
pub const AFTER: &str = "\
WHO is a workload, a pod or a Service (`backend`, `shop/backend`), `shop/*`, `*`, `node/NAME`, an address, a
network, `outside` (every address that is not the cluster's), `internet` (the public ones of these) or
`{ingress-controller}`. PORT is 8080, 53/UDP, 8000-8010 or a name; on a Service it is the Service's own.

Pods have the addresses that their status gives. Others are not known, so that an ipBlock is about the outside,
unless --pod-cidr says where pods are.

A file for --expect has a line for each expectation:
  # a comment
  [shop]                                          names below are looked for in this namespace first
  frontend -> backend:8080 allowed
  outside -> database denied
  * -> kube-system/kube-dns:53/UDP allowed
Without a port, `allowed` means that something is open, `denied` that nothing is. A table
(from,to,protocol,port,ingress,egress,combined) is taken as well.

Exit status: 0 fine; 1 an expectation is refused, or --from --to is denied; 2 the input or the question is at fault.

Examples:
  netloom reach manifests/                            every connection that policies allow
  netloom reach manifests/ -o csv > reach.csv
  netloom reach manifests/ -o svg > reach.svg
  netloom reach manifests/ -o html > reach.html       a map and a matrix, for a browser
  netloom reach manifests/ --by-class                 for large clusters: workloads that are alike are one
  netloom reach manifests/ --exposure                 and what is open to pods that are not there yet
  netloom reach manifests/ --from shop/frontend --to shop/backend --port 8080
  netloom reach manifests/ --who-can-reach shop/database
  netloom reach manifests/ --open-to-internet
  netloom reach manifests/ --expect reach.txt -o junit > reach.xml";

#[derive(Debug, Args)]
pub struct Reach {
    /// Manifests: files, folders (walked), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Format::Text)]
    pub output: Format,
    /// Namespace of charts' releases, and of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
    #[command(flatten)]
    pub question: Question,
}

/// What is asked; the whole table where nothing is.
#[derive(Debug, Args)]
#[command(next_help_heading = "Questions")]
pub struct Question {
    /// Put workloads together that no policy tells apart
    #[arg(long, group = "asked")]
    pub by_class: bool,
    /// Show too what each workload is open to beyond these manifests, and what no policy protects
    #[arg(long, group = "asked")]
    pub exposure: bool,
    /// Who connects; without --to, whom it reaches
    #[arg(long, value_name = "WHO", conflicts_with = "asked")]
    pub from: Option<String>,
    /// To whom; without --from, who reaches it
    #[arg(long, value_name = "WHO", conflicts_with = "asked")]
    pub to: Option<String>,
    /// On which port of the target
    #[arg(long, value_name = "PORT", conflicts_with = "asked")]
    pub port: Option<Port>,
    /// Who reaches it, and by which rules
    #[arg(long, value_name = "WHO", conflicts_with_all = ["asked", "from", "to", "what_can_reach_from"])]
    pub who_can_reach: Option<String>,
    /// Whom it reaches, and by which rules
    #[arg(long, value_name = "WHO", conflicts_with_all = ["asked", "from", "to"])]
    pub what_can_reach_from: Option<String>,
    /// What the internet reaches by Ingresses, routes, load balancers and ports of nodes
    #[arg(long, group = "asked")]
    pub open_to_internet: bool,
    /// What no policy selects
    #[arg(long, group = "asked")]
    pub unprotected: bool,
    /// Hold policies against the expectations in a file
    #[arg(long, value_name = "FILE", group = "asked")]
    pub expect: Option<PathBuf>,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Format {
    /// One connection a line
    Text,
    /// src,dst,conn
    Csv,
    /// With the rules that decide, for programs
    Json,
    /// A table for a page or a comment
    Md,
    /// A graph for Graphviz
    Dot,
    /// A picture
    Svg,
    /// One self-contained page: a map, a matrix, and the rule behind every connection and denial
    Html,
    /// The outcomes of --expect for CI
    Junit,
}

impl Format {
    /// As it is given on the command line.
    pub fn name(self) -> &'static str {
        match self {
            Self::Text => "text",
            Self::Csv => "csv",
            Self::Json => "json",
            Self::Md => "md",
            Self::Dot => "dot",
            Self::Svg => "svg",
            Self::Html => "html",
            Self::Junit => "junit",
        }
    }
}
