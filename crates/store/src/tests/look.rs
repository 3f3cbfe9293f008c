//! A store that is only looked at.

use serde_json::json;

use super::bed::{Bed, Pinned};
use crate::{Durability, Status, Store, StoreError};

const FLOW: &str =
    "input: { name: { type: string }, pin: { type: string, secret: true } }\nsteps:\n  - return: 1\n";

#[tokio::test]
async fn a_run_is_loaded_beside_the_owner_and_nothing_is_written() {
    let bed = Bed::new(Durability::Full);
    assert!(matches!(
        Store::look(bed.settings.clone(), bed.clock()),
        Err(StoreError::Absent { .. })
    ));
    assert!(!bed.settings.path.exists());
    let owner = bed.open();
    let pinned = Pinned::new(FLOW);
    let input = json!({ "name": "Ada", "pin": "canary-canary" });
    let run = pinned.run(&input, "2030-01-01T00:00:00Z".parse().unwrap());
    let id = run.id;
    owner.begin(run).await.unwrap();
    owner.flush().await.unwrap();

    let looked = Store::look(bed.settings.clone(), bed.clock()).unwrap();
    let stored = looked.load(id).await.unwrap().unwrap();
    assert_eq!(stored.input, input, "what is sealed is opened");
    assert_eq!(stored.status, Status::Running);
    // What would write is told.
    let refused = [
        looked
            .begin(pinned.run(&input, stored.started_at))
            .await
            .map(drop),
        looked.cancel(id).await.map(drop),
        looked.flush().await,
    ];
    for refused in refused {
        assert!(matches!(refused, Err(StoreError::Closed)), "{refused:?}");
    }
    looked.close().await.unwrap();
    assert_eq!(owner.load(id).await.unwrap().unwrap().status, Status::Running);
    // What is written afterwards is seen by whoever looks then.
    owner.cancel(id).await.unwrap();
    let looked = Store::look(bed.settings.clone(), bed.clock()).unwrap();
    let stored = looked.load(id).await.unwrap().unwrap();
    assert_eq!(stored.status, Status::Cancelled);
    owner.close().await.unwrap();

    let mut other = bed.settings.clone();
    other.key = Some("AAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAAA=".into());
    let refused = Store::look(other, bed.clock());
    assert!(matches!(refused, Err(StoreError::Key { .. })), "{refused:?}");
}
