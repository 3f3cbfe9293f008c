//! The web app's files compressed, for browsers that take them so: a third of the bytes.

use std::collections::HashMap;
use std::io::{self, Write as _};
use std::sync::{LazyLock, Mutex, PoisonError};

use bytes::Bytes;
use flate2::Compression;
use flate2::write::GzEncoder;
use http::header::{ACCEPT_ENCODING, HeaderMap};
use rust_embed::EmbeddedFile;

/// By the digest of what was compressed: once for each file, however often it is asked for.
static PACKED: LazyLock<Mutex<HashMap<[u8; 32], Bytes>>> = LazyLock::new(Mutex::default);

/// Whether a browser takes gzip (RFC 9110, section 12.5.3).
pub(super) fn is_taken(headers: &HeaderMap) -> bool {
    headers
        .get_all(ACCEPT_ENCODING)
        .iter()
        .filter_map(|value| value.to_str().ok())
        .flat_map(|value| value.split(','))
        .any(|coding| {
            let (name, weight) = coding.split_once(';').unwrap_or((coding, ""));
            let is_refused = weight
                .trim()
                .strip_prefix("q=")
                .and_then(|weight| weight.parse::<f32>().ok())
                .is_some_and(|weight| weight <= 0.0);
            name.trim().eq_ignore_ascii_case("gzip") && !is_refused
        })
}

/// A file as gzip. It takes some 40 ms for the whole app, the first time.
///
/// # Errors
/// The compression's; it writes into memory, which refuses nothing.
pub(super) fn gzip(file: &EmbeddedFile) -> io::Result<Bytes> {
    let digest = file.metadata.sha256_hash();
    let kept = || PACKED.lock().unwrap_or_else(PoisonError::into_inner);
    if let Some(packed) = kept().get(&digest) {
        return Ok(packed.clone());
    }
    let mut encoder = GzEncoder::new(Vec::with_capacity(file.data.len() / 2), Compression::default());
    encoder.write_all(&file.data)?;
    let packed = Bytes::from(encoder.finish()?);
    kept().insert(digest, packed.clone());
    Ok(packed)
}

#[cfg(test)]
mod tests {
    use http::header::HeaderValue;

    use super::*;

    #[test]
    fn gzip_is_taken_where_it_is_named_and_not_refused() {
        for (value, taken) in [
            ("gzip, deflate, br, zstd", true),
            ("br;q=1.0, GZIP;q=0.5", true),
            ("gzip;q=0", false),
            ("br, gzip; q=0.0", false),
            ("identity", false),
            ("", false),
        ] {
            let headers = HeaderMap::from_iter([(ACCEPT_ENCODING, HeaderValue::from_static(value))]);
            assert_eq!(is_taken(&headers), taken, "{value}");
        }
        assert!(!is_taken(&HeaderMap::new()));
    }
}
