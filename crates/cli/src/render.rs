//! Runs kustomize and helm.
//!
//! What they print gets a name below the folder that it was made of: `overlays/prod/<kustomize build>`, and for a chart,
//! whose templates are told apart, `charts/web/<helm template>/templates/service.yaml`.
use std::{
    ffi::OsStr,
    io::ErrorKind,
    path::Path,
    process::{Command, Output, Stdio},
};

use netloom_audit::Version;
use netloom_objects::{Package, Packaging, Source};

const KUSTOMIZE: &str = "<kustomize build>";
const HELM: &str = "<helm template>";

/// What came of a package.
#[derive(Debug)]
pub enum Rendering {
    Made(Vec<Source>),
    /// The program is not installed.
    NoProgram,
    /// What the program said; the first line is a sentence.
    Failed(String),
}

/// Whether a source is what a program printed: nothing that could be edited.
pub fn is_rendered(name: &str) -> bool {
    name.contains(KUSTOMIZE) || name.contains(HELM)
}

/// Has manifests made of a package.
pub fn render(package: &Package, kube: Version) -> Rendering {
    let folder = &package.folder;
    match package.kind {
        Packaging::Kustomization => {
            let programs: [&[&str]; 2] = [&["kustomize", "build"], &["kubectl", "kustomize"]];
            let found = programs.into_iter().find_map(|words| Some((words, run(words, folder.as_os_str())?)));
            found.map_or(Rendering::NoProgram, |(words, output)| {
                printed(words, output, |text| vec![Source::new(&named(folder, KUSTOMIZE), text)])
            })
        }
        Packaging::Chart => {
            // Without it helm takes the release that it was built for, and charts may refuse that.
            let kube = format!("--kube-version={kube}.0");
            let words = ["helm", "template", "--skip-tests", &kube, &release(folder)];
            run(&words, folder.as_os_str()).map_or(Rendering::NoProgram, |output| {
                printed(&words[..2], output, |text| templates(folder, text))
            })
        }
    }
}

/// The release is called as the chart's folder is, as far as helm takes that as a name.
fn release(folder: &Path) -> String {
    let real = folder.canonicalize().unwrap_or_else(|_| folder.to_owned());
    let name = real.file_name().map(|name| name.to_string_lossy().to_lowercase()).unwrap_or_default();
    let fits = |c: char| c.is_ascii_lowercase() || c.is_ascii_digit() || c == '-';
    let name: String = name.chars().map(|c| if fits(c) { c } else { '-' }).take(53).collect();
    let name = name.trim_matches('-');
    if name.is_empty() { "release".to_owned() } else { name.to_owned() }
}

/// Runs a program with a folder as its last argument; `None` where there is no such program.
fn run(words: &[&str], folder: &OsStr) -> Option<std::io::Result<Output>> {
    let (program, arguments) = words.split_first()?;
    // A folder that begins with a dash is no option.
    let folder = if folder.as_encoded_bytes().starts_with(b"-") {
        Path::new(".").join(folder).into_os_string()
    } else {
        folder.to_owned()
    };
    let output = Command::new(program).args(arguments).arg(folder).stdin(Stdio::null()).output();
    match output {
        Err(error) if error.kind() == ErrorKind::NotFound => None,
        output => Some(output),
    }
}

fn printed(
    words: &[&str],
    output: std::io::Result<Output>,
    sources: impl FnOnce(&str) -> Vec<Source>,
) -> Rendering {
    let command = words.join(" ");
    let output = match output {
        Ok(output) => output,
        Err(error) => return Rendering::Failed(format!("`{command}` cannot be started: {error}")),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Rendering::Failed(format!("`{command}` makes no manifests of this:\n{}", said.trim()));
    }
    match std::str::from_utf8(&output.stdout) {
        Ok(text) => Rendering::Made(sources(text)),
        Err(_) => Rendering::Failed(format!("`{command}` printed what is not UTF-8 text")),
    }
}

fn named(folder: &Path, what: &str) -> String {
    folder.join(what).to_string_lossy().into_owned()
}

/// What helm printed, by the template that each document says that it comes from.
fn templates(folder: &Path, text: &str) -> Vec<Source> {
    let mut parts: Vec<(&str, String)> = Vec::new();
    for document in documents(text) {
        let template = document.lines().find_map(|line| line.strip_prefix("# Source: "));
        let Some(template) = template else {
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
    let name = |template: &str| {
        // `chart/templates/x.yaml`: the chart is the folder already; a part of it is `chart/charts/part/templates/…`.
        let inner = template.trim().split_once('/').map_or(template, |(_, inner)| inner);
        named(folder, HELM) + if inner.is_empty() { "" } else { "/" } + inner
    };
    parts.into_iter().map(|(template, text)| Source::new(&name(template), &text)).collect()
}

/// Documents, each with the line that begins it.
fn documents(text: &str) -> impl Iterator<Item = &str> {
    let mut rest = text;
    std::iter::from_fn(move || {
        if rest.is_empty() {
            return None;
        }
        let end = rest.match_indices("\n---").map(|(at, _)| at + 1).find(|at| {
            let mark = rest[*at..].lines().next().unwrap_or_default();
            mark.trim_end() == "---"
        });
        let (document, after) = rest.split_at(end.unwrap_or(rest.len()));
        rest = after;
        Some(document)
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn templates_are_told_apart() {
        let text = "---\n# Source: shop/templates/web.yaml\na: 1\n---\n# Source: shop/charts/db/templates/x.yaml\nb: |\n  --- x\n\
                    ---\n# Source: shop/templates/web.yaml\nc: 3\n---\n---\nd: 4\n";
        let found: Vec<(String, String)> = templates(Path::new("charts/shop"), text)
            .into_iter()
            .map(|source| (source.name.to_string(), source.text.to_string()))
            .collect();
        let expected = [
            (
                "charts/shop/<helm template>/templates/web.yaml",
                "---\n# Source: shop/templates/web.yaml\na: 1\n---\n# Source: shop/templates/web.yaml\nc: 3\n",
            ),
            (
                "charts/shop/<helm template>/charts/db/templates/x.yaml",
                "---\n# Source: shop/charts/db/templates/x.yaml\nb: |\n  --- x\n",
            ),
            ("charts/shop/<helm template>", "---\nd: 4\n"),
        ];
        assert_eq!(found, expected.map(|(name, text)| (name.to_owned(), text.to_owned())));
        assert!(templates(Path::new("x"), "").is_empty());
    }

    #[test]
    fn releases_have_names_that_helm_takes() {
        for (folder, name) in
            [("/a/web", "web"), ("/a/My_Chart.v2", "my-chart-v2"), ("/", "release"), ("/ä", "release")]
        {
            assert_eq!(release(Path::new(folder)), name, "{folder}");
        }
    }
}
