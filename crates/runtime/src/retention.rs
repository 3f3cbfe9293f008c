//! Deletes ended runs that are past their retention, in small slices.
