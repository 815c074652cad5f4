//! Answers to questions: as lines, and as JSON with what decides.
use std::collections::HashMap;

use netloom_policy::Direction;
use serde_json::{Value, json};

use super::{json::ranges, reasons::ReasonOf, sides::in_words};
use crate::{
    ask::Answer,
    outside::AddressRange,
    ports::PortSet,
    reach::{Party, Reach},
    why::Why,
};

/// One line: a pair with what is open, ranges of the outside with the same answer joined.
#[derive(Clone, Debug)]
pub struct Line {
    /// Who connects.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The ports that are asked about.
    pub asked: PortSet,
    /// Those that are open.
    pub open: PortSet,
    /// One pair that it is about.
    pub example: (Party, Party),
}

/// What ranges of the outside have in common that are one line: the other end, whether they are the source, what is
/// asked, and what is open.
type Alike<'a> = (Party, bool, &'a PortSet, &'a PortSet);

/// The answers as lines, sorted by the names of both ends.
#[must_use]
pub fn lines(reach: &Reach, answers: &[Answer]) -> Vec<Line> {
    let mut lines = Vec::new();
    let mut outside: HashMap<Alike<'_>, Vec<(AddressRange, &Answer)>> = HashMap::new();
    for answer in answers {
        match (answer.range, answer.from) {
            (None, _) => lines.push(line(reach, answer, None)),
            (Some(range), from) => {
                let is_source = matches!(from, Party::Address(_));
                let other = if is_source { answer.to } else { from };
                let same = (other, is_source, &answer.asked, &answer.open);
                outside.entry(same).or_default().push((range, answer));
            }
        }
    }
    for mut ranges in outside.into_values() {
        ranges.sort_by_key(|(range, _)| *range);
        let mut joined: Vec<(AddressRange, &Answer)> = Vec::new();
        for (range, answer) in ranges {
            match joined.last_mut() {
                Some((last, _)) if last.meets(&range) => last.high = range.high,
                _ => joined.push((range, answer)),
            }
        }
        lines.extend(joined.into_iter().map(|(range, answer)| line(reach, answer, Some(range))));
    }
    lines.sort_by(|a, b| (&a.from, &a.to).cmp(&(&b.from, &b.to)));
    let same = |a: &mut Line, b: &mut Line| {
        a.from == b.from && a.to == b.to && a.open == b.open && a.asked == b.asked
    };
    lines.dedup_by(same);
    lines
}

fn line(reach: &Reach, answer: &Answer, range: Option<AddressRange>) -> Line {
    Line {
        from: reach.name_of(answer.from, range),
        to: reach.name_of(answer.to, range),
        asked: answer.asked.clone(),
        open: answer.open.clone(),
        example: (answer.from, answer.to),
    }
}

impl Line {
    /// `a => b : TCP 80`.
    #[must_use]
    pub fn text(&self) -> String {
        format!("{} => {} : {}", self.from, self.to, self.open)
    }

    /// What decides about the ports that are asked about.
    #[must_use]
    pub fn why(&self, reach: &Reach) -> Vec<Why> {
        let mut whys = reach.why(self.example.0, self.example.1);
        whys.iter_mut().for_each(|why| why.ports = why.ports.and(&self.asked));
        whys.retain(|why| !why.ports.is_none());
        whys
    }

    /// What decides, in words: open ports first, and the others where they are asked for.
    #[must_use]
    pub fn reasons(&self, reach: &Reach, denied_too: bool) -> String {
        let mut whys = self.why(reach);
        whys.retain(|why| denied_too || why.allowed());
        whys.sort_by_key(|why| !why.allowed());
        let whole = whys.len() == 1;
        let mut text = String::new();
        for why in whys {
            let verdict = if why.allowed() { "allowed" } else { "denied" };
            let family = match why.family {
                Some(netloom_cluster::Family::V4) => " over IPv4",
                Some(netloom_cluster::Family::V6) => " over IPv6",
                None => "",
            };
            let ports =
                if whole && why.ports.is_all() { "everything".to_owned() } else { why.ports.to_string() };
            text.push_str(&format!("  {ports}{family}: {verdict}\n"));
            for (direction, side) in [(Direction::Egress, &why.egress), (Direction::Ingress, &why.ingress)] {
                // Of what is denied only who denies it.
                if why.allowed() || !side.allowed {
                    text.push_str(&format!("    {:<8} {}\n", direction.name(), in_words(direction, side)));
                }
            }
        }
        if reach.by_chance(self.example.0, self.example.1) && !self.open.is_all() {
            text.push_str(
                "  where both are on one node: everything allowed; a node always reaches its own pods\n",
            );
        }
        text
    }

    /// For programs.
    #[must_use]
    pub fn json(&self, reach: &Reach) -> Value {
        let of_why = |why: &Why| {
            json!({
                "ports": ranges(&why.ports),
                "conn": why.ports.to_string(),
                "family": why.family.map(|family| format!("{family:?}")),
                "allowed": why.allowed(),
                "egress": ReasonOf::of(Direction::Egress, &why.egress),
                "ingress": ReasonOf::of(Direction::Ingress, &why.ingress),
            })
        };
        let mut answer = json!({
            "src": self.from,
            "dst": self.to,
            "conn": self.open.to_string(),
            "ports": ranges(&self.open),
            "allowed": !self.open.is_none(),
            "why": self.why(reach).iter().map(of_why).collect::<Vec<_>>(),
        });
        if reach.by_chance(self.example.0, self.example.1) {
            answer["allowed_on_one_node"] = json!(true);
        }
        answer
    }
}
