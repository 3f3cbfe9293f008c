import react from "@vitejs/plugin-react";
import { defineConfig } from "vitest/config";

// `npm run dev` shows the studio of a running `lockgate dev`, whose admin port is named in LOCKGATE_ADMIN.
const admin = process.env["LOCKGATE_ADMIN"] ?? "http://127.0.0.1:8081";

export default defineConfig({
  base: "/studio/",
  plugins: [react()],
  // The server puts a nonce of each load in the place of this text.
  html: { cspNonce: "__LOCKGATE_NONCE__" },
  build: {
    outDir: "../dist",
    emptyOutDir: true,
    target: "es2022",
    assetsInlineLimit: 0,
    modulePreload: { polyfill: false },
    chunkSizeWarningLimit: 900,
    // What the licences of the libraries ask for: their notices go along.
    license: { fileName: "licenses.md" },
  },
  server: { proxy: { "/api": { target: admin, changeOrigin: true, headers: { origin: admin } } } },
  test: { include: ["src/**/*.test.{ts,tsx}"] },
});
