// A flow with comments at every place where one can stand, and with each way of writing that authors use.

export const PATH = "flows/welcome.yaml";

/** Stretches of it. */
export const USER = `  # First of all.
  - id: user # the person
    action: auth0.create_user
    with:
      connection: "{{config.database}}"
      email: "{{input.email}}" # as given
`;
export const CHOICE = `  # Then, by plan.
  - id: choice
    switch: input.plan
    cases:
      # They pay.
      pro:
        - set: { quota: 1000 } # much
      free:
        - set: { quota: 10 }
`;
export const SIDE = `  # Side by side.
  - parallel:
`;

export const WELCOME = `# What happens when somebody comes.
name: welcome
description: Greets, and notes it. # in a word

# What it takes.
input:
  email: { type: string, format: email } # who
  plan:
    enum: [free, pro]

steps:
${USER}
${CHOICE}
${SIDE}      left:
        - id: left
          action: log
          with: { message: left }
      right:
        - id: right
          action: log
          with: { message: right }

  # Only for some.
  - if: eq input.plan "pro"
    then:
      # Tell them.
      - id: tell
        action: log
        with: { message: "{{steps.user.email}} pays" }

  # The end.
  - respond:
      status: 200 # fine
      body:
        id: "{{steps.user.user_id}}"
        quota: "{{vars.quota}}"
# That is all.
`;

/** The flow with something else in the place of a stretch that stands in it once. */
export function instead(old: string, other: string, text = WELCOME): string {
  if (text.split(old).length !== 2) throw new Error(`stands there ${text.split(old).length - 1} times: ${old}`);
  return text.replace(old, () => other);
}

/** Two spaces more in front of each line. */
export function deeper(lines: string, by = 2): string {
  return lines.replace(/^(?=.)/gm, " ".repeat(by));
}
