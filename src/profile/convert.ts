/** Conversion: which formats a profile can be written in, and whether several profiles fit into one file of it. */

import { OptionError } from "../errors.js";
import { callTree } from "./call-tree.js";
import { collapsedStacks } from "./collapsed.js";
import type { CpuProfile } from "./cpu-profile.js";
import { cpuProfileJson } from "./cpu-profile-json.js";
import { pprof } from "./pprof.js";
import { speedscope } from "./speedscope.js";

export type ProfileFormat = "collapsed" | "speedscope" | "cpuprofile" | "pprof";

/**
 * Writes profiles in another format. `collapsed` and `pprof` add several up, `speedscope` puts them side by side, and
 * `cpuprofile` holds one.
 *
 * @param directory  what the paths in collapsed stacks are told relative to
 * @returns pieces of one file, in order: text, or bytes for pprof, which is gzipped
 * @throws {OptionError} for a format that is none of these, or that does not hold that many profiles
 * @example
 * import { convertProfiles, parseProfile } from "seismo/analysis";
 * const frame = (functionName: string) => ({ functionName, scriptId: "0", url: "", lineNumber: -1, columnNumber: -1 });
 * const nodes = [{ id: 1, callFrame: frame("handle"), children: [2] }, { id: 2, callFrame: frame("parse") }];
 * const profile = parseProfile({ nodes, startTime: 0, endTime: 3000, samples: [2, 1], timeDeltas: [0, 1000] });
 * process.stdout.write([...convertProfiles([profile, profile], "collapsed")].join(""));
 * // handle 4000
 * // handle;parse 2000
 */
export function convertProfiles(
  profiles: readonly CpuProfile[],
  format: ProfileFormat,
  directory: string = process.cwd(),
): Iterable<string | Uint8Array> {
  switch (format) {
    case "collapsed":
      return collapsedStacks(callTree(profiles), directory);
    case "speedscope":
      return speedscope(profiles);
    case "pprof":
      return [pprof(callTree(profiles))];
    case "cpuprofile": {
      const [profile] = profiles;
      if (profile === undefined || profiles.length > 1) {
        throw new OptionError("profiles", "one for the format cpuprofile, which holds one timeline", profiles.length);
      }
      return cpuProfileJson(profile);
    }
    default:
      throw new OptionError("format", "collapsed, speedscope, cpuprofile or pprof", format);
  }
}
