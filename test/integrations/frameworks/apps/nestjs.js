/** NestJS on the platform that is the first argument: a prefix, versions, guards, pipes, middleware and filters of errors. */

import "reflect-metadata";
import {
  Controller,
  Get,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  UseGuards,
  Version,
  VersioningType,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { listening } from "./listening.js";

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

class Middleware {
  use(_request, _response, next) {
    next();
  }
}
Injectable()(Middleware);

class Cats {
  one(id) {
    return { id };
  }
  guarded() {
    return "x";
  }
  fails() {
    throw new Error("on purpose");
  }
  second() {
    return "x";
  }
}
decorate(Cats, "one", Get(":id"));
Param("id", ParseIntPipe)(Cats.prototype, "one", 0);
decorate(Cats, "guarded", Get("guarded/:id"), UseGuards(Guard));
decorate(Cats, "fails", Get("fails/:id"));
decorate(Cats, "second", Get("second/:id"), Version("2"));
Controller({ path: "owners/:owner/cats", version: "1" })(Cats);

class AppModule {
  configure(consumer) {
    consumer.apply(Middleware).forRoutes(Cats);
  }
}
Module({ controllers: [Cats], providers: [Guard] })(AppModule);

const adapter = process.argv[2] === "fastify" ? new FastifyAdapter() : new ExpressAdapter();
const app = await NestFactory.create(AppModule, adapter, { logger: false });
app.setGlobalPrefix("api");
app.enableVersioning({ type: VersioningType.URI });
await app.listen(process.env.PORT);
listening(app.getHttpServer());
