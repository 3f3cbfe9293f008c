import { expect, test } from "vitest";
import { EventParser } from "./events";

test("events come whole, however the stream is cut", () => {
  const text = 'id: 1\nevent: record\ndata: {"a":1}\n\n: it goes on\n\nevent: status\r\ndata: x\r\ndata: y\r\n\r\n';
  for (let cut = 0; cut <= text.length; cut += 1) {
    const parser = new EventParser();
    const events = [...parser.push(text.slice(0, cut)), ...parser.push(text.slice(cut))];
    expect(events, `cut at ${cut}`).toEqual([
      { id: "1", event: "record", data: '{"a":1}' },
      { id: null, event: "status", data: "x\ny" },
    ]);
  }
});
