// NestJS in plain JavaScript: what a compiler makes of decorators is written out. `node nestjs.js fastify` for its other platform
import "reflect-metadata";
import { setTimeout } from "node:timers/promises";
import { Controller, Get, Module, Param } from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";

class Users {
  one(id) {
    return { id };
  }
  async slow() {
    await setTimeout(200);
    return "at last";
  }
}
class Shops {
  item(shop, item) {
    return { shop, item };
  }
}
const decorate = (type, method, decorator, ...parameters) => {
  decorator(type.prototype, method, Object.getOwnPropertyDescriptor(type.prototype, method));
  for (const [i, parameter] of parameters.entries()) parameter(type.prototype, method, i);
};
decorate(Users, "one", Get("users/:id"), Param("id"));
decorate(Users, "slow", Get("slow"));
Controller()(Users);
decorate(Shops, "item", Get("items/:item"), Param("shop"), Param("item"));
Controller("shops/:shop")(Shops);

class AppModule {}
Module({ controllers: [Users, Shops] })(AppModule);

const adapter = process.argv[2] === "fastify" ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { logger: false });
await app.listen(process.env.PORT ?? 3000);
console.log(`listening on http://localhost:${app.getHttpServer().address().port}`);
