//! Narrower forms of today's policies.
use std::fmt::Write as _;

use netloom_suggest::{Chosen, Ground, report, tighten};

use crate::support::{Asked, needs, on_text};

const SET: &str = "\
apiVersion: v1
kind: Namespace
metadata: {name: shop}
---
apiVersion: v1
kind: Namespace
metadata: {name: monitoring}
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: shop, labels: {app: web}}
spec: {containers: [{name: c, image: i, env: [{name: API, value: 'http://api:80'}], ports: [{containerPort: 80, name: http}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: api, namespace: shop}
spec: {selector: {app: api}, ports: [{port: 80, targetPort: http}]}
---
apiVersion: v1
kind: Pod
metadata:
  name: api
  namespace: shop
  labels: {app: api}
  annotations: {prometheus.io/scrape: \"true\", prometheus.io/port: \"9090\"}
spec: {containers: [{name: c, image: i, ports: [{containerPort: 8080, name: http}, {containerPort: 9090, name: metrics}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: prometheus, namespace: monitoring, labels: {app: prometheus}}
spec: {containers: [{name: c, image: 'prom/prometheus:v3', ports: [{containerPort: 9090}]}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: api, namespace: shop}
spec:
  podSelector: {matchLabels: {app: api}}
  policyTypes: [Ingress, Egress]
  ingress:
    # The shop.
    - from:
        - podSelector: {matchLabels: {app: web}}
    # Metrics.
    - from:
        - namespaceSelector: {}
      ports: [{port: metrics}]
    - from:
        - ipBlock: {cidr: 0.0.0.0/0}
        - ipBlock: {cidr: '::/0'}
      ports:
        - port: http # from outside
  egress:
    - to:
        - namespaceSelector: {}
          podSelector: {matchLabels: {k8s-app: kube-dns}}
      ports: [{port: 53, protocol: UDP}, {port: 53}]
    - to: [{ipBlock: {cidr: 0.0.0.0/0}}]
      ports: [{port: 443}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: web, namespace: shop}
spec:
  podSelector: {matchLabels: {app: web}}
  policyTypes: [Ingress]
  ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}]}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: prometheus, namespace: monitoring}
spec:
  podSelector: {}
  ingress:
    - ports: [{port: 9090}]
";

fn tightened(ground: &Ground<'_>, asked: &Asked<'_>) -> String {
    let chosen: Chosen = ground.choose(&[], &[]).unwrap();
    let tightened = tighten(ground, &chosen, needs(ground, asked));
    assert!(tightened.unmet.is_empty() && tightened.changes.opened.is_empty());
    let mut shown = String::new();
    for (_, after) in &tightened.changed {
        _ = writeln!(shown, "{}", after.text.split_once("kind: NetworkPolicy").unwrap().1);
    }
    shown + &report::tightened::text(&tightened)
}

#[test]
fn wide_rules_get_narrower_and_comments_stay() {
    on_text(SET, |ground| {
        let asked = Asked { derive: true, ..Asked::default() };
        insta::assert_snapshot!("tighten", tightened(ground, &asked));
    });
}

#[test]
fn what_is_needed_from_outside_stays_open() {
    on_text(SET, |ground| {
        let asked = Asked {
            derive: true,
            needs: "outside -> shop/web:80\noutside -> shop/api:8080\n",
            ..Asked::default()
        };
        let text = tightened(ground, &asked);
        assert!(text.contains("cidr: 0.0.0.0/0}\n        - ipBlock"), "{text}");
        assert!(
            text.contains(
                "ingress: [{from: [{ipBlock: {cidr: 0.0.0.0/0}}], ports: [{protocol: TCP, port: http}]}]"
            ),
            "{text}"
        );
    });
}
