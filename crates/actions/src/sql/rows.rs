//! A result, capped while it comes in.

use serde_json::{Map, Value, json};

use super::failure::Failure;

/// Bytes of one value, as the database gave it.
pub(super) const MOST_IN_CELL: usize = 1024 * 1024;

/// Bytes of all values together.
pub(super) const MOST_IN_ALL: usize = 4 * 1024 * 1024;

/// The rows so far.
pub(super) struct Rows {
    columns: Vec<String>,
    done: Vec<Value>,
    limit: usize,
    bytes: usize,
    is_cut: bool,
}

impl Rows {
    /// No rows yet. A row is an object, so every column needs a name of its own.
    pub(super) fn new(columns: Vec<String>, limit: usize) -> Result<Self, Failure> {
        for (index, column) in columns.iter().enumerate() {
            if columns[..index].contains(column) {
                let message = format!("two columns are called `{column}`: give one another name with `AS`");
                return Err(Failure::new("duplicate_column", message));
            }
        }
        Ok(Self {
            columns,
            done: Vec::new(),
            limit,
            bytes: 0,
            is_cut: false,
        })
    }

    /// Whether there are as many as are wanted.
    pub(super) fn is_full(&self) -> bool {
        self.done.len() >= self.limit
    }

    /// There was one more than is wanted.
    pub(super) fn cut(&mut self) {
        self.is_cut = true;
    }

    /// A value of so many bytes comes.
    pub(super) fn weigh(&mut self, column: usize, bytes: usize) -> Result<(), Failure> {
        self.bytes = self.bytes.saturating_add(bytes);
        if bytes > MOST_IN_CELL {
            let column = self.columns.get(column).map(String::as_str).unwrap_or_default();
            let message = format!("a value of `{column}` has more than 1 MiB; nothing was changed");
            return Err(Failure::new("too_large", message));
        }
        if self.bytes > MOST_IN_ALL {
            return Err(Failure::new(
                "too_large",
                "the rows have more than 4 MiB together; nothing was changed",
            ));
        }
        Ok(())
    }

    /// Adds a row: a value for each column.
    pub(super) fn push(&mut self, values: Vec<Value>) {
        let row: Map<String, Value> = self.columns.iter().cloned().zip(values).collect();
        self.done.push(Value::Object(row));
    }

    /// The result of a step; `affected` where it could write.
    pub(super) fn into_result(self, affected: Option<u64>) -> Value {
        let mut result = json!({
            "row_count": self.done.len(),
            "truncated": self.is_cut,
            "columns": self.columns,
            "rows": self.done,
        });
        if let Some(affected) = affected {
            result["affected"] = json!(affected);
        }
        result
    }
}
