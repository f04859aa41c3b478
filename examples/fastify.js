import { setTimeout } from "node:timers/promises";
import fastify from "fastify";

const app = fastify();
app.get("/users/:id", async (request) => request.params);
app.register(async (shop) => shop.get("/items/:item", async (request) => request.params), { prefix: "/shops/:shop" });
app.get("/slow", async () => {
  await setTimeout(200);
  return "at last";
});

await app.listen({ port: Number(process.env.PORT ?? 3000) });
console.log(`listening on http://localhost:${app.server.address().port}`);
