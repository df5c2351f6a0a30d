//! Signing in.

use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::FormProblem;

/// The form posts to a plain handler, with or without JavaScript: the browser then offers to save the password.
#[component]
pub fn SignIn() -> impl IntoView {
    let query = use_query_map();
    let next = move || query.read().get("next").unwrap_or_else(|| "/".to_owned());

    view! {
        <Title text="Sign in" />
        <main class="entrance" id="main">
            <p class="brand">"Hyperion"</p>
            <h1>"Sign in"</h1>
            <FormProblem code=Signal::derive(move || query.read().get("problem")) />
            <form class="stack" action="/forms/sign-in" method="post">
                <input type="hidden" name="next" value=next />
                <label for="email">"Email"</label>
                <input id="email" type="email" name="email" autocomplete="username" required />
                <label for="password">"Password"</label>
                <input id="password" type="password" name="password" autocomplete="current-password" required />
                <button type="submit" class="button primary">"Sign in"</button>
            </form>
            <p class="hint">"No account yet? "<a href="/sign-up">"Create one"</a></p>
        </main>
    }
}
