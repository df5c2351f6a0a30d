//! One's own account: name, password, sessions and API keys.

use api::{ApiKey, ChangePassword, Client, CreateApiKey, CreatedApiKey, Problem, Scope, Session, UpdateProfile, User};
use chrono::{DateTime, TimeDelta, Utc};
use leptos::prelude::*;
use leptos_meta::Title;

use crate::{
    components::{Empty, Loading, ProblemNote},
    format,
    forms::{ApiForm, Confirm, PasswordField, SelectField, SubmitButton, TextField, ready, refusal},
};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let me = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<User>("/me").await },
    );
    let sessions = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<Vec<Session>>("/me/sessions").await },
    );
    view! {
        <Title text="Settings" />
        <header class="page-header">
            <h1>"Settings"</h1>
        </header>
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match me.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok(user) => view! { <Profile user /> }.into_any(),
                }
            })}
        </Transition>
        <Password sessions />
        <Sessions sessions />
        <ApiKeys />
    }
}

#[component]
fn Profile(user: User) -> impl IntoView {
    let name = RwSignal::new(user.name);
    let save = Action::new(move |name: &String| {
        let name = name.clone();
        async move {
            expect_context::<Client>()
                .patch::<User>("/me", &UpdateProfile { name })
                .await
        }
    });
    view! {
        <section class="card" aria-labelledby="profile-title">
            <h2 id="profile-title">"Profile"</h2>
            <dl class="facts">
                <dt>"Email"</dt>
                <dd>{user.email}</dd>
                <dt>"Here since"</dt>
                <dd>{format::moment(user.created_at)}</dd>
            </dl>
            <ApiForm
                id="profile"
                problem=refusal(save)
                on_submit=move || {
                    save.dispatch(name.get_untracked());
                }
            >
                <TextField name="name" label="Name" value=name autocomplete="name" required=true />
                <div class="actions">
                    <SubmitButton label="Save name" pending=save.pending() />
                    <Done when=move || matches!(save.value().get(), Some(Ok(_))) text="Name saved." />
                </div>
            </ApiForm>
        </section>
    }
}

/// Says that something was done, also to screen readers.
#[component]
fn Done(when: impl Fn() -> bool + Send + Sync + 'static, text: &'static str) -> impl IntoView {
    view! {
        <p class="done" role="status">
            {move || when().then_some(text)}
        </p>
    }
}

#[component]
fn Password(sessions: Resource<Result<Vec<Session>, Problem>>) -> impl IntoView {
    let (current, new) = (RwSignal::new(String::new()), RwSignal::new(String::new()));
    let change = Action::new(move |change: &ChangePassword| {
        let change = change.clone();
        async move {
            expect_context::<Client>().post::<()>("/me/password", &change).await?;
            current.set(String::new());
            new.set(String::new());
            sessions.refetch();
            Ok::<_, Problem>(())
        }
    });
    view! {
        <section class="card" aria-labelledby="password-title">
            <h2 id="password-title">"Password"</h2>
            <ApiForm
                id="password"
                problem=refusal(change)
                on_submit=move || {
                    change
                        .dispatch(ChangePassword {
                            current_password: current.get_untracked(),
                            new_password: new.get_untracked(),
                        });
                }
            >
                <PasswordField
                    name="current_password"
                    label="Current password"
                    value=current
                    autocomplete="current-password"
                    required=true
                />
                // The server names any new password `password`.
                <PasswordField
                    name="password"
                    label="New password"
                    value=new
                    autocomplete="new-password"
                    required=true
                    min_length=10
                    hint="At least 10 characters and not easily guessed: a few unrelated words do well. You are signed out everywhere else."
                />
                <div class="actions">
                    <SubmitButton label="Change password" pending=change.pending() />
                    <Done
                        when=move || matches!(change.value().get(), Some(Ok(())))
                        text="Password changed. Your other sessions have ended."
                    />
                </div>
            </ApiForm>
        </section>
    }
}

#[component]
fn Sessions(sessions: Resource<Result<Vec<Session>, Problem>>) -> impl IntoView {
    let end = Action::new(move |id: &api::SessionId| {
        let path = format!("/me/sessions/{id}");
        async move {
            expect_context::<Client>().delete(&path).await?;
            sessions.refetch();
            Ok::<_, Problem>(())
        }
    });
    let end_refused = refusal(end);
    let ready = ready();
    view! {
        <section class="card" aria-labelledby="sessions-title">
            <h2 id="sessions-title">"Where you are signed in"</h2>
            {move || end_refused.get().map(|problem| view! { <ProblemNote problem /> })}
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    match sessions.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(sessions) => {
                            view! {
                                <ul class="rows">
                                    {sessions
                                        .into_iter()
                                        .map(|session| {
                                            let browser = browser_name(&session.user_agent);
                                            view! {
                                                <li class="row">
                                                    <div class="row-text">
                                                        <strong>{browser.clone()}</strong>
                                                        <span class="hint">
                                                            {format!(
                                                                "Signed in {}, last seen {}",
                                                                format::moment(session.created_at),
                                                                format::moment(session.last_seen_at),
                                                            )}
                                                        </span>
                                                    </div>
                                                    {if session.current {
                                                        view! { <span class="badge ok">"This browser"</span> }.into_any()
                                                    } else {
                                                        view! {
                                                            <button
                                                                type="button"
                                                                class="button"
                                                                aria-label=format!("Sign out {browser}")
                                                                disabled=move || !ready.get() || end.pending().get()
                                                                on:click=move |_| {
                                                                    end.dispatch(session.id);
                                                                }
                                                            >
                                                                "Sign out"
                                                            </button>
                                                        }
                                                            .into_any()
                                                    }}
                                                </li>
                                            }
                                        })
                                        .collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
        </section>
    }
}

/// What a person calls the program behind a `User-Agent`: `Firefox on Linux`.
fn browser_name(user_agent: &str) -> String {
    // Browsers name those they imitate too: the most particular name comes first.
    const BROWSERS: [(&str, &str); 6] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 6] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown program".to_owned(),
    }
}

#[component]
fn ApiKeys() -> impl IntoView {
    let keys = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<Vec<ApiKey>>("/me/api-keys").await },
    );
    let revoking = RwSignal::new(None::<ApiKey>);
    let revoke = Action::new(move |key: &ApiKey| {
        let path = format!("/me/api-keys/{}", key.id);
        async move {
            expect_context::<Client>().delete(&path).await?;
            revoking.set(None);
            keys.refetch();
            Ok::<_, Problem>(())
        }
    });
    view! {
        <section class="card" aria-labelledby="api-keys-title">
            <h2 id="api-keys-title">"API keys"</h2>
            <p class="hint">
                "For your own programs: everything the pages do can be done with the " <a href="/api/docs" rel="external">"REST API"</a> "."
            </p>
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    match keys.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(keys) if keys.is_empty() => {
                            view! { <Empty title="No keys yet" text="Create one below for each program, so that you can revoke them singly." /> }
                                .into_any()
                        }
                        Ok(keys) => {
                            view! {
                                <ul class="rows">
                                    {keys.into_iter().map(|key| view! { <ApiKeyRow key revoking /> }).collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
            <NewApiKey on_created=move || keys.refetch() />
            <Confirm
                id="revoke-key"
                subject=revoking
                title=|key| format!("Revoke {}?", key.name)
                explanation="Programs that use this key are refused at once. This cannot be undone."
                confirm="Revoke key"
                pending=revoke.pending()
                problem=refusal(revoke)
                on_confirm=move |key| {
                    revoke.dispatch(key);
                }
            />
        </section>
    }
}

#[component]
fn ApiKeyRow(key: ApiKey, revoking: RwSignal<Option<ApiKey>>) -> impl IntoView {
    let ready = ready();
    let used = key.last_used_at.map_or("never used".to_owned(), |at| {
        format!("last used {}", format::moment(at))
    });
    let expires = key.expires_at.map_or("does not expire".to_owned(), |at| {
        format!("expires {}", format::moment(at))
    });
    let facts = format!(
        "{}… · created {} · {used} · {expires}",
        key.prefix,
        format::moment(key.created_at)
    );
    let (name, label) = (key.name.clone(), format!("Revoke {}", key.name));
    view! {
        <li class="row">
            <div class="row-text">
                <span>
                    <strong>{name}</strong>
                    " "
                    <span class="badge">
                        {match key.scope {
                            Scope::Read => "Read only",
                            Scope::Write => "Read and write",
                        }}
                    </span>
                </span>
                <span class="hint">{facts}</span>
            </div>
            <button
                type="button"
                class="button quiet danger"
                aria-label=label
                disabled=move || !ready.get()
                on:click=move |_| revoking.set(Some(key.clone()))
            >
                "Revoke"
            </button>
        </li>
    }
}

const NEVER: &str = "never";

/// Creates a key and shows its secret, once.
#[component]
fn NewApiKey(on_created: impl Fn() + Clone + Send + Sync + 'static) -> impl IntoView {
    let name = RwSignal::new(String::new());
    let (scope, lifetime) = (RwSignal::new("read".to_owned()), RwSignal::new("90".to_owned()));
    let secret = RwSignal::new(None::<String>);
    let create = Action::new(move |body: &CreateApiKey| {
        let (body, on_created) = (body.clone(), on_created.clone());
        async move {
            let created: CreatedApiKey = expect_context::<Client>().post("/me/api-keys", &body).await?;
            secret.set(Some(created.secret));
            name.set(String::new());
            on_created();
            Ok::<_, Problem>(())
        }
    });
    let submit = move || {
        create.dispatch(CreateApiKey {
            name: name.get_untracked(),
            scope: if *scope.read_untracked() == "write" {
                Scope::Write
            } else {
                Scope::Read
            },
            expires_at: lifetime.with_untracked(|days| days.parse().ok().map(days_from_now)),
        });
    };
    let option = |value: &str, label: &str| (value.to_owned(), label.to_owned());
    view! {
        <div role="status">
            {move || secret.get().map(|shown| view! { <NewSecret shown secret /> })}
        </div>
        <h3>"Create a key"</h3>
        <ApiForm id="api-key" problem=refusal(create) on_submit=submit>
            <TextField name="name" label="What it is for" value=name required=true hint="For example: nightly import." />
            <div class="form-columns">
                <SelectField
                    name="scope"
                    label="May"
                    value=scope
                    options=vec![option("read", "Only read"), option("write", "Read and change what you may")]
                />
                <SelectField
                    name="expires_at"
                    label="Expires"
                    value=lifetime
                    options=vec![
                        option("30", "In 30 days"),
                        option("90", "In 90 days"),
                        option("365", "In a year"),
                        option(NEVER, "Never"),
                    ]
                />
            </div>
            <div class="actions">
                <SubmitButton label="Create key" pending=create.pending() />
            </div>
        </ApiForm>
    }
}

/// A new key's secret, with a button that copies it.
#[component]
fn NewSecret(shown: String, secret: RwSignal<Option<String>>) -> impl IntoView {
    let copied = RwSignal::new(None::<bool>);
    let copy = {
        let shown = shown.clone();
        move |_| {
            let promise = window().navigator().clipboard().write_text(&shown);
            leptos::task::spawn_local(async move {
                copied.set(Some(wasm_bindgen_futures::JsFuture::from(promise).await.is_ok()));
            });
        }
    };
    view! {
        <div class="note success">
            <p>
                <strong>"Your new key. "</strong>
                "Copy it now: it is not shown again."
            </p>
            <p>
                <code class="secret">{shown}</code>
            </p>
            <div class="actions">
                <button type="button" class="button" on:click=copy>
                    {move || match copied.get() {
                        None => "Copy key",
                        Some(true) => "Copied",
                        Some(false) => "Could not copy: select it",
                    }}
                </button>
                <button type="button" class="button" on:click=move |_| secret.set(None)>
                    "I have stored it"
                </button>
            </div>
        </div>
    }
}

/// By the browser's clock.
fn days_from_now(days: i64) -> DateTime<Utc> {
    DateTime::UNIX_EPOCH + TimeDelta::milliseconds(js_sys::Date::now() as i64) + TimeDelta::days(days)
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn a_browser_is_called_by_its_own_name_rather_than_by_those_it_imitates() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 \
                    Safari/537.36 Edg/131.0";
        assert_eq!(browser_name(edge), "Edge on Windows");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.1 Mobile/15E148 Safari/604.1";
        assert_eq!(browser_name(safari), "Safari on iPhone");
        assert_eq!(browser_name("curl/8.5.0"), "curl");
        assert_eq!(browser_name(""), "Unknown program");
    }
}
