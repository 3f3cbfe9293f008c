//! Reading recordings: one exchange a line, grouped into scripts that ran against one tenant.

use std::collections::BTreeMap;

use serde::Deserialize;
use serde_json::Value;

#[derive(Debug, Clone, Deserialize)]
pub(crate) struct Exchange {
    pub(crate) source: String,
    pub(crate) recording: String,
    pub(crate) blob: String,
    pub(crate) index: u64,
    pub(crate) method: String,
    pub(crate) path_template: String,
    pub(crate) path: String,
    #[serde(default)]
    pub(crate) query: Option<BTreeMap<String, String>>,
    #[serde(default)]
    pub(crate) request_body: Value,
    pub(crate) status: u16,
    #[serde(default)]
    pub(crate) response_headers: BTreeMap<String, String>,
    #[serde(default)]
    pub(crate) response_body: Value,
    /// Edited by hand.
    #[serde(default)]
    pub(crate) caution: Option<Value>,
    /// How many identical exchanges in a row this stands for.
    #[serde(default = "one")]
    pub(crate) repeats: u32,
}

fn one() -> u32 {
    1
}

impl Exchange {
    /// The path parameter as it was meant, and nothing for a path without one.
    pub(crate) fn user_id(&self) -> Option<String> {
        self.path_template.ends_with("{id}").then(|| {
            let path = self.path.split('?').next().unwrap();
            let last = path.rsplit('/').next().unwrap();
            percent_encoding::percent_decode_str(last)
                .decode_utf8()
                .unwrap()
                .into_owned()
        })
    }

    pub(crate) fn place(&self) -> String {
        format!(
            "{} {} #{}",
            self.recording,
            &self.blob[..self.blob.len().min(8)],
            self.index
        )
    }
}

/// The scripts in the order of the file, each in the order of its exchanges.
pub(crate) fn scripts(text: &str) -> Vec<Vec<Exchange>> {
    let mut order = Vec::new();
    let mut scripts: BTreeMap<(String, String), Vec<Exchange>> = BTreeMap::new();
    for line in text.lines().filter(|line| !line.trim().is_empty()) {
        let exchange: Exchange = serde_json::from_str(line).unwrap();
        let key = (exchange.source.clone(), exchange.blob.clone());
        if !scripts.contains_key(&key) {
            order.push(key.clone());
        }
        scripts.entry(key).or_default().push(exchange);
    }
    let script = |key| {
        let mut script = scripts.remove(&key).unwrap();
        script.sort_by_key(|exchange| exchange.index);
        script
    };
    order.into_iter().map(script).collect()
}
