//! Policies, DNS, kube-proxy, workloads.
use crate::table::{check, join};

/// A policy that admits everyone to one port is no worse than none.
#[test]
fn severity_follows_harm() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: db, namespace: shop, labels: {app: db}}\nspec: {containers: [{name: db, image: 'db:1', ports: [{containerPort: 5432}]}]}\n";
    let policy = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: db, namespace: shop}\nspec: {podSelector: {matchLabels: {app: db}}, policyTypes: [Ingress], ingress: [{ports: [{port: 5432}]}]}\n";
    let rules = &["NP012", "NP021"];
    check(&[
        ("no policy, open", pod.to_owned(), false, rules, &["NP021 info"]),
        ("narrowed to its port, open", join(&[pod, policy]), false, rules, &["NP021 info", "NP012 info"]),
        ("no policy, closed", pod.to_owned(), true, rules, &["NP021 warning"]),
        (
            "narrowed to its port, closed",
            join(&[pod, policy]),
            true,
            rules,
            &["NP021 warning", "NP012 warning"],
        ),
    ]);
    let namespace = "apiVersion: v1\nkind: Namespace\nmetadata: {name: shop, labels: {istio-injection: enabled, pod-security.kubernetes.io/enforce: restricted}}\n";
    check(&[
        ("Istio may be installed elsewhere", namespace.to_owned(), false, &["IS049"], &["IS049 warning"]),
        ("it is not", namespace.to_owned(), true, &["IS049"], &["IS049 error"]),
    ]);
}

/// The address of a cache on each node, and policies that name it, are as its documentation has them.
#[test]
fn a_dns_cache_on_each_node() {
    let text = "apiVersion: v1
kind: Namespace
metadata: {name: t}
---
apiVersion: apps/v1
kind: DaemonSet
metadata: {name: node-local-dns, namespace: kube-system, labels: {k8s-app: node-local-dns}}
spec:
  selector: {matchLabels: {k8s-app: node-local-dns}}
  template:
    metadata: {labels: {k8s-app: node-local-dns}}
    spec:
      hostNetwork: true
      dnsPolicy: Default
      tolerations: [{operator: Exists}]
      containers:
        - name: node-cache
          image: registry.k8s.io/dns/k8s-dns-node-cache:1.26.4
          args: [\"-localip\", \"169.254.20.10,10.96.0.10\", \"-conf\", \"/etc/Corefile\", \"-upstreamsvc\", \"kube-dns-upstream\"]
          ports: [{containerPort: 53, name: dns, protocol: UDP}, {containerPort: 53, name: dns-tcp, protocol: TCP}]
---
apiVersion: v1
kind: Pod
metadata: {name: app, namespace: t, labels: {app: app}}
spec:
  dnsPolicy: None
  dnsConfig: {nameservers: [169.254.20.10], searches: [t.svc.cluster.local, svc.cluster.local, cluster.local], options: [{name: ndots, value: \"5\"}]}
  containers: [{name: c, image: 'x:1'}]
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: app, namespace: t}
spec:
  podSelector: {matchLabels: {app: app}}
  policyTypes: [Egress]
  egress:
    - to: [{ipBlock: {cidr: 169.254.20.10/32}}]
      ports: [{port: 53, protocol: UDP}, {port: 53, protocol: TCP}]
";
    let rules = &["NP001", "NP014", "NP015", "NP016", "NP036", "DN001", "DN002", "DN003", "DN004", "SV003"];
    check(&[
        ("the cache is allowed", text.to_owned(), false, rules, &[]),
        (
            "it is not",
            text.replace("cidr: 169.254.20.10/32", "cidr: 203.0.113.7/32"),
            false,
            rules,
            &["NP001 error"],
        ),
    ]);
}

#[test]
fn a_default_deny_without_dns() {
    let deny = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: deny, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Ingress, Egress]}\n";
    let dns = "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {name: dns, namespace: shop}\nspec: {podSelector: {}, policyTypes: [Egress], egress: [{ports: [{port: 53, protocol: UDP}]}]}\n";
    let ingress = deny.replace("[Ingress, Egress]", "[Ingress]");
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: web, namespace: shop, labels: {app: web}}\nspec: {containers: [{name: web, image: 'w:1'}]}\n";
    let to = |cidr: &str| {
        format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: to, namespace: shop}}\nspec: {{podSelector: {{matchLabels: {{app: web}}}}, policyTypes: [Egress], egress: [{{to: [{{ipBlock: {{cidr: {cidr}}}}}]}}]}}\n"
        )
    };
    let rules = &["NP001", "NP040"];
    check(&[
        ("no pods", deny.to_owned(), false, rules, &["NP040 warning"]),
        ("no pods, closed", deny.to_owned(), true, rules, &["NP040 warning"]),
        ("with a rule for it", join(&[deny, dns]), false, rules, &[]),
        (
            "the rule is in another namespace",
            join(&[deny, &dns.replace("shop", "other")]),
            false,
            rules,
            &["NP040 warning"],
        ),
        ("ingress only", ingress, false, rules, &[]),
        ("with pods", join(&[deny, pod]), false, rules, &["NP001 error"]),
        ("to one address, which needs no name", join(&[deny, pod, &to("10.0.0.5/32")]), false, rules, &[]),
        ("to many addresses", join(&[deny, pod, &to("10.0.0.0/24")]), false, rules, &["NP001 error"]),
    ]);
}

#[test]
fn timeouts_of_ipvs() {
    let proxy = |more: &str| {
        format!(
            "apiVersion: v1\nkind: ConfigMap\nmetadata: {{name: kube-proxy, namespace: kube-system}}\ndata:\n  config.conf: |\n    apiVersion: kubeproxy.config.k8s.io/v1alpha1\n    kind: KubeProxyConfiguration\n{more}"
        )
    };
    let rules = &["CN017"];
    check(&[
        (
            "shorter than conntrack's default",
            proxy("    mode: ipvs\n    ipvs: {tcpTimeout: 900s, tcpFinTimeout: 120s, udpTimeout: 300s}\n"),
            false,
            rules,
            &["CN017 warning"],
        ),
        (
            "as long as conntrack's",
            proxy(
                "    mode: ipvs\n    ipvs: {tcpTimeout: 2h}\n    conntrack: {tcpEstablishedTimeout: 2h0m0s}\n",
            ),
            false,
            rules,
            &[],
        ),
        ("nothing said", proxy("    mode: ipvs\n"), false, rules, &[]),
        ("another mode", proxy("    mode: iptables\n    ipvs: {tcpTimeout: 900s}\n"), false, rules, &[]),
        (
            "UDP",
            proxy("    mode: ipvs\n    ipvs: {udpTimeout: 30s}\n    conntrack: {udpStreamTimeout: 180s}\n"),
            false,
            rules,
            &["CN017 warning"],
        ),
    ]);
}

#[test]
fn workloads_of_every_kind() {
    let pod = |spec: &str| {
        format!("apiVersion: v1\nkind: Pod\nmetadata: {{name: a, namespace: shop}}\nspec: {{{spec}}}\n")
    };
    let job = "apiVersion: batch/v1\nkind: CronJob\nmetadata: {name: a, namespace: shop}\nspec:\n  schedule: '@daily'\n  jobTemplate: {spec: {template: {spec: {restartPolicy: Never, containers: [{name: c, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}]}]}}}}\n";
    let agent = "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {name: a, namespace: shop}\nspec:\n  selector: {matchLabels: {app: a}}\n  template:\n    metadata: {labels: {app: a}}\n    spec: {containers: [{name: c, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}]}]}\n";
    check(&[
        (
            "the old name of the field",
            pod("serviceAccount: ghost, containers: [{name: c, image: 'a:1'}]"),
            true,
            &["WL021"],
            &["WL021 warning"],
        ),
        (
            "a bare pod on a port of its node",
            pod("containers: [{name: c, image: 'a:1', ports: [{containerPort: 80, hostPort: 80}]}]"),
            false,
            &["WL018"],
            &["WL018 warning"],
        ),
        ("a CronJob", job.to_owned(), false, &["WL018"], &["WL018 warning"]),
        ("an agent of each node", agent.to_owned(), false, &["WL018"], &[]),
        (
            "SSH",
            pod("containers: [{name: c, image: 'a:1', ports: [{containerPort: 22}]}]"),
            false,
            &["WL031"],
            &["WL031 warning"],
        ),
        (
            "port 22 of UDP",
            pod("containers: [{name: c, image: 'a:1', ports: [{containerPort: 22, protocol: UDP}]}]"),
            false,
            &["WL031"],
            &[],
        ),
    ]);
}
