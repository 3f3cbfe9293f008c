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
