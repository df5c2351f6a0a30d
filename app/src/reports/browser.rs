//! Notices what goes wrong in the page and sends it off.

use std::{
    cell::{Cell, OnceCell},
    panic::PanicHookInfo,
};

use js_sys::{Date, Error, Reflect};
use leptos::{ev, prelude::*};
use uuid::Uuid;
use wasm_bindgen::{JsCast, JsValue};

use super::{
    constant_message,
    envelope::{Failure, Moment, Receiver, envelope, without_quotations},
    route, source_file,
    stack::{Frame, frames, is_ours},
};

/// Where the server takes reports.
const PATH: &str = "/api/v1/error-reports";

/// A page that goes on failing has said enough by then.
const MOST: u32 = 5;

struct Reporter {
    to: Receiver,
    left: Cell<u32>,
}

thread_local! {
    static REPORTER: OnceCell<Reporter> = const { OnceCell::new() };
}

/// Reports from now on what goes wrong, if the page says where to.
pub fn listen() {
    let Some(to) = receiver() else { return };
    let reporter = Reporter {
        to,
        left: Cell::new(MOST),
    };
    if REPORTER.with(|known| known.set(reporter)).is_err() {
        return;
    }
    // For as long as the page lives.
    let _ = window_event_listener(ev::error, |event| uncaught(&event.error()));
    let _ = window_event_listener(ev::unhandledrejection, |event| uncaught(&event.reason()));
}

/// Reports a panic. What fails after it fails because of it, and is not reported.
pub fn panicked(panic: &PanicHookInfo<'_>) {
    let mut frames = frames(&stack_of(&Error::new("")));
    let mut kind = "panic".to_owned();
    if let Some(place) = panic.location() {
        let file = source_file(place.file());
        kind = format!("panic at {file}:{}", place.line());
        frames.push(Frame {
            filename: file.to_owned(),
            lineno: Some(place.line()),
            colno: Some(place.column()),
            ..Frame::default()
        });
    }
    send(&Failure {
        kind,
        message: constant_message(panic)
            .unwrap_or("the browser's console has its words")
            .to_owned(),
        frames,
        fatal: true,
    });
    REPORTER.with(|reporter| {
        if let Some(reporter) = reporter.get() {
            reporter.left.set(0);
        }
    });
}

/// Reports an error that nothing has caught.
fn uncaught(thrown: &JsValue) {
    // What is thrown otherwise tells nothing of where it was.
    let Some(error) = thrown.dyn_ref::<Error>() else { return };
    let stack = stack_of(error);
    if is_ours(&stack) {
        send(&Failure {
            kind: String::from(error.name()),
            message: without_quotations(&String::from(error.message())),
            frames: frames(&stack),
            fatal: false,
        });
    }
}

fn send(failure: &Failure) {
    REPORTER.with(|reporter| {
        let Some(reporter) = reporter.get() else { return };
        let Some(left) = reporter.left.get().checked_sub(1) else {
            return;
        };
        reporter.left.set(left);
        let window = window();
        let at = Moment {
            id: Uuid::new_v4().simple().to_string(),
            time: Date::now() / 1000.0,
            route: route(&window.location().pathname().unwrap_or_default()),
            user_agent: window.navigator().user_agent().unwrap_or_default(),
        };
        // Nobody could be told that it failed.
        let _ = window
            .navigator()
            .send_beacon_with_opt_str(PATH, Some(&envelope(&reporter.to, &at, failure)));
    });
}

/// Whom the page names.
fn receiver() -> Option<Receiver> {
    let meta = document().query_selector("meta[name=error-reports]").ok()??;
    Some(Receiver {
        dsn: meta.get_attribute("content")?,
        release: meta.get_attribute("data-release")?,
        environment: meta.get_attribute("data-environment")?,
    })
}

/// Empty where the browser gives none.
fn stack_of(error: &Error) -> String {
    let stack = Reflect::get(error, &JsValue::from_str("stack"));
    stack.ok().and_then(|stack| stack.as_string()).unwrap_or_default()
}
