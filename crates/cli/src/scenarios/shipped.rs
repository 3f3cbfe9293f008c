//! The scenarios of this binary.

use std::borrow::Cow;
use std::collections::BTreeMap;

use lockgate_flow::diagnostic::suggestion;
use lockgate_flow::source::Source;
use lockgate_flow::syntax::{FlowSyntax, parse};
use rust_embed::RustEmbed;

use crate::exit::Mistake;

#[derive(RustEmbed)]
#[folder = "../../scenarios"]
struct Files;

/// The page of a scenario, which is not copied.
const PAGE: &str = "README.md";

/// A workspace to start from.
#[derive(Clone, Debug)]
pub(crate) struct Scenario {
    /// The folder's name.
    pub(crate) name: String,
    /// The page's first heading.
    pub(crate) title: String,
    /// The page's first paragraph, on one line.
    pub(crate) summary: String,
    /// What explains it, in Markdown.
    pub(crate) page: String,
    /// Its files by their path in the workspace, without the page.
    pub(crate) files: BTreeMap<String, String>,
}

impl Scenario {
    /// Its flows as they are written, by path.
    pub(crate) fn flows(&self) -> impl Iterator<Item = (&str, FlowSyntax)> {
        self.files.iter().filter_map(|(path, text)| {
            let stem = path.strip_prefix("flows/")?.strip_suffix(".yaml")?;
            // A test of a flow is `<name>.test.yaml`, and a name holds no dot.
            if stem.contains('.') {
                return None;
            }
            let flow = parse(&Source::new(path.as_str(), text.as_str())).flow?;
            Some((path.as_str(), flow))
        })
    }
}

/// All scenarios, by name.
pub(crate) fn all() -> Vec<Scenario> {
    let mut scenarios: BTreeMap<String, BTreeMap<String, String>> = BTreeMap::new();
    for path in Files::iter() {
        let Some((name, file)) = path.split_once('/') else {
            continue;
        };
        let Some(embedded) = Files::get(&path) else {
            continue;
        };
        let text = match embedded.data {
            Cow::Borrowed(bytes) => String::from_utf8_lossy(bytes).into_owned(),
            Cow::Owned(bytes) => String::from_utf8_lossy(&bytes).into_owned(),
        };
        scenarios
            .entry(name.to_owned())
            .or_default()
            .insert(file.to_owned(), text);
    }
    scenarios
        .into_iter()
        .filter_map(|(name, mut files)| {
            let page = files.remove(PAGE)?;
            let (title, summary) = head(&page);
            Some(Scenario {
                name,
                title,
                summary,
                page,
                files,
            })
        })
        .collect()
}

/// The scenario of a name.
///
/// # Errors
/// There is none.
pub(crate) fn find(name: &str) -> Result<Scenario, Mistake> {
    let mut scenarios = all();
    if let Some(index) = scenarios.iter().position(|scenario| scenario.name == name) {
        return Ok(scenarios.swap_remove(index));
    }
    let help = suggestion(name, scenarios.iter().map(|scenario| scenario.name.as_str()))
        .unwrap_or_else(|| "`lockgate scenarios` lists them".to_owned());
    Err(Mistake::new(format!("there is no scenario `{name}`")).help(help))
}

/// A page's first heading and first paragraph.
fn head(page: &str) -> (String, String) {
    let title = page.lines().find_map(|line| line.strip_prefix("# "));
    let paragraph = page
        .lines()
        .skip_while(|line| line.trim().is_empty() || line.starts_with('#'))
        .take_while(|line| !line.trim().is_empty());
    (
        title.unwrap_or_default().trim().to_owned(),
        paragraph.map(str::trim).collect::<Vec<_>>().join(" "),
    )
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_head_of_a_page() {
        let page = "# Codes by e-mail\n\nSends a code,\nand checks it.\n\nMore.\n";
        assert_eq!(
            head(page),
            (
                "Codes by e-mail".to_owned(),
                "Sends a code, and checks it.".to_owned()
            )
        );
    }

    #[test]
    fn a_name_that_is_near_is_suggested() {
        let error = find("no-such-scenario").unwrap_err();
        assert_eq!(error.to_string(), "there is no scenario `no-such-scenario`");
    }
}
