//! Fenced code blocks of a Markdown page, with the headings that they stand under.

/// A fenced block.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Block {
    /// The text of the last heading of level two before it; empty before the first.
    pub section: String,
    /// The nearest heading of any level before it.
    pub heading: String,
    /// The first word of the info string: `yaml`.
    pub language: String,
    /// The rest of the info string, as pairs; a word without `=` has an empty value.
    pub attributes: Vec<(String, String)>,
    /// The text.
    pub text: String,
    /// The line of its first row, from 1.
    pub line: usize,
}

impl Block {
    /// The value of an attribute.
    pub fn attribute(&self, name: &str) -> Option<&str> {
        self.attributes
            .iter()
            .find(|(known, _)| known == name)
            .map(|(_, value)| value.as_str())
    }
}

/// The fenced blocks of a page, in their order. A fence inside a list is not read.
pub fn blocks(page: &str) -> Vec<Block> {
    let (mut section, mut heading) = (String::new(), String::new());
    let mut found = Vec::new();
    let mut open: Option<Block> = None;
    for (number, line) in page.lines().enumerate() {
        if let Some(block) = &mut open {
            if line == "```" {
                found.extend(open.take());
            } else {
                block.text.push_str(line);
                block.text.push('\n');
            }
            continue;
        }
        if let Some(info) = line.strip_prefix("```") {
            let mut words = info.split_whitespace();
            open = Some(Block {
                section: section.clone(),
                heading: heading.clone(),
                language: words.next().unwrap_or_default().to_owned(),
                attributes: words
                    .map(|word| match word.split_once('=') {
                        Some((name, value)) => (name.to_owned(), value.to_owned()),
                        None => (word.to_owned(), String::new()),
                    })
                    .collect(),
                text: String::new(),
                line: number + 2,
            });
        } else if let Some(text) = line.strip_prefix("## ") {
            text.trim().clone_into(&mut section);
            heading.clone_from(&section);
        } else if line.starts_with("###") {
            line.trim_start_matches('#').trim().clone_into(&mut heading);
        }
    }
    assert!(open.is_none(), "a fence is not closed");
    found
}
