//! `kustomize build`.
//!
//! It is asked for an overlay of the kustomization, in a folder for temporary files, that has the origin of each object
//! written into it. From the objects that come out it is taken again.
use std::{
    fs,
    path::{Path, PathBuf},
};

use netloom_objects::{Origins, Source};
use tempfile::TempDir;

use crate::{
    Made, Recipe, Refused, Settings,
    kustomization::{Kustomization, closure, joined},
    missing,
    origin::{self, Places},
    path::way,
    program::{Failure, Run, operand},
};

/// What a kustomization's output is called, below its folder.
pub const NAME: &str = "<kustomize build>";
/// The programs that do it.
const PROGRAMS: [&[&str]; 2] = [&["kustomize", "build"], &["kubectl", "kustomize"]];

pub fn build(recipe: &Recipe, settings: &Settings, progress: &dyn Fn(String)) -> Result<Made, Refused> {
    let parts = closure(&recipe.folder);
    if !recipe.remote
        && let Some(what) = missing::of_kustomization(&parts)
    {
        return Err(Refused::Missing(what));
    }
    let overlay = Overlay::of(&recipe.folder);
    for words in PROGRAMS {
        let run = |folder: &Path| {
            let mut arguments = Vec::new();
            if parts.iter().any(|part| part.charts().next().is_some()) {
                arguments.push("--enable-helm".into());
            }
            arguments.push(operand(folder));
            Run { words, arguments, remote: recipe.remote, settings, progress }.text()
        };
        // What an overlay cannot be made of, or a kustomize that knows no origins, is built as it is; and what is wrong
        // with it is then said of the folder that the user knows.
        let traced = overlay.as_ref().and_then(|overlay| match run(overlay.folder()) {
            Ok(text) => Some(Ok(origin::take(&text, &overlay.places(&recipe.folder, &parts)))),
            Err(Failure::Said(_)) => None,
            Err(failure) => Some(Err(failure)),
        });
        let built = traced.unwrap_or_else(|| Ok((run(&recipe.folder)?, unknown(&recipe.folder, &parts))));
        match built {
            Ok((text, origins)) => {
                let name = recipe.folder.join(NAME).to_string_lossy().into_owned();
                return Ok((vec![Source::rendered(&name, &text, origins)], Vec::new()));
            }
            Err(Failure::NoProgram) => {}
            Err(failure) => return Err(failure.into()),
        }
    }
    Err(Refused::NoProgram)
}

/// The origins of what nothing is known of: the kustomization itself.
fn unknown(folder: &Path, parts: &[Kustomization]) -> Origins {
    let file = parts.first().map_or_else(|| folder.to_owned(), |part| part.file.clone());
    Origins { files: vec![(&*file.to_string_lossy()).into()], ..Origins::default() }
}

/// A kustomization of one other one, which tells where objects come from.
struct Overlay {
    folder: TempDir,
    real: PathBuf,
    base: PathBuf,
}

impl Overlay {
    /// Nothing where it cannot be made; then it is done without.
    fn of(base: &Path) -> Option<Self> {
        let base = fs::canonicalize(base).ok()?;
        let folder = tempfile::tempdir().ok()?;
        let real = fs::canonicalize(folder.path()).ok()?;
        let way = way(&real, &base).to_str()?.to_owned();
        let way = serde_json::to_string(&way).ok()?;
        let text = format!(
            "apiVersion: kustomize.config.k8s.io/v1beta1\nkind: Kustomization\nbuildMetadata: [originAnnotations]\n\
             resources: [{way}]\n"
        );
        fs::write(real.join("kustomization.yaml"), text).ok()?;
        Some(Self { folder, real, base })
    }

    fn folder(&self) -> &Path {
        self.folder.path()
    }

    fn places<'p>(&self, named: &Path, parts: &'p [Kustomization]) -> Places<'p> {
        let (real, base, named) = (self.real.clone(), self.base.clone(), named.to_owned());
        Places { parts, file: Box::new(move |path| joined(&named, way(&base, &joined(&real, path)))) }
    }
}
