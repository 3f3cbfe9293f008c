//! An edit while it is made: which stretches of the text get another text, and what the whole is to mean afterwards. The
//! two are compared in the end, so that no edit gives a text that means something else than was asked for.

use std::cell::Cell;
use std::collections::{HashMap, HashSet};
use std::ops::Range;

use super::change::{Change, Changed, EditError, apply};
use super::meaning::{Key, Meaning, spend};
use super::path;
use super::tree::{Data, Id, List, Map, Tree};
use crate::source::Span;
use crate::yaml::Limits;

/// A place in the meaning afterwards: something, and child positions below it.
#[derive(Clone, Debug)]
pub(super) struct Mark {
    pub(super) anchor: Anchor,
    pub(super) below: Vec<usize>,
}

impl Mark {
    /// The mark of what is put in `count` places behind this.
    pub(super) fn and_on(mut self, count: usize) -> Self {
        if let Anchor::Item(_, _, nth) | Anchor::Entry(_, _, nth) = &mut self.anchor {
            *nth += count;
        }
        self
    }
}

/// What a [`Mark`] hangs on; positions count before the edit, the last number counts what is put in there.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Anchor {
    Node(Id),
    Item(Id, usize, usize),
    Entry(Id, usize, usize),
}

/// What a node becomes.
#[derive(Clone, Debug)]
enum Become {
    Value(Meaning),
    /// A map: these keys, and the node itself under the last.
    Under(Vec<(Key, Meaning)>, Key),
}

/// The text and the meaning of an edit.
pub(super) struct Draft<'t, 'a> {
    pub(super) tree: &'t Tree<'a>,
    deleted: Vec<Range<usize>>,
    /// Where, and what; in the order in which they were put in.
    inserted: Vec<(usize, String)>,
    /// Blanks at the beginnings of lines, as far as the lines stay.
    indented: Vec<(usize, usize)>,
    removed: HashSet<Id>,
    items: HashMap<(Id, usize), Vec<Meaning>>,
    /// The lists and maps that something is put into.
    grown: HashSet<Id>,
    entries: HashMap<(Id, usize), Vec<(Key, Meaning)>>,
    keys: HashMap<Id, Key>,
    becomes: HashMap<Id, Become>,
    root: Option<Meaning>,
    /// What is selected afterwards.
    pub(super) select: Option<Mark>,
}

impl<'t, 'a> Draft<'t, 'a> {
    pub(super) fn new(tree: &'t Tree<'a>) -> Self {
        Self {
            tree,
            deleted: Vec::new(),
            inserted: Vec::new(),
            indented: Vec::new(),
            removed: HashSet::new(),
            items: HashMap::new(),
            grown: HashSet::new(),
            entries: HashMap::new(),
            keys: HashMap::new(),
            becomes: HashMap::new(),
            root: None,
            select: None,
        }
    }

    // The text.

    /// Puts a text in.
    pub(super) fn insert(&mut self, at: usize, text: impl Into<String>) {
        self.inserted.push((at, text.into()));
    }

    /// Takes a stretch out.
    pub(super) fn delete(&mut self, range: Range<usize>) {
        if !range.is_empty() {
            self.deleted.push(range);
        }
    }

    /// Puts a text in the place of a stretch.
    pub(super) fn replace(&mut self, range: Range<usize>, text: impl Into<String>) {
        self.insert(range.start, text);
        self.delete(range);
    }

    /// Puts whole lines in, each with its line end, where a line begins or where the text ends.
    pub(super) fn insert_lines(&mut self, at: usize, lines: &str) {
        let text = self.tree.text;
        if at == text.len() && !text.is_empty() && !text.ends_with('\n') {
            let newline = self.tree.newline();
            let lines = lines.strip_suffix(newline).unwrap_or(lines);
            self.insert(at, format!("{newline}{lines}"));
        } else {
            self.insert(at, lines);
        }
    }

    /// Takes whole lines out; those at the end of a text that has no line end go with the line end before them, or with that
    /// of the lines that were put in there.
    pub(super) fn delete_lines(&mut self, range: Range<usize>) {
        let text = self.tree.text;
        let mut start = range.start;
        if range.end == text.len() && !text.ends_with('\n') && start > 0 {
            let newline = self.tree.newline();
            match self.inserted.iter_mut().rfind(|(at, _)| *at == start) {
                Some((_, lines)) => {
                    if lines.ends_with(newline) {
                        lines.truncate(lines.len() - newline.len());
                    }
                }
                None => start = self.tree.line_end(start - 1).min(start),
            }
        }
        self.delete(start..range.end);
    }

    /// Indents whole lines, as they are, from one column to another. An empty line stays as it is, unless blanks beyond the
    /// indentation may be a text's.
    pub(super) fn indent(&mut self, lines: Range<usize>, from: usize, to: usize) {
        let mut at = lines.start;
        while at < lines.end {
            let next = self.tree.next_line(at);
            let line = &self.tree.text[at..next];
            let indent = line.len() - line.trim_start_matches(' ').len();
            if line.trim().is_empty() && indent <= from {
                // Nothing to indent.
            } else if to >= from {
                self.indented.push((at, to - from));
            } else {
                self.delete(at..at + indent.min(from - to));
            }
            at = next;
        }
    }

    // The meaning.

    /// An item or a key's value is gone.
    pub(super) fn means_removed(&mut self, id: Id) {
        self.removed.insert(id);
    }

    pub(super) fn is_removed(&self, id: Id) -> bool {
        self.removed.contains(&id)
    }

    /// A list is not empty afterwards, whatever is taken out of it.
    pub(super) fn means_grown(&mut self, id: Id) {
        self.grown.insert(id);
    }

    /// Whether something is put into a list or map.
    pub(super) fn grows(&self, id: Id) -> bool {
        self.grown.contains(&id)
    }

    /// Items stand in a list before the item that has this index now. Gives the mark of the first.
    pub(super) fn means_items(&mut self, list: Id, index: usize, meanings: Vec<Meaning>) -> Mark {
        self.grown.insert(list);
        let items = self.items.entry((list, index)).or_default();
        let anchor = Anchor::Item(list, index, items.len());
        items.extend(meanings);
        Mark {
            anchor,
            below: Vec::new(),
        }
    }

    /// A key stands in a map before the one that has this position now. Gives its value's mark.
    pub(super) fn means_entry(&mut self, map: Id, position: usize, key: Key, value: Meaning) -> Mark {
        self.grown.insert(map);
        let entries = self.entries.entry((map, position)).or_default();
        let anchor = Anchor::Entry(map, position, entries.len());
        entries.push((key, value));
        Mark {
            anchor,
            below: Vec::new(),
        }
    }

    /// The key of a value is another one.
    pub(super) fn means_key(&mut self, value: Id, key: Key) {
        self.keys.insert(value, key);
    }

    /// A node is something else.
    pub(super) fn means_value(&mut self, id: Id, meaning: Meaning) -> Mark {
        self.becomes.insert(id, Become::Value(meaning));
        Mark {
            anchor: Anchor::Node(id),
            below: Vec::new(),
        }
    }

    /// A node is a map: other keys, and last the node under a key.
    pub(super) fn means_under(&mut self, id: Id, before: Vec<(Key, Meaning)>, own: Key) -> Mark {
        self.becomes.insert(id, Become::Under(before, own));
        Mark {
            anchor: Anchor::Node(id),
            below: Vec::new(),
        }
    }

    /// An empty file is something.
    pub(super) fn means_root(&mut self, meaning: Meaning) {
        self.root = Some(meaning);
    }

    /// A step that is there already is selected afterwards.
    pub(super) fn select_node(&mut self, id: Id) {
        self.select = Some(Mark {
            anchor: Anchor::Node(id),
            below: Vec::new(),
        });
    }

    /// The changes, if the text then means what it is to mean. `original` is the text of the tree, or that without the line
    /// end at its end, which is then left out afterwards too.
    ///
    /// # Errors
    /// It would mean something else.
    pub(super) fn finish(self, original: &str) -> Result<Changed, EditError> {
        let changes = self.changes();
        let after = apply(self.tree.text, &changes);
        let is_padded = original.len() < self.tree.text.len();
        let stripped = after.strip_suffix(self.tree.newline()).filter(|_| is_padded);
        let mut result = Err(entangled(None));
        // A block of text that stands last now may need the line end.
        for text in stripped.into_iter().chain([after.as_str()]) {
            match Tree::read(text) {
                Ok(tree) => {
                    let mut check = Check::new(&self, &tree);
                    if check.whole() {
                        let select = check.selected.and_then(|way| path::of_way(&tree, &way));
                        let changes = if is_padded {
                            unpad(original, changes, text)
                        } else {
                            changes
                        };
                        result = Ok(Changed { changes, select });
                        break;
                    }
                }
                Err(error) => result = Err(entangled(Some(&error))),
            }
        }
        result
    }

    /// What was put in and taken out as changes that do not touch each other.
    fn changes(&self) -> Vec<Change> {
        let text = self.tree.text;
        let mut deleted = self.deleted.clone();
        deleted.sort_unstable_by_key(|range| (range.start, range.end));
        let mut gone: Vec<Range<usize>> = Vec::new();
        for range in &deleted {
            match gone.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => gone.push(range.clone()),
            }
        }
        let stays = |at: usize| {
            let next = gone.partition_point(|range| range.end <= at);
            gone.get(next).is_none_or(|range| at < range.start)
        };
        let indented = self.indented.iter().filter(|(at, _)| stays(*at));
        let indented: Vec<(usize, String)> = indented.map(|(at, count)| (*at, " ".repeat(*count))).collect();
        let mut inserted: Vec<&(usize, String)> = self.inserted.iter().chain(&indented).collect();
        inserted.sort_by_key(|(at, _)| *at);
        let points = inserted.iter().map(|(at, _)| *at..*at);
        let mut stretches: Vec<Range<usize>> = deleted.into_iter().chain(points).collect();
        stretches.sort_unstable_by_key(|range| (range.start, range.end));
        let mut joined: Vec<Range<usize>> = Vec::new();
        for range in stretches {
            match joined.last_mut() {
                Some(last) if range.start <= last.end => last.end = last.end.max(range.end),
                _ => joined.push(range),
            }
        }
        let mut inserted = inserted.into_iter().peekable();
        joined
            .into_iter()
            .filter_map(|range| {
                let mut new = String::new();
                while let Some((_, piece)) = inserted.next_if(|(at, _)| *at <= range.end) {
                    new.push_str(piece);
                }
                trim(text, range, &new)
            })
            .collect()
    }
}

/// Holds what is to be meant against a text.
struct Check<'c, 't, 'a> {
    draft: &'c Draft<'t, 'a>,
    after: &'c Tree<'c>,
    /// The child positions on the way to what is looked at.
    way: Vec<usize>,
    selected: Option<Vec<usize>>,
    /// How many values may be looked at: aliases make many of few.
    budget: Cell<usize>,
}

impl<'c, 't, 'a> Check<'c, 't, 'a> {
    fn new(draft: &'c Draft<'t, 'a>, after: &'c Tree<'c>) -> Self {
        Self {
            draft,
            after,
            way: Vec::new(),
            selected: None,
            budget: Cell::new(Limits::default().nodes),
        }
    }

    fn whole(&mut self) -> bool {
        match (self.draft.tree.root, &self.draft.root, self.after.root) {
            (_, Some(meaning), Some(root)) => {
                self.selected = self.draft.select.as_ref().map(|mark| mark.below.clone());
                meaning.agrees(self.after, root, &self.budget)
            }
            (Some(before), None, Some(root)) => self.node(before, root),
            (None, None, None) => true,
            _ => false,
        }
    }

    /// Notes the way to what is selected, if this is where it hangs.
    fn select(&mut self, anchor: Anchor) {
        if let Some(mark) = self.draft.select.as_ref().filter(|mark| mark.anchor == anchor) {
            self.selected = Some(self.way.iter().chain(&mark.below).copied().collect());
        }
    }

    /// Whether a node of the text before, with what the edit does to it, is this one.
    fn node(&mut self, before: Id, after: Id) -> bool {
        self.select(Anchor::Node(before));
        match self.draft.becomes.get(&before) {
            Some(Become::Value(meaning)) => meaning.agrees(self.after, after, &self.budget),
            Some(Become::Under(first, own)) => {
                let entries = self.after.entries(after);
                let Some((last, others)) = entries.split_last() else {
                    return false;
                };
                let is_first = first.len() == others.len()
                    && first.iter().zip(others).all(|((key, meaning), entry)| {
                        *key == Meaning::key(self.after, entry.key)
                            && meaning.agrees(self.after, entry.value, &self.budget)
                    });
                self.way.push(others.len());
                let is_own = *own == Meaning::key(self.after, last.key) && self.inside(before, last.value);
                self.way.pop();
                is_first && is_own
            }
            None => self.inside(before, after),
        }
    }

    fn inside(&mut self, before: Id, after: Id) -> bool {
        if !spend(&self.budget) {
            return false;
        }
        match (&self.draft.tree.node(before).data, &self.after.node(after).data) {
            (Data::Scalar(old), Data::Scalar(new)) => old.agrees(new),
            // An edit of one place is none of the others that an anchor has.
            (Data::Alias(_), _) => Meaning::within(self.draft.tree, before, &self.budget)
                .is_ok_and(|meaning| meaning.agrees(self.after, after, &self.budget)),
            (Data::List(old), Data::List(new)) => self.items(before, old, new),
            (Data::Map(old), Data::Map(new)) => self.entries(before, old, new),
            _ => false,
        }
    }

    fn items(&mut self, id: Id, old: &List, new: &List) -> bool {
        let draft = self.draft;
        let mut at = 0;
        for index in 0..=old.items.len() {
            for (nth, meaning) in draft.items.get(&(id, index)).into_iter().flatten().enumerate() {
                let Some(item) = new.items.get(at) else {
                    return false;
                };
                self.way.push(at);
                self.select(Anchor::Item(id, index, nth));
                self.way.pop();
                if !meaning.agrees(self.after, item.node, &self.budget) {
                    return false;
                }
                at += 1;
            }
            let stays = old.items.get(index).filter(|item| !draft.is_removed(item.node));
            if let Some(item) = stays {
                let Some(same) = new.items.get(at) else {
                    return false;
                };
                self.way.push(at);
                let agrees = self.node(item.node, same.node);
                self.way.pop();
                if !agrees {
                    return false;
                }
                at += 1;
            }
        }
        at == new.items.len()
    }

    fn entries(&mut self, id: Id, old: &Map, new: &Map) -> bool {
        let draft = self.draft;
        let mut at = 0;
        for position in 0..=old.entries.len() {
            let put_in = draft.entries.get(&(id, position)).into_iter().flatten();
            for (nth, (key, meaning)) in put_in.enumerate() {
                let Some(entry) = new.entries.get(at) else {
                    return false;
                };
                self.way.push(at);
                self.select(Anchor::Entry(id, position, nth));
                self.way.pop();
                let is_key = *key == Meaning::key(self.after, entry.key);
                if !is_key || !meaning.agrees(self.after, entry.value, &self.budget) {
                    return false;
                }
                at += 1;
            }
            let stays = old
                .entries
                .get(position)
                .filter(|entry| !draft.is_removed(entry.value));
            if let Some(entry) = stays {
                let Some(same) = new.entries.get(at) else {
                    return false;
                };
                let is_key = if let Some(renamed) = draft.keys.get(&entry.value) {
                    *renamed == Meaning::key(self.after, same.key)
                } else {
                    let keys = (draft.tree.scalar(entry.key), self.after.scalar(same.key));
                    match keys {
                        (Some(old), Some(new)) => old.agrees(new),
                        _ => Meaning::key(draft.tree, entry.key) == Meaning::key(self.after, same.key),
                    }
                };
                self.way.push(at);
                let agrees = is_key && self.node(entry.value, same.value);
                self.way.pop();
                if !agrees {
                    return false;
                }
                at += 1;
            }
        }
        at == new.entries.len()
    }
}

/// Changes of a text with a line end at its end as those of the text without it, if `after` is what comes out.
fn unpad(original: &str, mut changes: Vec<Change>, after: &str) -> Vec<Change> {
    let len = original.len();
    let last = changes.pop_if(|change| change.span.range().end > len);
    let mut start = last.map_or(len, |last| last.span.range().start.min(len));
    let before = apply(&original[..start], &changes).len();
    // Where all of the last lines go, the line end before them does.
    let surplus = before.saturating_sub(after.len());
    start = start.saturating_sub(surplus);
    let tail = after.get(before - surplus..).unwrap_or_default();
    changes.extend(trim(original, start..len, tail));
    changes
}

fn entangled(error: Option<&EditError>) -> EditError {
    let why = error.map_or_else(String::new, |error| format!(" ({error})"));
    EditError::new(format!(
        "this place cannot be changed without changing more around it{why}: change it in the text"
    ))
}

/// A change without what is the same before and after; `None` where nothing is left.
fn trim(text: &str, range: Range<usize>, new: &str) -> Option<Change> {
    let old = &text[range.clone()];
    if old == new {
        return None;
    }
    let same = |pairs: &mut dyn Iterator<Item = (char, char)>| -> usize {
        pairs.take_while(|(a, b)| a == b).map(|(a, _)| a.len_utf8()).sum()
    };
    let front = same(&mut old.chars().zip(new.chars()));
    let (old, new) = (&old[front..], &new[front..]);
    let back = same(&mut old.chars().rev().zip(new.chars().rev()));
    let start = range.start + front;
    Some(Change {
        span: Span::new(start, start + old.len() - back),
        text: new[..new.len() - back].to_owned(),
    })
}
