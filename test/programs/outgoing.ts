/**
 * Programs that call servers: `outgoing.js WHAT '{"origin": PORT, …}'`. They record to `m`, and print how long each call took
 * as they saw it, by the end of its path.
 */

import { once } from "node:events";
import http from "node:http";
import http2 from "node:http2";
import https from "node:https";
import type { Socket } from "node:net";
import { start } from "seismo";
import { recordHttpClient } from "seismo/http";
import undici from "undici";

interface Ports {
  readonly origin: number;
  readonly secure: number;
  readonly h2: number;
  readonly h2s: number;
  readonly closed: number;
  readonly socketPath: string;
}

const ports = JSON.parse(process.argv[3]!) as Ports;
const base = `http://127.0.0.1:${ports.origin}`;
const secureBase = `https://localhost:${ports.secure}`;
const sleep = (ms: number) => new Promise((resolve) => setTimeout(resolve, ms));
const seenMs: Record<string, number> = {};

/** Measures a call as the program sees it. That it fails is part of the test. */
async function time(name: string, call: () => unknown): Promise<void> {
  const before = performance.now();
  try {
    await call();
  } catch {
    // seen by the test, as a row
  }
  seenMs[name] = performance.now() - before;
}

type Handle = (request: http.ClientRequest, response?: http.IncomingMessage) => void;

/** A request of node:http, until its response, or what it was upgraded to, has closed. */
function request(path: string, options: http.RequestOptions = {}, handle: Handle = () => {}): Promise<void> {
  return new Promise((resolve, reject) => {
    const sent = http.request({ host: "127.0.0.1", port: ports.origin, path, ...options });
    const drain = (_: unknown, socket: Socket) => socket.resume().on("error", reject).on("close", resolve);
    sent.on("response", (response) => {
      response.on("error", reject).on("close", resolve);
      handle(sent, response);
      response.resume();
    });
    sent.on("upgrade", drain).on("error", reject);
    if (options.method !== "CONNECT") sent.end();
    handle(sent);
  });
}

const programs: Record<string, () => Promise<void>> = {
  fetch: async () => {
    await time("ok", async () => (await fetch(`${base}/slow/ok?secret=1#top`)).text());
    await time("drip", async () => (await fetch(`${base}/drip/fetch`)).text());
    await time("post", async () =>
      (await fetch(`${base}/slow/post`, { method: "POST", body: "x".repeat(1e5) })).text(),
    );
    await time("head", () => fetch(`${base}/slow/head`, { method: "HEAD" }));
    await time("unread", () => fetch(`${base}/slow/unread`));
    await time("missing", async () => (await fetch(`${base}/missing/x`)).text());
    await time("not-modified", () => fetch(`${base}/not-modified/x`));
    await time("redirect", async () => (await fetch(`${base}/redirect/x`)).text());
    await time("hints", async () => (await fetch(`${base}/hints/x`)).text());
    await time("timeout", () => fetch(`${base}/never/timeout`, { signal: AbortSignal.timeout(60) }));
    await time("reason", () => {
      const controller = new AbortController();
      setTimeout(() => controller.abort(new Error("not needed any more")), 60);
      return fetch(`${base}/never/reason`, { signal: controller.signal });
    });
    await time("body timeout", async () => {
      return (await fetch(`${base}/begin/timeout`, { signal: AbortSignal.timeout(60) })).text();
    });
    await time("cancel", async () => (await fetch(`${base}/begin/cancel`)).body!.cancel());
    await time("cut", async () => (await fetch(`${base}/cut/x`)).text());
    await time("hangup", () => fetch(`${base}/hangup/x`));
    await time("reset", () => fetch(`${base}/reset/x`));
    await time("garbage", () => fetch(`${base}/garbage/x`));
    await time("refused", () => fetch(`http://127.0.0.1:${ports.closed}/refused/x`));
    await time("unknown", () => fetch("http://no.such.host.invalid/unknown/x"));
    await time("aborted before", () => fetch(`${base}/never/begun`, { signal: AbortSignal.abort() }));
    await time("credentials", async () => {
      const headers = { authorization: "Basic c2VjcmV0" };
      return (await fetch(`${base}/ok/users/12345`, { headers })).text();
    });
    await time("at once", () =>
      Promise.all(Array.from({ length: 50 }, async (_, i) => (await fetch(`${base}/ok/${i}`)).text())),
    );
    await time("https", async () => (await fetch(`${secureBase}/slow/https`)).text());
    if (typeof WebSocket === "undefined") return;
    await time("websocket", async () => {
      const socket = new WebSocket(`ws://127.0.0.1:${ports.origin}/chat/words?secret=1`);
      await new Promise((resolve) => socket.addEventListener("close", resolve));
    });
  },
  undici: async () => {
    await time("ok", async () => (await undici.request(`${base}/slow/ok?secret=1`)).body.text());
    await time("destroyed", async () => {
      const { body } = await undici.request(`${base}/begin/destroyed`);
      body.on("error", () => {}).destroy();
      await once(body, "close");
    });
    await time("headers timeout", () => undici.request(`${base}/never/headers`, { headersTimeout: 1 }));
    await time("upgrade", async () => {
      const { socket } = await undici.upgrade(`${base}/chat/undici`, { protocol: "own" });
      await once(socket.resume(), "close");
    });
    await time("refused", () => undici.request(`http://127.0.0.1:${ports.closed}/refused/x`));
    await time("retried", () => {
      const dispatcher = new undici.RetryAgent(new undici.Agent(), { maxRetries: 2, minTimeout: 1, maxTimeout: 1 });
      return undici.request(`${base}/busy/x`, { dispatcher });
    });
    await time("proxy", async () => {
      const dispatcher = new undici.ProxyAgent({ uri: base, proxyTunnel: true });
      const { body } = await undici.request(`${base}/slow/proxied`, { dispatcher });
      await body.text();
      await dispatcher.close();
    });
    await time("pool", async () => {
      const pool = new undici.Pool(base, { connections: 1, pipelining: 1 });
      await Promise.all(
        Array.from({ length: 5 }, async () =>
          (await pool.request({ path: "/slow/queued", method: "GET" })).body.text(),
        ),
      );
      await pool.destroy();
    });
    await time("h2", async () => {
      const dispatcher = new undici.Agent({ allowH2: true });
      const { body } = await undici.request(`https://localhost:${ports.h2s}/slow/h2?secret=1`, { dispatcher });
      await body.text();
      await dispatcher.close();
    });
  },
  http: async () => {
    const agent = new http.Agent({ keepAlive: true, maxSockets: 1 });
    await time("ok", () => request("/slow/ok?secret=1"));
    await time("drip", () => request("/drip/http"));
    await time("head", () => request("/slow/head", { method: "HEAD" }));
    await time("hints", () => request("/hints/x"));
    await time("big", () => request("/big/x"));
    await time("kept", () => Promise.all(Array.from({ length: 10 }, () => request("/slow/kept", { agent }))));
    await time("nobody listens", () => once(http.get(`${base}/big/nobody`), "close"));
    await time("cut", () => request("/cut/x"));
    await time("reset later", () => request("/reset-later/x"));
    await time("hangup", () => request("/hangup/x"));
    await time("reset", () => request("/reset/x"));
    await time("garbage", () => request("/garbage/x"));
    await time("refused", () => request("/refused/x", { port: ports.closed }));
    await time("unknown", () => request("/unknown/x", { host: "no.such.host.invalid", port: 80 }));
    await time("not TLS", () => once(https.get(`https://127.0.0.1:${ports.origin}/tls/x`), "response"));
    await time("destroyed", () =>
      request("/never/destroyed", {}, (sent, response) => response ?? setTimeout(() => sent.destroy(), 60)),
    );
    await time("destroyed, an error", () => {
      return request(
        "/never/error",
        {},
        (sent, response) => response ?? setTimeout(() => sent.destroy(new Error("own")), 60),
      );
    });
    await time("signal", () => request("/never/signal", { signal: AbortSignal.timeout(60) }));
    await time("body signal", () => request("/begin/signal", { signal: AbortSignal.timeout(60) }));
    await time("body, request destroyed", () =>
      request("/begin/request", {}, (sent, response) => response && sent.destroy()),
    );
    await time("body, response destroyed", () => request("/begin/response", {}, (_, response) => response?.destroy()));
    await time("upgrade", () => request("/chat/http", { headers: { connection: "upgrade", upgrade: "own" } }));
    await time("upgrade refused", () =>
      request("/slow/no-chat", { headers: { connection: "keep-alive", upgrade: "own" } }),
    );
    await time("connect", async () => {
      const options = { method: "CONNECT", host: "127.0.0.1", port: ports.origin, path: `127.0.0.1:${ports.origin}` };
      const [, socket] = await once(http.request(options).end(), "connect");
      socket.end();
      await once(socket.resume(), "close");
    });
    await time("forwarded", () => request(`http://me:secret@127.0.0.1:${ports.closed}/slow/forwarded?secret=1`));
    await time("own Host", () => request("/slow/host", { headers: { host: "evil.test:6666" } }));
    await time("unix", () => request("/slow/unix", { socketPath: ports.socketPath }));
    await time("https", async () => {
      const [response] = await once(https.get(`${secureBase}/slow/https`), "response");
      await once(response.resume(), "close");
    });
  },
  /** What Node 20 tells too late: see http-client.ts. */
  uploads: async () => {
    await time("upload", () => {
      return new Promise((resolve) => {
        const sent = http.request(`${base}/slow/upload`, { method: "POST" }, (response) =>
          response.resume().on("close", resolve),
        );
        sent.write("first");
        setTimeout(() => sent.end("last"), 60);
      });
    });
    await time("early", async () => {
      const sent = http.request(`${base}/early/x`, { method: "POST" });
      sent.write("first");
      const [response] = await once(sent, "response");
      await once(response.resume(), "close");
      sent.end();
      await once(sent, "close");
    });
    await time("destroyed at once", () => once(http.get(`${base}/never/once`).destroy(), "response"));
  },
  http2: async () => {
    const session = http2.connect(`http://127.0.0.1:${ports.h2}`);
    const stream = async (path: string, act: (stream: http2.ClientHttp2Stream) => unknown = () => {}) => {
      const stream = session.request({ ":path": path });
      stream.on("error", () => {}).resume();
      act(stream);
      await new Promise((resolve) => stream.on("close", resolve));
    };
    await time("ok", () => stream("/slow/h2?secret=1"));
    await time("cut", () => stream("/cut/h2"));
    await time("destroyed", () => stream("/never/h2", (sent) => setTimeout(() => sent.destroy(), 60)));
    await time("cancelled", () => stream("/begin/h2", (sent) => sent.on("response", () => sent.close(8))));
    await time("body destroyed", () => stream("/begin/destroyed", (sent) => sent.on("data", () => sent.destroy())));
    await time("signal", () => {
      const sent = session.request({ ":path": "/never/signal" }, { signal: AbortSignal.timeout(60) });
      return once(sent, "close");
    });
    await time("lost", () => stream("/lost/h2"));
    const own = http2.connect(`http://127.0.0.1:${ports.h2}`);
    await time("session destroyed", () => {
      const sent = own.request({ ":path": "/begin/session" }).on("error", () => {});
      sent.on("data", () => own.destroy());
      return new Promise((resolve) => sent.on("close", resolve));
    });
    await time("refused", async () => {
      const nowhere = http2.connect(`http://127.0.0.1:${ports.closed}`).on("error", () => {});
      await once(nowhere.request({ ":path": "/refused/h2" }), "close");
    });
  },
  /** Hosts and paths by the thousand, as where a program fetches what it is told to. */
  attack: async () => {
    for (let i = 0; i < 1_500; i++) {
      const name = String.fromCharCode(...[i % 26, Math.floor(i / 26) % 26, Math.floor(i / 676)].map((n) => 97 + n));
      await time("x", () => request(`/ok/${name}`));
    }
  },
  /** Nothing is recorded before start(), after stop(), nor when it has been switched off. */
  off: async () => {},
};

const what = process.argv[2]!;
if (what === "off") {
  const stopRecording = recordHttpClient();
  await time("before", async () => (await fetch(`${base}/ok/before`)).text());
  const begunBefore = fetch(`${base}/slow/begun-before`);
  const monitor = start({ directory: "m" });
  await (await begunBefore).text();
  await time("during", async () => (await fetch(`${base}/ok/during`)).text());
  stopRecording();
  await time("after", async () => (await fetch(`${base}/ok/after`)).text());
  await request("/ok/after");
  const stopReplaced = recordHttpClient({ prefix: "replaced" });
  recordHttpClient({
    prefix: "calls",
    label: ({ host, method, status, path }) => {
      if (path.includes("odd")) throw new Error("a label that fails");
      return path.includes("plain") ? undefined : `${method} ${host.split(":")[0]} ${status}`;
    },
  });
  await time("labelled", async () => (await fetch(`${base}/missing/labelled`)).text());
  stopReplaced();
  await request("/missing/labelled");
  await time("cut", () => request("/cut/labelled"));
  await request("/ok/plain");
  await request("/ok/odd");
  await request("/ok/odd");
  await monitor.stop();
  await time("stopped", async () => (await fetch(`${base}/ok/stopped`)).text());
} else {
  const monitor = start({ directory: "m" });
  recordHttpClient();
  await programs[what]!();
  await sleep(50); // what closes by itself
  const stats = await monitor.stop();
  console.log(JSON.stringify({ seenMs, invalid: stats.invalid, dropped: stats.dropped }));
}
process.exit();
