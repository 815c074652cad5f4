//! Documents that lost their indentation are judged as they are meant, and repaired.
#![allow(clippy::unwrap_used, clippy::expect_used, reason = "what cannot be checked has to fail loudly")]
use std::sync::Arc;

use netloom_audit::{Closed, Report, Settings, audit, repair, rules};
use netloom_objects::{ObjectSet, Source, parse_source, restore};

fn read(text: &str) -> ObjectSet {
    ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("a.yaml", text)))])
}

fn look(set: &ObjectSet) -> Report {
    let closed = Closed { everything: true, ..Closed::default() };
    audit(set, &Settings { closed, ..Settings::default() }, &|_| true)
}

fn flat(text: &str) -> String {
    text.lines().map(|line| format!("{}\n", line.trim_start())).collect()
}

const POLICY: &str = "\
apiVersion: networking.k8s.io/v1
kind: NetworkPolicy
metadata:
  name: api
spec:
  podSelector:
    matchLabels:
      app: api
  policyTypes:
    - Egress
  egress:
    - to:
        - podSelector:
            matchLabels:
              app: database
      ports:
        - protocol: TCP
          port: 5432
";

const PODS: &str = "\
apiVersion: v1
kind: Pod
metadata: {name: api, labels: {app: api}}
spec: {containers: [{name: a, image: 'a:1'}]}
---
apiVersion: v1
kind: Pod
metadata: {name: database, labels: {app: database}}
spec: {containers: [{name: a, image: 'a:1'}]}
---
";

fn places(report: &Report) -> Vec<(u32, u32, &str)> {
    report.findings.iter().map(|f| (f.at.line, f.at.column, f.rule.code)).collect()
}

#[test]
fn findings_stand_where_the_text_is_printed() {
    let meant = look(&read(&format!("{PODS}{POLICY}")));
    let printed = look(&read(&format!("{PODS}{}", flat(POLICY))));
    assert_eq!(printed.objects, 3);
    let lost: Vec<_> =
        printed.findings.iter().filter(|f| f.message.contains("lost its indentation")).collect();
    assert_eq!(lost.iter().map(|f| (f.at.line, f.at.column)).collect::<Vec<_>>(), [(11, 1)]);
    assert!(lost[0].fix.as_ref().unwrap().safe);
    let others: Vec<_> = places(&printed).into_iter().filter(|place| *place != (11, 1, "MF007")).collect();
    let below = |(line, _, code): &(u32, u32, &str)| (*line > 10).then(|| (*line, code.to_string()));
    let expected: Vec<_> = places(&meant).iter().filter_map(below).collect();
    assert_eq!(others.iter().filter_map(below).collect::<Vec<_>>(), expected);
    assert!(expected.iter().any(|(_, code)| code == "NP001"), "{expected:?}");
    let columns: Vec<_> =
        others.iter().filter(|(line, ..)| *line > 10).map(|(_, column, _)| *column).collect();
    assert!(columns.iter().all(|column| *column <= 3), "{columns:?}");
}

#[test]
fn the_indentation_is_repaired_first_and_then_the_rest() {
    let text = format!("{PODS}{}---\n{}", flat(POLICY), flat(&POLICY.replace("name: api", "name: other")));
    let repaired = repair(read(&text), look);
    let after = &repaired.changed.first().unwrap().1.text;
    assert!(after.contains("\n      ports:\n        - protocol: TCP\n          port: 5432\n"), "{after}");
    assert_eq!(repaired.set.objects().count(), 4);
    assert!(!repaired.set.has_errors(), "{after}");
}

#[test]
fn other_documents_of_the_file_keep_their_repairs_in_place() {
    for text in [format!("{}---\n{PODS}", flat(POLICY)), format!("{PODS}{}", flat(POLICY))] {
        let report = look(&read(&text));
        for edit in report.findings.iter().filter_map(|f| f.fix.as_ref()).flat_map(|fix| &fix.edits) {
            assert!(text.is_char_boundary(edit.start) && edit.start <= edit.end && edit.end <= text.len());
        }
        let lost = report.findings.iter().find(|f| f.message.contains("lost its indentation")).unwrap();
        let fix = lost.fix.clone().unwrap();
        let after = netloom_audit::apply(&text, &fix.edits.iter().collect::<Vec<_>>());
        assert_eq!(after, text.replace(&flat(POLICY), POLICY));
    }
}

/// The objects of a text, the indentation of texts inside of them aside.
fn objects(text: &str) -> Vec<String> {
    let set = read(text);
    let object = |o: &Arc<netloom_objects::Object>| {
        let mut shown = format!("{} {} {:?}", o.api_version, o.reference, o.typed);
        while shown.contains("\\n ") {
            shown = shown.replace("\\n ", "\\n");
        }
        shown
    };
    set.objects().map(object).collect()
}

/// Never a wrong indentation.
#[test]
fn examples_of_rules_come_back_as_they_were_or_not_at_all() {
    let (mut all, mut back) = (0, 0);
    for text in rules().flat_map(|rule| [rule.wrong, rule.right]) {
        for document in text.split("\n---\n") {
            let flat = flat(document);
            let lost = read(&flat).diagnostics().any(|d| d.message.contains("lost its indentation"));
            let before = objects(document);
            if before.is_empty() || !lost {
                continue;
            }
            all += 1;
            if let Some(restored) = restore(&Source::new("a.yaml", &flat)) {
                back += 1;
                assert_eq!(objects(&restored.source.text), before, "{}", restored.source.text);
            }
        }
    }
    eprintln!("{back} of {all}");
    assert!(all > 20 && back * 2 > all, "only {back} of {all} are restored");
}
