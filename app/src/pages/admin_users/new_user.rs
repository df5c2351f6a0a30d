//! Creating an account for somebody.

use api::{CreateUser, Problem, Role, User};
use leptos::prelude::*;

use crate::{
    forms::{ApiForm, PasswordField, SelectField, SubmitButton, TextField, refusal},
    transport,
};

#[component]
pub fn NewUser(
    creating: RwSignal<Option<()>>,
    /// Is told what was done.
    done: Callback<String>,
) -> impl IntoView {
    let [name, email, password] = [(); 3].map(|()| RwSignal::new(String::new()));
    let role = RwSignal::new("member".to_owned());
    let create = Action::new(move |body: &CreateUser| {
        let body = body.clone();
        async move {
            let user: User = transport::in_browser().post("/users", &body).await?;
            creating.set(None);
            done.run(format!("{} can sign in now, with the password you chose.", user.name));
            Ok::<_, Problem>(())
        }
    });
    let submit = move || {
        create.dispatch(CreateUser {
            email: email.get_untracked(),
            name: name.get_untracked(),
            password: password.get_untracked(),
            role: if *role.read_untracked() == "admin" {
                Role::Admin
            } else {
                Role::Member
            },
        });
    };
    let roles = [("member", "Member"), ("admin", "Admin")].map(|(value, label)| (value.to_owned(), label.to_owned()));
    view! {
        <ApiForm id="new-user" problem=refusal(create) on_submit=submit>
            <div class="form-columns">
                <TextField name="name" label="Name" value=name required=true />
                <TextField name="email" label="Email" kind="email" value=email required=true />
            </div>
            <PasswordField
                name="password"
                label="First password"
                value=password
                autocomplete="new-password"
                required=true
                min_length=10
                hint="At least 10 characters and not easily guessed. Tell it to them; they can change it in their settings."
            />
            <SelectField
                name="role"
                label="Role"
                value=role
                options=roles.to_vec()
                hint="An admin manages users and shares connections, and reads no more of others’ documents than anybody."
            />
            <div class="actions">
                <button type="button" class="button" on:click=move |_| creating.set(None)>
                    "Cancel"
                </button>
                <SubmitButton label="Add user" pending=create.pending() />
            </div>
        </ApiForm>
    }
}
