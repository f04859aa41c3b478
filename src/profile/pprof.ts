/**
 * pprof, the format of `go tool pprof`, Pyroscope, Parca and others: gzipped protobuf, each stack with its samples and its
 * nanoseconds. https://github.com/google/pprof/blob/main/proto/profile.proto
 *
 * The time is called `wall`, as V8 samples by the clock, waiting included.
 */

import { gzipSync } from "node:zlib";
import { Function as Callee, Line, Location, Profile, Sample, StringTable, ValueType } from "pprof-format";
import { type CallTree, isRoot } from "./call-tree.js";
import { filePath } from "./location.js";

export function pprof(tree: CallTree): Uint8Array {
  const strings = new StringTable();
  const wall = new ValueType({ type: strings.dedup("wall"), unit: strings.dedup("nanoseconds") });
  const totalSamples = tree.selfSamples.reduce((sum, samples) => sum + samples, 0);
  const callees: Callee[] = [];
  const locations: Location[] = [];
  for (const [i, { name, url, line, column }] of tree.frames.entries()) {
    const id = i + 1; // 0 stands for none
    const nameId = strings.dedup(name);
    callees.push(
      new Callee({ id, name: nameId, systemName: nameId, filename: strings.dedup(filePath(url)), startLine: line }),
    );
    locations.push(new Location({ id, line: [new Line({ functionId: id, line, column })] }));
  }
  const sample: Sample[] = [];
  for (const [node, selfUs] of tree.selfUs.entries()) {
    const samples = tree.selfSamples[node]!;
    if (selfUs === 0 && samples === 0) continue;
    const locationId: number[] = [];
    for (let at = node; at !== -1; at = tree.parent[at]!) {
      const frame = tree.frame[at]!;
      if (at === node || !isRoot(tree.frames[frame]!)) locationId.push(frame + 1);
    }
    sample.push(new Sample({ locationId, value: [samples, Math.round(selfUs * 1000)] }));
  }
  const profile = new Profile({
    sampleType: [new ValueType({ type: strings.dedup("samples"), unit: strings.dedup("count") }), wall],
    sample,
    location: locations,
    function: callees,
    stringTable: strings,
    durationNanos: Math.round(tree.durationUs * 1000),
    periodType: wall,
    period: totalSamples === 0 ? 0 : Math.round((tree.durationUs * 1000) / totalSamples),
    defaultSampleType: strings.dedup("wall"),
  });
  return gzipSync(profile.encode());
}
