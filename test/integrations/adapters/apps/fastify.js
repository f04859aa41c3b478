/** Fastify, whose package is the first argument. */

import { setTimeout } from "node:timers/promises";
import { recordRequests } from "seismo/fastify";
import { hang, inject, kind, listening, options } from "./settings.js";

const { default: fastify } = await import(process.argv[2]);

const app = fastify(kind === "http2" ? { http2: true } : {});
if (kind !== "inner") app.register(recordRequests, options);
app.get("/", async () => "x");
app.all("/users/:id", async (request) => request.params);
app.register(
  async (shop) => {
    if (kind === "inner" || kind === "both") shop.register(recordRequests, { ...options, label: () => "inner" });
    shop.get("/items/:item", async (request) => request.params);
  },
  { prefix: "/shops/:shop" },
);
app.get("/missing/:id", async (_request, reply) => reply.code(404).send("gone"));
app.get("/fails/:id", async () => {
  throw new Error("on purpose");
});
app.get("/slow", async () => {
  await setTimeout(200);
  return "at last";
});
app.get("/hang", () => hang());
await app.listen({ port: Number(process.env.PORT), host: "127.0.0.1" });
if (inject) await app.inject("/users/injected");
listening(app.server);
