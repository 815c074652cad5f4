//! The table in each format. All are written as they are found, so that no table is too long.
pub mod answers;
pub mod by_class;
mod csv;
mod dot;
pub mod expectations;
pub mod exposure;
mod html;
mod json;
mod kinds;
mod markdown;
mod reasons;
pub mod sides;
mod svg;
mod text;
pub mod ways;
mod xml;

use std::{
    borrow::Cow,
    collections::HashMap,
    io::{self, Write},
    sync::Arc,
};

pub use csv::csv;
pub use dot::dot;
pub use html::html;
pub use json::{OpenPorts, json, ranges};
pub use kinds::Kinds;
pub use markdown::markdown;
pub use reasons::{AllowedBy, ReasonOf};
pub use svg::svg;
pub use text::text;

use crate::{endpoints::Endpoint, pool::PortSetId, reach::Reach};

/// Sets of ports as text, each made once.
struct Texts<'r> {
    reach: &'r Reach,
    of: HashMap<PortSetId, Arc<str>>,
}

impl<'r> Texts<'r> {
    fn new(reach: &'r Reach) -> Self {
        Self { reach, of: HashMap::new() }
    }

    fn get(&mut self, id: PortSetId) -> &str {
        self.of.entry(id).or_insert_with(|| self.reach.ports(id).to_string().into())
    }
}

/// Goes on with a JSON object: what is not taken into account, if there is any.
fn write_unread(reach: &Reach, out: &mut impl Write) -> io::Result<()> {
    if reach.unread().is_empty() {
        return Ok(());
    }
    write!(out, ",\n  \"not_judged\": {}", serde_json::to_string(reach.unread())?)
}

/// The name of an endpoint without its namespace.
fn short(endpoint: &Endpoint) -> &str {
    let prefix = endpoint.namespace.as_ref().map_or(0, |namespace| namespace.len() + 1);
    &endpoint.name[prefix..]
}

/// A field of csv.
fn field(text: &str) -> Cow<'_, str> {
    match text.contains([',', '"']) {
        true => format!("\"{}\"", text.replace('"', "\"\"")).into(),
        false => text.into(),
    }
}
