//! What is unfinished goes on: at the start, and after the store was failing.
