//! How long spans take, as metrics: each kind of work is a target, and its spans' names, which are few and written in the
//! program, are the label's values.

use std::time::Instant;

use tracing::{
    Subscriber,
    span::{Attributes, Id},
};
use tracing_subscriber::{Layer, layer::Context, registry::LookupSpan};

use super::METRICS;

pub struct Durations;

struct Begun(Instant);

impl<S: Subscriber + for<'s> LookupSpan<'s>> Layer<S> for Durations {
    fn on_new_span(&self, attributes: &Attributes<'_>, id: &Id, context: Context<'_, S>) {
        if METRICS.measures(attributes.metadata().target())
            && let Some(span) = context.span(id)
        {
            span.extensions_mut().insert(Begun(Instant::now()));
        }
    }

    fn on_close(&self, id: Id, context: Context<'_, S>) {
        let Some(span) = context.span(&id) else { return };
        let metadata = span.metadata();
        if let Some(Begun(begun)) = span.extensions().get() {
            METRICS.took(metadata.target(), metadata.name(), begun.elapsed());
        }
    }
}
