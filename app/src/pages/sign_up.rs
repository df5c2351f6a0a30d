//! Creating an account.

use api::{Client, SignUpStatus};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Entrance, ProblemNote},
    format,
    plain_form::{FormRefusal, PlainField, RefusedForm, refused},
    query::use_query_value,
};

#[component]
pub fn SignUp() -> impl IntoView {
    let refused = refused("sign-up");
    let next = use_query_value("next").get_untracked();
    let sign_in = format!("/sign-in{}", format::query(&[("next", &next)]));
    let status = Resource::new_blocking(
        || (),
        |()| async move { expect_context::<Client>().get::<SignUpStatus>("/auth/sign-up").await },
    );

    view! {
        <Title text="Sign up" />
        <Entrance>
            <h1>"Create an account"</h1>
            <Suspense>
                {move || {
                    let (refused, next) = (refused.clone(), next.clone());
                    Suspend::new(async move {
                        match status.await {
                            Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                            Ok(status) if !status.open => {
                                view! {
                                    <p class="note warning">
                                        "This Hyperion takes no new accounts. Ask its administrator for one."
                                    </p>
                                }
                                    .into_any()
                            }
                            Ok(status) => view! { <SignUpForm first=status.first_account refused next /> }.into_any(),
                        }
                    })
                }}
            </Suspense>
            <p class="hint">"Already have an account? " <a href=sign_in>"Sign in"</a></p>
        </Entrance>
    }
}

#[component]
fn SignUpForm(first: bool, refused: Option<RefusedForm>, next: String) -> impl IntoView {
    view! {
        {first.then(|| view! { <p class="note">"This is the first account, so it becomes the administrator."</p> })}
        <form class="form" action="/forms/sign-up" method="post">
            <FormRefusal refused=refused.clone() />
            <input type="hidden" name="next" value=next />
            <PlainField refused=refused.clone() name="name" label="Name" autocomplete="name" max_length=200 />
            <PlainField refused=refused.clone() name="email" label="Email" kind="email" autocomplete="username" />
            <PlainField
                refused
                name="password"
                label="Password"
                kind="password"
                autocomplete="new-password"
                hint="At least 10 characters; several unrelated words are best."
                min_length=10
                max_length=256
            />
            <button type="submit" class="button primary">
                "Sign up"
            </button>
        </form>
    }
}
