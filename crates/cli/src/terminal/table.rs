//! Tables without rules: columns that stand below each other, wrapped to the terminal's width.

use comfy_table::{ColumnConstraint, ContentArrangement, Table as Inner, presets};

use super::{Style, Terminal};

/// A table for people.
pub(crate) struct Table {
    inner: Inner,
    style: Style,
    has_headings: bool,
    indent: usize,
}

impl Table {
    /// With a line of headings; without one where there are none.
    pub(crate) fn new(style: Style, headings: &[&str]) -> Self {
        Self::with_width(style, headings, Terminal::width())
    }

    fn with_width(style: Style, headings: &[&str], width: Option<u16>) -> Self {
        let mut inner = Inner::new();
        inner.load_style(presets::NOTHING);
        match width {
            Some(width) => inner
                .set_content_arrangement(ContentArrangement::Dynamic)
                .set_width(width),
            None => inner.set_content_arrangement(ContentArrangement::Disabled),
        };
        if !headings.is_empty() {
            inner.set_header(headings.iter().copied());
        }
        Self {
            inner,
            style,
            has_headings: !headings.is_empty(),
            indent: 0,
        }
    }

    /// Moved to the right.
    pub(crate) fn indented(mut self, by: usize) -> Self {
        self.indent = by;
        if let Some(width) = self.inner.width() {
            self.inner
                .set_width(width.saturating_sub(u16::try_from(by).unwrap_or(0)));
        }
        self
    }

    pub(crate) fn row<const N: usize>(&mut self, cells: [String; N]) {
        self.inner.add_row(cells);
    }

    pub(crate) fn is_empty(&self) -> bool {
        self.inner.is_empty()
    }

    /// The text, without blanks at the ends of lines. `✓` and `✗` get their colours here: the table measures what it
    /// is given, colours too.
    pub(crate) fn render(mut self) -> String {
        self.keep_short_columns();
        for (index, column) in self.inner.column_iter_mut().enumerate() {
            column.set_padding((u16::from(index > 0), 1));
        }
        let indent = " ".repeat(self.indent);
        let line = |(number, line): (usize, String)| {
            let line = line.trim_end();
            let line = if number == 0 && self.has_headings {
                self.style.dim(line)
            } else {
                line.replace('✓', &self.style.good("✓"))
                    .replace('✗', &self.style.bad("✗"))
            };
            format!("{indent}{line}\n")
        };
        self.inner.lines().enumerate().map(line).collect()
    }

    /// In a narrow terminal it is the texts that break, in the last columns, not the names before them.
    fn keep_short_columns(&mut self) {
        const LEFT_FOR_TEXT: u16 = 20;
        const PADDING: u16 = 2;
        let Some(width) = self.inner.width() else { return };
        let widths = self.inner.column_max_content_widths();
        let mut taken = 0;
        for (index, own) in widths.iter().enumerate().take(widths.len().saturating_sub(1)) {
            taken += own + PADDING;
            if taken + LEFT_FOR_TEXT > width {
                break;
            }
            if let Some(column) = self.inner.column_mut(index) {
                column.set_constraint(ColumnConstraint::ContentWidth);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::ColorChoice;

    #[test]
    fn columns_stand_below_each_other_and_wrap() {
        let style = Style::new(ColorChoice::Never, false);
        let table = |width| {
            let mut table = Table::with_width(style, &["name", "what it does"], width).indented(2);
            table.row(["log".to_owned(), "Writes a line to the log".to_owned()]);
            table.row(["http.request".to_owned(), "✓".to_owned()]);
            table.render()
        };
        assert_eq!(
            table(None),
            "  name          what it does\n  log           Writes a line to the log\n  http.request  ✓\n"
        );
        assert_eq!(
            table(Some(30)),
            "  name          what it does\n  log           Writes a line\n                to the log\n  http.request  ✓\n"
        );
        assert_eq!(
            table(Some(36)),
            "  name          what it does\n  log           Writes a line to\n                the log\n  \
             http.request  ✓\n"
        );
    }
}
