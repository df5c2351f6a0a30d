//! Errors that are logged.

use std::fmt;

use ::sentry::protocol::{Event, Level};
use app::source_file;
use tracing::{
    Subscriber,
    field::{Field, Visit},
};
use tracing_subscriber::layer::{Context, Layer};

/// Crates whose log messages are constants, with everything that varies in fields.
pub const OURS: [&str; 6] = ["server", "app", "api", "store", "engine", "milvus"];

/// Reports each error that is logged, with its message and its place. Of its fields none is reported but `place`: they
/// may name files, addresses and people.
pub struct LoggedErrors;

impl<S: Subscriber> Layer<S> for LoggedErrors {
    fn on_event(&self, event: &tracing::Event<'_>, _: Context<'_, S>) {
        let metadata = event.metadata();
        // Panics are reported where they happen.
        if *metadata.level() != tracing::Level::ERROR || metadata.fields().field("panic").is_some() {
            return;
        }
        let mut told = Told::default();
        event.record(&mut told);
        let logged_at = || Some(format!("{}:{}", source_file(metadata.file()?), metadata.line()?));
        let place = told.place.or_else(logged_at).unwrap_or_default();
        let target = metadata.target();
        let message = told
            .message
            .filter(|_| OURS.contains(&target.split("::").next().unwrap_or_default()))
            .unwrap_or_else(|| format!("an error in {target}; the log has its words"));
        ::sentry::capture_event(Event {
            level: Level::Error,
            logger: Some(target.to_owned()),
            fingerprint: vec![message.clone().into(), place.clone().into()].into(),
            message: Some(message),
            tags: [("place".to_owned(), place)].into(),
            ..Event::default()
        });
    }
}

#[derive(Default)]
struct Told {
    message: Option<String>,
    place: Option<String>,
}

impl Visit for Told {
    fn record_debug(&mut self, field: &Field, value: &dyn fmt::Debug) {
        match field.name() {
            "message" => self.message = Some(format!("{value:?}")),
            "place" => self.place = Some(format!("{value:?}")),
            _ => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use ::sentry::test::with_captured_events;
    use tracing_subscriber::layer::SubscriberExt;

    use super::*;

    fn captured(log: impl FnOnce()) -> Vec<Event<'static>> {
        let subscriber = tracing_subscriber::registry().with(LoggedErrors);
        with_captured_events(|| tracing::subscriber::with_default(subscriber, log))
    }

    #[test]
    fn an_error_is_told_by_message_and_place_and_without_what_varies() {
        let events = captured(|| {
            tracing::warn!("nothing to report");
            tracing::error!(error = %"Jane Doe.pdf is not there", document = 7, "an original could not be stored");
        });
        let [event] = &events[..] else { panic!("{events:?}") };
        assert_eq!(event.message.as_deref(), Some("an original could not be stored"));
        let place = &event.tags["place"];
        assert!(place.starts_with("server/src/telemetry/sentry/logged.rs:"), "{place}");
        assert!(!format!("{event:?}").contains("Jane"), "{event:?}");
    }

    #[test]
    fn the_place_that_an_error_names_itself_is_its_place() {
        let events = captured(|| tracing::error!(place = %"server/src/search.rs:7", "request failed"));
        assert_eq!(events[0].tags["place"], "server/src/search.rs:7");
    }

    #[test]
    fn what_libraries_say_may_hold_anything_and_stays_in_the_log() {
        let events = captured(|| tracing::error!(target: "sqlx::query", "no row has the key jane@example.org"));
        assert_eq!(
            events[0].message.as_deref(),
            Some("an error in sqlx::query; the log has its words")
        );
        assert!(!format!("{events:?}").contains("jane"), "{events:?}");
    }

    #[test]
    fn a_panic_that_is_logged_is_not_reported_twice() {
        assert!(captured(|| tracing::error!(panic = "index out of bounds", "a handler panicked")).is_empty());
    }
}
