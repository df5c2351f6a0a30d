//! One user and what can be done with them.

use api::{Problem, Role, UpdateUser, User, UserId};
use leptos::prelude::*;

use crate::{
    components::{Icon, Moment, Shape},
    forms::ready,
};

/// Nobody locks themselves out here: of one's own account only the role can be given up.
#[component]
pub fn Row(
    user: User,
    is_me: bool,
    /// Whose row is unfolded; it stays so when the list is read anew.
    unfolded: RwSignal<Option<UserId>>,
    change: Action<(UserId, UpdateUser), Result<(), Problem>>,
    resetting: RwSignal<Option<User>>,
    deleting: RwSignal<Option<User>>,
) -> impl IntoView {
    let ready = ready();
    let locked = move || !ready.get() || change.pending().get();
    let (id, disabled, role, name) = (user.id, user.disabled, user.role, user.name.clone());
    let (role_label, new_role) = match role {
        Role::Admin => ("Make member", Role::Member),
        Role::Member => ("Make admin", Role::Admin),
    };
    let disable_label = if disabled { "Enable" } else { "Disable" };
    let button = move |label: &'static str, of: String, on_click: Box<dyn Fn()>| {
        view! {
            <button
                type="button"
                class="button small"
                aria-label=format!("{label}: {of}")
                disabled=locked
                on:click=move |_| on_click()
            >
                {label}
            </button>
        }
    };
    let give_role = button(
        role_label,
        name.clone(),
        Box::new(move || {
            let role = Some(new_role);
            change.dispatch((
                id,
                UpdateUser {
                    role,
                    ..UpdateUser::default()
                },
            ));
        }),
    );
    let others = (!is_me).then(|| {
        let (to_reset, to_delete) = (user.clone(), user.clone());
        view! {
            {button(
                disable_label,
                name.clone(),
                Box::new(move || {
                    let disabled = Some(!disabled);
                    change.dispatch((id, UpdateUser { disabled, ..UpdateUser::default() }));
                }),
            )}
            {button("Reset password", name.clone(), Box::new(move || resetting.set(Some(to_reset.clone()))))}
            <button
                type="button"
                class="button small quiet danger"
                aria-label=format!("Delete: {name}")
                disabled=locked
                on:click=move |_| deleting.set(Some(to_delete.clone()))
            >
                "Delete"
            </button>
        }
    });
    view! {
        <li class="entry">
            <details
                class="entry-details"
                open=move || unfolded.get() == Some(id)
                on:toggle=move |event| {
                    if event_target::<web_sys::Element>(&event).has_attribute("open") {
                        unfolded.set(Some(id));
                    } else if unfolded.get_untracked() == Some(id) {
                        unfolded.set(None);
                    }
                }
            >
                <summary>
                    <span class="entry-text">
                        <span class="entry-title">
                            <strong>{user.name.clone()}</strong>
                            {(role == Role::Admin).then(|| view! { <span class="badge">"Admin"</span> })}
                            {disabled.then(|| view! { <span class="badge warning">"Disabled"</span> })}
                            {is_me.then(|| view! { <span class="badge">"You"</span> })}
                        </span>
                        <span class="hint">{user.email.clone()} " · since " <Moment time=user.created_at /></span>
                    </span>
                    <Icon shape=Shape::Down />
                </summary>
                <div class="actions">{give_role} {others}</div>
                {is_me
                    .then(|| {
                        view! {
                            <p class="hint">
                                "This is you. Name and password are in your " <a href="/settings">"settings"</a>
                                "; to disable or delete you takes another admin."
                            </p>
                        }
                    })}
                {disabled.then(|| view! { <p class="hint">"They cannot sign in and their API keys are refused. Nothing of theirs is lost."</p> })}
            </details>
        </li>
    }
}
