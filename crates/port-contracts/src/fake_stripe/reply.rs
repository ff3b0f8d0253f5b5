//! Errors as Stripe writes them.

use serde_json::json;

use super::ERROR_TEXT;
use crate::fake_http::Reply;

impl Reply {
    pub(super) fn error(status: u16, kind: &str, code: Option<&str>) -> Self {
        Self::error_about(status, kind, code, ERROR_TEXT)
    }

    pub(super) fn error_about(status: u16, kind: &str, code: Option<&str>, message: &str) -> Self {
        let mut error = json!({ "message": message, "type": kind });
        if let Some(code) = code {
            error["code"] = json!(code);
            error["doc_url"] = json!(format!("https://stripe.com/docs/error-codes/{code}"));
        }
        Self::json(status, json!({ "error": error }).to_string())
    }
}
