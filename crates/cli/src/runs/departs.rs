//! Where an edited flow departs from what is recorded, for people.

use lockgate_store::replay::{Departure, ReplayEnd};
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

/// A departure in words.
pub(crate) struct Described<'a> {
    /// Where, and in which flow; `None`: it is one of the run as a whole.
    pub(crate) at: Option<(Side, &'a str)>,
    /// One line.
    pub(crate) what: String,
    sign: Sign,
    below: Vec<Line>,
}

/// A line below a departure.
enum Line {
    /// What changed, or stands around it, with its sign.
    Changed(char, String),
    /// Here lines are left out.
    Gap,
    /// A field, and what is wrong with it.
    Mistake(String, String),
}

/// Whose key it is.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(crate) enum Side {
    /// That of the flow as it was recorded: it does not come there any more.
    Was,
    /// That of the flow as it is now.
    Is,
}

/// What a departure begins with.
#[derive(Clone, Copy)]
enum Sign {
    New,
    Gone,
    /// How it goes on is not known.
    Lost,
    Other,
    Waits,
}

impl Described<'_> {
    /// In words, and below them what changed, with `- ` and `+ ` before the lines that are not in both.
    pub(crate) fn text(&self) -> String {
        let below = self.below.iter().map(|line| format!("\n{}", line.plain()));
        format!("{}{}", self.what, below.collect::<String>())
    }
}

/// Puts a departure into words.
pub(crate) fn described(departure: &Departure) -> Described<'_> {
    let described = |at, sign, what: &str, below| Described {
        at,
        what: what.to_owned(),
        sign,
        below,
    };
    let changed = |recorded: &Option<Value>, found: &Option<Value>| {
        changes(&pretty(recorded.as_ref()), &pretty(found.as_ref()))
    };
    match departure {
        Departure::RunInput { mistakes } => {
            let mistakes = mistakes
                .iter()
                .map(|(field, message)| Line::Mistake(field.clone(), message.clone()));
            let what = "the flow does not take the recorded input any more";
            described(None, Sign::Lost, what, mistakes.collect())
        }
        Departure::NotRecorded { key, what, input } => {
            let what = format!("`{what}` is not recorded, so that nobody knows what comes after it");
            let input = input
                .as_ref()
                .map_or_else(Vec::new, |input| changes(&[], &pretty(Some(input))));
            described(Some((Side::Is, key.as_str())), Sign::New, &what, input)
        }
        Departure::Other { key, recorded, found } => {
            let what = format!("was `{recorded}`, is `{found}`; what comes after it is not known");
            described(Some((Side::Is, key.as_str())), Sign::Lost, &what, Vec::new())
        }
        Departure::Input { key, recorded, found } => described(
            Some((Side::Is, key.as_str())),
            Sign::Other,
            "gets something else",
            changed(recorded, found),
        ),
        Departure::Waits { key, until } => {
            let what = format!(
                "waits, which it did not; until {}, had it been there then",
                absolute(*until)
            );
            described(Some((Side::Is, key.as_str())), Sign::Waits, &what, Vec::new())
        }
        Departure::Unused { key, what } => {
            let what = format!("`{what}` was recorded, and the flow does not come there any more");
            described(Some((Side::Was, key.as_str())), Sign::Gone, &what, Vec::new())
        }
        Departure::Answer { recorded, found } => {
            let what = "the caller would get another answer";
            described(None, Sign::Other, what, changed(recorded, found))
        }
        Departure::Output { recorded, found } => {
            let what = "the run would return something else";
            described(None, Sign::Other, what, changed(recorded, found))
        }
        Departure::Failure { recorded, found } => {
            let what = match (recorded, found) {
                (Some(_), None) => "the run would not fail",
                (None, _) => "the run would fail",
                (Some(_), Some(_)) => "the run would fail otherwise",
            };
            described(None, Sign::Other, what, changed(recorded, found))
        }
    }
}

/// How far a replay came that departs nowhere; nothing where it came to its end.
pub(crate) fn end(end: &ReplayEnd, is: &Titles) -> Option<String> {
    match end {
        ReplayEnd::Ended | ReplayEnd::Departed => None,
        ReplayEnd::RecordEnds { key, .. } => Some(format!(
            "what is recorded ends at {}: how it goes on is not known",
            is.title(key)
        )),
    }
}

/// Keys are those of the flow as it is now, but for what it does not come to any more.
fn one(departure: &Departure, was: &Titles, is: &Titles, style: Style) -> String {
    let described = described(departure);
    let sign = match described.sign {
        Sign::New => style.bad("+"),
        Sign::Gone => style.warn("-"),
        Sign::Lost => style.bad("±"),
        Sign::Other => style.warn("±"),
        Sign::Waits => style.warn("+"),
    };
    let at = described.at.map_or_else(String::new, |(side, key)| {
        let titles = if side == Side::Was { was } else { is };
        let title = titles.title(key);
        if title == key {
            format!("{}: ", style.name(key))
        } else {
            format!("{} {}: ", style.name(&title), style.dim(&format!("({key})")))
        }
    });
    let mut text = format!("{sign} {at}{}\n", described.what);
    for line in &described.below {
        let plain = line.plain();
        let line = match line {
            Line::Changed('+', _) => style.good(&plain),
            Line::Changed('-', _) => style.bad(&plain),
            Line::Changed(..) => plain,
            Line::Gap => style.dim(&plain),
            Line::Mistake(field, message) => format!("{}: {message}", style.name(field)),
        };
        text.push_str("    ");
        text.push_str(&line);
        text.push('\n');
    }
    text
}

impl Line {
    fn plain(&self) -> String {
        match self {
            Self::Changed(sign, line) => format!("{sign} {line}"),
            Self::Gap => "…".to_owned(),
            Self::Mistake(field, message) => format!("{field}: {message}"),
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

/// What is in the one and not in the other, line by line, with what stands around it.
fn changes(was: &[String], is: &[String]) -> Vec<Line> {
    let all = diff(was, is);
    let is_near = |at: usize| {
        let from = at.saturating_sub(CONTEXT);
        let to = (at + CONTEXT).min(all.len().saturating_sub(1));
        all[from..=to].iter().any(|(sign, _)| *sign != ' ')
    };
    let mut near: Vec<Line> = Vec::new();
    for (at, (sign, line)) in all.iter().enumerate() {
        if is_near(at) {
            near.push(Line::Changed(*sign, (*line).to_owned()));
        } else if !matches!(near.last(), Some(Line::Gap)) {
            near.push(Line::Gap);
        }
    }
    near
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
