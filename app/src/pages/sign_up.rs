//! Creating an account.

use api::{Client, SignUpStatus};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_query_map;

use crate::components::{FormProblem, ProblemNote};

#[component]
pub fn SignUp() -> impl IntoView {
    let query = use_query_map();
    let status = Resource::new(
        || (),
        |()| async move { expect_context::<Client>().get::<SignUpStatus>("/auth/sign-up").await },
    );

    view! {
        <Title text="Sign up" />
        <main class="entrance" id="main">
            <p class="brand">"Hyperion"</p>
            <h1>"Create an account"</h1>
            <FormProblem code=Signal::derive(move || query.read().get("problem")) />
            <Suspense>
                {move || Suspend::new(async move {
                    match status.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(status) if !status.open => {
                            view! { <p>"This Hyperion takes no new accounts. Ask its administrator for one."</p> }.into_any()
                        }
                        Ok(status) => view! { <SignUpForm first=status.first_account /> }.into_any(),
                    }
                })}
            </Suspense>
            <p class="hint">"Already have an account? "<a href="/sign-in">"Sign in"</a></p>
        </main>
    }
}

#[component]
fn SignUpForm(first: bool) -> impl IntoView {
    view! {
        {first.then(|| view! { <p class="note">"This is the first account, so it becomes the administrator."</p> })}
        <form class="stack" action="/forms/sign-up" method="post">
            <label for="name">"Name"</label>
            <input id="name" type="text" name="name" autocomplete="name" required maxlength="100" />
            <label for="email">"Email"</label>
            <input id="email" type="email" name="email" autocomplete="username" required />
            <label for="password">"Password"</label>
            <input
                id="password"
                type="password"
                name="password"
                autocomplete="new-password"
                required
                minlength="10"
                aria-describedby="password-hint"
            />
            <p class="hint" id="password-hint">"At least 10 characters; several unrelated words are best."</p>
            <button type="submit" class="button primary">"Sign up"</button>
        </form>
    }
}
