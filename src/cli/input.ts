/** Input: a profile from the file named, or from standard input. */

import { text } from "node:stream/consumers";
import { type CpuProfile, ProfileError, parseProfile, readProfile } from "../analysis.js";

/** In place of a FILE. */
export const STANDARD_INPUT = "-";

/** @throws {ProfileError} */
export async function inputProfile(file: string): Promise<CpuProfile> {
  if (file !== STANDARD_INPUT) return readProfile(file);
  const name = "standard input";
  let json: string;
  try {
    json = await text(process.stdin);
  } catch (error) {
    throw new ProfileError(name, `cannot be read: ${(error as Error).message}`, { cause: error });
  }
  return parseProfile(json, name);
}
