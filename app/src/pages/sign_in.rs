//! Signing in.

use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::Entrance,
    format,
    plain_form::{FormRefusal, PlainField, refused},
    query::use_query_value,
};

/// The form posts to a plain handler, with or without JavaScript: the browser then offers to save the password.
#[component]
pub fn SignIn() -> impl IntoView {
    let refused = refused("sign-in");
    let next = use_query_value("next").get_untracked();
    let sign_up = format!("/sign-up{}", format::query(&[("next", &next)]));

    view! {
        <Title text="Sign in" />
        <Entrance>
            <h1>"Sign in"</h1>
            <form class="form" action="/forms/sign-in" method="post">
                <FormRefusal refused=refused.clone() />
                <input type="hidden" name="next" value=next />
                <PlainField refused=refused.clone() name="email" label="Email" kind="email" autocomplete="username" />
                <PlainField
                    refused
                    name="password"
                    label="Password"
                    kind="password"
                    autocomplete="current-password"
                    max_length=256
                />
                <button type="submit" class="button primary">
                    "Sign in"
                </button>
            </form>
            <p class="hint">"No account yet? " <a href=sign_up>"Create one"</a></p>
        </Entrance>
    }
}
