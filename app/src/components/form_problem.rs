//! What a plain form's handler sends back as `?problem=CODE`.

use leptos::prelude::*;

/// The sentence for a code; nothing of the address itself is shown, so that no link can put words on a page.
#[component]
pub fn FormProblem(#[prop(into)] code: Signal<Option<String>>) -> impl IntoView {
    let note = move || {
        code.get()
            .map(|code| view! { <p class="note problem" role="alert">{sentence(&code)}</p> })
    };
    view! { {note} }
}

fn sentence(code: &str) -> &'static str {
    match code {
        "wrong_credentials" | "invalid_credentials" => "Email or password is wrong. Check both and try again.",
        "too_many_requests" | "rate_limited" => "Too many attempts. Wait a minute and try again.",
        "account_disabled" => "This account is disabled. Ask your administrator to enable it.",
        "email_taken" => "There is an account with this email address already. Sign in instead.",
        "weak_password" => "That password is easily guessed. Choose several unrelated words.",
        "sign_up_closed" => "This Hyperion takes no new accounts. Ask its administrator for one.",
        "name_taken" => "You already have a knowledge base with that name. Choose another.",
        "forbidden" => "You may not do that here. Ask the owner of the knowledge base for access.",
        "not_found" => "What you wanted to change is not there any more, or was never shared with you.",
        "payload_too_large" | "too_large" => "That is too large to be taken. Make it smaller and try again.",
        "cross_origin" => "The form came from another site and was not taken. Fill it in here.",
        _ => "That did not work. Check what you entered and try again.",
    }
}
