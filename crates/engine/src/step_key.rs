//! Where in a run something happens: the structural path of a node, with loop indices.

use std::fmt;

/// The path of a node in a run, like `steps/3/then/0` or `steps/2/each/4/steps/0`.
///
/// The compiled graph holds the fixed part (`steps/2/each/#/steps/0`, one `#` a loop); the run adds the
/// indices. A called flow's steps hang below the `call` step. Nothing is allocated until a key is written out.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Hash)]
pub struct StepKey<'a> {
    /// The `call` step that started this flow, if it was called.
    pub parent: Option<&'a StepKey<'a>>,
    /// The node's path in its flow, with `#` for each loop index.
    pub path: &'a str,
    /// The indices for the `#`s, outermost first.
    pub indices: &'a [u32],
    /// What of the node: empty for its effect, else `input`, `if`, `wait`, ….
    pub part: &'static str,
}

impl fmt::Display for StepKey<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        if let Some(parent) = self.parent {
            write!(f, "{parent}/call/")?;
        }
        let mut indices = self.indices.iter();
        for (n, piece) in self.path.split('#').enumerate() {
            if n > 0 {
                match indices.next() {
                    Some(index) => write!(f, "{index}")?,
                    None => f.write_str("#")?,
                }
            }
            f.write_str(piece)?;
        }
        if !self.part.is_empty() {
            write!(f, "@{}", self.part)?;
        }
        Ok(())
    }
}

/// Written out as text.
impl serde::Serialize for StepKey<'_> {
    fn serialize<S: serde::Serializer>(&self, serializer: S) -> Result<S::Ok, S::Error> {
        serializer.collect_str(self)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_readable() {
        let call = StepKey {
            parent: None,
            path: "steps/2/each/#/steps/0",
            indices: &[4],
            part: "",
        };
        assert_eq!(call.to_string(), "steps/2/each/4/steps/0");
        let inner = StepKey {
            parent: Some(&call),
            path: "steps/1",
            indices: &[],
            part: "input",
        };
        assert_eq!(inner.to_string(), "steps/2/each/4/steps/0/call/steps/1@input");
    }
}
