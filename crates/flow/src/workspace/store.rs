//! `store` of the workspace file: where and how runs are kept.

use std::time::Duration;

use super::settings::has_variable;
use crate::diagnostic::{Code, Severity, suggestion};
use crate::duration::parse_duration;
use crate::source::Span;
use crate::syntax::Reader;
use crate::yaml::{Data, Node, Spanned};

const KEYS: &[&str] = &["path", "durability", "flush_interval", "retention"];

const DEFAULT_PATH: &str = ".lockgate/runs.db";
const DEFAULT_FLUSH: Duration = Duration::from_millis(20);
/// Below, the disk is asked more often than it answers; above, a crash takes more than anyone expects.
const FLUSH: std::ops::RangeInclusive<Duration> = Duration::from_millis(1)..=Duration::from_secs(1);
const DEFAULT_AGE: Duration = DAY.saturating_mul(30);
const DEFAULT_COUNT: u64 = 1_000_000;
/// The shortest time that ended runs are kept: an idempotency key counts for 24 hours, and its run holds the answer.
const DAY: Duration = Duration::from_hours(24);

/// `store`, with the defaults where nothing is written.
#[derive(Clone, Debug, PartialEq)]
pub struct StoreSyntax {
    /// `path`: the database file, relative to the workspace. Its span is empty where the default stands.
    pub path: Spanned<String>,
    /// `durability`, and `flush_interval`.
    pub durability: DurabilitySyntax,
    /// `retention`.
    pub retention: RetentionSyntax,
    /// The value of `store`; empty where there is none.
    pub span: Span,
}

/// `durability`: what a crash may take.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum DurabilitySyntax {
    /// Nothing that was promised.
    Full,
    /// What happened within the last interval.
    Batched {
        /// `flush_interval`: from 1 ms to 1 s.
        flush_interval: Duration,
    },
}

/// `retention`: how long ended runs are kept, whichever is over first.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub struct RetentionSyntax {
    /// `age`: since their end, at least a day; `None` where it is `none`.
    pub age: Option<Duration>,
    /// `count`: how many, at least 1; `None` where it is `none`.
    pub count: Option<u64>,
}

impl Default for StoreSyntax {
    fn default() -> Self {
        Self {
            path: Spanned::new(DEFAULT_PATH.to_owned(), Span::default()),
            durability: DurabilitySyntax::Full,
            retention: RetentionSyntax::default(),
            span: Span::default(),
        }
    }
}

impl Default for RetentionSyntax {
    fn default() -> Self {
        Self {
            age: Some(DEFAULT_AGE),
            count: Some(DEFAULT_COUNT),
        }
    }
}

pub(super) fn read(reader: &mut Reader, node: &Node) -> StoreSyntax {
    let mut store = StoreSyntax {
        span: node.span,
        ..StoreSyntax::default()
    };
    let Some(mut fields) = reader.fields(node, "`store`") else {
        return store;
    };
    if let Some(path) = fields.take("path").and_then(|node| read_path(reader, node)) {
        store.path = path;
    }
    let durability = fields.take("durability");
    let flush = fields.take("flush_interval");
    store.durability = read_durability(reader, durability, flush);
    if let Some(node) = fields.take("retention") {
        store.retention = read_retention(reader, node);
    }
    fields.finish(reader, KEYS);
    store
}

fn read_path(reader: &mut Reader, node: &Node) -> Option<Spanned<String>> {
    let path = reader.text(node, "`path`")?;
    let text = path.value.as_str();
    let mistake = if text.is_empty() {
        Some("the path is empty")
    } else if text.ends_with(['/', '\\']) || matches!(text.rsplit(['/', '\\']).next(), Some("." | "..")) {
        Some("the path names a folder")
    } else if text.contains('\0') {
        Some("no file has this name")
    } else {
        None
    };
    if let Some(message) = mistake {
        let help = format!("write the file, like `{DEFAULT_PATH}`");
        reader.report_help(Code::InvalidStore, node.span, message, help);
        return None;
    }
    let written = has_variable(&text.into()).then_some("${…}");
    if let Some(mark) = written.or(text.starts_with("~/").then_some("~")) {
        let message = format!("`{mark}` is not read in `path`: it is part of the file's name");
        let help = "paths are relative to the folder of `lockgate.yaml`, or begin with `/`";
        reader.report_help(Code::InvalidStore, node.span, message, help);
        if let Some(finding) = reader.diagnostics.last_mut() {
            finding.severity = Severity::Warning;
        }
    }
    Some(path)
}

fn read_durability(reader: &mut Reader, durability: Option<&Node>, flush: Option<&Node>) -> DurabilitySyntax {
    let flush_interval = flush.and_then(|node| read_flush(reader, node));
    let text = durability.and_then(|node| reader.text(node, "`durability`"));
    match text.as_ref().map(|text| text.value.as_str()) {
        Some("batched") => DurabilitySyntax::Batched {
            flush_interval: flush_interval.unwrap_or(DEFAULT_FLUSH),
        },
        Some("full") | None => {
            // Where `durability` cannot be read, nobody knows whether the interval belongs to it.
            if let Some(node) = flush.filter(|_| durability.is_none() || text.is_some()) {
                let message = "`flush_interval` counts only with `durability: batched`";
                let help = "with `full`, what must be safe is on the disk before the run goes on: take it out, or write `durability: batched`";
                reader.report_help(Code::InvalidStore, node.span, message, help);
            }
            DurabilitySyntax::Full
        }
        Some(other) => {
            let message = format!("there is no durability `{other}`");
            let help = suggestion(other, ["full", "batched"]).unwrap_or_default();
            let span = text.as_ref().map_or_else(Span::default, |text| text.span);
            reader.report_help(Code::InvalidStore, span, message, help);
            DurabilitySyntax::Full
        }
    }
}

fn read_flush(reader: &mut Reader, node: &Node) -> Option<Duration> {
    let interval = reader.duration(node, "`flush_interval`")?.value;
    if FLUSH.contains(&interval) {
        return Some(interval);
    }
    let message = "`flush_interval` must be from 1ms to 1s";
    let help = "a crash takes what happened since the last flush; `20ms` is the default";
    reader.report_help(Code::InvalidStore, node.span, message, help);
    None
}

fn read_retention(reader: &mut Reader, node: &Node) -> RetentionSyntax {
    let mut retention = RetentionSyntax::default();
    let Some(mut fields) = reader.fields(node, "`retention`") else {
        return retention;
    };
    if let Some(node) = fields.take("age") {
        retention.age = read_age(reader, node, retention.age);
    }
    if let Some(node) = fields.take("count") {
        retention.count = if node.as_str() == Some("none") {
            None
        } else {
            reader
                .whole(node, "`count` (or `none`)", 1..=u64::from(u32::MAX))
                .or(retention.count)
        };
    }
    fields.finish(reader, &["age", "count"]);
    retention
}

fn read_age(reader: &mut Reader, node: &Node, default: Option<Duration>) -> Option<Duration> {
    if node.as_str() == Some("none") {
        return None;
    }
    if let Data::Scalar(scalar) = &node.data
        && let Ok(age) = parse_duration(&scalar.text)
        && age < DAY
    {
        let message = "ended runs are kept for a day at least";
        let help = "an idempotency key counts for 24 hours, and its run holds the answer: write `1d` or more";
        reader.report_help(Code::InvalidStore, node.span, message, help);
        return default;
    }
    let age = reader.duration(node, "`age` (or `none`)");
    age.map(|age| age.value).or(default)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::catalog::Catalog;
    use crate::source::Source;
    use crate::workspace::WorkspaceFile;

    fn read(store: &str) -> (StoreSyntax, Vec<String>) {
        let source = Source::new("lockgate.yaml", format!("version: 1\nstore: {store}\n"));
        let (file, findings) = WorkspaceFile::parse(&source, &Catalog::new());
        let findings = findings.into_iter().map(|finding| {
            let warning = if finding.is_error() { "" } else { " (warning)" };
            format!("{}{warning} {}", finding.code, finding.message)
        });
        (file.unwrap().store, findings.collect())
    }

    fn batched(milliseconds: u64) -> DurabilitySyntax {
        DurabilitySyntax::Batched {
            flush_interval: Duration::from_millis(milliseconds),
        }
    }

    #[test]
    fn the_store_is_read() {
        let (store, findings) = read("{}");
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(store.path.value, ".lockgate/runs.db");
        assert_eq!(store.durability, DurabilitySyntax::Full);
        assert_eq!(store.retention.age, Some(Duration::from_hours(720)));
        assert_eq!(store.retention.count, Some(1_000_000));
        let source = Source::new("lockgate.yaml", "version: 1\n");
        let (file, _) = WorkspaceFile::parse(&source, &Catalog::new());
        assert_eq!(file.unwrap().store, StoreSyntax::default());
        let (store, findings) = read(
            "{ path: /var/lib/lockgate/runs.db, durability: batched, flush_interval: 5ms, retention: { age: 1d, count: 7 } }",
        );
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(store.path.value, "/var/lib/lockgate/runs.db");
        assert!(store.path.span.start > 0 && store.span.start > 0);
        assert_eq!(store.durability, batched(5));
        assert_eq!(store.retention.age, Some(DAY));
        assert_eq!(store.retention.count, Some(7));
        let (store, findings) = read("{ durability: batched, retention: { age: none, count: none } }");
        assert_eq!(findings, Vec::<String>::new());
        assert_eq!(store.durability, batched(20));
        assert_eq!((store.retention.age, store.retention.count), (None, None));
        assert_eq!(
            read("{ durability: full, path: runs.db }").1,
            Vec::<String>::new()
        );
    }

    #[test]
    fn every_mistake_is_found_and_leaves_the_default() {
        let only_batched = "LG0705 `flush_interval` counts only with `durability: batched`";
        let bounds = "LG0705 `flush_interval` must be from 1ms to 1s";
        let day = "LG0705 ended runs are kept for a day at least";
        for (store, expect) in [
            ("[]", vec!["LG0104 `store` must be a map, not a list"]),
            ("{ pth: x }", vec!["LG0103 unknown key `pth` in `store`"]),
            ("{ path: '' }", vec!["LG0705 the path is empty"]),
            ("{ path: runs/ }", vec!["LG0705 the path names a folder"]),
            ("{ path: .. }", vec!["LG0705 the path names a folder"]),
            ("{ path: 5 }", vec!["LG0104 `path` must be a text, not a number"]),
            ("{ durability: ful }", vec!["LG0705 there is no durability `ful`"]),
            ("{ flush_interval: 20ms }", vec![only_batched]),
            ("{ durability: full, flush_interval: 20ms }", vec![only_batched]),
            ("{ durability: batched, flush_interval: 0ms }", vec![bounds]),
            ("{ durability: batched, flush_interval: 1001ms }", vec![bounds]),
            ("{ retention: { age: 23h } }", vec![day]),
            (
                "{ retention: { count: 0 } }",
                vec!["LG0104 `count` (or `none`) must be a whole number from 1 to 4294967295, not 0"],
            ),
            (
                "{ retention: { ages: 1d } }",
                vec!["LG0103 unknown key `ages` in `retention`"],
            ),
        ] {
            let (read, findings) = read(store);
            assert_eq!(findings, expect, "{store}");
            assert_eq!(read.retention, RetentionSyntax::default(), "{store}");
            assert_eq!(read.path.value, DEFAULT_PATH, "{store}");
        }
        for (store, code) in [
            ("{ retention: { age: 30 } }", "LG0408"),
            ("{ retention: { age: ~ } }", "LG0104"),
            ("{ durability: batched, flush_interval: soon }", "LG0408"),
            ("{ durability: [], flush_interval: 20ms }", "LG0104"),
        ] {
            let (_, findings) = read(store);
            assert_eq!(findings.len(), 1, "{store}: {findings:?}");
            assert!(findings[0].starts_with(code), "{store}: {findings:?}");
        }
    }

    #[test]
    fn what_is_not_read_in_a_path_is_told() {
        for path in ["${HOME}/runs.db", "~/runs.db"] {
            let (store, findings) = read(&format!("{{ path: '{path}' }}"));
            assert_eq!(store.path.value, path);
            assert_eq!(findings.len(), 1, "{findings:?}");
            assert!(findings[0].starts_with("LG0705 (warning)"), "{findings:?}");
        }
    }
}
