//! From texts to a ground.
use std::path::{Path, PathBuf};

use ipnet::IpNet;
use netloom_cluster::{Addressing, Options, build};
use netloom_explain::World;
use netloom_objects::{ObjectSet, Severity, Source, parse_sources, read_sources};
use netloom_reach::Scope;
use netloom_suggest::{
    Chosen, Declared, End, Ground, Manner, Need, Needs, Observed, Proof, Suggestion, compare, derive,
    report::{Report, text},
    today,
};

/// Does something on the ground of some sources.
pub fn on<T>(sources: &[Source], work: impl FnOnce(&Ground<'_>) -> T) -> T {
    let objects = ObjectSet::assemble(parse_sources(sources));
    let wrong: Vec<_> = objects.diagnostics().filter(|d| d.severity == Severity::Error).collect();
    assert!(wrong.is_empty(), "{wrong:?}");
    let options = Options { addressing: Addressing::Known, ..Options::default() };
    let snapshot = build(&objects, &options).snapshot;
    let world = World::compile(build(&objects, &Options::default()).snapshot);
    work(&Ground::new(&objects, &options, &snapshot, world, Scope::default()))
}

/// Does something on the ground of one text, where the API server is known.
pub fn on_with<T>(text: &str, api_server: &[(IpNet, u16)], work: impl FnOnce(&Ground<'_>) -> T) -> T {
    let objects = ObjectSet::assemble(parse_sources(&[Source::new("set.yaml", text)]));
    let options = Options { addressing: Addressing::Known, ..Options::default() };
    let snapshot = build(&objects, &options).snapshot;
    let world = World::compile(build(&objects, &Options::default()).snapshot);
    let mut ground = Ground::new(&objects, &options, &snapshot, world, Scope::default());
    ground.api_server.extend(api_server);
    work(&ground)
}

/// Does something on the ground of one text.
pub fn on_text<T>(text: &str, work: impl FnOnce(&Ground<'_>) -> T) -> T {
    on(&[Source::new("set.yaml", text)], work)
}

/// The sources of an example, with their names as they are from the repository's root; those of a folder left out.
pub fn example(name: &str, without: Option<&str>) -> Vec<Source> {
    let root = Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().unwrap();
    let sources = read_sources(&[PathBuf::from(&root).join("examples").join(name)]).unwrap();
    let root = format!("{}/", root.display());
    let named = sources.into_iter().map(|s| Source::new(s.name.strip_prefix(&root).unwrap(), &s.text));
    named.filter(|s| without.is_none_or(|without| !s.name.contains(without))).collect()
}

/// What is asked beside the manifests.
#[derive(Default)]
pub struct Asked<'a> {
    pub needs: &'a str,
    pub flows: &'a str,
    pub derive: bool,
    pub policies: bool,
    pub keep: bool,
    pub workloads: &'a [&'a str],
    pub namespaces: &'a [&'a str],
}

/// Everything that is needed.
pub fn needs(ground: &Ground<'_>, asked: &Asked<'_>) -> Needs {
    let mut needs = Declared::read(ground, "needs.txt", asked.needs).unwrap().needs;
    needs.extend(Observed::read(ground, "flows.jsonl", asked.flows).unwrap().needs);
    if asked.derive {
        needs.extend(derive(ground));
    }
    if asked.policies {
        needs.extend(today(ground));
    }
    needs
}

/// Needs in words, each with its reason.
pub fn lines(ground: &Ground<'_>, needs: &Needs) -> Vec<String> {
    let title = |end: &End| end.title(&ground.units).to_string();
    let line = |n: &Need| format!("{} -> {} on {}: {}", title(&n.from), title(&n.to), n.ports, n.reason);
    needs.needs.iter().map(line).collect()
}

/// Everything that is needed as people have it: from the manifests and from today's policies.
pub const WHOLE: Asked<'_> = Asked {
    needs: "",
    flows: "",
    derive: true,
    policies: true,
    keep: false,
    workloads: &[],
    namespaces: &[],
};

/// A workload with labels, whose pods listen on a port.
pub fn deployment(name: &str, labels: &str, container: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "{{apiVersion: apps/v1, kind: Deployment, metadata: {{name: {name}, namespace: {namespace}}}, spec: {{selector: \
         {{matchLabels: {{{labels}}}}}, template: {{metadata: {{labels: {{{labels}}}}}, spec: {{containers: [{{name: c, image: \
         'i:1', {container}}}]}}}}}}}}\n---\n"
    )
}

/// A NetworkPolicy.
pub fn network_policy(name: &str, spec: &str) -> String {
    let (namespace, name) = name.split_once('/').unwrap_or(("shop", name));
    format!(
        "{{apiVersion: networking.k8s.io/v1, kind: NetworkPolicy, metadata: {{name: {name}, namespace: {namespace}}}, \
         spec: {{{spec}}}}}\n---\n"
    )
}

/// A Namespace.
pub fn namespace(name: &str) -> String {
    format!("{{apiVersion: v1, kind: Namespace, metadata: {{name: {name}}}}}\n---\n")
}

/// The suggestion, the proof, and the report.
pub fn suggested(ground: &Ground<'_>, asked: &Asked<'_>) -> (Suggestion, Proof, String) {
    let owned = |names: &[&str]| names.iter().map(|n| (*n).to_owned()).collect::<Vec<_>>();
    let chosen: Chosen = ground.choose(&owned(asked.namespaces), &owned(asked.workloads)).unwrap();
    let manner = Manner { keep: asked.keep, ..Manner::default() };
    let (suggestion, rest) = Suggestion::new(ground, &chosen, needs(ground, asked), &manner);
    let proof = Proof::of(ground, &suggestion);
    let changes = compare(ground, &chosen.units, &ground.today, &proof.after);
    let report = Report {
        ground,
        chosen: &chosen,
        suggestion: &suggestion,
        proof: &proof,
        changes: &changes,
        doubts: &rest.doubts,
        shut: &[],
    };
    let words = text(&report);
    (suggestion, proof, words)
}
