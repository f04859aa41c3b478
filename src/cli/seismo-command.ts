/** A command whose complaints of wrong usage are one line, which ends by telling where to read on. */

import { Command, type ErrorOptions } from "commander";
import { FAILED } from "./exit-codes.js";

export class SeismoCommand extends Command {
  override createCommand(name?: string): SeismoCommand {
    return new SeismoCommand(name);
  }

  /** Commander's own complaints come this way, too; a guess at what was meant is on a second line of those. */
  override error(message: string, options?: ErrorOptions): never {
    if (options?.code === FAILED.code) return super.error(message, options);
    const path = this.parent === null ? this.name() : `${this.parent.name()} ${this.name()}`;
    return super.error(`${message.replaceAll("\n", " ")} (see ${path} --help)`, options);
  }
}
