/** Requests to a server that knows nothing of Seismo, under the preload: each is one row, whatever becomes of it. */

import { once } from "node:events";
import { writeFileSync } from "node:fs";
import { Agent, get, request as httpRequest, type RequestOptions } from "node:http";
import { connect as http2Connect } from "node:http2";
import { get as httpsGet } from "node:https";
import { connect, type Socket } from "node:net";
import { join } from "node:path";
import { text } from "node:stream/consumers";
import { pathToFileURL } from "node:url";
import { expect, onTestFinished, test } from "vitest";
import { type Program, startProgram } from "../lib/program.js";
import { countByLabel, type Row, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";
import { type SelfSigned, selfSigned } from "../lib/self-signed.js";

const preload = pathToFileURL(join(import.meta.dirname, "../../dist/preload.js")).href;

interface Serving {
  readonly program: Program;
  readonly ports: Readonly<Record<string, number>>;
  /** Ends the program, and returns what it recorded. */
  recorded(): Promise<Row[]>;
}

async function serve(
  env: NodeJS.ProcessEnv = {},
  secured?: SelfSigned,
  files: Record<string, string> = {},
): Promise<Serving> {
  const cwd = scratch();
  for (const [name, text] of Object.entries(files)) writeFileSync(join(cwd, name), text);
  const args = secured ? [join(cwd, "key.pem"), join(cwd, "cert.pem")] : [];
  for (const path of args) writeFileSync(path, path.endsWith("key.pem") ? secured!.key : secured!.cert);
  const flags = ["--import", preload];
  const program = startProgram("http-server.js", args, { cwd, flags, env: { SEISMO_PRESET: "minimal", ...env } });
  const ports = JSON.parse((await program.line(/^listening /)).slice("listening ".length));
  const recorded = async () => {
    program.process.stdin!.end();
    expect(await program.ended).toMatchObject({ code: 0, stderr: "" });
    return rowsIn(join(cwd, "_monitoring"));
  };
  return { program, ports, recorded };
}

/** Resolves to the status when the whole answer is there, and how long that took. */
async function ask(
  port: number,
  path: string,
  options: RequestOptions = {},
): Promise<{ status: number; seconds: number }> {
  const began = performance.now();
  const request = httpRequest({ host: "127.0.0.1", port, path, ...options });
  request.end(options.method === "POST" ? "a body" : undefined);
  const [response] = await once(request, "response");
  await text(response);
  return { status: response.statusCode, seconds: (performance.now() - began) / 1e3 };
}

function socketTo(port: number): Socket {
  const socket = connect(port, "127.0.0.1");
  socket.on("error", () => {}); // the server may reset it
  onTestFinished(() => void socket.destroy());
  return socket;
}

/** Resolves when the text has come that the pattern finds. */
function heard(socket: Socket, pattern: RegExp): Promise<string> {
  return new Promise((resolve, reject) => {
    let all = "";
    socket.setEncoding("latin1").on("data", (data) => {
      all += data;
      if (pattern.test(all)) resolve(all);
    });
    socket.on("close", () => reject(new Error(`closed after ${JSON.stringify(all)}`)));
  });
}

const head = (path: string, method = "GET", more = "") =>
  `${method} ${path} HTTP/1.1\r\nHost: localhost\r\n${more}\r\n`;

test("every request is one row under path and verb, with ids and queries left out", async () => {
  const { ports, recorded } = await serve();
  const { http } = ports as { http: number };
  const agent = new Agent({ keepAlive: true, maxSockets: 3 });
  onTestFinished(() => agent.destroy());
  const ids = Array.from({ length: 40 }, (_, id) => id);
  await Promise.all(ids.map((id) => ask(http, `/users/${id}?secret=${id}&after=${id % 5}`, { agent })));
  await Promise.all(
    ids.map((id) => ask(http, `/users/${id}/orders/f81d4fae-7dec-11d0-a765-00a0c91e6bf6`, { method: "POST" })),
  );
  await ask(http, "/v2/notify", { method: "HEAD" });
  await ask(http, "/v2/notify?x", { method: "DELETE" });
  await ask(http, "/v2/notify", { method: "POST", headers: { expect: "100-continue" } });
  for (const path of ["/missing/a", "/missing/b?c", "/missing"]) expect((await ask(http, path)).status).toBe(404);
  expect(countByLabel(await recorded())).toEqual({
    "/users/:id [GET]": 40,
    "/users/:id/orders/:id [POST]": 40,
    "/v2/notify [HEAD]": 1,
    "/v2/notify [DELETE]": 1,
    "/v2/notify [POST]": 1,
    "(unmatched) [GET]": 3,
  });
});

test("a duration is as long as the client waited, and no longer", async () => {
  const { ports, program, recorded } = await serve();
  const agent = new Agent({ keepAlive: true, maxSockets: 1 });
  onTestFinished(() => agent.destroy());
  await ask(ports.http!, "/warm-up", { agent });
  const client: number[] = [];
  for (const ms of [0, 30, 100, 300])
    client.push((await ask(ports.http!, `/after/n${ms}?after=${ms}`, { agent })).seconds);
  const rows = (await recorded()).filter(({ label }) => label.startsWith("/after"));
  const asked = [0, 0.03, 0.1, 0.3];
  expect(rows.map(({ pid }) => pid)).toEqual(asked.map(() => program.pid));
  for (const [i, { measurement }] of rows.entries()) {
    expect(measurement).toBeGreaterThanOrEqual(asked[i]! - 0.002); // a timer may be early by the millisecond it is kept in
    expect(measurement).toBeLessThanOrEqual(client[i]! + 0.05); // the client may read an answer before Node says it is finished
  }
  // what the client saw beyond it is the way there and back, and the machine's being busy
  const beyond = rows.map(({ measurement }, i) => client[i]! - measurement).sort((a, b) => a - b);
  expect(beyond[1]).toBeLessThan(0.02);
  expect(beyond[2]).toBeGreaterThan(-0.001);
});

test("the time it takes to make a label is no part of the duration", async () => {
  const config =
    'export default { http: { label: () => { for (const end = Date.now() + 100; Date.now() < end; ); return "slow to name"; } } };';
  const { ports, recorded } = await serve({}, undefined, { "seismo.config.mjs": config });
  await ask(ports.http!, "/a");
  const [row] = await recorded();
  expect(row).toMatchObject({ label: "slow to name" });
  expect(row!.measurement).toBeLessThan(0.1);
});

test("requests whose connection closes before the answer is complete are rows of their own", async () => {
  const { ports, recorded } = await serve();
  const { http } = ports as { http: number };
  const closed = Promise.all(
    Array.from({ length: 5 }, async () => {
      const socket = socketTo(http);
      socket.write(head("/slow/77?after=60000"));
      await ask(http, "/quick"); // by then the server has read it
      socket.destroy();
      await once(socket, "close");
    }),
  );
  const events = socketTo(http);
  events.write(head("/events"));
  await heard(events, /data: 1/);
  events.destroy();
  const half = socketTo(http);
  half.write(head("/half?after=50"));
  await once(half.resume(), "close"); // the server gives up
  await closed;
  await ask(http, "/last");
  const rows = await recorded();
  expect(countByLabel(rows)).toEqual({
    "/slow/:id [GET] (aborted)": 5,
    "/quick [GET]": 5,
    "/events [GET] (aborted)": 1,
    "/half [GET] (aborted)": 1,
    "/last [GET]": 1,
  });
  const given = rows.find(({ label }) => label.startsWith("/half"))!;
  expect(given.measurement).toBeGreaterThan(0.048);
});

test("requests that are pipelined each have their own time, answered or not", async () => {
  const { ports, recorded } = await serve();
  const socket = socketTo(ports.http!);
  const second = heard(socket, /answered\n.*answered\n/s);
  socket.write(head("/p1") + head("/p2?after=100") + head("/p3?after=60000") + head("/p4"));
  await second;
  socket.destroy();
  await ask(ports.http!, "/last");
  const rows = await recorded();
  expect(countByLabel(rows)).toEqual({
    "/p1 [GET]": 1,
    "/p2 [GET]": 1,
    "/p3 [GET] (aborted)": 1,
    "/p4 [GET] (aborted)": 1,
    "/last [GET]": 1,
  });
  const p2 = rows.find(({ label }) => label.startsWith("/p2"))!.measurement;
  const p3 = rows.find(({ label }) => label.startsWith("/p3"))!.measurement;
  expect(p2).toBeGreaterThan(0.098);
  expect(p3).toBeGreaterThanOrEqual(p2); // all four were read at once
});

test("an upgraded connection is timed to its end, and so is a tunnel", async () => {
  const { ports, recorded } = await serve();
  const upgraded = socketTo(ports.http!);
  upgraded.write(head("/chat/17", "GET", "Connection: Upgrade\r\nUpgrade: echo\r\n"));
  await heard(upgraded, /101 Switching/);
  await ask(ports.http!, "/wait?after=100");
  upgraded.destroy();
  const tunnel = socketTo(ports.http!);
  tunnel.write(head("internal.example:443", "CONNECT"));
  await heard(tunnel, /established/);
  tunnel.destroy();
  await ask(ports.http!, "/last");
  const rows = await recorded();
  expect(countByLabel(rows)).toEqual({
    "/chat/:id [UPGRADE]": 1,
    "(tunnel) [CONNECT]": 1,
    "/wait [GET]": 1,
    "/last [GET]": 1,
  });
  expect(rows.find(({ label }) => label.startsWith("/chat"))!.measurement).toBeGreaterThan(0.098);
});

test("a server that upgrades nothing answers those who ask for it, as it would without us", async () => {
  const { ports, recorded } = await serve();
  const socket = socketTo(ports.plain!);
  socket.write(head("/chat", "GET", "Connection: Upgrade\r\nUpgrade: echo\r\n"));
  expect(await heard(socket, /answered/)).toContain("200 OK");
  const tunnel = socketTo(ports.plain!);
  tunnel.write(head("internal.example:443", "CONNECT"));
  await once(tunnel.resume(), "close"); // Node refuses where nobody listens
  expect(countByLabel(await recorded())).toEqual({ "/chat [GET]": 1 });
});

test("HTTP/2: requests, streams and what the client resets", async () => {
  const { ports, recorded } = await serve();
  for (const name of ["http2", "streams"]) {
    const session = http2Connect(`http://127.0.0.1:${ports[name]}`);
    const asked = (path: string) => session.request({ ":path": path });
    await Promise.all(Array.from({ length: 10 }, (_, id) => text(asked(`/${name}/${id}?x=y`).end())));
    await text(asked("/missing/1").end());
    const reset = asked("/events").end();
    reset.on("error", () => {});
    await once(reset, "data");
    reset.close(8);
    await once(reset, "close");
    await text(asked("/last").end()); // by then the server has heard of it
    session.close();
    await once(session, "close");
  }
  expect(countByLabel(await recorded())).toEqual({
    "/http2/:id [GET]": 10,
    "/streams/:id [GET]": 10,
    "(unmatched) [GET]": 2,
    "/events [GET] (aborted)": 2,
    "/last [GET]": 2,
  });
});

test("HTTPS, and HTTP/1 on a server of HTTP/2", async () => {
  const { ports, recorded } = await serve({}, selfSigned());
  const secure = async (port: number, path: string) => {
    const [response] = await once(httpsGet({ host: "127.0.0.1", port, path, rejectUnauthorized: false }), "response");
    await text(response);
  };
  for (let id = 0; id < 5; id++) await secure(ports.https!, `/secure/${id}`);
  for (let id = 0; id < 5; id++) await secure(ports.both!, `/old/${id}`);
  const session = http2Connect(`https://127.0.0.1:${ports.both}`, { rejectUnauthorized: false });
  for (let id = 0; id < 5; id++) await text(session.request({ ":path": `/new/${id}` }).end());
  session.close();
  expect(countByLabel(await recorded())).toEqual({
    "/secure/:id [GET]": 5,
    "/old/:id [GET]": 5,
    "/new/:id [GET]": 5,
  });
});

test("a client that thinks up paths gets a thousand labels, and no more", async () => {
  const { ports, recorded } = await serve();
  const socket = socketTo(ports.http!);
  const last = heard(socket, /Connection: close/);
  const word = (n: number) => n.toString(26).replace(/[0-9]/g, (digit) => "qrstuvwxyz"[Number(digit)]!);
  for (let n = 0; n < 3_000; n++) socket.write(head(`/${word(n)}z`));
  socket.write(head("/last", "GET", "Connection: close\r\n"));
  await last;
  await once(socket, "close");
  const counts = countByLabel(await recorded());
  expect(Object.keys(counts)).toHaveLength(1_001);
  expect(counts["(other)"]).toBe(3_001 - 1_000);
});

test("http: false records no request, and prefix and label are as the file says", async () => {
  const off = await serve({ SEISMO_HTTP: "off" });
  await ask(off.ports.http!, "/a");
  expect(await off.recorded()).toEqual([]);
  const prefixed = await serve({ SEISMO_HTTP: '{"prefix":"requests"}' });
  await new Promise((resolve) => get({ port: prefixed.ports.http, path: "/a" }, (r) => r.resume().on("end", resolve)));
  expect(await prefixed.recorded()).toEqual([]);
});
