//! Commands in pods: names, addresses, refusals.
use std::{
    io::{Read as _, Write as _},
    net::{TcpListener, UdpSocket},
    os::{
        linux::net::SocketAddrExt as _,
        unix::net::{SocketAddr, UnixListener, UnixStream},
    },
};

use crate::support::{Running, User, folder, netloom, path, run, stderr, stdout};

const MANIFESTS: &str = "\
apiVersion: apps/v1
kind: Deployment
metadata: {name: web, namespace: shop}
spec:
  replicas: 2
  selector: {matchLabels: {app: web}}
  template:
    metadata: {labels: {app: web}}
    spec: {containers: [{name: c, image: web, ports: [{containerPort: 8080}]}]}
---
apiVersion: apps/v1
kind: StatefulSet
metadata: {name: db, namespace: shop}
spec:
  replicas: 2
  serviceName: db
  selector: {matchLabels: {app: db}}
  template:
    metadata: {labels: {app: db}}
    spec: {containers: [{name: c, image: db, ports: [{containerPort: 5432, name: pg}]}]}
---
apiVersion: v1
kind: Service
metadata: {name: web, namespace: shop}
spec: {selector: {app: web}, ports: [{port: 80, targetPort: 8080, name: http}]}
---
apiVersion: v1
kind: Service
metadata: {name: db, namespace: shop}
spec: {clusterIP: None, ipFamilyPolicy: PreferDualStack, selector: {app: db}, ports: [{port: 5432, targetPort: pg, name: pg}]}
---
apiVersion: v1
kind: Service
metadata: {name: elsewhere, namespace: shop}
spec: {type: ExternalName, externalName: api.example.com}
---
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata: {name: db, namespace: shop}
spec:
  podSelector: {matchLabels: {app: db}}
  policyTypes: [Ingress]
";

#[test]
fn a_command_in_a_pod_sees_the_cluster() {
    let manifests = folder(&[("all.yaml", MANIFESTS)]);
    for user in [User::Own, User::Ordinary] {
        let network = Running::start(user, &[path(&manifests)]);
        let ask = |command: &[&str]| {
            let output = network.exec(user, "shop/web", command);
            assert_eq!(output.status.code(), Some(0), "{command:?}: {}{}", stdout(&output), stderr(&output));
            stdout(&output).trim().to_owned()
        };
        let answer: serde_json::Value =
            serde_json::from_str(&ask(&["curl", "-sm5", "http://web/hello"])).unwrap();
        assert!(answer["pod"].as_str().unwrap().starts_with("web-"), "{answer}");
        assert_eq!(answer["request"]["path"], "/hello");
        assert!(
            ask(&["cat", "/etc/resolv.conf"])
                .contains("search shop.svc.cluster.local svc.cluster.local cluster.local")
        );
        assert!(ask(&["hostname"]).starts_with("web-"));
        assert_eq!(ask(&["dig", "+short", "+search", "web"]).lines().count(), 1);
        assert_eq!(ask(&["dig", "+short", "+tcp", "db.shop.svc.cluster.local"]).lines().count(), 2);
        assert_eq!(ask(&["dig", "+short", "db-0.db.shop.svc.cluster.local", "AAAA"]).lines().count(), 1);
        assert_eq!(ask(&["dig", "+short", "_pg._tcp.db.shop.svc.cluster.local", "SRV"]).lines().count(), 2);
        assert_eq!(ask(&["dig", "+short", "elsewhere.shop.svc.cluster.local", "CNAME"]), "api.example.com.");
        assert!(ask(&["dig", "nothing.shop.svc.cluster.local"]).contains("NXDOMAIN"));
        assert!(ask(&["dig", "example.com"]).contains("REFUSED"));
        let denied = network.exec(user, "shop/web", &["curl", "-sm1", "telnet://db-0.db:5432"]);
        assert_eq!(denied.status.code(), Some(28), "curl's time-out: {}", stderr(&denied));
        let line = network.wait_for("denied: shop/web-");
        assert!(line.contains("no ingress rule allows it (NetworkPolicy shop/db"), "{line}");
        assert_eq!(network.exec(user, "shop/web", &["sh", "-c", "exit 7"]).status.code(), Some(7));
        assert_eq!(network.exec(user, "shop/web", &["no-such-program"]).status.code(), Some(127));
        let nobody = network.exec(user, "shop/wbe", &["true"]);
        assert_eq!(nobody.status.code(), Some(2));
        assert!(stderr(&nobody).contains("shop/web"), "{}", stderr(&nobody));
        assert_eq!(network.end(), Some(0));
    }
}

#[test]
fn a_real_process_answers_in_place_of_a_stand_in() {
    let manifests = folder(&[("all.yaml", MANIFESTS)]);
    let run = "shop/web=python3 -u -m http.server 8080 --bind ::";
    let network = Running::start(User::Own, &[path(&manifests), "--run", run]);
    network.wait_for("| Serving HTTP");
    let fetch = || {
        let output = network.exec(User::Own, "shop/db-0", &["curl", "-sm5", "http://web/"]);
        stdout(&output).contains("Directory listing").then_some(())
    };
    crate::support::poll(fetch).unwrap_or_else(|| panic!("python did not answer:\n{}", network.text()));
}

#[test]
fn without_a_network_exec_says_how_to_start_one() {
    let output = run(&["exec", "--network", "no-such-network", "pod"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no network named \"no-such-network\""), "{}", stderr(&output));
}

/// Only root can be somebody else as well; an ordinary user is told that nothing was tried.
fn only_one_user() -> bool {
    let alone = !nix::unistd::geteuid().is_root();
    if alone {
        eprintln!("not tried: only root can become another user");
    }
    alone
}

#[test]
fn another_user_can_ask_a_network_nothing() {
    if only_one_user() {
        return;
    }
    let manifests = folder(&[("all.yaml", MANIFESTS)]);
    let network = Running::start(User::Ordinary, &[path(&manifests)]);
    // Its owner may ask.
    let output = network.exec(User::Ordinary, "shop/web", &["true"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    // By its name nobody else finds it.
    let output = run(&["exec", "--network", &network.name, "shop/web", "--", "true"]);
    assert_eq!(output.status.code(), Some(2));
    assert!(stderr(&output).contains("no network named"), "{}", stderr(&output));
    // Whoever connects to its socket all the same hears nothing.
    let address = SocketAddr::from_abstract_name(format!("netloom/65534/{}", network.name)).unwrap();
    let mut stream = UnixStream::connect_addr(&address).unwrap();
    drop(stream.write_all(b"\"list\"\n"));
    let mut heard = Vec::new();
    drop(stream.read_to_end(&mut heard));
    assert!(heard.is_empty(), "{}", String::from_utf8_lossy(&heard));
}

#[test]
fn clients_that_ask_nothing_keep_nobody_waiting_for_ever() {
    let manifests = folder(&[("all.yaml", MANIFESTS)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    let uid = nix::unistd::geteuid();
    let address = SocketAddr::from_abstract_name(format!("netloom/{uid}/{}", network.name)).unwrap();
    // More than are answered at once; the queue of the socket holds the rest.
    let idle: Vec<UnixStream> = (0..100).map(|_| UnixStream::connect_addr(&address).unwrap()).collect();
    let output = network.exec(User::Own, "shop/web", &["true"]);
    assert_eq!(output.status.code(), Some(0), "{}", stderr(&output));
    drop(idle);
}

#[test]
fn a_name_that_another_user_took_is_not_ones_own() {
    if only_one_user() {
        return;
    }
    let name = format!("taken-{}", std::process::id());
    let address = SocketAddr::from_abstract_name(format!("netloom/65534/{name}")).unwrap();
    let _stranger = UnixListener::bind_addr(&address).unwrap();
    let asked = |arguments: &[&str]| {
        let output = netloom(User::Ordinary).args(arguments).output().unwrap();
        assert_eq!(output.status.code(), Some(2), "{}", stderr(&output));
        stderr(&output)
    };
    let manifests = folder(&[("all.yaml", MANIFESTS)]);
    let said = asked(&["up", path(&manifests), "--name", &name]);
    assert!(said.contains("belongs to another user (uid 0)"), "{said}");
    let said = asked(&["exec", "--network", &name, "shop/web", "--", "true"]);
    assert!(said.contains("belongs to another user (uid 0)"), "{said}");
    let said = asked(&["exec", "--network", "no-such-network", "shop/web", "--", "true"]);
    assert!(!said.contains(&name), "{said}");
}

#[test]
fn nothing_leads_from_a_pod_to_the_host() {
    let manifests = folder(&[("all.yaml", MANIFESTS)]);
    let network = Running::start(User::Own, &[path(&manifests)]);
    let listener = TcpListener::bind("0.0.0.0:0").unwrap();
    listener.set_nonblocking(true).unwrap();
    let port = listener.local_addr().unwrap().port();
    let mut addresses = vec!["127.0.0.1".to_owned()];
    // The address that the host would use towards the internet, if it has one. Nothing is sent.
    let socket = UdpSocket::bind("0.0.0.0:0").unwrap();
    if socket.connect("192.0.2.1:9").is_ok() {
        addresses.push(socket.local_addr().unwrap().ip().to_string());
    }
    for address in addresses {
        let url = format!("http://{address}:{port}/");
        for whence in ["shop/web", "node/node-1", "outside"] {
            drop(network.exec(User::Own, whence, &["curl", "-sm2", &url]));
            let accepted = listener.accept();
            assert!(accepted.is_err(), "{whence} reached {url}: {accepted:?}");
        }
        // The listener is there.
        drop(std::net::TcpStream::connect((address.as_str(), port)).unwrap());
        while listener.accept().is_err() {
            std::thread::yield_now();
        }
    }
}
