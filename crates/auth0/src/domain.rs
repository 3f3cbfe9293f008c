//! The tenant domain: the name by which Auth0 knows a tenant, like `acme.eu.auth0.com`.
//!
//! Every wrong thing that people paste into `domain` is told apart here and gets its own word on what to
//! write. Whether the tenant exists is not for this module: only the token endpoint knows.

use std::fmt;

/// Suffixes of tenant domains: the public cloud, and the private cloud.
/// Source: Auth0 docs, "Tenant settings" and "Private Cloud on Azure/AWS: custom domains".
const TENANT_SUFFIXES: [&str; 2] = ["auth0.com", "auth0app.com"];

/// The regions of the public cloud that stand in a tenant domain.
const REGIONS: [&str; 8] = ["us", "eu", "au", "jp", "uk", "ca", "in", "sa"];

/// A tenant's own domain, in lower case. Exactly this goes into the Management API's audience.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct TenantDomain(String);

impl TenantDomain {
    /// Reads a tenant domain.
    pub fn parse(text: &str) -> Result<Self, DomainProblem> {
        match Host::parse(text)? {
            Host {
                name,
                is_tenant: true,
            } => Ok(Self(name)),
            Host { name, .. } => Err(DomainProblem::CustomDomain { host: name }),
        }
    }

    /// The domain.
    pub fn as_str(&self) -> &str {
        &self.0
    }

    /// The identifier of this tenant's Management API. The slash at the end is part of it.
    /// Source: Auth0 docs, "Management API access tokens".
    pub fn management_audience(&self) -> String {
        format!("https://{}/api/v2/", self.0)
    }
}

impl fmt::Display for TenantDomain {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.0)
    }
}

/// A host that may be called: a tenant domain, or a custom domain that stands for one.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(crate) struct Host {
    /// In lower case.
    pub(crate) name: String,
    /// Whether the name is the tenant's own.
    pub(crate) is_tenant: bool,
}

impl Host {
    pub(crate) fn parse(text: &str) -> Result<Self, DomainProblem> {
        if text.is_empty() {
            return Err(DomainProblem::Empty);
        }
        if text.trim() != text {
            return Err(DomainProblem::Spaces {
                trimmed: text.trim().to_owned(),
            });
        }
        let lower = text.to_ascii_lowercase();
        if let Some((_, rest)) = lower.split_once("://") {
            return Err(DomainProblem::Url {
                host: host_part(rest).to_owned(),
            });
        }
        if lower.contains(['/', '?', '#']) {
            return Err(DomainProblem::Path {
                host: host_part(&lower).to_owned(),
            });
        }
        if lower.contains('@') {
            return Err(DomainProblem::NotAHostname {
                text: text.to_owned(),
            });
        }
        if let Some((host, _)) = lower.split_once(':') {
            return Err(DomainProblem::Port {
                host: host.to_owned(),
            });
        }
        if !is_hostname(&lower) {
            return Err(DomainProblem::NotAHostname {
                text: text.to_owned(),
            });
        }
        for suffix in TENANT_SUFFIXES {
            if lower == suffix {
                return Err(DomainProblem::NoTenant { host: lower });
            }
            let Some(front) = lower
                .strip_suffix(suffix)
                .and_then(|front| front.strip_suffix('.'))
            else {
                continue;
            };
            if front == "manage" || front == "dashboard" {
                return Err(DomainProblem::Dashboard { host: lower });
            }
            if REGIONS.contains(&front) {
                return Err(DomainProblem::NoTenant { host: lower });
            }
            return Ok(Self {
                name: lower,
                is_tenant: true,
            });
        }
        if !lower.contains('.') {
            return Err(DomainProblem::TenantName { name: lower });
        }
        Ok(Self {
            name: lower,
            is_tenant: false,
        })
    }
}

fn host_part(rest: &str) -> &str {
    let authority = rest.split(['/', '?', '#']).next().unwrap_or_default();
    let host = authority.rsplit('@').next().unwrap_or_default();
    host.split(':').next().unwrap_or_default()
}

/// RFC 1123 §2.1: labels of letters, digits and hyphens.
fn is_hostname(text: &str) -> bool {
    text.len() <= 253
        && text.split('.').all(|label| {
            !label.is_empty()
                && label.len() <= 63
                && !label.starts_with('-')
                && !label.ends_with('-')
                && label
                    .bytes()
                    .all(|byte| byte.is_ascii_alphanumeric() || byte == b'-')
        })
}

/// What was written where the tenant domain belongs.
#[derive(Clone, Debug, PartialEq, Eq, thiserror::Error)]
pub enum DomainProblem {
    /// Nothing.
    #[error("the tenant domain is empty")]
    Empty,
    /// White space around it.
    #[error("the tenant domain has white space around it")]
    Spaces {
        /// Without the white space.
        trimmed: String,
    },
    /// A URL.
    #[error("this is a URL, not a domain")]
    Url {
        /// The URL's host.
        host: String,
    },
    /// A domain with a path behind it.
    #[error("this is a domain with a path, not a domain")]
    Path {
        /// The part before the path.
        host: String,
    },
    /// A domain with a port.
    #[error("a tenant domain has no port")]
    Port {
        /// The part before the port.
        host: String,
    },
    /// A custom domain of the tenant.
    #[error("`{host}` is a custom domain, not the tenant domain")]
    CustomDomain {
        /// The custom domain.
        host: String,
    },
    /// The dashboard's address.
    #[error("`{host}` is the address of Auth0's dashboard, not of a tenant")]
    Dashboard {
        /// The address.
        host: String,
    },
    /// `auth0.com` or a region of it.
    #[error("`{host}` lacks the tenant's name")]
    NoTenant {
        /// What was written.
        host: String,
    },
    /// The tenant's name without a domain.
    #[error("`{name}` is a tenant's name, not its domain")]
    TenantName {
        /// The name.
        name: String,
    },
    /// Something that no host can be called.
    #[error("`{text}` is not a host name")]
    NotAHostname {
        /// What was written.
        text: String,
    },
}

const WHERE_TO_FIND: &str = "Auth0 shows it in the dashboard under Applications → your application → Settings → \
                             Domain, or, where that shows a custom domain, at the top left beside the tenant's name";

impl DomainProblem {
    /// What to write instead.
    pub fn help(&self) -> String {
        match self {
            Self::Spaces { trimmed } => format!("write `{trimmed}`"),
            Self::Url { host } | Self::Path { host } | Self::Port { host } => match Host::parse(host) {
                Ok(Host {
                    name,
                    is_tenant: true,
                }) => format!("write `{name}`"),
                Ok(Host { name, .. }) => format!(
                    "write the tenant domain alone, like `acme.eu.auth0.com` (`{name}` is a custom domain); \
                     {WHERE_TO_FIND}"
                ),
                Err(_) => format!("write the tenant domain alone, like `acme.eu.auth0.com`; {WHERE_TO_FIND}"),
            },
            Self::CustomDomain { host } => format!(
                "write the tenant domain, like `acme.eu.auth0.com`; {WHERE_TO_FIND}. To call the API on `{host}` \
                 all the same, add the tenant's `audience`, like `https://acme.eu.auth0.com/api/v2/`"
            ),
            Self::TenantName { name } => {
                format!(
                    "write `{name}.auth0.com`, or `{name}.eu.auth0.com` with the tenant's region; {WHERE_TO_FIND}"
                )
            }
            Self::NoTenant { host } => format!("write the tenant's name before it: `acme.{host}`"),
            Self::Empty | Self::Dashboard { .. } | Self::NotAHostname { .. } => {
                format!("write the tenant domain, like `acme.eu.auth0.com`; {WHERE_TO_FIND}")
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn check(text: &str, problem: &str, help: &str) {
        let found = TenantDomain::parse(text).expect_err(text);
        assert_eq!(found.to_string(), problem);
        assert!(found.help().starts_with(help), "{}", found.help());
    }

    #[test]
    fn tenant_domains_are_read() {
        for text in [
            "acme.auth0.com",
            "acme.eu.auth0.com",
            "ACME.us.Auth0.com",
            "acme.cell-1.auth0app.com",
        ] {
            assert_eq!(
                TenantDomain::parse(text).expect(text).as_str(),
                text.to_lowercase()
            );
        }
        let domain = TenantDomain::parse("Acme.eu.auth0.com").unwrap();
        assert_eq!(domain.management_audience(), "https://acme.eu.auth0.com/api/v2/");
    }

    #[test]
    fn each_wrong_thing_gets_its_own_word() {
        check(
            "",
            "the tenant domain is empty",
            "write the tenant domain, like `acme.eu.auth0.com`",
        );
        check(
            " acme.auth0.com",
            "the tenant domain has white space around it",
            "write `acme.auth0.com`",
        );
        check(
            "https://acme.eu.auth0.com/",
            "this is a URL, not a domain",
            "write `acme.eu.auth0.com`",
        );
        check(
            "https://login.acme.com/api/v2/",
            "this is a URL, not a domain",
            "write the tenant domain alone, like `acme.eu.auth0.com` (`login.acme.com` is a custom domain)",
        );
        check(
            "acme.eu.auth0.com/api/v2",
            "this is a domain with a path, not a domain",
            "write `acme.eu.auth0.com`",
        );
        check(
            "acme.auth0.com:443",
            "a tenant domain has no port",
            "write `acme.auth0.com`",
        );
        check(
            "login.acme.com",
            "`login.acme.com` is a custom domain, not the tenant domain",
            "write the tenant domain, like `acme.eu.auth0.com`",
        );
        check(
            "notauth0.com",
            "`notauth0.com` is a custom domain, not the tenant domain",
            "write the tenant domain",
        );
        check(
            "manage.auth0.com",
            "`manage.auth0.com` is the address of Auth0's dashboard, not of a tenant",
            "write",
        );
        check(
            "eu.auth0.com",
            "`eu.auth0.com` lacks the tenant's name",
            "write the tenant's name before it: `acme.eu",
        );
        check(
            "auth0.com",
            "`auth0.com` lacks the tenant's name",
            "write the tenant's name before it: `acme.auth0.com`",
        );
        check(
            "acme",
            "`acme` is a tenant's name, not its domain",
            "write `acme.auth0.com`",
        );
        check(
            "acme_dev.auth0.com",
            "`acme_dev.auth0.com` is not a host name",
            "write the tenant domain",
        );
        check(
            "acme..auth0.com",
            "`acme..auth0.com` is not a host name",
            "write the tenant domain",
        );
        check(
            "user@acme.auth0.com",
            "`user@acme.auth0.com` is not a host name",
            "write the tenant domain",
        );
    }
}
