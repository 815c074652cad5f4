//! Random edits, one after the other: a builder that remembers says the same as one that sees it all for the first time.
use std::sync::Arc;

use netloom_cluster::{Builder, Built, Options};
use netloom_objects::{ObjectSet, ParsedSource, Source, parse_source};

/// A small linear congruential generator: the sequence is the same in every run.
struct Dice(u64);

impl Dice {
    fn roll(&mut self, sides: u64) -> u64 {
        self.0 = self.0.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1_442_695_040_888_963_407);
        (self.0 >> 33) % sides
    }
}

/// A file with one object or two, out of a small world in which names meet.
fn text(file: u64, dice: &mut Dice) -> String {
    let namespace = ["shop", "default", "ops"][dice.roll(3) as usize];
    let app = dice.roll(4);
    let name = format!("f{file}");
    match file % 7 {
        0 | 1 => format!(
            "apiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{replicas: {}, selector: {{matchLabels: {{app: a{app}}}}}, template: {{metadata: {{labels: {{app: a{app}}}}}, spec: {{containers: [{{name: c{}}}]}}}}}}\n",
            dice.roll(4),
            ["", ", ports: [{name: http, containerPort: 80}]"][dice.roll(2) as usize]
        ),
        2 => format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: s{app}, namespace: {namespace}}}\nspec: {{{}type: {}, ports: [{{port: 80, targetPort: {}}}]}}\n",
            ["", &format!("selector: {{app: a{app}}}, ")][dice.roll(2) as usize],
            ["ClusterIP", "NodePort", "LoadBalancer"][dice.roll(3) as usize],
            ["80", "http", "8080"][dice.roll(3) as usize]
        ),
        3 => format!(
            "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: {name}, namespace: {namespace}, labels: {{kubernetes.io/service-name: s{app}}}}}\naddressType: IPv4\nports: [{{port: {}}}]\nendpoints: [{{addresses: [192.0.2.{}]}}]\n",
            80 + dice.roll(3),
            1 + dice.roll(9)
        ),
        4 => format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{podSelector: {{matchLabels: {{app: a{app}}}}}, ingress: [{{ports: [{{port: {}}}]}}]}}\n",
            80 + dice.roll(3)
        ),
        5 => format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: p{app}, namespace: {namespace}, labels: {{app: a{app}}}, annotations: {{netloom.dev/ready: '{}'}}}}\nspec: {{containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}\n",
            ["true", "false"][dice.roll(2) as usize]
        ),
        _ => match dice.roll(3) {
            0 => format!("apiVersion: v1\nkind: Node\nmetadata: {{name: n{app}}}\n"),
            1 => format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {namespace}, labels: {{team: t{app}}}}}\n"
            ),
            _ => format!(
                "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{selector: {{matchLabels: {{app: d}}}}, template: {{metadata: {{labels: {{app: d, v: v{app}}}}}, spec: {{containers: [{{name: c, image: x}}]}}}}}}\n"
            ),
        },
    }
}

/// All of a Snapshot that does not depend on what was there before: everything but nodes and addresses chosen.
fn essence(built: &Built) -> Vec<String> {
    let s = &built.snapshot;
    let mut out: Vec<String> = s.namespaces.iter().map(|n| format!("{n:?}")).collect();
    out.extend(s.nodes.iter().map(|n| format!("{} {:?} {:?}", n.name, n.id, n.labels)));
    for (i, p) in s.pods.iter().enumerate() {
        assert_eq!(p.id.0 as usize, i);
        assert_eq!(s.namespace(p.namespace_id).name, p.namespace);
        assert!(p.ips.iter().all(|ip| s.node(p.node).pod_cidrs.contains(ip)), "{} {:?}", p.name, p.ips);
        out.push(format!("{} {:?} {:?} {} {}", p.qualified_name(), p.labels, p.listening, p.ready, p.origin));
    }
    let mut ips: Vec<_> = s.pods.iter().flat_map(|p| p.ips.iter()).collect();
    ips.sort();
    ips.dedup();
    assert_eq!(ips.len(), 2 * s.pods.len(), "no two pods share an address");
    for (i, v) in s.services.iter().enumerate() {
        assert_eq!(v.id.0 as usize, i);
        let endpoint = |e: &netloom_cluster::Endpoint| match e.pod {
            Some(pod) => {
                let pod = s.pod(pod);
                assert!(e.ips.iter().all(|ip| pod.ips.contains(ip)) && e.node == Some(pod.node));
                format!("{} {:?} {}", pod.name, e.ports, e.ready)
            }
            None => format!("{:?} {:?} {}", e.ips, e.ports, e.ready),
        };
        let mut endpoints: Vec<String> = v.endpoints.iter().map(endpoint).collect();
        endpoints.sort();
        let shape: Vec<_> =
            v.ports.iter().map(|p| (p.port, &p.target, p.node_port.is_some(), &p.origin)).collect();
        out.push(format!(
            "{} {} {} {shape:?} {endpoints:?}",
            v.qualified_name(),
            v.has_selector,
            v.lb_ips.len()
        ));
    }
    out.extend(s.policies.iter().map(|p| format!("{p:?}")));
    out.push(format!("{:?}", s.dns_service));
    out.extend(built.diagnostics.iter().map(|d| format!("{d:?}")));
    out.extend(built.notes.iter().cloned());
    out
}

#[test]
fn a_builder_that_remembers_agrees_with_a_new_one() {
    for seed in 0..40 {
        let mut dice = Dice(seed);
        let mut files: Vec<Option<Arc<ParsedSource>>> = vec![None; 28];
        let mut builder = Builder::new(Options::default());
        for step in 0..60 {
            for _ in 0..=dice.roll(3) {
                let file = dice.roll(28);
                let source =
                    |text: String| Source { name: format!("f{file}.yaml").into(), text: text.into() };
                files[file as usize] =
                    (dice.roll(4) > 0).then(|| Arc::new(parse_source(&source(text(file, &mut dice)))));
            }
            let set = ObjectSet::assemble(files.iter().flatten().cloned().collect());
            let (again, fresh) = (builder.build(&set), netloom_cluster::build(&set, &Options::default()));
            assert_eq!(essence(&again), essence(&fresh), "seed {seed}, step {step}");
        }
    }
}
