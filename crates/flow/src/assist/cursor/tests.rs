//! `¦` is the cursor.

use super::{Cursor, Segment, Spot};

/// `path.to[0] key(word) +sibling` or `path value(text)`.
fn shown(marked: &str) -> String {
    let offset = marked.find('¦').unwrap();
    let text = marked.replace('¦', "");
    let cursor = Cursor::at(&text, offset);
    let mut path = String::new();
    for level in &cursor.levels {
        match &level.segment {
            Segment::Key(name) => path.extend(["/", name]),
            Segment::Index(index) => path.extend(["/", &index.to_string()]),
        }
    }
    match &cursor.spot {
        Spot::Key {
            span,
            keys,
            has_colon,
            is_element,
            is_inline,
            column,
        } => {
            let mut names: Vec<&str> = keys.iter().map(|key| key.name.as_str()).collect();
            names.sort_unstable();
            let flags: String = [(*has_colon, ':'), (*is_element, '-'), (*is_inline, '{')]
                .into_iter()
                .filter_map(|(is, sign)| is.then_some(sign))
                .collect();
            let word = &text[span.clone()];
            format!("{path} key({word}){flags} @{column} {}", names.join(","))
        }
        Spot::Value {
            scalar, lacks_space, ..
        } => {
            let word = &text[scalar.span.clone()];
            let style = scalar.style;
            let sign = if *lacks_space { "_" } else { "" };
            format!("{path} {style:?}({word}){sign}").to_lowercase()
        }
        Spot::Nothing => format!("{path} nothing"),
    }
    .trim()
    .to_owned()
}

#[track_caller]
fn check(marked: &str, expected: &str) {
    assert_eq!(shown(marked), expected, "{marked}");
}

const FLOW: &str = "\
name: a
input:
  email: string
steps:
  - id: user
    action: auth0.get_user
    with:
      user_id: x
    on_error:
      user_not_found:
        - return: nobody
      \"*\": continue
  - if: a
    then:
    - set: { x: 1 }
    - return:
    else: []
";

fn with(before: &str, line: &str) -> String {
    FLOW.replacen(before, &format!("{line}\n{before}"), 1)
}

#[test]
fn keys_of_blocks() {
    check("¦", "key() @0");
    check("na¦", "key(na) @0");
    check("name: a\n¦\nsteps: []", "key() @0 name,steps");
    check(&with("steps:\n", "  ¦"), "/input key() @2 email");
    check(
        &with("    action:", "    ¦"),
        "/steps/0 key() @4 action,id,on_error,with",
    );
    check(
        &with("    action:", "    ti¦"),
        "/steps/0 key(ti) @4 action,id,on_error,with",
    );
    check(
        &with("    on_error:", "      ¦"),
        "/steps/0/with key() @6 user_id",
    );
    check(
        &with("    on_error:", "      em¦: x"),
        "/steps/0/with key(em): @6 user_id",
    );
    check(
        &with("      \"*\"", "      ¦"),
        "/steps/0/on_error key() @6 *,user_not_found",
    );
    check(&with("  - if", "  - ¦"), "/steps/1 key()- @4");
    check(&with("  - if", "  - cr¦"), "/steps/1 key(cr)- @4");
    check(
        &with("  - if", "  - i¦d: x\n    action: log"),
        "/steps/1 key(id):- @4 action",
    );
    check(&with("  - if", "  ¦"), "/steps key() @2");
    check(
        &with("    - return:\n    else", "    - ¦"),
        "/steps/1/then/1 key()- @6",
    );
    check(
        &with("    - return:\n    else", "    - wa¦: 1s"),
        "/steps/1/then/1 key(wa):- @6",
    );
    check(&with("    else", "    ¦"), "/steps/1 key() @4 else,if,then");
    check(&format!("{FLOW}¦"), "key() @0 input,name,steps");
    check(&format!("{FLOW}    ¦"), "/steps/1 key() @4 else,if,then");
    check(&format!("{FLOW}  - ¦"), "/steps/2 key()- @4");
    check("a: 1\r\nb¦: 2\r\nc: 3\r\n", "key(b): @0 a,c");
    check("\"quoted key\": 1\n¦", "key() @0 quoted key");
    check("a:\n  b: 1\n\n  # c: 2\n  ¦\n  d: 3\ne: 4", "/a key() @2 b,d");
}

#[test]
fn values_of_blocks() {
    check("name: ¦", "/name plain()");
    check("name:¦", "/name plain()_");
    check("name: ab¦c", "/name plain(abc)");
    check("name:  ¦abc", "/name plain(abc)");
    check("name: abc ¦# no", "/name plain(abc )");
    check("name: abc # no¦", "/name nothing");
    check("# no¦", "nothing");
    check("name: \"ab¦c\"", "/name double(abc)");
    check("name: 'ab¦c'", "/name single(abc)");
    check("name: 'ab¦\nother: 'x'", "/name single(ab)");
    check("name: \"{{input.¦\nother: \"x\"", "/name double({{input.)");
    check("name: \"a\" ¦", "/name nothing");
    check("a:\n  - ¦- b", "/a/0 nothing");
    check("steps:\n  - if: eq a ¦\n    then: []", "/steps/0/if plain(eq a )");
    check("steps:\n  - if: \"{{¦\n    then: []", "/steps/0/if double({{)");
    check("a:\n  - {{input.¦", "/a/0 plain({{input.)");
    check("a: {{input.¦}}", "/a plain({{input.}})");
    check(
        "a: |\n  one\n  b: t¦wo\n  c\nd: 1",
        "/a block(  one\n  b: two\n  c)",
    );
    check("a: >-\n  one\n    - x: ¦\nd: 1", "/a block(  one\n    - x: )");
    check("a:\n  - b: |\n      x ¦\n    c: 1", "/a/0/b block(      x )");
    check("a: one\n  tw¦o", "/a plain(one\n  two)");
    check("a: one\n    ¦", "/a nothing");
    check("a: 'one\n  tw¦o'\nb: 1", "/a single(one\n  two)");
    check("a: |¦", "/a nothing");
    check("a: *b¦", "/a nothing");
    check("a: &b\n  c: ¦", "/a/c plain()");
    check("- a\n- ¦b\n", "/1 key(b)- @2");
}

#[test]
fn brackets() {
    check("a: { ¦ }", "/a key(){ @0");
    check("a: {¦}", "/a key(){ @0");
    check("a: { b¦ }", "/a key(b){ @0");
    check("a: { b¦: 1, c: 2 }", "/a key(b):{ @0 c");
    check("a: { b: 1, ¦ }", "/a key(){ @0 b");
    check("a: { b: 1, ¦, c: 2 }", "/a key(){ @0 b,c");
    check("a: { b: ¦ }", "/a/b plain()");
    check("a: { b: ¦, c: 1 }", "/a/b plain()");
    check("a: { b:¦ }", "/a/b plain()_");
    check("a: { b: xy¦z, c: 1 }", "/a/b plain(xyz)");
    check("a: { b: \"xy¦z\", c: 1 }", "/a/b double(xyz)");
    check("a: { b: \"{{input.¦\n", "/a/b double({{input.)");
    check("a: { b: {{input.¦}}, c: 1 }", "/a/b plain({{input.}})");
    check("a: { b: {{input.¦ }\nc: 1", "/a/b plain({{input. })");
    check("a: [x, ¦]", "/a/1 plain()");
    check("a: [x, y¦z]", "/a/1 plain(yz)");
    check("a: [x, { b: 1, c¦ }]", "/a/1 key(c){ @0 b");
    check("a: { b: { c: [1, 2, { d: ¦ } ] } }", "/a/b/c/2/d plain()");
    check("a: { b: 1 } ¦", "/a nothing");
    check("a: { b: 1\n¦", "key() @0 a");
    check("a: {\n  b: 1,\n  c¦\n}\nd: 1", "/a key(c){ @0 b");
    check("a: {\n  b: 1,\n  ¦\n  e: 2\n}\nd: 1", "/a key(){ @0 b,e");
    check("a: { ¦\nb: 1\nc: 2", "/a key(){ @0");
    check("- { id: x, with: { me¦ }, action: log }", "/0/with key(me){ @0");
    check("a: { b: x ¦ }", "/a/b plain(x )");
    check("a: { b: ':x', \"c\": ¦}", "/a/c plain()");
}

#[test]
fn keys_around_are_known() {
    let marked = with("    on_error:", "      em¦");
    let offset = marked.find('¦').unwrap();
    let text = marked.replace('¦', "");
    let cursor = Cursor::at(&text, offset);
    let step = &cursor.levels[2];
    assert_eq!(
        super::value_of(&step.keys, "action", &text),
        Some("auth0.get_user")
    );
    assert_eq!(super::value_of(&step.keys, "id", &text), Some("user"));
    assert_eq!(step.keys.last().unwrap().name, "on_error");
    let text = "- { action: \"log\", with: { m }, id: x }";
    let cursor = Cursor::at(text, text.find("m }").unwrap() + 1);
    assert_eq!(
        super::value_of(&cursor.levels[1].keys, "action", text),
        Some("log")
    );
    assert_eq!(super::value_of(&cursor.levels[1].keys, "id", text), Some("x"));
}

#[test]
fn every_offset_of_any_text_is_fine() {
    let texts = [
        FLOW,
        "ä: { ö: \"ü\\\"\", '🎉': [{{x}}, \"",
        "a:\n - 'b''\n   c\n\t- d\n",
        "a: \"\\",
        "---\n? x\n: y\n",
        "a: { b: |\n  x\n",
        "#",
        "-",
        "- - - a: b",
        ":",
        "a: '",
        "'",
        "{",
        "[{\"a\":1,\n\"b\":",
    ];
    for text in texts {
        for offset in 0..=text.len() + 3 {
            let cursor = Cursor::at(text, offset);
            if let Spot::Value { scalar, .. } = &cursor.spot {
                let said = scalar.unescape(text);
                for at in 0..=said.text.len() + 1 {
                    assert!(said.place(at) <= text.len());
                }
                assert!(text.get(scalar.span.clone()).is_some(), "{text} {offset}");
            }
        }
    }
}

#[test]
fn brackets_in_brackets() {
    check(
        "t: { h: { m: GET, p: '/a/:e', auth: { bearer: cal¦lers }, r: { l: 1/s, by: x } } }",
        "/t/h/auth/bearer plain(callers)",
    );
}
