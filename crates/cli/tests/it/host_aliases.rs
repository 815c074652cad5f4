//! `hostAliases`: names that a pod has in its hosts file.
use crate::support::{Running, User, folder, path, run, stderr, stdout};

const MANIFESTS: &str = r#"
apiVersion: v1
kind: Pod
metadata: {name: client, namespace: s}
spec:
  hostAliases:
  - {ip: 10.96.7.7, hostnames: [shop.example.com, shop]}
  - {ip: 192.0.2.9, hostnames: [web]}
  - {ip: 127.0.0.1, hostnames: [blocked.example.com]}
  containers: [{name: c, image: x, ports: [{containerPort: 8080}]}]
---
apiVersion: v1
kind: Pod
metadata: {name: web, namespace: s, labels: {app: web}}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: s}
spec: {clusterIP: 10.96.7.7, selector: {app: web}, ports: [{port: 80}]}
"#;

#[test]
fn aliases_resolve_before_the_dns_as_explain_says() {
    let manifests = folder(&[("aliases.yaml", MANIFESTS)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    for (name, ip, answers) in [
        ("shop.example.com", "10.96.7.7", true),
        ("SHOP", "10.96.7.7", true),
        ("web", "192.0.2.9", true),
        ("blocked.example.com", "127.0.0.1", false),
    ] {
        let found = network.exec(User::Own, "s/client", &["getent", "ahostsv4", name]);
        assert!(stdout(&found).starts_with(ip), "{name}: {}{}", stdout(&found), stderr(&found));
        let url = format!("http://{name}/");
        let explained = run(&["explain", path(&manifests), "s/client", &url]);
        let text = stdout(&explained);
        assert!(
            text.contains(&format!("{name} is {ip} in the hosts file of s/client (hostAliases)")),
            "{text}"
        );
        // Policies and routes let it through; that nothing listens there is only not said to be otherwise.
        assert_eq!(explained.status.code(), Some(0), "{text}");
        assert_eq!(text.contains("no manifest says that 80/TCP listens"), !answers, "{text}");
        let curl = network.exec(User::Own, "s/client", &["curl", "-sm3", "-o", "/dev/null", &url]);
        assert_eq!(curl.status.success(), answers, "{name}: {:?}", curl.status);
    }
}
