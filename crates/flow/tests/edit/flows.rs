//! The flows that are edited: all that ship, one with every verb, one in odd styles; as they are, and with comments
//! everywhere, with other line ends, without the last one.

use std::fs;
use std::path::{Path, PathBuf};
use std::sync::OnceLock;

use lockgate_flow::source::{Source, Span};
use lockgate_flow::yaml::{Data, Limits, Node, load};

use crate::dice::Dice;
use crate::support::seeds::EVERYTHING;

/// Written as few people write.
const ODD: &str = r#"---
# odd
input: { a: string, "b": { type: array }, }
steps:
- id: first # id
  action: log
  with: &hello
    message: >-
      folded
      text

      # no comment
    fields: { "a b": [1, 2,
      3], 'c': }


-   if: input.a
    name: "two\
      lines"
    then: [ { set: { x: 1 } }, { return: '{{steps.first}} it''s' } ]
    else:
    -
      # behind a dash
      set:
        y: |2
           indented

          less
- parallel: { one: [], two: [{ wait: 1m }] }
  on_error: continue
- switch: input.a
  cases:
    ? x
    : - return: 1
    7: []
    "no: 1": [ return: 2 ]
- action: log
  with: *hello
- for_each:
  - 1
  steps:

      - set: {

          z: 1 }
        notes: |+
          keep


      # the end
"#;

fn root() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR"))
        .ancestors()
        .nth(2)
        .unwrap()
        .to_owned()
}

fn collect(folder: &Path, found: &mut Vec<PathBuf>) {
    for entry in fs::read_dir(folder).unwrap() {
        let path = entry.unwrap().path();
        if path.is_dir() {
            collect(&path, found);
        } else {
            let name = path.to_string_lossy();
            if name.ends_with(".yaml") && !name.ends_with(".test.yaml") && name.contains("/flows/") {
                found.push(path);
            }
        }
    }
}

fn shipped() -> &'static [String] {
    static FLOWS: OnceLock<Vec<String>> = OnceLock::new();
    FLOWS.get_or_init(|| {
        let mut files = Vec::new();
        collect(&root().join("flows"), &mut files);
        collect(&root().join("scenarios"), &mut files);
        files.sort();
        assert!(files.len() > 30, "only {}", files.len());
        files
            .iter()
            .map(|file| fs::read_to_string(file).unwrap())
            .chain([EVERYTHING.to_owned(), ODD.to_owned()])
            .collect()
    })
}

/// One of them.
pub(crate) fn flow(which: usize) -> String {
    let flows = shipped();
    let (mut text, style) = (flows[which % flows.len()].clone(), which / flows.len());
    if style.is_multiple_of(2) {
        text = with_notes(&text);
    }
    if (style / 2).is_multiple_of(4) {
        text.truncate(text.trim_end_matches('\n').len());
    }
    if (style / 8).is_multiple_of(4) {
        text = text.replace('\n', "\r\n");
    }
    text
}

/// A text with a comment above and at the end of each line, where YAML takes one.
fn with_notes(text: &str) -> String {
    let source = Source::new("flows/it.yaml", text);
    let mut inside = Vec::new();
    if let Some(root) = load(&source, Limits::default()).root {
        scalars(&root, text, &mut inside);
    }
    let mut out = String::new();
    let mut start = 0;
    for (number, line) in text.split_inclusive('\n').enumerate() {
        let end = start + line.trim_end().len();
        let is_inside = |at: usize| inside.iter().any(|(from, to)| *from < at && at < *to);
        let content = line.trim_end_matches(['\n', '\r']);
        let indent = content.len() - content.trim_start().len();
        let is_plain = !content.trim().is_empty() && !content.starts_with("---");
        if is_plain && number > 0 && !is_inside(start) && !content.trim_start().starts_with('#') {
            out.extend([" ".repeat(indent), format!("# note-{number}a!\n")]);
        }
        out.push_str(content);
        if is_plain
            && !is_inside(end + 1)
            && !is_inside(end)
            && !content.contains('#')
            && !content.ends_with(['|', '>', '-', '+', '2', '\\'])
        {
            out.extend([format!(" #\tnote-{number}b! ")]);
        }
        out.push('\n');
        start += line.len();
    }
    let is_same = crate::model::try_value(&out) == crate::model::try_value(text);
    assert!(is_same, "the comments change the flow\n{out}");
    out
}

/// The stretches of scalars in several lines, with the lines that may be a block's after them.
fn scalars(node: &Node, text: &str, found: &mut Vec<(usize, usize)>) {
    match &node.data {
        Data::Scalar(_) => {
            let span = node.span.range();
            let from = text[..span.start]
                .rfind(['|', '>'])
                .filter(|at| text[*at..span.start].trim().len() <= 3);
            if text[span.clone()].contains('\n') || from.is_some_and(|at| text[at..span.start].contains('\n'))
            {
                let after = text[span.end..].len() - text[span.end..].trim_start().len();
                found.push((from.unwrap_or(span.start), span.end + after));
            }
        }
        Data::List(nodes) => nodes.iter().for_each(|node| scalars(node, text, found)),
        Data::Map(entries) => entries
            .iter()
            .for_each(|entry| scalars(&entry.value, text, found)),
        Data::Invalid => {}
    }
}

/// A step, and where it stands.
#[derive(Debug)]
pub(crate) struct StepPlace {
    pub(crate) path: String,
    pub(crate) span: Span,
    /// The keys in it: as JSON Pointers, those of steps inside it too.
    keys: Vec<String>,
    /// Those that no step stands under.
    data: Vec<String>,
    maps: Vec<String>,
}

/// What can be edited in a flow.
#[derive(Debug, Default)]
pub(crate) struct Flow {
    pub(crate) steps: Vec<StepPlace>,
    /// Lists of steps and how many they have, also those that are not there.
    pub(crate) lists: Vec<(String, usize)>,
}

/// Whether steps can be put where this stands.
fn may_hold(node: Option<&Node>) -> bool {
    node.is_none_or(|node| {
        node.as_list().is_some() || node.to_value().is_null() || node.as_str() == Some("continue")
    })
}

impl Flow {
    pub(crate) fn of(text: &str) -> Self {
        let source = Source::new("flows/it.yaml", text);
        let mut flow = Self::default();
        let Some(root) = load(&source, Limits::default()).root else {
            return flow;
        };
        flow.list("steps", root.get("steps"));
        flow.list("on_error", root.get("on_error"));
        flow
    }

    fn list(&mut self, path: &str, node: Option<&Node>) {
        let nodes = node.and_then(Node::as_list).unwrap_or_default();
        if may_hold(node) {
            self.lists.push((path.to_owned(), nodes.len()));
        }
        for (index, node) in nodes.iter().enumerate() {
            if node.as_map().is_some() {
                self.step(&format!("{path}/{index}"), node);
            }
        }
    }

    fn step(&mut self, path: &str, node: &Node) {
        let (mut keys, mut data, mut maps) = (Vec::new(), Vec::new(), Vec::new());
        pointers(node, "", &mut keys, &mut maps);
        data.extend(
            keys.iter()
                .filter(|key| {
                    let head = key.split('/').nth(1).unwrap_or_default();
                    ![
                        "then", "else", "cases", "default", "parallel", "steps", "on_error",
                    ]
                    .contains(&head)
                })
                .cloned(),
        );
        // What an alias stands for has its place elsewhere.
        let entries = node.as_map().unwrap_or_default();
        let start = entries
            .first()
            .map_or(node.span.start, |entry| entry.key.span.start);
        let ends = entries
            .iter()
            .flat_map(|entry| [entry.key.span, entry.value.span]);
        let end = ends
            .filter(|span| span.start >= start)
            .map(|span| span.end)
            .max()
            .unwrap_or(node.span.end);
        let span = Span { start, end };
        self.steps.push(StepPlace {
            path: path.to_owned(),
            span,
            keys,
            data,
            maps,
        });
        let escape = |key: &str| {
            key.replace('%', "%25")
                .replace('/', "%2F")
                .replace('#', "%23")
                .replace('@', "%40")
        };
        if node.get("then").is_some() || node.get("else").is_some() {
            self.list(&format!("{path}/then"), node.get("then"));
            self.list(&format!("{path}/else"), node.get("else"));
        }
        for verb in ["cases", "parallel"] {
            let Some(entries) = node.get(verb).and_then(Node::as_map) else {
                continue;
            };
            for entry in entries {
                self.list(
                    &format!("{path}/{verb}/{}", escape(&entry.key.text)),
                    Some(&entry.value),
                );
            }
            // What an edit before has put there may be no list.
            if !entries.iter().any(|entry| entry.key.text == "a new@1") {
                self.list(&format!("{path}/{verb}/a new%401"), None);
            }
        }
        if node.get("switch").is_some() {
            self.list(&format!("{path}/default"), node.get("default"));
        }
        if node.get("for_each").is_some() {
            self.list(&format!("{path}/each/#/steps"), node.get("steps"));
        }
        match node.get("on_error") {
            Some(map) if map.as_map().is_some() => {
                for entry in map.as_map().unwrap_or_default() {
                    self.list(
                        &format!("{path}/on_error/{}", escape(&entry.key.text)),
                        Some(&entry.value),
                    );
                }
            }
            other => self.list(&format!("{path}/on_error"), other),
        }
        let handlers = node.get("on_error");
        let may_have_codes = match handlers.filter(|handlers| handlers.as_map().is_some()) {
            Some(codes) => codes.get("timeout").is_none(),
            None => may_hold(handlers),
        };
        if may_have_codes {
            self.list(&format!("{path}/on_error/timeout"), None);
        }
    }

    pub(crate) fn span(&self, path: &str) -> Span {
        self.steps.iter().find(|step| step.path == path).unwrap().span
    }

    /// Paths in the order of the text.
    pub(crate) fn in_order(&self, paths: &[String]) -> Vec<String> {
        let mut paths = paths.to_vec();
        paths.sort_by_key(|path| self.span(path).start);
        paths
    }

    /// A key that is there, of some step.
    pub(crate) fn some_key(&self, dice: &mut Dice) -> (String, String) {
        let step = dice.pick(&self.steps);
        (step.path.clone(), dice.pick(&step.keys).clone())
    }

    /// A key that is there and that has no steps under it.
    pub(crate) fn some_data(&self, dice: &mut Dice) -> (String, String) {
        let step = dice.pick(&self.steps);
        let keys = if step.data.is_empty() {
            &step.keys
        } else {
            &step.data
        };
        (
            step.path.clone(),
            keys.get(dice.roll(keys.len()))
                .cloned()
                .unwrap_or_else(|| "/id".to_owned()),
        )
    }

    pub(crate) fn has_key(&self, path: &str, key: &str) -> bool {
        self.steps
            .iter()
            .any(|step| step.path == path && step.keys.iter().any(|own| own == key))
    }

    /// A map of some step, and a scalar somewhere in it.
    pub(crate) fn some_leaf(&self, dice: &mut Dice) -> Option<(String, String, String)> {
        let step = dice.pick(&self.steps);
        let map = dice.pick(&step.maps).clone();
        let is_leaf = |key: &&String| {
            let inside = format!("{key}/");
            key.starts_with(&format!("{map}/")) && !step.keys.iter().any(|other| other.starts_with(&inside))
        };
        let leaves: Vec<&String> = step.keys.iter().filter(is_leaf).collect();
        let leaf = leaves.get(dice.roll(leaves.len()))?;
        Some((step.path.clone(), map, (*leaf).clone()))
    }

    pub(crate) fn has_map(&self, path: &str, pointer: &str) -> bool {
        self.steps
            .iter()
            .any(|step| step.path == path && step.maps.iter().any(|map| map == pointer))
    }
}

fn pointers(node: &Node, at: &str, keys: &mut Vec<String>, maps: &mut Vec<String>) {
    match &node.data {
        Data::Map(entries) => {
            maps.push(at.to_owned());
            for entry in entries {
                let key = format!("{at}/{}", entry.key.text.replace('~', "~0").replace('/', "~1"));
                keys.push(key.clone());
                pointers(&entry.value, &key, keys, maps);
            }
        }
        Data::List(nodes) => {
            for (index, node) in nodes.iter().enumerate() {
                let key = format!("{at}/{index}");
                keys.push(key.clone());
                pointers(node, &key, keys, maps);
            }
        }
        _ => {}
    }
}
