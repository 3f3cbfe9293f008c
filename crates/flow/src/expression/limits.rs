//! How large templates and what they make may become. A flow file and a request body are written by others:
//! past these bounds the answer is an error, never a full memory or a full stack.

/// Longest text of one template, in bytes.
pub const MAX_TEMPLATE_BYTES: usize = 64 * 1024;

/// Most tags (`{{…}}`) in one template. Handlebars counts lines from the start for each of them, so its work grows with
/// their number times the length of the text.
pub const MAX_TAGS: usize = 1000;

/// Deepest nesting of parentheses, literals and blocks in one template.
pub const MAX_NESTING: usize = 64;

/// Longest text that a template or a function gives, in bytes.
pub const MAX_OUTPUT_BYTES: usize = 1024 * 1024;

/// Longest list that a function makes.
pub const MAX_LIST_ITEMS: usize = 100_000;

/// Largest compiled form of a regular expression, in bytes.
pub const MAX_PATTERN_BYTES: usize = 1024 * 1024;
