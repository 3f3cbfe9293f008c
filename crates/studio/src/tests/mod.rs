//! Every path, asked without a socket over a workspace in memory. Each answer is held to the document of the API.

mod declared;
mod documents;
mod events;
mod operations;
mod pages;
mod saving;
mod stand;
