//! The server's state: messages and results go in, messages and work come out. It reads nothing and waits for nothing.
mod lifecycle;
mod requests;

use std::{
    collections::{BTreeMap, BTreeSet},
    path::{Path, PathBuf},
    sync::Arc,
};

use gen_lsp_types::{
    Diagnostic, DidChangeTextDocumentParams, DidChangeWorkspaceFoldersParams, DidCloseTextDocumentParams,
    DidOpenTextDocumentParams, PublishDiagnosticsParams,
};
use lsp_server::{Message, Notification, Request, RequestId};
use netloom_objects::{FileName, ObjectSet, is_manifest};
use serde::de::DeserializeOwned;
use serde_json::json;

use crate::{
    Checked, Open, Trouble,
    buffers::{Buffer, Buffers},
    capabilities::Client,
    diagnostics,
    found::Found,
    uri,
};
use lifecycle::Stage;

/// Something that takes time, to be done elsewhere.
#[derive(Debug)]
pub enum Work {
    /// Check each root.
    Check {
        /// The state that is checked.
        revision: u64,
        /// Folders, and files outside of all folders.
        roots: Vec<PathBuf>,
        /// The open documents.
        open: Open,
    },
    /// Make every safe repair of a file.
    Repair {
        /// Who asked for it.
        request: RequestId,
        /// Where the file belongs.
        root: PathBuf,
        /// The manifests of the root.
        set: ObjectSet,
        /// The file's name in the set.
        file: FileName,
    },
}

/// What came of work.
#[derive(Debug)]
pub enum Done {
    /// Of [`Work::Check`].
    Checked {
        /// As given.
        revision: u64,
        /// What came of each root.
        roots: Vec<(PathBuf, Result<Checked, Trouble>)>,
    },
    /// Of [`Work::Repair`].
    Repaired {
        /// As given.
        request: RequestId,
        /// The text of the file.
        text: Result<Arc<str>, Trouble>,
    },
}

/// A request for every repair of a file.
#[derive(Debug)]
struct FixAll {
    request: RequestId,
    path: PathBuf,
    /// The action that is to get its edit; none where actions are asked for.
    action: Option<Box<gen_lsp_types::CodeAction>>,
    /// The text that is repaired, and the version of the document.
    before: Option<(Arc<str>, Option<i32>)>,
}

/// Diagnostics that a client shows.
#[derive(Clone, Debug, PartialEq)]
struct Shown {
    /// The name that it has them under: its own one where the document was open.
    uri: gen_lsp_types::Uri,
    /// The version of the document that they are about.
    version: Option<i32>,
    diagnostics: Vec<Diagnostic>,
}

/// One client's session.
#[derive(Debug, Default)]
pub struct Session {
    stage: Stage,
    client: Client,
    folders: Vec<PathBuf>,
    buffers: Buffers,
    /// Grows with everything that may change what is found.
    revision: u64,
    /// The state that [`Self::found`] is about.
    known: Option<u64>,
    found: Found,
    /// What the client shows of each file.
    published: BTreeMap<PathBuf, Shown>,
    /// What the client was told that has no place in a file.
    said: BTreeSet<String>,
    /// Requests that are answered when the state is known.
    waiting: Vec<Request>,
    repairs: Vec<FixAll>,
    busy: bool,
}

impl Session {
    /// A session that has not begun.
    #[must_use]
    pub fn new() -> Self {
        Self::default()
    }

    /// Takes a message, and gives those that follow at once.
    pub fn receive(&mut self, message: Message) -> Vec<Message> {
        match message {
            Message::Request(request) => self.request(request),
            Message::Notification(notification) => self.notification(notification),
            // The answer to a registration says nothing that matters.
            Message::Response(_) => Vec::new(),
        }
    }

    /// Whether what is known is older than what was changed.
    #[must_use]
    pub fn is_stale(&self) -> bool {
        self.stage == Stage::Running && self.known != Some(self.revision)
    }

    /// Whether somebody waits for what comes of work.
    #[must_use]
    pub fn is_awaited(&self) -> bool {
        !self.waiting.is_empty() || !self.repairs.is_empty()
    }

    /// What is to be done next; nothing while something is being done.
    pub fn work(&mut self) -> Option<Work> {
        if self.busy || self.stage != Stage::Running {
            return None;
        }
        let work = match self.is_stale() {
            true => {
                Some(Work::Check { revision: self.revision, roots: self.roots(), open: self.buffers.texts() })
            }
            false => self.next_repair(),
        };
        self.busy = work.is_some();
        work
    }

    /// Takes what came of work, and gives the messages that follow. What came of an older state is left aside.
    pub fn done(&mut self, done: Done) -> Vec<Message> {
        self.busy = false;
        let mut messages = Vec::new();
        match done {
            Done::Checked { revision, roots } => {
                if revision != self.revision {
                    return messages;
                }
                self.known = Some(revision);
                self.found = Found { roots };
                self.publish(&mut messages);
                messages.extend(self.without_repair());
            }
            Done::Repaired { request, text } => messages.extend(self.repaired(&request, text)),
        }
        if !self.is_stale() {
            for request in std::mem::take(&mut self.waiting) {
                messages.extend(self.answer(request));
            }
        }
        messages
    }

    fn notification(&mut self, Notification { method, params }: Notification) -> Vec<Message> {
        match method.as_str() {
            "initialized" => return self.begin(),
            "exit" => self.exit(),
            _ if self.stage != Stage::Running => {}
            "$/cancelRequest" => return self.cancel(&params),
            "textDocument/didOpen" => {
                if let Some(p) = read::<DidOpenTextDocumentParams>(&method, params) {
                    let document = p.text_document;
                    self.edit(&document.uri, |buffers, path| {
                        let text = document.text.as_str().into();
                        let buffer = Buffer { uri: document.uri.clone(), version: document.version, text };
                        buffers.open(path, buffer);
                    });
                }
            }
            "textDocument/didChange" => {
                if let Some(p) = read::<DidChangeTextDocumentParams>(&method, params) {
                    let encoding = self.client.encoding;
                    let (document, changes) = (p.text_document, p.content_changes);
                    self.edit(&document.text_document_identifier.uri, |buffers, path| {
                        buffers.change(&path, document.version, &changes, encoding);
                    });
                }
            }
            "textDocument/didClose" => {
                if let Some(p) = read::<DidCloseTextDocumentParams>(&method, params) {
                    self.edit(&p.text_document.uri, |buffers, path| buffers.close(&path));
                }
            }
            "workspace/didChangeWorkspaceFolders" => {
                if let Some(p) = read::<DidChangeWorkspaceFoldersParams>(&method, params) {
                    let paths = |folders: &[gen_lsp_types::WorkspaceFolder]| -> Vec<PathBuf> {
                        folders.iter().filter_map(|folder| uri::path(&folder.uri)).collect()
                    };
                    let removed = paths(&p.event.removed);
                    self.folders.retain(|folder| !removed.contains(folder));
                    self.folders.extend(paths(&p.event.added));
                    self.revision += 1;
                }
            }
            "textDocument/didSave"
            | "workspace/didChangeWatchedFiles"
            | "workspace/didChangeConfiguration" => {
                self.revision += 1;
            }
            _ => {}
        }
        Vec::new()
    }

    /// Changes the open documents. What is no file is left aside.
    fn edit(&mut self, uri: &gen_lsp_types::Uri, edit: impl FnOnce(&mut Buffers, PathBuf)) {
        if let Some(path) = uri::path(uri) {
            edit(&mut self.buffers, path);
            self.revision += 1;
        }
    }

    /// The folders, and the open manifests that are in none of them.
    fn roots(&self) -> Vec<PathBuf> {
        let inside = |path: &Path| self.folders.iter().any(|folder| path.starts_with(folder));
        let loose = self.buffers.paths().filter(|path| !inside(path) && is_manifest(path));
        self.folders.iter().chain(loose).cloned().collect()
    }

    /// Tells the client of every file whose diagnostics are other than those it shows.
    fn publish(&mut self, messages: &mut Vec<Message>) {
        let mut now = diagnostics::by_file(&self.found, &self.buffers, self.client.encoding);
        for gone in self.published.keys().filter(|path| !now.contains_key(*path)).cloned().collect::<Vec<_>>()
        {
            now.insert(gone, Vec::new());
        }
        for (path, diagnostics) in now {
            let buffer = self.buffers.get(&path);
            let uri = buffer.map_or_else(|| uri::of(&path), |buffer| buffer.uri.clone());
            let shown = Shown { uri, version: buffer.map(|buffer| buffer.version), diagnostics };
            let before = self.published.get(&path);
            if before == Some(&shown) {
                continue;
            }
            // A document that was opened or closed has another name now, and nothing stays under the old one.
            let moved = before.filter(|before| before.uri != shown.uri);
            messages.extend(moved.map(|before| tell(&before.uri, None, &[])));
            if moved.is_none() || !shown.diagnostics.is_empty() {
                messages.push(tell(&shown.uri, shown.version, &shown.diagnostics));
            }
            match shown.diagnostics.is_empty() {
                true => drop(self.published.remove(&path)),
                false => drop(self.published.insert(path, shown)),
            }
        }
        let said: BTreeSet<String> =
            self.found.troubles().filter(|t| t.at.is_none()).map(|t| t.message.clone()).collect();
        messages.extend(said.difference(&self.said).map(|message| show(message)));
        self.said = said;
    }
}

/// The diagnostics of one file.
fn tell(uri: &gen_lsp_types::Uri, version: Option<i32>, diagnostics: &[Diagnostic]) -> Message {
    let params = PublishDiagnosticsParams { uri: uri.clone(), version, diagnostics: diagnostics.to_vec() };
    notify("textDocument/publishDiagnostics", &params)
}

/// The parameters of a notification; those that cannot be read are left aside.
fn read<T: DeserializeOwned>(method: &str, params: serde_json::Value) -> Option<T> {
    serde_json::from_value(params).inspect_err(|error| tracing::warn!("{method}: {error}")).ok()
}

fn notify(method: &str, params: &impl serde::Serialize) -> Message {
    // What is made of the protocol's own types is JSON.
    let params = serde_json::to_value(params).unwrap_or_default();
    Message::Notification(Notification { method: method.to_owned(), params })
}

/// An error that is shown.
fn show(message: &str) -> Message {
    notify("window/showMessage", &json!({ "type": 1, "message": format!("netloom: {message}") }))
}

#[cfg(test)]
mod tests;
