//! Keeps what fits what is typed, the nearest first.

use crate::assist::answers::Completion;

/// Most items in one answer.
const MOST: usize = 500;

/// Keeps the items whose label has the typed letters in order. Those that begin with them come first, then those in which
/// a word begins with them; among equals the order stays.
pub(super) fn filter(items: Vec<Completion>, typed: &str) -> Vec<Completion> {
    let typed = normal(typed);
    let mut kept: Vec<(u8, Completion)> = items
        .into_iter()
        .filter_map(|item| Some((rank(&item.label.to_lowercase(), &typed)?, item)))
        .collect();
    kept.sort_by_key(|(rank, _)| *rank);
    kept.truncate(MOST);
    kept.into_iter().map(|(_, item)| item).collect()
}

/// Whether an item of this label would be kept: for items that are dear to make.
pub(super) fn is_meant(label: &str, typed: &str) -> bool {
    rank(&label.to_lowercase(), &normal(typed)).is_some()
}

fn normal(typed: &str) -> String {
    typed.trim_matches(['"', '\'', ' ']).to_lowercase()
}

fn rank(label: &str, typed: &str) -> Option<u8> {
    if label.starts_with(typed) {
        return Some(0);
    }
    let begins_word = |(at, _): (usize, &str)| label[..at].ends_with(['.', '_', '-', ' ', '#']);
    if label.match_indices(typed).any(begins_word) {
        return Some(1);
    }
    if label.contains(typed) {
        return Some(2);
    }
    let mut letters = label.chars();
    let in_order = typed.chars().all(|wanted| letters.any(|letter| letter == wanted));
    (in_order && typed.chars().count() > 2).then_some(3)
}

#[cfg(test)]
mod tests {
    use super::rank;

    #[test]
    fn the_nearest_come_first() {
        for (label, typed, expected) in [
            ("auth0.create_user", "", Some(0)),
            ("auth0.create_user", "auth0.c", Some(0)),
            ("auth0.create_user", "user", Some(1)),
            ("auth0.create_user", "eate", Some(2)),
            ("auth0.create_user", "acu", Some(3)),
            ("auth0.create_user", "ac", None),
            ("auth0.create_user", "ucx", None),
            ("größe", "öß", Some(2)),
        ] {
            assert_eq!(rank(label, typed), expected, "{label} {typed}");
        }
    }
}
