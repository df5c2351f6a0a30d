//! What can be set about one's own account, one thing below the other.

use api::{Client, User};
use leptos::prelude::*;
use leptos_meta::Title;

use super::{api_keys::ApiKeys, password::Password, profile::Profile, sessions::Sessions};
use crate::components::{Loading, ProblemNote};

#[component]
pub fn SettingsPage() -> impl IntoView {
    let me = Resource::new_blocking(
        || (),
        |()| async { expect_context::<Client>().get::<User>("/me").await },
    );
    // Bumped when the password was changed, which ends sessions.
    let sessions_changed = RwSignal::new(0_u32);
    view! {
        <Title text="Settings" />
        <header class="page-header">
            <h1>"Settings"</h1>
        </header>
        <Transition fallback=|| view! { <Loading /> }>
            {move || Suspend::new(async move {
                match me.await {
                    Err(problem) => view! { <ProblemNote problem /> }.into_any(),
                    Ok(user) => {
                        let email = user.email.clone();
                        view! {
                            <Profile user />
                            <Password email sessions_changed />
                        }
                            .into_any()
                    }
                }
            })}
        </Transition>
        <Sessions sessions_changed />
        <ApiKeys />
    }
}
