//! What is learnt from settings, monitors, webhooks, routes: one set with something of each.
use netloom_suggest::derive;

use crate::support::{Asked, lines, on_text, suggested};

const SET: &str = include_str!("derived.yaml");

#[test]
fn needs_are_learnt_from_manifests() {
    on_text(SET, |ground| {
        let needs = derive(ground);
        let mut lines = lines(ground, &needs);
        lines.sort();
        let lacks: Vec<String> =
            needs.lacks.iter().map(|lack| format!("{}: {}", lack.what, lack.because)).collect();
        let asks = "the API server: its service account worker has rights";
        assert!(lacks.iter().any(|lack| lack.starts_with(asks)), "{lacks:?}");
        let doubts: Vec<String> = needs.doubts.iter().map(|d| format!("? {d}")).collect();
        insta::assert_snapshot!("derived_needs", format!("{}\n\n{}", lines.join("\n"), doubts.join("\n")));
    });
}

#[test]
fn nothing_of_a_secret_is_shown() {
    on_text(SET, |ground| {
        let (suggestion, proof, report) = suggested(ground, &Asked { derive: true, ..Asked::default() });
        assert!(proof.unmet.is_empty(), "{report}");
        let all = suggestion.yaml() + &report;
        assert!(all.contains("Secret app"), "{all}");
        assert!(!all.contains("hunter2") && !all.contains("/shop"), "{all}");
    });
}

#[test]
fn alerts_are_told_and_alertmanagers_agree() {
    let set = |name: &str| {
        format!(
            "{{apiVersion: monitoring.coreos.com/v1, kind: Prometheus, metadata: {{name: k8s, namespace: m}}, spec: {{replicas: 2, alerting: \
             {{alertmanagers: [{{name: {name}, port: web}}]}}}}}}\n---\n\
             {{apiVersion: monitoring.coreos.com/v1, kind: Alertmanager, metadata: {{name: main, namespace: m}}, spec: {{replicas: 3}}}}\n---\n\
             {{apiVersion: v1, kind: Service, metadata: {{name: am, namespace: m}}, spec: {{selector: {{alertmanager: main}}, ports: \
             [{{name: web, port: 80, targetPort: web}}]}}}}\n"
        )
    };
    on_text(&set("am"), |ground| {
        let needs = derive(ground);
        let lines = lines(ground, &needs);
        let found = |from: &str, to: &str, ports: &str| {
            lines
                .iter()
                .any(|l| l.contains(&format!("{from} -> ")) && l.contains(&format!("{to} on {ports}: ")))
        };
        assert!(found("m/k8s", "m/main", "TCP 9093"), "{lines:?}");
        assert!(found("m/main", "m/main", "TCP 9094,UDP 9094"), "{lines:?}");
        assert!(!needs.doubts.iter().any(|doubt| doubt.to_string().contains("alerts")), "{:?}", needs.doubts);
    });
    on_text(&set("elsewhere"), |ground| {
        let doubts: Vec<String> = derive(ground).doubts.iter().map(ToString::to_string).collect();
        assert!(doubts.iter().any(|doubt| doubt.contains("Service m/elsewhere")), "{doubts:?}");
    });
}
