//! NP028: kinds that ClusterNetworkPolicy replaces.
use netloom_objects::{
    Severity,
    policy_api::v1alpha1::{AdminNetworkPolicy, BaselineAdminNetworkPolicy},
};

use crate::{Context, Findings, Group, Rule};

pub static RULE: Rule = Rule {
    code: "NP028",
    name: "admin-policy-superseded",
    group: Group::Style,
    severity: Severity::Info,
    finds: "An AdminNetworkPolicy or BaselineAdminNetworkPolicy, which ClusterNetworkPolicy replaces.",
    why: "policy.networking.k8s.io/v1alpha2 puts both into one kind, ClusterNetworkPolicy with `tier: Admin` \
          or `tier: Baseline` (network-policy-api v0.2.0); the v1alpha1 kinds get no further development.",
    wrong: "\
apiVersion: policy.networking.k8s.io/v1alpha1
kind: AdminNetworkPolicy
metadata: {name: guard}
spec:
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
",
    right: "\
apiVersion: policy.networking.k8s.io/v1alpha2
kind: ClusterNetworkPolicy
metadata: {name: guard}
spec:
  tier: Admin
  priority: 10
  subject: {namespaces: {matchLabels: {kubernetes.io/metadata.name: shop}}}
  ingress:
    - action: Deny
      from:
        - namespaces: {matchLabels: {kubernetes.io/metadata.name: test}}
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    let admin = cx.all::<AdminNetworkPolicy>().map(|(object, _)| (object, "Admin"));
    let baseline = cx.all::<BaselineAdminNetworkPolicy>().map(|(object, _)| (object, "Baseline"));
    for (object, tier) in admin.chain(baseline) {
        let message =
            format!("{} {} is of a kind that ClusterNetworkPolicy replaces", object.kind, object.name);
        out.add(object, "apiVersion", message).help(format!(
            "write it as policy.networking.k8s.io/v1alpha2 ClusterNetworkPolicy with `tier: {tier}`, once the CNI reads that"
        ));
    }
}
