//! Why connections changed: what each side of one decided before and after, and the changed objects behind it.
use std::{
    collections::{BTreeSet, HashMap, HashSet},
    net::IpAddr,
    sync::Arc,
};

use netloom_objects::ObjectRef;
use netloom_policy::Direction;
use netloom_reach::{
    AddressRange, Party, PortSet, Reach, Why,
    report::{Kinds, ReasonOf},
};

use crate::{
    diff::{Diff, End, Group},
    units::UnitId,
    ways::WayChange,
};

/// One side of a connection that decides otherwise than before: it denied and allows now, or the other way round.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub struct Cause {
    /// Which side.
    pub direction: Direction,
    /// What it decided; none where one of the two was not there.
    pub before: Option<ReasonOf>,
    /// What it decides; none where one of the two is not there any more.
    pub after: Option<ReasonOf>,
}

/// Everything that causes a group of changes.
#[derive(Clone, Debug, Default)]
pub struct Causes {
    /// Each once, in the order in which they are met.
    pub all: Vec<Cause>,
    /// The changed objects behind them, by their place in [`Diff::objects`].
    pub objects: BTreeSet<usize>,
    /// Whether every pair of ends was asked that may have other causes.
    pub complete: bool,
}

/// An end on both sides, and what it is called by.
#[derive(Clone, Copy, Debug)]
struct Parties {
    before: Option<Party>,
    after: Option<Party>,
    unit: Option<UnitId>,
}

impl Diff<'_> {
    /// What causes a group of changes. Ends that different rules decide about are asked one by one, `most` pairs of
    /// them at most.
    #[must_use]
    pub fn causes(&self, group: &Group, most: usize) -> Causes {
        if group.from == [End::Controller] {
            return self.causes_of_carried(group);
        }
        let (from, to) = (self.examples(&group.from), self.examples(&group.to));
        let mut found = Found::default();
        let mut asked = 0;
        // First each end once, then all the pairs.
        let longer = from.len().max(to.len());
        let once = (0..longer).map(|nth| (nth % from.len().max(1), nth % to.len().max(1)));
        let every = (0..from.len()).flat_map(|i| (0..to.len()).map(move |j| (i, j)));
        let mut seen = HashSet::new();
        for (i, j) in once.chain(every) {
            let (Some(from), Some(to)) = (from.get(i), to.get(j)) else { continue };
            if !seen.insert((i, j)) {
                continue;
            }
            if asked == most {
                return self.with_objects(found, false);
            }
            let apart = |a: &Parties, b: &Parties| a.unit.is_none() || a.unit != b.unit;
            let pair = from.iter().find_map(|a| Some((a, to.iter().find(|b| apart(a, b))?)));
            if let Some((from, to)) = pair {
                self.ask(from, to, &group.gained(), &group.lost(), &mut found);
                asked += 1;
            }
        }
        self.with_objects(found, true)
    }

    /// What causes a change of what is published: the object that publishes, and the policies in between.
    #[must_use]
    pub fn causes_of_way(&self, way: &WayChange) -> Causes {
        let mut found = Found::default();
        let client = |on: &Option<crate::WayOn>| on.as_ref().and_then(|on| on.client);
        let clients = [client(&way.before), client(&way.after)];
        if let [Some(before), Some(after)] = clients {
            let from = Parties { before: Some(before), after: Some(after), unit: None };
            self.ask(&from, &self.parties(way.to), &way.gained(), &way.lost(), &mut found);
        } else if way.from_internet() {
            found.subjects.insert((way.to, Direction::Ingress));
        }
        // Clients come under a node's address, and a node that came may have one that policies let in.
        let under = |(reach, client): (&Reach, _)| match client {
            Some(Party::Node(node)) => reach.snapshot().node(node).origin.clone(),
            _ => None,
        };
        found
            .objects
            .extend([self.before.reach, self.after.reach].into_iter().zip(clients).filter_map(under));
        let by = [&way.before, &way.after].into_iter().flatten();
        found.objects.extend(by.map(|on| on.by.clone()));
        found.units.insert(way.to);
        let mut causes = self.with_objects(found, true);
        let between =
            self.objects.iter().enumerate().filter(|(_, change)| self.is_between(change.object(), way));
        causes.objects.extend(between.map(|(nth, _)| nth));
        if causes.objects.is_empty() {
            // Other pods than before are behind the same Service.
            let pods = self.origins_of(way.to);
            let of_pods =
                |change: &crate::ObjectChange| pods.iter().any(|pod| key(pod) == key(change.object()));
            let changed = self.objects.iter().enumerate().filter(|(_, change)| of_pods(change));
            causes.objects.extend(changed.map(|(nth, _)| nth));
        }
        causes
    }

    /// The objects that declare a unit and its pods, on both sides.
    fn origins_of(&self, unit: UnitId) -> Vec<Arc<ObjectRef>> {
        let unit = self.unit(unit);
        let sides = [(self.before.reach, &unit.before), (self.after.reach, &unit.after)];
        let pods = sides.into_iter().flat_map(|(reach, member)| {
            let party = member.as_ref().map(|member| member.party);
            let pods = match party {
                Some(Party::Endpoint(id)) => reach.endpoint(id).pods.clone(),
                Some(Party::Pod(pod)) => vec![pod],
                _ => Vec::new(),
            };
            pods.into_iter().map(|pod| reach.snapshot().pod(pod).origin.clone())
        });
        let own = [&unit.before, &unit.after].into_iter().flatten().map(|member| member.origin.clone());
        own.chain(pods).collect()
    }

    /// What causes a change of what controllers reach: that of the ways which they carry out.
    fn causes_of_carried(&self, group: &Group) -> Causes {
        let mut all = Causes { complete: true, ..Causes::default() };
        let carried = self.ways.iter().filter(|way| matches!(way.entry, "Ingress" | "Gateway"));
        for way in carried.filter(|way| group.to.contains(&End::Unit(way.to))) {
            let causes = self.causes_of_way(way);
            let fresh: Vec<Cause> = causes.all.into_iter().filter(|cause| !all.all.contains(cause)).collect();
            all.all.extend(fresh);
            all.objects.extend(causes.objects);
        }
        all
    }

    /// Whether an object may be between what publishes and the pods: a Service that leads to them on either side, a
    /// Gateway, a class.
    fn is_between(&self, object: &ObjectRef, way: &WayChange) -> bool {
        let unit = self.unit(way.to);
        let leads = |reach: &Reach, member: &Option<crate::Member>| {
            let (Some(pod), Some(namespace)) = (member.as_ref().and_then(|m| m.pod), &object.namespace)
            else {
                return false;
            };
            let service = reach.snapshot().find_service(namespace, &object.name);
            service.is_some_and(|service| service.endpoints.iter().any(|e| e.pod == Some(pod)))
        };
        match &*object.kind {
            "Service" | "EndpointSlice" | "Endpoints" => {
                leads(self.before.reach, &unit.before) || leads(self.after.reach, &unit.after)
            }
            "IngressClass" => way.entry == "Ingress",
            "Gateway" | "GatewayClass" | "ReferenceGrant" => way.entry == "Gateway",
            _ => false,
        }
    }

    fn is_unplaced(&self, unit: UnitId) -> bool {
        let unit = self.unit(unit);
        let member = match (&unit.before, &unit.after) {
            (Some(only), None) | (None, Some(only)) => only,
            _ => return false,
        };
        !self.objects.iter().any(|change| key(change.object()) == key(&member.origin))
    }

    /// The nodes whose network a unit shares.
    fn nodes_of(&self, unit: UnitId) -> Vec<Arc<str>> {
        let unit = self.unit(unit);
        let sides = [(self.before.reach, &unit.before), (self.after.reach, &unit.after)];
        let node = |(reach, member): (&Reach, &Option<crate::Member>)| {
            let pod = reach.snapshot().pod(member.as_ref()?.pod?);
            pod.host_network.then(|| reach.snapshot().node(pod.node).name.clone())
        };
        sides.into_iter().filter_map(node).collect()
    }

    fn parties(&self, unit: UnitId) -> Parties {
        let found = self.unit(unit);
        let party = |member: &Option<crate::Member>| member.as_ref().map(|member| member.party);
        Parties { before: party(&found.before), after: party(&found.after), unit: Some(unit) }
    }

    /// Of ends about which the same rules decide on both sides, up to two, as the first may be asked about itself.
    fn examples(&self, ends: &[End]) -> Vec<Vec<Parties>> {
        let mut kinds = [Kinds::default(), Kinds::default()];
        let mut places: HashMap<[Option<usize>; 2], usize> = HashMap::new();
        let mut examples: Vec<Vec<Parties>> = Vec::new();
        for parties in ends.iter().flat_map(|end| self.parties_of(end)) {
            let reaches = [self.before.reach, self.after.reach];
            let sides = [parties.before, parties.after];
            let pods = parties.unit.map_or([None; 2], |unit| {
                let unit = self.unit(unit);
                [&unit.before, &unit.after].map(|member| member.as_ref().and_then(|m| m.pod))
            });
            let mut kind = [None; 2];
            for (nth, kind) in kind.iter_mut().enumerate() {
                *kind = sides[nth].map(|party| kinds[nth].of(reaches[nth], party, pods[nth]));
            }
            let place = *places.entry(kind).or_insert_with(|| {
                examples.push(Vec::new());
                examples.len() - 1
            });
            if examples[place].len() < 2 {
                examples[place].push(parties);
            }
        }
        examples
    }

    fn parties_of(&self, end: &End) -> Vec<Parties> {
        let at = |party| Parties { before: Some(party), after: Some(party), unit: None };
        match end {
            End::Unit(unit) => vec![self.parties(*unit)],
            End::External(range) => self.addresses(range).map(at).collect(),
            // What they reach is told by what they carry out.
            End::Controller => Vec::new(),
        }
    }

    /// An address of each piece that is in a range, and that no pod has.
    fn addresses(&self, range: &AddressRange) -> impl Iterator<Item = Party> {
        let within = self.pieces.iter().filter(|piece| range.and(&piece.range) == Some(piece.range));
        within.map(|piece| {
            let reaches = [self.before.reach, self.after.reach];
            let free = |ip: &IpAddr| reaches.iter().all(|reach| reach.policies().pod_at(*ip).is_none());
            let free = some_of(&piece.range).find(free);
            Party::Address(free.unwrap_or(piece.range.low))
        })
    }

    fn ask(&self, from: &Parties, to: &Parties, gained: &PortSet, lost: &PortSet, found: &mut Found) {
        let whys = |reach: &Reach, from: Option<Party>, to: Option<Party>| {
            Some(reach.why(from?, to?)).filter(|whys| !whys.is_empty())
        };
        let before = whys(self.before.reach, from.before, to.before);
        let after = whys(self.after.reach, from.after, to.after);
        let known = found.subjects.len();
        for (ports, denied, allowed, opens) in
            [(gained, &before, &after, true), (lost, &after, &before, false)]
        {
            for (direction, denied, allowed) in turned(ports, denied.as_deref(), allowed.as_deref()) {
                let (before, after) = if opens { (denied, allowed) } else { (allowed, denied) };
                let cause = Cause { direction, before, after };
                // Of one who came or went, only rules are worth telling, and that none protects it.
                let is_told = |reason: &ReasonOf| {
                    !reason.rules.is_empty()
                        || (direction == Direction::Ingress && reason.reason == "no-policy")
                };
                let told = [&cause.before, &cause.after].into_iter().flatten().any(is_told);
                if (told || (cause.before.is_some() && cause.after.is_some()))
                    && !found.causes.contains(&cause)
                {
                    found.causes.push(cause);
                }
                let subject = if direction == Direction::Ingress { to } else { from };
                found.subjects.extend(subject.unit.map(|unit| (unit, direction)));
            }
        }
        if found.subjects.len() == known {
            // A node and its own pods: no policy is asked, and the table tells of policies all the same.
            found.subjects.extend(from.unit.map(|unit| (unit, Direction::Egress)));
            found.subjects.extend(to.unit.map(|unit| (unit, Direction::Ingress)));
        }
        found.units.extend([from, to].iter().filter_map(|parties| parties.unit));
    }

    /// Finds the changed objects that are behind causes: policies that are named or select the end that decides, and
    /// ends that changed themselves, with their namespaces.
    fn with_objects(&self, found: Found, complete: bool) -> Causes {
        let mut wanted: HashSet<ObjectKey<'_>> = found.objects.iter().map(|object| key(object)).collect();
        let reasons = found.causes.iter().flat_map(|cause| [&cause.before, &cause.after]).flatten();
        wanted.extend(reasons.flat_map(|reason| &reason.rules).map(key));
        let touched = found.units.iter().filter(|unit| self.about[unit.index()].2);
        let origins: Vec<Arc<ObjectRef>> = touched.flat_map(|unit| self.origins_of(*unit)).collect();
        for origin in &origins {
            wanted.insert(key(origin));
            wanted.extend(origin.namespace.as_deref().map(|namespace| ("Namespace", None, namespace)));
        }
        let nodes = found.units.iter().flat_map(|unit| self.nodes_of(*unit)).collect::<Vec<_>>();
        wanted.extend(nodes.iter().map(|name| ("Node", None, &**name)));
        // Who came or went although its object did not, could not be placed on a node.
        let unplaced = found.units.iter().any(|unit| self.is_unplaced(*unit));
        let of_key = |change: &crate::ObjectChange| {
            wanted.contains(&key(change.object())) || (unplaced && &*change.object().kind == "Node")
        };
        let named = self.objects.iter().enumerate().filter(|(_, change)| of_key(change)).map(|(nth, _)| nth);
        let selecting = found.subjects.iter().flat_map(|(unit, direction)| {
            let (ingress, egress, _) = &self.about[unit.index()];
            if *direction == Direction::Ingress { ingress.iter() } else { egress.iter() }
        });
        let objects = named.chain(selecting.copied()).collect();
        Causes { objects, all: found.causes, complete }
    }
}

/// The first addresses of a range.
fn some_of(range: &AddressRange) -> impl Iterator<Item = IpAddr> {
    const MOST: u32 = 4_096;
    let low = range.low;
    let nth = move |nth: u32| match low {
        IpAddr::V4(ip) => ip.to_bits().checked_add(nth).map(|bits| IpAddr::V4(bits.into())),
        IpAddr::V6(ip) => ip.to_bits().checked_add(nth.into()).map(|bits| IpAddr::V6(bits.into())),
    };
    let high = range.high;
    (0..MOST).map_while(nth).take_while(move |ip| *ip <= high)
}

/// An object apart from its line.
type ObjectKey<'o> = (&'o str, Option<&'o str>, &'o str);

fn key(object: &ObjectRef) -> ObjectKey<'_> {
    (&object.kind, object.namespace.as_deref(), &object.name)
}

#[derive(Default)]
struct Found {
    causes: Vec<Cause>,
    objects: Vec<Arc<ObjectRef>>,
    units: BTreeSet<UnitId>,
    subjects: BTreeSet<(UnitId, Direction)>,
}

/// Sides that denied some of these ports on one side of a comparison, and allow them on the other: with both reasons.
fn turned(
    ports: &PortSet,
    denied: Option<&[Why]>,
    allowed: Option<&[Why]>,
) -> Vec<(Direction, Option<ReasonOf>, Option<ReasonOf>)> {
    const BOTH: [Direction; 2] = [Direction::Egress, Direction::Ingress];
    let side = |why: &Why, direction| match direction {
        Direction::Ingress => why.ingress.clone(),
        Direction::Egress => why.egress.clone(),
    };
    let reason = |why: &Why, direction| Some(ReasonOf::of(direction, &side(why, direction)));
    let mut found = Vec::new();
    for yes in allowed.unwrap_or_default().iter().filter(|why| why.allowed()) {
        let about = yes.ports.and(ports);
        if about.is_none() {
            continue;
        }
        let Some(denied) = denied else {
            found.extend(BOTH.map(|direction| (direction, None, reason(yes, direction))));
            continue;
        };
        let same_family = |no: &&Why| no.family.is_none() || yes.family.is_none() || no.family == yes.family;
        let about_these = |no: &&Why| !no.allowed() && !no.ports.and(&about).is_none();
        for no in denied.iter().filter(same_family).filter(about_these) {
            let turned = BOTH.into_iter().filter(|direction| !side(no, *direction).allowed);
            found.extend(turned.map(|direction| (direction, reason(no, direction), reason(yes, direction))));
        }
    }
    found
}
