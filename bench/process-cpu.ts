// What a process has used of the CPU, as the kernel's books have it (proc(5), `stat`): user and
// system, of all its threads, in ticks of ten milliseconds. A busy machine lengthens it little.
import { readFileSync } from 'node:fs'

export interface ProcessCpu {
  readonly parent: number
  readonly ownMs: number
  /** Of its children that have ended and that it waited for, with theirs. */
  readonly waitedMs: number
}

const tickMs = 10

/** `self` for this one. Throws where there is no such process. */
export function processCpu(pid: number | 'self'): ProcessCpu {
  // The name of a program may hold spaces and brackets; it ends with the last one.
  const fields = readFileSync(`/proc/${pid}/stat`, 'utf8').split(') ').at(-1)?.split(' ') ?? []
  const sum = (...at: readonly number[]): number =>
    at.reduce((all, one) => all + Number(fields[one]), 0) * tickMs
  return { parent: Number(fields[1]), ownMs: sum(11, 12), waitedMs: sum(13, 14) }
}
