/**
 * timeIt: a duration sample for every call of a function, however it is written and however it ends.
 *
 * One function serves four spellings: a method decorator in TC39's form and in TypeScript's older one, a wrapper, and,
 * as `timeIt.block`, a piece of code. When a call is finished is decided in `completion.ts`.
 */

import { OptionError } from "../errors.js";
import { whenComplete } from "./completion.js";
import { type DurationRecorder, type DurationToken, NOT_RECORDING } from "./duration-recorder.js";

type AnyFunction = (this: never, ...args: never[]) => unknown;
type MethodContext = ClassMethodDecoratorContext | ClassGetterDecoratorContext | ClassSetterDecoratorContext;

/** What `timeIt(label)` returns: a wrapper of functions, and a decorator of methods and accessors. */
export interface Timed {
  /** Wraps a function. Its type, name, length, properties and `this` are kept. */
  <F extends AnyFunction>(fn: F): F;
  /** Decorates, as TC39 has it. */
  <F extends AnyFunction>(fn: F, context: MethodContext): F;
  /** Decorates, as `experimentalDecorators` has it. */
  <T>(target: object, key: string | symbol, descriptor: TypedPropertyDescriptor<T>): TypedPropertyDescriptor<T>;
}

/** A block of code being timed. */
export interface TimedBlock extends Disposable {
  /** Ends the block. Only the first call counts. */
  stop(): void;
}

export interface TimeIt {
  (label: string): Timed;
  /** Starts timing a block: `{ using _ = timeIt.block("load config"); … }`, or call `stop()` at its end. */
  block(label: string): TimedBlock;
}

/**
 * A `timeIt` that records to a recorder of your own.
 *
 * @example
 * import { createTimeIt, DurationRecorder } from "seismo";
 * const recorder = new DurationRecorder();
 * const timeIt = createTimeIt(recorder);
 * const parse = timeIt("parse")((text: string) => JSON.parse(text));
 * parse('{"ok": true}');
 * console.log(parse.length, recorder.stats().recorded); // => 1 1
 */
export function createTimeIt(recorder: DurationRecorder): TimeIt {
  const timeIt = (label: string): Timed => {
    const time = <F extends AnyFunction>(fn: F): F => timed(fn, recorder, label);
    const timeAnything = (...args: unknown[]): unknown => {
      const [target, key, descriptor] = args;
      if (isObject(descriptor)) return timeDescriptor(descriptor, time);
      if (isObject(key) && "kind" in key && key.kind !== "method" && key.kind !== "getter" && key.kind !== "setter") {
        throw new OptionError("what @timeIt decorates", "a method, getter or setter", key.kind);
      }
      if (typeof target !== "function")
        throw new OptionError("what timeIt(label) wraps", "a function or method", target);
      return time(target as AnyFunction);
    };
    return timeAnything as Timed;
  };
  return Object.assign(timeIt, { block: (label: string) => new Block(recorder, label) });
}

class Block implements TimedBlock {
  readonly #recorder: DurationRecorder;
  readonly #label: string;
  #token: DurationToken;
  #running: boolean;

  constructor(recorder: DurationRecorder, label: string) {
    this.#recorder = recorder;
    this.#label = label;
    this.#running = recorder.recording;
    this.#token = recorder.start();
  }

  stop(): void {
    if (!this.#running) return;
    this.#running = false;
    this.#recorder.stop(this.#recorder.labels.idOf(this.#label), this.#token);
    this.#token = NOT_RECORDING;
  }

  [Symbol.dispose](): void {
    this.stop();
  }
}

function timed<F extends AnyFunction>(fn: F, recorder: DurationRecorder, label: string): F {
  const labelId = recorder.labels.idOf(label);
  const wrapper = function (this: unknown): unknown {
    if (new.target) return constructTimed(fn, arguments, new.target === wrapper ? fn : new.target, recorder, labelId);
    if (!recorder.recording) return Reflect.apply(fn, this as never, arguments as never);
    const token = recorder.start();
    let result: unknown;
    try {
      result = Reflect.apply(fn, this as never, arguments as never);
    } catch (error) {
      recorder.stop(labelId, token);
      throw error;
    }
    if (typeof result === "object" || typeof result === "function") {
      return whenComplete(result, stopLater(recorder, labelId, token));
    }
    recorder.stop(labelId, token);
    return result;
  };
  keepIdentity(fn, wrapper);
  return wrapper as unknown as F;
}

/** A closure made elsewhere: made in place, it would move the token to the heap on every call, needed or not. */
function stopLater(recorder: DurationRecorder, labelId: number, token: DurationToken): () => void {
  return () => recorder.stop(labelId, token);
}

function constructTimed(
  fn: AnyFunction,
  args: ArrayLike<unknown>,
  newTarget: unknown,
  recorder: DurationRecorder,
  labelId: number,
): unknown {
  const token = recorder.start();
  try {
    return Reflect.construct(fn as never, args, newTarget as never);
  } finally {
    recorder.stop(labelId, token);
  }
}

function timeDescriptor(descriptor: PropertyDescriptor, time: <F extends AnyFunction>(fn: F) => F): PropertyDescriptor {
  const { value, get, set } = descriptor;
  if (typeof value !== "function" && !get && !set) {
    throw new OptionError("what @timeIt decorates", "a method, getter or setter", value);
  }
  if (typeof value === "function") descriptor.value = time(value);
  if (get) descriptor.get = time(get);
  if (set) descriptor.set = time(set);
  return descriptor;
}

interface MetadataReflect {
  getOwnMetadataKeys?(target: object): unknown[];
  getOwnMetadata(key: unknown, target: object): unknown;
  defineMetadata(key: unknown, value: unknown, target: object): void;
}

/** Name, length, prototype, properties, and what reflect-metadata knows of it (NestJS keeps its routes there). */
function keepIdentity(from: AnyFunction, to: (...args: never[]) => unknown): void {
  for (const key of Reflect.ownKeys(from)) {
    if (key === "arguments" || key === "caller") continue;
    const descriptor = Object.getOwnPropertyDescriptor(from, key)!;
    if (key === "prototype") to.prototype = descriptor.value;
    else Object.defineProperty(to, key, descriptor);
  }
  const { getOwnMetadataKeys, getOwnMetadata, defineMetadata } = Reflect as unknown as MetadataReflect;
  for (const key of getOwnMetadataKeys?.(from) ?? []) defineMetadata(key, getOwnMetadata(key, from), to);
}

function isObject(value: unknown): value is object {
  return typeof value === "object" && value !== null;
}
