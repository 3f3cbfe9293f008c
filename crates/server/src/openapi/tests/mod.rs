//! Documents of small flows, of the shipped ones, and of flows made by chance.

mod chance;
mod inputs;
mod laboratory;
mod outcomes;
mod shipped;
mod sound;
