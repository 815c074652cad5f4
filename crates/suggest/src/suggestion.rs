//! The suggestion: policies as text, a file for each namespace, and those of today that they replace.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use netloom_cluster::{NamespaceMatch, Policy, Selector, Tier};
use netloom_objects::{ObjectRef, Source};

use crate::{
    dns::{Dns, asks_the_cluster},
    ground::{Chosen, Ground},
    head,
    need::{End, Lack, Need, Needs, Reason},
    policies::{Peer, Rule, Rules, numbers, rules},
    units::{ALLOW_DNS, DEFAULT_DENY, Unit, UnitId},
    yaml::{self, Head},
};

/// One policy as it is written.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Written {
    /// Its namespace.
    pub namespace: Arc<str>,
    /// Its name.
    pub name: String,
    /// A document of YAML.
    pub text: String,
}

/// Policies that allow what is needed, and nothing else.
#[derive(Clone, Debug)]
pub struct Suggestion {
    /// The policies by namespace; in each, those for all of its pods first.
    pub policies: Vec<Written>,
    /// NetworkPolicies of today that have to go.
    pub replaced: Vec<Arc<ObjectRef>>,
    /// NetworkPolicies of today that stay, although they are about pods that get new ones.
    pub staying: Vec<Arc<ObjectRef>>,
    /// Which units got policies.
    pub chosen: BTreeSet<UnitId>,
    /// NetworkPolicies of today that stay because they select none of the set's pods, or others beside them.
    pub others: Vec<Arc<ObjectRef>>,
    /// Units of which nothing but names, and what their sidecars need, is known to be needed.
    pub unknown: Vec<UnitId>,
    /// What chosen units need, and no rule could be written for.
    pub lacks: Vec<Lack>,
    /// Units that get no policy, as no selector takes them and leaves what else may live beside them.
    pub unwritten: Vec<UnitId>,
    /// Every need that concerns them, DNS too.
    pub needs: Vec<Need>,
    /// Reasons of needs that tell nothing of the program beside a sidecar.
    of_sidecars: BTreeSet<Reason>,
    /// The folder that the files are for, as it is written before their names.
    pub folder: String,
    /// What stands at the head of each namespace's file.
    heads: BTreeMap<Arc<str>, String>,
}

/// How the first line of every file begins.
pub const MARK: &str = "# Written by `netloom suggest`";

/// How a suggestion is made.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Manner {
    /// The folder that the files are for.
    pub folder: Option<String>,
    /// Whether today's policies stay beside the new ones.
    pub keep: bool,
}

impl Suggestion {
    /// Writes policies for the chosen units that allow these needs.
    #[must_use]
    pub fn new(ground: &Ground<'_>, chosen: &Chosen, needs: Needs, manner: &Manner) -> (Self, Needs) {
        let chosen = &chosen.units;
        let dns = Dns::of(ground);
        let asked = names_of(ground, chosen);
        let concerns = |need: &Need| {
            [&need.from, &need.to].iter().any(|e| e.unit().is_some_and(|u| chosen.contains(&u)))
        };
        let of_sidecars = needs.of_sidecars;
        let mut own = Needs { doubts: needs.doubts, ..Needs::default() };
        let mut lacks = needs.lacks;
        lacks.retain(|lack| chosen.contains(&lack.unit));
        needs.needs.into_iter().filter(concerns).for_each(|need| own.add(need));
        let of_programs = || own.needs.iter().filter(|need| !of_sidecars.contains(&need.reason));
        let known = |unit: &UnitId| {
            let is_it = |end: &End| *end == End::Unit(*unit);
            needs.said.contains(unit)
                || dns.is(*unit)
                || lacks.iter().any(|lack| lack.unit == *unit)
                || of_programs().any(|need| is_it(&need.from) || is_it(&need.to))
        };
        let unknown: Vec<UnitId> = chosen.iter().filter(|unit| !known(unit)).copied().collect();
        let of_units = rules(&ground.snapshot, &ground.units, chosen, &own.needs);
        let Today { replaced, staying, others } = today(ground, chosen, manner);
        let stays: Vec<Arc<ObjectRef>> = staying.iter().chain(&others).cloned().collect();
        let mut writer = Writer {
            ground,
            chosen,
            dns: &dns,
            asked: &asked.needs,
            staying: &stays,
            lacks: &lacks,
            unwritten: Vec::new(),
        };
        let policies = writer.write(of_units);
        let unwritten = std::mem::take(&mut writer.unwritten);
        let mut all = asked;
        all.extend(own);
        let needs = std::mem::take(&mut all.needs);
        let folder =
            manner.folder.as_ref().map_or_else(String::new, |f| format!("{}/", f.trim_end_matches('/')));
        let mut suggestion = Self {
            policies,
            replaced,
            staying,
            others,
            unknown,
            lacks,
            unwritten,
            chosen: chosen.clone(),
            needs,
            of_sidecars,
            folder,
            heads: BTreeMap::new(),
        };
        suggestion.heads = head::heads(ground, &suggestion);
        (suggestion, all)
    }

    /// What is known of the units of which no program's need is.
    #[must_use]
    pub fn known_of_unknown(&self) -> &'static str {
        let of_unit = |end: &End| end.unit().is_some_and(|unit| self.unknown.contains(&unit));
        let has_sidecar = |need: &Need| {
            self.of_sidecars.contains(&need.reason) && (of_unit(&need.from) || of_unit(&need.to))
        };
        if self.needs.iter().any(has_sidecar) { "DNS and sidecars" } else { "DNS" }
    }

    /// Whether everything is known that the chosen units need, as far as anybody can tell.
    #[must_use]
    pub fn is_complete(&self) -> bool {
        self.unknown.is_empty() && self.lacks.is_empty() && self.unwritten.is_empty()
    }

    /// The policies of each namespace as one file of YAML.
    #[must_use]
    pub fn files(&self) -> BTreeMap<Arc<str>, String> {
        let mut files: BTreeMap<Arc<str>, String> = BTreeMap::new();
        for policy in &self.policies {
            let file = files.entry(policy.namespace.clone()).or_default();
            match file.is_empty() {
                true => {
                    let head = self.heads.get(&policy.namespace).map_or("", String::as_str);
                    *file = format!(
                        "{MARK}: what namespace {} needs, and nothing else.\n{head}",
                        policy.namespace
                    );
                }
                false => file.push_str("---\n"),
            }
            file.push_str(&policy.text);
        }
        files
    }

    /// All policies as one text.
    #[must_use]
    pub fn yaml(&self) -> String {
        self.files().into_values().collect::<Vec<_>>().join("---\n")
    }

    /// The same, as sources with the names that their files would have.
    #[must_use]
    pub fn sources(&self) -> Vec<Source> {
        let name = |namespace: &str| format!("{}{namespace}.yaml", self.folder);
        self.files().iter().map(|(namespace, text)| Source::new(&name(namespace), text)).collect()
    }
}

/// The names that units ask for; what asks for them, of the cluster's DNS.
pub(crate) fn names_of(ground: &Ground<'_>, units: &BTreeSet<UnitId>) -> Needs {
    let dns = Dns::of(ground);
    let mut asked = Needs::default();
    for unit in units.iter().map(|unit| ground.units.get(*unit)) {
        match dns.is(unit.id) {
            true => dns.served(ground, unit, &mut asked),
            false => dns.needs(ground, unit, &mut asked),
        }
    }
    asked
}

/// What becomes of today's NetworkPolicies.
#[derive(Default)]
struct Today {
    /// They go: all pods that they select get new ones.
    replaced: Vec<Arc<ObjectRef>>,
    /// They stay, although they are about chosen pods.
    staying: Vec<Arc<ObjectRef>>,
    /// They stay for pods that the set does not have.
    others: Vec<Arc<ObjectRef>>,
}

fn today(ground: &Ground<'_>, chosen: &BTreeSet<UnitId>, manner: &Manner) -> Today {
    let mut today = Today::default();
    for policy in ground.snapshot.policies.iter().filter(|p| p.tier == Tier::NetworkPolicy) {
        let NamespaceMatch::Named(namespace) = &policy.subject.namespaces else { continue };
        let here = ground.units.in_namespace(namespace);
        let subjects: Vec<&Unit> = here.iter().filter(|unit| is_about(ground, policy, unit)).collect();
        let is_chosen = |unit: &&Unit| chosen.contains(&unit.id);
        let for_all = policy.subject.pods.requirements.is_empty();
        let list = if !subjects.iter().any(is_chosen) {
            // Whoever is written anew here is told that it selects others.
            if !subjects.is_empty() || !here.iter().any(|unit| is_chosen(&unit)) {
                continue;
            }
            &mut today.others
        } else if manner.keep || !subjects.iter().all(is_chosen) {
            &mut today.staying
        } else if for_all && !ground.others_in(namespace).is_empty() {
            // It is about whoever else lives there, too.
            &mut today.staying
        } else {
            &mut today.replaced
        };
        list.push(policy.origin.clone());
    }
    today
}

fn is_about(ground: &Ground<'_>, policy: &Policy, unit: &Unit) -> bool {
    unit.pods.iter().any(|pod| policy.subject.pods.matches(&ground.snapshot.pod(*pod).labels))
}

struct Writer<'a> {
    ground: &'a Ground<'a>,
    chosen: &'a BTreeSet<UnitId>,
    dns: &'a Dns,
    /// The needs of names.
    asked: &'a [Need],
    staying: &'a [Arc<ObjectRef>],
    lacks: &'a [Lack],
    /// Units that got no policy, as their selector would take pods that may be anybody's.
    unwritten: Vec<UnitId>,
}

/// What is said of pods that a selector cannot take by what they have.
const NO_LABELS: &str =
    "these pods have no labels of their own; the selector takes every pod here that has none either.";

const BOTH: &str = "[Ingress, Egress]";
const EVERYONE: &Selector = &Selector { requirements: Vec::new() };

impl Writer<'_> {
    fn write(&mut self, mut rules: BTreeMap<UnitId, Rules>) -> Vec<Written> {
        let mut namespaces: BTreeMap<Arc<str>, Vec<&Unit>> = BTreeMap::new();
        for unit in self.chosen.iter().map(|unit| self.ground.units.get(*unit)) {
            namespaces.entry(unit.namespace.clone()).or_default().push(unit);
        }
        let mut written = Vec::new();
        for (namespace, units) in namespaces {
            let whole = self.ground.is_whole(self.chosen, &namespace);
            let names_for_all = whole && units.iter().all(|unit| self.asks_the_cluster(unit));
            if whole {
                written.push(self.default_deny(&namespace));
            }
            if names_for_all {
                written.push(self.allow_dns(&namespace));
            }
            for unit in units {
                let mut of_unit = rules.remove(&unit.id).unwrap_or_default();
                if !names_for_all {
                    self.add_names(unit, &mut of_unit);
                }
                if whole && of_unit == Rules::default() {
                    continue;
                }
                if unit.is_unlabelled() && !self.ground.others_in(&namespace).is_empty() {
                    self.unwritten.push(unit.id);
                    continue;
                }
                written.push(self.of_unit(unit, &of_unit, whole));
            }
        }
        written
    }

    fn asks_the_cluster(&self, unit: &Unit) -> bool {
        let snapshot = &self.ground.snapshot;
        !self.dns.is(unit.id) && unit.pods.iter().all(|pod| asks_the_cluster(snapshot.pod(*pod)))
    }

    /// A name that no policy of the namespace has that stays.
    fn free(&self, namespace: &str, name: &str) -> String {
        let mut name = name.to_owned();
        let taken = |name: &str| {
            let all = self.ground.snapshot.policies.iter().map(|policy| &policy.origin);
            let staying = all.filter(|origin| self.staying.contains(origin));
            let mut here = staying.filter(|origin| origin.namespace.as_deref() == Some(namespace));
            here.any(|origin| *origin.name == *name)
        };
        while taken(&name) {
            name.push_str("-least");
        }
        name
    }

    fn default_deny(&self, namespace: &Arc<str>) -> Written {
        let name = self.free(namespace, DEFAULT_DENY);
        let head = Head {
            comments: vec!["Nothing is open in this namespace that no other policy opens.".to_owned()],
            name: &name,
            namespace,
            selector: EVERYONE,
            types: BOTH,
        };
        Written { namespace: namespace.clone(), text: head.write(), name }
    }

    fn allow_dns(&self, namespace: &Arc<str>) -> Written {
        let name = self.free(namespace, ALLOW_DNS);
        let head = Head {
            comments: vec!["Whoever closes egress closes DNS: every pod may ask for names.".to_owned()],
            name: &name,
            namespace,
            selector: EVERYONE,
            types: "[Egress]",
        };
        let mut text = head.write();
        text.push_str("  egress:\n");
        for (server, ports) in &self.dns.servers {
            text.push_str("    - to:\n");
            text.push_str(&yaml::peer(server, namespace, &self.ground.units));
            text.push_str("      ports:\n");
            for line in numbers(ports) {
                text.push_str(&format!("        - {}\n", yaml::port_line(&line)));
            }
        }
        Written { namespace: namespace.clone(), text, name }
    }

    /// The names that a unit asks for, as rules of its own.
    fn add_names(&self, unit: &Unit, rules: &mut Rules) {
        for need in self.asked {
            let (side, other) = if need.from == End::Unit(unit.id) {
                (&mut rules.egress, &need.to)
            } else if need.to == End::Unit(unit.id) {
                (&mut rules.ingress, &need.from)
            } else {
                continue;
            };
            let peers = vec![Peer { end: other.clone(), reasons: vec![need.reason.clone()] }];
            side.push(Rule { peers, ports: Some(numbers(&need.ports)) });
        }
    }

    fn of_unit(&self, unit: &Unit, rules: &Rules, whole: bool) -> Written {
        let mut comments = Vec::new();
        if unit.workloads.len() > 1 {
            comments.push(format!("{}: no label tells these apart.", unit.title()));
        }
        if !unit.also.is_empty() {
            comments.push(format!("No selector tells these pods from those of {}.", unit.also.join(", ")));
        }
        if unit.is_unlabelled() {
            comments.push(format!("{}: {}", unit.title(), NO_LABELS));
        }
        for lack in self.lacks.iter().filter(|lack| lack.unit == unit.id) {
            comments.push(format!("NOT COMPLETE: needs {}: {}; say {}.", lack.what, lack.because, lack.how));
        }
        if !whole {
            let others = match self.ground.others_in(&unit.namespace) {
                [] => "the namespace has others that get no policy here",
                _ => "others may live in this namespace",
            };
            comments.push(format!("It isolates these pods by itself; {others}."));
        }
        let name = self.free(&unit.namespace, &unit.name);
        let head =
            Head { comments, name: &name, namespace: &unit.namespace, selector: &unit.selector, types: BOTH };
        let text = head.write() + &yaml::rules(unit, rules, &self.ground.units);
        Written { namespace: unit.namespace.clone(), name, text }
    }
}
