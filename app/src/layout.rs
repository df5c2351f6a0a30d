//! What surrounds every page of a person who is signed in: top bar, navigation, conversations.

use api::{Client, Role, User};
use leptos::prelude::*;
use leptos_router::{components::Outlet, hooks::use_location};

use crate::{
    browser,
    components::{ConversationChanges, ConversationList, Drafts, Icon, Shape},
};

const NAVIGATION: &str = "navigation";

#[component]
pub fn Layout() -> impl IntoView {
    provide_context(ConversationChanges::default());
    provide_context(Drafts::default());
    let me = Resource::new(
        || (),
        |()| async move { expect_context::<Client>().get::<User>("/me").await.ok() },
    );
    provide_context(me);
    let path = use_location().pathname;
    Effect::new(move || {
        path.track();
        browser::close_popover(NAVIGATION);
    });

    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
        <div class="frame">
            <header class="top-bar">
                <button type="button" class="button quiet" popovertarget=NAVIGATION>
                    <Icon shape=Shape::Menu />
                    "Menu"
                </button>
                <a class="brand" href="/">"Hyperion"</a>
            </header>
            <div class="sidebar" id=NAVIGATION popover="auto">
                <a class="brand" href="/">"Hyperion"</a>
                <nav aria-label="Main">
                    <ul class="places">
                        <Place href="/" shape=Shape::Ask label="New question" />
                        <Place href="/knowledge-bases" shape=Shape::Books label="Knowledge bases" />
                        <Place href="/assistants" shape=Shape::Person label="Assistants" />
                        <Place href="/connections" shape=Shape::Plug label="Connections" />
                        <Place href="/settings" shape=Shape::Sliders label="Settings" />
                        <Suspense>
                            {move || Suspend::new(async move {
                                let admin = me.await.is_some_and(|user| user.role == Role::Admin);
                                admin.then(|| view! { <Place href="/admin/users" shape=Shape::People label="Users" /> })
                            })}
                        </Suspense>
                    </ul>
                </nav>
                <ConversationList />
                <form class="account" action="/forms/sign-out" method="post">
                    <Suspense>
                        {move || Suspend::new(async move {
                            me.await.map(|user| view! { <span class="account-name">{user.name}</span> })
                        })}
                    </Suspense>
                    <button type="submit" class="button quiet">"Sign out"</button>
                </form>
            </div>
            <main id="main" tabindex="-1">
                <OfflineNote />
                <Outlet />
            </main>
        </div>
    }
}

/// A link of the navigation; marked when its page, or one below it, is shown.
#[component]
fn Place(href: &'static str, shape: Shape, label: &'static str) -> impl IntoView {
    let path = use_location().pathname;
    let current = move || {
        path.with(|path| path == href || (href != "/" && path.starts_with(href)))
            .then_some("page")
    };
    view! {
        <li>
            <a href=href aria-current=current>
                <Icon shape=shape />
                {label}
            </a>
        </li>
    }
}

#[component]
fn OfflineNote() -> impl IntoView {
    let online = browser::online();
    view! {
        <div role="status">
            <Show when=move || !online.get()>
                <p class="note warning">"You are offline. What you see may be old; changes wait until you are back."</p>
            </Show>
        </div>
    }
}
