//! Addresses that somebody has twice, that nobody has, or that nothing can have: packets go as predicted, or the input is
//! refused by name.
use crate::support::{User, folder, netloom, path, run, stderr, stdout, verified};

const TWO_NODES: &str = "\
apiVersion: v1
kind: Node
metadata: {name: w0}
status: {addresses: [{type: InternalIP, address: 172.30.0.11}]}
---
apiVersion: v1
kind: Node
metadata: {name: w1}
status: {addresses: [{type: InternalIP, address: 172.30.0.12}]}
---
apiVersion: v1
kind: Pod
metadata: {name: web, labels: {app: web}}
spec: {nodeName: w0, containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Pod
metadata: {name: given, labels: {app: given}}
spec: {nodeName: w1, containers: [{name: c, image: x, ports: [{containerPort: 80}, {containerPort: 8080}]}]}
status: {podIPs: [{ip: 10.99.0.7}]}
---
apiVersion: v1
kind: Pod
metadata: {name: agent}
spec: {hostNetwork: true, nodeName: w1, containers: [{name: c, image: x, ports: [{containerPort: 9100}]}]}
---
";

fn service(name: &str, spec: &str) -> String {
    format!("apiVersion: v1\nkind: Service\nmetadata: {{name: {name}}}\n{spec}\n---\n")
}

fn verify(manifests: &str, arguments: &[&str]) -> serde_json::Value {
    let folder = folder(&[("all.yaml", manifests)]);
    let all: Vec<&str> = [path(&folder)].into_iter().chain(arguments.iter().copied()).collect();
    verified(User::Own, &all)
}

/// Whose the address is does not depend on the name of the Service that has it too.
#[test]
fn an_address_of_a_node_or_pod_stays_its_own_when_a_service_has_it_too() {
    for name in ["a", "b", "c"] {
        for (what, spec) in [
            ("node", "spec: {selector: {app: web}, ports: [{port: 80}], externalIPs: [172.30.0.12]}"),
            (
                "nodes",
                "spec: {type: LoadBalancer, selector: {app: web}, ports: [{port: 80}]}\n\
                 status: {loadBalancer: {ingress: [{ip: 172.30.0.11}, {ip: 172.30.0.12}]}}",
            ),
            ("pod", "spec: {selector: {app: web}, ports: [{port: 80}], externalIPs: [10.99.0.7]}"),
        ] {
            let manifests = TWO_NODES.to_owned() + &service(name, spec);
            for overlay in ["vxlan", "none"] {
                let report = verify(&manifests, &["--ip-family", "ipv4", "--overlay", overlay]);
                assert!(report["probes"].as_u64().unwrap() > 80, "{what} {name}: {report}");
            }
        }
    }
    let local = "spec: {type: LoadBalancer, externalTrafficPolicy: Local, selector: {app: web}, ports: [{port: 80}]}\n\
                 status: {loadBalancer: {ingress: [{ip: 172.30.0.11}, {ip: 172.30.0.12}]}}";
    verify(&(TWO_NODES.to_owned() + &service("web", local)), &["--ip-family", "ipv4"]);
}

#[test]
fn other_ports_of_a_nodes_address_are_the_nodes() {
    let spec = "spec: {selector: {app: web}, ports: [{port: 80}], externalIPs: [172.30.0.12, 198.51.100.30]}";
    let folder = folder(&[("all.yaml", &(TWO_NODES.to_owned() + &service("a", spec)))]);
    let explain = |to: &str| run(&["explain", path(&folder), "default/web", to, "--ip-family", "ipv4"]);
    assert_eq!(
        explain("172.30.0.12:9100").status.code(),
        Some(0),
        "a pod on the host's network listens there"
    );
    assert_eq!(explain("172.30.0.12:80").status.code(), Some(0));
    let nobody = explain("198.51.100.30:9100");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(
        !stdout(&nobody).contains("has no port"),
        "only of a ClusterIP that is said: {}",
        stdout(&nobody)
    );
}

#[test]
fn the_outside_answers_where_endpoints_are_outside() {
    let slices = "\
apiVersion: v1
kind: Pod
metadata: {name: p}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: db}
spec: {ports: [{name: db, port: 5432}, {name: syslog, port: 514, protocol: UDP}]}
---
apiVersion: discovery.k8s.io/v1
kind: EndpointSlice
metadata: {name: db-1, labels: {kubernetes.io/service-name: db}}
addressType: IPv4
endpoints: [{addresses: [198.51.100.10]}]
ports: [{name: db, port: 15432}, {name: syslog, port: 1514, protocol: UDP}]
---
apiVersion: v1
kind: Service
metadata: {name: old}
spec: {ports: [{port: 6379}]}
---
apiVersion: v1
kind: Endpoints
metadata: {name: old}
subsets: [{addresses: [{ip: 203.0.113.5}, {ip: 10.244.0.201}], ports: [{port: 6379}]}]
---
apiVersion: v1
kind: Service
metadata: {name: saas}
spec: {type: ExternalName, externalName: db.example.org, ports: [{port: 7000}]}
";
    for family in ["ipv4", "dual"] {
        verify(slices, &["--ip-family", family]);
    }
}

#[test]
fn addresses_of_the_pods_ranges_that_nobody_has_lead_nowhere() {
    let range = "\
apiVersion: v1
kind: Node
metadata: {name: w0}
spec: {podCIDRs: [\"192.168.50.0/24\"]}
---
apiVersion: v1
kind: Pod
metadata: {name: a}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
status: {podIPs: [{ip: \"10.99.0.7\"}]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np}
spec: {podSelector: {}, egress: [{to: [{ipBlock: {cidr: 192.168.50.0/24, except: [192.168.50.128/25]}}]}]}
";
    verify(range, &["--ip-family", "ipv4", "--no-dns"]);
    let folder = folder(&[("all.yaml", range)]);
    let output = run(&["explain", path(&folder), "default/a", "192.168.50.9:80", "--ip-family", "ipv4"]);
    assert_eq!(output.status.code(), Some(1), "{}", stdout(&output));
    assert!(stdout(&output).contains("is of the pods' range, but no pod has it"), "{}", stdout(&output));
    let six = "\
apiVersion: v1
kind: Pod
metadata: {name: pod1}
spec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}
status: {podIPs: [{ip: \"fd99:1::101\"}]}
---
apiVersion: v1
kind: Node
metadata: {name: w1}
spec: {podCIDRs: [\"fd50:2::/64\"]}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np3}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: \"fd50::/16\", except: [\"fd50:2::/64\"]}}]}]}
";
    verify(six, &["--ip-family", "ipv6"]);
    // Of the cluster's range and of no node's.
    let slice = service("s", "spec: {ports: [{port: 80}]}")
        + "apiVersion: discovery.k8s.io/v1\nkind: EndpointSlice\n\
           metadata: {name: s-1, labels: {kubernetes.io/service-name: s}}\naddressType: IPv6\n\
           endpoints: [{addresses: [\"fd00:10:244::c9\"]}]\nports: [{port: 80}]\n---\n";
    verify(&(slice + six), &["--ip-family", "ipv6"]);
}

/// A node routes what it sends itself before it translates it.
#[test]
fn a_service_may_have_an_address_of_a_nodes_own_range() {
    for spec in [
        "spec: {type: LoadBalancer, loadBalancerIP: 10.244.0.55, selector: {app: web}, ports: [{port: 80}]}",
        "spec: {selector: {app: web}, ports: [{port: 80}], externalIPs: [10.244.0.200, 10.244.1.200]}",
    ] {
        for overlay in ["vxlan", "none"] {
            verify(
                &(TWO_NODES.to_owned() + &service("s", spec)),
                &["--ip-family", "ipv4", "--overlay", overlay],
            );
        }
    }
    let endpoints = "spec: {ports: [{port: 80}]}\n---\napiVersion: v1\nkind: Endpoints\nmetadata: {name: s}\n\
                     subsets: [{addresses: [{ip: 10.244.0.77}], ports: [{port: 80}]}]";
    verify(&(TWO_NODES.to_owned() + &service("s", endpoints)), &["--ip-family", "ipv4"]);
}

/// Sockets write IPv4 so; no packet has such an address.
#[test]
fn nobody_sends_from_an_ipv4_address_written_as_ipv6() {
    let policy = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: np}
spec: {podSelector: {}, ingress: [{from: [{ipBlock: {cidr: \"::ffff:192.0.2.0/120\"}}]}]}
";
    verify(&(TWO_NODES.to_owned() + policy), &["--ip-family", "dual", "--keep-going"]);
}

#[test]
fn refused_datagrams_are_told_however_many_and_from_a_node_too() {
    let ports: Vec<String> =
        (0..40).map(|n| format!("{{name: p{n}, port: {}, protocol: UDP}}", 5000 + n)).collect();
    let many = format!(
        "apiVersion: v1\nkind: Pod\nmetadata: {{name: a, labels: {{app: a}}}}\n\
         spec: {{containers: [{{name: c, image: x, ports: [{{containerPort: 80}}]}}]}}\n---\n{}",
        service("a", &format!("spec: {{selector: {{app: a}}, ports: [{}]}}", ports.join(", ")))
    );
    for family in ["ipv4", "ipv6"] {
        verify(&many, &["--nodes", "1", "--ip-family", family, "--no-dns"]);
        let none = service("none", "spec: {selector: {app: nobody}, ports: [{port: 53, protocol: UDP}]}");
        verify(&none, &["--nodes", "1", "--ip-family", family, "--no-dns"]);
    }
}

#[test]
fn ranges_of_netlooms_own_move_out_of_the_way() {
    let pod = "apiVersion: v1\nkind: Pod\nmetadata: {name: a}\nspec: {containers: [{name: c, image: x, ports: [{containerPort: 80}]}]}\n---\n";
    for manifests in [
        "apiVersion: v1\nkind: Node\nmetadata: {name: \"n\"}\nspec: {podCIDRs: [172.18.0.0/24]}\n",
        "apiVersion: v1\nkind: Node\nmetadata: {name: \"n\"}\nstatus: {addresses: [{type: InternalIP, address: 203.0.113.10}]}\n",
        "apiVersion: v1\nkind: Service\nmetadata: {name: s}\nspec: {type: LoadBalancer, selector: {a: b}, ports: [{port: 80}]}\n\
         status: {loadBalancer: {ingress: [{ip: 203.0.113.10}]}}\n",
    ] {
        verify(&(pod.to_owned() + manifests), &["--ip-family", "ipv4"]);
    }
    for options in [
        ["--node-cidr", "10.244.0.0/24"],
        ["--pod-cidr", "203.0.113.0/24"],
        ["--service-cidr", "10.244.0.0/16"],
        ["--lb-cidr", "10.244.0.0/16"],
    ] {
        verify(pod, &[options[0], options[1], "--ip-family", "ipv4"]);
    }
}

#[test]
fn what_cannot_be_is_refused_by_name() {
    let node = |name: &str, rest: &str| {
        format!("apiVersion: v1\nkind: Node\nmetadata: {{name: {name}}}\n{rest}\n---\n")
    };
    let pod = |ip: &str| {
        format!(
            "apiVersion: v1\nkind: Pod\nmetadata: {{name: a}}\nspec: {{containers: [{{name: c, image: x}}]}}\nstatus: {{podIPs: [{{ip: {ip}}}]}}\n"
        )
    };
    let ranges = "spec: {podCIDRs: [10.50.0.0/24]}";
    for (manifests, said) in [
        (node("a", ranges) + &node("b", ranges), "nodes a and b both have the pod range 10.50.0.0/24"),
        (pod("169.254.1.1"), "pod default/a has the address 169.254.1.1, which is link-local"),
        (
            node("n1", "status: {addresses: [{type: InternalIP, address: 127.0.0.1}]}"),
            "node n1 has the address 127.0.0.1, which is of the loopback",
        ),
        (
            service("s", "spec: {ports: [{port: 80}], clusterIP: 10.96.0.9}")
                + &service("t", "spec: {ports: [{port: 80}], externalIPs: [10.96.0.9]}"),
            "Service default/t has the address 10.96.0.9, which is the ClusterIP of Service default/s",
        ),
        (service("s", "spec: {ports: [{port: 80}], externalIPs: [224.0.0.9]}"), "224.0.0.9"),
    ] {
        let folder = folder(&[("all.yaml", &manifests)]);
        let output = run(&["verify", path(&folder)]);
        assert_eq!(output.status.code(), Some(2), "{manifests}");
        assert!(stderr(&output).contains(said), "{said}: {}", stderr(&output));
    }
    for (option, value, said) in [
        ("--node-cidr", "127.0.0.0/8", "--node-cidr 127.0.0.0/8 cannot be"),
        ("--pod-cidr", "fe80::/64", "link-local"),
        ("--service-cidr", "0.0.0.0/0", "--service-cidr 0.0.0.0/0 cannot be"),
        ("--lb-cidr", "224.0.0.0/4", "multicast"),
        ("--cluster-domain", "..", "is not a domain name"),
        ("--cluster-domain", "", "is not a domain name"),
    ] {
        let output = run(&["verify", "examples/shop", option, value]);
        assert_eq!(output.status.code(), Some(2), "{option} {value}");
        assert!(stderr(&output).contains(said), "{}", stderr(&output));
    }
}

#[test]
fn few_open_files_are_no_disagreement() {
    let program = netloom(User::Own).get_program().to_owned();
    let limited = |limit: &str| {
        std::process::Command::new("bash")
            .args(["-c", &format!("ulimit -n {limit}; exec \"$0\" verify examples/shop")])
            .arg(&program)
            .current_dir(crate::support::repository())
            .output()
            .unwrap()
    };
    let output = limited("400");
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let output = limited("150");
    assert_ne!(output.status.code(), Some(1), "{}{}", stdout(&output), stderr(&output));
    if output.status.code() == Some(2) {
        assert!(stderr(&output).contains("ulimit -n"), "{}", stderr(&output));
    }
}

#[test]
fn a_set_without_workloads_says_that_nothing_of_it_was_probed() {
    let folder = folder(&[("all.yaml", "apiVersion: v1\nkind: ConfigMap\nmetadata: {name: c}\n")]);
    let output = run(&["verify", path(&folder)]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    assert!(stdout(&output).contains("nothing of theirs was probed"), "{}", stdout(&output));
    let report = verified(User::Own, &["examples/shop", "--max-probes", "50"]);
    assert!(report.get("notes").is_none(), "{report}");
}

#[test]
fn of_two_pods_that_want_a_port_of_their_node_the_second_stays_unready() {
    let daemon = |name: &str| {
        format!(
            "apiVersion: apps/v1\nkind: DaemonSet\nmetadata: {{name: {name}}}\nspec:\n  selector: {{matchLabels: {{app: {name}}}}}\n  \
             template:\n    metadata: {{labels: {{app: {name}}}}}\n    spec: {{hostNetwork: true, containers: [{{name: c, image: x, \
             readinessProbe: {{httpGet: {{port: 9099}}}}}}]}}\n---\n"
        )
    };
    let both = daemon("one")
        + &daemon("two")
        + &service("two", "spec: {selector: {app: two}, ports: [{port: 9099}]}");
    let folder = folder(&[("all.yaml", &both)]);
    let output = run(&["verify", path(&folder)]);
    assert_eq!(output.status.code(), Some(0), "{}{}", stdout(&output), stderr(&output));
    let said = stderr(&output);
    assert!(said.contains("listens on 9099/TCP: it cannot listen there, and stays unready"), "{said}");
}

#[test]
fn a_host_port_on_the_loopback_is_said_not_to_be_modelled() {
    let pod = "apiVersion: v1\nkind: Node\nmetadata: {name: n1}\n---\napiVersion: v1\nkind: Pod\nmetadata: {name: a, namespace: t}\n\
               spec: {nodeName: n1, containers: [{name: c, image: x, ports: [{containerPort: 80, hostPort: 8080}]}]}\n";
    let folder = folder(&[("all.yaml", pod)]);
    let output = run(&["explain", path(&folder), "node/n1", "127.0.0.1:8080"]);
    assert_eq!(output.status.code(), Some(1));
    let said = stdout(&output).split_whitespace().collect::<Vec<_>>().join(" ");
    assert!(said.contains("on the loopback is not modelled"), "{said}");
}
