//! All objects of the input together.
use std::{
    collections::{BTreeMap, HashMap},
    hash::{BuildHasher as _, BuildHasherDefault, Hash, Hasher, RandomState},
    path::PathBuf,
    sync::{Arc, OnceLock},
};

use crate::{
    Cause, Diagnostic, FileName, Object, ObjectRef, ReadError, Severity, Source, parse_sources, read_sources,
};

/// One source with what was found in it.
#[derive(Clone, Debug)]
pub struct ParsedSource {
    /// The file.
    pub source: Source,
    /// Its objects in order.
    pub objects: Vec<Arc<Object>>,
    /// What is wrong with it, in order.
    pub diagnostics: Vec<Diagnostic>,
    /// The hash of each object's identity, taken once however often the set is put together.
    hashes: Vec<u64>,
}

impl ParsedSource {
    pub(crate) fn new(source: Source, objects: Vec<Arc<Object>>, diagnostics: Vec<Diagnostic>) -> Self {
        let hashes = objects.iter().map(|object| hash(object)).collect();
        Self { source, objects, diagnostics, hashes }
    }

    /// Its objects, each with the hash of its identity: the same for the same group, kind, namespace and name, for as long as
    /// this process runs.
    pub fn identities(&self) -> impl Iterator<Item = (u64, &Arc<Object>)> {
        self.hashes.iter().copied().zip(&self.objects)
    }

    /// The same with objects that name no namespace in this one, as `kubectl apply -n` puts them there; with `over` also
    /// those that name another one.
    #[must_use]
    pub fn in_namespace(&self, namespace: &str, over: bool) -> Self {
        let placed = |object: &Arc<Object>| match object.placed(namespace, over) {
            Some(placed) => Arc::new(placed),
            None => object.clone(),
        };
        let objects = self.objects.iter().map(placed).collect();
        Self::new(self.source.clone(), objects, self.diagnostics.clone())
    }

    /// Whether it is a file of another program: nothing in it is an object, or was meant as one.
    #[must_use]
    pub fn is_foreign(&self) -> bool {
        self.objects.is_empty() && self.diagnostics.iter().any(|d| d.cause == Cause::Foreign)
    }
}

/// All objects of the input, with the findings that need more than one of them.
#[derive(Clone, Debug, Default)]
pub struct ObjectSet {
    /// The sources in order.
    pub sources: Vec<Arc<ParsedSource>>,
    /// Findings about several sources together.
    pub set_diagnostics: Vec<Diagnostic>,
    objects: Vec<Arc<Object>>,
}

/// A set with earlier forms of some objects.
#[derive(Clone, Debug)]
pub struct Earlier {
    /// The set.
    pub set: ObjectSet,
    /// The forms in it that another one replaces.
    pub forms: Vec<Arc<ObjectRef>>,
}

/// So many forms of one object are looked at.
const MAX_FORMS: usize = 16;

/// What makes two objects the same one to the API server: group, kind, namespace, name.
type Identity<'o> = (&'o str, &'o str, Option<&'o str>, &'o str);

/// An object as a key: looked into only where the hashes are the same.
struct Hashed<'o>(u64, &'o Object);

impl PartialEq for Hashed<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.0 == other.0 && identity(self.1) == identity(other.1)
    }
}

impl Eq for Hashed<'_> {}

impl Hash for Hashed<'_> {
    fn hash<H: Hasher>(&self, state: &mut H) {
        state.write_u64(self.0);
    }
}

/// Takes a hash as it is.
#[derive(Default)]
struct AsItIs(u64);

impl Hasher for AsItIs {
    fn write(&mut self, bytes: &[u8]) {
        bytes.iter().for_each(|byte| self.0 = self.0.rotate_left(8) ^ u64::from(*byte));
    }

    fn write_u64(&mut self, hash: u64) {
        self.0 = hash;
    }

    fn finish(&self) -> u64 {
        self.0
    }
}

/// The hash of an identity; its key is a secret of this process.
fn hash(object: &Object) -> u64 {
    static SECRET: OnceLock<RandomState> = OnceLock::new();
    SECRET.get_or_init(RandomState::new).hash_one(identity(object))
}

impl ObjectSet {
    /// Reads and parses files, folders and standard input.
    ///
    /// # Errors
    /// As [`read_sources`]; what is wrong inside the files is in [`Self::diagnostics`].
    pub fn load(paths: &[PathBuf]) -> Result<Self, ReadError> {
        Ok(Self::assemble(parse_sources(&read_sources(paths)?)))
    }

    /// Sources of several sets, with all that stands in them: an object that several sets have in sources of their own
    /// stands as often.
    #[must_use]
    pub fn of_several(sources: Vec<Arc<ParsedSource>>) -> Self {
        let objects = sources.iter().flat_map(|source| &source.objects).cloned().collect();
        Self { sources, set_diagnostics: Vec::new(), objects }
    }

    /// Puts parsed sources together. Of an object that is given twice the later one is taken, with a warning.
    #[must_use]
    #[allow(clippy::mutable_key_type, reason = "an object is hashed by its identity, which never changes")]
    pub fn assemble(sources: Vec<Arc<ParsedSource>>) -> Self {
        let all: Vec<&Arc<Object>> = sources.iter().flat_map(|s| &s.objects).collect();
        let hashes = sources.iter().flat_map(|s| &s.hashes);
        let mut last: HashMap<Hashed<'_>, usize, BuildHasherDefault<AsItIs>> =
            HashMap::with_capacity_and_hasher(all.len(), BuildHasherDefault::default());
        let mut replaced = vec![false; all.len()];
        let mut twice: Vec<(usize, usize)> = Vec::new();
        for (index, (object, hash)) in all.iter().zip(hashes).enumerate() {
            if let Some(earlier) = last.insert(Hashed(*hash, object), index) {
                replaced[earlier] = true;
                twice.push((earlier, index));
            }
        }
        let set_diagnostics = given_twice(&all, &twice);
        let objects = all.iter().zip(&replaced).filter(|(_, r)| !**r).map(|(o, _)| Arc::clone(o)).collect();
        Self { sources, set_diagnostics, objects }
    }

    /// The objects in order. Of those with the same kind, namespace and name only the last.
    pub fn objects(&self) -> impl Iterator<Item = &Arc<Object>> {
        self.objects.iter()
    }

    /// The sets with earlier forms of the objects that are given several times: with the first ones, with the second
    /// ones, and so on up to the last but one. Forms that say the same as the one that is taken are left out, and so
    /// are those behind the [`MAX_FORMS`]th.
    #[must_use]
    #[allow(clippy::mutable_key_type, reason = "an object is hashed by its identity, which never changes")]
    pub fn earlier(&self) -> Vec<Earlier> {
        if self.set_diagnostics.is_empty() {
            return Vec::new();
        }
        let all: Vec<&Arc<Object>> = self.sources.iter().flat_map(|s| &s.objects).collect();
        let hashes = self.sources.iter().flat_map(|s| &s.hashes);
        let mut forms: HashMap<Hashed<'_>, Vec<usize>, BuildHasherDefault<AsItIs>> = HashMap::default();
        for (index, (object, hash)) in all.iter().zip(hashes).enumerate() {
            forms.entry(Hashed(*hash, object)).or_default().push(index);
        }
        let mut several: Vec<Vec<usize>> = forms.into_values().filter(|forms| forms.len() > 1).collect();
        for forms in &mut several {
            let Some(last) = forms.pop() else { continue };
            forms.retain(|form| all[*form].typed != all[last].typed);
            forms.truncate(MAX_FORMS);
            forms.push(last);
        }
        let most = several.iter().map(Vec::len).max().unwrap_or_default();
        (0..most.saturating_sub(1)).map(|nth| self.with_forms(&all, &several, nth)).collect()
    }

    /// The set in which the `nth` form stands in the place of the last, where there are so many.
    fn with_forms(&self, all: &[&Arc<Object>], several: &[Vec<usize>], nth: usize) -> Earlier {
        let mut in_place: HashMap<*const Object, &Arc<Object>> = HashMap::new();
        for forms in several {
            if let (Some(form), Some(last)) = (forms.get(nth).filter(|_| nth + 1 < forms.len()), forms.last())
            {
                in_place.insert(Arc::as_ptr(all[*last]), all[*form]);
            }
        }
        let placed = |object: &Arc<Object>| Arc::clone(in_place.get(&Arc::as_ptr(object)).unwrap_or(&object));
        let objects = self.objects.iter().map(placed).collect();
        let forms = in_place.values().map(|form| form.reference.clone()).collect();
        let set = Self { sources: self.sources.clone(), set_diagnostics: Vec::new(), objects };
        Earlier { set, forms }
    }

    /// All findings, source by source, then those of the set.
    pub fn diagnostics(&self) -> impl Iterator<Item = &Diagnostic> {
        self.sources.iter().flat_map(|s| &s.diagnostics).chain(&self.set_diagnostics)
    }

    /// Whether a finding is an error.
    #[must_use]
    pub fn has_errors(&self) -> bool {
        self.diagnostics().any(|d| d.severity == Severity::Error)
    }

    /// How many objects there are of each kind that is only kept, by apiVersion and kind.
    #[must_use]
    pub fn other_kinds(&self) -> BTreeMap<(Arc<str>, Arc<str>), usize> {
        let mut counts = BTreeMap::new();
        for object in self.objects().filter(|o| !o.typed.is_known()) {
            *counts.entry((object.api_version.clone(), object.kind.clone())).or_default() += 1;
        }
        counts
    }

    /// The findings as people read them.
    #[must_use]
    pub fn render(&self, color: bool) -> String {
        let sources: Vec<Source> = self.sources.iter().map(|s| s.source.clone()).collect();
        let diagnostics: Vec<Diagnostic> = self.diagnostics().cloned().collect();
        crate::render(&diagnostics, &sources, color)
    }
}

fn identity(object: &Object) -> Identity<'_> {
    (object.group(), &object.kind, object.reference.namespace.as_deref(), &object.name)
}

/// A finding for each object that a source gives twice, and one for all that two sources have in common.
fn given_twice(all: &[&Arc<Object>], twice: &[(usize, usize)]) -> Vec<Diagnostic> {
    let mut pairs: HashMap<(&FileName, &FileName), usize> = HashMap::new();
    let mut found: Vec<(Diagnostic, usize)> = Vec::new();
    for (earlier, later) in twice.iter().map(|(earlier, later)| (all[*earlier], all[*later])) {
        let files = (&earlier.source().name, &later.source().name);
        match pairs.get(&files).filter(|_| files.0 != files.1) {
            Some(first) => found[*first].1 += 1,
            None => {
                pairs.insert(files, found.len());
                found.push((once_more(earlier, later), 1));
            }
        }
    }
    let several = |(mut diagnostic, count): (Diagnostic, usize)| {
        if count > 1 {
            let file = diagnostic.related.first().map(|(at, _)| at.file.to_string()).unwrap_or_default();
            let more = count - 1;
            let objects = if more == 1 { "object" } else { "objects" };
            diagnostic.message =
                format!("{}, and so are {more} more {objects} of {file}", diagnostic.message);
            diagnostic.help = Some(
                "two files with the same objects are mostly variants: put them into two folders, or check one at a time".into(),
            );
        }
        diagnostic
    };
    found.into_iter().map(several).collect()
}

fn once_more(earlier: &Object, later: &Object) -> Diagnostic {
    let at = later.locate("metadata.name");
    let where_in = match &later.reference.namespace {
        Some(namespace) => format!("{namespace}/{}", later.name),
        None => later.name.to_string(),
    };
    Diagnostic {
        severity: Severity::Warning,
        cause: Cause::GivenTwice,
        message: format!("{} {where_in} is given twice; this one is taken", later.kind),
        end: (at.line, at.column),
        at,
        help: Some(
            "applied one after the other the second would replace the first; keep one, or rename one".into(),
        ),
        related: vec![(earlier.locate("metadata.name"), "first here".into())],
        repair: None,
    }
}
