//! What the doctor found.

use std::fmt;

use serde::Serialize;

#[derive(Debug, Clone, Copy, PartialEq, Eq, Serialize)]
#[serde(rename_all = "snake_case")]
enum Verdict {
    Ok,
    Warn,
    Fail,
}

#[derive(Debug, Serialize)]
pub struct Finding {
    verdict: Verdict,
    what: String,
    /// What is there, or what is wrong and what to do about it.
    message: String,
}

impl Finding {
    pub fn ok(what: &str, message: impl ToString) -> Self {
        Self::new(Verdict::Ok, what, &message)
    }

    /// Hyperion works, but something should be done.
    pub fn warn(what: &str, message: impl ToString) -> Self {
        Self::new(Verdict::Warn, what, &message)
    }

    /// Hyperion does not work, or not wholly.
    pub fn fail(what: &str, message: impl ToString) -> Self {
        Self::new(Verdict::Fail, what, &message)
    }

    fn new(verdict: Verdict, what: &str, message: &impl ToString) -> Self {
        Self {
            verdict,
            what: what.to_owned(),
            message: message.to_string(),
        }
    }

    pub fn is_failure(&self) -> bool {
        self.verdict == Verdict::Fail
    }

    pub fn to_json(&self) -> String {
        serde_json::to_string(self).expect("a finding holds only text")
    }
}

impl fmt::Display for Finding {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let verdict = match self.verdict {
            Verdict::Ok => "ok",
            Verdict::Warn => "warn",
            Verdict::Fail => "fail",
        };
        write!(f, "{verdict:4}  {}: {}", self.what, self.message)
    }
}
