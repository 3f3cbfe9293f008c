//! The text of a path, which Handlebars has found to be well-formed, taken apart with a span on each segment.
//!
//! Handlebars' own segments are of no use here: they carry no positions, and drop fields that are named `this`.

use std::ops::Range;

use super::ast::Segment;

/// A path as written, not yet resolved.
#[derive(Debug, Default, PartialEq)]
pub(super) struct WrittenPath {
    /// Begins with `this` or `./`.
    pub(super) current: bool,
    /// Begins with `@root`.
    pub(super) root: bool,
    /// Begins with `@`.
    pub(super) local: bool,
    /// How many `../` it has.
    pub(super) ups: usize,
    pub(super) segments: Vec<Segment>,
    pub(super) spans: Vec<Range<usize>>,
}

impl WrittenPath {
    /// Takes `text` apart; `offset` is where it starts.
    pub(super) fn read(text: &str, offset: usize) -> Self {
        let mut path = Self::default();
        let mut at = 0;
        for prefix in ["this.", "this/", "./"] {
            if text.starts_with(prefix) {
                path.current = true;
                at = prefix.len();
                break;
            }
        }
        if ["@root.", "@root/"]
            .iter()
            .any(|root| text[at..].starts_with(root))
        {
            path.root = true;
            at += "@root.".len();
        }
        if text[at..].starts_with('@') {
            path.local = true;
            at += 1;
        }
        while ["../", "..."].iter().any(|up| text[at..].starts_with(up)) {
            path.ups += 1;
            at += 3;
        }
        while at < text.len() {
            let rest = &text[at..];
            if let Some(bracketed) = rest.strip_prefix('[') {
                let length = bracketed.find(']').unwrap_or(bracketed.len());
                path.push(&bracketed[..length], offset + at + 1);
                at += (length + 2).min(rest.len());
            } else {
                let length = rest.find(['.', '/']).unwrap_or(rest.len());
                let name = &rest[..length];
                if name == "this" && path.segments.is_empty() && !path.root {
                    path.current = true;
                } else {
                    path.push(name, offset + at);
                }
                at += length;
            }
            // The separator.
            at += usize::from(text[at..].starts_with(['.', '/']));
        }
        path
    }

    fn push(&mut self, name: &str, start: usize) {
        self.segments.push(Segment::from_text(name));
        self.spans.push(start..start + name.len());
    }
}

impl Segment {
    /// Digits without a leading zero are an index.
    pub(super) fn from_text(name: &str) -> Self {
        let canonical = name == "0" || !name.starts_with('0');
        let digits = !name.is_empty() && name.bytes().all(|byte| byte.is_ascii_digit());
        match name.parse() {
            Ok(index) if canonical && digits => Self::Index(index),
            _ => Self::Key(name.into()),
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn shown(text: &str) -> String {
        let path = WrittenPath::read(text, 0);
        let mut out = "^".repeat(path.ups);
        for (flag, sign) in [(path.current, '.'), (path.root, '/'), (path.local, '@')] {
            out.extend(flag.then_some(sign));
        }
        for (segment, span) in path.segments.iter().zip(&path.spans) {
            match segment {
                Segment::Key(key) => {
                    assert_eq!(&text[span.clone()], &**key);
                    out.extend([" ", key]);
                }
                Segment::Index(index) => out.extend([" #", &index.to_string()]),
            }
        }
        out
    }

    #[test]
    fn paths_come_apart() {
        for (text, expected) in [
            ("input.email", " input email"),
            ("input.items.0", " input items #0"),
            ("input.items.[12].x", " input items #12 x"),
            ("input.007", " input 007"),
            ("input.[odd key].[a.b]", " input odd key a.b"),
            ("input.this", " input this"),
            ("this", "."),
            ("this.name", ". name"),
            ("./name", ". name"),
            ("../this", "^."),
            ("../../x.y", "^^ x y"),
            ("@index", "@ index"),
            ("@../index", "^@ index"),
            ("@root.input.x", "/ input x"),
            ("straße.größe", " straße größe"),
        ] {
            assert_eq!(shown(text), expected, "{text}");
        }
    }
}
