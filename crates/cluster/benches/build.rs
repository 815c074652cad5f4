//! How long a first build takes, and a rebuild after one change: `cargo bench -p netloom-cluster`.
//!
//! A file for each object, so that a change reads one object anew, as `--watch` does.
use std::{sync::Arc, time::Instant};

use netloom_cluster::{Builder, Options};
use netloom_objects::{ObjectSet, ParsedSource, Source, parse_source};

const NAMESPACES: usize = 10;
const ROUNDS: usize = 51;

fn source(name: &str, text: String) -> Arc<ParsedSource> {
    Arc::new(parse_source(&Source::new(name, &text)))
}

fn deployment(i: usize, tier: usize) -> Arc<ParsedSource> {
    source(
        &format!("d{i}.yaml"),
        format!(
            "apiVersion: apps/v1
kind: Deployment
metadata: {{name: d{i}, namespace: ns{}}}
spec:
  replicas: 1
  selector: {{matchLabels: {{app: d{i}}}}}
  template:
    metadata: {{labels: {{app: d{i}, tier: t{tier}}}}}
    spec:
      containers:
      - name: c
        ports: [{{name: http, containerPort: 8000}}, {{name: dns, containerPort: 5353, protocol: UDP}}]
",
            i % NAMESPACES
        ),
    )
}

fn service(i: usize, port: usize) -> Arc<ParsedSource> {
    source(
        &format!("s{i}.yaml"),
        format!(
            "apiVersion: v1
kind: Service
metadata: {{name: d{i}, namespace: ns{}}}
spec: {{selector: {{app: d{i}}}, ports: [{{port: {port}, targetPort: http}}]}}
",
            i % NAMESPACES
        ),
    )
}

fn slice(i: usize, port: usize) -> Arc<ParsedSource> {
    source(
        &format!("e{i}.yaml"),
        format!(
            "apiVersion: v1
kind: Service
metadata: {{name: e{i}, namespace: ns{namespace}}}
spec: {{ports: [{{port: 80}}]}}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {{name: e{i}, namespace: ns{namespace}, labels: {{kubernetes.io/service-name: e{i}}}}}
addressType: IPv4
ports: [{{port: {port}}}]
endpoints: [{{addresses: [192.0.2.1]}}, {{addresses: [192.0.2.2]}}]
",
            namespace = i % NAMESPACES
        ),
    )
}

fn policy(i: usize, port: usize) -> Arc<ParsedSource> {
    source(
        &format!("p{i}.yaml"),
        format!(
            "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {{name: p{i}, namespace: ns{}}}
spec:
  podSelector: {{matchLabels: {{tier: t{}}}}}
  ingress:
  - from: [{{namespaceSelector: {{matchLabels: {{team: a}}}}}}, {{ipBlock: {{cidr: 10.0.0.0/8, except: [10.1.0.0/16]}}}}]
    ports: [{{port: {port}}}, {{port: http}}]
",
            i % NAMESPACES,
            i % 5
        ),
    )
}

/// Median and best of rebuilding after a change, one after the other in one builder.
fn rebuild(
    builder: &mut Builder,
    sources: &[Arc<ParsedSource>],
    change: impl Fn(usize) -> (usize, Arc<ParsedSource>),
) -> String {
    let mut sources = sources.to_vec();
    let mut times = Vec::with_capacity(ROUNDS);
    for round in 0..ROUNDS {
        let (at, changed) = change(round);
        sources[at] = changed;
        let set = ObjectSet::assemble(sources.clone());
        let start = Instant::now();
        let built = builder.build(&set);
        times.push(start.elapsed());
        std::hint::black_box(built);
    }
    times.sort();
    format!("{:>10.2?} {:>10.2?}", times[ROUNDS / 2], times[0])
}

fn main() {
    for count in [100, 1_000, 5_000] {
        let mut sources: Vec<_> = (0..count).map(|i| deployment(i, i % 5)).collect();
        sources.extend((0..count).map(|i| service(i, 80)));
        sources.extend((0..count).map(|i| policy(i, 8000)));
        sources.extend((0..10).map(|i| slice(i, 80)));
        let set = ObjectSet::assemble(sources.clone());
        let options = Options { nodes: 3, ..Options::default() };
        let start = Instant::now();
        let mut builder = Builder::new(options);
        let built = builder.build(&set);
        let first = start.elapsed();
        let s = &built.snapshot;
        println!("{} pods, {} Services, {} policies", s.pods.len(), s.services.len(), s.policies.len());
        println!("                             median       best");
        println!("  first build             {first:>10.2?}");
        let again = rebuild(&mut builder, &sources, |_| (0, sources[0].clone()));
        println!("  nothing changed         {again}");
        let one = rebuild(&mut builder, &sources, |round| (2 * count + 7, policy(7, 1 + round)));
        println!("  one policy changed      {one}");
        let one = rebuild(&mut builder, &sources, |round| (3 * count + 5, slice(5, 1 + round)));
        println!("  one slice changed       {one}");
        let one = rebuild(&mut builder, &sources, |round| (count + 7, service(7, 1 + round)));
        println!("  one Service changed     {one}");
        let one = rebuild(&mut builder, &sources, |round| (7, deployment(7, round)));
        println!("  one workload relabelled {one}");
        let one = rebuild(&mut builder, &sources, |round| {
            (count / 2, deployment(count / 2 + if round % 2 == 0 { count } else { 0 }, 1))
        });
        println!("  a pod comes, one goes   {one}");
    }
}
