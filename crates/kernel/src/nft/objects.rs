//! Messages for tables, sets, chains, rules and elements (linux/netfilter/nf_tables.h).
use std::time::Duration;

use super::encode::{write_rule, write_verdict};
use super::interval::{Bound, bounds};
use super::key::key_len;
use super::{Chain, Data, DataKind, Element, Field, Key, Policy, Rule, Set};
use crate::nfnl::Writer;

/// `NFT_MSG_*`
pub(super) mod kind {
    pub const NEW_TABLE: u8 = 0;
    pub const DELETE_TABLE: u8 = 2;
    pub const NEW_CHAIN: u8 = 3;
    pub const DELETE_CHAIN: u8 = 5;
    pub const NEW_RULE: u8 = 6;
    pub const DELETE_RULE: u8 = 8;
    pub const NEW_SET: u8 = 9;
    pub const DELETE_SET: u8 = 11;
    pub const NEW_ELEMENTS: u8 = 12;
    pub const DELETE_ELEMENTS: u8 = 14;
}

/// Element lists are split where they come near the 64 KB that an attribute can hold.
const ELEMENTS_FULL: usize = 60_000;
/// `NFTA_SET_ELEM_LIST_ELEMENTS`
pub(super) const ELEMENT_LIST: u16 = 3;

const SET_CONSTANT: u32 = 0x2;
const SET_INTERVAL: u32 = 0x4;
const SET_MAP: u32 = 0x8;
const SET_TIMEOUT: u32 = 0x10;
const SET_EVAL: u32 = 0x20;
const SET_CONCAT: u32 = 0x80;

const DATA_VERDICT: u32 = 0xffff_ff00;
const ELEMENT_INTERVAL_END: u32 = 1;

/// A duration as the kernel wants it.
pub(super) fn milliseconds(duration: Duration) -> u64 {
    u64::try_from(duration.as_millis()).unwrap_or(u64::MAX)
}

/// nft's number of a concatenation: six bits a field.
fn type_id(fields: &[Field]) -> u32 {
    fields.iter().fold(0, |id, field| id << 6 | field.type_id())
}

/// nft's byte order of a lone field (`BYTEORDER_*`, nftables include/datatype.h); none for concatenations.
fn byte_order(fields: &[Field]) -> u32 {
    match fields {
        [field] if field.is_host_order() => 1,
        [_] => 2,
        _ => 0,
    }
}

/// The attributes of a new set behind its table's name.
pub(super) fn write_set(set: &Set, id: u32, w: &mut Writer) {
    w.string(2, &set.name);
    w.be32(3, set_flags(set));
    w.be32(4, type_id(&set.key));
    w.be32(5, key_len(&set.key) as u32);
    match &set.data {
        None => {}
        Some(DataKind::Fields(fields)) => {
            w.be32(6, type_id(fields));
            w.be32(7, key_len(fields) as u32);
        }
        Some(DataKind::Verdict) => {
            w.be32(6, DATA_VERDICT);
            w.be32(7, 0);
        }
    }
    w.be32(10, id);
    if set.size.is_some() || set.is_concatenated_interval() {
        w.nest(9, |w| write_description(set, w));
    }
    if let Some(timeout) = set.timeout {
        w.be64(11, milliseconds(timeout));
    }
    w.attr(13, &set_userdata(set));
}

fn set_flags(set: &Set) -> u32 {
    [
        (set.constant, SET_CONSTANT),
        (set.interval, SET_INTERVAL),
        (set.data.is_some(), SET_MAP),
        (set.timeout.is_some(), SET_TIMEOUT),
        (set.dynamic, SET_EVAL),
        (set.is_concatenated_interval(), SET_CONCAT),
    ]
    .iter()
    .filter(|(on, _)| *on)
    .fold(0, |flags, (_, flag)| flags | flag)
}

fn write_description(set: &Set, w: &mut Writer) {
    if let Some(size) = set.size {
        w.be32(1, size);
    }
    if set.is_concatenated_interval() {
        w.nest(2, |w| {
            for field in &set.key {
                w.nest(1, |w| w.be32(1, field.size() as u32));
            }
        });
    }
}

/// Type, length and value of nft's own notes: the byte order of key and data, which it needs to print them.
fn set_userdata(set: &Set) -> Vec<u8> {
    let mut notes = vec![0, 4];
    notes.extend(byte_order(&set.key).to_ne_bytes());
    if let Some(data) = &set.data {
        let order = match data {
            DataKind::Fields(fields) => byte_order(fields),
            DataKind::Verdict => 0,
        };
        notes.extend([1, 4]);
        notes.extend(order.to_ne_bytes());
    }
    notes
}

/// The attributes of a new chain behind its table's name.
pub(super) fn write_chain(chain: &Chain, w: &mut Writer) {
    w.string(3, &chain.name);
    if let Some(hook) = chain.hook {
        w.string(7, hook.kind.keyword());
        w.be32(5, u32::from(hook.policy == Policy::Accept));
        w.nest(4, |w| {
            w.be32(1, hook.point.number());
            w.be32(2, hook.priority.cast_unsigned());
        });
    }
}

/// The attributes of a new rule behind its table's name.
pub(super) fn write_rule_in(chain: &str, rule: &Rule, w: &mut Writer) {
    w.string(2, chain);
    w.nest(4, |w| write_rule(rule, w));
    if let Some(comment) = &rule.comment {
        let mut note = vec![0, u8::try_from(comment.len() + 1).unwrap_or(u8::MAX)];
        note.extend(comment.bytes());
        note.push(0);
        w.attr(7, &note);
    }
}

/// Writes elements until one message is full; returns whether any are left.
pub(super) fn write_elements(
    set: &Set,
    delete: bool,
    elements: &mut std::iter::Peekable<impl Iterator<Item = Element>>,
    w: &mut Writer,
) {
    w.string(2, &set.name);
    let start = w.len();
    w.nest(ELEMENT_LIST, |w| {
        while w.len() - start < ELEMENTS_FULL {
            let Some(element) = elements.next() else { break };
            write_element(set, delete, &element, w);
        }
    });
}

fn write_element(set: &Set, delete: bool, element: &Element, w: &mut Writer) {
    let data = element.data.as_ref().filter(|_| !delete);
    if !set.interval {
        return write_one(set, &element.key, data, w, |_| {});
    }
    if set.is_concatenated_interval() {
        let end = element.key_end.as_ref().unwrap_or(&element.key);
        return write_one(set, &element.key, data, w, |w| w.nest(10, |w| w.attr(1, end.as_bytes())));
    }
    let (start, end) = bounds(element, key_len(&set.key));
    match start {
        Bound::StartOpen(key) => {
            // nft's note that no end belongs to this element (NFTNL_UDATA_SET_ELEM_FLAGS, SET_ELEM_F_INTERVAL_OPEN).
            let note = [[1, 4].as_slice(), &1u32.to_ne_bytes()].concat();
            write_one(set, &key, data, w, |w| w.attr(6, &note));
        }
        Bound::Start(key) | Bound::End(key) => write_one(set, &key, data, w, |_| {}),
    }
    if let Some(Bound::Start(key) | Bound::StartOpen(key) | Bound::End(key)) = end {
        write_one(set, &key, None, w, |w| w.be32(3, ELEMENT_INTERVAL_END));
    }
}

fn write_one(set: &Set, key: &Key, data: Option<&Data>, w: &mut Writer, more: impl FnOnce(&mut Writer)) {
    w.nest(1, |w| {
        w.nest(1, |w| w.attr(1, cut(key, &set.key)));
        match (data, &set.data) {
            (Some(Data::Value(value)), Some(DataKind::Fields(fields))) => {
                w.nest(2, |w| w.attr(1, cut(value, fields)));
            }
            (Some(Data::Verdict(verdict)), _) => w.nest(2, |w| write_verdict(verdict, w)),
            _ => {}
        }
        more(w);
    });
}

/// The bytes of a key without the padding that a lone field does not have.
fn cut<'k>(key: &'k Key, fields: &[Field]) -> &'k [u8] {
    let bytes = key.as_bytes();
    &bytes[..key_len(fields).min(bytes.len())]
}
