//! One axis of the grid: every pixel at which something begins or ends gets a row (or a column).
//!
//! The order of the pixels is kept. A place is the least that is allowed: not before the place of any smaller pixel, not
//! on what already lies there, and as far behind other places as the words need. So nothing that is apart in the layout
//! meets in the grid, and nothing is drawn farther apart than it must be.

use std::collections::BTreeMap;

/// Something that takes room: from one pixel to another on the axis, and across it, in whatever unit the axis is used with.
#[derive(Clone, Copy, Debug)]
pub(super) struct Stretch {
    pub(super) from: i32,
    pub(super) to: i32,
    pub(super) across: (i32, i32),
    /// Free places before it.
    pub(super) before: i32,
}

/// What is known of an axis.
#[derive(Debug, Default)]
pub(super) struct Axis {
    stretches: Vec<Stretch>,
    /// From one pixel to a later one, how many places at the least.
    rules: Vec<(i32, i32, i32)>,
    /// Free places behind every stretch.
    after: i32,
    /// Tenths of a pixel in a place, where the axis is drawn to scale as far as it can be.
    scale: Option<i32>,
}

/// The places of an axis, by pixel.
#[derive(Debug, Default)]
pub(super) struct Cells(BTreeMap<i32, i32>);

impl Axis {
    pub(super) fn new(after: i32, scale: Option<i32>) -> Self {
        Self {
            after,
            scale,
            ..Self::default()
        }
    }

    /// Something that others may not lie on.
    pub(super) fn take(&mut self, stretch: Stretch) {
        self.stretches.push(stretch);
    }

    /// A pixel that lies at least so many places behind another.
    pub(super) fn apart(&mut self, from: i32, to: i32, least: i32) {
        self.rules.push((from, to, least));
    }

    /// Gives every pixel its place; the first gets 0.
    pub(super) fn solve(self) -> Cells {
        #[derive(Default)]
        struct Event {
            begins: Vec<Stretch>,
            ends: Vec<Stretch>,
            rules: Vec<(i32, i32)>,
        }
        let mut events: BTreeMap<i32, Event> = BTreeMap::new();
        let mut widest = 0;
        for stretch in self.stretches {
            widest = widest.max(stretch.across.1);
            events.entry(stretch.from).or_default().begins.push(stretch);
            events.entry(stretch.to).or_default().ends.push(stretch);
        }
        for (from, to, least) in self.rules {
            events.entry(from).or_default();
            events.entry(to).or_default().rules.push((from, least));
        }
        let index = |across: i32| usize::try_from(across).unwrap_or(0);
        // The first place that is free, for each unit across.
        let mut free = vec![0; index(widest) + 1];
        let mut cells: BTreeMap<i32, i32> = BTreeMap::new();
        let first = events.keys().next().copied().unwrap_or(0);
        let mut last = 0;
        for (pixel, event) in events {
            let mut cell = last;
            if let Some(scale) = self.scale {
                cell = cell.max((pixel - first) * 10 / scale);
            }
            for (from, least) in event.rules {
                cell = cell.max(cells.get(&from).copied().unwrap_or(0) + least);
            }
            for stretch in event.begins {
                let (low, high) = (index(stretch.across.0), index(stretch.across.1));
                let taken = free[low..=high].iter().copied().max().unwrap_or(0);
                cell = cell.max(taken + stretch.before);
            }
            for stretch in event.ends {
                let (low, high) = (index(stretch.across.0), index(stretch.across.1));
                for free in &mut free[low..=high] {
                    *free = (*free).max(cell + 1 + self.after);
                }
            }
            cells.insert(pixel, cell);
            last = cell;
        }
        Cells(cells)
    }
}

impl Cells {
    /// The place of a pixel that was named when the axis was set up.
    pub(super) fn of(&self, pixel: i32) -> i32 {
        self.0.get(&pixel).copied().unwrap_or(0)
    }

    /// One behind the last place.
    pub(super) fn len(&self) -> i32 {
        self.0.values().next_back().map_or(0, |last| last + 1)
    }
}
