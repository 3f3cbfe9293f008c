//! `csv.parse`: the action.

use std::collections::HashSet;
use std::sync::{Arc, LazyLock};

use async_trait::async_trait;
use csv::{ReaderBuilder, StringRecord, Trim};
use lockgate_engine::action::{Action, ActionContext, ActionError};
use lockgate_flow::catalog::{ActionSpec, Effect, ErrorSpec};
use lockgate_flow::schema::Schema;
use serde_json::{Map, Value, json};

use super::super::place::{LARGEST, Place};
use super::quotes::{QuoteProblem, check};

/// What `max_rows` is where it is not given.
const ROWS: usize = 10_000;
/// Cells of all rows together: each costs many times the bytes that it has in the text.
const CELLS: usize = 250_000;

static SPEC: LazyLock<Arc<ActionSpec>> = LazyLock::new(|| {
    Arc::new(ActionSpec {
        docs: DOCS.into(),
        input: Schema::new(input()),
        output: Schema::new(output()),
        errors: ERRORS.to_vec(),
        example:
            "id: users\naction: csv.parse\nwith:\n  csv: \"{{input.file}}\"\n  columns: [email, given_name]\n"
                .into(),
        ..ActionSpec::new("csv.parse", Effect::Pure, "Reads the rows of a CSV text")
    })
});

const DOCS: &str = "\
The text is CSV as RFC 4180 has it: fields in quotes may hold delimiters, line breaks and doubled quotes. Lines end with \
LF, CR LF or CR; empty lines are passed over, and so is a byte order mark. Each field is text; nothing is taken for a \
number or a date.\n\n\
With `headers` (the default) the first row names the columns, and a row is an object. `columns` then says which columns you \
want: one that the file does not have fails with `missing_column`, and the others are left out. With `headers: false` a \
row is an object where `columns` names the columns in their order, and a list of texts where it does not.\n\n\
Every row must have as many fields as the first, or the step fails with `ragged_row`: a row that is shifted by one would \
put people's data into the wrong columns. Errors say the line, and never what stands there.";

const ERRORS: &[ErrorSpec] = &[
    ErrorSpec::new(
        "invalid_csv",
        422,
        "a quote that is not closed, or something after a closing quote",
    ),
    ErrorSpec::new(
        "ragged_row",
        422,
        "a row with more or fewer fields than there are columns",
    ),
    ErrorSpec::new(
        "invalid_header",
        422,
        "a column without a name, or two of one name",
    ),
    ErrorSpec::new("missing_column", 422, "one of `columns` is not in the file"),
    ErrorSpec::new(
        "too_large",
        422,
        "more than 1 MiB, than `max_rows` rows, or than 250,000 fields",
    ),
];

fn input() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["csv"],
        "properties": {
            "csv": { "type": "string", "description": "The text. At most 1 MiB." },
            "delimiter": {
                "enum": [",", ";", "\t", "|"], "default": ",",
                "description": "What stands between two fields: a tab is written `\"\\t\"`."
            },
            "headers": {
                "type": "boolean", "default": true,
                "description": "Whether the first row names the columns."
            },
            "columns": {
                "type": "array", "minItems": 1, "uniqueItems": true, "items": { "type": "string", "minLength": 1 },
                "description": "With `headers`, the columns that are wanted; without, the names of all columns."
            },
            "trim": {
                "type": "boolean", "default": false,
                "description": "Whether spaces around names and fields are dropped."
            },
            "max_rows": {
                "type": "integer", "minimum": 1, "maximum": 100_000, "default": ROWS,
                "description": "How many rows there may be, the headers not counted."
            }
        }
    })
}

fn output() -> Value {
    json!({
        "type": "object",
        "additionalProperties": false,
        "required": ["rows", "columns"],
        "properties": {
            "rows": {
                "type": "array",
                "items": {
                    "anyOf": [
                        { "type": "object", "additionalProperties": { "type": "string" } },
                        { "type": "array", "items": { "type": "string" } }
                    ]
                },
                "description": "The rows, in their order: objects by column, or lists where the columns have no names."
            },
            "columns": {
                "type": "array", "items": { "type": "string" },
                "description": "The names of the columns, in the order that they have in a row; empty where they have none."
            }
        }
    })
}

/// Reads the rows of a CSV text.
#[derive(Clone, Copy, Debug, Default)]
pub(in crate::data) struct CsvParse;

#[async_trait]
impl Action for CsvParse {
    fn spec(&self) -> &Arc<ActionSpec> {
        &SPEC
    }

    async fn call(&self, _: &ActionContext<'_>, input: Value) -> Result<Value, ActionError> {
        parse(&input)
    }
}

fn parse(input: &Value) -> Result<Value, ActionError> {
    let flag = |name: &str, default| input.get(name).and_then(Value::as_bool).unwrap_or(default);
    let text = input.get("csv").and_then(Value::as_str).unwrap_or_default();
    let too_large = |what: String| ActionError::new("too_large", format!("the text has more than {what}"));
    if text.len() > LARGEST {
        return Err(too_large("1 MiB".to_owned()));
    }
    let text = text.strip_prefix('\u{feff}').unwrap_or(text);
    let delimiter = input.get("delimiter").and_then(Value::as_str).unwrap_or(",");
    let delimiter = delimiter.bytes().next().unwrap_or(b',');
    check(text, delimiter).map_err(|problem| broken_quotes(text, problem))?;
    let most = input
        .get("max_rows")
        .and_then(Value::as_u64)
        .and_then(|rows| usize::try_from(rows).ok())
        .unwrap_or(ROWS);
    let columns = input.get("columns").and_then(Value::as_array).map(|columns| {
        let names = columns.iter().filter_map(Value::as_str);
        names.collect::<Vec<_>>()
    });

    // Rows of other lengths are told apart below, in words of ours.
    let mut reader = ReaderBuilder::new()
        .delimiter(delimiter)
        .has_headers(false)
        .flexible(true)
        .trim(if flag("trim", false) {
            Trim::All
        } else {
            Trim::None
        })
        .from_reader(text.as_bytes());
    let mut record = StringRecord::new();
    // The text is a text already, and in memory: neither of what the library reports can happen.
    let mut next = |record: &mut StringRecord| {
        reader
            .read_record(record)
            .map_err(|error| ActionError::new("invalid_csv", format!("the text cannot be read: {error}")))
    };

    let mut table = Table::default();
    if flag("headers", true) {
        if next(&mut record)? {
            table = Table::headed(&record, columns.as_deref())?;
        } else if let Some(first) = columns.as_ref().and_then(|columns| columns.first()) {
            return Err(missing(first));
        }
    } else if let Some(columns) = columns {
        table = Table::of(&columns);
    }
    let mut rows = Vec::new();
    let mut cells = 0;
    while next(&mut record)? {
        let width = *table.width.get_or_insert(record.len());
        if record.len() != width {
            return Err(ragged(text, &record, width));
        }
        cells += table.names.len().max(1);
        if rows.len() == most {
            return Err(too_large(format!("{most} rows")));
        }
        if cells > CELLS {
            return Err(too_large("250,000 fields".to_owned()));
        }
        rows.push(table.row(&record));
    }
    let names: Vec<_> = table.names.into_iter().map(|(name, _)| name).collect();
    Ok(json!({ "rows": rows, "columns": names }))
}

/// What a row is made into.
#[derive(Default)]
struct Table {
    /// The columns of a row's object and where they stand; none where rows are lists.
    names: Vec<(String, usize)>,
    /// How many fields a row has, once that is known.
    width: Option<usize>,
}

impl Table {
    fn of(columns: &[&str]) -> Self {
        Self {
            names: columns
                .iter()
                .enumerate()
                .map(|(at, name)| ((*name).to_owned(), at))
                .collect(),
            width: Some(columns.len()),
        }
    }

    fn headed(header: &StringRecord, wanted: Option<&[&str]>) -> Result<Self, ActionError> {
        let all: Vec<_> = header.iter().collect();
        let mut seen = HashSet::new();
        for (at, name) in all.iter().enumerate() {
            let problem = if name.trim().is_empty() {
                "has no name"
            } else if !seen.insert(*name) {
                "has the name of one before it"
            } else {
                continue;
            };
            let message = format!("column {} {problem}", at + 1);
            return Err(ActionError::new("invalid_header", message));
        }
        let mut table = Self::of(&all);
        if let Some(wanted) = wanted {
            let of = |name: &&str| {
                let at = all.iter().position(|column| column == name);
                at.map(|at| ((*name).to_owned(), at)).ok_or_else(|| missing(name))
            };
            table.names = wanted.iter().map(of).collect::<Result<_, _>>()?;
        }
        Ok(table)
    }

    fn row(&self, record: &StringRecord) -> Value {
        if self.names.is_empty() {
            return record.iter().collect::<Vec<_>>().into();
        }
        let field = |(name, at): &(String, usize)| Some((name.clone(), record.get(*at)?.into()));
        self.names.iter().filter_map(field).collect::<Map<_, _>>().into()
    }
}

fn missing(column: &str) -> ActionError {
    ActionError::new("missing_column", format!("the file has no column `{column}`"))
}

fn ragged(text: &str, record: &StringRecord, width: usize) -> ActionError {
    // The library's position may stand on the line break before the row.
    let at = record.position().map_or(0, csv::Position::byte);
    let at = usize::try_from(at).unwrap_or(text.len()).min(text.len());
    let breaks = text.as_bytes()[at..]
        .iter()
        .take_while(|byte| b"\r\n".contains(byte))
        .count();
    let (row, columns) = (counted(record.len(), "field"), counted(width, "column"));
    let place = Place::of(text, at + breaks);
    ActionError::new(
        "ragged_row",
        format!("the row at {place} has {row}, for {columns}"),
    )
}

fn counted(number: usize, of: &str) -> String {
    format!("{number} {of}{}", if number == 1 { "" } else { "s" })
}

fn broken_quotes(text: &str, problem: QuoteProblem) -> ActionError {
    let message = match problem {
        QuoteProblem::Open(at) => format!("the quote at {} is not closed", Place::of(text, at)),
        QuoteProblem::After(at) => {
            format!(
                "a quoted field goes on after its quote, at {}",
                Place::of(text, at)
            )
        }
    };
    ActionError::new("invalid_csv", message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[track_caller]
    fn gives(mut input: Value, text: &str, rows: &Value, columns: &Value) {
        input["csv"] = text.into();
        let result = parse(&input);
        assert_eq!(
            result,
            Ok(json!({ "rows": rows, "columns": columns })),
            "{text:?}"
        );
    }

    #[track_caller]
    fn fails(mut input: Value, text: &str, code: &str, message: &str) {
        input["csv"] = text.into();
        let error = parse(&input).unwrap_err();
        assert_eq!((&*error.code, &*error.message), (code, message), "{text:?}");
    }

    #[test]
    fn rows_are_objects_by_their_headers() {
        let rows = json!([{ "email": "ada@example.com", "name": "Ada, \"the\"\nfirst" }, { "email": "b@e.com", "name": "" }]);
        let columns = json!(["email", "name"]);
        for text in [
            "email,name\nada@example.com,\"Ada, \"\"the\"\"\nfirst\"\nb@e.com,\n",
            "\u{feff}email,name\r\n\r\nada@example.com,\"Ada, \"\"the\"\"\nfirst\"\r\nb@e.com,\"\"",
            "\n\"email\",\"name\"\nada@example.com,\"Ada, \"\"the\"\"\nfirst\"\n\nb@e.com,\n\n",
        ] {
            gives(json!({}), text, &rows, &columns);
        }
        let tabs = "email\tname\nada@example.com\t\"Ada, \"\"the\"\"\nfirst\"\rb@e.com\t\r";
        gives(json!({ "delimiter": "\t" }), tabs, &rows, &columns);
        gives(json!({}), "a,b\n", &json!([]), &json!(["a", "b"]));
        gives(json!({}), "", &json!([]), &json!([]));
    }

    #[test]
    fn fields_stay_text_and_spaces_stay_unless_asked() {
        let text = "n, b \n007, 1e3 \n";
        gives(
            json!({}),
            text,
            &json!([{ "n": "007", " b ": " 1e3 " }]),
            &json!(["n", " b "]),
        );
        gives(
            json!({ "trim": true }),
            text,
            &json!([{ "n": "007", "b": "1e3" }]),
            &json!(["n", "b"]),
        );
    }

    #[test]
    fn columns_choose_or_name() {
        let text = "a,b,c\n1,2,3\n";
        let wanted = |columns: Value| json!({ "columns": columns });
        gives(
            wanted(json!(["c", "a"])),
            text,
            &json!([{ "c": "3", "a": "1" }]),
            &json!(["c", "a"]),
        );
        fails(
            wanted(json!(["a", "d"])),
            text,
            "missing_column",
            "the file has no column `d`",
        );
        fails(
            wanted(json!(["a"])),
            "",
            "missing_column",
            "the file has no column `a`",
        );

        let bare = json!({ "headers": false });
        gives(
            bare.clone(),
            text,
            &json!([["a", "b", "c"], ["1", "2", "3"]]),
            &json!([]),
        );
        let named = json!({ "headers": false, "columns": ["x", "y", "z"] });
        let rows = json!([{ "x": "a", "y": "b", "z": "c" }, { "x": "1", "y": "2", "z": "3" }]);
        gives(named, text, &rows, &json!(["x", "y", "z"]));
        let short = json!({ "headers": false, "columns": ["x", "y"] });
        fails(
            short,
            text,
            "ragged_row",
            "the row at line 1 column 1 has 3 fields, for 2 columns",
        );
    }

    #[test]
    fn rows_of_other_lengths_are_refused_with_their_line() {
        for (text, place) in [
            ("a,b\n1,2\n3\n", "line 3 column 1 has 1 field, for 2"),
            ("a,b\r\n1,2\r\n3,4,5\r\n", "line 3 column 1 has 3 fields, for 2"),
            ("a,b\n\"1\n\n\",2\n\n\n3\n", "line 7 column 1 has 1 field, for 2"),
            ("\u{feff}a,b\n1,2,\n", "line 2 column 1 has 3 fields, for 2"),
        ] {
            fails(
                json!({}),
                text,
                "ragged_row",
                &format!("the row at {place} columns"),
            );
        }
        let bare = json!({ "headers": false });
        fails(
            bare,
            "1\n2,3\n",
            "ragged_row",
            "the row at line 2 column 1 has 2 fields, for 1 column",
        );
    }

    #[test]
    fn headers_have_names_of_their_own() {
        for (text, message) in [
            ("a,,c\n", "column 2 has no name"),
            ("a,b, \n", "column 3 has no name"),
            ("a,b,a\n", "column 3 has the name of one before it"),
        ] {
            fails(json!({}), text, "invalid_header", message);
        }
        fails(
            json!({ "trim": true }),
            "a, a\n",
            "invalid_header",
            "column 2 has the name of one before it",
        );
    }

    #[test]
    fn quotes_are_closed() {
        let open = "the quote at line 2 column 3 is not closed";
        fails(json!({}), "a,b\n1,\"tr0ub4dor\n3,4\n", "invalid_csv", open);
        let after = "a quoted field goes on after its quote, at line 2 column 4";
        fails(json!({}), "a,b\n\"1\"tr0ub4dor,2\n", "invalid_csv", after);
    }

    #[test]
    fn size_has_limits() {
        let rows = |count: usize| "a\n".to_owned() + &"1\n".repeat(count);
        fails(
            json!({ "max_rows": 2 }),
            &rows(3),
            "too_large",
            "the text has more than 2 rows",
        );
        assert!(parse(&json!({ "max_rows": 2, "csv": rows(2) })).is_ok());
        fails(
            json!({}),
            &rows(10_001),
            "too_large",
            "the text has more than 10000 rows",
        );
        fails(
            json!({}),
            &rows(600_000),
            "too_large",
            "the text has more than 1 MiB",
        );
        let header: Vec<_> = (0..300).map(|n| format!("c{n}")).collect();
        let wide = header.join(",") + "\n" + &(",".repeat(299) + "\n").repeat(834);
        fails(
            json!({}),
            &wide,
            "too_large",
            "the text has more than 250,000 fields",
        );
    }
}
