//! What was found.

use std::fmt::Write as _;

use serde_json::{Value, json};

use crate::terminal::Style;

/// Whether something is as it should be.
#[derive(Clone, Copy, Debug, PartialEq, Eq, PartialOrd, Ord)]
pub(crate) enum Health {
    Ok,
    /// It works, and may not for long, or not as meant.
    Warning,
    /// It does not work.
    Error,
}

impl Health {
    const fn name(self) -> &'static str {
        match self {
            Self::Ok => "ok",
            Self::Warning => "warning",
            Self::Error => "error",
        }
    }
}

/// One thing that was looked at.
#[derive(Clone, Debug)]
struct Check {
    group: &'static str,
    name: String,
    health: Health,
    message: String,
    help: Option<String>,
}

/// Everything that was looked at, in order.
#[derive(Debug, Default)]
pub(crate) struct Checks {
    list: Vec<Check>,
    group: &'static str,
}

impl Checks {
    /// What comes from here on belongs to this part.
    pub(crate) fn begin(&mut self, group: &'static str) {
        self.group = group;
    }

    pub(crate) fn ok(&mut self, name: impl Into<String>, message: impl Into<String>) {
        self.add(Health::Ok, name, message, None);
    }

    pub(crate) fn warning(
        &mut self,
        name: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Health::Warning, name, message, Some(help.into()));
    }

    pub(crate) fn error(
        &mut self,
        name: impl Into<String>,
        message: impl Into<String>,
        help: impl Into<String>,
    ) {
        self.add(Health::Error, name, message, Some(help.into()));
    }

    pub(crate) fn add(
        &mut self,
        health: Health,
        name: impl Into<String>,
        message: impl Into<String>,
        help: Option<String>,
    ) {
        self.list.push(Check {
            group: self.group,
            name: name.into(),
            health,
            message: message.into(),
            help,
        });
    }

    /// The worst of all.
    pub(crate) fn health(&self) -> Health {
        self.list
            .iter()
            .map(|check| check.health)
            .max()
            .unwrap_or(Health::Ok)
    }

    fn count(&self, health: Health) -> usize {
        self.list.iter().filter(|check| check.health == health).count()
    }

    pub(crate) fn as_json(&self) -> Value {
        let checks: Vec<Value> = self
            .list
            .iter()
            .map(|check| {
                json!({
                    "group": check.group,
                    "name": check.name,
                    "status": check.health.name(),
                    "message": check.message,
                    "help": check.help,
                })
            })
            .collect();
        json!({ "status": self.health().name(), "checks": checks })
    }

    /// For people.
    pub(crate) fn render(&self, style: Style) -> String {
        let width = self
            .list
            .iter()
            .map(|check| check.name.chars().count())
            .max()
            .unwrap_or(0);
        // Writing to a `String` cannot fail.
        let (mut text, mut group) = (String::new(), "");
        for check in &self.list {
            if check.group != group {
                let gap = if group.is_empty() { "" } else { "\n" };
                group = check.group;
                let _ = writeln!(text, "{gap}{}", style.name(group));
            }
            let mark = match check.health {
                Health::Ok => style.good("✓"),
                Health::Warning => style.warn("!"),
                Health::Error => style.bad("✗"),
            };
            let name = format!("{:<width$}", check.name);
            let _ = writeln!(text, "  {mark} {}  {}", style.dim(&name), check.message);
            for line in check.help.iter().flat_map(|help| help.lines()) {
                let _ = writeln!(text, "    {:<width$}  {}: {line}", "", style.help("help"));
            }
        }
        let [warnings, errors] = [Health::Warning, Health::Error].map(|health| self.count(health));
        let _ = writeln!(
            text,
            "\n{}, {}, {}",
            counted(self.count(Health::Ok), "fine", "fine"),
            counted(warnings, "warning", "warnings"),
            counted(errors, "error", "errors"),
        );
        text
    }
}

fn counted(count: usize, one: &str, many: &str) -> String {
    format!("{count} {}", if count == 1 { one } else { many })
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::terminal::ColorChoice;

    #[test]
    fn the_worst_counts() {
        let mut checks = Checks::default();
        assert_eq!(checks.health(), Health::Ok);
        checks.begin("store");
        checks.ok("file", "there");
        checks.warning("disk", "2 % are free", "make room");
        assert_eq!(checks.health(), Health::Warning);
        checks.begin("clock");
        checks.error("time", "an hour late", "set it");
        assert_eq!(checks.health(), Health::Error);
        assert_eq!(
            checks.render(Style::new(ColorChoice::Never, false)),
            "store\n  ✓ file  there\n  ! disk  2 % are free\n          help: make room\n\nclock\n  ✗ time  an hour \
             late\n          help: set it\n\n1 fine, 1 warning, 1 error\n"
        );
        let json = checks.as_json();
        assert_eq!(json["status"], "error");
        assert_eq!(json["checks"][1]["help"], "make room");
    }
}
