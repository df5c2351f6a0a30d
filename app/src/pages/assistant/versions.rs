//! The versions an assistant went through: comparing two, and going back to one.

use api::AssistantVersion;
use leptos::prelude::*;

use super::{
    differences::{Differences, differences},
    names::Names,
};
use crate::{
    components::Moment,
    forms::{Group, ready},
};

/// Shown at once; older ones are folded away.
const RECENT: usize = 8;

#[component]
pub fn Versions(
    /// Newest first.
    versions: RwSignal<Vec<AssistantVersion>>,
    names: StoredValue<Names>,
    restore: Callback<AssistantVersion>,
    #[prop(into)] pending: Signal<bool>,
) -> impl IntoView {
    let rows = move |of: std::ops::Range<usize>| {
        let versions = versions.read();
        of.map(|index| {
            let version = versions[index].clone();
            let changed = versions.get(index + 1).map(|before| {
                names.with_value(|names| {
                    differences(&before.settings, &version.settings, names)
                        .into_iter()
                        .map(|difference| difference.field)
                        .collect::<Vec<_>>()
                })
            });
            view! { <Row version changed current={index == 0} restore pending /> }
        })
        .collect_view()
    };
    view! {
        <Group
            id="versions"
            title="Versions"
            about=view! { "Every save is a version, and an answer remembers which one made it. Restoring an old one saves it again as the newest." }
                .into_any()
        >
            {move || {
                let total = versions.read().len();
                let recent = total.min(RECENT);
                view! {
                    <ol class="entries" reversed>
                        {rows(0..recent)}
                    </ol>
                    {(total > recent)
                        .then(|| {
                            view! {
                                <details class="disclosure">
                                    <summary>{format!("{} older", total - recent)}</summary>
                                    <ol class="entries" reversed>
                                        {rows(recent..total)}
                                    </ol>
                                </details>
                            }
                        })}
                    {(total > 1).then(|| view! { <Compare versions=versions.get() names /> })}
                }
            }}
        </Group>
    }
}

#[component]
fn Row(
    version: AssistantVersion,
    /// Fields that differ from the version before; none for the first version.
    changed: Option<Vec<&'static str>>,
    current: bool,
    restore: Callback<AssistantVersion>,
    pending: Signal<bool>,
) -> impl IntoView {
    let ready = ready();
    let number = version.version;
    let about = match changed {
        None => "As it was created".to_owned(),
        Some(fields) if fields.is_empty() => "Saved without a change".to_owned(),
        Some(fields) => fields.join(", "),
    };
    view! {
        <li class="entry">
            <div class="entry-text">
                <span class="entry-title">
                    <strong>{format!("Version {number}")}</strong>
                    {current.then(|| view! { <span class="badge">"Current"</span> })}
                </span>
                <span>{about}</span>
                <span class="hint">
                    <Moment time=version.created_at />
                </span>
            </div>
            {(!current)
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="button small"
                            aria-label=format!("Restore version {number}")
                            disabled=move || !ready.get() || pending.get()
                            on:click=move |_| restore.run(version.clone())
                        >
                            "Restore"
                        </button>
                    }
                })}
        </li>
    }
}

#[component]
fn Compare(versions: Vec<AssistantVersion>, names: StoredValue<Names>) -> impl IntoView {
    let (left, right) = (RwSignal::new(versions[1].version), RwSignal::new(versions[0].version));
    let numbers: Vec<u32> = versions.iter().map(|version| version.version).collect();
    let versions = StoredValue::new(versions);
    let told = move || {
        versions.with_value(|versions| {
            let settings = |number| {
                versions
                    .iter()
                    .find(|version| version.version == number)
                    .map(|version| &version.settings)
            };
            match (settings(left.get()), settings(right.get())) {
                (Some(left), Some(right)) => names.with_value(|names| differences(left, right, names)),
                _ => Vec::new(),
            }
        })
    };
    view! {
        <h3>"Compare two versions"</h3>
        <div class="form-columns">
            <VersionSelect id="compare-left" label="From" numbers=numbers.clone() chosen=left />
            <VersionSelect id="compare-right" label="To" numbers chosen=right />
        </div>
        <div role="status">
            {move || {
                view! {
                    <Differences
                        differences=told()
                        left=format!("Version {}", left.get())
                        right=format!("Version {}", right.get())
                    />
                }
            }}
        </div>
    }
}

#[component]
fn VersionSelect(id: &'static str, label: &'static str, numbers: Vec<u32>, chosen: RwSignal<u32>) -> impl IntoView {
    let options = numbers
        .into_iter()
        .map(|number| {
            view! {
                <option value=number selected=number == chosen.get_untracked()>
                    {format!("Version {number}")}
                </option>
            }
        })
        .collect_view();
    view! {
        <div class="field">
            <label for=id>{label}</label>
            <select
                id=id
                on:change=move |event| {
                    if let Ok(number) = event_target_value(&event).parse() {
                        chosen.set(number);
                    }
                }
            >
                {options}
            </select>
        </div>
    }
}
