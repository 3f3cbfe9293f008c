//! Reads conditions as other languages write them, `a == b && !c`, to tell their author how they are written here.
//! Nothing is ever evaluated from it: what it gives goes into the help of a finding.

use super::{functions, scan};

/// Operators and the functions that do the same, those of one rank together, the loosest first.
const RANKS: [&[(&str, &str)]; 5] = [
    &[("||", "or"), ("or", "or"), ("??", "default")],
    &[("&&", "and"), ("and", "and")],
    &[
        ("===", "eq"),
        ("!==", "ne"),
        ("==", "eq"),
        ("!=", "ne"),
        ("=", "eq"),
        ("<=", "le"),
        (">=", "ge"),
        ("<", "lt"),
        (">", "gt"),
        ("eq", "eq"),
        ("ne", "ne"),
        ("lt", "lt"),
        ("le", "le"),
        ("gt", "gt"),
        ("ge", "ge"),
    ],
    &[("+", "add"), ("-", "subtract")],
    &[("*", "multiply"), ("/", "divide"), ("%", "modulo")],
];

/// Most values that are looked at. It bounds the nesting too.
const MAX_VALUES: usize = 20;

/// The same in the words of this language; nothing where it cannot be read, or needs no other words.
pub(super) fn rewrite(text: &str) -> Option<String> {
    let mut reader = Reader {
        tokens: tokens(text)?,
        at: 0,
        is_foreign: false,
        values: 0,
    };
    let mut term = reader.infix(0)?;
    while reader.take("|") {
        let Token::Word { text: name, .. } = reader.next()? else {
            return None;
        };
        functions::find(&name)?;
        let mut arguments = vec![term];
        while reader.starts_value() {
            arguments.push(reader.value()?);
        }
        term = Term::Call(name, arguments);
    }
    (reader.is_foreign && reader.at == reader.tokens.len()).then(|| term.written())
}

enum Term {
    Atom(String),
    Call(String, Vec<Self>),
}

impl Term {
    fn written(&self) -> String {
        match self {
            Self::Atom(text) => text.clone(),
            Self::Call(name, arguments) => {
                let arguments = arguments.iter().map(|argument| match argument {
                    Self::Atom(text) => format!(" {text}"),
                    call @ Self::Call(..) => format!(" ({})", call.written()),
                });
                format!("{name}{}", arguments.collect::<String>())
            }
        }
    }
}

#[derive(Clone)]
enum Token {
    Word {
        text: String,
        /// Whether a parenthesis follows without a space.
        is_called: bool,
    },
    Quoted(String),
    Mark(&'static str),
}

const MARKS: [&str; 21] = [
    "===", "!==", "==", "!=", "<=", ">=", "&&", "||", "??", "<", ">", "!", "+", "*", "%", "|", "(", ")", ",",
    "=", "?",
];

/// The tokens; braces around expressions are passed over.
fn tokens(text: &str) -> Option<Vec<Token>> {
    let mut tokens = Vec::new();
    let mut at = 0;
    while let Some(first) = text[at..].chars().next() {
        let rest = &text[at..];
        if first.is_whitespace() {
            at += first.len_utf8();
        } else if rest.starts_with("{{") || rest.starts_with("}}") {
            at += 2;
        } else if matches!(first, '"' | '\'') {
            let end = scan::string_end(text, at).filter(|end| *end <= text.len())?;
            tokens.push(Token::Quoted(text[at..end].to_owned()));
            at = end;
        } else if let Some(mark) = MARKS.iter().find(|mark| rest.starts_with(**mark)) {
            // `name=value` is a named argument.
            if *mark == "=" && !text[..at].ends_with(char::is_whitespace) {
                return None;
            }
            tokens.push(Token::Mark(mark));
            at += mark.len();
        } else {
            let ends = |c: char| c.is_whitespace() || "\"'(),=!<>&|?+*%{}".contains(c);
            let length = rest.find(ends).filter(|length| *length > 0).unwrap_or(rest.len());
            let word = &rest[..length];
            if word.contains(['&', '{', '}']) {
                return None;
            }
            at += length;
            tokens.push(match word {
                "-" => Token::Mark("-"),
                "/" => Token::Mark("/"),
                word => Token::Word {
                    text: word.to_owned(),
                    is_called: text[at..].starts_with('('),
                },
            });
        }
    }
    Some(tokens)
}

struct Reader {
    tokens: Vec<Token>,
    at: usize,
    /// Whether something was read that this language writes otherwise.
    is_foreign: bool,
    values: usize,
}

impl Reader {
    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    fn take(&mut self, mark: &str) -> bool {
        let found = matches!(self.tokens.get(self.at), Some(Token::Mark(own)) if *own == mark);
        if found {
            self.at += 1;
            self.is_foreign |= !matches!(mark, "(" | ")");
        }
        found
    }

    /// The function of the infix operator that follows, if it is of this rank.
    fn operator(&self, rank: &[(&str, &'static str)]) -> Option<&'static str> {
        let own = match self.tokens.get(self.at)? {
            Token::Mark(mark) => *mark,
            Token::Word { text, .. } => text,
            Token::Quoted(_) => return None,
        };
        rank.iter()
            .find(|(operator, _)| *operator == own)
            .map(|(_, name)| *name)
    }

    fn infix(&mut self, rank: usize) -> Option<Term> {
        let Some(operators) = RANKS.get(rank) else {
            return self.value_or_call();
        };
        let mut term = self.infix(rank + 1)?;
        while let Some(name) = self.operator(operators) {
            self.at += 1;
            self.is_foreign = true;
            let right = self.infix(rank + 1)?;
            term = match term {
                // `a && b && c` is one call.
                Term::Call(own, mut arguments) if own == name && matches!(name, "and" | "or") => {
                    arguments.push(right);
                    Term::Call(own, arguments)
                }
                left => Term::Call(name.to_owned(), vec![left, right]),
            };
        }
        Some(term)
    }

    /// A value, or a call as it is written here: the function, then its arguments.
    fn value_or_call(&mut self) -> Option<Term> {
        if self.take("!") {
            self.values += 1;
            if self.values > MAX_VALUES {
                return None;
            }
            return Some(Term::Call("not".to_owned(), vec![self.value_or_call()?]));
        }
        if let Some(Token::Word {
            text: name,
            is_called: false,
        }) = self.tokens.get(self.at).cloned()
            && functions::find(&name).is_some()
        {
            self.at += 1;
            let mut arguments = Vec::new();
            while self.starts_value() {
                arguments.push(self.value()?);
            }
            return Some(if arguments.is_empty() {
                Term::Atom(name)
            } else {
                Term::Call(name, arguments)
            });
        }
        self.value()
    }

    fn starts_value(&self) -> bool {
        match self.tokens.get(self.at) {
            Some(Token::Word { .. }) => RANKS.iter().all(|rank| self.operator(rank).is_none()),
            Some(Token::Quoted(_) | Token::Mark("(")) => true,
            _ => false,
        }
    }

    /// A path, a literal, something in parentheses, or a call with them: `lower(a)`.
    fn value(&mut self) -> Option<Term> {
        self.values += 1;
        if self.values > MAX_VALUES {
            return None;
        }
        match self.next()? {
            Token::Mark("(") => {
                let inner = self.infix(0)?;
                self.take(")").then_some(inner)
            }
            Token::Mark(_) => None,
            Token::Quoted(text)
            | Token::Word {
                text,
                is_called: false,
            } => Some(Term::Atom(text)),
            Token::Word { text: name, .. } => {
                functions::find(&name)?;
                self.at += 1;
                self.is_foreign = true;
                let mut arguments = Vec::new();
                while !self.take(")") {
                    if !arguments.is_empty() {
                        let _ = self.take(",");
                    }
                    arguments.push(self.infix(0)?);
                }
                Some(Term::Call(name, arguments))
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::rewrite;

    #[test]
    fn other_languages() {
        for (text, expect) in [
            ("{{input.n}} == 3", Some("eq input.n 3")),
            ("gt(input.n, 2)", Some("gt input.n 2")),
            ("gt a 2 and lt b 5", Some("and (gt a 2) (lt b 5)")),
            ("!input.n", Some("not input.n")),
            ("a && b && !c", Some("and a b (not c)")),
            ("a || b && c", Some("or a (and b c)")),
            ("a == 'x y'", Some("eq a 'x y'")),
            ("(a + 1) * 2 >= b", Some("ge (multiply (add a 1) 2) b")),
            ("input.name | lower", Some("lower input.name")),
            ("input.a ?? \"none\"", Some("default input.a \"none\"")),
            ("a eq b", Some("eq a b")),
            ("length(input.ids) > 3", Some("gt (length input.ids) 3")),
            ("not(a)", Some("not a")),
            ("eq input.plan \"pro\"", None),
            ("and (eq a b) c", None),
            ("round 1 digits=2", None),
            ("a ? b : c", None),
            ("nope(a)", None),
            ("a ==", None),
            ("a b", None),
            ("(a == b", None),
            ("a & b", None),
            ("", None),
        ] {
            assert_eq!(rewrite(text).as_deref(), expect, "{text}");
        }
        let deep = format!("{}a{}", "(".repeat(100_000), " == b)".repeat(100_000));
        assert_eq!(rewrite(&deep), None);
        assert_eq!(rewrite(&"!".repeat(100_000)), None);
    }
}
