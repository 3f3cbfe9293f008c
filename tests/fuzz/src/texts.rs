//! Targets for texts that actions read: XML, CSV, addresses of mail.
//!
//! Each asks the action itself, by name, as a run would. What an action gives without waiting for anybody is there at the
//! first poll.

use std::path::Path;
use std::sync::LazyLock;

use futures_util::FutureExt as _;
use lockgate_actions::register;
use lockgate_engine::action::{ActionError, Actions};
use lockgate_engine::clock::SystemClock;
use lockgate_engine::step_key::StepKey;
use lockgate_engine::testing::LoneStep;
use lockgate_http::HttpPolicy;
use serde_json::{Value, json};

static ACTIONS: LazyLock<Actions> = LazyLock::new(|| {
    let mut actions = Actions::new();
    register(&mut actions, HttpPolicy::default());
    actions
});

/// Calls an action that waits for nobody. Its error is one that it declares.
fn call(name: &str, input: Value) -> Result<Value, ActionError> {
    const KEY: StepKey<'static> = StepKey {
        parent: None,
        path: "steps/0",
        indices: &[],
        part: "",
    };
    let step = LoneStep::on(SystemClock::new());
    let action = ACTIONS.get(name).unwrap_or_else(|| panic!("there is no {name}"));
    let result = action.call(&step.context(&KEY), input).now_or_never();
    let result = result.unwrap_or_else(|| panic!("{name} waits"));
    if let Err(error) = &result {
        assert!(action.spec().error(&error.code).is_some(), "{name}: {error}");
    }
    result
}

/// What is read can be written, and is read again as it was.
pub(crate) fn xml(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let Ok(read) = call("xml.parse", json!({ "xml": text })) else {
        return;
    };
    let written = call("xml.serialize", read.clone()).unwrap_or_else(|error| panic!("{error}: {read}"));
    // What is escaped may make it larger than what is taken.
    match call("xml.parse", written.clone()) {
        Err(error) if error.code == "too_large" => {}
        again => assert_eq!(again, Ok(read), "{written}"),
    }
}

/// Rows have the columns that the answer names, and are read again as they were. The first byte chooses how it is read.
pub(crate) fn csv(bytes: &[u8]) {
    let (choice, text) = bytes.split_first().unwrap_or((&0, &[]));
    let delimiter = [",", ";", "\t", "|"][usize::from(choice % 4)];
    let headers = choice & 4 == 0;
    let options = |text: &str| json!({ "csv": text, "delimiter": delimiter, "headers": headers });
    let Ok(read) = call("csv.parse", options(&String::from_utf8_lossy(text))) else {
        return;
    };
    let columns = fields(&read["columns"]);
    let mut table = Vec::new();
    if headers && !columns.is_empty() {
        table.push(columns.clone());
    }
    for row in read["rows"].as_array().into_iter().flatten() {
        if let Some(row) = row.as_object() {
            assert_eq!(row.keys().map(String::as_str).collect::<Vec<_>>(), columns);
            table.push(row.values().filter_map(Value::as_str).collect());
        } else {
            table.push(fields(row));
        }
    }
    let quoted = |field: &&str| format!("\"{}\"", field.replace('"', "\"\""));
    let lines = table
        .iter()
        .map(|row| row.iter().map(quoted).collect::<Vec<_>>().join(delimiter));
    let written = lines.collect::<Vec<_>>().join("\r\n");
    // Quotes may make it larger than what is taken.
    match call("csv.parse", options(&written)) {
        Err(error) if error.code == "too_large" => {}
        again => assert_eq!(again, Ok(read), "{written}"),
    }
}

fn fields(list: &Value) -> Vec<&str> {
    list.as_array()
        .into_iter()
        .flatten()
        .filter_map(Value::as_str)
        .collect()
}

/// The normal form of an address is its own normal form.
pub(crate) fn email(bytes: &[u8]) {
    let text = String::from_utf8_lossy(bytes);
    let verify = |email: &str| {
        let rules = json!({
            "block_aliases": true, "block_free_emails": true, "block_disposable_emails": true, "blocklist": ["*.example.com"]
        });
        call("email.verify", json!({ "email": email, "rules": rules }))
            .unwrap_or_else(|error| panic!("{error}"))
    };
    let answer = verify(&text);
    assert_eq!(
        answer["valid"] == json!(true),
        answer["cause"].is_null(),
        "{answer}"
    );
    if let Some(normal) = answer["email"].as_str() {
        assert_eq!(verify(normal), answer);
    }
}

pub(crate) fn xml_texts(_: &Path) -> Vec<Vec<u8>> {
    [
        "<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n<order id=\"1\">\n  <item sku='a'>1 &lt; 2</item>\n  <item/>\n</order>",
        "<a>one<!-- two --><b>&#65;&#x1F600;&amp;</b><![CDATA[<c>]]]]><![CDATA[>]]>three<?pi?></a>",
        "<s:E xmlns:s='urn:x' xmlns=\"urn:y\"><s:B s:k='&quot;\n'/></s:E>",
        "<!DOCTYPE a [<!ENTITY b SYSTEM \"file:///c\"><!ENTITY d \"&b;&b;\">]><a>&d;</a>",
        "<é.-1:名> \r\n\t</é.-1:名>",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn csv_texts(_: &Path) -> Vec<Vec<u8>> {
    [
        "\0email,name\na@example.com,\"Ada, \"\"the\"\"\nfirst\"\nb@example.com,\n",
        "\u{1}\u{feff}a;b\r\n1;2\r\n\r\n3;4",
        "\u{6}a\tb\n\"\"\t\"\"\n",
        "\u{7}a|b\n1|2|3\n",
        "\0a,a\n\"1\",2\"\n",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}

pub(crate) fn addresses(_: &Path) -> Vec<Vec<u8>> {
    [
        "Ada.Lovelace+tag@Example.com",
        "\"ada \\\" \\\\ lovelace\"@sub.example.com",
        "a@[IPv6:2001:db8::1]",
        "用户@例子.广告",
        "a@xn--bcher-kva.example",
        "a@gmial.com",
    ]
    .map(|text| text.as_bytes().to_vec())
    .to_vec()
}
