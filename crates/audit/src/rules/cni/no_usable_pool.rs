//! CN011: no pool is left for new pods.
use netloom_objects::Severity;

use super::support::pools;
use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "CN011",
    name: "no-usable-pool",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "Pools of Calico that are all disabled, or select no node, where the set has all IPPools.",
    why: "Pods stay in ContainerCreating: no address can be assigned (Calico: \"Migrate from one IP pool to \
            another\"; the new pool comes first).",
    wrong: "\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.250.0.0/16
  natOutgoing: true
  disabled: true
",
    right: "\
apiVersion: crd.projectcalico.org/v1
kind: IPPool
metadata: {name: blue}
spec:
  cidr: 10.250.0.0/16
  natOutgoing: true
",
    closed: true,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let all = pools(cx);
    if !cx.is_closed("IPPool", None) {
        return;
    }
    for v4 in [true, false] {
        let family = || all.iter().filter(|pool| pool.range.net.addr().is_ipv4() == v4);
        if family().any(|pool| !pool.disabled) {
            continue;
        }
        let Some(last) = family().next_back() else { continue };
        let object = last.range.object;
        let field = ["disabled", "disableNewAllocations", "nodeSelector"]
            .into_iter()
            .map(|field| format!("{}.{field}", last.path))
            .find(|path| object.is_written(path))
            .unwrap_or_else(|| last.path.clone());
        let family = if v4 { "IPv4" } else { "IPv6" };
        out.add(
            object,
            &field,
            format!("{}: no pool for {family} is left that gives addresses", last.range.what),
        )
        .help("enable one, or add the pool that is to replace it");
    }
}
