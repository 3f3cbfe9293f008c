//! The types that have a place in JSON (`pg_type.dat`).

use sqlx::TypeInfo as _;
use sqlx::postgres::{PgTypeInfo, PgTypeKind};

/// How a value looks in PostgreSQL's binary format.
#[derive(Clone, Debug, PartialEq, Eq)]
pub(super) enum Kind {
    Bool,
    Int2,
    Int4,
    Int8,
    Oid,
    Float4,
    Float8,
    Numeric,
    Text,
    Json,
    Jsonb,
    Uuid,
    Bytea,
    Date,
    Time,
    TimeTz,
    Timestamp,
    TimestampTz,
    Interval,
    Inet,
    MacAddress,
    Void,
    /// Elements of a kind, with their type's number.
    Array(Box<Kind>, u32),
}

impl Kind {
    /// The kind of a type, if it has one.
    pub(super) fn of(info: &PgTypeInfo) -> Option<Self> {
        match info.kind() {
            PgTypeKind::Domain(base) => return Self::of(base),
            PgTypeKind::Enum(_) => return Some(Self::Text),
            PgTypeKind::Array(element) => {
                return Some(Self::Array(Box::new(Self::of(element)?), element.oid()?.0));
            }
            PgTypeKind::Simple | PgTypeKind::Pseudo => {}
            PgTypeKind::Composite(_) | PgTypeKind::Range(_) => return None,
        }
        let number = info.oid()?.0;
        Some(match number {
            16 => Self::Bool,
            17 => Self::Bytea,
            // "char", name, text, unknown, bpchar, varchar
            18 | 19 | 25 | 705 | 1042 | 1043 => Self::Text,
            20 => Self::Int8,
            21 => Self::Int2,
            23 => Self::Int4,
            26 => Self::Oid,
            114 => Self::Json,
            700 => Self::Float4,
            701 => Self::Float8,
            // cidr, inet
            650 | 869 => Self::Inet,
            829 => Self::MacAddress,
            1082 => Self::Date,
            1083 => Self::Time,
            1114 => Self::Timestamp,
            1184 => Self::TimestampTz,
            1186 => Self::Interval,
            1266 => Self::TimeTz,
            1700 => Self::Numeric,
            2278 => Self::Void,
            2950 => Self::Uuid,
            3802 => Self::Jsonb,
            // An extension's type has no number of its own.
            _ if info.name().eq_ignore_ascii_case("citext") => Self::Text,
            _ => return None,
        })
    }
}
