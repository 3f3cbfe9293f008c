//! Takes steps and keys out, with the lines that belong to them.

use std::collections::{BTreeMap, BTreeSet};
use std::ops::Range;

use super::change::EditError;
use super::draft::Draft;
use super::tree::{Form, Id};

/// Keys that may be left out: with nothing in them they say nothing.
const OPTIONAL: &[&str] = &[
    "with",
    "on_error",
    "retry",
    "headers",
    "input",
    "trigger",
    "concurrency",
];

impl Draft<'_, '_> {
    /// Takes steps out of their lists. A list that becomes empty goes with its key, where that may be left out. What is put
    /// into the same lists must be put in before.
    pub(super) fn cut_steps(&mut self, steps: &[Id]) -> Result<(), EditError> {
        let mut lists: BTreeMap<Id, Vec<usize>> = BTreeMap::new();
        for step in steps {
            let (list, index) = self
                .tree
                .item_of(*step)
                .ok_or_else(|| EditError::new("the step stands in no list"))?;
            lists.entry(list).or_default().push(index);
        }
        for step in steps {
            self.means_removed(*step);
        }
        for (list, mut indices) in lists {
            indices.sort_unstable();
            indices.dedup();
            if indices.len() == self.tree.items(list).len() && !self.grows(list) && self.leave_out(list)? {
                continue;
            }
            self.cut_items(list, &indices)?;
        }
        Ok(())
    }

    /// Takes out the key of a list without steps, where that changes nothing else.
    fn leave_out(&mut self, list: Id) -> Result<bool, EditError> {
        let is_removed = |node: Id| self.is_removed(node);
        let Some((map, position)) = self.may_go(list, &is_removed) else {
            return Ok(false);
        };
        self.cut_entry(map, position)?;
        Ok(true)
    }

    /// The entry of a list of steps, if it may be left out where the list has none.
    fn may_go(&self, list: Id, is_removed: &dyn Fn(Id) -> bool) -> Option<(Id, usize)> {
        let tree = self.tree;
        let (map, position) = tree.entry_of(list)?;
        let is_arm = || {
            tree.entry_of(map).is_some_and(|(around, position)| {
                tree.key(&tree.entries(around)[position]) == "on_error" && tree.item_of(around).is_some()
            })
        };
        let may = match tree.key(&tree.entries(map)[position]) {
            "else" => tree.get(map, "then").is_some_and(|then| !is_removed(then)),
            "default" | "on_error" => true,
            _ => is_arm(),
        };
        may.then_some((map, position))
    }

    /// The comments of keys that go when these steps are put somewhere else: what they say goes with the first of them.
    pub(super) fn comments_of_keys(&self, steps: &[Id], target: Option<Id>) -> Vec<&str> {
        let tree = self.tree;
        let mut gone: BTreeSet<(Id, usize)> = BTreeSet::new();
        let mut own: Vec<Range<usize>> = Vec::new();
        for step in steps {
            let Some((list, index)) = tree.item_of(*step) else {
                continue;
            };
            own.extend(tree.item_lines(list, index));
            let is_emptied = || {
                tree.items(list)
                    .iter()
                    .all(|item| steps.binary_search(&item.node).is_ok())
            };
            if index == 0 && Some(list) != target && is_emptied() {
                gone.extend(self.may_go(list, &|_| false));
            }
        }
        // A map of which nothing is left goes too.
        let maps: BTreeSet<Id> = gone.iter().map(|(map, _)| *map).collect();
        for map in maps.into_iter().filter(|map| Some(*map) != target) {
            let is_emptied = (0..tree.entries(map).len()).all(|at| gone.contains(&(map, at)));
            let around = tree.entry_of(map).filter(|(around, at)| {
                is_emptied && OPTIONAL.contains(&tree.key(&tree.entries(*around)[*at]))
            });
            gone.extend(around);
        }
        let lines = gone.iter().filter_map(|(map, at)| tree.entry_lines(*map, *at));
        let comments: BTreeSet<usize> = lines
            .flat_map(|lines| tree.comments(lines))
            .map(|comment| comment.start)
            .filter(|start| !own.iter().any(|lines| lines.contains(start)))
            .collect();
        comments
            .into_iter()
            .map(|start| tree.text[start..tree.line_end(start)].trim_end())
            .collect()
    }

    /// Takes items out of a list; what was found before is the text only, their meaning was said.
    pub(super) fn cut_items(&mut self, list: Id, indices: &[usize]) -> Result<(), EditError> {
        let tree = self.tree;
        let items = tree.items(list);
        for index in indices {
            self.means_removed(items[*index].node);
        }
        let is_all = indices.len() == items.len() && !self.grows(list);
        if tree.form(list) != Some(Form::Block) {
            let spans: Vec<Range<usize>> = items
                .iter()
                .map(|item| tree.node(item.node).lead..tree.node(item.node).end)
                .collect();
            return self.cut_between_commas(list, &spans, indices, is_all);
        }
        if is_all {
            self.leave_brackets(list, "[]")?;
        }
        let lines: Option<Vec<Range<usize>>> = indices
            .iter()
            .map(|index| tree.item_lines(list, *index))
            .collect();
        let lines =
            lines.ok_or_else(|| EditError::new("a list stands on the line of another list's dash"))?;
        self.cut_lines(&lines, indices, items.len());
        Ok(())
    }

    /// Takes a key out of a map. A map that becomes empty goes too, where it may be left out.
    pub(super) fn cut_entry(&mut self, map: Id, position: usize) -> Result<(), EditError> {
        let tree = self.tree;
        let entries = tree.entries(map);
        let entry = entries[position];
        self.means_removed(entry.value);
        let is_all = !self.grows(map) && entries.iter().all(|entry| self.is_removed(entry.value));
        if is_all
            && let Some((around, at)) = tree.entry_of(map)
            && OPTIONAL.contains(&tree.key(&tree.entries(around)[at]))
        {
            return self.cut_entry(around, at);
        }
        if is_all && tree.form(map) == Some(Form::Pair) {
            return Err(EditError::new(
                "this is the only key: take out the whole step instead",
            ));
        }
        if tree.form(map) != Some(Form::Block) {
            let spans: Vec<Range<usize>> = entries
                .iter()
                .map(|entry| {
                    tree.node(entry.key).lead..tree.node(entry.value).end.max(entry.colon.unwrap_or(0))
                })
                .collect();
            // Others of this map may be gone already.
            let gone: Vec<usize> = (0..entries.len())
                .filter(|at| self.is_removed(entries[*at].value))
                .collect();
            return self.cut_between_commas(map, &spans, &gone, is_all);
        }
        if is_all {
            if tree.node(map).parent.is_none() || tree.item_of(map).is_some() {
                return Err(EditError::new(
                    "this is the only key: take out the whole step instead",
                ));
            }
            self.leave_brackets(map, "{}")?;
        }
        if let Some(lines) = tree.entry_lines(map, position) {
            self.cut_lines(&[lines], &[position], entries.len());
            return Ok(());
        }
        // Behind a dash: the next key takes its place.
        let lead = tree.node(entry.key).lead;
        let next = entries.get(position + 1).map(|next| tree.node(next.key).lead);
        let (Some(next), Some((list, index))) = (next, tree.item_of(map)) else {
            return Err(EditError::new("this key does not stand on a line of its own"));
        };
        let is_next_line = tree
            .entry_lines(map, position + 1)
            .is_some_and(|lines| lines.start == tree.line_start(next));
        if is_next_line {
            self.delete(lead..next);
        } else {
            let dash = tree.items(list)[index].dash;
            let end = tree.entry_end(map, position);
            self.delete(dash + 1..tree.line_end(tree.line_start(end.saturating_sub(1))));
        }
        Ok(())
    }

    /// Writes `[]` or `{}` behind the key of a list or map in lines.
    fn leave_brackets(&mut self, id: Id, brackets: &str) -> Result<(), EditError> {
        let tree = self.tree;
        let colon = tree
            .entry_of(id)
            .and_then(|(map, position)| tree.entries(map)[position].colon);
        let colon = colon.ok_or_else(|| EditError::new("a list in a list cannot become empty here"))?;
        self.insert(colon, format!(" {brackets}"));
        Ok(())
    }

    /// Takes out lines of children of a list or map in lines, with the empty lines that parted them from others.
    fn cut_lines(&mut self, lines: &[Range<usize>], positions: &[usize], count: usize) {
        let tree = self.tree;
        let stays = |at: &usize| positions.binary_search(at).is_err();
        let last_that_stays = (0..count).rev().find(stays);
        for (range, position) in lines.iter().zip(positions) {
            let follows = last_that_stays.is_some_and(|last| last > *position);
            let blank_before = tree.blank_before(range.start);
            let is_parted = blank_before < range.start || *position == 0;
            if follows && is_parted {
                self.delete_lines(range.start..tree.blank_after(range.end));
            } else if follows || *position == 0 {
                self.delete_lines(range.clone());
            } else {
                self.delete_lines(blank_before..range.end);
            }
        }
    }

    /// Takes children out of a list or map in brackets, with their commas.
    fn cut_between_commas(
        &mut self,
        id: Id,
        spans: &[Range<usize>],
        gone: &[usize],
        is_all: bool,
    ) -> Result<(), EditError> {
        let tree = self.tree;
        let commented = || {
            EditError::new("comments stand in these brackets: write them in lines first, without brackets")
        };
        if is_all {
            let inside = tree.node(id).at + 1..tree.node(id).end.saturating_sub(1);
            if !tree.comments(inside.clone()).is_empty() {
                return Err(commented());
            }
            self.delete(inside);
            return Ok(());
        }
        if gone.len() == spans.len() {
            // What is put in instead was written in lines, without these.
            return Ok(());
        }
        let mut at = 0;
        while let Some(&first) = gone.get(at) {
            let mut last = first;
            while gone.get(at + 1) == Some(&(last + 1)) {
                at += 1;
                last += 1;
            }
            at += 1;
            let end = spans[last].end;
            let behind = &tree.text[end..tree.line_end(end)];
            let behind = behind.trim_start_matches([',', ' ', '\t']);
            if tree.begins_line(spans[first].start) && (behind.is_empty() || behind.starts_with('#')) {
                self.delete_lines(tree.line_start(spans[first].start)..tree.next_line(end));
                continue;
            }
            let range = match spans.get(last + 1) {
                Some(next) => spans[first].start..next.start,
                None => spans[first - 1].end..end,
            };
            let own = tree.comments(range.clone()).into_iter();
            if own.into_iter().any(|comment| {
                !spans[first..=last]
                    .iter()
                    .any(|span| span.contains(&comment.start))
            }) {
                return Err(commented());
            }
            self.delete(range);
        }
        Ok(())
    }
}
