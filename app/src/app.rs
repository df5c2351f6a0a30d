//! The root component: which page stands at which address.

use leptos::prelude::*;
use leptos_meta::{Title, provide_meta_context};
use leptos_router::{
    SsrMode,
    components::{ParentRoute, Route, Router, Routes},
    path,
};

use crate::{
    format::escaped,
    layout::Layout,
    pages::{
        AdminUsersPage, AssistantPage, AssistantsPage, ConnectionsPage, ConversationPage, DocumentPage, HomePage,
        KnowledgeBasePage, KnowledgeBasesPage, NotFound, SettingsPage, SignIn, SignUp,
    },
};

/// All pages. Each is sent whole ([`SsrMode::Async`]), so that it can be read without JavaScript.
///
/// Types of views are erased here and per page, or the compiler would work on one type that spells out every element.
#[component]
pub fn App() -> AnyView {
    provide_meta_context();

    view! {
        <Title formatter=tab_title />
        <Router>
            <Routes fallback=NotFound>
                <Route path=path!("/sign-in") view=|| SignIn().into_any() ssr=SsrMode::Async />
                <Route path=path!("/sign-up") view=|| SignUp().into_any() ssr=SsrMode::Async />
                <ParentRoute path=path!("") view=Layout ssr=SsrMode::Async>
                    <Route path=path!("/") view=|| HomePage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/conversations/:id") view=|| ConversationPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/knowledge-bases") view=|| KnowledgeBasesPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/knowledge-bases/:id") view=|| KnowledgeBasePage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/documents/:id") view=|| DocumentPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/assistants") view=|| AssistantsPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/assistants/:id") view=|| AssistantPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/connections") view=|| ConnectionsPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/settings") view=|| SettingsPage().into_any() ssr=SsrMode::Async />
                    <Route path=path!("/admin/users") view=|| AdminUsersPage().into_any() ssr=SsrMode::Async />
                </ParentRoute>
            </Routes>
        </Router>
        // Shown when the scripts could not be loaded or have stopped: what the server rendered still works.
        <p class="stopped" role="alert">
            "Some buttons of this page do not react. Reload the page to go on; what was sent is kept."
        </p>
    }
    .into_any()
}

/// What the browser's tab says on a page of this title.
fn tab_title(page: String) -> String {
    let title = if page.is_empty() {
        "Hyperion".to_owned()
    } else {
        format!("{page} · Hyperion")
    };
    // The server writes it into the document as it is given.
    if cfg!(feature = "ssr") { escaped(&title) } else { title }
}
