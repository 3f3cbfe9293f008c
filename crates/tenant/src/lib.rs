//! An emulated Auth0 tenant: token endpoint, users API, fault injection.
