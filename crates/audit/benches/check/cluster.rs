//! Clusters of any size: namespaces with Deployments of five tiers, and policies of every form. The same each time.
use std::fmt::Write as _;

use netloom_objects::Source;

const TIERS: [&str; 5] = ["web", "api", "db", "cache", "batch"];

/// Of a hundred objects one is a Namespace and ten are policies.
const WORKLOADS: usize = 89;

/// Numbers that look random (splitmix64).
struct Numbers(u64);

impl Numbers {
    fn below(&mut self, end: usize) -> usize {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let mut mixed = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        mixed = (mixed ^ (mixed >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        usize::try_from((mixed ^ (mixed >> 31)) % end as u64).unwrap()
    }
}

/// A file of workloads and one of policies.
pub fn sources(objects: usize) -> Vec<Source> {
    assert_eq!(objects % 100, 0, "clusters are made of hundreds of objects");
    let namespaces = objects / 100;
    vec![
        Source::new("workloads.yaml", &workloads(namespaces)),
        Source::new("netpols.yaml", &policies(namespaces, namespaces * 10)),
    ]
}

fn workloads(namespaces: usize) -> String {
    let mut text = String::new();
    for n in 0..namespaces {
        let env = if n % 3 == 0 { "dev" } else { "prod" };
        _ = write!(
            text,
            "---\napiVersion: v1\nkind: Namespace\nmetadata:\n  name: ns{n}\n  labels: {{team: t{}, env: {env}, \
             kubernetes.io/metadata.name: ns{n}}}\n",
            n % 7
        );
        for i in 0..WORKLOADS {
            let (tier, port) = (TIERS[i % 5], 8000 + i % 5);
            _ = write!(
                text,
                "---\napiVersion: apps/v1\nkind: Deployment\nmetadata: {{name: d{i}, namespace: ns{n}}}\nspec:\n  replicas: 1\n  \
                 selector: {{matchLabels: {{app: d{i}}}}}\n  template:\n    metadata: {{labels: {{app: d{i}, tier: {tier}}}}}\n    \
                 spec:\n      containers:\n      - name: c\n        image: x\n        ports: [{{name: http, containerPort: {port}, \
                 protocol: TCP}}, {{name: dns, containerPort: 5353, protocol: UDP}}]\n"
            );
        }
    }
    text
}

fn policies(namespaces: usize, count: usize) -> String {
    let mut numbers = Numbers(1);
    let mut text = String::new();
    for k in 0..count {
        let form = numbers.below(6);
        let mut tier = || TIERS[numbers.below(5)];
        let subject =
            if form == 0 { "{}".to_owned() } else { format!("{{matchLabels: {{tier: {}}}}}", tier()) };
        let peer_tier = tier();
        _ = write!(
            text,
            "---\napiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p{k}, namespace: ns{}}}\nspec:\n  \
             podSelector: {subject}\n",
            k % namespaces
        );
        if form == 0 {
            text.push_str("  policyTypes: [Ingress]\n");
            continue;
        }
        let peer = match form {
            1 => format!("podSelector: {{matchLabels: {{tier: {peer_tier}}}}}"),
            2 => format!("namespaceSelector: {{matchLabels: {{team: t{}}}}}", numbers.below(7)),
            3 => {
                let block = numbers.below(8) * 32;
                format!("ipBlock: {{cidr: 10.{block}.0.0/11, except: [10.{block}.0.0/16]}}")
            }
            4 => format!(
                "namespaceSelector: {{matchExpressions: [{{key: env, operator: In, values: [prod]}}]}}\n      podSelector: \
                 {{matchLabels: {{tier: {peer_tier}}}}}"
            ),
            _ => "namespaceSelector: {}".to_owned(),
        };
        let ports = match form {
            4 => "[{port: http}]".to_owned(),
            5 => "[{port: 8000, endPort: 8002}, {port: 5353, protocol: UDP}]".to_owned(),
            _ => format!("[{{port: {}}}]", 8000 + numbers.below(5)),
        };
        let (direction, side, peers) =
            if numbers.below(2) == 0 { ("Ingress", "ingress", "from") } else { ("Egress", "egress", "to") };
        _ = write!(
            text,
            "  policyTypes: [{direction}]\n  {side}:\n  - {peers}:\n    - {peer}\n    ports: {ports}\n"
        );
    }
    text
}
