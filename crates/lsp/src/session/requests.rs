//! Requests of the client and their answers.
use std::sync::Arc;

use gen_lsp_types::{CodeAction, CodeActionParams, HoverParams, Uri};
use lsp_server::{ErrorCode, Message, Request, RequestId, Response};
use serde::de::DeserializeOwned;

use super::{FixAll, Session, Work, lifecycle::Stage};
use crate::{Trouble, actions, hover::hover, uri};

impl Session {
    pub(super) fn request(&mut self, request: Request) -> Vec<Message> {
        let Request { id, method, params } = &request;
        match (self.stage, method.as_str()) {
            (_, "initialize") => vec![self.initialize(id.clone(), params.clone())],
            (Stage::New, _) => {
                let early = "the first request is `initialize`";
                vec![refused(id.clone(), ErrorCode::ServerNotInitialized, early)]
            }
            (Stage::Running, "shutdown") => vec![self.shutdown(id.clone())],
            (Stage::Running, "textDocument/codeAction" | "codeAction/resolve" | "textDocument/hover") => {
                // What is known of an older text has its places elsewhere.
                if self.is_stale() {
                    self.waiting.push(request);
                    return Vec::new();
                }
                self.answer(request)
            }
            (Stage::Running, _) => {
                let unknown = format!("`{method}` is not something that netloom does");
                vec![refused(id.clone(), ErrorCode::MethodNotFound, &unknown)]
            }
            _ => vec![refused(id.clone(), ErrorCode::InvalidRequest, "the session is over")],
        }
    }

    /// Answers a request about what is known.
    pub(super) fn answer(&mut self, Request { id, method, params }: Request) -> Vec<Message> {
        match method.as_str() {
            "textDocument/codeAction" => match read(&id, params) {
                Ok(params) => self.code_actions(id, &params),
                Err(refused) => vec![refused],
            },
            "codeAction/resolve" => match read(&id, params) {
                Ok(action) => self.resolve(id, action),
                Err(refused) => vec![refused],
            },
            _ => match read::<HoverParams>(&id, params) {
                Ok(params) => {
                    let at = params.text_document_position_params;
                    let shown = uri::path(&at.text_document.uri).and_then(|file| {
                        hover(&self.found, &self.buffers, self.client.encoding, &file, at.position)
                    });
                    vec![Response::new_ok(id, shown).into()]
                }
                Err(refused) => vec![refused],
            },
        }
    }

    fn code_actions(&mut self, request: RequestId, params: &CodeActionParams) -> Vec<Message> {
        let Some(path) = uri::path(&params.text_document.uri) else {
            return vec![Response::new_ok(request, ()).into()];
        };
        let mut found = actions::at(&self.found, &self.buffers, &self.client, &path, params);
        let whole = found.pop_if(|action| action.data.is_some());
        let Some(whole) = whole else { return vec![Response::new_ok(request, found).into()] };
        if actions::asks_for_sources(params) && found.is_empty() {
            // It is applied as it comes, such as on saving.
            self.repairs.push(FixAll { request, path, action: None, before: None });
            return Vec::new();
        }
        if self.client.resolves_edits {
            found.push(whole);
        }
        vec![Response::new_ok(request, found).into()]
    }

    fn resolve(&mut self, request: RequestId, action: CodeAction) -> Vec<Message> {
        let data = action.data.as_ref().and_then(|data| data.get("uri")?.as_str());
        match data.and_then(|uri| uri::path(&Uri::from(uri))) {
            Some(path) if action.edit.is_none() && actions::repairable(&self.found, &path).is_some() => {
                let action = Some(Box::new(action));
                self.repairs.push(FixAll { request, path, action, before: None });
                Vec::new()
            }
            _ => vec![Response::new_ok(request, action).into()],
        }
    }

    /// Answers those whose file has nothing to repair any more.
    pub(super) fn without_repair(&mut self) -> Vec<Message> {
        let found = &self.found;
        let gone = self.repairs.extract_if(.., |repair| actions::repairable(found, &repair.path).is_none());
        gone.map(|FixAll { request, action, .. }| match action {
            Some(action) => Response::new_ok(request, *action).into(),
            None => Response::new_ok(request, Vec::<CodeAction>::new()).into(),
        })
        .collect()
    }

    /// The repair that was asked for first.
    pub(super) fn next_repair(&mut self) -> Option<Work> {
        let repair = self.repairs.first_mut()?;
        let (root, checked) = actions::repairable(&self.found, &repair.path)?;
        let named = |source: &&Arc<netloom_objects::ParsedSource>| repair.path == *source.source.name;
        let source = checked.set.sources.iter().find(named)?;
        let version = self.buffers.get(&repair.path).map(|buffer| buffer.version);
        repair.before = Some((source.source.text.clone(), version));
        Some(Work::Repair {
            request: repair.request.clone(),
            root: root.to_owned(),
            set: checked.set.clone(),
            file: source.source.name.clone(),
        })
    }

    pub(super) fn repaired(
        &mut self,
        request: &RequestId,
        text: Result<Arc<str>, Trouble>,
    ) -> Option<Message> {
        let at = self.repairs.iter().position(|repair| repair.request == *request)?;
        let repair = self.repairs.remove(at);
        let after = match text {
            Ok(text) => text,
            Err(trouble) => return Some(failed(repair.request, trouble.message)),
        };
        let buffer = self.buffers.get(&repair.path);
        let (before, version) = repair.before?;
        if buffer.is_some_and(|buffer| buffer.text != before) {
            let changed = "the document was changed meanwhile";
            return Some(refused(repair.request, ErrorCode::ContentModified, changed));
        }
        let uri = buffer.map_or_else(|| uri::of(&repair.path), |buffer| buffer.uri.clone());
        let edit = Some(actions::rewrite(&before, &after, uri, version, &self.client));
        Some(match repair.action {
            Some(action) => Response::new_ok(repair.request, CodeAction { edit, ..*action }).into(),
            None => {
                let title = actions::FIX_ALL_TITLE.to_owned();
                let kind = Some(crate::capabilities::FIX_ALL);
                let action = CodeAction { title, kind, edit, ..CodeAction::default() };
                Response::new_ok(repair.request, vec![action]).into()
            }
        })
    }

    pub(super) fn cancel(&mut self, params: &serde_json::Value) -> Vec<Message> {
        let Ok(id) = serde_json::from_value::<RequestId>(params["id"].clone()) else { return Vec::new() };
        let before = self.waiting.len() + self.repairs.len();
        self.waiting.retain(|request| request.id != id);
        self.repairs.retain(|repair| repair.request != id);
        match before > self.waiting.len() + self.repairs.len() {
            true => vec![refused(id, ErrorCode::RequestCanceled, "cancelled")],
            // It was answered already.
            false => Vec::new(),
        }
    }
}

fn read<T: DeserializeOwned>(id: &RequestId, params: serde_json::Value) -> Result<T, Message> {
    serde_json::from_value(params)
        .map_err(|error| refused(id.clone(), ErrorCode::InvalidParams, &error.to_string()))
}

pub(super) fn refused(id: RequestId, code: ErrorCode, message: &str) -> Message {
    Response::new_err(id, code as i32, message.to_owned()).into()
}

fn failed(id: RequestId, message: String) -> Message {
    Response::new_err(id, ErrorCode::RequestFailed as i32, message).into()
}
