/** timeIt: what is timed, until when, and that the function timed cannot tell. */

import { createTimeIt, type DurationToken, OptionError } from "seismo";
import { describe, expect, test, vi } from "vitest";
import { durationsInMemory } from "../lib/collect.js";

function timing() {
  const { clock, recorder, sink, flusher } = durationsInMemory();
  const pass = (ms: number) => clock.advance(BigInt(ms) * 1_000_000n);
  const samples = () => {
    flusher.flush();
    return sink.rows.map(({ label, measurement }) => [label, measurement]);
  };
  return { timeIt: createTimeIt(recorder), recorder, pass, samples };
}

describe("a function that returns a value", () => {
  test("is timed to its return, and gets this, arguments and result through", () => {
    const { timeIt, pass, samples } = timing();
    const self = { factor: 3 };
    const multiply = timeIt("multiply")(function (this: typeof self, a: number, b: number) {
      pass(20);
      return this.factor * a * b;
    });
    expect(multiply.call(self, 2, 5)).toBe(30);
    expect(samples()).toEqual([["multiply", 0.02]]);
  });

  test.each([undefined, null, 0, "", false, Symbol.iterator, 5n, {}, [], () => {}, new Map(), Object.create(null)])(
    "may return %s",
    (value) => {
      const { timeIt, samples } = timing();
      expect(timeIt("f")(() => value)()).toBe(value);
      expect(samples()).toEqual([["f", 0]]);
    },
  );

  test("keeps name, length, properties, prototype", () => {
    const { timeIt } = timing();
    const original = Object.assign(
      function named(_a: number, _b: number) {
        return 1;
      },
      { version: 7 },
    );
    const wrapped = timeIt("f")(original);
    expect([wrapped.name, wrapped.length, wrapped.version]).toEqual(["named", 2, 7]);
    expect(wrapped.prototype).toBe(original.prototype);
  });

  test("is timed when it throws, and the very error passes on", () => {
    const { timeIt, pass, samples } = timing();
    const error = new Error("boom");
    const fail = timeIt("fail")(() => {
      pass(5);
      throw error;
    });
    expect(fail).toThrow(error);
    expect(samples()).toEqual([["fail", 0.005]]);
  });

  test("may return an object whose getters throw", () => {
    const { timeIt, samples } = timing();
    const touchy = new Proxy(
      {},
      {
        get() {
          throw new Error("do not touch");
        },
      },
    );
    expect(timeIt("f")(() => touchy)()).toBe(touchy);
    expect(samples()).toEqual([["f", 0]]);
  });

  test("may call itself: every call is a sample of its own", () => {
    const { timeIt, pass, samples } = timing();
    const factorial: (n: number) => number = timeIt("factorial")((n: number) => {
      pass(1);
      return n <= 1 ? 1 : n * factorial(n - 1);
    });
    expect(factorial(4)).toBe(24);
    expect(samples().map(([, seconds]) => seconds)).toEqual([0.001, 0.002, 0.003, 0.004]);
  });

  test("may be a class: its instances are its own", () => {
    const { timeIt, samples } = timing();
    class Point {
      readonly sum: number;
      constructor(x: number, y: number) {
        this.sum = x + y;
      }
    }
    const Timed = timeIt("new Point")(Point as never) as unknown as typeof Point;
    class Sub extends Timed {}
    expect(new Timed(1, 2)).toEqual(new Point(1, 2));
    expect(new Timed(1, 2)).toBeInstanceOf(Point);
    expect(new Sub(1, 2)).toBeInstanceOf(Sub);
    expect(samples()).toHaveLength(3);
  });
});

describe("a function that returns a promise", () => {
  test("is timed until it settles, each of many at once on its own", async () => {
    const { timeIt, pass, samples } = timing();
    const gates: (() => void)[] = [];
    const wait = timeIt("wait")(async (n: number) => {
      await new Promise<void>((resolve) => gates.push(resolve));
      return n;
    });
    const all = [wait(1), wait(2), wait(3)];
    for (const open of [...gates].reverse()) {
      pass(10);
      open();
      await vi.waitFor(() => expect(samples().length).toBeGreaterThan(0));
      await Promise.resolve();
    }
    expect(await Promise.all(all)).toEqual([1, 2, 3]);
    expect(samples().map(([, seconds]) => seconds)).toEqual([0.01, 0.02, 0.03]);
  });

  test("is timed when it rejects, and the very reason passes on", async () => {
    const { timeIt, pass, samples } = timing();
    const reason = { not: "an error" };
    const fail = timeIt("fail")(async () => {
      pass(7);
      throw reason;
    });
    await expect(fail()).rejects.toBe(reason);
    expect(samples()).toEqual([["fail", 0.007]]);
  });

  test("keeps what others hung on the promise", async () => {
    const { timeIt } = timing();
    const cancel = () => "cancelled";
    const run = timeIt("run")(() => Object.assign(Promise.resolve(1), { cancel }));
    const promise = run();
    expect(promise.cancel()).toBe("cancelled");
    expect(await promise).toBe(1);
  });

  test("keeps a subclass of Promise, the very object", async () => {
    const { timeIt, samples } = timing();
    class Query extends Promise<number> {
      sql = "select 1";
    }
    const query = new Query((resolve) => resolve(1));
    const run = timeIt("query")(() => query);
    expect(run()).toBe(query);
    expect(samples()).toEqual([]);
    expect(await run()).toBe(1);
    expect(samples()).toHaveLength(2);
  });
});

describe("a function that returns another thenable", () => {
  const lazy = () => {
    const query = {
      started: 0,
      // biome-ignore lint/suspicious/noThenProperty: this is what it is about
      then(onFulfilled: (rows: number[]) => unknown, onRejected?: (reason: unknown) => unknown) {
        query.started++;
        return Promise.resolve([1, 2]).then(onFulfilled, onRejected);
      },
    };
    return query;
  };

  test("hands on the very object, and does not start it", () => {
    const { timeIt, samples } = timing();
    const query = lazy();
    expect(timeIt("find")(() => query)()).toBe(query);
    expect(Object.keys(query)).toEqual(["started", "then"]);
    expect(query.started).toBe(0);
    expect(samples()).toEqual([]);
  });

  test("is timed when somebody awaits it, once, and runs once", async () => {
    const { timeIt, pass, samples } = timing();
    const query = lazy();
    const find = timeIt("find")(() => query);
    const found = find();
    pass(3);
    expect(await found).toEqual([1, 2]);
    expect(query.started).toBe(1);
    expect(samples()).toEqual([["find", 0.003]]);
  });

  test("passes rejections on", async () => {
    const { timeIt, samples } = timing();
    // biome-ignore lint/suspicious/noThenProperty: this is what it is about
    const failing = { then: (_: unknown, onRejected: (reason: unknown) => unknown) => onRejected("no") };
    await expect(timeIt("fail")(() => failing as unknown as PromiseLike<never>)()).rejects.toBe("no");
    expect(samples()).toHaveLength(1);
  });

  test("returned a million times does not pile up", async () => {
    const { timeIt } = timing();
    const query = lazy();
    const find = timeIt("find")(() => query);
    for (let i = 0; i < 1_000_000; i++) find();
    expect(await find()).toEqual([1, 2]);
  });

  test("may be frozen: then it is timed to the return", () => {
    const { timeIt, samples } = timing();
    const query = Object.freeze(lazy());
    expect(timeIt("find")(() => query)()).toBe(query);
    expect(samples()).toHaveLength(1);
  });
});

describe("a generator function", () => {
  const counting = (pass: (ms: number) => void, seen: unknown[] = []) =>
    function* count(to: number): Generator<number, string, unknown> {
      try {
        for (let i = 1; i <= to; i++) {
          pass(1);
          seen.push(yield i);
        }
        return "end";
      } finally {
        seen.push("finally");
      }
    };

  test("is timed until it is done", () => {
    const { timeIt, pass, samples } = timing();
    const generate = counting(pass);
    const generator = timeIt("count")(generate)(3);
    expect(generator).toBeInstanceOf(generate);
    expect(Object.keys(generator)).toEqual([]);
    expect(samples()).toEqual([]);
    expect([...generator]).toEqual([1, 2, 3]);
    expect(generator.next()).toEqual({ done: true, value: undefined });
    expect(samples()).toEqual([["count", 0.003]]);
  });

  test("takes what is sent in, and gives its return value", () => {
    const { timeIt, pass } = timing();
    const seen: unknown[] = [];
    const generator = timeIt("count")(counting(pass, seen))(2);
    expect([generator.next(), generator.next("a"), generator.next("b")]).toEqual([
      { done: false, value: 1 },
      { done: false, value: 2 },
      { done: true, value: "end" },
    ]);
    expect(seen).toEqual(["a", "b", "finally"]);
  });

  test("is timed to an early return", () => {
    const { timeIt, pass, samples } = timing();
    const seen: unknown[] = [];
    for (const n of timeIt("count")(counting(pass, seen))(5)) if (n === 2) break;
    expect(seen).toEqual([undefined, "finally"]);
    expect(samples()).toEqual([["count", 0.002]]);
  });

  test("is timed to an error thrown into it", () => {
    const { timeIt, pass, samples } = timing();
    const generator = timeIt("count")(counting(pass))(5);
    generator.next();
    expect(() => generator.throw(new Error("in"))).toThrow("in");
    expect(samples()).toEqual([["count", 0.001]]);
  });

  test("is timed through yield* of a caller", () => {
    const { timeIt, pass, samples } = timing();
    const count = timeIt("count")(counting(pass));
    function* both() {
      return `${yield* count(1)} ${yield* count(1)}`;
    }
    const generator = both();
    expect([generator.next().value, generator.next().value, generator.next().value]).toEqual([1, 1, "end end"]);
    expect(samples()).toHaveLength(2);
  });
});

describe("an async generator function", () => {
  async function* ticks(to: number): AsyncGenerator<number> {
    for (let i = 1; i <= to; i++) {
      await null;
      yield i;
    }
  }

  test("is timed until it is done", async () => {
    const { timeIt, pass, samples } = timing();
    const seen: number[] = [];
    for await (const n of timeIt("ticks")(ticks)(3)) {
      pass(1);
      seen.push(n);
    }
    expect(seen).toEqual([1, 2, 3]);
    expect(samples()).toEqual([["ticks", 0.003]]);
  });

  test("is timed to an early return", async () => {
    const { timeIt, samples } = timing();
    for await (const n of timeIt("ticks")(ticks)(3)) if (n === 2) break;
    expect(samples()).toHaveLength(1);
  });

  test("is timed to the error it throws, which passes on", async () => {
    const { timeIt, samples } = timing();
    const fail = timeIt("fail")(async function* () {
      yield 1;
      throw new Error("later");
    });
    const read = async () => {
      for await (const _ of fail());
    };
    await expect(read()).rejects.toThrow("later");
    expect(samples()).toHaveLength(1);
  });

  test("is timed to an error thrown into it", async () => {
    const { timeIt, samples } = timing();
    const generator = timeIt("ticks")(ticks)(3);
    await generator.next();
    await expect(generator.throw(new Error("in"))).rejects.toThrow("in");
    expect(samples()).toHaveLength(1);
  });
});

describe("a block", () => {
  test("is timed until it is disposed of, once", () => {
    const { timeIt, pass, samples } = timing();
    const block = timeIt.block("load config");
    pass(4);
    block[Symbol.dispose]();
    pass(4);
    block.stop();
    expect(samples()).toEqual([["load config", 0.004]]);
  });
});

describe("misuse", () => {
  test("is refused where the mistake is made, by name", () => {
    const { timeIt } = timing();
    expect(() => timeIt("x")(5 as never)).toThrow(OptionError);
    expect(() => timeIt("x")({} as never, "field", undefined as never)).toThrow(
      /wraps must be a function or method, got {}/,
    );
    expect(() => timeIt("x")(class {} as never, { kind: "class" } as never)).toThrow(
      /method, getter or setter, got 'class'/,
    );
    expect(() => timeIt("x")({}, "key", { value: 5 })).toThrow(/method, getter or setter, got 5/);
  });

  test("a label that is no string is counted, and the function runs", () => {
    const { timeIt, recorder, samples } = timing();
    expect(timeIt(5 as never)(() => 7)()).toBe(7);
    timeIt.block(Symbol("x") as never).stop();
    expect(samples()).toEqual([]);
    expect(recorder.stats()).toMatchObject({ recorded: 2, written: 0, invalid: 2 });
  });
});

describe("tokens", () => {
  test("of any other origin touch no sample and are counted", () => {
    const { recorder, samples } = timing();
    const label = recorder.labels.idOf("real");
    recorder.stop(label, recorder.start());
    const foreign = [
      -1,
      1,
      5e-310,
      1e308,
      Number.NaN,
      Number.POSITIVE_INFINITY,
      "x",
      null,
      undefined,
      {},
      7n,
      Symbol("t"),
    ];
    for (const token of foreign) recorder.stop(label, token as DurationToken);
    recorder.stop(label, 0 as DurationToken); // of before recording began: no mistake, and no sample
    recorder.stop(label, recorder.start());
    expect(samples()).toEqual([
      ["real", 0],
      ["real", 0],
    ]);
    expect(recorder.stats()).toMatchObject({ recorded: 2 + foreign.length, written: 2, invalid: foreign.length });
  });

  test("with labels of any other origin touch no sample and are counted", () => {
    const { recorder, samples } = timing();
    for (const id of [-1, 999, 2 ** 32, Number.NaN, undefined]) recorder.stop(id as number, recorder.start());
    // 2 ** 32 and NaN are 0 in a Uint32Array: the overflow series
    expect(samples()).toEqual(Array(2).fill(["(other)", 0]));
    expect(recorder.stats()).toMatchObject({ recorded: 5, written: 2, invalid: 3 });
  });

  test("stopped twice give a sample each time, from the same start", () => {
    const { recorder, pass, samples } = timing();
    const label = recorder.labels.idOf("lap");
    const token = recorder.start();
    pass(1);
    recorder.stop(label, token);
    pass(1);
    recorder.stop(label, token);
    expect(samples()).toEqual([
      ["lap", 0.001],
      ["lap", 0.002],
    ]);
  });

  test("that overlap in any order keep their own start", () => {
    const { recorder, pass, samples } = timing();
    const [a, b] = [recorder.labels.idOf("a"), recorder.labels.idOf("b")];
    const first = recorder.start();
    pass(1);
    const second = recorder.start();
    pass(1);
    recorder.stop(a, first);
    pass(1);
    recorder.stop(b, second);
    expect(samples()).toEqual([
      ["a", 0.002],
      ["b", 0.002],
    ]);
  });
});
