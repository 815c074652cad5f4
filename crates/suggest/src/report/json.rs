//! For programs.
use netloom_reach::{
    PortSet,
    report::{ReasonOf, ranges},
};
use serde_json::{Value, json};

use super::Report;
use crate::{Change, Changes, Doubt, End, Need, Reason, UnitId, Units, Unmet};

/// The whole report, the policies too.
#[must_use]
pub fn json(report: &Report<'_>) -> Value {
    let units = &report.ground.units;
    let suggestion = report.suggestion;
    let titles = |of: &[UnitId]| of.iter().map(|unit| units.get(*unit).title()).collect::<Vec<_>>();
    let policies: Vec<Value> = suggestion
        .policies
        .iter()
        .map(|policy| json!({"namespace": policy.namespace, "name": policy.name, "yaml": policy.text}))
        .collect();
    let shut: Vec<Value> = report.shut.iter().map(|(file, outcomes)| {
        let broken: Vec<Value> = outcomes.iter().flat_map(|outcome| {
            outcome.broken.iter().map(move |pair| json!({
                "line": outcome.expectation.line, "from": pair.from, "to": pair.to, "ports": ranges(&pair.ports),
            }))
        }).collect();
        json!({"file": file, "lines": outcomes.len(), "broken": broken})
    }).collect();
    let mut document = json!({
        "policies": policies,
        "replaces": suggestion.replaced,
        "beside": suggestion.staying,
        "stays": suggestion.others,
        "complete": suggestion.is_complete(),
        "unknown": titles(&suggestion.unknown),
        "lacks": suggestion.lacks.iter().map(|lack| json!({
            "workload": units.get(lack.unit).title(), "what": lack.what, "how": lack.how, "reason": of_reason(&lack.because),
        })).collect::<Vec<_>>(),
        "unwritten": titles(&suggestion.unwritten),
        "left_out": report.chosen.left_out,
        "needs": suggestion.needs.iter().map(|need| of_need(need, units)).collect::<Vec<_>>(),
        "holds": report.holds(),
        "unmet": report.proof.unmet.iter().map(of_unmet).collect::<Vec<_>>(),
        "shut": shut,
        "cut": changes(report.changes)["cut"],
        "opened": changes(report.changes)["opened"],
        "unneeded": report.unneeded().iter().map(|(of, ports)| json!({"workload": of, "conn": ports.to_string(), "ports": ranges(ports)})).collect::<Vec<_>>(),
        "doubts": report.doubts.iter().map(of_doubt).collect::<Vec<_>>(),
    });
    let unread = report.ground.today.unread();
    if !unread.is_empty() {
        document["not_judged"] = json!(unread);
    }
    document
}

fn of_need(need: &Need, units: &Units) -> Value {
    json!({
        "from": of_end(&need.from, units),
        "to": of_end(&need.to, units),
        "conn": need.ports.to_string(),
        "ports": ranges(&need.ports),
        "reason": of_reason(&need.reason),
    })
}

fn of_end(end: &End, units: &Units) -> Value {
    Value::from(end.title(units))
}

fn of_reason(reason: &Reason) -> Value {
    json!({
        "learnt": reason.learnt.name(),
        "text": reason.text,
        "file": reason.at.as_ref().map(|at| at.written().file),
        "line": reason.at.as_ref().map(|at| at.written().line),
    })
}

pub(crate) fn of_unmet(unmet: &Unmet) -> Value {
    let denied: Vec<Value> =
        unmet.denied.iter().map(|(direction, side)| json!(ReasonOf::of(*direction, side))).collect();
    json!({
        "from": unmet.from,
        "to": unmet.to,
        "conn": unmet.ports.to_string(),
        "ports": ranges(&unmet.ports),
        "reason": of_reason(&unmet.need.reason),
        "denied": denied,
    })
}

pub(crate) fn of_doubt(doubt: &Doubt) -> Value {
    json!({
        "text": doubt.text,
        "file": doubt.at.as_ref().map(|at| at.written().file),
        "line": doubt.at.as_ref().map(|at| at.written().line),
    })
}

/// What is cut and what is opened.
pub(crate) fn changes(changes: &Changes) -> Value {
    let of = |change: &Change| {
        json!({
            "from": change.from,
            "to": change.to,
            "conn": change.ports.to_string(),
            "ports": of_ports(&change.ports),
            "because": change.because,
        })
    };
    json!({
        "cut": changes.cut.iter().map(of).collect::<Vec<_>>(),
        "opened": changes.opened.iter().map(of).collect::<Vec<_>>(),
    })
}

fn of_ports(ports: &PortSet) -> Value {
    json!(ranges(ports))
}
