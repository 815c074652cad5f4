//! How fast manifests become typed objects: `cargo bench -p netloom-objects [-- WORKLOADS]`.
use std::{
    fmt::Write as _,
    hint::black_box,
    time::{Duration, Instant},
};

use netloom_objects::{Source, parse_source};

/// The allocator that the program has.
#[global_allocator]
static ALLOCATOR: tikv_jemallocator::Jemalloc = tikv_jemallocator::Jemalloc;

/// A cluster's worth of Deployments, Services and NetworkPolicies.
fn manifests(workloads: usize) -> String {
    let mut text = String::new();
    for i in 0..workloads {
        let namespace = i % 50;
        _ = write!(
            text,
            "---\napiVersion: apps/v1\nkind: Deployment\nmetadata:\n  name: web-{i}\n  namespace: team-{namespace}\n  labels:\n    \
             app.kubernetes.io/name: web-{i}\n    tier: frontend\nspec:\n  replicas: 3\n  selector:\n    matchLabels:\n      \
             app: web-{i}\n  template:\n    metadata:\n      labels:\n        app: web-{i}\n        tier: frontend\n    spec:\n      \
             containers:\n        - name: web\n          image: registry.example.com/team/web:1.2.{i}\n          ports:\n            \
             - name: http\n              containerPort: 8080\n              protocol: TCP\n            - name: metrics\n              \
             containerPort: 9090\n          env:\n            - name: LOG_LEVEL\n              value: \"info\"\n          resources:\n            \
             requests:\n              cpu: 100m\n              memory: 64Mi\n            limits:\n              memory: 128Mi\n          \
             readinessProbe:\n            httpGet:\n              path: /healthz\n              port: http\n            periodSeconds: 5\n\
             ---\napiVersion: v1\nkind: Service\nmetadata:\n  name: web-{i}\n  namespace: team-{namespace}\nspec:\n  selector:\n    \
             app: web-{i}\n  ports:\n    - name: http\n      port: 80\n      targetPort: http\n      protocol: TCP\n\
             ---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata:\n  name: web-{i}\n  namespace: team-{namespace}\nspec:\n  \
             podSelector:\n    matchLabels:\n      app: web-{i}\n  policyTypes: [Ingress, Egress]\n  ingress:\n    - from:\n        \
             - namespaceSelector:\n            matchLabels:\n              kubernetes.io/metadata.name: ingress\n          podSelector: {{}}\n        \
             - ipBlock:\n            cidr: 10.0.0.0/8\n            except: [10.1.0.0/16]\n      ports:\n        - port: 8080\n          protocol: TCP\n  \
             egress:\n    - to:\n        - namespaceSelector: {{}}\n      ports:\n        - {{port: 53, protocol: UDP}}\n        - {{port: 53, protocol: TCP}}\n"
        );
    }
    text
}

fn main() {
    let workloads = std::env::args().find_map(|a| a.parse().ok()).unwrap_or(4000);
    let source = Source::new("bench.yaml", &manifests(workloads));
    let megabytes = source.text.len() as f64 / 1e6;
    let mut best = Duration::MAX;
    let mut objects = 0;
    for _ in 0..7 {
        let start = Instant::now();
        let parsed = black_box(parse_source(black_box(&source)));
        best = best.min(start.elapsed());
        objects = parsed.objects.len();
        assert!(
            parsed.diagnostics.is_empty(),
            "the manifests of the bench are valid: {:?}",
            parsed.diagnostics.first()
        );
    }
    let seconds = best.as_secs_f64();
    println!(
        "{megabytes:.1} MB, {objects} objects: {:.1} ms, {:.1} MB/s",
        seconds * 1e3,
        megabytes / seconds
    );
}
