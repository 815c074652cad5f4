//! One file under one name, from wherever it is seen.
use std::path::{Component, Path, PathBuf};

/// A path from the root, without `.` and `..`.
pub fn normal(path: &Path) -> PathBuf {
    let whole = std::path::absolute(path).unwrap_or_else(|_| path.to_owned());
    let mut normal = PathBuf::new();
    for part in whole.components() {
        match part {
            Component::CurDir => {}
            Component::ParentDir => {
                normal.pop();
            }
            part => normal.push(part),
        }
    }
    normal
}

/// The path of a file, seen from a folder that it is below; standard input is below none.
pub fn below(file: &Path, folder: &Path) -> Option<PathBuf> {
    if file.as_os_str() == "<stdin>" || file.as_os_str() == "-" {
        return None;
    }
    normal(file).strip_prefix(normal(folder)).ok().map(Path::to_path_buf)
}

/// The name of a file for a list that is kept in a folder.
pub fn name_in(file: &str, folder: &Path) -> String {
    below(Path::new(file), folder).map_or_else(|| file.to_owned(), |path| path.to_string_lossy().into_owned())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn files_have_one_name() {
        for (file, folder, expected) in [
            ("/a/b/../c/x.yaml", "/a", Some("c/x.yaml")),
            ("/a/./x.yaml", "/a/", Some("x.yaml")),
            ("/b/x.yaml", "/a", None),
            ("<stdin>", "/", None),
        ] {
            assert_eq!(below(Path::new(file), Path::new(folder)), expected.map(PathBuf::from), "{file}");
        }
    }
}
