//! Plain folders that claim the same objects are variants of each other: `dev/` and `prod/`.
//!
//! A folder tree is split at the highest folders that claim the same identities. What no variant claims goes with each of
//! them. Variants of the same name at several places (`web/dev` and `db/dev`) belong together.
use std::{
    collections::{BTreeMap, HashMap, HashSet},
    ffi::OsString,
    path::{Path, PathBuf},
};

/// One plain manifest.
#[derive(Clone, Copy, Debug)]
pub struct Member<'m> {
    /// Where it stands, seen from where the tree begins.
    pub path: &'m Path,
    /// The objects that it claims, as hashes of their identities.
    pub identities: &'m [u64],
    /// Whether it was named, so that it belongs to whatever else was.
    pub named: bool,
}

/// Manifests that belong together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Variant {
    /// The folder that makes the difference; `web/*/dev` where there are several. Of what is no variant of anything the
    /// deepest folder that holds all of it.
    pub root: PathBuf,
    /// The manifests, by their place among the members.
    pub members: Vec<usize>,
}

/// Splits a tree. Every member is in at least one of the results.
#[must_use]
pub fn variants(members: &[Member<'_>]) -> Vec<Variant> {
    if members.is_empty() {
        return Vec::new();
    }
    let mut tree = Node::default();
    for (nth, member) in members.iter().enumerate().filter(|(_, member)| !member.named) {
        let folders: Vec<OsString> =
            member.path.parent().into_iter().flat_map(Path::iter).map(OsString::from).collect();
        tree.insert(&folders, nth);
    }
    let Split { mut common, variants } = split(&tree, Path::new(""), members);
    common.extend((0..members.len()).filter(|nth| members[*nth].named));
    if variants.is_empty() {
        let root = shared_folder(members.iter().map(|member| member.path));
        return vec![Variant { root, members: (0..members.len()).collect() }];
    }
    let with_common = |(_, roots, mut own): (PathBuf, Vec<PathBuf>, Vec<usize>)| {
        own.extend(&common);
        own.sort_unstable();
        Variant { root: root_of(&roots), members: own }
    };
    variants.into_iter().map(with_common).collect()
}

#[derive(Default)]
struct Node {
    files: Vec<usize>,
    folders: BTreeMap<OsString, Node>,
}

impl Node {
    fn insert(&mut self, folders: &[OsString], member: usize) {
        match folders {
            [] => self.files.push(member),
            [first, rest @ ..] => self.folders.entry(first.clone()).or_default().insert(rest, member),
        }
    }

    fn all(&self) -> Vec<usize> {
        let mut all = self.files.clone();
        self.folders.values().for_each(|folder| all.extend(folder.all()));
        all
    }
}

/// What a folder comes to. A variant has its name (the folders below the one that was split), its roots, its members.
#[derive(Default)]
struct Split {
    common: Vec<usize>,
    variants: Vec<(PathBuf, Vec<PathBuf>, Vec<usize>)>,
}

fn split(node: &Node, at: &Path, members: &[Member<'_>]) -> Split {
    let everything = node.all();
    if node.folders.is_empty() || !claims_twice(&everything, members) {
        return Split { common: everything, variants: Vec::new() };
    }
    // The files of the folder itself are one group, each folder another.
    let mut groups: Vec<(Option<&OsString>, Vec<usize>)> = Vec::new();
    if !node.files.is_empty() {
        groups.push((None, node.files.clone()));
    }
    groups.extend(node.folders.iter().map(|(name, folder)| (Some(name), folder.all())));
    let mut rivals = Rivals::among(&groups.iter().map(|(_, group)| &**group).collect::<Vec<_>>(), members);
    let mut whole = Split::default();
    // What was found in one place, by the name of the variant: it is joined with the same name from other places.
    let join = |places: Vec<(PathBuf, Vec<PathBuf>, Vec<usize>)>, before: &mut Split| {
        let known = before.variants.len();
        for (name, roots, own) in places {
            match before.variants[..known].iter_mut().find(|(other, ..)| *other == name) {
                Some((_, other_roots, other_own)) => {
                    other_roots.extend(roots);
                    other_own.extend(own);
                }
                None => before.variants.push((name, roots, own)),
            }
        }
    };
    let mut components: BTreeMap<usize, Vec<usize>> = BTreeMap::new();
    (0..groups.len()).for_each(|nth| components.entry(rivals.leader(nth)).or_default().push(nth));
    for component in components.into_values() {
        let mut found = Vec::new();
        for nth in &component {
            let (name, group) = &groups[*nth];
            let is_rival = component.len() > 1;
            let Some(name) = name else {
                match is_rival {
                    true => found.push((PathBuf::from("."), vec![at.to_owned()], group.clone())),
                    false => whole.common.extend(group),
                }
                continue;
            };
            let folder = at.join(name);
            let inner = split(&node.folders[*name], &folder, members);
            if !is_rival {
                whole.common.extend(inner.common);
                found.extend(inner.variants);
            } else if inner.variants.is_empty() {
                found.push((PathBuf::from(name), vec![folder], inner.common));
            } else {
                found.extend(inner.variants.into_iter().map(|(below, roots, mut own)| {
                    own.extend(&inner.common);
                    (Path::new(name).join(below), roots, own)
                }));
            }
        }
        join(found, &mut whole);
    }
    whole
}

/// Whether two files claim the same object.
fn claims_twice(files: &[usize], members: &[Member<'_>]) -> bool {
    let mut seen: HashMap<u64, usize> = HashMap::new();
    files.iter().any(|file| {
        members[*file]
            .identities
            .iter()
            .any(|id| seen.insert(*id, *file).is_some_and(|before| before != *file))
    })
}

/// Which groups claim so much of the same that they cannot be applied together.
struct Rivals {
    leaders: Vec<usize>,
}

/// Objects that so many groups claim are compared with their neighbours only.
const CROWD: usize = 16;

impl Rivals {
    /// Two groups are rivals where at least half of what the smaller one claims is claimed by the other too: a single
    /// object that stands twice is a mistake, and makes no variant.
    fn among(groups: &[&[usize]], members: &[Member<'_>]) -> Self {
        let mut claimed: HashMap<u64, Vec<usize>> = HashMap::new();
        let mut sizes = vec![0_usize; groups.len()];
        for (nth, group) in groups.iter().enumerate() {
            let own: HashSet<u64> =
                group.iter().flat_map(|file| members[*file].identities).copied().collect();
            sizes[nth] = own.len();
            own.into_iter().for_each(|id| claimed.entry(id).or_default().push(nth));
        }
        let mut shared: HashMap<(usize, usize), usize> = HashMap::new();
        for claimants in claimed.values().filter(|claimants| claimants.len() > 1) {
            let reach = if claimants.len() > CROWD { 1 } else { claimants.len() };
            for (nth, first) in claimants.iter().enumerate() {
                for second in claimants[nth + 1..].iter().take(reach) {
                    *shared.entry((*first, *second)).or_default() += 1;
                }
            }
        }
        let mut rivals = Self { leaders: (0..groups.len()).collect() };
        for ((first, second), count) in shared {
            if count * 2 >= sizes[first].min(sizes[second]) {
                let (first, second) = (rivals.leader(first), rivals.leader(second));
                rivals.leaders[first.max(second)] = first.min(second);
            }
        }
        rivals
    }

    fn leader(&mut self, mut nth: usize) -> usize {
        while self.leaders[nth] != nth {
            nth = self.leaders[nth];
        }
        nth
    }
}

fn root_of(roots: &[PathBuf]) -> PathBuf {
    match roots {
        [only] => only.clone(),
        several => {
            let above = shared_folder(several.iter().map(PathBuf::as_path));
            let name = several.first().and_then(|root| root.file_name()).unwrap_or_default();
            above.join("*").join(name)
        }
    }
}

/// The deepest folder that holds all of some paths.
fn shared_folder<'p>(mut paths: impl Iterator<Item = &'p Path>) -> PathBuf {
    let Some(first) = paths.next().and_then(Path::parent) else { return PathBuf::new() };
    let mut shared = first.to_owned();
    for path in paths {
        while !path.parent().unwrap_or(path).starts_with(&shared) {
            if !shared.pop() {
                break;
            }
        }
    }
    shared
}

#[cfg(test)]
mod tests {
    use super::*;

    /// Files as `path: objects`, and the sets as `root: files`.
    fn check(files: &[(&str, &[u64])], expected: &[(&str, &[&str])]) {
        let members: Vec<Member<'_>> = files
            .iter()
            .map(|(path, identities)| Member {
                path: Path::new(path.trim_start_matches('!')),
                identities,
                named: path.starts_with('!'),
            })
            .collect();
        let found: Vec<(String, Vec<&str>)> = variants(&members)
            .into_iter()
            .map(|v| (v.root.to_string_lossy().into_owned(), v.members.iter().map(|m| files[*m].0).collect()))
            .collect();
        let expected: Vec<(String, Vec<&str>)> =
            expected.iter().map(|(root, files)| ((*root).to_owned(), files.to_vec())).collect();
        assert_eq!(found, expected);
    }

    #[test]
    fn what_claims_nothing_twice_is_one() {
        check(&[], &[]);
        check(&[("a/b/x.yaml", &[1]), ("a/b/c/y.yaml", &[2])], &[("a/b", &["a/b/x.yaml", "a/b/c/y.yaml"])]);
        check(&[("x.yaml", &[1]), ("y.yaml", &[1])], &[("", &["x.yaml", "y.yaml"])]);
        check(&[("a/x.yaml", &[])], &[("a", &["a/x.yaml"])]);
    }

    #[test]
    fn folders_that_claim_the_same_are_variants_and_share_the_rest() {
        check(
            &[
                ("k/common/ns.yaml", &[9]),
                ("k/dev/a.yaml", &[1, 2]),
                ("k/dev/debug.yaml", &[7]),
                ("k/prod/a.yaml", &[1, 2]),
                ("k/readme.yaml", &[]),
            ],
            &[
                ("k/dev", &["k/common/ns.yaml", "k/dev/a.yaml", "k/dev/debug.yaml", "k/readme.yaml"]),
                ("k/prod", &["k/common/ns.yaml", "k/prod/a.yaml", "k/readme.yaml"]),
            ],
        );
        // The files of a folder and those of one below it.
        check(
            &[("a.yaml", &[1]), ("prod/a.yaml", &[1]), ("other/b.yaml", &[2])],
            &[("", &["a.yaml", "other/b.yaml"]), ("prod", &["prod/a.yaml", "other/b.yaml"])],
        );
    }

    #[test]
    fn variants_of_one_name_belong_together() {
        check(
            &[
                ("db/dev/d.yaml", &[1]),
                ("db/prod/d.yaml", &[1]),
                ("web/dev/w.yaml", &[2]),
                ("web/prod/w.yaml", &[2]),
                ("web/svc.yaml", &[3]),
            ],
            &[
                ("*/dev", &["db/dev/d.yaml", "web/dev/w.yaml", "web/svc.yaml"]),
                ("*/prod", &["db/prod/d.yaml", "web/prod/w.yaml", "web/svc.yaml"]),
            ],
        );
        check(
            &[
                ("prod/eu/a.yaml", &[1]),
                ("prod/us/a.yaml", &[1]),
                ("prod/all.yaml", &[2]),
                ("dev/a.yaml", &[1, 2]),
            ],
            &[
                ("dev", &["dev/a.yaml"]),
                ("prod/eu", &["prod/eu/a.yaml", "prod/all.yaml"]),
                ("prod/us", &["prod/us/a.yaml", "prod/all.yaml"]),
            ],
        );
    }

    #[test]
    fn one_object_given_twice_makes_no_variants() {
        let all: &[&str] = &["app/a.yaml", "policies/p.yaml"];
        check(&[("app/a.yaml", &[1, 2, 3]), ("policies/p.yaml", &[3, 4, 5])], &[("", all)]);
    }

    #[test]
    fn what_is_named_goes_with_each() {
        check(
            &[("!base.yaml", &[1]), ("0/dev/a.yaml", &[1]), ("0/prod/a.yaml", &[1])],
            &[("0/dev", &["!base.yaml", "0/dev/a.yaml"]), ("0/prod", &["!base.yaml", "0/prod/a.yaml"])],
        );
        check(&[("!a.yaml", &[1]), ("!b/a.yaml", &[1])], &[("", &["!a.yaml", "!b/a.yaml"])]);
    }

    #[test]
    fn many_variants_are_told_apart() {
        let paths: Vec<String> = (0..40).map(|nth| format!("v{nth:02}/a.yaml")).collect();
        let files: Vec<(&str, &[u64])> = paths.iter().map(|path| (&**path, &[1_u64][..])).collect();
        let members: Vec<Member<'_>> = files
            .iter()
            .map(|(path, identities)| Member { path: Path::new(path), identities, named: false })
            .collect();
        assert_eq!(variants(&members).len(), 40);
    }
}
