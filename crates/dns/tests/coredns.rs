//! The same Corefile and the same questions, here and by CoreDNS itself: `make coredns`.
//!
//! `kubernetes` is left out, for it needs an API server; its rules have tables of their own beside the code.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "a test that cannot run has to fail")]
#[path = "../../naming/tests/common/corefile.rs"]
mod corefile;
mod support;

use std::{
    io::{BufRead, BufReader},
    net::{SocketAddr, UdpSocket},
    process::{Child, Command, Stdio},
};

use support::{Server, cluster::everything};

/// Files, the first of which is the Corefile, and questions.
struct Case {
    name: &'static str,
    files: &'static [(&'static str, &'static str)],
    questions: &'static [&'static str],
}

const ZONE: &str = "$TTL 60\n@ SOA ns host 1 7200 1800 86400 60\n@ NS ns\nns A 10.0.0.1\nwww CNAME web\nweb A 10.0.0.2\nweb A 10.0.0.3\nweb AAAA fd00::2\n*.wild TXT \"a wildcard\"\n*.wild A 10.0.0.4\na.b A 10.0.0.5\nsub NS ns.sub\nns.sub A 10.0.0.6\n@ MX 5 web\n_x._tcp SRV 0 5 80 web\nalias CNAME www\ndangling CNAME nowhere\n";

const CASES: &[Case] = &[
    Case {
        name: "hosts",
        files: &[
            (
                "Corefile",
                ". {\n  hosts {\n    10.0.0.9 db.corp.example db2.corp.example\n    fd00::9 db.corp.example\n    10.0.0.10 db.corp.example\n    10.0.0.11 *.wild.example\n    ttl 60\n    fallthrough\n  }\n  template ANY ANY behind.example {\n    rcode NXDOMAIN\n  }\n}\nlist.example {\n  hosts names.txt {\n    no_reverse\n  }\n}\n",
            ),
            ("names.txt", "10.0.0.11 a.list.example\n# comment\nnonsense\n10.0.0.12 b.other.example\n"),
        ],
        questions: &[
            "db.corp.example A",
            "db.corp.example AAAA",
            "DB2.corp.example A",
            "db2.corp.example AAAA",
            "db.corp.example TXT",
            "db.corp.example ANY",
            "x.wild.example A",
            "x.y.wild.example A",
            "wild.example A",
            "-x 10.0.0.9",
            "-x 10.0.0.11",
            "-x 10.0.0.99",
            "-x fd00::9",
            "no.corp.example A",
            "x.behind.example A",
            "a.list.example A",
            "b.other.example A",
            "c.list.example A",
            "a.list.example MX",
        ],
    },
    Case {
        name: "rewrite",
        files: &[
            (
                "Corefile",
                r#". {
    rewrite name exact shop.example.com web.z.example
    rewrite stop {
        name regex (.*)\.prod\.example\.com\.$ {1}.z.example
        answer name (.*)\.z\.example\.$ {1}.prod.example.com
    }
    rewrite name suffix .short.example .z.example answer auto
    rewrite continue name suffix .two.example .one.example answer auto
    rewrite name suffix .one.example .z.example answer auto
    rewrite name prefix pre. web.
    rewrite name substring .middle. .z.
    rewrite name regex ^r-(.*)\.re\.example\.$ {1}.z.example answer auto
    rewrite name regex (.*)\.value\.example {1}.z.example answer name (.*)\.z\.example {1}.value.example answer value (.*)\.z\.example {1}.value.example
    rewrite type HINFO A
    rewrite ttl exact ns.z.example 100-200
    rewrite ttl suffix .b.z.example -10
    rewrite rcode exact no.z.example NXDOMAIN SERVFAIL
    file z.db z.example
}
"#,
            ),
            ("z.db", ZONE),
        ],
        questions: &[
            "shop.example.com A",
            "Shop.Example.com AAAA",
            "web.prod.example.com A",
            "www.prod.example.com A",
            "no.prod.example.com A",
            "web.short.example A",
            "www.short.example A",
            "no.short.example A",
            "web.two.example A",
            "web.one.example A",
            "pre.z.example A",
            "web.middle.example A",
            "r-web.re.example A",
            "r-www.re.example A",
            "www.value.example A",
            "_x._tcp.value.example SRV",
            "web.z.example HINFO",
            "ns.z.example A",
            "a.b.z.example A",
            "no.z.example A",
            "nox.z.example A",
            "value.example MX",
        ],
    },
    Case {
        name: "file",
        files: &[("Corefile", "z.example {\n  file z.db\n}\n"), ("z.db", ZONE)],
        questions: &[
            "z.example SOA",
            "z.example NS",
            "z.example MX",
            "z.example A",
            "web.z.example A",
            "web.z.example AAAA",
            "web.z.example MX",
            "www.z.example A",
            "www.z.example CNAME",
            "alias.z.example A",
            "alias.z.example MX",
            "dangling.z.example A",
            "x.wild.z.example A",
            "x.y.wild.z.example TXT",
            "wild.z.example A",
            "x.wild.z.example MX",
            "b.z.example A",
            "c.b.z.example A",
            "sub.z.example A",
            "x.sub.z.example A",
            "ns.sub.z.example A",
            "no.z.example A",
            "_x._tcp.z.example SRV",
            "_tcp.z.example A",
            "other.example A",
        ],
    },
    Case {
        name: "template",
        files: &[(
            "Corefile",
            r#"example.com {
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
    template IN TXT {
        answer "{{ .Name }} 60 IN TXT \"{{ .Zone }} {{ .Type }} {{ .Class }}\""
    }
}
"#,
        )],
        questions: &[
            "ip-3-4.example.com A",
            "IP-3-4.example.com A",
            "ip-300-4.example.com A",
            "www.example.com A",
            "www.example.com AAAA",
            "a.example.com MX",
            "example.com MX",
            "alias.example.com A",
            "alias.example.com TXT",
            "alias.example.com CNAME",
            "www.example.com TXT",
            "other.example A",
        ],
    },
    Case {
        name: "acl",
        files: &[(
            "Corefile",
            ". {\n  acl blocked.example {\n    block\n  }\n  acl filtered.example {\n    filter type A\n    allow\n  }\n  acl here.example {\n    allow net 127.0.0.0/8\n    block\n  }\n  acl there.example {\n    allow net 192.0.2.0/24\n    block type AAAA\n  }\n  template IN A {\n    answer \"{{ .Name }} 60 IN A 10.0.0.1\"\n  }\n  template IN AAAA {\n    answer \"{{ .Name }} 60 IN AAAA fd00::1\"\n  }\n}\n",
        )],
        questions: &[
            "x.blocked.example A",
            "x.filtered.example A",
            "x.filtered.example AAAA",
            "x.here.example A",
            "x.there.example A",
            "x.there.example AAAA",
            "free.example A",
        ],
    },
    Case {
        name: "cache and minimal and any",
        files: &[
            (
                "Corefile",
                "z.example {\n  any\n  minimal\n  cache 30\n  file z.db\n}\nlong.example {\n  cache {\n    success 100 20 10\n    denial 100 7\n  }\n  file z.db\n}\n",
            ),
            ("z.db", ZONE),
        ],
        questions: &[
            "web.z.example A",
            "no.z.example A",
            "web.z.example ANY",
            "z.example MX",
            "web.long.example A",
            "no.long.example A",
            "web.long.example MX",
        ],
    },
    Case {
        name: "forward",
        files: &[(
            "Corefile",
            ". {\n  rewrite name suffix .re.example .svc.cluster.local answer auto\n  hosts {\n    10.0.0.9 own.example\n    fallthrough\n  }\n  forward . UPSTREAM {\n    except never.example\n  }\n}\nstub.example {\n  forward . UPSTREAM\n}\n",
        )],
        questions: &[
            "web.production.svc.cluster.local A",
            "web.production.re.example A",
            "no.production.svc.cluster.local A",
            "db.production.svc.cluster.local A",
            "_pg._tcp.db.production.svc.cluster.local SRV",
            "own.example A",
            "x.never.example A",
            "x.stub.example A",
            "near.production.svc.cluster.local A",
        ],
    },
];

/// CoreDNS on a port of its own; ends when dropped.
struct CoreDns {
    child: Child,
    address: SocketAddr,
    _folder: tempfile::TempDir,
}

impl Drop for CoreDns {
    fn drop(&mut self) {
        drop(self.child.kill());
        drop(self.child.wait());
    }
}

impl CoreDns {
    fn start(files: &[(&str, String)]) -> Self {
        let program = std::env::var("COREDNS").expect("COREDNS names CoreDNS' binary: run `make coredns`");
        let folder = tempfile::tempdir().unwrap();
        for (name, text) in files {
            std::fs::write(folder.path().join(name), text).unwrap();
        }
        let address = UdpSocket::bind("127.0.0.1:0").unwrap().local_addr().unwrap();
        let mut child = Command::new(program)
            .args(["-conf", "Corefile", "-dns.port", &address.port().to_string()])
            .current_dir(folder.path())
            .stdout(Stdio::piped())
            .spawn()
            .expect("CoreDNS starts");
        // It says its version when it listens.
        let out = BufReader::new(child.stdout.take().unwrap());
        let mut lines = out.lines().map_while(Result::ok);
        assert!(lines.any(|line| line.starts_with("CoreDNS-")), "CoreDNS did not start");
        std::thread::spawn(move || lines.for_each(drop));
        Self { child, address, _folder: folder }
    }
}

/// What clients act on: the code, who vouches for it, and the records of each section.
fn ask(address: SocketAddr, question: &str) -> String {
    let port = address.port().to_string();
    let mut arguments = vec!["-r", "+tries=1", "+time=5", "+nocookie", "@127.0.0.1", "-p", &port];
    arguments.extend(question.split(' '));
    arguments.extend(["+noall", "+comments", "+answer", "+authority", "+additional"]);
    let output = Command::new("dig").args(arguments).output().expect("dig is missing");
    let text = String::from_utf8(output.stdout).unwrap();
    let mut shown = String::new();
    let mut records: Vec<String> = Vec::new();
    for line in text.lines() {
        if let Some(status) = line.split("status: ").nth(1) {
            shown += status.split(',').next().unwrap();
        } else if line.contains("flags:") && line.starts_with(";; flags") {
            let authoritative = line.split(';').nth(2).is_some_and(|flags| flags.contains(" aa"));
            shown += if authoritative { " aa" } else { "" };
        } else if line.ends_with("SECTION:") {
            records.sort();
            shown += &records.drain(..).collect::<String>();
            shown += &format!("\n{line}");
        } else if !line.starts_with(';') && !line.is_empty() {
            records.push(format!("\n  {}", line.split_ascii_whitespace().collect::<Vec<_>>().join(" ")));
        }
    }
    records.sort();
    // Names here have the letters of the question, as clients that check them want; CoreDNS' plugins differ.
    shown.make_ascii_lowercase();
    records.iter_mut().for_each(|record| record.make_ascii_lowercase());
    // An additional section with nothing but EDNS has no records.
    (shown + &records.concat())
        .lines()
        .filter(|line| !line.ends_with("opt pseudosection:"))
        .collect::<Vec<_>>()
        .join("\n")
}

#[test]
#[ignore = "needs CoreDNS: make coredns"]
fn answers_are_those_of_coredns() {
    let upstream = Server::start(Some(&everything().snapshot()));
    let mut different = Vec::new();
    let mut asked = 0;
    for case in CASES {
        let files: Vec<(&str, String)> = case
            .files
            .iter()
            .map(|(name, text)| (*name, text.replace("UPSTREAM", &upstream.address.to_string())))
            .collect();
        let theirs = CoreDns::start(&files);
        let files: Vec<(&str, &str)> = files.iter().map(|(name, text)| (*name, text.as_str())).collect();
        let snapshot = corefile::with_files(everything().snapshot(), &files);
        let plan = corefile::servers(&snapshot).cluster;
        assert_eq!(plan.notes(), [], "{}", case.name);
        let ours = Server::of(Some((*plan).clone()), Vec::new());
        for question in case.questions {
            asked += 1;
            let (expected, got) = (ask(theirs.address, question), ask(ours.address, question));
            if expected != got {
                different.push(format!("{}: {question}\nCoreDNS: {expected}\nnetloom: {got}\n", case.name));
            }
        }
    }
    println!("{} of {asked} answers are the same", asked - different.len());
    assert!(different.is_empty(), "{}", different.join("\n"));
}
