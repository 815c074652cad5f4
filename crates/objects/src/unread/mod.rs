//! What an answer does not take into account: objects that deny, publish or run something, of kinds that whoever
//! answers does not read.
mod table;

use std::collections::{BTreeMap, BTreeSet};

use serde::Serialize;

use crate::{Cause, Object, ObjectSet};
use table::{KINDS, NOT_SERVED, OF_REQUESTS, Row};

/// What objects of a kind do that matters for who reaches whom.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord, Hash, Serialize)]
#[serde(rename_all = "kebab-case")]
pub enum Effect {
    /// They forbid connections or requests, or allow them.
    Denies,
    /// They let in from outside.
    Publishes,
    /// They run pods.
    Runs,
    /// They bring objects that are not in the set.
    Provisions,
    /// They lead connections or requests elsewhere, or change them.
    Routes,
    /// They connect to what they name.
    Connects,
}

impl Effect {
    const ALL: [Self; 6] =
        [Self::Denies, Self::Publishes, Self::Runs, Self::Provisions, Self::Routes, Self::Connects];

    /// What such objects do, and what the answer may lack for it.
    #[must_use]
    pub const fn words(self) -> &'static str {
        match self {
            Self::Denies => "deny or allow traffic: the cluster may be tighter than this answer",
            Self::Publishes => {
                "open ways in from outside: the cluster may publish more than this answer says"
            }
            Self::Runs => "run pods that this answer does not know, or know the number of",
            Self::Provisions => {
                "bring objects that are not in this set: workloads, policies and ways in among them"
            }
            Self::Routes => "lead traffic elsewhere or change it",
            Self::Connects => "connect to what they name",
        }
    }

    /// What of it does not happen in a network that runs here.
    const fn words_of_network(self) -> &'static str {
        match self {
            Self::Denies => "deny or allow traffic, and nobody does so in this network",
            Self::Publishes => "open ways in from outside, and this network has none of them",
            Self::Runs => "run pods, and these do not run here",
            Self::Provisions => "bring objects that are not in this set, and so not here",
            Self::Routes => "lead traffic elsewhere or change it, and nobody does so in this network",
            Self::Connects => "connect to what they name, and nobody does so in this network",
        }
    }
}

/// Who answers.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Reader {
    /// `check`, which reads routes and the mesh.
    Rules,
    /// What predicts connections.
    Connections,
    /// A network that runs here.
    Network,
}

/// The objects of one kind.
#[derive(Clone, Debug, PartialEq, Eq, Serialize)]
pub struct UnreadKind {
    /// The API group.
    pub group: String,
    /// The kind.
    pub kind: String,
    /// How many there are.
    pub count: usize,
    /// What they do.
    pub effect: Effect,
    /// What that may change about the answer.
    pub means: &'static str,
}

/// What an answer does not take into account.
#[derive(Clone, Debug, Default, PartialEq, Eq, Serialize)]
#[serde(transparent)]
pub struct Unread(pub Vec<UnreadKind>);

impl Unread {
    /// What there is of it in a set.
    #[must_use]
    pub fn of(set: &ObjectSet, reader: Reader) -> Self {
        let mut counts: BTreeMap<(Effect, &str, &str), usize> = BTreeMap::new();
        // The files of kustomizations and charts; where manifests were made of one, they stand in its place.
        let unmade: BTreeSet<&str> =
            set.diagnostics().filter(|d| d.cause == Cause::NotApplied).map(|d| &*d.at.file).collect();
        let is_unmade = |object: &Object| {
            matches!(
                (object.group(), &*object.kind),
                ("kustomize.config.k8s.io", "Kustomization") | ("", "HelmChart")
            ) && unmade.contains(&*object.reference.at.file)
        };
        for object in set.objects() {
            let of_file = || is_unmade(object).then_some(Effect::Provisions);
            if let Some(effect) = effect_of(object, reader).or_else(of_file) {
                *counts.entry((effect, &object.kind, object.group())).or_default() += 1;
            }
        }
        let kind = |((effect, kind, group), count): ((Effect, &str, &str), usize)| UnreadKind {
            group: group.to_owned(),
            kind: kind.to_owned(),
            count,
            effect,
            means: effect.words(),
        };
        Self(counts.into_iter().map(kind).collect())
    }

    /// Whether there is none.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.0.is_empty()
    }

    /// Only the kinds that do one of these.
    #[must_use]
    pub fn only(&self, effects: &[Effect]) -> Self {
        Self(self.0.iter().filter(|kind| effects.contains(&kind.effect)).cloned().collect())
    }

    /// A sentence for each thing that they do: `not judged: 2 CiliumNetworkPolicy, which deny or allow …`.
    #[must_use]
    pub fn sentences(&self) -> Vec<String> {
        let sentence = |effect: Effect| {
            let kinds = self.listed(effect)?;
            Some(format!("not judged: {kinds}; these {}", effect.words()))
        };
        Effect::ALL.into_iter().filter_map(sentence).collect()
    }

    /// The same of a network that runs here: `not served: 2 Ingress, …`.
    #[must_use]
    pub fn of_network(&self) -> Vec<String> {
        let sentence = |effect: Effect| {
            let kinds = self.listed(effect)?;
            Some(format!("not served: {kinds}; these {}", effect.words_of_network()))
        };
        Effect::ALL.into_iter().filter_map(sentence).collect()
    }

    /// What is in either of two sets, with the higher counts.
    #[must_use]
    pub fn or(&self, other: &Self) -> Self {
        let same =
            |a: &UnreadKind, b: &UnreadKind| (&a.group, &a.kind, a.effect) == (&b.group, &b.kind, b.effect);
        let mut all = self.0.clone();
        for kind in &other.0 {
            match all.iter_mut().find(|known| same(known, kind)) {
                Some(known) => known.count = known.count.max(kind.count),
                None => all.push(kind.clone()),
            }
        }
        all.sort_by(|a, b| (a.effect, &a.kind, &a.group).cmp(&(b.effect, &b.kind, &b.group)));
        Self(all)
    }

    /// The kinds that do one thing, with their counts.
    fn listed(&self, effect: Effect) -> Option<String> {
        let of_effect = self.0.iter().filter(|kind| kind.effect == effect);
        let named = |kind: &UnreadKind| match kind.group.as_str() {
            "" => format!("{} {}", kind.count, kind.kind),
            group => format!("{} {} ({group})", kind.count, kind.kind),
        };
        let kinds: Vec<String> = of_effect.map(named).collect();
        (!kinds.is_empty()).then(|| kinds.join(", "))
    }

    /// The sentences, a line each.
    #[must_use]
    pub fn text(&self) -> String {
        self.sentences().iter().map(|sentence| format!("{sentence}\n")).collect()
    }
}

/// What an object does that a reader does not take into account.
#[must_use]
pub fn effect_of(object: &Object, reader: Reader) -> Option<Effect> {
    let (group, kind) = (object.group(), &*object.kind);
    let find = |rows: &'static [Row]| {
        let row = rows.iter().find(|(of, _, kinds)| *of == group && kinds.contains(&kind));
        row.map(|(_, effect, _)| *effect)
    };
    let beyond = match reader {
        Reader::Rules => None,
        Reader::Connections => find(OF_REQUESTS),
        Reader::Network => find(OF_REQUESTS).or_else(|| find(NOT_SERVED)),
    };
    beyond.or_else(|| find(KINDS))
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::{Source, parse_sources};

    fn set(kinds: &[&str]) -> ObjectSet {
        let object = |(nth, line): (usize, &&str)| {
            let (api, kind) = line.rsplit_once(' ').unwrap();
            format!("apiVersion: {api}\nkind: {kind}\nmetadata: {{name: n{nth}}}\nspec: {{}}\n")
        };
        let text: Vec<String> = kinds.iter().enumerate().map(object).collect();
        ObjectSet::assemble(parse_sources(&[Source::new("a.yaml", &text.join("---\n"))]))
    }

    #[test]
    fn the_tables_are_sorted_and_name_no_kind_twice() {
        for rows in [KINDS, NOT_SERVED, OF_REQUESTS] {
            let groups: Vec<&str> = rows.iter().map(|(group, ..)| *group).collect();
            let mut kinds: Vec<(&str, &str)> = rows
                .iter()
                .flat_map(|(group, _, kinds)| kinds.iter().map(move |kind| (*group, *kind)))
                .collect();
            let count = kinds.len();
            kinds.sort_unstable();
            kinds.dedup();
            assert_eq!(kinds.len(), count);
            assert!(groups.is_sorted(), "{groups:?}");
        }
    }

    #[test]
    fn kustomizations_and_charts_that_were_not_built_bring_what_nobody_knows() {
        for (file, text, said) in [
            ("kustomization.yaml", "resources: [a.yaml]\n", None),
            (
                "k/kustomization.yaml",
                "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nnamePrefix: a-\n",
                Some("1 Kustomization (kustomize.config.k8s.io)"),
            ),
            ("c/Chart.yaml", "apiVersion: v2\nname: c\nversion: 1.0.0\n", Some("1 HelmChart")),
            ("a.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: a}\n", None),
        ] {
            let unread =
                Unread::of(&ObjectSet::assemble(parse_sources(&[Source::new(file, text)])), Reader::Rules);
            let expected =
                said.map(|said| format!("not judged: {said}; these {}", Effect::Provisions.words()));
            assert_eq!(unread.sentences(), expected.into_iter().collect::<Vec<_>>(), "{file}");
        }
    }

    #[test]
    fn what_is_not_judged_depends_on_who_answers() {
        let set = set(&[
            "cilium.io/v2 CiliumNetworkPolicy",
            "cilium.io/v2 CiliumNetworkPolicy",
            "projectcalico.org/v3 GlobalNetworkPolicy",
            "helm.toolkit.fluxcd.io/v2 HelmRelease",
            "networking.istio.io/v1 VirtualService",
            "security.istio.io/v1 AuthorizationPolicy",
            "networking.k8s.io/v1 Ingress",
            "example.com/v1 Sprocket",
        ]);
        let kinds = |reader| -> Vec<String> {
            Unread::of(&set, reader)
                .0
                .iter()
                .map(|k| format!("{:?} {} {}", k.effect, k.count, k.kind))
                .collect()
        };
        let everywhere =
            ["Denies 2 CiliumNetworkPolicy", "Denies 1 GlobalNetworkPolicy", "Provisions 1 HelmRelease"];
        assert_eq!(kinds(Reader::Rules), everywhere);
        assert_eq!(kinds(Reader::Connections), [&["Denies 1 AuthorizationPolicy"], &everywhere[..]].concat());
        assert_eq!(
            kinds(Reader::Network),
            [
                &["Denies 1 AuthorizationPolicy"],
                &everywhere[..2],
                &["Publishes 1 Ingress"],
                &everywhere[2..],
                &["Routes 1 VirtualService"],
            ]
            .concat()
        );
    }

    #[test]
    fn each_effect_is_one_sentence() {
        let set = set(&["cilium.io/v2 CiliumNetworkPolicy", "crd.antrea.io/v1beta1 NetworkPolicy"]);
        assert_eq!(
            Unread::of(&set, Reader::Rules).sentences(),
            [
                "not judged: 1 CiliumNetworkPolicy (cilium.io), 1 NetworkPolicy (crd.antrea.io); these deny or allow \
              traffic: the cluster may be tighter than this answer"
            ]
        );
    }
}
