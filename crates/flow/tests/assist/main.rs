//! What an editor asks: completion, explanations, definitions, scopes, forms, previews. `¦` is the cursor.

#![allow(clippy::unwrap_used, clippy::expect_used)]

#[path = "../support/mod.rs"]
mod support;

mod agreement;
mod completions;
mod definitions;
mod every_offset;
mod forms;
mod hovers;
mod previews;
mod scopes;
mod speed;

use lockgate_flow::assist::{Assist, Completions};
use lockgate_flow::catalog::Catalog;
use lockgate_flow::workspace::Workspace;

const GREETING: &str = "\
name: greeting
description: Says hello.
input:
  name: { type: string, description: Who is greeted. }
  language: { enum: [de, en], default: en }
  token: { type: string, secret: true, required: false }
steps:
  - return: { text: \"hello {{input.name}}\", length: 5 }
";

/// A flow, or `lockgate.yaml`, with a cursor in it, in a workspace with another flow.
struct Marked {
    workspace: Workspace,
    catalog: Catalog,
    path: &'static str,
    offset: usize,
    text: String,
}

impl Marked {
    fn flow(marked: &str) -> Self {
        Self::file(support::FLOW, marked)
    }

    fn file(path: &'static str, marked: &str) -> Self {
        let offset = marked.find('¦').expect("a cursor");
        let text = marked.replace('¦', "");
        let files = [(path, text.as_str()), ("flows/greeting.yaml", GREETING)];
        Self {
            workspace: support::check(&files),
            catalog: support::catalog::catalog(),
            path,
            offset,
            text,
        }
    }

    fn assist(&self) -> Assist<'_> {
        Assist::new(&self.workspace, &self.catalog, self.path)
    }

    fn completions(&self) -> Completions {
        self.assist().complete(self.offset)
    }

    /// The text with an item put in; `¦` where its cursor goes.
    #[track_caller]
    fn with(&self, label: &str) -> String {
        let found = self.completions();
        let item = found.items.iter().find(|item| item.label == label);
        let item = item.unwrap_or_else(|| panic!("no `{label}` in {:?}", labels(&found)));
        let mut text = self.text.clone();
        text.replace_range(found.span.range(), &item.insert.replacen("${}", "¦", 1));
        text
    }
}

fn labels(completions: &Completions) -> Vec<&str> {
    completions.items.iter().map(|item| item.label.as_str()).collect()
}
