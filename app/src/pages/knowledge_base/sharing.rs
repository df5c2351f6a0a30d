//! Who may use a knowledge base.

use api::{Access, KnowledgeBase, KnowledgeBaseId, Member, Problem, ShareKnowledgeBase, User};
use leptos::prelude::*;
use leptos_router::hooks::use_navigate;

use crate::{
    components::{Loading, ProblemNote},
    forms::{ApiForm, Modal, SelectField, SubmitButton, TextField, refusal},
    transport,
};

/// Owners change who may use it, others see it and may leave.
#[component]
pub fn Sharing(knowledge_base: RwSignal<Option<KnowledgeBase>>) -> impl IntoView {
    view! {
        <Modal
            id="sharing"
            subject=knowledge_base
            title=|knowledge_base| format!("Who may use {}", knowledge_base.name)
            body=move |shared: KnowledgeBase| {
                view! {
                    <People id=shared.id is_owner=shared.access == Access::Owner />
                    <div class="actions">
                        <button type="button" class="button" on:click=move |_| knowledge_base.set(None)>
                            "Close"
                        </button>
                    </div>
                }
            }
        />
    }
}

#[component]
fn People(id: KnowledgeBaseId, is_owner: bool) -> impl IntoView {
    let path = format!("/knowledge-bases/{id}/members");
    // The dialog is open in the browser only.
    let members = LocalResource::new(move || {
        let path = path.clone();
        async move {
            let client = transport::in_browser();
            let me: User = client.get("/me").await?;
            let members: Vec<Member> = client.get(&path).await?;
            Ok::<_, Problem>((me, members))
        }
    });
    let change = Action::new_local(move |share: &ShareKnowledgeBase| {
        let share = share.clone();
        async move {
            let path = format!("/knowledge-bases/{id}/members");
            let _: Member = transport::in_browser().put(&path, &share).await?;
            members.refetch();
            Ok::<_, Problem>(())
        }
    });
    let navigate = use_navigate();
    let remove = Action::new_local(move |(member, is_me): &(Member, bool)| {
        let path = format!("/knowledge-bases/{id}/members/{}", member.person.id);
        let (is_me, navigate) = (*is_me, navigate.clone());
        async move {
            transport::in_browser().delete(&path).await?;
            if is_me {
                navigate("/knowledge-bases", Default::default());
            } else {
                members.refetch();
            }
            Ok::<_, Problem>(())
        }
    });
    view! {
        {move || refusal(remove).get().map(|problem| view! { <ProblemNote problem /> })}
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match members.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok((me, members)) => {
                        let rows = members
                            .into_iter()
                            .map(|member| {
                                let is_me = member.person.id == me.id;
                                view! { <MemberRow member is_me is_owner change remove /> }
                            })
                            .collect_view();
                        view! { <ul class="members">{rows}</ul> }.into_any()
                    }
                }
            })}
        </Transition>
        {is_owner.then(|| view! { <AddPerson change /> })}
    }
}

type Change = Action<ShareKnowledgeBase, Result<(), Problem>>;

#[component]
fn MemberRow(
    member: Member,
    is_me: bool,
    is_owner: bool,
    change: Change,
    remove: Action<(Member, bool), Result<(), Problem>>,
) -> impl IntoView {
    let Member { person, access } = member.clone();
    let may_change = is_owner && access != Access::Owner;
    let may_leave = is_me && access != Access::Owner;
    let select_label = format!("What {} may do", person.name);
    let remove_label = if may_leave {
        "Leave".to_owned()
    } else {
        format!("Remove {}", person.name)
    };
    let email = person.email.clone();
    let set_access = move |event| {
        change.dispatch(ShareKnowledgeBase {
            email: email.clone(),
            access: access_named(&event_target_value(&event)),
        });
    };
    view! {
        <li>
            <span class="member-name">
                {person.name} {is_me.then_some(" (you)")} <span class="hint">{person.email}</span>
            </span>
            {if may_change {
                view! {
                    <select class="small" aria-label=select_label on:change=set_access>
                        <option value="viewer" selected=access == Access::Viewer>
                            "Viewer"
                        </option>
                        <option value="editor" selected=access == Access::Editor>
                            "Editor"
                        </option>
                    </select>
                }
                    .into_any()
            } else {
                view! { <span class="hint">{name_of(access)}</span> }.into_any()
            }}
            {(may_change || may_leave)
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="button small danger"
                            aria-label=remove_label
                            on:click=move |_| {
                                remove.dispatch((member.clone(), is_me));
                            }
                        >
                            {if may_leave { "Leave" } else { "Remove" }}
                        </button>
                    }
                })}
        </li>
    }
}

#[component]
fn AddPerson(change: Change) -> impl IntoView {
    let email = RwSignal::new(String::new());
    let access = RwSignal::new("viewer".to_owned());
    Effect::new(move || {
        if matches!(*change.value().read(), Some(Ok(()))) {
            email.set(String::new());
        }
    });
    let levels = [
        ("viewer", "Viewer: read and ask"),
        ("editor", "Editor: also add and delete documents"),
    ];
    let options = levels.map(|(value, label)| (value.to_owned(), label.to_owned()));
    view! {
        <ApiForm
            id="add-person"
            problem=refusal(change)
            on_submit=move || {
                change
                    .dispatch(ShareKnowledgeBase {
                        email: email.get_untracked().trim().to_owned(),
                        access: access_named(&access.read_untracked()),
                    });
            }
        >
            <TextField
                name="email"
                label="Email"
                kind="email"
                value=email
                required=true
                hint="Of somebody who has an account here."
            />
            <SelectField name="access" label="May" value=access options=options.to_vec() />
            <div class="actions">
                <SubmitButton label="Add person" pending=change.pending() />
            </div>
        </ApiForm>
    }
}

fn access_named(name: &str) -> Access {
    if name == "editor" {
        Access::Editor
    } else {
        Access::Viewer
    }
}

fn name_of(access: Access) -> &'static str {
    match access {
        Access::Viewer => "Viewer",
        Access::Editor => "Editor",
        Access::Owner => "Owner",
    }
}
