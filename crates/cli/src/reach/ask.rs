//! Questions: between two, around one, and about the whole set.
use std::io::Write;

use netloom_objects::unread::Effect;
use netloom_policy::Direction;
use netloom_reach::{
    Answer, AskError, Question, Reach, Who,
    report::{answers, exposure},
};
use serde_json::{Value, json};

use super::{
    Fault,
    args::{self, Format},
    unfit,
};
use crate::load::Stop;

/// A question about one or two ends.
pub enum Asked<'a> {
    Between(&'a str, &'a str),
    WhoReaches(&'a str),
    WhomReaches(&'a str),
}

impl<'a> Asked<'a> {
    pub fn of(question: &'a args::Question) -> Option<Self> {
        match (&question.from, &question.to, &question.who_can_reach, &question.what_can_reach_from) {
            (Some(from), Some(to), ..) => Some(Self::Between(from, to)),
            (Some(from), None, ..) | (None, None, None, Some(from)) => Some(Self::WhomReaches(from)),
            (None, Some(to), ..) | (None, None, Some(to), _) => Some(Self::WhoReaches(to)),
            (None, None, None, None) => None,
        }
    }

    pub fn answer(&self, args: &args::Reach, reach: &Reach, out: &mut impl Write) -> Result<u8, Fault> {
        let found = self.answers(args, reach).map_err(|error| Stop::Because(error.to_string()))?;
        let allowed = found.iter().any(|answer| !answer.open.is_none());
        let lines = answers::lines(reach, &found);
        match args.output {
            Format::Text => {
                for line in &lines {
                    writeln!(out, "{}", line.text())?;
                    // Of many pairs each has its line, and JSON the rules.
                    let between = matches!(self, Self::Between(..));
                    if lines.len() == 1 || (!between && lines.len() <= EXPLAINED) {
                        out.write_all(line.reasons(reach, between).as_bytes())?;
                    }
                }
                if lines.is_empty() {
                    writeln!(out, "nobody")?;
                }
            }
            Format::Csv => {
                writeln!(out, "src,dst,conn")?;
                for line in lines {
                    let open = line.open.to_string();
                    let quote = if open.contains(',') { "\"" } else { "" };
                    writeln!(out, "{},{},{quote}{open}{quote}", line.from, line.to)?;
                }
            }
            Format::Md => {
                writeln!(out, "| src | dst | conn |\n|-----|-----|------|")?;
                lines.iter().try_for_each(|l| writeln!(out, "| {} | {} | {} |", l.from, l.to, l.open))?;
            }
            Format::Json => {
                let answers: Vec<Value> = lines.iter().map(|line| line.json(reach)).collect();
                let answer = json!({"allowed": allowed, "answers": answers});
                pretty(&with_unread(answer, reach), out)?;
            }
            other => return Err(unfit(other, "text, csv, json and md")),
        }
        Ok(u8::from(matches!(self, Self::Between(..)) && !allowed))
    }

    fn answers(&self, args: &args::Reach, reach: &Reach) -> Result<Vec<Answer>, AskError> {
        let port = &args.question.port;
        match self {
            Self::Between(from, to) => {
                let mut question = Question::parse(reach, from, to, None)?;
                question.port = port.clone().or(question.port);
                question.answers(reach)
            }
            Self::WhoReaches(to) => {
                let question = Question::parse(reach, "*", to, None)?;
                reach.around(&question.to, Direction::Ingress, port.clone().or(question.port))
            }
            Self::WhomReaches(from) => {
                reach.around(&Who::find(reach, from, None)?, Direction::Egress, port.clone())
            }
        }
    }
}

/// With more answers than this the text has no reasons.
const EXPLAINED: usize = 20;

pub fn open_to_internet(format: Format, reach: &Reach, out: &mut impl Write) -> Result<u8, Fault> {
    let open = reach.open_to_internet();
    let unjudged =
        reach.unread().only(&[Effect::Publishes, Effect::Provisions, Effect::Runs, Effect::Routes]);
    match format {
        Format::Text => {
            if open.is_empty() {
                let known = if unjudged.is_empty() { "" } else { ", as far as is judged here" };
                writeln!(out, "nothing is published to the internet and let in by policies{known}")?;
            }
            open.iter().try_for_each(|way| out.write_all(way.text(reach).as_bytes()))?;
            out.write_all(unjudged.text().as_bytes())?;
        }
        Format::Json => {
            let open: Vec<Value> = open.iter().map(|way| way.json(reach)).collect();
            pretty(&with_unread(json!({"open_to_internet": open}), reach), out)?;
        }
        other => return Err(unfit(other, "text and json")),
    }
    Ok(0)
}

pub fn unprotected(format: Format, reach: &Reach, out: &mut impl Write) -> Result<u8, Fault> {
    match format {
        Format::Text => {
            let text = exposure::unprotected_text(reach);
            let text = if text.is_empty() {
                "every workload is selected by policies, for both directions\n"
            } else {
                &text
            };
            out.write_all(text.as_bytes())?;
        }
        Format::Json => {
            pretty(&with_unread(json!({"unprotected": exposure::unprotected_json(reach)}), reach), out)?;
        }
        other => return Err(unfit(other, "text and json")),
    }
    Ok(0)
}

/// The answer with what it does not take into account, if there is any.
pub fn with_unread(mut answer: Value, reach: &Reach) -> Value {
    if !reach.unread().is_empty() {
        answer["not_judged"] = json!(reach.unread());
    }
    answer
}

/// Writes JSON as people can read it.
pub fn pretty(value: &Value, out: &mut impl Write) -> Result<(), Fault> {
    serde_json::to_writer_pretty(&mut *out, value).map_err(std::io::Error::from)?;
    Ok(writeln!(out)?)
}
