//! Where things are defined.

use crate::Marked;

/// The file, the line from 1, and the text there.
#[track_caller]
fn check_file(path: &'static str, marked: &str, expected: Option<(&str, usize, &str)>) {
    let marked_text = Marked::file(path, marked);
    let found = marked_text.assist().definition(marked_text.offset);
    let found = found.as_ref().map(|place| {
        let line = place.source.position(place.span.start).line;
        (place.source.path(), line, place.source.slice(place.span))
    });
    assert_eq!(found, expected, "{marked}");
}

const FLOW: &str = "\
trigger: { http: { method: GET, path: '/a/:email', auth: { bearer: callers }, rate_limit: { limit: 1/s, by: input.email } } }
input:
  email: string
  address: { type: object, properties: { city: string } }
  tags: { type: array, items: { properties: { \"name\": {} } } }
steps:
  - id: \"user\"
    action: auth0.get_user
    connection: auth0
    with: { user_id: \"{{input.email}} {{input.address.city}}\" }
  - set: { first: 1, 'second': '{{vars.first}}' }
  - set: { first: 2 }
  - call: greeting
    with: { name: \"{{lower steps.user.name}}\", language: de }
  - for_each: input.tags
    as: tag
    steps:
      - return: \"{{tag.name}} {{vars.first}} {{config.limits.invites}} {{vars.second}} {{input.tags.0.name}}\"
";

#[track_caller]
fn check(place: &str, expected: (&str, usize, &str)) {
    let at = place.find('¦').unwrap();
    let found = FLOW.find(&place.replace('¦', "")).expect("the place");
    let mut marked = FLOW.to_owned();
    marked.insert(found + at, '¦');
    let is_nothing = expected.1 == 0;
    check_file(crate::support::FLOW, &marked, (!is_nothing).then_some(expected));
}

const NOTHING: (&str, usize, &str) = ("", 0, "");

#[test]
fn names_lead_to_their_definitions() {
    let own = |line, text| (crate::support::FLOW, line, text);
    check("{{inp¦ut.email}}", NOTHING);
    check("{{input.em¦ail}}", own(3, "email"));
    check("{{input.email¦}}", own(3, "email"));
    check("input.address.ci¦ty", own(4, "city"));
    check("input.addr¦ess.city", own(4, "address"));
    check("input.tags.0.na¦me", own(5, "name"));
    check("input.tags.¦0.name", own(5, "tags"));
    check("steps.us¦er.name", own(7, "user"));
    check("steps.user.na¦me", own(7, "user"));
    check("'{{vars.fi¦rst}}'", own(11, "first"));
    check("{{tag.name}} {{vars.fi¦rst}}", own(12, "first"));
    check("{{vars.sec¦ond}}", own(11, "second"));
    check("{{ta¦g.name}}", own(16, "tag"));
    check("for_each: input.ta¦gs", own(5, "tags"));
    check("'/a/:em¦ail'", own(3, "email"));
    check("by: input.em¦ail", own(3, "email"));
    check("low¦er steps", NOTHING);
    check("connection: au¦th0", ("lockgate.yaml", 3, "auth0"));
    check("bearer: call¦ers", ("lockgate.yaml", 8, "callers"));
    check("config.limits.inv¦ites", ("lockgate.yaml", 16, "invites"));
    check("config.lim¦its.invites", ("lockgate.yaml", 16, "limits"));
    check("call: gree¦ting", ("flows/greeting.yaml", 1, "greeting"));
    check("lang¦uage: de", ("flows/greeting.yaml", 5, "language"));
    check("language: d¦e", NOTHING);
    check("action: auth0.get¦_user", NOTHING);
    check("ste¦ps:\n", NOTHING);
}

#[test]
fn what_is_not_defined_leads_nowhere() {
    let check = |marked: &str| check_file(crate::support::FLOW, marked, None);
    check("steps:\n  - return: '{{steps.no¦ne}} {{vars.a}}'");
    check("steps:\n  - return: '{{vars.no¦ne}}'");
    check("steps:\n  - return: '{{input.no¦ne}}'");
    check("steps:\n  - return: '{{config.no¦ne}}'");
    check("steps:\n  - call: no¦ne");
    check("steps:\n  - return: '{{run.i¦d}}'");
    check("steps:\n  - return: '{{ind¦ex}}'");
    check("steps: [¦");
}
