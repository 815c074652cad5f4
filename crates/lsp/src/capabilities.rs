//! What client and server can do, as they tell each other at the beginning.
use std::path::PathBuf;

use gen_lsp_types::{
    ChangeNotifications, CodeActionKind, CodeActionOptions, InitializeParams, InitializeResult,
    ServerCapabilities, ServerInfo, TextDocumentSyncKind, TextDocumentSyncOptions, WorkspaceFolders,
    WorkspaceFoldersServerCapabilities, WorkspaceOptions,
};
use serde_json::json;

use crate::{position::Encoding, uri};

/// The kind of the action that makes every safe repair of a file.
pub(crate) const FIX_ALL: CodeActionKind =
    CodeActionKind::Custom(std::borrow::Cow::Borrowed("source.fixAll.netloom"));

/// What the client can do.
#[derive(Clone, Copy, Debug, Default)]
pub(crate) struct Client {
    pub(crate) encoding: Encoding,
    /// Edits of several documents with their versions.
    pub(crate) document_changes: bool,
    /// It asks for the edit of an action when the action is chosen.
    pub(crate) resolves_edits: bool,
    /// It tells of changed files if it is asked to.
    pub(crate) watches: bool,
}

impl Client {
    pub(crate) fn of(params: &InitializeParams) -> Self {
        let workspace = params.capabilities.workspace.as_ref();
        let actions = params.capabilities.text_document.as_ref().and_then(|t| t.code_action.as_ref());
        let general = params.capabilities.general.as_ref();
        Self {
            encoding: Encoding::best(
                general.and_then(|general| general.position_encodings.as_deref()).unwrap_or_default(),
            ),
            document_changes: workspace
                .and_then(|w| w.workspace_edit.as_ref()?.document_changes)
                .unwrap_or_default(),
            resolves_edits: actions.is_some_and(|actions| {
                let resolves = actions.resolve_support.as_ref();
                actions.data_support == Some(true)
                    && resolves.is_some_and(|r| r.properties.iter().any(|property| property == "edit"))
            }),
            watches: workspace
                .and_then(|w| w.did_change_watched_files.as_ref()?.dynamic_registration)
                .unwrap_or_default(),
        }
    }
}

/// The folders that the client has open.
#[expect(deprecated, reason = "clients that know no workspace folders send the one folder that they have")]
pub(crate) fn folders(params: &InitializeParams) -> Vec<PathBuf> {
    match &params.workspace_folders_initialize_params.workspace_folders {
        Some(WorkspaceFolders::WorkspaceFolderList(list)) => {
            list.iter().filter_map(|folder| uri::path(&folder.uri)).collect()
        }
        _ => params.root_uri.as_ref().and_then(uri::path).into_iter().collect(),
    }
}

/// What the server can do.
pub(crate) fn offered(client: &Client) -> InitializeResult {
    let folders = WorkspaceFoldersServerCapabilities {
        supported: Some(true),
        change_notifications: Some(ChangeNotifications::Bool(true)),
    };
    let actions = CodeActionOptions {
        code_action_kinds: Some(vec![CodeActionKind::QuickFix, FIX_ALL]),
        resolve_provider: Some(true),
        ..CodeActionOptions::default()
    };
    let sync = TextDocumentSyncOptions {
        open_close: Some(true),
        change: Some(TextDocumentSyncKind::Incremental),
        save: Some(true.into()),
        ..TextDocumentSyncOptions::default()
    };
    InitializeResult {
        capabilities: ServerCapabilities {
            position_encoding: Some(client.encoding.kind()),
            text_document_sync: Some(sync.into()),
            hover_provider: Some(true.into()),
            code_action_provider: Some(actions.into()),
            workspace: Some(WorkspaceOptions {
                workspace_folders: Some(folders),
                ..WorkspaceOptions::default()
            }),
            ..ServerCapabilities::default()
        },
        server_info: Some(ServerInfo {
            name: "netloom".to_owned(),
            version: Some(env!("CARGO_PKG_VERSION").to_owned()),
        }),
    }
}

/// The files whose changes the client is asked to tell of.
pub(crate) fn watched() -> serde_json::Value {
    let watchers: Vec<serde_json::Value> = ["**/*.{yaml,yml,json}", "**/netloom.toml"]
        .iter()
        .map(|pattern| json!({"globPattern": pattern}))
        .collect();
    json!({"registrations": [{
        "id": "netloom-files",
        "method": "workspace/didChangeWatchedFiles",
        "registerOptions": {"watchers": watchers},
    }]})
}
