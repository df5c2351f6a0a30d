//! What went wrong and what to do, where it went wrong.

use api::Problem;
use leptos::prelude::*;

/// Says the problem and, below it, what is wrong with single fields; read out as soon as it appears.
#[component]
pub fn ProblemNote(problem: Problem) -> impl IntoView {
    view! {
        <div class="note problem" role="alert">
            <p>{problem.message().to_owned()}</p>
            {(!problem.fields.is_empty())
                .then(|| {
                    let fields = problem
                        .fields
                        .iter()
                        .map(|field| view! { <li>{field.message.clone()}</li> })
                        .collect_view();
                    view! { <ul>{fields}</ul> }
                })}
            {(problem.status == 401).then(|| view! { <p><a href="/sign-in" rel="external">"Sign in again"</a></p> })}
        </div>
    }
}
