//! What stands under each field of a kind: read off the deserializers of the kinds, so that no schema is written twice.
use std::{
    any::type_name,
    cell::{Cell, RefCell},
    collections::HashMap,
};

use serde::{
    de::{
        DeserializeOwned, DeserializeSeed, Deserializer, IntoDeserializer as _, MapAccess, SeqAccess,
        Visitor, value::Error,
    },
    forward_to_deserialize_any,
};

use crate::{Typed, kinds::KindReader};

/// What kind of value stands somewhere.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub(super) enum Shape {
    /// A struct, by its index in the schema.
    Struct(usize),
    /// A mapping with free keys, by the index of its values' shape.
    Map(usize),
    /// A list, by the index of its items' shape.
    List(usize),
    Text,
    Number,
    Bool,
    /// A port by number or name.
    TextOrNumber,
    /// `100m`, `1Gi`.
    Quantity,
    /// Anything.
    Any,
}

/// A struct of the schema.
#[derive(Clone, Debug)]
pub(super) struct Struct {
    /// The type's name, without its path.
    pub(super) name: &'static str,
    pub(super) fields: Vec<(&'static str, Shape)>,
}

impl Struct {
    /// The number and the shape of a field.
    pub(super) fn field(&self, name: &str) -> Option<(usize, Shape)> {
        let at = self.fields.iter().position(|(field, _)| *field == name)?;
        Some((at, self.fields[at].1))
    }
}

/// The schema of a kind.
#[derive(Clone, Debug)]
pub(super) struct Schema {
    pub(super) root: Shape,
    pub(super) structs: Vec<Struct>,
    inner: Vec<Shape>,
}

impl Schema {
    /// The shape of a map's values or a list's items.
    pub(super) fn inner(&self, index: usize) -> Shape {
        self.inner.get(index).copied().unwrap_or(Shape::Any)
    }
}

/// Traces the schema of the kind that is asked for.
pub(super) struct Tracing;

impl KindReader for Tracing {
    type Out = Schema;

    fn read<T: DeserializeOwned>(self, _: fn(Box<T>) -> Typed) -> Schema {
        let session = Session::default();
        let root = Cell::new(Shape::Any);
        // Each time round, one more field is known whose type refuses the value that it was offered.
        for _ in 0..REFUSALS {
            session.seen.borrow_mut().clear();
            session.blamed.set(false);
            if T::deserialize(Tracer { session: &session, shape: &root }).is_ok() || !session.blamed.get() {
                break;
            }
        }
        Schema { root: root.get(), structs: session.structs.into_inner(), inner: session.inner.into_inner() }
    }
}

/// More fields than refuse the empty text or zero in any kind.
const REFUSALS: usize = 64;

#[derive(Default)]
struct Session {
    structs: RefCell<Vec<Struct>>,
    inner: RefCell<Vec<Shape>>,
    /// The structs that were entered, by the full names of their types.
    seen: RefCell<HashMap<&'static str, usize>>,
    /// Fields whose types refuse what they are offered, with their shapes.
    refused: RefCell<HashMap<(&'static str, &'static str), Shape>>,
    blamed: Cell<bool>,
}

impl Session {
    fn keep(&self, inner: Shape) -> usize {
        let mut all = self.inner.borrow_mut();
        all.push(inner);
        all.len() - 1
    }
}

/// Offers a type whatever it asks for, and notes what that was.
#[derive(Clone, Copy)]
struct Tracer<'s> {
    session: &'s Session,
    shape: &'s Cell<Shape>,
}

macro_rules! scalars {
    ($($method:ident $visit:ident $value:expr, $shape:ident;)*) => {$(
        fn $method<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
            self.shape.set(Shape::$shape);
            visitor.$visit($value)
        }
    )*};
}

impl<'de> Deserializer<'de> for Tracer<'_> {
    type Error = Error;

    scalars! {
        deserialize_bool visit_bool false, Bool;
        deserialize_i8 visit_i64 0, Number;
        deserialize_i16 visit_i64 0, Number;
        deserialize_i32 visit_i64 0, Number;
        deserialize_i64 visit_i64 0, Number;
        deserialize_u8 visit_u64 0, Number;
        deserialize_u16 visit_u64 0, Number;
        deserialize_u32 visit_u64 0, Number;
        deserialize_u64 visit_u64 0, Number;
        deserialize_f32 visit_f64 0.0, Number;
        deserialize_f64 visit_f64 0.0, Number;
        deserialize_str visit_str "", Text;
        deserialize_string visit_str "", Text;
        deserialize_ignored_any visit_bool false, Any;
    }

    fn deserialize_any<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        self.shape.set(match short_name::<V::Value>() {
            "IntOrString" => Shape::TextOrNumber,
            "Quantity" => Shape::Quantity,
            "ByteString" => Shape::Text,
            _ => Shape::Any,
        });
        visitor.visit_str("")
    }

    fn deserialize_option<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        visitor.visit_some(self)
    }

    fn deserialize_newtype_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        visitor: V,
    ) -> Result<V::Value, Error> {
        visitor.visit_newtype_struct(self)
    }

    fn deserialize_enum<V: Visitor<'de>>(
        self,
        _: &'static str,
        variants: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        self.shape.set(Shape::Text);
        visitor.visit_enum(variants.first().copied().unwrap_or_default().into_deserializer())
    }

    fn deserialize_seq<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let item = Cell::new(Shape::Any);
        let result = visitor.visit_seq(Once { session: self.session, shape: &item, left: true });
        self.shape.set(Shape::List(self.session.keep(item.get())));
        result
    }

    fn deserialize_map<V: Visitor<'de>>(self, visitor: V) -> Result<V::Value, Error> {
        let value = Cell::new(Shape::Any);
        let result = visitor.visit_map(Once { session: self.session, shape: &value, left: true });
        self.shape.set(Shape::Map(self.session.keep(value.get())));
        result
    }

    fn deserialize_struct<V: Visitor<'de>>(
        self,
        _: &'static str,
        fields: &'static [&'static str],
        visitor: V,
    ) -> Result<V::Value, Error> {
        let name = type_name::<V::Value>();
        let seen = self.session.seen.borrow().get(name).copied();
        if let Some(known) = seen {
            self.shape.set(Shape::Struct(known));
            let none = Fields { session: self.session, name, own: known, fields: &[], last: None };
            return visitor.visit_map(none);
        }
        let own = self.session.structs.borrow().len();
        let entry = Struct { name: short_name::<V::Value>(), fields: Vec::new() };
        self.session.structs.borrow_mut().push(entry);
        self.session.seen.borrow_mut().insert(name, own);
        self.shape.set(Shape::Struct(own));
        let last = Cell::new(None);
        let result =
            visitor.visit_map(Fields { session: self.session, name, own, fields, last: Some(&last) });
        if let (true, false, Some((field, shape))) = (result.is_err(), self.session.blamed.get(), last.get())
        {
            self.session.blamed.set(true);
            self.session.refused.borrow_mut().insert((name, field), shape);
        }
        result
    }

    forward_to_deserialize_any! {
        i128 u128 char bytes byte_buf unit unit_struct tuple tuple_struct identifier
    }
}

fn short_name<T>() -> &'static str {
    let name = type_name::<T>();
    name.rsplit("::").next().unwrap_or(name)
}

/// One entry of a map, or one item of a list.
struct Once<'s> {
    session: &'s Session,
    shape: &'s Cell<Shape>,
    left: bool,
}

impl<'de> SeqAccess<'de> for Once<'_> {
    type Error = Error;

    fn next_element_seed<T: DeserializeSeed<'de>>(&mut self, seed: T) -> Result<Option<T::Value>, Error> {
        if !std::mem::take(&mut self.left) {
            return Ok(None);
        }
        seed.deserialize(Tracer { session: self.session, shape: self.shape }).map(Some)
    }
}

impl<'de> MapAccess<'de> for Once<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        if !std::mem::take(&mut self.left) {
            return Ok(None);
        }
        seed.deserialize("key".into_deserializer()).map(Some)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        seed.deserialize(Tracer { session: self.session, shape: self.shape })
    }
}

/// The fields of a struct, one after the other.
struct Fields<'s> {
    session: &'s Session,
    name: &'static str,
    own: usize,
    fields: &'static [&'static str],
    /// The field that was offered last.
    last: Option<&'s Cell<Option<(&'static str, Shape)>>>,
}

impl Fields<'_> {
    fn note(&self, field: &'static str, shape: Shape) {
        if let Some(own) = self.session.structs.borrow_mut().get_mut(self.own) {
            own.fields.push((field, shape));
        }
    }
}

impl<'de> MapAccess<'de> for Fields<'_> {
    type Error = Error;

    fn next_key_seed<K: DeserializeSeed<'de>>(&mut self, seed: K) -> Result<Option<K::Value>, Error> {
        while let Some((field, rest)) = self.fields.split_first() {
            let refused = self.session.refused.borrow().get(&(self.name, *field)).copied();
            let Some(shape) = refused else {
                return seed.deserialize((*field).into_deserializer()).map(Some);
            };
            self.note(field, shape);
            self.fields = rest;
        }
        Ok(None)
    }

    fn next_value_seed<V: DeserializeSeed<'de>>(&mut self, seed: V) -> Result<V::Value, Error> {
        let shape = Cell::new(Shape::Any);
        let result = seed.deserialize(Tracer { session: self.session, shape: &shape });
        if let Some((field, rest)) = self.fields.split_first() {
            self.note(field, shape.get());
            if let Some(last) = self.last {
                last.set(Some((field, shape.get())));
            }
            self.fields = rest;
        }
        result
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kinds::by_kind;

    fn path(schema: &Schema, path: &str) -> Option<Shape> {
        path.split('.').try_fold(schema.root, |shape, step| match shape {
            Shape::Struct(at) => schema.structs[at].field(step).map(|(_, shape)| shape),
            Shape::List(at) | Shape::Map(at) if step == "*" => Some(schema.inner(at)),
            _ => None,
        })
    }

    #[test]
    fn fields_have_their_shapes() {
        let table = [
            ("v1", "Service", "apiVersion", Some(Shape::Text)),
            ("v1", "Service", "metadata.labels.*", Some(Shape::Text)),
            ("v1", "Service", "metadata.creationTimestamp", Some(Shape::Text)),
            ("v1", "Service", "spec.ports.*.targetPort", Some(Shape::TextOrNumber)),
            ("v1", "Service", "spec.ports.*.port", Some(Shape::Number)),
            ("v1", "Service", "spec.publishNotReadyAddresses", Some(Shape::Bool)),
            ("v1", "Service", "spec.nothing", None),
            ("v1", "Secret", "data.*", Some(Shape::Text)),
            ("v1", "ConfigMap", "data.*", Some(Shape::Text)),
            ("v1", "Pod", "spec.containers.*.resources.limits.*", Some(Shape::Quantity)),
            ("v1", "Pod", "spec.initContainers.*.resources.limits.*", Some(Shape::Quantity)),
            ("v1", "Pod", "spec.containers.*.livenessProbe.httpGet.path", Some(Shape::Text)),
            ("apps/v1", "Deployment", "spec.template.metadata.labels.*", Some(Shape::Text)),
            (
                "gateway.networking.k8s.io/v1",
                "HTTPRoute",
                "spec.rules.*.matches.*.path.value",
                Some(Shape::Text),
            ),
        ];
        for (api_version, kind, field, shape) in table {
            let schema = by_kind(api_version, kind, Tracing).unwrap();
            assert_eq!(path(&schema, field), shape, "{kind} {field}");
        }
    }
}
