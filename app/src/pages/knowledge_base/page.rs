//! The page of a knowledge base.

use api::{Access, Client, Document, KnowledgeBase, Page};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{
    documents::DocumentTable, header::Header, listing::Listing, live::Live, live::announcement, uploads::UploadPanel,
};
use crate::{
    components::{Loading, ProblemNote},
    plain_form::{RefusedForm, refused},
    query::use_query,
};

#[component]
pub fn KnowledgeBasePage() -> impl IntoView {
    let params = use_params_map();
    let query = use_query();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let listing = Memo::new(move |_| Listing::read(&query.read()));
    let list = Memo::new(move |_| listing.read().path(&id.read()));
    let opened = Resource::new_blocking(
        move || id.get(),
        |id| async move {
            let path = format!("/knowledge-bases/{id}");
            expect_context::<Client>().get::<KnowledgeBase>(&path).await
        },
    );
    let documents = Resource::new_blocking(
        move || list.get(),
        |list| async move {
            let page = expect_context::<Client>().get::<Page<Document>>(&list).await;
            (list, page)
        },
    );
    let live = Live::new(id, list);
    let refused = StoredValue::new(refused("upload"));

    view! {
        <div>
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    match opened.await {
                        Ok(knowledge_base) => view! { <Opened knowledge_base live refused=refused.get_value() /> }.into_any(),
                        Err(problem) => {
                            view! {
                                <Title text="Knowledge base" />
                                <h1>"This knowledge base cannot be shown"</h1>
                                <ProblemNote problem />
                                <p>
                                    <a href="/knowledge-bases">"Go to your knowledge bases"</a>
                                </p>
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    // Why it cannot be shown is said above.
                    let knowledge_base = opened.await.ok()?;
                    let (list, page) = documents.await;
                    Some(
                        match page {
                            Ok(page) => {
                                let listing = listing.get_untracked();
                                view! { <DocumentTable knowledge_base page list listing live /> }.into_any()
                            }
                            Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        },
                    )
                })}
            </Transition>
        </div>
    }
    .into_any()
}

#[component]
fn Opened(knowledge_base: KnowledgeBase, live: Live, refused: Option<RefusedForm>) -> impl IntoView {
    let id = knowledge_base.id;
    let may_edit = knowledge_base.access >= Access::Editor;
    let now = live.knowledge_base(knowledge_base);
    let announced = Memo::new(move |before| announcement(&now.read().documents, before));
    view! {
        <Title text=move || now.read().name.clone() />
        <nav class="crumbs" aria-label="Where this is">
            <a href="/knowledge-bases">"Knowledge bases"</a>
        </nav>
        <Header knowledge_base=now live />
        <p class="visually-hidden" role="status">
            {move || announced.get().text}
        </p>
        {move || live.lost.get().map(|problem| view! { <ProblemNote problem /> })}
        {may_edit.then(|| view! { <UploadPanel knowledge_base=id refused /> })}
    }
    .into_any()
}
