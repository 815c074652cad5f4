//! The folders in which a path can be made to lead elsewhere.
use std::{
    collections::{BTreeSet, VecDeque},
    ffi::OsString,
    fs,
    path::{Component, Path, PathBuf},
};

/// As many links as the kernel follows (path_resolution(7)).
const LINKS: usize = 40;

/// The folders that hold the last name of a path, and the links on the way to where it leads. Where something on the way
/// is not there, the last folder that is.
pub(super) fn folders_to(path: &Path) -> BTreeSet<PathBuf> {
    let mut folders = BTreeSet::new();
    let mut here = PathBuf::new();
    let mut rest: VecDeque<OsString> = names(path);
    let mut links = 0;
    while let Some(name) = rest.pop_front() {
        let folder = if here.as_os_str().is_empty() { PathBuf::from(".") } else { here.clone() };
        let next = here.join(&name);
        let last = rest.is_empty();
        match fs::symlink_metadata(&next) {
            Ok(metadata) if metadata.is_symlink() && links < LINKS => {
                links += 1;
                folders.insert(folder);
                let Ok(target) = fs::read_link(&next) else { break };
                if target.is_absolute() {
                    here = PathBuf::new();
                }
                for name in names(&target).into_iter().rev() {
                    rest.push_front(name);
                }
            }
            Ok(_) => {
                if last {
                    folders.insert(folder);
                }
                here = next;
            }
            Err(_) => {
                folders.insert(folder);
                break;
            }
        }
    }
    folders
}

fn names(path: &Path) -> VecDeque<OsString> {
    let named = path.components().filter(|part| !matches!(part, Component::CurDir));
    named.map(|part| part.as_os_str().to_owned()).collect()
}

#[cfg(test)]
mod tests {
    use std::os::unix::fs::symlink;

    use super::*;

    #[test]
    fn every_folder_counts_in_which_a_link_can_be_swapped() {
        let folder = tempfile::tempdir().unwrap();
        let root = fs::canonicalize(folder.path()).unwrap();
        fs::create_dir_all(root.join("volume/..2024")).unwrap();
        fs::create_dir(root.join("m")).unwrap();
        fs::write(root.join("volume/..2024/a.yaml"), "").unwrap();
        symlink("..2024", root.join("volume/..data")).unwrap();
        symlink("..data/a.yaml", root.join("volume/a.yaml")).unwrap();
        symlink("../volume/a.yaml", root.join("m/a.yaml")).unwrap();
        let found = folders_to(&root.join("m/a.yaml"));
        // Relative targets keep their steps back, which the kernel follows.
        let expected = [root.join("m"), root.join("m/../volume"), root.join("m/../volume/..2024")];
        assert_eq!(found, expected.into());
        assert_eq!(folders_to(&root.join("none/b.yaml")), [root.clone()].into());
        symlink("loop", root.join("loop")).unwrap();
        assert_eq!(folders_to(&root.join("loop")), [root].into());
    }
}
