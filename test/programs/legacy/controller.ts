/** A controller of NestJS, on the platform that is the first argument, with methods that are timed above and below their routes. */

import "reflect-metadata";
import {
  Body,
  Controller,
  Get,
  Header,
  HttpCode,
  Injectable,
  Module,
  Param,
  ParseIntPipe,
  Post,
  UseGuards,
} from "@nestjs/common";
import { NestFactory } from "@nestjs/core";
import { ExpressAdapter } from "@nestjs/platform-express";
import { FastifyAdapter } from "@nestjs/platform-fastify";
import { start, timeIt } from "seismo";
import { SeismoModule } from "seismo/nestjs";

@Injectable()
class Names {
  of(id: number): string {
    return `number ${id}`;
  }
}

@Injectable()
class Nobody {
  canActivate(): boolean {
    return false;
  }
}

@Controller("users")
class Users {
  constructor(private readonly names: Names) {}

  @timeIt("above the route")
  @Get(":id")
  @Header("x-route", "above")
  async above(@Param("id", ParseIntPipe) id: number): Promise<object> {
    return { id, name: this.names.of(id) };
  }

  @Post()
  @HttpCode(202)
  @Header("x-route", "below")
  @timeIt("below the route")
  below(@Body() body: { id: number }): object {
    return { id: body.id, name: this.names.of(body.id) };
  }

  @Get("between/:id")
  @timeIt("between")
  @UseGuards(Nobody)
  between(): string {
    return "never";
  }
}

@Module({ imports: [SeismoModule.forRoot({ prefix: "web" })], controllers: [Users], providers: [Names] })
class AppModule {}

const monitor = start({ directory: "m" });
const adapter = process.argv[2] === "express" ? new ExpressAdapter() : new FastifyAdapter();
const app = await NestFactory.create(AppModule, adapter as ExpressAdapter, { logger: false });
await app.listen(0, "127.0.0.1");
const url = await app.getUrl();
const seen: unknown[] = [];
const ask = async (path: string, init?: RequestInit) => {
  const response = await fetch(url + path, init);
  const { status, headers } = response;
  seen.push([status, headers.get("x-route"), status < 400 ? await response.json() : null]);
};
await ask("/users/5");
await ask("/users/five");
await ask("/users", { method: "POST", headers: { "content-type": "application/json" }, body: '{"id": 6}' });
await ask("/users/between/7");
await app.close();
await monitor.stop();
console.log(JSON.stringify(seen));
