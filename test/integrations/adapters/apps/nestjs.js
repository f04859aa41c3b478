/** NestJS on the platform that is the first argument: a prefix, versions, guards, pipes, middleware that rejects. */

import "reflect-metadata";
import { createServer } from "node:http";
import { setTimeout } from "node:timers/promises";
import {
  All,
  Controller,
  Get,
  HttpCode,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  UseGuards,
  Version,
  VersioningType,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { SeismoModule } from "seismo/nestjs";
import { hang, inject, kind, listening, options } from "./settings.js";

const decorate = (type, method, ...decorators) => {
  const descriptor = Object.getOwnPropertyDescriptor(type.prototype, method);
  for (const decorator of decorators) decorator(type.prototype, method, descriptor);
};

class Guard {
  canActivate() {
    return false;
  }
}
Injectable()(Guard);

class Users {
  root() {
    return "x";
  }
  one(id) {
    return { id };
  }
  guarded() {
    return "x";
  }
  missing() {
    return "gone";
  }
  fails() {
    throw new Error("on purpose");
  }
  async slow() {
    await setTimeout(200);
    return "at last";
  }
  hang() {
    hang();
    return new Promise(() => {});
  }
  second() {
    return "x";
  }
}
decorate(Users, "root", Get());
decorate(Users, "one", All("users/:id"));
Param("id")(Users.prototype, "one", 0);
decorate(Users, "guarded", Get("guarded/:id"), UseGuards(Guard));
decorate(Users, "missing", Get("missing/:id"), HttpCode(404));
decorate(Users, "fails", Get("fails/:id"));
decorate(Users, "slow", Get("slow"));
decorate(Users, "hang", Get("hang"));
decorate(Users, "second", Get("second/:id"), Version("2"));
Controller()(Users);

class Shops {
  item(shop, item) {
    return { shop, item };
  }
}
decorate(Shops, "item", Get("items/:item"));
Param("shop")(Shops.prototype, "item", 0);
Param("item", ParseIntPipe)(Shops.prototype, "item", 1);
Controller("shops/:shop")(Shops);

class ShopModule {}
Module({ imports: kind === "both" ? [SeismoModule.forRoot({ label: () => "inner" })] : [], controllers: [Shops] })(
  ShopModule,
);

class AppModule {
  configure(consumer) {
    consumer.apply((request, response, next) => (request.headers.denied ? end(response) : next())).forRoutes(Users);
  }
}
function end(response) {
  response.statusCode = 401;
  response.end();
}
const seismo = kind === "plain" ? SeismoModule : SeismoModule.forRoot(options);
Module({ imports: [seismo, ShopModule], controllers: [Users] })(AppModule);

const platform = process.argv[2];
const { ExpressAdapter } = platform === "express" ? await import("@nestjs/platform-express") : {};
const { FastifyAdapter } = platform === "fastify" ? await import("@nestjs/platform-fastify") : {};
const app = await NestFactory.create(AppModule, ExpressAdapter ? new ExpressAdapter() : new FastifyAdapter(), {
  logger: false,
});
app.use((request, response, next) => (request.headers.rejected ? end(response) : next()));
if (kind === "versions") {
  app.setGlobalPrefix("api");
  app.enableVersioning({ type: VersioningType.URI });
}
if (kind === "own server") {
  await app.init();
  listening(createServer(app.getHttpAdapter().getInstance()).listen(process.env.PORT));
} else {
  await app.listen(process.env.PORT, "127.0.0.1");
  if (inject) await app.getHttpAdapter().getInstance().inject("/users/injected");
  listening(app.getHttpServer());
}
