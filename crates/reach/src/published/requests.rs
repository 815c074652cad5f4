//! Which requests lead to a backend: hosts and paths, and which of several rules is taken.

/// How hosts with a wildcard are meant, and which rule goes first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Dialect {
    /// `*` stands for one label; the longest path goes first, an exact one before a prefix.
    Ingress,
    /// `*` stands for one label or more; an exact path goes first, then the longest prefix.
    Gateway,
    /// `*` stands for any beginning; the first route of a host goes first.
    Istio,
}

/// Paths that are asked for.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum PathAsk {
    /// Every one.
    Any,
    /// Just this one.
    Exact(String),
    /// Those that begin with the same elements: `/a` is for `/a` and `/a/b`, and not for `/ab`.
    Elements(String),
    /// Those that begin with the same text.
    Start(String),
    /// Those that fit a regular expression: taken to be those that begin as it does.
    Pattern(String),
}

/// One alternative of a rule.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Ask {
    /// The paths.
    pub path: PathAsk,
    /// What it asks for beside, which an address does not say: `header x`, `method POST`.
    pub more: Vec<String>,
}

/// The requests that lead to a backend, and the Service that is named for them.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Routed {
    /// How the hosts are meant.
    pub dialect: Dialect,
    /// The hosts; every host where there is none.
    pub hosts: Vec<String>,
    /// What leads here, any of it.
    pub asks: Vec<Ask>,
    /// The place of the rule in its object: backends of one rule share its requests.
    pub rule: usize,
    /// Whether it is for what no rule takes.
    pub fallback: bool,
    /// Namespace and name of the Service.
    pub service: (String, String),
    /// Its port, by number or by name, where one is said.
    pub port: Option<String>,
}

/// Which of several rules takes a request: the greatest. How the host is said, how long that is, and likewise of the
/// path.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub struct Rank {
    rules: bool,
    host: (u8, usize),
    path: (usize, usize),
}

impl Routed {
    /// Whether it is for a host at all.
    #[must_use]
    pub fn is_for_host(&self, host: &str) -> bool {
        self.host_rank(host).is_some()
    }

    /// How it takes a request for a host and a path that says nothing beside; none where it does not.
    #[must_use]
    pub fn rank(&self, host: &str, path: &str) -> Option<Rank> {
        let own = self.host_rank(host)?;
        let paths = self.asks.iter().filter(|ask| ask.more.is_empty());
        let path = match self.dialect {
            Dialect::Istio => {
                let takes = paths.clone().any(|ask| ask.path.length_for(path).is_some());
                // Of one host the first route goes first.
                takes.then_some((usize::MAX - self.rule, 0))
            }
            Dialect::Ingress => {
                paths.filter_map(|ask| Some((ask.path.length_for(path)?, ask.path.is_exact()))).max()
            }
            Dialect::Gateway => {
                paths.filter_map(|ask| Some((ask.path.is_exact(), ask.path.length_for(path)?))).max()
            }
        }?;
        Some(Rank { rules: !self.fallback, host: own, path })
    }

    /// How it is for a host: a controller goes by the hosts before it goes by paths.
    pub(crate) fn host_rank(&self, host: &str) -> Option<(u8, usize)> {
        if self.hosts.is_empty() {
            return Some((0, 0));
        }
        self.hosts.iter().filter_map(|pattern| self.dialect.host_rank(pattern, host)).max()
    }
}

impl Dialect {
    /// How a pattern takes a host: exactly, by a wildcard, or as any other.
    fn host_rank(self, pattern: &str, host: &str) -> Option<(u8, usize)> {
        let (pattern, host) = (pattern.to_ascii_lowercase(), host.to_ascii_lowercase());
        if pattern == "*" {
            return Some((0, 0));
        }
        let Some(suffix) = pattern.strip_prefix('*') else {
            return (pattern == host).then_some((2, pattern.len()));
        };
        let front = host.strip_suffix(suffix).filter(|front| !front.is_empty())?;
        let fits = match self {
            Self::Ingress => !front.contains('.'),
            Self::Gateway | Self::Istio => true,
        };
        fits.then_some((1, pattern.len()))
    }

    /// Whether a host is one of a pattern's.
    pub(crate) fn covers(self, pattern: &str, host: &str) -> bool {
        self.host_rank(pattern, host).is_some()
    }
}

impl PathAsk {
    fn is_exact(&self) -> usize {
        usize::from(matches!(self, Self::Exact(_)))
    }

    /// How much of a path it names, where it is for the path.
    fn length_for(&self, path: &str) -> Option<usize> {
        match self {
            Self::Any => Some(0),
            Self::Exact(own) => (own == path).then_some(own.len()),
            Self::Elements(own) => {
                let own = own.trim_end_matches('/');
                let rest = path.strip_prefix(own)?;
                (rest.is_empty() || rest.starts_with('/')).then_some(own.len())
            }
            Self::Start(own) => path.starts_with(own.as_str()).then_some(own.len()),
            Self::Pattern(own) => {
                let own = own.trim_start_matches('^');
                let end = own.find(|c: char| !(c.is_ascii_alphanumeric() || "/-_~".contains(c)));
                // What stands before `?` or `*` need not be there.
                let literal = match end {
                    Some(end) if own[end..].starts_with(['?', '*', '{']) => &own[..end.saturating_sub(1)],
                    Some(end) => &own[..end],
                    None => own,
                };
                path.starts_with(literal).then_some(literal.len())
            }
        }
    }

    /// In words.
    #[must_use]
    pub fn shown(&self) -> String {
        match self {
            Self::Any => "every path".to_owned(),
            Self::Exact(path) => format!("{path} alone"),
            Self::Elements(path) | Self::Start(path) => path.clone(),
            Self::Pattern(path) => format!("the regular expression {path}"),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn routed(dialect: Dialect, host: &str, path: PathAsk, rule: usize) -> Routed {
        let hosts = if host.is_empty() { Vec::new() } else { vec![host.to_owned()] };
        let asks = vec![Ask { path, more: Vec::new() }];
        let service = (String::new(), String::new());
        Routed { dialect, hosts, asks, rule, fallback: false, service, port: None }
    }

    #[test]
    fn wildcards_are_each_dialects_own() {
        for (dialect, pattern, host, takes) in [
            (Dialect::Ingress, "*.a.example", "b.a.example", true),
            (Dialect::Ingress, "*.a.example", "c.b.a.example", false),
            (Dialect::Ingress, "*.a.example", "a.example", false),
            (Dialect::Gateway, "*.a.example", "c.b.a.example", true),
            (Dialect::Gateway, "*.a.example", "a.example", false),
            (Dialect::Istio, "*.a.example", "c.b.a.example", true),
            (Dialect::Istio, "*", "a.example", true),
            (Dialect::Gateway, "A.Example", "a.example", true),
            (Dialect::Gateway, "a.example", "b.example", false),
        ] {
            assert_eq!(dialect.covers(pattern, host), takes, "{dialect:?} {pattern} {host}");
        }
    }

    #[test]
    fn paths_are_taken_as_their_type_says() {
        for (path, asked, takes) in [
            (PathAsk::Any, "/x", true),
            (PathAsk::Exact("/a".into()), "/a", true),
            (PathAsk::Exact("/a".into()), "/a/", false),
            (PathAsk::Elements("/a".into()), "/a/b", true),
            (PathAsk::Elements("/a/".into()), "/a", true),
            (PathAsk::Elements("/a".into()), "/ab", false),
            (PathAsk::Elements("/".into()), "/ab", true),
            (PathAsk::Start("/a".into()), "/ab", true),
            (PathAsk::Start("/a/".into()), "/a", false),
            (PathAsk::Pattern("/a(/|$)(.*)".into()), "/a/b", true),
            (PathAsk::Pattern("/ab?c".into()), "/ac", true),
            (PathAsk::Pattern("/b/.*".into()), "/a", false),
        ] {
            assert_eq!(path.length_for(asked).is_some(), takes, "{path:?} {asked}");
        }
    }

    #[test]
    fn the_right_one_of_several_rules_goes_first() {
        let elements = |path: &str| PathAsk::Elements(path.to_owned());
        let exact = |path: &str| PathAsk::Exact(path.to_owned());
        for (dialect, rules, path, first) in [
            (Dialect::Ingress, [("a.example", elements("/")), ("*.example", elements("/a"))], "/a", 0),
            (Dialect::Ingress, [("", elements("/a/b")), ("a.example", elements("/a"))], "/a/b", 1),
            (Dialect::Ingress, [("a.example", elements("/a")), ("a.example", elements("/a/b"))], "/a/b/c", 1),
            (Dialect::Ingress, [("a.example", elements("/a")), ("a.example", exact("/a"))], "/a", 1),
            (Dialect::Gateway, [("a.example", elements("/a/b")), ("a.example", exact("/a/b"))], "/a/b", 1),
            (Dialect::Istio, [("a.example", elements("/a")), ("a.example", exact("/a/b"))], "/a/b", 0),
        ] {
            let ranks: Vec<_> = rules
                .into_iter()
                .enumerate()
                .map(|(nth, (host, ask))| routed(dialect, host, ask, nth).rank("a.example", path))
                .collect();
            let best = (0..2).max_by_key(|nth| (ranks[*nth], std::cmp::Reverse(*nth))).unwrap();
            assert_eq!(best, first, "{dialect:?} {path} {ranks:?}");
        }
    }

    #[test]
    fn what_a_rule_asks_beside_is_not_in_an_address() {
        let mut asks = routed(Dialect::Gateway, "a.example", PathAsk::Any, 0);
        asks.asks[0].more.push("header x".to_owned());
        assert!(asks.is_for_host("a.example"));
        assert_eq!(asks.rank("a.example", "/"), None);
    }
}
