//! The key of `concurrency`: it is worked out before the run begins, and again in another process after a crash.

use super::references::{UsePlace, template};
use super::state::State;
use super::{FlowCheck, span};
use crate::diagnostic::Code;
use crate::expression::{Node as Found, Path, Slot};
use crate::graph::{Node, Op};
use crate::syntax::DataNode;

pub(super) fn check(check: &mut FlowCheck<'_>) {
    let Some(key) = check
        .syntax
        .concurrency
        .as_ref()
        .and_then(|concurrency| concurrency.key.as_ref())
    else {
        return;
    };
    if key.constant().is_some() {
        return no_difference(check, key);
    }
    let before = check.diagnostics.len();
    let mut has_input = false;
    let mut unknown = false;
    for template in key.templates() {
        template.walk(&mut |found| match found {
            Found::Reference(reference) => {
                has_input |= reference.path.slot == Slot::Input;
                // One without segments stands for what could not be read.
                unknown |= reference.path.slot == Slot::Unresolved || reference.path.segments.is_empty();
                not_there(check, reference.path);
            }
            Found::Call(call) if !call.function.pure => {
                let name = call.function.name;
                let message =
                    format!("`{name}` gives another value each time: no two runs would have one key");
                check
                    .report(Code::InvalidConcurrency, span(&call.span), message)
                    .help =
                    Some("leave it out: equal keys are what makes runs wait for each other".to_owned());
            }
            Found::Call(_) | Found::Block(_) => {}
        });
    }
    if check.diagnostics.len() > before {
        return;
    }
    if !has_input && !unknown {
        return no_difference(check, key);
    }
    let node = before_the_steps(key);
    let flow = &check.lowered.flow;
    let state = State::new(flow.steps.len(), flow.variables.len());
    let place = UsePlace {
        node: &node,
        state: &state,
        loops: &[],
        tolerant: false,
    };
    for found in key.templates() {
        template(check, &place, found);
    }
}

/// All runs have one key.
fn no_difference(check: &mut FlowCheck<'_>, key: &DataNode) {
    let text = key.constant().and_then(|value| Some(value.as_str()?.to_owned()));
    let help = match text.filter(|text| text.starts_with("input.")) {
        Some(text) => format!("an expression stands in braces: `key: \"{{{{{text}}}}}\"`"),
        None => {
            "use a field of `input`, or leave `key` out: `limit` is then the limit of all runs".to_owned()
        }
    };
    check
        .report(
            Code::InvalidConcurrency,
            key.span,
            "the key is the same for every run",
        )
        .help = Some(help);
}

/// Reports what comes into being only while the run goes on.
fn not_there(check: &mut FlowCheck<'_>, path: &Path) {
    let root = path.root().unwrap_or_default();
    let is_later = match path.slot {
        Slot::Input | Slot::Config | Slot::Block(_) | Slot::BlockLocal(..) => false,
        Slot::Unresolved => matches!(root, "steps" | "vars" | "index"),
        _ => true,
    };
    if is_later {
        let message = format!("`{root}` is not there: the key is worked out before the run begins");
        check.report(Code::OutOfScope, span(&path.span), message).help =
            Some("a key is made of `input` and `config`".to_owned());
    }
}

/// Stands for the place before all steps.
fn before_the_steps(key: &DataNode) -> Node {
    Node {
        path: "concurrency".into(),
        part: "",
        id: None,
        title: "concurrency".into(),
        span: key.span,
        op: Op::Set(Vec::new()),
        slot: None,
        timeout: None,
        retry: None,
        secret: false,
        deterministic: true,
        handlers: Vec::new(),
        protector: None,
    }
}
