//! Edits of every flow that ships, at random: what stands outside of an edit stays as it is, the text means what the edit
//! said, no comment is lost, and the changes can be undone.
//!
//! What an edit should give is worked out here on JSON values, by rules of its own, and not by the code under test.
//!
//! The cases are the same each time, so that a change that breaks nothing is not red by chance. To look for what they
//! miss, ask for others, and for more of them, in the environment: `PROPTEST_RNG_SEED=7 PROPTEST_CASES=10000` before the
//! command that runs the tests. A failure names its case; with the same seed and number it comes back.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "edit/dice.rs"]
mod dice;
#[path = "edit/flows.rs"]
mod flows;
#[path = "edit/model.rs"]
mod model;
mod support;
#[path = "edit/text.rs"]
mod text;

use std::collections::BTreeSet;

use dice::Dice;
use flows::{Flow, flow};
use lockgate_flow::edit::{Changed, Edit, EditError, NewStep, Slot, Wrapper, apply, edit};
use lockgate_flow::source::Source;
use proptest::prelude::*;
use proptest::test_runner::{RngSeed, TestCaseResult};
use serde_json::{Value, json};
use support::catalog::catalog;

/// Why an edit may be refused, where the flow is as it is.
const REFUSED: &[&str] = &[
    "a step cannot be moved into itself",
    "comments stand in these brackets",
    "write this `on_error` in lines first",
    "would be lost",
    "there are steps on several ways",
    "there is no step inside",
    "this is the only key",
    "an alias stands here",
    "holds a single value",
    "already",
    "has the id",
    "a list in a list cannot become empty",
    "stands on the line of another",
    "these brackets cannot be written in lines",
    "without braces of its own",
    "the steps use an anchor that stands outside",
];

fn run(text: &str, what: &Edit) -> Result<(String, Changed), EditError> {
    let changed = edit(&Source::new("flows/it.yaml", text), what, &catalog())?;
    Ok((apply(text, &changed.changes), changed))
}

/// Does an edit that must succeed, or be refused for a reason that is known; checks what holds for all.
fn done(before: &str, what: &Edit) -> Result<Option<String>, TestCaseError> {
    let (after, changed) = match run(before, what) {
        Ok(done) => done,
        Err(error) => {
            // What an anchor stands for is used elsewhere.
            let is_shared = error.message.contains("cannot be changed without changing more")
                && before.contains("&hello");
            // What begins with `? ` has no line that could be taken out alone.
            let is_odd_key = error.message == "this key does not stand on a line of its own"
                && before.lines().any(|line| line.trim_start().starts_with("? "));
            let known = is_shared || is_odd_key || REFUSED.iter().any(|known| error.message.contains(known));
            prop_assert!(known, "{what:?}: {error}\n{before}");
            return Ok(None);
        }
    };
    let undone = apply(&after, &text::inverse(before, &changed.changes));
    prop_assert!(
        undone == before,
        "{what:?} cannot be undone:\n{before}\n---\n{undone}"
    );
    let (old, new) = (text::mistakes(before), text::mistakes(&after));
    prop_assert!(
        new.is_subset(&old),
        "{what:?} makes {new:?}\n{before}\n---\n{after}"
    );
    if let Some(select) = &changed.select {
        let steps = Flow::of(&after).steps;
        prop_assert!(
            steps.iter().any(|step| step.path == *select),
            "{what:?} selects {select}\n{after}"
        );
    }
    Ok(Some(after))
}

fn same(what: &Edit, before: &str, after: &str, is: &Value, should: &Value) -> TestCaseResult {
    prop_assert!(
        is == should,
        "{what:?} means something else:\n{is:#}\nshould be\n{should:#}\n{before}\n---\n{after}"
    );
    Ok(())
}

/// Comments that are lost, but for those that may be.
fn keeps_comments(what: &Edit, before: &str, after: &str, may_go: &str) -> TestCaseResult {
    for comment in text::notes(before) {
        let there = text::notes(after).contains(&comment) || text::notes(may_go).contains(&comment);
        prop_assert!(there, "{what:?} loses `{comment}`\n{before}\n---\n{after}");
    }
    Ok(())
}

/// How many lines of a text another does not have, and the other way round.
fn bound(what: &Edit, before: &str, after: &str, gone: usize, new: usize) -> TestCaseResult {
    let (is_gone, is_new) = text::differing_lines(before, after);
    prop_assert!(
        is_gone <= gone && is_new <= new,
        "{what:?} takes {is_gone} lines out (at most {gone}) and puts {is_new} in (at most {new})\n{before}\n---\n{after}"
    );
    Ok(())
}

fn some_steps(dice: &mut Dice, flow: &Flow) -> Vec<String> {
    let count = 1 + dice.roll(3) * dice.roll(2);
    let chosen: BTreeSet<String> = (0..count).map(|_| dice.pick(&flow.steps).path.clone()).collect();
    chosen.into_iter().collect()
}

fn some_slot(dice: &mut Dice, flow: &Flow) -> Slot {
    let (list, count) = dice.pick(&flow.lists).clone();
    Slot {
        list,
        index: dice.roll(count + 1),
    }
}

fn outermost(paths: &[String]) -> Vec<String> {
    let is_inside = |path: &String| paths.iter().any(|other| path.starts_with(&format!("{other}/")));
    paths.iter().filter(|path| !is_inside(path)).cloned().collect()
}

fn check_insert(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let at = some_slot(dice, &flow);
    let verbs = [
        "if", "switch", "parallel", "for_each", "set", "wait", "call", "respond", "redirect", "return",
        "fail",
    ];
    let step = match dice.roll(3) {
        0 => NewStep::Action(
            dice.pick(&["auth0.create_user", "auth0.get_user", "http.request", "log"])
                .to_string(),
        ),
        1 => NewStep::Verb(dice.pick(&verbs).to_string()),
        _ => NewStep::Yaml(dice::PASTED[dice.roll(dice::PASTED.len())].to_owned()),
    };
    let what = Edit::Insert {
        at: at.clone(),
        step: step.clone(),
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let is = model::value(&after);
    let mut should = model::value(before);
    let count = if let NewStep::Yaml(yaml) = &step {
        model::pasted(yaml).len()
    } else {
        1
    };
    let list = model::list(&is, &at.list);
    let new = list[at.index..at.index + count].to_vec();
    match &step {
        NewStep::Action(action) => {
            prop_assert_eq!(&new[0]["action"], &json!(action));
            prop_assert!(lockgate_flow::syntax::is_identifier(
                new[0]["id"].as_str().unwrap()
            ));
        }
        NewStep::Verb(verb) => prop_assert!(new[0].get(verb).is_some(), "{new:?}"),
        NewStep::Yaml(yaml) => {
            prop_assert_eq!(model::without_ids(&new), model::without_ids(&model::pasted(yaml)));
        }
    }
    let ids = model::ids(&is);
    prop_assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "an id twice:\n{}",
        after
    );
    model::put(&mut should, &at, new);
    same(&what, before, &after, &is, &should)?;
    keeps_comments(&what, before, &after, "")?;
    // Brackets in which something is put are written in lines; `on_error` for all becomes one for codes.
    let old = model::value(before);
    let list = old.pointer(&model::pointer(&at.list)).and_then(Value::as_array);
    let is_in_place = list.is_some_and(|list| !list.is_empty()) && !text::is_in_brackets(before, &at.list);
    if is_in_place {
        bound(&what, before, &after, 0, usize::MAX)?;
    }
    Ok(())
}

fn check_delete(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let steps = some_steps(dice, &flow);
    let what = Edit::Delete { steps: steps.clone() };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let mut should = model::value(before);
    model::take(&mut should, &outermost(&steps));
    let is = model::pruned(model::value(&after));
    same(&what, before, &after, &is, &model::pruned(should))?;
    let mut gone: String = steps
        .iter()
        .map(|step| text::with_comments(before, flow.span(step)))
        .collect();
    // The steps that stay count here as they did before.
    let left = model::emptied(model::value(before), &steps);
    for step in &steps {
        // The key of a list that is left out goes with what is said about it.
        let list = model::pointer(step.rsplit_once('/').unwrap().0);
        let around = list.rsplit_once('/').unwrap().0;
        for gone_too in [list.as_str(), around] {
            if left.pointer(gone_too).is_none() {
                gone.push_str(&text::of_entry(before, gone_too));
            }
        }
    }
    keeps_comments(&what, before, &after, &gone)?;
    // Each emptied list may leave a line that says so.
    bound(
        &what,
        before,
        &after,
        gone.lines().count() + 5 * steps.len(),
        steps.len(),
    )
}

fn check_move(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let (steps, at) = (some_steps(dice, &flow), some_slot(dice, &flow));
    let what = Edit::Move {
        steps: steps.clone(),
        at: at.clone(),
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let mut should = model::value(before);
    let steps = flow.in_order(&outermost(&steps));
    let moved: Vec<Value> = steps.iter().map(|step| model::step(&should, step)).collect();
    for step in &steps {
        *should.pointer_mut(&model::pointer(step)).unwrap() = json!("gone");
    }
    model::put(&mut should, &at, moved);
    model::drop_gone(&mut should);
    let is = model::pruned(model::value(&after));
    same(&what, before, &after, &is, &model::pruned(should))?;
    keeps_comments(&what, before, &after, "")?;
    prop_assert_eq!(
        text::notes(before).len(),
        text::notes(&after).len(),
        "{:?}\n{}\n---\n{}",
        what,
        before,
        after
    );
    Ok(())
}

fn check_copy(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let (steps, at) = (some_steps(dice, &flow), some_slot(dice, &flow));
    let what = Edit::Copy {
        steps: steps.clone(),
        at: at.clone(),
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let is = model::value(&after);
    let mut should = model::value(before);
    let originals: Vec<Value> = flow
        .in_order(&outermost(&steps))
        .iter()
        .map(|step| model::step(&should, step))
        .collect();
    let copies = model::list(&is, &at.list)[at.index..at.index + originals.len()].to_vec();
    prop_assert_eq!(
        model::without_ids(&copies),
        model::without_ids(&originals),
        "{:?}\n{}",
        what,
        after
    );
    let ids = model::ids(&is);
    prop_assert_eq!(
        ids.iter().collect::<BTreeSet<_>>().len(),
        ids.len(),
        "an id twice:\n{}",
        after
    );
    model::put(&mut should, &at, copies);
    same(&what, before, &after, &is, &should)?;
    keeps_comments(&what, before, &after, "")
}

fn check_wrap(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let step = dice.pick(&flow.steps).path.clone();
    let (list, first) = step.rsplit_once('/').unwrap();
    let first: usize = first.parse().unwrap();
    let value = model::value(before);
    let count = 1 + dice.roll(model::list(&value, list).len() - first);
    let steps: Vec<String> = (first..first + count)
        .map(|index| format!("{list}/{index}"))
        .collect();
    let within = *dice.pick(&[Wrapper::If, Wrapper::Switch, Wrapper::Parallel, Wrapper::ForEach]);
    let what = Edit::Wrap { steps, within };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let is = model::value(&after);
    let around = model::step(&is, &step);
    let inner = model::inner_steps(&around);
    prop_assert_eq!(
        &inner,
        &model::list(&value, list)[first..first + count],
        "{:?}\n{}",
        what,
        after
    );
    let mut should = value.clone();
    let items = model::list_mut(&mut should, list);
    items.splice(first..first + count, [around]);
    same(&what, before, &after, &is, &should)?;
    keeps_comments(&what, before, &after, "")?;
    let undo = Edit::Unwrap { step: step.clone() };
    let Some(again) = done(&after, &undo)? else {
        return Ok(());
    };
    same(&undo, &after, &again, &model::value(&again), &value)?;
    keeps_comments(&undo, &after, &again, "")?;
    if within != Wrapper::Parallel {
        prop_assert!(again == before, "{what:?} and back\n{before}\n---\n{again}");
    }
    Ok(())
}

fn check_unwrap(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let step = dice.pick(&flow.steps).path.clone();
    let what = Edit::Unwrap { step: step.clone() };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let mut should = model::value(before);
    let (list, index) = step.rsplit_once('/').unwrap();
    let index: usize = index.parse().unwrap();
    let inner = model::inner_steps(&model::step(&should, &step));
    model::list_mut(&mut should, list).splice(index..=index, inner);
    same(&what, before, &after, &model::value(&after), &should)?;
    keeps_comments(&what, before, &after, "")
}

fn check_set(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let (step, pointer) = flow.some_key(dice);
    let value = dice::value(dice);
    let (step, key) = if dice.roll(3) == 0 && flow.has_map(&step, &pointer) {
        (step, format!("{pointer}/new_key"))
    } else {
        (step, pointer)
    };
    let what = Edit::Set {
        step: step.clone(),
        key: key.clone(),
        value: value.clone(),
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let mut should = model::value(before);
    let whole = format!("{}{key}", model::pointer(&step));
    let old = should.pointer(&whole).cloned();
    model::set(&mut should, &whole, value.clone());
    same(&what, before, &after, &model::value(&after), &should)?;
    let gone = old
        .as_ref()
        .map_or(String::new(), |_| text::of_value(before, &whole));
    keeps_comments(&what, before, &after, &gone)?;
    if old.is_some_and(|old| !old.is_object() && !old.is_array()) && !value.is_object() && !value.is_array() {
        let lines = value.as_str().map_or(1, |text| 2 * text.split('\n').count() + 2);
        bound(&what, before, &after, gone.lines().count().max(1), lines)?;
    }
    Ok(())
}

/// A form gives a whole map of which one thing is another: only that changes.
fn check_set_whole(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let Some((step, map, leaf)) = flow.some_leaf(dice) else {
        return Ok(());
    };
    let mut should = model::value(before);
    let base = model::pointer(&step);
    *should.pointer_mut(&format!("{base}{leaf}")).unwrap() = json!("something else");
    let what = Edit::Set {
        step,
        key: map.clone(),
        value: should.pointer(&format!("{base}{map}")).unwrap().clone(),
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    same(&what, before, &after, &model::value(&after), &should)?;
    let gone = text::of_value(before, &format!("{base}{leaf}"));
    keeps_comments(&what, before, &after, &gone)?;
    if before.contains("*hello") {
        // An alias is written out where something in it is another.
        return Ok(());
    }
    bound(&what, before, &after, gone.lines().count(), 1)
}

fn check_remove(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let (step, key) = flow.some_key(dice);
    let what = Edit::Remove {
        step: step.clone(),
        key: key.clone(),
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    let mut should = model::value(before);
    let whole = format!("{}{key}", model::pointer(&step));
    model::remove(&mut should, &whole);
    let (is, should) = (
        model::without_optional(model::value(&after)),
        model::without_optional(should),
    );
    same(&what, before, &after, &is, &should)?;
    keeps_comments(&what, before, &after, &text::of_entry(before, &whole))
}

fn check_rename(dice: &mut Dice, before: &str) -> TestCaseResult {
    let flow = Flow::of(before);
    let what = match dice.roll(3) {
        0 => Edit::RenameId {
            step: dice.pick(&flow.steps).path.clone(),
            to: "other_name".to_owned(),
        },
        1 => {
            let fields: Vec<String> = model::value(before)["input"]
                .as_object()
                .map(|fields| fields.keys().cloned().collect())
                .unwrap_or_default();
            if fields.is_empty() {
                return Ok(());
            }
            Edit::Rename {
                step: String::new(),
                key: format!("/input/{}", dice.pick(&fields)),
                to: "other_name".to_owned(),
            }
        }
        _ => {
            let (step, key) = flow.some_key(dice);
            let whole = format!("{}{key}", model::pointer(&step));
            let parent = whole
                .rsplit_once('/')
                .map(|(parent, _)| parent.to_owned())
                .unwrap();
            if !model::value(before)
                .pointer(&parent)
                .is_some_and(Value::is_object)
            {
                return Ok(());
            }
            Edit::Rename {
                step,
                key,
                to: "other_name".to_owned(),
            }
        }
    };
    let Some(after) = done(before, &what)? else {
        return Ok(());
    };
    keeps_comments(&what, before, &after, "")?;
    let (old, new) = (before.lines().count(), after.lines().count());
    prop_assert!(
        old <= new + 1 && new <= old + 1,
        "{:?}\n{}\n---\n{}",
        what,
        before,
        after
    );
    // With all uses renamed, the same is wrong with the flow as before: nothing new. An id that is new gives nothing up.
    if !matches!(&what, Edit::Rename { key, .. } if !key.starts_with("/input/") && !key.starts_with("/set/"))
    {
        let codes = |text: &str| {
            let mut codes = support::codes(&support::check_flow(text));
            codes.sort_by_key(|code| code.as_str());
            codes
        };
        prop_assert_eq!(
            codes(before),
            codes(&after),
            "{:?}\n{}\n---\n{}",
            what,
            before,
            after
        );
    }
    // And back.
    let back = match &what {
        Edit::RenameId { step, .. } => {
            let old = model::step(&model::value(before), step)["id"]
                .as_str()
                .map(str::to_owned);
            old.map(|to| Edit::RenameId {
                step: step.clone(),
                to,
            })
        }
        Edit::Rename { step, key, .. } => {
            let (parent, name) = key.rsplit_once('/').unwrap();
            let to = name.replace("~1", "/").replace("~0", "~");
            let is_step = model::value(&after).pointer(&model::pointer(step)).is_some();
            is_step.then(|| Edit::Rename {
                step: step.clone(),
                key: format!("{parent}/other_name"),
                to,
            })
        }
        _ => None,
    };
    if let Some(back) = back
        && !text::has_odd_keys(before)
        && let Some(again) = done(&after, &back)?
    {
        prop_assert!(again == before, "{what:?} and back\n{before}\n---\n{again}");
    }
    Ok(())
}

/// What proptest does where the environment does not ask for something else.
fn config(cases: u32) -> ProptestConfig {
    ProptestConfig {
        cases,
        rng_seed: RngSeed::Fixed(1),
        max_shrink_iters: 300,
        failure_persistence: None,
        ..ProptestConfig::default()
    }
}

macro_rules! edits {
    ($($name:ident: $check:ident,)*) => {
        proptest! {
            #![proptest_config(config(150))]
            $(
                #[test]
                fn $name(which in any::<usize>(), rolls in proptest::collection::vec(any::<u32>(), 24)) {
                    let mut dice = Dice::new(rolls);
                    $check(&mut dice, &flow(which))?;
                }
            )*
        }
    };
}

edits! {
    inserted: check_insert,
    deleted: check_delete,
    moved: check_move,
    copied: check_copy,
    wrapped: check_wrap,
    unwrapped: check_unwrap,
    set: check_set,
    set_whole: check_set_whole,
    removed: check_remove,
    renamed: check_rename,
}

proptest! {
    #![proptest_config(config(60))]

    /// One edit after the other, each on what the last gave.
    #[test]
    fn ten_in_a_row(which in any::<usize>(), rolls in proptest::collection::vec(any::<u32>(), 200)) {
        let mut dice = Dice::new(rolls);
        let mut text = flow(which);
        for _ in 0..10 {
            let flow = Flow::of(&text);
            if flow.steps.is_empty() {
                break;
            }
            let what = dice::any_edit(&mut dice, &flow, &some_steps, &some_slot);
            if let Some(after) = done(&text, &what)? {
                text = after;
            }
        }
    }
}
