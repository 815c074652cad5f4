//! Names outside the cluster: a server of ours as another's upstream, and upstreams that misbehave.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
mod support;

use std::{
    net::{SocketAddr, UdpSocket},
    sync::mpsc,
    thread,
};

use hickory_proto::{
    op::{Message, ResponseCode},
    rr::{Name, RData, Record, RecordType, rdata::A},
};
use netloom_cluster::ServiceKind;
use support::{
    Server,
    cluster::{Cluster, endpoint, everything, service, vip},
};

/// A server that is authoritative for `example.com` stands for the world outside.
fn outside() -> Server {
    let endpoints = (0..200).map(|i| endpoint(&[&format!("198.51.100.{i}")], &[80])).collect();
    let cluster = Cluster { zone: Some("example.com"), ..Cluster::default() }
        .namespace("a")
        .service(service("a", "www", vip(&["192.0.2.80"]), &[], vec![]))
        .service(service("a", "large", ServiceKind::Headless, &[], endpoints));
    Server::start(Some(&cluster.snapshot()))
}

#[test]
fn other_names_go_upstream() {
    let outside = outside();
    let cluster = everything().service(service(
        "production",
        "site",
        ServiceKind::ExternalName("www.a.svc.example.com".into()),
        &[],
        vec![],
    ));
    let server = Server::with_upstream(Some(&cluster.snapshot()), vec![outside.address]);
    for transport in ["+notcp", "+tcp"] {
        let asked = server.ask(&format!("WWW.a.svc.example.com A {transport}"));
        assert_eq!(asked.answer, ["WWW.a.svc.example.com. 5 IN A 192.0.2.80"], "{}", asked.text);
        assert_eq!(asked.flags, "qr rd ra");
        let asked = server.ask(&format!("nope.a.svc.example.com A {transport}"));
        assert_eq!((&*asked.status, asked.authority.len()), ("NXDOMAIN", 1));
        // An alias that leads outside is followed there.
        let asked = server.ask(&format!("site.production.svc.cluster.local A {transport}"));
        assert_eq!(
            asked.answer,
            [
                "site.production.svc.cluster.local. 5 IN CNAME www.a.svc.example.com.",
                "www.a.svc.example.com. 5 IN A 192.0.2.80"
            ]
        );
        // Too large for UDP between the servers too: fetched over TCP.
        let asked = server.ask(&format!("large.a.svc.example.com A {transport}"));
        assert_eq!(asked.answer.len(), 200, "{}", asked.text);
    }
    let report = server.responder.metrics().report();
    assert_eq!(report.forward_failures, 0);
    assert_eq!(server.ask("web.production.svc.cluster.local A").answer.len(), 1);
    assert_eq!(server.responder.metrics().report().forwarded, report.forwarded);
}

/// An upstream that does to each query what the script says, then ends.
fn scripted(
    script: impl FnOnce(&UdpSocket, Message, SocketAddr) + Send + 'static,
) -> (SocketAddr, mpsc::Receiver<()>) {
    let socket = UdpSocket::bind("127.0.0.1:0").unwrap();
    let address = socket.local_addr().unwrap();
    let (done, end) = mpsc::channel();
    thread::spawn(move || {
        let mut buffer = [0; 4096];
        let (length, from) = socket.recv_from(&mut buffer).unwrap();
        script(&socket, Message::from_vec(&buffer[..length]).unwrap(), from);
        _ = done.send(());
    });
    (address, end)
}

fn reply(query: &Message, last: u8) -> Message {
    let mut response = query.clone().into_response();
    let owner = query.queries[0].name().clone();
    response.add_answer(Record::from_rdata(owner, 60, RData::A(A([192, 0, 2, last].into()))));
    response
}

#[test]
fn forged_responses_are_passed_over() {
    let (address, end) = scripted(|socket, query, from| {
        let send = |message: &Message| _ = socket.send_to(&message.to_vec().unwrap(), from).unwrap();
        let mut other_id = reply(&query, 1);
        other_id.metadata.id = query.metadata.id.wrapping_add(1);
        send(&other_id);
        let mut other_name = reply(&query, 2);
        other_name.queries[0].set_name(Name::from_ascii("evil.example.com.").unwrap());
        send(&other_name);
        let mut other_type = reply(&query, 3);
        other_type.queries[0].set_query_type(RecordType::TXT);
        send(&other_type);
        let mut no_response = query.clone();
        no_response.add_answer(reply(&query, 4).answers.remove(0));
        send(&no_response);
        let stranger = UdpSocket::bind("127.0.0.1:0").unwrap();
        stranger.send_to(&reply(&query, 5).to_vec().unwrap(), from).unwrap();
        socket.send_to(b"no DNS at all", from).unwrap();
        send(&reply(&query, 80));
    });
    let server = Server::with_upstream(Some(&everything().snapshot()), vec![address]);
    assert_eq!(server.ask("www.example.com A").answer, ["www.example.com. 60 IN A 192.0.2.80"]);
    end.recv().unwrap();
}

#[test]
fn a_server_that_fails_is_passed_over() {
    let (failing, _end) = scripted(|socket, query, from| {
        let mut response = query.into_response();
        response.metadata.response_code = ResponseCode::ServFail;
        socket.send_to(&response.to_vec().unwrap(), from).unwrap();
    });
    let outside = outside();
    let server = Server::with_upstream(Some(&everything().snapshot()), vec![failing, outside.address]);
    assert_eq!(server.ask("www.a.svc.example.com A").answer.len(), 1);
}

#[test]
fn nobody_answers() {
    // Open, so that the port stays taken, and silent.
    let silent = UdpSocket::bind("127.0.0.1:0").unwrap();
    let server = Server::with_upstream(Some(&everything().snapshot()), vec![silent.local_addr().unwrap()]);
    let asked = server.ask("www.example.com A +time=20");
    assert_eq!(asked.status, "SERVFAIL", "{}", asked.text);
    assert_eq!(server.responder.metrics().report().forward_failures, 1);
    // Other questions do not wait for it.
    assert_eq!(server.ask("web.production.svc.cluster.local A").answer.len(), 1);
}

#[test]
fn upstream_is_asked_with_ids_of_its_own() {
    let outside = outside();
    let server = Server::with_upstream(Some(&everything().snapshot()), vec![outside.address]);
    for i in 0..50 {
        let asked = server.ask(&format!("n{i}.a.svc.example.com A"));
        assert_eq!(asked.status, "NXDOMAIN");
    }
    assert_eq!(server.responder.metrics().report().forwarded, 50);
}
