/** Label functions that are asynchronous, by mistake: their labels come too late, and their errors are nobody's. */

import { once } from "node:events";
import { createServer, get } from "node:http";
import type { AddressInfo } from "node:net";
import { start, stop } from "seismo";
import { recordHttpClient, recordHttpServer } from "seismo/http";
import { expect, onTestFinished, test } from "vitest";
import { countByLabel, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";

const rejects = (async () => {
  throw new Error("of an asynchronous label function");
}) as never;

test("a promise is no label, is warned about once, and may reject", async () => {
  const warnings: string[] = [];
  const onWarning = ({ message }: Error) => warnings.push(message);
  process.on("warning", onWarning);
  onTestFinished(() => void process.off("warning", onWarning));
  const directory = scratch();
  start({ directory });
  onTestFinished(recordHttpServer({ label: rejects }));
  onTestFinished(recordHttpClient({ label: rejects }));
  const server = createServer((_request, response) => response.end("ok")).listen(0, "127.0.0.1");
  await once(server, "listening");
  const { port } = server.address() as AddressInfo;
  for (let i = 0; i < 2; i++) {
    const [response] = await once(get({ port, host: "127.0.0.1", path: "/asked", agent: false }), "response");
    await once(response.resume(), "close");
  }
  server.close();
  await once(server, "close");
  await stop();
  expect(countByLabel(rowsIn(directory))).toEqual({ "/asked [GET]": 2 });
  expect(countByLabel(rowsIn(directory, "client"))).toEqual({ [`→ 127.0.0.1:${port}/asked [GET]`]: 2 });
  expect(warnings).toEqual([
    expect.stringMatching(/label function for requests failed.*promise/),
    expect.stringMatching(/label function for calls failed.*promise/),
  ]);
});
