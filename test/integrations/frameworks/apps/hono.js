/** Hono, with the router that is the first argument: middleware around and before handlers, and what is asynchronous. */

import { setTimeout } from "node:timers/promises";
import { serve } from "@hono/node-server";
import { Hono } from "hono";
import { cors } from "hono/cors";
import { Hono as Quick } from "hono/quick";
import { RegExpRouter } from "hono/router/reg-exp-router";
import { TrieRouter } from "hono/router/trie-router";
import { Hono as Tiny } from "hono/tiny";
import { listening } from "./listening.js";

const apps = {
  smart: () => new Hono(),
  "reg-exp": () => new Hono({ router: new RegExpRouter() }),
  trie: () => new Hono({ router: new TrieRouter() }),
  quick: () => new Quick(),
  tiny: () => new Tiny(),
  late: () => new Hono(),
};
const app = apps[process.argv[2]]();
const send = (context) => context.text("x");

app.use("*", cors());
app.use("/admin/*", async (context, next) => (context.req.query("denied") ? context.text("no", 401) : next()));
// which "/users/:id" matches, too, and never sees; the router of regular expressions alone refuses it
if (process.argv[2] !== "reg-exp") app.get("/users/me", send);
app.get("/users/:id", send);
app.get("/café/:name", send);
app.get("/admin/things/:id", send);
app.get("/fails/:what", () => {
  throw new Error("on purpose");
});
app.get("/slow/:id", async (context) => {
  await setTimeout(20);
  return context.text("x");
});
const shop = new Hono();
shop.get("/items/:item", send);
app.route("/shops/:shop", shop);
app.onError((_error, context) => context.text("x", 500));

let waiting = [];
/** Hands over when two requests have come in. */
const late = async (request, env) => {
  await new Promise((resolve) => {
    waiting.push(resolve);
    if (waiting.length < 2) return;
    for (const each of waiting) each();
    waiting = [];
  });
  return app.fetch(request, env);
};
const fetch = process.argv[2] === "late" ? late : app.fetch;
listening(serve({ fetch, port: Number(process.env.PORT), overrideGlobalObjects: false }));
