//! Answers. Nothing of a request, of SQL or of a library's errors is ever in one.

use axum::body::Body;
use axum::http::{HeaderValue, Response, StatusCode, header};
use serde_json::{Value, json};

pub(super) fn json(status: StatusCode, content: &Value) -> Response<Body> {
    text(status, "application/json", content.to_string())
}

pub(super) fn text(status: StatusCode, content_type: &'static str, content: String) -> Response<Body> {
    let mut response = Response::new(Body::from(content));
    *response.status_mut() = status;
    response.headers_mut().insert(header::CONTENT_TYPE, HeaderValue::from_static(content_type));
    response
}

pub(super) fn error(status: StatusCode, code: &str, message: &str) -> Response<Body> {
    let mut response = json(status, &json!({ "error": { "code": code, "message": message } }));
    if status == StatusCode::SERVICE_UNAVAILABLE {
        response.headers_mut().insert(header::RETRY_AFTER, HeaderValue::from_static("1"));
    }
    response
}
