//! Puts steps inside a new step, and takes them out of one again.

use std::collections::BTreeSet;
use std::ops::Range;

use serde_json::Value;

use super::change::EditError;
use super::chunk::Chunk;
use super::draft::Draft;
use super::kinds::Wrapper;
use super::meaning::{Key, Meaning};
use super::put::indents;
use super::steps::named;
use super::tree::{Form, Id, Tree};
use super::{fresh, names, path, scalar, write};

pub(super) fn wrap(draft: &mut Draft<'_, '_>, paths: &[String], within: Wrapper) -> Result<(), EditError> {
    let tree = draft.tree;
    let steps = named(tree, paths)?;
    let places: Vec<(Id, usize)> = steps.iter().filter_map(|step| tree.item_of(*step)).collect();
    let (list, first) = places[0];
    let are_neighbours = places
        .iter()
        .enumerate()
        .all(|(nth, place)| *place == (list, first + nth));
    if !are_neighbours || places.len() != steps.len() {
        return Err(EditError::new(
            "only steps that follow each other can be put inside one step",
        ));
    }
    let end = first + steps.len() - 1;
    let branches: Vec<Vec<usize>> = match within {
        Wrapper::Parallel => (first..=end).map(|index| vec![index]).collect(),
        _ => vec![(first..=end).collect()],
    };
    let head = Head::of(tree, &steps, within);
    let mut meanings = Vec::new();
    for step in &steps {
        meanings.push(Meaning::of(tree, *step)?);
        draft.means_removed(*step);
    }
    let mark = draft.means_items(list, first, vec![head.meaning(meanings)]);
    draft.select = Some(mark);
    if tree.form(list) == Some(Form::Block) {
        in_lines(draft, list, &branches, &head)
    } else {
        let items = tree.items(list);
        let last_branch = branches.len() - 1;
        for (nth, branch) in branches.iter().enumerate() {
            let (from, to) = (items[branch[0]].node, items[branch[branch.len() - 1]].node);
            let open = if nth == 0 {
                format!("{{ {}", head.before_brackets())
            } else {
                String::new()
            };
            let close = match (nth == last_branch, head.is_nested()) {
                (true, true) => "] } }",
                (true, false) => "] }",
                (false, _) => "]",
            };
            let name = head
                .names
                .get(nth)
                .map_or(String::new(), |name| format!("{}: ", scalar::key(name, None)));
            draft.insert(tree.node(from).lead, format!("{open}{name}["));
            draft.insert(tree.node(to).end, close);
        }
        Ok(())
    }
}

fn in_lines(
    draft: &mut Draft<'_, '_>,
    list: Id,
    branches: &[Vec<usize>],
    head: &Head,
) -> Result<(), EditError> {
    let tree = draft.tree;
    let newline = tree.newline();
    let column = tree.column(tree.items(list)[0].dash);
    let indents = indents(tree, Some(list));
    let key = column + 2;
    let inner = key + indents.list + if head.is_nested() { indents.map } else { 0 };
    let lines = |index: usize| {
        tree.item_lines(list, index)
            .ok_or_else(|| EditError::new("a list stands on the line of another list's dash"))
    };
    for (nth, branch) in branches.iter().enumerate() {
        let start = lines(branch[0])?.start;
        let mut above = Vec::new();
        if nth == 0 {
            above.extend(head.lines(column));
        }
        if head.is_nested() {
            let column = key + indents.map;
            above.push(format!("{:column$}{}:", "", head.key(nth).0));
        }
        let text: String = above.iter().flat_map(|line| [line.as_str(), newline]).collect();
        draft.insert(start, text);
        let below = match branches.get(nth + 1) {
            Some(next) => lines(next[0])?.start,
            None => lines(branch[branch.len() - 1])?.end,
        };
        draft.indent(start..below, column, inner);
    }
    Ok(())
}

/// The keys of the step around.
struct Head {
    within: Wrapper,
    /// What decides, or what is gone through.
    subject: Value,
    /// The branches, or the case.
    names: Vec<String>,
}

impl Head {
    fn of(tree: &Tree<'_>, steps: &[Id], within: Wrapper) -> Self {
        let (subject, names) = match within {
            Wrapper::If => (fresh::condition(tree), Vec::new()),
            Wrapper::Switch => {
                let (subject, cases) = fresh::subject(tree);
                (subject, cases.into_iter().take(1).collect())
            }
            Wrapper::Parallel => (Value::Null, branch_names(tree, steps)),
            Wrapper::ForEach => (fresh::elements(tree), Vec::new()),
        };
        Self {
            within,
            subject,
            names,
        }
    }

    /// Whether the steps stand two keys deep.
    fn is_nested(&self) -> bool {
        matches!(self.within, Wrapper::Switch | Wrapper::Parallel)
    }

    fn key(&self, nth: usize) -> (String, Key) {
        let around = (self.within == Wrapper::Switch).then_some("cases");
        super::put::key_of_list(self.names.get(nth).map_or("", String::as_str), around)
    }

    /// The first key, and the one that holds the steps.
    const fn keys(&self) -> (&'static str, Option<&'static str>) {
        match self.within {
            Wrapper::If => ("if", Some("then")),
            Wrapper::Switch => ("switch", Some("cases")),
            Wrapper::Parallel => ("parallel", None),
            Wrapper::ForEach => ("for_each", Some("steps")),
        }
    }

    fn lines(&self, column: usize) -> Vec<String> {
        let (first, second) = self.keys();
        let Some(second) = second else {
            return vec![format!("{:column$}- {first}:", "")];
        };
        vec![
            format!("{:column$}- {first}: {}", "", write::in_brackets(&self.subject)),
            format!("{:column$}  {second}:", ""),
        ]
    }

    fn before_brackets(&self) -> String {
        let (first, second) = self.keys();
        let brace = if self.is_nested() { "{ " } else { "" };
        match second {
            Some(second) => format!(
                "{first}: {}, {second}: {brace}",
                write::in_brackets(&self.subject)
            ),
            None => format!("{first}: {brace}"),
        }
    }

    fn meaning(&self, steps: Vec<Meaning>) -> Meaning {
        let (first, second) = self.keys();
        let inside = match self.within {
            Wrapper::If | Wrapper::ForEach => Meaning::List(steps),
            Wrapper::Switch => Meaning::Map(vec![(self.key(0).1, Meaning::List(steps))]),
            Wrapper::Parallel => Meaning::Map(
                steps
                    .into_iter()
                    .enumerate()
                    .map(|(nth, step)| (self.key(nth).1, Meaning::List(vec![step])))
                    .collect(),
            ),
        };
        Meaning::Map(match second {
            Some(second) => vec![
                (Key::text(first), Meaning::of_value(&self.subject)),
                (Key::text(second), inside),
            ],
            None => vec![(Key::text(first), inside)],
        })
    }
}

/// A name for each branch: the step's id, or what it does.
fn branch_names(tree: &Tree<'_>, steps: &[Id]) -> Vec<String> {
    let mut taken = BTreeSet::new();
    steps
        .iter()
        .map(|step| {
            let text = |key: &str| tree.get(*step, key).and_then(|node| tree.str(node));
            let verb = || {
                tree.entries(*step)
                    .iter()
                    .map(|it| tree.key(it))
                    .find(|it| crate::syntax::VERBS.contains(it))
            };
            let name = text("id")
                .map(fresh::snake)
                .or_else(|| text("action").map(fresh::last_part))
                .or_else(|| text("call").map(fresh::snake))
                .or_else(|| verb().map(fresh::snake))
                .filter(|name| crate::syntax::is_identifier(name))
                .unwrap_or_else(|| "branch".to_owned());
            let name = names::free(&name, &taken);
            taken.insert(name.clone());
            name
        })
        .collect()
}

pub(super) fn unwrap(draft: &mut Draft<'_, '_>, name: &str) -> Result<(), EditError> {
    let tree = draft.tree;
    let step = path::step(tree, name)?;
    let (list, index) = tree
        .item_of(step)
        .ok_or_else(|| EditError::new("the step stands in no list"))?;
    let taken_away = |key: &str| EditError::new(format!("its `{key}` would be lost: take it out first"));
    let get = |key: &str| tree.get(step, key);
    let is_choice = get("then").is_some() || get("else").is_some();
    for key in ["if", "on_error"] {
        if get(key).is_some() && !(key == "if" && is_choice) {
            return Err(taken_away(key));
        }
    }
    let inner: Vec<Id> = names::lists_of(tree, step)
        .into_iter()
        .filter(|list| !tree.items(*list).is_empty())
        .collect();
    // Branches run all; of the others only one does.
    if inner.len() > 1 && get("parallel").is_none() {
        return Err(EditError::new(
            "there are steps on several ways: move or take out those of all but one first",
        ));
    }
    let mut chunks = Vec::new();
    for list in &inner {
        chunks.extend(Chunk::run(tree, *list, 0, tree.items(*list).len() - 1)?);
    }
    if chunks.is_empty() {
        return Err(EditError::new("there is no step inside"));
    }
    let meanings: Vec<Meaning> = chunks.iter().flat_map(|chunk| chunk.meanings.clone()).collect();
    // What is no step cannot be selected.
    let selected = meanings
        .iter()
        .position(|meaning| matches!(meaning, Meaning::Map(_)));
    draft.means_removed(step);
    let first = draft.means_items(list, index, meanings);
    draft.select = selected.map(|nth| first.and_on(nth));
    let newline = tree.newline();
    let node = tree.node(step);
    let Some(lines) = tree.item_lines(list, index) else {
        if tree.form(list) == Some(Form::Block) || !tree.comments(node.lead..node.end).is_empty() {
            return Err(EditError::new("write this step in lines first, without brackets"));
        }
        let raws: Vec<&str> = inner
            .iter()
            .flat_map(|list| tree.items(*list))
            .map(|item| &tree.text[tree.node(item.node).lead..tree.node(item.node).end])
            .collect();
        draft.replace(node.lead..node.end, raws.join(", "));
        return Ok(());
    };
    let dash = tree.items(list)[index].dash;
    let column = tree.column(dash);
    let taken: Vec<Range<usize>> = inner
        .iter()
        .map(|list| {
            let end = tree.items(*list).len() - 1;
            match (tree.item_lines(*list, 0), tree.item_lines(*list, end)) {
                (Some(first), Some(end)) => first.start..end.end,
                _ => tree.node(*list).at..tree.node(*list).end,
            }
        })
        .collect();
    // What is said about the step around stays, above the first of the steps.
    let mut text = tree.text[lines.start..tree.line_start(dash)].to_owned();
    for comment in tree.comments(tree.line_start(dash)..lines.end) {
        if !taken.iter().any(|lines| lines.contains(&comment.start)) {
            text.extend([" ".repeat(column).as_str(), &tree.text[comment], newline]);
        }
    }
    for chunk in &chunks {
        text.push_str(&chunk.at(column, newline));
    }
    let has_end = lines.end < tree.text.len() || tree.text.ends_with('\n');
    let text = if has_end {
        text.as_str()
    } else {
        text.strip_suffix(newline).unwrap_or(&text)
    };
    draft.replace(lines, text);
    Ok(())
}
