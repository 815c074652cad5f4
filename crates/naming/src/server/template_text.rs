//! The part of Go's templates that records are written with: values, groups and `index`.
use std::collections::HashMap;

/// A template, read.
#[derive(Debug)]
pub(super) struct Text(Vec<Piece>);

#[derive(Debug)]
enum Piece {
    Plain(String),
    Value(Value),
}

#[derive(Debug)]
enum Value {
    Field(Field),
    /// `.Group.name`, `index .Group "name"`.
    Group(String),
    /// `index .Match 1`.
    Match(usize),
}

#[derive(Clone, Copy, Debug)]
enum Field {
    Name,
    Zone,
    Type,
    Class,
    Remote,
    Regex,
}

/// What a template's values are for one question.
#[derive(Debug, Default)]
pub(super) struct Values<'v> {
    /// With its final dot.
    pub name: &'v str,
    /// With its final dot.
    pub zone: &'v str,
    pub rtype: &'v str,
    pub remote: &'v str,
    pub regex: &'v str,
    pub matches: Vec<&'v str>,
    pub groups: HashMap<&'v str, &'v str>,
}

impl Text {
    /// Reads a template.
    ///
    /// # Errors
    /// With the action that is not known.
    pub fn read(text: &str) -> Result<Self, String> {
        let mut pieces = Vec::new();
        let mut rest = text;
        while let Some((plain, action)) = rest.split_once("{{") {
            let (trims, action) = match action.strip_prefix("- ") {
                Some(action) => (true, action),
                None => (false, action),
            };
            let plain = if trims { plain.trim_end() } else { plain };
            pieces.push(Piece::Plain(plain.to_owned()));
            let (action, after) = action.split_once("}}").ok_or("`{{` is not closed")?;
            let (action, after) = match action.strip_suffix(" -") {
                Some(action) => (action, after.trim_start()),
                None => (action, after),
            };
            pieces.push(Piece::Value(value(action.trim())?));
            rest = after;
        }
        pieces.push(Piece::Plain(rest.to_owned()));
        Ok(Self(pieces))
    }

    /// Whether it says who asks.
    pub fn depends_on_client(&self) -> bool {
        self.0.iter().any(|piece| matches!(piece, Piece::Value(Value::Field(Field::Remote))))
    }

    /// The text with its values in place. A group that there is none of is empty.
    pub fn fill(&self, values: &Values<'_>) -> String {
        let mut text = String::new();
        for piece in &self.0 {
            text.push_str(match piece {
                Piece::Plain(plain) => plain,
                Piece::Value(Value::Group(name)) => match name.parse::<usize>() {
                    Ok(i) => values.matches.get(i).copied().unwrap_or_default(),
                    Err(_) => values.groups.get(name.as_str()).copied().unwrap_or_default(),
                },
                Piece::Value(Value::Match(i)) => values.matches.get(*i).copied().unwrap_or_default(),
                Piece::Value(Value::Field(field)) => match field {
                    Field::Name => values.name,
                    Field::Zone => values.zone,
                    Field::Type => values.rtype,
                    Field::Class => "IN",
                    Field::Remote => values.remote,
                    Field::Regex => values.regex,
                },
            });
        }
        text
    }
}

fn value(action: &str) -> Result<Value, String> {
    let unknown = || format!("`{{{{ {action} }}}}` is not filled in");
    let words: Vec<&str> = action.split_ascii_whitespace().collect();
    Ok(match words.as_slice() {
        [".Name" | ".Question.Name"] => Value::Field(Field::Name),
        [".Zone"] => Value::Field(Field::Zone),
        [".Type"] => Value::Field(Field::Type),
        [".Class"] => Value::Field(Field::Class),
        [".Remote"] => Value::Field(Field::Remote),
        [".Regex"] => Value::Field(Field::Regex),
        ["index", ".Match", i] => Value::Match(i.parse().map_err(|_| unknown())?),
        ["index", ".Group", name] => Value::Group(name.trim_matches(['"', '`']).to_owned()),
        [field] => Value::Group(field.strip_prefix(".Group.").ok_or_else(unknown)?.to_owned()),
        _ => return Err(unknown()),
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn values_are_filled_in() {
        let values = Values {
            name: "ip-10-0-0-1.example.",
            zone: "example.",
            rtype: "A",
            matches: vec!["ip-10-0-0-1.example.", "10"],
            groups: [("a", "10")].into(),
            ..Values::default()
        };
        for (text, expected) in [
            ("{{ .Name }} 60 IN {{.Type}} {{ .Group.a }}.0.0.1", "ip-10-0-0-1.example. 60 IN A 10.0.0.1"),
            ("{{ index .Match 1 }}|{{ index .Group \"1\" }}|{{ .Group.none }}|{{ .Class }}", "10|10||IN"),
            ("a {{- .Zone -}} b", "aexample.b"),
            ("plain", "plain"),
        ] {
            assert_eq!(Text::read(text).unwrap().fill(&values), expected, "{text}");
        }
        for bad in ["{{ .Name", "{{ range .X }}", "{{ printf \"%d\" 1 }}", "{{ index .Match x }}"] {
            assert!(Text::read(bad).is_err(), "{bad}");
        }
    }
}
