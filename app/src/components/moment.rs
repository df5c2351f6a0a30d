//! A point in time.

use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;

use crate::format;

/// Day and time: in UTC as the page arrives, by the reader's own clock as soon as the page reacts.
#[component]
pub fn Moment(time: DateTime<Utc>) -> impl IntoView {
    let local = RwSignal::new(None::<String>);
    Effect::new(move || {
        let date = js_sys::Date::new(&(time.timestamp_millis() as f64).into());
        // Browsers count minutes to the west of Greenwich.
        let offset = TimeDelta::minutes(-(date.get_timezone_offset() as i64));
        local.set(Some(format::moment(time + offset)));
    });
    view! {
        <time datetime=time.to_rfc3339()>
            {move || local.get().unwrap_or_else(|| format!("{} UTC", format::moment(time)))}
        </time>
    }
}
