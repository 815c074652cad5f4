//! Classes: endpoints that no policy tells apart, neither as a source nor as a target.
use std::collections::HashMap;

use fixedbitset::FixedBitSet;
use netloom_cluster::{Addrs, Family, NodeId, Pod, PodId, Snapshot};
use netloom_policy::{Direction, Subjects, Tables};

use crate::{
    cells::Cells,
    effect::{Effect, Effects},
    pool::{Pool, PortSetId},
};

/// The number of a class.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash, PartialOrd, Ord)]
pub struct ClassId(pub(crate) u32);

impl ClassId {
    /// Its place among the classes.
    #[must_use]
    pub const fn index(self) -> usize {
        self.0 as usize
    }
}

/// What the other side's rules see: a cell for IPv4, one for IPv6. Who has no known address is seen alike by both.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Faces([Option<u32>; 2]);

impl Faces {
    /// Only the face of one family, where one is asked for.
    fn over(self, family: Option<Family>) -> Self {
        match family {
            None => self,
            Some(Family::V4) => Self([self.0[0], None]),
            Some(Family::V6) => Self([None, self.0[1]]),
        }
    }

    /// The pairs of cells by which two endpoints see each other.
    fn pairs(self, with: Self) -> impl Iterator<Item = (u32, u32)> {
        self.0.into_iter().zip(with.0).filter_map(|(a, b)| Some((a?, b?)))
    }
}

/// One side of a class: the effect of the rules about it (none: everything is open), and what others see of it.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
struct Half {
    effect: Option<u32>,
    faces: Faces,
}

/// All classes, and what is open between them.
#[derive(Debug)]
pub(crate) struct Classes {
    ingress: Effects,
    egress: Effects,
    cells: Cells,
    sources: Halves,
    targets: Halves,
    /// By class: its source half, its target half.
    classes: Vec<(u32, u32)>,
    ids: HashMap<(u32, u32), ClassId>,
}

#[derive(Debug, Default)]
struct Halves {
    all: Vec<Half>,
    ids: HashMap<Half, u32>,
}

impl Halves {
    fn id(&mut self, half: Half) -> u32 {
        let fresh = self.all.len() as u32;
        *self.ids.entry(half).or_insert_with(|| {
            self.all.push(half);
            fresh
        })
    }
}

impl Classes {
    pub fn of(tables: &Tables, pool: &Pool) -> Self {
        let everyone = everyone(tables);
        let mut ingress = Effects::new(tables, everyone.clone());
        let mut egress = Effects::new(tables, everyone.clone());
        for subjects in tables.subjects.iter() {
            subjects.ingress.into_iter().for_each(|s| _ = ingress.of(s, tables, pool));
            subjects.egress.into_iter().for_each(|s| _ = egress.of(s, tables, pool));
        }
        Self {
            cells: Cells::of(&everyone, [&ingress, &egress]),
            ingress,
            egress,
            sources: Halves::default(),
            targets: Halves::default(),
            classes: Vec::new(),
            ids: HashMap::new(),
        }
    }

    /// The class of a pod.
    pub fn of_pod(&mut self, snapshot: &Snapshot, pod: &Pod, tables: &Tables) -> ClassId {
        if pod.host_network {
            return self.of_node(snapshot, pod.node, tables);
        }
        let faces = self.faces(pod.ips, of_unaddressed_pod(tables, pod.id), tables);
        self.class(tables.subjects[pod.id.0 as usize], faces)
    }

    /// The class of a node, and of the pods on its network.
    pub fn of_node(&mut self, snapshot: &Snapshot, node: NodeId, tables: &Tables) -> ClassId {
        let faces = self.faces(snapshot.node(node).ips, of_unaddressed_node(tables, node), tables);
        self.class(Subjects::default(), faces)
    }

    /// The class of addresses outside.
    pub fn of_addresses(&mut self, family: Family, identity: u32) -> ClassId {
        let cell = Some(self.cells.cell(identity));
        let faces = match family {
            Family::V4 => [cell, None],
            Family::V6 => [None, cell],
        };
        self.class(Subjects::default(), Faces(faces))
    }

    fn faces(&self, ips: Addrs, alone: Option<u32>, tables: &Tables) -> Faces {
        Faces([Family::V4, Family::V6].map(|family| {
            let identity = ips.of(family).map(|ip| tables.identity(ip)).or(alone)?;
            Some(self.cells.cell(identity))
        }))
    }

    fn class(&mut self, subjects: Subjects, faces: Faces) -> ClassId {
        let egress = subjects.egress.and_then(|s| self.egress.known(s));
        let ingress = subjects.ingress.and_then(|s| self.ingress.known(s));
        let halves = (
            self.sources.id(Half { effect: egress, faces }),
            self.targets.id(Half { effect: ingress, faces }),
        );
        let fresh = ClassId(self.classes.len() as u32);
        *self.ids.entry(halves).or_insert_with(|| {
            self.classes.push(halves);
            fresh
        })
    }

    /// What an effect opens to each cell.
    fn by_cell(&self, effect: &Effect) -> Vec<PortSetId> {
        self.cells.examples().iter().map(|identity| effect.on(*identity)).collect()
    }

    /// A reader of columns: what is open from every class to one.
    pub fn columns<'a>(&'a self, pool: &'a Pool) -> Columns<'a> {
        Columns { classes: self, pool, both: HashMap::new(), column: Vec::new() }
    }

    /// What the rules about one side alone allow towards a class.
    pub fn own_side(&self, pool: &Pool, class: ClassId, direction: Direction, with: ClassId) -> PortSetId {
        let (source, target) = self.classes[class.index()];
        let (half, effects) = match direction {
            Direction::Ingress => (self.targets.all[target as usize], &self.ingress),
            Direction::Egress => (self.sources.all[source as usize], &self.egress),
        };
        let Some(effect) = half.effect else { return PortSetId::ALL };
        let other = self.sources.all[self.classes[with.index()].0 as usize];
        half.faces.pairs(other.faces).fold(PortSetId::NONE, |all, (_, cell)| {
            pool.or(all, effects.get(effect).on(self.cells.example(cell)))
        })
    }

    /// What is open from a class to each class.
    pub fn row(&self, pool: &Pool, from: ClassId) -> Vec<PortSetId> {
        let mut by_target: Vec<Option<PortSetId>> = vec![None; self.targets.all.len()];
        let open = |(nth, (_, target)): (usize, &(u32, u32))| {
            let known = &mut by_target[*target as usize];
            *known.get_or_insert_with(|| self.allowed(pool, from, ClassId(nth as u32), None))
        };
        self.classes.iter().enumerate().map(open).collect()
    }

    /// What the rules allow a source's class towards a target's: in some family that both speak, or in this one.
    pub fn allowed(&self, pool: &Pool, from: ClassId, to: ClassId, family: Option<Family>) -> PortSetId {
        let source = self.sources.all[self.classes[from.index()].0 as usize];
        let target = self.targets.all[self.classes[to.index()].1 as usize];
        let open = |effect: Option<u32>, effects: &Effects, cell: u32| {
            effect.map_or(PortSetId::ALL, |effect| effects.get(effect).on(self.cells.example(cell)))
        };
        source.faces.over(family).pairs(target.faces).fold(PortSetId::NONE, |all, (from, to)| {
            let egress = open(source.effect, &self.egress, to);
            let ingress = open(target.effect, &self.ingress, from);
            pool.or(all, pool.and(egress, ingress))
        })
    }
}

/// Reads columns one after the other.
pub(crate) struct Columns<'a> {
    classes: &'a Classes,
    pool: &'a Pool,
    /// What was combined before.
    both: HashMap<(PortSetId, PortSetId), PortSetId>,
    column: Vec<PortSetId>,
}

impl Columns<'_> {
    /// What is open to a class, by the class that it is open from.
    pub fn of(&mut self, to: ClassId) -> &[PortSetId] {
        let Self { classes, pool, both, column } = self;
        let target = classes.targets.all[classes.classes[to.index()].1 as usize];
        let accepted = target.effect.map(|effect| classes.by_cell(classes.ingress.get(effect)));
        let sent = classes.egress.all().iter().map(|effect| {
            target
                .faces
                .0
                .map(|cell| cell.map_or(PortSetId::NONE, |cell| effect.on(classes.cells.example(cell))))
        });
        let sent: Vec<[PortSetId; 2]> = sent.collect();
        let mut open = |half: &Half| {
            let of_effect = half.effect.map_or([PortSetId::ALL; 2], |effect| sent[effect as usize]);
            let mut all = PortSetId::NONE;
            let faces = half.faces.0.into_iter().zip(target.faces.0).zip(of_effect);
            for ((cell, other), sent) in faces {
                let (Some(cell), Some(_)) = (cell, other) else { continue };
                let accepted = accepted.as_ref().map_or(PortSetId::ALL, |accepted| accepted[cell as usize]);
                let open = match (sent, accepted) {
                    (PortSetId::NONE, _) | (_, PortSetId::NONE) => continue,
                    (PortSetId::ALL, open) | (open, PortSetId::ALL) => open,
                    pair => *both.entry(pair).or_insert_with(|| pool.and(pair.0, pair.1)),
                };
                all = pool.or(all, open);
            }
            all
        };
        let by_half: Vec<PortSetId> = classes.sources.all.iter().map(&mut open).collect();
        column.clear();
        column.extend(classes.classes.iter().map(|(source, _)| by_half[*source as usize]));
        column
    }
}

/// The identity of a pod apart from its addresses; none where it has some.
pub(crate) fn of_unaddressed_pod(tables: &Tables, pod: PodId) -> Option<u32> {
    let all = &tables.unaddressed.pods;
    all.binary_search_by_key(&pod, |(pod, _)| *pod).ok().map(|i| all[i].1)
}

/// Likewise of a node.
pub(crate) fn of_unaddressed_node(tables: &Tables, node: NodeId) -> Option<u32> {
    let all = &tables.unaddressed.nodes;
    all.binary_search_by_key(&node, |(node, _)| *node).ok().map(|i| all[i].1)
}

/// All identities in use.
fn everyone(tables: &Tables) -> FixedBitSet {
    let known = tables.known.iter().map(|(_, id)| *id);
    let pods = tables.unaddressed.pods.iter().map(|(_, id)| *id);
    let nodes = tables.unaddressed.nodes.iter().map(|(_, id)| *id);
    let ranges = tables.ranges.iter().map(|(.., id)| *id);
    let ids: Vec<usize> =
        known.chain(pods).chain(nodes).chain(ranges).chain([0]).map(|id| id as usize).collect();
    let mut everyone = FixedBitSet::with_capacity(ids.iter().max().map_or(0, |most| most + 1));
    ids.into_iter().for_each(|id| everyone.insert(id));
    everyone
}
