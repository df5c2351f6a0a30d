//! Name, description and state of a knowledge base, and what its owner does with it.

use api::{Access, DocumentCounts, KnowledgeBase, Problem, UpdateKnowledgeBase};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use super::{live::Live, sharing::Sharing};
use crate::{
    forms::{ApiForm, Confirm, Modal, SubmitButton, TextArea, TextField, ready, refusal},
    pages::knowledge_bases::state_of,
    transport,
};

#[component]
pub fn Header(knowledge_base: Memo<KnowledgeBase>, live: Live) -> impl IntoView {
    let ready = ready();
    let editing = RwSignal::new(None::<KnowledgeBase>);
    let sharing = RwSignal::new(None::<KnowledgeBase>);
    let deleting = RwSignal::new(None::<KnowledgeBase>);
    let is_owner = knowledge_base.read_untracked().access == Access::Owner;
    let opens =
        move |dialog: RwSignal<Option<KnowledgeBase>>| move |_| dialog.set(Some(knowledge_base.get_untracked()));
    view! {
        <header class="page-header">
            <div>
                <h1>{move || knowledge_base.read().name.clone()}</h1>
                <p class="knowledge-base-state">
                    <Progress counts=Signal::derive(move || knowledge_base.read().documents) />
                </p>
            </div>
            <div class="actions">
                <button type="button" class="button" disabled=move || !ready.get() on:click=opens(sharing)>
                    {if is_owner { "Share" } else { "People" }}
                </button>
                {is_owner
                    .then(|| {
                        view! {
                            <button type="button" class="button" disabled=move || !ready.get() on:click=opens(editing)>
                                "Rename"
                            </button>
                            <button
                                type="button"
                                class="button danger"
                                disabled=move || !ready.get()
                                on:click=opens(deleting)
                            >
                                "Delete"
                            </button>
                        }
                    })}
            </div>
        </header>
        <Show when=move || !knowledge_base.read().description.is_empty()>
            <p class="lead">{move || knowledge_base.read().description.clone()}</p>
        </Show>
        <Show when=move || !is_owner>
            <p class="hint">{move || shared_by(&knowledge_base.read())}</p>
        </Show>
        <Edit knowledge_base=editing live />
        <Sharing knowledge_base=sharing />
        <Delete knowledge_base=deleting />
    }
}

fn shared_by(knowledge_base: &KnowledgeBase) -> String {
    let owner = &knowledge_base.owner.name;
    match knowledge_base.access {
        Access::Viewer => format!("{owner} shares this with you. You may read it and ask about it."),
        _ => format!("{owner} shares this with you. You may read it, ask about it, and add and delete documents."),
    }
}

/// How many documents there are and how far; with a bar while some are read.
#[component]
fn Progress(counts: Signal<DocumentCounts>) -> impl IntoView {
    view! {
        <span>{move || state_of(&counts.get())}</span>
        <Show when=move || counts.get().underway != 0>
            <progress
                max=move || counts.get().total
                value=move || counts.get().total - counts.get().underway
                aria-label="Documents read"
            ></progress>
        </Show>
    }
}

#[component]
fn Edit(knowledge_base: RwSignal<Option<KnowledgeBase>>, live: Live) -> impl IntoView {
    view! {
        <Modal
            id="edit-knowledge-base"
            subject=knowledge_base
            title=|_| "Name and description".to_owned()
            body=move |edited: KnowledgeBase| {
                let (name, description) = (RwSignal::new(edited.name), RwSignal::new(edited.description));
                let save = Action::new(move |change: &UpdateKnowledgeBase| {
                    let change = change.clone();
                    async move {
                        let path = format!("/knowledge-bases/{}", edited.id);
                        let _: KnowledgeBase = transport::in_browser().patch(&path, &change).await?;
                        live.read();
                        knowledge_base.set(None);
                        Ok::<_, Problem>(())
                    }
                });
                let submit = move || {
                    save.dispatch(UpdateKnowledgeBase {
                        name: Some(name.get_untracked()),
                        description: Some(description.get_untracked()),
                    });
                };
                view! {
                    <ApiForm id="edit" problem=refusal(save) on_submit=submit>
                        <TextField name="name" label="Name" value=name required=true max_length=100 />
                        <TextArea
                            name="description"
                            label="Description"
                            value=description
                            rows=3
                            hint="What it holds, for those it is shared with."
                        />
                        <div class="actions">
                            <button type="button" class="button" on:click=move |_| knowledge_base.set(None)>
                                "Cancel"
                            </button>
                            <SubmitButton label="Save" pending=save.pending() />
                        </div>
                    </ApiForm>
                }
            }
        />
    }
}

#[component]
fn Delete(knowledge_base: RwSignal<Option<KnowledgeBase>>) -> impl IntoView {
    let navigate = use_navigate();
    let delete = Action::new(move |knowledge_base: &KnowledgeBase| {
        let path = format!("/knowledge-bases/{}", knowledge_base.id);
        let navigate = navigate.clone();
        async move {
            transport::in_browser().delete(&path).await?;
            navigate("/knowledge-bases", Default::default());
            Ok::<_, Problem>(())
        }
    });
    view! {
        <Confirm
            id="delete-knowledge-base"
            subject=knowledge_base
            title=|knowledge_base| format!("Delete {}?", knowledge_base.name)
            explanation="All its documents are deleted, for everybody it is shared with. This cannot be undone."
            confirm="Delete knowledge base"
            pending=delete.pending()
            problem=refusal(delete)
            on_confirm=move |knowledge_base| {
                delete.dispatch(knowledge_base);
            }
        />
    }
}
