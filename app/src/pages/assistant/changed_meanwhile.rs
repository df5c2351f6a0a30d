//! Two people changed the same version of an assistant: the second one to save chooses.

use api::{Assistant, Problem};
use leptos::prelude::*;

use super::{
    differences::{Differences, differences},
    draft::Draft,
    names::Names,
};
use crate::{components::ProblemNote, forms::Modal};

/// While `theirs` is something: shows how it differs from the form, which keeps what was typed in every case but one.
#[component]
pub fn ChangedMeanwhile(
    theirs: RwSignal<Option<Assistant>>,
    draft: Draft,
    names: StoredValue<Names>,
    /// Saves the form as the version after this one.
    save_from: Callback<u32>,
    take_theirs: Callback<Assistant>,
    #[prop(into)] pending: Signal<bool>,
    problem: Signal<Option<Problem>>,
) -> impl IntoView {
    view! {
        <Modal
            id="changed-meanwhile"
            class="modal roomy"
            subject=theirs
            title=|theirs| format!("Version {} was saved meanwhile", theirs.version)
            body=move |assistant: Assistant| {
                let version = assistant.version;
                // The form was read once already, for the save that was refused.
                let mine = untrack(|| draft.read()).unwrap_or_else(|_| assistant.settings.clone());
                let told = names.with_value(|names| differences(&assistant.settings, &mine, names));
                view! {
                    <p>
                        "In another tab, or by somebody else. Nothing of yours is lost: your changes are still in the form. This is how the two differ:"
                    </p>
                    <Differences differences=told left=format!("Version {version}") right="Your form".to_owned() />
                    {move || problem.get().map(|problem| view! { <ProblemNote problem /> })}
                    <div class="actions">
                        <button type="button" class="button" on:click=move |_| theirs.set(None)>
                            "Keep editing"
                        </button>
                        <button
                            type="button"
                            class="button primary"
                            aria-disabled=move || pending.get().then_some("true")
                            on:click=move |_| {
                                if !pending.get_untracked() {
                                    save_from.run(version);
                                }
                            }
                        >
                            {format!("Save mine as version {}", version + 1)}
                        </button>
                        <button
                            type="button"
                            class="button danger"
                            on:click=move |_| take_theirs.run(assistant.clone())
                        >
                            {format!("Drop mine, take version {version}")}
                        </button>
                    </div>
                }
            }
        />
    }
}
