//! Changing one's own password.

use api::{ChangePassword, Problem};
use leptos::prelude::*;

use crate::{
    forms::{ApiForm, Done, Group, PasswordField, SubmitButton, refusal},
    transport,
};

#[component]
pub fn Password(email: String, sessions_changed: RwSignal<u32>) -> impl IntoView {
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let told = RwSignal::new(None::<String>);
    let change = Action::new(move |change: &ChangePassword| {
        let change = change.clone();
        told.set(None);
        async move {
            transport::in_browser().post::<()>("/me/password", &change).await?;
            current.set(String::new());
            new.set(String::new());
            told.set(Some("Password changed. You are signed out everywhere else.".to_owned()));
            sessions_changed.update(|times| *times += 1);
            Ok::<_, Problem>(())
        }
    });
    view! {
        <Group
            id="password"
            title="Password"
            about=view! { "A new password ends all your other sessions. API keys go on working." }.into_any()
        >
            <ApiForm
                id="password-form"
                problem=refusal(change)
                on_submit=move || {
                    change
                        .dispatch(ChangePassword {
                            current_password: current.get_untracked(),
                            new_password: new.get_untracked(),
                        });
                }
            >
                // Tells password managers whose password it is.
                <input type="text" autocomplete="username" value=email hidden readonly />
                <PasswordField
                    name="current_password"
                    label="Current password"
                    value=current
                    autocomplete="current-password"
                    required=true
                />
                <PasswordField
                    name="new_password"
                    label="New password"
                    value=new
                    autocomplete="new-password"
                    required=true
                    min_length=10
                    hint="At least 10 characters and not easily guessed: a few unrelated words do well."
                />
                <div class="actions">
                    <SubmitButton label="Change password" class="button" pending=change.pending() />
                    <Done text=told />
                </div>
            </ApiForm>
        </Group>
    }
}
