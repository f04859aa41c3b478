/** Outgoing calls: what clients of every kind do, and what servers saw of it, is what the files say. */

import { writeFileSync } from "node:fs";
import { createServer, type Server } from "node:http";
import type { AddressInfo } from "node:net";
import { join } from "node:path";
import { expect, test } from "vitest";
import { type Origin, startHttp2Origin, startOrigin } from "../lib/origin.js";
import { type Ended, runProgram } from "../lib/program.js";
import { countByLabel, type Row, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";
import { selfSigned } from "../lib/self-signed.js";

const [major] = process.versions.node.split(".").map(Number) as [number];
/** Node 20 tells of a request when it has been handed over, and of no streams of HTTP/2. */
const hasEveryChannel = major >= 22;

interface Run {
  readonly cwd: string;
  readonly ended: Ended;
  readonly rows: readonly Row[];
  /** Rows by label, with O for the address of the origin, S of the one with TLS, H and T of those of HTTP/2, C of the closed port. */
  readonly counts: Record<string, number>;
  readonly seenMs: Record<string, number>;
  readonly origin: Origin;
  readonly secure: Origin;
  readonly http2: Origin;
}

/** A port on which nobody listens. */
async function closedPort(): Promise<number> {
  const server: Server = createServer();
  await new Promise<void>((resolve) => server.listen(0, "127.0.0.1", resolve));
  const { port } = server.address() as AddressInfo;
  await new Promise((resolve) => server.close(resolve));
  return port;
}

async function run(what: string): Promise<Run> {
  const cwd = scratch();
  const tls = selfSigned();
  writeFileSync(join(cwd, "ca.pem"), tls.cert);
  const socketPath = join(cwd, "origin.sock");
  const origin = await startOrigin();
  const secure = await startOrigin(tls);
  const http2 = await startHttp2Origin();
  const http2s = await startHttp2Origin(tls);
  await startOrigin(undefined, socketPath);
  const closed = await closedPort();
  const ports = { origin: origin.port, secure: secure.port, h2: http2.port, h2s: http2s.port, closed, socketPath };
  const env = { NODE_EXTRA_CA_CERTS: join(cwd, "ca.pem"), NODE_NO_WARNINGS: "1" };
  const ended = await runProgram("outgoing.js", [what, JSON.stringify(ports)], { cwd, env });
  expect(ended).toMatchObject({ code: 0, stderr: "" });
  const rows = rowsIn(join(cwd, "m"), "client").map((row) => {
    const label = row.label
      .replace(`127.0.0.1:${origin.port}`, "O")
      .replace(`localhost:${secure.port}`, "S")
      .replace(`127.0.0.1:${http2.port}`, "H")
      .replace(`localhost:${http2s.port}`, "T")
      .replace(`127.0.0.1:${closed}`, "C")
      .replace(socketPath, "/origin.sock");
    return { ...row, label };
  });
  const { seenMs = {}, ...stats } = ended.stdout === "" ? {} : JSON.parse(ended.stdout);
  if (ended.stdout !== "") expect(stats).toEqual({ invalid: 0, dropped: 0 });
  return { cwd, ended, rows, counts: countByLabel(rows), seenMs, origin, secure, http2 };
}

/** Node 20 says that a request has begun when its head is written, which the server may have read by then. */
const LATE_MS = process.version.startsWith("v20.") ? 10 : 0;

/** A row is no longer than the call that contains it, as the program saw it, nor shorter than what the server took. */
function expectLengths(run: Run, labels: Record<string, string>): void {
  for (const [name, label] of Object.entries(labels)) {
    const [row, ...more] = run.rows.filter((each) => each.label === label);
    expect(more, label).toEqual([]);
    const ms = row!.measurement * 1e3;
    expect(ms, label).toBeLessThanOrEqual(run.seenMs[name]! + 1); // which ends at a promise, a turn after the row, or before
    const path = label.slice(label.indexOf("/"), label.indexOf(" ["));
    const { tookMs } = label.includes("S/") ? run.secure : label.includes("H/") ? run.http2 : run.origin;
    if (!label.includes("never") && !label.includes("begin")) {
      expect(ms, label).toBeGreaterThan(tookMs[path]! - LATE_MS);
    }
  }
}

test("every call by fetch and WebSocket is one row, under its label, of the length that the program saw", async () => {
  const made = await run("fetch");
  expect(made.counts).toEqual({
    "→ O/slow/ok [GET]": 1,
    "→ O/drip/fetch [GET]": 1,
    "→ O/slow/post [POST]": 1,
    "→ O/slow/head [HEAD]": 1,
    "→ O/slow/unread [GET]": 1,
    "→ O/missing/x [GET]": 1,
    "→ O/not-modified/x [GET]": 1,
    "→ O/redirect/x [GET]": 1,
    "→ O/slow/redirected [GET]": 1,
    "→ O/hints/x [GET]": 1,
    "→ O/never/timeout [GET] (aborted)": 1,
    "→ O/never/reason [GET] (aborted)": 1,
    "→ O/begin/timeout [GET] (aborted)": 1,
    "→ O/begin/cancel [GET] (aborted)": 1,
    "→ O/cut/x [GET] (failed)": 1,
    "→ O/hangup/x [GET] (failed)": 1,
    "→ O/reset/x [GET] (failed)": 1,
    "→ O/garbage/x [GET] (failed)": 1,
    "→ C/refused/x [GET] (failed)": 1,
    "→ no.such.host.invalid/unknown/x [GET] (failed)": 1,
    "→ O/ok/users/:id [GET]": 1,
    "→ O/ok/:id [GET]": 50,
    "→ S/slow/https [GET]": 1,
    ...(major >= 22 && { "→ O/chat/words [UPGRADE]": 1 }),
  });
  const seen = Object.values(made.origin.seen).reduce((sum, n) => sum + n, 0);
  expect(made.rows.length).toBe(seen + 3); // those refused, of an unknown host, and to the other server
  expectLengths(made, {
    ok: "→ O/slow/ok [GET]",
    drip: "→ O/drip/fetch [GET]",
    post: "→ O/slow/post [POST]",
    head: "→ O/slow/head [HEAD]",
    redirect: "→ O/slow/redirected [GET]",
    timeout: "→ O/never/timeout [GET] (aborted)",
    "body timeout": "→ O/begin/timeout [GET] (aborted)",
    cut: "→ O/cut/x [GET] (failed)",
    https: "→ S/slow/https [GET]",
    ...(major >= 22 && { websocket: "→ O/chat/words [UPGRADE]" }),
  });
});

test("every request of undici is one row: each retry, a tunnel, and a stream of HTTP/2 too", async () => {
  const made = await run("undici");
  expect(made.counts).toEqual({
    "→ O/slow/ok [GET]": 1,
    "→ O/begin/destroyed [GET] (aborted)": 1,
    "→ O/never/headers [GET] (failed)": 1,
    "→ O/chat/undici [UPGRADE]": 1,
    "→ C/refused/x [GET] (failed)": 1,
    "→ O/busy/x [GET]": made.origin.seen["GET /busy/x"],
    "→ O [CONNECT]": 1,
    "→ O/slow/proxied [GET]": 1,
    "→ O/slow/queued [GET]": 5,
    "→ T/slow/h2 [GET]": 1,
  });
  expect(made.origin.seen["GET /busy/x"]).toBe(3);
  expectLengths(made, {
    ok: "→ O/slow/ok [GET]",
    upgrade: "→ O/chat/undici [UPGRADE]",
  });
});

test("every request of node:http and https is one row, under its label, of the length that the program saw", async () => {
  const made = await run("http");
  expect(made.counts).toEqual({
    "→ O/slow/ok [GET]": 1,
    "→ O/drip/http [GET]": 1,
    "→ O/slow/head [HEAD]": 1,
    "→ O/hints/x [GET]": 1,
    "→ O/big/x [GET]": 1,
    "→ O/slow/kept [GET]": 10,
    "→ O/big/nobody [GET]": 1,
    "→ O/cut/x [GET] (failed)": 1,
    "→ O/reset-later/x [GET] (failed)": 1,
    "→ O/hangup/x [GET] (failed)": 1,
    "→ O/reset/x [GET] (failed)": 1,
    "→ O/garbage/x [GET] (failed)": 1,
    "→ C/refused/x [GET] (failed)": 1,
    "→ no.such.host.invalid/unknown/x [GET] (failed)": 1,
    "→ O/tls/x [GET] (failed)": 1,
    "→ O/never/destroyed [GET] (aborted)": 1,
    "→ O/never/error [GET] (aborted)": 1,
    "→ O/never/signal [GET] (aborted)": 1,
    "→ O/begin/signal [GET] (aborted)": 1,
    "→ O/begin/request [GET] (aborted)": 1,
    "→ O/begin/response [GET] (aborted)": 1,
    "→ O/chat/http [UPGRADE]": 1,
    "→ O/slow/no-chat [GET]": 1,
    "→ O [CONNECT]": 1,
    "→ C/slow/forwarded [GET]": 1,
    "→ O/slow/host [GET]": 1,
    "→ unix:/origin.sock/slow/unix [GET]": 1,
    "→ S/slow/https [GET]": 1,
  });
  expectLengths(made, {
    ok: "→ O/slow/ok [GET]",
    drip: "→ O/drip/http [GET]",
    head: "→ O/slow/head [HEAD]",
    cut: "→ O/cut/x [GET] (failed)",
    hangup: "→ O/hangup/x [GET] (failed)",
    destroyed: "→ O/never/destroyed [GET] (aborted)",
    "body signal": "→ O/begin/signal [GET] (aborted)",
    upgrade: "→ O/chat/http [UPGRADE]",
    forwarded: "→ C/slow/forwarded [GET]",
    "own Host": "→ O/slow/host [GET]",
    https: "→ S/slow/https [GET]",
  });
});

test("an upload counts from its beginning, where Node tells of it", async () => {
  const made = await run("uploads");
  if (hasEveryChannel) {
    expect(made.counts).toEqual({
      "→ O/slow/upload [POST]": 1,
      "→ O/early/x [POST]": 1,
      "→ O/never/once [GET] (aborted)": 1,
    });
    expectLengths(made, { upload: "→ O/slow/upload [POST]" });
  } else {
    expect(made.counts).toEqual({ "→ O/slow/upload [POST]": 1 }); // from its end; of the others, nobody knows the start
  }
});

test("every stream of a session of HTTP/2 is one row, where Node tells of it", async () => {
  const made = await run("http2");
  if (!hasEveryChannel) return expect(made.rows).toEqual([]);
  expect(made.counts).toEqual({
    "→ H/slow/h2 [GET]": 1,
    "→ H/cut/h2 [GET] (failed)": 1,
    "→ H/never/h2 [GET] (aborted)": 1,
    "→ H/begin/h2 [GET] (aborted)": 1,
    "→ H/begin/destroyed [GET] (aborted)": 1,
    "→ H/never/signal [GET] (aborted)": 1,
    "→ H/lost/h2 [GET] (failed)": 1,
    "→ H/begin/session [GET] (aborted)": 1,
    "→ C/refused/h2 [GET] (failed)": 1,
  });
  expectLengths(made, { ok: "→ H/slow/h2 [GET]", cut: "→ H/cut/h2 [GET] (failed)" });
});

test("at most 1 000 labels are made of what is called", async () => {
  const { rows, counts, origin } = await run("attack");
  expect(rows.length).toBe(1_500);
  expect(Object.keys(origin.seen).length).toBe(1_500);
  expect(Object.keys(counts).length).toBe(1_001);
  expect(counts["(other)"]).toBe(500);
});

test("nothing is recorded while no monitor runs or recording is off; a program may name its series", async () => {
  const { cwd, counts } = await run("off");
  expect(counts).toEqual({ "→ O/ok/during [GET]": 1 });
  expect(rowsIn(join(cwd, "m"), "replaced")).toEqual([]);
  const labelled = rowsIn(join(cwd, "m"), "calls").map(({ label }) => label.replace(/:\d+/, ""));
  expect(labelled.sort()).toEqual([
    "GET 127.0.0.1 200 (failed)",
    "GET 127.0.0.1 404",
    "GET 127.0.0.1 404",
    "→ 127.0.0.1/ok/odd [GET]",
    "→ 127.0.0.1/ok/odd [GET]",
    "→ 127.0.0.1/ok/plain [GET]",
  ]);
});
