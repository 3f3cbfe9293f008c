//! Where an edited flow departs from what is recorded, for people.

use lockgate_store::replay::Departure;
use serde_json::Value;

use super::times::absolute;
use super::titles::Titles;
use crate::terminal::Style;

/// The departures, in order. `was` names the steps as they were recorded, `is` as they are now.
pub(crate) fn departures(departures: &[Departure], was: &Titles, is: &Titles, style: Style) -> String {
    let mut text = String::new();
    for departure in departures {
        text += &one(departure, was, is, style);
    }
    text
}

/// Keys are those of the flow as it is now, but for what it does not come to any more.
fn one(departure: &Departure, was: &Titles, is: &Titles, style: Style) -> String {
    let at = |titles: &Titles, key: &str| {
        let title = titles.title(key);
        if title == key {
            style.name(key)
        } else {
            format!("{} {}", style.name(&title), style.dim(&format!("({key})")))
        }
    };
    let changed =
        |recorded: Option<&Value>, found: Option<&Value>| lines(&pretty(recorded), &pretty(found), style);
    match departure {
        Departure::RunInput { mistakes } => {
            let mistakes: Vec<String> = mistakes
                .iter()
                .map(|(field, message)| format!("    {}: {message}\n", style.name(field)))
                .collect();
            format!(
                "{} the flow does not take the recorded input any more\n{}",
                style.bad("±"),
                mistakes.concat()
            )
        }
        Departure::NotRecorded { key, what, input } => {
            let shown = input
                .as_ref()
                .map_or_else(String::new, |input| lines(&[], &pretty(Some(input)), style));
            format!(
                "{} {}: `{what}` is not recorded, so that nobody knows what comes after it\n{shown}",
                style.bad("+"),
                at(is, key)
            )
        }
        Departure::Other { key, recorded, found } => format!(
            "{} {}: was `{recorded}`, is `{found}`; what comes after it is not known\n",
            style.bad("±"),
            at(is, key)
        ),
        Departure::Input { key, recorded, found } => format!(
            "{} {}: gets something else\n{}",
            style.warn("±"),
            at(is, key),
            changed(recorded.as_ref(), found.as_ref())
        ),
        Departure::Waits { key, until } => format!(
            "{} {}: waits, which it did not; until {}, had it been there then\n",
            style.warn("+"),
            at(is, key),
            absolute(*until)
        ),
        Departure::Unused { key, what } => format!(
            "{} {}: `{what}` was recorded, and the flow does not come there any more\n",
            style.warn("-"),
            at(was, key)
        ),
        Departure::Answer { recorded, found } => format!(
            "{} the caller would get another answer\n{}",
            style.warn("±"),
            changed(recorded.as_ref(), found.as_ref())
        ),
        Departure::Output { recorded, found } => format!(
            "{} the run would return something else\n{}",
            style.warn("±"),
            changed(recorded.as_ref(), found.as_ref())
        ),
        Departure::Failure { recorded, found } => {
            let what = match (recorded, found) {
                (Some(_), None) => "the run would not fail",
                (None, _) => "the run would fail",
                (Some(_), Some(_)) => "the run would fail otherwise",
            };
            let changed = changed(recorded.as_ref(), found.as_ref());
            format!("{} {what}\n{changed}", style.warn("±"))
        }
    }
}

fn pretty(value: Option<&Value>) -> Vec<String> {
    value.map_or_else(Vec::new, |value| {
        format!("{value:#}").lines().map(str::to_owned).collect()
    })
}

/// Lines around a change that are shown, too.
const CONTEXT: usize = 2;

/// What is in the one and not in the other, line by line.
fn lines(was: &[String], is: &[String], style: Style) -> String {
    let changes = diff(was, is);
    let is_near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT).min(changes.len().saturating_sub(1));
        changes[from..=to].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut text = String::new();
    let mut is_left_out = false;
    for (at, (sign, line)) in changes.iter().enumerate() {
        if !is_near(at) {
            if !is_left_out {
                text.push_str("    ");
                text.push_str(&style.dim("…"));
                text.push('\n');
            }
            is_left_out = true;
            continue;
        }
        is_left_out = false;
        let line = format!("{sign} {line}");
        let line = match sign {
            '+' => style.good(&line),
            '-' => style.bad(&line),
            _ => line,
        };
        text.push_str("    ");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

/// Over that many lines, all are shown as taken out and put in: the table of a comparison is their product.
const MOST: usize = 2_000;

/// The shortest way from one list of lines to the other, by their longest common subsequence.
fn diff<'a>(was: &'a [String], is: &'a [String]) -> Vec<(char, &'a str)> {
    let signed = |sign: char, lines: &'a [String]| {
        lines
            .iter()
            .map(move |line| (sign, line.as_str()))
            .collect::<Vec<_>>()
    };
    if was.len().max(is.len()) > MOST {
        return [signed('-', was), signed('+', is)].concat();
    }
    // `common[i][j]`: how many lines `was[i..]` and `is[j..]` have in common.
    let mut common = vec![vec![0_u16; is.len() + 1]; was.len() + 1];
    for i in (0..was.len()).rev() {
        for j in (0..is.len()).rev() {
            common[i][j] = if was[i] == is[j] {
                common[i + 1][j + 1] + 1
            } else {
                common[i + 1][j].max(common[i][j + 1])
            };
        }
    }
    let (mut i, mut j) = (0, 0);
    let mut changes = Vec::new();
    while i < was.len() && j < is.len() {
        if was[i] == is[j] {
            changes.push((' ', was[i].as_str()));
            (i, j) = (i + 1, j + 1);
        } else if common[i + 1][j] >= common[i][j + 1] {
            changes.push(('-', was[i].as_str()));
            i += 1;
        } else {
            changes.push(('+', is[j].as_str()));
            j += 1;
        }
    }
    changes.extend(signed('-', &was[i..]));
    changes.extend(signed('+', &is[j..]));
    changes
}

#[cfg(test)]
mod tests {
    use serde_json::json;

    use super::*;
    use crate::catalogue;
    use crate::terminal::{ColorChoice, Terminal};

    fn shown(list: &[Departure]) -> String {
        let titles = Titles::of(None, &catalogue::catalog());
        let style = Terminal::new(ColorChoice::Never, true).stdout_style();
        departures(list, &titles, &titles, style)
    }

    #[test]
    fn what_changed_is_shown_with_what_stands_around_it() {
        let input = |quota: u32| json!({ "user_id": "auth0|1", "a": 1, "b": 2, "app_metadata": { "plan": "pro", "quota": quota } });
        let text = shown(&[Departure::Input {
            key: "steps/1".to_owned(),
            recorded: Some(input(1000)),
            found: Some(input(2000)),
        }]);
        assert_eq!(
            text,
            "± steps/1: gets something else\n    …\n        \"app_metadata\": {\n          \"plan\": \"pro\",\n    -     \
             \"quota\": 1000\n    +     \"quota\": 2000\n        }\n      }\n"
        );
    }

    #[test]
    fn where_it_ends_is_told() {
        let text = shown(&[
            Departure::NotRecorded {
                key: "steps/1".to_owned(),
                what: "log".to_owned(),
                input: Some(json!("a")),
            },
            Departure::Other {
                key: "steps/0".to_owned(),
                recorded: "log".to_owned(),
                found: "wait".to_owned(),
            },
            Departure::Unused {
                key: "steps/2".to_owned(),
                what: "respond".to_owned(),
            },
        ]);
        assert_eq!(
            text,
            "+ steps/1: `log` is not recorded, so that nobody knows what comes after it\n    + \"a\"\n± steps/0: was `log`, \
             is `wait`; what comes after it is not known\n- steps/2: `respond` was recorded, and the flow does not come there \
             any more\n"
        );
    }

    #[test]
    fn a_difference_leads_from_one_to_the_other() {
        let lines = |text: &str| text.chars().map(String::from).collect::<Vec<_>>();
        for (was, is, expected) in [
            ("abc", "abc", " a b c"),
            ("abc", "ac", " a-b c"),
            ("", "ab", "+a+b"),
            ("ab", "", "-a-b"),
            ("abcd", "xbdy", "-a+x b-c d+y"),
        ] {
            let (was, is) = (lines(was), lines(is));
            let mut shown = String::new();
            for (sign, line) in diff(&was, &is) {
                shown.push(sign);
                shown.push_str(line);
            }
            assert_eq!(shown, expected);
        }
    }
}
