//! The result of a replay, by method, path template and status.

use std::collections::BTreeMap;
use std::fmt;

#[derive(Debug, Default)]
pub(crate) struct Table {
    rows: BTreeMap<Kind, Counts>,
    pub(crate) misses: Vec<Miss>,
}

#[derive(Debug, Clone, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) struct Kind {
    pub(crate) path: String,
    pub(crate) method: String,
    pub(crate) status: u16,
}

#[derive(Debug, Default, Clone, Copy)]
pub(crate) struct Counts {
    /// Edited by hand, so no evidence.
    pub(crate) caution: u32,
    /// About something that the tenant does not emulate.
    pub(crate) skipped: u32,
    /// Compared, but the user had to be seeded from the answer, or the failure to be ordered.
    pub(crate) seeded: u32,
    pub(crate) seeded_equal: u32,
    /// Compared, all state coming from what was replayed before.
    pub(crate) compared: u32,
    pub(crate) equal: u32,
    /// Of the equal ones (seeded or not), those with the same order of keys.
    pub(crate) same_order: u32,
    /// Answers whose recorded cache and rate limit headers were compared, and agreed.
    pub(crate) headers: u32,
    pub(crate) headers_equal: u32,
}

/// An answer that differs.
#[derive(Debug)]
pub(crate) struct Miss {
    pub(crate) place: String,
    pub(crate) why: String,
}

impl Table {
    pub(crate) fn at(&mut self, path: &str, method: &str, status: u16) -> &mut Counts {
        self.rows
            .entry(Kind {
                path: path.to_owned(),
                method: method.to_owned(),
                status,
            })
            .or_default()
    }

    pub(crate) fn total(&self, which: impl Fn(&Kind) -> bool) -> Counts {
        self.rows
            .iter()
            .filter(|(kind, _)| which(kind))
            .fold(Counts::default(), |sum, (_, row)| Counts {
                caution: sum.caution + row.caution,
                skipped: sum.skipped + row.skipped,
                seeded: sum.seeded + row.seeded,
                seeded_equal: sum.seeded_equal + row.seeded_equal,
                compared: sum.compared + row.compared,
                equal: sum.equal + row.equal,
                same_order: sum.same_order + row.same_order,
                headers: sum.headers + row.headers,
                headers_equal: sum.headers_equal + row.headers_equal,
            })
    }
}

impl Counts {
    pub(crate) fn share(&self) -> f64 {
        f64::from(self.equal) / f64::from(self.compared.max(1))
    }
}

impl fmt::Display for Table {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        writeln!(
            f,
            "{:<6} {:<24} {:>6} {:>8} {:>6} {:>7} {:>12} {:>11} {:>12} {:>8} {:>8}",
            "method",
            "path",
            "status",
            "compared",
            "equal",
            "%",
            "seeded equal",
            "keys equal",
            "head. equal",
            "skipped",
            "caution"
        )?;
        let all = Kind {
            path: "all".into(),
            method: String::new(),
            status: 0,
        };
        let total = self.total(|_| true);
        for (kind, row) in self.rows.iter().chain([(&all, &total)]) {
            let share = if row.compared > 0 {
                format!("{:.1}", 100.0 * row.share())
            } else {
                "-".into()
            };
            writeln!(
                f,
                "{:<6} {:<24} {:>6} {:>8} {:>6} {share:>7} {:>12} {:>11} {:>12} {:>8} {:>8}",
                kind.method,
                kind.path,
                if kind.status == 0 {
                    String::new()
                } else {
                    kind.status.to_string()
                },
                row.compared,
                row.equal,
                format!("{}/{}", row.seeded_equal, row.seeded),
                row.same_order,
                format!("{}/{}", row.headers_equal, row.headers),
                row.skipped,
                row.caution,
            )?;
        }
        Ok(())
    }
}

impl fmt::Display for Miss {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{}: {}", self.place, self.why)
    }
}
