//! One upload is taken by one program at a time.

use store::UploadClaim;
use uuid::Uuid;

use crate::database::Database;

const HOUR: i64 = 60 * 60 * 1000;

async fn an_upload_is_claimed_by_one_until_the_claim_is_given_up_or_runs_out(database: Database) {
    let caller = database.user("a@example.org").await;
    let knowledge_base = database.knowledge_base(caller, "Tests").await;
    let store = &database.store;
    let claim = |key: &str| UploadClaim {
        caller,
        knowledge_base,
        key: key.to_owned(),
        by: Uuid::now_v7(),
    };
    let (first, second, another) = (claim("one"), claim("one"), claim("two"));
    assert!(store.claim_upload(&first, HOUR).await.unwrap());
    assert!(!store.claim_upload(&second, HOUR).await.unwrap());
    assert!(store.claim_upload(&another, HOUR).await.unwrap());
    // Who has no claim cannot end the other's.
    store.release_upload_claim(&second).await.unwrap();
    assert!(!store.claim_upload(&second, HOUR).await.unwrap());

    assert!(store.renew_upload_claim(&first, -1).await.unwrap());
    assert!(store.claim_upload(&second, HOUR).await.unwrap(), "it ran out");
    assert!(!store.renew_upload_claim(&first, HOUR).await.unwrap());
    store.release_upload_claim(&second).await.unwrap();
    assert!(!store.renew_upload_claim(&second, HOUR).await.unwrap());
    assert!(store.claim_upload(&first, HOUR).await.unwrap());

    store.release_all_upload_claims().await.unwrap();
    assert!(store.claim_upload(&second, HOUR).await.unwrap());
}

on_each_database! {
    an_upload_is_claimed_by_one_until_the_claim_is_given_up_or_runs_out,
}
