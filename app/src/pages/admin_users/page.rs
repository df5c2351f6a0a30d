//! The list of users.

use api::{Client, Page, Problem, SignUpStatus, UpdateUser, User, UserId};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{new_user::NewUser, reset_password::ResetPassword, row::Row};
use crate::{
    browser,
    components::{Empty, Loading, ProblemNote, QueryForm},
    format,
    forms::{Confirm, Done, Modal, ready, refusal},
    query::use_query_value,
    transport,
};

/// What the page shows: the caller, whether others may sign up, and the users.
type Listed = Result<(User, SignUpStatus, Page<User>), Problem>;

#[component]
pub fn AdminUsersPage() -> impl IntoView {
    let search = use_query_value("search");
    let cursor = use_query_value("cursor");
    let users = Resource::new_blocking(
        move || (search.get(), cursor.get()),
        |(search, cursor)| async move {
            let client = expect_context::<Client>();
            let query = format::query(&[("search", &search), ("cursor", &cursor)]);
            let page = client.get(&format!("/users{query}")).await?;
            Listed::Ok((client.get("/me").await?, client.get("/auth/sign-up").await?, page))
        },
    );
    let creating = RwSignal::new(None::<()>);
    let resetting = RwSignal::new(None::<User>);
    let deleting = RwSignal::new(None::<User>);
    let unfolded = RwSignal::new(None::<UserId>);
    let told = RwSignal::new(None::<String>);
    let done = Callback::new(move |what: String| {
        told.set(Some(what));
        browser::focus_main();
        users.refetch();
    });
    let delete = Action::new(move |user: &User| {
        let user = user.clone();
        async move {
            transport::in_browser().delete(&format!("/users/{}", user.id)).await?;
            deleting.set(None);
            done.run(format!("{} is deleted.", user.name));
            Ok::<_, Problem>(())
        }
    });
    let change = Action::new(move |(id, change): &(UserId, UpdateUser)| {
        let (path, change) = (format!("/users/{id}"), change.clone());
        told.set(None);
        async move {
            let user: User = transport::in_browser().patch(&path, &change).await?;
            done.run(format!("{} is changed.", user.name));
            Ok::<_, Problem>(())
        }
    });
    let change_refused = refusal(change);

    view! {
        <Title text="Users" />
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match users.await {
                    Err(problem) => {
                        view! {
                            <header class="page-header">
                                <h1>"Users"</h1>
                            </header>
                            <ProblemNote problem />
                        }
                            .into_any()
                    }
                    Ok((me, sign_up, page)) => {
                        view! {
                            <Head open=sign_up.open creating />
                            <Search search />
                            <Done text=told />
                            {move || change_refused.get().map(|problem| view! { <ProblemNote problem /> })}
                            <List
                                me=me.id
                                page
                                search=search.get_untracked()
                                first=cursor.read_untracked().is_empty()
                                unfolded
                                change
                                resetting
                                deleting
                            />
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <Modal
            id="new-user-dialog"
            subject=creating
            title=|()| "Add a user".to_owned()
            body=move |()| view! { <NewUser creating done /> }
        />
        <Modal
            id="reset-password"
            subject=resetting
            title=|user: &User| format!("Reset the password of {}", user.name)
            body=move |user| view! { <ResetPassword user resetting done /> }
        />
        <Confirm
            id="delete-user"
            subject=deleting
            title=|user| format!("Delete {}?", user.name)
            explanation="What is theirs is deleted with them: their knowledge bases with every document, also for those they share them with, their conversations, assistants, connections and API keys. This cannot be undone. To keep it all and only lock them out, disable them instead."
            confirm="Delete user"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |user| {
                delete.dispatch(user);
            }
        />
    }
}

#[component]
fn Head(
    /// Whether everybody may create an account.
    open: bool,
    creating: RwSignal<Option<()>>,
) -> impl IntoView {
    let ready = ready();
    view! {
        <header class="page-header">
            <div>
                <h1>"Users"</h1>
                <p class="hint">
                    {if open {
                        "Sign-up is open: whoever reaches this server can create an account. Close it with "
                    } else {
                        "Sign-up is closed: accounts are made here. Open it with "
                    }} <code>{if open { "sign_up = false" } else { "sign_up = true" }}</code> " in the server’s configuration."
                </p>
            </div>
            <button
                type="button"
                class="button primary"
                disabled=move || !ready.get()
                on:click=move |_| creating.set(Some(()))
            >
                "Add a user"
            </button>
        </header>
    }
}

#[component]
fn Search(search: Memo<String>) -> impl IntoView {
    view! {
        <search>
            <QueryForm class="search-form">
                <label class="visually-hidden" for="user-search">
                    "Name or email"
                </label>
                <input
                    id="user-search"
                    type="search"
                    name="search"
                    placeholder="Name or email"
                    value=search.get_untracked()
                    prop:value=search
                />
                <button type="submit" class="button">
                    "Search"
                </button>
            </QueryForm>
        </search>
    }
}

#[component]
fn List(
    me: UserId,
    page: Page<User>,
    /// What was searched for.
    search: String,
    /// Whether it is the first page of them.
    first: bool,
    unfolded: RwSignal<Option<UserId>>,
    change: Action<(UserId, UpdateUser), Result<(), Problem>>,
    resetting: RwSignal<Option<User>>,
    deleting: RwSignal<Option<User>>,
) -> impl IntoView {
    if page.items.is_empty() {
        return view! { <Empty title="Nobody found" text="Search for a part of a name or of an email address." /> }
            .into_any();
    }
    let link = |label: &'static str, cursor: &str| {
        let query = format::query(&[("search", &search), ("cursor", cursor)]);
        view! {
            <a class="button" href=format!("/admin/users{query}")>
                {label}
            </a>
        }
    };
    let to_first = (!first).then(|| link("First page", ""));
    let to_next = page.next_cursor.as_ref().map(|cursor| link("Next page", cursor));
    let paged = to_first.is_some() || to_next.is_some();
    view! {
        <ul class="entries framed">
            {page
                .items
                .into_iter()
                .map(|user| {
                    let is_me = user.id == me;
                    view! { <Row user is_me unfolded change resetting deleting /> }
                })
                .collect_view()}
        </ul>
        {paged
            .then(|| {
                view! {
                    <nav class="actions paging" aria-label="Pages of users">
                        {to_first}
                        {to_next}
                    </nav>
                }
            })}
    }
    .into_any()
}
