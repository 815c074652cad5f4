//! The fields at which two objects differ: the deepest ones, and items of lists by their keys.
use serde_json::Value;

/// Fields that are told of one object, at most.
const MOST: usize = 16;

/// A field that differs, as it is called and where it is on either side.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub(crate) struct Field {
    /// With the keys of items: `env[B_URL].value`.
    pub shown: String,
    /// With their places: `env[8].value`.
    pub before: String,
    pub after: String,
}

/// What items of lists are told apart by, the first that all of them have. Lists of rules and of ports have none.
const KEYS: [&str; 11] = [
    "name",
    "containerPort",
    "mountPath",
    "devicePath",
    "alert",
    "record",
    "key",
    "host",
    "path",
    "type",
    "ip",
];

/// The fields at which two objects of a kind differ, in order; of many the first ones.
pub(crate) fn fields(kind: &str, before: &Value, after: &Value) -> Vec<Field> {
    let mut comparer = Comparer { whole: wholes(kind), found: Vec::new() };
    comparer.compare(&Field::default(), before, after);
    comparer.found
}

/// Fields that are told as one, as nobody reads what differs in them path by path.
fn wholes(kind: &str) -> &'static [&'static str] {
    match kind {
        "CustomResourceDefinition" => &["openAPIV3Schema"],
        _ => &[],
    }
}

struct Comparer {
    whole: &'static [&'static str],
    found: Vec<Field>,
}

impl Comparer {
    fn compare(&mut self, at: &Field, before: &Value, after: &Value) {
        if before == after || self.found.len() == MOST {
            return;
        }
        match (before, after) {
            (Value::Object(old), Value::Object(new)) => {
                let added = new.keys().filter(|key| !old.contains_key(*key));
                for key in old.keys().chain(added) {
                    let [old, new] = [old.get(key), new.get(key)].map(|value| value.unwrap_or(&Value::Null));
                    let below = at.field(key);
                    match self.whole.contains(&key.as_str()) && old != new && self.found.len() < MOST {
                        true => self.found.push(below),
                        false => self.compare(&below, old, new),
                    }
                }
            }
            (Value::Array(old), Value::Array(new)) => match keys(old, new) {
                Some([old_keys, new_keys]) => self.by_key(at, (old, &old_keys), (new, &new_keys)),
                None => self.by_place(at, old, new),
            },
            _ => self.found.push(at.clone()),
        }
    }

    fn by_key(&mut self, at: &Field, (old, old_keys): Keyed<'_>, (new, new_keys): Keyed<'_>) {
        let place = |keys: &[String], key: &String| keys.iter().position(|known| known == key);
        let known = self.found.len();
        for (nth, key) in old_keys.iter().enumerate() {
            let other = place(new_keys, key);
            let value = other.map_or(&Value::Null, |nth| &new[nth]);
            self.compare(&at.item(key, Some(nth), other), &old[nth], value);
        }
        for (nth, key) in new_keys.iter().enumerate().filter(|(_, key)| !old_keys.contains(key)) {
            self.compare(&at.item(key, None, Some(nth)), &Value::Null, &new[nth]);
        }
        // The same items in another order.
        if self.found.len() == known && known < MOST {
            self.found.push(at.clone());
        }
    }

    fn by_place(&mut self, at: &Field, old: &[Value], new: &[Value]) {
        let start = old.iter().zip(new).take_while(|(a, b)| a == b).count();
        let ends = old[start..].iter().rev().zip(new[start..].iter().rev());
        let end = ends.take_while(|(a, b)| a == b).count();
        for nth in start..old.len().max(new.len()) - end {
            let item = |list: &[Value]| list[..list.len() - end].get(nth).cloned().unwrap_or(Value::Null);
            self.compare(&at.item(&nth.to_string(), Some(nth), Some(nth)), &item(old), &item(new));
        }
    }
}

type Keyed<'v> = (&'v [Value], &'v [String]);

/// The keys of the items of both lists, where there is a field that each has and that no two of a list have alike.
fn keys(old: &[Value], new: &[Value]) -> Option<[Vec<String>; 2]> {
    if old.is_empty() && new.is_empty() {
        return None;
    }
    KEYS.iter().find_map(|name| Some([keys_by(name, old)?, keys_by(name, new)?]))
}

fn keys_by(name: &str, list: &[Value]) -> Option<Vec<String>> {
    let key = |item: &Value| match item.get(name)? {
        Value::String(text) => Some(text.clone()),
        Value::Number(number) => Some(number.to_string()),
        _ => None,
    };
    let keys: Vec<String> = list.iter().map(key).collect::<Option<_>>()?;
    let mut sorted: Vec<&String> = keys.iter().collect();
    sorted.sort_unstable();
    sorted.windows(2).all(|pair| pair[0] != pair[1]).then_some(keys)
}

impl Field {
    /// A field below.
    fn field(&self, key: &str) -> Self {
        let escape = |c: char| matches!(c, '.' | '[' | '\\').then_some('\\').into_iter().chain([c]);
        let key: String = key.chars().flat_map(escape).collect();
        let below = |path: &str| if path.is_empty() { key.clone() } else { format!("{path}.{key}") };
        Self { shown: below(&self.shown), before: below(&self.before), after: below(&self.after) }
    }

    /// An item; on a side that does not have it, the list.
    fn item(&self, key: &str, before: Option<usize>, after: Option<usize>) -> Self {
        let at = |path: &str, nth: Option<usize>| {
            nth.map_or_else(|| path.to_owned(), |nth| format!("{path}[{nth}]"))
        };
        Self {
            shown: format!("{}[{key}]", self.shown),
            before: at(&self.before, before),
            after: at(&self.after, after),
        }
    }
}
