//! Providers as data: a connector file says how a provider is asked, and each of its operations becomes an action.
//!
//! The format is described in `docs/connectors.md`. Not here: which connectors a workspace has of its own (`cli` reads them).
