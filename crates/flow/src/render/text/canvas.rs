//! A page of characters, on which lines that meet become one.

use smallvec::SmallVec;
use unicode_width::UnicodeWidthChar as _;

/// What a line is drawn with. The last one wins where several share a cell.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq, PartialOrd, Ord)]
pub(super) enum Stroke {
    /// Of an error: dotted.
    #[default]
    Dotted,
    /// With round corners.
    Round,
    /// With square corners.
    Square,
    /// A bar.
    Heavy,
}

const NORTH: u8 = 1;
const EAST: u8 = 2;
const SOUTH: u8 = 4;
const WEST: u8 = 8;

#[derive(Clone, Debug, Default)]
struct Cell {
    /// The sides to which lines go.
    sides: u8,
    stroke: Stroke,
    /// A character with the marks on it, in the place of lines.
    text: Option<SmallVec<[char; 2]>>,
}

/// The page; it grows with what is drawn.
#[derive(Debug, Default)]
pub(super) struct Canvas {
    rows: Vec<Vec<Cell>>,
}

impl Canvas {
    fn cell(&mut self, row: i32, column: i32) -> &mut Cell {
        let (row, column) = (
            usize::try_from(row).unwrap_or(0),
            usize::try_from(column).unwrap_or(0),
        );
        if self.rows.len() <= row {
            self.rows.resize_with(row + 1, Vec::new);
        }
        let cells = &mut self.rows[row];
        if cells.len() <= column {
            cells.resize_with(column + 1, Cell::default);
        }
        &mut cells[column]
    }

    fn draw(&mut self, row: i32, column: i32, sides: u8, stroke: Stroke) {
        let cell = self.cell(row, column);
        cell.sides |= sides;
        cell.stroke = cell.stroke.max(stroke);
    }

    /// A line from one cell to another in the same row or column.
    pub(super) fn line(&mut self, (ar, ac): (i32, i32), (br, bc): (i32, i32), stroke: Stroke) {
        if ar == br {
            let (low, high) = (ac.min(bc), ac.max(bc));
            for column in low..=high {
                let east = if column < high { EAST } else { 0 };
                let west = if column > low { WEST } else { 0 };
                self.draw(ar, column, east | west, stroke);
            }
        } else {
            let (low, high) = (ar.min(br), ar.max(br));
            for row in low..=high {
                let south = if row < high { SOUTH } else { 0 };
                let north = if row > low { NORTH } else { 0 };
                self.draw(row, ac, south | north, stroke);
            }
        }
    }

    /// A character in the place of what is there.
    pub(super) fn put(&mut self, row: i32, column: i32, character: char) {
        self.cell(row, column).text = Some(SmallVec::from_slice(&[character]));
    }

    /// A text in the place of what is there.
    pub(super) fn write(&mut self, row: i32, column: i32, text: &str) {
        let mut column = column;
        for character in text.chars() {
            let width = i32::try_from(character.width().unwrap_or(0)).unwrap_or(0);
            if width == 0 {
                // A mark on the character before.
                if let Some(before) = &mut self.cell(row, column - 1).text {
                    before.push(character);
                }
                continue;
            }
            self.put(row, column, character);
            for covered in 1..width {
                // Nothing of its own; a mark on the character goes here.
                self.cell(row, column + covered).text = Some(SmallVec::new());
            }
            column += width;
        }
    }

    /// The page, without white space at the ends of lines.
    pub(super) fn text(&self) -> String {
        let mut out = String::new();
        for row in &self.rows {
            let start = out.len();
            for cell in row {
                match &cell.text {
                    Some(text) => out.extend(text),
                    None => out.push(glyph(cell.sides, cell.stroke)),
                }
            }
            out.truncate(start + out[start..].trim_end().len());
            out.push('\n');
        }
        out
    }
}

/// The character of lines to these sides.
fn glyph(sides: u8, stroke: Stroke) -> char {
    const LEVEL: u8 = EAST | WEST;
    const UPRIGHT: u8 = NORTH | SOUTH;
    let of = |heavy: char, square: char, round: char, dotted: char| match stroke {
        Stroke::Heavy => heavy,
        Stroke::Square => square,
        Stroke::Round => round,
        Stroke::Dotted => dotted,
    };
    match sides {
        0 => ' ',
        EAST | WEST | LEVEL => of('━', '─', '─', '┄'),
        NORTH | SOUTH | UPRIGHT => of('┃', '│', '│', '┆'),
        s if s == EAST | SOUTH => of('┏', '┌', '╭', '╭'),
        s if s == WEST | SOUTH => of('┓', '┐', '╮', '╮'),
        s if s == EAST | NORTH => of('┗', '└', '╰', '╰'),
        s if s == WEST | NORTH => of('┛', '┘', '╯', '╯'),
        s if s == LEVEL | SOUTH => of('┯', '┬', '┬', '┬'),
        s if s == LEVEL | NORTH => of('┷', '┴', '┴', '┴'),
        s if s == UPRIGHT | EAST => of('┠', '├', '├', '├'),
        s if s == UPRIGHT | WEST => of('┨', '┤', '┤', '┤'),
        _ => of('┿', '┼', '┼', '┼'),
    }
}
