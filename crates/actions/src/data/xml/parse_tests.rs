//! What is read, and what is refused where.

use lockgate_engine::testing::{LoneStep, TestClock};
use serde_json::{Value, json};

use super::super::place::LARGEST;
use super::parse::{Options, XmlParse, parse};

#[track_caller]
fn reads(text: &str, value: &Value) {
    assert_eq!(parse(text, &Options::default()).as_ref(), Ok(value), "{text}");
}

#[track_caller]
fn refuses(text: &str, code: &str, message: &str) {
    let error = parse(text, &Options::default()).unwrap_err();
    assert_eq!((&*error.code, &*error.message), (code, message), "{text}");
    assert!(!error.message.contains("ub4dor"), "{}", error.message);
}

#[test]
fn elements_become_values() {
    for (text, value) in [
        ("<name>John Doe</name>", json!({ "name": "John Doe" })),
        ("<a/>", json!({ "a": "" })),
        ("<a></a>", json!({ "a": "" })),
        ("<a> </a>", json!({ "a": " " })),
        ("<a id='1' x=\"\"/>", json!({ "a": { "@id": "1", "@x": "" } })),
        ("<a id='1'>t</a>", json!({ "a": { "@id": "1", "#text": "t" } })),
        (
            "<a>\n  <b>1</b>\n  <c/>\n  <b x='y'/>\n  <b>3</b>\n</a>\n",
            json!({ "a": { "b": ["1", { "@x": "y" }, "3"], "c": "" } }),
        ),
        (
            "<a>Hello <b>world</b>!</a>",
            json!({ "a": { "#text": "Hello !", "b": "world" } }),
        ),
        (
            "<s:E xmlns:s='urn:x' xmlns='urn:y'><s:B s:k='v'/></s:E>",
            json!({ "s:E": { "@xmlns:s": "urn:x", "@xmlns": "urn:y", "s:B": { "@s:k": "v" } } }),
        ),
    ] {
        reads(text, &value);
    }
}

#[test]
fn text_is_what_it_means() {
    for (text, value) in [
        ("<a>&lt;&gt;&amp;&apos;&quot;&#65;&#x1F600;</a>", "<>&'\"A😀"),
        ("<a>1<![CDATA[<b>&amp;]]]]><![CDATA[>]]>2</a>", "1<b>&amp;]]>2"),
        ("<a>1<!-- no -->2<?no no?>3</a>", "123"),
        ("<a>1\r\n2\r3&#13;</a>", "1\n2\n3\r"),
        ("<名>ü</名>", "ü"),
    ] {
        let name = if text.starts_with("<a") { "a" } else { "名" };
        reads(text, &json!({ name: value }));
    }
    reads("<a b='1\n2&#10;3&lt;'/>", &json!({ "a": { "@b": "1 2\n3<" } }));
}

#[test]
fn a_declaration_stands_at_the_beginning() {
    let value = json!({ "a": "" });
    reads(
        "<?xml version=\"1.0\" encoding=\"ISO-8859-1\" standalone=\"yes\"?>\n<!-- x --><a/><?x?>",
        &value,
    );
    reads("\u{feff}<?xml version='1.1'?><a/>", &value);
    refuses(
        " <?xml version='1.0'?><a/>",
        "invalid_xml",
        "`<?xml …?>` stands elsewhere than at the beginning, at line 1 column 2",
    );
    refuses(
        "<?xml version='2.0'?><a/>",
        "invalid_xml",
        "the text is of another version than XML 1, at line 1 column 1",
    );
    refuses(
        "<?xml encoding='x'?><a/>",
        "invalid_xml",
        "`<?xml …?>` has no version, at line 1 column 1",
    );
}

#[test]
fn what_is_not_well_formed_is_refused_with_its_place() {
    for (text, problem, place) in [
        ("", "there is no element", "line 1 column 1"),
        (" \n ", "there is no element", "line 2 column 2"),
        (
            "tr0ub4dor",
            "there is text outside the root element",
            "line 1 column 1",
        ),
        (
            "<a/>tr0ub4dor",
            "there is text outside the root element",
            "line 1 column 5",
        ),
        (
            "<a/>&amp;",
            "there is text outside the root element",
            "line 1 column 5",
        ),
        (
            "<a/><![CDATA[]]>",
            "there is text outside the root element",
            "line 1 column 5",
        ),
        ("<a/>\n<b/>", "there is a second root element", "line 2 column 1"),
        (
            "<a><b></a>",
            "an end tag closes another element than the last that was opened",
            "line 1 column 7",
        ),
        (
            "<a/></tr0ub4dor>",
            "an end tag closes another element than the last that was opened",
            "line 1 column 5",
        ),
        ("<a><b>", "an element is not closed", "line 1 column 7"),
        ("<a><b", "a tag is not closed", "line 1 column 4"),
        (
            "<a b='1' b='2'/>",
            "an element has an attribute twice",
            "line 1 column 1",
        ),
        (
            "<a b=tr0ub4dor/>",
            "an attribute is not written `name=\"value\"`",
            "line 1 column 1",
        ),
        (
            "<a b/>",
            "an attribute is not written `name=\"value\"`",
            "line 1 column 1",
        ),
        (
            "<a 1='1'/>",
            "an attribute has a name that is none",
            "line 1 column 1",
        ),
        ("<a b='<'/>", "`<` stands in an attribute", "line 1 column 1"),
        ("<a b='&'/>", "`&` begins no reference", "line 1 column 1"),
        ("<1/>", "an element has a name that is none", "line 1 column 1"),
        (
            "<a>\n<@b/></a>",
            "an element has a name that is none",
            "line 2 column 1",
        ),
        (
            "<a>x ]]> y</a>",
            "`]]>` ends a CDATA section that nothing began",
            "line 1 column 4",
        ),
        ("<a>x & y</a>", "`&` begins no reference", "line 1 column 6"),
        (
            "<a>&#xD800;</a>",
            "a character by number is none",
            "line 1 column 4",
        ),
        ("<a>&#0;</a>", "a character by number is none", "line 1 column 4"),
        (
            "<a>&#8;</a>",
            "a character stands there that XML does not have",
            "line 1 column 4",
        ),
        (
            "<a b='&#8;'/>",
            "a character stands there that XML does not have",
            "line 1 column 1",
        ),
        (
            "<a>\u{1}</a>",
            "a character stands there that XML does not have",
            "line 1 column 4",
        ),
        (
            "<a><!-- a -- b --></a>",
            "`--` stands in a comment",
            "line 1 column 11",
        ),
        ("<a><!-- a", "a comment is not closed", "line 1 column 4"),
        (
            "<a><![CDATA[ a",
            "a CDATA section is not closed",
            "line 1 column 4",
        ),
        (
            "<a><?x",
            "a processing instruction is not closed",
            "line 1 column 4",
        ),
        (
            "<a><? x?></a>",
            "a processing instruction has no name",
            "line 1 column 4",
        ),
        (
            "<a><!x></a>",
            "`<!` begins nothing that XML has",
            "line 1 column 4",
        ),
    ] {
        refuses(text, "invalid_xml", &format!("{problem}, at {place}"));
    }
}

#[test]
fn no_entity_is_declared_and_nothing_is_fetched() {
    let laughs = "<?xml version=\"1.0\"?>\n<!DOCTYPE lolz [\n <!ENTITY lol \"lol\">\n <!ENTITY lol1 \
                  \"&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;&lol;\">\n]>\n<lolz>&lol1;</lolz>";
    for (text, place) in [
        (laughs, "line 2 column 1"),
        (
            "<!DOCTYPE a SYSTEM \"file:///etc/passwd\"><a/>",
            "line 1 column 1",
        ),
        (
            "<!DOCTYPE a [<!ENTITY x SYSTEM \"http://example.com/\">]><a>&x;</a>",
            "line 1 column 1",
        ),
        (
            "<!DOCTYPE a [<!ENTITY % p SYSTEM \"http://example.com/\"> %p;]><a/>",
            "line 1 column 1",
        ),
        (
            "<!DOCTYPE a PUBLIC \"-//W3C//DTD\" \"http://example.com/\"><a/>",
            "line 1 column 1",
        ),
        ("<!doctype html><a/>", "line 1 column 1"),
        ("<!DOCTYPE a", "line 1 column 1"),
        ("<!DOCTYPE>", "line 1 column 10"),
        ("<a><!DOCTYPE a></a>", "line 1 column 4"),
        ("<!ENTITY x \"y\"><a/>", "line 1 column 1"),
    ] {
        refuses(
            text,
            "dtd_forbidden",
            &format!("a document type declaration is not taken, at {place}"),
        );
    }
    for (text, place) in [
        ("<a>\n&nbsp;</a>", "line 2 column 1"),
        ("<a>&tr0ub4dor;</a>", "line 1 column 4"),
        ("<a b='&x;'/>", "line 1 column 1"),
    ] {
        let message = format!("the text uses an entity that XML does not define, at {place}");
        refuses(text, "unknown_entity", &message);
    }
}

#[test]
fn depth_and_size_have_limits() {
    let nested = |levels: usize| "<a>".repeat(levels) + &"</a>".repeat(levels);
    assert!(parse(&nested(50), &Options::default()).is_ok());
    let too_deep = "more than 50 elements stand in one another, at line 1 column 151";
    refuses(&nested(51), "too_large", too_deep);
    refuses(&nested(100_000), "too_large", too_deep);
    let attributes = |count: usize| {
        let all: Vec<_> = (0..count).map(|n| format!("a{n}=''")).collect();
        format!("<a {}/>", all.join(" "))
    };
    assert!(parse(&attributes(500), &Options::default()).is_ok());
    refuses(
        &attributes(501),
        "too_large",
        "an element has more than 500 attributes, at line 1 column 1",
    );
    let large = format!("<a>{}</a>", " ".repeat(LARGEST));
    refuses(&large, "too_large", "the text has more than 1 MiB");
}

#[tokio::test]
async fn the_author_says_what_is_a_list_and_what_is_trimmed() {
    let step = LoneStep::on(TestClock::default());
    let xml = "<o> <items> <item> 1 </item> </items> <item/> <x k=' v '> <![CDATA[ ]]> </x> </o>";
    for (lists, items) in [
        (
            json!(["item"]),
            json!({ "items": { "item": ["1"] }, "item": [""] }),
        ),
        (
            json!(["o/items/item"]),
            json!({ "items": { "item": ["1"] }, "item": "" }),
        ),
        (
            json!(["o/item", "items"]),
            json!({ "items": [{ "item": "1" }], "item": [""] }),
        ),
        (
            json!(["items/item", "x/o/item", "o"]),
            json!({ "items": { "item": "1" }, "item": "" }),
        ),
    ] {
        let mut object = items;
        object["x"] = json!({ "@k": " v " });
        let input = json!({ "xml": xml, "always_list": lists, "trim": true });
        let result = step.call(&XmlParse, input).await;
        assert_eq!(result, Ok(json!({ "object": { "o": object } })), "{lists}");
    }
    let as_it_is = step.call(&XmlParse, json!({ "xml": "<o> 1 </o>" })).await;
    assert_eq!(as_it_is, Ok(json!({ "object": { "o": " 1 " } })));
}
