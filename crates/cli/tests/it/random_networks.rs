//! Random clusters of a second style: addresses that manifests give, and Services of every kind over them. Whatever they
//! are, real packets do what was predicted.
//!
//! `NETLOOM_RANDOM_CASES` sets how many, `NETLOOM_RANDOM_SEED` the first one; a failing one is printed whole.
use std::fmt::Write as _;

use crate::support::{User, folder, path, verified};

const CASES: u64 = 8;
const NAMESPACES: [&str; 2] = ["team-a", "team-b"];

/// SplitMix64: the same clusters on every machine, for ever.
struct Dice(u64);

impl Dice {
    fn roll(&mut self) -> u64 {
        self.0 = self.0.wrapping_add(0x9e37_79b9_7f4a_7c15);
        let z = (self.0 ^ (self.0 >> 30)).wrapping_mul(0xbf58_476d_1ce4_e5b9);
        let z = (z ^ (z >> 27)).wrapping_mul(0x94d0_49bb_1331_11eb);
        z ^ (z >> 31)
    }

    fn below(&mut self, end: u64) -> u64 {
        self.roll() % end
    }

    fn chance(&mut self, percent: u64) -> bool {
        self.below(100) < percent
    }

    fn pick<T: Copy>(&mut self, of: &[T]) -> T {
        of[self.below(of.len() as u64) as usize]
    }

    fn some<T: Copy>(&mut self, of: &[T], most: u64) -> Vec<T> {
        (0..=self.below(most)).map(|_| self.pick(of)).collect()
    }
}

#[derive(Clone, Copy, PartialEq, Eq)]
enum Family {
    V4,
    V6,
    Dual,
}

impl Family {
    fn argument(self) -> &'static str {
        match self {
            Self::V4 => "ipv4",
            Self::V6 => "ipv6",
            Self::Dual => "dual",
        }
    }

    /// Of an address of each family those that the cluster speaks.
    fn of(self, v4: String, v6: String) -> Vec<String> {
        match self {
            Self::V4 => vec![v4],
            Self::V6 => vec![v6],
            Self::Dual => vec![v4, v6],
        }
    }
}

/// A cluster under way.
struct Cluster {
    dice: Dice,
    family: Family,
    text: String,
    /// Names of the nodes that are declared, with the addresses that they are given.
    nodes: Vec<(String, Vec<String>)>,
    /// The addresses that pods are given.
    given: Vec<String>,
}

impl Cluster {
    fn new(seed: u64) -> Self {
        let mut dice = Dice(seed);
        let family = dice.pick(&[Family::V4, Family::V4, Family::V6, Family::Dual, Family::Dual]);
        Self { dice, family, text: String::new(), nodes: Vec::new(), given: Vec::new() }
    }

    fn object(&mut self, text: &str) {
        _ = writeln!(self.text, "---\n{}", text.trim_end());
    }

    fn all(mut self) -> (String, Family) {
        self.namespaces();
        self.nodes();
        for nth in 0..2 + self.dice.below(6) {
            self.pod(nth);
        }
        for nth in 0..3 + self.dice.below(5) {
            self.service(nth);
        }
        for nth in 0..self.dice.below(7) {
            self.policy(nth);
        }
        (self.text, self.family)
    }

    fn namespaces(&mut self) {
        for name in NAMESPACES {
            let label = self.dice.pick(&["env: dev", "env: prod", ""]);
            self.object(&format!(
                "apiVersion: v1\nkind: Namespace\nmetadata: {{name: {name}, labels: {{{label}}}}}"
            ));
        }
    }

    fn nodes(&mut self) {
        if self.dice.chance(25) {
            return;
        }
        let (ranges, addresses) = (self.dice.chance(50), self.dice.chance(70));
        for nth in 0..1 + self.dice.below(4) {
            let name = format!("w{nth}");
            let zone = self.dice.pick(&["z1", "z2"]);
            let mut text = format!(
                "apiVersion: v1\nkind: Node\nmetadata: {{name: {name}, labels: {{topology.kubernetes.io/zone: {zone}}}}}\n"
            );
            if ranges {
                let nets = self.family.of(format!("10.50.{nth}.0/24"), format!("fd50:{nth}::/64"));
                _ = writeln!(text, "spec: {{podCIDRs: [{}]}}", quoted(&nets));
            }
            let mut ips = Vec::new();
            if addresses && self.dice.chance(80) {
                ips = self.family.of(format!("172.30.0.{}", 11 + nth), format!("fd30::{}", 11 + nth));
                let list: Vec<String> =
                    ips.iter().map(|ip| format!("{{type: InternalIP, address: \"{ip}\"}}")).collect();
                _ = writeln!(text, "status: {{addresses: [{}]}}", list.join(", "));
            }
            self.nodes.push((name, ips));
            self.object(&text);
        }
    }

    fn pod(&mut self, nth: u64) {
        let (namespace, app) = (self.dice.pick(&NAMESPACES), self.dice.pick(&["a", "b", "c"]));
        let ready = if self.dice.chance(12) { ", annotations: {netloom.dev/ready: \"false\"}" } else { "" };
        let host = self.dice.chance(12);
        let mut ports = Vec::new();
        for (port, protocol, name) in
            [(80, "TCP", "http"), (8080, "TCP", "alt"), (53, "UDP", "dns"), (5353, "UDP", "mdns")]
        {
            if !self.dice.chance(45) {
                continue;
            }
            // Of pods on the host's network none wants the port of another.
            let port = if host { port + 1000 + 10 * nth } else { port };
            let name = if self.dice.chance(60) { format!(", name: {name}") } else { String::new() };
            let forwarded = if !host && self.dice.chance(15) {
                format!(", hostPort: {}", 7000 + 10 * nth + ports.len() as u64)
            } else {
                String::new()
            };
            ports.push(format!("{{containerPort: {port}, protocol: {protocol}{name}{forwarded}}}"));
        }
        let node = match self.nodes.is_empty() || self.dice.chance(60) {
            true => String::new(),
            false => {
                format!("nodeName: {}, ", self.nodes[self.dice.below(self.nodes.len() as u64) as usize].0)
            }
        };
        let network = if host { "hostNetwork: true, " } else { "" };
        let mut text = format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: pod{nth}, namespace: {namespace}, labels: {{app: {app}}}{ready}}}\n\
             spec: {{{node}{network}containers: [{{name: c, image: x, ports: [{}]}}]}}\n",
            ports.join(", ")
        );
        if !host && self.dice.chance(25) {
            let ips = self.family.of(format!("10.99.0.{}", 7 + nth), format!("fd99:1::{}", 100 + nth));
            let list: Vec<String> = ips.iter().map(|ip| format!("{{ip: \"{ip}\"}}")).collect();
            _ = writeln!(text, "status: {{podIPs: [{}]}}", list.join(", "));
            self.given.extend(ips);
        }
        self.object(&text);
    }

    /// A port number is a Service's own, so that Services may share addresses.
    fn service(&mut self, nth: u64) {
        let namespace = self.dice.pick(&NAMESPACES);
        let name = format!("svc{nth}");
        let kind =
            self.dice.pick(&["ClusterIP", "ClusterIP", "NodePort", "LoadBalancer", "Headless", "Slices"]);
        let mut spec = Vec::new();
        match kind {
            "Headless" => spec.push("clusterIP: None".to_owned()),
            "NodePort" | "LoadBalancer" => spec.push(format!("type: {kind}")),
            _ => {}
        }
        let selects = kind != "Slices";
        if selects {
            spec.push(format!("selector: {{app: {}}}", self.dice.pick(&["a", "b", "c", "nobody"])));
        }
        let ports = self.ports(nth);
        spec.push(format!("ports: [{}]", ports.join(", ")));
        if self.dice.chance(25) {
            spec.push(format!(
                "sessionAffinity: ClientIP, sessionAffinityConfig: {{clientIP: {{timeoutSeconds: {}}}}}",
                self.dice.pick(&[1, 60, 10800])
            ));
        }
        if kind != "Headless" && self.dice.chance(25) {
            spec.push("internalTrafficPolicy: Local".to_owned());
        }
        let external = if kind == "Headless" { Vec::new() } else { self.external_ips() };
        if !external.is_empty() {
            spec.push(format!("externalIPs: [{}]", quoted(&external)));
        }
        let reached = !external.is_empty() || matches!(kind, "NodePort" | "LoadBalancer");
        if reached && self.dice.chance(35) {
            spec.push("externalTrafficPolicy: Local".to_owned());
        }
        if kind == "LoadBalancer" && self.dice.chance(20) {
            let ranges = self.family.of("203.0.113.0/28".to_owned(), "2001:db8:ffff::/120".to_owned());
            spec.push(format!("loadBalancerSourceRanges: [{}]", quoted(&ranges)));
        }
        if self.dice.chance(15) {
            spec.push("publishNotReadyAddresses: true".to_owned());
        }
        if kind != "Headless" && self.dice.chance(20) {
            spec.push(format!(
                "trafficDistribution: {}",
                self.dice.pick(&["PreferClose", "PreferSameZone", "PreferSameNode"])
            ));
        }
        if self.family == Family::Dual && self.dice.chance(50) {
            spec.push(format!(
                "ipFamilyPolicy: {}",
                self.dice.pick(&["SingleStack", "PreferDualStack", "RequireDualStack"])
            ));
            if self.dice.chance(50) {
                spec.push(format!("ipFamilies: [{}]", self.dice.pick(&["IPv4", "IPv6"])));
            }
        }
        let mut text = format!(
            "apiVersion: v1\nkind: Service\nmetadata: {{name: {name}, namespace: {namespace}}}\nspec: {{{}}}\n",
            spec.join(", ")
        );
        if kind == "LoadBalancer" && self.dice.chance(60) {
            let own: Vec<String> = self.nodes.iter().flat_map(|(_, ips)| ips.clone()).collect();
            let ips = match own.is_empty() || self.dice.chance(40) {
                true => self
                    .family
                    .of(format!("192.0.2.{}", 20 + nth % 3), format!("2001:db8:2::{}", 20 + nth % 3)),
                false => own,
            };
            let list: Vec<String> = ips.iter().map(|ip| format!("{{ip: \"{ip}\"}}")).collect();
            _ = writeln!(text, "status: {{loadBalancer: {{ingress: [{}]}}}}", list.join(", "));
        }
        self.object(&text);
        if !selects {
            self.slices(&name, namespace, nth);
        }
    }

    fn ports(&mut self, nth: u64) -> Vec<String> {
        let base = 100 + 50 * nth;
        if self.dice.chance(15) {
            // Many that nothing listens on.
            return (0..12)
                .map(|i| {
                    format!("{{name: u{i}, port: {}, targetPort: {}, protocol: UDP}}", base + i, 6000 + i)
                })
                .collect();
        }
        (0..=self.dice.below(2))
            .map(|i| {
                let (protocol, targets): (&str, &[&str]) = match self.dice.chance(60) {
                    true => ("TCP", &["80", "8080", "http", "alt", "9999"]),
                    false => ("UDP", &["53", "5353", "dns", "mdns", "9998"]),
                };
                let target = self.dice.pick(targets);
                format!("{{name: p{i}, port: {}, targetPort: {target}, protocol: {protocol}}}", base + i)
            })
            .collect()
    }

    fn external_ips(&mut self) -> Vec<String> {
        if !self.dice.chance(30) {
            return Vec::new();
        }
        let own: Vec<String> = self.nodes.iter().flat_map(|(_, ips)| ips.clone()).collect();
        let known = if self.dice.chance(50) { own } else { self.given.clone() };
        if !known.is_empty() && self.dice.chance(50) {
            return vec![known[self.dice.below(known.len() as u64) as usize].clone()];
        }
        let last = 30 + self.dice.below(4);
        self.family.of(format!("198.51.100.{last}"), format!("2001:db8:51::{last}"))
    }

    /// Endpoints by hand: pods, nodes, addresses outside, and addresses of the pods' ranges that nobody has.
    fn slices(&mut self, service: &str, namespace: &str, nth: u64) {
        for (part, v4) in [true, false].into_iter().enumerate() {
            let speaks = match self.family {
                Family::V4 => v4,
                Family::V6 => !v4,
                Family::Dual => true,
            };
            if !speaks || self.dice.chance(15) {
                continue;
            }
            let of_family = |ip: &&String| ip.contains(':') != v4;
            let mut known: Vec<String> = match v4 {
                true => vec!["198.51.100.10", "198.51.100.11", "10.50.0.107", "10.244.0.201"],
                false => vec!["2001:db8:51::10", "2001:db8:51::11", "fd50:0::107", "fd00:10:244::c9"],
            }
            .into_iter()
            .map(str::to_owned)
            .collect();
            known.extend(self.given.iter().filter(of_family).cloned());
            known.extend(self.nodes.iter().flat_map(|(_, ips)| ips).filter(of_family).cloned());
            let mut endpoints = Vec::new();
            for _ in 0..1 + self.dice.below(3) {
                let ip = known.remove(self.dice.below(known.len() as u64) as usize);
                let mut fields = vec![format!("addresses: [\"{ip}\"]")];
                if self.dice.chance(50) {
                    let (ready, serving) = (self.dice.chance(60), self.dice.chance(70));
                    fields.push(format!(
                        "conditions: {{ready: {ready}, serving: {serving}, terminating: {}}}",
                        self.dice.chance(40)
                    ));
                }
                if !self.nodes.is_empty() && self.dice.chance(40) {
                    let node = self.dice.below(self.nodes.len() as u64) as usize;
                    fields.push(format!("nodeName: {}", self.nodes[node].0));
                }
                if self.dice.chance(30) {
                    let zone = self.dice.pick(&["z1", "z2"]);
                    fields.push(format!("zone: {zone}, hints: {{forZones: [{{name: {zone}}}]}}"));
                }
                endpoints.push(format!("{{{}}}", fields.join(", ")));
            }
            let ports: Vec<String> = (0..2)
                .flat_map(|i| {
                    let number = self.dice.pick(&[80, 5432, 6379, 53]);
                    ["TCP", "UDP"].map(|p| format!("{{name: p{i}, port: {number}, protocol: {p}}}"))
                })
                .collect();
            // A slice has a name of a port once: the protocol is the Service's, whichever that is.
            let ports: Vec<String> = ports.into_iter().skip(self.dice.below(2) as usize).step_by(2).collect();
            let family = if v4 { "IPv4" } else { "IPv6" };
            self.object(&format!(
                "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\nmetadata: {{name: {service}-{part}-{nth}, namespace: {namespace}, \
                 labels: {{kubernetes.io/service-name: {service}}}}}\naddressType: {family}\nendpoints: [{}]\nports: [{}]\n",
                endpoints.join(", "),
                ports.join(", ")
            ));
        }
    }

    fn policy(&mut self, nth: u64) {
        let namespace = self.dice.pick(&NAMESPACES);
        let subject = self.dice.pick(&["{}", "{matchLabels: {app: a}}", "{matchLabels: {app: b}}"]);
        let mut spec = vec![format!("podSelector: {subject}")];
        for (direction, side) in [("ingress", "from"), ("egress", "to")] {
            if self.dice.chance(60) {
                let rules: Vec<String> = (0..self.dice.below(3)).map(|_| self.rule(side)).collect();
                spec.push(format!("{direction}: [{}]", rules.join(", ")));
            }
        }
        let types: Vec<&str> = [("ingress", "Ingress"), ("egress", "Egress")]
            .into_iter()
            .filter(|(field, _)| spec.iter().any(|s| s.starts_with(&format!("{field}:"))))
            .map(|(_, name)| name)
            .collect();
        if !types.is_empty() {
            spec.push(format!("policyTypes: [{}]", types.join(", ")));
        }
        self.object(&format!(
            "apiVersion: networking.k8s.io/v1\nkind: NetworkPolicy\nmetadata: {{name: np{nth}, namespace: {namespace}}}\nspec: {{{}}}\n",
            spec.join(", ")
        ));
    }

    fn rule(&mut self, side: &str) -> String {
        let blocks: &[&str] = match self.family {
            Family::V4 => &[
                "{cidr: 10.50.0.0/16, except: [10.50.0.0/24]}",
                "{cidr: 10.99.0.0/24, except: [10.99.0.8/30]}",
                "{cidr: 0.0.0.0/0, except: [10.0.0.0/8]}",
                "{cidr: 198.51.100.0/24}",
                "{cidr: 172.30.0.0/24}",
            ],
            Family::V6 | Family::Dual => &[
                "{cidr: \"fd50::/16\", except: [\"fd50:2::/64\"]}",
                "{cidr: \"fd99:1::/64\", except: [\"fd99:1::100/126\"]}",
                "{cidr: \"::/0\", except: [\"fd00::/8\"]}",
                "{cidr: \"2001:db8:51::/64\"}",
            ],
        };
        let mut parts = Vec::new();
        if self.dice.chance(75) {
            let peers: Vec<String> = (0..=self.dice.below(2))
                .map(|_| match self.dice.below(4) {
                    0 => format!(
                        "{{podSelector: {{matchLabels: {{app: {}}}}}}}",
                        self.dice.pick(&["a", "b", "c"])
                    ),
                    1 => format!(
                        "{{namespaceSelector: {{matchLabels: {{env: {}}}}}}}",
                        self.dice.pick(&["dev", "prod"])
                    ),
                    _ => format!("{{ipBlock: {}}}", self.dice.pick(blocks)),
                })
                .collect();
            parts.push(format!("{side}: [{}]", peers.join(", ")));
        }
        if self.dice.chance(50) {
            let ports = self.dice.some(
                &[
                    "{port: 80}",
                    "{port: http}",
                    "{port: dns, protocol: UDP}",
                    "{port: 50, endPort: 6000, protocol: UDP}",
                    "{port: 5432}",
                    "{protocol: UDP}",
                ],
                2,
            );
            parts.push(format!("ports: [{}]", ports.join(", ")));
        }
        format!("{{{}}}", parts.join(", "))
    }
}

fn quoted(of: &[String]) -> String {
    of.iter().map(|text| format!("\"{text}\"")).collect::<Vec<_>>().join(", ")
}

fn number(variable: &str, default: u64) -> u64 {
    std::env::var(variable).ok().map_or(default, |n| n.parse().expect("a number"))
}

#[test]
fn packets_do_what_was_predicted_with_addresses_that_manifests_give() {
    let (first, cases) = (number("NETLOOM_RANDOM_SEED", 1), number("NETLOOM_RANDOM_CASES", CASES));
    let mut failed = Vec::new();
    let mut probes = 0;
    for seed in first..first + cases {
        let (manifests, family) = Cluster::new(seed).all();
        let folder = folder(&[("cluster.yaml", &manifests)]);
        let nodes = (1 + seed % 3).to_string();
        let overlay = if seed % 2 == 0 { "vxlan" } else { "none" };
        let arguments =
            [path(&folder), "--nodes", &nodes, "--overlay", overlay, "--ip-family", family.argument()];
        match std::panic::catch_unwind(|| verified(User::Own, &arguments)) {
            Ok(report) => probes += report["probes"].as_u64().unwrap(),
            Err(_) => {
                println!("seed {seed}, {}:\n{manifests}", arguments[1..].join(" "));
                failed.push(seed);
            }
        }
    }
    println!("{cases} clusters, {probes} connections");
    assert!(failed.is_empty(), "seeds {failed:?}");
}
