/** recordHttpServer(), stopped and called again while connections stay open. */

import { once } from "node:events";
import { createServer, type ServerResponse } from "node:http";
import { type AddressInfo, connect } from "node:net";
import { setTimeout as sleep } from "node:timers/promises";
import { start } from "seismo";
import { recordHttpServer } from "seismo/http";
import { expect, onTestFinished, test } from "vitest";
import { countByLabel, rowsIn } from "../lib/rows.js";
import { scratch } from "../lib/scratch.js";
import { until } from "../lib/until.js";

test("a connection that stays open belongs to who records now, what was finished meanwhile is not aborted, and nothing is left on the server", async () => {
  const directory = scratch();
  const monitor = start({ directory });
  const held: ServerResponse[] = [];
  const server = createServer((request, response) => {
    if (request.url === "/held") held.push(response);
    else response.end("answered");
  }).listen(0);
  await once(server, "listening");
  onTestFinished(() => void server.close());
  const listeners = () => new Map(server.eventNames().map((name) => [name, server.listenerCount(name)]));
  const before = listeners();

  recordHttpServer({ label: () => "first" });
  const client = connect((server.address() as AddressInfo).port);
  await once(client, "connect");
  const ask = (path: string) => client.write(`GET ${path} HTTP/1.1\r\nhost: localhost\r\n\r\n`);
  const askAndHear = async (path: string) => {
    ask(path);
    await once(client, "data");
  };

  await askAndHear("/");
  const stopSecond = recordHttpServer({ label: () => "second" });
  await askAndHear("/");
  ask("/held");
  await until(() => held.length === 1);
  stopSecond();
  held[0]!.end("answered while nothing records");
  await once(client, "data");
  const stopThird = recordHttpServer({ label: () => "third" });
  await askAndHear("/");
  ask("/held");
  await until(() => held.length === 2);
  client.destroy();
  await once(held[1]!, "close");
  await sleep(0); // the connection has told every listener that it closed

  stopThird();
  expect(listeners()).toEqual(before);
  await monitor.stop();
  expect(countByLabel(rowsIn(directory))).toEqual({ first: 1, second: 1, third: 1, "third (aborted)": 1 });
});
