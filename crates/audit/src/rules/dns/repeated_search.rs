//! DN002: search domains that the kubelet writes anyway.
use netloom_objects::Severity;

use crate::{Context, Findings, Fix, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "DN002",
    name: "repeated-search",
    group: Group::Style,
    severity: Severity::Info,
    finds: "Entries of `dnsConfig.searches` that ClusterFirst gives the pod by itself: its own namespace's domain, \
            `svc.` and the cluster's zone. A warning where the domain is that of another namespace.",
    why: "The kubelet merges and drops repetitions, so that they change nothing; they only look as if they were \
          needed. The domain of another namespace does change something: its Services answer to short names of \
          this one.",
    wrong: "\
apiVersion: v1
kind: Pod
metadata:
  name: orders
  namespace: shop
spec:
  dnsConfig:
    searches:
      - shop.svc.cluster.local
      - svc.cluster.local
      - acme.example
  containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    right: "\
apiVersion: v1
kind: Pod
metadata:
  name: orders
  namespace: shop
spec:
  dnsConfig:
    searches:
      - acme.example
  containers: [{name: orders, image: \"registry.example/orders:3.1\"}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let zone = &*cx.snapshot().zone;
    for workload in cx.workloads() {
        let policy = workload.spec.dns_policy.as_deref().unwrap_or("ClusterFirst");
        if !(policy == "ClusterFirstWithHostNet" || policy == "ClusterFirst" && !workload.host_network()) {
            continue;
        }
        let searches = workload.spec.dns_config.iter().flat_map(|config| config.searches.iter().flatten());
        let svc = format!("svc.{zone}");
        let (mut repeated, mut foreign) = (Vec::new(), Vec::new());
        for (index, search) in searches.enumerate() {
            let domain = search.trim_end_matches('.');
            match domain.strip_suffix(&svc).map(|rest| rest.trim_end_matches('.')) {
                _ if domain == zone => repeated.push((index, search.as_str())),
                Some("") => repeated.push((index, search)),
                Some(namespace) if namespace == workload.namespace() => repeated.push((index, search)),
                Some(namespace) if !namespace.contains('.') => foreign.push((index, namespace)),
                _ => {}
            }
        }
        let path = |index: usize| workload.path(&format!("spec.dnsConfig.searches[{index}]"));
        for (index, namespace) in foreign {
            let message = format!(
                "{} is in namespace {} and searches that of {namespace}: a short name may be a Service of either",
                title(workload.object),
                workload.namespace()
            );
            // Without a namespace of its own it may be applied into that one, and then the entry only repeats.
            let severity = match workload.object.namespace {
                Some(_) => Severity::Warning,
                None => Severity::Info,
            };
            out.add(workload.object, &path(index), message)
                .help(format!("leave it out, and name Services of the other namespace as NAME.{namespace}"))
                .severity(severity);
        }
        if let Some((index, first)) = repeated.first() {
            let more = match repeated.len() {
                1 => String::new(),
                n => format!(" (and {} more)", n - 1),
            };
            let message =
                format!("{}: the pod searches {first}{more} without being told", title(workload.object));
            let path = path(*index);
            out.add(workload.object, &path, message)
                .help("leave out what ClusterFirst gives by itself")
                .fix(Fix::safe(format!("leave out {first}")).remove_all(workload.object, &path));
        }
    }
}
