/** Decorators as NestJS compiles them: `experimentalDecorators`, with metadata. */

import "reflect-metadata";
import { start, timeIt } from "seismo";

const Route =
  (path: string): MethodDecorator =>
  (_target, _key, descriptor) => {
    Reflect.defineMetadata("path", path, descriptor.value as object);
  };

class Controller {
  readonly #greeting = "hello";
  static made = 0;

  @timeIt("outer, above a route")
  @Route("/above")
  async above(name: string, _second?: number): Promise<string> {
    return `${this.#greeting} ${name}`;
  }

  @Route("/below")
  @timeIt("below a route")
  below(): string {
    return this.#greeting;
  }

  @timeIt("static")
  static make(): number {
    return ++Controller.made;
  }

  @timeIt("getter")
  get greeting(): string {
    return this.#greeting;
  }
}

const monitor = start({ directory: process.argv[2]! });
const controller = new Controller();
const { above, below } = Controller.prototype;
console.log(
  JSON.stringify({
    results: [await controller.above("you"), controller.below(), Controller.make(), controller.greeting],
    above: [above.name, above.length, Reflect.getMetadata("path", above)],
    below: [below.name, below.length, Reflect.getMetadata("path", below)],
    types: Reflect.getMetadata("design:paramtypes", Controller.prototype, "above").map(
      (type: { name: string }) => type.name,
    ),
  }),
);
await monitor.stop();
