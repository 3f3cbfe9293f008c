// The studio in Debian's Chromium, served by a real binary (`LOCKGATE`). Started by `cargo xtask studio`.
import { defineConfig } from "@playwright/test";

export default defineConfig({
  testDir: ".",
  outputDir: "../../../../target/studio/results",
  // Two cores are shared with the servers under test.
  workers: 2,
  fullyParallel: true,
  forbidOnly: process.env["CI"] !== undefined,
  // A machine of CI is shared: what passes the second time is shown as flaky.
  retries: process.env["CI"] === undefined ? 0 : 2,
  timeout: 90_000,
  expect: { timeout: 15_000 },
  reporter: [["list"]],
  use: {
    browserName: "chromium",
    viewport: { width: 1400, height: 900 },
    permissions: ["clipboard-read", "clipboard-write"],
    launchOptions: {
      executablePath: process.env["CHROMIUM"] ?? "/usr/bin/chromium",
      args: [
        "--no-sandbox",
        "--disable-gpu",
        "--disable-quic",
        "--no-first-run",
        "--disable-background-networking",
        "--disable-component-update",
        "--disable-sync",
      ],
    },
  },
  projects: [
    { name: "test", testMatch: "**/*.spec.ts" },
    { name: "screenshots", testMatch: "screenshots.ts" },
    { name: "measure", testMatch: "measure.ts", workers: 1, timeout: 600_000 },
  ],
});
