// The keys of the canvas: which command each stands for, and how the help tells of it.

export type KeyCommand =
  | { readonly kind: "go"; readonly to: "up" | "down" | "left" | "right" | "home" | "end"; readonly isRange: boolean }
  | { readonly kind: "zoom"; readonly by: number }
  | {
      readonly kind:
        | "open"
        | "add_after"
        | "add_before"
        | "move_up"
        | "move_down"
        | "duplicate"
        | "delete"
        | "wrap"
        | "unwrap"
        | "collapse"
        | "search"
        | "menu"
        | "fit"
        | "map"
        | "help"
        | "all"
        | "clear";
    };

export interface Stroke {
  readonly key: string;
  readonly ctrlKey: boolean;
  readonly metaKey: boolean;
  readonly shiftKey: boolean;
  readonly altKey: boolean;
}

const ARROWS = { ArrowUp: "up", ArrowDown: "down", ArrowLeft: "left", ArrowRight: "right" } as const;

/** What a key means on a canvas; null where it means nothing there. */
export function commandOf(stroke: Stroke): KeyCommand | null {
  const { key, shiftKey, altKey } = stroke;
  const isCommand = stroke.ctrlKey || stroke.metaKey;
  if (isCommand) {
    if (altKey) return null;
    if (key.toLowerCase() === "d") return { kind: "duplicate" };
    return key.toLowerCase() === "a" ? { kind: "all" } : null;
  }
  if (altKey) {
    if (key === "ArrowUp") return { kind: "move_up" };
    return key === "ArrowDown" ? { kind: "move_down" } : null;
  }
  if (key in ARROWS) return { kind: "go", to: ARROWS[key as keyof typeof ARROWS], isRange: shiftKey };
  if (key === "F10" && shiftKey) return { kind: "menu" };
  return plain(key, shiftKey);
}

function plain(key: string, shiftKey: boolean): KeyCommand | null {
  switch (key.length === 1 ? key.toLowerCase() : key) {
    case "Home":
      return { kind: "go", to: "home", isRange: false };
    case "End":
      return { kind: "go", to: "end", isRange: false };
    case "Enter":
      return { kind: "open" };
    case "a":
      return { kind: shiftKey ? "add_before" : "add_after" };
    case "Insert":
      return { kind: "add_after" };
    case "Delete":
    case "Backspace":
      return { kind: "delete" };
    case "w":
      return { kind: "wrap" };
    case "u":
      return { kind: "unwrap" };
    case "c":
      return { kind: "collapse" };
    case "/":
      return { kind: "search" };
    case "ContextMenu":
      return { kind: "menu" };
    case "f":
    case "1":
      return { kind: "fit" };
    case "m":
      return { kind: "map" };
    case "+":
    case "=":
      return { kind: "zoom", by: 1.25 };
    case "-":
    case "_":
      return { kind: "zoom", by: 1 / 1.25 };
    case "?":
      return { kind: "help" };
    case "Escape":
      return { kind: "clear" };
    default:
      return null;
  }
}

interface HelpGroup {
  readonly title: string;
  readonly isEditing: boolean;
  readonly keys: readonly (readonly [string, string])[];
}

export const HELP: readonly HelpGroup[] = [
  {
    title: "Go",
    isEditing: false,
    keys: [
      ["↑ ↓", "Step before, step after"],
      ["← →", "Way beside, step around, into a step"],
      ["Home End", "First, last"],
      ["Enter", "Edit the step; add one at an empty way"],
      ["/", "Find a step"],
      ["Shift ↑ ↓", "Select several of a list"],
      ["Ctrl A", "Select all of the list"],
      ["Esc", "Select nothing; from the form back to the picture"],
    ],
  },
  {
    title: "Look",
    isEditing: false,
    keys: [
      ["F or 1", "All of it"],
      ["+ −", "Larger, smaller"],
      ["M", "Map"],
      ["C", "Hide or show what is inside"],
      ["Space and drag", "Move the picture"],
      ["Ctrl and wheel", "Larger, smaller"],
    ],
  },
  {
    title: "Change",
    isEditing: true,
    keys: [
      ["A", "Add a step after"],
      ["Shift A", "Add a step before"],
      ["Alt ↑ ↓", "Move the step"],
      ["Ctrl C X V", "Copy, cut, paste"],
      ["Ctrl D", "Duplicate"],
      ["Delete", "Delete"],
      ["W", "Wrap in if, switch, parallel, for_each"],
      ["U", "Unwrap"],
      ["Shift F10", "Menu of the step"],
      ["Ctrl Z", "Undo; with Shift redo"],
    ],
  },
];
