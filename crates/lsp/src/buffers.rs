//! The documents that are open in the editor.
use std::{
    collections::BTreeMap,
    path::{Path, PathBuf},
    sync::Arc,
};

use gen_lsp_types::{TextDocumentContentChangeEvent, Uri};

use crate::position::{Encoding, Text};

/// One open document.
#[derive(Clone, Debug)]
pub(crate) struct Buffer {
    /// As the client writes it.
    pub(crate) uri: Uri,
    pub(crate) version: i32,
    pub(crate) text: Arc<str>,
}

/// All open documents, by path.
#[derive(Clone, Debug, Default)]
pub(crate) struct Buffers(BTreeMap<PathBuf, Buffer>);

impl Buffers {
    pub(crate) fn get(&self, path: &Path) -> Option<&Buffer> {
        self.0.get(path)
    }

    pub(crate) fn open(&mut self, path: PathBuf, buffer: Buffer) {
        self.0.insert(path, buffer);
    }

    pub(crate) fn close(&mut self, path: &Path) {
        self.0.remove(path);
    }

    pub(crate) fn paths(&self) -> impl Iterator<Item = &PathBuf> {
        self.0.keys()
    }

    pub(crate) fn texts(&self) -> BTreeMap<PathBuf, Arc<str>> {
        self.0.iter().map(|(path, buffer)| (path.clone(), buffer.text.clone())).collect()
    }

    /// Makes changes one after the other. Nothing where the document is not open.
    pub(crate) fn change(
        &mut self,
        path: &Path,
        version: i32,
        changes: &[TextDocumentContentChangeEvent],
        encoding: Encoding,
    ) {
        let Some(buffer) = self.0.get_mut(path) else { return };
        let mut text = buffer.text.to_string();
        for change in changes {
            match change {
                TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole) => {
                    text.clone_from(&whole.text);
                }
                TextDocumentContentChangeEvent::TextDocumentContentChangePartial(part) => {
                    let places = Text::open(&text, encoding);
                    let (start, end) = (places.byte(part.range.start), places.byte(part.range.end));
                    text.replace_range(start.min(end)..end.max(start), &part.text);
                }
            }
        }
        buffer.text = text.into();
        buffer.version = version;
    }
}

#[cfg(test)]
mod tests {
    use gen_lsp_types::{
        Position, Range, TextDocumentContentChangePartial, TextDocumentContentChangeWholeDocument,
    };

    use super::*;

    fn part(from: (u32, u32), to: (u32, u32), text: &str) -> TextDocumentContentChangeEvent {
        let position = |(line, character)| Position { line, character };
        TextDocumentContentChangeEvent::TextDocumentContentChangePartial(TextDocumentContentChangePartial {
            range: Range { start: position(from), end: position(to) },
            text: text.to_owned(),
            ..TextDocumentContentChangePartial::default()
        })
    }

    #[test]
    fn changes_are_made_in_their_order() {
        let whole = TextDocumentContentChangeWholeDocument { text: "x: ä😀y\nz: 1\n".to_owned() };
        let changes = [
            TextDocumentContentChangeEvent::TextDocumentContentChangeWholeDocument(whole),
            part((0, 6), (0, 7), "é"),
            part((1, 3), (1, 99), "2"),
            part((99, 0), (99, 0), "end\n"),
            part((1, 0), (0, 0), ""),
        ];
        let path = Path::new("/a.yaml");
        let mut buffers = Buffers::default();
        buffers.change(path, 2, &changes, Encoding::Utf16);
        assert!(buffers.get(path).is_none());
        buffers
            .open(path.to_owned(), Buffer { uri: Uri::from("file:///a.yaml"), version: 1, text: "".into() });
        buffers.change(path, 2, &changes[..4], Encoding::Utf16);
        assert_eq!(&*buffers.get(path).unwrap().text, "x: ä😀é\nz: 2\nend\n");
        buffers.change(path, 3, &changes[4..], Encoding::Utf16);
        assert_eq!(&*buffers.get(path).unwrap().text, "z: 2\nend\n");
        assert_eq!(buffers.get(path).unwrap().version, 3);
    }
}
