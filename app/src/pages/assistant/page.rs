//! Loading an assistant, saving it, and what to do when somebody else saved it meanwhile.

use api::{
    Assistant, AssistantSettings, AssistantVersion, Client, Connection, KnowledgeBase, Page, Problem, SaveAssistant,
};
use leptos::prelude::*;
use leptos_meta::Title;
use leptos_router::hooks::use_params_map;

use super::{
    draft::Draft,
    settings_form::SettingsForm,
    settings_text::{Names, differences},
    versions::{DifferenceTable, Versions},
};
use crate::{
    components::{Loading, ProblemNote},
    format,
    forms::refusal,
};

/// Everything the page shows.
#[derive(Clone, serde::Serialize, serde::Deserialize)]
struct Loaded {
    assistant: Assistant,
    /// Newest first.
    versions: Vec<AssistantVersion>,
    knowledge_bases: Vec<KnowledgeBase>,
    connections: Vec<Connection>,
}

#[component]
pub fn AssistantPage() -> impl IntoView {
    let params = use_params_map();
    let id = Memo::new(move |_| params.read().get("id").unwrap_or_default());
    let loaded = Resource::new_blocking(move || id.get(), load);
    view! {
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match loaded.await {
                    Err(problem) => {
                        view! {
                            <Title text="Assistant" />
                            <h1>"Assistant"</h1>
                            <ProblemNote problem />
                        }
                            .into_any()
                    }
                    Ok(loaded_now) => {
                        view! { <Editor loaded=loaded_now reload=Callback::new(move |()| loaded.refetch()) /> }.into_any()
                    }
                }
            })}
        </Transition>
    }
}

async fn load(id: String) -> Result<Loaded, Problem> {
    let client = expect_context::<Client>();
    let path = format!("/assistants/{id}");
    Ok(Loaded {
        assistant: client.get(&path).await?,
        versions: client.get(&format!("{path}/versions")).await?,
        knowledge_bases: all_knowledge_bases(&client).await?,
        connections: client.get("/connections").await?,
    })
}

async fn all_knowledge_bases(client: &Client) -> Result<Vec<KnowledgeBase>, Problem> {
    let (mut all, mut cursor) = (Vec::new(), String::new());
    loop {
        let path = format!(
            "/knowledge-bases{}",
            format::query(&[("limit", "200"), ("cursor", &cursor)])
        );
        let page: Page<KnowledgeBase> = client.get(&path).await?;
        all.extend(page.items);
        match page.next_cursor {
            Some(next) => cursor = next,
            None => return Ok(all),
        }
    }
}

#[component]
fn Editor(loaded: Loaded, reload: Callback<()>) -> impl IntoView {
    let Loaded {
        assistant,
        versions,
        knowledge_bases,
        connections,
    } = loaded;
    let names = StoredValue::new(Names::new(&knowledge_bases, &connections));
    let draft = Draft::new(&assistant.settings);
    let (id, version) = (assistant.id, assistant.version);
    let theirs = RwSignal::new(None::<Assistant>);

    let save = Action::new(move |body: &SaveAssistant| {
        let body = body.clone();
        async move {
            let client = expect_context::<Client>();
            let path = format!("/assistants/{id}");
            match client.put::<Assistant>(&path, &body).await {
                Ok(_) => {
                    reload.run(());
                    Ok(())
                }
                Err(problem) if problem.code == "changed_meanwhile" => {
                    theirs.set(Some(client.get(&path).await?));
                    Ok(())
                }
                Err(problem) => Err(problem),
            }
        }
    });
    let unreadable = RwSignal::new(None::<Problem>);
    let refused = refusal(save);
    let problem = Signal::derive(move || unreadable.get().or_else(|| refused.get()));
    let save_over = move |base_version: u32| match draft.read() {
        Ok(settings) => {
            unreadable.set(None);
            theirs.set(None);
            save.dispatch(SaveAssistant { base_version, settings });
        }
        Err(problem) => unreadable.set(Some(problem)),
    };
    let restore = Callback::new(move |settings: AssistantSettings| {
        save.dispatch(SaveAssistant {
            base_version: version,
            settings,
        });
    });

    view! {
        <Title text=assistant.settings.name.clone() />
        <header class="page-header">
            <div>
                <p class="crumb">
                    <a href="/assistants">"Assistants"</a>
                </p>
                <h1>{assistant.settings.name.clone()}</h1>
                <p class="hint">{format!("Version {version}, saved {}", format::moment(assistant.updated_at))}</p>
            </div>
        </header>
        {move || {
            theirs.get().map(|theirs| view! { <ChangedMeanwhile theirs draft names save_over reload /> })
        }}
        <SettingsForm
            draft
            knowledge_bases
            connections
            problem
            pending=save.pending()
            on_submit=move || save_over(version)
        />
        <Versions versions current=version names restore pending=save.pending() />
    }
}

/// Two people changed the same version: shows how the saved one differs from the form, and lets its reader choose.
#[component]
fn ChangedMeanwhile(
    theirs: Assistant,
    draft: Draft,
    names: StoredValue<Names>,
    save_over: impl Fn(u32) + 'static,
    reload: Callback<()>,
) -> impl IntoView {
    let version = theirs.version;
    // The form was read once already, for the save that was refused.
    let mine = draft.read().unwrap_or_else(|_| theirs.settings.clone());
    let told = names.with_value(|names| differences(&theirs.settings, &mine, names));
    view! {
        <section class="note warning" role="alert" aria-labelledby="changed-title">
            <h2 id="changed-title">{format!("Somebody saved version {version} meanwhile")}</h2>
            <p>"Your changes are still in the form below and are not saved."</p>
            <details>
                <summary>{format!("See how version {version} differs from your form")}</summary>
                <DifferenceTable differences=told left=format!("Version {version}") right="Your form".to_owned() />
            </details>
            <div class="actions">
                <button type="button" class="button" on:click=move |_| save_over(version)>
                    {format!("Save mine over version {version}")}
                </button>
                <button type="button" class="button quiet danger" on:click=move |_| reload.run(())>
                    {format!("Drop my changes and load version {version}")}
                </button>
            </div>
        </section>
    }
}
