//! Puts together what is deployed together: configured sets, what GitOps objects claim, packages that nothing else uses,
//! and what is left of plain manifests.
use std::{
    collections::{BTreeMap, BTreeSet},
    fmt, fs,
    path::{Path, PathBuf},
    sync::Arc,
};

use globset::{Glob, GlobMatcher};
use netloom_objects::{ObjectRef, Packaging, ReadError};

use crate::{
    build::{Build, Given},
    gitops::{Claim, Found},
    package::Package,
    survey::{Plain, Survey},
    variants::Variant,
};

/// The name of a set, the same for the same set of another revision.
pub type SetId = String;

/// What makes a set.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum How {
    /// Plain manifests.
    Plain,
    /// A kustomization that no other one uses.
    Kustomization,
    /// A chart.
    Chart,
    /// An Application, ApplicationSet, Kustomization or HelmRelease.
    GitOps(Arc<ObjectRef>),
    /// `[[set]]` of netloom.toml.
    Configured,
}

/// One thing that a set is made of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub enum Part {
    /// A manifest, read as it is.
    File(PathBuf),
    /// What a program makes manifests of.
    Built(Build),
}

/// What is deployed together.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Set {
    /// Its name, seen from the path that was named.
    pub name: SetId,
    /// The folder that it is made of.
    pub root: PathBuf,
    /// What makes it one.
    pub how: How,
    /// What it is made of, in order.
    pub parts: Vec<Part>,
    /// What is given to its plain manifests.
    pub given: Given,
}

impl Set {
    /// What programs make manifests of.
    pub fn builds(&self) -> impl Iterator<Item = &Build> {
        self.parts.iter().filter_map(|part| match part {
            Part::Built(build) => Some(build),
            Part::File(_) => None,
        })
    }

    /// The manifests that are read as they are.
    pub fn files(&self) -> impl Iterator<Item = &PathBuf> {
        self.parts.iter().filter_map(|part| match part {
            Part::File(file) => Some(file),
            Part::Built(_) => None,
        })
    }
}

impl fmt::Display for How {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Self::Plain => f.write_str("plain manifests"),
            Self::Kustomization => f.write_str("kustomization"),
            Self::Chart => f.write_str("chart"),
            Self::GitOps(by) => write!(f, "{} {}", by.kind, by.name),
            Self::Configured => f.write_str("netloom.toml"),
        }
    }
}

/// A `[[set]]` of netloom.toml.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Configured {
    /// Its name, where one is given.
    pub name: Option<String>,
    /// What it is made of.
    pub paths: Vec<PathBuf>,
    /// What is given to it.
    pub given: Given,
}

/// The sets of a survey, as far as they are known.
#[derive(Clone, Debug)]
pub struct Arrangement {
    survey: Survey,
    given: Given,
    sets: Vec<Set>,
    /// Folders and files that a set is made of already, with all links followed.
    taken: BTreeSet<PathBuf>,
    claims: Vec<Claim>,
}

impl Arrangement {
    /// Begins with the sets that are configured. `given` is given to every set that says nothing else.
    ///
    /// # Errors
    /// When a configured path cannot be read.
    pub fn new(survey: Survey, configured: &[Configured], given: Given) -> Result<Self, ReadError> {
        let mut arrangement =
            Self { survey, given, sets: Vec::new(), taken: BTreeSet::new(), claims: Vec::new() };
        for wanted in configured {
            arrangement.configured(wanted)?;
        }
        Ok(arrangement)
    }

    fn configured(&mut self, wanted: &Configured) -> Result<(), ReadError> {
        let given = wanted.given.clone().over(&self.given);
        let mut parts = Vec::new();
        for path in &wanted.paths {
            let found = Found {
                folder: path.clone(),
                recurse: true,
                include: None,
                exclude: None,
                given: given.clone(),
            };
            parts.extend(self.parts(&found)?);
        }
        let root = wanted.paths.first().cloned().unwrap_or_default();
        let shown = || {
            let files: Vec<_> = wanted.given.values.iter().filter_map(|file| file.file_name()).collect();
            let files: Vec<_> = files.iter().map(|name| name.to_string_lossy()).collect();
            let path = self.label(&root);
            if files.is_empty() { path } else { format!("{path} ({})", files.join(", ")) }
        };
        let name = wanted.name.clone().unwrap_or_else(shown);
        self.sets.push(Set { name, root, how: How::Configured, parts, given });
        Ok(())
    }

    /// Takes what a GitOps object claims. False where that is known already.
    ///
    /// # Errors
    /// When a folder cannot be read.
    pub fn claim(&mut self, claim: Claim) -> Result<bool, ReadError> {
        if self.claims.contains(&claim) {
            return Ok(false);
        }
        let mut parts = Vec::new();
        for found in &claim.sources {
            let found = Found { given: found.given.clone().over(&self.given), ..found.clone() };
            parts.extend(self.parts(&found)?);
        }
        let first = claim.sources.first();
        self.sets.push(Set {
            name: claim.name.clone(),
            root: first.map(|found| found.folder.clone()).unwrap_or_default(),
            how: How::GitOps(claim.by.clone()),
            parts,
            given: first.map(|found| found.given.clone().over(&self.given)).unwrap_or_default(),
        });
        self.claims.push(claim);
        Ok(true)
    }

    /// What a folder or a file comes to; it is taken then.
    fn parts(&mut self, found: &Found) -> Result<Vec<Part>, ReadError> {
        self.take(&found.folder);
        if found.folder.is_file() {
            return Ok(vec![Part::File(found.folder.clone())]);
        }
        if let Some(package) = Package::of(&found.folder, true) {
            return Ok(vec![Part::Built(built(&package, &found.given))]);
        }
        let inner = Survey::of(std::slice::from_ref(&found.folder))?;
        let (include, exclude) = (pattern(&found.include), pattern(&found.exclude));
        let is_wanted = |path: &Path| {
            let below = path.strip_prefix(&found.folder).unwrap_or(path);
            (found.recurse || below.components().count() == 1)
                && include.as_ref().is_none_or(|glob| glob.is_match(below))
                && !exclude.as_ref().is_some_and(|glob| glob.is_match(below))
        };
        let files = inner.plain.iter().filter(|plain| is_wanted(&plain.path));
        let mut parts: Vec<Part> = files.map(|plain| Part::File(plain.path.clone())).collect();
        if found.recurse {
            let tops = inner.tops().into_iter();
            parts.extend(tops.map(|top| Part::Built(built(&top.package, &found.given))));
        }
        for part in &parts {
            match part {
                Part::File(path) => self.take(path),
                Part::Built(build) => self.take(&build.folder),
            }
        }
        Ok(parts)
    }

    fn take(&mut self, path: &Path) {
        self.taken.insert(fs::canonicalize(path).unwrap_or_else(|_| path.to_owned()));
    }

    /// What there is at the paths.
    #[must_use]
    pub fn survey(&self) -> &Survey {
        &self.survey
    }

    /// The sets as far as they are known, but for those of plain manifests that nothing claims.
    #[must_use]
    pub fn built(&self) -> Vec<Set> {
        let free = self.survey.tops().into_iter().filter(|top| !self.taken.contains(&top.real));
        let own = free.map(|top| &top.package).map(|package| Set {
            name: self.label(&package.folder),
            root: package.folder.clone(),
            how: match package.role.packaging() {
                Packaging::Kustomization => How::Kustomization,
                Packaging::Chart => How::Chart,
            },
            parts: vec![Part::Built(built(package, &self.given))],
            given: self.given.clone(),
        });
        self.sets.iter().cloned().chain(own).collect()
    }

    /// The plain manifests that nothing claims.
    pub fn rest(&self) -> impl Iterator<Item = &Plain> {
        self.survey.plain.iter().filter(|plain| !self.taken.contains(&plain.real))
    }

    /// Where a plain manifest stands for [`crate::variants`]: below the path that led to it.
    #[must_use]
    pub fn place(&self, plain: &Plain) -> PathBuf {
        let named = &self.survey.paths[plain.nth];
        let below =
            if plain.named { &plain.path } else { plain.path.strip_prefix(named).unwrap_or(&plain.path) };
        match self.survey.paths.len() {
            1 => below.to_owned(),
            _ => Path::new(&plain.nth.to_string()).join(below),
        }
    }

    /// All sets: those that are known, and the variants of the rest. Names are unique then.
    #[must_use]
    pub fn finish(&self, rest: &[&Plain], variants: &[Variant]) -> Vec<Set> {
        let mut sets = self.built();
        for variant in variants {
            let root = self.named_root(rest, variant);
            let files = variant.members.iter().map(|nth| Part::File(rest[*nth].path.clone()));
            sets.push(Set {
                name: self.label(&root),
                root,
                how: How::Plain,
                parts: files.collect(),
                given: self.given.clone(),
            });
        }
        sets.sort_by(|a, b| (&a.root, &a.name).cmp(&(&b.root, &b.name)));
        unique(&mut sets);
        sets
    }

    /// The root of a variant, as it is named.
    fn named_root(&self, rest: &[&Plain], variant: &Variant) -> PathBuf {
        let paths = &self.survey.paths;
        if let [only] = paths.as_slice() {
            return if only.is_dir() { clean(&only.join(&variant.root)) } else { only.clone() };
        }
        let mut steps = variant.root.components();
        let nth = steps.next().and_then(|step| step.as_os_str().to_str()?.parse::<usize>().ok());
        match nth.and_then(|nth| paths.get(nth)) {
            Some(path) if path.is_dir() => clean(&path.join(steps.as_path())),
            Some(path) => path.clone(),
            // Of several paths together.
            None => {
                let named: BTreeSet<usize> = variant.members.iter().map(|nth| rest[*nth].nth).collect();
                let named: Vec<String> = named.iter().map(|nth| paths[*nth].display().to_string()).collect();
                PathBuf::from(named.join(" "))
            }
        }
    }

    /// A path seen from the one that was named; `.` for that itself.
    fn label(&self, path: &Path) -> SetId {
        let from_here = |path: &Path| {
            let text = path.to_string_lossy();
            text.strip_prefix("./").unwrap_or(&text).to_owned()
        };
        match self.survey.paths.as_slice() {
            [only] => match path.strip_prefix(only) {
                Ok(below) if below.as_os_str().is_empty() => ".".to_owned(),
                Ok(below) => from_here(below),
                Err(_) => from_here(path),
            },
            _ => from_here(path),
        }
    }
}

fn clean(path: &Path) -> PathBuf {
    path.components().collect()
}

fn built(package: &Package, given: &Given) -> Build {
    let mut given = given.clone();
    if package.role.packaging() == Packaging::Kustomization {
        // What only a chart takes makes no other build of a kustomization.
        given.values.clear();
        given.inline_values = None;
        given.set_values.clear();
        given.release = None;
        given.kube_version = None;
    }
    Build::new(package.role.packaging(), package.folder.clone(), given)
}

fn pattern(glob: &Option<String>) -> Option<GlobMatcher> {
    Glob::new(glob.as_deref()?).ok().map(|glob| glob.compile_matcher())
}

/// Sets of the same name get their roots behind it, and numbers where that is not enough.
fn unique(sets: &mut [Set]) {
    let mut counts: BTreeMap<SetId, usize> = BTreeMap::new();
    sets.iter().for_each(|set| *counts.entry(set.name.clone()).or_default() += 1);
    let mut seen: BTreeMap<SetId, usize> = BTreeMap::new();
    for set in sets {
        if counts.get(&set.name).is_some_and(|count| *count > 1) {
            let shown = set.root.to_string_lossy();
            set.name = format!("{} ({})", set.name, shown.strip_prefix("./").unwrap_or(&shown));
        }
        let count = seen.entry(set.name.clone()).or_default();
        *count += 1;
        if *count > 1 {
            set.name = format!("{} #{count}", set.name);
        }
    }
}
