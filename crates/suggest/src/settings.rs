//! Settings: variables and lines of files, of which one may name a host and its neighbour the port.
use crate::scan::{Mention, is_host};

/// A setting: an environment variable, a line of a file.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Setting {
    pub key: String,
    pub value: String,
}

/// What keys of hosts end with.
const HOST_WORDS: [&str; 17] = [
    "HOSTNAME",
    "HOSTS",
    "HOST",
    "ADDRESSES",
    "ADDRESS",
    "ADDR",
    "SERVERS",
    "SERVER",
    "ENDPOINTS",
    "ENDPOINT",
    "UPSTREAM",
    "BROKERS",
    "BROKER",
    "SERVICE",
    "TARGET",
    "URL",
    "URI",
];

/// What stands in the place of such a word where the port is said.
const PORT_WORDS: [&str; 5] = ["PORT", "PORT_NUMBER", "TCP_PORT", "SERVICE_PORT", "HOST_PORT"];

/// The hosts of neighbouring settings whose values are names or addresses alone, each with the index of its setting.
pub(crate) fn neighbours(settings: &[Setting]) -> Vec<(usize, Mention)> {
    let keys: Vec<String> = settings.iter().map(|s| normal(&s.key)).collect();
    let mut found = Vec::new();
    for (nth, setting) in settings.iter().enumerate() {
        let word = HOST_WORDS.into_iter().find(|word| keys[nth].ends_with(word));
        // A name with a dot may be one under any key; a word is a host only where the key says so.
        if word.is_none() && !setting.value.contains('.') {
            continue;
        }
        let stem = word.map(|word| &keys[nth][..keys[nth].len() - word.len()]);
        let port = stem.and_then(|stem| {
            let of = |key: String| settings.iter().zip(&keys).find(|(_, k)| **k == key);
            let candidates = PORT_WORDS.into_iter().map(|word| format!("{stem}{word}"));
            let with = candidates.chain([format!("{}_PORT", keys[nth])]);
            with.into_iter().find_map(of)?.0.value.trim().parse::<u16>().ok().filter(|port| *port > 0)
        });
        for host in setting.value.split([',', ';', ' ']).map(str::trim).filter(|h| is_host(h)) {
            let mention = Mention {
                host: host.to_owned(),
                port,
                protocol: None,
                scheme: None,
                explicit: port.is_some(),
            };
            found.push((nth, mention));
        }
    }
    found
}

/// `dbHost`, `db.host`, `DB-HOST`: `DB_HOST`.
fn normal(key: &str) -> String {
    let mut normal = String::with_capacity(key.len() + 4);
    let mut after_lower = false;
    for c in key.chars() {
        if after_lower && c.is_ascii_uppercase() {
            normal.push('_');
        }
        normal.push(if c.is_ascii_alphanumeric() { c.to_ascii_uppercase() } else { '_' });
        after_lower = c.is_ascii_lowercase() || c.is_ascii_digit();
    }
    normal
}

/// A line of a file as a setting: `key: value`, `key = value`, with its indentation. Comments are none.
pub(crate) fn line(text: &str) -> Option<(usize, Setting)> {
    let indent = text.len() - text.trim_start().len();
    let text = text.trim();
    if is_comment(text) {
        return None;
    }
    let at = text.find([':', '='])?;
    let (key, value) = (text[..at].trim(), text[at + 1..].trim());
    let value = value.trim_end_matches([',', ';']).trim_matches(['"', '\'']);
    let key = key.trim_start_matches("- ").trim_matches(['"', '\'']);
    let fits = !key.is_empty() && !key.contains(char::is_whitespace) && !value.is_empty();
    fits.then(|| (indent, Setting { key: key.to_owned(), value: value.to_owned() }))
}

/// Whether a line of a file is a comment in most languages.
pub(crate) fn is_comment(line: &str) -> bool {
    let line = line.trim_start();
    line.starts_with('#') || line.starts_with("//") || line.starts_with(';') || line.starts_with("--")
}

/// Puts settings in the place of `$(NAME)`, `${NAME}` and `$NAME`. What is not known stays.
pub(crate) fn expand(text: &str, known: &[Setting]) -> String {
    if !text.contains('$') {
        return text.to_owned();
    }
    let mut out = String::with_capacity(text.len());
    let mut rest = text;
    while let Some(at) = rest.find('$') {
        out.push_str(&rest[..at]);
        let after = &rest[at + 1..];
        let is_of_name = |c: char| c.is_ascii_alphanumeric() || c == '_';
        let (name, length) = match after.chars().next() {
            Some(open @ ('(' | '{')) => {
                let close = if open == '(' { ')' } else { '}' };
                match after.find(close) {
                    // `${NAME:-default}` has a default.
                    Some(end) => (after[1..end].split(':').next().unwrap_or_default(), end + 1),
                    None => ("", 0),
                }
            }
            _ => {
                let end = after.find(|c| !is_of_name(c)).unwrap_or(after.len());
                (&after[..end], end)
            }
        };
        match known.iter().rev().find(|s| s.key == name) {
            Some(setting) if !name.is_empty() => out.push_str(&setting.value),
            _ => out.push_str(&rest[at..at + 1 + length]),
        }
        rest = &after[length..];
    }
    out.push_str(rest);
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn no_text_is_too_odd() {
        for text in ["", "$", "$(", "${", "é$é", "${é}", ":", "=", "- :", "\u{0}=1"] {
            _ = expand(text, &[]);
            _ = line(text);
        }
    }

    #[test]
    fn hosts_and_ports_stand_side_by_side() {
        let settings = |text: &str| -> Vec<Setting> {
            let one = |pair: &str| {
                pair.split_once('=').map(|(k, v)| Setting { key: k.to_owned(), value: v.to_owned() })
            };
            text.split('|').filter_map(one).collect()
        };
        for (text, expected) in [
            ("DB_HOST=db|DB_PORT=5432", "db:5432"),
            ("PGHOST=db|PGPORT=5433", "db:5433"),
            ("dbHost=db|dbPort=5432", "db:5432"),
            ("cache.host=redis|cache.port=6379", "redis:6379"),
            ("REDIS_ADDR=redis|REDIS_TCP_PORT=6380", "redis:6380"),
            ("QUEUE_SERVICE_HOST=mq|QUEUE_SERVICE_PORT=5672", "mq:5672"),
            ("BACKEND_HOST=backend", "backend:-"),
            ("APP_NAME=backend", ""),
            ("SEEDS=a.b,c.d", "a.b:- c.d:-"),
            ("VERSION=1.2.3", ""),
            ("DB_HOST=db with words|DB_PORT=x", "db:- with:- words:-"),
        ] {
            let found = neighbours(&settings(text));
            let shown: Vec<String> = found
                .iter()
                .map(|(_, m)| format!("{}:{}", m.host, m.port.map_or("-".to_owned(), |p| p.to_string())))
                .collect();
            assert_eq!(shown.join(" "), expected, "{text}");
        }
    }

    #[test]
    fn settings_are_put_into_texts() {
        let known = [("H", "db"), ("P", "1")].map(|(k, v)| Setting { key: k.into(), value: v.into() });
        for (text, expected) in [
            ("http://$(H):$(P)", "http://db:1"),
            ("http://${H}:${P:-2}/$H", "http://db:1/db"),
            ("$(X) $X ${X} $", "$(X) $X ${X} $"),
            ("$$(H", "$$(H"),
        ] {
            assert_eq!(expand(text, &known), expected);
        }
    }
}
