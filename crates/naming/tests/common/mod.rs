//! Snapshots by hand, for the tests of names and of the DNS server.
#![allow(dead_code, reason = "each test binary uses its own part")]
#![allow(clippy::unwrap_used, reason = "the inputs are literals of the tests")]
use std::{collections::BTreeMap, net::IpAddr, sync::Arc};

use netloom_cluster::*;
use netloom_objects::{Location, ObjectRef};

/// A Snapshot in the making.
#[derive(Default)]
pub struct Cluster {
    pub zone: Option<&'static str>,
    pub namespaces: Vec<&'static str>,
    pub pods: Vec<Arc<Pod>>,
    pub services: Vec<Arc<Service>>,
}

pub fn ip(text: &str) -> IpAddr {
    text.parse().unwrap()
}

pub fn addrs(list: &[&str]) -> Addrs {
    let mut addrs = Addrs::default();
    list.iter().for_each(|text| addrs.fill(ip(text)));
    addrs
}

pub fn origin(kind: &str, namespace: &str, name: &str, line: u32) -> Arc<ObjectRef> {
    let at = Location { file: "cluster.yaml".into(), line, column: 1 };
    Arc::new(ObjectRef { kind: kind.into(), namespace: Some(namespace.into()), name: name.into(), at })
}

/// An endpoint whose ports are those numbers.
pub fn endpoint(ips: &[&str], ports: &[u16]) -> Endpoint {
    Endpoint {
        ips: addrs(ips),
        ports: ports.iter().map(|p| Some(*p)).collect(),
        pod: None,
        node: None,
        ready: true,
        serving: true,
        terminating: false,
        hostname: None,
        zone: None,
        hint_zones: vec![],
        hint_nodes: vec![],
    }
}

pub fn named(hostname: &str, endpoint: Endpoint) -> Endpoint {
    Endpoint { hostname: Some(hostname.into()), ..endpoint }
}

pub fn unready(endpoint: Endpoint) -> Endpoint {
    Endpoint { ready: false, serving: false, ..endpoint }
}

/// A Service with ports `name/protocol:number`; an empty name is none.
pub fn service(
    namespace: &str,
    name: &str,
    kind: ServiceKind,
    ports: &[&str],
    endpoints: Vec<Endpoint>,
) -> Service {
    let origin = origin("Service", namespace, name, 10);
    let port = |text: &&str| {
        let (port_name, rest) = text.split_once('/').unwrap();
        let (protocol, number) = rest.split_once(':').unwrap();
        let number = number.parse().unwrap();
        ServicePort {
            name: (!port_name.is_empty()).then(|| port_name.into()),
            protocol: Protocol::parse(protocol).unwrap(),
            port: number,
            target: TargetPort::Number(number),
            node_port: None,
            app_protocol: None,
            origin: origin.clone(),
        }
    };
    Service {
        id: ServiceId(0),
        name: name.into(),
        namespace: namespace.into(),
        kind,
        ports: ports.iter().map(port).collect(),
        has_selector: true,
        endpoints: Arc::new(endpoints),
        affinity: None,
        internal_policy: TrafficPolicy::Cluster,
        external_policy: TrafficPolicy::Cluster,
        distribution: Distribution::Any,
        lb_ips: vec![],
        external_ips: vec![],
        source_ranges: vec![],
        health_check_node_port: None,
        labels: Arc::default(),
        publish_not_ready: false,
        origin: origin.clone(),
    }
}

pub fn vip(list: &[&str]) -> ServiceKind {
    ServiceKind::Virtual(addrs(list))
}

pub fn external(name: &str) -> ServiceKind {
    ServiceKind::ExternalName(name.into())
}

pub fn pod(namespace: &str, name: &str, ips: &[&str]) -> Pod {
    Pod {
        id: PodId(0),
        name: name.into(),
        namespace: namespace.into(),
        namespace_id: NamespaceId(0),
        labels: Arc::default(),
        workload: Workload { kind: "Pod".into(), name: name.into() },
        node: NodeId(0),
        ips: addrs(ips),
        host_network: false,
        service_account: "default".into(),
        hostname: None,
        subdomain: None,
        containers: Arc::default(),
        listening: vec![],
        aimed: vec![],
        pending: false,
        ready: true,
        dns_policy: DnsPolicy::ClusterFirst,
        dns_config: Arc::default(),
        host_ports: Arc::default(),
        host_aliases: Arc::default(),
        run: None,
        origin: origin("Pod", namespace, name, 20),
    }
}

impl Cluster {
    pub fn namespace(mut self, name: &'static str) -> Self {
        self.namespaces.push(name);
        self
    }

    pub fn pod(mut self, pod: Pod) -> Self {
        self.pods.push(Arc::new(pod));
        self
    }

    pub fn service(mut self, service: Service) -> Self {
        self.services.push(Arc::new(service));
        self
    }

    /// Sorted and numbered as the model asks for.
    pub fn snapshot(self) -> Snapshot {
        let Self { zone, mut namespaces, mut pods, mut services } = self;
        namespaces.sort_unstable();
        let namespaces: Vec<Namespace> = namespaces
            .into_iter()
            .map(|name| Namespace { name: name.into(), labels: Arc::default(), origin: None })
            .collect();
        pods.sort_by_key(|p| (p.namespace.clone(), p.name.clone()));
        services.sort_by_key(|s| (s.namespace.clone(), s.name.clone()));
        for (i, service) in services.iter_mut().enumerate() {
            Arc::make_mut(service).id = ServiceId(i as u32);
        }
        for (i, pod) in pods.iter_mut().enumerate() {
            Arc::make_mut(pod).id = PodId(i as u32);
        }
        let dns = services.iter().find(|s| &*s.namespace == "kube-system" && &*s.name == "kube-dns");
        Snapshot {
            zone: zone.unwrap_or("cluster.local").into(),
            plan: Arc::new(plan()),
            dns_service: dns.map(|s| s.id),
            dns_servers: Arc::default(),
            namespaces: Arc::new(namespaces),
            nodes: Arc::new(vec![node()]),
            pods: Arc::new(pods),
            services: Arc::new(services),
            policies: Arc::default(),
        }
    }
}

fn plan() -> AddressPlan {
    let nets = |v4: &str, v6: &str| Nets { v4: Some(v4.parse().unwrap()), v6: Some(v6.parse().unwrap()) };
    AddressPlan {
        pod_cidrs: nets("10.244.0.0/16", "fd00:10:244::/56"),
        service_cidrs: nets("10.96.0.0/12", "fd00:10:96::/112"),
        lb_cidrs: Nets::default(),
        node_cidrs: nets("172.18.0.0/16", "fd00:172:18::/64"),
        outside: addrs(&["203.0.113.1"]),
    }
}

fn node() -> Node {
    Node {
        id: NodeId(0),
        name: "node-1".into(),
        labels: Arc::new(BTreeMap::new()),
        ips: addrs(&["172.18.0.2", "fd00:172:18::2"]),
        pod_cidrs: Nets { v4: Some("10.244.0.0/24".parse().unwrap()), v6: None },
        origin: None,
    }
}

/// A cluster with one of everything that DNS knows.
pub fn everything() -> Cluster {
    let headless = || ServiceKind::Headless;
    Cluster::default()
        .namespace("default")
        .namespace("kube-system")
        .namespace("production")
        .pod(pod("production", "web-0", &["10.244.0.7", "fd00:10:244::7"]))
        .pod(pod("production", "web-1", &["10.244.1.8", "fd00:10:244:1::8"]))
        .service(service(
            "kube-system",
            "kube-dns",
            vip(&["10.96.0.10", "fd00:10:96::a"]),
            &["dns/UDP:53", "dns-tcp/TCP:53", "metrics/TCP:9153"],
            vec![endpoint(&["10.244.0.2"], &[53, 53, 9153])],
        ))
        .service(service(
            "production",
            "web",
            vip(&["10.96.7.7", "fd00:10:96::7"]),
            &["http/TCP:80", "/TCP:443"],
            vec![
                endpoint(&["10.244.0.7", "fd00:10:244::7"], &[8080, 8443]),
                unready(endpoint(&["10.244.1.8"], &[8080, 8443])),
            ],
        ))
        .service(service("production", "idle", vip(&["10.96.7.8"]), &["http/TCP:80"], vec![]))
        .service(service(
            "production",
            "db",
            headless(),
            &["pg/TCP:5432", "gossip/UDP:7946"],
            vec![
                named("db-0", endpoint(&["10.244.0.20", "fd00:10:244::20"], &[5432, 7946])),
                named("db-1", endpoint(&["10.244.1.21", "fd00:10:244:1::21"], &[5432, 7946])),
                named("db-2", unready(endpoint(&["10.244.1.22"], &[5432, 7946]))),
                endpoint(&["10.244.1.23"], &[15432]),
            ],
        ))
        .service(service(
            "production",
            "starting",
            headless(),
            &["pg/TCP:5432"],
            vec![unready(endpoint(&["10.244.1.22"], &[5432]))],
        ))
        .service(Service {
            publish_not_ready: true,
            ..service(
                "production",
                "peers",
                headless(),
                &["p/TCP:1"],
                vec![named("p-0", unready(endpoint(&["10.244.1.22"], &[1])))],
            )
        })
        .service(service("production", "portless", headless(), &[], vec![endpoint(&["10.244.1.30"], &[])]))
        .service(service("production", "api", external("API.example.com."), &[], vec![]))
        .service(service("production", "near", external("web.production.svc.cluster.local"), &[], vec![]))
        .service(service("production", "far", external("near.production.svc.cluster.local"), &[], vec![]))
        .service(service("production", "gone", external("no.production.svc.cluster.local"), &[], vec![]))
        .service(service("production", "four", external("idle.production.svc.cluster.local"), &[], vec![]))
        .service(service(
            "production",
            "ring-a",
            external("ring-b.production.svc.cluster.local"),
            &[],
            vec![],
        ))
        .service(service(
            "production",
            "ring-b",
            external("ring-a.production.svc.cluster.local"),
            &[],
            vec![],
        ))
        .service(service("production", "number", external("192.0.2.1"), &[], vec![]))
}
