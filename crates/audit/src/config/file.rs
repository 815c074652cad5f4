//! The text of `netloom.toml`, with the place of everything that is wrong in it.
use std::{collections::BTreeMap, path::PathBuf, str::FromStr};

use ipnet::IpNet;
use netloom_cluster::{Families, Nets, Options};
use netloom_objects::{Severity, edit_distance};
use serde::Deserialize;
use toml::Spanned;

use super::{Config, ConfigError, ForPaths, Level, Patterns, SetOf};
use crate::{Closed, Lines, Selection, Selector, Version};

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default)]
struct File {
    check: Check,
    cluster: Cluster,
    set: Vec<Deployed>,
}

/// One word, or a list of them.
#[derive(Deserialize)]
#[serde(untagged, expecting = "a path, or a list of paths")]
enum Several {
    One(String),
    Many(Vec<String>),
}

impl Default for Several {
    fn default() -> Self {
        Self::Many(Vec::new())
    }
}

impl<T: From<String>> From<Several> for Vec<T> {
    fn from(several: Several) -> Self {
        match several {
            Several::One(one) => vec![one.into()],
            Several::Many(many) => many.into_iter().map(T::from).collect(),
        }
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields, rename_all = "kebab-case")]
struct Deployed {
    path: Spanned<Several>,
    name: Option<String>,
    #[serde(default)]
    values: Several,
    #[serde(default)]
    set_values: Vec<String>,
    release: Option<String>,
    namespace: Option<String>,
    kube_version: Option<Spanned<String>>,
}

type Words = Vec<Spanned<String>>;
type Severities = BTreeMap<Spanned<String>, Spanned<String>>;

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Check {
    select: Words,
    ignore: Words,
    fail_on: Option<Spanned<String>>,
    kube_version: Option<Spanned<String>>,
    istio_version: Option<Spanned<String>>,
    gateway_api_version: Option<Spanned<String>>,
    closed: Open,
    exclude: Words,
    severity: Severities,
    paths: Vec<Part>,
}

#[derive(Deserialize)]
#[serde(untagged, expecting = "`closed` is true, false, or { namespaces = […], kinds = […] }")]
enum Open {
    Whole(bool),
    Parts(Parts),
}

impl Default for Open {
    fn default() -> Self {
        Self::Whole(false)
    }
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Parts {
    #[serde(default)]
    namespaces: Vec<String>,
    #[serde(default)]
    kinds: Vec<String>,
}

#[derive(Deserialize)]
#[serde(deny_unknown_fields)]
struct Part {
    paths: Words,
    #[serde(default)]
    ignore: Words,
    #[serde(default)]
    severity: Severities,
}

#[derive(Deserialize, Default)]
#[serde(deny_unknown_fields, default, rename_all = "kebab-case")]
struct Cluster {
    nodes: Option<Spanned<u32>>,
    ip_family: Option<Spanned<String>>,
    pod_cidr: Words,
    service_cidr: Words,
    lb_cidr: Words,
    node_cidr: Words,
    domain: Option<String>,
    dns: Option<bool>,
}

pub(super) fn read(text: &str) -> Result<Config, ConfigError> {
    let reader = Reader { lines: Lines::of(text) };
    let file: File = toml::from_str(text).map_err(|error| reader.toml(&error))?;
    let Check {
        select,
        ignore,
        fail_on,
        kube_version,
        istio_version,
        gateway_api_version,
        closed,
        exclude,
        severity,
        paths,
    } = file.check;
    Ok(Config {
        selection: Selection { select: reader.all(&select)?, ignore: reader.all(&ignore)? },
        fail_on: fail_on
            .map(|given| {
                reader.one_of(
                    &given,
                    &[
                        ("error", Some(Severity::Error)),
                        ("warning", Some(Severity::Warning)),
                        ("info", Some(Severity::Info)),
                        ("never", None),
                    ],
                )
            })
            .transpose()?,
        kube_version: kube_version.map(|given| reader.parse::<Version>(&given)).transpose()?,
        istio_version: istio_version.map(|given| reader.parse::<Version>(&given)).transpose()?,
        gateway_api_version: gateway_api_version.map(|given| reader.parse::<Version>(&given)).transpose()?,
        closed: match closed {
            Open::Whole(everything) => Closed { everything, ..Closed::default() },
            Open::Parts(parts) => Closed {
                everything: false,
                namespaces: parts.namespaces.into_iter().collect(),
                kinds: parts.kinds.into_iter().collect(),
            },
        },
        exclude: reader.patterns(&exclude)?,
        severity: reader.severities(&severity)?,
        paths: paths
            .iter()
            .map(|part| {
                Ok(ForPaths {
                    paths: reader.patterns(&part.paths)?,
                    ignore: reader.all(&part.ignore)?,
                    severity: reader.severities(&part.severity)?,
                })
            })
            .collect::<Result<_, ConfigError>>()?,
        cluster: reader.cluster(file.cluster)?,
        sets: file.set.into_iter().map(|set| reader.set(set)).collect::<Result<_, _>>()?,
    })
}

struct Reader<'t> {
    lines: Lines<'t>,
}

impl Reader<'_> {
    fn error(&self, byte: usize, message: String) -> ConfigError {
        let (line, column) = self.lines.position(byte);
        ConfigError { line, column, message }
    }

    /// An error of the TOML reader, with the key that was probably meant.
    fn toml(&self, error: &toml::de::Error) -> ConfigError {
        let mut message = error.message().trim_end().to_owned();
        if message.starts_with("unknown field") {
            let mut names = message.split('`').skip(1).step_by(2);
            let given = names.next().unwrap_or_default().to_owned();
            let known: Vec<&str> = names.collect();
            let near = known.iter().map(|known| (edit_distance(&given, known), *known)).min();
            message = match near.filter(|(distance, known)| *distance <= (known.len() / 3).max(1)) {
                Some((_, near)) => format!("unknown key `{given}`; did you mean `{near}`?"),
                None => format!("unknown key `{given}`; there are {}", known.join(", ")),
            };
        }
        self.error(error.span().map_or(0, |span| span.start), message)
    }

    fn parse<T: FromStr<Err: std::fmt::Display>>(&self, given: &Spanned<String>) -> Result<T, ConfigError> {
        given.get_ref().parse().map_err(|error: T::Err| self.error(given.span().start, error.to_string()))
    }

    fn all<T: FromStr<Err: std::fmt::Display>>(
        &self,
        given: &[Spanned<String>],
    ) -> Result<Vec<T>, ConfigError> {
        given.iter().map(|word| self.parse(word)).collect()
    }

    fn one_of<T: Clone>(&self, given: &Spanned<String>, known: &[(&str, T)]) -> Result<T, ConfigError> {
        let found = known.iter().find(|(name, _)| name == given.get_ref());
        found.map(|(_, value)| value.clone()).ok_or_else(|| {
            let names: Vec<&str> = known.iter().map(|(name, _)| *name).collect();
            self.error(given.span().start, format!("`{}` is none of {}", given.get_ref(), names.join(", ")))
        })
    }

    fn severities(&self, given: &Severities) -> Result<Vec<(Selector, Level)>, ConfigError> {
        let levels = [
            ("error", Some(Severity::Error)),
            ("warning", Some(Severity::Warning)),
            ("info", Some(Severity::Info)),
            ("off", None),
        ];
        given.iter().map(|(rule, level)| Ok((self.parse(rule)?, self.one_of(level, &levels)?))).collect()
    }

    fn patterns(&self, given: &[Spanned<String>]) -> Result<Patterns, ConfigError> {
        for pattern in given {
            Patterns::new([pattern.get_ref().as_str()])
                .map_err(|error| self.error(pattern.span().start, error.to_string()))?;
        }
        Patterns::new(given.iter().map(|pattern| pattern.get_ref().as_str()))
            .map_err(|error| self.error(0, error.to_string()))
    }

    fn set(&self, given: Deployed) -> Result<SetOf, ConfigError> {
        let at = given.path.span().start;
        let paths: Vec<PathBuf> = given.path.into_inner().into();
        if paths.is_empty() {
            return Err(self.error(at, "a set has at least one `path`".to_owned()));
        }
        Ok(SetOf {
            name: given.name,
            paths,
            values: given.values.into(),
            set_values: given.set_values,
            release: given.release,
            namespace: given.namespace,
            kube_version: given.kube_version.map(|version| self.parse::<Version>(&version)).transpose()?,
        })
    }

    fn cluster(&self, given: Cluster) -> Result<Options, ConfigError> {
        let defaults = Options::default();
        let families = [("dual", Families::Dual), ("ipv4", Families::V4), ("ipv6", Families::V6)];
        let nodes = match given.nodes {
            Some(nodes) if !(1..=250).contains(nodes.get_ref()) => {
                return Err(self.error(nodes.span().start, "`nodes` is from 1 to 250".to_owned()));
            }
            Some(nodes) => nodes.into_inner(),
            None => defaults.nodes,
        };
        Ok(Options {
            nodes,
            families: match &given.ip_family {
                Some(family) => self.one_of(family, &families)?,
                None => defaults.families,
            },
            zone: given.domain.map_or(defaults.zone, |zone| zone.trim_end_matches('.').to_owned()),
            pod_cidrs: self.nets(&given.pod_cidr)?,
            service_cidrs: self.nets(&given.service_cidr)?,
            lb_cidrs: self.nets(&given.lb_cidr)?,
            node_cidrs: self.nets(&given.node_cidr)?,
            outside: defaults.outside,
            addressing: defaults.addressing,
            pending: defaults.pending,
            add_dns: given.dns.unwrap_or(defaults.add_dns),
        })
    }

    fn nets(&self, given: &[Spanned<String>]) -> Result<Nets, ConfigError> {
        let mut nets = Nets::default();
        for word in given {
            let net: IpNet = word.get_ref().parse().map_err(|_| {
                let message = format!("`{}` is no range; write it as 10.0.0.0/16", word.get_ref());
                self.error(word.span().start, message)
            })?;
            let taken = match net.trunc() {
                IpNet::V4(net) => nets.v4.replace(net).is_some(),
                IpNet::V6(net) => nets.v6.replace(net).is_some(),
            };
            if taken {
                let message = "there is another range of this IP family before it".to_owned();
                return Err(self.error(word.span().start, message));
            }
        }
        Ok(nets)
    }
}
