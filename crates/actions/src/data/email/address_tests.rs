//! A table of addresses: RFC 5321, RFC 5322, RFC 6531, RFC 3696 with its errata, and what people mistype.

use super::address::{Address, Domain, name};

fn octets(count: usize) -> String {
    "a".repeat(count)
}

/// A name of this many octets, of labels of 63 and less.
fn domain_of(length: usize) -> String {
    let mut name = String::new();
    while name.len() + 64 < length - 4 {
        name += &octets(63);
        name.push('.');
    }
    name += &octets(length - 4 - name.len());
    name + ".com"
}

#[test]
fn what_is_an_address() {
    let longest_local = format!("{}@example.com", octets(64));
    let longest = format!("{}@{}", octets(64), domain_of(189));
    let long_name = format!("a@{}", domain_of(252));
    let longest_label = format!("a@{}.com", octets(63));
    for (text, normal) in [
        // Dot-strings.
        ("ada@example.com", "ada@example.com"),
        ("Ada.Lovelace@EXAMPLE.Com", "Ada.Lovelace@example.com"),
        ("a@b.co", "a@b.co"),
        ("ada+tag@example.com", "ada+tag@example.com"),
        ("user%example.com@example.org", "user%example.com@example.org"),
        ("mailhost!username@example.org", "mailhost!username@example.org"),
        (
            "customer/department=shipping@example.com",
            "customer/department=shipping@example.com",
        ),
        ("$A12345@example.com", "$A12345@example.com"),
        ("_somename@example.com", "_somename@example.com"),
        ("!def!xyz%abc@example.com", "!def!xyz%abc@example.com"),
        (
            "#!$%&'*+-/=?^_`{}|~@example.com",
            "#!$%&'*+-/=?^_`{}|~@example.com",
        ),
        ("1234567890@example.com", "1234567890@example.com"),
        ("-@example.com", "-@example.com"),
        // Quoted strings, in the simplest form that says the same.
        (r#""ada"@example.com"#, "ada@example.com"),
        (r#""ada.lovelace"@example.com"#, "ada.lovelace@example.com"),
        (r#""\a\d\a"@example.com"#, "ada@example.com"),
        (r#"" "@example.com"#, r#"" "@example.com"#),
        (r#""ada lovelace"@example.com"#, r#""ada lovelace"@example.com"#),
        (r#""ada..lovelace"@example.com"#, r#""ada..lovelace"@example.com"#),
        (r#""Abc@def"@example.com"#, r#""Abc@def"@example.com"#),
        (r#""Abc\@def"@example.com"#, r#""Abc@def"@example.com"#),
        (r#""Fred Bloggs"@example.com"#, r#""Fred Bloggs"@example.com"#),
        (r#""Joe.\\Blow"@example.com"#, r#""Joe.\\Blow"@example.com"#),
        (r#""a\"b"@example.com"#, r#""a\"b"@example.com"#),
        (
            r#""()<>[]:,;@\\\"!#$%&'-/=?^_`{}| ~.a"@example.org"#,
            r#""()<>[]:,;@\\\"!#$%&'-/=?^_`{}| ~.a"@example.org"#,
        ),
        (r#"""@example.com"#, r#"""@example.com"#),
        // Names of domains.
        ("a@sub.sub.example.museum", "a@sub.sub.example.museum"),
        ("a@1.example.com", "a@1.example.com"),
        ("a@123.com", "a@123.com"),
        ("a@ex-ample.com", "a@ex-ample.com"),
        ("a@r3---sn.example.com", "a@r3---sn.example.com"),
        ("a@example.c0m", "a@example.c0m"),
        ("a@localhost", "a@localhost"),
        // Literals of addresses.
        ("a@[192.0.2.1]", "a@[192.0.2.1]"),
        ("a@[IPv6:2001:db8::1]", "a@[IPv6:2001:db8::1]"),
        ("a@[ipv6:2001:DB8:0:0:0:0:0:1]", "a@[IPv6:2001:db8::1]"),
        ("a@[IPv6:::ffff:192.0.2.1]", "a@[IPv6:::ffff:192.0.2.1]"),
        // Letters beyond ASCII.
        ("δοκιμή@example.com", "δοκιμή@example.com"),
        ("用户@例子.广告", "用户@xn--fsqu00a.xn--4rr70v"),
        ("jörg@bücher.example", "jörg@xn--bcher-kva.example"),
        ("a@BÜCHER.example", "a@xn--bcher-kva.example"),
        ("a@xn--bcher-kva.example", "a@xn--bcher-kva.example"),
        ("a@faß.example", "a@xn--fa-hia.example"),
        ("a@例子。广告", "a@xn--fsqu00a.xn--4rr70v"),
        (r#""jörg m"@example.com"#, r#""jörg m"@example.com"#),
        ("😀@example.com", "😀@example.com"),
        // Lengths.
        (&longest_local, &longest_local),
        (&longest, &longest),
        (&long_name, &long_name),
        (&longest_label, &longest_label),
    ] {
        let address = Address::parse(text);
        assert_eq!(
            address.as_ref().map(ToString::to_string).as_deref(),
            Some(normal),
            "{text}"
        );
        assert_eq!(Address::parse(normal), address, "{normal}");
    }
}

#[test]
fn what_is_none() {
    let long_local = format!("{}@example.com", octets(65));
    let long_quoted = format!("\"{}\"@example.com", octets(63));
    let long_letters = format!("{}@example.com", "ü".repeat(33));
    let too_long = format!("{}@{}", octets(64), domain_of(190));
    let long_name = format!("a@{}", domain_of(254));
    let long_label = format!("a@{}.com", octets(64));
    let long_idn = format!("a@{}.com", "ü".repeat(63));
    let huge = format!("a@{}", octets(100_000));
    for text in [
        "",
        "@",
        "ada",
        "ada@",
        "@example.com",
        "ada.example.com",
        // Local parts.
        ".ada@example.com",
        "ada.@example.com",
        "ada..lovelace@example.com",
        "a b@example.com",
        "a\tb@example.com",
        "a\nb@example.com",
        "a(b)@example.com",
        "a,b@example.com",
        "a:b@example.com",
        "a;b@example.com",
        "a<b@example.com",
        "a[b@example.com",
        "a\\b@example.com",
        "a\"b@example.com",
        "a@b@example.com",
        "a\0@example.com",
        "a\u{7f}@example.com",
        "a\u{85}@example.com",
        "a\u{a0}b@example.com",
        "a\u{200b}b@example.com",
        "a\u{202e}b@example.com",
        "\u{feff}ada@example.com",
        // Quoted strings.
        "\"ada@example.com",
        "\"ada\"example.com",
        "\"ada\".lovelace@example.com",
        "ada.\"lovelace\"@example.com",
        "\"a\"b\"@example.com",
        "\"a\\\"@example.com",
        "\"a\nb\"@example.com",
        "\"a\\\nb\"@example.com",
        "\"ada\" @example.com",
        // What a header may hold, and a mail server does not take.
        " ada@example.com",
        "ada@example.com ",
        "ada @example.com",
        "ada@ example.com",
        "ada@example.com\n",
        "ada(comment)@example.com",
        "ada@(comment)example.com",
        "Ada <ada@example.com>",
        "<ada@example.com>",
        "mailto:ada@example.com",
        "ada@example.com,bob@example.com",
        // Names of domains.
        "a@.example.com",
        "a@example.com.",
        "a@example..com",
        "a@-example.com",
        "a@example-.com",
        "a@exam_ple.com",
        "a@exam ple.com",
        "a@ex%61mple.com",
        "a@example.com:25",
        "a@example.com/x",
        "a@example,com",
        "a@example.123",
        "a@192.0.2.1",
        "a@1",
        "a@0x7f.1",
        "a@bü_cher.example",
        "a@xn--a.example",
        "a@exa\u{200b}mple.com.",
        "a@例子。",
        // Literals.
        "a@[192.0.2.256]",
        "a@[192.0.2]",
        "a@[192.0.2.1",
        "a@192.0.2.1]",
        "a@[2001:db8::1]",
        "a@[IPv6:2001:db8::1::2]",
        "a@[IPv6:192.0.2.1]",
        "a@[IPv6:fe80::1%eth0]",
        "a@[tag:content]",
        "a@[]",
        "a@[192.0.2.1].com",
        // Lengths.
        &long_local,
        &long_quoted,
        &long_letters,
        &too_long,
        &long_name,
        &long_label,
        &long_idn,
        &huge,
    ] {
        assert_eq!(Address::parse(text), None, "{text:?}");
    }
}

#[test]
fn a_tag_stands_behind_something() {
    for (text, has_tag) in [
        ("ada+news@example.com", true),
        ("ada+@example.com", true),
        (r#""ada+ news"@example.com"#, true),
        ("ada@example.com", false),
        ("+ada@example.com", false),
        ("ada@ex.example.com", false),
    ] {
        assert_eq!(Address::parse(text).unwrap().has_tag(), has_tag, "{text}");
    }
}

#[test]
fn the_parts_are_told_apart() {
    let address = Address::parse(r#""a b"@Example.COM"#).unwrap();
    assert_eq!(address.local(), r#""a b""#);
    assert_eq!(address.domain, Domain::Name("example.com".to_owned()));
}

#[test]
fn names_have_a_length() {
    assert_eq!(name(&domain_of(253)), Some(domain_of(253)));
    assert_eq!(name(&domain_of(254)), None);
}
