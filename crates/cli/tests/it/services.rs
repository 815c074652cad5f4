//! Services of every kind, as real clients see them.
use std::collections::BTreeSet;

use crate::support::{Running, User, folder, path, stderr, stdout, verified};

const MANIFESTS: &str = include_str!("services.yaml");

#[test]
fn every_kind_of_service_behaves_as_predicted() {
    let manifests = folder(&[("services.yaml", MANIFESTS)]);
    for overlay in ["vxlan", "none"] {
        verified(User::Own, &[path(&manifests), "--overlay", overlay]);
    }
}

#[test]
fn sctp_is_predicted_and_said_not_to_be_probed() {
    let manifests = folder(&[("services.yaml", MANIFESTS)]);
    let report = verified(User::Own, &[path(&manifests)]);
    let sctp: Vec<_> =
        report["not_probed"].as_array().unwrap().iter().filter(|n| n["protocol"] == "SCTP").collect();
    assert!(!sctp.is_empty(), "{report}");
}

fn answers(network: &Running, from: &str, url: &str, times: usize) -> BTreeSet<String> {
    (0..times)
        .map(|_| {
            let output = network.exec(
                User::Own,
                from,
                &["curl", "-sm3", "-o", "/dev/null", "-w", "%header{x-netloom-pod}", url],
            );
            assert_eq!(output.status.code(), Some(0), "{url}: {}", stderr(&output));
            stdout(&output)
        })
        .collect()
}

#[test]
fn affinity_keeps_a_client_and_no_affinity_spreads() {
    let manifests = folder(&[("services.yaml", MANIFESTS)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    assert_eq!(answers(&network, "s/client", "http://sticky.s/", 12).len(), 1);
    assert!(answers(&network, "s/client", "http://plain.s/", 40).len() > 1);
}

#[test]
fn the_health_check_port_tells_which_nodes_have_endpoints() {
    let manifests = folder(&[("services.yaml", MANIFESTS)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    let codes: BTreeSet<String> = ["172.18.0.2", "172.18.0.3", "172.18.0.4"]
        .iter()
        .map(|node| {
            let url = format!("http://{node}:32000/healthz");
            stdout(&network.exec(
                User::Own,
                "s/client",
                &["curl", "-sm3", "-o", "/dev/null", "-w", "%{http_code}", &url],
            ))
        })
        .collect();
    assert_eq!(codes, BTreeSet::from(["200".to_owned(), "503".to_owned()]), "{}", network.text());
}

/// Pods reach node ports and load balancers under a node's address; a drop behind that is theirs all the same.
#[test]
fn drops_of_translated_packets_are_attributed() {
    let denied = MANIFESTS.replace(
        "{ipBlock: {cidr: 0.0.0.0/0, except: [198.51.100.0/24]}}",
        "{ipBlock: {cidr: 192.0.2.0/24}}",
    );
    assert_ne!(denied, MANIFESTS);
    let manifests = folder(&[("services.yaml", &denied)]);
    for overlay in ["vxlan", "none"] {
        let report = verified(User::Own, &[path(&manifests), "--overlay", overlay]);
        // A crowded machine may lose a packet or tell of a drop too late, but not of most that were translated.
        let (denied, silent) = (&report["predicted"]["denied"], &report["silent"]);
        let (denied, silent) = (denied.as_u64().unwrap(), silent.as_u64().unwrap());
        assert!(denied > 100 && silent * 50 < denied, "{report}");
    }
}
