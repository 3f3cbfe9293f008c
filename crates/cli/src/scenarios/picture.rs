//! A flow in one line: `POST /sign-up → auth0.create_user → pro? → respond`.

use lockgate_flow::render::{Block, Kind, Outline, Shape};

/// What a line shows at the most; what is left over is counted.
const MOST: usize = 7;

/// The way through a flow, branches by their heads only.
pub(crate) fn picture(outline: &Outline) -> String {
    let mut stops = vec![outline.trigger.title.clone()];
    walk(&outline.body, &mut stops);
    let more = stops.len().saturating_sub(MOST);
    if more > 0 {
        stops.truncate(MOST - 1);
        stops.push(format!("{} more", more + 1));
    }
    stops.join(" → ")
}

fn walk(blocks: &[Block], stops: &mut Vec<String>) {
    for block in blocks {
        let card = &block.card;
        stops.push(match card.kind {
            Kind::Decision | Kind::Switch => format!("{}?", card.title.trim_end_matches('?')),
            Kind::Loop => format!("{} ⟳", card.title),
            _ => card.title.clone(),
        });
        match &block.shape {
            // The way that goes on is the way that people mean.
            Shape::Choice(arms) => {
                let longest = arms.iter().max_by_key(|arm| arm.body.len());
                walk(longest.map_or(&[], |arm| &arm.body), stops);
            }
            Shape::Parallel(arms) => {
                let heads: Vec<&str> = arms.iter().map(|arm| arm.label.as_str()).collect();
                stops.push(format!("({})", heads.join(" ∥ ")));
            }
            Shape::Loop(body) => walk(body, stops),
            Shape::Plain => {}
        }
    }
}

#[cfg(test)]
mod tests {
    use lockgate_flow::source::Source;
    use lockgate_flow::syntax::parse;

    use super::*;

    #[test]
    fn a_flow_in_one_line() {
        let text = "trigger: { http: POST /a }\ninput: { plan: { type: string } }\nsteps:\n  - id: user\n    action: \
                    auth0.create_user\n    with: {}\n  - if: eq input.plan \"pro\"\n    then:\n      - name: grant quota\n        \
                    action: log\n        with: { message: a }\n  - return: 1\n";
        let flow = parse(&Source::new("flows/a.yaml", text)).flow.unwrap();
        let line = picture(&Outline::of(&flow));
        assert!(line.starts_with("POST /a → user → "), "{line}");
        assert!(line.contains("? → grant quota → "), "{line}");
    }
}
