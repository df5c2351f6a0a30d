//! Errors as RFC 9457 problem documents.

use serde::{Deserialize, Serialize};

/// A problem document (`application/problem+json`).
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize, thiserror::Error)]
#[error("{}", self.message())]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct Problem {
    /// Stable address of this kind of problem: `/problems/{code}`.
    #[serde(rename = "type")]
    pub kind: String,
    /// What happened, in a few words; the same for every problem of this kind.
    pub title: String,
    /// HTTP status.
    pub status: u16,
    /// What happened to what, and what to do about it.
    #[serde(skip_serializing_if = "Option::is_none")]
    pub detail: Option<String>,
    /// Stable name of this kind of problem, for programs.
    pub code: String,
    /// What is wrong with single fields of the request.
    #[serde(default, skip_serializing_if = "Vec::is_empty")]
    pub fields: Vec<FieldProblem>,
    /// In how many seconds it makes sense to try again.
    #[serde(default, skip_serializing_if = "Option::is_none")]
    pub retry_after: Option<u64>,
}

/// What is wrong with one field of a request.
#[derive(Debug, Clone, PartialEq, Eq, Serialize, Deserialize)]
#[cfg_attr(feature = "openapi", derive(utoipa::ToSchema))]
pub struct FieldProblem {
    pub field: String,
    pub message: String,
}

impl Problem {
    pub fn new(status: u16, code: &str, title: &str) -> Self {
        Self {
            kind: format!("/problems/{code}"),
            title: title.to_owned(),
            status,
            detail: None,
            code: code.to_owned(),
            fields: Vec::new(),
            retry_after: None,
        }
    }

    pub fn with_detail(mut self, detail: impl Into<String>) -> Self {
        self.detail = Some(detail.into());
        self
    }

    pub fn with_field(mut self, field: &str, message: impl Into<String>) -> Self {
        self.fields.push(FieldProblem {
            field: field.to_owned(),
            message: message.into(),
        });
        self
    }

    /// One sentence for a person: the detail where there is one, else the title.
    pub fn message(&self) -> &str {
        self.detail.as_deref().unwrap_or(&self.title)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_problem_is_written_with_the_members_rfc_9457_names() {
        let problem = Problem::new(409, "name_taken", "That name is taken")
            .with_detail("You already have a knowledge base called Contracts. Choose another name.");
        let json = serde_json::to_value(&problem).unwrap();
        assert_eq!(json["type"], "/problems/name_taken");
        assert_eq!(json["status"], 409);
        assert_eq!(json["title"], "That name is taken");
        assert!(json["detail"].as_str().unwrap().starts_with("You already have"));
        assert!(json.get("fields").is_none());
    }
}
