//! JUnit's XML, read back.
#![allow(clippy::unwrap_used, clippy::expect_used)]

mod support;

use std::collections::BTreeMap;

use lockgate_testing::junit;
use quick_xml::Reader;
use quick_xml::events::Event;
use support::Bed;

/// An element: its name, attributes, text, and what is in it.
#[derive(Debug, Default)]
struct Element {
    name: String,
    attributes: BTreeMap<String, String>,
    text: String,
    inner: Vec<Element>,
}

impl Element {
    fn get(&self, name: &str) -> &str {
        self.attributes
            .get(name)
            .unwrap_or_else(|| panic!("{name} of {self:?}"))
    }

    fn count(&self, name: &str) -> usize {
        self.get(name).parse().unwrap()
    }
}

fn read(xml: &str) -> Element {
    let mut reader = Reader::from_str(xml);
    let mut open = vec![Element::default()];
    let begin = |start: &quick_xml::events::BytesStart<'_>| Element {
        name: start.name().as_ref().to_owned(),
        attributes: start
            .attributes()
            .map(|attribute| {
                let attribute = attribute.unwrap();
                let name = attribute.key.as_ref().to_owned();
                let value = quick_xml::escape::unescape(&attribute.value).unwrap();
                (name, value.into_owned())
            })
            .collect(),
        ..Element::default()
    };
    loop {
        match reader.read_event().unwrap() {
            Event::Start(start) => open.push(begin(&start)),
            Event::Empty(start) => {
                let element = begin(&start);
                open.last_mut().unwrap().inner.push(element);
            }
            Event::End(_) => {
                let element = open.pop().unwrap();
                open.last_mut().unwrap().inner.push(element);
            }
            Event::Text(text) => open.last_mut().unwrap().text.push_str(&text),
            Event::GeneralRef(reference) => {
                let reference = format!("&{};", &*reference);
                let text = quick_xml::escape::unescape(&reference).unwrap().into_owned();
                open.last_mut().unwrap().text.push_str(&text);
            }
            Event::Eof => break,
            _ => {}
        }
    }
    assert_eq!(open.len(), 1, "every element ends");
    let mut document = open.pop().unwrap();
    assert_eq!(document.inner.len(), 1, "there is one root");
    document.inner.remove(0)
}

const FLOW: &str = "
input: { n: integer }
steps:
  - return: { is: '{{input.n}}', said: \"<b> & 'c' \\u0001\" }
";

const TEST: &str = r#"
flow: a
cases:
  - { name: good, input: { n: 1 }, expect: { output: { is: 1 } } }
  - { name: "bad & <b>", input: { n: 1 }, expect: { output: { is: 2, said: no } } }
  - { name: later, input: { n: 1 }, skip: not yet, expect: { output: { is: 2 } } }
"#;

const OTHER: &str = "
flow: b
cases:
  - { name: alone, expect: { output: 1 } }
";

#[test]
fn it_is_what_build_servers_read() {
    let bed = Bed::sound(&[
        ("flows/a.yaml", FLOW),
        ("flows/a.test.yaml", TEST),
        ("flows/b.yaml", "steps: [{ return: 1 }]\n"),
        ("flows/b.test.yaml", OTHER),
    ]);
    let mut xml = Vec::new();
    junit::write(&bed.run(), &mut xml).unwrap();
    let xml = String::from_utf8(xml).unwrap();
    assert!(
        xml.starts_with("<?xml version=\"1.0\" encoding=\"UTF-8\"?>\n"),
        "{xml}"
    );
    assert!(!xml.contains('\u{1}'), "a character that XML forbids");
    let root = read(&xml);
    assert_eq!((root.name.as_str(), root.get("name")), ("testsuites", "lockgate"));
    assert_eq!(
        ["tests", "failures", "errors", "skipped"].map(|name| root.count(name)),
        [4, 1, 0, 1]
    );
    let suites: Vec<_> = root
        .inner
        .iter()
        .map(|suite| {
            assert_eq!(suite.name, "testsuite");
            assert!(suite.get("time").parse::<f64>().unwrap() >= 0.0);
            let counts = ["tests", "failures", "errors", "skipped"].map(|name| suite.count(name));
            assert_eq!(counts[0], suite.inner.len());
            (suite.get("name"), suite.get("file"), counts)
        })
        .collect();
    assert_eq!(
        suites,
        [
            ("a", "flows/a.test.yaml", [3, 1, 0, 1]),
            ("b", "flows/b.test.yaml", [1, 0, 0, 0]),
        ]
    );
    let cases: Vec<_> = root.inner[0]
        .inner
        .iter()
        .map(|case| {
            assert_eq!((case.name.as_str(), case.get("classname")), ("testcase", "a"));
            assert_eq!(case.get("file"), "flows/a.test.yaml");
            assert!(case.get("time").parse::<f64>().unwrap() >= 0.0);
            let inner: Vec<&str> = case.inner.iter().map(|inner| inner.name.as_str()).collect();
            (case.get("name"), case.get("line"), inner)
        })
        .collect();
    assert_eq!(
        cases,
        [
            ("good", "4", vec![]),
            ("bad & <b>", "5", vec!["failure"]),
            ("later", "6", vec!["skipped"]),
        ]
    );
    let failure = &root.inner[0].inner[1].inner[0];
    assert_ne!(failure.get("message"), "");
    assert!(failure.get("type").starts_with("LG"), "{failure:?}");
    for part in [
        "flows/a.test.yaml:5:",
        "- expected  + found",
        r#"-   "said": "no""#,
        r#"+   "said": "<b> & 'c' "#,
    ] {
        assert!(failure.text.contains(part), "{part} in {}", failure.text);
    }
    assert_eq!(root.inner[0].inner[2].inner[0].get("message"), "not yet");
}
