//! The `auth0.*` actions, one file each.

mod assign_roles;
mod block_user;
mod change_password_ticket;
mod continue_url;
mod create_user;
mod delete_user;
mod find_users_by_email;
mod get_user;
mod identities;
mod link_identities;
mod notify;
mod remove_roles;
mod roles;
mod search_users;
mod send_request;
mod send_verification_email;
mod settle;
mod ticket;
mod unlink_identity;
mod update_user;
mod user_schema;
mod verification;
mod verification_ticket;
mod verify_session_token;

use std::time::Duration;

use lockgate_engine::action::Actions;

pub use assign_roles::AssignRoles;
pub use block_user::BlockUser;
pub use change_password_ticket::ChangePasswordTicket;
pub use continue_url::ContinueUrl;
pub use create_user::CreateUser;
pub use delete_user::DeleteUser;
pub use find_users_by_email::FindUsersByEmail;
pub use get_user::GetUser;
pub use link_identities::LinkIdentities;
pub use remove_roles::RemoveRoles;
pub use search_users::SearchUsers;
pub use send_request::SendRequest;
pub use send_verification_email::SendVerificationEmail;
pub use unlink_identity::UnlinkIdentity;
pub use update_user::UpdateUser;
pub use verification_ticket::VerificationTicket;
pub use verify_session_token::VerifySessionToken;

/// How long one attempt may take when the step does not say: two exchanges.
const ATTEMPT_TIMEOUT: Duration = Duration::from_secs(20);

/// Adds all actions of this crate: last, for `auth0.send_email`, `auth0.send_sms` and `auth0.make_call` are there only
/// where the action that does their sending (`email.send`, `twilio.send_sms`, `twilio.make_call`) is there already.
pub fn register(actions: &mut Actions) {
    actions.add(AssignRoles);
    actions.add(BlockUser);
    actions.add(ChangePasswordTicket);
    actions.add(ContinueUrl);
    actions.add(CreateUser);
    actions.add(DeleteUser);
    actions.add(FindUsersByEmail);
    actions.add(GetUser);
    actions.add(LinkIdentities);
    actions.add(RemoveRoles);
    actions.add(SearchUsers);
    actions.add(SendRequest);
    actions.add(SendVerificationEmail);
    actions.add(UnlinkIdentity);
    actions.add(UpdateUser);
    actions.add(VerificationTicket);
    notify::register(actions);
    actions.add(VerifySessionToken);
}

#[cfg(test)]
mod described_tests;
