//! `autopath`: the server walks the client's search path, so that the client asks once.
use std::net::IpAddr;

use super::read::Reader;
use crate::{names::within, resolv_conf::ResolvConf, zone::Zone};

/// How clients' search paths are known.
#[derive(Debug)]
pub(super) struct Autopath {
    zones: Vec<String>,
    /// The path of a file; else that of the client's pod.
    fixed: Option<Vec<String>>,
}

impl Autopath {
    pub fn read(reader: &mut Reader<'_>) -> Option<Self> {
        let last = reader.args().last().cloned();
        let Some(last) = last else {
            let name = reader.name();
            return reader.refuse(&name, "`autopath` names neither a plugin nor a file");
        };
        let zones = reader.zones_without_last();
        if last.text == "@kubernetes" {
            return Some(Self { zones, fixed: None });
        }
        match reader.file(&last.text) {
            Some(file) => {
                let text: Vec<&str> = file.lines.iter().map(|line| line.text.as_str()).collect();
                let searches = ResolvConf::parse(&text.join("\n")).searches;
                Some(Self { zones, fixed: Some(searches) })
            }
            None => reader.refuse(&last, "the search path of this is not known here: `autopath` is left out"),
        }
    }

    /// The names to try instead of one that ends with a client's first search domain, the first of which is the name
    /// itself. `zone` is that of a `kubernetes` with `pods verified`.
    pub fn candidates(&self, name: &str, client: Option<IpAddr>, zone: Option<&Zone>) -> Option<Vec<String>> {
        if !within(name, &self.zones) {
            return None;
        }
        let path = match &self.fixed {
            Some(path) => path.clone(),
            None => {
                let zone = zone.filter(|zone| crate::names::below(name, zone.name()).is_some())?;
                let namespace = &zone.pod_at(client?)?.namespace;
                let svc = format!("svc.{}", zone.name());
                vec![format!("{namespace}.{svc}"), svc, zone.name().to_owned()]
            }
        };
        let base = name.strip_suffix(path.first()?.as_str())?.strip_suffix('.')?;
        let completed = path.iter().map(|search| format!("{base}.{search}"));
        Some(completed.chain([base.to_owned()]).collect())
    }
}
