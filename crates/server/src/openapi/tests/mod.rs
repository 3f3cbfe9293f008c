//! Documents of small flows.
