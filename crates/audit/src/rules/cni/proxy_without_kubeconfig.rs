//! CN016: kube-proxy that does not know where the API server is.
use netloom_objects::Severity;

use super::support::proxies;
use crate::{Context, Findings, Group, Rule, words::title};

pub static RULE: Rule = Rule {
    code: "CN016",
    name: "proxy-without-kubeconfig",
    group: Group::Correctness,
    severity: Severity::Warning,
    finds: "A ConfigMap with a configuration of kube-proxy that names no `clientConnection.kubeconfig`.",
    why: "kube-proxy then looks for the API server at the address of the Service `kubernetes`, which is what kube-proxy itself \
          makes reachable: a node that starts afresh never gets there. A ConfigMap that is applied replaces the whole text, the \
          part that kubeadm wrote with it.",
    wrong: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    mode: nftables
",
    right: "\
apiVersion: v1
kind: ConfigMap
metadata: {name: kube-proxy, namespace: kube-system}
data:
  config.conf: |
    apiVersion: kubeproxy.config.k8s.io/v1alpha1
    kind: KubeProxyConfiguration
    clientConnection:
      kubeconfig: /var/lib/kube-proxy/kubeconfig.conf
    mode: nftables
  kubeconfig.conf: |
    apiVersion: v1
    kind: Config
    clusters: [{name: default, cluster: {server: https://192.0.2.10:6443, certificate-authority: /var/run/secrets/kubernetes.io/serviceaccount/ca.crt}}]
    contexts: [{name: default, context: {cluster: default, user: default}}]
    current-context: default
    users: [{name: default, user: {tokenFile: /var/run/secrets/kubernetes.io/serviceaccount/token}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for proxy in proxies(cx) {
        let named = proxy.yaml.text("clientConnection.kubeconfig").is_some_and(|path| !path.is_empty());
        // A program's own flags or environment may name the server.
        let started = cx.workloads().iter().any(|workload| {
            workload.containers().any(|(_, container)| {
                let flags = container.command.iter().chain(&container.args).flatten();
                let environment = container.env.iter().flatten();
                container.name.contains("kube-proxy")
                    && (flags
                        .into_iter()
                        .any(|flag| flag.contains("--master") || flag.contains("--kubeconfig"))
                        || environment.into_iter().any(|variable| variable.name == "KUBERNETES_SERVICE_HOST"))
            })
        });
        if named || started {
            continue;
        }
        let (at, end) = proxy.place("kind");
        let message = format!("{}: kube-proxy is not told where the API server is", title(proxy.object));
        out.add_at(at, end, Some(&proxy.object.reference), message)
            .help("add `clientConnection: {kubeconfig: /var/lib/kube-proxy/kubeconfig.conf}`, and keep the ConfigMap's `kubeconfig.conf`");
    }
}
