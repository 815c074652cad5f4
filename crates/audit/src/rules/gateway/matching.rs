//! What a rule of an HTTPRoute matches, in a form in which equal matches are equal values.
use netloom_objects::gateway_api::{HTTPRouteMatch, HTTPRouteRule, NameValueMatch};

/// All that a match asks of a request; headers and parameters sorted, defaults filled in.
#[derive(Clone, PartialEq, Eq, Hash)]
pub(super) struct Match {
    path: (String, String),
    headers: Vec<(String, String, String)>,
    parameters: Vec<(String, String, String)>,
    method: Option<String>,
}

impl Match {
    fn of(from: &HTTPRouteMatch) -> Self {
        let path = from.path.as_ref();
        let type_ = path.and_then(|path| path.type_.as_deref()).unwrap_or("PathPrefix");
        let value = path.and_then(|path| path.value.as_deref()).unwrap_or("/");
        // A prefix is compared segment by segment, so that a `/` at its end says nothing.
        let value = match type_ {
            "PathPrefix" if value.len() > 1 => value.strip_suffix('/').unwrap_or(value),
            _ => value,
        };
        let mut headers = pairs(&from.headers);
        for (name, ..) in &mut headers {
            name.make_ascii_lowercase();
        }
        headers.sort();
        let mut parameters = pairs(&from.query_params);
        parameters.sort();
        Self { path: (type_.to_owned(), value.to_owned()), headers, parameters, method: from.method.clone() }
    }

    /// ``GET `/api` `` and what else it asks for.
    pub fn words(&self) -> String {
        let method = self.method.as_ref().map(|method| format!("{method} ")).unwrap_or_default();
        let mut conditions = Vec::new();
        for (name, _, value) in &self.headers {
            conditions.push(format!("header {name}: {value}"));
        }
        for (name, _, value) in &self.parameters {
            conditions.push(format!("parameter {name}={value}"));
        }
        let with =
            if conditions.is_empty() { String::new() } else { format!(" with {}", conditions.join(", ")) };
        format!("{method}{} `{}`{with}", self.path.0, self.path.1)
    }
}

fn pairs(from: &[NameValueMatch]) -> Vec<(String, String, String)> {
    let type_ = |pair: &NameValueMatch| pair.type_.clone().unwrap_or_else(|| "Exact".to_owned());
    from.iter().map(|pair| (pair.name.clone(), type_(pair), pair.value.clone())).collect()
}

/// The matches of a rule, each with its path; of a rule without any, the default one.
pub(super) fn matches_of(index: usize, rule: &HTTPRouteRule) -> Vec<(String, Match)> {
    if rule.matches.is_empty() {
        return vec![(format!("spec.rules[{index}]"), Match::of(&HTTPRouteMatch::default()))];
    }
    let matches = rule.matches.iter().enumerate();
    matches.map(|(j, own)| (format!("spec.rules[{index}].matches[{j}]"), Match::of(own))).collect()
}
