//! A statement's text, read as far as it must be: whether it is one statement, how it begins, and which parameters it has.
//!
//! Only as much of SQL as that takes: comments, texts, quoted names, dollar quotes (PostgreSQL §4.1). The text is the
//! flow author's own, never a caller's, so what is misread here is a mistake, not an injection.

use std::ops::Range;

/// Words that begin what has no place in a step: they change the connection, which other steps use after this one.
const SESSION: &[&str] = &[
    "ABORT",
    "ATTACH",
    "BEGIN",
    "CLOSE",
    "COMMIT",
    "COPY",
    "DEALLOCATE",
    "DECLARE",
    "DETACH",
    "DISCARD",
    "END",
    "EXECUTE",
    "FETCH",
    "LISTEN",
    "LOAD",
    "MOVE",
    "PRAGMA",
    "PREPARE",
    "RELEASE",
    "RESET",
    "ROLLBACK",
    "SAVEPOINT",
    "SET",
    "START",
    "UNLISTEN",
    "VACUUM",
];

/// Words that begin a statement that writes.
const WRITES: &[&str] = &[
    "ALTER", "ANALYZE", "CALL", "COMMENT", "CREATE", "DELETE", "DO", "DROP", "GRANT", "INSERT", "LOCK",
    "MERGE", "NOTIFY", "REFRESH", "REINDEX", "REPLACE", "REVOKE", "TRUNCATE", "UPDATE",
];

/// Why a text is no statement that can be run.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub(super) enum StatementProblem {
    /// Nothing but comments.
    #[error("there is no statement")]
    Empty,
    /// Something behind a semicolon.
    #[error("there is more than one statement")]
    Several,
    /// A quote or a comment without its end.
    #[error("{0} is not closed")]
    Open(&'static str),
    /// It would change the connection.
    #[error("`{0}` changes the connection, which other steps use")]
    Session(String),
    /// `$1` beside `:name`.
    #[error("it has both numbered and named parameters")]
    Mixed,
}

/// A parameter as it stands in a statement.
#[derive(Clone, Debug, PartialEq, Eq)]
struct Placeholder {
    name: Name,
    place: Range<usize>,
}

/// What a parameter is called.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Name {
    /// `$1`.
    Number(usize),
    /// `:name`.
    Text(String),
}

/// One statement.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Statement {
    text: String,
    /// In capitals.
    first_word: String,
    placeholders: Vec<Placeholder>,
}

impl Statement {
    /// Reads a statement.
    pub(super) fn parse(text: &str) -> Result<Self, StatementProblem> {
        let mut scan = Scan { text, at: 0 };
        let mut first_word = String::new();
        let mut placeholders: Vec<Placeholder> = Vec::new();
        let (mut has_any, mut has_ended) = (false, false);
        while let Some(token) = scan.next()? {
            match token {
                Token::Semicolon => {
                    has_ended |= has_any;
                    continue;
                }
                // The body of a trigger or a function has semicolons of its own; the databases take one statement only.
                _ if has_ended && first_word != "CREATE" => return Err(StatementProblem::Several),
                Token::Word(place) if first_word.is_empty() => {
                    first_word = text[place].to_ascii_uppercase();
                }
                Token::Parameter(placeholder) => placeholders.push(placeholder),
                Token::Word(_) | Token::Other => {}
            }
            has_any = true;
        }
        if !has_any {
            return Err(StatementProblem::Empty);
        }
        if SESSION.contains(&&*first_word) {
            return Err(StatementProblem::Session(first_word));
        }
        let numbered = placeholders
            .iter()
            .filter(|placeholder| matches!(placeholder.name, Name::Number(_)))
            .count();
        if numbered != 0 && numbered != placeholders.len() {
            return Err(StatementProblem::Mixed);
        }
        Ok(Self {
            text: text.to_owned(),
            first_word,
            placeholders,
        })
    }

    /// As its author wrote it.
    pub(super) fn text(&self) -> &str {
        &self.text
    }

    /// Whether it is known to write by how it begins.
    pub(super) fn writes(&self) -> Option<&str> {
        WRITES.contains(&&*self.first_word).then_some(&*self.first_word)
    }

    /// Whether it begins as one that only gives rows.
    pub(super) fn gives_rows_only(&self) -> bool {
        matches!(
            &*self.first_word,
            "SELECT" | "VALUES" | "TABLE" | "SHOW" | "EXPLAIN"
        )
    }

    /// Whether it begins as one that inserts, updates or deletes rows.
    pub(super) fn changes_rows(&self) -> bool {
        matches!(
            &*self.first_word,
            "INSERT" | "UPDATE" | "DELETE" | "REPLACE" | "MERGE" | "WITH"
        )
    }

    /// What the parameters are called: each once, in the order in which they stand there first.
    pub(super) fn parameters(&self) -> Vec<&Name> {
        let mut names: Vec<&Name> = Vec::new();
        for placeholder in &self.placeholders {
            if !names.contains(&&placeholder.name) {
                names.push(&placeholder.name);
            }
        }
        names
    }

    /// The text with numbers in the place of names, for PostgreSQL, which has no names: number 1 is the first of
    /// [`Statement::parameters`].
    pub(super) fn numbered(&self) -> String {
        let names = self.parameters();
        let mut text = String::with_capacity(self.text.len());
        let mut done = 0;
        for placeholder in &self.placeholders {
            if let (Name::Text(_), Some(index)) = (
                &placeholder.name,
                names.iter().position(|name| **name == placeholder.name),
            ) {
                text.push_str(&self.text[done..placeholder.place.start]);
                text.push('$');
                text.push_str(&(index + 1).to_string());
                done = placeholder.place.end;
            }
        }
        text.push_str(&self.text[done..]);
        text
    }
}

enum Token {
    Word(Range<usize>),
    Parameter(Placeholder),
    Semicolon,
    Other,
}

struct Scan<'a> {
    text: &'a str,
    at: usize,
}

impl<'a> Scan<'a> {
    fn rest(&self) -> &'a str {
        &self.text[self.at..]
    }

    /// The next token that is neither space nor comment.
    fn next(&mut self) -> Result<Option<Token>, StatementProblem> {
        loop {
            let rest = self.rest();
            let Some(first) = rest.chars().next() else {
                return Ok(None);
            };
            if first.is_whitespace() {
                self.at += first.len_utf8();
            } else if rest.starts_with("--") {
                self.at += rest.find('\n').unwrap_or(rest.len());
            } else if rest.starts_with("/*") {
                self.comment()?;
            } else {
                return self.token(first).map(Some);
            }
        }
    }

    fn token(&mut self, first: char) -> Result<Token, StatementProblem> {
        let start = self.at;
        let rest = self.rest();
        match first {
            '\'' => self.quoted('\'', "a text")?,
            '"' => self.quoted('"', "a quoted name")?,
            '`' => self.quoted('`', "a quoted name")?,
            // A cast is no parameter.
            ':' if rest.starts_with("::") => self.at += 2,
            ':' if rest[1..].starts_with(is_name_start) => {
                let length = name_length(&rest[1..]);
                self.at += 1 + length;
                let name = Name::Text(rest[1..=length].to_owned());
                let place = start..self.at;
                return Ok(Token::Parameter(Placeholder { name, place }));
            }
            '$' => return self.dollar(),
            ';' => {
                self.at += 1;
                return Ok(Token::Semicolon);
            }
            // A text in which a backslash takes the next character along (PostgreSQL §4.1.2.2).
            'e' | 'E' if rest[1..].starts_with('\'') => self.escaped()?,
            c if is_name_start(c) => {
                self.at += name_length(rest);
                return Ok(Token::Word(start..self.at));
            }
            // `1e5` is one number, not a number and a name.
            c if c.is_ascii_digit() => self.at += name_length(rest),
            c => self.at += c.len_utf8(),
        }
        Ok(Token::Other)
    }

    /// To the quote that ends it; two of them stand for one.
    fn quoted(&mut self, quote: char, what: &'static str) -> Result<(), StatementProblem> {
        self.at += 1;
        loop {
            let end = self.rest().find(quote).ok_or(StatementProblem::Open(what))?;
            self.at += end + 1;
            if !self.rest().starts_with(quote) {
                return Ok(());
            }
            self.at += 1;
        }
    }

    fn escaped(&mut self) -> Result<(), StatementProblem> {
        self.at += 2;
        loop {
            let mut rest = self.rest().char_indices();
            let (end, c) = rest
                .find(|(_, c)| matches!(c, '\'' | '\\'))
                .ok_or(StatementProblem::Open("a text"))?;
            let follower = rest.next().map(|(_, c)| c);
            self.at += end + 1;
            match (c, follower) {
                ('\\', Some(follower)) => self.at += follower.len_utf8(),
                ('\'', Some('\'')) => self.at += 1,
                ('\'', _) => return Ok(()),
                _ => return Err(StatementProblem::Open("a text")),
            }
        }
    }

    /// `$1`, `$name` (SQLite calls parameters so, too; here it is a name that does not begin a quote), `$tag$ … $tag$`.
    fn dollar(&mut self) -> Result<Token, StatementProblem> {
        let start = self.at;
        let rest = self.rest();
        let digits = rest[1..].bytes().take_while(u8::is_ascii_digit).count();
        if digits > 0 {
            self.at += 1 + digits;
            // More digits than a number has are no number that a list of parameters reaches.
            let number = rest[1..=digits].parse().unwrap_or(usize::MAX);
            let place = start..self.at;
            return Ok(Token::Parameter(Placeholder {
                name: Name::Number(number),
                place,
            }));
        }
        let tag = if rest[1..].starts_with(is_name_start) {
            // A tag has no dollar sign in it.
            rest[1..]
                .find(|c| !is_name_part(c) || c == '$')
                .unwrap_or(rest.len() - 1)
        } else {
            0
        };
        let Some(quote) = rest.get(..tag + 2).filter(|quote| quote.ends_with('$')) else {
            self.at += 1 + tag;
            return Ok(Token::Other);
        };
        let end = rest[quote.len()..]
            .find(quote)
            .ok_or(StatementProblem::Open("a dollar-quoted text"))?;
        self.at += end + 2 * quote.len();
        Ok(Token::Other)
    }

    /// PostgreSQL's are nested.
    fn comment(&mut self) -> Result<(), StatementProblem> {
        let mut depth = 0_usize;
        loop {
            let rest = self.rest();
            if rest.starts_with("/*") {
                depth += 1;
                self.at += 2;
            } else if rest.starts_with("*/") {
                depth -= 1;
                self.at += 2;
                if depth == 0 {
                    return Ok(());
                }
            } else {
                let c = rest.chars().next().ok_or(StatementProblem::Open("a comment"))?;
                self.at += c.len_utf8();
            }
        }
    }
}

fn is_name_start(c: char) -> bool {
    c.is_alphabetic() || c == '_'
}

fn is_name_part(c: char) -> bool {
    c.is_alphanumeric() || matches!(c, '_' | '$')
}

fn name_length(text: &str) -> usize {
    text.find(|c| !is_name_part(c)).unwrap_or(text.len())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parameters_are_found_where_they_are_some() {
        for (text, expected) in [
            ("select 1", "select 1"),
            ("select :a, :b, :a", "select $1, $2, $1"),
            ("select :a::int, x::text", "select $1::int, x::text"),
            (
                "select ':a', \":a\", `:a`, $$:a$$, $t$:a $$ $x$$t$, :b",
                "select ':a', \":a\", `:a`, $$:a$$, $t$:a $$ $x$$t$, $1",
            ),
            ("select 'it''s :a', :b", "select 'it''s :a', $1"),
            (
                r"select E'it\'s :a', '\', :b, e'\\', :c",
                r"select E'it\'s :a', '\', $1, e'\\', $2",
            ),
            (
                "select -- :a '\n :b /* :c /* ' */ :d */",
                "select -- :a '\n $1 /* :c /* ' */ :d */",
            ),
            ("select a[1 : n], b[:n]", "select a[1 : n], b[$1]"),
            ("select :größe", "select $1"),
            ("select x$1y, a$b$c, 1e5", "select x$1y, a$b$c, 1e5"),
            ("select :_1", "select $1"),
            ("select a ? 'b', c ?| d, :e;", "select a ? 'b', c ?| d, $1;"),
        ] {
            let statement = Statement::parse(text).unwrap_or_else(|problem| panic!("{text}: {problem}"));
            assert_eq!(statement.numbered(), expected);
        }
        let numbered = Statement::parse("select $2, $1, $2, '$3'").unwrap();
        assert_eq!(numbered.parameters(), [&Name::Number(2), &Name::Number(1)]);
        assert_eq!(numbered.numbered(), numbered.text());
    }

    #[test]
    fn one_statement_and_no_other() {
        use StatementProblem::{Empty, Mixed, Open, Session, Several};
        for (text, expected) in [
            ("select 1;", Ok("SELECT")),
            ("  /* ; */ ( select 1 ) ; -- done; really\n;", Ok("SELECT")),
            ("with a as (select ';') delete from b", Ok("WITH")),
            ("select $$;$$ ", Ok("SELECT")),
            ("insert into a values (';', \";\")", Ok("INSERT")),
            (";select 1", Ok("SELECT")),
            (
                "create trigger a after insert on b begin delete from c; end",
                Ok("CREATE"),
            ),
            ("", Err(Empty)),
            (" -- select 1\n;", Err(Empty)),
            ("select 1; select 2", Err(Several)),
            ("select 1;'x'", Err(Several)),
            ("select 'a\\'; drop table b --'", Err(Several)),
            ("select '", Err(Open("a text"))),
            ("select E'\\'", Err(Open("a text"))),
            ("select \"a", Err(Open("a quoted name"))),
            ("select /* /* */", Err(Open("a comment"))),
            ("select $a$ $b$", Err(Open("a dollar-quoted text"))),
            ("select $1, :a", Err(Mixed)),
            ("commit", Err(Session("COMMIT".to_owned()))),
            ("/**/ set statement_timeout = 0", Err(Session("SET".to_owned()))),
            ("pragma query_only = 0", Err(Session("PRAGMA".to_owned()))),
            ("Attach 'a.db' as b", Err(Session("ATTACH".to_owned()))),
        ] {
            let found = Statement::parse(text).map(|statement| statement.first_word);
            assert_eq!(found, expected.map(str::to_owned), "{text}");
        }
    }

    #[test]
    fn any_text_is_read_to_its_end() {
        for text in [
            "$",
            ":",
            "'''",
            "$$",
            "$a",
            "e'",
            "ü$1",
            "\\",
            "$9999999999999999999999",
            "::",
            ":é$",
            "/*",
            "--",
        ] {
            let _ = Statement::parse(text).map(|statement| statement.numbered());
        }
    }
}
