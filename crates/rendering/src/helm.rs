//! `helm template`.
use std::{
    ffi::OsString,
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use netloom_objects::{GENERATED, Origin, Origins, Packaging, Source, outlines, read_source};
use tempfile::NamedTempFile;

use crate::{
    Made, Recipe, Refused, Settings, apis,
    documents::documents,
    generated::{may_generate, settled},
    missing::name_of,
    program::{Run, operand},
    stage::{self, Chart},
    template::Template,
    trace::{Tracer, same},
};

/// What a chart's output is called, below its folder.
pub const NAME: &str = "<helm template>";

pub fn template(recipe: &Recipe, settings: &Settings, progress: &dyn Fn(String)) -> Result<Made, Refused> {
    let chart = stage::complete(recipe, settings, progress)?;
    let values = Values::of(recipe)?;
    let arguments = arguments(recipe, &values.files, &chart.folder());
    let run = Run { words: &["helm", "template"], arguments, remote: recipe.remote, settings, progress };
    let text = run.text()?;
    if !may_generate(&chart.folder()) {
        return Ok((sources(&chart, &recipe.folder, &text), Vec::new()));
    }
    let (text, made_up) = settled(&text, &run.text()?);
    let notes = (made_up > 0).then(|| {
        format!(
            "{}: {made_up} {} made up each time the chart is rendered; `{GENERATED}` stands in their place",
            recipe.folder.display(),
            if made_up == 1 { "line has a value that is" } else { "lines have values that are" }
        )
    });
    Ok((sources(&chart, &recipe.folder, &text), notes.into_iter().collect()))
}

/// All of a recipe but its files, a part each.
pub fn settings(recipe: &Recipe) -> Vec<String> {
    let Recipe {
        kind,
        folder,
        values,
        inline_values,
        set_values,
        release: _,
        namespace,
        kube_version,
        api_versions,
        remote,
    } = recipe;
    vec![
        format!("{kind:?} {} {remote} {kube_version:?} {namespace:?} {inline_values:?}", values.len()),
        format!("{set_values:?} {api_versions:?}"),
        match kind {
            Packaging::Chart => recipe.release.clone().unwrap_or_else(|| self::release(folder)),
            Packaging::Kustomization => String::new(),
        },
    ]
}

/// The files that helm reads values from.
struct Values {
    files: Vec<PathBuf>,
    /// Those that go when this is dropped.
    made: Vec<NamedTempFile>,
}

impl Values {
    fn of(recipe: &Recipe) -> Result<Self, Refused> {
        let failed = |error| Refused::Failed(format!("values cannot be kept in a file: {error}"));
        let mut values = Self { files: Vec::new(), made: Vec::new() };
        for path in &recipe.values {
            // helm takes a list of files, which a comma parts.
            if path.to_string_lossy().contains([',', '"', '\n', '\r']) {
                let text = fs::read(path).map_err(|error| {
                    Refused::Failed(format!("{}: cannot be read: {error}", path.display()))
                })?;
                values.write(&text).map_err(failed)?;
            } else {
                values.files.push(path.clone());
            }
        }
        if let Some(text) = &recipe.inline_values {
            values.write(text.as_bytes()).map_err(failed)?;
        }
        Ok(values)
    }

    fn write(&mut self, text: &[u8]) -> std::io::Result<()> {
        let mut file = tempfile::Builder::new().suffix(".yaml").tempfile()?;
        file.write_all(text)?;
        self.files.push(file.path().to_owned());
        self.made.push(file);
        Ok(())
    }
}

/// What helm is told: options first, then the release and the chart.
fn arguments(recipe: &Recipe, values: &[PathBuf], chart: &Path) -> Vec<OsString> {
    let (major, minor) = recipe.kube_version;
    let mut all: Vec<OsString> = vec!["--skip-tests".into(), "--include-crds".into()];
    // Without it helm takes the release that it was built for, and charts may refuse that.
    all.push(format!("--kube-version={major}.{minor}.0").into());
    let known = recipe.api_versions.iter().cloned().chain(apis::of_chart(chart));
    all.extend(
        apis::served(recipe.kube_version)
            .into_iter()
            .chain(known)
            .map(|api| format!("--api-versions={api}").into()),
    );
    if let Some(namespace) = &recipe.namespace {
        all.push(format!("--namespace={namespace}").into());
    }
    for file in values {
        let mut option = OsString::from("--values=");
        option.push(file);
        all.push(option);
    }
    for value in &recipe.set_values {
        all.push(format!("--set={value}").into());
    }
    all.push(recipe.release.clone().unwrap_or_else(|| release(&recipe.folder)).into());
    all.push(operand(chart));
    all
}

/// The release is called as the chart is, else as its folder, as far as helm takes that as a name: a copy of a chart in
/// another folder makes the same objects.
fn release(folder: &Path) -> String {
    let name = name_of(folder).map(|name| name.to_lowercase()).unwrap_or_else(|| {
        let real = fs::canonicalize(folder).unwrap_or_else(|_| folder.to_owned());
        real.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default()
    });
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name: String = name.chars().map(|c| if fits(c) { c } else { '-' }).take(53).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "release".to_owned() } else { name.to_owned() }
}

/// What helm printed, by the template that each document says that it comes from.
fn sources(chart: &Chart<'_>, folder: &Path, text: &str) -> Vec<Source> {
    let whole = folder.join(NAME).to_string_lossy().into_owned();
    let named = templates(text).into_iter().map(|(template, text)| {
        // `chart/templates/x.yaml`: the chart is the folder already; a part of it is `chart/charts/part/templates/…`.
        let inner = template.split_once('/').map_or(template, |(_, inner)| inner);
        let name = if inner.is_empty() { whole.clone() } else { format!("{whole}/{inner}") };
        Source::rendered(&name, &text, origins(chart, inner, &text))
    });
    named.collect()
}

/// The documents of each template.
fn templates(text: &str) -> Vec<(&str, String)> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for document in documents(text) {
        let template = document.lines().find_map(|line| line.strip_prefix("# Source: "));
        let Some(template) = template.map(str::trim) else {
            if document.lines().any(|line| !line.trim().is_empty() && line != "---") {
                parts.push(("", document.to_owned()));
            }
            continue;
        };
        match parts.iter_mut().find(|(name, _)| *name == template) {
            Some((_, text)) => text.push_str(document),
            None => parts.push((template, document.to_owned())),
        }
    }
    parts
}

/// Where the lines of a template's documents come from. A template that is in an archive cannot be opened: the chart is
/// named.
fn origins(chart: &Chart<'_>, inner: &str, text: &str) -> Origins {
    let file = chart.file(inner);
    if inner.is_empty() || !file.is_file() {
        return Tracer::new(&chart.file("Chart.yaml")).finish();
    }
    let mut tracer = Tracer::new(&file);
    let written = read_source(&file).map(|source| source.text).unwrap_or_default();
    let template = written.contains("{{").then(|| Template::new(&written));
    for document in documents(text) {
        let lines = match &template {
            Some(template) => template.origins(0, document),
            None => verbatim(&mut tracer, &file, document),
        };
        tracer.extend(lines);
    }
    tracer.finish()
}

/// A template without actions is copied as it is.
fn verbatim(tracer: &mut Tracer, file: &Path, document: &str) -> Vec<Origin> {
    let own = outlines(&Source::new("rendered", document)).into_iter().next();
    let found = tracer.written(file).and_then(|written| same(own.as_ref()?, &written.documents));
    match found {
        Some(nth) => tracer.document(document, &[(file.to_owned(), nth)]),
        None => document.lines().map(|_| Origin::default()).collect(),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_told_apart() {
        let text = "---\n# Source: shop/templates/web.yaml\na: 1\n---\n# Source: shop/charts/db/templates/x.yaml\nb: |\n  --- x\n\
                    ---\n# Source: shop/templates/web.yaml\nc: 3\n---\n---\nd: 4\n";
        let expected = [
            (
                "shop/templates/web.yaml",
                "---\n# Source: shop/templates/web.yaml\na: 1\n---\n# Source: shop/templates/web.yaml\nc: 3\n",
            ),
            (
                "shop/charts/db/templates/x.yaml",
                "---\n# Source: shop/charts/db/templates/x.yaml\nb: |\n  --- x\n",
            ),
            ("", "---\nd: 4\n"),
        ];
        assert_eq!(templates(text), expected.map(|(name, text)| (name, text.to_owned())));
        assert!(templates("").is_empty());
    }

    #[test]
    fn releases_have_names_that_helm_takes() {
        for (folder, name) in
            [("/a/web", "web"), ("/a/My_Chart.v2", "my-chart-v2"), ("/", "release"), ("/ä", "release")]
        {
            assert_eq!(release(Path::new(folder)), name, "{folder}");
        }
        let chart = tempfile::tempdir().unwrap();
        fs::write(chart.path().join("Chart.yaml"), "apiVersion: v2\nname: My_Shop\nversion: 1.0.0\n")
            .unwrap();
        assert_eq!(release(chart.path()), "my-shop");
    }
}
