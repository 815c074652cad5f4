//! What a server makes of its Corefile.
#![allow(clippy::unwrap_used, reason = "a test fails by panicking")]
mod common;
#[path = "common/corefile.rs"]
mod corefile;

use std::net::IpAddr;

use common::everything;
use corefile::{servers, with_files};
use netloom_naming::{Ask, Dns, Known, RecordType, Reply, Target, types::rcode_name};

fn plan(files: &[(&str, &str)]) -> Dns {
    (*servers(&with_files(everything().snapshot(), files)).cluster).clone()
}

fn corefile(text: &str) -> Dns {
    plan(&[("Corefile", text)])
}

fn rtype(name: &str) -> RecordType {
    match name {
        "A" => RecordType::A,
        "AAAA" => RecordType::Aaaa,
        "PTR" => RecordType::Ptr,
        "SRV" => RecordType::Srv,
        "TXT" => RecordType::Txt,
        "NS" => RecordType::Ns,
        "CNAME" => RecordType::Cname,
        "MX" => RecordType::MX,
        "ANY" => RecordType::ANY,
        other => panic!("{other}"),
    }
}

/// `CODE answer; answer | authority`, or whom the question is forwarded to.
fn ask(dns: &Dns, question: &str) -> String {
    let client: IpAddr = "10.244.0.7".parse().unwrap();
    ask_as(dns, question, client)
}

fn ask_as(dns: &Dns, question: &str, client: IpAddr) -> String {
    let (name, asked) = question.split_once(' ').unwrap_or((question, "A"));
    let ask = Ask { name, rtype: rtype(asked), client: Some(client), port: Some(53) };
    match dns.resolve(&ask, &Known::default()) {
        Err(need) => {
            let to: Vec<String> = need
                .forward
                .targets
                .iter()
                .map(|target| match target {
                    Target::Server(at) => at.to_string(),
                    other => format!("{other:?}"),
                })
                .collect();
            format!("{} {} from {}", need.name, need.rtype, to.join(" "))
        }
        Ok(Reply::Dropped(_)) => "silence".to_owned(),
        Ok(Reply::Failed(rcode, _)) => format!("{} by nobody", rcode_name(rcode)),
        Ok(Reply::Answer(response)) => {
            let shown = |records: &[netloom_naming::Record]| {
                records.iter().map(ToString::to_string).collect::<Vec<_>>().join("; ")
            };
            let authority = match response.authorities.as_slice() {
                [] => String::new(),
                [one] => format!(" | {}", one.name),
                more => format!(" | {}", more.len()),
            };
            let text = format!("{} {}", rcode_name(response.rcode), shown(&response.answers));
            text.trim_end().to_owned() + &authority
        }
    }
}

fn table(dns: &Dns, cases: &[(&str, &str)]) {
    for (question, expected) in cases {
        assert_eq!(ask(dns, question), *expected, "{question}");
    }
}

#[test]
fn blocks_and_stub_zones() {
    let dns = corefile(
        ".:53 {\n  kubernetes cluster.local\n  forward . 192.0.2.53\n}\nstub.example:53 corp.example {\n  forward . 10.0.0.9:5353\n}\nother.example:1053 {\n  forward . 10.0.0.8\n}\n",
    );
    table(
        &dns,
        &[
            (
                "web.production.svc.cluster.local",
                "NOERROR web.production.svc.cluster.local. 5 IN A 10.96.7.7",
            ),
            ("a.stub.example", "a.stub.example A from 10.0.0.9:5353"),
            ("corp.example", "corp.example A from 10.0.0.9:5353"),
            ("a.notstub.example", "a.notstub.example A from 192.0.2.53:53"),
            // A block of another port is not asked here.
            ("other.example", "other.example A from 192.0.2.53:53"),
        ],
    );
    assert_eq!(dns.ports(), [53, 1053]);
    let only_stub = corefile("stub.example {\n  forward . 10.0.0.9\n}\n");
    table(
        &only_stub,
        &[("www.example", "REFUSED by nobody"), ("web.production.svc.cluster.local", "REFUSED by nobody")],
    );
}

#[test]
fn kubernetes_options() {
    let kubernetes = |options: &str, behind: &str| {
        corefile(&format!(
            ".:53 {{\n  kubernetes cluster.local in-addr.arpa ip6.arpa {{\n{options}\n  }}\n{behind}\n}}\n"
        ))
    };
    let web = "web.production.svc.cluster.local";
    table(
        &kubernetes("ttl 30\npods disabled", "forward . 192.0.2.53"),
        &[
            (web, "NOERROR web.production.svc.cluster.local. 30 IN A 10.96.7.7"),
            ("10-244-0-7.production.pod.cluster.local", "NXDOMAIN | cluster.local"),
            (
                "7.7.96.10.in-addr.arpa PTR",
                "NOERROR 7.7.96.10.in-addr.arpa. 30 IN PTR web.production.svc.cluster.local.",
            ),
            // A whole reverse tree is the plugin's, without `fallthrough`.
            ("1.2.0.192.in-addr.arpa PTR", "NXDOMAIN | in-addr.arpa"),
            ("www.example", "www.example A from 192.0.2.53:53"),
            ("dns-version.cluster.local TXT", "NOERROR dns-version.cluster.local. 28800 IN TXT \"1.1.0\""),
        ],
    );
    table(
        &kubernetes("pods insecure\nfallthrough in-addr.arpa", "forward . 192.0.2.53"),
        &[
            (
                "1-2-3-4.production.pod.cluster.local",
                "NOERROR 1-2-3-4.production.pod.cluster.local. 5 IN A 1.2.3.4",
            ),
            ("1-2-3-4.nowhere.pod.cluster.local", "NXDOMAIN | cluster.local"),
            ("web-0.production.pod.cluster.local", "NXDOMAIN | cluster.local"),
            ("1.2.0.192.in-addr.arpa PTR", "1.2.0.192.in-addr.arpa PTR from 192.0.2.53:53"),
            ("no.production.svc.cluster.local", "NXDOMAIN | cluster.local"),
        ],
    );
    table(
        &kubernetes("pods verified\nfallthrough", "forward . 192.0.2.53"),
        &[
            (
                "10-244-0-7.production.pod.cluster.local",
                "NOERROR 10-244-0-7.production.pod.cluster.local. 5 IN A 10.244.0.7",
            ),
            (
                "1-2-3-4.production.pod.cluster.local",
                "1-2-3-4.production.pod.cluster.local A from 192.0.2.53:53",
            ),
            ("no.production.svc.cluster.local", "no.production.svc.cluster.local A from 192.0.2.53:53"),
        ],
    );
    table(
        &kubernetes("namespaces kube-system", ""),
        &[
            (web, "NXDOMAIN | cluster.local"),
            (
                "kube-dns.kube-system.svc.cluster.local",
                "NOERROR kube-dns.kube-system.svc.cluster.local. 5 IN A 10.96.0.10",
            ),
            ("7.7.96.10.in-addr.arpa PTR", "NXDOMAIN | in-addr.arpa"),
        ],
    );
    table(
        &kubernetes("ignore empty_service\nnoendpoints", ""),
        &[
            (web, "NOERROR web.production.svc.cluster.local. 5 IN A 10.96.7.7"),
            ("idle.production.svc.cluster.local", "NXDOMAIN | cluster.local"),
            ("db-0.db.production.svc.cluster.local", "NXDOMAIN | cluster.local"),
            ("db.production.svc.cluster.local", "NXDOMAIN | cluster.local"),
        ],
    );
    table(&kubernetes("labels app=web", ""), &[(web, "NXDOMAIN | cluster.local")]);
    let other = corefile(".:53 {\n  kubernetes cluster.local corp.local\n}\n");
    table(
        &other,
        &[
            ("web.production.svc.corp.local", "NOERROR web.production.svc.corp.local. 5 IN A 10.96.7.7"),
            (web, "NOERROR web.production.svc.cluster.local. 5 IN A 10.96.7.7"),
            ("no.svc.corp.local", "NXDOMAIN | corp.local"),
        ],
    );
    let external = corefile(".:53 {\n  kubernetes cluster.local\n  forward . 192.0.2.53\n}\n");
    table(&external, &[("api.production.svc.cluster.local", "api.example.com A from 192.0.2.53:53")]);
}

#[test]
fn hosts_are_names_before_the_clusters() {
    let dns = plan(&[
        (
            "Corefile",
            ".:53 {\n  hosts {\n    10.0.0.9 db.corp.example DB2.corp.example # the old one\n    fd00::9 db.corp.example\n    10.0.0.10 *.wild.example\n    ttl 60\n    fallthrough\n  }\n  kubernetes cluster.local\n  forward . 192.0.2.53\n}\nlist.example {\n  hosts /etc/coredns/hosts.txt {\n    no_reverse\n  }\n}\n",
        ),
        ("hosts.txt", "10.0.0.11 a.list.example\n# comment\nnonsense\n10.0.0.12 b.other.example\n"),
    ]);
    table(
        &dns,
        &[
            ("db.corp.example", "NOERROR db.corp.example. 60 IN A 10.0.0.9"),
            ("db.corp.example AAAA", "NOERROR db.corp.example. 60 IN AAAA fd00::9"),
            ("db2.corp.example", "NOERROR db2.corp.example. 60 IN A 10.0.0.9"),
            // The name is there, and has no address of this family.
            ("db2.corp.example AAAA", "NOERROR"),
            ("db.corp.example TXT", "NOERROR"),
            ("x.wild.example", "NOERROR x.wild.example. 60 IN A 10.0.0.10"),
            (
                "9.0.0.10.in-addr.arpa PTR",
                "NOERROR 9.0.0.10.in-addr.arpa. 60 IN PTR db.corp.example.; 9.0.0.10.in-addr.arpa. 60 IN PTR db2.corp.example.",
            ),
            ("www.example", "www.example A from 192.0.2.53:53"),
            ("localhost", "NOERROR localhost. 60 IN A 127.0.0.1"),
            ("a.list.example", "NOERROR a.list.example. 3600 IN A 10.0.0.11"),
            // Without `fallthrough` nobody else is asked.
            ("c.list.example", "SERVFAIL by nobody"),
        ],
    );
}

#[test]
fn rewrites_ask_otherwise_and_answer_as_asked() {
    let dns = corefile(
        r#".:53 {
    rewrite name exact shop.example.com web.production.svc.cluster.local
    rewrite stop {
        name regex (.*)\.prod\.example\.com {1}.production.svc.cluster.local
        answer name (.*)\.production\.svc\.cluster\.local {1}.prod.example.com
    }
    rewrite name suffix .short.example .production.svc.cluster.local answer auto
    rewrite name substring .plain. .production.svc.cluster.local.
    rewrite continue name suffix .two.example .one.example answer auto
    rewrite name suffix .one.example .production.svc.cluster.local answer auto
    rewrite type TXT A
    rewrite ttl exact kube-dns.kube-system.svc.cluster.local 100-200
    rewrite name regex ^(mail)\.example\.$ {1}.production.svc.cluster.local answer auto
    kubernetes cluster.local
    forward . 192.0.2.53
}
"#,
    );
    assert_eq!(dns.notes(), []);
    table(
        &dns,
        &[
            ("shop.example.com", "NOERROR shop.example.com. 5 IN A 10.96.7.7"),
            ("web.prod.example.com", "NOERROR web.prod.example.com. 5 IN A 10.96.7.7"),
            ("web.short.example", "NOERROR web.short.example. 5 IN A 10.96.7.7"),
            ("no.short.example", "NXDOMAIN | cluster.local"),
            ("web.two.example", "NOERROR web.two.example. 5 IN A 10.96.7.7"),
            ("web.one.example", "NOERROR web.one.example. 5 IN A 10.96.7.7"),
            // `substring` is matched with a final dot behind it.
            (
                "web.production.svc.cluster.local TXT",
                "NOERROR web.production.svc.cluster.local. 5 IN A 10.96.7.7",
            ),
            (
                "kube-dns.kube-system.svc.cluster.local",
                "NOERROR kube-dns.kube-system.svc.cluster.local. 100 IN A 10.96.0.10",
            ),
            ("www.example", "www.example A from 192.0.2.53:53"),
        ],
    );
    let ask = Ask { name: "shop.example.com", rtype: RecordType::A, client: None, port: None };
    let reply = dns.resolve(&ask, &Known::default()).unwrap();
    let steps: Vec<String> = reply.steps().iter().map(ToString::to_string).collect();
    assert_eq!(
        steps,
        [
            "`rewrite` asks for web.production.svc.cluster.local (Corefile.yaml:2)",
            "`kubernetes` answers (Corefile.yaml:14)"
        ]
    );
}

#[test]
fn templates_answer_by_the_question() {
    let dns = corefile(
        r#"example.com:53 {
    template IN A {
        match ^ip-(?P<a>[0-9]+)-(?P<b>[0-9]+)\.example\.com\.$
        answer "{{ .Name }} 60 IN A 10.0.{{ .Group.a }}.{{ .Group.b }}"
        fallthrough
    }
    template IN MX {
        match (.*)[.]example[.]com[.]$
        answer "{{ .Name }} 60 IN MX 10 {{ index .Match 1 }}.mail.example.net."
        additional "{{ index .Match 1 }}.mail.example.net. 60 IN A 10.0.0.1"
    }
    template IN AAAA {
        rcode NXDOMAIN
        authority "example.com. 60 IN SOA ns.example.com. host.example.com. 1 60 60 60 60"
    }
    template ANY ANY alias.example.com {
        answer "{{ .Name }} 60 IN CNAME ip-1-2.example.com."
    }
}
"#,
    );
    assert_eq!(dns.notes(), []);
    table(
        &dns,
        &[
            ("ip-3-4.example.com", "NOERROR ip-3-4.example.com. 60 IN A 10.0.3.4"),
            ("www.example.com AAAA", "NXDOMAIN | example.com"),
            ("a.example.com MX", "NOERROR a.example.com. 60 IN MX 10 a.mail.example.net."),
            (
                "alias.example.com A",
                "NOERROR alias.example.com. 60 IN CNAME ip-1-2.example.com.; ip-1-2.example.com. 60 IN A 10.0.1.2",
            ),
            ("www.example.com", "SERVFAIL by nobody"),
            ("example.com MX", "SERVFAIL by nobody"),
            // Not an address: the record cannot be made.
            ("ip-300-4.example.com", "SERVFAIL by nobody"),
        ],
    );
}

#[test]
fn who_asks_matters_where_it_is_said() {
    let dns = corefile(
        ".:53 {\n  acl cluster.local {\n    allow net 10.244.0.0/24\n    block type A net 10.244.1.0/24\n    filter type AAAA\n    drop\n  }\n  kubernetes cluster.local\n  forward . 192.0.2.53\n}\n",
    );
    let web = "web.production.svc.cluster.local";
    for (client, question, expected) in [
        ("10.244.0.7", format!("{web} A"), "NOERROR web.production.svc.cluster.local. 5 IN A 10.96.7.7"),
        ("10.244.1.8", format!("{web} A"), "REFUSED"),
        ("10.244.1.8", format!("{web} AAAA"), "NOERROR"),
        ("10.244.1.8", format!("{web} SRV"), "silence"),
        ("10.244.1.8", "www.example".to_owned(), "www.example A from 192.0.2.53:53"),
    ] {
        assert_eq!(ask_as(&dns, &question, client.parse().unwrap()), expected, "{client} {question}");
    }
    assert!(dns.depends_on_client());
    assert!(!corefile(".:53 {\n  kubernetes cluster.local\n}\n").depends_on_client());
}

#[test]
fn the_server_walks_the_clients_search_path() {
    let dns = corefile(
        ".:53 {\n  autopath @kubernetes\n  kubernetes cluster.local {\n    pods verified\n  }\n  forward . 192.0.2.53\n}\n",
    );
    table(
        &dns,
        &[
            (
                "web.production.svc.cluster.local",
                "NOERROR web.production.svc.cluster.local. 5 IN A 10.96.7.7",
            ),
            // The client is in `production`: its first search domain is the only one that is completed.
            (
                "kube-dns.kube-system.production.svc.cluster.local",
                "NOERROR kube-dns.kube-system.production.svc.cluster.local. 5 IN CNAME kube-dns.kube-system.svc.cluster.local.; kube-dns.kube-system.svc.cluster.local. 5 IN A 10.96.0.10",
            ),
            ("www.example.com.production.svc.cluster.local", "www.example.com A from 192.0.2.53:53"),
            ("www.example.com.default.svc.cluster.local", "NXDOMAIN | cluster.local"),
        ],
    );
    let stranger = ask_as(&dns, "www.example.com.production.svc.cluster.local", "192.0.2.1".parse().unwrap());
    assert_eq!(stranger, "NXDOMAIN | cluster.local");
}

#[test]
fn plugins_stand_in_coredns_order_and_the_cache_evens_times() {
    // `forward` stands first in the file, `hosts` before it in the chain.
    let dns = corefile(
        ".:53 {\n  forward . 192.0.2.53 {\n    except internal.example\n  }\n  cache 3\n  kubernetes cluster.local {\n    ttl 60\n  }\n  hosts {\n    10.0.0.9 first.example\n    fallthrough\n  }\n}\n",
    );
    table(
        &dns,
        &[
            ("first.example", "NOERROR first.example. 3 IN A 10.0.0.9"),
            (
                "web.production.svc.cluster.local",
                "NOERROR web.production.svc.cluster.local. 3 IN A 10.96.7.7",
            ),
            ("a.internal.example", "SERVFAIL by nobody"),
            ("b.example", "b.example A from 192.0.2.53:53"),
        ],
    );
}

#[test]
fn zone_files_are_served() {
    let dns = plan(&[
        ("Corefile", "z.example {\n  file z.db\n}\n.:53 {\n  forward . 192.0.2.53\n}\n"),
        (
            "z.db",
            "$TTL 60\n@ SOA ns host 1 2 3 4 5\n@ NS ns\nns A 10.0.0.1\nwww CNAME out.example.\n* A 10.0.0.2\n",
        ),
    ]);
    table(
        &dns,
        &[
            ("ns.z.example", "NOERROR ns.z.example. 60 IN A 10.0.0.1 | z.example"),
            ("anything.z.example", "NOERROR anything.z.example. 60 IN A 10.0.0.2 | z.example"),
            ("ns.z.example AAAA", "NOERROR | z.example"),
            ("www.z.example", "out.example A from 192.0.2.53:53"),
        ],
    );
}

#[test]
fn what_is_not_done_is_said_with_its_line() {
    let dns = corefile(
        ".:53 {\n  errors\n  health {\n    lameduck 5s\n  }\n  ready\n  ratelimit 100\n  dnssec\n  kubernetes cluster.local {\n    zonal\n  }\n  file /zones/gone.db x.example\n  rewrite edns0 local set 0xffee abc\n  forward . tls://9.9.9.9 {\n    tls_servername dns.quad9.net\n  }\n  prometheus :9153\n  cache 30\n  cache 60\n}\ntls://secure.example {\n  whoami\n}\n.:53 {\n  whoami\n}\n",
    );
    let lines: Vec<u32> = dns.notes().iter().map(|note| note.at.at.line).collect();
    assert_eq!(lines, [4, 7, 8, 10, 12, 13, 14, 15, 19, 21, 24], "{:#?}", dns.notes());
    let admin = dns.admin();
    let ports = [&admin.health, &admin.ready, &admin.metrics].map(|l| l.as_ref().map(|l| l.port));
    assert_eq!(ports, [Some(8080), Some(8181), Some(9153)]);
}
