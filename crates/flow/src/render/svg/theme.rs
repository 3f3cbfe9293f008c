//! Colours, fonts and icons.
//!
//! No CSS variables and no markers: several programs that draw SVG do not know them, and a marker's id would
//! collide where two pictures stand in one document.

use std::fmt::Write as _;

use super::super::outline::Kind;
use super::Scheme;

struct Palette {
    ground: &'static str,
    card: &'static str,
    border: &'static str,
    shadow: &'static str,
    title: &'static str,
    prose: &'static str,
    wire: &'static str,
    error: &'static str,
    end: &'static str,
    /// What ran: its lines, and its ground.
    taken: (&'static str, &'static str),
    /// What did not.
    missed: (&'static str, &'static str),
    /// Trigger, action, decision, parallel, loop, set, wait, call, respond, return.
    kinds: [&'static str; 10],
}

const LIGHT: Palette = Palette {
    ground: "#f6f7f9",
    card: "#ffffff",
    border: "#d9dee7",
    shadow: "#1b2b4a",
    title: "#172033",
    prose: "#5b6980",
    wire: "#98a4b6",
    error: "#dc3d48",
    end: "#e6eaf0",
    taken: ("#1a8a4a", "#ecf8f0"),
    missed: ("#d3232f", "#fdeced"),
    kinds: [
        "#2563eb", "#5b4be0", "#bf7300", "#8b3fd9", "#0b8080", "#56637a", "#c0317b", "#0b74bd", "#178043",
        "#178043",
    ],
};

const DARK: Palette = Palette {
    ground: "#0e131a",
    card: "#18202a",
    border: "#303c4c",
    shadow: "#000000",
    title: "#e9eef6",
    prose: "#9aa8bc",
    wire: "#5d6b80",
    error: "#f2727b",
    end: "#232d3a",
    taken: ("#4cc384", "#14291d"),
    missed: ("#ff6b76", "#34191d"),
    kinds: [
        "#7aa7ff", "#a79cff", "#f0b44c", "#cf9bff", "#53cfcb", "#a5b3c7", "#f58abb", "#69bdf7", "#62d391",
        "#62d391",
    ],
};

/// The selectors of [`Palette::kinds`].
const KINDS: [&[Kind]; 10] = [
    &[Kind::Trigger],
    &[Kind::Action],
    &[Kind::Decision, Kind::Switch],
    &[Kind::Parallel],
    &[Kind::Loop],
    &[Kind::Set, Kind::Invalid],
    &[Kind::Wait],
    &[Kind::Call],
    &[Kind::Respond, Kind::Redirect],
    &[Kind::Return],
];

/// The class of the root, which keeps the rules to this picture's scheme.
pub(super) const fn class(scheme: Scheme) -> &'static str {
    match scheme {
        Scheme::Auto => "lockgate-auto",
        Scheme::Light => "lockgate-light",
        Scheme::Dark => "lockgate-dark",
    }
}

/// The rules of a scheme; those of marks, where there are any.
pub(super) fn style(scheme: Scheme, has_marks: bool) -> String {
    let root = class(scheme);
    let mut css = String::new();
    let sans = "Inter,ui-sans-serif,system-ui,-apple-system,'Segoe UI',Roboto,Helvetica,Arial,sans-serif";
    let mono = "ui-monospace,SFMono-Regular,Menlo,Consolas,'DejaVu Sans Mono','Liberation Mono',monospace";
    for (selector, rule) in [
        ("text", format!("font-family:{sans}")),
        (".h", "font-size:19px;font-weight:600".to_owned()),
        (".t", "font-size:13px;font-weight:600".to_owned()),
        (".p", "font-size:11.5px".to_owned()),
        (".c", format!("font-size:11.2px;font-family:{mono}")),
        (".l", "font-size:11.5px;font-weight:600".to_owned()),
        (".s", "font-size:10.5px".to_owned()),
        (".box", "stroke-width:1".to_owned()),
        (".shadow", "opacity:.07".to_owned()),
        (".tile", "fill-opacity:.13".to_owned()),
        (".tint", "fill-opacity:.08;stroke-opacity:.55".to_owned()),
        (".frame", "fill-opacity:.04;stroke-opacity:.45".to_owned()),
        (".bar", "fill-opacity:.45".to_owned()),
        (".rule", "stroke-opacity:.25".to_owned()),
        (
            ".icon",
            "fill:none;stroke-width:1.6;stroke-linecap:round;stroke-linejoin:round".to_owned(),
        ),
        (".wire", "fill:none;stroke-width:1.5".to_owned()),
        (".error .wire,.invalid .box", "stroke-dasharray:5 4".to_owned()),
    ] {
        let _ = writeln!(css, "{}{{{rule}}}", scoped(root, selector));
    }
    if has_marks {
        // Colour is not all: what did not run is dotted.
        let dotted = "stroke-dasharray:1 5;stroke-linecap:round;stroke-width:2.5".to_owned();
        for (selector, rule) in [
            (".missed .wire", dotted.clone()),
            (".missed .box,.missed .frame", dotted),
            (".taken .wire,.taken .box", "stroke-width:2".to_owned()),
        ] {
            let _ = writeln!(css, "{}{{{rule}}}", scoped(root, selector));
        }
    }
    let colours = |css: &mut String, palette: &Palette| {
        colours(css, root, palette);
        if has_marks {
            marks(css, root, palette);
        }
    };
    match scheme {
        Scheme::Light => colours(&mut css, &LIGHT),
        Scheme::Dark => colours(&mut css, &DARK),
        Scheme::Auto => {
            colours(&mut css, &LIGHT);
            css.push_str("@media (prefers-color-scheme:dark){\n");
            colours(&mut css, &DARK);
            css.push_str("}\n");
        }
    }
    css
}

fn scoped(root: &str, selector: &str) -> String {
    selector
        .split(',')
        .map(|selector| format!(".{root} {selector}"))
        .collect::<Vec<_>>()
        .join(",")
}

fn colours(css: &mut String, root: &str, palette: &Palette) {
    let Palette {
        ground,
        card,
        border,
        shadow,
        title,
        prose,
        wire,
        error,
        end,
        kinds,
        ..
    } = palette;
    for (selector, rule) in [
        (".ground", format!("fill:{ground}")),
        (".p,.c,.s,.l", format!("fill:{prose}")),
        (".h,.t,.if .c,.switch .c", format!("fill:{title}")),
        (".box", format!("fill:{card};stroke:{border}")),
        (".shadow", format!("fill:{shadow}")),
        (".wire", format!("stroke:{wire}")),
        (".head", format!("fill:{wire}")),
        (".error .wire", format!("stroke:{error}")),
        (".error .head,.error .l", format!("fill:{error}")),
        (".end .box", format!("fill:{end};stroke:{end}")),
    ] {
        let _ = writeln!(css, "{}{{{rule}}}", scoped(root, selector));
    }
    let rules = KINDS
        .iter()
        .zip(kinds)
        .map(|(kinds, colour)| (*kinds, *colour))
        .chain([(&[Kind::Fail][..], *error)]);
    for (kinds, colour) in rules {
        let selectors = |parts: &[&str]| {
            let pairs = kinds.iter().flat_map(|kind| {
                parts
                    .iter()
                    .map(move |part| format!(".{root} .{} {part}", kind.name()))
            });
            pairs.collect::<Vec<_>>().join(",")
        };
        let _ = writeln!(
            css,
            "{}{{fill:{colour}}}",
            selectors(&[".tile", ".tint", ".frame", ".bar"])
        );
        let _ = writeln!(
            css,
            "{}{{stroke:{colour}}}",
            selectors(&[".icon", ".tint", ".frame", ".rule"])
        );
    }
}

/// The colours of what ran and what did not.
fn marks(css: &mut String, root: &str, palette: &Palette) {
    for (class, (line, ground)) in [("taken", palette.taken), ("missed", palette.missed)] {
        for (parts, rule) in [
            (&[".box"][..], format!("fill:{ground};stroke:{line}")),
            (&[".frame", ".tint"], format!("fill:{line};stroke:{line}")),
            (&[".wire", ".rule"], format!("stroke:{line}")),
            (&[".head", ".bar", ".l"], format!("fill:{line}")),
        ] {
            let selectors: Vec<String> = parts
                .iter()
                .map(|part| format!(".{root} .{class} {part}"))
                .collect();
            let _ = writeln!(css, "{}{{{rule}}}", selectors.join(","));
        }
    }
}

/// An icon's strokes in a square of 16.
pub(super) const fn icon(kind: Kind) -> &'static str {
    match kind {
        Kind::Trigger => "M9 1.8 3.6 9H8l-1 5.2L12.4 7H8z",
        Kind::Action => "M6 2v3M10 2v3M4.2 5h7.6v2.8a3.8 3.8 0 0 1-7.6 0zM8 11.6V14",
        Kind::Decision => "M8 14V9.2L3.6 4.6M8 9.2l4.4-4.6M3.4 7.6v-3h3M12.6 7.6v-3h-3",
        Kind::Switch => "M6.2 4h7.3M6.2 8h7.3M6.2 12h7.3M2.7 4h.01M2.7 8h.01M2.7 12h.01",
        Kind::Parallel => "M5 2.5v11M11 2.5v11",
        Kind::Loop => "M13 6A5.3 5.3 0 0 0 3.2 5.6M3 10a5.3 5.3 0 0 0 9.8.4M3 2.8v3h3M13 13.2v-3h-3",
        Kind::Set => "M3.5 6h9M3.5 10h9",
        Kind::Wait => "M8 2.2a5.8 5.8 0 1 0 0 11.6A5.8 5.8 0 0 0 8 2.2zM8 5v3.2l2.1 1.3",
        Kind::Call => "M9 3h4v10H9M2.5 8H10M7.2 5.2 10 8l-2.8 2.8",
        Kind::Respond => "M6.6 3.6 2.8 7.4l3.8 3.8M2.8 7.4h6.4a4 4 0 0 1 4 4v1.2",
        Kind::Redirect => "M2.8 12.6v-1.2a4 4 0 0 1 4-4h6.4M9.4 3.6l3.8 3.8-3.8 3.8",
        Kind::Return => "M3 8.6l3.2 3.2L13 4.8",
        Kind::Fail => "M4.4 4.4l7.2 7.2M11.6 4.4l-7.2 7.2",
        Kind::Invalid => "M8 3v6M8 12.6h.01",
    }
}
