//! Measures and breaks text without a font at hand.
//!
//! The widths are the larger of Arial's and Inter's advance for each character, so that a text fits its box in
//! whichever sans-serif font the viewer has. Pixels throughout.

/// How a text is set.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Font {
    /// The flow's name.
    Heading,
    /// A box's title.
    Title,
    /// Prose under a title.
    Prose,
    /// Code under a title.
    Code,
    /// A label on a connector.
    Label,
    /// Marks.
    Small,
}

impl Font {
    /// Size in tenths of a pixel.
    const fn size(self) -> u32 {
        match self {
            Self::Heading => 190,
            Self::Title => 130,
            Self::Prose | Self::Label => 115,
            Self::Code => 112,
            Self::Small => 105,
        }
    }

    /// From one line to the next.
    pub(crate) const fn line_height(self) -> i32 {
        match self {
            Self::Heading => 26,
            Self::Title => 18,
            Self::Prose | Self::Code | Self::Label => 16,
            Self::Small => 15,
        }
    }

    /// A word for it: `title`, `code`.
    pub const fn name(self) -> &'static str {
        match self {
            Self::Heading => "heading",
            Self::Title => "title",
            Self::Prose => "prose",
            Self::Code => "code",
            Self::Label => "label",
            Self::Small => "small",
        }
    }

    /// The class that sets it in an SVG.
    pub(crate) const fn class(self) -> &'static str {
        match self {
            Self::Heading => "h",
            Self::Title => "t",
            Self::Prose => "p",
            Self::Code => "c",
            Self::Label => "l",
            Self::Small => "s",
        }
    }
}

/// Advance of ` ` to `~` in thousandths of the size.
#[rustfmt::skip]
const REGULAR: [u32; 95] = [
    281, 278, 403, 631, 638, 889, 667, 222, 362, 362, 500, 659, 280, 460, 278, 357, 625, 556, 605,
    636, 642, 608, 624, 571, 616, 624, 278, 280, 659, 659, 659, 556, 1015, 676, 667, 727, 722, 667,
    611, 778, 740, 278, 543, 667, 562, 889, 753, 778, 667, 778, 722, 667, 642, 741, 676, 949, 667,
    667, 625, 362, 357, 362, 469, 556, 497, 564, 621, 558, 621, 582, 361, 609, 591, 237, 237, 544,
    237, 869, 585, 597, 609, 609, 372, 523, 364, 581, 557, 812, 540, 557, 541, 362, 327, 362, 659,
];

/// The same for the semibold weight.
#[rustfmt::skip]
const SEMIBOLD: [u32; 95] = [
    278, 333, 474, 643, 649, 889, 722, 238, 393, 393, 543, 673, 295, 466, 290, 379, 667, 556, 621,
    652, 666, 632, 648, 587, 646, 648, 333, 333, 673, 673, 673, 611, 999, 724, 722, 744, 724, 667,
    611, 778, 744, 278, 561, 722, 611, 906, 741, 778, 667, 778, 722, 667, 660, 734, 724, 1007, 690,
    705, 653, 393, 379, 393, 584, 556, 497, 575, 630, 577, 630, 593, 377, 625, 613, 278, 278, 569,
    278, 898, 611, 611, 625, 625, 397, 556, 380, 611, 576, 837, 562, 576, 562, 393, 358, 393, 673,
];

/// Advance of a monospaced font's characters; Menlo, Consolas, DejaVu and Liberation Mono lie at or below.
const MONO: u32 = 602;

fn advance(character: char, font: Font) -> u32 {
    let code = character as u32;
    // Letters of scripts that are as wide as high, and pictographs.
    let wide = (0x1100..0x1160).contains(&code)
        || (0x2e80..0xa4d0).contains(&code)
        || (0xac00..0xd7a4).contains(&code)
        || (0xf900..0xfb00).contains(&code)
        || (0xfe30..0xfe70).contains(&code)
        || (0xff00..0xff61).contains(&code)
        || code >= 0x1f000;
    if wide {
        return 1250;
    }
    let table = match font {
        Font::Code => return MONO,
        Font::Heading | Font::Title | Font::Label => &SEMIBOLD,
        Font::Prose | Font::Small => &REGULAR,
    };
    let index = usize::try_from(code).ok().and_then(|code| code.checked_sub(32));
    match index.and_then(|index| table.get(index)) {
        Some(advance) => *advance,
        None if "…—–×→".contains(character) => 1000,
        None if character == '·' => 340,
        None => 720,
    }
}

/// The width of a text in whole pixels, rounded up.
pub(crate) fn width(text: &str, font: Font) -> i32 {
    let thousandths: u32 = text.chars().map(|character| advance(character, font)).sum();
    i32::try_from((thousandths.saturating_mul(font.size())).div_ceil(10_000)).unwrap_or(i32::MAX)
}

/// The text, or as much of its beginning as fits with an ellipsis.
pub(crate) fn shorten(text: &str, font: Font, limit: i32) -> String {
    if width(text, font) <= limit {
        return text.to_owned();
    }
    let mut short = String::new();
    for character in text.chars() {
        short.push(character);
        if width(&short, font) + width("…", font) > limit {
            short.pop();
            break;
        }
    }
    format!("{}…", short.trim_end())
}

/// Breaks a text into at most `lines` lines that fit, between words where it can; the last is shortened.
pub(crate) fn wrap(text: &str, font: Font, limit: i32, lines: usize) -> Vec<String> {
    let mut done: Vec<String> = Vec::new();
    let mut rest = text.trim();
    while !rest.is_empty() {
        if done.len() + 1 == lines || width(rest, font) <= limit {
            done.push(shorten(rest, font, limit));
            break;
        }
        let cut = cut(rest, font, limit);
        done.push(rest[..cut].trim_end().to_owned());
        rest = rest[cut..].trim_start();
    }
    done
}

/// Where the first line of a text that does not fit ends, in bytes; at least one character.
fn cut(text: &str, font: Font, limit: i32) -> usize {
    let mut end = text.len();
    for (index, character) in text.char_indices() {
        let next = index + character.len_utf8();
        if width(&text[..next], font) > limit {
            end = if index == 0 { next } else { index };
            break;
        }
    }
    // After a space, or after a mark inside a long word, if that leaves a good part of the line filled.
    let breaks = ['.', '/', '_', '-', ','];
    let after = |at: Option<usize>| at.map(|at| at + 1).filter(|at| at * 3 >= end);
    after(text[..end].rfind(' '))
        .or_else(|| after(text[..end].rfind(breaks)))
        .unwrap_or(end)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines_fit_and_lose_nothing_but_the_end() {
        for text in [
            "eq input.plan \"pro\"",
            "a_very_long_identifier_that_no_line_can_hold_at_all",
            "短い テキスト 短い テキスト",
        ] {
            for limit in [30, 60, 100, 1000] {
                let lines = wrap(text, Font::Title, limit, 99);
                assert!(
                    lines.iter().all(|line| width(line, Font::Title) <= limit),
                    "{lines:?}"
                );
                let without = |text: &str| text.replace(' ', "");
                assert_eq!(without(&lines.concat()), without(text));
                let two = wrap(text, Font::Title, limit, 2);
                assert!(
                    two.len() <= 2 && two.iter().all(|line| width(line, Font::Title) <= limit),
                    "{two:?}"
                );
            }
        }
    }
}
