//! Steps as lines that can be put somewhere else, with their comments.

use super::change::EditError;
use super::meaning::Meaning;
use super::tree::{Form, Id, Tree};

/// One step or several, as items of a list in lines.
#[derive(Clone, Debug)]
pub(super) struct Chunk {
    /// Whole lines, each with its line end.
    pub(super) text: String,
    /// Where the dashes stand.
    pub(super) column: usize,
    /// What the items mean.
    pub(super) meanings: Vec<Meaning>,
}

impl Chunk {
    /// A list's item with the comments that belong to it.
    pub(super) fn of(tree: &Tree<'_>, list: Id, index: usize) -> Result<Self, EditError> {
        let item = tree.items(list)[index];
        let meanings = vec![Meaning::of(tree, item.node)?];
        let newline = tree.newline();
        if let Some(lines) = tree.item_lines(list, index) {
            let mut text = tree.text[lines].to_owned();
            if !text.ends_with('\n') {
                text.push_str(newline);
            }
            return Ok(Self {
                text,
                column: tree.column(item.dash),
                meanings,
            });
        }
        if tree.form(list) == Some(Form::Block) {
            return Err(EditError::new(
                "the step stands on the line of another list's dash",
            ));
        }
        let node = tree.node(item.node);
        Ok(Self {
            text: format!("- {}{newline}", hang(&tree.text[node.lead..node.end], 2)),
            column: 0,
            meanings,
        })
    }

    /// Items of a list that follow each other, as they stand, with what is between them.
    pub(super) fn run(tree: &Tree<'_>, list: Id, first: usize, end: usize) -> Result<Vec<Self>, EditError> {
        let mut chunks = (first..=end)
            .map(|index| Self::of(tree, list, index))
            .collect::<Result<Vec<_>, _>>()?;
        if let (Some(from), Some(to)) = (tree.item_lines(list, first), tree.item_lines(list, end)) {
            let mut text = tree.text[from.start..to.end].to_owned();
            if !text.ends_with('\n') {
                text.push_str(tree.newline());
            }
            let column = chunks.first().map_or(0, |chunk| chunk.column);
            let meanings = chunks.drain(..).flat_map(|chunk| chunk.meanings).collect();
            chunks.push(Self {
                text,
                column,
                meanings,
            });
        }
        Ok(chunks)
    }

    /// A list of steps in lines.
    pub(super) fn read(text: String) -> Result<Self, EditError> {
        let tree = Tree::read(&text)?;
        let root = tree.root.ok_or_else(|| EditError::new("there is no step"))?;
        let items = tree.items(root);
        let column = items.first().map_or(0, |item| tree.column(item.dash));
        let meanings = items
            .iter()
            .map(|item| Meaning::of(&tree, item.node))
            .collect::<Result<_, _>>()?;
        drop(tree);
        Ok(Self {
            text,
            column,
            meanings,
        })
    }

    /// The lines with their dashes in another column.
    pub(super) fn at(&self, column: usize, newline: &str) -> String {
        let text = shift(&self.text, self.column, column);
        let own = if self.text.contains("\r\n") { "\r\n" } else { "\n" };
        if own == newline {
            text
        } else {
            text.replace("\r\n", "\n").replace('\n', newline)
        }
    }
}

/// A text that begins within a line, with its further lines indented by at least `column`.
pub(super) fn hang(text: &str, column: usize) -> String {
    let Some((first, rest)) = text.split_once('\n') else {
        return text.to_owned();
    };
    let indent = rest
        .lines()
        .filter(|line| !line.trim().is_empty())
        .map(|line| line.len() - line.trim_start_matches(' ').len())
        .min()
        .unwrap_or(0);
    format!("{first}\n{}", shift(rest, indent, column))
}

/// Lines that are indented by `from`, indented by `to`. An empty line stays as it is, unless blanks beyond the indentation
/// may be a text's.
fn shift(text: &str, from: usize, to: usize) -> String {
    let mut out = String::with_capacity(text.len());
    for line in text.split_inclusive('\n') {
        let indent = line.len() - line.trim_start_matches(' ').len();
        let is_blank = line.trim().is_empty();
        if is_blank && indent <= from {
            out.push_str(line);
        } else if to >= from {
            out.extend(std::iter::repeat_n(' ', to - from));
            out.push_str(line);
        } else {
            out.push_str(&line[indent.min(from - to)..]);
        }
    }
    out
}
