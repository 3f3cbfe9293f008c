//! The Auth0 connection: tokens, rate limits, scopes; the auth0.* actions.
