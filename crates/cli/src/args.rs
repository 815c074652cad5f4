//! The command line.
use std::{ffi::OsString, net::SocketAddr, path::PathBuf};

use clap::{Args, Parser, Subcommand, ValueEnum};
use ipnet::IpNet;
use netloom_cluster::{Families, Nets, Options};

/// The whole Kubernetes network in one binary: check it, predict it, run it, watch it.
#[derive(Debug, Parser)]
#[command(version, propagate_version = true, max_term_width = 100, after_help = AFTER)]
pub struct Cli {
    #[command(subcommand)]
    pub command: Command,
}

const AFTER: &str = "\
Exit status: 0 fine, 1 something was found, a connection is denied or went otherwise than predicted, 2 the input or the
machine is at fault.

Start with:
  netloom check examples/shop-broken
  netloom verify examples/shop
  netloom explain examples/shop production/frontend http://backend:8080";

#[derive(Debug, Subcommand)]
pub enum Command {
    /// Find mistakes and departures from best practice in manifests, each at its field
    #[command(after_help = crate::check::AFTER)]
    Check(crate::check::Check),
    /// Run the network of these manifests here, with real packets
    #[command(after_help = UP_AFTER)]
    Up(Up),
    /// Run a command inside a running pod's network
    #[command(after_help = EXEC_AFTER)]
    Exec(Exec),
    /// Tell who can reach whom, on which ports
    #[command(after_help = crate::reach::AFTER)]
    Reach(crate::reach::Reach),
    /// Tell what a change opens and closes, between two folders or two git revisions
    #[command(after_help = crate::diff::AFTER)]
    Diff(crate::diff::Diff),
    /// Write the least policies that keep what is needed, and prove that they do
    #[command(after_help = crate::suggest::AFTER)]
    Suggest(crate::suggest::Suggest),
    /// Explain one connection: every hop, and the object and line that decides it
    #[command(after_help = EXPLAIN_AFTER)]
    Explain(Explain),
    /// Run the network, open every connection, and hold the packets against the prediction
    #[command(after_help = VERIFY_AFTER)]
    Verify(Verify),
    /// List what is deployed together: overlays, charts, what GitOps deploys, plain folders
    #[command(after_help = crate::sets::AFTER)]
    Sets(crate::sets::List),
    /// Serve an editor: findings, repairs and the rules' pages while manifests are written
    #[command(after_help = crate::lsp::AFTER)]
    Lsp(crate::lsp::Lsp),
    /// Print a completion script for a shell
    Completions {
        /// The shell
        shell: clap_complete::Shell,
    },
    #[command(name = netloom_embedded::RUN_COMMAND, hide = true)]
    RunInPod { command: OsString },
}

const UP_AFTER: &str = "\
No root is needed: everything is made inside a user namespace, and is gone when the command ends, however it ends.

Examples:
  netloom up manifests/                          two nodes, stand-ins that answer on every container port
  netloom up manifests/ --watch                  apply edits while it runs
  netloom up manifests/ --run shop/web='python3 -m http.server 8080'
  netloom up manifests/ --dry-run                print the nftables rules of every node and end
  kustomize build . | netloom up -               read standard input";

const EXEC_AFTER: &str = "\
The command sees the pod's network, resolv.conf, hosts and hostname, and this machine's programs and files.

Examples:
  netloom exec -n production frontend            a shell
  netloom exec production/frontend -- curl -s http://backend:8080
  netloom exec outside -- curl -s http://198.18.0.1   from outside of the cluster
  netloom exec node/node-1 -- ip route                on a node";

const EXPLAIN_AFTER: &str = "\
FROM and TO are namespace/workload, a pod, node/NAME, an address, or `outside`. TO may also be a URL,
service:port or pod:port; `/udp` behind the port asks about UDP.

Exit status: 0 allowed, 1 denied, 2 the question or the input is at fault.

Examples:
  netloom explain manifests/ production/frontend http://backend:8080/cart
  netloom explain manifests/ monitoring/prometheus production/backend:9090
  netloom explain manifests/ outside shop.example:443
  netloom explain manifests/ production/frontend kube-dns.kube-system:53/udp";

const VERIFY_AFTER: &str = "\
A connection is opened from every pod, every node and the outside to every pod port and every Service port, in
every IP family. SCTP is predicted and programmed, but not probed: Linux machines rarely have its sockets.

Exit status: 0 all went as predicted, 1 some did not, 2 the input or the machine is at fault.

Examples:
  netloom verify manifests/
  netloom verify manifests/ -o json
  netloom verify cluster.yaml --expect expected.csv
  netloom verify cluster.yaml --cases cases/      each folder's manifests and expected.csv in turn";

/// The manifests of a command.
#[derive(Clone, Debug, Args)]
pub struct Input {
    /// Manifests: files, folders (walked; kustomizations and Helm charts are rendered), or - for standard input
    #[arg(required = true, value_name = "PATH")]
    pub paths: Vec<PathBuf>,
    /// Namespace of charts' releases, and of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
}

/// How manifests are read.
#[derive(Clone, Debug, Args)]
pub struct Reading {
    /// Go on although the input has errors; what is broken is left out
    #[arg(long)]
    pub keep_going: bool,
    #[command(flatten)]
    pub packages: Packages,
    #[command(flatten)]
    pub configuration: Configuration,
    #[command(flatten)]
    pub cluster: Cluster,
}

/// Where the configuration is.
#[derive(Clone, Debug, Default, Args)]
pub struct Configuration {
    /// Configuration (default: the first netloom.toml upwards from the first PATH)
    #[arg(long, value_name = "FILE", conflicts_with = "no_config")]
    pub config: Option<PathBuf>,
    /// Use no netloom.toml
    #[arg(long)]
    pub no_config: bool,
}

/// What is deployed together, and what is done with kustomizations and Helm charts.
#[derive(Clone, Debug, Default, Args)]
#[command(next_help_heading = "Sets")]
pub struct Packages {
    /// Only this set of those that are deployed from here (`netloom sets` lists them); may be given several times
    #[arg(long, value_name = "NAME")]
    pub set: Vec<String>,
    /// Values file for charts; several go over each other
    #[arg(long, value_name = "FILE")]
    pub values: Vec<PathBuf>,
    /// Value for charts, over all files; may be given several times
    #[arg(long, value_name = "KEY=VALUE")]
    pub set_value: Vec<String>,
    /// Read kustomizations and Helm charts as the files that they are: do not run kustomize, kubectl or helm
    #[arg(long)]
    pub no_render: bool,
    /// Let kustomize and helm fetch bases and charts that are not here
    #[arg(long, conflicts_with = "no_render")]
    pub remote: bool,
    /// Seconds after which kustomize or helm is ended while it makes the manifests of one folder
    ///
    /// [default: 60]
    #[arg(long, value_name = "SECONDS", value_parser = clap::value_parser!(u64).range(1..))]
    pub render_timeout: Option<u64>,
    /// Make manifests anew, and keep nothing of them in the cache
    #[arg(long)]
    pub no_cache: bool,
}

/// How the cluster is laid out.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Cluster")]
pub struct Cluster {
    /// Nodes to make where the manifests declare none
    ///
    /// [default: 2]
    #[arg(long, value_parser = clap::value_parser!(u32).range(1..=250), value_name = "N")]
    pub nodes: Option<u32>,
    /// IP families of the cluster
    ///
    /// [default: dual]
    #[arg(long, value_enum)]
    pub ip_family: Option<IpFamily>,
    /// Range that LoadBalancer addresses come from (once for each family)
    #[arg(long, value_name = "CIDR")]
    pub lb_cidr: Vec<IpNet>,
    /// Range that pods get addresses from (once for each family)
    #[arg(long, value_name = "CIDR")]
    pub pod_cidr: Vec<IpNet>,
    /// Range that ClusterIPs come from (once for each family)
    #[arg(long, value_name = "CIDR")]
    pub service_cidr: Vec<IpNet>,
    /// Range that nodes get addresses from (once for each family)
    #[arg(long, value_name = "CIDR")]
    pub node_cidr: Vec<IpNet>,
    /// DNS zone of the cluster
    ///
    /// [default: cluster.local]
    #[arg(long, value_name = "ZONE")]
    pub cluster_domain: Option<String>,
    /// Do not add a cluster DNS where the manifests have none
    #[arg(long)]
    pub no_dns: bool,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum IpFamily {
    /// IPv4 and IPv6
    Dual,
    /// IPv4 only
    Ipv4,
    /// IPv6 only
    Ipv6,
}

#[derive(Clone, Copy, Debug, ValueEnum)]
pub enum OverlayKind {
    /// VXLAN between the nodes
    Vxlan,
    /// Plain routing between the nodes
    None,
}

#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum Output {
    /// For people
    Text,
    /// For programs
    Json,
}

/// How `verify` answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq, ValueEnum)]
pub enum VerifyOutput {
    /// For people
    Text,
    /// For programs
    Json,
    /// JUnit XML, for CI: a case an expectation, and one for all connections
    Junit,
}

/// How the network is run.
#[derive(Clone, Debug, Args)]
#[command(next_help_heading = "Network")]
pub struct Running {
    /// How nodes are joined
    #[arg(long, value_enum, default_value_t = OverlayKind::Vxlan)]
    pub overlay: OverlayKind,
    /// DNS server of this machine's network for names outside of the cluster (default: such names are refused)
    #[arg(long, value_name = "ADDRESS[:PORT]", value_parser = server)]
    pub upstream_dns: Vec<SocketAddr>,
    /// Program no Services and no policies: what benchmarks compare with
    #[arg(long, hide = true)]
    pub bare: bool,
    /// Run a command in a pod or a workload's pods, instead of a stand-in
    #[arg(long, value_name = "NAMESPACE/NAME=COMMAND", value_parser = run)]
    pub run: Vec<(String, String)>,
    /// Run the commands that manifests name in the annotation netloom.dev/run: only for manifests that you trust
    ///
    /// `[up] allow-run = true` in ~/.config/netloom/netloom.toml allows it for all.
    #[arg(long)]
    pub allow_run: bool,
}

#[derive(Debug, Args)]
pub struct Up {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub running: Running,
    /// Apply edited manifests while running
    #[arg(long)]
    pub watch: bool,
    /// Print what would be programmed, in nft syntax, and end
    #[arg(long)]
    pub dry_run: bool,
    /// Name by which `netloom exec` finds this network (default: a free one)
    #[arg(long, value_name = "NAME")]
    pub name: Option<String>,
    /// End as soon as the network is ready, and print how long that took
    #[arg(long, hide = true)]
    pub once: bool,
}

#[derive(Debug, Args)]
pub struct Exec {
    /// Namespace of the pod
    #[arg(short, long)]
    pub namespace: Option<String>,
    /// Which network, if several run
    #[arg(long, value_name = "NAME")]
    pub network: Option<String>,
    /// A pod or a workload, also as namespace/name; node/NAME; or outside
    pub pod: String,
    /// The command (default: a shell)
    #[arg(last = true, value_name = "CMD")]
    pub command: Vec<OsString>,
}

#[derive(Debug, Args)]
#[command(override_usage = "netloom explain [OPTIONS] <PATH>... <FROM> <TO>")]
pub struct Explain {
    /// Manifests (files, folders, or - for standard input); then who connects; then to what
    #[arg(required = true, value_name = "PATH... FROM TO")]
    pub question: Vec<String>,
    /// Namespace of charts' releases, and of objects that name none
    #[arg(short, long, value_name = "NAMESPACE")]
    pub namespace: Option<String>,
    #[command(flatten)]
    pub reading: Reading,
    /// Format of the answer
    #[arg(short, long, value_enum, default_value_t = Output::Text)]
    pub output: Output,
}

#[derive(Debug, Args)]
pub struct Verify {
    #[command(flatten)]
    pub input: Input,
    #[command(flatten)]
    pub running: Running,
    /// Hold prediction and packets against this file too: expectations as `netloom reach --help` describes them, or
    /// a table (from,to,protocol,port,ingress,egress,combined)
    #[arg(long, value_name = "FILE")]
    pub expect: Option<PathBuf>,
    /// Bring PATH up once, and apply and verify each subfolder's manifests and expected.csv in turn
    #[arg(long, value_name = "DIR", conflicts_with = "expect")]
    pub cases: Option<PathBuf>,
    /// Connections to open at most; beyond it an even share of them
    #[arg(long, default_value_t = 200_000, value_name = "N")]
    pub max_probes: usize,
    /// Format of the report
    #[arg(short, long, value_enum, default_value_t = VerifyOutput::Text)]
    pub output: VerifyOutput,
}

impl Cluster {
    /// The options of the Snapshot.
    ///
    /// # Errors
    /// As [`Self::over`].
    pub fn options(&self) -> Result<Options, String> {
        self.over(&Options::default())
    }

    /// As [`Self::options`], with `base` for what is not given.
    ///
    /// # Errors
    /// When a range is given twice for one family, or no cluster can be laid out like that.
    pub fn over(&self, base: &Options) -> Result<Options, String> {
        let over = |base: Nets, given: Nets| Nets { v4: given.v4.or(base.v4), v6: given.v6.or(base.v6) };
        let options = Options {
            nodes: self.nodes.unwrap_or(base.nodes),
            families: match self.ip_family {
                Some(IpFamily::Dual) => Families::Dual,
                Some(IpFamily::Ipv4) => Families::V4,
                Some(IpFamily::Ipv6) => Families::V6,
                None => base.families,
            },
            zone: self
                .cluster_domain
                .as_ref()
                .map_or_else(|| base.zone.clone(), |zone| zone.trim_end_matches('.').to_owned()),
            pod_cidrs: over(base.pod_cidrs, nets("--pod-cidr", &self.pod_cidr)?),
            service_cidrs: over(base.service_cidrs, nets("--service-cidr", &self.service_cidr)?),
            lb_cidrs: over(base.lb_cidrs, nets("--lb-cidr", &self.lb_cidr)?),
            node_cidrs: over(base.node_cidrs, nets("--node-cidr", &self.node_cidr)?),
            outside: base.outside,
            addressing: base.addressing,
            pending: base.pending,
            add_dns: base.add_dns && !self.no_dns,
        };
        options.check().map_err(|error| error.to_string())?;
        Ok(options)
    }
}

fn nets(option: &str, given: &[IpNet]) -> Result<Nets, String> {
    let mut nets = Nets::default();
    for net in given {
        let taken = match net.trunc() {
            IpNet::V4(net) => nets.v4.replace(net).is_some(),
            IpNet::V6(net) => nets.v6.replace(net).is_some(),
        };
        if taken {
            return Err(format!("{option} is given twice for one IP family"));
        }
    }
    Ok(nets)
}

fn server(text: &str) -> Result<SocketAddr, String> {
    let with_port = text.parse::<SocketAddr>();
    with_port
        .or_else(|_| text.parse().map(|ip| SocketAddr::new(ip, 53)))
        .map_err(|_| format!("`{text}` is no address; write 192.0.2.1, 192.0.2.1:53 or [2001:db8::1]:53"))
}

fn run(text: &str) -> Result<(String, String), String> {
    let (name, command) = text.split_once('=').ok_or("write NAMESPACE/NAME=COMMAND")?;
    if !name.contains('/') || command.trim().is_empty() {
        return Err("write NAMESPACE/NAME=COMMAND, such as shop/web='python3 -m http.server 8080'".to_owned());
    }
    Ok((name.to_owned(), command.to_owned()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use clap::CommandFactory as _;

    #[test]
    fn the_command_line_is_sound() {
        Cli::command().debug_assert();
    }

    #[test]
    fn servers_and_runs_are_read() {
        assert_eq!(server("192.0.2.1").unwrap().port(), 53);
        assert_eq!(server("[2001:db8::1]:5353").unwrap().port(), 5353);
        assert!(server("dns.example").is_err());
        assert_eq!(run("a/b=c=d").unwrap(), ("a/b".to_owned(), "c=d".to_owned()));
        assert!(run("b=c").is_err() && run("a/b").is_err() && run("a/b= ").is_err());
    }
}
