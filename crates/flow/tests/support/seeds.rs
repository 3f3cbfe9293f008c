//! Flows to begin with: one that uses the whole language, and every block of the pages.

use super::markdown::blocks;

/// The flow that the language's description begins with.
pub const SIGN_UP: &str = r#"name: sign-up
description: Create the user in Auth0 and give pro plans their quota.

trigger:
  http: POST /sign-up

input:
  email:    { type: string, format: email }
  password: { type: string, minLength: 8, secret: true }
  plan:     { enum: [free, pro], default: free }

steps:
  - id: user
    action: auth0.create_user
    with:
      connection: Username-Password-Authentication
      email: "{{input.email}}"
      password: "{{input.password}}"
    on_error:
      user_exists:
        - fail: { code: email_taken, status: 409, message: "{{input.email}} already has an account." }

  - if: eq input.plan "pro"
    action: auth0.update_user
    with:
      user_id: "{{steps.user.user_id}}"
      app_metadata: { plan: pro, quota: 1000 }

  - respond:
      status: 201
      body: { user_id: "{{steps.user.user_id}}", plan: "{{input.plan}}" }
"#;

/// A flow with every verb and most keys.
pub const EVERYTHING: &str = r#"name: everything
description: >
  Jedes Verb einmal – größer als nötig.
trigger:
  http:
    method: POST
    path: /all/:id
    auth: { bearer: callers }
    cors: [https://app.example.com]
    rate_limit: { limit: 20/min, by: input.email }
    max_body: 64kb
  schedule: { cron: "0 6 * * *", timezone: Europe/Berlin, missed: once, overlap: true }
input:
  id: { type: string, default: "auth0|1" }
  email: { type: string, format: email, default: ada@example.com }
  people: { type: array, items: { type: object, properties: { email: { type: string } } }, default: [] }
  nick: { type: string, required: false }
timeout: 2m
durable: false
concurrency: { limit: 1, key: ["{{lower input.email}}", "{{config.limits}}"], total: 50, queue: 100 }
steps:
  - set: { greeting: "Grüß Gott, {{input.email}} 🎉", when: "{{now}}" }
  - name: Read
    notes: reads the user
    id: user
    action: auth0.get_user
    connection: auth0
    with: { user_id: "{{input.id}}" }
    timeout: 5s
    retry: { attempts: 3, delay: 200ms, max_delay: 10s, codes: [rate_limited] }
    on_error:
      user_not_found: continue
      "*":
        - fail: { code: broken, status: 502, message: "{{error.message}}", details: { step: "{{error.step}}" } }
  - if: and (exists steps.user.user_id) (not (is_empty input.nick))
    then:
      - action: log
        with:
          message: |
            {{vars.greeting}}
            {{#if input.nick}}{{input.nick}}{{else}}nobody{{/if}}
    else:
      - wait: 200ms
  - switch: lower (default input.nick "none")
    cases:
      none:
        - action: log
          with: { message: 'nobody''s "nick"' }
      ada: []
    default:
      - wait: { until: "{{add_time (now) \"5m\"}}" }
  - parallel:
      left:
        - id: left
          action: http.request
          with: { url: "https://example.com/{{url_encode input.email}}", headers: { x-run: "{{run.id}}" } }
      right:
        - call: sign-up
          with: { email: "{{input.email}}", password: "correct horse {{uuid}}" }
  - id: all
    for_each: input.people
    as: person
    at_once: 5
    steps:
      - id: one
        action: auth0.find_users_by_email
        with: { email: "{{person.email}}" }
    yield: { at: "{{index}}", found: "{{steps.one}}" }
  - respond:
      status: 200
      headers: { x-ip: "{{optional request.ip}}" }
      body: { all: "{{steps.all}}", left: "{{steps.left.status}}", help: "{{config.support_email}}" }
  - return: "{{steps.all}}"
on_error:
  - action: log
    with: { message: "{{error.code}}" }
"#;

/// All seeds.
pub fn seeds() -> Vec<String> {
    let pages = super::codes_of_flows()
        .flat_map(|code| blocks(code.page()))
        .filter(|block| block.attribute("generate").is_none())
        .map(|block| block.text);
    [SIGN_UP.to_owned(), EVERYTHING.to_owned()]
        .into_iter()
        .chain(pages)
        .collect()
}
