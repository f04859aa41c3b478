/** Fastify, whose package is the first argument, with what rejects a request before its handler. */

import { listening } from "./listening.js";

const { default: fastify } = await import(process.argv[2]);
const app = fastify();
app.addHook("onRequest", async (request, reply) => {
  if (!request.query.denied) return;
  reply.code(401);
  throw new Error("on purpose");
});
app.get("/users/:id", async () => "x");
app.post("/users/:id", { schema: { body: { type: "object", required: ["name"] } } }, async () => "x");
app.get("/fails/:what", async () => {
  throw new Error("on purpose");
});
app.register(
  async (shop) => {
    shop.get("/", async () => "x");
    shop.get("/items/:item/*", async () => "x");
    shop.setNotFoundHandler((_request, reply) => reply.code(404).send("x"));
  },
  { prefix: "/shops/:shop" },
);
await app.listen({ port: Number(process.env.PORT) });
listening(app.server);
