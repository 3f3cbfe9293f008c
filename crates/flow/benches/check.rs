//! The check of a workspace of a thousand flows, which must stay well under a second; and of one flow, as an editor
//! does it at every keystroke.

#![allow(missing_docs, reason = "criterion's macros make an undocumented function")]

#[path = "../tests/support/mod.rs"]
mod support;

use std::hint::black_box;
use std::sync::Arc;

use criterion::{Criterion, criterion_group, criterion_main};
use lockgate_flow::source::Source;
use lockgate_flow::workspace::Workspace;

fn sources(count: usize) -> Vec<Arc<Source>> {
    (0..count)
        .map(|number| {
            let text = support::seeds::SIGN_UP
                .replacen("name: sign-up", &format!("name: sign-up-{number}"), 1)
                .replacen("/sign-up", &format!("/sign-up/{number}"), 1);
            Source::new(format!("flows/sign-up-{number}.yaml"), text)
        })
        .collect()
}

fn check(criterion: &mut Criterion) {
    let catalog = support::catalog::catalog();
    let file = Source::new("lockgate.yaml", support::WORKSPACE);
    for count in [1, 1000] {
        let sources = sources(count);
        let found = Workspace::check(Some(&file), &sources, &catalog);
        assert!(found.diagnostics.is_empty() && found.runnable().len() == count);
        criterion.bench_function(&format!("check {count} flows"), |bencher| {
            bencher.iter(|| Workspace::check(Some(&file), black_box(&sources), &catalog));
        });
    }
}

criterion_group! {
    name = benches;
    config = Criterion::default().sample_size(20);
    targets = check
}
criterion_main!(benches);
