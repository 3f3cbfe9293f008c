//! The connectors that come with the binary: the files of `providers/`, embedded.

use std::sync::{Arc, LazyLock};

use lockgate_flow::source::Source;
use rust_embed::RustEmbed;

use crate::connector::Connector;

#[derive(RustEmbed)]
#[folder = "providers/"]
#[include = "*.yaml"]
#[exclude = "*.contract.yaml"]
struct Files;

/// The shipped connectors, by name. One whose file has mistakes is none of them; a test of this crate finds it.
pub fn shipped() -> &'static [Arc<Connector>] {
    static SHIPPED: LazyLock<Vec<Arc<Connector>>> = LazyLock::new(|| {
        sources()
            .iter()
            .filter_map(|source| Connector::parse(source).0)
            .filter(Connector::is_sound)
            .map(Arc::new)
            .collect()
    });
    &SHIPPED
}

/// Their files.
fn sources() -> Vec<Arc<Source>> {
    let mut names: Vec<_> = Files::iter().collect();
    names.sort_unstable();
    names
        .iter()
        .filter_map(|name| {
            let file = Files::get(name)?;
            let text = String::from_utf8(file.data.into_owned()).ok()?;
            Some(Source::new(format!("connectors/{name}"), text))
        })
        .collect()
}

#[cfg(test)]
mod tests {
    use lockgate_flow::diagnostic::render_text;

    use super::*;

    #[test]
    fn every_file_is_sound() {
        let mut findings = Vec::new();
        for source in sources() {
            let (connector, found) = Connector::parse(&source);
            let name = connector.as_ref().map(Connector::name);
            let file = format!("connectors/{}.yaml", name.unwrap_or("?"));
            assert_eq!(source.path(), file, "a file has the name of its connector");
            findings.extend(found);
        }
        assert!(findings.is_empty(), "{}", render_text(&findings, false));
    }
}
