//! IN020: a controller that gets no fixes any more.
use netloom_objects::Severity;

use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "IN020",
    name: "retired-controller",
    group: Group::Security,
    severity: Severity::Warning,
    finds: "A workload that runs ingress-nginx's controller; one below 1.11.5, or 1.12.0, whose admission webhook runs, is an error.",
    why: "The project is retired: since March 2026 nobody fixes its vulnerabilities. Versions below 1.11.5 and \
           1.12.0 let everyone who reaches the admission webhook run code in the controller, which reads all \
           Secrets (CVE-2025-1974).",
    wrong: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: edge
  namespace: ingress
spec:
  selector: {matchLabels: {app: edge}}
  template:
    metadata: {labels: {app: edge}}
    spec:
      containers:
        - name: controller
          image: registry.k8s.io/ingress-nginx/controller:v1.11.2
          args: [/nginx-ingress-controller, --validating-webhook=:8443]
",
    right: "\
apiVersion: apps/v1
kind: Deployment
metadata:
  name: edge
  namespace: ingress
spec:
  selector: {matchLabels: {app: edge}}
  template:
    metadata: {labels: {app: edge}}
    spec:
      containers:
        - name: controller
          image: docker.io/library/traefik:v3.6.2
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for workload in cx.workloads() {
        for (path, container) in workload.containers() {
            let Some(image) = container.image.as_deref() else { continue };
            let Some((_, rest)) = image.split_once("ingress-nginx/controller") else { continue };
            let tag = rest.split('@').next().and_then(|rest| rest.split_once(':')).map(|(_, tag)| tag);
            let numbers = tag.map(|tag| {
                let bare = tag.trim_start_matches('v').split('-').next().unwrap_or_default();
                bare.split('.').filter_map(|part| part.parse::<u32>().ok()).collect::<Vec<u32>>()
            });
            // Without the webhook the hole is not there.
            let said = [&container.args, &container.command].into_iter().flatten().flatten();
            let has_webhook = said.into_iter().any(|word| word.starts_with("--validating-webhook"));
            let is_open = match numbers.as_deref().filter(|_| has_webhook) {
                Some([major, minor, patch, ..]) => {
                    (*major, *minor, *patch) < (1, 11, 5) || (*major, *minor, *patch) == (1, 12, 0)
                }
                _ => false,
            };
            let what = title(workload.object);
            let message = match is_open {
                true => format!(
                    "{what} runs ingress-nginx {}, which CVE-2025-1974 lets anyone in the pod network take over",
                    tag.unwrap_or_default()
                ),
                false => {
                    format!("{what} runs ingress-nginx, a retired project whose vulnerabilities nobody fixes")
                }
            };
            out.add(workload.object, &format!("{path}.image"), message)
                .severity(if is_open { Severity::Error } else { Severity::Warning })
                .help(match is_open {
                    true => "move to another controller or to Gateway API; until then run the last release",
                    false => "move to another controller, or to Gateway API",
                });
        }
    }
}
