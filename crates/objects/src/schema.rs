//! Writes the structs of kinds that k8s-openapi does not have: every field of the schema, none required.
//!
//! An absent or null field is the zero of its type, as k8s-openapi reads it; [`crate::Object::is_written`] tells
//! the difference. `Option` is kept for fields whose absence means something else than their zero.

/// Structs as the schema has them, in camelCase.
macro_rules! schema {
    ($($(#[$meta:meta])* pub struct $name:ident {
        $($(#[$field_meta:meta])* pub $field:ident: $type:ty),* $(,)?
    })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        #[allow(missing_docs, reason = "each field is the schema's own of its name")]
        pub struct $name {
            $($(#[$field_meta])* pub $field: $type,)*
        }
    )*};
}

/// Kinds: apiVersion, kind, metadata, a spec of the named type, and a status that is not read.
macro_rules! kinds {
    ($($(#[$meta:meta])* pub struct $name:ident { spec: $spec:ty })*) => {$(
        $(#[$meta])*
        #[derive(Clone, Debug, Default, PartialEq, serde::Deserialize)]
        #[serde(default, rename_all = "camelCase")]
        pub struct $name {
            /// Group and version.
            pub api_version: String,
            /// The kind.
            pub kind: String,
            /// Name and labels.
            pub metadata: k8s_openapi::apimachinery::pkg::apis::meta::v1::ObjectMeta,
            /// What it says.
            pub spec: $spec,
            /// What a controller reports; not read.
            pub status: Option<serde::de::IgnoredAny>,
        }
    )*};
}

pub(crate) use {kinds, schema};
