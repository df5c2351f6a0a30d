//! Changing an assistant: saving, restoring, and what to do when somebody else saved it meanwhile.

use api::{Assistant, AssistantSettings, AssistantVersion, Problem, SaveAssistant};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{
    changed_meanwhile::ChangedMeanwhile, differences::differences, draft::Draft, names::Names, page::Loaded,
    settings_form::SettingsForm, unsaved::ask_before_leaving, versions::Versions,
};
use crate::{
    components::Moment,
    forms::{Confirm, refusal},
    transport,
};

#[component]
pub fn Editor(loaded: Loaded) -> impl IntoView {
    let names = StoredValue::new(Names::new(&loaded.knowledge_bases, &loaded.connections));
    let draft = Draft::new(&loaded.assistant.settings);
    let id = loaded.assistant.id;
    let saved = RwSignal::new(loaded.assistant);
    let versions = RwSignal::new(loaded.versions);
    // What somebody else saved since this page was loaded.
    let theirs = RwSignal::new(None::<Assistant>);
    let told = RwSignal::new(None::<String>);

    let dirty = Memo::new(move |_| match draft.read() {
        Ok(settings) => names.with_value(|names| !differences(&saved.read().settings, &settings, names).is_empty()),
        Err(_) => true,
    });
    ask_before_leaving(dirty.into());

    let save = Action::new(move |body: &SaveAssistant| {
        let body = body.clone();
        async move {
            let client = transport::in_browser();
            let path = format!("/assistants/{id}");
            match client.put::<Assistant>(&path, &body).await {
                Ok(assistant) => {
                    let version = assistant.version;
                    versions.set(client.get(&format!("{path}/versions")).await?);
                    // What was typed while it was being saved stays, as a change that is not saved yet.
                    if untrack(|| draft.read()).is_ok_and(|settings| settings == body.settings) {
                        draft.fill(&assistant.settings);
                    }
                    saved.set(assistant);
                    theirs.set(None);
                    told.set(Some(format!("Saved as version {version}.")));
                    Ok(())
                }
                Err(problem) if problem.code == "changed_meanwhile" => {
                    versions.set(client.get(&format!("{path}/versions")).await?);
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
    let save_from = Callback::new(move |base_version: u32| {
        told.set(None);
        match untrack(|| draft.read()) {
            Ok(settings) => {
                unreadable.set(None);
                save.dispatch(SaveAssistant { base_version, settings });
            }
            Err(problem) => unreadable.set(Some(problem)),
        }
    });
    let fill = move |settings: &AssistantSettings| {
        draft.fill(settings);
        unreadable.set(None);
    };
    let take_theirs = Callback::new(move |assistant: Assistant| {
        fill(&assistant.settings);
        told.set(Some(format!("This is version {} as it was saved.", assistant.version)));
        saved.set(assistant);
        theirs.set(None);
    });
    let restoring = RwSignal::new(None::<AssistantVersion>);
    let restore = move |version: AssistantVersion| {
        restoring.set(None);
        fill(&version.settings);
        save_from.run(saved.read_untracked().version);
    };

    view! {
        <Title text=move || saved.read().settings.name.clone() />
        <header class="page-header">
            <div>
                <p class="crumb">
                    <a href="/assistants">"Assistants"</a>
                </p>
                <h1>{move || saved.read().settings.name.clone()}</h1>
                <p class="hint">
                    {move || format!("Version {}, saved ", saved.read().version)}
                    {move || {
                        let time = saved.read().updated_at;
                        view! { <Moment time /> }
                    }}
                    {loaded.is_default.then_some(" · Answers whenever no other assistant is chosen")}
                </p>
            </div>
        </header>
        <SettingsForm
            draft
            knowledge_bases=loaded.knowledge_bases
            connections=loaded.connections
            problem
            pending=save.pending()
            dirty=dirty.into()
            told
            on_submit=move || save_from.run(saved.read_untracked().version)
            discard=Callback::new(move |()| saved.with_untracked(|saved| fill(&saved.settings)))
        />
        <Versions
            versions
            names
            pending=save.pending()
            restore=Callback::new(move |version| {
                if dirty.get_untracked() { restoring.set(Some(version)) } else { restore(version) }
            })
        />
        <ChangedMeanwhile theirs draft names save_from take_theirs pending=save.pending() problem=refused />
        <Confirm
            id="restore-version"
            subject=restoring
            title=|version| format!("Restore version {}?", version.version)
            explanation="What you changed in the form and have not saved is replaced by it. Save first if you may want it back."
            confirm="Restore"
            pending=save.pending()
            problem=Signal::derive(|| None)
            on_confirm=restore
        />
    }
}
