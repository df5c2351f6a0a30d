//! Panics, in whatever thread.

use std::panic::PanicHookInfo;

use ::sentry::{
    integrations::{backtrace::current_stacktrace, panic::PanicIntegration},
    protocol::{Event, Exception, Level, Mechanism},
};
use app::{constant_message, source_file};

/// Reports each panic before it is printed.
pub fn integration() -> PanicIntegration {
    PanicIntegration::new().add_extractor(|panic| Some(event(panic)))
}

fn event(panic: &PanicHookInfo<'_>) -> Event<'static> {
    let place = panic
        .location()
        .map(|place| format!("{}:{}", source_file(place.file()), place.line()))
        .unwrap_or_default();
    let message = constant_message(panic).unwrap_or("the log has its words");
    Event {
        level: Level::Fatal,
        // Stacks of programs without symbols look alike, wherever they come from.
        fingerprint: vec!["panic".into(), place.clone().into()].into(),
        exception: vec![Exception {
            ty: format!("panic at {place}"),
            value: Some(message.to_owned()),
            mechanism: Some(Mechanism {
                ty: "panic".to_owned(),
                handled: Some(false),
                ..Mechanism::default()
            }),
            stacktrace: current_stacktrace(),
            ..Exception::default()
        }]
        .into(),
        tags: [("place".to_owned(), place)].into(),
        ..Event::default()
    }
}
