//! Settings of containers that name whom they connect to: environment, arguments, files of ConfigMaps and Secrets.
use std::collections::HashMap;

use k8s_openapi::api::core::v1::{Container, EnvVar};
use netloom_audit::Workload;
use netloom_cluster::PodId;
use netloom_objects::{Location, Object, Typed};

use super::{
    Owners,
    aim::{Aim, Aims},
    workloads,
};
use crate::{
    ground::Ground,
    need::{End, Need, Needs, Reason},
    scan::{self, Mention},
    settings::{self, Setting},
    units::namespace_of,
};

pub(super) fn add(ground: &Ground<'_>, owners: &Owners<'_>, out: &mut Needs) {
    let store = Store::of(ground);
    let aims = Aims::new(ground);
    for workload in workloads(ground) {
        let Some(first) = owners.pods(workload.object).first().copied() else { continue };
        let from = owners.ends(ground, workload.object, out);
        let teller = Teller { ground, aims: &aims, pod: first, from };
        for (path, container) in containers(&workload).into_iter().filter(|(_, c)| !makes_certificates(c)) {
            let variables = store.variables(&workload, &path, container);
            teller.variables(&variables, out);
            teller.arguments(workload.object, &path, container, &variables, out);
        }
        for file in store.files(&workload) {
            teller.file(&file, out);
        }
    }
}

/// All containers, those that run before the others too.
fn containers<'a>(workload: &Workload<'a>) -> Vec<(String, &'a Container)> {
    let of = |list: &'static str, containers: &'a [Container]| {
        let path = move |nth| workload.path(&format!("spec.{list}[{nth}]"));
        containers.iter().enumerate().map(|(nth, container)| (path(nth), container)).collect::<Vec<_>>()
    };
    let mut all = of("initContainers", workload.spec.init_containers.as_deref().unwrap_or_default());
    all.extend(of("containers", &workload.spec.containers));
    all
}

/// Whether a container makes a certificate: the hosts that it is told are names in it.
fn makes_certificates(container: &Container) -> bool {
    let image = container.image.as_deref().unwrap_or_default();
    let name = image.rsplit('/').next().unwrap_or_default().split([':', '@']).next().unwrap_or_default();
    let arguments = || container.command.iter().chain(&container.args).flatten();
    let has = |flags: &[&str]| {
        arguments().any(|argument| {
            let flag = argument.trim_start_matches('-').split('=').next().unwrap_or_default();
            argument.starts_with('-') && flags.contains(&flag)
        })
    };
    ["certgen", "cert-gen", "cfssl"].iter().any(|part| name.contains(part))
        || (has(&["host", "hosts", "domains", "dns-names"]) && has(&["secret-name", "cert-name", "ca-name"]))
}

/// An environment variable with the place of its value.
struct Variable {
    setting: Setting,
    /// What to call it; nothing of a Secret's value is shown.
    what: String,
    at: Location,
}

/// A file that is mounted.
struct File<'a> {
    object: &'a Object,
    /// The path of its text in the object.
    path: String,
    what: String,
    text: String,
    at: Location,
}

type Key<'a> = (&'a str, &'a str);

/// ConfigMaps and Secrets by namespace and name.
struct Store<'a> {
    config_maps: HashMap<Key<'a>, &'a Object>,
    secrets: HashMap<Key<'a>, &'a Object>,
}

fn find<'s, 'a>(all: &'s HashMap<Key<'s>, &'a Object>, key: Key<'s>) -> Option<&'a Object> {
    all.get(&key).copied()
}

impl<'a> Store<'a> {
    fn of(ground: &Ground<'a>) -> Self {
        let mut store = Self { config_maps: HashMap::new(), secrets: HashMap::new() };
        for object in ground.objects.objects() {
            let key = (namespace_of(object), &*object.name);
            match &object.typed {
                Typed::ConfigMap(_) => _ = store.config_maps.insert(key, object),
                Typed::Secret(_) => _ = store.secrets.insert(key, object),
                _ => {}
            }
        }
        store
    }

    /// The variables of a container in the order in which they are set: later ones go before earlier ones.
    fn variables(&self, workload: &Workload<'a>, path: &str, container: &Container) -> Vec<Variable> {
        let namespace = workload.namespace();
        let mut variables: Vec<Variable> = Vec::new();
        for source in container.env_from.iter().flatten() {
            let prefix = source.prefix.as_deref().unwrap_or_default();
            let config =
                source.config_map_ref.as_ref().and_then(|r| find(&self.config_maps, (namespace, &r.name)));
            let secret = source.secret_ref.as_ref().and_then(|r| find(&self.secrets, (namespace, &r.name)));
            for object in [config, secret].into_iter().flatten() {
                // What has several lines is a file, whoever put it there.
                for (key, value) in
                    entries(object).into_iter().filter(|(_, value)| !value.trim_end().contains('\n'))
                {
                    let name = format!("{prefix}{key}");
                    variables.push(variable(object, &key, name, value));
                }
            }
        }
        for (nth, own) in container.env.iter().flatten().enumerate() {
            let found = self.variable(workload, &format!("{path}.env[{nth}]"), own, &variables);
            variables.retain(|known| known.setting.key != own.name);
            variables.extend(found);
        }
        variables
    }

    fn variable(
        &self,
        workload: &Workload<'a>,
        path: &str,
        own: &EnvVar,
        known: &[Variable],
    ) -> Option<Variable> {
        let namespace = workload.namespace();
        if let Some(value) = &own.value {
            let known: Vec<Setting> = known.iter().map(|v| v.setting.clone()).collect();
            let setting = Setting { key: own.name.clone(), value: settings::expand(value, &known) };
            let at = workload.object.locate(&format!("{path}.value"));
            return Some(Variable { setting, what: own.name.clone(), at });
        }
        let from = own.value_from.as_ref()?;
        let (object, key) = match (&from.config_map_key_ref, &from.secret_key_ref) {
            (Some(r), _) => (find(&self.config_maps, (namespace, &r.name))?, &r.key),
            (_, Some(r)) => (find(&self.secrets, (namespace, &r.name))?, &r.key),
            _ => return None,
        };
        let (_, value) = entries(object).into_iter().find(|(k, _)| k == key)?;
        Some(variable(object, key, own.name.clone(), value))
    }

    /// The files of the volumes of a workload.
    fn files(&self, workload: &Workload<'a>) -> Vec<File<'a>> {
        let namespace = workload.namespace();
        let mut objects: Vec<(&'a Object, Option<Vec<&str>>)> = Vec::new();
        let mut mount = |object: Option<&'a Object>, items: Option<Vec<&'a str>>| {
            objects.extend(object.map(|object| (object, items)));
        };
        let config = |name: &str| find(&self.config_maps, (namespace, name));
        let secret = |name: &str| find(&self.secrets, (namespace, name));
        for volume in workload.spec.volumes.iter().flatten() {
            if let Some(source) = &volume.config_map {
                mount(config(&source.name), keys(source.items.as_deref()));
            }
            if let Some(source) = &volume.secret {
                mount(source.secret_name.as_deref().and_then(secret), keys(source.items.as_deref()));
            }
            for source in volume.projected.iter().flat_map(|p| p.sources.iter().flatten()) {
                if let Some(source) = &source.config_map {
                    mount(config(&source.name), keys(source.items.as_deref()));
                }
                if let Some(source) = &source.secret {
                    mount(secret(&source.name), keys(source.items.as_deref()));
                }
            }
        }
        let mut files = Vec::new();
        for (object, items) in objects {
            let wanted = |key: &str| items.as_ref().is_none_or(|items| items.contains(&key));
            for (key, text) in entries(object).into_iter().filter(|(key, _)| wanted(key)) {
                let path = place(object, &key);
                let (what, at) = (format!("{key} of {} {}", object.kind, object.name), object.locate(&path));
                files.push(File { object, path, what, text, at });
            }
        }
        files
    }
}

fn keys(items: Option<&[k8s_openapi::api::core::v1::KeyToPath]>) -> Option<Vec<&str>> {
    items.filter(|items| !items.is_empty()).map(|items| items.iter().map(|item| item.key.as_str()).collect())
}

/// The texts of a ConfigMap or Secret by key.
fn entries(object: &Object) -> Vec<(String, String)> {
    match &object.typed {
        Typed::ConfigMap(map) => {
            map.data.iter().flatten().map(|(key, value)| (key.clone(), value.clone())).collect()
        }
        Typed::Secret(secret) => {
            let text = |(key, bytes): (&String, &k8s_openapi::ByteString)| {
                Some((key.clone(), String::from_utf8(bytes.0.clone()).ok()?))
            };
            let plain = secret.string_data.iter().flatten().map(|(key, value)| (key.clone(), value.clone()));
            secret.data.iter().flatten().filter_map(text).chain(plain).collect()
        }
        _ => Vec::new(),
    }
}

/// Where a key of a ConfigMap or Secret stands.
fn place(object: &Object, key: &str) -> String {
    let key = key.replace('\\', "\\\\").replace('.', "\\.");
    let plain = format!("stringData.{key}");
    if object.is_written(&plain) { plain } else { format!("data.{key}") }
}

fn variable(object: &Object, key: &str, name: String, value: String) -> Variable {
    let what = match &*object.kind {
        "Secret" => format!("{name}, of Secret {},", object.name),
        _ => name.clone(),
    };
    Variable { setting: Setting { key: name, value }, what, at: object.locate(&place(object, key)) }
}

/// Tells whom the pods of one workload are told to reach.
struct Teller<'g, 'a> {
    ground: &'g Ground<'a>,
    aims: &'g Aims<'g, 'a>,
    pod: PodId,
    from: Vec<End>,
}

/// How surely a mention is meant as somebody to connect to.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
enum Sure {
    /// A setting: names outside of the cluster count too.
    Setting,
    /// A file, which may name anything.
    File,
}

impl Teller<'_, '_> {
    fn variables(&self, variables: &[Variable], out: &mut Needs) {
        let settings: Vec<Setting> = variables.iter().map(|v| v.setting.clone()).collect();
        for (nth, mention) in settings::neighbours(&settings) {
            self.tell(&mention, &variables[nth].what, &variables[nth].at, Sure::Setting, out);
        }
        for variable in variables {
            for mention in scan::mentions(&variable.setting.value) {
                self.tell(&mention, &variable.what, &variable.at, Sure::Setting, out);
            }
        }
    }

    fn arguments(
        &self,
        object: &Object,
        path: &str,
        container: &Container,
        variables: &[Variable],
        out: &mut Needs,
    ) {
        let known: Vec<Setting> = variables.iter().map(|v| v.setting.clone()).collect();
        let of = |list: &'static str, texts: Option<&Vec<String>>| {
            let texts = texts.into_iter().flatten().enumerate();
            texts
                .map(|(nth, text)| (format!("{path}.{list}[{nth}]"), settings::expand(text, &known)))
                .collect::<Vec<_>>()
        };
        let mut arguments = of("command", container.command.as_ref());
        arguments.extend(of("args", container.args.as_ref()));
        let what = format!("an argument of container {}", container.name);
        for (path, text) in &arguments {
            for mention in scan::mentions(text) {
                self.tell(&mention, &what, &object.locate(path), Sure::Setting, out);
            }
        }
        // `--db-host=db --db-port=5432`, or each in an argument of its own.
        let mut settings: Vec<Setting> = Vec::new();
        let mut places: Vec<&str> = Vec::new();
        for (nth, (path, text)) in arguments.iter().enumerate() {
            let Some(flag) = text.strip_prefix('-').map(|t| t.trim_start_matches('-')) else { continue };
            let next =
                arguments.get(nth + 1).map(|(_, next)| next.as_str()).filter(|next| !next.starts_with('-'));
            let pair = flag.split_once('=').or_else(|| next.map(|value| (flag, value)));
            if let Some((key, value)) = pair {
                settings.push(Setting { key: key.to_owned(), value: value.to_owned() });
                places.push(path);
            }
        }
        for (nth, mention) in settings::neighbours(&settings) {
            self.tell(&mention, &what, &object.locate(places[nth]), Sure::Setting, out);
        }
    }

    fn file(&self, file: &File<'_>, out: &mut Needs) {
        let lines = file.object.text_lines(&file.path);
        let at = |nth: usize| {
            lines.as_ref().and_then(|l| l.get(nth)).map_or_else(|| file.at.clone(), |l| l.at.clone())
        };
        let mut block: Vec<(usize, Setting)> = Vec::new();
        let mut depth = 0;
        for (nth, line) in file.text.lines().enumerate() {
            if settings::is_comment(line) {
                continue;
            }
            for mention in scan::mentions(line) {
                self.tell(&mention, &file.what, &at(nth), Sure::File, out);
            }
            match settings::line(line) {
                Some((indent, setting)) => {
                    if indent != depth {
                        self.block(file, &std::mem::take(&mut block), &at, out);
                        depth = indent;
                    }
                    block.push((nth, setting));
                }
                None => self.block(file, &std::mem::take(&mut block), &at, out),
            }
        }
        self.block(file, &block, &at, out);
    }

    /// Neighbouring settings of a file.
    fn block(
        &self,
        file: &File<'_>,
        block: &[(usize, Setting)],
        at: &dyn Fn(usize) -> Location,
        out: &mut Needs,
    ) {
        let settings: Vec<Setting> = block.iter().map(|(_, setting)| setting.clone()).collect();
        for (nth, mention) in settings::neighbours(&settings) {
            self.tell(&mention, &file.what, &at(block[nth].0), Sure::File, out);
        }
    }

    fn tell(&self, mention: &Mention, what: &str, at: &Location, sure: Sure, out: &mut Needs) {
        match self.aims.aim(self.pod, mention, out) {
            Aim::Ends(ends) => {
                let reason = Reason::derived(format!("{what} names {}", mention.shown()), at.clone());
                for (to, ports) in ends {
                    // Addresses in files may be anything: examples, ranges, what is listened on.
                    if sure == Sure::File && matches!(to, End::Blocks(_)) {
                        continue;
                    }
                    for from in self.from.iter().filter(|from| from.unit().is_some() || to.unit().is_some()) {
                        let (from, to) = (from.clone(), to.clone());
                        out.add(Need { from, to, ports: ports.clone(), reason: reason.clone() });
                    }
                }
            }
            Aim::NoPort(service) => {
                let known: Vec<String> =
                    service.ports.iter().map(|p| format!("{}/{}", p.port, p.protocol)).collect();
                let text = format!(
                    "{what} names {}, and Service {} has only {}",
                    mention.shown(),
                    service.qualified_name(),
                    known.join(", ")
                );
                out.doubt(text, Some(at.clone()));
            }
            Aim::World(host) if sure == Sure::Setting && (mention.scheme.is_some() || mention.explicit) => {
                let who: Vec<String> = self.from.iter().map(|end| end.title(&self.ground.units)).collect();
                let port = mention.port.map_or_else(String::new, |port| format!(":{port}"));
                let text = format!(
                    "{what} names {host}{port}, and policies know addresses only; declare `{} -> NETWORK{port}`",
                    who.join(", ")
                );
                out.doubt(text, Some(at.clone()));
            }
            Aim::World(_) | Aim::Nowhere => {}
        }
    }
}
