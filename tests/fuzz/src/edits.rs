//! Edits of flows, on any text.

use std::path::Path;

use lockgate_flow::catalog::Catalog;
use lockgate_flow::edit::{Change, Changed, Edit, NewStep, Slot, Wrapper, apply, edit};
use lockgate_flow::source::{Source, Span};
use lockgate_flow::syntax::parse;
use serde_json::json;

/// An edit gives a text that is YAML, and changes that can be undone; or it says why not.
pub(crate) fn run(bytes: &[u8], catalog: &Catalog) {
    let text = String::from_utf8_lossy(bytes);
    let source = Source::new("flows/fuzz.yaml", text.as_ref());
    let Some(flow) = parse(&source).flow else { return };
    // The length stands for chance, so that the same input does the same.
    let step = |nth: usize| {
        let count = flow.steps.len().max(1);
        format!("steps/{}", (text.len() / 7 + nth) % count)
    };
    let at = |list: String| Slot {
        index: text.len() % 2,
        list,
    };
    let steps = vec![step(0), step(1)];
    let edits = [
        Edit::Insert {
            at: at("steps".to_owned()),
            step: NewStep::Action("auth0.create_user".to_owned()),
        },
        Edit::Insert {
            at: at(format!("{}/on_error/timeout", step(0))),
            step: NewStep::Verb("if".to_owned()),
        },
        Edit::Insert {
            at: at(format!("{}/then", step(0))),
            step: NewStep::Yaml(text.to_string()),
        },
        Edit::Delete { steps: steps.clone() },
        Edit::Move {
            steps: steps.clone(),
            at: at(format!("{}/else", step(2))),
        },
        Edit::Copy {
            steps: steps.clone(),
            at: at("steps".to_owned()),
        },
        Edit::Wrap {
            steps: vec![step(0)],
            within: Wrapper::Parallel,
        },
        Edit::Wrap {
            steps: vec![step(1)],
            within: Wrapper::Switch,
        },
        Edit::Unwrap { step: step(1) },
        Edit::Set {
            step: step(0),
            key: "/with/email".to_owned(),
            value: json!(text),
        },
        Edit::Set {
            step: step(1),
            key: "/on_error".to_owned(),
            value: json!([{ "return": { "a": [text.len()] } }]),
        },
        Edit::Remove {
            step: step(0),
            key: "/with".to_owned(),
        },
        Edit::Rename {
            step: String::new(),
            key: "/input/email".to_owned(),
            to: "address".to_owned(),
        },
        Edit::RenameId {
            step: step(0),
            to: "renamed".to_owned(),
        },
    ];
    for what in &edits {
        let Ok(changed) = edit(&source, what, catalog) else {
            continue;
        };
        let after = apply(&text, &changed.changes);
        assert_eq!(
            apply(&after, &inverse(&text, &changed)),
            text,
            "{what:?} cannot be undone"
        );
        assert!(
            parse(&Source::new("flows/fuzz.yaml", after.as_str())).complete,
            "{what:?} gives no YAML: {after}"
        );
    }
}

fn inverse(before: &str, changed: &Changed) -> Vec<Change> {
    let mut grown = 0;
    let mut shrunk = 0;
    let back = changed.changes.iter().map(|change| {
        let old = &before[change.span.range()];
        let start = change.span.start as usize + grown - shrunk;
        grown += change.text.len();
        shrunk += old.len();
        Change {
            span: Span::new(start, start + change.text.len()),
            text: old.to_owned(),
        }
    });
    back.collect()
}

pub(crate) fn flows(root: &Path) -> Vec<Vec<u8>> {
    let mut known = super::targets::flow_files(root);
    let odd = [
        "steps: [{ if: a, then: [{ return: 1 }], on_error: continue }, { parallel: { a: [], b: [{ wait: 1m }] } }]\n",
        "steps:\r\n-   a: &x |+\r\n      b\r\n\r\n-\r\n    # c\r\n    with: { email: *x } # d",
    ];
    known.extend(odd.map(|text| text.as_bytes().to_vec()));
    known
}
