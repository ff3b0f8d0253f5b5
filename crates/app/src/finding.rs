//! What a look at one thing has shown.

use std::fmt;

use serde::Serialize;

use crate::settings::Problem;

/// What is said of a setting that can't be right.
pub(crate) const SETTINGS: &str = "settings";

/// What was found out about one thing.
#[derive(Serialize)]
pub(crate) struct Finding {
    pub(crate) check: &'static str,
    pub(crate) state: State,
    pub(crate) detail: String,
    pub(crate) remedy: Option<String>,
    /// What the detail is made of.
    #[serde(skip_serializing_if = "Vec::is_empty")]
    pub(crate) list: Vec<String>,
}

#[derive(Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
pub(crate) enum State {
    Ok,
    Attention,
    NotUsed,
}

impl Finding {
    pub(crate) fn well(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, state: State::Ok, detail: detail.into(), remedy: None, list: Vec::new() }
    }

    pub(crate) fn attention(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, state: State::Attention, detail: detail.into(), remedy: None, list: Vec::new() }
    }

    pub(crate) fn not_used(check: &'static str, detail: impl Into<String>) -> Self {
        Self { check, state: State::NotUsed, detail: detail.into(), remedy: None, list: Vec::new() }
    }

    /// What to do about it.
    pub(crate) fn remedy(self, remedy: impl Into<String>) -> Self {
        Self { remedy: Some(remedy.into()), ..self }
    }

    pub(crate) fn of_setting(problem: &Problem) -> Self {
        let Problem { key, origin, what, remedy } = problem;
        Self::attention(SETTINGS, format!("{key} ({origin}): {what}")).remedy(remedy)
    }

    /// What it says where it needs attention.
    pub(crate) fn for_a_person(&self) -> Option<String> {
        let said =
            self.remedy.as_ref().map_or_else(|| self.detail.clone(), |remedy| format!("{}; {remedy}", self.detail));
        (self.state == State::Attention).then_some(said)
    }

    pub(crate) fn is_wrong_setting(&self) -> bool {
        self.check == SETTINGS && self.state == State::Attention
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let mark = match self.state {
            State::Ok => "ok",
            State::Attention => "!!",
            State::NotUsed => "--",
        };
        write!(f, "{mark} {}: {}", self.check, self.detail)?;
        if let Some(remedy) = &self.remedy {
            write!(f, "; {remedy}")?;
        }
        self.list.iter().try_for_each(|line| write!(f, "\n   {line}"))
    }
}
