//! A serde Deserializer over a tree, as strict about types as the API server and as lenient about null.
use serde::de::{
    DeserializeSeed, Deserializer, Error as _, IntoDeserializer, MapAccess, SeqAccess, Visitor,
    value::BorrowedStrDeserializer,
};

use super::{Session, Unknown, error::DecodeError};
use crate::tree::{NodeId, Resolved, Tree, View};

type Result<T> = std::result::Result<T, DecodeError>;

/// One node to decode.
#[derive(Clone, Copy)]
pub(super) struct De<'t> {
    tree: &'t Tree,
    session: &'t Session,
    id: NodeId,
}

impl<'t> De<'t> {
    pub(super) fn new(tree: &'t Tree, session: &'t Session, id: NodeId) -> Self {
        Self { tree, session, id }
    }

    fn here<T>(self, result: Result<T>) -> Result<T> {
        result.map_err(|error| error.at(self.id))
    }

    fn children(self, nodes: &'t [NodeId]) -> Children<'t> {
        Children { parent: self, nodes, known: &[] }
    }

    fn is_null(self) -> bool {
        self.tree.is_null(self.id)
    }

    fn note_unknown(self, known: &'static [&'static str]) {
        let View::Mapping(entries) = self.tree.view(self.id) else { return };
        for entry in entries.chunks_exact(2) {
            if self.tree.text(entry[0]).is_some_and(|key| !known.contains(&key)) {
                self.session.unknown.borrow_mut().push(Unknown { key: entry[0], known });
            }
        }
    }
}

/// In Go null leaves a value at its zero: `""`, `0`, `false`, an empty list, mapping or struct.
macro_rules! null_is {
    ($($method:ident => $visit:ident($zero:expr);)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
            if self.is_null() { self.here(visitor.$visit($zero)) } else { self.deserialize_any(visitor) }
        }
    )*};
}

impl<'de> Deserializer<'de> for De<'de> {
    type Error = DecodeError;

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.here(match self.tree.view(self.id) {
            View::Scalar(Resolved::Null) => visitor.visit_unit(),
            View::Scalar(Resolved::Bool(value)) => visitor.visit_bool(value),
            View::Scalar(Resolved::Int(value)) => visitor.visit_i64(value),
            View::Scalar(Resolved::Large(value)) => visitor.visit_u64(value),
            View::Scalar(Resolved::Float(value)) => visitor.visit_f64(value),
            View::Scalar(Resolved::Text(text)) => visitor.visit_borrowed_str(text),
            View::Sequence(items) => visitor.visit_seq(self.children(items)),
            View::Mapping(entries) => visitor.visit_map(self.children(entries)),
        })
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.is_null() { visitor.visit_none() } else { self.here(visitor.visit_some(self)) }
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        if self.session.ahead {
            self.note_unknown(fields);
        }
        match self.tree.view(self.id) {
            View::Scalar(Resolved::Null) => self.here(visitor.visit_map(self.children(&[]))),
            View::Mapping(nodes) => {
                self.here(visitor.visit_map(Children { parent: self, nodes, known: fields }))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(self, name: &'static str, visitor: V) -> Result<V::Value> {
        if name == "Quantity" && self.is_null() {
            return self.here(visitor.visit_newtype_struct(BorrowedStrDeserializer::new("0")));
        }
        self.here(visitor.visit_newtype_struct(self))
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        _: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value> {
        self.here(match self.tree.text(self.id) {
            Some(text) => visitor.visit_enum(text.into_deserializer()),
            None => Err(DecodeError::custom("expected text")),
        })
    }

    fn deserialize_ignored_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        self.session.ignored.set(true);
        visitor.visit_unit()
    }

    /// Only bytes, which Kubernetes writes as base64, are asked for in this way.
    fn deserialize_str<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        match self.tree.view(self.id) {
            View::Scalar(Resolved::Null) => self.here(visitor.visit_borrowed_str("")),
            // Go's decoder passes over line breaks.
            View::Scalar(Resolved::Text(text)) if text.contains(['\n', '\r']) => self
                .here(visitor.visit_string(text.replace(['\n', '\r'], "")).map_err(DecodeError::of_base64)),
            View::Scalar(Resolved::Text(text)) => {
                self.here(visitor.visit_borrowed_str(text).map_err(DecodeError::of_base64))
            }
            _ => self.deserialize_any(visitor),
        }
    }

    null_is! {
        deserialize_string => visit_borrowed_str("");
        deserialize_bool => visit_bool(false);
        deserialize_i8 => visit_i64(0);
        deserialize_i16 => visit_i64(0);
        deserialize_i32 => visit_i64(0);
        deserialize_i64 => visit_i64(0);
        deserialize_u8 => visit_u64(0);
        deserialize_u16 => visit_u64(0);
        deserialize_u32 => visit_u64(0);
        deserialize_u64 => visit_u64(0);
        deserialize_f32 => visit_f64(0.0);
        deserialize_f64 => visit_f64(0.0);
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.is_null() {
            return self.here(visitor.visit_map(self.children(&[])));
        }
        self.deserialize_any(visitor)
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value> {
        if self.is_null() {
            return self.here(visitor.visit_seq(self.children(&[])));
        }
        self.deserialize_any(visitor)
    }

    serde::forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

/// The items of a list or the entries of a mapping that are still to come.
struct Children<'t> {
    parent: De<'t>,
    nodes: &'t [NodeId],
    /// The fields of a struct.
    known: &'static [&'static str],
}

impl<'t> Children<'t> {
    /// Skips what was left out because it is faulty; `value` is the place of the value in a step.
    fn skip_masked(&mut self, step: usize, value: usize) {
        let masked = &self.parent.session.masked;
        if masked.is_empty() {
            return;
        }
        while self.nodes.get(value).is_some_and(|id| masked.binary_search(id).is_ok()) {
            self.nodes = self.nodes.get(step..).unwrap_or_default();
        }
    }

    fn decoder(&self, id: NodeId) -> De<'t> {
        De { id, ..self.parent }
    }
}

impl<'t> SeqAccess<'t> for Children<'t> {
    type Error = DecodeError;

    fn next_element_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<Option<T::Value>> {
        self.skip_masked(1, 0);
        let Some((&id, rest)) = self.nodes.split_first() else { return Ok(None) };
        self.nodes = rest;
        let decoder = self.decoder(id);
        decoder.here(seed.deserialize(decoder)).map(Some)
    }

    fn size_hint(&self) -> Option<usize> {
        Some(self.nodes.len())
    }
}

impl<'t> MapAccess<'t> for Children<'t> {
    type Error = DecodeError;

    fn next_key_seed<K: DeserializeSeed<'t>>(&mut self, seed: K) -> Result<Option<K::Value>> {
        self.skip_masked(2, 1);
        let Some(&key) = self.nodes.first() else { return Ok(None) };
        let text = self.parent.tree.text(key).unwrap_or_default();
        self.decoder(key).here(seed.deserialize(BorrowedStrDeserializer::new(text))).map(Some)
    }

    fn next_value_seed<T: DeserializeSeed<'t>>(&mut self, seed: T) -> Result<T::Value> {
        let Some((&[key, id], rest)) = self.nodes.split_first_chunk() else {
            return Err(DecodeError::custom("a value was asked for where there is none"));
        };
        self.nodes = rest;
        let decoder = self.decoder(id);
        if let Some((root, api_version)) = self.parent.session.read_as
            && self.parent.id == root
            && self.parent.tree.text(key) == Some("apiVersion")
        {
            return decoder.here(seed.deserialize(BorrowedStrDeserializer::new(api_version)));
        }
        let value = decoder.here(seed.deserialize(decoder))?;
        // A struct passes over what none of its fields takes, and the value of a field that it does not read.
        let passed_over = self.parent.session.ignored.take() && !self.known.is_empty();
        let is_unknown = || self.parent.tree.text(key).is_some_and(|key| !self.known.contains(&key));
        if passed_over && !self.parent.session.ahead && is_unknown() {
            self.parent.session.unknown.borrow_mut().push(Unknown { key, known: self.known });
        }
        Ok(value)
    }
}
