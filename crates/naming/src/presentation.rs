//! Records as people write them (RFC 1035, 5): single ones in templates, and zone files.
use std::{
    net::{Ipv4Addr, Ipv6Addr},
    sync::Arc,
};

use crate::{
    names::normal,
    record::{Record, RecordData},
    types,
};

/// One word of a zone file.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Token {
    text: String,
    quoted: bool,
    /// The line it is on, from 0.
    line: usize,
    /// Whether white space stands before it at the begin of its line.
    indented: bool,
    /// Whether it is the first of an entry.
    first: bool,
}

/// A zone file's records, and what in it is no record with its line.
#[derive(Debug, Default)]
pub(crate) struct ZoneFile {
    pub records: Vec<Record>,
    pub faults: Vec<(usize, String)>,
}

/// What stands for what an entry leaves out.
struct Defaults {
    origin: String,
    ttl: Option<u32>,
    owner: Option<Arc<str>>,
}

/// What CoreDNS gives a record that has no TTL.
const DEFAULT_TTL: u32 = 3600;

impl ZoneFile {
    /// Reads a zone file; names without a final dot are below `origin`.
    pub fn read<'t>(lines: impl Iterator<Item = &'t str>, origin: &str) -> Self {
        let tokens = tokens(lines);
        let mut file = Self::default();
        let mut defaults = Defaults { origin: origin.to_owned(), ttl: None, owner: None };
        for entry in tokens.chunk_by(|_, next| !next.first) {
            let line = entry[0].line;
            let words: Vec<&str> = entry.iter().map(|t| t.text.as_str()).collect();
            match (words[0], words.get(1)) {
                ("$ORIGIN", Some(name)) => defaults.origin = absolute(name, &defaults.origin),
                ("$TTL", Some(ttl)) => match seconds(ttl) {
                    Some(ttl) => defaults.ttl = Some(ttl),
                    None => file.faults.push((line, format!("`{ttl}` is not a time"))),
                },
                (directive, _) if directive.starts_with('$') => {
                    file.faults.push((line, format!("`{directive}` is not read")));
                }
                _ => match entry_record(entry, &mut defaults) {
                    Ok(record) => file.records.push(record),
                    Err(why) => file.faults.push((line, why)),
                },
            }
        }
        file
    }
}

/// One record, as a template makes it.
pub(crate) fn record(text: &str) -> Result<Record, String> {
    let tokens = tokens(text.lines());
    let mut defaults = Defaults { origin: String::new(), ttl: None, owner: None };
    if tokens.is_empty() {
        return Err("it is empty".to_owned());
    }
    entry_record(&tokens, &mut defaults)
}

fn tokens<'t>(lines: impl Iterator<Item = &'t str>) -> Vec<Token> {
    let mut tokens = Vec::new();
    let mut depth = 0usize;
    for (number, line) in lines.enumerate() {
        let indented = line.starts_with([' ', '\t']);
        let mut first = depth == 0;
        let mut chars = line.chars().peekable();
        while let Some(c) = chars.next() {
            match c {
                ';' => break,
                '(' => depth += 1,
                ')' => depth = depth.saturating_sub(1),
                c if c.is_whitespace() => {}
                c => {
                    let quoted = c == '"';
                    let mut text = if quoted { String::new() } else { c.to_string() };
                    let ends =
                        |c: char| if quoted { c == '"' } else { c.is_whitespace() || "();".contains(c) };
                    while let Some(c) = chars.next_if(|c| !ends(*c)) {
                        text.push(c);
                        if c == '\\'
                            && let Some(escaped) = chars.next()
                        {
                            text.push(escaped);
                        }
                    }
                    if quoted {
                        chars.next();
                    }
                    tokens.push(Token { text, quoted, line: number, indented, first });
                    first = false;
                }
            }
        }
    }
    tokens
}

fn entry_record(entry: &[Token], defaults: &mut Defaults) -> Result<Record, String> {
    let mut words = entry.iter().peekable();
    let owner: Arc<str> = match words.next_if(|word| !word.indented) {
        Some(name) => absolute(&name.text, &defaults.origin).into(),
        None => defaults.owner.clone().ok_or("its first record has no name")?,
    };
    defaults.owner = Some(owner.clone());
    let mut ttl = defaults.ttl.unwrap_or(DEFAULT_TTL);
    // TTL and class stand in any order.
    while let Some(word) = words.next_if(|w| seconds(&w.text).is_some() || is_class(&w.text)) {
        ttl = seconds(&word.text).unwrap_or(ttl);
    }
    let name = words.next().ok_or("it has no type")?;
    let number =
        types::number_of(&name.text).ok_or_else(|| format!("`{}` is not a record type", name.text))?;
    let rest: Vec<&Token> = words.collect();
    Ok(Record { name: owner, ttl, data: data(number, &name.text, &rest, &defaults.origin)? })
}

fn is_class(word: &str) -> bool {
    ["IN", "CH", "HS", "ANY"].iter().any(|class| class.eq_ignore_ascii_case(word))
}

fn data(number: u16, rtype: &str, words: &[&Token], origin: &str) -> Result<RecordData, String> {
    let lacks = || format!("its {rtype} data is not complete");
    let word = |i: usize| words.get(i).map(|t| t.text.as_str()).ok_or_else(lacks);
    let name = |i: usize| word(i).map(|text| Arc::<str>::from(absolute(text, origin)));
    let number_at = |i: usize| word(i)?.parse::<u16>().map_err(|_| lacks());
    let time = |i: usize| seconds(word(i)?).ok_or_else(lacks);
    if word(0) == Ok("\\#") {
        let hex: String = words.iter().skip(2).map(|t| t.text.as_str()).collect();
        return Ok(RecordData::Other { rtype: number, data: unhex(&hex).ok_or_else(lacks)?.into() });
    }
    Ok(match number {
        1 => RecordData::A(word(0)?.parse::<Ipv4Addr>().map_err(|_| lacks())?),
        28 => RecordData::Aaaa(word(0)?.parse::<Ipv6Addr>().map_err(|_| lacks())?),
        2 => RecordData::Ns(name(0)?),
        5 => RecordData::Cname(name(0)?),
        12 => RecordData::Ptr(name(0)?),
        15 => RecordData::Mx { preference: number_at(0)?, exchange: name(1)? },
        33 => RecordData::Srv {
            priority: number_at(0)?,
            weight: number_at(1)?,
            port: number_at(2)?,
            target: name(3)?,
        },
        6 => RecordData::Soa {
            mname: name(0)?,
            rname: name(1)?,
            serial: word(2)?.parse().map_err(|_| lacks())?,
            timers: [time(3)?, time(4)?, time(5)?],
            minimum: time(6)?,
        },
        16 | 99 => texts(number, words).ok_or_else(lacks)?,
        13 => texts(number, words).ok_or_else(lacks)?,
        39 => RecordData::Other { rtype: number, data: wire_name(&name(0)?).into() },
        257 => caa(words).ok_or_else(lacks)?,
        _ => return Err(format!("records of type {rtype} are written here as `\\# LENGTH HEX` only")),
    })
}

/// One short text is kept as text; several, or long ones, as they are on the wire.
fn texts(rtype: u16, words: &[&Token]) -> Option<RecordData> {
    let texts: Vec<String> = words.iter().map(|t| unescaped(&t.text)).collect();
    match texts.as_slice() {
        [] => None,
        [one] if one.len() < 256 && rtype == 16 => Some(RecordData::Txt(one.as_str().into())),
        many => {
            let mut data = Vec::new();
            for chunk in many.iter().flat_map(|text| text.as_bytes().chunks(255)) {
                data.push(chunk.len() as u8);
                data.extend_from_slice(chunk);
            }
            Some(RecordData::Other { rtype, data: data.into() })
        }
    }
}

fn caa(words: &[&Token]) -> Option<RecordData> {
    let [flags, tag, value] = words else { return None };
    let mut data = vec![flags.text.parse().ok()?, u8::try_from(tag.text.len()).ok()?];
    data.extend_from_slice(tag.text.as_bytes());
    data.extend_from_slice(value.text.as_bytes());
    Some(RecordData::Other { rtype: 257, data: data.into() })
}

fn unescaped(text: &str) -> String {
    let mut out = String::with_capacity(text.len());
    let mut chars = text.chars();
    while let Some(c) = chars.next() {
        out.push(if c == '\\' { chars.next().unwrap_or(c) } else { c });
    }
    out
}

/// A name as it is on the wire, uncompressed.
fn wire_name(name: &str) -> Vec<u8> {
    let mut wire = Vec::with_capacity(name.len() + 2);
    for label in name.split('.').filter(|label| !label.is_empty()) {
        wire.push(label.len().min(63) as u8);
        wire.extend_from_slice(&label.as_bytes()[..label.len().min(63)]);
    }
    wire.push(0);
    wire
}

fn unhex(text: &str) -> Option<Vec<u8>> {
    let digits: Option<Vec<u8>> = text.chars().map(|c| c.to_digit(16).map(|d| d as u8)).collect();
    digits
        .filter(|d| d.len().is_multiple_of(2))
        .map(|d| d.chunks(2).map(|pair| pair[0] << 4 | pair[1]).collect())
}

fn absolute(name: &str, origin: &str) -> String {
    match name {
        "@" => origin.to_owned(),
        name if name.ends_with('.') || origin.is_empty() => normal(name),
        name => format!("{}.{origin}", normal(name)),
    }
}

/// `3600`, or `1h30m` as BIND writes it.
fn seconds(text: &str) -> Option<u32> {
    if !text.starts_with(|c: char| c.is_ascii_digit()) {
        return None;
    }
    let mut total = 0u32;
    let mut number = 0u32;
    let mut open = false;
    for c in text.chars() {
        if let Some(digit) = c.to_digit(10) {
            number = number.checked_mul(10)?.checked_add(digit)?;
            open = true;
            continue;
        }
        let unit = match c.to_ascii_lowercase() {
            's' => 1,
            'm' => 60,
            'h' => 3600,
            'd' => 86_400,
            'w' => 604_800,
            _ => return None,
        };
        total = total.checked_add(number.checked_mul(unit)?)?;
        (number, open) = (0, false);
    }
    if open { total.checked_add(number) } else { Some(total) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn zone_files_are_read() {
        let text = "$TTL 1h\n$ORIGIN example.org.\n@ IN SOA ns hostmaster (\n   2024 ; serial\n   2h 30m 2w 60 )\n  NS ns\nns A 10.0.0.1\nwww 60 IN CNAME ns.example.org.\n@ MX 10 mail\n* IN TXT \"any; thing\" two\nsrv SRV 0 5 80 www\n";
        let file = ZoneFile::read(text.lines(), "other.example");
        assert!(file.faults.is_empty(), "{:?}", file.faults);
        let shown: Vec<String> = file.records.iter().map(ToString::to_string).collect();
        assert_eq!(
            shown,
            [
                "example.org. 3600 IN SOA ns.example.org. hostmaster.example.org. 2024 7200 1800 1209600 60",
                "example.org. 3600 IN NS ns.example.org.",
                "ns.example.org. 3600 IN A 10.0.0.1",
                "www.example.org. 60 IN CNAME ns.example.org.",
                "example.org. 3600 IN MX 10 mail.example.org.",
                "*.example.org. 3600 IN TXT \\# 15 0a616e793b207468696e670374776f",
                "srv.example.org. 3600 IN SRV 0 5 80 www.example.org.",
            ]
        );
    }

    #[test]
    fn what_is_no_record_is_said_with_its_line() {
        let file = ZoneFile::read("a A 10.0.0.1\nb A nonsense\nc WHAT x\n$INCLUDE y\nd\n".lines(), "x");
        assert_eq!(file.records.len(), 1);
        assert_eq!(file.faults.iter().map(|(line, _)| *line).collect::<Vec<_>>(), [1, 2, 3, 4]);
    }

    #[test]
    fn single_records() {
        for (text, expected) in [
            ("web.example. 60 IN A 10.0.0.1", Ok("web.example. 60 IN A 10.0.0.1")),
            ("web.example. IN AAAA ::1", Ok("web.example. 3600 IN AAAA ::1")),
            ("Web.Example 5 CNAME x.", Ok("web.example. 5 IN CNAME x.")),
            ("web.example. TXT \"say \\\"yes\\\"\"", Ok("web.example. 3600 IN TXT \"say \\\"yes\\\"\"")),
            ("", Err(())),
            ("web.example. 60 IN", Err(())),
            ("web.example. 60 IN A 10.0.0", Err(())),
        ] {
            let got = record(text).map(|r| r.to_string()).map_err(|_| ());
            assert_eq!(got, expected.map(str::to_owned), "{text}");
        }
    }
}
