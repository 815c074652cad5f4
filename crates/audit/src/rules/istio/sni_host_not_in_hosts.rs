//! IS043: a server name that is none of the VirtualService's hosts.
use netloom_objects::{Severity, istio::VirtualService};

use super::support::covers;
use crate::{
    Context, Findings, Group, Rule,
    words::{list_of, title},
};

pub static RULE: Rule = Rule {
    code: "IS043",
    name: "sni-host-not-in-hosts",
    group: Group::Correctness,
    severity: Severity::Error,
    finds: "A TLS route without a match, or one that matches a server name which none of the VirtualService's hosts covers.",
    why: "Istio's validation refuses the VirtualService: server names have to be a subset of its hosts (Istio's reference of \
          TLSMatchAttributes, `sniHosts`).",
    wrong: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vault, namespace: shop}
spec:
  hosts: [vault.shop.example]
  gateways: [edge/public]
  tls:
    - match:
        - port: 443
          sniHosts: [valt.shop.example]
      route: [{destination: {host: vault}}]
",
    right: "\
apiVersion: networking.istio.io/v1
kind: VirtualService
metadata: {name: vault, namespace: shop}
spec:
  hosts: [vault.shop.example]
  gateways: [edge/public]
  tls:
    - match:
        - port: 443
          sniHosts: [vault.shop.example]
      route: [{destination: {host: vault}}]
",
    closed: false,
    check,
};

fn check(cx: &Context<'_>, out: &mut Findings<'_>) {
    for (object, service) in cx.all::<VirtualService>() {
        for (r, route) in service.spec.tls.iter().enumerate() {
            if route.match_.is_empty() {
                let message = format!("{}: a TLS route has no match, which needs `sniHosts`", title(object));
                out.add(object, &format!("spec.tls[{r}]"), message)
                    .help("add `match` with the server names that it takes");
            }
            for (m, one) in route.match_.iter().enumerate() {
                let path = format!("spec.tls[{r}].match[{m}]");
                if one.sni_hosts.is_empty() {
                    let message = format!("{}: a TLS match names no server", title(object));
                    out.add(object, &path, message).help("add `sniHosts`");
                }
                for (index, name) in one.sni_hosts.iter().enumerate() {
                    if service.spec.hosts.iter().any(|host| covers(host, name)) {
                        continue;
                    }
                    let message = format!(
                        "{} matches the server name {name}, which none of its hosts ({}) covers",
                        title(object),
                        list_of(&service.spec.hosts)
                    );
                    let finding = out.add(object, &format!("{path}.sniHosts[{index}]"), message);
                    finding
                        .related(object, "spec.hosts", "the hosts")
                        .help("add it to `hosts`, or correct it");
                }
            }
        }
    }
}
