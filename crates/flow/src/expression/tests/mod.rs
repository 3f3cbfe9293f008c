//! Tests of the expression language as its users meet it: text in, value out.

mod evaluation;
mod mistakes;
mod properties;
mod scope;
