//! The name hops: whether the DNS can be asked, and what it makes of the name.
use std::{
    net::{IpAddr, SocketAddr},
    sync::Arc,
};

use netloom_cluster::{Family, PodId, Protocol, Service};
use netloom_naming::{
    Attempt, Did, Hosts, Outcome as Found, Resolution, ResolvConf, Step, Target, resolv_conf, resolve,
};
use netloom_objects::ObjectRef;

use crate::{
    Hop, Origin, Stage, World,
    error::list,
    explain::Context,
    paths::{Taken, failing_hop, label},
    similar::similar,
    trace,
};

/// The port of the DNS.
const DNS: u16 = 53;

/// What a pod makes of a name.
pub(crate) struct Lookup {
    pub conf: ResolvConf,
    pub resolution: Resolution,
    pub pod: PodId,
}

impl Lookup {
    /// Whether the DNS had to be asked.
    pub fn asks(&self) -> bool {
        !self.resolution.tried.is_empty()
    }
}

/// Asks for a name as a pod does.
pub(crate) fn look_up(context: &Context<'_>, pod: PodId, name: &str, family: Option<Family>) -> Lookup {
    let snapshot = &context.world.snapshot;
    let conf = resolv_conf(snapshot, snapshot.pod(pod), &context.options.host_resolver);
    let hosts = Hosts::of(snapshot, snapshot.pod(pod));
    let client = snapshot.pod(pod).ips.iter().next();
    let resolution = resolve(&context.world.dns, &conf, &hosts, name, family, client);
    Lookup { conf, resolution, pod }
}

/// The search domains of a namespace's pods, without a nameserver.
pub(crate) fn cluster_conf(zone: &str, namespace: &str) -> ResolvConf {
    let searches = vec![format!("{namespace}.svc.{zone}"), format!("svc.{zone}"), zone.to_owned()];
    let options = vec![("ndots".to_owned(), Some("5".to_owned()))];
    ResolvConf { searches, options, ..ResolvConf::default() }
}

/// The Service that a reference names.
pub(crate) fn service_of<'w>(world: &'w World, source: Option<&Arc<ObjectRef>>) -> Option<&'w Arc<Service>> {
    let source = source.filter(|s| &*s.kind == "Service")?;
    world.snapshot.find_service(source.namespace.as_deref()?, &source.name)
}

/// Whether a pod can ask its nameservers: nothing where it can without reserve.
pub(crate) fn dns_hop(context: &Context<'_>, pod: PodId, conf: &ResolvConf) -> Option<Hop> {
    let world = context.world;
    let snapshot = &world.snapshot;
    let name = label(snapshot.pod(pod));
    if conf.nameservers.is_empty() {
        let why = format!("{name} has no nameserver: {}", conf.warnings.join("; "));
        let object = snapshot.pod(pod).origin.clone();
        let policy = if snapshot.pod(pod).host_network { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
        let fix = format!("use `dnsPolicy: {policy}`, or name a nameserver in `dnsConfig.nameservers`");
        return Some(Hop::denied(Stage::Name, why, Some(object)).with_fix(fix));
    }
    let broken = |ip, protocol| {
        let at = SocketAddr::new(ip, DNS);
        let path = trace(world, Origin::Pod(pod), at, protocol).into_iter().find(|p| !p.answered())?;
        let taken = Taken {
            origin: Origin::Pod(pod),
            dial: at,
            protocol,
            path: &path,
            service: None,
            beyond: None,
            dns: true,
        };
        failing_hop(context, &taken)
    };
    let mut udp = conf.nameservers.iter().map(|ip| (*ip, broken(*ip, Protocol::Udp)));
    let working = udp.clone().find(|(_, hop)| hop.is_none()).map(|(ip, _)| ip);
    let Some(working) = working else {
        let (ip, hop) = udp.next()?;
        let mut hop = hop?;
        hop.why = format!("{name} cannot ask the DNS at {ip}: {}", hop.why);
        return Some(Hop { stage: Stage::Name, ..hop });
    };
    let mut tcp = broken(working, Protocol::Tcp)?;
    tcp.why = format!(
        "{name} can ask the DNS at {working} over UDP but not over TCP, so that answers too long for one packet fail: {}",
        tcp.why
    );
    Some(Hop { stage: Stage::Name, outcome: crate::Outcome::Ok, ..tcp })
}

/// Where a pod asks nameservers that are not the cluster's for a name that only the cluster has: that it fails.
pub(crate) fn elsewhere(context: &Context<'_>, pod: PodId, name: &str, lookup: &Lookup) -> Option<Hop> {
    let snapshot = &context.world.snapshot;
    let inside = |ip: IpAddr| {
        snapshot.plan.service_cidrs.contains(ip)
            || snapshot.is_of_pods(ip)
            || context.world.dns.node_local_at(ip).is_some()
    };
    let servers = &lookup.conf.nameservers;
    let known = |found: &Found| {
        matches!(found, Found::Addresses { .. } | Found::Alias { .. } | Found::NoAddress { .. })
    };
    // What a pod of the same namespace would get that asks the cluster's DNS.
    let would = cluster_conf(&snapshot.zone, &snapshot.pod(pod).namespace);
    let ours = known(&lookup.resolution.outcome)
        || known(&resolve(&context.world.dns, &would, &Hosts::default(), name, None, None).outcome);
    if !ours || servers.is_empty() || servers.iter().any(|ip| inside(*ip)) {
        return None;
    }
    let pod = snapshot.pod(pod);
    let servers: Vec<String> = servers.iter().map(ToString::to_string).collect();
    let why = format!(
        "{} asks {}, not the cluster's DNS, and {name} is a name of the cluster",
        label(pod),
        list(&servers, "and")
    );
    let specs = ["spec.template.spec", "spec"];
    let paths = ["dnsPolicy", "hostNetwork"].map(|field| specs.map(|spec| format!("{spec}.{field}")));
    let paths: Vec<&str> = paths.iter().flatten().map(String::as_str).collect();
    let object = context.lines.field(&pod.origin, &paths);
    let policy = if pod.host_network { "ClusterFirstWithHostNet" } else { "ClusterFirst" };
    Some(Hop::denied(Stage::Name, why, Some(object)).with_fix(format!("write `dnsPolicy: {policy}`")))
}

/// What came of the name.
pub(crate) fn name_hop(context: &Context<'_>, name: &str, lookup: &Lookup) -> Hop {
    let tried = &lookup.resolution.tried;
    match &lookup.resolution.outcome {
        Found::Literal(ip) => Hop::ok(Stage::Name, format!("{ip} is an address already"), None),
        Found::File(addresses) => {
            let shown: Vec<String> = addresses.iter().map(ToString::to_string).collect();
            let pod = context.world.snapshot.pod(lookup.pod);
            let listed =
                pod.host_aliases.iter().any(|a| a.names.iter().any(|n| n.eq_ignore_ascii_case(name)));
            let (by, object) = if listed {
                let specs = ["spec.template.spec", "spec", "spec.jobTemplate.spec.template.spec"];
                let paths = specs.map(|spec| format!("{spec}.hostAliases"));
                let paths: Vec<&str> = paths.iter().map(String::as_str).collect();
                (" (hostAliases)", context.lines.field(&pod.origin, &paths))
            } else {
                ("", pod.origin.clone())
            };
            let why = format!("{name} is {} in the hosts file of {}{by}", shown.join(", "), label(pod));
            Hop::ok(Stage::Name, why, Some(object))
        }
        Found::Addresses { name: full, addresses, source } => {
            let shown: Vec<String> = addresses.iter().take(4).map(ToString::to_string).collect();
            let more = match addresses.len().saturating_sub(shown.len()) {
                0 => String::new(),
                more => format!(" and {more} more"),
            };
            let steps = steps_of(tried, full);
            let by = by_corefile(steps);
            let why =
                format!("{}is {}{more}{}{by}", becomes(name, full), shown.join(", "), place(tried, full));
            let object = source.as_ref().map(|s| context.lines.field(s, &["metadata.name"]));
            Hop::ok(Stage::Name, why, object.or_else(|| steps.last().map(|step| step.at.clone())))
        }
        Found::Alias { name: full, target, source } => {
            let by = by_corefile(steps_of(tried, full));
            let why = format!("{}is an alias of {target}, outside of the cluster{by}", becomes(name, full));
            let object = source.as_ref().map(|s| context.lines.field(s, &["spec.externalName"]));
            Hop::ok(Stage::Name, why, object)
        }
        Found::Outside(_) if !may_be_outside(context, name) => not_found(context, name, lookup, None),
        Found::Outside(names) => {
            let why = match names.as_slice() {
                [one] if is_api_server(context, one) => format!(
                    "{one} is the API server's Service, which every cluster has and these manifests do not declare; \
                     it is judged as an address outside of the cluster"
                ),
                [one] => format!("{one} is not the cluster's: its DNS asks {}", asked(tried)),
                many => {
                    let (asked, names) = (asked(tried), list(many, "and"));
                    format!("{name} is not the cluster's: its DNS asks {asked} for {names}")
                }
            };
            Hop::ok(Stage::Name, why, None)
        }
        Found::NoAddress { name: full, source } => {
            let why = format!("{}exists, but has no address", becomes(name, full));
            Hop::denied(Stage::Name, why, source.clone())
        }
        Found::Failed { name: full, rcode, steps } => {
            let code = netloom_naming::types::rcode_name(*rcode);
            let why = format!("{}gets {code} from the DNS{}", becomes(name, full), by_corefile(steps));
            Hop::denied(Stage::Name, why, steps.last().map(|step| step.at.clone()))
        }
        Found::NotFound { source } => not_found(context, name, lookup, source.as_ref()),
    }
}

/// Whether a name means nothing that the cluster has, and may mean something outside of it.
#[must_use]
pub fn is_foreign(world: &World, name: &str) -> bool {
    let conf = cluster_conf(&world.snapshot.zone, "default");
    let found =
        netloom_naming::resolve(&world.dns, &conf, &netloom_naming::Hosts::default(), name, None, None);
    let options = crate::Options::default();
    let context = Context { world, options: &options, lines: crate::lines::Lines { objects: None } };
    matches!(found.outcome, netloom_naming::Outcome::Outside(_)) && may_be_outside(&context, name)
}

/// Whether a name that the cluster does not have may exist outside of it: short ones never do, and one that ends with
/// nearly a namespace's name is meant to be a Service's.
pub(crate) fn may_be_outside(context: &Context<'_>, name: &str) -> bool {
    let snapshot = &context.world.snapshot;
    match name.trim_end_matches('.').split_once('.') {
        None => false,
        Some((service, namespace)) => {
            let near = similar(namespace, snapshot.namespaces.iter().map(|n| &*n.name));
            let known = snapshot.find_namespace(namespace).is_some();
            !known && !near.iter().any(|n| snapshot.find_service(n, service).is_some())
        }
    }
}

/// Whether a name is that of Service `kubernetes`, which the API server makes for itself.
fn is_api_server(context: &Context<'_>, name: &str) -> bool {
    let zone = &*context.world.snapshot.zone;
    let name = name.trim_end_matches('.');
    let rest = name.strip_prefix("kubernetes.default");
    rest.is_some_and(|rest| matches!(rest, "" | ".svc") || rest.strip_prefix(".svc.") == Some(zone))
}

/// The lines of the Corefile that had a part in an answer.
fn steps_of<'t>(tried: &'t [Attempt], full: &str) -> &'t [Step] {
    let answered = |a: &&Attempt| a.name == full && !a.answer.records().is_empty();
    tried.iter().find(answered).map_or(&[], |attempt| attempt.steps.as_slice())
}

/// What the Corefile did beyond looking up the cluster's own names.
fn by_corefile(steps: &[Step]) -> String {
    let told = steps.iter().filter(|step| step.plugin != "kubernetes" || step.did != Did::Answered);
    let told: Vec<String> = told.map(|step| format!("; {step}")).collect();
    told.concat()
}

/// Whom the DNS asks for what it does not know.
fn asked(tried: &[Attempt]) -> String {
    let forward = tried.iter().rev().find_map(|attempt| attempt.asks.as_ref());
    let servers =
        forward.into_iter().flat_map(|forward| &forward.targets).filter_map(|target| match target {
            Target::Server(at) if at.port() == DNS => Some(at.ip().to_string()),
            Target::Server(at) => Some(at.to_string()),
            Target::Machine | Target::Cluster => None,
        });
    let servers: Vec<String> = servers.collect();
    let line = forward.and_then(|forward| forward.at.as_ref());
    match (servers.is_empty(), line) {
        (false, Some(line)) => format!("{} ({})", list(&servers, "or"), line.at),
        _ => "upstream".to_owned(),
    }
}

fn becomes(name: &str, full: &str) -> String {
    if name.trim_end_matches('.').eq_ignore_ascii_case(full) {
        format!("{name} ")
    } else {
        format!("{name} → {full} ")
    }
}

/// At which of the resolver's questions the answer came, where it was not the first.
fn place(tried: &[Attempt], full: &str) -> String {
    let mut names: Vec<&str> = Vec::new();
    for attempt in tried {
        if !names.contains(&attempt.name.as_str()) {
            names.push(&attempt.name);
        }
    }
    match names.iter().position(|n| *n == full) {
        None | Some(0) => String::new(),
        Some(before) => format!(" (after {before} other name{})", if before == 1 { "" } else { "s" }),
    }
}

fn not_found(context: &Context<'_>, name: &str, lookup: &Lookup, source: Option<&Arc<ObjectRef>>) -> Hop {
    let world = context.world;
    if let Some(service) = service_of(world, source) {
        let who = service.qualified_name();
        let (why, fix) = if service.endpoints.is_empty() {
            (
                format!(
                    "{name}: Service {who} is headless and has no endpoints, so that its name does not exist"
                ),
                "let its selector match pods",
            )
        } else {
            (
                format!(
                    "{name}: Service {who} is headless and none of its endpoints is ready, so that its name does not exist"
                ),
                "make a pod of it ready, or set `publishNotReadyAddresses: true`",
            )
        };
        let object = context.lines.field(&service.origin, &["spec.selector"]);
        return Hop::denied(Stage::Name, why, Some(object)).with_fix(fix);
    }
    let mut names: Vec<&str> = lookup.resolution.tried.iter().map(|a| a.name.as_str()).collect();
    names.dedup();
    let zone = &world.snapshot.zone;
    let shortened =
        |n: &str| n.strip_suffix(&format!(".svc.{zone}")).map_or_else(|| n.to_owned(), str::to_owned);
    let first = names.first().map(|n| shortened(n));
    let why = match names.len() {
        0 | 1 => format!("there is no name {name}"),
        many => format!("there is no name {name}: none of the {many} names tried exists"),
    };
    let hop = Hop::denied(Stage::Name, why, None);
    match suggestion(world, name, first.as_deref()) {
        Some(fix) => hop.with_advice(fix),
        None => hop,
    }
}

fn suggestion(world: &World, name: &str, first: Option<&str>) -> Option<String> {
    let services = &world.snapshot.services;
    let short = name.split('.').next().unwrap_or(name);
    let elsewhere: Vec<String> = services
        .iter()
        .filter(|s| *s.name == *short)
        .map(|s| format!("{}.{}", s.name, s.namespace))
        .collect();
    if !elsewhere.is_empty() {
        return Some(format!("the Service is in another namespace: call it {}", list(&elsewhere, "or")));
    }
    // `name.namespace` as it was looked up, so that names of the asking pod's own namespace count as near.
    let namespace = first.and_then(|f| f.split('.').nth(1));
    let here = services.iter().filter(|s| namespace.is_none_or(|n| *s.namespace == *n));
    let near = similar(short, here.map(|s| &*s.name));
    (!near.is_empty()).then(|| format!("did you mean {}?", list(&near, "or")))
}
