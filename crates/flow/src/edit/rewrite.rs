//! Writes lists and maps in lines that were written in brackets, where something is put in that needs lines of its own. What
//! stands in them keeps its text.

use super::change::EditError;
use super::chunk::{Chunk, hang};
use super::draft::Draft;
use super::put::{chunk_lines, indents};
use super::tree::{Data, Form, Id};
use super::write::Indents;

/// What is put into a list or map in brackets.
pub(super) struct Grown<'g> {
    /// The list or map, or what gets another value.
    pub(super) at: Id,
    pub(super) growth: Growth<'g>,
}

/// What is put in. Lines are made for the column of the keys around them.
pub(super) enum Growth<'g> {
    /// Steps, before an item.
    Items { index: usize, chunks: &'g [Chunk] },
    /// A key, before another.
    Entry {
        position: usize,
        lines: &'g dyn Fn(usize) -> Vec<String>,
    },
    /// What stands below the key, in the place of its value.
    Instead { lines: &'g dyn Fn(usize) -> Vec<String> },
}

impl Draft<'_, '_> {
    /// Writes the outermost brackets around a place in lines, and those within on the way to it.
    pub(super) fn rewrite(&mut self, grown: &Grown<'_>) -> Result<(), EditError> {
        let tree = self.tree;
        let mut outer = grown.at;
        while let Some(parent) = tree
            .node(outer)
            .parent
            .filter(|parent| tree.form(*parent) != Some(Form::Block))
        {
            outer = parent;
        }
        let node = tree.node(outer);
        if !tree.comments(node.lead..node.end).is_empty() {
            return Err(EditError::new(
                "comments stand in these brackets: write them in lines first, without brackets",
            ));
        }
        if node.lead < node.at {
            return Err(EditError::new(
                "an anchor stands before these brackets: write them in lines first",
            ));
        }
        let indents = indents(tree, Some(outer));
        if let Some((map, position)) = tree.entry_of(outer) {
            let offset = if tree.is_list(outer) {
                indents.list
            } else {
                indents.map
            };
            let lines = self.in_lines(outer, tree.column_of(map) + offset, indents, grown)?;
            return self.replace_behind_key(map, position, &lines);
        }
        let column = tree.column(node.at);
        let lines = self.in_lines(outer, column, indents, grown)?;
        self.replace(node.at..node.end, lines.join(tree.newline()).trim_start());
        Ok(())
    }

    /// Whether something changes within a node.
    fn is_touched(&self, id: Id, grown: &Grown<'_>) -> bool {
        let tree = self.tree;
        tree.is_within(grown.at, id)
            || tree
                .items(id)
                .iter()
                .any(|item| self.is_removed(item.node) || self.is_touched(item.node, grown))
            || tree
                .entries(id)
                .iter()
                .any(|entry| self.is_touched(entry.value, grown))
    }

    fn in_lines(
        &self,
        id: Id,
        column: usize,
        indents: Indents,
        grown: &Grown<'_>,
    ) -> Result<Vec<String>, EditError> {
        let tree = self.tree;
        let newline = tree.newline();
        let raw = |id: Id, column: usize| -> Vec<String> {
            let node = tree.node(id);
            hang(&tree.text[node.lead..node.end], column + 2)
                .lines()
                .map(str::to_owned)
                .collect()
        };
        let mut lines = Vec::new();
        match &tree.node(id).data {
            Data::List(list) => {
                for index in 0..=list.items.len() {
                    match &grown.growth {
                        Growth::Items { index: at, chunks } if grown.at == id && *at == index => {
                            lines.extend(chunk_lines(chunks, column, newline));
                        }
                        _ => {}
                    }
                    let Some(item) = list.items.get(index).filter(|item| !self.is_removed(item.node)) else {
                        continue;
                    };
                    let own = if self.is_touched(item.node, grown) {
                        self.in_lines(item.node, column + 2, indents, grown)?
                    } else {
                        raw(item.node, column)
                    };
                    lines.extend(behind(&format!("{:column$}- ", ""), own));
                }
            }
            Data::Map(map) if map.form == Form::Flow => {
                for position in 0..=map.entries.len() {
                    match &grown.growth {
                        Growth::Entry {
                            position: at,
                            lines: new,
                        } if grown.at == id && *at == position => {
                            lines.extend(new(column));
                        }
                        _ => {}
                    }
                    let Some(entry) = map
                        .entries
                        .get(position)
                        .filter(|entry| !self.is_removed(entry.value))
                    else {
                        continue;
                    };
                    let key = &tree.text[tree.node(entry.key).lead..tree.node(entry.key).end];
                    match &grown.growth {
                        Growth::Instead { lines: new } if grown.at == entry.value => {
                            lines.push(format!("{:column$}{key}:", ""));
                            lines.extend(new(column));
                        }
                        _ if self.is_touched(entry.value, grown) => {
                            let offset = if tree.is_list(entry.value) {
                                indents.list
                            } else {
                                indents.map
                            };
                            let own = self.in_lines(entry.value, column + offset, indents, grown)?;
                            let empty = if own.is_empty() { " []" } else { "" };
                            lines.push(format!("{:column$}{key}:{empty}", ""));
                            lines.extend(own);
                        }
                        _ => lines.extend(behind(
                            &format!("{:column$}{key}: ", ""),
                            raw(entry.value, column),
                        )),
                    }
                }
            }
            _ => return Err(EditError::new("these brackets cannot be written in lines here")),
        }
        Ok(lines)
    }
}

/// Lines whose first stands behind a dash or key.
fn behind(head: &str, lines: Vec<String>) -> Vec<String> {
    let mut lines = lines.into_iter();
    let first = lines.next().unwrap_or_default();
    let first = format!("{head}{}", first.trim_start()).trim_end().to_owned();
    std::iter::once(first).chain(lines).collect()
}
