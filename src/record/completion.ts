/**
 * Completion: calls back once when what a function returned is finished, without changing what the caller gets.
 *
 * A value is finished when it is returned, a promise when it settles, a generator when it is done, thrown out of or
 * returned from. The host must not notice: a rejection nobody handles stays unhandled, a lazy thenable (a query builder,
 * say) is not started, a generator is the very object the function made.
 */

import { types } from "node:util";

type Callback = (...args: unknown[]) => unknown;
interface Thenable {
  then: Callback;
}

const promisePrototype: unknown = Promise.prototype;
const promiseThen = Promise.prototype.then;

/** Calls `done` when `result` is finished. Returns what the caller is to get in its place, nearly always itself. */
export function whenComplete<T>(result: T, done: () => void): T {
  if ((typeof result !== "object" || result === null) && typeof result !== "function") {
    done();
    return result;
  }
  try {
    if (types.isPromise(result) && isPlainPromise(result)) return afterPromise(result, done) as T;
    if (types.isGeneratorObject(result)) return afterGenerator(result as T & Generator, done);
    if (typeof (result as Partial<Thenable>).then === "function") return afterThenable(result as T & Thenable, done);
  } catch {
    // a getter of the host's threw, or a proxy's trap, or it may not be extended: not ours to look at
  }
  done();
  return result;
}

/** A promise of any realm that is no subclass, and has nothing of its own in the place of what makes it one. */
function isPlainPromise(promise: Promise<unknown>): boolean {
  const prototype = Object.getPrototypeOf(promise);
  if (prototype !== promisePrototype && Object.getPrototypeOf(Object.getPrototypeOf(prototype)) !== null) return false;
  return !Object.hasOwn(promise, "then") && !Object.hasOwn(promise, "constructor");
}

/**
 * Returns a promise that follows the one given. To listen to that one and return it would mark its rejection as
 * handled, and the host would never hear of it.
 */
function afterPromise(promise: Promise<unknown>, done: () => void): Promise<unknown> {
  const following = Reflect.apply(promiseThen, promise, [
    (value: unknown) => {
      done();
      return value;
    },
    (reason: unknown) => {
      done();
      throw reason;
    },
  ]) as Promise<unknown>;
  // what others hung on it: cancel(), kill(), … (async hooks hang on symbols, which belong to that one promise)
  for (const key of Object.getOwnPropertyNames(promise)) {
    Object.defineProperty(following, key, Object.getOwnPropertyDescriptor(promise, key)!);
  }
  return following;
}

interface Waiting {
  settled: boolean;
  readonly callbacks: (() => void)[];
}

const waitingFor = new WeakMap<object, Waiting>();
/** Callers that wait for one and the same thenable. More of them are timed to the return only. */
const MAX_WAITING = 1_000;

/**
 * A thenable that is no plain promise is handed on as it is, and watched: when somebody calls its `then`, we learn how
 * it went. We never call it ourselves: to some, being asked means to start.
 */
function afterThenable<T extends Thenable>(thenable: T, done: () => void): T {
  const known = waitingFor.get(thenable);
  if (known) {
    if (known.settled || known.callbacks.length >= MAX_WAITING) done();
    else known.callbacks.push(done);
    return thenable;
  }
  const waiting: Waiting = { settled: false, callbacks: [done] };
  const settle = () => {
    waiting.settled = true;
    for (const callback of waiting.callbacks.splice(0)) callback();
  };
  const { then } = thenable;
  const watched = function (this: unknown, onFulfilled: unknown, onRejected: unknown, ...more: unknown[]): unknown {
    const fulfilled = (...values: unknown[]) => {
      settle();
      return typeof onFulfilled === "function" ? onFulfilled(...values) : values[0];
    };
    const rejected = (...reasons: unknown[]) => {
      settle();
      if (typeof onRejected === "function") return onRejected(...reasons);
      throw reasons[0];
    };
    return Reflect.apply(then, this, [fulfilled, rejected, ...more]);
  };
  define(thenable, "then", watched);
  if (thenable.then !== watched)
    done(); // a proxy that took our `then` and does not show it
  else waitingFor.set(thenable, waiting);
  return thenable;
}

const watchedGenerators = new WeakSet<object>();

/** Watches the three ways into a generator, of either kind. */
function afterGenerator<G extends Generator>(generator: G, done: () => void): G {
  if (watchedGenerators.has(generator)) {
    done();
    return generator;
  }
  watchedGenerators.add(generator);
  let finished = false;
  const finish = () => {
    if (!finished) done();
    finished = true;
  };
  const look = (step: IteratorResult<unknown>) => {
    if (step.done) finish();
    return step;
  };
  const fail = (reason: unknown): never => {
    finish();
    throw reason;
  };
  for (const name of ["next", "return", "throw"] as const) {
    const method = generator[name] as Callback;
    define(generator, name, function watched(this: unknown, ...args: unknown[]) {
      let step: unknown;
      try {
        step = Reflect.apply(method, this, args);
      } catch (reason) {
        return fail(reason);
      }
      return types.isPromise(step)
        ? Reflect.apply(promiseThen, step, [look, fail])
        : look(step as IteratorResult<unknown>);
    });
  }
  return generator;
}

function define(target: object, name: string, value: Callback): void {
  const enumerable = Object.prototype.propertyIsEnumerable.call(target, name);
  Object.defineProperty(target, name, { value, configurable: true, writable: true, enumerable });
}
