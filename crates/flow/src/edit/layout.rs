//! Which lines belong to what: a step or key with its comments, the blank lines around it, how deep things are indented.
//!
//! Comments belong to what stands below them: those directly above, without an empty line between, and those inside and at
//! the ends of lines. Comments that stand deeper than a dash or key, below it, are inside.

use std::ops::Range;

use super::tree::{Form, Id, Tree};

impl Tree<'_> {
    /// Where the line of a place begins.
    pub(super) fn line_start(&self, at: usize) -> usize {
        self.text[..at].rfind('\n').map_or(0, |newline| newline + 1)
    }

    /// Where the line of a place ends, before its line end.
    pub(super) fn line_end(&self, at: usize) -> usize {
        match self.text[at..].find('\n') {
            Some(newline) if newline > 0 && self.text.as_bytes()[at + newline - 1] == b'\r' => {
                at + newline - 1
            }
            Some(newline) => at + newline,
            None => self.text.len(),
        }
    }

    /// Where the next line begins.
    pub(super) fn next_line(&self, at: usize) -> usize {
        self.text[at..]
            .find('\n')
            .map_or(self.text.len(), |newline| at + newline + 1)
    }

    /// How many characters stand before a place on its line.
    pub(super) fn column(&self, at: usize) -> usize {
        self.text[self.line_start(at)..at].chars().count()
    }

    /// The line end that this file has.
    pub(super) fn newline(&self) -> &'static str {
        match self.text.find('\n') {
            Some(at) if self.text[..at].ends_with('\r') => "\r\n",
            _ => "\n",
        }
    }

    /// Whether only blanks stand before a place on its line.
    pub(super) fn begins_line(&self, at: usize) -> bool {
        self.text[self.line_start(at)..at]
            .bytes()
            .all(|byte| byte == b' ')
    }

    /// The column of an item's dash or of a map's keys.
    pub(super) fn column_of(&self, id: Id) -> usize {
        self.column(self.node(id).at)
    }

    fn line(&self, start: usize) -> &str {
        &self.text[start..self.next_line(start)]
    }

    /// The end of what begins at a line with `column` and whose content ends at `end`: with the comments below it that
    /// stand deeper.
    fn lines_end(&self, end: usize, column: usize) -> usize {
        let mut at = self.next_line(end);
        let mut taken = at;
        while at < self.text.len() {
            let line = self.line(at);
            let indent = line.len() - line.trim_start_matches(' ').len();
            if line.trim_start().starts_with('#') && indent > column {
                taken = at + line.len();
            } else if !line.trim().is_empty() {
                break;
            }
            at += line.len();
        }
        taken
    }

    /// The first line of the comments directly above a line, not above `floor`.
    fn lines_start(&self, start: usize, floor: usize) -> usize {
        let mut start = start;
        while start > floor {
            let above = self.line_start(start - 1);
            if above < floor || !self.line(above).trim_start().starts_with('#') {
                break;
            }
            start = above;
        }
        start
    }

    /// The lines of an item of a block list, with its comments; `None` where it does not have its lines for itself.
    pub(super) fn item_lines(&self, list: Id, index: usize) -> Option<Range<usize>> {
        let items = self.items(list);
        let item = items.get(index)?;
        if self.form(list) != Some(Form::Block) || !self.begins_line(item.dash) {
            return None;
        }
        let column = self.column(item.dash);
        let floor = match index.checked_sub(1).and_then(|before| items.get(before)) {
            Some(before) => self.lines_end(self.node(before.node).end, column),
            None => self.head_end(list),
        };
        let start = self.line_start(item.dash);
        let start = self.lines_start(start, floor.min(start));
        Some(start..self.lines_end(self.node(item.node).end, column))
    }

    /// Where the line after a list's or map's own key begins.
    fn head_end(&self, id: Id) -> usize {
        self.entry_of(id).map_or(0, |(map, position)| {
            let entry = self.entries(map)[position];
            self.next_line(entry.colon.unwrap_or(self.node(entry.key).end))
        })
    }

    /// The lines of an entry of a block map, with its comments; `None` where it does not have its lines for itself: the
    /// first of a list's item stands behind the dash.
    pub(super) fn entry_lines(&self, map: Id, position: usize) -> Option<Range<usize>> {
        let entries = self.entries(map);
        let entry = entries.get(position)?;
        let lead = self.node(entry.key).lead;
        if self.form(map) != Some(Form::Block) || !self.begins_line(lead) {
            return None;
        }
        let column = self.column(lead);
        let start = self.line_start(lead);
        let floor = match position.checked_sub(1).and_then(|before| entries.get(before)) {
            Some(before) => self.lines_end(self.node(before.value).end, column),
            // What stands above the first key of a file is about the file.
            None if self.node(map).parent.is_none() => start,
            None => self.head_end(map),
        };
        let start = self.lines_start(start, floor.min(start));
        Some(start..self.entry_end(map, position))
    }

    /// Where the line after an entry's last begins.
    pub(super) fn entry_end(&self, map: Id, position: usize) -> usize {
        let entry = self.entries(map)[position];
        let column = self.column(self.node(entry.key).lead);
        self.lines_end(self.node(entry.value).end, column)
    }

    /// Where the empty lines after a place at a line's start end.
    pub(super) fn blank_after(&self, start: usize) -> usize {
        let mut at = start;
        while at < self.text.len() && self.line(at).trim().is_empty() {
            at += self.line(at).len();
        }
        at
    }

    /// Where the empty lines before a place at a line's start begin; those at the end of a text (`|+`) are none.
    pub(super) fn blank_before(&self, start: usize) -> usize {
        let mut at = start;
        while at > 0 {
            let above = self.line_start(at - 1);
            if !self.line(above).trim().is_empty() {
                break;
            }
            at = above;
        }
        // Only a text ends in an empty line: in its last one, before the line end that all lines have.
        let texts = self.nodes.iter().filter(|node| node.at < node.end);
        let ends = texts.map(|node| node.end).filter(|end| (at..start).contains(end));
        ends.max().map_or(at, |end| self.next_line(end).min(start))
    }

    /// How much deeper the dashes of a list under a key of this map stand: as in the list around it, or as in the file's
    /// first list.
    pub(super) fn list_offset(&self, map: Option<Id>) -> usize {
        let measured = |id: Id| {
            let (around, position) = self.entry_of(id)?;
            let (list, map) = (self.form(id)?, self.form(around)?);
            let is_list = self.is_list(id) && !self.items(id).is_empty();
            let key = self.entries(around)[position].key;
            (is_list && list == Form::Block && map == Form::Block).then(|| {
                self.column_of(id)
                    .saturating_sub(self.column(self.node(key).lead))
            })
        };
        let mut around = map;
        while let Some(id) = around {
            let own = self.entries(id).iter().find_map(|entry| measured(entry.value));
            if let Some(found) = measured(id).or(own) {
                return found;
            }
            around = self.node(id).parent;
        }
        (0..self.nodes.len()).find_map(measured).unwrap_or(2)
    }

    /// How much deeper the keys of a map under a key of this map stand.
    pub(super) fn map_offset(&self, map: Option<Id>) -> usize {
        let measured = |id: Id| {
            let (around, position) = self.entry_of(id)?;
            let is_map = self.form(id)? == Form::Block && self.is_map(id);
            let key = self.entries(around)[position].key;
            (is_map && self.form(around)? == Form::Block)
                .then(|| {
                    self.column_of(id)
                        .saturating_sub(self.column(self.node(key).lead))
                })
                .filter(|offset| *offset > 0)
        };
        let mut around = map;
        while let Some(id) = around {
            let own = self.entries(id).iter().find_map(|entry| measured(entry.value));
            if let Some(found) = own {
                return found;
            }
            around = self.node(id).parent;
        }
        (0..self.nodes.len()).find_map(measured).unwrap_or(2)
    }

    /// The comments within a stretch that are none of a scalar's text: each from its `#` to the end of its line.
    pub(super) fn comments(&self, within: Range<usize>) -> Vec<Range<usize>> {
        let mut leaves: Vec<(usize, usize)> = self
            .nodes
            .iter()
            .filter(|node| !matches!(node.data, super::tree::Data::List(_) | super::tree::Data::Map(_)))
            .filter(|node| node.end > within.start && node.at < within.end && node.end > node.at)
            .map(|node| (node.at, node.end))
            .collect();
        leaves.sort_unstable();
        let mut found = Vec::new();
        let mut at = within.start;
        for (start, end) in leaves.into_iter().chain([(within.end, within.end)]) {
            while at < start {
                let Some(hash) = self.text[at..start].find('#').map(|hash| at + hash) else {
                    break;
                };
                let stands_alone =
                    self.text[..hash].is_empty() || self.text[..hash].ends_with([' ', '\t', '\n', '\r']);
                let end = self.line_end(hash).min(start.max(hash + 1));
                if stands_alone {
                    found.push(hash..end);
                    at = end;
                } else {
                    at = hash + 1;
                }
            }
            at = at.max(end);
        }
        found
    }
}
