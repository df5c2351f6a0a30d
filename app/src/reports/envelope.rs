//! An error in the form that Sentry takes.

use serde_json::json;

use super::stack::Frame;

/// Who takes reports.
pub struct Receiver {
    pub dsn: String,
    pub release: String,
    pub environment: String,
}

/// Where and when something happened.
pub struct Moment {
    /// 32 hexadecimal digits.
    pub id: String,
    /// Seconds since 1970.
    pub time: f64,
    pub route: String,
    pub user_agent: String,
}

pub struct Failure {
    pub kind: String,
    pub message: String,
    /// The outermost call first.
    pub frames: Vec<Frame>,
    /// Whether the app has stopped.
    pub fatal: bool,
}

/// Longer messages are cut off.
const LONGEST_MESSAGE: usize = 200;

pub fn envelope(to: &Receiver, at: &Moment, failure: &Failure) -> String {
    let header = json!({ "event_id": at.id, "dsn": to.dsn });
    let item = json!({ "type": "event" });
    let event = json!({
        "event_id": at.id,
        "timestamp": at.time,
        "platform": "javascript",
        "level": if failure.fatal { "fatal" } else { "error" },
        "release": to.release,
        "environment": to.environment,
        "transaction": at.route,
        // Sentry knows browsers by it.
        "request": { "headers": { "User-Agent": at.user_agent } },
        "exception": { "values": [{
            "type": failure.kind,
            "value": failure.message,
            "mechanism": { "type": if failure.fatal { "panic" } else { "generic" }, "handled": false },
            "stacktrace": { "frames": failure.frames },
        }] },
    });
    format!("{header}\n{item}\n{event}\n")
}

/// What a browser says of an error, without what it quotes: a text that is no JSON, for instance, which may be
/// somebody's own.
pub fn without_quotations(message: &str) -> String {
    let quotes = ['"', '\'', '`', '‘', '’', '“', '”', '«', '»'];
    let kept = match (message.find(quotes), message.rfind(quotes)) {
        (Some(first), Some(last)) => format!("{}… {}", &message[..first], message[last..].trim_start_matches(quotes)),
        _ => message.to_owned(),
    };
    let words = kept.split_whitespace().map(|word| {
        let is_address = word.contains("://") || word.contains('@');
        if is_address { "…" } else { word }
    });
    let text = words.collect::<Vec<_>>().join(" ");
    text.chars().take(LONGEST_MESSAGE).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn an_envelope_is_three_lines_that_say_where_and_what() {
        let to = Receiver {
            dsn: "https://key@sentry.example/1".to_owned(),
            release: "hyperion@1.2.3+abc".to_owned(),
            environment: "staging".to_owned(),
        };
        let at = Moment {
            id: "0".repeat(32),
            time: 1_795_000_000.5,
            route: "/documents/:id".to_owned(),
            user_agent: "Browser/1".to_owned(),
        };
        let failure = Failure {
            kind: "TypeError".to_owned(),
            message: "line\nbreak".to_owned(),
            frames: vec![Frame::default()],
            fatal: false,
        };
        let envelope = envelope(&to, &at, &failure);
        let lines: Vec<serde_json::Value> = envelope
            .lines()
            .map(|line| serde_json::from_str(line).unwrap())
            .collect();
        let [header, item, event] = &lines[..] else {
            panic!("{envelope}")
        };
        assert_eq!(header["dsn"], "https://key@sentry.example/1");
        assert_eq!(item["type"], "event");
        assert_eq!(event["event_id"], header["event_id"]);
        assert_eq!(event["release"], "hyperion@1.2.3+abc");
        assert_eq!(event["transaction"], "/documents/:id");
        assert_eq!(event["exception"]["values"][0]["value"], "line\nbreak");
    }

    #[test]
    fn a_message_is_told_without_what_it_quotes_and_without_addresses() {
        for (said, told) in [
            (
                r#"Unexpected token 'J', "Jane Doe, "... is not valid JSON"#,
                "Unexpected token … ... is not valid JSON",
            ),
            (
                "Failed to fetch https://hyperion.example/a?b of jane@example.org",
                "Failed to fetch … of …",
            ),
            ("unreachable", "unreachable"),
            ("It is 'Jane", "It is … Jane"),
        ] {
            assert_eq!(without_quotations(said), told);
        }
        assert_eq!(without_quotations(&"é".repeat(300)).chars().count(), 200);
    }
}
