//! `--out`: a file for each namespace.
use std::{
    fs,
    io::Write as _,
    path::{Path, PathBuf},
};

use netloom_objects::visible;
use netloom_suggest::{MARK, Suggestion};

use crate::load::Stop;

/// Writes the files, all or none of them. Returns their names.
pub fn write(folder: &Path, suggestion: &Suggestion) -> Result<Vec<String>, Stop> {
    if let Some(name) = suggestion.files().keys().find(|name| !is_label(name)) {
        return Err(Stop::Because(format!(
            "the namespace `{}` has no name that a cluster could give it, and no file is written for it; repair the manifests \
             that name it, or print the policies without --out",
            visible(name)
        )));
    }
    // Only what begins as ours do may be written anew.
    let files: Vec<_> =
        suggestion.sources().into_iter().map(|file| (PathBuf::from(&*file.name), file.text)).collect();
    for (path, _) in &files {
        let foreign = fs::read_to_string(path).is_ok_and(|text| !text.starts_with(MARK));
        if foreign {
            return Err(Stop::Because(format!(
                "{} is there already, and was not written by this command; move it, or name another folder",
                path.display()
            )));
        }
    }
    let fails = |path: &Path, error: std::io::Error| {
        Stop::Because(format!("{} cannot be written: {error}", path.display()))
    };
    fs::create_dir_all(folder).map_err(|error| fails(folder, error))?;
    for (path, text) in &files {
        let mut file = tempfile::NamedTempFile::new_in(folder).map_err(|error| fails(path, error))?;
        file.write_all(text.as_bytes()).map_err(|error| fails(path, error))?;
        // A temporary file is its owner's alone; manifests are everyone's to read.
        let mode = std::os::unix::fs::PermissionsExt::from_mode(0o644);
        file.as_file().set_permissions(mode).map_err(|error| fails(path, error))?;
        file.persist(path).map_err(|error| fails(path, error.error))?;
    }
    Ok(files.iter().map(|(path, _)| path.display().to_string()).collect())
}

/// Whether a name is a DNS label, as all names of namespaces are (RFC 1123): such a name stays in its folder as a file.
fn is_label(name: &str) -> bool {
    let inner = |b: u8| b.is_ascii_lowercase() || b.is_ascii_digit() || b == b'-';
    !name.is_empty()
        && name.len() <= 63
        && name.bytes().all(inner)
        && !name.starts_with('-')
        && !name.ends_with('-')
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_labels_become_names_of_files() {
        for (name, is) in [
            ("shop", true),
            ("shop-2", true),
            ("../../../pwned", false),
            ("/abs", false),
            ("..", false),
            ("a.b", false),
            ("Shop", false),
            ("-a", false),
            ("", false),
            (&"a".repeat(64), false),
        ] {
            assert_eq!(is_label(name), is, "{name}");
        }
    }
}
