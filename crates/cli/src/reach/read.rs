//! From paths to a Reach: no addresses are made up, unless a range of pods is given.
use netloom_cluster::{Addressing, Builder, Built, Options, Pending};
use netloom_objects::ObjectSet;
use netloom_reach::{Exposure, Reach, Scope};

use super::args;
use crate::{
    args::{Cluster, IpFamily},
    load::{Shown, Stop, build_set},
    progress::Progress,
    sets::LoadedSet,
};

/// What was read, and what was made of it.
pub struct Read {
    pub reach: Reach,
    /// Where it is asked about.
    pub exposure: Option<Exposure>,
    _objects: ObjectSet,
    _built: Built,
}

pub fn read(
    args: &args::Reach,
    set: LoadedSet,
    shown: &mut Shown,
    progress: &Progress,
) -> Result<Read, Stop> {
    let cluster = &args.reading.cluster;
    let mut options = cluster.options().map_err(Stop::Because)?;
    options.pending = Pending::Analysed;
    if cluster.pod_cidr.is_empty() {
        options.addressing = Addressing::Known;
    }
    progress.says("building the cluster".to_owned());
    let built = build_set(&mut Builder::new(options.clone()), &set, args.reading.keep_going, shown)?;
    let objects = ObjectSet::assemble(set.sources);
    progress.says("compiling policies".to_owned());
    let mut scope = scope(cluster, &options);
    let exposure = args.question.exposure.then(|| Exposure::prepare(&built.snapshot, &mut scope));
    let reach = Reach::of(&objects, &built.snapshot, scope);
    Ok(Read { reach, exposure, _objects: objects, _built: built })
}

fn scope(cluster: &Cluster, options: &Options) -> Scope {
    Scope {
        ipv6: cluster.ip_family.map(|family| !matches!(family, IpFamily::Ipv4)),
        inside: options.pod_cidrs.iter().collect(),
        ..Scope::default()
    }
}
