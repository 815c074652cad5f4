//! How a session begins and ends.
use gen_lsp_types::InitializeParams;
use lsp_server::{ErrorCode, Message, Request, RequestId, Response};

use super::{Session, requests::refused};
use crate::capabilities::{Client, folders, offered, watched};

/// How far a session is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub(super) enum Stage {
    #[default]
    New,
    /// `initialize` was answered.
    Running,
    /// `shutdown` was answered.
    Down,
    /// `exit` came; whether `shutdown` had come before.
    Over { orderly: bool },
}

impl Session {
    /// Whether the client has ended the session; then, whether it did so in order.
    #[must_use]
    pub const fn ended(&self) -> Option<bool> {
        match self.stage {
            Stage::Over { orderly } => Some(orderly),
            _ => None,
        }
    }

    pub(super) fn initialize(&mut self, id: RequestId, params: serde_json::Value) -> Message {
        if self.stage != Stage::New {
            return refused(id, ErrorCode::InvalidRequest, "the session has begun already");
        }
        match serde_json::from_value::<InitializeParams>(params) {
            Ok(params) => {
                self.client = Client::of(&params);
                self.folders = folders(&params);
                self.stage = Stage::Running;
                Response::new_ok(id, offered(&self.client)).into()
            }
            Err(error) => refused(id, ErrorCode::InvalidParams, &error.to_string()),
        }
    }

    /// The client is ready: it is asked to tell of changed files.
    pub(super) fn begin(&mut self) -> Vec<Message> {
        if self.stage != Stage::Running || !self.client.watches {
            return Vec::new();
        }
        let id = RequestId::from("netloom-watch".to_owned());
        vec![Request::new(id, "client/registerCapability".to_owned(), watched()).into()]
    }

    pub(super) fn shutdown(&mut self, id: RequestId) -> Message {
        self.stage = Stage::Down;
        Response::new_ok(id, ()).into()
    }

    pub(super) fn exit(&mut self) {
        self.stage = Stage::Over { orderly: self.stage == Stage::Down };
    }
}
