// A wire's corners as the path of an SVG: bent corners, lifted where a label lies on it.

export type Corner = readonly [x: number, y: number];

export interface Rectangle {
  readonly x: number;
  readonly y: number;
  readonly width: number;
  readonly height: number;
}

/** Radius of a bend. */
const BEND = 9;

/** The line. What lies under labels is left out, so that they need no ground of their own. */
export function wirePath(points: readonly Corner[], labels: readonly Rectangle[], shorten = 0): string {
  const line = shortened(points, shorten);
  let path = "";
  let pen: Corner | null = null;
  line.forEach((point, index) => {
    const before = line[index - 1];
    const after = line[index + 1];
    if (!pen || !before) {
      path += `M${point[0]} ${point[1]}`;
      pen = point;
    } else if (!after) {
      path += straight(pen, point, labels);
      pen = point;
    } else {
      const bend = Math.min(BEND, distance(before, point) / 2, distance(point, after) / 2);
      const a = toward(point, before, bend);
      const b = toward(point, after, bend);
      path += `${straight(pen, a, labels)}Q${point[0]} ${point[1]} ${b[0]} ${b[1]}`;
      pen = b;
    }
  });
  return path;
}

/** The arrowhead at a wire's end. */
export function headPath(points: readonly Corner[]): string {
  const end = points.at(-1);
  const before = points.at(-2);
  if (!end || !before) return "";
  const [x, y] = end;
  const dx = Math.sign(x - before[0]);
  const dy = Math.sign(y - before[1]);
  const back = (far: number, wide: number): string => `${x - dx * far + dy * wide} ${y - dy * far + dx * wide}`;
  return `M${x} ${y}L${back(8, 4)}L${back(6, 0)}L${back(8, -4)}Z`;
}

/** Ends a little before its end: a thick line would show around the tip of its arrowhead. */
function shortened(points: readonly Corner[], by: number): readonly Corner[] {
  const end = points.at(-1);
  const before = points.at(-2);
  if (by === 0 || !end || !before || distance(before, end) <= by) return points;
  return [...points.slice(0, -1), toward(end, before, by)];
}

function distance(a: Corner, b: Corner): number {
  return Math.abs(a[0] - b[0]) + Math.abs(a[1] - b[1]);
}

function toward(point: Corner, to: Corner, by: number): Corner {
  return [point[0] + Math.sign(to[0] - point[0]) * by, point[1] + Math.sign(to[1] - point[1]) * by];
}

/** A straight line, lifted where a label lies on it; it carries one at most. */
function straight(start: Corner, end: Corner, labels: readonly Rectangle[]): string {
  const [lowX, highX] = [Math.min(start[0], end[0]), Math.max(start[0], end[0])];
  const [lowY, highY] = [Math.min(start[1], end[1]), Math.max(start[1], end[1])];
  const label = labels.find(
    ({ x, y, width, height }) =>
      lowX < x + width && x < Math.max(highX, lowX + 1) && lowY < y + height && y < Math.max(highY, lowY + 1),
  );
  const land = `L${end[0]} ${end[1]}`;
  if (!label) return land;
  const into = (x: number, y: number): Corner => [Math.min(Math.max(x, lowX), highX), Math.min(Math.max(y, lowY), highY)];
  const near = into(label.x, label.y);
  const far = into(label.x + label.width, label.y + label.height);
  const isForward = start[0] <= end[0] && start[1] <= end[1];
  const [lift, again] = isForward ? [near, far] : [far, near];
  return `L${lift[0]} ${lift[1]}M${again[0]} ${again[1]}${land}`;
}
