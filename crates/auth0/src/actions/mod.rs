//! The `auth0.*` actions, one file each.

mod create_user;
mod delete_user;
mod find_users_by_email;
mod get_user;
mod search_users;
mod send_request;
mod settle;
mod update_user;
mod user_schema;

use std::time::Duration;

use lockgate_engine::action::Actions;

pub use create_user::CreateUser;
pub use delete_user::DeleteUser;
pub use find_users_by_email::FindUsersByEmail;
pub use get_user::GetUser;
pub use search_users::SearchUsers;
pub use send_request::SendRequest;
pub use update_user::UpdateUser;

/// How long one attempt may take when the step does not say: two exchanges.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Adds all actions of this crate.
pub fn register(actions: &mut Actions) {
    actions.add(CreateUser);
    actions.add(DeleteUser);
    actions.add(FindUsersByEmail);
    actions.add(GetUser);
    actions.add(SearchUsers);
    actions.add(SendRequest);
    actions.add(UpdateUser);
}

#[cfg(test)]
mod described_tests;
