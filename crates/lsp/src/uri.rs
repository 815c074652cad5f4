//! Between `file:` URIs and paths.
use std::{
    ffi::OsStr,
    os::unix::ffi::OsStrExt as _,
    path::{Path, PathBuf},
};

use gen_lsp_types::Uri;
use percent_encoding::{AsciiSet, NON_ALPHANUMERIC, percent_decode_str, percent_encode};

/// What stands for itself in a path.
const KEPT: &AsciiSet = &NON_ALPHANUMERIC.remove(b'/').remove(b'-').remove(b'_').remove(b'.').remove(b'~');

/// The path of a `file:` URI; `None` for what is no file of this machine.
pub(crate) fn path(uri: &Uri) -> Option<PathBuf> {
    let rest = uri.as_ref().strip_prefix("file://")?;
    let rest = rest.strip_prefix("localhost").unwrap_or(rest);
    let encoded = rest.split(['?', '#']).next().filter(|path| path.starts_with('/'))?;
    let bytes: Vec<u8> = percent_decode_str(encoded).collect();
    Some(PathBuf::from(OsStr::from_bytes(&bytes)))
}

/// The URI of a path from the root.
pub(crate) fn of(path: &Path) -> Uri {
    Uri::from(format!("file://{}", percent_encode(path.as_os_str().as_bytes(), KEPT)))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn paths_come_back() {
        for name in ["/a/b.yaml", "/a b/ä#?%.yaml", "/c:/x+y@z"] {
            assert_eq!(path(&of(Path::new(name))), Some(PathBuf::from(name)));
        }
    }

    #[test]
    fn only_files_have_paths() {
        let path = |uri: &str| path(&Uri::from(uri)).map(|path| path.to_string_lossy().into_owned());
        for (uri, expected) in [
            ("file:///a/b%20c.yaml", Some("/a/b c.yaml")),
            ("file://localhost/a", Some("/a")),
            ("file:///a%3A#x", Some("/a:")),
            ("file://server/share", None),
            ("untitled:Untitled-1", None),
            ("", None),
        ] {
            assert_eq!(path(uri).as_deref(), expected, "{uri}");
        }
    }
}
