//! The executor against a model: flows that chance wrote are run as a graph and, by a naive interpreter, as the tree
//! that their author would see. Both must come to the same, with and without a journal, and after a cut.

mod chance;
mod interpreter;

use std::collections::HashMap;
use std::sync::Arc;

use lockgate_engine::journal::{MemoryJournal, NoJournal, Record};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::diagnostic::Code;
use lockgate_flow::graph::{Flow, lower};
use lockgate_flow::source::Source;
use lockgate_flow::syntax::parse;
use proptest::prelude::*;
use serde_json::{Value, json};

use self::interpreter::Model;
use crate::laboratory::{Laboratory, actions, gist};

/// Compiles without the checker, which would refuse most of what chance writes. `None`: it is nested deeper than flows may
/// be.
fn compile_unchecked(text: &str) -> Option<Arc<Flow>> {
    let mut catalog = Catalog::new();
    actions(&Arc::default()).declare(&mut catalog);
    let parsed = parse(&Source::new("flows/chance.yaml", text));
    if parsed.diagnostics.iter().any(|found| found.code == Code::TooDeep) {
        return None;
    }
    assert!(parsed.diagnostics.is_empty(), "{text}\n{:?}", parsed.diagnostics);
    let syntax = parsed.flow.expect("it has no findings");
    let lowered = lower(
        syntax,
        &catalog,
        &Arc::new(json!({})),
        &|_, _| None,
        &mut HashMap::default(),
    );
    Some(Arc::new(lowered.flow))
}

fn cut_off(records: &[Record]) -> Vec<(String, u32)> {
    let started = records.iter().filter_map(|record| match record {
        Record::Started { key, action, .. } if action == "test.once" => Some((key.clone(), 1)),
        _ => None,
    });
    started.collect()
}

fn check(bytes: &[u8], cut: usize) {
    let text = chance::flow(bytes).to_string();
    let Some(flow) = compile_unchecked(&text) else {
        return;
    };
    let input = json!({ "a": 1, "list": [1, 0, { "x": 2 }] });
    let model = interpreter::run(&flow, &input);
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_time()
        .start_paused(true)
        .build()
        .unwrap();
    runtime.block_on(async {
        let plain = Laboratory::of(vec![Arc::clone(&flow)]);
        let outcome = plain.run_on(&NoJournal, input.clone()).await;
        assert_eq!(gist(&outcome), model.gist, "{text}\n{:?}", outcome.error);
        assert_eq!(*plain.book.effects.lock().unwrap(), model.effects, "{text}");

        let recorded = Laboratory::of(vec![Arc::clone(&flow)]);
        let journal = MemoryJournal::new();
        let outcome = recorded.run_on(&journal, input.clone()).await;
        assert_eq!(gist(&outcome), model.gist, "with a journal: {text}");

        check_cut(&flow, &journal, cut, &input, &model, &text).await;
    });
}

/// Cuts the journal off, and goes on from there.
async fn check_cut(
    flow: &Arc<Flow>,
    journal: &MemoryJournal,
    cut: usize,
    input: &Value,
    model: &Model,
    text: &str,
) {
    let length = cut % (journal.records().len() + 1);
    let prefix = journal.prefix(length);
    let again = Laboratory::of(vec![Arc::clone(flow)]);
    again
        .book
        .effects
        .lock()
        .unwrap()
        .extend(cut_off(&prefix.records()));
    let outcome = again.run_on(&prefix, input.clone()).await;
    let effects = again.book.effects.lock().unwrap().clone();
    assert!(
        effects.values().all(|count| *count == 1),
        "after a cut at {length}: {text}"
    );
    // Branches may overtake each other in a further life, so that another of two errors comes first. What is
    // recorded to the end is settled.
    if !text.contains("parallel") && !text.contains("\"at_once\":2") && !text.contains("\"at_once\":3")
        || length == journal.records().len()
    {
        assert_eq!(gist(&outcome), model.gist, "after a cut at {length}: {text}");
        assert_eq!(effects, model.effects, "after a cut at {length}: {text}");
    }
    let last = again.run_on(&prefix.prefix(usize::MAX), input.clone()).await;
    assert_eq!(gist(&last), gist(&outcome), "replayed to the end: {text}");
    assert_eq!(
        *again.book.effects.lock().unwrap(),
        effects,
        "replayed to the end: {text}"
    );
}

proptest! {
    #![proptest_config(ProptestConfig { cases: 600, failure_persistence: None, ..ProptestConfig::default() })]

    #[test]
    fn a_graph_runs_like_its_tree(bytes in proptest::collection::vec(any::<u8>(), 60..500), cut in any::<usize>()) {
        check(&bytes, cut);
    }
}
