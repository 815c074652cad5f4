use crate::{built, findings, print};

fn policies(yaml: &str) -> String {
    let built = built(yaml);
    let mut out = String::new();
    for policy in built.snapshot.policies.iter() {
        print::print_policy(&mut out, policy);
    }
    for finding in findings(&built) {
        out += &format!("{finding}\n");
    }
    out
}

fn network_policy(spec: &str) -> String {
    format!(
        "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: p, namespace: shop}}\nspec: {spec}\n"
    )
}

#[test]
fn directions_by_policy_types() {
    for (spec, ingress, egress) in [
        ("{podSelector: {}}", Some(0), None),
        ("{podSelector: {}, ingress: []}", Some(0), None),
        ("{podSelector: {}, ingress: [{}]}", Some(1), None),
        ("{podSelector: {}, egress: [{}]}", Some(0), Some(1)),
        ("{podSelector: {}, egress: []}", Some(0), None),
        ("{podSelector: {}, policyTypes: [Ingress]}", Some(0), None),
        ("{podSelector: {}, policyTypes: [Egress]}", None, Some(0)),
        ("{podSelector: {}, policyTypes: [Ingress, Egress]}", Some(0), Some(0)),
        ("{podSelector: {}, policyTypes: []}", Some(0), None),
        ("{podSelector: {}, policyTypes: [Egress], ingress: [{}]}", None, Some(0)),
        ("{podSelector: {}, policyTypes: [Ingress], egress: [{}]}", Some(0), None),
    ] {
        let built = built(&network_policy(spec));
        let policy = &built.snapshot.policies[0];
        let count = |rules: &Option<Vec<netloom_cluster::Rule>>| rules.as_ref().map(Vec::len);
        assert_eq!((count(&policy.ingress), count(&policy.egress)), (ingress, egress), "{spec}");
    }
    assert_eq!(
        findings(&built(&network_policy("{podSelector: {}, policyTypes: [Egress], ingress: [{}]}"))),
        [
            "warning 4 NetworkPolicy shop/p has ingress rules, but its policyTypes leave Ingress out: they do nothing"
        ]
    );
}

#[test]
fn peers() {
    for (peer, wanted) in [
        ("{podSelector: {}}", "shop/{}"),
        ("{podSelector: {matchLabels: {app: web}}}", "shop/{app=web}"),
        ("{namespaceSelector: {}}", "{}/{}"),
        ("{namespaceSelector: {matchLabels: {team: a}}}", "{team=a}/{}"),
        (
            "{namespaceSelector: {matchLabels: {team: a}}, podSelector: {matchLabels: {app: web}}}",
            "{team=a}/{app=web}",
        ),
        (
            "{namespaceSelector: {}, podSelector: {matchExpressions: [{key: tier, operator: NotIn, values: [z, b]}, {key: app, operator: Exists}]}}",
            "{}/{app,tier!=b|z}",
        ),
        ("{ipBlock: {cidr: 10.0.0.0/8}}", "10.0.0.0/8"),
        (
            "{ipBlock: {cidr: 10.0.0.0/8, except: [10.1.0.0/16, 10.2.0.0/16]}}",
            "10.0.0.0/8 except 10.1.0.0/16 10.2.0.0/16",
        ),
        ("{ipBlock: {cidr: 'fd00::/8', except: ['fd00:1::/32']}}", "fd00::/8 except fd00:1::/32"),
    ] {
        let built = built(&network_policy(&format!("{{podSelector: {{}}, ingress: [{{from: [{peer}]}}]}}")));
        let rules = built.snapshot.policies[0].ingress.as_ref().unwrap();
        let peers: Vec<String> = rules[0].peers.iter().flatten().map(|p| print::peer(&p.peer)).collect();
        assert_eq!(peers, [wanted], "{peer}");
    }
}

#[test]
fn absent_and_empty_lists_of_peers_and_ports_are_everything() {
    for rule in ["{}", "{from: []}", "{ports: []}", "{from: [], ports: []}", "{from: null}"] {
        let built = built(&network_policy(&format!("{{podSelector: {{}}, ingress: [{rule}]}}")));
        let rules = built.snapshot.policies[0].ingress.as_ref().unwrap();
        assert_eq!((&rules[0].peers, &rules[0].ports), (&None, &None), "{rule}");
    }
}

#[test]
fn ports() {
    for (port, wanted) in [
        ("{port: 80}", "80/TCP"),
        ("{port: 53, protocol: UDP}", "53/UDP"),
        ("{protocol: SCTP}", "*/SCTP"),
        ("{}", "*/TCP"),
        ("{port: 8000, endPort: 9000}", "8000-9000/TCP"),
        ("{port: http}", "http/TCP"),
        ("{port: dns, protocol: UDP}", "dns/UDP"),
    ] {
        let built = built(&network_policy(&format!("{{podSelector: {{}}, egress: [{{ports: [{port}]}}]}}")));
        let rules = built.snapshot.policies[0].egress.as_ref().unwrap();
        let ports: Vec<String> = rules[0].ports.iter().flatten().map(|p| print::port(&p.port)).collect();
        assert_eq!(ports, [wanted], "{port}");
    }
}

#[test]
fn every_line_of_a_network_policy() {
    insta::assert_snapshot!(policies(
        "apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api
  namespace: shop
spec:
  podSelector:
    matchLabels: {app: api}
  policyTypes:
  - Ingress
  - Egress
  ingress:
  - from:
    - podSelector:
        matchLabels: {app: web}
    - namespaceSelector:
        matchLabels: {team: ops}
      podSelector:
        matchLabels: {app: prometheus}
    ports:
    - port: http
    - protocol: TCP
      port: 9090
  - from:
    - ipBlock:
        cidr: 10.0.0.7/8
        except:
        - 10.9.0.0/16
  egress:
  - {}
"
    ));
}

#[test]
fn admin_and_baseline() {
    insta::assert_snapshot!(policies(
        "apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: guard}
spec:
  priority: 10
  subject:
    namespaces: {matchLabels: {tenant: a}}
  ingress:
  - name: ops may come in
    action: Allow
    from:
    - namespaces: {matchLabels: {team: ops}}
    - pods:
        namespaceSelector: {}
        podSelector: {matchLabels: {app: probe}}
    ports:
    - portNumber: {protocol: TCP, port: 80}
    - portRange: {protocol: UDP, start: 5000, end: 6000}
    - namedPort: metrics
  - name: the rest is theirs
    action: Pass
    from:
    - namespaces: {}
  egress:
  - action: Deny
    to:
    - networks: [169.254.169.254/32, 'fd00:ec2::254/128']
    - nodes: {matchExpressions: [{key: node-role.kubernetes.io/control-plane, operator: Exists}]}
---
apiVersion: policy.networking.k8s.io/v1alpha1
kind: BaselineAdminNetworkPolicy
metadata: {name: default}
spec:
  subject:
    pods: {namespaceSelector: {}, podSelector: {}}
  ingress:
  - action: Deny
    from:
    - namespaces: {}
"
    ));
}

#[test]
fn cluster_network_policies() {
    insta::assert_snapshot!(policies(
        "apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: late}
spec:
  tier: Baseline
  priority: 7
  subject:
    namespaces: {}
  egress:
  - action: Accept
    to:
    - domainNames: ['*.example.com']
  - action: Deny
    to:
    - networks: [0.0.0.0/0]
    protocols:
    - tcp: {destinationPort: {number: 443}}
    - udp: {destinationPort: {range: {start: 1, end: 99}}}
    - sctp: {destinationPort: {number: 9}}
  - action: Pass
    to:
    - namespaces: {}
    protocols:
    - destinationNamedPort: web
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: first}
spec:
  tier: Admin
  priority: 3
  subject:
    pods: {namespaceSelector: {matchLabels: {a: b}}, podSelector: {matchLabels: {c: d}}}
  ingress:
  - action: Accept
    from:
    - namespaces: {matchExpressions: [{key: a, operator: DoesNotExist}]}
---
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: also-first}
spec:
  tier: Admin
  priority: 3
  subject:
    namespaces: {}
"
    ));
}
