// Which steps a search means.
import type { OutlineStep } from "../api/types";

/** Those that have all words in their title, id, kind or text; those where the title has them first. None for no word. */
export function found(steps: readonly OutlineStep[], text: string, query: string): readonly OutlineStep[] {
  const words = query.toLowerCase().split(/\s+/).filter(Boolean);
  if (words.length === 0) return [];
  const low = text.toLowerCase();
  const has = (haystack: string): boolean => words.every((word) => haystack.includes(word));
  const named: OutlineStep[] = [];
  const written: OutlineStep[] = [];
  steps.forEach((step, index) => {
    // What is written in a step itself ends before the first step inside.
    const end = Math.min(step.to, steps[index + 1]?.from ?? step.to);
    if (has(`${step.title} ${step.id ?? ""} ${step.kind}`.toLowerCase())) named.push(step);
    else if (has(low.slice(step.from, end))) written.push(step);
  });
  return [...named, ...written];
}
