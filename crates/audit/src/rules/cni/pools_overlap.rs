//! CN002: two pools hold the same addresses.
use netloom_objects::Severity;

use super::support::{overlap, pools};
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN002",
    name: "pools-overlap",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Two pools of Calico, of the Installation or of IPPools, whose ranges overlap.",
    why: "Calico refuses a pool that overlaps another one, and the pods of both would get the same addresses \
            (Calico: \"IP pool\", `cidr`).",
    wrong: "\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    ipPools:
      - cidr: 10.244.0.0/16
        encapsulation: VXLANCrossSubnet
        natOutgoing: Enabled
        nodeSelector: all()
---
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.244.128.0/17
  natOutgoing: true
",
    right: "\
apiVersion: operator.tigera.io/v1
kind: Installation
metadata: {name: default}
spec:
  calicoNetwork:
    ipPools:
      - cidr: 10.244.0.0/16
        encapsulation: VXLANCrossSubnet
        natOutgoing: Enabled
        nodeSelector: all()
---
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.245.0.0/16
  natOutgoing: true
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let mut all = pools(cx);
    all.sort_by_key(|pool| (pool.range.net.network(), pool.range.net.prefix_len()));
    // Sorted, a range that overlaps lies behind one that holds it.
    let mut holder: Option<usize> = None;
    for at in 0..all.len() {
        let pool = &all[at];
        let Some(first) =
            holder.map(|first| &all[first]).filter(|first| overlap(&first.range.net, &pool.range.net))
        else {
            holder = Some(at);
            continue;
        };
        // The operator makes an IPPool for each pool of the Installation.
        if first.range.net == pool.range.net && first.from_installation != pool.from_installation {
            continue;
        }
        let (first, second) = match first.range.at <= pool.range.at {
            true => (first, pool),
            false => (pool, first),
        };
        let message = format!(
            "{}: {} overlaps {} of {}",
            second.range.what, second.range.net, first.range.net, first.range.what
        );
        out.add_at(second.range.at.clone(), second.range.end, Some(&second.range.object.reference), message)
            .help("give each pool a range of its own")
            .related(first.range.object, &format!("{}.cidr", first.path), "the other range");
    }
}
