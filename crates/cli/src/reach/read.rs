//! From paths to a Reach: no addresses are made up, unless a range of pods is given.
use netloom_cluster::{Addressing, Builder, Options};
use netloom_objects::{ObjectSet, parse_sources, read_sources};
use netloom_reach::{Reach, Scope};

use super::args;
use crate::{
    args::{Cluster, IpFamily},
    load::{Stop, build},
};

pub fn reach(args: &args::Reach) -> Result<Reach, Stop> {
    let cluster = &args.reading.cluster;
    let mut options = cluster.options().map_err(Stop::Because)?;
    if cluster.pod_cidr.is_empty() {
        options.addressing = Addressing::Known;
    }
    let sources = parse_sources(&read_sources(&args.paths)?);
    let built = build(&mut Builder::new(options.clone()), &sources, args.reading.keep_going)?;
    let objects = ObjectSet::assemble(sources);
    let reach = Reach::of(&objects, &built.snapshot, scope(cluster, &options));
    // The process ends soon, and millions of small pieces take long to give back one by one.
    std::mem::forget((objects, built));
    Ok(reach)
}

fn scope(cluster: &Cluster, options: &Options) -> Scope {
    Scope {
        ipv6: cluster.ip_family.map(|family| !matches!(family, IpFamily::Ipv4)),
        inside: options.pod_cidrs.iter().collect(),
        ..Scope::default()
    }
}
