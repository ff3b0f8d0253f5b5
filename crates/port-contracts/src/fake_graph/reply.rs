//! What Graph's answers have in common.

use serde_json::json;

use super::ERROR_TEXT;
use crate::fake_http::Reply;

const REQUEST_ID: &str = "7d9a4c1e-0000-4000-8000-00000000c0de";

impl Reply {
    pub(super) fn graph_error(status: u16, code: &str) -> Self {
        let inner = json!({"date": "2026-11-21T07:00:00", "request-id": REQUEST_ID, "client-request-id": REQUEST_ID});
        let error = json!({"code": code, "message": ERROR_TEXT, "innerError": inner});
        Self::json(status, json!({ "error": error }).to_string()).with_request_id()
    }

    pub(super) fn with_request_id(self) -> Self {
        self.with_header("request-id", Some(REQUEST_ID.to_owned()))
    }
}
