//! The subset of Lucene that user search takes: `field:value`, quoted values, `*` and `?`, ranges, `_exists_`,
//! `AND`/`OR`/`NOT` (`&&`, `||`, `!`, `-`), parentheses (also around a field's values), and dotted fields.
//! Not for free-text relevance: a term matches or does not.

use serde_json::{Map, Value};

/// Fields whose case does not matter.
const FOLDED: [&str; 5] = ["email", "name", "given_name", "family_name", "nickname"];

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
pub(crate) enum Query {
    All,
    Any(Vec<Query>),
    Every(Vec<Query>),
    Not(Box<Query>),
    Exists(String),
    Term { field: String, pattern: Pattern },
}

#[derive(Debug, Clone, PartialEq)]
pub(crate) enum Pattern {
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

    pub(crate) fn matches(&self, user: &Map<String, Value>) -> bool {
        match self {
            Self::All => true,
            Self::Any(queries) => queries.iter().any(|query| query.matches(user)),
            Self::Every(queries) => queries.iter().all(|query| query.matches(user)),
            Self::Not(query) => !query.matches(user),
            Self::Exists(field) => {
                let mut found = false;
                visit(user, field, &mut |value| found |= !value.is_null());
                found
            }
            Self::Term { field, pattern } => {
                let folded = FOLDED.contains(&field.as_str()) || field == "email.domain";
                let mut found = false;
                visit(user, field, &mut |value| found |= pattern.matches(value, folded));
                found
            }
        }
    }
}

impl Pattern {
    fn matches(&self, value: &Value, folded: bool) -> bool {
        let fold = |text: &str| {
            if folded {
                text.to_lowercase()
            } else {
                text.to_owned()
            }
        };
        let text = match value {
            Value::String(text) => fold(text),
            Value::Bool(_) | Value::Number(_) => value.to_string(),
            _ => return false,
        };
        match self {
            Self::Exact(expect) => fold(expect) == text,
            Self::Wildcard(pattern) => wildcard(fold(pattern).as_bytes(), text.as_bytes()),
            Self::Range {
                low,
                low_included,
                high,
                high_included,
            } => {
                let above = low.as_ref().is_none_or(|low| {
                    let order = order(&text, &fold(low));
                    order.is_gt() || (*low_included && order.is_eq())
                });
                let below = high.as_ref().is_none_or(|high| {
                    let order = order(&text, &fold(high));
                    order.is_lt() || (*high_included && order.is_eq())
                });
                above && below
            }
        }
    }
}

/// Numbers by value, everything else (dates among them, which are RFC 3339) as text.
fn order(a: &str, b: &str) -> std::cmp::Ordering {
    match (a.parse::<f64>(), b.parse::<f64>()) {
        (Ok(a), Ok(b)) => a.total_cmp(&b),
        _ => a.cmp(b),
    }
}

fn wildcard(pattern: &[u8], text: &[u8]) -> bool {
    let (mut p, mut t) = (0, 0);
    // Where the last `*` stood, and how much of the text it has swallowed: only the last one is ever retried.
    let mut star = None;
    while t < text.len() {
        match pattern.get(p) {
            Some(b'*') => {
                star = Some((p, t));
                p += 1;
            }
            Some(expect) if *expect == b'?' || *expect == text[t] => {
                p += 1;
                t += 1;
            }
            _ => {
                let Some((at, swallowed)) = star else { return false };
                star = Some((at, swallowed + 1));
                (p, t) = (at + 1, swallowed + 1);
            }
        }
    }
    pattern[p..].iter().all(|c| *c == b'*')
}

/// Calls `seen` with every value at a dotted path; a list on the way stands for each of its items.
fn visit(user: &Map<String, Value>, field: &str, seen: &mut dyn FnMut(&Value)) {
    if field == "email.domain" {
        if let Some((_, domain)) = user
            .get("email")
            .and_then(Value::as_str)
            .and_then(|email| email.rsplit_once('@'))
        {
            seen(&domain.into());
        }
        return;
    }
    visit_in(user, field, seen);
}

fn visit_in(map: &Map<String, Value>, path: &str, seen: &mut dyn FnMut(&Value)) {
    let (key, rest) = path.split_once('.').unwrap_or((path, ""));
    if let Some(value) = map.get(key) {
        visit_value(value, rest, seen);
    }
}

fn visit_value(value: &Value, path: &str, seen: &mut dyn FnMut(&Value)) {
    match value {
        Value::Array(items) => items.iter().for_each(|item| visit_value(item, path, seen)),
        _ if path.is_empty() => seen(value),
        Value::Object(map) => visit_in(map, path, seen),
        _ => {}
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
    use serde_json::json;

    use super::*;

    fn found(query: &str) -> bool {
        let user = json!({
            "email": "ada@lovelace.example", "name": "Ada Byron", "user_id": "auth0|1", "username": "Ada",
            "email_verified": true, "logins_count": 12, "updated_at": "2024-05-01T10:00:00.000Z",
            "identities": [{"connection": "db", "isSocial": false}, {"connection": "github", "isSocial": true}],
            "user_metadata": {"a": {"b": "x"}, "tags": ["one", "two"]}, "app_metadata": {"plan": "pro-plus"},
            "nothing": null
        });
        let Value::Object(user) = user else { unreachable!() };
        Query::parse(query)
            .unwrap_or_else(|error| panic!("{query}: {error}"))
            .matches(&user)
    }

    #[test]
    fn the_subset_finds_and_does_not_find() {
        for (query, expect) in [
            ("", true),
            ("*", true),
            (r#"email:"ada@lovelace.example""#, true),
            (r#"email:"ADA@lovelace.example""#, true),
            ("email:ada@lovelace.example", true),
            (r#"name:"ada byron""#, true),
            ("name:ada", false),
            ("name:ada*", true),
            ("name:*byron", true),
            ("name:a?a*", true),
            (r#"username:"ada""#, false),
            (r#"username:"Ada""#, true),
            (r#"email.domain:"lovelace.example""#, true),
            (r#"identities.connection:"github""#, true),
            (r#"identities.connection:"google""#, false),
            ("identities.isSocial:true", true),
            (r#"user_metadata.a.b:"x""#, true),
            (r#"user_metadata.tags:"two""#, true),
            ("app_metadata.plan:pro*", true),
            (r#"user_id:"auth0|1""#, true),
            (r"user_id:auth0\|1", true),
            (r#"user_id:("auth0|9" OR "auth0|1")"#, true),
            ("_exists_:logins_count", true),
            ("_exists_:nothing", false),
            ("_exists_:user_metadata.a.b", true),
            ("NOT _exists_:phone_number", true),
            ("-_exists_:phone_number", true),
            ("logins_count:[10 TO 20]", true),
            ("logins_count:[9 TO *]", true),
            ("logins_count:{12 TO 20]", false),
            ("logins_count:[1 TO 12}", false),
            ("updated_at:[2016-01-01 TO *]", true),
            ("updated_at:[2024-06-01 TO 2024-07-01]", false),
            ("email_verified:true AND logins_count:12", true),
            ("email_verified:false AND logins_count:12", false),
            ("email_verified:false OR logins_count:12", true),
            ("email_verified:false logins_count:12", true),
            ("email_verified:false && logins_count:12 || name:ada*", true),
            (
                "email_verified:true AND NOT (logins_count:12 OR logins_count:13)",
                false,
            ),
            ("!email_verified:false", true),
            (r#""auth0|1""#, true),
            ("nobody", false),
        ] {
            assert_eq!(found(query), expect, "{query}");
        }
    }

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

    #[test]
    fn wildcards() {
        for (pattern, text, expect) in [
            ("a*", "abc", true),
            ("a*c", "abc", true),
            ("a*b*c", "aXbYbZc", true),
            ("a?c", "abc", true),
            ("a?c", "ac", false),
            ("*c", "abcd", false),
            ("a*", "ba", false),
            ("", "", true),
        ] {
            assert_eq!(
                wildcard(pattern.as_bytes(), text.as_bytes()),
                expect,
                "{pattern} {text}"
            );
        }
    }
}
