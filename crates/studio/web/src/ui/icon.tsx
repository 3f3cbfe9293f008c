// Line icons of one weight, 20 by 20, drawn here: no font and no request. One set for the interface and the canvas.

const PATHS = {
  // the interface
  logo: "M10 3v3M10 14v3M5.5 6h9M5.5 14h9M7 6v8M13 6v8M7 10h6",
  flow: "M7 3h6v4H7zM3 13h5v4H3zM12 13h5v4h-5zM10 7v3M5.5 13v-3h9v3",
  text: "M4 5h12M4 8.5h9M4 12h12M4 15.5h7",
  columns: "M3 4h14v12H3zM10 4v12",
  panel: "M3 4h14v12H3zM12.5 4v12",
  run: "M6 4l10 6-10 6z",
  test: "M7 3h6M8 3v5l-4.2 7.2A1.2 1.2 0 0 0 4.9 17h10.2a1.2 1.2 0 0 0 1.1-1.8L12 8V3M6.3 12h7.4",
  connection: "M8 12l4-4M6.5 10.5l-2 2a3 3 0 0 0 4.2 4.2l2-2M13.5 9.5l2-2a3 3 0 0 0-4.2-4.2l-2 2",
  action: "M11 2.5L4.5 11H9l-1 6.5L15.5 8H11z",
  scenario: "M4 4h8l4 4v8H4zM12 4v4h4",
  save: "M4 3h10l3 3v11H4zM7 3v4h6V3M7 17v-5h6v5",
  undo: "M7 4L3.5 7.5 7 11M3.5 7.5H12a4.5 4.5 0 0 1 0 9H8",
  redo: "M13 4l3.5 3.5L13 11M16.5 7.5H8a4.5 4.5 0 0 0 0 9h4",
  search: "M9 3.5a5.5 5.5 0 1 0 0 11 5.5 5.5 0 0 0 0-11zM13 13l4 4",
  plus: "M10 4v12M4 10h12",
  minus: "M4 10h12",
  close: "M5 5l10 10M15 5L5 15",
  check: "M4 10.5l4 4 8-9",
  error: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 6.5v4.5M10 13.4v.2",
  warning: "M10 3.5L17.5 16h-15zM10 8v4M10 14v.2",
  info: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 9.5V14M10 6.4v.2",
  sun: "M10 6.5a3.5 3.5 0 1 0 0 7 3.5 3.5 0 0 0 0-7zM10 2v2M10 16v2M2 10h2M16 10h2M4.3 4.3l1.4 1.4M14.3 14.3l1.4 1.4M4.3 15.7l1.4-1.4M14.3 5.7l1.4-1.4",
  moon: "M16 12.5A7 7 0 0 1 7.5 4a6.5 6.5 0 1 0 8.5 8.5z",
  contrast: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM10 3v14",
  more: "M4.5 10h.01M10 10h.01M15.5 10h.01",
  copy: "M7 7h9v10H7zM13 7V3H4v10h3",
  delete: "M4 6h12M8 6V3.5h4V6M5.5 6l.8 11h7.4l.8-11M8.5 9v5M11.5 9v5",
  fit: "M3 7V3h4M17 7V3h-4M3 13v4h4M17 13v4h-4",
  map: "M3 4h14v12H3zM11 10h5v5h-5z",
  chevron: "M5 7.5l5 5 5-5",
  help: "M7 7.5a3 3 0 1 1 4.5 2.6c-1 .6-1.5 1.2-1.5 2.4M10 16v.2",
  cut: "M6 3l7.5 10.5M14 3L6.5 13.5M5.5 13a2 2 0 1 0 0 4 2 2 0 0 0 0-4zM14.5 13a2 2 0 1 0 0 4 2 2 0 0 0 0-4z",
  paste: "M7 4H4.5v13h11V4H13M7 2.5h6v3H7z",
  duplicate: "M8 8h9v9H8zM12 5V3H3v9h2M12.5 10.5v4M10.5 12.5h4",
  wrap: "M3 5V3h2M17 5V3h-2M3 15v2h2M17 15v2h-2M6 7.5h8v5H6z",
  unwrap: "M6 7.5h8v5H6zM10 5V2M8.5 3.5L10 2l1.5 1.5M10 15v3M8.5 16.5L10 18l1.5-1.5",
  up: "M10 16V4M5.5 8.5L10 4l4.5 4.5",
  down: "M10 4v12M5.5 11.5L10 16l4.5-4.5",
  external: "M11 3h6v6M17 3l-8 8M14 12v5H3V6h5",
  // states of steps
  running: "M10 3a7 7 0 1 1-6.4 4.2",
  // kinds of steps
  trigger: "M5 3v14M5 4h9l-2 3.5 2 3.5H5",
  if: "M10 2.5L17.5 10 10 17.5 2.5 10zM7.5 10h5",
  switch: "M10 3v4M10 7L4 12v5M10 7l6 5v5M10 7v10",
  parallel: "M3 5h14M6 5v10M10 5v10M14 5v10M3 15h14",
  for_each: "M5 7a6 6 0 0 1 10.5 2M15 13A6 6 0 0 1 4.5 11M15.5 5v4h-4M4.5 15v-4h4",
  set: "M4.5 7.5h11M4.5 12.5h11",
  wait: "M6 3h8M6 17h8M6.5 3c0 4 7 4 7 7s-7 3-7 7M13.5 3c0 4-7 4-7 7s7 3 7 7",
  call: "M4 4h8v8H4zM8 12v4h8V8h-4",
  respond: "M8 5L3 10l5 5M3 10h9a5 5 0 0 1 5 5",
  redirect: "M4 15V9a3 3 0 0 1 3-3h9M12.5 2.5L16 6l-3.5 3.5",
  return: "M16 4v5a3 3 0 0 1-3 3H4M7.5 8.5L4 12l3.5 3.5",
  fail: "M6.8 3h6.4L17 6.8v6.4L13.2 17H6.8L3 13.2V6.8zM7.5 7.5l5 5M12.5 7.5l-5 5",
  invalid: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM7.8 8a2.2 2.2 0 1 1 3.2 2c-.7.4-1 .8-1 1.6M10 13.9v.2",
  on_error: "M10 3.5L17.5 16h-15zM10 8v4M10 14v.2",
  // groups of actions
  auth0: "M10 2.5l6 2.2v4.8c0 3.6-2.4 6.4-6 8-3.6-1.6-6-4.4-6-8V4.7zM7.5 10l2 2 3.5-4",
  http: "M10 3a7 7 0 1 0 0 14 7 7 0 0 0 0-14zM3 10h14M10 3c-5 4.5-5 9.5 0 14M10 3c5 4.5 5 9.5 0 14",
  email: "M3 5h14v10H3zM3 5.5l7 5.5 7-5.5",
  key: "M7 7a3.5 3.5 0 1 0 2.5 6L11 11.5h2v-2h2v-2h2V4h-3L9.5 8.5A3.5 3.5 0 0 0 7 7zM6.5 13h.01",
  database: "M4 5c0-1.5 12-1.5 12 0v10c0 1.5-12 1.5-12 0zM4 5c0 1.5 12 1.5 12 0M4 10c0 1.5 12 1.5 12 0",
  data: "M7 4c-2 0-2 1-2 3s0 2.5-2 3c2 .5 2 1 2 3s0 3 2 3M13 4c2 0 2 1 2 3s0 2.5 2 3c-2 .5-2 1-2 3s0 3-2 3",
  message: "M3 4h14v10H9l-4 3v-3H3z",
} as const;

export type IconName = keyof typeof PATHS;

const GROUPS: Readonly<Record<string, IconName>> = {
  auth0: "auth0",
  http: "http",
  email: "email",
  sql: "database",
  jwt: "key",
  otp: "key",
  totp: "key",
  hash: "key",
  json: "data",
  xml: "data",
  csv: "data",
  map_value: "data",
  log: "text",
  slack: "message",
  twilio: "message",
};

/** The icon of a box: of a kind of step, or of an action's group. */
export function iconOf(name: string): IconName {
  return GROUPS[name] ?? (name in PATHS ? (name as IconName) : "action");
}

interface IconProps {
  readonly name: IconName;
  readonly size?: number;
}

/** Decoration: what it says stands beside it in words. */
export function Icon({ name, size = 18 }: IconProps) {
  return (
    <svg className="icon" width={size} height={size} viewBox="0 0 20 20" aria-hidden="true" focusable="false">
      <path d={PATHS[name]} fill="none" stroke="currentColor" strokeWidth="1.5" strokeLinecap="round" strokeLinejoin="round" />
    </svg>
  );
}
