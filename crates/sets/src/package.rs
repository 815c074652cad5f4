//! What a folder is for a program that makes manifests of it, and what goes into it.
use std::path::{Path, PathBuf};

use netloom_objects::{Object, Packaging, parse_source, read_source, seen_from};

/// What a folder is for.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub enum Role {
    /// `kustomize build` makes manifests of it.
    Kustomization,
    /// A kustomization that others use, and that cannot be built alone.
    Component,
    /// `helm template` makes manifests of it.
    Chart,
    /// A chart that others use, and that has no manifests of its own.
    Library,
}

impl Role {
    /// The program that reads it.
    #[must_use]
    pub const fn packaging(self) -> Packaging {
        match self {
            Self::Kustomization | Self::Component => Packaging::Kustomization,
            Self::Chart | Self::Library => Packaging::Chart,
        }
    }

    /// Whether it can be deployed by itself.
    #[must_use]
    pub const fn is_whole(self) -> bool {
        matches!(self, Self::Kustomization | Self::Chart)
    }
}

/// A folder that a program makes manifests of.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Package {
    /// The folder, as it is named or found.
    pub folder: PathBuf,
    /// What it is for.
    pub role: Role,
    /// The file that says so.
    pub file: PathBuf,
    /// Whether the folder was named, and not found in one.
    pub named: bool,
    /// The other folders that go into it, seen from where this one is.
    pub uses: Vec<PathBuf>,
    /// The files that go into it: resources, patches, values.
    pub files: Vec<PathBuf>,
    /// Those of the files that are manifests.
    pub resources: Vec<PathBuf>,
    /// What goes into it and is fetched from elsewhere.
    pub remote: Vec<String>,
}

impl Package {
    /// What a folder says that it is.
    #[must_use]
    pub fn of(folder: &Path, named: bool) -> Option<Self> {
        let (kind, file) = Packaging::of(folder)?;
        let objects = read_source(&file).map(|source| parse_source(&source).objects).unwrap_or_default();
        let object = objects.first();
        let says = |key: &str| object.and_then(|object| object.text(key));
        let role = match kind {
            Packaging::Kustomization if says("kind") == Some("Component") => Role::Component,
            Packaging::Kustomization => Role::Kustomization,
            Packaging::Chart if says("type") == Some("library") => Role::Library,
            Packaging::Chart => Role::Chart,
        };
        let mut package = Self {
            folder: folder.to_owned(),
            role,
            file,
            named,
            uses: Vec::new(),
            files: Vec::new(),
            resources: Vec::new(),
            remote: Vec::new(),
        };
        if let Some(object) = object {
            match kind {
                Packaging::Kustomization => package.read_kustomization(object),
                Packaging::Chart => package.read_chart(object),
            }
        }
        Some(package)
    }

    /// The folders that go into it, and into those, and so on; itself first.
    #[must_use]
    pub fn all_folders(&self) -> Vec<PathBuf> {
        let mut all = vec![self.folder.clone()];
        let mut next = self.uses.clone();
        while let Some(folder) = next.pop() {
            if !all.contains(&folder) {
                next.extend(Self::of(&folder, false).map(|part| part.uses).unwrap_or_default());
                all.push(folder);
            }
        }
        all
    }

    fn read_kustomization(&mut self, object: &Object) {
        for entry in references(object) {
            self.take(entry);
        }
        let named =
            (0..object.count("resources")).filter_map(|nth| object.text(&format!("resources[{nth}]")));
        let paths = named.filter(|entry| !entry.contains('\n')).map(|entry| seen_from(&self.folder, entry));
        self.resources = paths.filter(|path| path.is_file()).collect();
        let home = object.text("helmGlobals.chartHome").unwrap_or("charts").to_owned();
        for nth in 0..object.count("helmCharts") {
            if let Some(name) = object.text(&format!("helmCharts[{nth}].name")) {
                self.take(&format!("{home}/{name}"));
            }
        }
    }

    fn read_chart(&mut self, object: &Object) {
        for nth in 0..object.count("dependencies") {
            let repository = object.text(&format!("dependencies[{nth}].repository")).unwrap_or_default();
            if let Some(path) = repository.strip_prefix("file://") {
                self.take(path);
            }
        }
    }

    fn take(&mut self, entry: &str) {
        // Patches, generators and transformers may be written out where a path could stand.
        if entry.contains('\n') {
            return;
        }
        let path = seen_from(&self.folder, entry);
        if path.is_dir() {
            self.uses.push(path);
        } else if path.is_file() {
            self.files.push(path);
        } else if is_remote(entry) {
            self.remote.push(entry.to_owned());
        }
    }
}

/// What a kustomization names: folders, files, addresses.
fn references(object: &Object) -> Vec<&str> {
    const LISTS: [&str; 9] = [
        "resources",
        "bases",
        "components",
        "crds",
        "configurations",
        "generators",
        "transformers",
        "validators",
        "patchesStrategicMerge",
    ];
    let mut found: Vec<&str> = Vec::new();
    for list in LISTS {
        found.extend((0..object.count(list)).filter_map(|nth| object.text(&format!("{list}[{nth}]"))));
    }
    for list in ["patches", "patchesJson6902", "replacements"] {
        found.extend((0..object.count(list)).filter_map(|nth| object.text(&format!("{list}[{nth}].path"))));
    }
    found.extend(object.text("openapi.path"));
    for nth in 0..object.count("helmCharts") {
        let chart = format!("helmCharts[{nth}]");
        found.extend(object.text(&format!("{chart}.valuesFile")));
        let more = format!("{chart}.additionalValuesFiles");
        found.extend((0..object.count(&more)).filter_map(|nth| object.text(&format!("{more}[{nth}]"))));
    }
    for list in ["configMapGenerator", "secretGenerator"] {
        for nth in 0..object.count(list) {
            found.extend(object.text(&format!("{list}[{nth}].env")));
            for field in ["files", "envs"] {
                let files = format!("{list}[{nth}].{field}");
                let file = |nth| object.text(&format!("{files}[{nth}]"));
                let named = (0..object.count(&files)).filter_map(file);
                found.extend(named.map(|file| file.split_once('=').map_or(file, |(_, path)| path)));
            }
        }
    }
    found
}

/// Whether kustomize would fetch it: a URL, or the short form of one.
fn is_remote(entry: &str) -> bool {
    let host = entry.split('/').next().unwrap_or_default();
    entry.contains("://")
        || entry.starts_with("git@")
        || entry.contains("?ref=")
        || (entry.contains('/') && host.contains('.') && !host.starts_with('.'))
}

#[cfg(test)]
mod tests {
    use std::fs;

    use super::*;

    #[test]
    fn everything_that_goes_into_a_kustomization_is_known() {
        let tree = tempfile::tempdir().unwrap();
        let folder = tree.path().join("app");
        fs::create_dir_all(&folder).unwrap();
        for base in ["base", "part", "app/charts/db"] {
            fs::create_dir_all(tree.path().join(base)).unwrap();
        }
        for file in ["a.yaml", "patch.yaml", "p6902.json", "app.env", "values.yaml", "strategic.yaml"] {
            fs::write(folder.join(file), "x: 1\n").unwrap();
        }
        fs::write(
            folder.join("kustomization.yaml"),
            "resources: [a.yaml, ../base, 'https://example.org/x.yaml', 'github.com/a/b//c?ref=v1']\n\
             components: [../part]\npatches: [{path: patch.yaml}, {patch: 'a: 1'}]\n\
             patchesJson6902: [{path: p6902.json, target: {kind: Pod}}]\n\
             patchesStrategicMerge: [strategic.yaml, \"a: 1\\nb: 2\\n\"]\n\
             configMapGenerator: [{name: c, files: [key=app.env]}]\n\
             helmCharts: [{name: db, valuesFile: values.yaml}]\n",
        )
        .unwrap();
        let package = Package::of(&folder, false).unwrap();
        let names = |paths: &[PathBuf]| -> Vec<String> {
            let name =
                |path: &PathBuf| path.strip_prefix(tree.path()).unwrap().to_string_lossy().into_owned();
            paths.iter().map(name).collect()
        };
        assert_eq!(package.role, Role::Kustomization);
        assert_eq!(names(&package.uses), ["base", "part", "app/charts/db"]);
        assert_eq!(
            names(&package.files),
            [
                "app/a.yaml",
                "app/strategic.yaml",
                "app/patch.yaml",
                "app/p6902.json",
                "app/values.yaml",
                "app/app.env"
            ]
        );
        assert_eq!(package.remote, ["https://example.org/x.yaml", "github.com/a/b//c?ref=v1"]);
    }

    #[test]
    fn components_and_libraries_are_told_from_what_is_deployed() {
        let tree = tempfile::tempdir().unwrap();
        for (folder, file, text, role) in [
            ("k", "kustomization.yaml", "resources: []\n", Role::Kustomization),
            ("e", "kustomization.yaml", "", Role::Kustomization),
            (
                "c",
                "Kustomization",
                "apiVersion: kustomize.config.k8s.io/v1alpha1\nkind: Component\n",
                Role::Component,
            ),
            ("h", "Chart.yaml", "apiVersion: v2\nname: h\nversion: 1.0.0\n", Role::Chart),
            ("l", "Chart.yaml", "apiVersion: v2\nname: l\nversion: 1.0.0\ntype: library\n", Role::Library),
        ] {
            let folder = tree.path().join(folder);
            fs::create_dir_all(&folder).unwrap();
            fs::write(folder.join(file), text).unwrap();
            assert_eq!(Package::of(&folder, false).map(|package| package.role), Some(role), "{folder:?}");
        }
        assert_eq!(Package::of(tree.path(), false), None);
    }
}
