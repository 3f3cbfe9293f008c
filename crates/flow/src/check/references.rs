//! References in expressions: does the name exist, has the step run, is the field there, can the function take it.

use super::state::State;
use super::types::{Walk, has_result, segment_text};
use super::{FlowCheck, VariableUse, span};
use crate::diagnostic::{Code, Diagnostic, Severity, nearest, suggestion};
use crate::expression::{BlockKind, Call, Expression, Part, Path, Reference, Slot, Template, functions};
use crate::graph::{Node, Op, keeps_error};
use crate::source::Span;
use crate::syntax::Verb;

/// Where an expression stands.
pub(super) struct UsePlace<'a> {
    pub(super) node: &'a Node,
    pub(super) state: &'a State,
    /// The slots of the loops around.
    pub(super) loops: &'a [std::ops::Range<u32>],
    /// Whether the whole expression may be missing.
    pub(super) tolerant: bool,
}

/// Checks every reference and call of a template.
pub(super) fn template(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, template: &Template) {
    match template {
        Template::Constant(_) => {}
        Template::Expression(inner) => visit(check, place, inner, false),
        Template::Text(text) => parts(check, place, &text.parts),
    }
}

fn parts(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, list: &[Part]) {
    for part in list {
        match part {
            Part::Text(_) => {}
            Part::Expression(inner) => visit(check, place, inner, false),
            Part::Block(block) => {
                visit(check, place, &block.subject, block.accepts_missing());
                let (mut yes, mut no) = (place.state.clone(), place.state.clone());
                match block.kind {
                    BlockKind::If | BlockKind::With => {
                        yes.assume(&block.subject, true);
                        no.assume(&block.subject, false);
                    }
                    BlockKind::Unless => {
                        yes.assume(&block.subject, false);
                        no.assume(&block.subject, true);
                    }
                    BlockKind::Each => yes.assume(&block.subject, true),
                }
                parts(
                    check,
                    &UsePlace {
                        state: &yes,
                        ..*place
                    },
                    &block.body,
                );
                parts(check, &UsePlace { state: &no, ..*place }, &block.otherwise);
            }
        }
    }
}

/// Checks every reference and call of a bare expression.
pub(super) fn expression(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, expression: &Expression) {
    let whole = matches!(expression, Expression::Path(_)) && place.tolerant;
    visit(check, place, expression, whole);
}

fn visit(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, expression: &Expression, accepts_missing: bool) {
    let found = match expression {
        Expression::Literal(_) => return,
        Expression::Path(path) => {
            return reference(
                check,
                place,
                Reference {
                    path,
                    accepts_missing,
                },
            );
        }
        Expression::Call(found) => found,
    };
    call(check, found);
    // `and` and `or` stop at the first argument that decides: the next is looked at only after the others did not.
    let goes_on_after = match found.function.name {
        "and" => Some(true),
        "or" => Some(false),
        _ => None,
    };
    let mut state = place.state.clone();
    for (position, argument) in found.arguments.iter().enumerate() {
        let accepts = found
            .function
            .parameter(position)
            .is_some_and(|parameter| parameter.accepts_missing);
        let before = check.diagnostics.len();
        visit(
            check,
            &UsePlace {
                state: &state,
                ..*place
            },
            argument,
            accepts,
        );
        if let Some(word) = lone_word(argument)
            && COMPARISONS.contains(&found.function.name)
            && let Some(finding) = check.diagnostics.get_mut(before)
            && finding.code == Code::UnknownRoot
            && !finding
                .help
                .as_ref()
                .is_some_and(|help| help.starts_with("did you mean"))
        {
            finding.help = Some(format!("put it in quotes if it is meant as text: `\"{word}\"`"));
        }
        if let Some(truth) = goes_on_after {
            state.assume(argument, truth);
        }
    }
}

/// The functions whose arguments are often words that lack their quotes.
const COMPARISONS: [&str; 7] = [
    "eq",
    "ne",
    "loose_eq",
    "includes",
    "starts_with",
    "ends_with",
    "default",
];

/// A name without fields that stands for nothing known.
fn lone_word(expression: &Expression) -> Option<&str> {
    match expression {
        Expression::Path(path) if path.slot == Slot::Unresolved && path.segments.len() == 1 => path.root(),
        _ => None,
    }
}

fn call(check: &mut FlowCheck<'_>, call: &Call) {
    for (position, argument) in call.arguments.iter().enumerate() {
        let Some(parameter) = call.function.parameter(position) else {
            continue;
        };
        let known = check.infer(argument);
        if !known.overlaps(parameter.types) {
            let message = format!(
                "`{}` takes {} as `{}`, and this is {}",
                call.function.name, parameter.types, parameter.name, known
            );
            let place = span(&argument.span());
            check.report(Code::FunctionArgument, place, message).help =
                Some(call.function.summary.to_owned());
        }
    }
}

fn reference(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, reference: Reference<'_>) {
    let path = reference.path;
    match path.slot {
        Slot::Unresolved => return unresolved(check, place, path),
        Slot::Step(slot) | Slot::StepError(slot) => {
            let is_there = step(check, place, reference, slot);
            if !is_there {
                return;
            }
        }
        Slot::Var(slot) => variable(check, place, reference, slot),
        Slot::Request if !check.syntax.trigger.has_http => {
            check
                .report(
                    Code::NoRequest,
                    span(&path.span),
                    "`request` needs an HTTP trigger, and this flow has none",
                )
                .help = Some("add `trigger: { http: POST /… }`, or take the value as `input`".to_owned());
            return;
        }
        Slot::Request
            if is_scheduled(check) && !reference.accepts_missing && !is_shown(place.state, &path.text) =>
        {
            let text = &path.text;
            check
                .report(
                    Code::NoRequest,
                    span(&path.span),
                    format!("`{text}` is missing when the schedule starts the run"),
                )
                .help = Some(format!(
                "say what to use then: `{{{{default {text} \"…\"}}}}`; or test it with `if: exists {text}`"
            ));
            return;
        }
        Slot::Error if !in_handler(&place.node.path) => {
            check
                .report(
                    Code::OutOfScope,
                    span(&path.span),
                    "`error` is there only inside `on_error`",
                )
                .help = Some("after `on_error: continue`, use `steps.<id>.error`".to_owned());
            return;
        }
        _ => {}
    }
    if is_lost_error(check, path) {
        let message = format!("`{}` is there only where `on_error` says `continue`", path.text);
        check.report(Code::UnknownField, span(&path.span), message).help =
            Some("inside the steps of `on_error`, use `error`".to_owned());
        return;
    }
    fields(check, place, reference);
}

/// Whether a due time starts the flow: without a request.
pub(super) fn is_scheduled(check: &FlowCheck<'_>) -> bool {
    check.syntax.trigger.schedule.is_some()
}

/// Whether a condition has shown a path, or what is above it, to be there.
pub(super) fn is_shown(state: &State, text: &str) -> bool {
    state.present.iter().any(|present| {
        let rest = text.strip_prefix(present.as_str());
        rest.is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
    })
}

/// Whether a path asks for the error of a step that keeps none, and whose result has no field of that name.
fn is_lost_error(check: &FlowCheck<'_>, path: &Path) -> bool {
    let Slot::Step(slot) = path.slot else { return false };
    let Some(step) = check.slot_steps.get(slot as usize) else {
        return false;
    };
    let Some(spec) = check.action(step) else {
        return false;
    };
    let output = spec.output.view();
    path.rest()
        .first()
        .is_some_and(|first| segment_text(first) == "error")
        && output.property("error").is_none()
        && (output.additional().is_none()
            || step.on_error.is_some() && output.property_names().next().is_some())
}

/// Whether a structural path leads through an `on_error`: the flow's, or that of a step (which a number names).
pub(super) fn in_handler(path: &str) -> bool {
    let segments: Vec<&str> = path.split('/').collect();
    segments.first() == Some(&"on_error")
        || segments
            .windows(2)
            .any(|pair| pair[1] == "on_error" && pair[0].bytes().all(|byte| byte.is_ascii_digit()))
}

fn unresolved(check: &mut FlowCheck<'_>, at: &UsePlace<'_>, path: &Path) {
    let place = span(&path.span);
    let root = path.root().unwrap_or_default();
    let second = path.segments.get(1).map(segment_text);
    let flow = &check.lowered.flow;
    match (root, second) {
        ("steps" | "vars", None) => {
            let what = if root == "steps" { "a step" } else { "a variable" };
            check
                .report(Code::UnknownRoot, place, format!("`{root}` alone is no value"))
                .help = Some(format!("name {what}: `{root}.…`"));
        }
        ("steps", Some(id)) => {
            let mut known: Vec<String> = flow.steps.iter().map(|step| step.id.clone()).collect();
            known.dedup();
            let help = suggestion(&id, known.iter().map(String::as_str))
                .or_else(|| Some("give the step an `id` to use its result".to_owned()));
            let place = path.segment_spans.get(1).map_or(place, span);
            check
                .report(
                    Code::UnknownStep,
                    place,
                    format!("there is no step with the id `{id}`"),
                )
                .help = help;
        }
        ("vars", Some(name)) => {
            let known = flow.variables.clone();
            let help = suggestion(&name, known.iter().map(String::as_str))
                .or_else(|| Some(format!("set it in a step before: `set: {{ {name}: … }}`")));
            let place = path.segment_spans.get(1).map_or(place, span);
            check
                .report(
                    Code::UnknownVariable,
                    place,
                    format!("nothing sets the variable `{name}`"),
                )
                .help = help;
        }
        ("index", _) => {
            check.report(Code::OutOfScope, place, "`index` is there only inside `for_each`");
        }
        _ => {
            let items: Vec<String> = check
                .steps
                .iter()
                .filter_map(|step| match &step.verb {
                    Verb::ForEach { item, .. } => Some(item.value.clone()),
                    _ => None,
                })
                .collect();
            if items.iter().any(|item| item == root) {
                let message = format!("`{root}` is there only inside its `for_each`");
                check.report(Code::OutOfScope, place, message).help =
                    Some("carry values out of the loop with `yield`".to_owned());
                return;
            }
            if let Some(function) = functions::find(root).filter(|_| path.segments.len() == 1) {
                let message = format!("`{root}` is a function and lacks its arguments");
                check.report(Code::WrongArity, place, message).help =
                    Some(format!("write `{}`", function.signature()));
                return;
            }
            let in_input = check.syntax.input.iter().any(|field| field.name.value == root);
            let in_steps = flow.steps.iter().any(|step| step.id == root);
            let help = if in_input {
                Some(format!("did you mean `input.{}`?", path.text))
            } else if in_steps {
                Some(format!("did you mean `steps.{}`?", path.text))
            } else {
                let known = roots(check, at);
                nearest(root, known.iter().copied())
                    .map(|near| format!("did you mean `{near}`?"))
                    .or_else(|| functions::elsewhere(root).map(str::to_owned))
                    .or_else(|| suggestion(root, known))
            };
            let place = path.segment_spans.first().map_or(place, span);
            check
                .report(
                    Code::UnknownRoot,
                    place,
                    format!("there is no value `{root}` here"),
                )
                .help = help;
        }
    }
}

/// The names that an expression at a place may begin with.
fn roots<'a>(check: &FlowCheck<'a>, at: &UsePlace<'_>) -> Vec<&'a str> {
    let path = &*at.node.path;
    let has_request = check.syntax.trigger.has_http;
    let mut known: Vec<&str> = crate::expression::ROOTS
        .into_iter()
        .filter(|root| match *root {
            "error" => in_handler(path),
            "request" => has_request,
            _ => true,
        })
        .collect();
    for step in &check.steps {
        let Verb::ForEach { item, .. } = &step.verb else {
            continue;
        };
        let inside = path
            .strip_prefix(step.path.as_str())
            .is_some_and(|rest| rest.starts_with("/each/"));
        // `yield` belongs to the loop's own node.
        let yields = *path == *step.path
            && matches!(&at.node.op, Op::ForEach(each) if at.loops.last() == Some(&each.body.slots));
        if inside || yields {
            known.push(&item.value);
            if !known.contains(&"index") {
                known.push("index");
            }
        }
    }
    known
}

/// How the result of a step, or its error, stands at a place.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Standing {
    /// The step is inside a loop that does not go around the place.
    OutsideLoop,
    /// The step has no result.
    NoResult,
    /// The step has not run on any way to the place.
    NotBefore,
    /// It is there on some ways and missing on others.
    Unsure,
    /// It is there on every way.
    Sure,
}

/// How `steps.<id>` (or a field of it, or its `error`) stands where this is known. `text` is the whole path as written.
pub(super) fn standing(
    check: &FlowCheck<'_>,
    (state, loops): (&State, &[std::ops::Range<u32>]),
    text: &str,
    slot: u32,
    of_error: bool,
) -> Option<Standing> {
    let syntax = check.slot_steps.get(slot as usize)?;
    if innermost_loop(check, slot).is_some_and(|looped| !loops.contains(&looped)) {
        return Some(Standing::OutsideLoop);
    }
    if !has_result(syntax) && !of_error {
        return Some(Standing::NoResult);
    }
    if !state.possible.contains(slot as usize) {
        return Some(Standing::NotBefore);
    }
    let sure = if of_error {
        // An error is there only after a failure; a step that succeeded has none.
        state.present.contains(text) || in_present(state, text)
    } else {
        state.succeeded.contains(slot as usize) || state.present.contains(text)
    };
    Some(if sure { Standing::Sure } else { Standing::Unsure })
}

/// Gives whether the step's fields should be looked at.
fn step(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, reference: Reference<'_>, slot: u32) -> bool {
    let path = reference.path;
    let at = span(&path.span);
    let of_error = matches!(path.slot, Slot::StepError(_));
    let Some(standing) = standing(check, (place.state, place.loops), &path.text, slot, of_error) else {
        return false;
    };
    let flow = &check.lowered.flow;
    let Some(syntax) = check.slot_steps.get(slot as usize).copied() else {
        return false;
    };
    let id = flow.step_id(slot).to_owned();
    let declared = syntax.id.as_ref().map_or(syntax.span, |id| id.span);
    let source = std::sync::Arc::clone(check.source());
    let add = |check: &mut FlowCheck<'_>, code, message: String, label: &str, help: String| {
        let finding = Diagnostic::new(code, &source, at, message)
            .and(declared, label)
            .help(help);
        check.diagnostics.push(finding);
    };
    match standing {
        Standing::Sure => return true,
        Standing::OutsideLoop => {
            add(
                check,
                Code::OutOfScope,
                format!("`steps.{id}` is there only inside its `for_each`"),
                "runs once for each element",
                format!("carry it out of the loop: `yield: \"{{{{steps.{id}}}}}\"` at the `for_each`"),
            );
            return false;
        }
        Standing::NoResult => {
            let verb = syntax.verb.name();
            add(
                check,
                Code::NoResult,
                format!("`steps.{id}` has no result: `{verb}` gives none"),
                "this step",
                "use what the step was given, or set a variable".to_owned(),
            );
            return false;
        }
        Standing::NotBefore => {
            if place.node.slot == Some(slot) {
                add(
                    check,
                    Code::LaterStep,
                    format!("`steps.{id}` is used by the step itself, before it has a result"),
                    "this step",
                    "use the result in a step after it".to_owned(),
                );
            } else if are_siblings(&syntax.path, &place.node.path) {
                add(
                    check,
                    Code::MayNotHaveRun,
                    format!("`steps.{id}` is in another branch: branches run at the same time"),
                    "runs at the same time",
                    "use it after the `parallel`".to_owned(),
                );
            } else if declared.start > at.start {
                add(
                    check,
                    Code::LaterStep,
                    format!("`steps.{id}` is used before it runs"),
                    "runs later",
                    format!("move this step behind `{id}`, or `{id}` before it"),
                );
            } else {
                add(
                    check,
                    Code::MayNotHaveRun,
                    format!("`steps.{id}` never runs on a way that leads here"),
                    "runs on another way",
                    "move this step to where the other has run".to_owned(),
                );
            }
            return false;
        }
        Standing::Unsure => {}
    }
    if reference.accepts_missing {
        return true;
    }
    let text = &path.text;
    let (message, label) = if of_error {
        (
            format!("`{text}` is missing when the step succeeds"),
            "may succeed",
        )
    } else if place.state.attempted.contains(slot as usize) && keeps_error(syntax) {
        (
            format!("`{text}` is missing when the step fails"),
            "goes on after an error",
        )
    } else {
        (
            format!("`steps.{id}` may not have run here"),
            "does not run on every way here",
        )
    };
    // A step that keeps its error is there even then; one of its fields is not.
    let tested = if keeps_error(syntax) || of_error {
        text.to_string()
    } else {
        format!("steps.{id}")
    };
    let help = format!(
        "say what to use then: `{{{{default {text} \"…\"}}}}` or `{{{{optional {text}}}}}`; or test it with `if: exists {tested}`"
    );
    add(check, Code::MayNotHaveRun, message, label, help);
    true
}

/// Whether two steps stand in different branches of one `parallel`.
fn are_siblings(one: &str, other: &str) -> bool {
    let (one, other): (Vec<&str>, Vec<&str>) = (one.split('/').collect(), other.split('/').collect());
    let common = one.iter().zip(&other).take_while(|(a, b)| a == b).count();
    common > 1
        && one[common - 1] == "parallel"
        && one[common - 2].bytes().all(|byte| byte.is_ascii_digit())
        && one.len() > common
        && other.len() > common
}

/// Whether a condition has shown a prefix of this path to be there.
fn in_present(state: &State, text: &str) -> bool {
    state.present.iter().any(|present| {
        text.strip_prefix(present.as_str())
            .is_some_and(|rest| rest.is_empty() || rest.starts_with('.'))
            && present.matches('.').count() >= 2
    })
}

/// The slots of the innermost loop that a step stands in.
fn innermost_loop(check: &FlowCheck<'_>, slot: u32) -> Option<std::ops::Range<u32>> {
    let around = check.loops.iter().filter(|range| range.contains(&slot));
    around.min_by_key(|range| range.end - range.start).cloned()
}

fn variable(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, reference: Reference<'_>, slot: u32) {
    let path = reference.path;
    let at = span(&path.span);
    let name = check
        .lowered
        .flow
        .variables
        .get(slot as usize)
        .cloned()
        .unwrap_or_default();
    check.variable_uses.push(VariableUse {
        name: name.clone(),
        path: place.node.path.to_string(),
        span: at,
    });
    if !place.state.maybe_set.contains(slot as usize) {
        if let Some(set) = set_in_a_loop(check, &name, &place.node.path) {
            let message = format!("`vars.{name}` is set inside a `for_each`, and stays there");
            let finding = check.report(Code::UnknownVariable, at, message);
            *finding = finding.clone().and(set, "set for one element").help(
                "give it out of the loop with `yield`: the result of the `for_each` is the list of what its steps gave",
            );
            return;
        }
        check
            .report(
                Code::UnknownVariable,
                at,
                format!("`vars.{name}` is not set before this"),
            )
            .help = Some("put the `set` before this step".to_owned());
    } else if !reference.accepts_missing && !place.state.set.contains(slot as usize) {
        check
            .report(
                Code::UnknownVariable,
                at,
                format!("`vars.{name}` is not set on every way here"),
            )
            .help = Some(format!(
            "set it before, or say what to use then: `{{{{default vars.{name} \"…\"}}}}`"
        ));
    }
}

/// Where a variable is set in a loop that does not go around a place, if nothing else sets it.
fn set_in_a_loop(check: &FlowCheck<'_>, name: &str, path: &str) -> Option<Span> {
    let mut found = None;
    for step in &check.steps {
        let Verb::Set { variables } = &step.verb else {
            continue;
        };
        let Some((set, _)) = variables.iter().find(|(variable, _)| variable.value == name) else {
            continue;
        };
        let (each, _) = step.path.rsplit_once("/each/#/")?;
        if path
            .strip_prefix(each)
            .is_some_and(|rest| rest.starts_with("/each/"))
        {
            return None;
        }
        found = found.or(Some(set.span));
    }
    found
}

fn fields(check: &mut FlowCheck<'_>, place: &UsePlace<'_>, reference: Reference<'_>) {
    let path = reference.path;
    match check.walk(path) {
        Walk::To { optional: true, .. } if path.slot == Slot::Input && !reference.accepts_missing => {
            let shown = place.state.present.contains(&*path.text);
            let from_field = path.segments.len() == 2;
            if !shown && from_field {
                let text = &path.text;
                let help = format!(
                    "give the field a `default`, or write `{{{{default {text} \"…\"}}}}`, `{{{{optional {text}}}}}` or `{{{{omit_if_missing {text}}}}}`"
                );
                check
                    .report(
                        Code::UnknownField,
                        span(&path.span),
                        format!("`{text}` may be missing"),
                    )
                    .help = Some(help);
            }
        }
        Walk::To { .. } => {}
        Walk::NoField {
            at,
            fields,
            closed,
            types,
        } => {
            let name = path.segments.get(at).map(segment_text).unwrap_or_default();
            let owner: Vec<String> = path.segments.iter().take(at).map(segment_text).collect();
            let owner = owner.join(".");
            let place: Span = path.segment_spans.get(at).map_or(span(&path.span), span);
            let message = if fields.is_empty() && closed && !types.overlaps(crate::schema::TypeSet::OBJECT) {
                format!("`{owner}` is {types} and has no fields")
            } else {
                format!("`{owner}` has no field `{name}`")
            };
            let help = suggestion(&name, fields.iter().map(String::as_str));
            let finding = check.report(Code::UnknownField, place, message);
            finding.help = help;
            if !closed {
                // The schema allows more fields than it shows.
                finding.severity = Severity::Warning;
                finding.message = format!("`{owner}` has no known field `{name}`");
            }
        }
    }
}
