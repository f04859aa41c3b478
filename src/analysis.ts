/**
 * The analysis door, `seismo/analysis`: what reads recordings. Nothing here runs in the program being recorded.
 *
 *     readProfile, parseProfile   a `.cpuprofile` file, checked        → CpuProfile
 *     functionTimes               self and total time of its functions → FunctionTimes
 *     convertProfiles             other formats                        → collapsed, speedscope, cpuprofile, pprof
 */

export { OptionError, SeismoError } from "./errors.js";
export { convertProfiles, type ProfileFormat } from "./profile/convert.js";
export { type CallNode, type CpuProfile, type FrameKey, ProfileError, type Stretches } from "./profile/cpu-profile.js";
export { type CallTime, type FunctionTime, type FunctionTimes, functionTimes } from "./profile/function-times.js";
export { shortLocation } from "./profile/location.js";
export { parseProfile, readProfile } from "./profile/read-profile.js";
