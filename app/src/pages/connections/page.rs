//! The list of connections.

use api::{Client, Connection, ConnectionId, Problem, Role, User};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    form::{ConnectionForm, Editing},
    row::Row,
};
use crate::{
    browser,
    components::{Empty, Loading, ProblemNote},
    forms::{Confirm, Done, Modal, ready, refusal},
    transport,
};

#[component]
pub fn ConnectionsPage() -> impl IntoView {
    let list = Resource::new_blocking(
        || (),
        |()| async {
            let client = expect_context::<Client>();
            let user: User = client.get("/me").await?;
            let connections: Vec<Connection> = client.get("/connections").await?;
            Ok::<_, Problem>((user.role == Role::Admin, connections))
        },
    );
    let may_share = RwSignal::new(false);
    let editing = RwSignal::new(None::<Editing>);
    let deleting = RwSignal::new(None::<Connection>);
    let told = RwSignal::new(None::<String>);
    // Tried as soon as it is saved, to tell at once whether it works.
    let to_try = RwSignal::new(None::<ConnectionId>);
    let delete = Action::new(move |connection: &Connection| {
        let connection = connection.clone();
        async move {
            transport::in_browser()
                .delete(&format!("/connections/{}", connection.id))
                .await?;
            deleting.set(None);
            told.set(Some(format!("{} is deleted.", connection.name)));
            browser::focus_main();
            list.refetch();
            Ok::<_, Problem>(())
        }
    });
    let saved = Callback::new(move |connection: Connection| {
        editing.set(None);
        to_try.set(Some(connection.id));
        told.set(Some(format!("{} is saved.", connection.name)));
        browser::focus_main();
        list.refetch();
    });
    let ready = ready();

    view! {
        <Title text="Connections" />
        <header class="page-header">
            <div>
                <h1>"Connections"</h1>
                <p class="hint">
                    "Language models that write answers. Without one, answers are the documents’ own sentences, quoted and cited."
                </p>
            </div>
            <button
                type="button"
                class="button primary"
                disabled=move || !ready.get()
                on:click=move |_| editing.set(Some(Editing { connection: None }))
            >
                "Add a connection"
            </button>
        </header>
        <Done text=told />
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match list.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok((admin, connections)) => {
                        may_share.set(admin);
                        let tried = to_try.get_untracked();
                        to_try.set(None);
                        if connections.is_empty() {
                            return view! {
                                <Empty
                                    title="No connection yet"
                                    text="Add Ollama or LM Studio on your own machine, or any service that speaks the OpenAI protocol."
                                />
                            }
                                .into_any();
                        }
                        view! {
                            <ul class="entries framed">
                                {connections
                                    .into_iter()
                                    .map(|connection| {
                                        let try_now = tried == Some(connection.id);
                                        view! { <Row connection try_now editing deleting saved /> }
                                    })
                                    .collect_view()}
                            </ul>
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <Modal
            id="edit-connection"
            subject=editing
            title=|editing| match &editing.connection {
                Some(connection) => format!("Edit {}", connection.name),
                None => "Add a connection".to_owned(),
            }
            body=move |Editing { connection }| {
                view! { <ConnectionForm connection may_share=may_share.get_untracked() editing saved /> }
            }
        />
        <Confirm
            id="delete-connection"
            subject=deleting
            title=|connection| format!("Delete {}?", connection.name)
            explanation="Its key is deleted with it. Assistants that name it cannot answer until another model is chosen for them; those on Automatic go on with the next connection, or with the documents’ own sentences."
            confirm="Delete connection"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |connection| {
                delete.dispatch(connection);
            }
        />
    }
}
