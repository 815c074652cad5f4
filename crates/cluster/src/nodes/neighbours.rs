//! Which nodes a pod's neighbours leave it: counts of the pods that terms are about, by topology domain.
use std::{collections::HashMap, sync::Arc};

use super::{
    NodeSpec,
    fit::Refusal,
    terms::{Rule, Spread, Term},
};
use crate::{fast::Map, model::Selector, workloads::Draft};

/// All terms of all pods, and the pods that are placed so far.
pub struct Neighbours<'a> {
    specs: &'a [NodeSpec],
    watched: Vec<Watched<'a>>,
    /// The terms of each template, which is told by its address.
    of_template: Map<usize, Vec<usize>>,
}

struct Watched<'a> {
    term: &'a Term,
    selector: Selector,
    /// The namespace of the pods that have the term.
    namespace: &'a str,
    template: usize,
    /// Of a required spread the domains that count.
    domains: Vec<&'a str>,
    /// How many placed pods the term is about, by domain.
    about: HashMap<&'a str, usize>,
    /// How many of the pods that have the term are placed, by domain.
    owners: HashMap<&'a str, usize>,
}

/// What terms have to do with one pod.
#[derive(Default)]
pub struct Concern {
    /// The pod's own.
    own: Vec<usize>,
    /// Those that are about it, its own among them.
    about: Vec<usize>,
    /// The fewest pods in a domain, for each of its own.
    fewest: Vec<usize>,
}

impl<'a> Neighbours<'a> {
    /// Collects the terms.
    pub fn new(specs: &'a [NodeSpec], drafts: &'a [Arc<Draft>]) -> Self {
        let mut all = Self { specs, watched: Vec::new(), of_template: Map::default() };
        for draft in drafts.iter().filter(|d| !d.template.neighbours.is_empty()) {
            let template = address(draft);
            if all.of_template.contains_key(&template) {
                continue;
            }
            let terms = &draft.template.neighbours;
            let first = all.watched.len();
            all.watched.extend(terms.iter().map(|term| Watched {
                term,
                selector: term.selector_for(&draft.labels),
                namespace: &draft.namespace,
                template,
                domains: match &term.rule {
                    Rule::Spread(spread) => domains(specs, draft, term, spread),
                    _ => Vec::new(),
                },
                about: HashMap::new(),
                owners: HashMap::new(),
            }));
            all.of_template.insert(template, (first..all.watched.len()).collect());
        }
        all
    }

    /// What the terms have to do with a pod, as pods are placed now.
    pub fn concern(&self, draft: &Draft) -> Concern {
        if self.watched.is_empty() {
            return Concern::default();
        }
        let own = self.of_template.get(&address(draft)).cloned().unwrap_or_default();
        let about = (0..self.watched.len()).filter(|&i| self.watched[i].is_about(draft)).collect();
        let fewest = own.iter().map(|&i| self.watched[i].fewest()).collect();
        Concern { own, about, fewest }
    }

    /// Counts a pod that was placed.
    pub fn put(&mut self, node: usize, draft: &Draft) {
        let specs = self.specs;
        for watched in &mut self.watched {
            let Some(domain) = specs[node].labels.get(&watched.term.key) else { continue };
            if watched.is_about(draft) {
                *watched.about.entry(domain).or_default() += 1;
            }
            if watched.template == address(draft) {
                *watched.owners.entry(domain).or_default() += 1;
            }
        }
    }

    /// Whether a pod may be on a node together with what is placed; `spread` says whether spreads are asked too.
    pub fn check(&self, node: usize, concern: &Concern, spread: bool) -> Result<(), Refusal> {
        for (&i, fewest) in concern.own.iter().zip(&concern.fewest) {
            let watched = &self.watched[i];
            let domain = self.specs[node].labels.get(&watched.term.key).map(String::as_str);
            let there = domain.map(|d| watched.about.get(d).copied().unwrap_or_default());
            let itself = concern.about.contains(&i);
            match (watched.term.rule, there) {
                (Rule::Apart, Some(1..)) => return Err(Refusal::Apart),
                // The first of a group that wants to be together may be anywhere (kube-scheduler).
                (Rule::Together, Some(0)) if itself && watched.about.values().all(|n| *n == 0) => {}
                (Rule::Together, None | Some(0)) => return Err(Refusal::Together),
                (Rule::Spread(_), None) if spread => return Err(Refusal::Spread),
                (Rule::Spread(asked), Some(there))
                    if spread && (there + usize::from(itself)).saturating_sub(*fewest) > asked.max_skew =>
                {
                    return Err(Refusal::Spread);
                }
                _ => {}
            }
        }
        // Anti-affinity of pods that are there already holds against those that come.
        let keeps_out = |&i: &usize| {
            let watched = &self.watched[i];
            let domain = self.specs[node].labels.get(&watched.term.key);
            watched.term.rule == Rule::Apart
                && domain.is_some_and(|d| watched.owners.get(d.as_str()).is_some_and(|n| *n > 0))
        };
        if concern.about.iter().any(keeps_out) { Err(Refusal::Apart) } else { Ok(()) }
    }

    /// How much the pod's wishes speak against a node.
    pub fn dislike(&self, node: usize, concern: &Concern) -> i64 {
        let of = |&i: &usize| {
            let watched = &self.watched[i];
            let Rule::Rather(weight) = watched.term.rule else { return 0 };
            let domain = self.specs[node].labels.get(&watched.term.key);
            let there = domain.and_then(|d| watched.about.get(d.as_str())).copied().unwrap_or_default();
            weight.saturating_mul(i64::try_from(there).unwrap_or(i64::MAX))
        };
        concern.own.iter().map(of).fold(0, i64::saturating_add)
    }
}

impl Watched<'_> {
    fn is_about(&self, draft: &Draft) -> bool {
        self.term.covers(self.namespace, &draft.namespace) && self.selector.matches(&draft.labels)
    }

    /// The fewest pods in a domain; none where there are fewer domains than `minDomains`.
    fn fewest(&self) -> usize {
        let Rule::Spread(asked) = self.term.rule else { return 0 };
        if self.domains.len() < asked.min_domains {
            return 0;
        }
        self.domains.iter().map(|d| self.about.get(d).copied().unwrap_or_default()).min().unwrap_or_default()
    }
}

/// The domains of nodes that a required spread counts: those with the labels of all spreads of the pod.
fn domains<'a>(specs: &'a [NodeSpec], draft: &Draft, term: &Term, spread: &Spread) -> Vec<&'a str> {
    let wants = &draft.template.wants;
    let keys = draft.template.neighbours.iter().filter(|t| matches!(t.rule, Rule::Spread(_))).map(|t| &t.key);
    let keys: Vec<&String> = keys.collect();
    let counts = |spec: &&NodeSpec| {
        let refused = wants.check(spec.candidate()).err();
        keys.iter().all(|key| spec.labels.contains_key(*key))
            && !(spread.honor_affinity && refused == Some(Refusal::Labels))
            && !(spread.honor_taints && matches!(refused, Some(Refusal::Taint | Refusal::Unschedulable)))
    };
    let mut domains: Vec<&str> =
        specs.iter().filter(counts).filter_map(|s| s.labels.get(&term.key)).map(String::as_str).collect();
    domains.sort_unstable();
    domains.dedup();
    domains
}

fn address(draft: &Draft) -> usize {
    Arc::as_ptr(&draft.template) as usize
}
