//! `aws_sigv4`: a signature over the whole request (AWS Signature Version 4), made by the signer of the AWS SDK.

use std::time::{Duration, SystemTime};

use aws_credential_types::Credentials;
use aws_sigv4::http_request::{
    PayloadChecksumKind, PercentEncodingMode, SignableBody, SignableRequest, SigningSettings,
    UriPathNormalizationMode, sign,
};
use aws_sigv4::sign::v4;
use http::{HeaderName, HeaderValue};
use lockgate_engine::action::ActionError;
use lockgate_http::Request;

use super::Caller;
use crate::read::Parameters;

/// `service`, `region`, `access_key_id`, `secret_access_key`, `session_token`.
#[derive(Debug)]
pub(crate) struct AwsSigV4 {
    pub(crate) parameters: Parameters,
}

impl AwsSigV4 {
    pub(super) fn authorize(&self, request: &mut Request, caller: Caller<'_>) -> Result<(), ActionError> {
        let parameter = |name| self.parameters.required(name, caller);
        let credentials = Credentials::new(
            parameter("access_key_id")?,
            parameter("secret_access_key")?,
            self.parameters.optional("session_token", caller)?,
            None,
            "connection",
        );
        let seconds = u64::try_from(caller.context.clock.now().as_second()).unwrap_or(0);
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(seconds);
        put_signature(
            request,
            &parameter("region")?,
            &parameter("service")?,
            credentials,
            time,
        )
    }
}

fn put_signature(
    request: &mut Request,
    region: &str,
    service: &str,
    credentials: Credentials,
    time: SystemTime,
) -> Result<(), ActionError> {
    let unsigned = |reason: String| {
        ActionError::new(
            "unauthorized",
            format!("the request could not be signed: {reason}"),
        )
    };
    let mut settings = SigningSettings::default();
    if service == "s3" {
        // S3 wants the digest of the body in a header, and takes the path as it is ("Create a canonical request").
        settings.payload_checksum_kind = PayloadChecksumKind::XAmzSha256;
        settings.percent_encoding_mode = PercentEncodingMode::Single;
        settings.uri_path_normalization_mode = UriPathNormalizationMode::Disabled;
    }
    let identity = credentials.into();
    let parameters = v4::SigningParams::builder()
        .identity(&identity)
        .region(region)
        .name(service)
        .time(time)
        .settings(settings)
        .build()
        .map_err(|error| unsigned(error.to_string()))?
        .into();
    let instructions = {
        let headers = request
            .headers
            .iter()
            .filter_map(|(name, value)| Some((name.as_str(), value.to_str().ok()?)));
        let body = SignableBody::Bytes(request.body.as_deref().unwrap_or_default());
        let signable = SignableRequest::new(request.method.as_str(), request.url.as_str(), headers, body)
            .map_err(|error| unsigned(error.to_string()))?;
        sign(signable, &parameters)
            .map_err(|error| unsigned(error.to_string()))?
            .into_parts()
            .0
    };
    for (name, value) in instructions.headers() {
        let name = HeaderName::try_from(name).map_err(|error| unsigned(error.to_string()))?;
        let mut value = HeaderValue::try_from(value).map_err(|error| unsigned(error.to_string()))?;
        value.set_sensitive(true);
        request.headers.insert(name, value);
    }
    Ok(())
}

#[cfg(test)]
mod tests {
    use http::{HeaderMap, Method};
    use lockgate_http::StatusRange;

    use super::*;

    /// 30 August 2015, 12:36:00 UTC: the time of AWS's test suite.
    const TIME: u64 = 1_440_938_160;

    #[track_caller]
    fn check(service: &str, method: Method, url: &str, body: Option<(&str, &str)>, expected: (&str, &str)) {
        let mut headers = HeaderMap::new();
        if let Some((kind, _)) = body {
            headers.insert("content-type", kind.parse().unwrap());
        }
        let body = body.map(|(_, body)| body).filter(|body| !body.is_empty());
        let mut request = Request {
            method,
            url: url.parse().unwrap(),
            headers,
            body: body.map(|body| body.to_owned().into()),
            timeout: Duration::from_secs(1),
            accept: vec![StatusRange(200..=299)],
            follow_redirects: false,
            is_repeatable: true,
            secrets: Vec::new(),
        };
        let credentials = Credentials::new(
            "AKIDEXAMPLE",
            "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
            None,
            None,
            "test",
        );
        let time = SystemTime::UNIX_EPOCH + Duration::from_secs(TIME);
        put_signature(&mut request, "us-east-1", service, credentials, time).unwrap();
        assert_eq!(request.headers["x-amz-date"], "20150830T123600Z");
        let (signed, signature) = expected;
        assert_eq!(
            request.headers["authorization"].to_str().unwrap(),
            format!(
                "AWS4-HMAC-SHA256 Credential=AKIDEXAMPLE/20150830/us-east-1/{service}/aws4_request, \
                 SignedHeaders={signed}, Signature={signature}"
            ),
            "{url}"
        );
        assert!(request.headers["authorization"].is_sensitive());
    }

    /// The cases of AWS's published suite (`aws-sig-v4-test-suite`) that have no headers of their own.
    #[test]
    fn signatures_are_those_of_the_published_suite() {
        const PLAIN: &str = "host;x-amz-date";
        let vanilla = (
            PLAIN,
            "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31",
        );
        let host = "https://example.amazonaws.com";
        // get-vanilla, get-relative
        check("service", Method::GET, &format!("{host}/"), None, vanilla);
        check("service", Method::GET, &format!("{host}/foo/.."), None, vanilla);
        // get-vanilla-query-order-key-case
        check(
            "service",
            Method::GET,
            &format!("{host}/?Param2=value2&Param1=value1"),
            None,
            (
                PLAIN,
                "b97d918cfa904a5beff61c982a1b6f458b799221646efd99d3219ec94cdf2500",
            ),
        );
        // get-unreserved
        check(
            "service",
            Method::GET,
            &format!("{host}/-._~0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"),
            None,
            (
                PLAIN,
                "07ef7494c76fa4850883e2b006601f940f8a34d404d0cfa977f52a65bbf5f24f",
            ),
        );
        // post-vanilla
        check(
            "service",
            Method::POST,
            &format!("{host}/"),
            None,
            (
                PLAIN,
                "5da7c1a2acd57cee7505fc6676e4e544621c30862966e37dddb68e92efbe5d6b",
            ),
        );
        // post-x-www-form-urlencoded
        check(
            "service",
            Method::POST,
            &format!("{host}/"),
            Some(("application/x-www-form-urlencoded", "Param1=value1")),
            (
                "content-type;host;x-amz-date",
                "ff11897932ad3f4e8b18135d722051e5ac45fc38421b1da7b9d196a0fe09473a",
            ),
        );
    }

    /// The example of AWS's own documentation ("Create a signed AWS API request"): listing the users of IAM.
    #[test]
    fn the_documented_example() {
        check(
            "iam",
            Method::GET,
            "https://iam.amazonaws.com/?Action=ListUsers&Version=2010-05-08",
            Some(("application/x-www-form-urlencoded; charset=utf-8", "")),
            (
                "content-type;host;x-amz-date",
                "5d672d79c15b13162d9279b0855cfba6789a8edb4c82c400e06b5924a6f2b5d7",
            ),
        );
    }
}
