//! What is open at a line of a document: structs, maps, lists and blocks of text, one inside of the other.
use std::collections::BTreeSet;

use super::{
    line::Value,
    schema::{Schema, Shape},
};
use crate::tree::Resolved;

/// Something open, with the column at which its lines stand.
#[derive(Clone, Debug, PartialEq, Eq, Hash)]
pub(super) enum Frame<'a> {
    Struct {
        of: usize,
        /// A bit for each field that is there.
        seen: u128,
        column: usize,
    },
    Map {
        value: Shape,
        keys: BTreeSet<&'a str>,
        column: usize,
    },
    List {
        item: Shape,
        filled: bool,
        column: usize,
    },
    /// A block of text.
    Text {
        column: usize,
        /// How many braces are open in it.
        braces: usize,
        filled: bool,
        /// Whether its last line may as well be a comment of the document.
        doubtful: bool,
    },
}

impl Frame<'_> {
    /// What a key or a dash opens that has nothing behind it; `None` where a value must stand there.
    pub(super) fn open(schema: &Schema, shape: Shape, column: usize) -> Option<Self> {
        Some(match shape {
            Shape::Struct(of) => Self::Struct { of, seen: 0, column },
            Shape::Map(inner) => Self::Map { value: schema.inner(inner), keys: BTreeSet::new(), column },
            Shape::List(inner) => Self::List { item: schema.inner(inner), filled: false, column },
            _ => return None,
        })
    }

    pub(super) fn text(column: usize) -> Self {
        Self::Text { column, braces: 0, filled: false, doubtful: false }
    }

    /// Whether it may be closed: what was opened has something in it.
    pub(super) fn may_close(&self) -> bool {
        match self {
            Self::Struct { seen, .. } => *seen != 0,
            Self::Map { keys, .. } => !keys.is_empty(),
            Self::List { filled, .. } => *filled,
            Self::Text { braces, filled, doubtful, .. } => *filled && *braces == 0 && !doubtful,
        }
    }

    /// Whether it is a text that ends with a line that may be a comment of the document.
    pub(super) fn is_doubtful(&self) -> bool {
        matches!(self, Self::Text { braces: 0, doubtful: true, .. })
    }

    /// Whether a struct has a field that is there already.
    pub(super) fn has(&self, schema: &Schema, field: &str) -> bool {
        match self {
            Self::Struct { of, seen, .. } => {
                schema.structs[*of].field(field).is_some_and(|(at, _)| at < 128 && seen & (1 << at) != 0)
            }
            _ => false,
        }
    }

    /// The shape of a struct's field that is not there yet, with its bit.
    pub(super) fn free_field(&self, schema: &Schema, field: &str) -> Option<(u128, Shape)> {
        let Self::Struct { of, seen, .. } = self else { return None };
        let (at, shape) = schema.structs[*of].field(field)?;
        let bit = 1_u128.checked_shl(u32::try_from(at).ok()?)?;
        (seen & bit == 0).then_some((bit, shape))
    }
}

/// Whether a value that is written on its key's line can be of a shape.
pub(super) fn fits(shape: Shape, value: Value<'_>) -> bool {
    match (shape, value) {
        (Shape::Any, value) => value != Value::Nothing,
        (Shape::Struct(_) | Shape::Map(_), Value::FlowMap)
        | (Shape::List(_), Value::FlowList)
        | (Shape::Text | Shape::TextOrNumber, Value::Quoted | Value::Plain(Resolved::Text(_)))
        | (Shape::Text, Value::Block)
        | (
            Shape::Number | Shape::TextOrNumber,
            Value::Plain(Resolved::Int(_) | Resolved::Large(_) | Resolved::Float(_)),
        )
        | (Shape::Bool, Value::Plain(Resolved::Bool(_)))
        | (Shape::Quantity, Value::Quoted | Value::Plain(Resolved::Int(_) | Resolved::Float(_))) => true,
        (Shape::Quantity, Value::Plain(Resolved::Text(text))) => {
            text.starts_with(|c: char| c.is_ascii_digit() || matches!(c, '.' | '-' | '+'))
        }
        _ => false,
    }
}

/// Whether a line's value can be of a shape, on its line or below it.
pub(super) fn takes(shape: Shape, value: Value<'_>) -> bool {
    match value {
        Value::Nothing => matches!(shape, Shape::Struct(_) | Shape::Map(_) | Shape::List(_)),
        value => fits(shape, value),
    }
}
