//! What surrounds every page of a person who is signed in: top bar, navigation, conversations.

use api::{Client, Role, User};
use leptos::{html, prelude::*};
use leptos_router::{components::Outlet, hooks::use_location};
use wasm_bindgen::JsCast;
use web_sys::HtmlElement;

use crate::{
    browser,
    components::{Brand, ConversationChanges, ConversationList, Drafts, Icon, ProblemNote, Shape},
    pages::Uploads,
    plain_form::refused,
};

const NAVIGATION: &str = "navigation";

#[component]
pub fn Layout() -> AnyView {
    provide_context(ConversationChanges::default());
    provide_context(Drafts::default());
    provide_context(Uploads::new());
    let me = Resource::new_blocking(
        || (),
        |()| async move { expect_context::<Client>().get::<User>("/me").await.ok() },
    );
    provide_context(me);
    let main = NodeRef::<html::Main>::new();
    follow_navigation(main);
    // Whatever a form was refused for that no form of the page tells.
    let refused = refused("").map(|refused| view! { <ProblemNote problem=refused.problem /> });

    view! {
        <a class="skip-link" href="#main" rel="external">"Skip to content"</a>
        <div class="frame">
            <header class="top-bar">
                <button type="button" class="button quiet" popovertarget=NAVIGATION>
                    <Icon shape=Shape::Menu />
                    "Menu"
                </button>
                <Brand />
            </header>
            <aside class="sidebar" aria-label="Sidebar" id=NAVIGATION popover="auto">
                <div class="sidebar-head">
                    <Brand />
                    <button
                        type="button"
                        class="button quiet small icon-only sidebar-close"
                        popovertarget=NAVIGATION
                        popovertargetaction="hide"
                        aria-label="Close menu"
                    >
                        <Icon shape=Shape::Close />
                    </button>
                </div>
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
                            me.await
                                .map(|user| {
                                    view! {
                                        <span class="account-name" title=user.email>
                                            {user.name}
                                        </span>
                                    }
                                })
                        })}
                    </Suspense>
                    <button type="submit" class="button quiet small">"Sign out"</button>
                </form>
            </aside>
            <main id="main" class="content" tabindex="-1" node_ref=main>
                <OfflineNote />
                {refused}
                <Outlet />
            </main>
        </div>
    }
    .into_any()
}

/// After going to another page: the menu closes, and the focus goes from what led there to the page itself.
fn follow_navigation(main: NodeRef<html::Main>) {
    let path = use_location().pathname;
    Effect::new(move |before: Option<String>| {
        let path = path.get();
        if before.is_none_or(|before| before == path) {
            return path;
        }
        browser::close_popover(NAVIGATION);
        // A page that has put the focus into a field of its own keeps it there.
        request_animation_frame(move || {
            let focused = document().active_element();
            let in_field = focused
                .and_then(|element| element.dyn_into::<HtmlElement>().ok())
                .is_some_and(|element| element.matches("main :is(input, textarea, select)").unwrap_or(false));
            if let Some(main) = main.get_untracked()
                && !in_field
            {
                // `main` takes the focus by its tabindex.
                main.focus().ok();
            }
        });
        path
    });
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
