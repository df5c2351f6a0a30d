//! Giving somebody a new password.

use api::{Problem, UpdateUser, User};
use leptos::prelude::*;

use crate::{
    forms::{ApiForm, PasswordField, SubmitButton, refusal},
    transport,
};

#[component]
pub fn ResetPassword(
    user: User,
    resetting: RwSignal<Option<User>>,
    /// Is told what was done.
    done: Callback<String>,
) -> impl IntoView {
    let id = user.id;
    let password = RwSignal::new(String::new());
    let reset = Action::new(move |password: &String| {
        let change = UpdateUser {
            password: Some(password.clone()),
            ..UpdateUser::default()
        };
        async move {
            let user: User = transport::in_browser().patch(&format!("/users/{id}"), &change).await?;
            resetting.set(None);
            done.run(format!("{} has a new password.", user.name));
            Ok::<_, Problem>(())
        }
    });
    view! {
        <p>"They are signed out everywhere. Tell them the new password; they can change it in their settings."</p>
        <ApiForm
            id="new-password"
            problem=refusal(reset)
            on_submit=move || {
                reset.dispatch(password.get_untracked());
            }
        >
            <PasswordField
                name="password"
                label="New password"
                value=password
                autocomplete="new-password"
                required=true
                min_length=10
                hint="At least 10 characters and not easily guessed."
            />
            <div class="actions">
                <button type="button" class="button" on:click=move |_| resetting.set(None)>
                    "Cancel"
                </button>
                <SubmitButton label="Set password" pending=reset.pending() />
            </div>
        </ApiForm>
    }
}
