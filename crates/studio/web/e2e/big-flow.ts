// Flows of any size, with steps of several kinds.

/** A flow of about this many steps: blocks of four, the last inside a choice. */
export function bigFlow(steps: number): string {
  const blocks = Math.ceil(steps / 4);
  const lines = ["input:", "  email: { type: string, format: email }", "  plan: { enum: [free, pro] }", "", "steps:"];
  for (let block = 0; block < blocks; block += 1) {
    lines.push(
      `  # block ${block}`,
      `  - set: { count_${block}: ${block} }`,
      `  - id: note_${block}`,
      "    action: log",
      "    with:",
      `      message: "block ${block} of {{input.email}}"`,
      '  - if: eq input.plan "pro"',
      "    then:",
      `      - set: { is_pro_${block}: true }`,
    );
  }
  return `${lines.join("\n")}\n`;
}
