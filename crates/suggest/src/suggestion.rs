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
    need::{End, Need, Needs},
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
    /// Every need that concerns them, DNS too.
    pub needs: Vec<Need>,
    /// The folder that the files are for, as it is written before their names.
    pub folder: String,
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
        let mut own = Needs { doubts: needs.doubts, ..Needs::default() };
        needs.needs.into_iter().filter(concerns).for_each(|need| own.add(need));
        let of_units = rules(&ground.snapshot, &ground.units, chosen, &own.needs);
        let (replaced, staying) = today(ground, chosen, manner);
        let mut writer = Writer { ground, chosen, dns: &dns, asked: &asked.needs, staying: &staying };
        let policies = writer.write(of_units);
        let mut all = asked;
        all.extend(own);
        let needs = std::mem::take(&mut all.needs);
        let folder =
            manner.folder.as_ref().map_or_else(String::new, |f| format!("{}/", f.trim_end_matches('/')));
        (Self { policies, replaced, staying, chosen: chosen.clone(), needs, folder }, all)
    }

    /// The policies of each namespace as one file of YAML.
    #[must_use]
    pub fn files(&self) -> BTreeMap<Arc<str>, String> {
        let mut files: BTreeMap<Arc<str>, String> = BTreeMap::new();
        for policy in &self.policies {
            let file = files.entry(policy.namespace.clone()).or_default();
            match file.is_empty() {
                true => {
                    *file = format!("{MARK}: what namespace {} needs, and nothing else.\n", policy.namespace)
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

/// Which of today's NetworkPolicies go, and which stay although they are about chosen pods.
fn today(
    ground: &Ground<'_>,
    chosen: &BTreeSet<UnitId>,
    manner: &Manner,
) -> (Vec<Arc<ObjectRef>>, Vec<Arc<ObjectRef>>) {
    let (mut replaced, mut staying) = (Vec::new(), Vec::new());
    for policy in ground.snapshot.policies.iter().filter(|p| p.tier == Tier::NetworkPolicy) {
        let NamespaceMatch::Named(namespace) = &policy.subject.namespaces else { continue };
        let here = ground.units.in_namespace(namespace).iter();
        let subjects: Vec<&Unit> = here.filter(|unit| is_about(ground, policy, unit)).collect();
        let is_chosen = |unit: &&Unit| chosen.contains(&unit.id);
        if !subjects.iter().any(is_chosen) {
            // It selects nobody: where all of the namespace is written anew, it goes as well.
            if subjects.is_empty() && !manner.keep && has_chosen(ground, chosen, namespace) {
                replaced.push(policy.origin.clone());
            }
            continue;
        }
        match !manner.keep && subjects.iter().all(is_chosen) {
            true => replaced.push(policy.origin.clone()),
            false => staying.push(policy.origin.clone()),
        }
    }
    (replaced, staying)
}

fn has_chosen(ground: &Ground<'_>, chosen: &BTreeSet<UnitId>, namespace: &str) -> bool {
    let mut here = chosen.iter().map(|unit| ground.units.get(*unit));
    here.any(|unit| *unit.namespace == *namespace) && ground.is_whole(chosen, namespace)
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
}

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
        if !whole {
            comments.push(
                "It isolates these pods by itself; the namespace has others that get no policy here."
                    .to_owned(),
            );
        }
        let name = self.free(&unit.namespace, &unit.name);
        let head =
            Head { comments, name: &name, namespace: &unit.namespace, selector: &unit.selector, types: BOTH };
        let text = head.write() + &yaml::rules(unit, rules, &self.ground.units);
        Written { namespace: unit.namespace.clone(), name, text }
    }
}
