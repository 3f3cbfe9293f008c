//! Makes new inputs from known ones: flips, cuts, repeats, and splices in words that mean something to the parsers.

use rand::rngs::StdRng;
use rand::{RngExt as _, SeedableRng as _};

/// Words that the parsers know.
const WORDS: &[&str] = &[
    "{{",
    "}}",
    "{{#if ",
    "{{/if}}",
    "{{#each ",
    "{{else}}",
    "(",
    ")",
    "[",
    "]",
    "{",
    "}",
    ": ",
    "- ",
    "\n",
    "\n  ",
    "\t",
    "&a ",
    "*a",
    "<<: *a",
    "!!str ",
    "|\n",
    ">-\n",
    "\"",
    "'",
    "\\",
    "#",
    "---\n",
    "steps",
    "steps.user.user_id",
    "input.",
    "if: ",
    "then:\n",
    "else:\n",
    "switch: ",
    "cases:\n",
    "parallel:\n",
    "for_each: ",
    "as: ",
    "yield: ",
    "set: ",
    "wait: ",
    "call: ",
    "respond:\n",
    "return: ",
    "fail: ",
    "on_error: continue",
    "retry: ",
    "timeout: 5s",
    "0123",
    "1e999",
    "null",
    "eq ",
    "<a>",
    "</a>",
    "<b c='d'/>",
    "<![CDATA[",
    "]]>",
    "<!--",
    "-->",
    "<?x ",
    "?>",
    "<!DOCTYPE a [<!ENTITY b \"c\">]>",
    "&amp;",
    "&#x",
    "&b;",
    "\"\"",
    ",\"",
    ";",
    "\r\n",
    "\u{feff}",
    "@",
    ".",
    "default ",
    "optional ",
    "now",
    "uuid",
    "\u{0}",
    "\u{feff}",
    "é",
    "\u{1f600}",
    "99999999999999999999999",
    "-0",
];

/// A source of inputs.
#[derive(Debug)]
pub struct Mutator {
    random: StdRng,
}

impl Mutator {
    /// The same seed gives the same inputs.
    pub fn new(seed: u64) -> Self {
        Self {
            random: StdRng::seed_from_u64(seed),
        }
    }

    /// A new input from one of the known ones, with one to eight changes.
    pub fn next(&mut self, known: &[Vec<u8>]) -> Vec<u8> {
        let mut input = self.pick(known).cloned().unwrap_or_default();
        for _ in 0..self.random.random_range(1..=8) {
            self.change(&mut input, known);
        }
        input.truncate(64 * 1024);
        input
    }

    fn pick<'a, T>(&mut self, from: &'a [T]) -> Option<&'a T> {
        if from.is_empty() {
            return None;
        }
        from.get(self.random.random_range(0..from.len()))
    }

    fn change(&mut self, input: &mut Vec<u8>, known: &[Vec<u8>]) {
        let at = self.random.random_range(0..=input.len());
        let end = (at + self.random.random_range(0..=32)).min(input.len());
        match self.random.random_range(0..7) {
            0 if at < input.len() => input[at] = self.random.random(),
            1 => drop(input.drain(at..end)),
            2 => {
                let piece = input[at..end].to_vec();
                let times = self.random.random_range(1..=20);
                input.splice(at..at, piece.repeat(times));
            }
            3 | 4 => {
                let word = self.pick(WORDS).copied().unwrap_or_default();
                input.splice(at..at, word.bytes());
            }
            5 => {
                if let Some(other) = self.pick(known).cloned() {
                    let from = self.random.random_range(0..=other.len());
                    let to = (from + self.random.random_range(0..=200)).min(other.len());
                    input.splice(at..end, other[from..to].iter().copied());
                }
            }
            _ => {
                // Whole lines, because indentation carries the meaning.
                let text = String::from_utf8_lossy(input).into_owned();
                let mut lines: Vec<&str> = text.split('\n').collect();
                let (from, to) = (
                    self.random.random_range(0..lines.len()),
                    self.random.random_range(0..lines.len()),
                );
                lines.swap(from, to);
                *input = lines.join("\n").into_bytes();
            }
        }
    }
}
