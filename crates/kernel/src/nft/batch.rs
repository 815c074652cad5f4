//! Changes to one table, collected for one transaction.
use std::fmt;
use std::sync::Arc;

use super::error::NftError;
use super::key::write_key;
use super::objects::{self, ELEMENT_LIST, kind};
use super::{Chain, Element, Field, Key, Rule, Set, Table, references, validate};
use crate::nfnl::{Attrs, HEADER, NFGEN, Writer, family, flag, subsystem};

/// Changes to one table, in the order in which they are asked for.
///
/// Nothing is sent before [`Netfilter::commit`](super::Netfilter::commit). What cannot be expressed is remembered
/// and returned there.
#[derive(Debug)]
pub struct Batch {
    table: Arc<str>,
    pub(super) writer: Writer,
    pub(super) records: Vec<Record>,
    pub(super) invalid: Option<NftError>,
    sets: u32,
}

/// One message of a batch.
#[derive(Debug)]
pub(super) struct Record {
    start: usize,
    label: Label,
}

/// What a message is about, for errors.
#[derive(Debug)]
enum Label {
    Table(&'static str),
    Set(&'static str, Arc<str>),
    Chain(&'static str, Arc<str>),
    Rule(Arc<str>, String),
    Elements(&'static str, Arc<str>, Vec<Field>),
}

impl fmt::Display for Label {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Table(verb) => write!(f, "{verb} the table"),
            Self::Set(verb, name) => write!(f, "{verb} set {name}"),
            Self::Chain(verb, name) => write!(f, "{verb} chain {name}"),
            Self::Rule(chain, rule) => write!(f, "add rule to chain {chain}: {rule}"),
            Self::Elements(verb, set, _) => write!(f, "{verb} elements of set {set}"),
        }
    }
}

impl Batch {
    /// An empty batch for the table of that name.
    #[must_use]
    pub fn new(table: impl Into<Arc<str>>) -> Self {
        let table = table.into();
        let invalid = validate::name(&table)
            .err()
            .map(|why| NftError::Invalid { object: format!("table {table}"), why });
        Self { table, writer: Writer::new(), records: Vec::new(), invalid, sets: 0 }
    }

    /// Whether it changes nothing.
    #[must_use]
    pub fn is_empty(&self) -> bool {
        self.records.is_empty()
    }

    /// How many bytes it takes on the way to the kernel.
    #[must_use]
    pub fn len(&self) -> usize {
        self.writer.len()
    }

    /// Makes the table, unless it exists.
    pub fn add_table(&mut self) -> &mut Self {
        self.table_message(Label::Table("add"), kind::NEW_TABLE, flag::CREATE)
    }

    /// Deletes the table and all that is in it; an error if there is none.
    pub fn delete_table(&mut self) -> &mut Self {
        self.table_message(Label::Table("delete"), kind::DELETE_TABLE, 0)
    }

    /// Deletes the table, if there is one.
    pub fn delete_table_if_exists(&mut self) -> &mut Self {
        self.add_table().delete_table()
    }

    fn table_message(&mut self, label: Label, kind: u8, flags: u16) -> &mut Self {
        self.message(label, kind, flags, Ok(()), |_| {})
    }

    /// Adds the table and everything in it: sets, chains, elements, rules.
    pub fn add_all(&mut self, table: &Table) -> &mut Self {
        if let Err(error) = references::check(table) {
            self.invalid.get_or_insert(error);
        }
        self.add_table();
        for set in &table.sets {
            self.add_set(set);
        }
        for chain in &table.chains {
            self.add_chain(chain);
        }
        for set in &table.sets {
            self.add_elements(set, set.elements.iter().cloned());
        }
        for chain in &table.chains {
            self.add_rules(&chain.name, &chain.rules);
        }
        self
    }

    /// Makes a set or a map, without its elements.
    pub fn add_set(&mut self, set: &Set) -> &mut Self {
        self.sets += 1;
        let id = self.sets;
        let label = Label::Set("add", set.name.clone());
        self.message(label, kind::NEW_SET, flag::CREATE, validate::set(set), |w| {
            objects::write_set(set, id, w)
        })
    }

    /// Deletes a set or a map that no rule refers to any more.
    pub fn delete_set(&mut self, name: &str) -> &mut Self {
        self.message(Label::Set("delete", name.into()), kind::DELETE_SET, 0, Ok(()), |w| w.string(2, name))
    }

    /// Removes all elements of a set or a map.
    pub fn flush_set(&mut self, name: &str) -> &mut Self {
        self.message(Label::Set("flush", name.into()), kind::DELETE_ELEMENTS, 0, Ok(()), |w| {
            w.string(2, name)
        })
    }

    /// Makes a chain, without its rules.
    pub fn add_chain(&mut self, chain: &Chain) -> &mut Self {
        let label = Label::Chain("add", chain.name.clone());
        let valid = validate::name(&chain.name);
        self.message(label, kind::NEW_CHAIN, flag::CREATE, valid, |w| objects::write_chain(chain, w))
    }

    /// Deletes a chain that nothing leads to any more.
    pub fn delete_chain(&mut self, name: &str) -> &mut Self {
        self.message(Label::Chain("delete", name.into()), kind::DELETE_CHAIN, 0, Ok(()), |w| {
            w.string(3, name)
        })
    }

    /// Removes all rules of a chain.
    pub fn flush_chain(&mut self, name: &str) -> &mut Self {
        self.message(Label::Chain("flush", name.into()), kind::DELETE_RULE, 0, Ok(()), |w| w.string(2, name))
    }

    /// Appends a rule to a chain.
    pub fn add_rule(&mut self, chain: &str, rule: &Rule) -> &mut Self {
        let label = Label::Rule(chain.into(), rule.to_string());
        let flags = flag::CREATE | flag::APPEND;
        let write = |w: &mut Writer| objects::write_rule_in(chain, rule, w);
        self.message(label, kind::NEW_RULE, flags, validate::rule(rule), write)
    }

    /// Appends rules to a chain.
    pub fn add_rules<'r>(&mut self, chain: &str, rules: impl IntoIterator<Item = &'r Rule>) -> &mut Self {
        for rule in rules {
            self.add_rule(chain, rule);
        }
        self
    }

    /// Replaces the rules of a chain.
    pub fn replace_rules<'r>(&mut self, chain: &str, rules: impl IntoIterator<Item = &'r Rule>) -> &mut Self {
        self.flush_chain(chain).add_rules(chain, rules)
    }

    /// Adds elements to a set or a map. One that is there already with the same data is no error.
    pub fn add_elements(&mut self, set: &Set, elements: impl IntoIterator<Item = Element>) -> &mut Self {
        self.elements(set, "add", kind::NEW_ELEMENTS, flag::CREATE, elements)
    }

    /// Removes elements from a set or a map; only their keys count. One that is not there is an error.
    pub fn delete_elements(&mut self, set: &Set, elements: impl IntoIterator<Item = Element>) -> &mut Self {
        self.elements(set, "delete", kind::DELETE_ELEMENTS, 0, elements)
    }

    fn elements(
        &mut self,
        set: &Set,
        verb: &'static str,
        kind: u8,
        flags: u16,
        elements: impl IntoIterator<Item = Element>,
    ) -> &mut Self {
        let delete = kind == kind::DELETE_ELEMENTS;
        let mut wrong = None;
        let mut elements = elements
            .into_iter()
            .map_while(|element| match validate::element(set, &element, delete) {
                Ok(()) => Some(element),
                Err(why) => {
                    wrong = Some(why);
                    None
                }
            })
            .peekable();
        while elements.peek().is_some() {
            let label = Label::Elements(verb, set.name.clone(), set.key.clone());
            self.message(label, kind, flags, Ok(()), |w| {
                objects::write_elements(set, delete, &mut elements, w)
            });
        }
        drop(elements);
        if let Some(why) = wrong {
            self.refuse(format!("an element of set {}", set.name), why);
        }
        self
    }

    fn message(
        &mut self,
        label: Label,
        kind: u8,
        flags: u16,
        valid: Result<(), String>,
        body: impl FnOnce(&mut Writer),
    ) -> &mut Self {
        if let Err(why) = valid {
            self.refuse(label.to_string(), why);
            return self;
        }
        let start = self.writer.len();
        let seq = u32::try_from(self.records.len() + 1).unwrap_or(u32::MAX);
        let table = Arc::clone(&self.table);
        self.writer.message((subsystem::NFTABLES, kind), flags, seq, (family::INET, 0), |w| {
            w.string(1, &table);
            body(w);
        });
        if self.writer.take_too_long() {
            self.writer.truncate(start);
            self.refuse(label.to_string(), "it is longer than a netlink attribute can be (64 KB)".to_owned());
        } else {
            self.records.push(Record { start, label });
        }
        self
    }

    /// Where the message of that index begins; behind the last one, where they end.
    pub(super) fn start(&self, index: usize) -> usize {
        self.records.get(index).map_or(self.writer.len(), |record| record.start)
    }

    fn refuse(&mut self, object: String, why: String) {
        self.invalid.get_or_insert(NftError::Invalid { object, why });
    }

    /// What the message with this sequence number is about; `offset` is the kernel's pointer to the culprit in it.
    pub(super) fn describe(&self, seq: u32, offset: Option<u32>) -> String {
        let Some(index) = (seq as usize).checked_sub(1).filter(|index| *index < self.records.len()) else {
            return format!("the transaction on table {}", self.table);
        };
        let record = &self.records[index];
        let message = &self.writer.bytes()[record.start..self.start(index + 1)];
        let element = match &record.label {
            Label::Elements(_, _, fields) => {
                offset.and_then(|offset| element_at(message, offset as usize, fields))
            }
            _ => None,
        };
        let element = element.map(|key| format!(", at {key}")).unwrap_or_default();
        format!("{} in table {}{element}", record.label, self.table)
    }
}

/// The key of the element that `offset` points into.
fn element_at(message: &[u8], offset: usize, fields: &[Field]) -> Option<String> {
    let base = message.as_ptr() as usize;
    let list = Attrs(message.get(HEADER + NFGEN..)?).find(|attr| attr.kind == ELEMENT_LIST)?;
    let element = list.nested().find(|element| {
        let start = element.value.as_ptr() as usize - base - 4;
        (start..start + 4 + element.value.len()).contains(&offset)
    })?;
    let key = element.nested().find(|attr| attr.kind == 1)?.nested().next()?;
    let mut padded = key.value.to_vec();
    padded.resize(padded.len().next_multiple_of(4), 0);
    let mut text = String::new();
    write_key(fields, &Key::from_bytes(&padded), None, &mut text).ok()?;
    Some(text)
}
