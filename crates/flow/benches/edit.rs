//! Edits of a flow of a thousand steps: what a person waits for after each click in the studio, besides the check.

#![allow(missing_docs, reason = "criterion's macros make an undocumented function")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;

use criterion::{Criterion, criterion_group, criterion_main};
use lockgate_flow::edit::{Edit, NewStep, Slot, Wrapper, edit};
use lockgate_flow::source::Source;
use serde_json::json;

/// A flow with so many steps, of ten lines each.
fn flow(steps: usize) -> String {
    let mut text = "name: long\ninput:\n  user_id: string\n\nsteps:\n".to_owned();
    for number in 0..steps {
        text.extend([format!(
            "  # step {number}\n  - id: step_{number}\n    action: auth0.update_user\n    with:\n      user_id: \"{{{{input.user_id}}}}\"\n      app_metadata: {{ plan: pro, quota: {number} }}\n    on_error:\n      user_not_found:\n        - fail: {{ code: gone, message: \"{{{{error.message}}}}\" }}\n\n"
        )]);
    }
    text
}

fn edits(criterion: &mut Criterion) {
    let catalog = support::catalog::catalog();
    let text = flow(1000);
    let source = Source::new("flows/long.yaml", text.as_str());
    let at = |list: &str, index: usize| Slot {
        list: list.to_owned(),
        index,
    };
    let all: Vec<String> = (0..1000).map(|number| format!("steps/{number}")).collect();
    for (name, what) in [
        (
            "insert",
            Edit::Insert {
                at: at("steps", 500),
                step: NewStep::Action("auth0.get_user".to_owned()),
            },
        ),
        (
            "delete",
            Edit::Delete {
                steps: vec!["steps/500".to_owned()],
            },
        ),
        (
            "move",
            Edit::Move {
                steps: vec!["steps/900".to_owned()],
                at: at("steps/10/on_error/user_not_found", 0),
            },
        ),
        (
            "copy",
            Edit::Copy {
                steps: vec!["steps/10".to_owned()],
                at: at("steps", 1000),
            },
        ),
        (
            "wrap all",
            Edit::Wrap {
                steps: all.clone(),
                within: Wrapper::If,
            },
        ),
        (
            "set",
            Edit::Set {
                step: "steps/999".to_owned(),
                key: "/with/user_id".to_owned(),
                value: json!("x"),
            },
        ),
        (
            "rename input",
            Edit::Rename {
                step: String::new(),
                key: "/input/user_id".to_owned(),
                to: "who".to_owned(),
            },
        ),
        (
            "rename id",
            Edit::RenameId {
                step: "steps/3".to_owned(),
                to: "other".to_owned(),
            },
        ),
        ("delete all", Edit::Delete { steps: all }),
    ] {
        assert!(edit(&source, &what, &catalog).is_ok(), "{name}");
        criterion.bench_function(&format!("{name} in 1000 steps"), |bencher| {
            bencher.iter(|| edit(black_box(&source), &what, &catalog));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = edits
}
criterion_main!(benches);
