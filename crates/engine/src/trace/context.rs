//! W3C Trace Context: <https://www.w3.org/TR/trace-context/>.

use std::fmt::Write as _;

/// Where a request comes from: a trace, a span in it, and whether it is kept; with what other tracing systems on the way
/// left for themselves.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TraceContext {
    trace_id: [u8; 16],
    span_id: [u8; 8],
    flags: u8,
    state: Option<Box<str>>,
    is_remote: bool,
}

/// The flags that version 00 knows: sampled, and since level 2 that the trace's id is random (section "Trace Flags").
/// Others are not passed on.
const KNOWN_FLAGS: u8 = 0b11;

const SAMPLED: u8 = 0b01;

/// Members that a `tracestate` may have (section "list").
const MOST_MEMBERS: usize = 32;

/// A longer `tracestate` is cut; this much at the least is to be passed on (section "tracestate Limits").
const LONGEST_STATE: usize = 512;

/// A member that is longer is the first to go (likewise).
const LONG_MEMBER: usize = 128;

impl TraceContext {
    /// The context of a span of this process. `None` where an id is zero, which is none.
    pub fn local(trace_id: [u8; 16], span_id: [u8; 8], is_sampled: bool) -> Option<Self> {
        let flags = if is_sampled { SAMPLED } else { 0 };
        (trace_id != [0; 16] && span_id != [0; 8]).then_some(Self {
            trace_id,
            span_id,
            flags,
            state: None,
            is_remote: false,
        })
    }

    /// Reads a `traceparent`. `None` for one that is not valid, which counts as none.
    ///
    /// Of a version that is not known yet, the part is read that all versions have (section "Versioning
    /// of traceparent").
    pub fn parse(traceparent: &str) -> Option<Self> {
        let text = traceparent.trim_matches([' ', '\t']).as_bytes();
        let (head, rest) = (text.get(..55)?, &text[55..]);
        let [version] = hex(&head[..2])?;
        let fits = match version {
            0 => rest.is_empty(),
            0xff => false,
            _ => rest.first().is_none_or(|next| *next == b'-'),
        };
        let is_divided = [2, 35, 52].iter().all(|at| head[*at] == b'-');
        if !fits || !is_divided {
            return None;
        }
        let [flags] = hex(&head[53..])?;
        let mut context = Self::local(hex(&head[3..35])?, hex(&head[36..52])?, false)?;
        context.flags = flags & if version == 0 { KNOWN_FLAGS } else { SAMPLED };
        context.is_remote = true;
        Some(context)
    }

    /// With a `tracestate`, which may come in several headers. One that is not valid counts as none, and leaves
    /// the `traceparent` as it is.
    #[must_use]
    pub fn with_state<'a>(mut self, lines: impl IntoIterator<Item = &'a str>) -> Self {
        self.state = state(lines);
        self
    }

    /// The trace's id.
    pub const fn trace_id(&self) -> [u8; 16] {
        self.trace_id
    }

    /// The id of the span that a request comes from.
    pub const fn span_id(&self) -> [u8; 8] {
        self.span_id
    }

    /// Whether whoever began the trace keeps it.
    pub const fn is_sampled(&self) -> bool {
        self.flags & SAMPLED != 0
    }

    /// Whether it came from outside of this process.
    pub const fn is_remote(&self) -> bool {
        self.is_remote
    }

    /// The trace's id as logs have it: 32 hexadecimal digits.
    pub fn trace_id_hex(&self) -> String {
        let mut text = String::with_capacity(32);
        write_hex(&mut text, &self.trace_id);
        text
    }

    /// The header `traceparent`, in version 00.
    pub fn traceparent(&self) -> String {
        let mut text = String::with_capacity(55);
        text.push_str("00-");
        write_hex(&mut text, &self.trace_id);
        text.push('-');
        write_hex(&mut text, &self.span_id);
        text.push('-');
        write_hex(&mut text, &[self.flags]);
        text
    }

    /// The header `tracestate`.
    pub fn tracestate(&self) -> Option<&str> {
        self.state.as_deref()
    }
}

fn write_hex(text: &mut String, bytes: &[u8]) {
    for byte in bytes {
        // Writing to a text cannot fail.
        let _ = write!(text, "{byte:02x}");
    }
}

/// Lower-case hexadecimal digits, as the standard asks for.
fn hex<const N: usize>(text: &[u8]) -> Option<[u8; N]> {
    let digit = |byte: u8| match byte {
        b'0'..=b'9' => Some(byte - b'0'),
        b'a'..=b'f' => Some(byte - b'a' + 10),
        _ => None,
    };
    let mut bytes = [0; N];
    if text.len() != 2 * N {
        return None;
    }
    for (byte, pair) in bytes.iter_mut().zip(text.chunks_exact(2)) {
        *byte = digit(pair[0])? << 4 | digit(pair[1])?;
    }
    Some(bytes)
}

/// All lines as one list; its members stay in their order and are not read.
fn state<'a>(lines: impl IntoIterator<Item = &'a str>) -> Option<Box<str>> {
    let mut members = Vec::new();
    for member in lines.into_iter().flat_map(|line| line.split(',')) {
        let member = member.trim_matches([' ', '\t']);
        if member.is_empty() {
            continue;
        }
        let (key, value) = member.split_once('=')?;
        if !is_key(key) || !is_value(value) || members.len() == MOST_MEMBERS {
            return None;
        }
        members.push(member);
    }
    let length = |members: &[&str]| {
        members
            .iter()
            .map(|member| member.len() + 1)
            .sum::<usize>()
            .saturating_sub(1)
    };
    if length(&members) > LONGEST_STATE {
        members.retain(|member| member.len() <= LONG_MEMBER);
    }
    while length(&members) > LONGEST_STATE {
        members.pop();
    }
    (!members.is_empty()).then(|| members.join(",").into())
}

/// `key`, or `tenant@system` (section "Key").
fn is_key(key: &str) -> bool {
    let part = |text: &str, most: usize, first: fn(&u8) -> bool| {
        let bytes = text.as_bytes();
        bytes.len() <= most
            && bytes.first().is_some_and(first)
            && bytes
                .iter()
                .all(|byte| matches!(byte, b'a'..=b'z' | b'0'..=b'9' | b'_' | b'-' | b'*' | b'/'))
    };
    match key.split_once('@') {
        Some((tenant, system)) => {
            part(tenant, 241, |first| {
                first.is_ascii_lowercase() || first.is_ascii_digit()
            }) && part(system, 14, u8::is_ascii_lowercase)
        }
        // Level 2 lets a key begin with a digit.
        None => part(key, 256, |first| {
            first.is_ascii_lowercase() || first.is_ascii_digit()
        }),
    }
}

/// Printable ASCII without `,` and `=` (section "Value"). Spaces around it are gone already.
fn is_value(value: &str) -> bool {
    (1..=256).contains(&value.len())
        && value
            .bytes()
            .all(|byte| matches!(byte, b' '..=b'~') && !matches!(byte, b',' | b'='))
}

#[cfg(test)]
mod tests {
    use super::*;

    const TRACE: &str = "0af7651916cd43dd8448eb211c80319c";
    const SPAN: &str = "b7ad6b7169203331";

    #[test]
    fn what_is_valid_is_passed_on() {
        for (flags, passed_on, is_sampled) in [
            ("00", "00", false),
            ("01", "01", true),
            ("03", "03", true),
            ("ff", "03", true),
        ] {
            let context = TraceContext::parse(&format!("00-{TRACE}-{SPAN}-{flags}")).unwrap();
            assert_eq!(context.traceparent(), format!("00-{TRACE}-{SPAN}-{passed_on}"));
            assert_eq!((context.is_sampled(), context.is_remote()), (is_sampled, true));
            assert_eq!(context.trace_id_hex(), TRACE);
        }
        let padded = TraceContext::parse(&format!(" \t00-{TRACE}-{SPAN}-01\t "));
        assert_eq!(padded.unwrap().traceparent(), format!("00-{TRACE}-{SPAN}-01"));
    }

    #[test]
    fn of_later_versions_the_known_part_is_read() {
        for (version, rest) in [
            ("cc", ""),
            ("cc", "-"),
            ("cc", "-what-the-future-will-be-like"),
            ("fe", ""),
        ] {
            let context = TraceContext::parse(&format!("{version}-{TRACE}-{SPAN}-03{rest}")).unwrap();
            assert_eq!(context.traceparent(), format!("00-{TRACE}-{SPAN}-01"));
        }
    }

    #[test]
    fn what_is_not_valid_counts_as_none() {
        let zero = "0".repeat(32);
        for text in [
            String::new(),
            format!("00-{TRACE}-{SPAN}"),
            format!("00-{TRACE}-{SPAN}-1"),
            format!("00-{TRACE}-{SPAN}-01-"),
            format!("00-{TRACE}-{SPAN}-01-more"),
            format!("cc-{TRACE}-{SPAN}-01.more"),
            format!("ff-{TRACE}-{SPAN}-01"),
            format!("0-{TRACE}-{SPAN}-01"),
            format!("00-{zero}-{SPAN}-01"),
            format!("00-{TRACE}-{}-01", &zero[..16]),
            format!("00-{}-{SPAN}-01", TRACE.to_uppercase()),
            format!("00-{TRACE}-{SPAN}-0X"),
            format!("00_{TRACE}-{SPAN}-01"),
            format!("00-{TRACE}_{SPAN}-01"),
            format!("00-{TRACE}-{SPAN}_01"),
            format!("00-{}é-{SPAN}-01", &TRACE[..30]),
            format!("00-{TRACE}-{SPAN}-0é"),
        ] {
            assert_eq!(TraceContext::parse(&text), None, "{text}");
        }
        assert_eq!(TraceContext::local([0; 16], [1; 8], true), None);
    }

    #[track_caller]
    fn check_state(lines: &[&str], expected: Option<&str>) {
        let context = TraceContext::parse(&format!("00-{TRACE}-{SPAN}-01")).unwrap();
        let context = context.with_state(lines.iter().copied());
        assert_eq!(context.tracestate(), expected, "{lines:?}");
    }

    #[test]
    fn the_state_of_others_is_kept_as_it_is() {
        check_state(
            &["rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"],
            Some("rojo=00f067aa0ba902b7,congo=t61rcWkgMzE"),
        );
        check_state(
            &["foo=1,", " \t", "bar=2 \t, fw529a3039@dt=FfO;x"],
            Some("foo=1,bar=2,fw529a3039@dt=FfO;x"),
        );
        // Which one of two counts is not ours to say.
        check_state(&["foo=1,foo=2"], Some("foo=1,foo=2"));
        check_state(&["0a_-*/=!~ x"], Some("0a_-*/=!~ x"));
        let full = (0..32).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        check_state(&[&full], Some(&full));
    }

    #[test]
    fn a_state_that_is_not_valid_counts_as_none() {
        let crowded = (0..33).map(|n| format!("k{n}=v")).collect::<Vec<_>>().join(",");
        let long_key = format!("{}=1", "k".repeat(257));
        let long_tenant = format!("{}@v=1", "t".repeat(242));
        let long_system = format!("t@{}=1", "v".repeat(15));
        let long_value = format!("k={}", "v".repeat(257));
        for line in [
            "foo",
            "foo=",
            "=1",
            "Foo=1",
            "foo@=1",
            "@foo=1",
            "foo@bar@baz=1",
            "foo =1",
            "foo=1=2",
            "foo=é",
            "a@0b=1",
            &crowded,
            &long_key,
            &long_tenant,
            &long_system,
            &long_value,
        ] {
            check_state(&["good=1", line], None);
        }
        check_state(&[], None);
        check_state(&["", ","], None);
    }

    #[test]
    fn a_long_state_loses_whole_members() {
        let long = format!("long={}", "v".repeat(200));
        let members: Vec<String> = ["a", "b", "c", "d", "e", "f"]
            .iter()
            .map(|name| format!("{name}={}", "v".repeat(98)))
            .collect();
        let (first, last) = (members[..5].join(","), members[5].as_str());
        check_state(&[&long, &first], Some(&first));
        check_state(&[&first, last], Some(&first));
    }
}
