//! An outline as boxes, groups and arrows, for the languages that lay out graphs themselves.

use super::outline::{Arm, Block, Card, Kind, Outline, Shape};

/// Boxes, groups and arrows.
#[derive(Debug, Default)]
pub(super) struct Diagram {
    pub(super) elements: Vec<Element>,
    pub(super) edges: Vec<Edge>,
    next: usize,
}

/// What is drawn.
#[derive(Debug)]
pub(super) enum Element {
    /// A box.
    Node(Node),
    /// A group with a title around other elements.
    Group {
        id: String,
        lines: Vec<String>,
        elements: Vec<Element>,
    },
}

/// A box.
#[derive(Debug)]
pub(super) struct Node {
    pub(super) id: String,
    pub(super) role: Role,
    pub(super) lines: Vec<String>,
}

/// What a box is drawn as.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub(super) enum Role {
    /// A step or the trigger.
    Card(Kind),
    /// Where a parallel begins or ends.
    Bar,
    /// Where a loop begins anew.
    Each,
    /// The flow's end.
    End,
}

/// An arrow.
#[derive(Debug)]
pub(super) struct Edge {
    pub(super) from: String,
    pub(super) to: String,
    pub(super) label: Option<String>,
    pub(super) is_error: bool,
}

/// An arrow whose head is not yet known.
#[derive(Clone)]
struct Exit {
    from: String,
    label: Option<String>,
    is_error: bool,
}

impl Exit {
    fn plain(from: &str) -> Self {
        Self {
            from: from.to_owned(),
            label: None,
            is_error: false,
        }
    }

    fn labelled(from: &str, label: &str, is_error: bool) -> Self {
        Self {
            from: from.to_owned(),
            label: Some(label.to_owned()),
            is_error,
        }
    }
}

/// The words of a box, a line each.
fn lines(card: &Card) -> Vec<String> {
    let mut lines = vec![card.title.clone()];
    lines.extend(card.subtitle.clone());
    if !card.marks.is_empty() {
        lines.push(card.marks.join(" · "));
    }
    lines
}

impl Diagram {
    /// Reads the boxes and arrows from an outline.
    pub(super) fn of(outline: &Outline) -> Self {
        let mut diagram = Self::default();
        let mut elements = Vec::new();
        let mut said = lines(&outline.trigger);
        said.extend(outline.input.iter().map(|field| {
            format!(
                "{}{}: {}",
                field.name,
                if field.optional { "?" } else { "" },
                field.description
            )
        }));
        let start = diagram.node(&mut elements, Role::Card(Kind::Trigger), said);
        let exits = diagram.sequence(&mut elements, &outline.body, vec![Exit::plain(&start)]);
        if !exits.is_empty() {
            let end = diagram.node(&mut elements, Role::End, vec!["end".to_owned()]);
            diagram.connect(exits, &end);
        }
        if !outline.on_error.is_empty() {
            let id = diagram.id();
            let mut inside = Vec::new();
            diagram.sequence(&mut inside, &outline.on_error, Vec::new());
            elements.push(Element::Group {
                id,
                lines: vec!["on error: an error that no step has handled".to_owned()],
                elements: inside,
            });
        }
        diagram.elements = elements;
        diagram
    }

    fn id(&mut self) -> String {
        self.next += 1;
        format!("n{}", self.next - 1)
    }

    fn node(&mut self, into: &mut Vec<Element>, role: Role, lines: Vec<String>) -> String {
        let id = self.id();
        into.push(Element::Node(Node {
            id: id.clone(),
            role,
            lines,
        }));
        id
    }

    fn connect(&mut self, exits: Vec<Exit>, to: &str) {
        self.edges.extend(exits.into_iter().map(
            |Exit {
                 from,
                 label,
                 is_error,
             }| Edge {
                from,
                to: to.to_owned(),
                label,
                is_error,
            },
        ));
    }

    /// Draws blocks after the exits, and gives the exits after the blocks.
    fn sequence(&mut self, into: &mut Vec<Element>, blocks: &[Block], exits: Vec<Exit>) -> Vec<Exit> {
        blocks
            .iter()
            .fold(exits, |exits, block| self.block(into, block, exits))
    }

    fn block(&mut self, into: &mut Vec<Element>, block: &Block, before: Vec<Exit>) -> Vec<Exit> {
        let (first, mut exits) = match &block.shape {
            Shape::Plain => {
                let id = self.node(into, Role::Card(block.card.kind), lines(&block.card));
                let exits = if block.card.kind.ends() {
                    Vec::new()
                } else {
                    vec![Exit::plain(&id)]
                };
                (id, exits)
            }
            Shape::Choice(arms) => {
                let id = self.node(into, Role::Card(block.card.kind), lines(&block.card));
                let exits = if arms.is_empty() {
                    vec![Exit::plain(&id)]
                } else {
                    self.arms(into, arms, &id)
                };
                (id, exits)
            }
            Shape::Parallel(arms) => {
                let group = self.id();
                let mut inside = Vec::new();
                let fork = self.node(&mut inside, Role::Bar, vec!["fork".to_owned()]);
                let mut exits = self.arms(&mut inside, arms, &fork);
                if !exits.is_empty() {
                    let join = self.node(&mut inside, Role::Bar, vec!["join".to_owned()]);
                    self.connect(exits, &join);
                    exits = if block.goes_on_inside() {
                        vec![Exit::plain(&join)]
                    } else {
                        Vec::new()
                    };
                }
                into.push(Element::Group {
                    id: group,
                    lines: lines(&block.card),
                    elements: inside,
                });
                (fork, exits)
            }
            Shape::Loop(body) => {
                let group = self.id();
                let mut inside = Vec::new();
                let each = self.node(&mut inside, Role::Each, vec!["each".to_owned()]);
                let back = self.sequence(&mut inside, body, vec![Exit::plain(&each)]);
                self.connect(back.into_iter().filter(|exit| exit.from != each).collect(), &each);
                into.push(Element::Group {
                    id: group,
                    lines: lines(&block.card),
                    elements: inside,
                });
                let exits = vec![Exit::labelled(&each, "done", false)];
                (each, exits)
            }
        };
        self.connect(before, &first);
        for handling in &block.handlers {
            let start = vec![Exit::labelled(&first, &handling.label, true)];
            let after = self.sequence(into, &handling.body, start);
            exits.extend(after);
        }
        exits
    }

    fn arms(&mut self, into: &mut Vec<Element>, arms: &[Arm], from: &str) -> Vec<Exit> {
        let mut exits = Vec::new();
        for arm in arms {
            let start = vec![Exit::labelled(from, &arm.label, false)];
            exits.extend(self.sequence(into, &arm.body, start));
        }
        exits
    }
}
