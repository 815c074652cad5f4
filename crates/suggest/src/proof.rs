//! The proof: what the one evaluator says of the set with other policies than today's.
use std::{collections::BTreeSet, net::IpAddr, sync::Arc};

use netloom_cluster::{PodId, Policy, Snapshot, Tier, build};
use netloom_objects::{ObjectRef, ObjectSet, Source, parse_sources};
use netloom_policy::{Direction, Side};
use netloom_reach::{AddressRange, ClassId, Party, PortSet, Reach, Why};

use crate::{
    ground::Ground,
    need::{Block, End, Need},
    suggestion::Suggestion,
};

/// The set with a suggestion in it, and what is not as it has to be.
#[derive(Debug)]
pub struct Proof {
    /// What is allowed then.
    pub after: Reach,
    /// Needs that something stands in the way of.
    pub unmet: Vec<Unmet>,
    /// How many needs were asked about.
    pub asked: usize,
}

/// A need that stays shut, or a part of it.
#[derive(Clone, Debug)]
pub struct Unmet {
    /// The need.
    pub need: Need,
    /// Who connects.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The ports that stay shut.
    pub ports: PortSet,
    /// Each side that denies.
    pub denied: Vec<(Direction, Side)>,
}

impl Proof {
    /// Judges the set with a suggestion's policies instead of those that it replaces.
    #[must_use]
    pub fn of(ground: &Ground<'_>, suggestion: &Suggestion) -> Self {
        let gone: BTreeSet<&ObjectRef> = suggestion.replaced.iter().map(|origin| &**origin).collect();
        let stays = |policy: &Policy| !gone.contains(&*policy.origin);
        let snapshot = with_policies(ground, stays, &suggestion.sources());
        let after = reach(ground, &snapshot, &suggestion.needs);
        let mut unmet = Vec::new();
        for need in &suggestion.needs {
            unmet.extend(judge(ground, &after, need));
        }
        Self { after, unmet, asked: suggestion.needs.len() }
    }
}

/// What is allowed in a Snapshot, with the pods that needs name and the set does not have.
pub(crate) fn reach(ground: &Ground<'_>, snapshot: &Snapshot, needs: &[Need]) -> Reach {
    let mut scope = ground.scope.clone();
    for end in needs.iter().flat_map(|need| [&need.from, &need.to]) {
        if let End::Elsewhere(pods) = end
            && !scope.stand_ins.contains(pods)
        {
            scope.stand_ins.push(pods.clone());
        }
    }
    Reach::of(ground.objects, snapshot, scope)
}

/// Today's Snapshot with some of its policies, and those of other sources.
pub(crate) fn with_policies(
    ground: &Ground<'_>,
    stays: impl Fn(&Policy) -> bool,
    sources: &[Source],
) -> Snapshot {
    let set = ObjectSet::assemble(parse_sources(sources));
    let new = build(&set, ground.options).snapshot.policies;
    let of_today = |wanted: fn(Tier) -> bool| {
        let today = ground.snapshot.policies.iter().filter(move |policy| wanted(policy.tier));
        today.filter(|policy| policy.tier != Tier::NetworkPolicy || stays(policy)).cloned()
    };
    // In the order of judgement.
    let mut policies: Vec<Arc<Policy>> = of_today(|tier| matches!(tier, Tier::Admin(_))).collect();
    policies.extend(of_today(|tier| tier == Tier::NetworkPolicy));
    policies.extend(new.iter().cloned());
    policies.extend(of_today(|tier| matches!(tier, Tier::Baseline(_))));
    Snapshot { policies: Arc::new(policies), ..ground.snapshot.clone() }
}

/// The parts of a need that are not allowed.
pub(crate) fn judge(ground: &Ground<'_>, reach: &Reach, need: &Need) -> Vec<Unmet> {
    let mut unmet: Vec<Unmet> = Vec::new();
    let (sources, targets) = (parties(ground, reach, &need.from), parties(ground, reach, &need.to));
    for from in &sources {
        for to in targets.iter().filter(|to| !is_itself(ground, *from, **to)) {
            let ports = need.ports.minus(&reach.allowed(*from, *to));
            // What is said of one pod goes for the others of its unit.
            if ports.is_none() || unmet.iter().any(|known| known.ports == ports) {
                continue;
            }
            unmet.push(Unmet {
                need: need.clone(),
                from: need.from.title(&ground.units),
                to: need.to.title(&ground.units),
                denied: denied(&reach.why(*from, *to), &ports),
                ports,
            });
        }
    }
    unmet
}

/// Whether both are one pod, although their unit has more: a unit is asked about its other pods.
fn is_itself(ground: &Ground<'_>, from: Party, to: Party) -> bool {
    match (from, to) {
        (Party::Pod(from), Party::Pod(to)) => {
            let unit = ground.units.of_pod(from);
            from == to && unit.is_some_and(|unit| ground.units.get(unit).pods.len() > 1)
        }
        _ => false,
    }
}

/// Each side that denies some of the ports, once.
fn denied(whys: &[Why], ports: &PortSet) -> Vec<(Direction, Side)> {
    let mut denied: Vec<(Direction, Side)> = Vec::new();
    for why in whys.iter().filter(|why| !why.ports.and(ports).is_none()) {
        for (direction, side) in [(Direction::Egress, &why.egress), (Direction::Ingress, &why.ingress)] {
            let known = denied.iter().any(|(d, s)| *d == direction && s == side);
            if !side.allowed && !known {
                denied.push((direction, side.clone()));
            }
        }
    }
    denied
}

/// One party for each class that an end has.
pub(crate) fn parties(ground: &Ground<'_>, reach: &Reach, end: &End) -> Vec<Party> {
    match end {
        End::Unit(unit) => of_pods(reach, &ground.units.get(*unit).pods),
        End::Elsewhere(pods) => {
            let place = reach.stand_ins().iter().position(|known| known == pods);
            place.map(Party::StandIn).into_iter().collect()
        }
        End::Blocks(blocks) => blocks.iter().flat_map(|block| of_block(reach, block)).collect(),
    }
}

/// Two of each class, so that they are asked about each other as well.
fn of_pods(reach: &Reach, pods: &[PodId]) -> Vec<Party> {
    let mut seen: Vec<(ClassId, usize)> = Vec::new();
    let mut parties = Vec::new();
    for pod in pods {
        let class = reach.class_of(Party::Pod(*pod));
        let place = seen.iter().position(|(known, _)| *known == class).unwrap_or_else(|| {
            seen.push((class, 0));
            seen.len() - 1
        });
        seen[place].1 += 1;
        if seen[place].1 <= 2 {
            parties.push(Party::Pod(*pod));
        }
    }
    parties
}

/// An address of each stretch of a block that policies tell apart.
fn of_block(reach: &Reach, block: &Block) -> Vec<Party> {
    let range = |net: &ipnet::IpNet| AddressRange { low: net.network(), high: net.broadcast() };
    let except: Vec<AddressRange> = block.except.iter().map(range).collect();
    let whole = range(&block.cidr);
    if block.cidr.prefix_len() == block.cidr.max_prefix_len() {
        return vec![Party::Address(block.cidr.addr())];
    }
    let outside = reach.outside().iter().filter_map(|outside| outside.range.and(&whole));
    let pieces: Vec<IpAddr> = outside.flat_map(|piece| piece.minus(&except)).map(|piece| piece.low).collect();
    pieces.into_iter().map(Party::Address).collect()
}
