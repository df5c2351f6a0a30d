//! Administration of users.

use api::{Client, CreateUser, Page, Problem, Role, UpdateUser, User, UserId};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::{components::Form, hooks::use_query_map};

use crate::{
    components::{Empty, Loading, ProblemNote},
    format,
    forms::{ApiForm, Confirm, Modal, PasswordField, SelectField, SubmitButton, TextField, ready, refusal},
};

/// What a page of users needs: the caller, and the users.
type Listed = Result<(User, Page<User>), Problem>;

#[component]
pub fn AdminUsersPage() -> impl IntoView {
    let query = use_query_map();
    let search = Memo::new(move |_| query.read().get("search").unwrap_or_default());
    let cursor = Memo::new(move |_| query.read().get("cursor").unwrap_or_default());
    let users = Resource::new_blocking(
        move || (search.get(), cursor.get()),
        |(search, cursor)| async move {
            let client = expect_context::<Client>();
            let me: User = client.get("/me").await?;
            let path = format!("/users{}", format::query(&[("search", &search), ("cursor", &cursor)]));
            Listed::Ok((me, client.get(&path).await?))
        },
    );
    let creating = RwSignal::new(false);
    let resetting = RwSignal::new(None::<User>);
    let deleting = RwSignal::new(None::<User>);
    let delete = Action::new(move |user: &User| {
        let path = format!("/users/{}", user.id);
        async move {
            expect_context::<Client>().delete(&path).await?;
            deleting.set(None);
            users.refetch();
            Ok::<_, Problem>(())
        }
    });
    let change = Action::new(move |(id, change): &(UserId, UpdateUser)| {
        let (path, change) = (format!("/users/{id}"), change.clone());
        async move {
            let _: User = expect_context::<Client>().patch(&path, &change).await?;
            users.refetch();
            Ok::<_, Problem>(())
        }
    });
    let change_refused = refusal(change);
    let ready = ready();

    view! {
        <Title text="Users" />
        <header class="page-header">
            <h1>"Users"</h1>
            <button
                type="button"
                class="button primary"
                disabled=move || !ready.get()
                on:click=move |_| creating.set(true)
            >
                "Add a user"
            </button>
        </header>
        <Show when=move || creating.get()>
            <NewUser creating on_created=move || users.refetch() />
        </Show>
        <div role="search">
            <Form method="GET" action="" attr:class="search-form">
                <label class="visually-hidden" for="user-search">
                    "Name or email"
                </label>
                <input
                    id="user-search"
                    type="search"
                    name="search"
                    placeholder="Name or email"
                    value=move || search.get()
                    prop:value=search
                />
                <button type="submit" class="button">
                    "Search"
                </button>
            </Form>
        </div>
        {move || change_refused.get().map(|problem| view! { <ProblemNote problem /> })}
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match users.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok((_, page)) if page.items.is_empty() => {
                        view! { <Empty title="Nobody found" text="Search for a part of a name or of an email address." /> }
                            .into_any()
                    }
                    Ok((me, page)) => {
                        let next = page
                            .next_cursor
                            .map(|cursor| format::query(&[("search", &search.get_untracked()), ("cursor", &cursor)]));
                        let first = (!cursor.get_untracked().is_empty())
                            .then(|| format!("/admin/users{}", format::query(&[("search", &search.get_untracked())])));
                        view! {
                            <ul class="rows card">
                                {page
                                    .items
                                    .into_iter()
                                    .map(|user| {
                                        let is_me = user.id == me.id;
                                        view! { <UserRow user is_me change resetting deleting /> }
                                    })
                                    .collect_view()}
                            </ul>
                            <nav class="paging" aria-label="Pages of users">
                                {first.map(|href| view! { <a class="button" href=href>"First page"</a> })}
                                {next.map(|query| view! { <a class="button" href=format!("/admin/users{query}")>"Next page"</a> })}
                            </nav>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <ResetPassword user=resetting />
        <Confirm
            id="delete-user"
            subject=deleting
            title=|user| format!("Delete {}?", user.name)
            explanation="Their knowledge bases with all documents, their conversations and their assistants are deleted with them. This cannot be undone. To keep all that and only lock them out, disable them instead."
            confirm="Delete user"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |user| {
                delete.dispatch(user);
            }
        />
    }
}

/// One user and what can be done with them. Nobody locks themselves out here.
#[component]
fn UserRow(
    user: User,
    is_me: bool,
    change: Action<(UserId, UpdateUser), Result<(), Problem>>,
    resetting: RwSignal<Option<User>>,
    deleting: RwSignal<Option<User>>,
) -> impl IntoView {
    let ready = ready();
    let locked = move || !ready.get() || change.pending().get();
    let (id, disabled, role) = (user.id, user.disabled, user.role);
    let (name, email, since) = (user.name.clone(), user.email.clone(), format::moment(user.created_at));
    let set_role = UpdateUser {
        role: Some(match role {
            Role::Admin => Role::Member,
            Role::Member => Role::Admin,
        }),
        ..UpdateUser::default()
    };
    let set_disabled = UpdateUser {
        disabled: Some(!disabled),
        ..UpdateUser::default()
    };
    let (role_label, disable_label) = (
        if role == Role::Admin {
            "Make member"
        } else {
            "Make admin"
        },
        if disabled { "Enable" } else { "Disable" },
    );
    let to_reset = user.clone();
    let others = (!is_me).then(|| {
        view! {
            <button
                type="button"
                class="button"
                aria-label=format!("{role_label}: {name}")
                disabled=locked
                on:click=move |_| {
                    change.dispatch((id, set_role.clone()));
                }
            >
                {role_label}
            </button>
            <button
                type="button"
                class="button"
                aria-label=format!("{disable_label} {name}")
                disabled=locked
                on:click=move |_| {
                    change.dispatch((id, set_disabled.clone()));
                }
            >
                {disable_label}
            </button>
            <button
                type="button"
                class="button"
                aria-label=format!("Reset the password of {name}")
                disabled=locked
                on:click=move |_| resetting.set(Some(to_reset.clone()))
            >
                "Reset password"
            </button>
            <button
                type="button"
                class="button quiet danger"
                aria-label=format!("Delete {name}")
                disabled=locked
                on:click=move |_| deleting.set(Some(user.clone()))
            >
                "Delete"
            </button>
        }
    });
    view! {
        <li class="row">
            <div class="row-text">
                <span class="badges">
                    <strong>{name.clone()}</strong>
                    {(role == Role::Admin).then(|| view! { <span class="badge">"Admin"</span> })}
                    {disabled.then(|| view! { <span class="badge warning">"Disabled"</span> })}
                    {is_me.then(|| view! { <span class="badge ok">"You"</span> })}
                </span>
                <span class="hint">{format!("{email} · since {since}")}</span>
            </div>
            <div class="actions">{others}</div>
        </li>
    }
}

#[component]
fn NewUser(creating: RwSignal<bool>, on_created: impl Fn() + Clone + Send + Sync + 'static) -> impl IntoView {
    let [name, email, password] = [(); 3].map(|()| RwSignal::new(String::new()));
    let role = RwSignal::new("member".to_owned());
    let create = Action::new(move |body: &CreateUser| {
        let (body, on_created) = (body.clone(), on_created.clone());
        async move {
            let _: User = expect_context::<Client>().post("/users", &body).await?;
            creating.set(false);
            on_created();
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
        <section class="card" aria-labelledby="new-user-title">
            <h2 id="new-user-title">"Add a user"</h2>
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
                    hint="An admin manages users and shares connections, and sees no more of others' documents than anybody."
                />
                <div class="actions">
                    <SubmitButton label="Add user" pending=create.pending() />
                    <button type="button" class="button" on:click=move |_| creating.set(false)>
                        "Cancel"
                    </button>
                </div>
            </ApiForm>
        </section>
    }
}

/// Sets a new password for `user`, while there is one.
#[component]
fn ResetPassword(user: RwSignal<Option<User>>) -> impl IntoView {
    let password = RwSignal::new(String::new());
    Effect::new(move || {
        user.track();
        password.set(String::new());
    });
    let reset = Action::new(move |(id, change): &(UserId, UpdateUser)| {
        let (path, change) = (format!("/users/{id}"), change.clone());
        async move {
            let _: User = expect_context::<Client>().patch(&path, &change).await?;
            user.set(None);
            Ok::<_, Problem>(())
        }
    });
    let submit = move || {
        if let Some(user) = user.get_untracked() {
            let change = UpdateUser {
                password: Some(password.get_untracked()),
                ..UpdateUser::default()
            };
            reset.dispatch((user.id, change));
        }
    };
    view! {
        <Modal id="reset-password" subject=user title=|user| format!("Reset the password of {}", user.name)>
            <p>"They are signed out everywhere. Tell them the new password; they can change it in their settings."</p>
            <ApiForm id="reset" problem=refusal(reset) on_submit=submit>
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
                    <button type="button" class="button" on:click=move |_| user.set(None)>
                        "Cancel"
                    </button>
                    <SubmitButton label="Set password" pending=reset.pending() />
                </div>
            </ApiForm>
        </Modal>
    }
}
