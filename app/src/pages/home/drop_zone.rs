//! Files dropped on the home page, on their way to a knowledge base.

use api::{Access, CreateKnowledgeBase, KnowledgeBase, KnowledgeBaseId, Problem};
use leptos::{ev, html, prelude::*, task::spawn_local};
use leptos_router::hooks::use_navigate;
use send_wrapper::SendWrapper;
use web_sys::File;

use crate::{
    components::{Icon, ProblemNote, Shape},
    drops::{listed, take_drops},
    format::count,
    pages::Uploads,
    transport,
};

/// The knowledge base that is made for the first files.
const FIRST: &str = "My documents";

/// Takes files from anywhere on the page. With a single knowledge base, or none yet, there is nothing to choose; else
/// the files wait until one is chosen.
#[component]
pub fn DropZone(knowledge_bases: Vec<KnowledgeBase>) -> impl IntoView {
    let first_run = knowledge_bases.iter().all(|base| base.documents.total == 0);
    let targets: Vec<_> = knowledge_bases
        .into_iter()
        .filter(|base| base.access >= Access::Editor)
        .collect();
    let only = match targets.as_slice() {
        [] => Some(None),
        [one] => Some(Some(one.id)),
        _ => None,
    };
    let waiting = RwSignal::new(None::<SendWrapper<Vec<File>>>);
    let uploads = expect_context::<Uploads>();
    let busy = RwSignal::new(false);
    let problem = RwSignal::new(None::<Problem>);
    let dragging = RwSignal::new(false);
    let navigate = use_navigate();
    let send = Callback::new(
        move |(target, files): (Option<KnowledgeBaseId>, SendWrapper<Vec<File>>)| {
            let navigate = navigate.clone();
            busy.set(true);
            problem.set(None);
            spawn_local(async move {
                match target_for(target).await {
                    Ok(knowledge_base) => {
                        // How they get on is told on the page of the knowledge base.
                        uploads.add(knowledge_base, files.take());
                        navigate(&format!("/knowledge-bases/{knowledge_base}"), Default::default());
                    }
                    Err(failure) => {
                        busy.set(false);
                        problem.set(Some(failure));
                    }
                }
            });
        },
    );
    let take = move |files: Vec<File>| {
        if files.is_empty() || busy.get_untracked() {
            return;
        }
        let files = SendWrapper::new(files);
        match only {
            Some(target) => send.run((target, files)),
            None => waiting.set(Some(files)),
        }
    };
    take_drops(dragging, take);

    let picker = NodeRef::<html::Input>::new();
    let pick = move |_| {
        if let Some(picker) = picker.get_untracked() {
            take(listed(picker.files()));
            picker.set_value("");
        }
    };
    let options = targets
        .into_iter()
        .map(|base| view! { <option value=base.id.to_string()>{base.name}</option> })
        .collect_view();
    let chosen = NodeRef::<html::Select>::new();
    let send_waiting = move |event: ev::SubmitEvent| {
        event.prevent_default();
        let target = chosen.get_untracked().and_then(|field| field.value().parse().ok());
        if let Some(files) = waiting.get_untracked() {
            waiting.set(None);
            send.run((target, files));
        }
    };
    let names = move || {
        let waiting = waiting.read();
        count(waiting.as_ref().map_or(0, |files| files.len()) as u64, "file", "files")
    };

    view! {
        <div class="drop-zone" class:first-run=first_run class:dragging=dragging>
            {if first_run {
                view! {
                    <label class="button">
                        <Icon shape=Shape::Upload />
                        "Choose files"
                        <input type="file" multiple node_ref=picker on:change=pick />
                    </label>
                    <p class="drop-hint">"or drop them anywhere on this page"</p>
                }
                    .into_any()
            } else {
                view! { <p class="drop-hint">"Drop to add files"</p> }.into_any()
            }}
            <form class="drop-target card" hidden=move || waiting.read().is_none() on:submit=send_waiting>
                <label for="drop-target">{move || format!("Add {} to", names())}</label>
                <select id="drop-target" node_ref=chosen>
                    {options}
                </select>
                <div class="actions">
                    <button type="submit" class="button primary">
                        "Add"
                    </button>
                    <button type="button" class="button" on:click=move |_| waiting.set(None)>
                        "Cancel"
                    </button>
                </div>
            </form>
            {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
        </div>
    }
}

/// The knowledge base that takes the files: the chosen one, or a new one if there is none.
async fn target_for(chosen: Option<KnowledgeBaseId>) -> Result<KnowledgeBaseId, Problem> {
    if let Some(chosen) = chosen {
        return Ok(chosen);
    }
    let new = CreateKnowledgeBase {
        name: FIRST.to_owned(),
        description: String::new(),
    };
    let made: KnowledgeBase = transport::in_browser().post("/knowledge-bases", &new).await?;
    Ok(made.id)
}
