//! The versions an assistant went through: comparing two, and going back to one.

use api::{AssistantSettings, AssistantVersion};
use leptos::prelude::*;

use super::settings_text::{Difference, Names, differences};
use crate::{format, forms::ready};

#[component]
pub fn Versions(
    /// Newest first.
    versions: Vec<AssistantVersion>,
    current: u32,
    names: StoredValue<Names>,
    restore: Callback<AssistantSettings>,
    #[prop(into)] pending: Signal<bool>,
) -> impl IntoView {
    let ready = ready();
    let numbers: Vec<u32> = versions.iter().map(|version| version.version).collect();
    let several = numbers.len() > 1;
    let previous = numbers.get(1).copied().unwrap_or(current);
    let rows = versions
        .iter()
        .map(|version| {
            let (number, settings) = (version.version, version.settings.clone());
            view! {
                <li class="row">
                    <div class="row-text">
                        <strong>{format!("Version {number}")}</strong>
                        <span class="hint">{format::moment(version.created_at)}</span>
                    </div>
                    {if number == current {
                        view! { <span class="badge ok">"Current"</span> }.into_any()
                    } else {
                        view! {
                            <button
                                type="button"
                                class="button"
                                aria-label=format!("Restore version {number}")
                                disabled=move || !ready.get() || pending.get()
                                on:click=move |_| restore.run(settings.clone())
                            >
                                "Restore"
                            </button>
                        }
                            .into_any()
                    }}
                </li>
            }
        })
        .collect_view();
    let compare = several.then(|| view! { <Compare versions numbers left=previous right=current names /> });
    view! {
        <section class="card" aria-labelledby="versions-title">
            <h2 id="versions-title">"Versions"</h2>
            <p class="hint">"Every save is a version. Restoring one saves it again as the newest; none is lost."</p>
            <ul class="rows">{rows}</ul>
            {compare}
        </section>
    }
}

#[component]
fn Compare(
    versions: Vec<AssistantVersion>,
    numbers: Vec<u32>,
    left: u32,
    right: u32,
    names: StoredValue<Names>,
) -> impl IntoView {
    let (left, right) = (RwSignal::new(left), RwSignal::new(right));
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
                    <DifferenceTable
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
                <option value=number selected=move || chosen.get() == number>
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

/// The differing fields with both values side by side.
#[component]
pub fn DifferenceTable(differences: Vec<Difference>, left: String, right: String) -> impl IntoView {
    if differences.is_empty() {
        return view! { <p class="hint">"There is no difference."</p> }.into_any();
    }
    let rows = differences
        .into_iter()
        .map(|difference| {
            view! {
                <tr>
                    <th scope="row">{difference.field}</th>
                    <td>{or_empty(difference.left)}</td>
                    <td>{or_empty(difference.right)}</td>
                </tr>
            }
        })
        .collect_view();
    view! {
        <table class="differences">
            <thead>
                <tr>
                    <th scope="col">"Setting"</th>
                    <th scope="col">{left}</th>
                    <th scope="col">{right}</th>
                </tr>
            </thead>
            <tbody>{rows}</tbody>
        </table>
    }
    .into_any()
}

fn or_empty(text: String) -> AnyView {
    if text.is_empty() {
        view! { <span class="hint">"(empty)"</span> }.into_any()
    } else {
        text.into_any()
    }
}
