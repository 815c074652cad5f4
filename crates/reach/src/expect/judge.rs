//! Holds expectations against what policies allow.
use super::{ExpectError, Expectation, Expectations};
use crate::{
    ask::{Answer, Question},
    ports::PortSet,
    reach::Reach,
};

/// What became of one expectation.
#[derive(Clone, Debug)]
pub struct Outcome {
    /// The expectation.
    pub expectation: Expectation,
    /// The pairs that are not as expected.
    pub broken: Vec<Broken>,
    /// How many pairs were asked about.
    pub asked: usize,
}

/// A pair that is not as expected.
#[derive(Clone, Debug)]
pub struct Broken {
    /// Who connects.
    pub from: String,
    /// To whom.
    pub to: String,
    /// The ports that are not as expected.
    pub ports: PortSet,
    /// What was found of this pair.
    pub answer: Answer,
}

impl Outcome {
    /// Whether it is as expected.
    #[must_use]
    pub fn held(&self) -> bool {
        self.broken.is_empty()
    }
}

impl Expectations {
    /// Judges all of them, in order.
    ///
    /// # Errors
    /// When a name in the file means nobody: an expectation about nobody would hold whatever policies say.
    pub fn judge(&self, file: &str, reach: &Reach) -> Result<Vec<Outcome>, ExpectError> {
        self.lines.iter().map(|expectation| expectation.judge(file, reach)).collect()
    }
}

impl Expectation {
    /// The question that it answers.
    ///
    /// # Errors
    /// When a name means nobody.
    pub fn question(&self, file: &str, reach: &Reach) -> Result<Question, ExpectError> {
        Question::parse(reach, &self.from, &self.to, self.namespace.as_deref())
            .map_err(|error| self.fails(file, error.to_string()))
    }

    fn fails(&self, file: &str, reason: String) -> ExpectError {
        ExpectError { file: file.to_owned(), line: self.line, reason }
    }

    fn judge(&self, file: &str, reach: &Reach) -> Result<Outcome, ExpectError> {
        let question = self.question(file, reach)?;
        let answers = question.answers(reach).map_err(|error| self.fails(file, error.to_string()))?;
        if answers.is_empty() {
            let reason = format!("`{}` and `{}` are no two ends of a connection", self.from, self.to);
            return Err(self.fails(file, reason));
        }
        let asked = answers.len();
        let broken = |answer: Answer| {
            let wrong = match (self.allowed, &question.port) {
                // Without a port: something is allowed, or nothing at all is.
                (true, None) if answer.open.is_none() => answer.asked.clone(),
                (true, None) => PortSet::none(),
                (true, Some(_)) => answer.asked.minus(&answer.open),
                (false, _) => answer.open.clone(),
            };
            (!wrong.is_none()).then(|| Broken {
                from: reach.name_of(answer.from, answer.range),
                to: reach.name_of(answer.to, answer.range),
                ports: wrong,
                answer,
            })
        };
        let broken = answers.into_iter().filter_map(broken).collect();
        Ok(Outcome { expectation: self.clone(), broken, asked })
    }
}
