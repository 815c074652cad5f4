//! A validator of JSON Schema (draft 7), as far as the schema of SARIF goes: a keyword that it does not know is a panic.
use std::collections::HashSet;

use serde_json::Value;

/// Says nothing about what is valid.
const NOTES: [&str; 8] =
    ["$schema", "$id", "title", "description", "default", "definitions", "format", "$comment"];

/// What a value breaks, each with its place.
pub fn faults(root: &Value, value: &Value) -> Vec<String> {
    let mut found = Vec::new();
    check(root, root, value, "", &mut found);
    found
}

fn check(root: &Value, schema: &Value, value: &Value, at: &str, found: &mut Vec<String>) {
    let keywords = match schema {
        Value::Bool(true) => return,
        Value::Bool(false) => return found.push(format!("{at}: nothing is allowed here")),
        schema => schema.as_object().expect("a schema is an object"),
    };
    for (keyword, rule) in keywords {
        let mut say = |holds: bool| {
            if !holds {
                found.push(format!("{at}: `{keyword}` {rule} does not hold of {value:.200}"));
            }
        };
        match keyword.as_str() {
            note if NOTES.contains(&note) => {}
            "$ref" => {
                let pointer = rule.as_str().and_then(|r| r.strip_prefix('#')).expect("a local reference");
                check(root, root.pointer(pointer).expect("it leads somewhere"), value, at, found);
            }
            "type" => say(is_of(value, rule)),
            "enum" => say(rule.as_array().expect("a list").contains(value)),
            "minimum" => say(value.as_f64().is_none_or(|n| n >= rule.as_f64().expect("a number"))),
            "maximum" => say(value.as_f64().is_none_or(|n| n <= rule.as_f64().expect("a number"))),
            "minItems" => {
                say(value.as_array().is_none_or(|v| v.len() as u64 >= rule.as_u64().expect("a number")))
            }
            "uniqueItems" => say(rule == false || value.as_array().is_none_or(|v| unique(v))),
            "required" => {
                let has = |key: &Value| value.get(key.as_str().expect("a key")).is_some();
                say(!value.is_object() || rule.as_array().expect("a list").iter().all(has));
            }
            "properties" => {
                for (key, schema) in rule.as_object().expect("an object") {
                    if let Some(inner) = value.get(key) {
                        check(root, schema, inner, &format!("{at}/{key}"), found);
                    }
                }
            }
            "additionalProperties" => {
                let known = schema.get("properties").and_then(Value::as_object);
                for (key, inner) in value.as_object().into_iter().flatten() {
                    if known.is_none_or(|known| !known.contains_key(key)) {
                        check(root, rule, inner, &format!("{at}/{key}"), found);
                    }
                }
            }
            "items" => {
                for (index, inner) in value.as_array().into_iter().flatten().enumerate() {
                    check(root, rule, inner, &format!("{at}/{index}"), found);
                }
            }
            "anyOf" => say(rule.as_array().expect("a list").iter().any(|s| holds(root, s, value))),
            "allOf" => say(rule.as_array().expect("a list").iter().all(|s| holds(root, s, value))),
            "oneOf" => {
                say(rule.as_array().expect("a list").iter().filter(|s| holds(root, s, value)).count() == 1);
            }
            "not" => say(!holds(root, rule, value)),
            other => assert!(!applies(other, value), "`{other}` of the schema at {at} is not understood"),
        }
    }
}

fn holds(root: &Value, schema: &Value, value: &Value) -> bool {
    let mut found = Vec::new();
    check(root, schema, value, "", &mut found);
    found.is_empty()
}

/// Patterns bear on text only.
fn applies(keyword: &str, value: &Value) -> bool {
    keyword != "pattern" || value.is_string()
}

fn unique(values: &[Value]) -> bool {
    let mut seen = HashSet::new();
    values.iter().all(|value| seen.insert(value.to_string()))
}

fn is_of(value: &Value, types: &Value) -> bool {
    let is = |name: &Value| match name.as_str().expect("a type") {
        "object" => value.is_object(),
        "array" => value.is_array(),
        "string" => value.is_string(),
        "boolean" => value.is_boolean(),
        "number" => value.is_number(),
        "integer" => value.is_i64() || value.is_u64(),
        "null" => value.is_null(),
        other => panic!("`{other}` is no type"),
    };
    types.as_array().map_or_else(|| is(types), |types| types.iter().any(is))
}
