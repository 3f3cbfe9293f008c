//! What works on values alone: JSON, XML, CSV, look-ups, addresses, hashes.
//!
//! ```text
//!  json       json.parse, json.serialize
//!  xml        xml.parse, xml.serialize
//!  csv        csv.parse
//!  map_value  map_value
//!  password   hash.password, hash.verify_password
//!  email      email.verify, the one that asks somebody: the domain name system
//!  place      what the readers of texts share: places, limits
//! ```

mod csv;
mod email;
mod json;
mod map_value;
mod password;
mod place;
mod xml;

use lockgate_engine::action::Actions;

/// Adds the actions of this group.
pub(crate) fn register(actions: &mut Actions) {
    actions.add(csv::CsvParse);
    actions.add(email::EmailVerify::new());
    actions.add(json::JsonParse);
    actions.add(json::JsonSerialize);
    actions.add(map_value::MapValue);
    actions.add(password::HashPassword);
    actions.add(password::VerifyPassword);
    actions.add(xml::XmlParse);
    actions.add(xml::XmlSerialize);
}

#[cfg(test)]
mod described_tests;
