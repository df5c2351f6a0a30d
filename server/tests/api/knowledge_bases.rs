//! Knowledge bases and whom they are shared with.

use axum::http::StatusCode;
use serde_json::json;

use crate::common::{create_knowledge_base, server};

#[tokio::test]
async fn a_knowledge_base_is_made_renamed_described_and_deleted() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let kb = create_knowledge_base(&owner, "Contracts").await;
    let path = format!("/knowledge-bases/{kb}");
    let change = json!({ "name": " Contracts 2026 ", "description": "All that are signed." });
    let changed = owner.send("PATCH", &path, Some(change)).await.json();
    assert_eq!(
        (&changed["name"], &changed["description"]),
        (&json!("Contracts 2026"), &json!("All that are signed."))
    );
    let half = owner
        .send("PATCH", &path, Some(json!({ "name": "Contracts" })))
        .await
        .json();
    assert_eq!(half["description"], "All that are signed.");

    create_knowledge_base(&owner, "Letters").await;
    let taken = owner.send("PATCH", &path, Some(json!({ "name": "Letters" }))).await;
    assert_eq!(taken.status, StatusCode::CONFLICT);
    for refused in [
        json!({ "name": "" }),
        json!({ "name": "x".repeat(201) }),
        json!({ "description": "x".repeat(2001) }),
    ] {
        let answer = owner.send("PATCH", &path, Some(refused)).await;
        assert_eq!(answer.status, StatusCode::UNPROCESSABLE_ENTITY);
    }
    assert_eq!(owner.send("DELETE", &path, None).await.status, StatusCode::NO_CONTENT);
    assert_eq!(owner.get(&path).await.status, StatusCode::NOT_FOUND);
    assert_eq!(
        owner.get("/knowledge-bases").await.json()["items"]
            .as_array()
            .unwrap()
            .len(),
        1
    );
}

#[tokio::test]
async fn members_leave_by_themselves_and_the_owner_cannot() {
    let server = server().await;
    let owner = server.sign_up("ada@example.org").await;
    let guest = server.sign_up("bob@example.org").await;
    let kb = create_knowledge_base(&owner, "Shared").await;
    let members = format!("/knowledge-bases/{kb}/members");
    let share = |email: &str| json!({ "email": email, "access": "editor" });
    assert_eq!(
        owner.send("PUT", &members, Some(share("bob@example.org"))).await.status,
        StatusCode::OK
    );
    assert_eq!(guest.get(&members).await.json().as_array().unwrap().len(), 2);
    // An editor changes documents and not who may see them.
    assert_eq!(
        guest.send("PUT", &members, Some(share("bob@example.org"))).await.status,
        StatusCode::FORBIDDEN
    );
    assert_eq!(
        guest
            .send("DELETE", &format!("/knowledge-bases/{kb}"), None)
            .await
            .status,
        StatusCode::FORBIDDEN
    );

    let id_of =
        async |visitor: &crate::common::Visitor| visitor.get("/me").await.json()["id"].as_str().unwrap().to_owned();
    let (owner_id, guest_id) = (id_of(&owner).await, id_of(&guest).await);
    assert_eq!(
        owner.send("PUT", &members, Some(share("ada@example.org"))).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    assert_eq!(
        owner.send("PUT", &members, Some(share("eve@example.org"))).await.status,
        StatusCode::UNPROCESSABLE_ENTITY
    );
    let left = owner.send("DELETE", &format!("{members}/{owner_id}"), None).await;
    assert_eq!(left.json()["code"], "not_a_member");
    assert_eq!(
        owner.get(&format!("/knowledge-bases/{kb}")).await.json()["access"],
        "owner"
    );
    assert_eq!(
        guest
            .send("DELETE", &format!("{members}/{guest_id}"), None)
            .await
            .status,
        StatusCode::NO_CONTENT
    );
    assert_eq!(
        guest.get(&format!("/knowledge-bases/{kb}")).await.status,
        StatusCode::NOT_FOUND
    );
}
