//! Where one is signed in, and signing out there.

use api::{Client, Problem, Session, SessionId};
use leptos::prelude::*;

use crate::{
    browser,
    components::{Loading, Moment, ProblemNote},
    forms::{Done, Group, ready, refusal},
    transport,
};

/// Which sessions to end.
#[derive(Clone, Copy)]
enum End {
    One(SessionId),
    AllOthers,
}

#[component]
pub fn Sessions(sessions_changed: RwSignal<u32>) -> impl IntoView {
    let sessions = Resource::new_blocking(
        move || sessions_changed.get(),
        |_| async { expect_context::<Client>().get::<Vec<Session>>("/me/sessions").await },
    );
    let told = RwSignal::new(None::<&'static str>);
    let end = Action::new(move |which: &End| {
        let (path, done) = match which {
            End::One(id) => (format!("/me/sessions/{id}"), "That session has ended."),
            End::AllOthers => ("/me/sessions".to_owned(), "All your other sessions have ended."),
        };
        told.set(None);
        async move {
            transport::in_browser().delete(&path).await?;
            told.set(Some(done));
            browser::focus_main();
            sessions.refetch();
            Ok::<_, Problem>(())
        }
    });
    let refused = refusal(end);
    let ready = ready();
    let locked = move || !ready.get() || end.pending().get();
    view! {
        <Group
            id="sessions"
            title="Sessions"
            about=view! { "Where you are signed in. End what you do not recognise, and change your password then." }.into_any()
        >
            {move || refused.get().map(|problem| view! { <ProblemNote problem /> })}
            <Transition fallback=|| view! { <Loading /> }>
                {move || Suspend::new(async move {
                    match sessions.await {
                        Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                        Ok(mut sessions) => {
                            sessions.sort_by_key(|session| !session.current);
                            let others = sessions.len() > 1;
                            view! {
                                <ul class="entries">
                                    {sessions
                                        .into_iter()
                                        .map(|session| {
                                            let id = session.id;
                                            view! {
                                                <Row
                                                    session
                                                    locked=Signal::derive(locked)
                                                    on_end=move || {
                                                        end.dispatch(End::One(id));
                                                    }
                                                />
                                            }
                                        })
                                        .collect_view()}
                                </ul>
                                {others
                                    .then(|| {
                                        view! {
                                            <div class="actions">
                                                <button
                                                    type="button"
                                                    class="button"
                                                    disabled=locked
                                                    on:click=move |_| {
                                                        end.dispatch(End::AllOthers);
                                                    }
                                                >
                                                    "Sign out everywhere else"
                                                </button>
                                            </div>
                                        }
                                    })}
                            }
                                .into_any()
                        }
                    }
                })}
            </Transition>
            <Done text=Signal::derive(move || told.get().map(str::to_owned)) />
        </Group>
    }
}

#[component]
fn Row(session: Session, locked: Signal<bool>, on_end: impl Fn() + 'static) -> impl IntoView {
    let browser = browser_name(&session.user_agent);
    let label = format!("Sign out {browser}");
    view! {
        <li class="entry">
            <div class="entry-text">
                <span class="entry-title">
                    <strong>{browser}</strong>
                    {session.current.then(|| view! { <span class="badge">"This browser"</span> })}
                </span>
                <span class="hint">
                    "Last seen " <Moment time=session.last_seen_at /> " · signed in " <Moment time=session.created_at />
                </span>
            </div>
            {(!session.current)
                .then(|| {
                    view! {
                        <button
                            type="button"
                            class="button small"
                            aria-label=label
                            disabled=locked
                            on:click=move |_| on_end()
                        >
                            "Sign out"
                        </button>
                    }
                })}
        </li>
    }
}

/// What a person calls the program behind a `User-Agent`: `Firefox on Linux`.
fn browser_name(user_agent: &str) -> String {
    // Browsers name those they imitate too: the most particular name comes first.
    const BROWSERS: [(&str, &str); 8] = [
        ("Edg", "Edge"),
        ("OPR/", "Opera"),
        ("Firefox/", "Firefox"),
        ("FxiOS/", "Firefox"),
        ("Chrome/", "Chrome"),
        ("CriOS/", "Chrome"),
        ("Safari/", "Safari"),
        ("curl/", "curl"),
    ];
    const SYSTEMS: [(&str, &str); 7] = [
        ("iPhone", "iPhone"),
        ("iPad", "iPad"),
        ("Android", "Android"),
        ("Windows", "Windows"),
        ("Mac OS", "macOS"),
        ("CrOS", "ChromeOS"),
        ("Linux", "Linux"),
    ];
    let find = |names: &[(&str, &'static str)]| {
        names
            .iter()
            .find(|(mark, _)| user_agent.contains(mark))
            .map(|(_, name)| *name)
    };
    match (find(&BROWSERS), find(&SYSTEMS)) {
        (Some(browser), Some(system)) => format!("{browser} on {system}"),
        (Some(name), None) | (None, Some(name)) => name.to_owned(),
        (None, None) => "Unknown program".to_owned(),
    }
}

#[cfg(test)]
mod tests {
    use super::browser_name;

    #[test]
    fn a_browser_is_called_by_its_own_name_rather_than_by_those_it_imitates() {
        let edge = "Mozilla/5.0 (Windows NT 10.0; Win64; x64) AppleWebKit/537.36 (KHTML, like Gecko) Chrome/131.0 \
                    Safari/537.36 Edg/131.0";
        assert_eq!(browser_name(edge), "Edge on Windows");
        let safari = "Mozilla/5.0 (iPhone; CPU iPhone OS 18_1 like Mac OS X) AppleWebKit/605.1.15 (KHTML, like Gecko) \
                      Version/18.1 Mobile/15E148 Safari/604.1";
        assert_eq!(browser_name(safari), "Safari on iPhone");
        assert_eq!(browser_name("curl/8.5.0"), "curl");
        assert_eq!(browser_name(""), "Unknown program");
    }
}
