//! Keys for one's own programs.

use api::{ApiKey, Client, Problem, Scope};
use leptos::prelude::*;

use super::new_api_key::{NewApiKey, NewSecret};
use crate::{
    browser,
    components::{Loading, Moment, ProblemNote},
    format,
    forms::{Confirm, Done, Group, Modal, ready, refusal},
    transport,
};

#[component]
pub fn ApiKeys() -> impl IntoView {
    let keys = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<Vec<ApiKey>>("/me/api-keys").await },
    );
    let creating = RwSignal::new(None::<()>);
    let secret = RwSignal::new(None::<String>);
    let revoking = RwSignal::new(None::<ApiKey>);
    let told = RwSignal::new(None::<String>);
    let revoke = Action::new(move |key: &ApiKey| {
        let key = key.clone();
        async move {
            transport::in_browser()
                .delete(&format!("/me/api-keys/{}", key.id))
                .await?;
            revoking.set(None);
            told.set(Some(format!("{} is revoked.", key.name)));
            browser::focus_main();
            keys.refetch();
            Ok::<_, Problem>(())
        }
    });
    let created = Callback::new(move |new: String| {
        creating.set(None);
        told.set(None);
        secret.set(Some(new));
        keys.refetch();
    });
    let ready = ready();
    view! {
        <Group
            id="api-keys"
            title="API keys"
            about=view! {
                "For your own programs: everything the pages do can be done with the "
                <a href="/api/docs/" rel="external">"REST API"</a>
                ". Send a key as "
                <code>"Authorization: Bearer KEY"</code>
                "."
            }
                .into_any()
        >
            {move || secret.get().map(|shown| view! { <NewSecret shown secret /> })}
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    match keys.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(keys) if keys.is_empty() => {
                            view! { <p class="hint">"No keys yet. Make one for each program, so that you can revoke them singly."</p> }
                                .into_any()
                        }
                        Ok(keys) => {
                            view! {
                                <ul class="entries">
                                    {keys.into_iter().map(|key| view! { <Row key revoking /> }).collect_view()}
                                </ul>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
            <div class="actions">
                <button
                    type="button"
                    class="button"
                    disabled=move || !ready.get()
                    on:click=move |_| creating.set(Some(()))
                >
                    "Create a key"
                </button>
                <Done text=told />
            </div>
            <Modal
                id="create-key"
                subject=creating
                title=|()| "Create an API key".to_owned()
                body=move |()| view! { <NewApiKey creating created /> }
            />
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
        </Group>
    }
}

#[component]
fn Row(key: ApiKey, revoking: RwSignal<Option<ApiKey>>) -> impl IntoView {
    let ready = ready();
    let expired = key.expires_at.is_some_and(|at| at <= format::now());
    let used = match key.last_used_at {
        Some(time) => view! { "last used " <Moment time /> }.into_any(),
        None => "never used".into_any(),
    };
    let expires = match key.expires_at {
        Some(time) => view! { {if expired { "expired " } else { "expires " }} <Moment time /> }.into_any(),
        None => "does not expire".into_any(),
    };
    let label = format!("Revoke {}", key.name);
    let scope = match key.scope {
        Scope::Read => "Read only",
        Scope::Write => "Read and write",
    };
    view! {
        <li class="entry">
            <div class="entry-text">
                <span class="entry-title">
                    <strong>{key.name.clone()}</strong>
                    <span class="badge">{scope}</span>
                    {expired.then(|| view! { <span class="badge warning">"Expired"</span> })}
                </span>
                <span class="hint">
                    <code>{key.prefix.clone()} "…"</code>
                    " · "
                    {used}
                    " · "
                    {expires}
                </span>
            </div>
            <button
                type="button"
                class="button small quiet danger"
                aria-label=label
                disabled=move || !ready.get()
                on:click=move |_| revoking.set(Some(key.clone()))
            >
                "Revoke"
            </button>
        </li>
    }
}
