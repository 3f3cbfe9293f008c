//! The parser counts characters; everything else here counts bytes.

/// Where the characters of a text stand.
pub(crate) struct Places {
    /// Byte offset of each character; empty where the text is ASCII and both are the same.
    offsets: Vec<usize>,
    len: usize,
}

impl Places {
    pub(crate) fn of(text: &str) -> Self {
        let offsets = if text.is_ascii() {
            Vec::new()
        } else {
            text.char_indices().map(|(offset, _)| offset).collect()
        };
        Self {
            offsets,
            len: text.len(),
        }
    }

    /// The byte offset of a character; the text's end for what is beyond it.
    pub(crate) fn byte(&self, character: usize) -> usize {
        if self.offsets.is_empty() {
            return character.min(self.len);
        }
        self.offsets.get(character).copied().unwrap_or(self.len)
    }
}
