//! What the steps of a kept run are called: as the definition says that it is pinned to.

use lockgate_flow::catalog::Catalog;
use lockgate_flow::definition::{Compiled, Definition};
use lockgate_flow::graph::{Flow, Node, Op};

use crate::run::turns;

/// The names of a definition's steps.
pub(crate) struct Titles(Option<Compiled>);

impl Titles {
    /// Of no definition, or one that this binary cannot read any more, the steps have their paths only.
    pub(crate) fn of(definition: Option<&Definition>, catalog: &Catalog) -> Self {
        Self(definition.and_then(|definition| definition.compile(catalog).ok()))
    }

    /// What people see of a step, with the turns of the loops that it stands in: `user #2`.
    pub(crate) fn title(&self, key: &str) -> String {
        let title = self
            .node(key)
            .map_or_else(|| key.to_owned(), |node| node.title.to_string());
        turns(key).map_or_else(|| title.clone(), |turns| format!("{title} {turns}"))
    }

    fn node(&self, key: &str) -> Option<&Node> {
        place_of(self.0.as_ref()?, key).map(|(_, node)| node)
    }
}

/// The node at a key of a run, and the flow that it is in.
pub(crate) fn place_of<'a>(compiled: &'a Compiled, key: &str) -> Option<(&'a Flow, &'a Node)> {
    let Compiled { flow, flows } = compiled;
    let mut flow = flow;
    let mut parts = key.split("/call/").peekable();
    while let Some(part) = parts.next() {
        let path = structural_path(part);
        let mut nodes = flow.graph.node_weights();
        let node = nodes.find(|node| *node.path == *path && node.part.is_empty())?;
        match &node.op {
            _ if parts.peek().is_none() => return Some((flow, node)),
            Op::Call { flow: called, .. } => flow = flows.get(&**called)?,
            _ => return None,
        }
    }
    None
}

/// A key without the indices of a run and the part of the step: `steps/2/each/#/steps/0`.
pub(crate) fn structural_path(key: &str) -> String {
    let path = key.rsplit_once('@').map_or(key, |(path, _)| path);
    let mut is_each = false;
    let parts: Vec<&str> = path
        .split('/')
        .map(|part| {
            let is_index = is_each && part.bytes().all(|byte| byte.is_ascii_digit());
            is_each = part == "each";
            if is_index { "#" } else { part }
        })
        .collect();
    parts.join("/")
}

#[cfg(test)]
mod tests {
    use lockgate_flow::source::Source;
    use lockgate_flow::workspace::Workspace;

    use super::*;
    use crate::catalogue;

    #[test]
    fn steps_have_their_names() {
        let outer = "steps:\n  - id: pause\n    wait: 1s\n  - for_each: '[1, 2]'\n    name: each of them\n    steps:\n      \
                     - call: inner\n        name: ask\n";
        let outer = outer.replace("'[1, 2]'", "split \"a,b\" \",\"");
        let inner = "steps:\n  - id: waits\n    wait: 1s\n";
        let catalog = catalogue::catalog();
        let sources = [
            Source::new("flows/outer.yaml", outer.as_str()),
            Source::new("flows/inner.yaml", inner),
        ];
        let checked = Workspace::check(
            Some(&Source::new("lockgate.yaml", "version: 1\n")),
            &sources,
            &catalog,
        );
        let flows = checked.runnable();
        let definition = Definition::of(&flows["outer"], &flows, &std::collections::BTreeMap::new());
        let titles = Titles::of(Some(&definition), &catalog);
        for (key, expected) in [
            ("steps/0", "pause"),
            ("steps/0@until", "pause"),
            ("steps/1/each/1/steps/0", "ask #2"),
            ("steps/1/each/1/steps/0/call/steps/0", "waits #2"),
            ("steps/7", "steps/7"),
            ("steps/0/call/steps/0", "steps/0/call/steps/0"),
        ] {
            assert_eq!(titles.title(key), expected);
        }
        assert_eq!(Titles::of(None, &catalog).title("steps/0"), "steps/0");
    }
}
