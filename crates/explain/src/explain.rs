//! Puts a question to the compiled world, and picks the way that says most: the first that fails.
use std::net::SocketAddr;

use netloom_cluster::{Family, Protocol};
use netloom_naming::ResolvConf;
use netloom_objects::{
    ObjectSet,
    unread::{Reader, Unread},
};

use crate::{
    Destination, End, ExplainError, Explanation, Hop, Origin, Outcome, Path, Stage, Target, Verdict, World,
    lines::Lines,
    lookup::{Aim, Source, Who},
    paths::{Taken, hops},
    plan::{Plan, plan},
    trace,
};

/// What a question may leave open.
#[derive(Clone, Debug, Default)]
pub struct Options<'a> {
    /// The protocol where neither the destination nor the port says one.
    pub protocol: Option<Protocol>,
    /// The nodes' own resolver configuration.
    pub host_resolver: ResolvConf,
    /// The objects that the world was made of: they give the lines of fields, and their text.
    pub objects: Option<&'a ObjectSet>,
}

/// What every part of an explanation needs.
pub(crate) struct Context<'a> {
    pub world: &'a World,
    pub options: &'a Options<'a>,
    pub lines: Lines<'a>,
}

/// Explains one request: every hop from a source to a destination, and what decides at each.
///
/// `from` is a workload, pod or Service (`namespace/name`, or the name alone), an address, `node/NAME` or `outside`;
/// `to` may also be a URL, and have a port. Of a source or a destination with several pods the hops are those of a
/// pair that fails, if one does.
///
/// # Errors
/// When the source or the destination is not there, is not clear, or lacks a port.
pub fn explain(
    world: &World,
    from: &str,
    to: &str,
    options: &Options<'_>,
) -> Result<Explanation, ExplainError> {
    let context = Context { world, options, lines: Lines { objects: options.objects } };
    let destination = Destination::parse(to)?;
    let source = Source::find(world, from)?;
    let aim = Aim::find(world, &source, &destination)?;
    let mut told: Option<(Family, Told)> = None;
    let mut note = None;
    for family in world.snapshot.families() {
        let Some(next) = in_family(&context, &source, &aim, &destination, family)? else { continue };
        match &told {
            None => told = Some((family, next)),
            Some((first, one)) if one.verdict != next.verdict => note = Some(differs(*first, family, &next)),
            Some(_) => {}
        }
    }
    let Some((_, mut told)) = told else { return Err(no_family(&source, to)) };
    told.hops.extend(note);
    for hop in &mut told.hops {
        hop.excerpt = hop.object.as_ref().and_then(|o| context.lines.excerpt(o));
    }
    let to = to.trim().to_owned();
    let not_judged =
        options.objects.map(|objects| Unread::of(objects, Reader::Connections)).unwrap_or_default();
    let (verdict, hops, asking) = (told.verdict, told.hops, told.asking);
    Ok(Explanation { from: source.label, to, verdict, hops, not_judged, asking })
}

fn no_family(source: &Source, to: &str) -> ExplainError {
    match source.who {
        Who::Outside => ExplainError::NoAddress {
            who: "outside".to_owned(),
            hint: "the address plan has none of the families that the cluster speaks",
        },
        _ => ExplainError::NoFamily { who: source.label.clone(), to: to.to_owned() },
    }
}

struct Told {
    verdict: Verdict,
    hops: Vec<Hop>,
    asking: Option<String>,
}

/// Everything that one source tries.
struct Journey {
    origin: Origin,
    plan: Plan,
    ways: Vec<(SocketAddr, Path)>,
}

impl Journey {
    fn failing(&self) -> usize {
        self.ways.iter().filter(|(_, path)| !path.answered()).count()
    }

    /// How bad it is: a name that cannot be looked up before anything, then the worst of the ways.
    fn badness(&self) -> (bool, u8) {
        let names = self.plan.hops.iter().any(|h| !h.is_ok());
        (names, self.ways.iter().map(|(_, path)| badness(path)).max().unwrap_or(0))
    }
}

fn badness(path: &Path) -> u8 {
    match path.end {
        End::Denied => 3,
        End::Rejected(_) | End::Dropped(_) | End::Unreachable(_) => 2,
        End::Delivered { listening: false, .. } => 1,
        End::Delivered { listening: true, .. } => 0,
    }
}

fn in_family(
    context: &Context<'_>,
    source: &Source,
    aim: &Aim,
    to: &Destination,
    family: Family,
) -> Result<Option<Told>, ExplainError> {
    let mut journeys = Vec::new();
    for origin in source.origins(context.world, family) {
        let Some(plan) = plan(context, origin, aim, to, family)? else { continue };
        let ways = plan.dials.iter().flat_map(|dial| {
            trace(context.world, origin, *dial, plan.protocol).into_iter().map(|path| (*dial, path))
        });
        let ways = ways.collect();
        journeys.push(Journey { origin, plan, ways });
    }
    let bad = |j: &Journey| j.badness() > (false, 0);
    let sources = (journeys.iter().filter(|j| bad(j)).count(), journeys.len());
    // The first of the worst: `max_by_key` would take the last.
    let Some(worst) = journeys.iter().rev().max_by_key(|j| j.badness()) else { return Ok(None) };
    Ok(Some(tell(context, worst, sources)))
}

/// The hops from some clients to each of some addresses, by one protocol: of the pair that fails, if one does. None
/// where no client has an address of the family of one of these.
#[must_use]
pub fn explain_leg(
    world: &World,
    origins: &[Origin],
    dials: &[SocketAddr],
    protocol: Protocol,
    options: &Options<'_>,
) -> Option<Vec<Hop>> {
    let context = Context { world, options, lines: Lines { objects: options.objects } };
    let speaks = |origin: &Origin, family: Family| match origin {
        Origin::Pod(pod) => world.snapshot.pod(*pod).ips.of(family).is_some(),
        Origin::Node(node) => world.snapshot.node(*node).ips.of(family).is_some(),
        Origin::Outside(ip) => Family::of(*ip) == family,
    };
    let journeys: Vec<Journey> = origins
        .iter()
        .filter_map(|origin| {
            let dials: Vec<SocketAddr> =
                dials.iter().filter(|dial| speaks(origin, Family::of(dial.ip()))).copied().collect();
            let ways = dials.iter().flat_map(|dial| {
                trace(world, *origin, *dial, protocol).into_iter().map(|path| (*dial, path))
            });
            let ways: Vec<_> = ways.collect();
            (!ways.is_empty()).then(|| Journey { origin: *origin, plan: Plan::to(dials, protocol), ways })
        })
        .collect();
    let failing = journeys.iter().filter(|journey| journey.failing() > 0).count();
    let worst = journeys.iter().rev().max_by_key(|journey| journey.badness())?;
    Some(tell(&context, worst, (failing, journeys.len())).hops)
}

fn tell(context: &Context<'_>, journey: &Journey, sources: (usize, usize)) -> Told {
    let mut told = journey.plan.hops.clone();
    if let Some((dial, path)) = journey.ways.iter().rev().max_by_key(|(_, path)| badness(path)) {
        let taken = Taken {
            origin: journey.origin,
            dial: *dial,
            protocol: journey.plan.protocol,
            path,
            service: journey.plan.service,
            beyond: journey.plan.beyond.as_deref(),
            dns: false,
        };
        told.extend(hops(context, &taken));
        let all = journey.ways.len();
        if let Some(answer) = told.iter_mut().find(|h| all > 1 && h.stage == Stage::Answer && h.is_ok()) {
            answer.why = format!("{}; the same holds for all {all} endpoints", answer.why);
        }
        if let Some(failing) = told.iter_mut().find(|h| h.stage != Stage::Name && !h.is_ok()) {
            failing.why.push_str(&how_many(&[
                (journey.failing(), all, "endpoints", true),
                (sources.0, sources.1, "pods that ask", sources.0 < sources.1),
            ]));
        }
    }
    told.extend(pending(context.world, journey));
    let denied = told.iter().any(|h| !h.is_ok());
    let verdict = if denied { Verdict::Denied } else { Verdict::Allowed };
    Told { verdict, hops: told, asking: asking(context.world, journey) }
}

/// ` (2 of 3 endpoints, 1 of 2 pods that ask)`.
fn how_many(counts: &[(usize, usize, &str, bool)]) -> String {
    let told = counts.iter().filter(|(_, all, _, said)| *said && *all > 1);
    let told: Vec<String> = told.map(|(some, all, what, _)| format!("{some} of {all} {what}")).collect();
    if told.is_empty() { String::new() } else { format!(" ({})", told.join(", ")) }
}

/// Pods at the ends of the way that no node takes.
fn pending(world: &World, journey: &Journey) -> Vec<Hop> {
    let from = match journey.origin {
        Origin::Pod(pod) => Some(pod),
        _ => None,
    };
    let to = journey.ways.iter().filter_map(|(_, path)| match path.end {
        End::Delivered { target: Target::Pod(pod), .. } => Some(pod),
        _ => None,
    });
    let mut pods: Vec<_> = from.into_iter().chain(to).collect();
    pods.sort_unstable();
    pods.dedup();
    let pods = pods.into_iter().map(|pod| world.snapshot.pod(pod)).filter(|pod| pod.pending);
    let note = |pod: &std::sync::Arc<netloom_cluster::Pod>| {
        let why =
            format!("{} is Pending, as no node takes it; this is how it will be once it runs", pod.name);
        Hop::ok(Stage::Note, why, Some(pod.origin.clone()))
    };
    pods.map(note).collect()
}

fn asking(world: &World, journey: &Journey) -> Option<String> {
    let Origin::Pod(pod) = journey.origin else { return None };
    let pod = world.snapshot.pod(pod);
    let family = journey.ways.first().map(|(dial, _)| Family::of(dial.ip()));
    let ip = family.map_or_else(|| pod.ips.iter().next(), |family| pod.ips.of(family))?;
    Some(format!("{}, {ip}, on {}", pod.name, world.snapshot.node(pod.node).name))
}

fn differs(first: Family, other: Family, told: &Told) -> Hop {
    let name = |family| match family {
        Family::V4 => "IPv4",
        Family::V6 => "IPv6",
    };
    let failing = told.hops.iter().find(|h| !h.is_ok());
    let (outcome, why) = match failing {
        Some(hop) => (
            Outcome::Denied,
            format!("over {} it is denied, unlike over {}: {}", name(other), name(first), hop.why),
        ),
        None => (Outcome::Ok, format!("over {} it is allowed, unlike over {}", name(other), name(first))),
    };
    Hop {
        stage: Stage::Note,
        outcome,
        why,
        object: failing.and_then(|h| h.object.clone()),
        fix: failing.and_then(|h| h.fix.clone()),
        excerpt: None,
        at_line: failing.is_some_and(|h| h.at_line),
    }
}
