//! A Corefile to a server: every plugin is read once, and what is not done is said.
use std::{
    collections::{BTreeMap, BTreeSet},
    sync::Arc,
};

use netloom_cluster::DnsServer;
use netloom_corefile::{Directive, File, PLUGINS, Server, Word, expand, place_in_chain, zone_of, zones_of};
use netloom_objects::ObjectRef;

use super::{
    Dns, Note,
    acl::Acl,
    admin::{Admin, listen},
    autopath::Autopath,
    block::{Block, Kind, Plugin},
    cache::Cache,
    file::ZoneFiles,
    forward::Forward,
    hosts::HostsTable,
    kubernetes::Kubernetes,
    log::Log,
    rewrite_read,
    template::Template,
};
use crate::zone::Zone;

/// Plugins that a server has without any part in its answers, or that are done elsewhere: the files are read again
/// when they change (`reload`), and no server asks itself for ever (`loop`).
const QUIET: [&str; 16] = [
    "root",
    "metadata",
    "cancel",
    "timeouts",
    "reload",
    "bufsize",
    "bind",
    "debug",
    "trace",
    "ready",
    "health",
    "pprof",
    "prometheus",
    "errors",
    "log",
    "loop",
];

/// Plugins that set the server up and stand in no question's way: CoreDNS' `coredns_plugin_enabled` has none of them.
const NOT_IN_CHAIN: [&str; 9] =
    ["root", "timeouts", "reload", "bind", "debug", "ready", "health", "pprof", "tls"];

/// One plugin of a block on its way into the server.
pub(super) struct Reader<'r> {
    directive: &'r Directive,
    zones: &'r [String],
    files: &'r BTreeMap<String, File>,
    /// The folder of relative paths.
    root: &'r str,
    notes: &'r mut Vec<Note>,
}

/// The zones of arguments; the root where there are none.
pub(super) fn zones_or_root(words: &[Word]) -> Vec<String> {
    if words.is_empty() {
        return vec![String::new()];
    }
    words.iter().flat_map(|word| zones_of(&word.text)).collect()
}

impl Reader<'_> {
    /// The plugin's name.
    pub fn name(&self) -> Word {
        self.directive.plugin.name.clone()
    }

    /// What stands behind it on its line.
    pub fn args(&self) -> &[Word] {
        &self.directive.plugin.args
    }

    /// The lines of its block.
    pub fn properties(&self) -> Vec<Vec<Word>> {
        self.directive.plugin.properties.iter().filter(|words| !words.is_empty()).cloned().collect()
    }

    /// The zones that its arguments name behind the first few; its block's where they name none.
    pub fn zones(&self, skip: usize) -> Vec<String> {
        let named: Vec<String> =
            self.args().iter().skip(skip).flat_map(|word| zones_of(&word.text)).collect();
        if named.is_empty() { self.zones.to_vec() } else { named }
    }

    /// The zones that its arguments name before the last one.
    pub fn zones_without_last(&self) -> Vec<String> {
        let args = self.args();
        let named: Vec<String> =
            args[..args.len().saturating_sub(1)].iter().flat_map(|word| zones_of(&word.text)).collect();
        if named.is_empty() { self.zones.to_vec() } else { named }
    }

    /// The plugin's line.
    pub fn place(&self) -> Arc<ObjectRef> {
        self.place_of(&self.directive.plugin.name)
    }

    fn place_of(&self, word: &Word) -> Arc<ObjectRef> {
        Arc::new(self.directive.origin.at(word.at.clone()))
    }

    /// A file of the server's; a relative path begins in `root`, else in the Corefile's folder.
    pub fn file(&self, path: &str) -> Option<&File> {
        match path.starts_with('/') {
            true => self.files.get(path),
            false => self.files.get(&format!("{}/{path}", self.root.trim_end_matches('/'))),
        }
    }

    /// Says something of a word.
    pub fn note(&mut self, word: &Word, why: &str) {
        self.note_at(self.place_of(word), format!("`{}`: {why}", word.text));
    }

    /// Says something of a line.
    pub fn note_at(&mut self, at: Arc<ObjectRef>, text: String) {
        self.notes.push(Note { at, text });
    }

    /// Says that a property has no effect.
    pub fn unread(&mut self, word: &Word) {
        let plugin = &self.directive.plugin.name.text;
        self.note_at(self.place_of(word), format!("`{}` of `{plugin}` is not acted on", word.text));
    }

    /// Says why something is left out, and leaves it out.
    pub fn refuse<T>(&mut self, word: &Word, why: &str) -> Option<T> {
        self.note(word, why);
        None
    }
}

/// Reads a server's Corefile.
pub(super) fn read(server: &Arc<DnsServer>, zone: &Arc<Zone>) -> Dns {
    let main = server.corefile.as_deref().unwrap_or_default();
    let expanded = expand(&server.files, main);
    let mut notes: Vec<Note> =
        expanded.faults.iter().map(|f| Note { at: f.at.clone(), text: f.why.clone() }).collect();
    let mut admin = Admin::default();
    let mut blocks: Vec<Block> = Vec::new();
    let mut wanted = Vec::new();
    let folder = main.rsplit_once('/').map_or("", |(folder, _)| folder);
    for server_block in &expanded.servers {
        let zones: Vec<String> = server_block.keys.iter().flat_map(|key| zones_of(&key.text)).collect();
        tell(server_block, &mut admin, &mut notes);
        let chain = chain(server_block, &zones, &server.files, folder, &mut notes);
        let logs: Arc<[Log]> = logs(server_block, &zones, &server.files, folder, &mut notes).into();
        for plugin in &chain {
            if let Kind::Kubernetes(k) = &plugin.kind {
                wanted.extend(k.forward_zones().map(|name| (name.clone(), k.by_pod_name)));
            }
        }
        let has = |name: &str| server_block.directives.iter().any(|d| d.plugin.name.text == name);
        let plugins: BTreeSet<&'static str> = server_block
            .directives
            .iter()
            .filter_map(|d| Some(PLUGINS[place_in_chain(&d.plugin.name.text)?]))
            .filter(|name| !NOT_IN_CHAIN.contains(name))
            .collect();
        let (chain, plugins): (Arc<[Plugin]>, Arc<[&'static str]>) =
            (chain.into(), plugins.into_iter().collect());
        for key in &server_block.keys {
            let at = Arc::new(server_block.origin.at(key.at.clone()));
            let Ok(port) = port_of(&key.text) else {
                let text =
                    format!("`{}`: netloom answers over plain UDP and TCP; this key is not served", key.text);
                notes.push(Note { at, text });
                continue;
            };
            for zone in zones_of(&key.text) {
                if blocks.iter().any(|b| b.port == Some(port) && *b.zone == zone) {
                    let text = format!(
                        "`{}`: another block has this zone and port; this one is not served",
                        key.text
                    );
                    notes.push(Note { at: at.clone(), text });
                    continue;
                }
                blocks.push(Block {
                    zone: zone.into(),
                    port: Some(port),
                    logs: logs.clone(),
                    errors: has("errors"),
                    measured: has("prometheus"),
                    plugins: plugins.clone(),
                    chain: chain.clone(),
                });
            }
        }
    }
    blocks.sort_by_key(|block| std::cmp::Reverse(block.zone.len()));
    wanted.sort();
    wanted.dedup();
    let by_client = blocks.iter().flat_map(|b| b.chain.iter()).any(|plugin| match &plugin.kind {
        Kind::Acl(_) | Kind::Autopath(_) | Kind::Whoami => true,
        Kind::Template(templates) => templates.iter().any(Template::depends_on_client),
        _ => false,
    });
    Dns {
        blocks: blocks.into(),
        admin,
        notes: notes.into(),
        by_client,
        wanted: wanted.into(),
        ..Dns::plain(zone.clone())
    }
}

/// The port of a key; an error where it is not one of plain DNS.
fn port_of(key: &str) -> Result<u16, ()> {
    if key.split_once("://").is_some_and(|(scheme, _)| scheme != "dns") {
        return Err(());
    }
    zone_of(key).1.parse().map_err(|_| ())
}

fn chain(
    server: &Server,
    zones: &[String],
    files: &BTreeMap<String, File>,
    folder: &str,
    notes: &mut Vec<Note>,
) -> Vec<Plugin> {
    let root = server.directives.iter().find(|d| d.plugin.name.text == "root");
    let root = root.and_then(|d| d.plugin.args.first()).map_or(folder, |word| word.text.as_str());
    let mut chain: Vec<(usize, Plugin)> = Vec::new();
    for directive in &server.directives {
        let mut reader = Reader { directive, zones, files, root, notes };
        let name = directive.plugin.name.text.as_str();
        let Some(order) = place_in_chain(name) else {
            let word = reader.name();
            reader.note(&word, "CoreDNS' own build has no such plugin; it is left out");
            continue;
        };
        if QUIET.contains(&name) {
            continue;
        }
        let Some(kind) = kind(&mut reader, name) else { continue };
        let plugin = Plugin { name: PLUGINS[order], at: Some(reader.place()), kind };
        // Those that may stand several times are one plugin with a list, in the order of the file.
        match (chain.iter_mut().find(|(at, _)| *at == order).map(|(_, plugin)| &mut plugin.kind), plugin) {
            (Some(Kind::Rewrite(all)), Plugin { kind: Kind::Rewrite(more), .. }) => all.extend(more),
            (Some(Kind::Template(all)), Plugin { kind: Kind::Template(more), .. }) => all.extend(more),
            (Some(Kind::Acl(all)), Plugin { kind: Kind::Acl(more), .. }) => all.extend(more),
            (Some(Kind::Kubernetes(_) | Kind::Hosts(_) | Kind::Cache(_)), _) => {
                let word = reader.name();
                reader.note(&word, "CoreDNS takes this plugin once in a block; the second one is left out");
            }
            (_, plugin) => chain.push((order, plugin)),
        }
    }
    chain.sort_by_key(|(order, _)| *order);
    chain.into_iter().map(|(_, plugin)| plugin).collect()
}

fn kind(reader: &mut Reader<'_>, name: &str) -> Option<Kind> {
    Some(match name {
        "any" => Kind::Any,
        "loadbalance" => {
            if let Some(word) = reader.args().first().filter(|word| word.text != "round_robin").cloned() {
                reader.note(&word, "addresses are put in another order each time, as by `round_robin`");
            }
            Kind::Shuffle
        }
        "rewrite" => Kind::Rewrite(vec![rewrite_read::rule(reader)?]),
        "autopath" => Kind::Autopath(Autopath::read(reader)?),
        "acl" => Kind::Acl(vec![Acl::read(reader)]),
        "cache" => Kind::Cache(Arc::new(Cache::read(reader))),
        "minimal" => Kind::Minimal,
        "template" => Kind::Template(vec![Template::read(reader)?]),
        "hosts" => Kind::Hosts(Box::new(HostsTable::read(reader))),
        "kubernetes" => Kind::Kubernetes(Box::new(Kubernetes::read(reader)?)),
        "file" => Kind::File(Box::new(ZoneFiles::read(reader)?)),
        "forward" => Kind::Forward(Arc::new(Forward::read(reader)?)),
        "whoami" => Kind::Whoami,
        _ => {
            let word = reader.name();
            return reader.refuse(&word, "netloom's DNS does not have this plugin; it is left out");
        }
    })
}

fn logs(
    server: &Server,
    zones: &[String],
    files: &BTreeMap<String, File>,
    root: &str,
    notes: &mut Vec<Note>,
) -> Vec<Log> {
    let mut logs = Vec::new();
    for directive in server.directives.iter().filter(|d| d.plugin.name.text == "log") {
        logs.extend(Log::read(&mut Reader { directive, zones, files, root, notes: &mut *notes }));
    }
    logs
}

/// Where a block tells of the server.
fn tell(server: &Server, admin: &mut Admin, notes: &mut Vec<Note>) {
    for directive in &server.directives {
        let plugin = &directive.plugin;
        let (slot, usual, port) = match plugin.name.text.as_str() {
            "health" => (&mut admin.health, ":8080", 8080),
            "ready" => (&mut admin.ready, ":8181", 8181),
            "prometheus" => (&mut admin.metrics, "localhost:9153", 9153),
            _ => continue,
        };
        let text = plugin.args.first().map_or(usual, |word| word.text.as_str());
        match listen(text, port) {
            Some(listen) => *slot = Some(listen),
            None => notes.push(Note {
                at: Arc::new(directive.origin.at(plugin.name.at.clone())),
                text: format!("`{text}` is not an address to listen on"),
            }),
        }
        // A pod that goes answers until nothing leads to it: there is nobody left to wait for.
        for words in &plugin.properties {
            let Some(word) = words.first().filter(|word| word.text == "lameduck") else { continue };
            notes.push(Note {
                at: Arc::new(directive.origin.at(word.at.clone())),
                text: "`lameduck` of `health`: a DNS pod that goes answers until no Service leads to it, and ends \
                       then without a wait"
                    .to_owned(),
            });
        }
    }
}
