//! One's own name.

use api::{Problem, UpdateProfile, User};
use leptos::prelude::*;

use crate::{
    components::Moment,
    forms::{ApiForm, Done, Group, SubmitButton, TextField, refusal},
    transport,
};

#[component]
pub fn Profile(user: User) -> impl IntoView {
    let name = RwSignal::new(user.name);
    let told = RwSignal::new(None::<String>);
    // What the frame around the page shows of its user.
    let shown = use_context::<Resource<Option<User>>>();
    let save = Action::new(move |name: &String| {
        let name = name.clone();
        told.set(None);
        async move {
            transport::in_browser()
                .patch::<User>("/me", &UpdateProfile { name })
                .await?;
            told.set(Some("Name saved.".to_owned()));
            if let Some(shown) = shown {
                shown.refetch();
            }
            Ok::<_, Problem>(())
        }
    });
    view! {
        <Group
            id="profile"
            title="Profile"
            about=view! { "Shown to people who share knowledge bases with you." }.into_any()
        >
            <dl class="inline-facts">
                <div>
                    <dt>"Email"</dt>
                    <dd>{user.email}</dd>
                </div>
                <div>
                    <dt>"Here since"</dt>
                    <dd>
                        <Moment time=user.created_at />
                    </dd>
                </div>
            </dl>
            <ApiForm
                id="profile-form"
                problem=refusal(save)
                on_submit=move || {
                    save.dispatch(name.get_untracked());
                }
            >
                <TextField name="name" label="Name" value=name autocomplete="name" required=true />
                <div class="actions">
                    <SubmitButton label="Save name" class="button" pending=save.pending() />
                    <Done text=told />
                </div>
            </ApiForm>
        </Group>
    }
}
