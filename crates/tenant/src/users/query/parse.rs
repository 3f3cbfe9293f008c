//! From the text of a query to its tree.

/// Fields that a term without a field is looked for in.
const BARE: [&str; 8] = [
    "email",
    "name",
    "given_name",
    "family_name",
    "nickname",
    "username",
    "phone_number",
    "user_id",
];

/// How deep parentheses and negations may nest.
const DEPTH: usize = 50;

/// A parsed query.
#[derive(Debug, Clone, PartialEq)]
pub(in crate::users) enum Query {
    All,
    Any(Vec<Query>),
    Every(Vec<Query>),
    Not(Box<Query>),
    Exists(String),
    Term { field: String, pattern: Pattern },
}

#[derive(Debug, Clone, PartialEq)]
pub(in crate::users) enum Pattern {
    Exact(String),
    Wildcard(String),
    Range {
        low: Option<String>,
        low_included: bool,
        high: Option<String>,
        high_included: bool,
    },
}

/// Why a query is refused.
#[derive(Debug, Clone, PartialEq, Eq, thiserror::Error)]
pub(crate) enum QueryError {
    #[error("unexpected {0}")]
    Unexpected(String),
    #[error("unexpected end of the query")]
    End,
    #[error("a leading wildcard needs at least three more characters: {0}")]
    LeadingWildcard(String),
    #[error("more than {DEPTH} levels of nesting")]
    TooDeep,
    #[error("wildcards and ranges are not supported on {0}")]
    Metadata(String),
}

impl Query {
    pub(crate) fn parse(text: &str) -> Result<Self, QueryError> {
        let tokens = tokenize(text)?;
        if tokens.is_empty() {
            return Ok(Self::All);
        }
        let mut parser = Parser {
            tokens,
            at: 0,
            depth: 0,
        };
        let query = parser.any(None)?;
        match parser.next() {
            None => Ok(query),
            Some(token) => Err(QueryError::Unexpected(token.text())),
        }
    }
}

#[derive(Debug, Clone, PartialEq)]
enum Token {
    Word(String),
    Quoted(String),
    Colon,
    Open,
    Close,
    And,
    Or,
    Not,
    Range {
        inside: String,
        low_included: bool,
        high_included: bool,
    },
}

impl Token {
    fn text(&self) -> String {
        match self {
            Self::Word(text) => text.clone(),
            Self::Quoted(text) => format!("{text:?}"),
            Self::Colon => ":".into(),
            Self::Open => "(".into(),
            Self::Close => ")".into(),
            Self::And => "AND".into(),
            Self::Or => "OR".into(),
            Self::Not => "NOT".into(),
            Self::Range { inside, .. } => format!("[{inside}]"),
        }
    }
}

fn tokenize(text: &str) -> Result<Vec<Token>, QueryError> {
    let mut tokens = Vec::new();
    let mut chars = text.chars().peekable();
    while let Some(&c) = chars.peek() {
        match c {
            c if c.is_whitespace() => {
                chars.next();
            }
            ':' | '(' | ')' | '!' => {
                chars.next();
                tokens.push(match c {
                    ':' => Token::Colon,
                    '(' => Token::Open,
                    ')' => Token::Close,
                    _ => Token::Not,
                });
            }
            '"' => {
                chars.next();
                let mut quoted = String::new();
                loop {
                    match chars.next().ok_or(QueryError::End)? {
                        '"' => break,
                        '\\' => quoted.push(chars.next().ok_or(QueryError::End)?),
                        c => quoted.push(c),
                    }
                }
                tokens.push(Token::Quoted(quoted));
            }
            '[' | '{' => {
                chars.next();
                let mut inside = String::new();
                let high_included = loop {
                    match chars.next().ok_or(QueryError::End)? {
                        ']' => break true,
                        '}' => break false,
                        c => inside.push(c),
                    }
                };
                tokens.push(Token::Range {
                    inside,
                    low_included: c == '[',
                    high_included,
                });
            }
            '-' if !matches!(tokens.last(), Some(Token::Colon)) => {
                chars.next();
                tokens.push(Token::Not);
            }
            _ => {
                let mut word = String::new();
                while let Some(&c) = chars.peek() {
                    if c.is_whitespace() || ":()\"[]{}".contains(c) {
                        break;
                    }
                    chars.next();
                    word.push(if c == '\\' {
                        chars.next().ok_or(QueryError::End)?
                    } else {
                        c
                    });
                }
                tokens.push(match word.as_str() {
                    "" => return Err(QueryError::Unexpected(c.into())),
                    "AND" | "&&" => Token::And,
                    "OR" | "||" => Token::Or,
                    "NOT" => Token::Not,
                    _ => Token::Word(word),
                });
            }
        }
    }
    Ok(tokens)
}

struct Parser {
    tokens: Vec<Token>,
    at: usize,
    depth: usize,
}

impl Parser {
    fn peek(&self) -> Option<&Token> {
        self.tokens.get(self.at)
    }

    fn next(&mut self) -> Option<Token> {
        let token = self.tokens.get(self.at).cloned();
        self.at += 1;
        token
    }

    /// `a OR b`, and terms side by side, which Lucene reads as `OR` too.
    fn any(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let mut queries = vec![self.every(field)?];
        loop {
            match self.peek() {
                None | Some(Token::Close) => break,
                Some(Token::Or) => {
                    self.at += 1;
                    queries.push(self.every(field)?);
                }
                Some(_) => queries.push(self.every(field)?),
            }
        }
        Ok(one_or(queries, Query::Any))
    }

    fn every(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let mut queries = vec![self.not(field)?];
        while matches!(self.peek(), Some(Token::And)) {
            self.at += 1;
            queries.push(self.not(field)?);
        }
        Ok(one_or(queries, Query::Every))
    }

    fn not(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        self.depth += 1;
        if self.depth > DEPTH {
            return Err(QueryError::TooDeep);
        }
        let query = if matches!(self.peek(), Some(Token::Not)) {
            self.at += 1;
            Query::Not(Box::new(self.not(field)?))
        } else {
            self.clause(field)?
        };
        self.depth -= 1;
        Ok(query)
    }

    fn clause(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        match self.next().ok_or(QueryError::End)? {
            Token::Open => self.group(field),
            Token::Word(name) if field.is_none() && matches!(self.peek(), Some(Token::Colon)) => {
                self.at += 1;
                if name == "_exists_" {
                    return match self.next().ok_or(QueryError::End)? {
                        Token::Word(field) | Token::Quoted(field) => Ok(Query::Exists(field)),
                        other => Err(QueryError::Unexpected(other.text())),
                    };
                }
                match self.next().ok_or(QueryError::End)? {
                    Token::Open => self.group(Some(&name)),
                    value => term(Some(&name), value),
                }
            }
            value => term(field, value),
        }
    }

    fn group(&mut self, field: Option<&str>) -> Result<Query, QueryError> {
        let query = self.any(field)?;
        match self.next() {
            Some(Token::Close) => Ok(query),
            Some(other) => Err(QueryError::Unexpected(other.text())),
            None => Err(QueryError::End),
        }
    }
}

fn one_or(mut queries: Vec<Query>, many: fn(Vec<Query>) -> Query) -> Query {
    if queries.len() == 1 {
        queries.remove(0)
    } else {
        many(queries)
    }
}

fn term(field: Option<&str>, value: Token) -> Result<Query, QueryError> {
    let pattern = match value {
        Token::Word(text) if text == "*" => match field {
            Some(field) => return Ok(Query::Exists(field.to_owned())),
            None => return Ok(Query::All),
        },
        Token::Word(text) if text.contains(['*', '?']) => {
            let literals = text.chars().filter(|c| !"*?".contains(*c)).count();
            if text.starts_with(['*', '?']) && literals < 3 {
                return Err(QueryError::LeadingWildcard(text));
            }
            Pattern::Wildcard(text)
        }
        Token::Word(text) | Token::Quoted(text) => Pattern::Exact(text),
        Token::Range {
            inside,
            low_included,
            high_included,
        } => {
            let (low, high) = inside
                .split_once(" TO ")
                .ok_or_else(|| QueryError::Unexpected(inside.clone()))?;
            let bound =
                |text: &str| Some(text.trim().trim_matches('"').to_owned()).filter(|text| text != "*");
            Pattern::Range {
                low: bound(low),
                low_included,
                high: bound(high),
                high_included,
            }
        }
        other => return Err(QueryError::Unexpected(other.text())),
    };
    let Some(field) = field else {
        let any = BARE.iter().map(|field| Query::Term {
            field: (*field).to_owned(),
            pattern: pattern.clone(),
        });
        return Ok(Query::Any(any.collect()));
    };
    if field.starts_with("user_metadata") && !matches!(pattern, Pattern::Exact(_)) {
        return Err(QueryError::Metadata(field.to_owned()));
    }
    Ok(Query::Term {
        field: field.to_owned(),
        pattern,
    })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn broken_queries_are_refused() {
        for (query, expect) in [
            ("email:", QueryError::End),
            ("(email:a", QueryError::End),
            ("email:a)", QueryError::Unexpected(")".into())),
            (r#"email:"a"#, QueryError::End),
            ("AND a", QueryError::Unexpected("AND".into())),
            ("a:[1 2]", QueryError::Unexpected("1 2".into())),
            ("name:*ab", QueryError::LeadingWildcard("*ab".into())),
            (
                "user_metadata.a:x*",
                QueryError::Metadata("user_metadata.a".into()),
            ),
            (
                "user_metadata.a:[1 TO 2]",
                QueryError::Metadata("user_metadata.a".into()),
            ),
        ] {
            assert_eq!(Query::parse(query), Err(expect), "{query}");
        }
        let deep = format!("{}a{}", "(".repeat(60), ")".repeat(60));
        assert_eq!(Query::parse(&deep), Err(QueryError::TooDeep));
    }
}
