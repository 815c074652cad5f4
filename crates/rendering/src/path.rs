//! Paths by their words alone.
use std::path::{Component, Path, PathBuf};

/// The way from one folder to another path, both seen from the same place.
pub fn way(from: &Path, to: &Path) -> PathBuf {
    let steps = |path: &Path| -> Vec<PathBuf> {
        path.components()
            .filter(|part| *part != Component::CurDir)
            .map(|part| PathBuf::from(part.as_os_str()))
            .collect()
    };
    let (from, to) = (steps(from), steps(to));
    let common = from.iter().zip(&to).take_while(|(a, b)| a == b).count();
    let back = from.iter().skip(common).map(|_| Path::new(".."));
    let way: PathBuf = back.chain(to.iter().skip(common).map(PathBuf::as_path)).collect();
    if way.as_os_str().is_empty() { PathBuf::from(".") } else { way }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::kustomization::joined;

    #[test]
    fn ways_lead_from_one_folder_to_another_path() {
        for (from, to, expected) in [
            ("/tmp/x", "/home/a/k", "../../home/a/k"),
            ("/tmp/x", "/tmp/x", "."),
            ("/a/b", "/a/b/c", "c"),
            ("/a/b/c", "/a", "../.."),
            ("./k/prod", "./base/x.yaml", "../../base/x.yaml"),
            ("prod", "../base/x.yaml", "../../base/x.yaml"),
            (".", "a.yaml", "a.yaml"),
        ] {
            assert_eq!(way(Path::new(from), Path::new(to)), Path::new(expected), "{from} {to}");
            let back = joined(Path::new(from), expected);
            assert_eq!(way(Path::new(from), &back), Path::new(expected), "{from} {to}");
        }
    }
}
