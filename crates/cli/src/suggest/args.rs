//! The command line of `netloom suggest`.
use std::{net::IpAddr, path::PathBuf, str::FromStr};

use clap::{Args, ValueEnum};
use ipnet::IpNet;

use crate::args::Reading;

/// What stands below the help.
pub const AFTER: &str = "\
Policies are written for every workload of the set, but for those in the system's namespaces. They allow what is
needed and DNS, and close the rest. What is needed is found in the manifests: settings that name a Service and port
(environment, arguments, ConfigMaps, Secrets), Ingresses and routes, load balancers and node ports, monitors,
webhooks, the control planes of meshes, the API server, and the peers of a StatefulSet; and in today's policies: whom
a rule names is needed (--no-policies leaves that out). What they do not tell is asked, and can be declared.

A policy for a whole namespace is only written where no other pods can live there: the set declares the namespace, has
pods for all its Services and policies, and no operator runs pods in it. What is not known stands as NOT COMPLETE at
the head of the YAML.

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

Exit status: 0 fine; 1 a need stays shut, the YAML is NOT COMPLETE, --review finds something, or --tighten has something
to propose; 2 the input is at fault.

Examples:
  netloom suggest manifests/                          policies for everything, and the proof
  netloom suggest manifests/ -o yaml | kubectl apply -f -
  netloom suggest manifests/ --out policies/ --needs needs.txt
  netloom suggest manifests/ --for shop/backend --keep
  netloom suggest operator/ --api-server 192.0.2.10/32:6443
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
    /// Do not count what today's policies allow to those whom they name as needed
    #[arg(long)]
    pub no_policies: bool,
    /// Where pods find the API server: the addresses and the port behind Service `kubernetes` (kubectl get endpoints
    /// kubernetes); may be given several times
    #[arg(long, value_name = "CIDR:PORT")]
    pub api_server: Vec<ApiServer>,
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

/// Addresses of the API server, and its port.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct ApiServer {
    pub cidr: IpNet,
    pub port: u16,
}

impl FromStr for ApiServer {
    type Err = String;

    fn from_str(text: &str) -> Result<Self, Self::Err> {
        let wrong = || {
            format!(
                "`{text}` is not CIDR:PORT; write 192.0.2.10/32:6443, 192.0.2.10:6443 or [2001:db8::1]:6443"
            )
        };
        let (addresses, port) = text.rsplit_once(':').ok_or_else(wrong)?;
        let port = port.parse().ok().filter(|port| *port > 0).ok_or_else(wrong)?;
        let inner = addresses.strip_prefix('[').and_then(|rest| rest.split_once(']'));
        let addresses = match inner {
            Some((inner, rest)) => format!("{inner}{rest}"),
            // Whose last part is the port, and whose the address's?
            None if addresses.contains(':') && !addresses.contains('/') => return Err(wrong()),
            None => addresses.to_owned(),
        };
        let one = || addresses.parse::<IpAddr>().map(IpNet::from);
        let cidr = addresses.parse().or_else(|_| one()).map_err(|_| wrong())?;
        Ok(Self { cidr, port })
    }
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
