//! Changes one field of a valid object at a time.
use std::sync::Arc;

use netloom_objects::{ObjectSet, Source, parse_source};
use serde_json::{Value, json};

use crate::question::Question;

/// All mutations of the objects in a text, and the objects themselves.
pub fn all(text: &str) -> Vec<Question> {
    let set = ObjectSet::assemble(vec![Arc::new(parse_source(&Source::new("bases.yaml", text)))]);
    let mut questions = Vec::new();
    for object in set.objects() {
        let base = object.value("").expect("a base is a mapping");
        let mut ask = |what: &str, changed: &Value| {
            let manifest = serde_json::to_string(changed).expect("JSON is written as JSON");
            // apiVersion and kind decide where it is sent, and are not to be changed.
            let mut question = Question::of(what.to_owned(), manifest, &base).expect("the kind is known");
            if let Some(path) = Question::of(String::new(), String::new(), changed).map(|q| q.path) {
                question.path = path;
            }
            questions.push(question);
        };
        ask("as it is", &base);
        for pointer in pointers(&base, "") {
            if matches!(pointer.as_str(), "/apiVersion" | "/kind") {
                continue;
            }
            for (how, value) in instead_of(base.pointer(&pointer).expect("it was found there")) {
                let mut changed = base.clone();
                if set_at(&mut changed, &pointer, value) {
                    ask(&format!("{} = {how}", pointer.replace('/', ".")), &changed);
                }
            }
        }
    }
    questions
}

/// Every value below a value.
fn pointers(value: &Value, at: &str) -> Vec<String> {
    let mut found = Vec::new();
    let mut below = |key: &str, value: &Value| {
        let pointer = format!("{at}/{}", key.replace('~', "~0").replace('/', "~1"));
        found.push(pointer.clone());
        found.extend(pointers(value, &pointer));
    };
    match value {
        Value::Object(entries) => entries.iter().for_each(|(key, value)| below(key, value)),
        Value::Array(items) => items.iter().enumerate().for_each(|(i, value)| below(&i.to_string(), value)),
        _ => {}
    }
    found
}

/// What a value is replaced by; none takes it away.
fn instead_of(value: &Value) -> Vec<(String, Option<Value>)> {
    let mut values = vec![("dropped".to_owned(), None)];
    let mut add = |value: Value| values.push((value.to_string().chars().take(40).collect(), Some(value)));
    add(Value::Null);
    match value {
        Value::String(text) => {
            for instead in [
                "",
                "-",
                "UPPER_case!",
                "x y",
                "${NAME",
                "a.b",
                "1",
                "65536",
                "10.0.0.300",
                "010.0.0.1",
                "::ffff:10.0.0.1",
            ] {
                add(instead.into());
            }
            add("a".repeat(70).into());
            add("a".repeat(300).into());
            add(format!(" {text}").into());
            add(format!("{text}x").into());
            for instead in [json!(1), json!(true), json!([]), json!({})] {
                add(instead);
            }
        }
        Value::Number(_) => {
            for instead in [0_i64, -1, 1, 5, 101, 65_535, 65_536, 2_147_483_648] {
                add(instead.into());
            }
            for instead in [json!("x"), json!("1"), json!(true), json!([]), json!({}), json!(1.5)] {
                add(instead);
            }
        }
        Value::Bool(flag) => {
            for instead in [json!(!flag), json!("true"), json!(""), json!(1), json!([]), json!({})] {
                add(instead);
            }
        }
        Value::Array(items) => {
            for instead in [json!([]), json!({}), json!("x"), json!([null])] {
                add(instead);
            }
            if let Some(first) = items.first() {
                let mut twice = items.clone();
                twice.push(first.clone());
                values.push(("with its first item twice".to_owned(), Some(Value::Array(twice))));
            }
        }
        Value::Object(entries) => {
            for instead in [json!({}), json!([]), json!("x")] {
                add(instead);
            }
            let mut more = entries.clone();
            more.insert("strange_Key".to_owned(), json!("x"));
            values.push(("with a strange key".to_owned(), Some(Value::Object(more))));
        }
        Value::Null => {}
    }
    values
}

fn set_at(object: &mut Value, pointer: &str, value: Option<Value>) -> bool {
    let Some((parent, key)) = pointer.rsplit_once('/') else { return false };
    let key = key.replace("~1", "/").replace("~0", "~");
    match (object.pointer_mut(parent), value) {
        (Some(Value::Object(entries)), Some(value)) => entries.insert(key, value).is_some(),
        (Some(Value::Object(entries)), None) => entries.remove(&key).is_some(),
        (Some(Value::Array(items)), value) => {
            let Some(index) = key.parse::<usize>().ok().filter(|index| *index < items.len()) else {
                return false;
            };
            match value {
                Some(value) => items[index] = value,
                None => drop(items.remove(index)),
            }
            true
        }
        _ => false,
    }
}
