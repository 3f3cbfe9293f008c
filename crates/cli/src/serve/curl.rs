//! A request that a flow accepts, as a line for a shell: to be pasted as it stands.

use std::fmt::Write as _;

use lockgate_flow::graph::Flow;
use lockgate_flow::syntax::{HttpTrigger, Method, PathPart};
use lockgate_server::auth::Scheme;
use serde_json::{Map, Value};

use super::connections::Proof;
use super::sample::sample;

/// The line, and what it lacks, if that is so.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) struct Line {
    pub(super) text: String,
    pub(super) lacks: Option<String>,
}

/// The request to a flow that is served at `url`, from a caller with this proof.
pub(super) fn line(url: &str, flow: &Flow, trigger: &HttpTrigger, proof: Option<&Proof>) -> Line {
    let route = &trigger.route.value;
    let (mut input, mut unknown) = (Map::new(), Vec::new());
    for field in &flow.input.fields {
        let name = &field.name.value;
        let is_in_path = route.parameters().any(|parameter| parameter == name);
        if !field.required && field.default.is_none() && !is_in_path {
            continue;
        }
        match sample(field) {
            Some(value) => {
                input.insert(name.clone(), value);
            }
            None => unknown.push(format!("`{name}`")),
        }
    }
    let mut target = String::new();
    for part in &route.parts {
        target.push('/');
        match part {
            PathPart::Fixed(text) => target.push_str(text),
            PathPart::Parameter(name) => {
                let value = input.shift_remove(name).unwrap_or_default();
                target.push_str(&encoded(&as_text(&value)));
            }
        }
    }
    if target.is_empty() {
        target.push('/');
    }
    let mut body = String::new();
    if route.method == Method::Get {
        for (index, (name, value)) in input.iter().enumerate() {
            let before = if index == 0 { '?' } else { '&' };
            let _ = write!(target, "{before}{}={}", encoded(name), encoded(&as_text(value)));
        }
    } else if !input.is_empty() {
        body = Value::Object(input).to_string();
    }
    let mut lacks = Vec::new();
    if !unknown.is_empty() {
        lacks.push(format!("no value was found for {}", unknown.join(", ")));
    }
    let text = Request {
        url,
        method: route.method,
        target: &target,
        body: &body,
    }
    .written(proof, &mut lacks);
    Line {
        text,
        lacks: (!lacks.is_empty()).then(|| lacks.join("; ")),
    }
}

struct Request<'a> {
    url: &'a str,
    method: Method,
    target: &'a str,
    body: &'a str,
}

impl Request<'_> {
    fn written(&self, proof: Option<&Proof>, lacks: &mut Vec<String>) -> String {
        let method = match self.method {
            Method::Get => "",
            // curl sends a body by POST.
            Method::Post if !self.body.is_empty() => "",
            other => &format!(" -X {}", other.name()),
        };
        let start = format!("curl{method} {}", quoted(&format!("{}{}", self.url, self.target)));
        let content = |body: &str| {
            if self.body.is_empty() {
                String::new()
            } else {
                format!(" -H 'content-type: application/json' -d {body}")
            }
        };
        let Some(proof) = proof else {
            return start + &content(&quoted(self.body));
        };
        let mut secret = |setting: &str, several: &str| match &proof.made_up {
            Some(secret) => secret.clone(),
            None => proof
                .by_variable(setting)
                .or_else(|| proof.by_variable(several))
                .unwrap_or_else(|| {
                    lacks.push(format!("put the {setting} in"));
                    setting.to_uppercase()
                }),
        };
        match proof.scheme {
            Scheme::Bearer => {
                let token = secret("token", "tokens");
                format!(
                    "{start} -H \"authorization: Bearer {token}\"{}",
                    content(&quoted(self.body))
                )
            }
            Scheme::Basic => {
                let user = match &proof.made_up {
                    Some(user) => user.clone(),
                    None => format!(
                        "{}:{}",
                        proof.by_variable("username").unwrap_or_default(),
                        secret("password", "")
                    ),
                };
                format!("{start} -u \"{user}\"{}", content(&quoted(self.body)))
            }
            Scheme::Hmac => {
                let header = proof.written.get("header").filter(|_| proof.made_up.is_none());
                let header = header.map_or("lockgate-signature", String::as_str);
                let secret = secret("secret", "secrets");
                let method = self.method.name();
                format!(
                    "t=$(date +%s); b={}; s=$(printf '%s\\n%s\\n%s\\n%s' \"$t\" {method} {} \"$b\" | openssl dgst -sha256 -hmac \
                     \"{secret}\" | sed 's/.* //'); {start} -H \"{header}: t=$t,v1=$s\"{}",
                    quoted(self.body),
                    quoted(self.target),
                    content("\"$b\"")
                )
            }
        }
    }
}

impl Proof {
    /// A setting as a shell reads it within double quotes: `${NAME}` and `${NAME:-text}` mean the same there. A secret
    /// that is written out is not shown.
    fn by_variable(&self, setting: &str) -> Option<String> {
        let written = self.written.get(setting)?;
        let is_plain = written
            .bytes()
            .all(|byte| byte.is_ascii_alphanumeric() || b"${}_:-.".contains(&byte));
        (is_plain && (written.starts_with("${") || setting == "username")).then(|| written.clone())
    }
}

/// A value in a path or a query; texts stand there without quotes.
fn as_text(value: &Value) -> String {
    value.as_str().map_or_else(|| value.to_string(), str::to_owned)
}

/// Everything but what RFC 3986 leaves as it is.
fn encoded(text: &str) -> String {
    let mut encoded = String::new();
    for byte in text.bytes() {
        if byte.is_ascii_alphanumeric() || b"-._~".contains(&byte) {
            encoded.push(char::from(byte));
        } else {
            let _ = write!(encoded, "%{byte:02X}");
        }
    }
    encoded
}

/// One word of a POSIX shell.
fn quoted(text: &str) -> String {
    let is_plain = |byte: u8| byte.is_ascii_alphanumeric() || b"-._~/:@%+=,".contains(&byte);
    if !text.is_empty() && text.bytes().all(is_plain) {
        text.to_owned()
    } else {
        format!("'{}'", text.replace('\'', r"'\''"))
    }
}

#[cfg(test)]
mod tests {
    use std::collections::BTreeMap;

    use lockgate_flow::source::Source;
    use lockgate_flow::workspace::Workspace;

    use super::*;
    use crate::catalogue;

    fn line_of(trigger: &str, input: &str, proof: Option<&Proof>) -> Line {
        let text = format!("trigger: {{ http: {trigger} }}\ninput: {{ {input} }}\nsteps:\n  - return: 1\n");
        let source = Source::new("flows/a.yaml", text);
        let checked = Workspace::check(None, &[source], &catalogue::catalog());
        let flow = checked.flows[0].flow.clone();
        let flow = flow.unwrap_or_else(|| panic!("{:?}", checked.diagnostics));
        line(
            "http://127.0.0.1:1",
            &flow,
            flow.syntax.trigger.http.as_ref().unwrap(),
            proof,
        )
    }

    #[test]
    fn lines_are_quoted_for_a_shell() {
        for (trigger, input, expect) in [
            ("GET /", "", "curl http://127.0.0.1:1/"),
            ("POST /go", "", "curl -X POST http://127.0.0.1:1/go"),
            (
                "POST /go",
                "said: { const: \"it's\" }",
                r#"curl http://127.0.0.1:1/go -H 'content-type: application/json' -d '{"said":"it'\''s"}'"#,
            ),
            (
                "PUT /users/:id/x",
                "id: { const: 'a|b/c' }, age: { type: integer, minimum: 18 }, more: { type: string, required: false }",
                r#"curl -X PUT http://127.0.0.1:1/users/a%7Cb%2Fc/x -H 'content-type: application/json' -d '{"age":18}'"#,
            ),
            (
                "GET /find",
                "q: { const: 'a&b c' }, deep: { const: [1, 2] }, on: { type: boolean, default: false }",
                "curl 'http://127.0.0.1:1/find?q=a%26b%20c&deep=%5B1%2C2%5D&on=false'",
            ),
        ] {
            let line = line_of(trigger, input, None);
            assert_eq!((line.text.as_str(), line.lacks), (expect, None), "{trigger}");
        }
    }

    #[test]
    fn what_is_lacking_is_told() {
        let line = line_of("GET /a", "no: { type: string, minLength: 2, maxLength: 1 }", None);
        assert_eq!(line.lacks.as_deref(), Some("no value was found for `no`"));
    }

    #[test]
    fn secrets_that_somebody_has_set_are_read_by_the_shell_and_never_written() {
        let proof = |scheme, written: &[(&str, &str)]| Proof {
            scheme,
            made_up: None,
            written: written
                .iter()
                .map(|(name, text)| ((*name).to_owned(), (*text).to_owned()))
                .collect::<BTreeMap<_, _>>(),
        };
        let bearer = line_of(
            "GET /a",
            "",
            Some(&proof(Scheme::Bearer, &[("token", "${TOKEN}")])),
        );
        assert_eq!(
            bearer.text,
            "curl http://127.0.0.1:1/a -H \"authorization: Bearer ${TOKEN}\""
        );
        assert_eq!(bearer.lacks, None);
        let written = line_of(
            "GET /a",
            "",
            Some(&proof(Scheme::Bearer, &[("token", "canary-canary-canary")])),
        );
        assert!(!written.text.contains("canary"), "{}", written.text);
        assert_eq!(written.lacks.as_deref(), Some("put the token in"));
        let basic = line_of(
            "GET /a",
            "",
            Some(&proof(
                Scheme::Basic,
                &[("username", "ada"), ("password", "${PASSWORD:-x}")],
            )),
        );
        assert_eq!(basic.text, "curl http://127.0.0.1:1/a -u \"ada:${PASSWORD:-x}\"");
    }
}
