/** Decorators as TC39 has them, and blocks with `using`, as TypeScript compiles both. */

import { start, timeIt } from "seismo";

class Service {
  readonly #name = "service";

  @timeIt("sync")
  sync(a: number, b: number): number {
    return a + b;
  }

  @timeIt("async")
  async later(): Promise<string> {
    return this.#name;
  }

  @timeIt("generator")
  *count(): Generator<number> {
    yield 1;
    yield 2;
  }

  @timeIt("static")
  static make(): Service {
    return new Service();
  }

  @timeIt("private")
  #secret(): string {
    return this.#name;
  }

  @timeIt("getter")
  get name(): string {
    return this.#secret();
  }
}

const monitor = start({ directory: process.argv[2]! });
const service = Service.make();
const results = [service.sync(1, 2), await service.later(), [...service.count()], service.name];
{
  using _ = timeIt.block("block");
  results.push("in the block");
}
const { sync } = Service.prototype;
console.log(JSON.stringify({ results, sync: [sync.name, sync.length] }));
const decorateField = () => {
  class Wrong {
    // @ts-expect-error a field is no method
    @timeIt("field") field = 1;
  }
  return new Wrong();
};
try {
  decorateField();
} catch (error) {
  console.log((error as Error).message);
}
await monitor.stop();
