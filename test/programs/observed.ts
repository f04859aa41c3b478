/** Programs that somebody outside watches: `observed.js WHAT`. They record to `m` in the working directory. */

import { once } from "node:events";
import { createServer } from "node:http";
import type { AddressInfo } from "node:net";
import { series, start, startDurationSample, stopDurationSample, timeIt } from "seismo";

const told = async () => void (await once(process.stdin, "data"));

const programs: Record<string, () => Promise<void>> = {
  /** A server whose every request is a sample. Ends when told. */
  server: async () => {
    const monitor = start({ directory: "m" });
    const work = timeIt("work()")(async (ms: number) => void (await new Promise((resolve) => setTimeout(resolve, ms))));
    const server = createServer(async (request, response) => {
      const id = startDurationSample();
      const path = request.url!.split("?")[0];
      response.on("close", () => stopDurationSample(`${path} [${request.method}]`, id));
      if (path === "/work") await work(5);
      response.statusCode = path === "/fail" ? 500 : 200;
      response.end("ok");
    });
    server.listen(0, "127.0.0.1");
    await once(server, "listening");
    console.log((server.address() as AddressInfo).port);
    await told();
    server.close();
    console.log(JSON.stringify(await monitor.stop()));
    process.exit();
  },
  /** Ten thousand calls of known length, measured by another clock beside them. */
  sum: async () => {
    const monitor = start({ directory: "m" });
    const wait = series("wait");
    const outsideMs: number[] = [];
    for (let i = 0; i < 10_000; i++) {
      const before = performance.now();
      const token = wait.start();
      for (const end = performance.now() + 0.05; performance.now() < end; );
      wait.stop(token);
      outsideMs.push(performance.now() - before);
    }
    await monitor.stop();
    console.log(JSON.stringify(outsideMs));
  },
  /** Says when it records; stays until told. For an observer with a clock of its own. */
  "one sample a line": async () => {
    const monitor = start({ directory: "m" });
    const beat = series("beat");
    for (let i = 0; i < 20; i++) {
      console.log(`go ${i}`);
      await told();
      beat.stop(beat.start());
    }
    await monitor.stop();
    process.exit();
  },
  /** Publishes files as fast as it can, while somebody reads them. */
  "many files": async () => {
    const monitor = start({ directory: "m", flushIntervalMs: 10, rotateBytes: 20_000 });
    const call = series("call, with a comma");
    let calls = 0;
    for (const end = performance.now() + 3000; performance.now() < end; ) {
      for (let i = 0; i < 500; i++, calls++) call.stop(call.start());
      await new Promise((resolve) => setTimeout(resolve, 2));
    }
    await monitor.stop();
    console.log(calls);
  },
  /** A burst of samples; then, on request, nothing but waiting. */
  burst: async () => {
    const monitor = start({ directory: "m", flushIntervalMs: 10 });
    console.log("started");
    await told();
    const call = series("call");
    for (let i = 0; i < 1_000_000; i++) {
      call.stop(call.start());
      if (i % 100_000 === 0) await new Promise((resolve) => setTimeout(resolve, 20));
    }
    while (monitor.stats().written < 1_000_000) await new Promise((resolve) => setTimeout(resolve, 10));
    console.log("written");
    await told();
    process.exit();
  },
};

await programs[process.argv[2]!]!();
