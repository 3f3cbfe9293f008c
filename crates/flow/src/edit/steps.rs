//! Puts steps in, takes them out, moves and copies them.

use std::collections::BTreeSet;

use super::change::EditError;
use super::chunk::Chunk;
use super::draft::Draft;
use super::kinds::{NewStep, Slot};
use super::tree::{Id, Tree};
use super::{fresh, names, path};
use crate::catalog::Catalog;

/// The steps that paths name, in the order of the text; what stands in another of them goes with it.
pub(super) fn named(tree: &Tree<'_>, paths: &[String]) -> Result<Vec<Id>, EditError> {
    let steps = paths
        .iter()
        .map(|name| path::step(tree, name))
        .collect::<Result<BTreeSet<Id>, _>>()?;
    if steps.is_empty() {
        return Err(EditError::new("no step is named"));
    }
    // Nodes are numbered in the order of the text, a step before what is in it.
    let is_inside = |step: Id| {
        let mut at = tree.node(step).parent;
        while let Some(id) = at {
            if steps.contains(&id) {
                return true;
            }
            at = tree.node(id).parent;
        }
        false
    };
    Ok(steps.iter().copied().filter(|step| !is_inside(*step)).collect())
}

/// Steps as they stand; those that follow each other with nothing but empty lines between stay together.
fn chunks(tree: &Tree<'_>, steps: &[Id]) -> Result<Vec<Chunk>, EditError> {
    let mut runs: Vec<(Id, usize, usize)> = Vec::new();
    for step in steps {
        let (list, index) = tree
            .item_of(*step)
            .ok_or_else(|| EditError::new("the step stands in no list"))?;
        let is_next = |end: usize| {
            let (before, own) = (tree.item_lines(list, end), tree.item_lines(list, index));
            before
                .zip(own)
                .is_some_and(|(before, own)| tree.blank_after(before.end) >= own.start)
        };
        match runs.last_mut() {
            Some((run, _, end)) if *run == list && *end + 1 == index && is_next(*end) => *end = index,
            _ => runs.push((list, index, index)),
        }
    }
    let runs = runs
        .into_iter()
        .map(|(list, first, end)| Chunk::run(tree, list, first, end));
    Ok(runs
        .collect::<Result<Vec<_>, _>>()?
        .into_iter()
        .flatten()
        .collect())
}

pub(super) fn insert(
    draft: &mut Draft<'_, '_>,
    at: &Slot,
    step: &NewStep,
    catalog: &Catalog,
) -> Result<(), EditError> {
    let tree = draft.tree;
    let place = path::place(tree, &at.list)?;
    let chunks = match step {
        NewStep::Action(action) => vec![fresh::action(tree, &place, at.index, action, catalog)?],
        NewStep::Verb(verb) => vec![fresh::verb(tree, verb)?],
        NewStep::Yaml(yaml) => names::renumber(vec![fresh::pasted(yaml)?], &names::ids(tree))?,
    };
    draft.select = Some(draft.put_steps(&place, at.index, &chunks)?);
    Ok(())
}

pub(super) fn delete(draft: &mut Draft<'_, '_>, paths: &[String]) -> Result<(), EditError> {
    let tree = draft.tree;
    let steps = named(tree, paths)?;
    // What stands in the place of the first afterwards, before it, or around it.
    let selected = steps.first().and_then(|first| {
        let (list, index) = tree.item_of(*first)?;
        let items = tree.items(list);
        let stays =
            |item: &&super::tree::Item| steps.binary_search(&item.node).is_err() && tree.is_map(item.node);
        let beside = items[index..]
            .iter()
            .find(stays)
            .or_else(|| items[..index].iter().rfind(stays));
        beside.map(|item| item.node).or_else(|| around(tree, list))
    });
    draft.cut_steps(&steps)?;
    if let Some(selected) = selected {
        draft.select_node(selected);
    }
    Ok(())
}

/// The step around a list.
fn around(tree: &Tree<'_>, list: Id) -> Option<Id> {
    let mut at = tree.node(list).parent;
    while let Some(id) = at {
        if tree.is_map(id) && tree.item_of(id).is_some() {
            return Some(id);
        }
        at = tree.node(id).parent;
    }
    None
}

pub(super) fn relocate(draft: &mut Draft<'_, '_>, paths: &[String], at: &Slot) -> Result<(), EditError> {
    let tree = draft.tree;
    let steps = named(tree, paths)?;
    let place = path::place(tree, &at.list)?;
    let target = match &place {
        path::Place::List(id)
        | path::Place::Missing { map: id, .. }
        | path::Place::Instead { node: id, .. }
        | path::Place::Beside { all: id, .. } => Some(*id),
        path::Place::Empty { .. } => None,
    };
    if target.is_some_and(|target| steps.iter().any(|step| tree.is_within(target, *step))) {
        return Err(EditError::new("a step cannot be moved into itself"));
    }
    if let path::Place::List(list) = place {
        let own: Vec<usize> = steps
            .iter()
            .filter_map(|step| tree.item_of(*step))
            .filter(|(around, _)| *around == list)
            .map(|(_, index)| index)
            .collect();
        let is_run = own.windows(2).all(|pair| pair[0] + 1 == pair[1]);
        let stays = own.len() == steps.len()
            && is_run
            && own
                .first()
                .zip(own.last())
                .is_some_and(|(first, last)| (*first..=last + 1).contains(&at.index));
        if stays {
            draft.select_node(steps[0]);
            return Ok(());
        }
    }
    let mut chunks = chunks(tree, &steps)?;
    let comments = draft.comments_of_keys(&steps, target);
    if let Some(first) = chunks.first_mut() {
        let newline = tree.newline();
        for comment in comments.iter().rev() {
            let line = format!("{:column$}{comment}{newline}", "", column = first.column);
            first.text.insert_str(0, &line);
        }
    }
    for step in &steps {
        draft.means_removed(*step);
    }
    draft.select = Some(draft.put_steps(&place, at.index, &chunks)?);
    draft.cut_steps(&steps)
}

pub(super) fn copy(draft: &mut Draft<'_, '_>, paths: &[String], at: &Slot) -> Result<(), EditError> {
    let tree = draft.tree;
    let steps = named(tree, paths)?;
    let place = path::place(tree, &at.list)?;
    let mut chunks = chunks(tree, &steps)?;
    if names::have_ids(tree, &steps) {
        chunks = names::renumber(chunks, &names::ids(tree))?;
    }
    draft.select = Some(draft.put_steps(&place, at.index, &chunks)?);
    Ok(())
}
