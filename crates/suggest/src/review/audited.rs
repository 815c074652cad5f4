//! What the rules of `netloom check` say of policies that do nothing.
use netloom_audit::{Closed, Finding, Settings, audit};
use netloom_cluster::{Addressing, Options};

use super::{Fault, Remark};
use crate::ground::Ground;

/// Two policies that say the same; what is found is a policy as a whole.
pub(super) const DUPLICATE: &str = "NP019";

/// The rules of the audit that are about this, and what they find.
const RULES: [(&str, Fault); 16] = [
    ("NP003", Fault::Idle),
    ("NP004", Fault::Idle),
    ("NP005", Fault::Idle),
    ("NP007", Fault::Idle),
    ("NP008", Fault::Idle),
    ("NP009", Fault::Idle),
    ("NP010", Fault::Idle),
    ("NP013", Fault::Idle),
    ("NP017", Fault::Idle),
    ("NP018", Fault::Contradicted),
    (DUPLICATE, Fault::Redundant),
    ("NP020", Fault::Redundant),
    ("NP029", Fault::Contradicted),
    ("NP031", Fault::Shadowed),
    ("NP032", Fault::Idle),
    ("NP033", Fault::Contradicted),
];

pub(super) fn remarks(ground: &Ground<'_>) -> Vec<Remark> {
    // Whoever asks for a review gives the whole set.
    let closed = Closed { everything: true, ..Closed::default() };
    // Its rules ask about pods by their addresses.
    let cluster = Options { addressing: Addressing::Assigned, ..ground.options.clone() };
    let settings = Settings { cluster, closed, ..Settings::default() };
    let of = |code: &str| RULES.iter().find(|(known, _)| *known == code);
    let report = audit(ground.objects, &settings, &|rule| of(rule.code).is_some());
    report.findings.iter().filter_map(|finding| Some(remark(finding, of(finding.rule.code)?.1))).collect()
}

fn remark(finding: &Finding, fault: Fault) -> Remark {
    Remark {
        fault,
        text: finding.message.clone(),
        at: finding.at.clone(),
        object: finding.object.clone(),
        because: finding.related.clone(),
        code: Some(finding.rule.code),
    }
}
